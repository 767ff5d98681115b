"""A scenario is run: repetition after repetition, day after day, each let go of when counted."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TextIO

from scenarios.glossary import GLOSSARY
from scenarios.intervals import intervals
from scenarios.measures import Repetition, repetition
from scenarios.records import DayRows, LegRow, RideRow
from scenarios.scenario import Scenario
from scenarios.simulate import service_days, simulated
from shuttle.region import Region

Told = Callable[[int, int], None]
"""Told how many wishes of how many days were simulated."""


@dataclass
class Run:
    """What was run: whole repetitions, and the first day for a closer look."""

    scenario: Scenario
    region: Region
    repetitions: list[Repetition] = field(default_factory=list)
    sample: DayRows | None = None
    interrupted: bool = False


def seeds_of(scenario: Scenario, seed: int | None = None) -> range:
    """Return the seeds of a scenario's repetitions."""
    first = scenario.seed if seed is None else seed
    return range(first, first + scenario.repetitions)


def run(
    scenario: Scenario, region: Region, seeds: Sequence[int], out: Path | None, told: Told
) -> Run:
    """Run repetitions; Ctrl-C ends it with those that are whole.

    Rows go into ``rides.csv`` and ``legs.csv`` of the folder as they come.
    """
    done = Run(scenario, region)
    with ExitStack() as stack:
        writers = None if out is None else _Rows(out, stack)
        try:
            for seed in seeds:
                days = _days(done, seed, writers, told)
                done.repetitions.append(repetition(scenario, seed, days))
        except KeyboardInterrupt:
            done.interrupted = True
    return done


def _days(done: Run, seed: int, rows: "_Rows | None", told: Told) -> Iterator[DayRows]:
    for day in service_days(done.scenario, done.region):
        played = simulated(done.scenario, done.region, day, seed)
        done.sample = done.sample or played
        if rows is not None:
            rows.add(seed, played)
        told(len(played.rides), 1)
        yield played


class _Rows:
    """Two open tables; spreadsheets read them as they are."""

    def __init__(self, out: Path, stack: ExitStack) -> None:
        def opened(name: str) -> TextIO:
            path = out / name
            return stack.enter_context(path.open("w", newline="", encoding="utf-8"))

        self._rides = csv.writer(opened("rides.csv"))
        self._legs = csv.writer(opened("legs.csv"))
        self._rides.writerow(["seed", *(each.name for each in fields(RideRow))])
        self._legs.writerow(["seed", "day", *(each.name for each in fields(LegRow))])

    def add(self, seed: int, day: DayRows) -> None:
        for ride in day.rides:
            values = (getattr(ride, each.name) for each in fields(RideRow))
            self._rides.writerow([seed, *values])
        for leg in day.legs:
            values = (getattr(leg, each.name) for each in fields(LegRow))
            self._legs.writerow([seed, day.day, *values])


def write_figures(path: Path, repetitions: Sequence[Repetition]) -> None:
    """Write all figures: mean, half the 95 % interval, repetitions, and what each is."""
    found = intervals([each.figures for each in repetitions])
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["figure", "unit", "mean", "half of 95 %", "repetitions", "meaning"])
        for name, term in GLOSSARY.items():
            if name in found:
                each = found[name]
                half = "" if each.half is None else each.half
                table.writerow([name, term.unit, each.mean, half, each.number, term.meaning])


def write_repetitions(path: Path, repetitions: Sequence[Repetition]) -> None:
    """Write the figures of each repetition, one a row."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["seed", "days", *GLOSSARY])
        for each in repetitions:
            values = (each.figures.get(name, "") for name in GLOSSARY)
            table.writerow([each.seed, each.days, *values])
