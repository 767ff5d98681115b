"""The demo: a whole day through the real API, the same figures every time."""

import io
import os
import re
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console

from api.app import create_app
from routing.problem import Halt, HaltKind, Shift, Tour
from scenarios.clock import DemoClock
from scenarios.demo import Demo, NoSuchDay, play
from scenarios.demo_day import moved_by, wire_request
from scenarios.figures import driven
from shuttle.commands.serving import PortTaken, listen
from shuttle.domain import Location, Party, RideRequest, When
from shuttle.region import Region

TUESDAY = date(2027, 3, 2)


def toy_demo(folder: Path, **changes: Any) -> Demo:
    usual: dict[str, Any] = {
        "region": folder,
        "day": TUESDAY,
        "start": 6 * 60,
        "until": 12 * 60,
        "rides": 45,
        "seed": 1,
        "speed": None,
        "port": 0,
        "database": None,
        "browse": False,
    }
    return Demo(**(usual | changes))


def played(demo: Demo) -> str:
    """Play a demo and return what it printed."""
    screen = io.StringIO()
    play(demo, create_app, Console(file=screen, width=120))
    return screen.getvalue()


def number(table: str, row: str) -> float:
    found = re.search(rf"{row} +([\d.]+)", table)
    assert found is not None, table
    return float(found[1])


@pytest.fixture(scope="module")
def morning(toy_folder: Path) -> str:
    return played(toy_demo(toy_folder))


def test_a_morning_ends_with_its_figures(morning: str) -> None:
    assert "Toy Town on a made-up map, Tuesday, 2 March 2027, seed 1" in morning
    assert "Until 12:00" in morning
    requests, booked, refused = (number(morning, row) for row in ("Requests", "Booked", "Refused"))
    assert requests == booked + refused
    assert booked > 0.5 * requests > 5
    states = ("Served", "On board", "Still to come")
    assert booked == sum(number(morning, row) for row in states)
    assert number(morning, "Kilometres") > 0


def test_nothing_but_reality_breaks_a_promise(morning: str) -> None:
    assert number(morning, "Promises kept") == number(morning, "Served") > 0
    assert number(morning, "Promises broken") == 0


def test_the_same_seed_gives_the_same_figures(morning: str, toy_folder: Path) -> None:
    assert played(toy_demo(toy_folder)) == morning
    assert played(toy_demo(toy_folder, seed=2)) != morning


def test_a_whole_day_leaves_nobody_waiting(toy_folder: Path) -> None:
    day = played(toy_demo(toy_folder, until=None))
    assert "Until 20:00" in day
    assert number(day, "On board") == number(day, "Still to come") == 0
    assert number(day, "Booked") == number(day, "Served") == number(day, "Promises kept")


def test_a_day_without_requests_has_no_kilometres(toy_folder: Path) -> None:
    assert number(played(toy_demo(toy_folder, rides=0)), "Kilometres") == 0


def test_a_watched_day_says_where_and_plays_by_the_clock(toy_folder: Path) -> None:
    day = played(toy_demo(toy_folder, until=6 * 60 + 10, speed=600))
    assert re.search(r"Watch the vehicles at http://127\.0\.0\.1:\d+", day)
    assert "Until 06:10" in day


def test_a_database_that_is_named_keeps_the_bookings(toy_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.sqlite3"
    played(toy_demo(toy_folder, until=7 * 60, database=f"sqlite:///{file}"))
    assert file.stat().st_size > 0


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"day": date(2027, 3, 7)}, "No vehicle is out on Sunday, 7 March 2027"),
        ({"until": 5 * 60}, "Nothing runs from 06:00 until 05:00"),
    ],
)
def test_a_day_that_cannot_be_played_is_refused(
    toy_folder: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(NoSuchDay, match=complaint):
        played(toy_demo(toy_folder, **changes))


def test_a_taken_port_is_named(toy_folder: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port}"):
            played(toy_demo(toy_folder, port=port))


def test_ctrl_c_ends_a_watched_demo_with_its_figures(toy_folder: Path) -> None:
    command = [sys.executable, "-m", "shuttle", "demo", "--region", str(toy_folder), "--speed", "5"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_quiet()
    ) as process:
        try:
            assert process.stdout is not None
            home = next(found[1] for line in process.stdout if (found := _ADDRESS.search(line)))
            vehicles = httpx2.get(f"{home}/api/v1/vehicles", trust_env=False)
            assert vehicles.status_code == 200
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "Promises kept" in out
    assert err == ""


_ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/map")


def _quiet() -> dict[str, str]:
    return os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}


def test_the_clock_stands_is_put_forward_and_runs() -> None:
    real = 0.0
    clock = DemoClock(1000, ticking=lambda: real)
    real = 50.0
    assert clock() == 1000
    clock.put(2000)
    assert clock() == 2000
    clock.put(1500)
    assert clock() == 2000
    clock.run(speed=60, until=2600)
    real = 52.5
    assert clock() == 2150
    clock.put(2100)
    real = 90.0
    assert clock() == 2150
    clock.run(speed=60, until=2600)
    real = 120.0
    assert clock() == 2600


def test_a_request_is_written_as_the_api_reads_it() -> None:
    request = RideRequest(
        origin=Location(54.63, 9.77, "Am Anger 2"),
        destination=Location(54.64, 9.78, "Bahnhof", stop="bahnhof"),
        when=When.ARRIVE_BY,
        time=1_803_974_400,
        party=Party(2, 0, 1),
    )
    assert wire_request(request) == {
        "from": {"lat": 54.63, "lon": 9.77, "label": "Am Anger 2"},
        "to": {"stop": "bahnhof"},
        "when": {"arrive_by": "2027-03-02T08:00:00+00:00"},
        "party": {"passengers": 2, "wheelchairs": 0, "child_seats": 1},
    }


@pytest.mark.parametrize(("when", "minutes"), [(When.DEPART_AT, 10), (When.ARRIVE_BY, 35)])
def test_an_offer_is_as_far_off_as_what_was_asked_for(when: When, minutes: int) -> None:
    request = RideRequest(Location(0, 0), Location(1, 1), when, 1_803_974_400)
    offer = {
        "pickup_window": {
            "earliest": "2027-03-02T09:10:00+01:00",
            "latest": "2027-03-02T09:25:00+01:00",
        },
        "dropoff_latest": "2027-03-02T09:35:00+01:00",
    }
    assert moved_by(request, offer) == minutes * 60


def test_kilometres_are_counted_between_served_halts(toy_region: Region) -> None:
    depot, here, there = len(toy_region.stops), 0, 3
    kinds = [
        (HaltKind.START, depot, ""),
        (HaltKind.PICKUP, here, "a"),
        (HaltKind.PICKUP, here, "b"),
        (HaltKind.DROPOFF, there, "a"),
        (HaltKind.DROPOFF, depot, "b"),
        (HaltKind.END, depot, ""),
    ]
    halts = tuple(Halt(kind, place, 0, 0, trip=trip) for kind, place, trip in kinds)
    tour = Tour(Shift("x", depot, depot, 0, 9999, ((4, 0, 0),)), halts, fixed=4, served=4)
    metres = toy_region.travel.metres
    way = driven([tour], toy_region.travel)
    to_them, with_both = metres[depot, here] / 1000, metres[here, there] / 1000
    assert way.driven == pytest.approx(to_them + with_both)
    assert way.occupied == pytest.approx(with_both)
    assert way.carried == pytest.approx(2 * with_both)
