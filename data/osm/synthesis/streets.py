"""From grown roads to named ones: built-up zones, and pieces of road with name and speed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot

import numpy as np
import shapely

from data.osm.synthesis.anchors import Anchors
from data.osm.synthesis.names import ADJECTIVES, MAIN_STREETS, hamlet_names, street_names
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
    tags: dict[str, str] = field(default_factory=dict)


def length(network: Network, nodes: list[int] | tuple[int, ...]) -> float:
    """Measure a string of vertices in metres."""
    points = [network.points[v] for v in nodes]
    return sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points))


def line(network: Network, nodes: list[int] | tuple[int, ...]) -> shapely.LineString:
    """Draw a string of vertices."""
    return shapely.LineString([network.points[v] for v in nodes])


def built_up_zones(network: Network, homes: list[Settlement]) -> dict[str, shapely.Polygon]:
    """Draw the built-up area of each settlement around its streets."""
    zones = {}
    for home in homes:
        centre = shapely.Point(home.x, home.y)
        own = [line(network, r.nodes) for r in network.roads if r.place == home.name]
        core = centre.buffer(0.75 * home.radius)
        through = [
            line(network, r.nodes).intersection(core)
            for r in network.roads
            if r.kind in ("country", "lane")
        ]
        shape = shapely.union_all([*own, *through]).buffer(45.0).buffer(45.0).buffer(-50.0)
        largest = max(shapely.get_parts(shape), key=lambda part: part.area)
        zones[home.name] = shapely.Polygon(largest.exterior)
    return zones


class StreetNames:
    """Gives every street its name."""

    def __init__(
        self, network: Network, anchors: Anchors, homes: list[Settlement], rng: np.random.Generator
    ) -> None:
        self._network = network
        self._homes = {home.name: home for home in homes}
        self._goals = [(p.name, p.x, p.y) for p in anchors.settlements + anchors.neighbours]
        self._pools: dict[str, Iterator[str]] = {
            home.name: street_names(rng, home.rank) for home in homes
        }
        self._used: dict[str, set[str]] = {home.name: set() for home in homes}
        self._main: dict[str, str] = {}
        self._lanes = hamlet_names(rng)
        self._rng = rng

    def next_lane(self) -> str:
        """Name a lane or a hamlet in the fields."""
        return next(self._lanes)

    def side_street(self, place: str) -> str:
        """Name a street of a settlement."""
        for name in self._pools[place]:
            if name not in self._used[place]:
                self._used[place].add(name)
                return name
        return self.next_lane()

    def through_road(self, place: str, road: Road, nodes: tuple[int, ...]) -> str:
        """Name the piece of a country road in a settlement: by its goal, or as the main street."""
        home = self._homes[place]
        ends = [self._network.points[v] for v in (nodes[0], nodes[-1])]
        far = max(ends, key=lambda p: hypot(p[0] - home.x, p[1] - home.y))
        if home.rank == "hamlet":  # many roads in hamlets have no name
            return place if sum(map(ord, place)) % 2 else ""
        if home.rank != "town" and road.highway != "primary" and place not in self._main:
            choice = int(self._rng.integers(0, 6))
            self._main[place] = MAIN_STREETS[choice if choice < len(MAIN_STREETS) else 0]
            self._used[place].add(self._main[place])
            return self._main[place]
        if road.highway == "primary":
            goal = "Kappeln" if far[0] > home.x else "Schleswig"
        else:
            goal = self._goal(home, far)
        name = f"{ADJECTIVES[goal]} Straße"
        self._used[place].add(name)
        return name

    def _goal(self, home: Settlement, far: tuple[float, float]) -> str:
        out = np.array([far[0] - home.x, far[1] - home.y])
        out /= np.hypot(*out) or 1.0

        def cost(goal: tuple[str, float, float]) -> tuple[float, str]:
            way = np.array([goal[1] - far[0], goal[2] - far[1]])
            distance = float(np.hypot(*way)) or 1.0
            return distance * (1.3 - float(way @ out) / distance), goal[0]

        return min((g for g in self._goals if g[0] != home.name), key=cost)[0]


def cut_pieces(
    network: Network, zones: dict[str, shapely.Polygon], names: StreetNames
) -> list[Piece]:
    """Cut all roads at the edges of the built-up zones and name the pieces."""
    for zone in zones.values():
        shapely.prepare(zone)
    streets: dict[int, str] = {}  # the name of the street at each vertex
    pieces: list[Piece] = []
    for road in network.roads:
        if road.kind == "street":
            pieces.append(_street(network, road, streets, names))
        elif road.kind in ("country", "lane"):
            lane = names.next_lane() if road.kind == "lane" else ""
            for nodes, place in _runs(network, road, zones):
                name = names.through_road(place, road, nodes) if place else lane
                pieces.append(
                    Piece(nodes, road.highway, road.kind, name, road.ref, place, road.tags)
                )
                if place:
                    streets.update(dict.fromkeys(nodes, name))
        else:
            pieces.append(
                Piece(tuple(road.nodes), road.highway, road.kind, road.name, tags=road.tags)
            )
    return pieces


def _street(network: Network, road: Road, streets: dict[int, str], names: StreetNames) -> Piece:
    """Name a street; a short dead end is called like the street it leaves."""
    nodes = tuple(road.nodes)
    dead_end = network.degree(nodes[-1]) == 1
    if dead_end and length(network, nodes) < 110.0 and nodes[0] in streets:
        name = streets[nodes[0]]
    else:
        name = names.side_street(road.place)
    for node in nodes:
        streets.setdefault(node, name)
    return Piece(nodes, road.highway, road.kind, name, place=road.place, tags=road.tags)


def _runs(
    network: Network, road: Road, zones: dict[str, shapely.Polygon]
) -> list[tuple[tuple[int, ...], str]]:
    """Cut a road where it enters or leaves a zone; runs too short join the one before."""
    points = np.array([network.points[v] for v in road.nodes])
    middle = (points[:-1] + points[1:]) / 2.0
    inside = [""] * len(middle)
    for place, zone in zones.items():
        for index in np.flatnonzero(shapely.contains_xy(zone, middle[:, 0], middle[:, 1])):
            inside[int(index)] = place
    steps = np.hypot(*(points[1:] - points[:-1]).T)
    runs: list[tuple[int, int, str]] = []
    start = 0
    for index in range(1, len(inside) + 1):
        if index == len(inside) or inside[index] != inside[start]:
            if runs and steps[start:index].sum() < SHORTEST_PIECE:
                runs[-1] = (runs[-1][0], index, runs[-1][2])
            elif runs and runs[-1][2] == inside[start]:
                runs[-1] = (runs[-1][0], index, inside[start])
            else:
                runs.append((start, index, inside[start]))
            start = index
    return [(tuple(road.nodes[a : b + 1]), place) for a, b, place in runs]
