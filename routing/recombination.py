"""The best choice among tours that are known: set partitioning with OR-Tools.

Each trip is in one tour or stays unserved at its price; there are so many tours of a kind as there
are vehicles of it (Balinski and Quandt 1964; as the last step of a search: Rochat and Taillard
1995). The linear relaxation comes first: a tour whose reduced cost is more than the gap to the
best known plan is in no better one, and only the others go to the integer program.
"""

import time
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from routing.problem import FOREVER
from routing.search_state import Numbers
from routing.tour_pool import Columns

Solver = Literal["sat", "highs"]
"""Of the integer programs: CP-SAT or HiGHS."""

_PARAMETERS = {
    "glop": "max_deterministic_time: {effort}",
    "sat": "num_workers: 1 max_deterministic_time: {effort}",
    "highs": "mip_rel_gap=0,output_flag=false",
}

MOST = 2500
"""Columns that join the relaxation in a round, and those of a second integer program. With more,
that finds nothing in the time that a search can spare."""

_FEW = 500
"""Columns of a first integer program, which is solved at once."""

_WORTH = 0.01
"""More columns are tried if the relaxation is nearer to the best plan than this share."""

_PATIENT_SECONDS = 4.0
"""With so much time they are tried anyhow."""

_ROUNDS = 30
_TOLERANCE = 1e-7

_HARDLY = 0.01
"""The relaxation is as good as solved when it asks for no more than this share of new columns."""


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
    best: Columns,
    pool: Columns,
    *,
    effort: float,
    seconds: float | None = None,
) -> list[list[int]] | None:
    """Return better tours than the best known, chosen among all that are known; None without.

    Parameters
    ----------
    partition
        The trips and vehicles.
    best
        The tours of the best known plan, one a vehicle.
    pool
        Other tours.
    effort
        OR-Tools' own count of its work, about in seconds; the same effort gives the same tours.
    seconds
        Of time, at most.

    Returns
    -------
    list of list of int, or None
        For each vehicle the numbers of its halts.
    """
    program = Program(partition, best, pool)
    until = time.monotonic() + (FOREVER if seconds is None else seconds)
    reduced_costs = program.relax(effort, until)
    if reduced_costs is None:
        return None
    patient = seconds is not None and seconds >= _PATIENT_SECONDS
    found, near = None, patient or program.is_near()
    for most in (_FEW, MOST, 2 * MOST):
        chosen = program.least(reduced_costs, program.best - program.bound, most)
        solved = program.solve("sat", chosen, effort, until)
        if solved is not None:
            found = program.known = chosen[solved.values > 0.5]
        if len(chosen) < most or not near:
            break
    return None if found is None else program.tours(found)


@dataclass(frozen=True, eq=False, slots=True)
class Solved:
    """A solution of the program: its value, and the values of the columns and rows."""

    value: float
    values: npt.NDArray[np.float64]
    duals: npt.NDArray[np.float64]


