"""The board over HTTP: what it shows of a day, what is different since, and what can be done."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.app import create_app
from api.board import snapshots
from api.board.board_schemas import BoardOut
from api.board.snapshots import Snapshot, Snapshots
from shuttle.booking.locking import tour_locked
from shuttle.booking.unmet import Unmet
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Party
from shuttle.events import Changed, NumberShown
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.api_client import KEY, berlin
from tests.staff import Office, at_the_desk, office

DAY = "2027-03-22"
MONDAY = date(2027, 3, 22)
BOARD = f"/api/v1/board/{DAY}"
ONE, TWO = "bus-1@06:00", "bus-2@07:00"


@pytest.fixture
def desk(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with at_the_desk(toy_region, tmp_path) as here:
        yield here


def board(desk: Office, since: str = "") -> Any:
    answer = desk.http.get(BOARD, params={"since": since} if since else {})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ride_of(shown: Any, booking: Any) -> Any:
    return next(each for each in shown["rides"] if each["code"] == booking["code"])


def test_a_ride_is_shown_with_its_promise_and_at_its_halts(desk: Office) -> None:
    booking = desk.book(party={"passengers": 3, "wheelchairs": 1})
    shown = board(desk)
    ride = ride_of(shown, booking)
    assert ride["pickup_window"] == booking["pickup_window"]
    assert ride["dropoff_latest"] == booking["dropoff_latest"]
    assert (ride["shift"], ride["state"], ride["movable"]) == (ONE, "open", True)
    tour = next(each for each in shown["tours"] if each["shift"] == ONE)
    [on] = [each for each in tour["halts"] if booking["code"] in each["getting_on"]]
    [off] = [each for each in tour["halts"] if booking["code"] in each["getting_off"]]
    assert (on["arrival"], off["arrival"]) == (ride["pickup"], ride["dropoff"])
    assert (on["people"], on["empty"], off["empty"]) == (3, True, False)
    assert on["slack_seconds"] > 0
    [rest] = [each["rest"] for each in tour["halts"] if each["rest"]]
    begin, end = (datetime.fromisoformat(each) for each in rest)
    assert (end - begin).total_seconds() == 30 * 60
    assert shown["figures"]["rides"] == 1
    assert 0 < shown["figures"]["empty_kilometres"] < shown["figures"]["kilometres"]


def test_what_is_proven_about_a_plan_is_shown_rounded_up_and_of_no_other_plan(
    desk: Office,
) -> None:
    desk.book()
    assert board(desk)["figures"]["gap_percent"] is None
    revision = board(desk)["revision"]
    desk.dispatcher.write(lambda: desk.dispatcher.quality.note(MONDAY, revision, 0.0111))
    assert board(desk)["figures"]["gap_percent"] == 1.2
    desk.book("key-number-2", when={"depart_at": berlin(f"{DAY}T11:00")})
    assert board(desk)["figures"]["gap_percent"] is None


def test_every_stay_ends_before_the_next_drive_begins(desk: Office) -> None:
    for number, clock in enumerate(("09:00", "09:10", "10:30", "13:00")):
        desk.book(f"key-number-{number}", when={"depart_at": berlin(f"{DAY}T{clock}")})
    for tour in board(desk)["tours"]:
        times = [
            datetime.fromisoformat(halt[each])
            for halt in tour["halts"]
            for each in ("arrival", "busy_until", "departure")
        ]
        assert times[:-1] == sorted(times[:-1])


def test_a_vehicle_that_waits_between_two_halts_at_one_stop_is_not_busy(desk: Office) -> None:
    desk.http.put(f"/api/v1/shifts/{DAY}/{TWO}/lock")
    first = desk.book("key-number-1")
    back = {"origin": {"stop": "bahnhof"}, "to": {"stop": "kirche"}}
    later = {"when": {"depart_at": berlin(f"{DAY}T10:00")}}
    second = desk.book("key-number-2", **back, **later)
    [tour] = [each for each in board(desk)["tours"] if each["shift"] == ONE]
    [off] = [each for each in tour["halts"] if first["code"] in each["getting_off"]]
    [on] = [each for each in tour["halts"] if second["code"] in each["getting_on"]]
    assert off["name"] == on["name"]
    assert off["busy_until"] < off["departure"] == on["arrival"]
    assert (off["people"], on["people"], on["metres"]) == (0, 1, 0)


def test_nobody_is_named_on_the_board(desk: Office) -> None:
    offer = desk.offer()["offer"]
    contact = {"name": "Erna Petersen", "phone": "04641 8123"}
    answer = desk.http.post(
        "/api/v1/bookings",
        json={"offer": offer, "contact": contact},
        headers={"Idempotency-Key": "key-of-erna"},
    )
    assert answer.status_code == 201, answer.text
    text = desk.http.get(BOARD).text
    assert answer.json()["code"] in text
    for word in ("Erna", "Petersen", "8123"):
        assert word not in text


def test_whoever_says_what_they_know_is_told_what_is_different(desk: Office) -> None:
    first = desk.book()
    before = board(desk)
    same = board(desk, before["tag"])
    assert (same["whole"], same["tours"], same["rides"]) == (False, [], [])
    second = desk.book("another-key-1", when={"depart_at": berlin(f"{DAY}T15:00")})
    after = board(desk, before["tag"])
    assert [each["code"] for each in after["rides"]] == [second["code"]]
    assert len(after["tours"]) == 1
    desk.http.delete(f"/api/v1/bookings/{first['code']}")
    gone = board(desk, after["tag"])
    assert gone["gone_rides"] == [first["code"]]
    assert board(desk, "00000000-0")["whole"]
    rides = {each["code"]: each for each in before["rides"]}
    rides |= {each["code"]: each for each in (*after["rides"], *gone["rides"])}
    whole = {each["code"]: each for each in board(desk)["rides"]}
    assert {code: rides[code] for code in whole} == whole


def test_what_is_wrong_stands_on_the_board(desk: Office) -> None:
    booking = desk.book(party={"passengers": 1, "wheelchairs": 1})
    out = {"kind": "vehicle_out", "vehicle": "bus-1", "until": berlin(f"{DAY}T12:00")}
    assert desk.http.post("/api/v1/trouble", json=out).status_code == 201
    refused = desk.ask(party={"passengers": 1, "wheelchairs": 1}).json()["refusal"]
    shown = board(desk)
    ride = ride_of(shown, booking)
    assert (ride["shift"], ride["state"], ride["cause"]) == (None, "at_risk", "no_vehicle")
    assert (shown["figures"]["at_risk"], shown["figures"]["stranded"]) == (1, 1)
    assert [each["kind"] for each in shown["conditions"]] == ["vehicle_out"]
    assert [each["reason"] for each in shown["refused"]] == [refused["reason"]]


def test_refusals_are_told_again_only_when_there_are_others(desk: Office) -> None:
    desk.book(party={"passengers": 1, "wheelchairs": 1})
    tag = board(desk)["tag"]
    desk.book("key-number-2", when={"depart_at": berlin(f"{DAY}T11:00")})
    after = desk.http.get(f"/api/v1/board/{DAY}", params={"since": tag}).json()
    assert (after["refused"], len(after["rides"])) == (None, 1)
    out = {"kind": "vehicle_out", "vehicle": "bus-1", "until": berlin(f"{DAY}T12:00")}
    assert desk.http.post("/api/v1/trouble", json=out).status_code == 201
    desk.ask(party={"passengers": 1, "wheelchairs": 1})
    later = desk.http.get(f"/api/v1/board/{DAY}", params={"since": after["tag"]}).json()
    assert len(later["refused"]) == len(board(desk)["refused"]) == 1


def test_a_vehicle_that_waits_is_shown_as_it_would_be_anew(desk: Office) -> None:
    """What is taken from the board before is what a board from scratch would have."""
    desk.book()
    desk.book("key-number-2", when={"depart_at": berlin(f"{DAY}T11:00")})
    for clock in ("08:10", "08:41", "08:59", "09:01", "09:06", "10:30"):
        desk.clock.set(f"{DAY}T{clock}")
        desk.dispatcher.advance(desk.clock())
        shown = board(desk)
        anew = Snapshots(desk.http.app.state.service)  # type: ignore[attr-defined]
        made = anew.board(desk.dispatcher.plan(MONDAY, desk.clock()), None)
        told = made.model_dump(mode="json", by_alias=True)
        assert shown["tours"] == told["tours"]
        assert shown["figures"] == told["figures"]
        assert shown["rides"] == told["rides"]


def test_a_ride_refused_at_a_stop_that_has_been_given_up_is_on_no_map(desk: Office) -> None:
    unmet = Unmet("A", MONDAY, 900, 1800, "mitte", "bahnhof", Party(1), "no_seats")
    for each in (unmet, replace(unmet, id="B", origin="given-up")):
        desk.store.note_unmet(each)
    assert len(board(desk)["refused"]) == 1


def test_a_move_is_shown_first_then_done(desk: Office) -> None:
    booking = desk.book()
    code, before = booking["code"], ride_of(board(desk), booking)["shift"]
    there = {"shift": TWO if before == ONE else ONE}
    shown = desk.http.post(f"/api/v1/bookings/{code}/move/preview", json=there)
    assert shown.status_code == 200, shown.text
    assert ride_of(board(desk), booking)["shift"] == before
    [effect] = shown.json()["effects"]
    assert (effect["code"], effect["other_vehicle"], effect["late_seconds"]) == (code, True, 0)
    params = {"expected": shown.json()["expected"]}
    done = desk.http.post(f"/api/v1/bookings/{code}/move", json=there, params=params)
    assert done.json() == shown.json()
    assert ride_of(board(desk), booking)["shift"] == there["shift"]
    stale = desk.http.post(
        f"/api/v1/bookings/{code}/move", json={"shift": before}, params={"expected": "0" * 16}
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "plan_changed")
    assert stale.json()["preview"]["shift"] == before


def test_an_impossible_move_says_why_and_what_is_nearest(desk: Office) -> None:
    booking = desk.book(party={"passengers": 1, "wheelchairs": 1})
    answer = desk.http.post(
        f"/api/v1/bookings/{booking['code']}/move/preview",
        json={"shift": TWO},
        headers={"Accept-Language": "de"},
    )
    told = answer.json()
    assert (answer.status_code, told["code"], told["obstacle"]) == (409, "cannot_move", "capacity")
    assert told["message"] == "Es ist kein Rollstuhlplatz frei."
    assert told["nearest"] == []
    stays = desk.http.post(f"/api/v1/bookings/{booking['code']}/move", json={"shift": ONE})
    assert (stays.status_code, stays.json()["code"]) == (409, "not_movable")


def test_calling_off_is_shown_first_with_what_it_means_for_others(desk: Office) -> None:
    first = desk.book()
    second = desk.book("key-number-2", origin={"stop": "mitte"})
    assert ride_of(board(desk), first)["shift"] == ride_of(board(desk), second)["shift"]
    shown = desk.http.post(f"/api/v1/bookings/{first['code']}/call-off/preview")
    assert shown.status_code == 200, shown.text
    told = shown.json()
    before = ride_of(board(desk), second)
    assert ride_of(board(desk), first)["status"] == "booked"
    desk.http.post(f"/api/v1/bookings/{first['code']}/call-off")
    after = ride_of(board(desk), second)
    [effect] = told["effects"]
    assert effect["code"] == second["code"]
    assert effect["late_seconds"] == 0
    for end in ("pickup", "dropoff"):
        assert (effect["before"][end], effect["after"][end]) == (before[end], after[end])
    assert told["added_seconds"] < 0


def test_rides_and_tours_are_locked_and_unlocked(desk: Office) -> None:
    booking = desk.book()
    paths = (f"/api/v1/bookings/{booking['code']}/lock", f"/api/v1/shifts/{DAY}/{TWO}/lock")
    for path in paths:
        for _ in range(2):
            assert desk.http.put(path).json()["locked"]
    shown = board(desk)
    assert ride_of(shown, booking)["locked"]
    assert [each["shift"] for each in shown["tours"] if each["locked"]] == [TWO]
    for path in paths:
        assert not desk.http.delete(path).json()["locked"]
    assert not any(each["locked"] for each in board(desk)["tours"])
    assert desk.http.put(f"/api/v1/shifts/{DAY}/bus-9@06:00/lock").status_code == 404
    assert desk.http.put("/api/v1/bookings/NOBODY22/lock").status_code == 404


def test_locking_is_shown_first_with_the_rides_that_it_holds(desk: Office) -> None:
    first, second = (
        desk.book(f"key-number-{clock}", when={"depart_at": berlin(f"{DAY}T{clock}")})["code"]
        for clock in ("09:00", "10:30")
    )
    assert {each["shift"] for each in board(desk)["rides"]} == {ONE}
    tour, ride = f"/api/v1/shifts/{DAY}/{ONE}/lock", f"/api/v1/bookings/{first}/lock"
    shown = desk.http.post(f"{tour}/preview", json={"locked": True}).json()
    assert (shown["locked"], sorted(shown["rides"])) == (True, sorted([first, second]))
    assert not any(each["locked"] for each in board(desk)["tours"])
    assert desk.http.put(ride).json() == {"locked": True, "rides": [first]}
    assert desk.http.post(f"{tour}/preview", json={"locked": True}).json()["rides"] == [second]
    assert desk.http.put(tour).json() == {"locked": True, "rides": [second]}
    assert desk.http.post(f"{ride}/preview", json={"locked": False}).json()["rides"] == []
    assert desk.http.delete(tour).json() == {"locked": False, "rides": [second]}
    assert desk.http.post(f"{ride}/preview", json={"locked": False}).json()["rides"] == [first]


def at_time(desk: Office, booking: Any, clock: str, shift: str = ONE, **headers: str) -> Any:
    """Look at what it means to move a ride to a time."""
    asked = {"shift": shift, "pickup": berlin(f"{DAY}T{clock}")}
    path = f"/api/v1/bookings/{booking['code']}/move/preview"
    return desk.http.post(path, json=asked, headers=headers)


def test_a_time_within_the_promise_is_moved_to_and_left_again(desk: Office) -> None:
    booking = desk.book()
    path = f"/api/v1/bookings/{booking['code']}/move"
    shown = at_time(desk, booking, "09:08").json()
    assert (shown["pickup"], shown["pickup_before"]) == (berlin(f"{DAY}T09:08"), None)
    assert (shown["offer"], shown["told_by"]) == (None, None)
    asked = {"shift": ONE, "pickup": shown["pickup"]}
    done = desk.http.post(path, json=asked, params={"expected": shown["expected"]})
    assert done.json() == shown
    ride = ride_of(board(desk), booking)
    assert (ride["pickup"], ride["wanted"]) == (berlin(f"{DAY}T09:08"), berlin(f"{DAY}T09:08"))
    assert ride["pickup_window"] == booking["pickup_window"]
    stays = at_time(desk, booking, "09:08")
    assert (stays.status_code, stays.json()["code"]) == (409, "not_movable")
    assert desk.http.post(path, json={"shift": ONE}).json()["pickup_before"] == asked["pickup"]
    assert ride_of(board(desk), booking)["wanted"] is None


def test_a_locked_ride_stays_whatever_time_is_asked_for(desk: Office) -> None:
    booking = desk.book()
    ride = f"/api/v1/bookings/{booking['code']}/lock"
    for lock in (ride, f"/api/v1/shifts/{DAY}/{ride_of(board(desk), booking)['shift']}/lock"):
        assert desk.http.put(lock).json()["locked"]
        for clock in ("09:08", "11:02"):
            answer = at_time(desk, booking, clock)
            assert (answer.status_code, answer.json()["code"]) == (409, "not_movable"), answer.text
        assert not desk.http.delete(lock).json()["locked"]


def test_a_time_outside_the_promise_comes_with_an_offer_that_changes_the_booking(
    desk: Office,
) -> None:
    booking = desk.book()
    shown = at_time(desk, booking, "11:02")
    assert shown.status_code == 200, shown.text
    told = shown.json()
    window = told["offer"]["pickup_window"]
    assert window["earliest"] <= berlin(f"{DAY}T11:02") <= window["latest"]
    assert (told["told_by"], told["expected"]) == ("none", "")
    assert told["effects"][0]["code"] == booking["code"]
    assert told["effects"][0]["after"]["pickup"] == told["offer"]["expected_pickup"]
    assert ride_of(board(desk), booking)["pickup_window"] == booking["pickup_window"]
    refused = desk.http.post(
        f"/api/v1/bookings/{booking['code']}/move",
        json={"shift": ONE, "pickup": berlin(f"{DAY}T11:02")},
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "outside_promise")
    done = desk.http.post(
        f"/api/v1/bookings/{booking['code']}/change",
        json={"offer": told["offer"]["offer"]},
        headers={"Idempotency-Key": "key-of-change"},
    )
    assert done.status_code == 201, done.text
    [ride] = board(desk)["rides"]
    assert (ride["code"], ride["pickup_window"]) == (done.json()["code"], window)
    events = [each for each in desk.dispatcher.events(MONDAY) if isinstance(each, Changed)]
    assert [(each.old, each.new) for each in events] == [(booking["code"], ride["code"])]


def changed(desk: Office, booking: Any, told: Any, shift: str, **headers: str) -> Any:
    """Change a booking as a preview showed it."""
    return desk.http.post(
        f"/api/v1/bookings/{booking['code']}/change",
        json={"offer": told["offer"]["offer"], "shift": shift},
        headers={"Idempotency-Key": f"key-{booking['code']}", **headers},
    )


def test_another_time_in_another_vehicle_is_in_that_vehicle_if_it_fits(desk: Office) -> None:
    """Left alone it would be cheaper where the other ride is."""
    booking = desk.book()
    desk.book("key-number-2", when={"depart_at": berlin(f"{DAY}T11:00")})
    for shift in (TWO, ONE):
        told = at_time(desk, booking, "11:02", shift).json()
        assert (told["shift"], told["not_in"]) == (shift, None)
    told = at_time(desk, booking, "11:02", TWO).json()
    done = changed(desk, booking, told, TWO)
    assert done.status_code == 201, done.text
    assert ride_of(board(desk), done.json())["shift"] == TWO


def test_a_vehicle_that_does_not_take_it_says_why_and_which_does_instead(desk: Office) -> None:
    booking = desk.book(party={"passengers": 1, "wheelchairs": 1})
    told = at_time(desk, booking, "11:02", TWO, **{"Accept-Language": "de"}).json()
    assert (told["shift"], told["not_in"]["shift"]) == (ONE, TWO)
    assert told["not_in"]["message"] == "Es ist kein Rollstuhlplatz frei."
    done = changed(desk, booking, told, TWO)
    assert ride_of(board(desk), done.json())["shift"] == ONE


def test_whose_ride_it_is_does_not_choose_the_vehicle(desk: Office) -> None:
    contact = {"name": "Erna Petersen", "phone": "04641 8123"}
    token = desk.offer()["offer"]
    answer = desk.http.post(
        "/api/v1/bookings",
        json={"offer": token, "contact": contact},
        headers={"Idempotency-Key": "key-of-erna"},
    )
    booking = answer.json()
    told = at_time(desk, booking, "11:02", ONE).json()
    best = told["shift"]
    other = TWO if best == ONE else ONE
    desk.sign_out()
    done = changed(desk, booking, told, other, **{"Booking-Secret": "8123"})
    assert done.status_code == 201, done.text
    desk.sign_in("dispatcher")
    assert ride_of(board(desk), done.json())["shift"] == best


def test_the_window_that_is_promised_already_is_offered_as_no_other(desk: Office) -> None:
    booking = desk.book()
    window = booking["pickup_window"]
    early = f"{int(window['earliest'][11:13]) - 1:02}:59"
    assert window["earliest"][14:16] == "00"
    answer = at_time(desk, booking, early).json()
    found = answer["nearest_pickup"] if "code" in answer and "offer" not in answer else None
    offered = answer["offer"]["pickup_window"]["earliest"] if found is None else found
    assert offered != window["earliest"]


def test_an_impossible_time_says_why_and_which_is_the_nearest(desk: Office) -> None:
    booking = desk.book(party={"passengers": 6})
    for number in range(2):
        desk.book(f"key-number-{number}", party={"passengers": 6}, origin={"stop": "mitte"})
    minutes = [f"09:{minute:02}" for minute in range(15)]
    within = [at_time(desk, booking, each) for each in minutes]
    refused = [each.json() for each in within if each.status_code == 409]
    assert {each["code"] for each in refused} <= {"cannot_move", "not_movable"}
    impossible = next(each for each in refused if each["code"] == "cannot_move")
    assert impossible["message"]
    nearest = impossible["nearest_pickup"]
    assert at_time(desk, booking, nearest[11:16]).json()["pickup"] == nearest
    out = {"kind": "vehicle_out", "vehicle": "bus-1", "from": berlin(f"{DAY}T12:00")}
    out["until"] = berlin(f"{DAY}T14:00")
    assert desk.http.post("/api/v1/trouble", json=out).status_code == 201
    outside = at_time(desk, booking, "12:30")
    assert (outside.status_code, outside.json()["code"]) == (409, "cannot_move")
    free = outside.json()["nearest_pickup"][11:16]
    assert at_time(desk, booking, free).json()["offer"]["pickup_window"]["earliest"][11:16] == free
    gone = at_time(desk, booking, "07:00")
    assert (gone.status_code, gone.json()["code"]) == (422, "in_the_past")


def test_that_a_number_was_shown_is_recorded(desk: Office) -> None:
    contact = {"name": "Erna Petersen", "phone": "04641 8123"}
    answer = desk.http.post(
        "/api/v1/bookings",
        json={"offer": desk.offer()["offer"], "contact": contact},
        headers={"Idempotency-Key": "key-of-erna"},
    )
    code = answer.json()["code"]
    told = desk.http.post(f"/api/v1/bookings/{code}/phone").json()
    assert told == {"name": "Erna Petersen", "phone": "+4946418123", "channel": "none"}
    assert NumberShown(desk.clock(), code, "dispatcher") in desk.dispatcher.events(MONDAY)
    nobody = desk.book("key-of-nobody")["code"]
    before = desk.dispatcher.events(MONDAY)
    assert desk.http.post(f"/api/v1/bookings/{nobody}/phone").json()["phone"] == ""
    assert desk.dispatcher.events(MONDAY) == before
    record = f"/api/v1/shown-numbers/{DAY}"
    assert desk.http.get(record).status_code == 403
    desk.sign_in("admin")
    [shown] = desk.http.get(record).json()["shown"]
    assert shown == {"time": berlin(f"{DAY}T08:00"), "booking": code, "viewer": "dispatcher"}
    assert 'href="/shown-numbers' in desk.http.get("/login").text
    page = desk.http.get("/shown-numbers", params={"day": DAY, "lang": "en"})
    assert page.headers["cache-control"] == "no-store"
    assert f"<td>{code}</td>" in page.text
    assert "<td>dispatcher</td>" in page.text
    other = desk.http.get("/shown-numbers", params={"day": "2027-03-23", "lang": "en"}).text
    assert "No number was shown for a ride of this day." in other
    desk.sign_in("dispatcher")
    refused = desk.http.get("/shown-numbers")
    assert (refused.status_code, code in refused.text) == (403, False)
    assert "/shown-numbers" not in desk.http.get("/login").text


def moments(desk: Office) -> list[Any]:
    answer = desk.http.get(f"{BOARD}/past")
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["moments"]
    return found


def past(desk: Office, moment: Any) -> Any:
    answer = desk.http.get(f"{BOARD}/past/{moment['revision']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def live_at(desk: Office, clock: str) -> Any:
    """Return the board as it is shown at a time, without what depends on who looks."""
    desk.clock.set(f"{DAY}T{clock}")
    desk.dispatcher.advance(desk.clock.now)
    shown = board(desk)
    return {key: shown[key] for key in ("revision", "now", "tours", "rides", "figures")}


def test_a_day_is_shown_as_it_was_after_every_change(desk: Office) -> None:
    """The past is what the board showed then, whatever came later: to the last figure."""
    assert moments(desk) == []
    first = desk.book()
    seen = [live_at(desk, "08:00")]
    desk.clock.set(f"{DAY}T08:02")
    desk.book("key-number-2", party={"passengers": 1, "wheelchairs": 1})
    seen.append(live_at(desk, "08:02"))
    desk.clock.set(f"{DAY}T08:10")
    out = {"kind": "vehicle_out", "vehicle": "bus-1", "until": berlin(f"{DAY}T11:00")}
    condition = desk.http.post("/api/v1/trouble", json=out).json()["condition"]["id"]
    seen.append(live_at(desk, "08:10"))
    desk.clock.set(f"{DAY}T08:20")
    assert desk.http.delete(f"/api/v1/trouble/{condition}").status_code == 200
    seen.append(live_at(desk, "08:20"))
    desk.clock.set(f"{DAY}T08:30")
    desk.http.delete(f"/api/v1/bookings/{first['code']}")
    seen.append(live_at(desk, "08:30"))
    desk.dispatcher.advance(desk.clock.now + 10 * 3600)
    told = {each["time"]: each for each in moments(desk)}
    for shown in seen:
        then = past(desk, told[shown["now"]])
        assert {key: then[key] for key in shown} == shown
    assert [len(past(desk, each)["rides"]) for each in moments(desk)][:5] == [1, 2, 2, 2, 1]


def test_the_past_is_kept_in_the_database_and_has_tours_for_the_map(desk: Office) -> None:
    desk.book()
    [moment] = moments(desk)
    before = past(desk, moment)
    tours = desk.http.get(f"{BOARD}/past/{moment['revision']}/tours").json()
    store = SqlStore(str(desk.store.engine.url), desk.dispatcher.region.config.id)
    assert store.steps(MONDAY) == desk.store.steps(MONDAY)
    store.close()
    desk.book("key-number-2", when={"depart_at": berlin(f"{DAY}T10:00")})
    assert past(desk, moment) == before
    assert desk.http.get(f"{BOARD}/past/{moment['revision']}/tours").json() == tours
    assert (
        sum(bool(stand["getting_on"]) for each in tours["tours"] for stand in each["stands"]) == 1
    )
    nowhere = desk.http.get(f"{BOARD}/past/99")
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "no_past")


def test_planned_and_driven_are_compared_halt_by_halt(desk: Office) -> None:
    booking = desk.book()
    code, planned = booking["code"], ride_of(board(desk), booking)
    desk.clock.set(f"{DAY}T09:20")
    times = {"started": "08:30", "arrived": "09:04", "picked_up": "09:05", "dropped_off": "09:17"}
    sent = [
        {"id": kind, "kind": kind, "happened_at": berlin(f"{DAY}T{clock}")}
        | ({} if kind == "started" else {"booking": code})
        for kind, clock in times.items()
    ]
    desk.http.post(f"/api/v1/shifts/{DAY}/{planned['shift']}/reports", json={"reports": sent})
    on, off = desk.http.get(f"{BOARD}/driven").json()["halts"]
    assert (on["kind"], on["planned"], on["time"], on["driven"]) == (
        *("pickup", planned["pickup"], berlin(f"{DAY}T09:05")),
        True,
    )
    assert (on["earliest"], on["latest"]) == tuple(planned["pickup_window"].values())
    assert (off["planned"], off["latest"]) == (planned["dropoff"], planned["dropoff_latest"])
    late = datetime.fromisoformat(off["time"]) - datetime.fromisoformat(off["planned"])
    assert (off["driven"], off["seconds"]) == (True, late.total_seconds())
    assert off["seconds"] > 0
    assert not on["other_vehicle"]


@pytest.mark.parametrize("role", [None, "driver", "planner"])
def test_the_board_is_for_dispatchers(toy_region: Region, tmp_path: Path, role: str | None) -> None:
    with office(toy_region, tmp_path) as here:
        if role is not None:
            here.sign_in(role)
        for method, path in (
            ("GET", BOARD),
            ("GET", f"{BOARD}/events"),
            ("GET", f"{BOARD}/past"),
            ("GET", f"{BOARD}/past/1"),
            ("GET", f"{BOARD}/past/1/tours"),
            ("GET", f"{BOARD}/driven"),
            ("POST", "/api/v1/bookings/K7MX2Q9A/phone"),
            ("POST", "/api/v1/bookings/K7MX2Q9A/move"),
            ("PUT", "/api/v1/bookings/K7MX2Q9A/lock"),
            ("DELETE", f"/api/v1/shifts/{DAY}/{ONE}/lock"),
        ):
            body = {"shift": ONE} if path.endswith("move") else None
            answer = here.http.request(method, path, json=body, headers=here.csrf)
            assert answer.status_code == (401 if role is None else 403), path
        page = here.http.get("/board", follow_redirects=False, headers={"Accept": "text/html"})
        assert page.status_code == (303 if role is None else 403)


class Stream:
    """Reads server-sent events on a thread."""

    def __init__(self, http: httpx2.Client, headers: dict[str, str]) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self._http, self._headers = http, headers
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        fields: dict[str, str] = {}
        with self._http.stream("GET", f"{BOARD}/events", headers=self._headers) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if self._ended.is_set():
                    return
                name, _, value = line.partition(": ")
                if line:
                    fields[name] = value
                elif "event" in fields:
                    self.events.append((fields["event"], fields["id"], json.loads(fields["data"])))
                    fields = {}

    def wait(self, number: int) -> list[tuple[str, str, dict[str, Any]]]:
        """Wait until so many events have come; fail after twenty seconds."""
        ends = time.monotonic() + 20
        while len(self.events) < number:
            assert time.monotonic() < ends, self.events
            time.sleep(0.01)
        return self.events

    def plans(self, revision: int) -> list[tuple[str, str, dict[str, Any]]]:
        """Return those events so far that told of a plan of that revision."""
        told = [each for each in list(self.events) if each[0] == "plan"]
        return [each for each in told if each[2]["revision"] == revision]

    def join(self) -> None:
        """Wait until the service ends the stream; fail after twenty seconds."""
        self._thread.join(20)
        assert not self._thread.is_alive()

    def close(self) -> None:
        """Stop reading, with the next heartbeat."""
        self._ended.set()
        self._thread.join()


@contextmanager
def served(desk: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx2.Client]:
    """Serve the desk's dispatcher for real, with heartbeats that tests can wait for."""
    monkeypatch.setattr("api.board.feed.HEARTBEAT_SECONDS", 0.3)
    app = create_app(desk.dispatcher, desk.clock, KEY, tick_seconds=None, sign_in=desk.door)
    listener = listen("127.0.0.1", 0)
    with (
        serving_beside(app, listener),
        httpx2.Client(base_url=address(listener), timeout=20, trust_env=False) as http,
    ):
        http.cookies.set("session", desk.http.cookies["session"])
        yield http


