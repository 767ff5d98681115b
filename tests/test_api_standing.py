"""Weekly repeats and the waiting list through the API, and the ticker that looks after them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from tests.api_client import KEY, Api, Clock, berlin, request, secret_of, serving
from tests.staff import at_the_desk

CONTACT = {"phone": "04641 78123", "notify": "sms"}

SERIES: dict[str, Any] = {
    "from": {"stop": "kirche"},
    "to": {"stop": "bahnhof"},
    "when": {"arrive_by": "09:45"},
    "weekdays": ["wed", "mon"],
    "first_day": "2027-03-22",
    "last_day": "2027-04-30",
    "skip_public_holidays": True,
    "contact": CONTACT,
}


@pytest.fixture
def api(toy_region: Region, tmp_path: Path) -> Iterator[Api]:
    with at_the_desk(toy_region, tmp_path) as desk:
        yield desk


def post(api: Api, path: str, body: dict[str, Any], key: str = "key-of-a-test") -> Any:
    return api.http.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key})


def test_a_series_tells_which_days_are_booked(api: Api) -> None:
    answer = post(api, "/series", SERIES)
    assert answer.status_code == 201, answer.text
    series = answer.json()
    assert series["weekdays"] == ["mon", "wed"]
    assert series["when"] == {"arrive_by": "09:45"}
    assert [each["day"] for each in series["days"]] == ["2027-03-22", "2027-03-24"]  # 29: Easter
    booking = api.http.get(f"/api/v1/bookings/{series['days'][0]['booking']}").json()
    assert booking["dropoff_latest"] <= berlin("2027-03-22T09:45")
    assert post(api, "/series", SERIES).json() == series
    address = answer.headers["location"]
    assert api.http.get(address.lower()).json() == {**series, "link": None}  # told once
    assert api.http.delete(address).json()["ended"]
    kept = api.http.get(f"/api/v1/bookings/{booking['code']}").json()
    assert kept["status"] == "booked"
    api.http.delete(address, params={"cancel_booked": "true"})
    gone = api.http.get(f"/api/v1/bookings/{booking['code']}").json()
    assert gone["status"] == "cancelled"


@pytest.mark.parametrize(
    ("language", "words"), [("de", "kein Rollstuhlplatz frei"), ("en", "No wheelchair place")]
)
def test_a_missed_day_says_why_in_the_readers_language(api: Api, language: str, words: str) -> None:
    crowd = {"party": {"passengers": 1, "wheelchairs": 1}}
    for hour in ("08:30", "09:00", "10:00"):
        when = {"depart_at": berlin(f"2027-03-24T{hour}")}
        for number in range(40):
            rival = api.ask(when=when, **crowd).json()
            if rival["refusal"] is not None:
                break
            api.confirm(rival["offers"][0]["offer"], f"rival-{hour}-{number}")
    api.http.headers["Accept-Language"] = language
    wish = {**SERIES, **crowd, "weekdays": ["wed"], "last_day": "2027-03-24"}
    (day,) = post(api, "/series", wish).json()["days"]
    assert (day["booking"], day["missed"]) == (None, "no_wheelchair_place")
    assert words in day["message"]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"when": {"depart_at": "9:45"}}, "invalid", "when.depart_at"),
        ({"when": {"depart_at": "24:00"}}, "invalid", "when.depart_at"),
        ({"when": {"depart_at": "09:45", "arrive_by": "10:45"}}, "invalid", "when"),
        ({"weekdays": []}, "invalid", "weekdays"),
        ({"weekdays": ["mon", "mon"]}, "invalid", "weekdays"),
        ({"weekdays": ["Montag"]}, "invalid", "weekdays[0]"),
        ({"weekdays": ["sun"]}, "outside_hours", "when.arrive_by"),
        ({"last_day": "2027-03-21"}, "invalid", None),
        ({"last_day": "2028-04-01"}, "invalid", None),
        ({"first_day": "2027-02-30"}, "invalid", "first_day"),
        ({"to": {"stop": "kirche"}}, "same_stop", "to"),
        ({"contact": None}, "invalid", "contact"),
        ({"contact": {"phone": "12"}}, "invalid_phone", "contact.phone"),
    ],
)
def test_what_is_wrong_with_a_series_is_named(
    api: Api, changes: dict[str, Any], code: str, field: str | None
) -> None:
    answer = post(api, "/series", {**SERIES, **changes})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json().get("field", None) == field or field is None


@pytest.mark.parametrize("path", ["series", "waiting"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("code", ["ABCD1234", "%00", "x" * 500])
def test_an_unknown_code_is_not_found(api: Api, path: str, method: str, code: str) -> None:
    answer = api.http.request(method, f"/api/v1/{path}/{code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_code")


def test_whoever_waits_can_look_and_leave(api: Api) -> None:
    answer = post(api, "/waiting", {"request": request(), "contact": CONTACT})
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "waiting"
    assert answer.json()["when"] == {"depart_at": berlin("2027-03-22T09:00:00")}
    address = answer.headers["location"]
    assert api.http.get(address).json() == {**answer.json(), "link": None}
    for _ in range(2):
        assert api.http.delete(address).json()["state"] == "withdrawn"


@pytest.mark.parametrize(
    "contact", [None, {}, {"phone": "04641 78123"}, {"phone": "04641 78123", "notify": "none"}]
)
def test_whoever_waits_says_how_to_be_told(api: Api, contact: dict[str, str] | None) -> None:
    body = {"request": request(), "contact": contact}
    answer = post(api, "/waiting", {name: part for name, part in body.items() if part is not None})
    assert answer.status_code == 422
    assert answer.json()["field"].startswith("contact")


def test_booking_ends_the_waiting_and_keeps_its_contact(api: Api) -> None:
    waiting = post(api, "/waiting", {"request": request(), "contact": CONTACT}).json()
    body = {"offer": api.offer()["offer"], "waiting": waiting["code"]}
    booking = post(api, "/bookings", body).json()
    assert api.http.get(f"/api/v1/waiting/{waiting['code']}").json()["state"] == "taken"
    contact = api.dispatcher.store.contact(booking["code"])
    assert contact is not None
    assert contact.phone == "+49464178123"
    unknown = post(api, "/bookings", {**body, "waiting": "ABCD1234"}, "key-other")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_code")


def test_the_ticker_promises_days_as_they_open_and_tells_those_who_wait(
    dispatcher: Dispatcher,
) -> None:
    clock = Clock()
    app = create_app(dispatcher, clock, KEY, tick_seconds=0.001)
    with TestClient(app) as http:
        api = Api(http, clock, dispatcher)
        series = post(api, "/series", {**SERIES, "skip_public_holidays": False}).json()
        waiting = post(api, "/waiting", {"request": request(), "contact": CONTACT}).json()
        place = f"/api/v1/waiting/{waiting['code']}"
        own = secret_of(waiting)
        assert any(http.get(place, headers=own).json()["state"] == "told" for _ in range(1000))
        clock.set("2027-03-24T00:00")
        day = "2027-03-31"
        address = f"/api/v1/series/{series['code']}"
        repeat = secret_of(series)
        assert any(
            http.get(address, headers=repeat).json()["days"][-1]["day"] == day for _ in range(1000)
        )
        assert any(http.get(place, headers=own).json()["state"] == "lapsed" for _ in range(1000))


@pytest.mark.parametrize("path", ["series", "waiting"])
@pytest.mark.parametrize("secret", [None, "0000", "8123", "link"])
def test_what_a_resident_keeps_opens_with_its_secret_only(
    dispatcher: Dispatcher, path: str, secret: str | None
) -> None:
    body = SERIES if path == "series" else {"request": request(), "contact": CONTACT}
    with serving(dispatcher) as api:
        kept = post(api, f"/{path}", body).json()
        shown = kept["link"] if secret == "link" else secret
        headers = {} if shown is None else {"Booking-Secret": shown}
        address = f"/api/v1/{path}/{kept['code']}"
        found = [api.http.request(each, address, headers=headers) for each in ("GET", "DELETE")]
    right = secret in ("8123", "link")
    assert [each.status_code for each in found] == [200 if right else 404] * 2
    if not right:
        assert found[0].json()["code"] == "unknown_code"
