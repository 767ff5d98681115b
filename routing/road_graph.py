"""From the ways of a map to a road network: join, cut at junctions, keep the largest part.

Ways are drawn for the mapper's convenience: cut where a name or a limit changes, running through
many junctions. A network wants the opposite, one edge from junction to junction. So ways that
continue each other with equal name and speed are joined first, and the lines are then cut where
roads meet. An edge has one name and one speed, and a share of its metres is the same share of its
seconds.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from routing.road_network import METRES_PER_DEGREE, SECOND_FRACTIONS, Road, RoadNetwork
from routing.road_rules import Speeds
from routing.shortest_paths import Floats

Indices = npt.NDArray[np.integer]


class Node(NamedTuple):
    """A point of a way. Ways meet where they share an `id`, not where they merely cross."""

    id: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Way:
    """A line on the map with one name and one speed in each direction, 0 where forbidden."""

    nodes: tuple[Node, ...]
    road: Road
    speeds: Speeds


class LeftOut(NamedTuple):
    """The parts of a network that are not reached from its largest part and back."""

    pieces: int
    km: float


def build_network(
    ways: Sequence[Way], locked: Set[int] = frozenset()
) -> tuple[RoadNetwork, LeftOut]:
    """Build the largest part of a network in which every junction reaches every other.

    Parameters
    ----------
    ways
        At least one.
    locked
        Nodes that nobody passes: the ways end on both sides of them.

    Returns
    -------
    The network, and what it lacks: pieces of road between junctions, and their length.
    """
    cut = list(_cut_at_locked(ways, locked))
    lines = _joined(cut)
    pieces = _Pieces.of(lines, _ends_at(cut))
    edges = pieces.edges()
    inside = _largest_part(edges)
    lost = np.setdiff1d(edges.piece, edges.piece[inside])
    network = pieces.network(edges.only(inside))
    return network, LeftOut(len(lost), float(pieces.metres[lost].sum()) / 1000)


class Cut(NamedTuple):
    """A piece of road outside of the largest part of a network.

    Attributes
    ----------
    road
        Its name and class.
    points
        (lat, lon) along it.
    reason
        "no way back" if one can drive in but not out, "no way in" if one can only drive out, else
        "not connected".
    """

    road: Road
    points: tuple[tuple[float, float], ...]
    reason: str


def pieces_left_out(ways: Sequence[Way], locked: Set[int] = frozenset()) -> list[Cut]:
    """Return the pieces of road that :func:`build_network` leaves out, and why."""
    cut = list(_cut_at_locked(ways, locked))
    lines = _joined(cut)
    pieces = _Pieces.of(lines, _ends_at(cut))
    edges = pieces.edges()
    inside = _largest_part(edges)
    reached, reaching = _around(edges, inside)
    reasons: dict[int, str] = {}
    kept = set(edges.piece[inside].tolist())
    for edge in np.flatnonzero(~inside).tolist():
        piece = int(edges.piece[edge])
        if piece in kept:
            continue
        if reached[edges.source[edge]]:
            reasons[piece] = "no way back"
        elif reaching[edges.target[edge]]:
            reasons.setdefault(piece, "no way in")
        else:
            reasons.setdefault(piece, "not connected")
    return [
        Cut(lines[int(pieces.line[piece])].road, pieces.points(piece), reason)
        for piece, reason in sorted(reasons.items())
    ]


def _around(
    edges: "_Edges", inside: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which nodes are reached from the largest part, and from which it is reached."""
    count = int(max(edges.source.max(), edges.target.max())) + 1
    start = int(edges.source[inside][0]) if inside.any() else 0
    ones = np.ones(len(edges.source), dtype=np.int8)
    graph = coo_matrix((ones, (edges.source, edges.target)), shape=(count, count)).tocsr()
    found = []
    for way in (graph, graph.T.tocsr()):
        nodes = breadth_first_order(way, start, return_predecessors=False)
        found.append(np.isin(np.arange(count), nodes))
    return found[0], found[1]


