"""``shuttle scenario``: the same figures for the same seed, pages that need nothing, kept runs."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scenarios import commands
from scenarios.glossary import GLOSSARY
from scenarios.plots import pareto
from scenarios.running import run, seeds_of
from scenarios.scenario import ScenarioError, read_scenario, read_toml
from scenarios.sweep import Failure, Job, Variant, finished, jobs_of, swept, values_of, variants
from shuttle.region import Region

TRIAL = """
region = "region"
repetitions = 2
title = { de = "Probe", en = "Trial" }
dates = { days = [2027-03-02, 2027-03-03] }
demand = { rides = 12 }
improvement = { iterations = 20 }
"""


@pytest.fixture(autouse=True)
def _region_read_once(toy_region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_LOADED", _Always(toy_region))


class _Always(dict[Path, Region]):
    def __init__(self, region: Region) -> None:
        super().__init__()
        self.region = region

    def __contains__(self, _folder: object) -> bool:
        return True

    def __getitem__(self, _folder: Path) -> Region:
        return self.region


@pytest.fixture
def trial(tmp_path: Path, toy_folder: Path) -> Path:
    (tmp_path / "region").symlink_to(toy_folder)
    path = tmp_path / "trial.toml"
    path.write_text(TRIAL, encoding="utf-8")
    return path


def shuttle(*words: str | Path) -> str:
    ran = CliRunner().invoke(commands.scenario, [str(word) for word in words])
    assert ran.exit_code == 0, (ran.output, ran.exception)
    return ran.output


def test_the_same_seed_gives_the_same_files_to_the_last_digit(trial: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        told = shuttle("run", trial, "--seed", "5", "--out", tmp_path / name)
        assert "rides a day" in told
    names = {each.name for each in (tmp_path / "one").iterdir()}
    assert names == {
        "rides.csv", "legs.csv", "figures.csv", "repetitions.csv", "scenario.json", "report.html",
    }  # fmt: skip
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    seeds = (tmp_path / "one" / "repetitions.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in seeds] == ["seed", "5", "6"]


def test_all_tables_are_there_as_parquet_too_if_wanted(trial: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    shuttle("run", trial, "--format", "parquet", "--out", tmp_path / "out")
    for name in ("rides", "legs", "figures", "repetitions"):
        with (tmp_path / "out" / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        table = parquet.read_table(tmp_path / "out" / f"{name}.parquet")
        assert table.column_names == rows[0]
        assert table.num_rows == len(rows) - 1
    rides = parquet.read_table(tmp_path / "out" / "rides.parquet").to_pylist()
    assert {each["day"] for each in rides} == {date(2027, 3, 2), date(2027, 3, 3)}
    waited = [each["pickup"] - each["wanted"] for each in rides if each["fate"] == "served"]
    assert waited
    assert all(each["pickup"] is None for each in rides if each["fate"] == "refused")


def test_without_pyarrow_parquet_is_answered_with_how_to_install_it(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    words = ["run", str(trial), "--format", "parquet", "--out", str(tmp_path / "out")]
    ran = CliRunner().invoke(commands.scenario, words)
    assert "uv sync --extra parquet" in str(ran.exception)
    assert not (tmp_path / "out" / "rides.csv").exists()


def test_a_report_needs_nothing_else_and_has_a_table_beside_each_plot(
    trial: Path, tmp_path: Path
) -> None:
    shuttle("run", trial, "--out", tmp_path / "out")
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "<script" not in text
    assert text.count('<svg role="img" aria-label=') == text.count("<figure>") == 5
    assert text.count("<details>") == 5
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for name in ("served", "kept_rate", "cost_a_ride"):
        assert GLOSSARY[name].meaning in text


@pytest.mark.slow
def test_a_sweep_runs_every_combination_and_keeps_what_is_done(trial: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("sweep", trial, "--out", out, "--vary", "fleet=1..2", "--vary", "window=10,15",
             "--repetitions", "2", "--cores", "1")  # fmt: skip
    shuttle(*words)
    kept = {each: each.stat().st_mtime_ns for each in out.glob("runs/*/*.json")}
    assert len(kept) == 8
    table = (out / "sweep.csv").read_bytes()
    next(iter(kept)).unlink()
    assert "7 of 8 runs were done before" in shuttle(*words)
    again = {each: each.stat().st_mtime_ns for each in out.glob("runs/*/*.json")}
    assert sum(again[each] == kept[each] for each in kept) == 7
    assert (out / "sweep.csv").read_bytes() == table
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("fleet 2, window 15") >= 3
    assert "Fahrten" in page


def test_a_run_that_fails_is_told_of_and_ends_no_other(trial: Path, tmp_path: Path) -> None:
    good = variants(_raw(trial), [], str(trial))[0]
    bad = Variant("bad", {**good.raw, "demand": {"rides": -1}})
    jobs = [*jobs_of(bad, [1], trial, tmp_path), *jobs_of(good, [1], trial, tmp_path)]
    outcomes = list(swept(jobs, 1))
    failure = next(each for each in outcomes if isinstance(each, Failure))
    assert failure.job.variant is bad
    assert "demand.rides" in failure.why
    assert finished(jobs[1]) is not None
    assert finished(jobs[0]) is None


def test_half_a_file_is_no_finished_run(trial: Path, tmp_path: Path) -> None:
    job = Job(Variant("x", {}), 1, trial, tmp_path / "1.json")
    job.file.write_text('{"seed": 1, "da', encoding="utf-8")
    assert finished(job) is None


@pytest.mark.slow
def test_a_sweep_outlives_a_killed_worker_and_goes_on_after_kill_9(
    trial: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = [sys.executable, "-m", "shuttle", "scenario", "sweep", str(trial), "--out", str(out),
             "--vary", "fleet=1..3", "--repetitions", "4", "--cores", "2"]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as first:
        _until(lambda: len(list(out.glob("runs/*/*.json"))) >= 2)
        os.kill(_workers(first.pid)[-1], signal.SIGKILL)
        done = len(list(out.glob("runs/*/*.json")))
        _until(lambda: len(list(out.glob("runs/*/*.json"))) > done + 1)
        first.kill()
    kept = {each: each.stat().st_mtime_ns for each in out.glob("runs/*/*.json")}
    assert 0 < len(kept) <= 12
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    again = {each: each.stat().st_mtime_ns for each in out.glob("runs/*/*.json")}
    assert len(again) == 12
    assert all(again[each] == kept[each] for each in kept)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real Dask scheduler and two workers of one process each, on loopback."""
    pytest.importorskip("distributed")
    file, dask = tmp_path / "scheduler.json", [sys.executable, "-m"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    words = [*dask, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(file)]  # fmt: skip
    started = [subprocess.Popen(words, **quiet)]
    try:
        _until(lambda: file.exists() and "tcp://" in file.read_text(encoding="utf-8"))
        words = [*dask, "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads",
                 "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1",
                 "--local-directory", str(tmp_path)]  # fmt: skip
        started += [subprocess.Popen(words, **quiet) for _ in range(2)]
        yield json.loads(file.read_text(encoding="utf-8"))["address"], started[1:]
    finally:
        for each in reversed(started):
            each.kill()
            each.wait()


@pytest.mark.slow
def test_a_sweep_on_a_cluster_outlives_a_killed_worker_and_is_the_same_as_on_one_core(
    trial: Path, tmp_path: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = cluster
    out, alone = tmp_path / "out", tmp_path / "alone"
    words = [sys.executable, "-m", "shuttle", "scenario", "sweep", str(trial),
             "--vary", "fleet=1..2", "--repetitions", "6"]  # fmt: skip
    there = [*words, "--out", str(out), "--scheduler", address]
    with subprocess.Popen(there, stdout=subprocess.DEVNULL) as sweep:
        _until(lambda: len(list(out.glob("runs/*/*.json"))) >= 2)
        workers[0].kill()
        done = len(list(out.glob("runs/*/*.json")))
        assert sweep.wait(timeout=240) == 0
    assert done < 12
    assert len(list(out.glob("runs/*/*.json"))) == 12
    again = subprocess.run(there, capture_output=True, text=True, check=True)
    assert "12 of 12 runs were done before" in again.stdout
    here = [*words, "--out", str(alone), "--cores", "1"]
    subprocess.run(here, stdout=subprocess.DEVNULL, check=True)
    assert (out / "sweep.csv").read_bytes() == (alone / "sweep.csv").read_bytes()


def refused_on_cluster(trial: Path, out: Path) -> str:
    """Try to sweep on a cluster that is not there; return what is said."""
    words = ["sweep", str(trial), "--out", str(out), "--scheduler", "tcp://127.0.0.1:9"]
    ran = CliRunner().invoke(commands.scenario, words)
    assert isinstance(ran.exception, ScenarioError)
    return str(ran.exception)


def test_a_scheduler_that_does_not_answer_is_told_of(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.cluster.PATIENCE", 0.2)
    pytest.importorskip("distributed")
    said = refused_on_cluster(trial, tmp_path / "out")
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in said


def test_without_dask_a_cluster_is_answered_with_how_to_install_it(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "uv sync --extra cluster" in refused_on_cluster(trial, tmp_path / "out")


def _until(happened: object) -> None:
    assert callable(happened)
    for _ in range(2400):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it never happened")


def _workers(parent: int) -> list[int]:
    """Return the sweep's own processes that do runs."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = each.read_text().rsplit(")", 1)[1].split()
            words = (each.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"spawn_main" in words:
            found.append(int(each.parent.name))
    return sorted(found)


def _raw(path: Path) -> dict[str, object]:
    return read_toml(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fleet=2..5", ("fleet.vehicles", [2, 3, 4, 5])),
        ("window=10,15,20", ("rules.window_minutes", [10, 15, 20])),
        ("rules.ride_factor=1.3,1.5", ("rules.ride_factor", [1.3, 1.5])),
    ],
)
def test_what_varies_is_a_name_and_values(text: str, found: object) -> None:
    assert values_of(text) == found


@pytest.mark.parametrize("text", ["fleet", "fleet=", "=3", "fleet=a..b", "fleet=5..2", "x=1,,2"])
def test_what_does_not_vary_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(ScenarioError, match="write a name and values such as fleet"):
        values_of(text)


def test_a_variant_that_is_no_scenario_is_told_before_anything_runs(trial: Path) -> None:
    with pytest.raises(ScenarioError, match=r"demand\.xyz: there is no such key"):
        variants(_raw(trial), ["demand.xyz=1,2"], "trial.toml")


def test_what_is_no_table_cannot_be_varied_within(trial: Path) -> None:
    with pytest.raises(ScenarioError, match=r"title\.de\.x cannot be varied: de is no table"):
        variants(_raw(trial), ["title.de.x=1,2"], "trial.toml")


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_results_that_cannot_be_kept_are_told_of_before_anything_runs(
    command: str, trial: Path
) -> None:
    words = [command, str(trial), "--out", str(trial)]
    ran = CliRunner().invoke(commands.scenario, words)
    assert isinstance(ran.exception, ScenarioError)
    assert "cannot be made a folder: File exists" in str(ran.exception)


def test_the_front_joins_what_no_other_beats() -> None:
    plot = pareto([("a", 10, 0.5), ("b", 20, 0.4), ("c", 30, 0.9)])
    assert [row[-1] for row in plot.rows] == ["yes", "", "yes"]


def test_the_record_of_a_run_says_what_was_run(trial: Path, tmp_path: Path) -> None:
    shuttle("run", trial, "--out", tmp_path / "out", "--repetitions", "1")
    record = json.loads((tmp_path / "out" / "scenario.json").read_text(encoding="utf-8"))
    assert record["scenario"]["demand"]["rides"] == 12
    assert record["repetitions"] == 1


def test_ctrl_c_leaves_the_repetitions_that_are_whole(trial: Path, toy_region: Region) -> None:
    scenario = read_scenario(trial)
    days = []

    def told(_rides: int, day: int) -> None:
        days.append(day)
        if len(days) == 3:
            raise KeyboardInterrupt

    done = run(scenario, toy_region, seeds_of(scenario), None, told)
    assert done.interrupted
    assert [each.seed for each in done.repetitions] == [1]
    assert done.repetitions[0].days == 2
