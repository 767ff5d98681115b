"""Better tours for a whole day: an anytime search that starts from what there is."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from routing.annealing import Best, Habits, Scratch, anneal, keep, most_absent
from routing.budget import BRIEF, QUICK, Budget, Leg, Meter, Progress, legs_for
from routing.chance import drawn, seeded
from routing.fleet import closing, find_room
from routing.insertion_cache import memory_for
from routing.kernel import one_at_a_time
from routing.problem import Problem, Request, Shift, Solution, Tour, Trip, empty_tour
from routing.recombination import Partition, recombine
from routing.removal import Absent
from routing.repair import bids_for
from routing.search_state import Plan, SearchState, load
from routing.tour_pool import Columns, columns_of, pool_for, remember_all
from routing.travel_times import TravelTimes

HOT, COLD = 0.8, 0.1
"""The first and the last temperature, in the cost of a served trip."""

ELITE = 3.0
"""Tours of plans that cost no more than so many served trips above the best are remembered."""

_EFFORT = 5.0
"""Of each program of a recombination, as OR-Tools counts it."""

_FLEET_SHARE = 0.35
"""Share of a budget in which vehicles are spared, where they cost anything."""

_ATTEMPTS = 3
"""How many vehicles are tried in that time before it ends without success."""

_FIRST_SHARE = 0.05
"""Share of a budget in which a first plan has to serve everybody, or no vehicle is spared."""

_ABSENCE_PRICE = 10
"""Of a trip without room, in the cost of a served trip; it rises by one with each failure."""

_FLEET_HEAT = 0.3
"""The temperature meanwhile, in the cost of a served trip."""

HABITS = Habits()
"""What has proved good."""


def improve(
    problem: Problem,
    start: Sequence[Tour] | None = None,
    *,
    budget: Budget,
    seed: int = 0,
    habits: Habits = HABITS,
    stop: Callable[[Progress], bool] | None = None,
    legs: Sequence[Leg] | None = None,
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
    legs
        How the budget is spent, by default as suits it.

    Raises
    ------
    UnknownOptionError
        If the start carries a request in a way that is none of its options.
    """
    state = SearchState(problem, problem.tours if start is None else start)
    return Search(state, habits, seed).run(budget, stop, legs or legs_for(budget))


