"""A proven lower bound on what any plan of a day costs: by column generation.

The plan is a choice of one tour for each vehicle, so that each trip is in a tour or its price is
paid (set covering). Without asking for whole tours this is a linear program whose columns are all
possible tours; only those that may improve it are made, by :mod:`routing.pricing` (Desrosiers and
Lübbecke, *A primer in column generation*, 2005).

How far a battery reaches is not asked: with more tours to choose from, a bound stays one.

No digit of the solver of linear programs has to be trusted. Whatever prices `pi` it suggests for
the trips, as long as none is above that for leaving the trip out, the sum of all `pi` plus, for
each vehicle, the least of a tour's cost minus the prices of its trips is a lower bound (Lagrange).
Prices are rounded to integers first, and that sum is then exact. The bound is the best of those
seen, so that the search may be stopped at any time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from routing.budget import Budget
from routing.pricing import covers, explore
from routing.problem import HaltKind, Problem, Tour
from routing.schedule import timetable
from routing.search_state import Numbers
from routing.tour_ground import LEVELS, Ground, Kind
from routing.tour_labels import COMPARED, DONE, FULL, NEVER, Labels, begin, room, widened
from routing.tour_master import Master

Prices = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""Share of the bound by which the linear program may exceed it when it counts as solved."""

SMOOTHING = 0.7
"""Share of the best prices so far in those that are tried next."""

_STEPS = 5_000
"""Labels between two looks at the clock."""

_FIRST_ROOM = 1 << 14

_MOST_ROOM = 1 << 21
"""Labels at one time."""

_MOST_COMPARISONS = 1 << 28
"""Comparisons of labels, some seconds of them, before tours are relaxed."""


@dataclass(frozen=True, slots=True)
class LowerBound:
    """What no plan can cost less than.

    Attributes
    ----------
    value
        In the unit of the problem's weights: of tours, options, unserved requests and vehicles.
    proven
        Whether the linear program was solved over exact tours: more time would not raise the value.
        The value is a bound in any case.
    rounds
        How often prices were tried.
    columns
        How many tours the linear program knows.
    """

    value: int
    proven: bool
    rounds: int
    columns: int

    def gap(self, cost: int) -> float:
        """Return by which share of its cost a plan may at most be too dear."""
        return (cost - self.value) / cost if cost > 0 else 0.0


def lower_bound(
    problem: Problem,
    tours: Sequence[Tour] = (),
    *,
    budget: Budget,
    stop: Callable[[LowerBound], bool] | None = None,
) -> LowerBound:
    """Return a bound on the cost of every plan for a problem that starts from its own tours.

    Parameters
    ----------
    problem
        A day.
    tours
        Good ones that are known, in any number: the search starts from them, and ends sooner.
    budget
        When to end: an iteration is a round of prices for all vehicles.
    stop
        Called a few times a second; if it says so, the search ends with the best bound so far.

    Raises
    ------
    UnknownOptionError
        If a tour of the problem carries a request in a way that is none of its options.
    """
    return _Bounding(problem, tours, budget, stop).run()


class _Stopped(Exception):
    """The time is up in the midst of a round."""


@dataclass(slots=True)
class _Choice:
    """A round's result for one kind of vehicle."""

    least: int
    costs: Numbers
    covers: Numbers


