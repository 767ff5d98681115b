"""Which settlements are joined by roads of which class.

A greedy spanner (Althöfer et al., On Sparse Spanners of Weighted Graphs, 1993) over the Delaunay
edges of the settlements gives a sparse planar net with bounded detours. Traffic drawn to the
populations decides the classes. Crossroads of many arms are pulled apart into staggered junctions.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import shapely
from scipy.spatial import Delaunay

from data.osm.synthesis.anchors import Anchors, Points
from data.osm.synthesis.terrain import Terrain

RANKS = ("primary", "secondary", "tertiary", "unclassified")
STRETCH = 1.32
"""A road is built where the roads so far take this many times its length."""
SHARPEST, HAIRPIN = np.radians(38.0), np.radians(78.0)
"""Least angle between the roads at a junction, and between two that run through."""
LONGEST = 5200.0
ELBOW_ROOM = 120.0
"""Least distance in metres of a road from a place that it does not lead to."""
SECONDARY_KM, TERTIARY_KM = 34.0, 74.0


@dataclass(frozen=True, slots=True)
class Site:
    """Where country roads meet: a settlement, a hamlet, or only a bend of a known road."""

    x: float
    y: float
    weight: float = 0.0  # people who come and go


@dataclass(frozen=True, slots=True)
class Edge:
    """A piece of country road between two sites."""

    a: int
    b: int
    highway: str
    ref: str = ""
    fixed: bool = False

    def other(self, site: int) -> int:
        """Return the site at the other end."""
        return self.b if site == self.a else self.a


class CountryRoads:
    """The drawing board: sites on the flat plane and the edges between them."""

    def __init__(self, anchors: Anchors, terrain: Terrain, hamlets: Points) -> None:
        self.terrain = terrain
        self.sites: list[Site] = []
        self.edges: list[Edge] = []
        self._index: dict[str, int] = {}
        for place in anchors.settlements + anchors.neighbours:
            weight = place.people or (9000.0 if place.rank == "town" else 500.0)
            self._index[place.name] = self._add((place.x, place.y), weight)
        for trunk in anchors.trunks:
            chain = [
                self._index[v] if isinstance(v, str) else self._add(v, 30.0) for v in trunk.via
            ]
            self.edges += [
                Edge(a, b, trunk.highway, trunk.ref, fixed=True) for a, b in pairwise(chain)
            ]
        fixed = shapely.MultiLineString([self._line(e.a, e.b) for e in self.edges])
        flat = terrain.bends.straighten(hamlets)
        self.hamlets = hamlets[shapely.distance(shapely.points(flat), fixed) > ELBOW_ROOM]
        for hamlet in self.hamlets:
            self._add((hamlet[0], hamlet[1]), 25.0)

    def _add(self, bent: tuple[float, float], weight: float) -> int:
        x, y = self.terrain.bends.straighten(np.array([bent]))[0]
        self.sites.append(Site(float(x), float(y), weight))
        return len(self.sites) - 1

    def point(self, site: int) -> Points:
        """Return a site's point on the flat plane."""
        return np.array([self.sites[site].x, self.sites[site].y])

    def length(self, a: int, b: int) -> float:
        """Return the distance of two sites on the flat plane."""
        return float(np.hypot(*(self.point(b) - self.point(a))))

    def bearing(self, a: int, b: int) -> float:
        """Return the direction from one site to another in radians."""
        dx, dy = self.point(b) - self.point(a)
        return float(np.arctan2(dy, dx))

    def arms(self) -> dict[int, list[int]]:
        """Return the numbers of the edges at each site."""
        arms: dict[int, list[int]] = defaultdict(list)
        for number, edge in enumerate(self.edges):
            arms[edge.a].append(number)
            arms[edge.b].append(number)
        return arms

    # -- which settlements are joined -------------------------------------------------------

    def span(self) -> None:
        """Add the edges of a greedy spanner that keep clear of water and of shallow angles."""
        flat = np.array([[s.x, s.y] for s in self.sites])
        graph = nx.Graph()
        graph.add_nodes_from(range(len(self.sites)))
        for edge in self.edges:
            graph.add_edge(edge.a, edge.b, length=self.length(edge.a, edge.b))
        pairs = {
            (int(min(p)), int(max(p))) for t in Delaunay(flat).simplices for p in combinations(t, 2)
        }
        fixed = [self._line(e.a, e.b) for e in self.edges]
        for a, b in sorted(pairs, key=lambda p: (self.length(*p), p)):
            length = self.length(a, b)
            if length > LONGEST or graph.has_edge(a, b) or not self._may_join(a, b, fixed):
                continue
            try:
                around = nx.dijkstra_path_length(graph, a, b, weight="length")
            except nx.NetworkXNoPath:
                around = np.inf
            if around > STRETCH * length:
                graph.add_edge(a, b, length=length)
                self.edges.append(Edge(a, b, "unclassified"))

    def _line(self, a: int, b: int) -> shapely.LineString:
        return shapely.LineString([self.point(a), self.point(b)])

    def _may_join(self, a: int, b: int, fixed: list[shapely.LineString]) -> bool:
        line = self._line(a, b)
        if any(line.crosses(other) for other in fixed):
            return False
        others = [(s.x, s.y) for n, s in enumerate(self.sites) if n not in (a, b)]
        if shapely.distance(shapely.points(others), line).min() < ELBOW_ROOM:
            return False
        for edge in self.edges:
            for here, there in ((a, b), (b, a)):
                if here in (edge.a, edge.b):
                    turn = self.bearing(here, there) - self.bearing(here, edge.other(here))
                    if abs((turn + np.pi) % (2.0 * np.pi) - np.pi) < SHARPEST:
                        return False
        steps = np.linspace(0.0, 1.0, 40)[:, None]
        bent = self.terrain.bends.bend(self.point(a) + steps * (self.point(b) - self.point(a)))
        drawn = shapely.LineString(bent)
        if shapely.dwithin(drawn, self.terrain.schlei, 60.0):
            return False
        rail = shapely.LineString(self.terrain.railway)
        along = drawn.intersection(rail.buffer(70.0)).length  # short where it crosses squarely
        return float(along) < (230.0 if drawn.crosses(rail) else 60.0)

    # -- which of them are busy -------------------------------------------------------------

    def classify(self) -> None:
        """Give the busiest kilometres to the Land, the next to the Kreis, the rest to no one."""
        flow = self._flows()
        order = sorted(range(len(self.edges)), key=lambda n: (-flow[n], n))
        built = 0.0
        for number in order:
            edge = self.edges[number]
            if edge.fixed:
                continue
            built += self.length(edge.a, edge.b) / 1000.0
            if built < SECONDARY_KM:
                self.edges[number] = replace(edge, highway="secondary")
            elif built < SECONDARY_KM + TERTIARY_KM:
                self.edges[number] = replace(edge, highway="tertiary")

    def _flows(self) -> list[float]:
        """Send traffic between all sites by a gravity model, twice: busy roads draw more."""
        flow = [0.0] * len(self.edges)
        for _ in range(2):
            top = max(flow) or 1.0
            graph = nx.Graph()
            for number, edge in enumerate(self.edges):
                ease = 0.75 if edge.fixed else 1.0 - 0.35 * min(1.0, 8.0 * flow[number] / top)
                graph.add_edge(
                    edge.a, edge.b, number=number, time=ease * self.length(edge.a, edge.b)
                )
            flow = [0.0] * len(self.edges)
            sources = [n for n, s in enumerate(self.sites) if s.weight >= 100.0]
            for a in sources:
                for b, path in nx.single_source_dijkstra_path(graph, a, weight="time").items():
                    if a != b and self.sites[b].weight > 0.0:
                        pull = self.sites[a].weight * self.sites[b].weight
                        pull /= max(800.0, self.length(a, b)) ** 1.6
                        for u, v in pairwise(path):
                            flow[graph.edges[u, v]["number"]] += pull
        return flow

    # -- junctions as they are built --------------------------------------------------------

    def stagger(self, rng: np.random.Generator) -> None:
        """Pull junctions of four arms and more apart: the least arm moves along its neighbour.

        So does one arm of a hairpin: the other then leads on into a dead end.
        """
        for site in range(len(self.sites)):
            while True:
                arms = self.arms()[site]
                sharp = len(arms) == 2 and self.angle(site, *arms) < HAIRPIN
                if not sharp and (len(arms) <= 3 or (len(arms) == 4 and rng.random() < 0.12)):
                    break
                if not self._pull_off(site, arms, rng):
                    break

    def angle(self, site: int, one: int, two: int) -> float:
        """Return the angle between two edges at a site in radians."""
        turn = self.bearing(site, self.edges[one].other(site))
        turn -= self.bearing(site, self.edges[two].other(site))
        return abs(float((turn + np.pi) % (2.0 * np.pi) - np.pi))

    def _pull_off(self, site: int, arms: list[int], rng: np.random.Generator) -> bool:
        """Move the least arm of a junction onto a neighbour; False if it would cross a road."""
        around = sorted(arms, key=lambda n: self.bearing(site, self.edges[n].other(site)))
        movable = [n for n in around if not self.edges[n].fixed]
        if not movable:
            return False
        least = max(movable, key=lambda n: (RANKS.index(self.edges[n].highway), n))
        place = around.index(least)
        beside = [around[place - 1], around[(place + 1) % len(around)]]
        host = min(beside, key=lambda n: (abs(self.angle(site, least, n) - 0.5 * np.pi), n))
        edge, moved = self.edges[host], self.edges[least]
        far, end = edge.other(site), moved.other(site)
        along = min(rng.uniform(70.0, 190.0), 0.4 * self.length(site, far))
        way = (self.point(far) - self.point(site)) / self.length(site, far)
        x, y = self.point(site) + way * along
        line = shapely.LineString([(x, y), self.point(end)])
        others = [e for n, e in enumerate(self.edges) if n not in (host, least)]
        if any(line.crosses(self._line(e.a, e.b)) for e in others):
            return False
        self.sites.append(Site(float(x), float(y)))
        middle = len(self.sites) - 1
        self.edges[host] = replace(edge, a=site, b=middle)
        self.edges.append(replace(edge, a=middle, b=far))
        self.edges[least] = replace(moved, a=middle, b=end)
        return True
