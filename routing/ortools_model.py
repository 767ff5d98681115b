"""Visits in the words of OR-Tools' routing library: dimensions, disjunctions, pairs and locks.

Windows, gaps and durations are the dimension of time, batteries that of metres; loads are sums,
and where sums do not describe what several layouts hold, a table. A fixed halt is the only next one
of that before.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.layout_cuts import cuts, loads_held, room
from routing.problem import FOREVER, LOAD_KINDS, HaltKind, Loads
from routing.visits import Visits

Numbers = npt.NDArray[np.int64]

_DEAREST = 1 << 50
"""No price counts more: the sum of many still fits a word."""


class RoutingModel:
    """The library's model, made of visits; the library itself is handed in."""

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
        self._add_reach()
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

    def _add_reach(self) -> None:
        """No vehicle drives farther than its battery lasts."""
        reach = [each.reach for each in self.visits.vehicles]
        if min(reach, default=FOREVER) < FOREVER:
            metres = self.routing.RegisterTransitMatrix(self.visits.metres.tolist())
            self.routing.AddDimensionWithVehicleCapacity(metres, 0, reach, True, "metres")

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