def _cut_at_locked(ways: Iterable[Way], locked: Set[int]) -> Iterator[Way]:
    """Give the road on either side of a locked node an end of its own."""
    fresh = 0
    for way in ways:
        if locked.isdisjoint(node.id for node in way.nodes):
            yield way
            continue
        part: list[Node] = []
        for node in way.nodes:
            part.append(node)
            if node.id in locked:
                fresh -= 2
                part[-1] = node._replace(id=fresh)
                if len(part) > 1:
                    yield replace(way, nodes=tuple(part))
                part = [node._replace(id=fresh + 1)]
        if len(part) > 1:
            yield replace(way, nodes=tuple(part))


def _ends_at(ways: Iterable[Way]) -> Counter[int]:
    """Count the road ends that meet at each node: 1 dead end, 2 midway, 3 and more a junction."""
    count: Counter[int] = Counter()
    for way in ways:
        ids = [node.id for node in way.nodes]
        count.update(ids)
        count.update(ids[1:-1])
    return count


def _joined(ways: Sequence[Way]) -> list[Way]:
    """Join ways that continue each other, and nothing else, with the same road and speeds."""
    ends = _ends_at(ways)
    begins = {way.nodes[0].id: index for index, way in enumerate(ways)}
    following: dict[int, int] = {}
    for index, way in enumerate(ways):
        after = begins.get(way.nodes[-1].id)
        if after is None or after == index or ends[way.nodes[-1].id] != 2:
            continue
        if (way.road, way.speeds) == (ways[after].road, ways[after].speeds):
            following[index] = after
    joined: list[Way] = []
    seen: set[int] = set()
    heads = sorted(range(len(ways)), key=set(following.values()).__contains__)
    for head in heads:  # ways in the middle of a chain come last: only rings are still unseen
        chain: list[int] = []
        link = head
        while link >= 0 and link not in seen:
            seen.add(link)
            chain.append(link)
            link = following.get(link, -1)
        if len(chain) == 1:
            joined.append(ways[head])
        elif chain:
            rest = (node for link in chain[1:] for node in ways[link].nodes[1:])
            joined.append(replace(ways[head], nodes=(*ways[head].nodes, *rest)))
    return joined


@dataclass(frozen=True, slots=True)
class _Edges:
    """Directed edges as parallel arrays: where from and to, along which piece, in which sense."""

    source: Indices
    target: Indices
    piece: Indices
    backward: npt.NDArray[np.bool_]

    def only(self, chosen: npt.NDArray[np.bool_] | Indices) -> "_Edges":
        return _Edges(*(getattr(self, name)[chosen] for name in self.__slots__))


