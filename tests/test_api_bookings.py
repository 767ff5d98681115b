"""Booking through the API: offers are signed, bookings are repeatable, and time is checked."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.schemas import OfferRequest
from api.tokens import OfferTampered, OfferTokens
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Offer
from tests.api_client import KEY, Api, berlin, request, secret_of, serving


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as served:
        yield served


def code_of(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    code: str = answer.json()["code"]
    return code


def test_an_offer_becomes_a_booking_that_keeps_its_promise(api: Api) -> None:
    offer = api.offer(party={"passengers": 2, "child_seats": 1})
    answer = api.confirm(offer["offer"])
    assert answer.status_code == 201
    booking = answer.json()
    assert booking["status"] == "booked"
    assert booking["party"] == {"passengers": 2, "wheelchairs": 0, "child_seats": 1}
    for promised in ("pickup_window", "dropoff_latest", "pickup_stop", "dropoff_stop", "fare"):
        assert booking[promised] == offer[promised]
    assert answer.headers["location"] == f"/api/v1/bookings/{booking['code']}"
    seen = api.http.get(answer.headers["location"], headers=secret_of(booking))
    assert seen.json() == booking | {"link": None}


def test_repeating_a_booking_returns_the_same(api: Api) -> None:
    token = api.offer()["offer"]
    first, again = api.confirm(token), api.confirm(token)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert api.http.get("/api/v1/figures").json()["booked"] == 1


def test_a_repeated_booking_is_answered_even_when_the_offer_is_over(api: Api) -> None:
    token = api.offer()["offer"]
    first = api.confirm(token)
    api.clock.set("2027-03-22T08:30")
    assert api.confirm(token).json()["code"] == first.json()["code"]


def test_a_key_is_good_for_one_offer_only(api: Api) -> None:
    api.book("the-same-key")
    answer = api.confirm(api.offer()["offer"], "the-same-key")
    assert (answer.status_code, code_of(answer)) == (422, "idempotency_conflict")
    assert answer.json()["field"] == "Idempotency-Key"


def test_an_offer_is_booked_only_once(api: Api) -> None:
    token = api.offer()["offer"]
    api.confirm(token, "first-key")
    answer = api.confirm(token, "second-key")
    assert (answer.status_code, code_of(answer)) == (409, "offer_taken")


def test_an_offer_expires(api: Api) -> None:
    token = api.offer()["offer"]
    api.clock.set("2027-03-22T08:06")
    answer = api.confirm(token)
    assert (answer.status_code, code_of(answer)) == (410, "offer_expired")


def test_an_offer_that_no_longer_fits_comes_back_with_fresh_ones(api: Api) -> None:
    crowd = {"party": {"passengers": 8}}
    token = api.offer(**crowd)["offer"]
    for number in range(12):
        rival = api.ask(**crowd).json()
        if rival["refusal"] is not None:
            break
        api.confirm(rival["offers"][0]["offer"], f"rival-{number}")
    answer = api.confirm(token)
    assert (answer.status_code, code_of(answer)) == (409, "offer_gone")
    fresh = answer.json()["offers"]
    assert fresh
    assert token not in [each["offer"] for each in fresh]
    assert api.confirm(fresh[0]["offer"]).status_code == 201


@pytest.mark.parametrize("key", [None, "short", "x" * 129, "with a blank", "umlaut-äöü"])
def test_a_booking_needs_a_proper_key(api: Api, key: str | None) -> None:
    headers = {} if key is None else {b"Idempotency-Key": key.encode("latin-1")}
    body = {"offer": api.offer()["offer"]}
    answer = api.http.post("/api/v1/bookings", json=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["field"] == "Idempotency-Key"


@pytest.mark.parametrize("change", ["a", "A", "0", "-"])
def test_a_changed_offer_is_refused(api: Api, change: str) -> None:
    token = api.offer()["offer"]
    middle = len(token) // 2
    changed = token[:middle] + change + token[middle + 1 :]
    if changed == token:
        pytest.skip("the token has this very sign there")
    answer = api.confirm(changed)
    assert (answer.status_code, code_of(answer)) == (422, "offer_invalid")


@pytest.mark.parametrize("token", ["", "....", "x" * 5000, "mit Umlaut ä", "null", "a.b"])
def test_what_is_no_offer_is_refused(api: Api, token: str) -> None:
    answer = api.confirm(token)
    assert answer.status_code == 422
    assert answer.json()["field"] == "offer"


def test_an_offer_survives_signing_whole(api: Api) -> None:
    offer = an_offer(api)
    tokens = OfferTokens(KEY, "toy-town")
    assert tokens.open(tokens.sign(offer)) == offer


def test_an_offer_of_another_region_or_key_does_not_open(api: Api) -> None:
    token = OfferTokens(KEY, "toy-town").sign(an_offer(api))
    for other in (OfferTokens(KEY, "elsewhere"), OfferTokens(KEY[::-1], "toy-town")):
        with pytest.raises(OfferTampered, match="not made here"):
            other.open(token)


def test_a_short_signing_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        OfferTokens(b"secret", "toy-town")


def an_offer(api: Api) -> Offer:
    asked = OfferRequest.model_validate(request()).ride_request(api.dispatcher.region)
    return api.dispatcher.quote(asked, api.clock()).offers[0]


@pytest.mark.parametrize("between", ["", "-", " ", " - "])
def test_a_code_is_found_however_it_is_written(api: Api, between: str) -> None:
    booking = api.book()
    code = booking["code"]
    typed = f"{code[:4]}{between}{code[4:]}".lower()
    assert api.look_up(booking | {"code": typed}).json()["code"] == code


@pytest.mark.parametrize("code", ["ABCD1234", "%00", "ä", "x" * 500, "'; DROP TABLE booking"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_code_is_not_found(api: Api, method: str, code: str) -> None:
    answer = api.http.request(method, f"/api/v1/bookings/{code}")
    assert (answer.status_code, code_of(answer)) == (404, "unknown_booking")


def test_cancelling_twice_is_fine(api: Api) -> None:
    booking = api.book()
    for _ in range(2):
        answer = api.cancel(booking)
        assert answer.status_code == 200
        assert answer.json()["status"] == "cancelled"
    assert api.look_up(booking).json()["status"] == "cancelled"


def test_a_ride_that_has_begun_is_not_cancelled(api: Api) -> None:
    booking = api.book()
    api.clock.set("2027-03-22T09:20")
    api.dispatcher.advance(api.clock())
    answer = api.cancel(booking)
    assert (answer.status_code, code_of(answer)) == (409, "not_cancellable")


def test_a_ride_is_followed_from_booked_to_served(api: Api) -> None:
    booking = api.book()
    seen = []
    for time in ("08:30", "09:03", "09:50"):
        api.clock.set(f"2027-03-22T{time}")
        api.dispatcher.advance(api.clock())
        seen.append(api.look_up(booking).json()["status"])
    assert seen == ["booked", "on_board", "served"]
    assert booking["dropoff_latest"] <= berlin("2027-03-22T09:50:00")
