"""The driver's page and its tour over HTTP: who gets in, and what a driver is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.driver.first_names import first_name
from shuttle.region import Region
from tests.api_client import berlin
from tests.staff import SHIFT, Office, office

HTML = {"Accept": "text/html"}
SHIFTS = f"/api/v1/shifts/2027-03-22/{SHIFT}"
LARGE = {"passengers": 6}


@pytest.fixture
def here(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as made:
        yield made


def drive(here: Office) -> None:
    """Open the shift with its code; what is sent then has the session's token."""
    answer = here.http.post("/api/v1/session/driver", json={"code": here.code_of()})
    here.csrf = {"X-CSRF-Token": answer.json()["csrf_token"]}


def tour(here: Office) -> Any:
    answer = here.http.get(f"{SHIFTS}/tour")
    assert answer.status_code == 200, answer.text
    return answer.json()


def report(here: Office, kind: str, clock: str, **more: Any) -> Any:
    sent = {"id": f"{kind}-{clock}", "kind": kind, "happened_at": berlin(f"2027-03-22T{clock}")}
    answer = here.http.post(f"{SHIFTS}/reports", json={"reports": [sent | more]}, headers=here.csrf)
    return answer.json()["reports"][0]["taken"]


def booked(here: Office, name: str, key: str = "key-of-a-test", **changes: Any) -> str:
    token = here.offer(**({"party": LARGE} | changes))["offer"]
    body = {"offer": token, "contact": {"name": name}}
    answer = here.http.post("/api/v1/bookings", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def stops(of: Any) -> list[Any]:
    return [each for each in of["halts"] if each["kind"] == "stop"]


def test_whoever_is_not_signed_in_is_asked_for_the_code(here: Office) -> None:
    page = here.http.get("/drive?lang=en", headers=HTML)
    assert page.status_code == 200
    assert "Code of the shift" in page.text
    assert page.headers["cache-control"] == "no-store"
    code = here.code_of()
    opened = here.http.post("/drive?lang=en", data={"code": code}, headers=HTML)
    assert opened.status_code == 200
    assert 'src="/static/driver.js"' in opened.text
    here.sign_out()
    again = here.http.post("/drive?lang=en", data={"code": code}, headers=HTML)
    assert (again.status_code, 'role="alert"' in again.text) == (401, True)


def test_a_code_comes_with_a_link_that_keeps_it_out_of_addresses(here: Office) -> None:
    here.sign_in("dispatcher")
    made = here.http.post(f"{SHIFTS}/code", headers=here.csrf).json()
    assert made["link"] == f"http://testserver/drive#{made['code']}"


def test_staff_who_drive_choose_a_shift_and_others_may_not(here: Office) -> None:
    here.sign_in("driver")
    choice = here.http.get("/drive", headers=HTML).text
    assert "shift=bus-1%4006%3A00" in choice
    assert "shift=bus-2%4007%3A00" in choice
    chosen = here.http.get(f"/drive?day=2027-03-22&shift={SHIFT}", headers=HTML)
    assert 'src="/static/driver.js"' in chosen.text
    assert here.http.get(f"{SHIFTS}/tour").status_code == 200
    assert here.http.get("/drive?shift=bus-9@06:00", headers=HTML).status_code == 404
    here.sign_in("planner")
    assert here.http.get("/drive", headers=HTML).status_code == 403
    assert here.http.get("/drive/sketch/2027-03-22/8/2", headers=HTML).status_code == 403


def test_a_drivers_session_shows_its_own_shift_and_no_other(here: Office) -> None:
    drive(here)
    other = here.http.get("/drive?day=2027-03-22&shift=bus-2@07:00", headers=HTML).text
    assert "bus-2@07:00" not in other
    assert SHIFT in other
    assert here.http.get("/api/v1/shifts/2027-03-22/bus-2@07:00/tour").status_code == 403
    here.sign_out()
    assert here.http.get(f"{SHIFTS}/tour").status_code == 401


def test_a_driver_learns_first_names_aids_fares_and_ways_on_foot_and_no_more(
    here: Office, toy_region: Region
) -> None:
    code = booked(here, "Erna Petersen", party={"passengers": 6, "wheelchairs": 1})
    drive(here)
    told = tour(here)
    on, off = stops(told)
    assert (on["name"], on["village"], off["name"]) == ("Kirche", "Oberdorf", "Bahnhof")
    (party,) = on["getting_on"]
    fare = toy_region.config.fares
    assert party["cents"] == fare.fare(6, here.dispatcher.booking(code).ride.direct_metres)
    assert party == party | {
        "code": code,
        "name": "Erna",
        "passengers": 6,
        "wheelchairs": 1,
        "child_seats": 0,
        "status": "booked",
        "walk_metres": 0,
    }
    assert off["getting_off"][0]["code"] == code
    assert "Petersen" not in str(told)
    assert on["leave"] < on["arrival"]


def test_of_who_gave_no_name_the_code_is_known(here: Office) -> None:
    here.book(party=LARGE)
    drive(here)
    assert stops(tour(here))[0]["getting_on"][0]["name"] == ""


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Erna Petersen", "Erna"),
        ("Petersen, Erna", "Erna"),
        ("Frau Petersen", "Frau Petersen"),
        ("Frau Dr. Petersen", "Frau Dr. Petersen"),
        ("  ", ""),
        ("Dr.", "Dr."),
    ],
)
def test_people_are_called_by_their_first_name_or_as_they_call_themselves(
    name: str, called: str
) -> None:
    assert first_name(name) == called


