"""The engines that plan a day better, by name: the one place to choose."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, get_args

from routing.budget import Budget, Progress
from routing.improvement import improve
from routing.ortools_engine import improve_with_ortools
from routing.problem import Problem, Solution, Tour

Engine = Literal["own", "ortools"]
"""Our own search, or OR-Tools' routing library."""


class Improve(Protocol):
    """What an engine does: see :func:`routing.improvement.improve`."""

    def __call__(
        self,
        problem: Problem,
        start: Sequence[Tour] | None = None,
        *,
        budget: Budget,
        seed: int = 0,
        stop: Callable[[Progress], bool] | None = None,
    ) -> Solution:
        """Return tours that are at least as good as those at the start."""
        ...


ENGINES: Mapping[Engine, Improve] = {"own": improve, "ortools": improve_with_ortools}


class UnknownEngineError(ValueError):
    """There is no engine of this name."""

    def __init__(self, name: str) -> None:
        choices = " or ".join(repr(engine) for engine in get_args(Engine))
        super().__init__(f"There is no engine {name!r}: choose {choices}.")
        self.name = name


def engine_named(name: str) -> Improve:
    """Return an engine.

    Raises
    ------
    UnknownEngineError
        If there is none of this name.
    """
    for engine, improves in ENGINES.items():
        if engine == name:
            return improves
    raise UnknownEngineError(name)
