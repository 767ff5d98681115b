"""The application: its error table, its ticker, its health."""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient

from api.app import STATUS, create_app
from shuttle import errors
from shuttle.dispatcher import Dispatcher
from shuttle.errors import PlanRejected, RevisionConflict, ShuttleError, StoreError
from tests.api_client import KEY, Api, Clock, berlin, serving
from tests.test_faults import eventually


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as served:
        yield served


def test_every_error_of_the_service_has_a_status() -> None:
    raised = {
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, ShuttleError)
    }
    assert raised - set(STATUS) == {ShuttleError, errors.RegionError}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreError("The disk is full."), "store_unavailable"),
        (RevisionConflict(date(2027, 3, 22), 3), "plan_busy"),
        (PlanRejected(date(2027, 3, 22), ["late"]), "internal"),
    ],
)
def test_a_service_in_trouble_says_try_again(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(api.dispatcher, "booking", fail)
    answer = api.http.get("/api/v1/bookings/ABCD1234")
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"]


def test_an_unforeseen_error_tells_no_secrets(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(dispatcher, "booking", fail)
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    with TestClient(app, raise_server_exceptions=False) as http:
        answer = http.get("/api/v1/bookings/ABCD1234")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/api/v1/offers", "POST"), ("POST", "/api/v1/tours", "GET"), ("PATCH", "/map", "GET")],
)
def test_a_wrong_method_says_which_are_right(
    api: Api, method: str, path: str, allowed: str
) -> None:
    answer = api.http.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert allowed in answer.headers["allow"]


def test_the_ticker_lets_vehicles_follow_their_timetable(dispatcher: Dispatcher) -> None:
    clock = Clock()
    app = create_app(dispatcher, clock, KEY, tick_seconds=0.001)
    with TestClient(app) as http:
        api = Api(http, clock, dispatcher)
        booking = api.book()
        clock.set("2027-03-22T10:00")
        assert any(api.look_up(booking).json()["status"] == "served" for _ in range(1000))
        assert http.get("/healthz").json()["status"] == "ok"


def test_a_ticker_that_stumbles_goes_on(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def stumble(now: int) -> tuple[()]:
        calls.append(now)
        if len(calls) == 1:
            raise StoreError("The disk is full.")
        return ()

    monkeypatch.setattr(dispatcher, "advance", stumble)
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=0.001)
    with TestClient(app) as http:
        while len(calls) < 3:
            assert http.get("/healthz").status_code == 200


def test_health_tells_when_the_ticks_fail_and_when_they_do_no_more(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = True

    def stumble(_now: int) -> tuple[()]:
        if fails:
            raise ZeroDivisionError
        return ()

    monkeypatch.setattr(dispatcher, "advance", stumble)
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=0.01)
    with TestClient(app) as http:
        assert eventually(lambda: http.get("/healthz").status_code == 503)
        fails = False
        assert eventually(lambda: http.get("/healthz").status_code == 200)


def test_the_openapi_document_names_problems_and_examples(api: Api) -> None:
    document = api.http.get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method == "post":
                assert {"400", "413", "422"} <= set(operation["responses"]), path
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert "application/problem+json" in response["content"], (path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Problem"]["examples"]
    assert document["components"]["schemas"]["OfferRequest"]["examples"]


def test_requests_do_not_wait_for_each_other(api: Api) -> None:
    """Endpoints run on threads: asking at once is answered like asking in turn."""

    async def at_once() -> list[int]:
        asking = [asyncio.to_thread(api.ask) for _ in range(6)]
        return [answer.status_code for answer in await asyncio.gather(*asking)]

    assert asyncio.run(at_once()) == [200] * 6
    assert api.offer()["pickup_window"]["earliest"] == berlin("2027-03-22T09:00:00")
