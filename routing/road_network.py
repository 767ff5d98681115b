"""A road network as compressed arrays: where vehicles or people go, how long and how far."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


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

    def snap(self, lat: float, lon: float, max_metres: float = 1000.0) -> Snap | None:
        """Return the nearest place on the network, or None if none is within `max_metres`."""
        raise NotImplementedError

    def route(self, origin: Snap, destination: Snap) -> Route:
        """Return the fastest way."""
        raise NotImplementedError

    def within(self, origin: Snap, targets: Sequence[Snap], limit_metres: float) -> Floats:
        """Return the metres from a place to others along the network, inf beyond the limit."""
        raise NotImplementedError
