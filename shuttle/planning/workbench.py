"""The workbench: runs wait, run in the background, end; their records and results are kept.

It knows no scenario from inside. The front door brings what scenarios can do as functions, and a
run is the very command that an operator types.
"""

import shutil
import sys
import threading
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import tomli_w

from shuttle.keeping.run_store import RunStore
from shuttle.planning.figures import Comparison, Named, Recording
from shuttle.planning.processes import complaint, interrupt, is_running, start
from shuttle.planning.results import Progress, Results, progress_in
from shuttle.planning.runs import UNDER_WAY, Run, RunState, ground_of
from shuttle.region import Region

_SCENARIO, _PROGRESS, _RESULTS = "scenario.toml", "progress.json", "results"

_GIVEN_UP = ".given-up"

_COMMAND = (sys.executable, "-m", "shuttle", "scenario", "run", _SCENARIO)


@dataclass(frozen=True, slots=True)
class Scenarios:
    """What the workbench asks of scenarios.

    Attributes
    ----------
    library
        Returns the scenarios that come along.
    check
        Takes TOML, the region and what the scenario is called; returns the first seed and the
        number of repetitions, or raises an error of one sentence.
    compare
        Takes two folders with results and two names.
    record
        Takes a first and a last day; returns what this installation was asked for rides on these,
        None if nobody asked.
    """

    library: Callable[[], Sequence[Named]]
    check: Callable[[str, Region, str], tuple[int, int]]
    compare: Callable[[Path, Path, tuple[str, str]], Comparison]
    record: Callable[[date, date], Recording | None]


