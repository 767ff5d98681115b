import json
import math
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import quality, quality_runs
from benchmarks.engines import ENGINES, Engine, Search
from benchmarks.instances import judge, read_instance
from benchmarks.quality_runs import Job, Run
from benchmarks.quality_tables import folder_rows, instance_rows, median_run, side_by_side
from routing.improvement import improve
from tests.test_instances import DIAL_A_RIDE, LI_LIM, written

# Two requests, far in the east and the west, by turns: two vehicles drive half as far as one.
EAST_AND_WEST = """\
    3 10 1
    0 0 0 0 0 100 0 0 0
    1 10 0 5 10 12 0 0 2
    2 10 1 -5 50 52 0 1 0
    3 -10 0 5 30 32 0 0 4
    4 -10 1 -5 70 72 0 3 0
"""

RUN = Run(
    folder="set",
    instance="line",
    requests=1,
    vehicles_first=True,
    best_vehicles=2,
    best_cost=100.0,
    engine="ours",
    seconds=1.0,
    seed=1,
    clock="wall",
    vehicles=2,
    cost=100.0,
    faults=(),
    wall_seconds=1.0,
    cpu_seconds=0.5,
)
FAILED = replace(RUN, cost=0.0, vehicles=0, faults=("1 nodes are not visited, 0 twice",))


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """A folder of either kind, and a list of best known solutions above both."""
    for name, text in (("rides", DIAL_A_RIDE), ("goods", LI_LIM)):
        (tmp_path / name).mkdir()
        written(tmp_path / name, text, name.removesuffix("s"))
    listed = "set,instance,vehicles,cost,status\nrides,ride,,10.0,\ngoods,good,1,20.0,\n"
    (tmp_path / "best_known.csv").write_text(listed, encoding="utf-8")
    return [tmp_path / "rides", tmp_path / "goods"]