class _Bounding:
    """The search for prices that give a good bound."""

    def __init__(
        self,
        problem: Problem,
        tours: Sequence[Tour],
        budget: Budget,
        stop: Callable[[LowerBound], bool] | None,
    ) -> None:
        self.budget, self.stop = budget, stop
        self.began = budget.clock()
        self.ground = Ground(problem)
        self.kinds = list(self.ground.kinds)
        self.relaxed = [0] * len(self.kinds)
        self.rooms: dict[int, Labels] = {}
        self.master = Master(self.ground, first_prices(self.ground))
        self.best = -NEVER
        self.best_prices = np.zeros(len(self.ground.price), np.int64)
        self.rounds = 0
        self.proven = False
        for k, cost, cover in _known_columns(problem, self.ground, tours):
            self.master.add(k, cost, cover)

    def run(self) -> LowerBound:
        """Try prices until they cannot be improved or the time is up."""
        smoothing = 1.0  # No prices at first: that bound is quickly had.
        try:
            while not self.proven and not self._over():
                value, prices, shares = self.master.solve()
                near = TOLERANCE * abs(value) + self.ground.scale / 2
                if value - self.best <= near:
                    self.proven = not self.master.raise_prices()
                    continue
                added = self._round(self._between(prices, smoothing), prices, shares)
                if added:
                    smoothing = SMOOTHING
                elif smoothing > 0:
                    smoothing = 0.0
                else:
                    self.proven = not self.master.raise_prices()
        except _Stopped:
            pass
        return self._result()

    def _between(self, prices: Prices, smoothing: float) -> Numbers:
        """Return whole prices between those of the linear program and the best so far."""
        mixed = smoothing * self.best_prices + (1 - smoothing) * prices
        return np.clip(np.floor(mixed).astype(np.int64), 0, self.ground.price)

    def _round(self, prices: Numbers, exact: Prices, shares: Sequence[float]) -> int:
        """Price all kinds of vehicles; return how many useful tours were found.

        Useful are those whose reduced cost is negative at the exact prices of the linear program.
        """
        bound, added = int(prices.sum()), 0
        for k, kind in enumerate(self.kinds):
            choice = self._cheapest(k, kind, prices)
            bound += len(kind.vehicles) * choice.least
            reduced = choice.costs - choice.covers @ exact - shares[k]
            for row in _useful(reduced, choice.covers):
                added += self.master.add(k, int(choice.costs[row]), choice.covers[row])
        self.rounds += 1
        if bound > self.best:
            self.best, self.best_prices = bound, prices
        return added

    def _cheapest(self, k: int, kind: Kind, prices: Numbers) -> _Choice:
        """Return the least of cost minus prices over all tours, and some tours near it."""
        net = kind.network
        if len(net.chain_riders) == 1:
            nobody = np.zeros((1, len(prices)), np.int64)
            return _Choice(kind.base, np.array([kind.base]), nobody)
        if k not in self.rooms:
            self.rooms[k] = room(net, _FIRST_ROOM)
        begin(self.rooms[k], net, kind.start)
        while (state := explore(net, prices, self.rooms[k], _STEPS)) != DONE:
            if self._over():
                raise _Stopped
            tedious = self.rooms[k].sizes[COMPARED] > _MOST_COMPARISONS
            if tedious and self.relaxed[k] < LEVELS:
                self._relax(k)
                return self._cheapest(k, self.kinds[k], prices)
            if state == FULL and len(self.rooms[k].label) == _MOST_ROOM:
                raise _Stopped
            if state == FULL:
                self.rooms[k] = widened(self.rooms[k], net)
        costs, rows = covers(net, self.rooms[k])
        return _Choice(kind.base + int(costs.min()), kind.base + costs + rows @ prices, rows)

    def _relax(self, k: int) -> None:
        """Let a kind of vehicle make more tours than there are, since there are too many labels."""
        network = self.ground.relaxed(self.ground.kinds[k].network, self.relaxed[k])
        self.kinds[k] = replace(self.kinds[k], network=network)
        self.relaxed[k] += 1

    def _over(self) -> bool:
        spent = self.budget.clock() - self.began
        return (
            (self.budget.seconds is not None and spent >= self.budget.seconds)
            or (self.budget.iterations is not None and self.rounds >= self.budget.iterations)
            or (self.stop is not None and self.stop(self._result()))
        )

    def _result(self) -> LowerBound:
        value = max(0, -(-self.best // self.ground.scale))
        proven = self.proven and not any(self.relaxed)
        return LowerBound(value, proven, self.rounds, self.master.columns)


def _useful(reduced: Prices, covers: Numbers) -> list[int]:
    """Return which tours to add: the best ones, and the best one with each trip."""
    order = np.argsort(reduced, kind="stable")
    order = order[reduced[order] < -_SLIGHT * (1 + np.abs(reduced[order[:1]]).sum())]
    chosen = dict.fromkeys(order[:_TOURS].tolist())
    if len(order):
        first = (covers[order] > 0).argmax(axis=0)
        chosen |= dict.fromkeys(order[np.unique(first)].tolist())
    return list(chosen)


_TOURS = 30

_SLIGHT = 1e-9


def first_prices(ground: Ground) -> Numbers:
    """Return what a trip may cost at most, at first: as much as two tours for it alone."""
    most = np.zeros(len(ground.price), np.int64)
    for kind in ground.kinds:
        net = kind.network
        count, options = 2 * len(net.trip_of), np.arange(len(net.trip_of))
        alone = (
            net.fare[count, 2 * options]
            + net.fare[2 * options, 2 * options + 1]
            + net.fare[2 * options + 1, -1]
        )
        np.maximum.at(most, net.trip_of, 2 * alone + net.vehicle + 1)
    capped: Numbers = np.minimum(most, ground.price)
    return capped


def _known_columns(
    problem: Problem, ground: Ground, tours: Sequence[Tour]
) -> list[tuple[int, int, Numbers]]:
    """Return kind, cost and trips of the tours that are known."""
    index = {tour.shift.id: v for v, tour in enumerate(problem.tours)}
    kind_of = {v: k for k, kind in enumerate(ground.kinds) for v in kind.vehicles}
    ids = [request.options[0].id for request in ground.state.requests]
    columns = []
    for tour in tours:
        carried = {halt.trip for halt in tour.halts}
        cover = np.array([each in carried for each in ids], np.int64)
        columns.append(
            (kind_of[index[tour.shift.id]], _driving(problem, tour) * ground.scale, cover)
        )
    return columns


def _driving(problem: Problem, tour: Tour) -> int:
    """Return about what a tour costs; a guess does no harm, it only takes longer."""
    weights, travel = problem.weights, problem.travel
    scheduled = timetable(tour, travel)
    cost, left = 0, dict[str, int]()
    for a, b in pairwise(scheduled):
        if a.halt.place != b.halt.place:
            cost += weights.driving * int(travel.seconds[a.halt.place, b.halt.place])
            cost += weights.metres * int(travel.metres[a.halt.place, b.halt.place])
    for each in scheduled:
        if each.halt.kind == HaltKind.PICKUP:
            left[each.halt.trip] = each.begin + each.halt.service
            cost += weights.waiting * (each.begin - each.halt.earliest)
        elif each.halt.kind == HaltKind.DROPOFF:
            cost += weights.riding * (each.begin - left[each.halt.trip])
    return cost + (weights.vehicle if left else 0)
