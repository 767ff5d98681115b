"""Published dial-a-ride and pickup-and-delivery instances, and the literature's own judge of them.

Two formats are read: that of Cordeau and Laporte (2003) and that of Li and Lim (2001). Distances
are Euclidean in double precision and equal travel times. The solver counts in integers, so that
an instance becomes a problem in units of 1 / SCALE, travel times rounded up: what is feasible
there is feasible here. The judge shares no code with the solver.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from routing.problem import (
    FOREVER,
    Halt,
    HaltKind,
    Problem,
    Request,
    Shift,
    Tour,
    Trip,
    Weights,
    empty_tour,
)
from routing.travel_times import TravelTimes

SCALE = 1_000_000
"""Units of the solver's integer times and distances in one unit of an instance."""

TOLERANCE = 1e-6
"""By how much the judge lets a time in double precision miss a limit."""

MUST = 1 << 44
"""Price of an unserved request: more than any solution costs."""

VEHICLE = 1 << 36
"""Price of a vehicle where their number counts before the distance."""

Route = tuple[int, ...]
"""Nodes between leaving the depot and returning: i is a pickup, i + n its drop-off, 1 <= i <= n."""


class InstanceError(ValueError):
    """A file that is not an instance."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path.name} is no dial-a-ride or Li & Lim instance: {what}.")
        self.path = path


@dataclass(frozen=True, slots=True)
class BestKnown:
    """The best published solution: vehicles only where their number counts first."""

    cost: float
    vehicles: int | None
    status: str


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """One instance, its nodes in a common order: depot 0, n pickups, their n drop-offs.

    Attributes
    ----------
    name
        The file's, without its ending.
    vehicles_first
        Whether the number of vehicles counts before the distance.
    vehicles, capacity
        How many there are, and what each holds.
    max_ride
        From the end of service at a pickup to the begin of service at its drop-off.
    max_duration
        From leaving the depot to returning.
    distance
        float64[2 n + 1, 2 n + 1].
    service, load, earliest, latest
        By node.
    best_known
        If a list says.
    """

    name: str
    vehicles_first: bool
    vehicles: int
    capacity: int
    max_ride: float
    max_duration: float
    distance: npt.NDArray[np.float64]
    service: tuple[float, ...]
    load: tuple[int, ...]
    earliest: tuple[float, ...]
    latest: tuple[float, ...]
    best_known: BestKnown | None = None

    @property
    def size(self) -> int:
        """The number of requests."""
        return len(self.load) // 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a solution is worth: cost and vehicles, and everything that is wrong with it."""

    cost: float
    vehicles: int
    faults: tuple[str, ...]


# ------------------------------------------------------------------------------------- reading


def read_folder(folder: Path) -> list[Instance]:
    """Return the instances of a folder, small ones first; `best_known.csv` lies in or above it.

    Raises
    ------
    InstanceError
        If a text file there is none.
    """
    known = read_best_known(folder)
    instances = [read_instance(path, known) for path in sorted(folder.glob("*.txt"))]
    return sorted(instances, key=lambda instance: (instance.size, instance.name))


def read_best_known(folder: Path) -> dict[str, BestKnown]:
    """Return the best known solutions by name of instance."""
    for path in (folder / "best_known.csv", folder.parent / "best_known.csv"):
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as lines:
                return {
                    row["instance"]: BestKnown(
                        float(row["cost"]),
                        int(row["vehicles"]) if row["vehicles"] else None,
                        row["status"],
                    )
                    for row in csv.DictReader(lines)
                }
    return {}


