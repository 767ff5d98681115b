"""Shortest paths between places that lie on edges, compiled.

Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1 (1959), with
a binary heap that leaves outdated entries behind, and stopped early when all that is wanted is
settled. Networks of a rural region have some thousand junctions; a search takes a quarter of a
millisecond, and nothing has to be prepared again when a road is closed.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from routing.kernel import kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


class Graph(NamedTuple):
    """Directed edges in compressed rows, with the cost to minimise and another one to carry."""

    first_edge: Ints
    edge_target: Ints
    cost: Floats
    carried: Floats


class Places(NamedTuple):
    """Places on edges, as the search sees them. Column 0 is an edge, column 1 its reverse.

    Attributes
    ----------
    edge
        int32[P], equal for two places on the same road.
    exit_node, exit_cost, exit_carried
        [P, 2]: where an edge leads to from the place, infinite cost if it is not there.
    entry_node, entry_cost, entry_carried
        [P, 2]: from which junction an edge leads to the place.
    """

    edge: Ints
    exit_node: Ints
    exit_cost: Floats
    exit_carried: Floats
    entry_node: Ints
    entry_cost: Floats
    entry_carried: Floats

    def turned(self) -> "Places":
        """Return the same places for a search against the direction of the edges."""
        exits = self.exit_node, self.exit_cost, self.exit_carried
        entries = self.entry_node, self.entry_cost, self.entry_carried
        return Places(self.edge, *entries, *exits)


class Search(NamedTuple):
    """What one search found, by node: costs, and the edge by which the node was reached."""

    cost: Floats
    carried: Floats
    via: Ints


@kernel
def costs_between(
    graph: Graph, origins: Places, destinations: Places, limit: float
) -> tuple[Floats, Floats]:
    """Return the least cost between places and what is carried along, infinite beyond a limit.

    Parameters
    ----------
    graph
        N nodes and E edges.
    origins, destinations
        O and D places.
    limit
        The search goes no further.

    Returns
    -------
    Two arrays [O, D].
    """
    size = len(graph.first_edge) - 1
    found = Search(np.empty(size), np.empty(size), np.empty(size, np.int32))
    wanted = np.zeros(size, np.bool_)
    for place in range(len(destinations.edge)):
        for sense in range(2):
            if destinations.entry_cost[place, sense] < np.inf:
                wanted[destinations.entry_node[place, sense]] = True
    cost = np.full((len(origins.edge), len(destinations.edge)), np.inf)
    carried = np.full((len(origins.edge), len(destinations.edge)), np.inf)
    for origin in range(len(origins.edge)):
        search(graph, origins, origin, wanted, limit, found)
        for place in range(len(destinations.edge)):
            total, also, _ = best_entry(found, origins, origin, destinations, place)
            if total <= limit:
                cost[origin, place] = total
                carried[origin, place] = also
    return cost, carried


@kernel
def best_entry(
    found: Search, origins: Places, origin: int, destinations: Places, place: int
) -> tuple[float, float, int]:
    """Return the cost to a place, what is carried, and in which sense the last edge is driven.

    The sense is 0 or 1, or 2 or 3 if the place lies ahead on the same edge and no junction is
    passed.
    """
    best, carried, way = np.inf, np.inf, 0
    for sense in range(2):
        entry = destinations.entry_cost[place, sense]
        if entry < np.inf:
            node = destinations.entry_node[place, sense]
            if found.cost[node] + entry < best:
                best = found.cost[node] + entry
                carried = found.carried[node] + destinations.entry_carried[place, sense]
                way = sense
            ahead = entry - origins.entry_cost[origin, sense]
            if origins.edge[origin] == destinations.edge[place] and 0.0 <= ahead < best:
                best = ahead
                carried = (
                    destinations.entry_carried[place, sense] - origins.entry_carried[origin, sense]
                )
                way = sense + 2
    return best, carried, way


@kernel
def search(
    graph: Graph,
    origins: Places,
    origin: int,
    wanted: npt.NDArray[np.bool_],
    limit: float,
    found: Search,
) -> None:
    """Search from a place until the wanted nodes are settled, and write what was found."""
    found.cost[:] = np.inf
    found.via[:] = -1
    keys = np.empty(len(graph.edge_target) + 2)
    nodes = np.empty(len(graph.edge_target) + 2, np.int32)
    waiting = 0
    for sense in range(2):
        node = origins.exit_node[origin, sense]
        if origins.exit_cost[origin, sense] < found.cost[node]:
            found.cost[node] = origins.exit_cost[origin, sense]
            found.carried[node] = origins.exit_carried[origin, sense]
            waiting = _push(keys, nodes, waiting, found.cost[node], node)
    missing = wanted.sum()
    while waiting > 0 and missing > 0 and keys[0] <= limit:
        cost, node = keys[0], nodes[0]
        waiting = _pop(keys, nodes, waiting)
        if cost > found.cost[node]:
            continue
        missing -= wanted[node]
        for edge in range(graph.first_edge[node], graph.first_edge[node + 1]):
            target = graph.edge_target[edge]
            reached = cost + graph.cost[edge]
            if reached < found.cost[target]:
                found.cost[target] = reached
                found.carried[target] = found.carried[node] + graph.carried[edge]
                found.via[target] = edge
                waiting = _push(keys, nodes, waiting, reached, target)


@kernel
def _push(keys: Floats, nodes: Ints, size: int, key: float, node: int) -> int:
    """Add an entry to the heap and return its new size."""
    hole = size
    while hole > 0 and keys[(hole - 1) >> 1] > key:
        keys[hole], nodes[hole] = keys[(hole - 1) >> 1], nodes[(hole - 1) >> 1]
        hole = (hole - 1) >> 1
    keys[hole], nodes[hole] = key, node
    return size + 1


@kernel
def _pop(keys: Floats, nodes: Ints, size: int) -> int:
    """Remove the least entry, the first one, from the heap and return its new size."""
    size -= 1
    key, node = keys[size], nodes[size]
    hole = 0
    while 2 * hole + 1 < size:
        child = 2 * hole + 1
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[hole], nodes[hole] = keys[child], nodes[child]
        hole = child
    keys[hole], nodes[hole] = key, node
    return size