class Workbench:
    """The runs of a region.

    Parameters
    ----------
    region
        What is simulated.
    store
        Keeps the records.
    folder
        Keeps the results; made when it is needed.
    scenarios
        What scenarios can do.
    at_once
        So many runs are under way at the same time; others wait.
    """

    def __init__(
        self, region: Region, store: RunStore, folder: Path, scenarios: Scenarios, at_once: int = 1
    ) -> None:
        self.region, self.store, self.scenarios = region, store, scenarios
        self._folder, self._at_once = folder.resolve(), at_once
        self._turn = threading.Lock()
        self._idle_at: object = None

    @cached_property
    def ground(self) -> str:
        """Print of the region as it is now."""
        return ground_of(self.region)

    def add(self, title: str, scenario: str, now: int) -> Run:
        """Check a scenario, keep it as a run and begin it as soon as there is room.

        Parameters
        ----------
        title
            For people; also what a mistake's sentence begins with.
        scenario
            TOML; whatever region it names, it is run on this one.

        Raises
        ------
        ShuttleError
            With one sentence, if it is no scenario.
        """
        seed, repetitions = self.scenarios.check(scenario, self.region, title)
        made = Run(
            number=0,
            title=title,
            scenario=scenario,
            seed=seed,
            repetitions=repetitions,
            version=version("dorfshuttle"),
            ground=self.ground,
            state=RunState.QUEUED,
            attempt=1,
            made_at=now,
        )
        with self._turn:
            run = self.store.add(made)
            # A purge takes records alone; the next run may get the number of one that is gone.
            self._give_up(run)
            self._go_on(now)
        return run

    def cancel(self, number: int, now: int) -> None:
        """End a run that waits or runs; what is whole is kept."""
        with self._turn:
            run = self.store.run(number)
            if run.state in UNDER_WAY and self.store.move(
                run, replace(run, state=RunState.CANCELLED, ended_at=now)
            ):
                interrupt(self.folder_of(run))
                self._go_on(now)

    def again(self, number: int, now: int) -> None:
        """Run from the record once more; the results so far make room."""
        with self._turn:
            run = self.store.run(number)
            anew = replace(
                run,
                state=RunState.QUEUED,
                attempt=run.attempt + 1,
                version=version("dorfshuttle"),
                ground=self.ground,
                began_at=0,
                ended_at=0,
                message="",
            )
            if run.state not in UNDER_WAY and self.store.move(run, anew):
                self._give_up(run)
                self._go_on(now)

    def remove(self, number: int, now: int) -> None:
        """Forget a run and its results; one that is under way is cancelled first."""
        with self._turn:
            run = self.store.run(number)
            self.store.remove(number)
            self._give_up(run)
            self._go_on(now)

    def go_on(self, now: int) -> None:
        """Note what has ended, clear away, and begin what waits while there is room."""
        mark = self.store.mark()
        if mark == self._idle_at:
            return
        with self._turn:
            self._go_on(now)
            if not self.store.runs(*UNDER_WAY) and not self._to_clear():
                self._idle_at = mark

    def _go_on(self, now: int) -> None:
        self._clear_away()
        under_way = 0
        for run in self.store.runs(RunState.RUNNING):
            if is_running(self.folder_of(run)):
                under_way += 1
            else:
                self.store.move(run, self._ended(run, now))
        waiting = [
            run for run in self.store.runs(RunState.QUEUED) if not self._given_up(run).exists()
        ]
        for run in waiting[: max(0, self._at_once - under_way)]:
            self._begin(run, now)

    def _given_up(self, run: Run) -> Path:
        """Return the mark that says that an attempt's folder is to go when nothing runs there.

        Until then its process may write; and the number of a run that is gone may be another's.
        """
        return self._folder / f"{run.folder}{_GIVEN_UP}"

    def _give_up(self, run: Run) -> None:
        """End an attempt and let its results go as soon as its process is gone."""
        if self.folder_of(run).is_dir():
            self._given_up(run).touch()
            interrupt(self.folder_of(run))

    def _clear_away(self) -> None:
        """Delete what was given up and has ended, and what no record speaks of any more."""
        # A run has its record before its folder: so folders are looked for before records.
        there = [each for each in self._folder.glob("[0-9]*-[0-9]*") if each.is_dir()]
        known = {run.folder for run in self.store.runs()}
        for folder in there:
            if folder.name not in known:
                folder.with_name(f"{folder.name}{_GIVEN_UP}").touch()
        for mark in self._to_clear():
            folder = mark.with_suffix("")
            if not is_running(folder):
                shutil.rmtree(folder, ignore_errors=True)
                if not folder.exists():
                    mark.unlink(missing_ok=True)

    def _to_clear(self) -> list[Path]:
        return list(self._folder.glob(f"*{_GIVEN_UP}"))

    def _begin(self, run: Run, now: int) -> None:
        running = replace(run, state=RunState.RUNNING, began_at=now)
        if not self.store.move(run, running):
            return
        folder = self.folder_of(run)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            raw = tomllib.loads(run.scenario) | {"region": str(self.region.folder.resolve())}
            (folder / _SCENARIO).write_text(tomli_w.dumps(raw), encoding="utf-8")
            start([*_COMMAND, "--out", _RESULTS, "--progress", _PROGRESS], folder)
        except OSError as error:
            message = f"{folder}: {error.strerror}"
            self.store.move(
                running, replace(running, state=RunState.FAILED, ended_at=now, message=message)
            )

    def _ended(self, run: Run, now: int) -> Run:
        """Return a run whose process is gone as what became of it."""
        folder = self.folder_of(run)
        ended = replace(run, ended_at=now)
        if self.progress(run).ended and self.results(run).repetitions == run.repetitions:
            return replace(ended, state=RunState.FINISHED)
        if message := complaint(folder):
            return replace(ended, state=RunState.FAILED, message=message)
        return replace(ended, state=RunState.INTERRUPTED)

    def folder_of(self, run: Run) -> Path:
        """Return where the current attempt of a run writes."""
        return self._folder / run.folder

    def progress(self, run: Run) -> Progress:
        """Return how far a run is."""
        return progress_in(self.folder_of(run) / _PROGRESS)

    def results(self, run: Run) -> Results:
        """Return what a run has written."""
        return Results(self.folder_of(run) / _RESULTS)

    def compare(self, one: Run, other: Run, names: tuple[str, str]) -> Comparison:
        """Compare the results of two runs by the seeds that both have."""
        return self.scenarios.compare(self.results(one).folder, self.results(other).folder, names)