def only_in_this_process(job: Job, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Run:
    monkeypatch.setitem(ENGINES, job.engine, engine)
    return quality_runs._run(job)


def test_everything_is_solved_printed_and_written(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = tmp_path / "found.json"
    words = [*map(str, folders), "--seconds", "0.3", "--seeds", "2", "--json", str(found)]
    assert quality.main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cores" in lines[0]
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]
    assert ["ride", "2", "ours", "0.3", "2", "0", "10.00", "1 / 10.00", "0.000"] in [
        row[:9] for row in cells
    ]
    assert ["good", "1", "ours", "0.3", "2", "0", "1 / 20.00", "1 / 20.00", "0.000"] in [
        row[:9] for row in cells
    ]
    assert ["ours", "0.3", "1", "2", "0", "0.000", "0.000", "1", "1", "1"] in cells
    written_runs = json.loads(found.read_text(encoding="utf-8"))
    assert [(run["instance"], run["seed"]) for run in written_runs["runs"]] == [
        ("ride", 1), ("ride", 2), ("good", 1), ("good", 2),
    ]  # fmt: skip
    assert all(0.25 < run["wall_seconds"] < 5 and not run["faults"] for run in written_runs["runs"])
    assert not list(tmp_path.glob("*.part"))


def test_an_absent_engine_and_what_one_cannot_express_are_skipped_in_a_line_each(
    folders: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "pyvrp", replace(ENGINES["pyvrp"], module="not_there"))
    here = replace(ENGINES["pyvroom"], module="json", package="")
    monkeypatch.setitem(ENGINES, "pyvroom", here)
    assert quality.main([str(folders[0]), "--engine", "pyvrp,pyvroom", "--seeds", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "skipped: pyvrp, not installed: uv run --group rivals python -m benchmarks.quality ...",
        "skipped: pyvroom on 1 of 1 instances of rides, it cannot express ride-time limits",
    ]


def test_a_wrong_solution_has_failed(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    instance = read_instance(folders[0] / "ride.txt")
    job = Job("rides", instance, "wrong", 1.0, 1, "wall")

    def nothing(*_: object) -> Search:
        return list

    run = only_in_this_process(job, monkeypatch, Engine("json", "", "", nothing))
    assert run.failed
    assert run.gap is None
    assert not run.reached
    row = instance_rows([run, replace(run, faults=(), cost=14.0, best_cost=14.0)])[0]
    assert "failed" in row
    assert any("1" in cell and "red" in cell for cell in row)


def test_an_engine_that_breaks_fails_its_run(folders: list[Path]) -> None:
    instance = read_instance(folders[0] / "ride.txt")
    broken: Future[Run] = Future()
    broken.set_exception(ValueError("too many vehicles"))
    run = quality_runs._outcome(broken, Job("rides", instance, "ours", 1.0, 1, "wall"))
    assert run.faults == ("ValueError: too many vehicles",)
    assert (run.instance, run.best_cost) == ("ride", None)


def test_runs_rank_by_failure_vehicles_and_cost() -> None:
    long, many = replace(RUN, cost=130.0), replace(RUN, vehicles=3, cost=90.0)
    assert median_run([many, RUN, FAILED, long]) == many
    assert median_run([long, RUN]) == long
    assert [run.gap for run in (RUN, many, FAILED)] == [0.0, None, None]
    assert long.gap == pytest.approx(30.0)
    assert [run.reached for run in (RUN, long, many, FAILED)] == [True, False, False, False]
    assert replace(RUN, cost=100.005).reached
    assert replace(RUN, vehicles=1, cost=500.0).reached
    assert [replace(RUN, cost=cost).news for cost in (99.9, 99.999, 100.0)] == [True, False, False]
    assert replace(RUN, vehicles=1, cost=500.0).news


def test_the_summary_counts_failures_and_keeps_distances_of_other_fleets_out() -> None:
    other = replace(RUN, instance="other", vehicles=3, cost=90.0)
    assert folder_rows([RUN, replace(RUN, cost=102.0), FAILED, other], ["ours"], True) == [
        ["ours", "1", "2", "4", "[bold red]1[/]", "1.000", "2.000", "0", "1", "1"]
    ]


def test_engines_stand_side_by_side_against_the_first() -> None:
    rival = replace(RUN, engine="rival")
    more, short = replace(rival, vehicles=3, cost=90.0), replace(rival, cost=99.0)
    runs = [RUN, *(replace(RUN, instance=name) for name in "abcd"), replace(FAILED, instance="e")]
    runs += [replace(more, instance="a"), replace(short, instance="b")]
    runs += [replace(rival, instance="c"), replace(rival, instance="e")]
    rows = side_by_side(runs, ["ours", "rival"])
    assert [row[-1] for row in rows] == [
        "-", "+1 vehicle", "0.9900", "1.0000", "-", "the first failed",
        "2 better, 1 equal, 1 worse",
    ]  # fmt: skip


def test_ctrl_c_prints_what_has_been_done(folders: list[Path], tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    words = [str(folders[0]), "--seconds", "0.1", "--seeds", "5000", "--json", str(found)]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.quality", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (found.is_file() and '"seed"' in found.read_text()):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "of 5000 runs are done" in out
    assert "rides: summary" in out
    assert "Traceback" not in errors
    assert json.loads(found.read_text())["runs"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "The following arguments are required: FOLDER."),
        (["nowhere"], "nowhere is no folder with instances (*.txt) in it."),
        (["rides", "rides"], "There are two folders called rides."),
        (["rides", "--engine", "magic"], "There is no engine 'magic', only ours"),
        (["rides", "--seconds", "ten"], "'ten' is no list of seconds like 1,10."),
        (["rides", "--seconds", "1,0"], "a budget must be more than 0 seconds."),
        (["rides", "--seeds", "0"], "--seeds must be at least 1."),
        (["rides", "--jobs", "10000"], "there is one core for each run."),
        (["rides", "--only", "ride,pride"], "There is no instance 'pride' in these folders."),
        (["rides", "--json", "no/where.json"], "There is no folder for no/where.json."),
        (["rides", "--json", "goods"], "goods is a folder, no file to write to."),
        ([".", "--clock", "sun"], "invalid choice: 'sun'"),
        (["broken"], "x.txt is no dial-a-ride or Li & Lim instance"),
    ],
)
def test_wrong_arguments_are_refused_in_one_sentence(
    folders: list[Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(folders[0].parent)
    Path("broken").mkdir()
    written(Path("broken"), "hello\n", "x")
    with pytest.raises(SystemExit) as left:
        quality.main(words)
    assert left.value.code == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_or_tools_is_asked_like_our_own_search(
    folders: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = SimpleNamespace(improve_with_ortools=improve)
    monkeypatch.setitem(sys.modules, "routing.ortools_engine", stand_in)
    instance = read_instance(folders[1] / "good.txt")
    assert ENGINES["ortools"].prepare(instance, 0.1, 1, "wall")() == [(1, 2)]


@pytest.mark.parametrize(("engine", "module"), [("pyvrp", "pyvrp"), ("pyvroom", "vroom")])
def test_rivals_look_for_fewer_vehicles_before_less_distance(
    tmp_path: Path, engine: str, module: str
) -> None:
    pytest.importorskip(module)
    instance = read_instance(written(tmp_path, EAST_AND_WEST))
    routes = ENGINES[engine].prepare(instance, 0.5, 1, "wall")()
    verdict = judge(instance, routes)
    assert (verdict.vehicles, verdict.faults) == (1, ())
    assert verdict.cost == pytest.approx(10 + 20 + math.hypot(20, 1) + 20 + math.hypot(10, 1))


def test_rivals_leave_ride_time_limits_alone(folders: list[Path]) -> None:
    ride, good = read_instance(folders[0] / "ride.txt"), read_instance(folders[1] / "good.txt")
    for name in ("pyvrp", "pyvroom"):
        assert ENGINES[name].cannot(ride) == "cannot express ride-time limits"
        assert ENGINES[name].cannot(good) == ""