def _largest_part(edges: _Edges) -> npt.NDArray[np.bool_]:
    """Return which edges lie in the strongly connected part with the most edges."""
    nodes = int(max(edges.source.max(), edges.target.max())) + 1
    ones = np.ones(len(edges.source), dtype=np.int8)
    graph = coo_matrix((ones, (edges.source, edges.target)), shape=(nodes, nodes)).tocsr()
    _, part = connected_components(graph, directed=True, connection="strong")
    within = part[edges.source] == part[edges.target]
    largest = np.bincount(part[edges.source[within]]).argmax() if within.any() else -1
    chosen: npt.NDArray[np.bool_] = within & (part[edges.source] == largest)
    return chosen


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The lines, cut at junctions. Piece p runs through the points ``begin[p]`` to ``end[p]``."""

    node: Indices  # of each point of the lines
    lat: Floats
    lon: Floats
    begin: Indices
    end: Indices
    line: Indices  # of each piece
    metres: Floats  # of each piece
    lines: Sequence[Way]

    @classmethod
    def of(cls, lines: Sequence[Way], ends: Counter[int]) -> "_Pieces":
        sizes = [len(line.nodes) for line in lines]
        points = [node for line in lines for node in line.nodes]
        _, node = np.unique([point.id for point in points], return_inverse=True)
        lat = np.array([point.lat for point in points])
        lon = np.array([point.lon for point in points])
        line = np.repeat(np.arange(len(lines)), sizes)
        cut = np.array([ends[point.id] != 2 for point in points])
        line_end = np.cumsum(sizes)
        cut[line_end - 1] = cut[line_end - sizes] = True
        cuts = np.flatnonzero(cut)
        begin, end = cuts[:-1], cuts[1:]
        stutter = (end - begin == 1) & (node[begin] == node[end])  # a way that names a node twice
        piece = (line[begin] == line[end]) & ~stutter
        begin, end = begin[piece], end[piece]
        along = np.concatenate(([0.0], np.cumsum(_steps(lat, lon))))
        return cls(node, lat, lon, begin, end, line[begin], along[end] - along[begin], lines)

    def edges(self) -> _Edges:
        """Return an edge for each piece and each direction in which it may be driven."""
        speeds = self._speeds()
        forward, backward = (np.flatnonzero(speeds[:, sense]) for sense in (0, 1))
        begin, end = self.node[self.begin], self.node[self.end]
        return _Edges(
            np.concatenate((begin[forward], end[backward])),
            np.concatenate((end[forward], begin[backward])),
            np.concatenate((forward, backward)),
            np.repeat((False, True), (len(forward), len(backward))),
        )

    def points(self, piece: int) -> tuple[tuple[float, float], ...]:
        """Return (lat, lon) along a piece."""
        part = slice(int(self.begin[piece]), int(self.end[piece]) + 1)
        return tuple(zip(self.lat[part].tolist(), self.lon[part].tolist(), strict=True))

    def network(self, edges: _Edges) -> RoadNetwork:
        """Return the network of some edges, nodes and edges renumbered."""
        edges = edges.only(np.lexsort((edges.piece, edges.target, edges.source)))
        nodes, first_point_of = np.unique(self.node, return_index=True)
        used = np.union1d(edges.source, edges.target)
        at = first_point_of[np.searchsorted(nodes, used)]
        kmh = self._speeds()[edges.piece, edges.backward.astype(np.int64)]
        metres = self.metres[edges.piece]
        seconds = np.rint(metres / kmh * 3.6 * SECOND_FRACTIONS) / SECOND_FRACTIONS
        shape, first_point = self._shapes(edges)
        roads = tuple(dict.fromkeys(self.lines[line].road for line in self.line[edges.piece]))
        number = {road: index for index, road in enumerate(roads)}
        return RoadNetwork(
            node_lat=self.lat[at],
            node_lon=self.lon[at],
            first_edge=np.searchsorted(edges.source, [*used, np.inf]).astype(np.int32),
            edge_target=np.searchsorted(used, edges.target).astype(np.int32),
            edge_seconds=seconds,
            edge_metres=metres,
            edge_road=np.array(
                [number[self.lines[line].road] for line in self.line[edges.piece]], dtype=np.int32
            ),
            reverse_edge=_reverse(edges, len(self.begin)),
            first_point=first_point,
            shape_lat=self.lat[shape],
            shape_lon=self.lon[shape],
            roads=roads,
        )

    def _speeds(self) -> Floats:
        """Return km/h forward and backward of each piece."""
        return np.array([line.speeds for line in self.lines])[self.line]

    def _shapes(self, edges: _Edges) -> tuple[Indices, npt.NDArray[np.int32]]:
        """Return the points along each edge, one edge after the other, and where each begins."""
        begin, end = self.begin[edges.piece], self.end[edges.piece]
        first = np.concatenate(([0], np.cumsum(end - begin + 1)))
        step = np.arange(first[-1]) - np.repeat(first[:-1], end - begin + 1)
        start = np.where(edges.backward, end, begin)
        sense = np.where(edges.backward, -1, 1)
        points = np.repeat(start, end - begin + 1) + step * np.repeat(sense, end - begin + 1)
        return points, first.astype(np.int32)


def _steps(lat: Floats, lon: Floats) -> Floats:
    """Return the metres from each point to the next."""
    middle = np.radians((lat[1:] + lat[:-1]) / 2)
    return METRES_PER_DEGREE * np.hypot(np.diff(lat), np.diff(lon) * np.cos(middle))


def _reverse(edges: _Edges, pieces: int) -> npt.NDArray[np.int32]:
    """Return for each edge the one along the same piece in the other direction, or -1."""
    edge_of = np.full((pieces, 2), -1, dtype=np.int32)
    sense = edges.backward.astype(np.int64)
    edge_of[edges.piece, sense] = np.arange(len(edges.piece), dtype=np.int32)
    reverse: npt.NDArray[np.int32] = edge_of[edges.piece, 1 - sense]
    return reverse
