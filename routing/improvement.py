"""Better tours for a whole day: an anytime search that starts from what there is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from routing.annealing import Best, Habits, Scratch, anneal, keep, most_absent
from routing.chance import seeded
from routing.insertion_cache import memory_for
from routing.problem import Problem, Solution, Tour
from routing.removal import Absent
from routing.repair import bids_for
from routing.search_state import Plan, SearchState

HOT, COLD = 0.5, 0.05
"""The first and the last temperature, in the cost of a served trip."""

HABITS = Habits()
"""What has proved good."""

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


def improve(
    problem: Problem,
    start: Sequence[Tour] | None = None,
    *,
    budget: Budget,
    seed: int = 0,
    habits: Habits = HABITS,
    stop: Callable[[Progress], bool] | None = None,
) -> Solution:
    """Return tours that are at least as good as those at the start.

    Parameters
    ----------
    problem
        What is to be planned.
    start
        The tours to begin with, those of the problem by default.
    budget
        When to end.
    seed
        Of everything left to chance.
    habits
        How the search goes about it.
    stop
        Called every few hundredths of a second; if it says so, the search ends with the best plan
        so far.

    Raises
    ------
    UnknownOptionError
        If the start carries a request in a way that is none of its options.
    """
    state = SearchState(problem, problem.tours if start is None else start)
    return Search(state, habits, seed).run(budget, stop)


class Search:
    """A search under way."""

    def __init__(self, state: SearchState, habits: Habits, seed: int) -> None:
        self.state = state
        self.habits = habits
        self.chance = seeded(seed)
        self.memory = memory_for(state.given, state.plan)
        self.best = _no_best(state.plan)
        self.scratch = _scratch(state.plan, most_absent(habits))
        self.cost = self._cost()
        self.best.cost[0] = self.cost
        keep(state.plan, self.best)

    def run(self, budget: Budget, stop: Callable[[Progress], bool] | None) -> Solution:
        """Go on until the budget is spent or somebody says stop."""
        began = budget.clock()
        done, steps, spent = 0, _STEPS, 0.0
        scale = self._cost_of_a_trip()
        if len(self.state.given.price) == 0 or budget.iterations == 0:
            spent = 1.0
        while spent < 1.0:
            if budget.iterations is not None:
                steps = min(_STEPS, budget.iterations - done)
                ahead = (done + steps) / budget.iterations
            else:
                ahead = spent
            hot, cold = (scale * HOT * (COLD / HOT) ** share for share in (spent, ahead))
            before = budget.clock()
            self._anneal(hot, cold, steps)
            done += steps
            now = budget.clock()
            scale = self._cost_of_a_trip()
            if budget.seconds is not None:
                spent = (now - began) / budget.seconds
                steps = max(10, int(steps * min(2.0, _PAUSE / max(now - before, 1e-6))))
            else:
                spent = ahead
            if stop is not None and stop(Progress(done, spent, int(self.best.cost[0]))):
                break
        orders = [
            self.best.order[v, :size].tolist() for v, size in enumerate(self.best.length.tolist())
        ]
        return self.state.solution(orders, int(self.best.cost[0]))

    def _anneal(self, hot: float, cold: float, steps: int) -> None:
        self.cost = anneal(
            self.state.given,
            self.state.plan,
            self.memory,
            self.best,
            self.scratch,
            self.habits,
            self.cost,
            hot,
            cold,
            steps,
            self.chance,
        )

    def _cost(self) -> int:
        plan, given = self.state.plan, self.state.given
        unserved = given.price[plan.tour < 0].sum()
        return int(plan.cost[plan.at].sum() + unserved)

    def _cost_of_a_trip(self) -> float:
        """Return what a served trip costs on average, vehicles apart."""
        plan, given = self.state.plan, self.state.given
        served = int((plan.tour >= 0).sum())
        vehicles = int((plan.carried[plan.at] > 0).sum()) * given.weights.vehicle
        return max(float(plan.cost[plan.at].sum() - vehicles) / max(served, 1), 1.0)


def _no_best(plan: Plan) -> Best:
    tours = len(plan.at)
    return Best(
        np.zeros((tours, plan.order.shape[1]), np.int64),
        np.zeros(tours, np.int64),
        np.zeros(1, np.int64),
    )


def _scratch(plan: Plan, most: int) -> Scratch:
    trips, tours = len(plan.tour), len(plan.at)
    absent = Absent(
        trips=np.zeros(trips, np.int64),
        gone=np.zeros(trips, np.bool_),
        size=np.zeros(1, np.int64),
        was_tour=np.zeros(trips, np.int64),
        was_option=np.zeros(trips, np.int64),
    )
    return Scratch(absent, np.zeros(tours, np.bool_), bids_for(min(most, trips), tours))
