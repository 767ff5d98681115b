"""OR-Tools' routing library as a second engine for the same problem: baseline and fallback.

The library searches by guided local search over a model of :mod:`routing.visits`. What it cannot
express, it does not see: the exact price of riding where waiting is cheaper, and that of a
vehicle with breaks. So every plan it finds is priced by our own definition and looked at by
:mod:`routing.check`; the best of those and the start is returned.

While the library searches, it holds the interpreter lock: nothing else runs in the process.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.check import check_plan, worsened
from routing.improvement import Budget, Progress
from routing.layout_cuts import cuts, loads_held, room
from routing.problem import (
    FOREVER,
    LOAD_KINDS,
    HaltKind,
    Loads,
    Problem,
    Solution,
    Tour,
    Trip,
    trip_between,
)
from routing.search_state import SearchState, cost_of_tours
from routing.visits import Visits, visits_of

Numbers = npt.NDArray[np.int64]

_LOOKS = 500
"""How often the library asks whether to end, between two looks at the clock."""

_DEAREST = 1 << 50
"""No price counts more: the sum of many still fits a word."""


def improve_with_ortools(
    problem: Problem,
    start: Sequence[Tour] | None = None,
    *,
    budget: Budget,
    seed: int = 0,
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
        When to end. An iteration is one question of the library whether to end: it asks about
        each neighbour that it tries and each decision that it takes.
    seed
        Shuffles the requests; the library itself leaves nothing to chance.
    stop
        Called now and then; if it says so, the search ends with the best plan so far.

    Raises
    ------
    UnknownOptionError
        If the start carries a request in a way that is none of its options.
    """
    state = SearchState(problem, problem.tours if start is None else start, neighbours=0)
    visits = visits_of(state, seed)
    watch = _Watch(problem, state, visits, budget, stop)
    if visits.choices and visits.vehicles and budget.iterations != 0:
        _search(visits, watch)
    return watch.best


# ----------------------------------------------------------------------------------- the search


def _search(visits: Visits, watch: "_Watch") -> None:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2

    model = _Model(pywrapcp, visits)
    routing = model.routing
    routing.AddSearchMonitor(routing.solver().CustomLimit(watch.is_over))
    routing.AddAtSolutionCallback(lambda: watch.see(routing.CostVar().Min(), model.routes))
    parameters = _parameters(pywrapcp, routing_enums_pb2, watch.budget)
    routing.CloseModelWithParameters(parameters)
    begun = routing.ReadAssignmentFromRoutes(model.start_routes(), True)
    if begun is None or not visits.carry_what_may_move():
        first = pywrapcp.DefaultRoutingSearchParameters()
        first.CopyFrom(parameters)
        first.solution_limit = 1
        strategies = routing_enums_pb2.FirstSolutionStrategy
        for strategy in (
            strategies.LOCAL_CHEAPEST_INSERTION,
            strategies.PARALLEL_CHEAPEST_INSERTION,
        ):
            first.first_solution_strategy = strategy
            routing.SolveWithParameters(first)
        if watch.found is not None:
            routes = [[model.index[node] for node in route] for route in watch.found]
            begun = routing.ReadAssignmentFromRoutes(routes, True)
    if begun is not None and not watch.is_over():
        routing.SolveFromAssignmentWithParameters(begun, parameters)
    if watch.failure is not None:
        raise watch.failure
    watch.conclude()


def _parameters(pywrapcp: Any, enums: Any, budget: Budget) -> Any:
    """Return how the library is to search: what has proved good on published instances."""
    from ortools.util.optional_boolean_pb2 import BOOL_TRUE

    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    operators = parameters.local_search_operators
    operators.use_local_cheapest_insertion_close_nodes_lns = BOOL_TRUE
    operators.use_local_cheapest_insertion_expensive_chain_lns = BOOL_TRUE
    operators.use_global_cheapest_insertion_close_nodes_lns = BOOL_TRUE
    operators.use_global_cheapest_insertion_expensive_chain_lns = BOOL_TRUE
    parameters.heuristic_close_nodes_lns_num_nodes = 10
    # Our own limit counts by the budget's clock, but is not asked within a first solution. The
    # library complains of a search without an end.
    seconds = timedelta(days=1).total_seconds() if budget.seconds is None else budget.seconds
    parameters.time_limit.FromTimedelta(timedelta(seconds=max(seconds, 1e-3)))
    return parameters


