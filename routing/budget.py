"""How long a search may go on, and how far it has come."""

import time
from collections.abc import Callable
from dataclasses import dataclass

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