def test_events_come_when_the_day_changes_and_go_on_where_they_stopped(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(desk, monkeypatch) as http:
        first = Stream(http, {})
        [(kind, empty, told)] = first.wait(1)[:1]
        assert (kind, told["revision"], "difference" in told) == ("plan", 0, False)
        code = desk.book()["code"]
        asked = time.monotonic()
        while not (plans := first.plans(1)):
            assert time.monotonic() < asked + 1, first.events
            time.sleep(0.005)
        _, tag, told = plans[0]
        difference = told["difference"]
        assert (told["since"], difference["tag"], difference["whole"]) == (empty, tag, False)
        assert [each["code"] for each in difference["rides"]] == [code]
        heard = len(first.events)
        assert first.wait(heard + 2)[-1][:2] == ("clock", tag)
        first.close()
        nothing_missed = Stream(http, {"Last-Event-ID": tag})
        assert nothing_missed.wait(1)[0][:2] == ("clock", tag)
        nothing_missed.close()
        other = desk.book("another-key-1", when={"depart_at": berlin(f"{DAY}T15:00")})["code"]
        missed = Stream(http, {"Last-Event-ID": tag})
        kind, _, told = missed.wait(1)[0]
        assert (kind, told["since"], told["revision"]) == ("plan", tag, 2)
        assert [each["code"] for each in told["difference"]["rides"]] == [other]
        missed.close()


def test_what_another_process_did_is_told_if_it_is_noticed_by_doing_the_same(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.http.put(f"/api/v1/shifts/{DAY}/{TWO}/lock")
    store = SqlStore(str(desk.store.engine.url), desk.dispatcher.region.config.id)
    with (
        served(desk, monkeypatch) as http,
        closing(Dispatcher(desk.dispatcher.region, store)) as other,
    ):
        stream = Stream(http, {})
        stream.wait(1)
        other.act(MONDAY, desk.clock(), lambda plan: tour_locked(plan, ONE, 0, on=True))
        assert desk.http.put(f"/api/v1/shifts/{DAY}/{ONE}/lock").json()["locked"]
        stream.wait(len(stream.events) + 2)
        stream.close()
    assert [len(stream.plans(revision)) for revision in (1, 2)] == [1, 1]


def test_what_belongs_to_no_plan_wakes_the_boards_too(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shift in (ONE, TWO):
        desk.http.put(f"/api/v1/shifts/{DAY}/{shift}/lock")
    with served(desk, monkeypatch) as http:
        stream = Stream(http, {})
        stream.wait(1)
        refused = desk.ask()
        assert refused.json()["refusal"] is not None
        ends = time.monotonic() + 20
        while [each[0] for each in list(stream.events)].count("plan") < 2:
            assert time.monotonic() < ends, stream.events
            time.sleep(0.01)
        stream.close()


def test_a_refusal_during_a_break_of_the_line_is_told_when_it_is_back(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shift in (ONE, TWO):
        desk.http.put(f"/api/v1/shifts/{DAY}/{shift}/lock")
    with served(desk, monkeypatch) as http:
        stream = Stream(http, {})
        _, tag, _ = stream.wait(1)[0]
        stream.close()
        assert desk.ask().json()["refusal"] is not None
        again = Stream(http, {"Last-Event-ID": tag})
        kind, _, told = again.wait(1)[0]
        again.close()
    assert (kind, told["revision"]) == ("plan", 2)
    assert len(told["difference"]["refused"]) == 1


def test_boards_that_know_the_same_are_told_the_same_worked_out_once(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_out, worked_out = snapshots._difference, []

    def counted(before: Snapshot, now: Snapshot) -> BoardOut:
        worked_out.append((before.board.tag, now.board.tag))
        return work_out(before, now)

    with served(desk, monkeypatch) as http:
        monkeypatch.setattr("api.board.snapshots._difference", counted)
        tag = http.get(BOARD).json()["tag"]
        boards = [Stream(http, {"Last-Event-ID": tag}) for _ in range(3)]
        for each in boards:
            each.wait(1)
        desk.book()
        told = []
        for each in boards:
            ends = time.monotonic() + 20
            while not each.plans(1):
                assert time.monotonic() < ends, each.events
                time.sleep(0.01)
            told.append(each.plans(1)[0][2]["difference"])
            each.close()
    assert told[0] == told[1] == told[2]
    assert len(worked_out) == len(set(worked_out))


def test_whoever_signs_out_is_told_nothing_more(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(desk, monkeypatch) as http:
        stream = Stream(http, {})
        stream.wait(1)
        desk.http.delete("/api/v1/session").raise_for_status()
        desk.dispatcher.act(MONDAY, desk.clock(), lambda plan: tour_locked(plan, ONE, 0, on=True))
        stream.join()
    assert not stream.plans(1)


def test_one_word_of_another_process_may_stand_for_a_change_and_a_refusal(desk: Office) -> None:
    told: list[date | None] = []
    store = SqlStore(str(desk.store.engine.url), desk.dispatcher.region.config.id)
    desk.dispatcher.plan(MONDAY, desk.clock())
    with closing(Dispatcher(desk.dispatcher.region, store)) as other:
        other.act(MONDAY, desk.clock(), lambda plan: tour_locked(plan, ONE, 0, on=True))
        desk.dispatcher.watch(told.append)
        desk.dispatcher.look_again()
    assert told == [MONDAY, None]


def test_a_booking_wakes_the_boards_long_before_the_next_heartbeat(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(desk, monkeypatch) as http:
        monkeypatch.setattr("api.board.feed.HEARTBEAT_SECONDS", 600.0)
        stream = Stream(http, {})
        stream.wait(1)
        desk.book()
        stream.wait(2)
        desk.http.delete("/api/v1/session", headers=desk.csrf).raise_for_status()
        desk.dispatcher.act(MONDAY, desk.clock(), lambda plan: tour_locked(plan, ONE, 0, on=True))
        stream.join()
    assert [len(stream.plans(revision)) for revision in (1, 2)] == [1, 0]


def test_differences_from_boards_that_are_forgotten_are_not_kept(desk: Office) -> None:
    shown = Snapshots(desk.http.app.state.service)  # type: ignore[attr-defined]
    tags: list[str] = []
    for number in range(60):
        path = f"/api/v1/shifts/{DAY}/{ONE}/lock"
        desk.http.request("DELETE" if number % 2 else "PUT", path).raise_for_status()
        plan = desk.dispatcher.plan(MONDAY, desk.clock())
        tags.append(shown.difference(plan, tags[-16] if len(tags) > 15 else "").tag)
    assert len(shown._differences) <= len(shown._known) <= 16