def read_instance(path: Path, known: dict[str, BestKnown] | None = None) -> Instance:
    """Return the instance in a file of either format.

    Raises
    ------
    InstanceError
        If it is of neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
        first, *rows = [
            [float(word) for word in line.split()] for line in text.splitlines() if line
        ]
    except (UnicodeDecodeError, ValueError) as broken:
        raise InstanceError(path, "not only numbers in its lines") from broken
    best = (known or {}).get(path.stem)
    if len(first) == 5 and all(len(row) == 7 for row in rows) and len(rows) >= 3:
        return _dial_a_ride(path.stem, first, rows, best)
    if len(first) == 3 and all(len(row) == 9 for row in rows) and len(rows) >= 3:
        return _li_lim(path, first, rows, best)
    raise InstanceError(path, f"{len(first)} numbers in its first line, {len(rows)} lines behind")


def _dial_a_ride(
    name: str, first: list[float], rows: list[list[float]], best: BestKnown | None
) -> Instance:
    vehicles, _, duration, capacity, ride = first
    nodes = rows[: len(rows) - 1] if len(rows) % 2 == 0 else rows
    return Instance(
        name=name,
        vehicles_first=False,
        vehicles=int(vehicles),
        capacity=int(capacity),
        max_ride=ride,
        max_duration=duration,
        distance=_distances([node[1:3] for node in nodes]),
        service=tuple(node[3] for node in nodes),
        load=tuple(int(node[4]) for node in nodes),
        earliest=tuple(node[5] for node in nodes),
        latest=tuple(node[6] for node in nodes),
        best_known=best,
    )


def _li_lim(
    path: Path, first: list[float], rows: list[list[float]], best: BestKnown | None
) -> Instance:
    nodes = {int(row[0]): row for row in rows}
    pickups = [k for k, row in nodes.items() if row[8] > 0]
    order = [0, *pickups, *(int(nodes[k][8]) for k in pickups)]
    if sorted(order) != sorted(nodes):
        raise InstanceError(path, "its pickups and deliveries do not go together")
    return Instance(
        name=path.stem,
        vehicles_first=True,
        vehicles=int(first[0]),
        capacity=int(first[1]),
        max_ride=math.inf,
        max_duration=math.inf,
        distance=_distances([nodes[k][1:3] for k in order]),
        service=tuple(nodes[k][6] for k in order),
        load=tuple(int(nodes[k][3]) for k in order),
        earliest=tuple(nodes[k][4] for k in order),
        latest=tuple(nodes[k][5] for k in order),
        best_known=best,
    )


def _distances(points: Sequence[Sequence[float]]) -> npt.NDArray[np.float64]:
    return np.array([[math.hypot(a[0] - b[0], a[1] - b[1]) for b in points] for a in points])


# ------------------------------------------------------------------------- the solver's language


def as_problem(instance: Instance) -> Problem:
    """Return an instance as the solver sees it, with nobody served yet."""
    seconds = np.ceil(instance.distance * SCALE - 1e-3).astype(np.int32)
    shifts = [_shift(instance, number) for number in range(instance.vehicles)]
    return Problem(
        tours=tuple(empty_tour(shift) for shift in shifts),
        requests=tuple(Request((_trip(instance, i),), MUST) for i in range(1, instance.size + 1)),
        travel=TravelTimes(seconds, seconds.copy()),
        weights=Weights(vehicle=VEHICLE if instance.vehicles_first else 0),
    )


def as_routes(tours: Sequence[Tour]) -> list[Route]:
    """Return the nodes of all tours that serve anybody."""
    routes = [tuple(halt.place for halt in tour.halts if halt.trip) for tour in tours]
    return [route for route in routes if route]


def as_tours(instance: Instance, routes: Sequence[Route]) -> tuple[Tour, ...]:
    """Return routes as tours, one a vehicle; vehicles without a route stay empty."""
    problem = as_problem(instance)
    return tuple(
        _tour(instance, tour, routes[v]) if v < len(routes) else tour
        for v, tour in enumerate(problem.tours)
    )


def _units(value: float) -> int:
    return FOREVER if math.isinf(value) else round(value * SCALE)


def _shift(instance: Instance, number: int) -> Shift:
    return Shift(
        id=f"v{number}",
        start_place=0,
        end_place=0,
        start=_units(instance.earliest[0]),
        end=_units(instance.latest[0]),
        layouts=((instance.capacity, 0, 0),),
        max_duration=_units(instance.max_duration),
    )


def _trip(instance: Instance, node: int) -> Trip:
    other = node + instance.size
    return Trip(
        id=str(node),
        pickup=node,
        dropoff=other,
        pickup_earliest=_units(instance.earliest[node]),
        pickup_latest=_units(instance.latest[node]),
        dropoff_earliest=_units(instance.earliest[other]),
        dropoff_latest=_units(instance.latest[other]),
        max_ride=_units(instance.max_ride),
        loads=(instance.load[node], 0, 0),
        pickup_service=_units(instance.service[node]),
        dropoff_service=_units(instance.service[other]),
    )


def _tour(instance: Instance, empty: Tour, route: Route) -> Tour:
    from routing.problem import trip_halts

    halts: list[Halt] = []
    for node in route:
        pickup, dropoff = trip_halts(_trip(instance, (node - 1) % instance.size + 1))
        halts.append(pickup if node <= instance.size else dropoff)
    assert empty.halts[0].kind == HaltKind.START
    return Tour(empty.shift, (empty.halts[0], *halts, *empty.halts[1:]))


# ------------------------------------------------------------------------------------- the judge


def judge(instance: Instance, routes: Sequence[Route]) -> Verdict:
    """Return what a solution is worth in the literature's convention, in double precision."""
    faults = [fault for route in routes for fault in _route_faults(instance, route)]
    visited = sorted(node for route in routes for node in route)
    if visited != list(range(1, 2 * instance.size + 1)):
        missing = 2 * instance.size - len(set(visited))
        faults.append(f"{missing} nodes are not visited, {len(visited) - len(set(visited))} twice")
    if len(routes) > instance.vehicles:
        faults.append(f"{len(routes)} routes for {instance.vehicles} vehicles")
    legs = (leg for route in routes for leg in pairwise((0, *route, 0)))
    return Verdict(math.fsum(instance.distance[leg] for leg in legs), len(routes), tuple(faults))


