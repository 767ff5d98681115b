"""Asking for rides through the API: what is answered, and what is refused how."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.times import WallClock
from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from tests.api_client import Api, berlin, request, serving
from tests.toy_town import coordinates


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as served:
        yield served


def point(east: float, north: float, **more: Any) -> dict[str, Any]:
    lat, lon = coordinates((east, north))
    return {"lat": lat, "lon": lon, **more}


def assert_problem(answer: Any, status: int, code: str, field: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"/problems#{code}"
    assert body["title"]
    assert body["detail"]
    assert body.get("field") == field


def test_a_request_is_answered_with_pickup_windows(api: Api) -> None:
    answer = api.ask()
    assert answer.status_code == 200
    body = answer.json()
    assert body["refusal"] is None
    assert 1 <= len(body["offers"]) <= 3
    first = body["offers"][0]
    assert first["pickup_window"]["earliest"] == berlin("2027-03-22T09:00:00")
    assert first["pickup_window"]["latest"] == berlin("2027-03-22T09:15:00")
    assert first["pickup_window"]["earliest"] <= first["expected_pickup"]
    assert first["expected_dropoff"] <= first["dropoff_latest"]
    assert first["ride_seconds"] >= first["direct_seconds"] > 0
    assert first["pickup_stop"]["id"] == "kirche"
    assert first["fare"]["currency"] == "EUR"
    assert first["day"] == "2027-03-22"
    assert answer.headers["cache-control"] == "no-store"


def test_arrive_by_gets_there_in_time(api: Api) -> None:
    offer = api.offer(when={"arrive_by": berlin("2027-03-22T10:00")})
    assert offer["dropoff_latest"] <= berlin("2027-03-22T10:00:00")


def test_an_address_is_walked_from(api: Api) -> None:
    offer = api.offer(origin=point(12, 40, label="Kirchstraße 1"))
    assert 0 < offer["walk_to_pickup_metres"] <= 400
    assert offer["walk_from_dropoff_metres"] == 0


def test_words_are_looked_up(api: Api) -> None:
    body = api.ask(origin={"text": "Kirche Oberdorf"}).json()
    assert body["from"].startswith("Kirche")
    assert body["offers"]


def test_a_local_time_means_the_clocks_of_the_region(api: Api) -> None:
    with_offset = api.offer()
    local = api.offer(when={"depart_at": {"local": "2027-03-22T09:00"}})
    assert local["pickup_window"] == with_offset["pickup_window"]


def test_of_two_equal_hours_fold_says_which(toy_region: Region) -> None:
    first, second = (
        WallClock(local="2027-10-31T02:30", fold=fold).epoch(toy_region, "when") for fold in (0, 1)
    )
    assert datetime.fromtimestamp(first, UTC) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert second == first + 3600


@pytest.mark.parametrize("end", ["from", "to"])
def test_a_place_outside_the_area_names_its_end(api: Api, end: str) -> None:
    assert_problem(api.ask(**{end: point(90_000, 0)}), 422, "outside_area", end)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"to": {"stop": "kirche"}}, "same_stop", "to"),
        ({"to": {"stop": "nowhere"}}, "unknown_stop", "to.stop"),
        ({"to": {"text": "Qwxzqwxz"}}, "unknown_place", "to.text"),
        ({"when": {"depart_at": berlin("2027-03-22T07:00")}}, "in_the_past", "when.depart_at"),
        ({"when": {"arrive_by": berlin("2027-03-22T07:00")}}, "in_the_past", "when.arrive_by"),
        ({"when": {"depart_at": "0001-01-01T00:00:00Z"}}, "in_the_past", "when.depart_at"),
        ({"when": {"depart_at": "0001-01-01T00:00:00+14:00"}}, "in_the_past", "when.depart_at"),
        ({"when": {"depart_at": "9999-12-31T23:59:59Z"}}, "beyond_horizon", "when.depart_at"),
        ({"when": {"depart_at": "9999-12-31T23:59:59-12:00"}}, "beyond_horizon", "when.depart_at"),
        (
            {"when": {"depart_at": {"local": "9999-12-31T23:59:59"}}},
            "beyond_horizon",
            "when.depart_at",
        ),
        ({"when": {"depart_at": {"local": "0001-01-01T00:00"}}}, "in_the_past", "when.depart_at"),
        ({"when": {"depart_at": berlin("2027-04-05T09:00")}}, "beyond_horizon", "when.depart_at"),
        ({"when": {"depart_at": berlin("2027-03-22T22:00")}}, "outside_hours", "when.depart_at"),
        ({"when": {"depart_at": "2027-03-22T09:00:00"}}, "naive_datetime", "when.depart_at"),
        ({"when": {"depart_at": "2027-03-22T09:00"}}, "naive_datetime", "when.depart_at"),
        ({"party": {"passengers": 50}}, "party_too_large", "party.passengers"),
        ({"party": {"passengers": 2, "wheelchairs": 2}}, "party_too_large", "party.wheelchairs"),
        ({"party": {"passengers": 1, "child_seats": 2}}, "party_mismatch", "party.passengers"),
        ({"party": {"passengers": 0}}, "invalid", "party.passengers"),
        ({"party": {"passengers": -1}}, "invalid", "party.passengers"),
        ({"party": {"passengers": 10**30}}, "invalid", "party.passengers"),
        ({"party": {"passengers": "2"}}, "invalid", "party.passengers"),
        ({"party": {"passengers": True}}, "invalid", "party.passengers"),
        ({"party": {"dogs": 1}}, "unknown_field", "party.dogs"),
        ({"colour": "blue"}, "unknown_field", "colour"),
        ({"to": None}, "missing", "to"),
        ({"when": None}, "missing", "when"),
        ({"when": {}}, "invalid", "when"),
        ({"when": {"depart_at": 1800000000}}, "invalid", "when.depart_at"),
        ({"when": {"depart_at": "1800000000"}}, "invalid", "when.depart_at"),
        ({"when": {"depart_at": "tomorrow"}}, "invalid", "when.depart_at"),
        ({"when": {"depart_at": "2027-02-30T09:00:00+01:00"}}, "invalid", "when.depart_at"),
        ({"when": {"depart_at": "2027-03-22T09:00:00+25:00"}}, "invalid", "when.depart_at"),
        (
            {"when": {"depart_at": {"local": "2027-03-22T09:00Z"}}},
            "invalid",
            "when.depart_at.local",
        ),
        (
            {"when": {"depart_at": {"local": "2027-03-22T09:00", "fold": 2}}},
            "invalid",
            "when.depart_at.fold",
        ),
        ({"to": {}}, "invalid_place", "to"),
        ({"to": {"lat": 54.6}}, "invalid_place", "to"),
        ({"to": {"stop": "bahnhof", "text": "Bahnhof"}}, "invalid_place", "to"),
        ({"to": {"stop": "bahnhof", "label": "Bahnhof"}}, "invalid_place", "to"),
        ({"to": {"lat": 91, "lon": 9.7}}, "invalid", "to.lat"),
        ({"to": {"lat": "54.6", "lon": 9.7}}, "invalid", "to.lat"),
        ({"to": {"stop": ["bahnhof"]}}, "invalid", "to.stop"),
        ({"to": {"stop": ""}}, "invalid", "to.stop"),
        ({"to": {"text": "a\x00b"}}, "invalid", "to.text"),
        ({"to": {"text": "x" * 201}}, "invalid", "to.text"),
        ({"to": "bahnhof"}, "invalid", "to"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(
    api: Api, changes: dict[str, Any], code: str, field: str
) -> None:
    assert_problem(api.ask(**changes), 422, code, field)


def test_the_hour_that_does_not_exist_is_refused(api: Api) -> None:
    answer = api.ask(when={"depart_at": {"local": "2027-03-28T02:30"}})
    assert_problem(answer, 422, "no_such_hour", "when.depart_at.local")


def test_the_hour_that_exists_twice_asks_which_one(api: Api) -> None:
    api.clock.set("2027-10-30T12:00")
    answer = api.ask(when={"arrive_by": {"local": "2027-10-31T02:30"}})
    assert_problem(answer, 422, "ambiguous_hour", "when.arrive_by.fold")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(api: Api, number: str) -> None:
    body = json.dumps(request(origin={"lat": "?", "lon": 9.77})).replace('"?"', number)
    answer = api.http.post(
        "/api/v1/offers", content=body, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 422, "invalid", "from.lat")


def test_every_wrong_field_is_listed(api: Api) -> None:
    body = api.ask(party={"passengers": "2", "dogs": 1}).json()
    assert {(each["code"], each["field"]) for each in body["errors"]} == {
        ("invalid", "party.passengers"),
        ("unknown_field", "party.dogs"),
    }


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"from": ', "broken_json"),
        (b"\xff\xff\xff", "broken_body"),
        (b"[" * 60_000, "broken_body"),
        (b'{"party": {"passengers": ' + b"9" * 5000 + b"}}", "broken_body"),
    ],
)
def test_a_body_that_is_no_json_is_a_bad_request(api: Api, content: bytes, code: str) -> None:
    answer = api.http.post(
        "/api/v1/offers", content=content, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 400, code)


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\u0000"'])
def test_text_that_no_database_holds_is_refused(api: Api, text: str) -> None:
    body = json.dumps(request(origin={"stop": "?"})).replace('"?"', text)
    answer = api.http.post(
        "/api/v1/offers", content=body, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 422, "invalid", "from.stop")


def test_a_body_that_is_not_declared_as_json_is_refused(api: Api) -> None:
    answer = api.http.post(
        "/api/v1/offers", content=b"from=kirche", headers={"Content-Type": "text/plain"}
    )
    assert_problem(answer, 422, "invalid", "")


def test_a_huge_body_is_refused_unread(api: Api) -> None:
    answer = api.http.post("/api/v1/offers", content=b" " * 70_000)
    assert_problem(answer, 413, "body_too_large")


def test_a_huge_body_without_a_length_is_refused_too(api: Api) -> None:
    answer = api.http.post("/api/v1/offers", content=(b" " * 1000 for _ in range(80)))
    assert_problem(answer, 413, "body_too_large")


def test_a_refusal_has_a_reason_and_the_nearest_that_works(api: Api) -> None:
    answer = api.ask(when={"arrive_by": berlin("2027-03-23T06:03")})
    assert answer.status_code == 200
    body = answer.json()
    assert body["refusal"]["reason"] == "service_hours"
    assert body["refusal"]["message"].startswith("Die Fahrt läge außerhalb der Fahrzeiten.")
    assert all(each["dropoff_latest"] > berlin("2027-03-23T06:03:00") for each in body["offers"])
    assert body["offers"]


def test_a_refusal_speaks_the_language_of_the_reader(api: Api) -> None:
    body = request(when={"arrive_by": berlin("2027-03-23T06:03")})
    wanted = {"Accept-Language": "fr, en;q=0.8, de;q=0.1"}
    answer = api.http.post("/api/v1/offers", json=body, headers=wanted).json()
    assert answer["refusal"]["message"].startswith("The ride would be outside the")


def test_problems_speak_the_language_of_the_reader(api: Api) -> None:
    body = request(to={"stop": "kirche"})
    for language, title in (("de", "Start und Ziel"), ("en", "Start and destination")):
        answer = api.http.post("/api/v1/offers", json=body, headers={"Accept-Language": language})
        assert answer.json()["title"].startswith(title)
        assert answer.headers["content-language"] == language
