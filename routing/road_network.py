"""A road network as compressed arrays: where vehicles or people go, how long and how far."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from routing.shortest_paths import (
    Floats,
    Graph,
    Ints,
    Places,
    Search,
    best_entry,
    costs_between,
    search,
)

METRES_PER_DEGREE = 111_195.0
"""On a sphere of the Earth's mean radius of 6371 km."""

SECOND_FRACTIONS = 1024
"""Times on edges are whole multiples of this part of a second. Floating point adds and subtracts
them without error, so a sum does not depend on the order, and the triangle inequality holds to the
last bit."""

NO_HALTING = frozenset(("motorway", "motorway_link", "trunk", "trunk_link"))
"""Classes of roads where a vehicle must not stop; no place is snapped onto them."""


@dataclass(frozen=True, slots=True)
class Road:
    """What a street sign and the map's classes say about an edge."""

    name: str
    highway: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Snap:
    """A place on the network: a point on an edge, not a node.

    Attributes
    ----------
    edge
        The edge on which the place lies.
    reverse
        The same road in the other direction, -1 if it is one-way.
    fraction
        Position along `edge`, from 0 at its begin to 1 at its end.
    lat, lon
        The point on the road.
    metres
        Distance from the point that was asked for.
    """

    edge: int
    reverse: int
    fraction: float
    lat: float
    lon: float
    metres: float

    @property
    def senses(self) -> tuple[tuple[int, float], tuple[int, float]]:
        """Edge and position along it, in both senses of the road, the lower edge first.

        Two snaps on the same road agree on the order; of a one-way road the second edge is -1.
        """
        this, other = (self.edge, self.fraction), (self.reverse, 1 - self.fraction)
        return (other, this) if 0 <= self.reverse < self.edge else (this, other)


