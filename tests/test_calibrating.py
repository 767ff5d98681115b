"""Simulated rides tell how long rides take and how long people wait, if a planner wants it."""

import csv
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scenarios.running import run
from scenarios.scenario import scenario_of
from scenarios.scenario_region import region_of
from shuttle.cli import app
from shuttle.open_data.durations import ENOUGH, SafeDuration, safe_duration
from shuttle.open_data.tables import read_feed
from shuttle.open_data.waiting import ExpectedWaiting, Wait, expected_waiting
from shuttle.planning.calibrating import TooFewRides, calibrated
from shuttle.region import Region
from shuttle.region_config import Rules
from tests.planned import NOW, has_run, record
from tests.staff import Office, office
from tests.toy_town import coordinates

PROMISED = SafeDuration(1.5, 1260)


@pytest.fixture
def here(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as made:
        yield made


def simulated(folder: Path, rides: int) -> Path:
    """Write rides that take a fifth longer than the direct drive, and as many that were refused.

    They begin in Oberdorf at ten, and let people wait 0 to 39 minutes.
    """
    folder.mkdir()
    with (folder / "rides.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            [
                *("seed", "day", "fate", "direct_seconds", "pickup", "dropoff"),
                *("village", "hour", "asked_at", "wanted", "when"),
            ]
        )
        for number in range(rides):
            direct, wanted = 300 + 10 * (number % 60), NOW - 60 * (number % 40)
            asked = ["Oberdorf", 10, wanted - 900, wanted, "depart_at"]
            times = [direct, NOW, NOW + direct * 6 // 5]
            rows.writerow([1, "2027-03-02", "served", *times, *asked])
            rows.writerow([1, "2027-03-02", "refused", 0, "", "", *asked])
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
    assert "Half of 200 who asked within the hour waited at most 19 minutes" in ran.output
    kept = here.store.runs.calibration()
    assert kept is not None
    rules = here.dispatcher.region.config.rules
    assert kept == calibrated(rules, out, 0, "out", kept.made_at)
    assert in_the_feed(here, tmp_path) == SafeDuration(1.2, 0)


# ------------------------------------------------------------------------------------- waiting


def waits(minutes: list[int], village: str = "Oberdorf", hour: str = "10") -> list[Wait]:
    return [Wait(village, hour, 60 * each) for each in minutes]


def test_half_of_the_people_and_nine_of_ten_wait_no_longer_than_is_told() -> None:
    rng = random.Random(5)
    for size in (20, 37, 200):
        minutes = [int(rng.expovariate(0.1)) for _ in range(size)]
        told = expected_waiting(waits(minutes)).at("Oberdorf", 10)
        assert told is not None
        assert told.rides == size
        for share, longest in ((0.5, told.half), (0.9, told.most)):
            within = sum(60 * each <= longest for each in minutes)
            assert within >= share * size
            assert sum(60 * each <= longest - 60 for each in minutes) < share * size


def test_where_few_rode_the_whole_area_speaks_then_the_village_then_all() -> None:
    known = expected_waiting(
        [
            *waits([5] * 20, "Oberdorf", "10"),
            *waits([10] * 20, "Niederdorf", "10"),
            *waits([20] * 20, "Oberdorf", "11"),
            *waits([30] * 19, "", "12"),
        ]
    )
    told = {
        place: [known.at(place, hour) for hour in (10, 11, 12)]
        for place in ("Oberdorf", "Niederdorf", "")
    }
    minutes = {place: [each and each.half // 60 for each in row] for place, row in told.items()}
    assert minutes["Oberdorf"] == [5, 20, 5]
    assert minutes["Niederdorf"] == [10, 20, 10]
    assert minutes[""] == [5, 20, 10]
    assert [hour for hour, _ in known.by_hour("Niederdorf")] == [10, 11]
    assert ExpectedWaiting.read(known.text()) == known
    assert ExpectedWaiting().at("Oberdorf", 10) is None
    assert list(ExpectedWaiting().by_hour("")) == []


def test_only_who_asked_within_the_hour_for_a_departure_says_how_long_one_waits(
    tmp_path: Path,
) -> None:
    out = simulated(tmp_path / "out", 200)
    told = calibrated(Rules(), out, 1, "", NOW).waiting.overall
    assert told is not None
    assert (told.half, told.most, told.rides) == (19 * 60, 35 * 60, 200)
    text = (out / "rides.csv").read_text(encoding="utf-8")
    (out / "rides.csv").write_text(text.replace("depart_at", "arrive_by"), encoding="utf-8")
    assert calibrated(Rules(), out, 1, "", NOW).waiting == ExpectedWaiting()
    (out / "rides.csv").write_text(text.replace(",when", ",other"), encoding="utf-8")
    assert calibrated(Rules(), out, 1, "", NOW).waiting == ExpectedWaiting(), "from before"


def test_a_simulated_day_teaches_how_long_people_wait(toy_region: Region, tmp_path: Path) -> None:
    tried = scenario_of(
        {
            "title": {"de": "Probe", "en": "Trial"},
            "dates": {"days": [date(2027, 3, 2), date(2027, 3, 3)]},
            "demand": {"rides": 120},
            "improvement": {"on": False},
        },
        "trial.toml",
    )
    done = run(tried, region_of(tried, toy_region, "trial.toml"), [1, 2], tmp_path, lambda *_: None)
    assert len(done.repetitions) == 2
    told = calibrated(toy_region.config.rules, tmp_path, 1, "", NOW).waiting
    assert told.overall is not None
    assert 0 <= told.overall.half <= told.overall.most
    assert len(list(told.by_hour("Oberdorf"))) >= 2


def test_what_was_taught_stands_on_the_pages_of_stops_and_in_the_wait_time(
    here: Office, tmp_path: Path
) -> None:
    found = has_run(here.planning, record(here.planning), simulated(tmp_path / "out", 200))
    here.sign_in("planner")

    def page() -> str:
        text: str = here.http.get("/stops/kirche", headers={"Accept": "text/html"}).text
        return text

    def wait(**to: float) -> int:
        north, east = coordinates((0, 280))
        asked = {"pickup_lat": north, "pickup_lon": east, **to}
        [told] = here.http.get("/open-data/wait_time", params=asked).json()["data"]["wait_times"]
        seconds: int = told["wait_time"]
        return seconds

    lat, lon = coordinates((3000, 260))
    alone, there = wait(), wait(drop_off_lat=lat, drop_off_lon=lon)
    assert "So lange wartet man hier" not in page()
    here.http.post(f"/planning/runs/{found.number}/calibrate", headers=here.csrf)
    assert "So lange wartet man hier" in page()
    hour = page().partition("10:00–11:00")[2]
    assert re.findall(r"<td[^>]*>(\d+)</td>", hour)[:2] == ["19", "35"]
    # Ten minutes is the soonest; whoever says where to is told what they could book.
    assert wait() == max(alone, 10 * 60 + 19 * 60) > alone
    assert wait(drop_off_lat=lat, drop_off_lon=lon) == there
    text = here.http.get(f"/planning/runs/{found.number}", headers={"Accept": "text/html"}).text
    assert "höchstens 19 Minuten nach der gewünschten Zeit" in text


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
