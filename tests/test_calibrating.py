"""Simulated rides tell journey planners how long rides take, if a planner wants it."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.open_data.durations import ENOUGH, SafeDuration, safe_duration
from shuttle.open_data.tables import read_feed
from shuttle.planning.calibrating import TooFewRides, calibrated
from shuttle.region import Region
from shuttle.region_config import Rules
from tests.planned import NOW, has_run, record
from tests.staff import Office, office

PROMISED = SafeDuration(1.5, 1260)


@pytest.fixture
def here(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as made:
        yield made


def simulated(folder: Path, rides: int) -> Path:
    """Write rides that take a fifth longer than the direct drive, and as many that were refused."""
    folder.mkdir()
    with (folder / "rides.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["seed", "day", "fate", "direct_seconds", "pickup", "dropoff"])
        for number in range(rides):
            direct = 300 + 10 * (number % 60)
            rows.writerow([1, "2027-03-02", "served", direct, NOW, NOW + direct * 6 // 5])
            rows.writerow([1, "2027-03-02", "refused", 0, "", ""])
    return folder


def in_the_feed(here: Office, folder: Path) -> SafeDuration:
    path = folder / "feed.zip"
    path.write_bytes(here.http.get("/open-data/gtfs-flex.zip").content)
    (trip, *_) = read_feed(path).tables["trips"]
    factor, offset = trip["safe_duration_factor"], trip["safe_duration_offset"]
    return SafeDuration(float(factor), int(offset))


def test_a_planner_writes_back_what_a_run_taught_and_takes_it_back(
    here: Office, tmp_path: Path
) -> None:
    run = has_run(here.planning, record(here.planning), simulated(tmp_path / "out", 200))
    address = f"/planning/runs/{run.number}"
    here.sign_in("planner")
    before = in_the_feed(here, tmp_path)
    shown = here.http.get(address, headers={"Accept": "text/html"}).text
    assert "das 1,2-Fache der direkten Fahrt und 0 Minuten" in shown
    assert here.http.post(f"{address}/calibrate").status_code == 403
    assert in_the_feed(here, tmp_path) == before == PROMISED
    here.http.post(f"{address}/calibrate", headers=here.csrf)
    assert in_the_feed(here, tmp_path) == SafeDuration(1.2, 0)
    kept = here.store.runs.calibration()
    assert kept is not None
    assert (kept.run, kept.rides) == (run.number, 200)
    here.http.post(f"{address}/calibrate", headers=here.csrf, data={"back": "yes"})
    assert in_the_feed(here, tmp_path) == PROMISED


def test_the_command_writes_the_same(here: Office, toy_folder: Path, tmp_path: Path) -> None:
    out = simulated(tmp_path / "out", 200)
    words = ["open-data", "calibrate", str(out), "--region", str(toy_folder), "--database"]
    ran = CliRunner().invoke(app, [*words, str(tmp_path / "office.sqlite3")])
    assert ran.exit_code == 0, ran.output
    assert "95 of 100 of 200 rides take at most 1.2 times" in ran.output
    kept = here.store.runs.calibration()
    assert kept is not None
    rules = here.dispatcher.region.config.rules
    assert kept == calibrated(rules, out, 0, "out", kept.made_at)
    assert in_the_feed(here, tmp_path) == SafeDuration(1.2, 0)


def test_too_few_rides_teach_nothing(tmp_path: Path) -> None:
    out = simulated(tmp_path / "out", ENOUGH - 1)
    with pytest.raises(TooFewRides, match=r"has 99 simulated rides, 100 are needed"):
        calibrated(Rules(), out, 1, "", NOW)
    with pytest.raises(TooFewRides, match="has 0 simulated rides"):
        calibrated(Rules(), tmp_path, 1, "", NOW)


def test_driven_rides_and_a_shorter_promise_count_for_more_than_simulated_ones() -> None:
    taught = SafeDuration(1.2, 300)
    assert safe_duration(Rules(), [], taught) == taught
    assert safe_duration(Rules(), [(600, 600)] * ENOUGH, taught) == SafeDuration(1.0, 0)
    for shorter in (Rules(ride_factor=1.1), Rules(ride_extra_minutes=2)):
        assert safe_duration(shorter, [], taught) == safe_duration(shorter, [])