class Program:
    """The columns of the program: unserved trips, the tours of the best plan, all other tours.

    A tour costs what it costs more than the vehicle's tour without trips.
    """

    def __init__(self, partition: Partition, best: Columns, pool: Columns) -> None:
        self.partition = partition
        trips, options = len(partition.price), len(partition.trip_of)
        self.length = np.concatenate([best.length, pool.length])
        self.orders = np.concatenate([best.orders, pool.orders])
        self.first = np.cumsum([0, *self.length])
        self.kinds, which, self.counts = np.unique(
            partition.kind, return_index=True, return_counts=True
        )
        # The number of a start tells the kind of vehicle.
        starts = np.array([partition.empty[v][0] for v in which])
        in_order = np.argsort(starts)
        own_start = self.orders[self.first[:-1]]
        self.kind = in_order[np.searchsorted(starts[in_order], own_start)]
        added = np.concatenate([best.cost, pool.cost]) - partition.empty_cost[which][self.kind]
        self.unit = max(float(np.median(added)), 1.0)
        # No two plans differ by more, unserved trips apart. Above that, prices only say who goes
        # first: too many digits for the linear program, and one that is too cheap is still a bound.
        spread = int(added.max()) - int(added.min())
        enough = spread * min(trips, len(partition.kind)) + 1
        prices = np.minimum(partition.price, max(enough, FOREVER))
        self.cost = np.concatenate([prices, added]).astype(np.float64)
        self.relaxed_cost = np.concatenate([np.minimum(prices, enough), added]) / self.unit
        pickups = (self.orders % 2 == 0) & (self.orders < 2 * options)
        owner = np.repeat(np.arange(len(self.length)), self.length)[pickups]
        served = partition.trip_of[self.orders[pickups] // 2]
        columns = np.arange(len(self.length))
        rows = np.concatenate([np.arange(trips), served, trips + self.kind])
        cols = np.concatenate([np.arange(trips), trips + owner, trips + columns])
        shape = (trips + len(self.kinds), len(self.cost))
        self.matrix = sparse.csc_matrix((np.ones(len(rows)), (rows, cols)), shape)
        unserved = np.setdiff1d(np.arange(trips), served[owner < len(best.length)])
        self.known = np.concatenate([unserved, trips + np.arange(len(best.length))])
        self.best = float(self.cost[self.known].sum()) / self.unit
        self.bound = -np.inf

    def relax(self, effort: float, until: float) -> npt.NDArray[np.float64] | None:
        """Return the reduced costs of all columns at the optimum of the linear relaxation.

        Columns that the duals ask for join round by round; after this :attr:`bound` is the value
        of the relaxation, in median tours. None if time runs out.
        """
        trips = len(self.partition.price)
        chosen = np.union1d(
            np.arange(trips), self.least(self.relaxed_cost - self.shares(), np.inf, MOST)
        )
        reduced_costs = self.relaxed_cost
        for _ in range(_ROUNDS):
            solved = self.solve("glop", chosen, effort, until)
            if solved is None:
                return None
            reduced_costs = self.relaxed_cost - self.matrix.T @ solved.duals
            self.bound = solved.value
            before = len(chosen)
            chosen = np.union1d(chosen, self.least(reduced_costs, 0.0, MOST))
            if len(chosen) - before <= _HARDLY * before:
                break
        return np.asarray(reduced_costs)

    def is_near(self) -> bool:
        """Whether the best plan is so near to the relaxation that more columns are worth a try."""
        best = float(self.relaxed_cost[self.known].sum())
        return best - self.bound <= _WORTH * best

    def shares(self) -> npt.NDArray[np.float64]:
        """Return for each column what its trips cost by the best plan, equal shares in a tour."""
        tours = self.matrix[: len(self.partition.price), self.known]
        costs = self.relaxed_cost[self.known] / np.maximum(
            np.asarray(tours.sum(axis=0)).ravel(), 1.0
        )
        duals = np.zeros(self.matrix.shape[0])
        duals[: tours.shape[0]] = tours @ costs
        return np.asarray(self.matrix.T @ duals)

    def least(
        self, reduced_costs: npt.NDArray[np.float64], limit: float, most: int
    ) -> npt.NDArray[np.int64]:
        """Return the columns with the least reduced costs, and those of the best plan."""
        promising = np.flatnonzero(reduced_costs <= limit + _TOLERANCE)
        if len(promising) > most:
            order = np.argsort(reduced_costs[promising], kind="stable")
            promising = promising[order[:most]]
        return np.union1d(promising, self.known)

    def solve(
        self,
        solver: Solver | Literal["glop"],
        chosen: npt.NDArray[np.int64],
        effort: float,
        until: float,
        *,
        hint: bool = True,
    ) -> Solved | None:
        """Solve the program with these columns, by GLOP as a linear one, else in integers.

        Costs are in median tours for GLOP and whole for the others, so that CP-SAT is exact.
        """
        from ortools.linear_solver.python import model_builder_helper as native

        seconds = until - time.monotonic()
        if seconds <= 0:
            return None
        trips, size = len(self.partition.price), len(chosen)
        linear = solver == "glop"
        model: Any = native.ModelBuilderHelper()
        model.fill_model_from_sparse_data(
            np.zeros(size),
            np.full(size, np.inf if linear else 1.0),
            (self.relaxed_cost if linear else self.cost)[chosen],
            np.concatenate([np.ones(trips), np.zeros(len(self.kinds))]),
            np.concatenate([np.ones(trips), self.counts.astype(np.float64)]),
            sparse.csr_matrix(self.matrix[:, chosen]),
        )
        if not linear:
            for column in range(size):
                model.set_var_integrality(column, True)
        # HiGHS behind OR-Tools 9.15 takes the whole process down when it is given a hint.
        if hint and solver == "sat":
            for column, known in enumerate(np.isin(chosen, self.known).tolist()):
                model.add_hint(column, float(known))
        engine: Any = native.ModelSolverHelper(solver)
        engine.set_time_limit_in_seconds(seconds)
        engine.set_solver_specific_parameters(_PARAMETERS[solver].format(effort=effort))
        engine.solve(model)
        if not engine.has_solution():
            return None
        duals = np.array(engine.dual_values()) if linear else np.zeros(0)
        return Solved(engine.objective_value(), np.array(engine.variable_values()), duals)

    def tours(self, chosen: npt.NDArray[np.int64]) -> list[list[int]]:
        """Return the tours of a solution, each with a vehicle of its kind."""
        trips = len(self.partition.price)
        waiting: dict[int, list[list[int]]] = {}
        for column in chosen[chosen >= trips] - trips:
            order = self.orders[self.first[column] : self.first[column + 1]].tolist()
            waiting.setdefault(int(self.kinds[self.kind[column]]), []).append(order)
        return [
            waiting[kind].pop() if waiting.get(kind) else list(empty)
            for kind, empty in zip(self.partition.kind.tolist(), self.partition.empty, strict=True)
        ]
