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
from math import inf
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.budget import Budget, Progress
from routing.check import check_plan, worsened
from routing.ortools_model import RoutingModel
from routing.problem import (
    HaltKind,
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

    model = RoutingModel(pywrapcp, visits)
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
