"""Reports of drivers and the promises of a day over HTTP."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shuttle.driving.reports import Rejection
from shuttle.region import Region
from tests.api_client import berlin
from tests.staff import Office, office
from tests.toy_town import coordinates

ADDRESS = "/api/v1/shifts/2027-03-22/bus-1@06:00/reports"
LARGE = {"passengers": 6}


@pytest.fixture
def api(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as here:
        here.sign_in("dispatcher")
        yield here


def what(kind: str, clock: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{kind}-{clock}",
        "kind": kind,
        "happened_at": berlin(f"2027-03-22T{clock}"),
    } | more


def send(api: Office, *reports: dict[str, Any], **headers: str) -> Any:
    return api.http.post(ADDRESS, json={"reports": list(reports)}, headers=api.csrf | headers)


def test_each_report_is_answered_by_itself_and_in_the_readers_language(api: Office) -> None:
    code = api.book(party=LARGE)["code"]
    api.clock.set("2027-03-22T09:06")
    batch = [
        what("picked_up", "09:05", booking=code),
        what("started", "08:30"),
        what("no_show", "09:06", booking=code),
    ]
    answer = send(api, *batch, **{"Accept-Language": "en"})
    assert answer.status_code == 200
    assert [(each["id"], each["taken"], each["reason"]) for each in answer.json()["reports"]] == [
        ("picked_up-09:05", "applied", None),
        ("started-08:30", "applied", None),
        ("no_show-09:06", "rejected", Rejection.ON_BOARD),
    ]
    assert answer.json()["reports"][2]["message"].startswith("These passengers are on board")
    again = send(api, *batch).json()["reports"]
    assert [each["taken"] for each in again] == ["known", "known", "rejected"]
    assert again[2]["message"].startswith("Diese Fahrgäste sind schon an Bord")
    assert status_of(api, code) == "on_board"


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (what("picked_up", "09:00"), "Give booking"),
        (what("started", "09:00", booking="K7MX2Q9A"), "Give booking"),
        (what("position", "09:00"), "Give lat and lon"),
        (what("position", "09:00", lat=54.6), "Give lat and lon"),
        (what("started", "09:00", lat=54.6, lon=9.7), "Give lat and lon"),
        (what("break_started", "09:00", odometer=12), "Give odometer"),
        (what("started", "09:00", charge=101), "charge"),
        (what("landed", "09:00"), "kind"),
        ({"id": "x", "kind": "started", "happened_at": "2027-03-22T09:00"}, "offset"),
    ],
)
def test_a_report_that_cannot_be_one_names_the_fix(
    api: Office, report: dict[str, Any], words: str
) -> None:
    answer = send(api, report)
    assert answer.status_code == 422
    assert words in answer.text


def test_the_odometer_and_the_battery_are_kept_with_the_start_and_the_end(api: Office) -> None:
    start = what("started", "05:55", odometer=48_211, charge=97)
    end = what("ended", "19:58", odometer=48_409, charge=31)
    api.clock.set("2027-03-22T19:59")
    api.sign_in("dispatcher")
    assert [each["taken"] for each in send(api, start, end).json()["reports"]] == ["applied"] * 2
    reports = api.store.load(date(2027, 3, 22)).reports
    assert [(each.odometer, each.charge) for each in reports] == [(48_211, 97), (48_409, 31)]


def test_a_shift_that_does_not_exist_is_not_found(api: Office) -> None:
    address = "/api/v1/shifts/2027-03-22/bus-9@06:00/reports"
    answer = api.http.post(address, json={"reports": [what("started", "07:00")]}, headers=api.csrf)
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_shift"


def test_promises_are_told_with_minutes_and_cause(api: Office) -> None:
    late, early = api.book(party=LARGE)["code"], api.book("key-of-another", party=LARGE)["code"]
    send(api, what("started", "08:00"))
    api.clock.set("2027-03-22T09:08")
    send(
        api,
        what("picked_up", "09:04", booking=early),
        what("dropped_off", "09:08", booking=early),
    )
    api.clock.set("2027-03-22T10:00")
    figures = api.http.get("/api/v1/promises/2027-03-22").json()
    assert {key: figures[key] for key in ("promised", "kept", "broken", "at_risk")} == {
        "promised": 2,
        "kept": 1,
        "broken": 0,
        "at_risk": 1,
    }
    assert figures["kept_rate"] == 1
    told = {
        each["booking"]: each
        for each in api.http.get("/api/v1/promises/2027-03-22/bookings").json()["promises"]
    }
    assert (told[early]["state"], told[early]["cause"]) == ("kept", None)
    assert (told[late]["state"], told[late]["cause"]) == ("at_risk", "late_vehicle")
    assert told[late]["minutes"] >= 30
    assert not {"name", "phone", "email", "from", "to"} & set(told[late])
    send(api, what("skipped", "10:00", booking=late))
    figures = api.http.get("/api/v1/promises/2027-03-22").json()
    assert (figures["kept"], figures["broken"], figures["kept_rate"]) == (1, 1, 0.5)


def test_a_position_is_shown_and_moves_the_expected_arrival(api: Office) -> None:
    """The bus is out in the other village, so it cannot be at the church in a minute."""
    code = api.book(party=LARGE)["code"]
    send(api, what("started", "07:30"))
    api.clock.set("2027-03-22T09:01:15")
    before = next_arrival(api)
    lat, lon = coordinates((3000, 260))
    answer = send(api, what("position", "09:01:15", lat=lat, lon=lon))
    assert answer.json()["reports"][0]["taken"] == "applied"
    bus = vehicle(api)
    assert (bus["lat"], bus["lon"], bus["reported"]) == (lat, lon, True)
    assert bus["seen_at"] == berlin("2027-03-22T09:01:15")
    assert next_arrival(api) > before
    assert status_of(api, code) == "booked"
    older = send(api, what("position", "08:59", lat=54.0, lon=9.0))
    assert older.json()["reports"][0]["taken"] == "applied"
    assert vehicle(api)["lat"] == lat
    api.clock.set("2027-03-22T09:20")
    assert vehicle(api)["seen_at"] is None


def vehicle(api: Office) -> dict[str, Any]:
    bus: dict[str, Any] = api.http.get("/api/v1/vehicles").json()["vehicles"][0]
    return bus


def next_arrival(api: Office) -> str:
    arrival: str = vehicle(api)["next_halt"]["arrival"]
    return arrival


def status_of(api: Office, code: str) -> str:
    return api.dispatcher.booking(code).status
