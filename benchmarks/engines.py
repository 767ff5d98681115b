"""The engines that are compared: ours, OR-Tools behind the same face, and other libraries.

An engine takes an instance, so many seconds and a seed and returns routes. Everything that is said
about an instance in an engine's own language is said before the clock starts.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Literal

from benchmarks import rivals
from benchmarks.instances import Instance, Route, as_problem, as_routes
from routing.budget import Budget
from routing.improvement import improve

Clock = Literal["wall", "cpu"]

CLOCKS: dict[Clock, Callable[[], float]] = {"wall": time.monotonic, "cpu": time.process_time}
"""The ways to count a budget: by the clock on the wall, or by the processor time of the process."""

Search = Callable[[], list[Route]]
"""The part of a run that is timed."""

Prepare = Callable[[Instance, float, int, Clock], Search]
"""Says an instance in the engine's language, with a budget in seconds, a seed and a clock."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A solver under comparison.

    Attributes
    ----------
    module
        Must be importable, or the engine is skipped.
    package
        Whose version is printed; nothing for our own.
    absent
        What to do if the module is not there.
    prepare
        Makes the search of an instance.
    cannot
        Why it cannot express an instance; nothing if it can.
    seeded
        Whether a seed makes a difference: if not, one run is as good as many.
    """

    module: str
    package: str
    absent: str
    prepare: Prepare
    cannot: Callable[[Instance], str] = lambda _: ""
    seeded: bool = True

    @property
    def present(self) -> bool:
        """Whether its module can be imported."""
        return find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """The version of its package."""
        return metadata.version(self.package) if self.package else ""


def _ours(instance: Instance, seconds: float, seed: int, clock: Clock) -> Search:
    problem = as_problem(instance)
    budget = Budget(seconds=seconds, clock=CLOCKS[clock])
    return lambda: as_routes(improve(problem, budget=budget, seed=seed).tours)


def _ortools(instance: Instance, seconds: float, seed: int, clock: Clock) -> Search:  # noqa: ARG001
    """Count by the clock on the wall: OR-Tools knows no other."""
    solve = import_module("routing.ortools_engine").improve_with_ortools
    problem = as_problem(instance)
    budget = Budget(seconds=seconds)
    return lambda: as_routes(solve(problem, budget=budget, seed=seed).tours)


def _pyvrp(instance: Instance, seconds: float, seed: int, clock: Clock) -> Search:
    return rivals.pyvrp_search(instance, seconds, seed, CLOCKS[clock])


def _pyvroom(instance: Instance, seconds: float, seed: int, clock: Clock) -> Search:  # noqa: ARG001
    """Count by the clock on the wall: VROOM knows no other, and no seed."""
    return rivals.vroom_search(instance, seconds, CLOCKS["wall"])


_NO_RIVAL = "not installed: uv run --group rivals python -m benchmarks.quality ..."

ENGINES = {
    "ours": Engine("routing.improvement", "", "", _ours),
    "ortools": Engine(
        "routing.ortools_engine", "ortools", "there is no routing/ortools_engine.py", _ortools
    ),
    "pyvrp": Engine("pyvrp", "pyvrp", _NO_RIVAL, _pyvrp, rivals.cannot),
    "pyvroom": Engine("vroom", "pyvroom", _NO_RIVAL, _pyvroom, rivals.cannot, seeded=False),
}
"""By the name on the command line."""
