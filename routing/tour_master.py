"""The linear program of column generation: a share of each known tour, so that all are served."""

import numpy as np
import numpy.typing as npt

from routing.search_state import Numbers
from routing.tour_ground import Ground

Prices = npt.NDArray[np.float64]

_RAISE = 8
"""By how much the price of a trip that no tour takes is raised."""


class Master:
    """The linear program over the tours known so far.

    Parameters
    ----------
    ground
        Trips and kinds of vehicles.
    unserved
        int64[T]: what it costs at first to leave a trip out. Less than its price: with prices far
        from what tours cost, column generation wanders about.

    Attributes
    ----------
    columns
        How many tours there are.
    """

    def __init__(self, ground: Ground, unserved: Numbers) -> None:
        from ortools.math_opt.python import mathopt  # heavy, so not before it is needed

        self.price, self.unserved = ground.price, unserved.copy()
        self.unit = max(1.0, float(np.median(unserved)) if len(unserved) else 1.0)
        self.columns = 0
        self._known: dict[tuple[int, bytes], int] = {}
        self._model = mathopt.Model()
        self._model.objective.is_maximize = False
        self._trips = [self._model.add_linear_constraint(lb=1.0) for _ in unserved]
        self._kinds = [
            self._model.add_linear_constraint(ub=float(len(kind.vehicles))) for kind in ground.kinds
        ]
        self._left_out = [self._model.add_variable(lb=0.0) for _ in unserved]
        for t, (row, left_out) in enumerate(zip(self._trips, self._left_out, strict=True)):
            row.set_coefficient(left_out, 1.0)
            self._price(t)
        self._solver = mathopt.IncrementalSolver(self._model, mathopt.SolverType.GLOP)

    def _price(self, t: int) -> None:
        objective = self._model.objective
        objective.set_linear_coefficient(self._left_out[t], float(self.unserved[t]) / self.unit)

    def add(self, kind: int, cost: int, cover: Numbers) -> bool:
        """Add a tour, unless one with the same trips is known that costs no more."""
        key = (kind, cover.tobytes())
        if self._known.get(key, cost + 1) <= cost:
            return False
        self._known[key] = cost
        column = self._model.add_variable(lb=0.0)
        self._model.objective.set_linear_coefficient(column, cost / self.unit)
        for t in np.flatnonzero(cover).tolist():
            self._trips[t].set_coefficient(column, float(cover[t]))
        self._kinds[kind].set_coefficient(column, 1.0)
        self.columns += 1
        return True

    def solve(self) -> tuple[float, Prices, list[float]]:
        """Return the value, the price of each trip and the share of each kind of vehicle."""
        result = self._solver.solve()
        self._shares = np.array(result.variable_values(self._left_out))
        return (
            result.objective_value() * self.unit,
            np.array(result.dual_values(self._trips)) * self.unit,
            [each * self.unit for each in result.dual_values(self._kinds)],
        )

    def raise_prices(self) -> bool:
        """Raise what it costs to leave out the trips that are left out; False if nothing can be."""
        raised = np.flatnonzero((self._shares > _SLIGHT) & (self.unserved < self.price))
        for t in raised.tolist():
            self.unserved[t] = min(int(self.price[t]), _RAISE * max(1, int(self.unserved[t])))
            self._price(t)
        return len(raised) > 0


_SLIGHT = 1e-7
