"""Who can walk to what: all short ways on foot between many places at once."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.kernel import kernel
from routing.road_network import RoadNetwork, Snap
from routing.shortest_paths import Floats, Ints
from routing.stops import Stop

WALKING_METRES = 400.0
"""How far people walk to a stop unless a region says otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Ways on foot from origins to goals, in compressed sparse rows.

    Attributes
    ----------
    first
        int64[O + 1]: the ways of origin o are ``first[o]:first[o + 1]``, the shortest first.
    goal
        int32[W].
    metres
        float64[W].
    """

    first: npt.NDArray[np.int64]
    goal: Ints
    metres: Floats


class _Paths(NamedTuple):
    first_edge: Ints
    target: Ints
    metres: Floats


class _Sites(NamedTuple):
    """Places on paths: the edge, the ends of it, the metres to each end and to the door."""

    edge: Ints
    end: Ints
    to_end: Floats
    to_door: Floats


class _Rows(NamedTuple):
    """Members of groups: those of group g are ``member[first[g]:first[g + 1]]``."""

    first: npt.NDArray[np.int64]
    member: npt.NDArray[np.int64]


class Goals:
    """Places that people may want to walk to, arranged for many short searches.

    Parameters
    ----------
    network
        The walk network.
    snaps
        The places on it; None for one that no path leads to.
    """

    def __init__(self, network: RoadNetwork, snaps: Sequence[Snap | None]) -> None:
        self._network = network
        self._paths = _Paths(network.first_edge, network.edge_target, network.edge_metres)
        self._given = np.array([row for row, snap in enumerate(snaps) if snap], dtype=np.int32)
        self._sites = _sites(network, [snap for snap in snaps if snap])
        self._at_node = _grouped(self._sites.end.ravel(), len(network.node_lat))
        self._on_edge = _grouped(self._sites.edge, len(network.edge_target))

    def ways_from(self, snaps: Sequence[Snap], limit_metres: float) -> Ways:
        """Return all ways from places on the walk network that are no longer than the limit.

        From door to door: the beelines between the places and their points on the path count.
        """
        sites = _sites(self._network, snaps)
        first, goal, metres = _ways(
            self._paths, sites, self._sites, self._at_node, self._on_edge, limit_metres
        )
        origin = np.repeat(np.arange(len(snaps)), np.diff(first))
        order = np.lexsort((goal, metres, origin))
        return Ways(first, self._given[goal[order]], metres[order])


_KEPT = 1000
"""Answers that are kept, of places that were asked for."""


class StopsNear:
    """The stops within walking distance of a place.

    Parameters
    ----------
    network
        The walk network.
    stops
        The stops of the region.
    """

    def __init__(self, network: RoadNetwork, stops: Sequence[Stop]) -> None:
        self._network = network
        self._goals = Goals(network, [network.snap(stop.lat, stop.lon) for stop in stops])
        self._known: dict[tuple[float, float, float], tuple[tuple[int, float], ...]] = {}

    def of(
        self, lat: float, lon: float, limit_metres: float = WALKING_METRES
    ) -> list[tuple[int, float]]:
        """Return the index of each such stop and the metres to it on foot, the nearest first.

        Of the places that were asked for last the answers are kept: whoever asks for a ride does
        so more than once, and for the way back.
        """
        asked = lat, lon, limit_metres
        known = self._known.get(asked)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[asked] = tuple(self._found(*asked))
        return list(known)

    def _found(self, lat: float, lon: float, limit_metres: float) -> list[tuple[int, float]]:
        here = self._network.snap(lat, lon, limit_metres)
        if here is None:
            return []
        ways = self._goals.ways_from([here], limit_metres)
        return list(zip(ways.goal.tolist(), ways.metres.tolist(), strict=True))


def coverage(
    network: RoadNetwork,
    stops: Sequence[Stop],
    addresses: Sequence[tuple[float, float]],
    limit_metres: float = WALKING_METRES,
) -> float:
    """Return the share of addresses, (lat, lon), with a stop within walking distance.

    Of no addresses at all the share is 1.
    """
    if not addresses:
        return 1.0
    goals = Goals(network, [network.snap(stop.lat, stop.lon) for stop in stops])
    snaps = [snap for lat, lon in addresses if (snap := network.snap(lat, lon, limit_metres))]
    ways = goals.ways_from(snaps, limit_metres)
    return int(np.count_nonzero(np.diff(ways.first))) / len(addresses)


def _sites(network: RoadNetwork, snaps: Sequence[Snap]) -> _Sites:
    """Arrange snaps; two on the same path agree on the order of its ends."""
    edge = np.array([snap.senses[0][0] for snap in snaps], dtype=np.int32)
    along = np.array([snap.senses[0][1] for snap in snaps], dtype=np.float64)
    metres = network.edge_metres[edge]
    return _Sites(
        edge,
        np.column_stack((network.edge_source[edge], network.edge_target[edge])),
        np.column_stack((metres * along, metres * (1 - along))),
        np.array([snap.metres for snap in snaps], dtype=np.float64),
    )


def _grouped(group: Ints, groups: int) -> _Rows:
    first = np.concatenate(([0], np.cumsum(np.bincount(group, minlength=groups))))
    return _Rows(first.astype(np.int64), np.argsort(group, kind="stable"))


@kernel
def _ways(
    paths: _Paths, origins: _Sites, goals: _Sites, at_node: _Rows, on_edge: _Rows, limit: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """Search from every origin as far as the limit (Dijkstra, Numerische Mathematik 1, 1959).

    Only what a search touches is cleared after it, so that its effort does not grow with the map.
    """
    cost = np.full(len(paths.first_edge) - 1, np.inf)
    best = np.full(len(goals.edge), np.inf)
    first = np.zeros(len(origins.edge) + 1, np.int64)
    found_goal, found_metres = [0], [0.0]  # a typed list needs a first entry
    for origin in range(len(origins.edge)):
        left = limit - origins.to_door[origin]
        reached = [0]
        edge = origins.edge[origin]
        for row in range(on_edge.first[edge], on_edge.first[edge + 1]):
            goal = on_edge.member[row]
            apart = abs(goals.to_end[goal, 0] - origins.to_end[origin, 0])
            _keep(best, reached, goal, apart + goals.to_door[goal], left)
        for node in _explore(paths, origins, origin, left, cost):
            for row in range(at_node.first[node], at_node.first[node + 1]):
                goal, end = divmod(at_node.member[row], 2)
                way = cost[node] + goals.to_end[goal, end] + goals.to_door[goal]
                _keep(best, reached, goal, way, left)
            cost[node] = np.inf
        for goal in reached[1:]:
            found_goal.append(goal)
            found_metres.append(origins.to_door[origin] + best[goal])
            best[goal] = np.inf
        first[origin + 1] = len(found_goal) - 1
    return first, np.array(found_goal[1:]), np.array(found_metres[1:])


@kernel
def _keep(best: Floats, reached: list[int], goal: int, way: float, limit: float) -> None:
    """Note a way to a goal if it is short enough and the shortest so far."""
    if way <= limit and way < best[goal]:
        if best[goal] == np.inf:
            reached.append(goal)
        best[goal] = way


@kernel
def _explore(paths: _Paths, origins: _Sites, origin: int, limit: float, cost: Floats) -> list[int]:
    """Write the cost of all nodes within the limit and return them."""
    seen = [0]
    waiting = [(0.0, origins.end[origin, 0])]  # for the type
    waiting.clear()
    for end in range(2):
        metres, node = origins.to_end[origin, end], origins.end[origin, end]
        if metres <= limit and metres < cost[node]:
            if cost[node] == np.inf:
                seen.append(node)
            cost[node] = metres
            heapq.heappush(waiting, (metres, node))
    while waiting:
        metres, node = heapq.heappop(waiting)
        if metres > cost[node]:
            continue
        for edge in range(paths.first_edge[node], paths.first_edge[node + 1]):
            target, ahead = paths.target[edge], metres + paths.metres[edge]
            if ahead <= limit and ahead < cost[target]:
                if cost[target] == np.inf:
                    seen.append(target)
                cost[target] = ahead
                heapq.heappush(waiting, (ahead, target))
    return seen[1:]
