import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks import days, growth, offers, scenarios
from benchmarks.day_problems import (
    DAY,
    WINDOWS,
    Worth,
    day_problem,
    faults_of,
    insertion_alone,
    vehicles_for,
    worth_of,
)
from benchmarks.day_runs import ENGINES, Day, Run, timed_run
from benchmarks.offer_days import DAY as OFFER_DAY
from benchmarks.offer_days import Residents, as_busy, busy, with_fleet
from benchmarks.offer_profile import STEPS
from benchmarks.report import until_interrupted
from routing.budget import Budget, Progress
from routing.improvement import improve
from routing.problem import Problem, Solution
from scenarios.demand import wishes
from shuttle.plan import DayPlan
from shuttle.region import BUNDLED, Region
from tests.browser import CHROMIUM
from tests.days import busy_day


@pytest.fixture(scope="module")
def region() -> Region:
    return Region.load(BUNDLED)


@pytest.fixture(autouse=True)
def _loaded_once(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the bundled region to whoever loads it, and leave every other folder alone."""
    load = Region.load
    monkeypatch.setattr(
        Region, "load", lambda folder, *told: region if folder == BUNDLED else load(folder, *told)
    )


@pytest.fixture(scope="module")
def problem(region: Region) -> Problem:
    found = day_problem(region, wishes(region, DAY, 30, 1), 1, WINDOWS["tight"])
    assert found is not None
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# ---------------------------------------------------------------------------------------- days


def test_days_prints_a_table_and_writes_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--rides", "12,45", "--seconds", "0.3", "--engines", "ours"]
    days.main([*words, "--json", str(tmp_path / "days.json")])
    printed = capsys.readouterr().out
    assert re.search(r"\d+ cores", printed)
    assert "45 / 2, tight" in printed
    assert "after 0.3 s" in printed
    runs = read(tmp_path / "days.json")["runs"]
    kinds = [(run["rides"], run["windows"], run["engine"]) for run in runs]
    assert kinds == [
        (rides, windows, engine)
        for rides in (12, 45)
        for windows in ("tight", "loose")
        for engine in ("insertion", "ours")
    ]
    for alone, own in zip(runs[::2], runs[1::2], strict=True):
        assert own["cost"] <= alone["cost"]
        assert own["faults"] == alone["faults"] == []
        assert own["curve"][0]["unserved"] == alone["unserved"]
        assert own["curve"][-1]["driving_seconds"] == own["driving_seconds"]
        assert own["cost"] == own["driving_seconds"] + 36_000 * own["unserved"]


def test_an_engine_that_is_not_there_is_skipped_with_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "ortools", "routing.no_such_engine:improve")
    days.main(["--rides", "5", "--seconds", "0.1", "--engines", "ortools"])
    printed = capsys.readouterr().out
    assert "skipped: OR-Tools routing" in printed
    assert "insertion alone" in printed


def test_the_plot_is_small_and_the_same_each_time(tmp_path: Path) -> None:
    plot = pytest.importorskip("benchmarks.day_plot", exc_type=ImportError)
    words = ["--rides", "12", "--seconds", "0.2", "--engines", "ours", "--plot"]
    days.main([*words, str(tmp_path / "days.svg")])
    text = (tmp_path / "days.svg").read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert "12 rides, 1 vehicle<" in text
    assert not re.search(r"https?://(?!www\.w3\.org/(2000/svg|1999/xlink)\")", text)
    assert "<dc:date>" not in text
    run = timed_run_of_nothing()
    for name in ("a.svg", "b.svg"):
        plot.draw(run, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def timed_run_of_nothing() -> Sequence[Run]:
    day = Day("Somewhere", 10, 1, "tight", 1)
    before, after = Worth(2, 5000), Worth(0, 4000)
    curve = ((0.0, before), (0.1, after), (0.5, after))
    return [Run(day, "insertion", ((0.01, before),)), Run(day, "ours", curve)]


def test_fleets_are_as_asked_for() -> None:
    assert [vehicles_for(rides) for rides in (1, 45, 150, 400, 1000)] == [1, 2, 5, 10, 20]


def test_windows_are_as_wide_as_they_are_called(region: Region) -> None:
    asked = wishes(region, DAY, 20, 1)
    for windows in WINDOWS.values():
        found = day_problem(region, asked, 2, windows)
        assert found is not None
        for request in found.requests:
            trip = request.options[0]
            direct = int(region.travel.seconds[trip.pickup, trip.dropoff])
            assert trip.pickup_latest - trip.pickup_earliest == windows.pickup
            assert trip.max_ride == round(windows.factor * direct) + windows.extra
            assert trip.pickup_latest + trip.pickup_service + direct <= trip.dropoff_latest


def test_a_cost_says_both(problem: Problem) -> None:
    tours, _ = insertion_alone(problem)
    solution = improve(problem, tours, budget=Budget(iterations=100))
    worth = worth_of(problem, solution.tours)
    assert worth == Worth.of_cost(solution.cost)
    assert worth.unserved == len(solution.unserved)
    assert faults_of(problem, solution) == []


def test_a_plan_that_is_not_right_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def liar(problem: Problem, *_: Any, **__: Any) -> Solution:
        return Solution(problem.tours, (), 0)

    monkeypatch.setattr(days, "engine_named", lambda _: liar)
    with pytest.raises(SystemExit) as ended:
        days.main(["--rides", "5", "--seconds", "0.1", "--engines", "ours"])
    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "FAILED: own search" in printed
    assert "1 FAILED" in printed


def test_ctrl_c_lets_an_engine_end_in_order(problem: Problem) -> None:
    ended = []

    def engine(problem: Problem, start: Any, **how: Any) -> Solution:
        os.kill(os.getpid(), signal.SIGINT)
        assert how["stop"](Progress(1, 0.1, 10**9))
        ended.append(True)
        return improve(problem, start, budget=Budget(iterations=0))

    tours, _ = insertion_alone(problem)
    before = signal.getsignal(signal.SIGINT)  # ignored, where tests run in the background
    with pytest.raises(KeyboardInterrupt):
        timed_run("ours", engine, problem, Day("", 30, 1, "", 1), tours, 1.0, lambda _: None)
    assert ended
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_done_is_kept_when_interrupted(capsys: pytest.CaptureFixture[str]) -> None:
    def pieces() -> Iterator[int]:
        yield 1
        raise KeyboardInterrupt

    assert until_interrupted(pieces()) == [1]
    assert "Interrupted" in capsys.readouterr().out


# -------------------------------------------------------------------------------------- growth


@pytest.mark.slow
def test_growth_prints_both_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "busy_day", partial(busy_day, places=60))
    words = ["--smallest", "12", "--rows", "2", "--calls", "3", "--steps", "400"]
    growth.main([*words, "--offers", "1/12,2/24", "--json", str(tmp_path / "growth.json")])
    printed = capsys.readouterr().out
    assert "power of the trips" in printed
    assert "24 / 1 " in printed
    assert "An offer of 100 options" in printed
    rows = read(tmp_path / "growth.json")["growth"]
    assert [row["trips"] for row in rows] == [12, 24]
    assert all(row[name] > 0 for row in rows for name in growth.COLUMNS)
    assert rows[0]["arrays_mb"] < rows[1]["arrays_mb"] < rows[1]["peak_mb"]


# -------------------------------------------------------------------------------------- offers


def test_offers_prints_latencies_and_where_they_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--fleets", "1", "--busy", "1", "--timed", "30", "--profile"]
    offers.main([*words, "--json", str(tmp_path / "offers.json")])
    printed = capsys.readouterr().out
    assert "A full offer in Amt Süderbrarup" in printed
    assert printed.count("insertion: compiled search") == 2
    first, second = read(tmp_path / "offers.json")["rows"]
    assert first["p50_ms"] <= first["p99_ms"]
    assert second["busy"] > 0.6
    for row in (first, second):
        for kind, part in row["profile"].items():
            parts = part["us"]
            assert part["number"] == 0 or sum(parts.values()) > 100
            assert parts["refusal: its reason"] == 0 or kind == "refusal"


def test_timers_are_gone_after_a_profile() -> None:
    for step in STEPS:
        assert "timed" not in repr(vars(step.owner)[step.name])


def test_a_busy_day_is_whole(region: Region) -> None:
    plan = as_busy(region, 2, 0.3, Residents(region, 1), lambda _: None)
    assert 0.3 <= busy(plan, region.travel) < 0.5
    carried = {halt.trip for tour in plan.tours for halt in tour.halts if halt.trip}
    assert carried == set(plan.bookings)
    shifts = with_fleet(region, range(2)).shifts(OFFER_DAY)
    assert tuple(tour.shift for tour in plan.tours) == shifts


def test_waiting_is_not_busy(region: Region) -> None:
    shifts = with_fleet(region, range(1)).shifts(OFFER_DAY)
    plan = as_busy(region, 1, 0.0, Residents(region, 1), lambda _: None)
    assert plan.tours[0].shift == shifts[0]
    emptied = replace(plan.tours[0], halts=(plan.tours[0].halts[0], plan.tours[0].halts[-1]))
    assert busy(DayPlan.of(OFFER_DAY, 0, [emptied], {}, region), region.travel) == 0


# ----------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("main", "words", "told"),
    [
        (days.main, ["--rides", "45,none"], "--rides"),
        (days.main, ["--rides", "0"], "whole number above 0"),
        (days.main, ["--seconds", "-1"], "seconds above 0"),
        (days.main, ["--seeds", "many"], "'many'"),
        (days.main, ["--engines", "best"], "ours, ortools"),
        (days.main, ["--map", "no_such.osm.pbf"], "there is no file"),
        (days.main, ["--plot", "no_such_folder/days.svg"], "folder"),
        (growth.main, ["--offers", "20x1000"], "20/1000"),
        (growth.main, ["--rows", "1.5"], "--rows"),
        (growth.main, ["--wrong"], "--wrong"),
        (offers.main, ["--timed", "0"], "--timed"),
        (offers.main, ["no_such_region"], "region.toml is missing"),
    ],
)
def test_a_wrong_argument_is_told_in_one_sentence(
    main: Callable[[Sequence[str]], None],
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert told in printed.err
    assert printed.err.count("\n") == 1


def test_a_map_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.osm.pbf").write_bytes(b"nothing")
    with pytest.raises(SystemExit) as ended:
        days.main(["--map", str(tmp_path / "empty.osm.pbf"), "--rides", "5"])
    assert ended.value.code == 2
    assert "empty.osm.pbf" in capsys.readouterr().err


def test_a_command_explains_itself() -> None:
    command = [sys.executable, "-m", "benchmarks.days", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: benchmarks.days")


@pytest.mark.slow
def test_the_live_day_is_played_and_its_offers_timed() -> None:
    printed = _printed("benchmarks.live", "--quick")
    assert "insertion alone" in printed
    assert "p99" in printed


@pytest.mark.slow
def test_roads_are_read_and_their_travel_times_compared() -> None:
    printed = _printed("benchmarks.roads")
    assert "snapping" in printed
    assert "ms" in printed


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs a browser: there is no {CHROMIUM}")
def test_first_views_are_measured_and_every_state_is_drawn(tmp_path: Path) -> None:
    printed = _printed("benchmarks.pages", "--rounds", "1", "--screens", str(tmp_path / "screens"))
    assert "largest paint" in printed
    names = {each.name for each in (tmp_path / "screens").iterdir()}
    assert {"ask-360.png", "offers-768.png", "booked-1440.png"} <= names
    assert {
        "staff-desk-done-360.png",
        "staff-board-1440.png",
        "staff-planning-new-768.png",
    } <= names


@pytest.mark.slow
def test_offers_of_one_of_several_regions_are_timed() -> None:
    few = "--regions 2 --vehicles 4 --bookings 100 --seconds 1"
    printed = _printed("benchmarks.kreis", *few.split())
    assert "heavy load in one other region" in printed
    assert "idle, % of a core" in printed


@pytest.mark.slow
def test_bookings_of_a_process_that_is_killed_are_counted() -> None:
    printed = _printed("benchmarks.processes", "--processes", "1", "--seconds", "2")
    assert "lost" in printed


def _printed(module: str, *arguments: str) -> str:
    """Run a benchmark as a user does; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_simulated_days_are_timed_and_their_memory_told(capsys: pytest.CaptureFixture[str]) -> None:
    scenarios.main(["--small", "--seeds", "1", "--iterations", "10", "--days", "1"])
    told = capsys.readouterr().out
    assert "45 / 2, 10" in told
    assert "process MB" in told
