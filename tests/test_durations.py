"""How long journey planners are told that a ride takes: 95 of 100 rides take no longer."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.keeping.sql_store import SqlStore
from shuttle.open_data.durations import (
    ENOUGH,
    SafeDuration,
    last_days,
    ride_times,
    safe_duration,
)
from shuttle.open_data.tables import read_feed
from shuttle.region_config import Rules
from tests.test_demo import TUESDAY, played, toy_demo

RULES = Rules(ride_factor=1.5, ride_extra_minutes=20)

WEEK = [TUESDAY + timedelta(days=number) for number in range(5)]


def share(safe: SafeDuration, rides: list[tuple[int, int]]) -> float:
    return sum(ridden <= safe.of(direct) for direct, ridden in rides) / len(rides)


def test_before_there_are_enough_rides_the_promise_stands_in() -> None:
    assert safe_duration(RULES, [(600, 700)] * (ENOUGH - 1)) == SafeDuration(1.5, 1260)


def test_rides_without_detours_make_the_estimate_tight() -> None:
    assert safe_duration(RULES, [(600, 600)] * ENOUGH) == SafeDuration(1.0, 0)
    delayed = [(600, 600 + 10 * number) for number in range(ENOUGH)]
    assert safe_duration(RULES, delayed).of(600) == pytest.approx(600 + 940, abs=60)


@given(
    st.lists(
        st.tuples(st.integers(30, 3000), st.floats(0, 1)), min_size=ENOUGH, max_size=2 * ENOUGH
    )
)
def test_at_least_95_of_100_promised_rides_are_covered(drawn: list[tuple[int, float]]) -> None:
    rides = [
        (direct, round(direct + part * (RULES.max_ride(direct) - direct))) for direct, part in drawn
    ]
    safe = safe_duration(RULES, rides)
    assert share(safe, rides) >= 0.95
    mean = sum(safe.of(direct) for direct, _ in rides)
    assert mean <= sum(RULES.max_ride(direct) for direct, _ in rides) + len(rides)


def test_the_days_that_are_asked_are_the_fourteen_before() -> None:
    days = last_days(date(2027, 3, 15))
    assert (days[0], days[-1], len(days)) == (date(2027, 3, 1), date(2027, 3, 14), 14)


@pytest.mark.slow
def test_a_feed_measured_on_simulated_days_covers_another_simulated_day(
    toy_folder: Path, tmp_path: Path
) -> None:
    for seed, day in enumerate(WEEK, start=1):
        for file in ("measured", "other"):
            if (file == "other") == (day == WEEK[-1]):
                database = f"sqlite:///{tmp_path / file}.sqlite3"
                played(toy_demo(toy_folder, day=day, seed=seed, rides=90, database=database))
    feed = tmp_path / "feed.zip"
    words = ["open-data", "gtfs-flex", "--out", str(feed), "--url", "https://bus.example.org"]
    words += ["--measured", str(tmp_path / "measured.sqlite3"), "--region", str(toy_folder)]
    result = CliRunner().invoke(app, [*words, "--date", "2027-03-10"])
    assert result.exit_code == 0, result.output
    [trip] = read_feed(feed).rows("trips")
    safe = SafeDuration(float(trip["safe_duration_factor"]), int(trip["safe_duration_offset"]))
    assert safe.of(600) < RULES.max_ride(600), "tighter than the promise"
    measured = ride_times(SqlStore(f"sqlite:///{tmp_path / 'measured.sqlite3'}", "toy-town"), WEEK)
    other = ride_times(SqlStore(f"sqlite:///{tmp_path / 'other.sqlite3'}", "toy-town"), WEEK)
    assert len(measured) >= ENOUGH
    assert share(safe, measured) >= 0.95
    assert share(safe, other) >= 0.9, "another day is no part of what was measured"


def test_a_database_that_is_not_there_is_not_made(toy_folder: Path, tmp_path: Path) -> None:
    words = ["open-data", "gtfs-flex", "--out", str(tmp_path / "f"), "--url", "https://x.example"]
    missing = tmp_path / "none.sqlite3"
    result = CliRunner().invoke(
        app, [*words, "--measured", str(missing), "--region", str(toy_folder)]
    )
    assert (result.exit_code, "There is no database" in result.output) == (1, True)
    assert not missing.exists()