class _Model:
    """The library's model of the visits."""

    def __init__(self, pywrapcp: Any, visits: Visits) -> None:
        self.visits = visits
        starts, ends = ([getattr(v, k) for v in visits.vehicles] for k in ("start", "end"))
        self.manager = pywrapcp.RoutingIndexManager(
            len(visits.visits), len(visits.vehicles), starts, ends
        )
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        # The manager numbers visits in its own way: each first and last one is by a vehicle.
        self.index = [
            -1 if node in starts or node in ends else self.manager.NodeToIndex(node)
            for node in range(len(visits.visits))
        ]
        for vehicle, (start, end) in enumerate(zip(starts, ends, strict=True)):
            self.index[start], self.index[end] = (
                self.routing.Start(vehicle),
                self.routing.End(vehicle),
            )
        costs = self.routing.RegisterTransitMatrix(visits.costs.tolist())
        self.routing.SetArcCostEvaluatorOfAllVehicles(costs)
        self._add_time()
        self._add_trips()
        self._add_loads()
        self._add_choices()
        self._keep_what_stays()

    def _add_time(self) -> None:
        visits, horizon = self.visits, max(self.visits.horizon, 0)
        seconds = self.routing.RegisterTransitMatrix(visits.seconds.tolist())
        self.routing.AddDimension(seconds, horizon, horizon, False, "time")
        self.time = self.routing.GetDimensionOrDie("time")
        for node, visit in enumerate(visits.visits):
            if visit.vehicle >= 0:
                self._open_window(node)
        for number, vehicle in enumerate(visits.vehicles):
            if vehicle.max_duration < FOREVER:
                self.time.SetSpanUpperBoundForVehicle(vehicle.max_duration, number)
        for pickup, dropoff, limit in visits.rides:
            self._limit_ride(pickup, dropoff, limit)

    def _open_window(self, node: int) -> None:
        visit, at = self.visits.visits[node], self.index[node]
        latest = min(visit.latest, self.visits.horizon)
        self.time.CumulVar(at).SetRange(visit.earliest, latest)
        if visit.charge:
            self.time.SetCumulVarSoftUpperBound(at, visit.charged_from, visit.charge)

    def _limit_ride(self, pickup: int, dropoff: int, limit: int) -> None:
        if limit < self.visits.horizon:
            begin, end = (self.time.CumulVar(self.index[node]) for node in (pickup, dropoff))
            self.solver.Add(end - begin <= limit)

    def _add_trips(self) -> None:
        """Nobody is on board during a break."""
        breaks = [n for n, v in enumerate(self.visits.visits) if v.halt.kind == HaltKind.BREAK]
        if breaks:
            changes = self.visits.trips
            most = [int(np.abs(changes).sum())] * len(self.visits.vehicles)
            on_board = [vehicle.trips for vehicle in self.visits.vehicles]
            trips = self._add_sum("trips", changes, most, on_board)
            for node in breaks:
                trips.CumulVar(self.index[node]).SetValue(0)

    def _add_loads(self) -> None:
        layouts = [vehicle.layouts for vehicle in self.visits.vehicles]
        weights, exact = cuts(layouts)
        sums = []
        for each in weights:
            changes = self.visits.loads @ np.array(each)
            on_board = [int(np.dot(v.loads, each)) for v in self.visits.vehicles]
            most = [room(of_vehicle, each) for of_vehicle in layouts]
            if changes.any() or any(on_board) or not exact:
                sums.append(self._add_sum(f"load {each}", changes, most, on_board))
        if not exact:
            self._tell_what_fits(sums[: len(LOAD_KINDS)], layouts)

    def _add_sum(self, name: str, changes: Numbers, most: list[int], on_board: list[int]) -> Any:
        """Sum up changes along each route, from what is on board to at most so much."""
        change = self.routing.RegisterUnaryTransitVector(changes.tolist())
        limits = [max(limit, now) for limit, now in zip(most, on_board, strict=True)]
        self.routing.AddDimensionWithVehicleCapacity(change, 0, limits, False, name)
        dimension = self.routing.GetDimensionOrDie(name)
        for vehicle, now in enumerate(on_board):
            dimension.CumulVar(self.routing.Start(vehicle)).SetValue(now)
        return dimension

    def _tell_what_fits(self, kinds: list[Any], layouts: list[tuple[Loads, ...]]) -> None:
        """Enumerate the loads that fit where no sums describe them."""
        fits = [[-1, 0, 0, 0]]  # a visit that is left out
        for vehicle, of_vehicle in enumerate(layouts):
            fits += [[vehicle, *load] for load in loads_held(of_vehicle).tolist()]
        for at in self.index:
            loads = [kind.CumulVar(at) for kind in kinds]
            self.solver.Add(
                self.solver.AllowedAssignments([self.routing.VehicleVar(at), *loads], fits)
            )

    def _add_choices(self) -> None:
        """Serve each request in one way or in none."""
        for pair_index, choice in enumerate(self.visits.choices):
            ends = list(zip(*choice.options, strict=True))
            pickups, dropoffs = ([self.index[node] for node in end] for end in ends)
            price = min(choice.price, _DEAREST)
            pair = (
                self.routing.AddDisjunction(pickups, price),
                self.routing.AddDisjunction(dropoffs, 0),
            )
            if len(pickups) == 1:
                self.routing.AddPickupAndDelivery(pickups[0], dropoffs[0])
            else:
                self.routing.AddPickupAndDeliverySets(*pair)
            if min(choice.longest) < self.visits.horizon:
                # Constraints say this too, but only of this the library knows beforehand.
                self.time.SetPickupToDeliveryLimitFunctionForPair(
                    partial(_longest, choice.longest, self.visits.horizon), pair_index
                )
            for pickup, dropoff in zip(pickups, dropoffs, strict=True):
                vehicles = (self.routing.VehicleVar(at) for at in (pickup, dropoff))
                self.solver.Add(next(vehicles) == next(vehicles))
            for option, longest in zip(choice.options, choice.longest, strict=True):
                if self.visits.can_be(option, longest):
                    for node in option:
                        self._open_window(node)
                    self._limit_ride(*option, longest)
                else:
                    # Without times it is left out; its windows would leave no plan at all.
                    for node in option:
                        self.routing.ActiveVar(self.index[node]).SetValue(0)

    def _keep_what_stays(self) -> None:
        for node, visit in enumerate(self.visits.visits):
            at = self.index[node]
            if visit.vehicle >= 0 and not (self.routing.IsStart(at) or self.routing.IsEnd(at)):
                self.routing.VehicleVar(at).SetValue(visit.vehicle)
        for vehicle in self.visits.vehicles:
            for before, behind in pairwise((vehicle.start, *vehicle.fixed)):
                self.routing.NextVar(self.index[before]).SetValue(self.index[behind])
        for pickup, dropoff in self.visits.pairs:
            self.routing.AddPickupAndDelivery(self.index[pickup], self.index[dropoff])
        if self.visits.sequences:
            self.routing.AddConstantDimension(1, len(self.visits.visits), True, "rank")
            rank = self.routing.GetDimensionOrDie("rank")
            for before, behind in self.visits.sequences:
                first, second = (rank.CumulVar(self.index[node]) for node in (before, behind))
                self.solver.Add(first < second)

    def start_routes(self) -> list[list[int]]:
        """Return the routes of the start, as the library numbers visits."""
        return [[self.index[node] for node in each.route] for each in self.visits.vehicles]

    def routes(self) -> list[list[int]]:
        """Return the visits between first and last of the solution at hand."""
        routes = []
        for vehicle in range(len(self.visits.vehicles)):
            route: list[int] = []
            at = self.routing.NextVar(self.routing.Start(vehicle)).Value()
            while not self.routing.IsEnd(at):
                route.append(self.manager.IndexToNode(at))
                at = self.routing.NextVar(at).Value()
            routes.append(route)
        return routes


