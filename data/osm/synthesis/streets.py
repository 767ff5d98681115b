"""From grown roads to named ones: built-up zones, and pieces of road with name and speed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot

import numpy as np
import shapely

from data.osm.synthesis.anchors import Anchors, Landmark
from data.osm.synthesis.names import ADJECTIVES, MAIN_STREETS, street_names
from data.osm.synthesis.network import Network, Road
from data.osm.synthesis.settlements import Settlement

SHORTEST_PIECE = 70.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of road with one name and one speed: a way of the extract."""

    nodes: tuple[int, ...]
    highway: str
    kind: str
    name: str = ""
    ref: str = ""
    place: str = ""  # the settlement it runs through
    settled: bool = False  # with town signs: a town or a village, not a hamlet
    tags: dict[str, str] = field(default_factory=dict)


def length(network: Network, nodes: list[int] | tuple[int, ...]) -> float:
    """Measure a string of vertices in metres."""
    points = [network.points[v] for v in nodes]
    return sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))


def line(network: Network, nodes: list[int] | tuple[int, ...]) -> shapely.LineString:
    """Draw a string of vertices."""
    return shapely.LineString([network.points[v] for v in nodes])


def built_up_zones(network: Network, homes: list[Settlement]) -> dict[str, shapely.Geometry]:
    """Draw the built-up area of each settlement around its streets."""
    zones = {}
    lines = [line(network, road.nodes) for road in network.roads]
    tree = shapely.STRtree(lines)
    for home in homes:
        own = [lines[n] for n, road in enumerate(network.roads) if road.place == home.name]
        core = shapely.Point(home.x, home.y).buffer(0.75 * home.radius)
        through = [
            lines[n].intersection(core)
            for n in sorted(tree.query(core, "intersects").tolist())
            if network.roads[n].kind in ("country", "lane", "ring")
        ]
        shape = shapely.union_all([*own, *through]).buffer(45.0).buffer(45.0).buffer(-50.0)
        parts = [shapely.Polygon(p.exterior) for p in shapely.get_parts(shape) if p.area > 8000.0]
        zones[home.name] = shapely.union_all(parts)
    return zones