class Search:
    """A search under way."""

    def __init__(self, state: SearchState, habits: Habits = HABITS, seed: int = 0) -> None:
        self.state = state
        self.habits = habits
        self.chance = seeded(seed)
        self.memory = memory_for(state.given, state.plan)
        self.best = _no_best(state.plan)
        self.scratch = _scratch(state.plan, most_absent(habits))
        self.pool = pool_for(len(state.given.price))
        self.cost = self._cost()
        self.best.cost[0] = self.cost
        keep(state.plan, self.best)

    def run(
        self,
        budget: Budget,
        stop: Callable[[Progress], bool] | None = None,
        legs: Sequence[Leg] = QUICK,
    ) -> Solution:
        """Go on until the budget is spent or somebody says stop."""
        meter = Meter(budget, stop)
        if len(self.state.given.price) == 0:
            return self.solution()
        if legs[0].begin == 0.0 and self.state.given.weights.vehicle > 0:
            self._spare_vehicles(meter)
        origin = self.best_orders()
        for leg in legs:
            load(self.state.given, self.state.plan, origin if leg.anew else self.best_orders())
            self.cost = self._cost()
            self._follow(leg, meter)
        return self.solution()

    def _follow(self, leg: Leg, meter: Meter) -> None:
        """Anneal along one leg."""
        waiting, first = list(leg.recombine_at), meter.spent
        while not meter.over and meter.spent < leg.until:
            if waiting and meter.spent >= waiting[0]:
                waiting.pop(0)
                self.recombine(meter.seconds_left(leg.recombine_share))
            begin, steps, end = meter.ask()
            spent, ahead = ((share - first) / (leg.until - first) for share in (begin, end))
            self._anneal(leg, spent, ahead, steps)
            meter.book(steps, int(self.best.cost[0]))

    def _spare_vehicles(self, meter: Meter) -> None:
        """Empty one vehicle after the other, as long as that makes better plans, for a while."""
        given, plan = self.state.given, self.state.plan
        while (plan.tour < 0).any() and not meter.over and meter.spent < _FIRST_SHARE:
            _, steps, _ = meter.ask()
            self._anneal(Leg(1.0, 1.0), 0.0, 0.0, steps)
            meter.book(steps, int(self.best.cost[0]))
        load(given, plan, self.best_orders())
        easiest = True
        while (plan.tour >= 0).all() and not meter.over and meter.spent < _FLEET_SHARE:
            used = np.flatnonzero(plan.carried[plan.at] > 0)
            if len(used) < 2:
                break
            # At first the one with the fewest trips; if that does not work, any.
            one = int(np.argmin(plan.carried[plan.at][used]))
            if not easiest:
                one = drawn(self.chance, len(used))
            until = min(meter.spent + _FLEET_SHARE / _ATTEMPTS, _FLEET_SHARE)
            easiest = self._close(int(used[one]), meter, until) and self._load_if_better(
                self.state.orders()
            )
            load(given, plan, self.best_orders())
        self.cost = int(self.best.cost[0])

    def _close(self, vehicle: int, meter: Meter, until: float) -> bool:
        """Find room for all trips of a vehicle in those that are used besides it."""
        given, plan = self.state.given, self.state.plan
        scale = self._cost_of_a_trip()
        orders = self.state.orders()
        orders[vehicle] = list(self.partition.empty[vehicle])
        closed = [v for v in range(len(orders)) if v == vehicle or plan.carried[plan.at[v]] == 0]
        tight = closing(given, closed, int(_ABSENCE_PRICE * scale))
        load(tight, plan, orders)
        left = 1
        while left > 0 and not meter.over and meter.spent < until:
            _, steps, _ = meter.ask()
            left, done = find_room(
                tight,
                plan,
                self.memory,
                self.scratch,
                self.habits,
                int(scale),
                _FLEET_HEAT * scale,
                steps,
                self.chance,
            )
            meter.book(done, int(self.best.cost[0]))
        return left == 0

    def solution(self) -> Solution:
        """Return the best plan so far."""
        return self.state.solution(self.best_orders(), int(self.best.cost[0]))

    def columns(self) -> Columns:
        """Return all good tours so far."""
        return columns_of(self.pool)

    def best_columns(self) -> Columns:
        """Return the tours of the best plan so far, one a vehicle."""
        orders = np.array([number for order in self.best_orders() for number in order], np.int32)
        return Columns(self.best.tour_cost.copy(), self.best.length.copy(), orders)

    def pour(self, columns: Columns) -> None:
        """Add good tours that another search of the same problem and the same start has seen."""
        given = self.state.given
        salt_of = {
            order[0]: salt for order, salt in zip(self.best_orders(), given.salt, strict=True)
        }
        first = np.cumsum(columns.length) - columns.length
        starts = columns.orders[first].tolist()
        salts = np.array([salt_of[start] for start in starts], np.uint64)
        remember_all(given, self.pool, salts, columns, columns.orders.astype(np.int64))

    @cached_property
    def partition(self) -> Partition:
        """What set partitioning has to know of this search."""
        return _partition(self.state)

    def recombine(self, seconds: float | None) -> None:
        """Go on from the best choice among all tours seen so far, if it is better."""
        orders = recombine(
            self.partition,
            self.best_columns(),
            self.columns(),
            effort=_EFFORT,
            seconds=seconds,
        )
        if orders is not None:
            self._load_if_better(orders)

    def _load_if_better(self, orders: Sequence[Sequence[int]]) -> bool:
        """Continue with other tours if they are the best yet; return whether they are."""
        given, plan = self.state.given, self.state.plan
        before = self.state.orders()
        load(given, plan, orders)
        cost = self._cost()
        if cost < self.best.cost[0]:
            self.cost = self.best.cost[0] = cost
            keep(plan, self.best)
            return True
        load(given, plan, before)
        return False

    def best_orders(self) -> list[list[int]]:
        """Return the best tours so far: for each vehicle the numbers of its halts."""
        sizes = enumerate(self.best.length.tolist())
        return [self.best.order[v, :size].tolist() for v, size in sizes]

    def _anneal(self, leg: Leg, spent: float, ahead: float, steps: int) -> None:
        """Do some steps between two moments of a leg."""
        scale = self._cost_of_a_trip()
        hot, cold = (
            scale * HOT * (COLD / HOT) ** (leg.begin + share * (leg.end - leg.begin))
            for share in (spent, ahead)
        )
        self.cost = anneal(
            self.state.given,
            self.state.plan,
            self.memory,
            self.best,
            self.scratch,
            self.habits,
            self.pool,
            ELITE * scale,
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


def warm_up() -> None:
    """Compile what the service has of the search, or load it, so that no first plan waits for it.

    Its vehicles cost nothing by themselves, so how to spare one is left to who first asks for it.
    """
    seconds = np.array([[0, 1], [1, 0]], np.int32)
    trips = [Trip(str(t), 0, 1, 0, 4, 0, 4, 4, (1, 0, 0), 0, 0) for t in range(4)]
    shifts = [Shift(str(v), 0, 0, 0, 6, ((1, 0, 0),)) for v in range(3)]
    problem = Problem(
        tuple(empty_tour(shift) for shift in shifts),
        tuple(Request((trip,), 1000) for trip in trips),
        TravelTimes(seconds, seconds),
    )
    with one_at_a_time("search"):
        search = Search(SearchState(problem, problem.tours))
        search.run(Budget(iterations=1000), legs=BRIEF)
        search.pour(search.columns())


def _partition(state: SearchState) -> Partition:
    """Return what set partitioning has to know of a search."""
    given, plan = state.given, state.plan
    orders = state.orders()
    first = 2 * len(given.options)
    empty = tuple(tuple(number for number in order if number >= first) for order in orders)
    load(given, plan, empty)
    empty_cost = plan.cost[plan.at].copy()
    load(given, plan, orders)
    kind = (given.salt >> np.uint64(32)).astype(np.int64)
    return Partition(given.trip_of, given.price, kind, empty, empty_cost)


def _no_best(plan: Plan) -> Best:
    tours = len(plan.at)
    return Best(
        np.zeros((tours, plan.order.shape[1]), np.int64),
        np.zeros(tours, np.int64),
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