def _longest(longest: Sequence[int], horizon: int, pickup: int, dropoff: int) -> int:
    """Return the longest ride between two ends of a request: those of one option go together."""
    return longest[pickup] if pickup == dropoff else horizon


# ------------------------------------------------------------------------------ what came of it


class _Watch:
    """What the search has found so far, and whether it is to end."""

    def __init__(
        self,
        problem: Problem,
        state: SearchState,
        visits: Visits,
        budget: Budget,
        stop: Callable[[Progress], bool] | None,
    ) -> None:
        self.problem, self.state, self.visits = problem, state, visits
        self.budget, self.stop = budget, stop
        self.began = budget.clock()
        self.asked = 0
        self.least = inf
        self.found: list[list[int]] | None = None
        self.over = False
        self.failure: BaseException | None = None
        self.judge = _Judge(problem, state)
        self.best = state.solution(self.judge.orders, state.cost())

    @property
    def seen(self) -> bool:
        """Whether the library has found anything."""
        return self.least < inf

    def see(self, cost: int, routes: Callable[[], list[list[int]]]) -> None:
        """Take note of a plan if the library thinks that it is the best so far."""
        if cost < self.least:
            self.least, self.found = cost, routes()

    def is_over(self) -> bool:
        """Count a question, and look at the clock now and then."""
        self.asked += 1
        if self.asked % _LOOKS == 0 or self.asked == self.budget.iterations:
            try:
                self.over = self.over or self._look()
            except BaseException as failure:  # noqa: BLE001 -- the library would go on regardless
                self.failure, self.over = failure, True
        return self.over

    def _look(self) -> bool:
        self.conclude()
        if self.budget.iterations is not None:
            spent = self.asked / self.budget.iterations
        else:
            assert self.budget.seconds is not None
            spent = (self.budget.clock() - self.began) / max(self.budget.seconds, 1e-9)
        told = self.stop is not None and self.stop(Progress(self.asked, spent, self.best.cost))
        return told or spent >= 1.0

    def conclude(self) -> None:
        """Price and check the last plan that was found."""
        if self.found is None:
            return
        orders = [list(order) for order in self.judge.orders]
        for vehicle, route in zip(self.visits.vehicles, self.found, strict=True):
            nodes = (vehicle.start, *route, vehicle.end)
            numbers = [self.visits.visits[node].number for node in nodes]
            orders[vehicle.tour] = [*vehicle.done, *numbers]
        self.found = None
        solution = self.state.solution(orders, 0)
        cost = cost_of_tours(self.problem, solution.tours)
        if cost < self.best.cost and self.judge.accepts(orders, solution):
            self.best = replace(solution, cost=cost)


