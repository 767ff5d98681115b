"""The best choice among tours that are known: set partitioning with OR-Tools.

Each trip is in one tour or stays unserved at its price; there are so many tours of a kind as there
are vehicles of it (Balinski and Quandt 1964; as the last step of a search: Rochat and Taillard
1995). The linear relaxation comes first: a tour whose reduced cost is more than the gap to the
best known plan is in no better one, and only the others go to the integer program.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from routing.problem import FOREVER
from routing.search_state import Numbers
from routing.tour_pool import Columns

Solver = Literal["sat", "highs"]
"""Of the integer program."""

_PARAMETERS = {
    "glop": "max_deterministic_time: {effort}",
    "sat": "num_workers: 1 max_deterministic_time: {effort}",
    "highs": "mip_rel_gap=0,output_flag=false",
}

_MOST = 8000
"""Columns of the integer program: those with the least reduced costs."""


@dataclass(frozen=True, eq=False, slots=True)
class Partition:
    """What a set partitioning is about, besides the tours.

    Attributes
    ----------
    trip_of
        int64[O]: whose option it is.
    price
        int64[T]: of staying unserved.
    kind
        int64[V]: equal numbers for equal vehicles.
    empty
        For each vehicle its tour without any trip, by numbers of halts.
    empty_cost
        int64[V].
    """

    trip_of: Numbers
    price: Numbers
    kind: Numbers
    empty: tuple[tuple[int, ...], ...]
    empty_cost: Numbers


def recombine(
    partition: Partition,
    columns: Columns,
    best: Sequence[Sequence[int]],
    best_cost: int,
    *,
    effort: float,
    seconds: float | None = None,
    solver: Solver = "sat",
) -> list[list[int]] | None:
    """Return better tours than the best known, chosen among those in the columns; None without.

    Parameters
    ----------
    partition
        The trips and vehicles.
    columns
        Known tours.
    best
        The best known plan: for each vehicle the numbers of its halts.
    best_cost
        Of that plan.
    effort
        OR-Tools' own count of its work, about in seconds; the same effort gives the same tours.
    seconds
        Of time, at most.
    solver
        Of the integer program: CP-SAT or HiGHS.

    Returns
    -------
    list of list of int, or None
        For each vehicle the numbers of its halts.
    """
    program = Program(partition, columns, best)
    limit = FOREVER if seconds is None else seconds
    began = time.monotonic()
    relaxed = program.relax(effort, limit)
    if relaxed is None:
        return None
    chosen = program.promising(relaxed, best_cost)
    limit -= time.monotonic() - began
    solved = program.solve(solver, chosen, effort, limit) if limit > 0 else None
    if solved is None:
        return None
    return program.tours(chosen[solved.values > 0.5])


@dataclass(frozen=True, eq=False, slots=True)
class Solved:
    """A solution of the program: its value, and the values and reduced costs of the columns."""

    value: float
    values: npt.NDArray[np.float64]
    reduced_costs: npt.NDArray[np.float64]


class Program:
    """The columns of the program: unserved trips, the tours of the best plan, all other tours."""

    def __init__(
        self, partition: Partition, columns: Columns, best: Sequence[Sequence[int]]
    ) -> None:
        self.partition = partition
        trips = len(partition.price)
        owner = np.repeat(np.arange(len(columns.length)), columns.length)
        pickups = (columns.orders % 2 == 0) & (columns.orders < 2 * len(partition.trip_of))
        self.first = np.cumsum([0, *columns.length])
        self.columns = columns
        # The number of a start tells the kind of vehicle.
        kind_of_start = {
            order[0]: kind for order, kind in zip(best, partition.kind.tolist(), strict=True)
        }
        self.kinds, self.counts = np.unique(partition.kind, return_counts=True)
        start = columns.orders[self.first[:-1]]
        self.kind = np.array([kind_of_start[number] for number in start.tolist()], np.int64)
        empty_cost = dict(zip(partition.kind.tolist(), partition.empty_cost.tolist(), strict=True))
        added = columns.cost - np.array([empty_cost[kind] for kind in self.kind.tolist()], np.int64)
        self.unit = max(float(np.median(added)), 1.0) if len(added) else 1.0
        # No two plans differ by more, unserved trips apart. Above that, prices only say who goes
        # first: too many digits for the linear program, and one that is too cheap is still a bound.
        spread = int(added.max(initial=0)) - int(added.min(initial=0))
        enough = spread * min(trips, len(partition.kind)) + 1
        prices = np.minimum(partition.price, max(enough, FOREVER))
        self.cost = np.concatenate([prices, added]).astype(np.float64)
        self.relaxed_cost = np.concatenate([np.minimum(prices, enough), added]) / self.unit
        rows = np.concatenate(
            [
                np.arange(trips),
                partition.trip_of[columns.orders[pickups] // 2],
                trips + np.searchsorted(self.kinds, self.kind),
            ]
        )
        cols = np.concatenate(
            [np.arange(trips), trips + owner[pickups], trips + np.arange(len(self.kind))]
        )
        shape = (trips + len(self.kinds), len(self.cost))
        self.matrix = sparse.csc_matrix((np.ones(len(rows)), (rows, cols)), shape)
        self.every = np.arange(len(self.cost))
        self.known = self._columns_of_plan(best)

    def _columns_of_plan(self, best: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
        """Return the unserved trips of a plan and those of its tours that are in the pool."""
        trips, options = len(self.partition.price), len(self.partition.trip_of)
        served = {
            int(self.partition.trip_of[number // 2])
            for order in best
            for number in order
            if number < 2 * options
        }
        where = {
            bytes(np.sort(self.columns.orders[self.first[c] : self.first[c + 1]])): trips + c
            for c in range(len(self.kind))
        }
        tours = (where.get(bytes(np.sort(np.array(order, np.int32)))) for order in best)
        known = [t for t in range(trips) if t not in served]
        known += [column for column in tours if column is not None]
        return np.array(sorted(known), np.int64)

    def relax(self, effort: float, seconds: float) -> Solved | None:
        """Solve the linear relaxation over all columns, with costs in median tours."""
        return self._solve("glop", self.relaxed_cost, self.every, effort, seconds, hint=False)

    def promising(self, relaxed: Solved, best_cost: int) -> npt.NDArray[np.int64]:
        """Return the columns that a better plan than the best may have, and those of that one."""
        base = int(self.partition.empty_cost.sum())
        gap = (best_cost - base) / self.unit - relaxed.value
        promising = np.flatnonzero(relaxed.reduced_costs <= gap + 1e-6)
        if len(promising) > _MOST:
            order = np.argsort(relaxed.reduced_costs[promising], kind="stable")
            promising = np.sort(promising[order[:_MOST]])
        return np.union1d(promising, self.known)

    def solve(
        self,
        solver: Solver,
        chosen: npt.NDArray[np.int64],
        effort: float,
        seconds: float,
        *,
        hint: bool = True,
    ) -> Solved | None:
        """Solve the program with these columns in integers; costs are whole, so CP-SAT is exact."""
        return self._solve(solver, self.cost, chosen, effort, seconds, hint=hint)

    def _solve(
        self,
        solver: Solver | Literal["glop"],
        cost: npt.NDArray[np.float64],
        chosen: npt.NDArray[np.int64],
        effort: float,
        seconds: float,
        *,
        hint: bool,
    ) -> Solved | None:
        from ortools.linear_solver.python import model_builder_helper as native

        trips, size = len(self.partition.price), len(chosen)
        model: Any = native.ModelBuilderHelper()
        lower = np.concatenate([np.ones(trips), np.zeros(len(self.kinds))])
        upper = np.concatenate([np.ones(trips), self.counts.astype(np.float64)])
        model.fill_model_from_sparse_data(
            np.zeros(size),
            np.ones(size) if solver != "glop" else np.full(size, np.inf),
            cost[chosen],
            lower,
            upper,
            sparse.csr_matrix(self.matrix[:, chosen]),
        )
        if solver != "glop":
            for column in range(size):
                model.set_var_integrality(column, True)
        # HiGHS behind OR-Tools 9.15 takes the whole process down when it is given a hint.
        if hint and solver == "sat":
            hinted = set(self.known.tolist())
            for column, original in enumerate(chosen.tolist()):
                model.add_hint(column, 1.0 if original in hinted else 0.0)
        engine: Any = native.ModelSolverHelper(solver)
        engine.set_time_limit_in_seconds(seconds)
        engine.set_solver_specific_parameters(_PARAMETERS[solver].format(effort=effort))
        engine.solve(model)
        if not engine.has_solution():
            return None
        reduced = engine.reduced_costs() if solver == "glop" else np.zeros(size)
        return Solved(
            engine.objective_value(), np.array(engine.variable_values()), np.array(reduced)
        )

    def tours(self, chosen: npt.NDArray[np.int64]) -> list[list[int]]:
        """Return the tours of a solution, each with a vehicle of its kind."""
        trips = len(self.partition.price)
        waiting: dict[int, list[list[int]]] = {}
        for column in chosen[chosen >= trips] - trips:
            order = self.columns.orders[self.first[column] : self.first[column + 1]].tolist()
            waiting.setdefault(int(self.kind[column]), []).append(order)
        return [
            waiting[kind].pop() if waiting.get(kind) else list(empty)
            for kind, empty in zip(self.partition.kind.tolist(), self.partition.empty, strict=True)
        ]
