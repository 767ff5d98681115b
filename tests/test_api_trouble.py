"""Trouble over HTTP: look, confirm, lift, and decide about whom no plan can keep."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shuttle.region import Region
from tests.api_client import Api, berlin
from tests.staff import at_the_desk, office
from tests.toy_town import coordinates

OUT: dict[str, Any] = {"kind": "vehicle_out", "vehicle": "bus-1"}


@pytest.fixture
def api(toy_region: Region, tmp_path: Path) -> Iterator[Api]:
    with at_the_desk(toy_region, tmp_path) as desk:
        yield desk


def out(vehicle: str, begin: str, until: str, **more: str) -> dict[str, Any]:
    return {
        "kind": "vehicle_out",
        "vehicle": vehicle,
        "from": berlin(f"2027-03-22T{begin}"),
        "until": berlin(f"2027-03-22T{until}"),
        **more,
    }


def span(begin: str, until: str) -> dict[str, str]:
    return {"from": berlin(f"2027-03-22T{begin}"), "until": berlin(f"2027-03-22T{until}")}


@pytest.mark.parametrize(
    "trouble",
    [
        OUT,
        {"kind": "shift", "vehicle": "bus-2", **span("19:00", "20:00")},
        {"kind": "shift", "vehicle": "bus-1", "shift": "bus-1@06:00", **span("06:00", "12:30")},
        {
            "kind": "road_closed",
            "points": [dict(zip(("lat", "lon"), coordinates((100, 0)), strict=True))],
            **span("08:30", "12:00"),
        },
        {"kind": "slower", "factor": 1.5, "until": berlin("2027-03-22T12:00")},
        {"kind": "stop_closed", "stop": "kirche", **span("08:30", "12:00")},
    ],
)
def test_every_kind_is_shown_first_then_done_and_is_just_that(
    api: Api, trouble: dict[str, Any]
) -> None:
    booking = api.book()
    shown = api.http.post("/api/v1/trouble/preview", json=trouble)
    assert shown.status_code == 200, shown.text
    assert api.http.get("/api/v1/trouble").json()["conditions"] == []
    done = api.http.post(
        "/api/v1/trouble", json=trouble, params={"expected": shown.json()["expected"]}
    )
    assert done.status_code == 201, done.text
    assert done.json() == shown.json()
    [known] = api.http.get("/api/v1/trouble", params={"day": "2027-03-22"}).json()["conditions"]
    assert known == done.json()["condition"]
    assert known["kind"] == trouble["kind"]
    waiting = {each["code"] for each in api.http.get("/api/v1/trouble/list").json()["rides"]}
    told = {each["code"] for each in done.json()["effects"] if each["stranded"]}
    assert waiting == told
    assert told <= {booking["code"]}
    for path in ("/api/v1/tours", "/api/v1/vehicles?seconds_ahead=600", "/api/v1/figures"):
        assert api.http.get(path).status_code == 200


def test_lifting_is_shown_first_too(api: Api) -> None:
    done = api.http.post("/api/v1/trouble", json=out("bus-1", "10:00", "12:00")).json()
    condition = done["condition"]["id"]
    shown = api.http.post(f"/api/v1/trouble/{condition}/preview")
    assert shown.status_code == 200, shown.text
    assert api.http.get("/api/v1/trouble").json()["conditions"][0]["lifted_at"] is None
    lifted = api.http.delete(f"/api/v1/trouble/{condition}")
    assert lifted.json() == shown.json()
    assert lifted.json()["condition"]["lifted_at"] is not None
    again = api.http.delete(f"/api/v1/trouble/{condition}")
    assert (again.status_code, again.json()["code"]) == (404, "unknown_condition")


def test_what_changed_since_the_preview_is_shown_afresh(api: Api) -> None:
    trouble = out("bus-1", "08:30", "12:00")
    expected = api.http.post("/api/v1/trouble/preview", json=trouble).json()["expected"]
    api.book(party={"passengers": 1, "wheelchairs": 1})
    answer = api.http.post("/api/v1/trouble", json=trouble, params={"expected": expected})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_changed")
    fresh = answer.json()["preview"]
    assert [each["stranded"] for each in fresh["effects"]] == [True]
    params = {"expected": fresh["expected"]}
    assert api.http.post("/api/v1/trouble", json=trouble, params=params).status_code == 201


def test_a_stranded_ride_is_listed_with_its_best_late_ride_and_can_be_given_it(api: Api) -> None:
    booking = api.book(party={"passengers": 1, "wheelchairs": 1})
    done = api.http.post("/api/v1/trouble", json=out("bus-1", "08:30", "11:00")).json()
    [ride] = api.http.get("/api/v1/trouble/list").json()["rides"]
    assert ride["code"] == booking["code"]
    assert ride["cause"] == done["condition"]["id"]
    assert ride["pickup_window"] == booking["pickup_window"]
    assert ride["late_ride"]["planned"]["vehicle"] == "bus-1"
    assert ride["late_ride"]["late_seconds"] > 3600
    given = api.http.post(f"/api/v1/trouble/list/{booking['code']}")
    assert given.status_code == 200, given.text
    assert api.http.get("/api/v1/trouble/list").json()["rides"] == []
    seen = api.http.get(f"/api/v1/bookings/{booking['code']}").json()
    assert seen["pickup_window"]["earliest"] > booking["pickup_window"]["latest"]
    again = api.http.post(f"/api/v1/trouble/list/{booking['code']}")
    assert (again.status_code, again.json()["code"]) == (409, "not_stranded")


def test_whose_stop_was_moved_sees_the_new_one(api: Api) -> None:
    booking = api.book()
    trouble = {"kind": "stop_closed", "stop": "kirche", **span("08:30", "12:00")}
    [effect] = api.http.post("/api/v1/trouble", json=trouble).json()["effects"]
    [move] = effect["moves"]
    assert move["from_stop"]["id"] == "kirche"
    seen = api.http.get(f"/api/v1/bookings/{booking['code']}").json()
    assert seen["pickup_stop"] == move["to_stop"]
    assert seen["pickup_window"] == booking["pickup_window"]
    refused = api.ask()
    assert refused.json()["refusal"]["reason"] == "stop_closed"


@pytest.mark.parametrize(
    ("trouble", "code", "field"),
    [
        (out("bus-9", "10:00", "11:00"), "unknown_vehicle", "vehicle"),
        (out("bus-1", "11:00", "10:00"), "times_reversed", "until"),
        (out("bus-1", "10:00", "11:00", stop="nowhere"), "unknown_stop", "stop"),
        ({"kind": "slower", "factor": 0.5}, "invalid", "factor"),
        ({"kind": "flood"}, "invalid", ""),
        (
            {"kind": "slower", "factor": 2, "from": berlin("2027-05-01T10:00")},
            "out_of_range",
            "from",
        ),
        (
            {"kind": "stop_closed", "stop": "kirche", "until": berlin("2027-03-24T12:00")},
            "other_day",
            "until",
        ),
        (
            {"kind": "slower", "factor": 2, "until": "9999-12-31T23:59:00-12:00"},
            "out_of_range",
            "until",
        ),
        (
            {"kind": "slower", "factor": 2, "from": {"local": "9999-12-31T23:59"}},
            "out_of_range",
            "from",
        ),
        (
            {"kind": "slower", "factor": 2, "from": "0001-01-01T00:00:00+14:00"},
            "out_of_range",
            "from",
        ),
        (
            {
                "kind": "shift",
                "vehicle": "bus-2",
                "breaks": [{**span("19:10", "19:20"), "minutes": 30}],
                **span("19:00", "20:00"),
            },
            "break_outside",
            "breaks[0]",
        ),
    ],
)
def test_a_mistake_is_named_with_its_field(
    api: Api, trouble: dict[str, Any], code: str, field: str
) -> None:
    for path in ("/api/v1/trouble/preview", "/api/v1/trouble"):
        answer = api.http.post(path, json=trouble)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        assert answer.json().get("field", "") == field
    assert api.http.get("/api/v1/trouble").json()["conditions"] == []


@pytest.mark.parametrize("role", [None, "driver", "planner"])
def test_trouble_is_for_dispatchers(toy_region: Region, tmp_path: Path, role: str | None) -> None:
    with office(toy_region, tmp_path) as here:
        if role is not None:
            here.sign_in(role)
        refused = 401 if role is None else 403
        paths = ("GET /trouble", "GET /trouble/list", "POST /trouble", "POST /trouble/preview")
        for method, path in (each.split() for each in paths):
            body = OUT if method == "POST" else None
            answer = here.http.request(method, f"/api/v1{path}", json=body, headers=here.csrf)
            assert answer.status_code == refused