class _Judge:
    """The independent checker, and what it has to know about the start."""

    def __init__(self, problem: Problem, state: SearchState) -> None:
        self.travel, self.state = problem.travel, state
        plan = state.plan
        self.orders = [
            plan.order[row, : plan.shifts[row]["length"]].tolist() for row in plan.at.tolist()
        ]
        self.options = [trip for request in state.requests for trip in request.options]
        self.before = check_plan(state.start, self.travel, self._promised(self.orders))

    def accepts(self, orders: list[list[int]], solution: Solution) -> bool:
        """Whether nothing is wrong with a plan that was not wrong with the start."""
        promised = self._promised(orders)
        after = check_plan(solution.tours, self.travel, promised, self.state.start)
        return not worsened(self.before, after)

    def _promised(self, orders: list[list[int]]) -> dict[str, Trip]:
        """Return the trips of a plan as they were asked for."""
        promised = {}
        halts, options = self.state.halts, self.options
        for order in orders:
            dropoffs = {halts[n].trip: halts[n] for n in order if halts[n].kind == HaltKind.DROPOFF}
            for n in order:
                if n < 2 * len(options):
                    promised[options[n // 2].id] = options[n // 2]
                elif halts[n].kind == HaltKind.PICKUP:
                    promised[halts[n].trip] = trip_between(halts[n], dropoffs[halts[n].trip])
        return promised