def test_the_tour_follows_what_is_reported(here: Office) -> None:
    code = booked(here, "Erna")
    drive(here)
    here.clock.set("2027-03-22T09:10")
    assert report(here, "started", "08:30", odometer=48_211) == "applied"
    assert report(here, "arrived", "08:58", booking=code) == "applied"
    told = tour(here)
    assert (told["odometer"], told["started"]) == (48_211, berlin("2027-03-22T08:30"))
    arrivals = [each["arrived"] for each in stops(told)]
    assert arrivals == [berlin("2027-03-22T08:58"), None]
    assert [each["done"] for each in stops(told)] == [False, False]
    assert report(here, "picked_up", "09:01", booking=code) == "applied"
    assert [each["done"] for each in stops(tour(here))] == [True, False]
    assert report(here, "dropped_off", "09:09", booking=code) == "applied"
    assert [each["done"] for each in stops(tour(here))] == [True, True]
    assert report(here, "ended", "09:10", odometer=48_222) == "applied"
    assert (tour(here)["ended"], tour(here)["odometer"]) == (berlin("2027-03-22T09:10"), 48_222)


def test_whoever_was_not_there_does_not_get_off(here: Office) -> None:
    code = booked(here, "Erna")
    drive(here)
    here.clock.set("2027-03-22T09:10")
    report(here, "started", "08:30")
    report(here, "arrived", "08:58", booking=code)
    assert report(here, "no_show", "09:01", booking=code) == "rejected"
    assert report(here, "no_show", "09:02", booking=code) == "applied"
    assert all(each["getting_off"] == [] for each in stops(tour(here)))


def test_a_break_runs_until_it_is_ended_or_work_goes_on(here: Office) -> None:
    drive(here)
    here.clock.set("2027-03-22T12:20")
    report(here, "started", "06:00")
    (rest,) = (each for each in tour(here)["halts"] if each["kind"] == "break")
    assert (rest["minutes"], rest["done"]) == (30, False)
    report(here, "break_started", "12:05")
    told = tour(here)
    assert told["resting_since"] == berlin("2027-03-22T12:05")
    assert [each["done"] for each in told["halts"] if each["kind"] == "break"] == [False]
    report(here, "break_ended", "12:19")
    told = tour(here)
    assert told["resting_since"] is None
    assert [each["done"] for each in told["halts"] if each["kind"] == "break"] == [True]


def test_a_phone_asks_again_at_no_cost_and_learns_the_time(here: Office) -> None:
    drive(here)
    first = here.http.get(f"{SHIFTS}/tour")
    again = here.http.get(f"{SHIFTS}/tour", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["service-time"] == berlin("2027-03-22T08:00")
    assert again.headers["cache-control"] == "private, no-cache"


def test_each_halt_has_a_small_map_with_the_way_there_and_its_address_changes_with_it(
    here: Office,
) -> None:
    booked(here, "Erna")
    drive(here)
    on, off = stops(tour(here))
    drawn = here.http.get(off["sketch"])
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "immutable" in drawn.headers["cache-control"]
    assert 'class="route"' in drawn.text
    assert on["sketch"] != off["sketch"]
    assert here.http.get("/drive/sketch/2027-03-22/8/99", headers=HTML).status_code == 404


def test_the_service_worker_may_look_after_the_page_alone(here: Office) -> None:
    worker = here.http.get("/drive/worker.js")
    assert worker.headers["service-worker-allowed"] == "/drive"
    assert worker.headers["content-type"].startswith("text/javascript")
    policy = worker.headers["content-security-policy"]
    assert "worker-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_page_itself_names_nobody(here: Office) -> None:
    """It is kept on the phone; the tour, which does, is forgotten when the shift is over."""
    booked(here, "Erna Petersen")
    drive(here)
    page = here.http.get("/drive", headers=HTML)
    assert page.headers["cache-control"] == "private, no-cache"
    assert "Erna" not in page.text
