"""One engine on one day: its plan, checked, and how good it was when."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import FrameType
from typing import Any

from benchmarks.day_problems import Worth, faults_of, worth_of
from routing.budget import Budget, Progress
from routing.improvement import improve
from routing.problem import Problem, Solution, Tour

Improve = Callable[..., Solution]
"""Called like :func:`routing.improvement.improve`."""

ENGINES = {
    "ours": "routing.improvement:improve",
    "ortools": "routing.ortools_engine:improve_with_ortools",
}
"""Module and function by the name on the command line."""

TITLES = {"insertion": "insertion alone", "ours": "own search", "ortools": "OR-Tools routing"}

PATIENCE = {"ortools": 5.0}
"""By how much a budget is longer than the search may take: OR-Tools also counts by the clock on
the wall, on which a busy machine is slow. It has no schedule, and is told when to stop."""

Point = tuple[float, Worth]


@dataclass(frozen=True, slots=True)
class Day:
    """What was planned: where, how many rides with how many vehicles, which windows and seed."""

    region: str
    rides: int
    vehicles: int
    windows: str
    seed: int


@dataclass(frozen=True, slots=True)
class Run:
    """What an engine made of a day.

    Attributes
    ----------
    day, engine
        Who did what.
    curve
        Seconds of processor time and what the best plan was worth from then on.
    faults
        What the independent checker finds; a plan with any has failed.
    """

    day: Day
    engine: str
    curve: tuple[Point, ...]
    faults: tuple[str, ...] = ()

    @property
    def worth(self) -> Worth:
        """Of the plan in the end."""
        return self.curve[-1][1]

    def at(self, seconds: float) -> Worth:
        """Return what the best plan was worth after so many seconds."""
        return max((point for point in self.curve if point[0] <= seconds), key=lambda p: p[0])[1]

    def as_json(self) -> dict[str, Any]:
        """Return all figures by name."""
        return {
            **{name: getattr(self.day, name) for name in Day.__slots__},
            "engine": self.engine,
            "unserved": self.worth.unserved,
            "driving_seconds": self.worth.driving,
            "cost": self.worth.cost,
            "curve": [
                {"seconds": round(seconds, 3), "unserved": w.unserved, "driving_seconds": w.driving}
                for seconds, w in self.curve
            ],
            "faults": list(self.faults),
        }


def engine_named(name: str) -> Improve | None:
    """Return an engine, or None if it is not there."""
    module, function = ENGINES[name].split(":")
    try:
        found: Improve = getattr(import_module(module), function)
    except ModuleNotFoundError:
        return None
    return found


def first_plan_run(problem: Problem, day: Day, tours: Sequence[Tour], seconds: float) -> Run:
    """Return the baseline as a run: there is nothing until it is there."""
    worth = worth_of(problem, tours)
    trips = {halt.trip for tour in tours for halt in tour.halts}
    unserved = [each.options[0].id for each in problem.requests if each.options[0].id not in trips]
    cost = improve(problem, tours, budget=Budget(iterations=0)).cost
    faults = faults_of(problem, Solution(tuple(tours), tuple(unserved), cost))
    return Run(day, "insertion", ((seconds, worth),), tuple(faults))


def timed_run(
    engine: str,
    work: Improve,
    problem: Problem,
    day: Day,
    tours: Sequence[Tour],
    seconds: float,
    tell: Callable[[float], None],
) -> Run:
    """Let an engine improve a first plan, and note each time that it has found a better one.

    Parameters
    ----------
    tell
        Told the share of the time that is spent.

    Raises
    ------
    KeyboardInterrupt
        After the engine has ended in order, if somebody pressed Ctrl-C meanwhile.
    """
    curve: list[Point] = [(0.0, worth_of(problem, tours))]
    begin = time.process_time()

    with _deferred_interrupt() as interrupted:

        def watch(progress: Progress) -> bool:
            spent = time.process_time() - begin
            worth = Worth.of_cost(progress.cost)
            if worth.cost < curve[-1][1].cost:
                curve.append((spent, worth))
            tell(min(1.0, spent / seconds))
            return interrupted() or spent >= seconds

        budget = Budget(seconds=seconds * PATIENCE.get(engine, 1.0), clock=time.process_time)
        solution = work(problem, tours, budget=budget, seed=day.seed, stop=watch)
    curve.append((time.process_time() - begin, Worth.of_cost(solution.cost)))
    return Run(day, engine, tuple(curve), tuple(faults_of(problem, solution)))


@contextmanager
def _deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Remember Ctrl-C until the end: no exception may cross an engine that is not Python.

    Gives a function that says whether it was pressed. Pressed again, it does interrupt.
    """
    pressed = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