def _route_faults(instance: Instance, route: Route) -> Iterator[str]:
    size, load, begun = instance.size, 0, set()
    for node in route:
        load += instance.load[node]
        if load > instance.capacity:
            yield f"{load} on board of {instance.capacity} after node {node}"
        if node > size and node - size not in begun:
            yield f"node {node} before its pickup"
        begun.add(node)
    if any(node <= size and node + size not in begun for node in route):
        yield f"a pickup without its drop-off in {route}"
    elif not _times_exist(instance, (0, *route, 0)):
        yield f"no times keep all limits in {route}"


def _times_exist(instance: Instance, nodes: Sequence[int]) -> bool:
    """Whether any begins of service keep windows, ride times and the duration (Bellman-Ford)."""
    origin = len(nodes)
    at = {node: k for k, node in enumerate(nodes[:-1])}
    at_least: list[tuple[int, int, float]] = []
    for k, node in enumerate(nodes):
        at_least.append((origin, k, instance.earliest[node]))
        at_least.append((k, origin, -instance.latest[node]))
    for k, (a, b) in enumerate(pairwise(nodes)):
        at_least.append((k, k + 1, instance.service[a] + instance.distance[a, b]))
    at_least.append((origin - 1, 0, -instance.max_duration))
    for node, k in at.items():
        if 1 <= node <= instance.size:
            limit = instance.service[node] + instance.max_ride
            at_least.append((at[node + instance.size], k, -limit))
    begins = [-math.inf] * origin + [0.0]
    for _ in range(origin + 1):
        changed = False
        for a, b, gap in at_least:
            if begins[a] + gap > begins[b] + TOLERANCE:
                begins[b] = begins[a] + gap
                changed = True
        if not changed:
            return True
    return False
