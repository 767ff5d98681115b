"""How long a search may go on, in which legs, and how far it has come."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

_STEPS = 200
"""Steps between two looks at the clock, at first."""

_PAUSE = 0.03
"""Seconds between two looks at the clock, later."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may go on: so many iterations or so many seconds.

    Attributes
    ----------
    iterations
        With a budget of iterations the same seed gives the same tours.
    seconds
        By `clock`, which counts up.
    """

    iterations: int | None = None
    seconds: float | None = None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if (self.iterations is None) == (self.seconds is None):
            raise ValueError("A budget is in iterations or in seconds: give one of them.")


class Leg(NamedTuple):
    """A stretch of a search: the way from hot to cold, or a part of it.

    Attributes
    ----------
    begin, end
        As shares of that way.
    until
        When it ends, as a share of the budget.
    anew
        Whether it goes on from the tours of the start, vehicles spared, instead of the best ones.
    recombine_at
        When the tours seen so far are recombined, as shares of the budget, in order.
    recombine_share
        How long each of these may take, as a share of the budget.
    """

    begin: float = 0.0
    end: float = 1.0
    until: float = 1.0
    anew: bool = False
    recombine_at: tuple[float, ...] = (0.8,)
    recombine_share: float = 0.2


QUICK = (Leg(),)
"""The whole way, once."""

BRIEF = (Leg(recombine_at=()),)
"""The whole way, once, for some thousands of steps: to recombine what they saw takes longer."""

PATIENT = (
    Leg(until=0.33, recombine_at=()),
    Leg(until=0.67, recombine_at=(), anew=True),
    Leg(begin=0.4, recombine_at=(0.67, 0.83, 0.95), recombine_share=0.07),
)
"""Twice the whole way from the start, then from the best of both, not so hot. With time, this is
better than cooling once, slowly."""

_PATIENT_SECONDS = 30.0


def legs_for(budget: Budget) -> tuple[Leg, ...]:
    """Return how a search spends a budget."""
    patient = budget.seconds is not None and budget.seconds >= _PATIENT_SECONDS
    return PATIENT if patient else QUICK


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search has come.

    Attributes
    ----------
    iterations
        Done so far.
    spent
        Share of the budget.
    cost
        Of the best plan so far.
    """

    iterations: int
    spent: float
    cost: int


class Meter:
    """How much of a budget is spent, and how many steps are next."""

    def __init__(self, budget: Budget, stop: Callable[[Progress], bool] | None) -> None:
        self.budget = budget
        self.spent = 1.0 if budget.iterations == 0 else 0.0
        self.over = self.spent >= 1.0
        self._stop = stop
        self._began = self._asked = budget.clock()
        self._done, self._steps = 0, _STEPS

    def ask(self) -> tuple[float, int, float]:
        """Return what is spent before the next steps, how many these are, and what then is."""
        self._asked = self.budget.clock()
        if self.budget.iterations is None:
            return self.spent, self._steps, self.spent
        steps = min(_STEPS, self.budget.iterations - self._done)
        return self.spent, steps, (self._done + steps) / self.budget.iterations

    def book(self, steps: int, cost: int) -> None:
        """Note that some steps are done, and let it be known."""
        self._done += steps
        now = self.budget.clock()
        if self.budget.seconds is not None:
            self.spent = (now - self._began) / self.budget.seconds
            faster = min(2.0, _PAUSE / max(now - self._asked, 1e-6))
            self._steps = max(10, int(steps * faster))
        elif self.budget.iterations is not None:
            self.spent = self._done / self.budget.iterations
        stopped = self._stop is not None and self._stop(Progress(self._done, self.spent, cost))
        self.over = stopped or self.spent >= 1.0

    def seconds_left(self, share: float) -> float | None:
        """Return a share of a budget in seconds, or what is left of it; None of iterations."""
        if self.budget.seconds is None:
            return None
        left = self.budget.seconds - (self.budget.clock() - self._began)
        return min(share * self.budget.seconds, left)
