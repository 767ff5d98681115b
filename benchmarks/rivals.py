"""Two other open solvers, as engines: PyVRP and VROOM (through pyvroom).

Both know pickups and deliveries with time windows, neither knows a longest ride, so that they solve
Li & Lim only. Both count in integers, and both get times in units of 1 / SCALE, travel times
rounded up: what keeps a window there keeps it for the judge. At 1 / 1000 this lengthens a tour by
0.0005 a leg on average. Finer units would do harm: PyVRP caps its penalties, which are costs in
these units, and VROOM takes times and costs in 32 bits.

Neither puts the number of vehicles before the distance. Both know a fixed cost of a vehicle, but on
a few instances tried that ended above the best known number more often than what is done here:
solve, take one vehicle away and solve again, for as long as that works.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.instances import Instance, Route

SCALE = 1000
"""Units in one unit of an instance."""

FEWER = 0.3
"""Share of the budget in which PyVRP looks for fewer vehicles; then it looks for less distance."""

THOROUGH = 5
"""VROOM's highest level of exploration."""


def cannot(instance: Instance) -> str:
    """Return why the rivals cannot express an instance; nothing if they can."""
    if math.isfinite(instance.max_ride):
        return "cannot express ride-time limits"
    return ""


def _units(value: float) -> int:
    return round(value * SCALE)


def _travel(instance: Instance) -> npt.NDArray[np.int64]:
    return np.ceil(instance.distance * SCALE - 1e-6).astype(np.int64)


# --------------------------------------------------------------------------------------- PyVRP


def pyvrp_search(
    instance: Instance, seconds: float, seed: int, clock: Callable[[], float]
) -> Callable[[], list[Route]]:
    """Return PyVRP's search: feasible with ever fewer vehicles first, then short."""
    pyvrp: Any = import_module("pyvrp")
    stop: Any = import_module("pyvrp.stop")
    model, vehicle_type = _pyvrp_model(pyvrp, instance)
    data = model.data()

    def attempt(vehicles: int, until: float, start: Any, first: bool) -> Any:
        """Return PyVRP's result with so many vehicles, by a time or the first that is feasible."""

        def late(_: int) -> bool:
            return clock() > until

        fleet = data.replace(vehicle_types=[vehicle_type.replace(num_available=vehicles)])
        end = stop.MultipleCriteria([stop.FirstFeasible(), late]) if first else late
        solution = None if start is None else pyvrp.Solution(fleet, start.routes())
        with warnings.catch_warnings():
            # That it struggles is what too few vehicles are expected to make it do.
            warnings.simplefilter("ignore", pyvrp.exceptions.PenaltyBoundWarning)
            return pyvrp.solve(
                fleet, end, seed, collect_stats=False, display=False, initial_solution=solution
            )

    def search() -> list[Route]:
        began = clock()
        best = attempt(instance.vehicles, began + seconds, None, first=True).best
        while clock() < began + FEWER * seconds and len(best.routes()) > 1:
            fewer = attempt(len(best.routes()) - 1, began + FEWER * seconds, None, first=True)
            if not fewer.is_feasible():
                break
            best = fewer.best
        shortest = attempt(max(1, len(best.routes())), began + seconds, best, first=False).best
        return [_pyvrp_route(instance, route) for route in shortest.routes()]

    return search


def _pyvrp_model(pyvrp: Any, instance: Instance) -> tuple[Any, Any]:
    model = pyvrp.Model()
    places = [model.add_location(0, 0) for _ in instance.load]
    depot = model.add_depot(places[0])
    vehicle_type = model.add_vehicle_type(
        instance.vehicles,
        instance.capacity,
        depot,
        depot,
        tw_early=_units(instance.earliest[0]),
        tw_late=_units(instance.latest[0]),
    )
    for pickup in range(1, instance.size + 1):
        delivery = pickup + instance.size
        model.add_shipment(
            places[pickup],
            places[delivery],
            *_pyvrp_end(instance, pickup),
            *_pyvrp_end(instance, delivery),
            instance.load[pickup],
        )
    for (a, b), units in np.ndenumerate(_travel(instance)):
        if a != b:
            model.add_edge(places[a], places[b], int(units), int(units))
    return model, vehicle_type


def _pyvrp_end(instance: Instance, node: int) -> Iterator[int]:
    yield _units(instance.earliest[node])
    yield _units(instance.latest[node])
    yield _units(instance.service[node])


def _pyvrp_route(instance: Instance, route: Any) -> Route:
    return tuple(
        act.idx + 1 + (0 if act.is_pickup() else instance.size)
        for act in route
        if act.is_shipment()
    )


# --------------------------------------------------------------------------------------- VROOM


def vroom_search(
    instance: Instance, seconds: float, clock: Callable[[], float]
) -> Callable[[], list[Route]]:
    """Return VROOM's search: as thorough as it can be, with ever fewer vehicles.

    It ends by itself, mostly before its time, and has no seed.
    """
    vroom: Any = import_module("vroom")
    travel = _travel(instance).astype(np.uint32)

    def attempt(vehicles: int, left: float) -> Any:
        problem = _vroom_input(vroom, instance, travel, vehicles)
        return problem.solve(THOROUGH, nb_threads=1, timeout=timedelta(seconds=left))

    def search() -> list[Route]:
        until = clock() + seconds
        best = attempt(instance.vehicles, seconds)
        routes = _vroom_routes(best)
        while not best.unassigned and len(routes) > 1 and clock() < until:
            best = attempt(len(routes) - 1, until - clock())
            if not best.unassigned:
                routes = _vroom_routes(best)
        return routes

    return search


def _vroom_input(vroom: Any, instance: Instance, travel: Any, vehicles: int) -> Any:
    def window(node: int) -> Any:
        return vroom.TimeWindow(_units(instance.earliest[node]), _units(instance.latest[node]))

    def step(node: int) -> Any:
        service = _units(instance.service[node])
        return vroom.ShipmentStep(node, node, default_service=service, time_windows=[window(node)])

    problem = vroom.Input()
    problem.set_durations_matrix("car", travel)
    for number in range(vehicles):
        problem.add_vehicle(
            vroom.Vehicle(
                number, start=0, end=0, capacity=[instance.capacity], time_window=window(0)
            )
        )
    for pickup in range(1, instance.size + 1):
        amount = vroom.Amount([instance.load[pickup]])
        problem.add_shipment(step(pickup), step(pickup + instance.size), amount=amount)
    return problem


def _vroom_routes(solution: Any) -> list[Route]:
    """Return the nodes of the routes; the depot, place 0, is at both ends of each."""
    frame = solution.routes
    return [
        tuple(int(place) for place in route["location_index"] if place)
        for _, route in frame.groupby("vehicle_id")
    ]