@dataclass(frozen=True, slots=True)
class Route:
    """The fastest way between two places: seconds, metres and (lat, lon) points along the road."""

    seconds: float
    metres: float
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Junctions and the directed edges between them, in compressed sparse rows.

    Attributes
    ----------
    node_lat, node_lon
        float64[N], degrees.
    first_edge
        int32[N + 1]: the edges that leave node n are ``first_edge[n]:first_edge[n + 1]``.
    edge_target
        int32[E], the node where an edge ends.
    edge_seconds, edge_metres
        float64[E].
    edge_road
        int32[E], index into `roads`.
    reverse_edge
        int32[E], the same road in the other direction, -1 if it is one-way.
    first_point
        int32[E + 1]: the shape of edge e is ``shape_lat[first_point[e]:first_point[e + 1]]``, in
        the direction of travel, both ends included.
    shape_lat, shape_lon
        float64[S], degrees.
    roads
        Names and classes, shared by many edges.
    closed
        Edges that nobody gets through, and the part of each, from 0 to 1, that cannot be reached
        at all; before and behind it the road is open from its own end.
    """

    node_lat: Floats
    node_lon: Floats
    first_edge: Ints
    edge_target: Ints
    edge_seconds: Floats
    edge_metres: Floats
    edge_road: Ints
    reverse_edge: Ints
    first_point: Ints
    shape_lat: Floats
    shape_lon: Floats
    roads: tuple[Road, ...]
    closed: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in fields(self):
            if isinstance(array := getattr(self, each.name), np.ndarray):
                array.setflags(write=False)

    def closed_at(self, points: Sequence[Snap]) -> "RoadNetwork":
        """Return the network with roads closed at points, in both directions.

        Between two points on one road nothing can be reached. The arrays are shared.
        """
        closed = dict(self.closed)
        for edge, along in (sense for point in points for sense in point.senses if sense[0] >= 0):
            begin, end = closed.get(edge, (along, along))
            closed[edge] = (min(begin, along), max(end, along))
        return replace(self, closed=closed)

    def snap(
        self, lat: float, lon: float, max_metres: float = 1000.0, *, halting: bool = True
    ) -> Snap | None:
        """Return the nearest place on the network, or None if none is within `max_metres`.

        Motorways and trunk roads are passed over, because nobody may halt there, unless it is not
        about `halting`. Of equally near roads, as at a junction, one that is open in both
        directions is taken.
        """
        tree, edges, lines = self._halting_roads if halting else self._all_roads
        scale = METRES_PER_DEGREE * math.cos(math.radians(lat))  # of the map, at this latitude
        point = shapely.Point(lon, float(_mercator(np.array(lat))))
        near = tree.query_nearest(point, max_distance=max_metres / scale)
        if not len(near):
            return None
        chosen = min(near, key=lambda index: (self.reverse_edge[edges[index]] < 0, edges[index]))
        line = lines[chosen]
        fraction = float(shapely.line_locate_point(line, point, normalized=True))
        fraction = 0.0 if math.isnan(fraction) else fraction
        on_road = shapely.line_interpolate_point(line, fraction, normalized=True)
        edge = int(edges[chosen])
        return Snap(
            edge=edge,
            reverse=int(self.reverse_edge[edge]),
            fraction=fraction,
            lat=_latitude(on_road.y),
            lon=on_road.x,
            metres=shapely.distance(on_road, point) * scale,
        )

    def route(self, origin: Snap, destination: Snap) -> Route:
        """Return the fastest way, from the one snapped point to the other.

        Raises
        ------
        ValueError
            If there is none, which cannot happen in a strongly connected network.
        """
        graph = self.by_seconds
        origins, destinations = self.places([origin]), self.places([destination])
        size = len(self.node_lat)
        found = Search(np.empty(size), np.empty(size), np.empty(size, np.int32))
        search(graph, origins, 0, np.inf, found)
        seconds, metres, way = best_entry(found, origins, 0, destinations, 0)
        if math.isinf(seconds):
            raise ValueError(f"No road leads from {origin} to {destination}.")
        return Route(seconds, metres, self._points(origin, destination, found, way))

    def within(self, origin: Snap, targets: Sequence[Snap], limit_metres: float) -> Floats:
        """Return the metres from a place to others by the shortest way, inf beyond the limit.

        The search goes no further than the limit; seconds do not matter.
        """
        here, there = (self.places(snaps, self.edge_metres) for snaps in ([origin], targets))
        metres: Floats = costs_between(self.by_metres, here, there, limit_metres)[0][0]
        return metres

    @cached_property
    def by_seconds(self) -> Graph:
        """The network as a search for the fastest way sees it; metres are carried along."""
        return self._graph(self.edge_seconds, self.edge_metres)

    @cached_property
    def by_metres(self) -> Graph:
        """The network as a search for the shortest way sees it; seconds are carried along."""
        return self._graph(self.edge_metres, self.edge_seconds)

    def _graph(self, cost: Floats, carried: Floats) -> Graph:
        """Return the edges with a cost to minimise; nobody gets through a closed one."""
        longest = float(cost.max())
        if self.closed:
            cost = cost.copy()
            cost[list(self.closed)] = np.inf
            cost.setflags(write=False)
        return Graph(self.first_edge, self.edge_target, cost, carried, longest)

    @cached_property
    def by_seconds_backward(self) -> Graph:
        """As `by_seconds` with every edge turned round, for searches towards a place."""
        order = np.argsort(self.edge_target, kind="stable")
        arrivals = np.bincount(self.edge_target, minlength=len(self.node_lat))
        first_edge = np.concatenate(([0], np.cumsum(arrivals))).astype(np.int32)
        edges = self.edge_source[order], self.by_seconds.cost[order], self.edge_metres[order]
        for array in (first_edge, *edges):
            array.setflags(write=False)  # the type for which the search is compiled already
        return Graph(first_edge, *edges, self.by_seconds.longest)

    @cached_property
    def edge_source(self) -> Ints:
        """int32[E], the node where an edge begins."""
        nodes = np.arange(len(self.node_lat), dtype=np.int32)
        return np.repeat(nodes, np.diff(self.first_edge))

    def places(self, snaps: Sequence[Snap], cost: Floats | None = None) -> Places:
        """Return snaps as a search sees them, by `cost` of the edges, seconds unless told."""
        cost = self.edge_seconds if cost is None else cost
        carried = self.edge_seconds if cost is self.edge_metres else self.edge_metres
        senses = np.array([snap.senses for snap in snaps]).reshape(-1, 2, 2)
        edge, along = senses[:, :, 0].astype(np.int32), senses[:, :, 1]
        here = edge >= 0
        enters, leaves = here, here
        if self.closed:
            block = np.array([[self.closed.get(e, _OPEN) for e in pair] for pair in edge.tolist()])
            enters, leaves = here & (along <= block[..., 0]), here & (along >= block[..., 1])
        entry = np.rint(cost[edge] * along * SECOND_FRACTIONS) / SECOND_FRACTIONS
        entry_cost = np.where(here, np.minimum(entry, cost[edge]), np.inf)
        exit_cost = np.where(leaves, cost[edge] - entry_cost, np.inf)
        entry_carried = carried[edge] * along
        return Places(
            edge=edge[:, 0].copy(),
            exit_node=np.where(here, self.edge_target[edge], 0).astype(np.int32),
            exit_cost=exit_cost,
            exit_carried=carried[edge] - entry_carried,
            entry_node=np.where(here, self.edge_source[edge], 0).astype(np.int32),
            entry_cost=np.where(enters, entry_cost, np.inf),
            entry_carried=entry_carried,
        )

    @cached_property
    def _halting_roads(self) -> "_RoadIndex":
        may_halt = np.array([road.highway not in NO_HALTING for road in self.roads], dtype=np.bool_)
        return self._indexed(may_halt[self.edge_road])

    @cached_property
    def _all_roads(self) -> "_RoadIndex":
        return self._indexed(np.ones(len(self.edge_road), np.bool_))

    def _indexed(self, wanted: npt.NDArray[np.bool_]) -> "_RoadIndex":
        """Return a spatial index of roads, once for both directions, in Mercator's degrees."""
        both = self.reverse_edge >= 0
        second = both & (self.reverse_edge < np.arange(len(both)))
        edges = np.flatnonzero(wanted & ~second)
        points = np.column_stack((self.shape_lon, _mercator(self.shape_lat)))
        sizes = np.diff(self.first_point)
        part = np.repeat(np.isin(np.arange(len(sizes)), edges), sizes)
        line = np.repeat(np.arange(len(edges)), sizes[edges])
        lines = shapely.linestrings(points[part], indices=line)
        return shapely.STRtree(lines), edges.astype(np.int32), lines

    def _points(
        self, origin: Snap, destination: Snap, found: Search, way: int
    ) -> tuple[tuple[float, float], ...]:
        """Return the points of a route, traced back from its last edge."""
        edge, end = destination.senses[way % 2]
        backwards = [(destination.lat, destination.lon)]
        if way >= 2:  # straight on along the same edge
            begin = origin.senses[way % 2][1]
        else:
            while True:
                backwards += self._bends(edge, 0.0, end)[::-1]
                node = self.edge_source[edge]
                backwards.append((float(self.node_lat[node]), float(self.node_lon[node])))
                if found.via[node] < 0:
                    break
                edge, end = int(found.via[node]), 1.0
            exits = [e for e in origin.senses if e[0] >= 0 and self.edge_target[e[0]] == node]
            edge, begin = min(exits, key=lambda e: self.edge_seconds[e[0]] * (1 - e[1]))
            end = 1.0
        backwards += self._bends(edge, begin, end)[::-1]
        return ((origin.lat, origin.lon), *backwards[::-1])

    def _bends(self, edge: int, begin: float, end: float) -> list[tuple[float, float]]:
        """Return the points of an edge's shape strictly between two positions along it."""
        part = slice(self.first_point[edge], self.first_point[edge + 1])
        lat, lon = self.shape_lat[part], self.shape_lon[part]
        along = np.cumsum(np.hypot(np.diff(lon), np.diff(_mercator(lat))))
        along = np.concatenate(([0.0], along)) / max(along[-1], 1e-12)
        between = (along > max(begin, 0.0) + 1e-9) & (along < min(end, 1.0) - 1e-9)
        return list(zip(lat[between].tolist(), lon[between].tolist(), strict=True))


_RoadIndex = tuple[shapely.STRtree, Ints, npt.NDArray[np.object_]]
"""The tree, the edge of each of its lines, and the lines."""

_OPEN = (1.0, 0.0)
"""As an entry of `closed`: everything can be entered, and left."""


def _mercator(lat: Floats) -> Floats:
    """Return Mercator's ordinate in degrees: nearest on that map is nearest on the ground."""
    return np.degrees(np.arcsinh(np.tan(np.radians(lat))))


def _latitude(ordinate: float) -> float:
    return math.degrees(math.atan(math.sinh(math.radians(ordinate))))