class StreetNames:
    """Gives every street its name."""

    def __init__(
        self,
        network: Network,
        anchors: Anchors,
        homes: list[Settlement],
        fields: Iterator[str],
        rng: np.random.Generator,
    ) -> None:
        self._network = network
        self._homes = {home.name: home for home in homes}
        self._goals = [(p.name, p.x, p.y) for p in anchors.settlements + anchors.neighbours]
        self._pools: dict[str, Iterator[str]] = {
            home.name: street_names(rng, home.rank) for home in homes
        }
        self._roads: dict[tuple[str, str], Road] = {}  # by municipality and name
        self._used: dict[str, set[str]] = {home.municipality: set() for home in homes}
        self._main: dict[str, str] = {}
        self._lanes = fields
        self._rng = rng

    def settled(self, place: str) -> bool:
        """Say whether town signs stand at the edge of a place."""
        return place != "" and self._homes[place].rank != "hamlet"

    def reserve(self, place: str, name: str) -> None:
        """Keep a name from being given to another street of a place."""
        self._used[self._homes[place].municipality].add(name)

    def next_lane(self) -> str:
        """Name a lane or a hamlet in the fields."""
        return next(self._lanes)

    def side_street(self, place: str) -> str:
        """Name a street of a settlement."""
        used = self._used[self._homes[place].municipality]
        for name in self._pools[place]:
            if name not in used:
                used.add(name)
                return name
        return self.next_lane()

    def halves(self, place: str, road: Road, nodes: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Cut a road at the middle of a town: it has other names on its two sides."""
        if not self.settled(place) or road.kind != "country":
            return [nodes]
        home = self._homes[place]
        if home.rank != "town" and road.highway != "primary":
            return [nodes]
        points = [self._network.points[v] for v in nodes]
        away = [hypot(x - home.x, y - home.y) for x, y in points]
        middle = away.index(min(away))
        parts = [nodes[: middle + 1], nodes[middle:]]
        if any(length(self._network, part) < 120.0 for part in parts):
            return [nodes]
        return parts

    def through_road(self, place: str, road: Road, nodes: tuple[int, ...]) -> str:
        """Name the piece of a country road in a settlement: by its goal, or as the main street."""
        home = self._homes[place]
        ends = [self._network.points[v] for v in (nodes[0], nodes[-1])]
        far = max(ends, key=lambda p: hypot(p[0] - home.x, p[1] - home.y))
        if home.rank == "hamlet":  # many roads in hamlets have no name
            return place if sum(map(ord, place)) % 2 else ""
        if home.rank != "town" and road.highway != "primary" and place not in self._main:
            self._main[place] = self._main_street(home)
            return self._main[place]
        if road.highway == "primary":
            return f"{ADJECTIVES['Kappeln' if far[0] > home.x else 'Schleswig']} Straße"
        for goal in self._goals_beyond(home, far)[:3]:
            name = f"{ADJECTIVES[goal]} Straße"
            if self._roads.setdefault((home.municipality, name), road) is road:
                return name
        return self.side_street(place)

    def _main_street(self, home: Settlement) -> str:
        """Name the main street of a village; half of them are the Dorfstraße."""
        used = self._used[home.municipality]
        first = max(0, int(self._rng.integers(-2, len(MAIN_STREETS))))
        names = [n for n in (MAIN_STREETS[first], *MAIN_STREETS) if n not in used]
        used.add(names[0])
        return names[0]

    def _goals_beyond(self, home: Settlement, far: tuple[float, float]) -> list[str]:
        """Order the places by how well a road out of a settlement leads to them."""
        out = np.array([far[0] - home.x, far[1] - home.y])
        out /= np.hypot(*out) or 1.0

        def cost(goal: tuple[str, float, float]) -> tuple[float, str]:
            way = np.array([goal[1] - far[0], goal[2] - far[1]])
            distance = float(np.hypot(*way)) or 1.0
            return distance * (1.3 - float(way @ out) / distance), goal[0]

        others = [g for g in self._goals if g[0] != home.name]
        return [goal[0] for goal in sorted(others, key=cost)]


def cut_pieces(
    network: Network,
    zones: dict[str, shapely.Geometry],
    water: shapely.Polygon,
    names: StreetNames,
    landmarks: Iterable[Landmark],
) -> list[Piece]:
    """Cut all roads at the edges of the built-up zones and of the water, and name the pieces."""
    for shape in (*zones.values(), water):
        shapely.prepare(shape)
    _name_streets_of_landmarks(network, names, landmarks)
    streets: dict[int, str] = {}  # the name of the street at each vertex
    pieces: list[Piece] = []
    for road in network.roads:
        if road.kind == "street":
            pieces.append(_street(network, road, streets, names))
        elif road.kind in ("country", "lane", "ring", "rail"):
            lane = names.next_lane() if road.kind == "lane" else road.name
            runs = [
                (part, place, bridge)
                for nodes, place, bridge in _runs(network, road, zones, water)
                for part in names.halves(place, road, nodes)
            ]
            for nodes, place, bridge in runs:
                through = place and road.kind in ("country", "lane")
                name = names.through_road(place, road, nodes) if through else lane
                tags = dict(road.tags) | ({"bridge": "yes", "layer": "1"} if bridge else {})
                settled = names.settled(place)
                pieces.append(
                    Piece(nodes, road.highway, road.kind, name, road.ref, place, settled, tags)
                )
                streets.update(dict.fromkeys(nodes, name))
        else:
            nodes = tuple(road.nodes)
            name = streets.get(nodes[0], "") if road.kind == "drive" else ""
            pieces.append(Piece(nodes, road.highway, road.kind, name, tags=dict(road.tags)))
    return pieces


def _name_streets_of_landmarks(
    network: Network, names: StreetNames, landmarks: Iterable[Landmark]
) -> None:
    """Name the street nearest to a landmark after it."""
    streets = [r for r in network.roads if r.kind == "street"]
    tree = shapely.STRtree([line(network, r.nodes) for r in streets])
    for mark in landmarks:
        road = streets[int(tree.nearest(shapely.Point(mark.x, mark.y)))]
        if mark.street and not road.name:
            road.name = mark.street
            names.reserve(road.place, mark.street)


def _street(network: Network, road: Road, streets: dict[int, str], names: StreetNames) -> Piece:
    """Name a street; a short dead end is called like the street it leaves."""
    nodes = tuple(road.nodes)
    dead_end = network.degree(nodes[-1]) == 1
    if road.name:
        name = road.name
    elif dead_end and length(network, nodes) < 110.0 and nodes[0] in streets:
        name = streets[nodes[0]]
    else:
        name = names.side_street(road.place)
    for node in nodes:
        streets.setdefault(node, name)
    return Piece(nodes, road.highway, road.kind, name, "", road.place, True, dict(road.tags))


def _runs(
    network: Network, road: Road, zones: dict[str, shapely.Geometry], water: shapely.Polygon
) -> list[tuple[tuple[int, ...], str, bool]]:
    """Cut a road where its zone changes: vertices, place, and whether it is over water."""
    points = np.array([network.points[v] for v in road.nodes])
    middle = (points[:-1] + points[1:]) / 2.0
    inside = [""] * len(middle)
    for place, zone in zones.items() if road.kind != "rail" else ():
        for hit in np.flatnonzero(shapely.contains_xy(zone, middle[:, 0], middle[:, 1])):
            inside[int(hit)] = place
    wet = shapely.contains_xy(water, middle[:, 0], middle[:, 1]).tolist()
    labels = list(zip(inside, wet, strict=True))
    steps = np.hypot(*(points[1:] - points[:-1]).T)
    runs: list[tuple[int, int, tuple[str, bool]]] = []
    start = 0
    for index in range(1, len(labels) + 1):
        if index < len(labels) and labels[index] == labels[start]:
            continue
        short = float(steps[start:index].sum()) < SHORTEST_PIECE and not labels[start][1]
        if runs and (short or runs[-1][2] == labels[start]):
            runs[-1] = (runs[-1][0], index, runs[-1][2])
        else:
            runs.append((start, index, labels[start]))
        start = index
    return [(tuple(road.nodes[a : b + 1]), *label) for a, b, label in runs]
