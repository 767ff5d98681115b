"""The road network while it grows: vertices with room around them, and roads that share them.

Roads are strings of vertices a few dozen metres apart at most. Two roads meet only in a vertex of
both. Whoever adds a road keeps more room to strange vertices than a segment is long, so that no two
segments can cross unseen; a test proves it on the finished land.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor, hypot

import shapely

from data.osm.synthesis.anchors import Points

CELL = 60.0


@dataclass
class Road:
    """A string of vertices of one class; the name is found later, when all roads are known."""

    nodes: list[int]
    highway: str
    kind: str  # "country" | "street" | "lane" | "track" | "drive" | "path" | "rail"
    ref: str = ""
    name: str = ""
    place: str = ""  # the settlement or lane it belongs to
    tags: dict[str, str] = field(default_factory=dict)


class Network:
    """Vertices in a grid of buckets, the roads over them, and solid things in the way."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self.solid: list[bool] = []  # nothing may join here: rail, shore, schoolyard
        self.neighbours: list[list[int]] = []
        self.roads: list[Road] = []
        self.marks: dict[int, dict[str, str]] = {}  # what is at a vertex: a level crossing, say
        self._buckets: dict[tuple[int, int], list[int]] = defaultdict(list)

    def add_vertex(self, x: float, y: float, solid: bool = False) -> int:
        """Add a vertex, rounded to the centimetre, and return its number."""
        point = (round(float(x), 2), round(float(y), 2))
        self.points.append(point)
        self.solid.append(solid)
        self.neighbours.append([])
        number = len(self.points) - 1
        self._buckets[floor(point[0] / CELL), floor(point[1] / CELL)].append(number)
        return number

    def add_solid(self, points: Points) -> None:
        """Put something in the way of all roads that come later."""
        for x, y in points:
            self.add_vertex(x, y, solid=True)

    def add_road(self, road: Road) -> Road:
        """Add a road over existing vertices."""
        for a, b in pairwise(road.nodes):
            self.neighbours[a].append(b)
            self.neighbours[b].append(a)
        self.roads.append(road)
        return road

    def replace_roads(self, roads: list[Road]) -> None:
        """Put other roads over the vertices, and find anew who neighbours whom."""
        self.roads = []
        self.neighbours = [[] for _ in self.points]
        for road in roads:
            self.add_road(road)

    def string(self, points: Iterable[Sequence[float]]) -> list[int]:
        """Add a vertex for each point."""
        return [self.add_vertex(p[0], p[1]) for p in points]

    def degree(self, vertex: int) -> int:
        """Count the segments that end in a vertex."""
        return len(self.neighbours[vertex])

    def near(self, x: float, y: float, radius: float) -> list[tuple[float, int]]:
        """Find the vertices within a radius, as ``(distance, vertex)``, nearest first."""
        found = []
        points = self.points
        left, right = floor((x - radius) / CELL), floor((x + radius) / CELL)
        for row in range(floor((y - radius) / CELL), floor((y + radius) / CELL) + 1):
            for column in range(left, right + 1):
                for vertex in self._buckets.get((column, row), ()):
                    px, py = points[vertex]
                    distance = hypot(px - x, py - y)
                    if distance <= radius:
                        found.append((distance, vertex))
        found.sort()
        return found

    def direction(self, a: int, b: int) -> tuple[float, float]:
        """Return the unit vector from one vertex to another."""
        (ax, ay), (bx, by) = self.points[a], self.points[b]
        length = hypot(bx - ax, by - ay) or 1.0
        return (bx - ax) / length, (by - ay) / length

    def follow(self, start: int, second: int, steps: int) -> list[int] | None:
        """Follow a road for some steps; None if a junction or an end comes before."""
        string = [start, second]
        while len(string) <= steps:
            here = string[-1]
            if self.degree(here) != 2 or self.solid[here]:
                return None
            a, b = self.neighbours[here]
            string.append(b if a == string[-2] else a)
        return string if self.degree(string[-1]) == 2 else None

    def crosses_a_road(self, start: int, end: tuple[float, float]) -> bool:
        """Say whether a straight line from a vertex to a point crosses a road on its way."""
        x, y = self.points[start]
        line = shapely.LineString([(x, y), end])
        middle = ((x + end[0]) / 2.0, (y + end[1]) / 2.0)
        return any(
            line.crosses(shapely.LineString([self.points[a], self.points[b]]))
            for _, a in self.near(*middle, line.length / 2.0 + CELL)
            for b in self.neighbours[a]
            if start not in (a, b)
        )

    def junction_within(self, vertex: int, reach: float) -> bool:
        """Say whether another junction or dead end lies within `reach` metres of a vertex."""
        x, y = self.points[vertex]
        return any(
            other != vertex and not self.solid[other] and self.degree(other) != 2
            for _, other in self.near(x, y, reach)
        )
