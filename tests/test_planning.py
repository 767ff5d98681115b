"""The workbench: runs from stored records, one after the other, in processes of their own."""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from scenarios.measures import Repetition
from scenarios.running import write_repetitions
from scenarios.scenario import ScenarioError
from scenarios.workbench import scenarios_of
from shuttle.keeping.sql_store import SqlStore
from shuttle.planning.processes import is_running, start
from shuttle.planning.runs import Run, RunState, UnknownRun
from shuttle.planning.workbench import Workbench
from shuttle.region import Region
from tests.planned import NOW, TRIAL, has_run, record

ENDLESS = TRIAL.replace("repetitions = 2", "repetitions = 9000")


@pytest.fixture(scope="module")
def store(toy_region: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    path = tmp_path_factory.mktemp("planning") / "planning.sqlite3"
    made = SqlStore(f"sqlite:///{path}", toy_region.config.id)
    yield made
    made.close()


@pytest.fixture
def workbench(toy_region: Region, store: SqlStore, tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench(toy_region, store.runs, tmp_path, scenarios_of(store, toy_region))
    yield made
    for run in reversed(store.runs.runs()):
        forget(made, run)


def forget(workbench: Workbench, run: Run) -> None:
    """Remove a run and wait until nothing of it runs or is kept any more."""
    folder = workbench.folder_of(workbench.store.run(run.number))
    process = process_in(folder)
    workbench.remove(run.number, NOW + 9)

    def gone() -> bool:
        workbench.go_on(NOW + 9)
        return not folder.exists() and (process is None or not process.exists())

    wait_for(gone)


def process_in(folder: Path) -> Path | None:
    """Return where the system shows the process that was started in a folder."""
    number = folder / "process.pid"
    return Path("/proc") / number.read_text().strip() if number.exists() else None


def wait_for(happened: Callable[[], bool], seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)


def ended(workbench: Workbench, number: int) -> Run:
    def over() -> bool:
        workbench.go_on(NOW + 9)
        return workbench.store.run(number).state not in (RunState.QUEUED, RunState.RUNNING)

    wait_for(over)
    return workbench.store.run(number)


def figures(workbench: Workbench, run: Run) -> tuple[bytes, bytes]:
    folder = workbench.results(run).folder
    return (folder / "figures.csv").read_bytes(), (folder / "repetitions.csv").read_bytes()


def begun(workbench: Workbench, run: Run) -> None:
    """Wait until a run has simulated a repetition."""
    wait_for(lambda: workbench.progress(run).days >= 2)


def test_a_run_from_its_record_gives_the_same_figures_to_the_last_digit(
    workbench: Workbench, planned: Path
) -> None:
    run = has_run(workbench, record(workbench), planned / "two")
    first, folder = figures(workbench, run), workbench.folder_of(run)
    workbench.again(run.number, NOW + 1)
    assert not folder.exists()
    once_more = ended(workbench, run.number)
    assert (once_more.state, once_more.attempt) == (RunState.FINISHED, 2)
    assert once_more.scenario == run.scenario
    assert workbench.progress(once_more).share == 1
    assert figures(workbench, once_more) == first


@pytest.mark.slow
def test_one_runs_while_others_wait_and_a_cancelled_one_keeps_what_is_whole(
    workbench: Workbench,
) -> None:
    first = workbench.add("Endless", ENDLESS, NOW)
    second = workbench.add("Trial", TRIAL, NOW)
    assert workbench.store.run(first.number).state is RunState.RUNNING
    assert workbench.store.run(second.number).state is RunState.QUEUED
    begun(workbench, first)
    workbench.go_on(NOW)
    assert workbench.store.run(second.number).state is RunState.QUEUED
    workbench.cancel(first.number, NOW)
    assert ended(workbench, second.number).state is RunState.FINISHED
    wait_for(lambda: not is_running(workbench.folder_of(first)))
    kept = workbench.results(workbench.store.run(first.number))
    assert 0 < kept.repetitions < 9000
    assert kept.figures()["served"].mean > 0


def test_whoever_waits_can_be_cancelled_before_anything_runs(workbench: Workbench) -> None:
    workbench.add("Endless", ENDLESS, NOW)
    waiting = workbench.add("Trial", TRIAL, NOW)
    workbench.cancel(waiting.number, NOW)
    assert workbench.store.run(waiting.number).state is RunState.CANCELLED
    assert not workbench.folder_of(waiting).exists()


def test_a_run_outlives_the_server_and_one_whose_process_is_gone_is_interrupted(
    workbench: Workbench, toy_region: Region, store: SqlStore, tmp_path: Path
) -> None:
    run = workbench.add("Endless", ENDLESS, NOW)
    begun(workbench, run)
    restarted = Workbench(toy_region, store.runs, tmp_path, scenarios_of(store, toy_region))
    restarted.go_on(NOW)
    assert restarted.store.run(run.number).state is RunState.RUNNING
    kill(restarted, run)
    restarted.go_on(NOW + 1)
    assert restarted.store.run(run.number).state is RunState.INTERRUPTED
    restarted.again(run.number, NOW + 2)
    assert restarted.store.run(run.number).state is RunState.RUNNING


def kill(workbench: Workbench, run: Run) -> None:
    folder = workbench.folder_of(run)
    os.kill(int((folder / "process.pid").read_text()), signal.SIGKILL)
    wait_for(lambda: not is_running(folder))


@pytest.mark.slow
def test_a_run_that_fails_says_why(workbench: Workbench, store: SqlStore) -> None:
    run = replace(record(workbench), scenario=TRIAL.replace("12", "-1"))
    failed = ended(workbench, store.runs.add(run).number)
    assert failed.state is RunState.FAILED
    assert failed.message.startswith("scenario.toml: demand.rides: input should be")


def test_what_is_no_scenario_is_told_in_a_sentence_and_not_kept(workbench: Workbench) -> None:
    before = workbench.store.runs()
    with pytest.raises(ScenarioError, match=r"^Trial: demand\.rides: input should be greater"):
        workbench.add("Trial", TRIAL.replace("12", "-1"), NOW)
    with pytest.raises(ScenarioError, match=r"rules\.window_minutes"):
        workbench.add("Trial", TRIAL + "[rules]\nwindow_minutes = 500\n", NOW)
    assert workbench.store.runs() == before


def test_a_removed_run_leaves_nothing_and_the_next_one_begins(workbench: Workbench) -> None:
    run = workbench.add("Endless", ENDLESS, NOW)
    waiting = workbench.add("Trial", TRIAL, NOW)
    begun(workbench, run)
    folder = workbench.folder_of(run)
    process = process_in(folder)
    assert process is not None
    assert process.exists()
    forget(workbench, run)
    assert not process.exists()
    assert list(folder.parent.glob(f"{folder.name}*")) == []
    with pytest.raises(UnknownRun):
        workbench.store.run(run.number)
    assert workbench.store.run(waiting.number).state is RunState.RUNNING


def test_what_is_cancelled_and_begun_again_at_once_leaves_nothing_of_before(
    workbench: Workbench,
) -> None:
    run = workbench.add("Endless", ENDLESS, NOW)
    begun(workbench, run)
    before = workbench.folder_of(run)
    workbench.cancel(run.number, NOW)
    workbench.again(run.number, NOW)
    assert is_running(workbench.folder_of(workbench.store.run(run.number)))

    def gone() -> bool:
        workbench.go_on(NOW)
        return not before.exists()

    wait_for(gone)
    assert workbench.store.run(run.number).state is RunState.RUNNING


def test_whoever_cancels_while_a_run_begins_ends_its_process(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = []

    def start_while_another_cancels(command: Sequence[str], folder: Path) -> None:
        number = int(folder.name.partition("-")[0])
        others.append(Thread(target=workbench.cancel, args=(number, NOW)))
        others[0].start()
        others[0].join(0.5)  # it would be through by then if nothing held it back
        start(command, folder)

    monkeypatch.setattr("shuttle.planning.workbench.start", start_while_another_cancels)
    run = workbench.add("Endless", ENDLESS, NOW)
    others[0].join()
    assert workbench.store.run(run.number).state is RunState.CANCELLED
    wait_for(lambda: not is_running(workbench.folder_of(run)))


def test_two_that_look_at_once_see_that_nothing_runs(tmp_path: Path) -> None:
    (tmp_path / "process.lock").touch()
    with (tmp_path / "process.lock").open("r") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_running(tmp_path)
        fcntl.flock(other, fcntl.LOCK_EX)
        assert is_running(tmp_path)


def test_runs_are_compared_in_pairs_by_their_seeds(workbench: Workbench) -> None:
    one, two = (replace(record(workbench), number=each) for each in (1, 2))
    _write(workbench, one, {5: 40.0, 6: 44.0, 7: 10.0})
    _write(workbench, two, {5: 46.0, 6: 51.0, 8: 99.0})
    found = workbench.compare(one, two, ("One", "Two"))
    served = found.differences["served"]
    assert (found.pairs, served.mean) == (2, 6.5)
    assert served.half == pytest.approx(12.706 * 0.5, rel=1e-3)  # Student's t, one degree
    assert served.certain
    assert "„Two“" in found.sentences["de"]
    _write(workbench, two, {8: 99.0})
    assert workbench.compare(one, two, ("One", "Two")).pairs == 0


def _write(workbench: Workbench, run: Run, served: dict[int, float]) -> None:
    """Write what each repetition of a run came to."""
    folder = workbench.results(run).folder
    folder.mkdir(parents=True, exist_ok=True)
    found = [Repetition(seed, 1, {"served": n, "cost": 10 * n}) for seed, n in served.items()]
    write_repetitions(folder / "repetitions.csv", found)


def test_results_go_when_a_purge_took_their_record(workbench: Workbench, planned: Path) -> None:
    run = has_run(workbench, record(workbench), planned / "two")
    folder = workbench.folder_of(run)
    workbench.store.remove(run.number)
    workbench.go_on(NOW)
    assert not folder.exists()
