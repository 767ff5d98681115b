"""The land as an OSM file: numbered nodes, ways and relations, written in order."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import osmium
import shapely
from osmium.osm.mutable import Node, Relation, Way

from data.osm.synthesis.anchors import Plane

GENERATOR = "dorfshuttle data.osm.synthesis (synthetic land, not OpenStreetMap data)"
SOURCE = "synthetic"

Tags = Mapping[str, str]
Member = tuple[str, int, str]


class OsmFile:
    """Collects elements in metres and writes them by latitude and longitude."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._nodes: list[tuple[float, float, dict[str, str]]] = []
        self._ways: list[tuple[list[int], dict[str, str]]] = []
        self._relations: list[tuple[list[Member], dict[str, str]]] = []

    def node(self, x: float, y: float, tags: Tags | None = None) -> int:
        """Add a node and return its id."""
        self._nodes.append((x, y, dict(tags or {})))
        return len(self._nodes)

    def tag_node(self, number: int, tags: Tags) -> None:
        """Add tags to a node that is already there."""
        self._nodes[number - 1][2].update(tags)

    def way(self, nodes: Sequence[int], tags: Tags) -> int:
        """Add a way over nodes and return its id."""
        self._ways.append((list(nodes), dict(tags)))
        return len(self._ways)

    def line(self, points: Iterable[Sequence[float]], tags: Tags) -> int:
        """Add an open way with nodes of its own."""
        return self.way([self.node(p[0], p[1]) for p in points], tags)

    def area(self, polygon: shapely.Polygon, tags: Tags) -> None:
        """Add an area: a closed way, or a multipolygon where it has holes."""
        rings = [polygon.exterior, *polygon.interiors]
        ways = []
        for ring in rings:
            nodes = [self.node(c[0], c[1]) for c in ring.coords[:-1]]
            ways.append(self.way([*nodes, nodes[0]], tags if len(rings) == 1 else {}))
        if len(rings) > 1:
            members = [("w", w, "inner" if n else "outer") for n, w in enumerate(ways)]
            self.relation(members, {"type": "multipolygon", **tags})

    def relation(self, members: Iterable[Member], tags: Tags) -> int:
        """Add a relation and return its id."""
        self._relations.append((list(members), dict(tags)))
        return len(self._relations)

    def write(self, path: Path) -> None:
        """Write the file; the same elements give the same bytes."""
        points = self._plane.to_latlon(np.array([[n[0], n[1]] for n in self._nodes]))
        (south, west), (north, east) = points.min(axis=0), points.max(axis=0)
        header = osmium.io.Header()
        header.set("generator", GENERATOR)
        header.add_box(osmium.osm.Box(west, south, east, north))
        path.unlink(missing_ok=True)
        with osmium.SimpleWriter(str(path), header=header) as writer:
            for number, ((lat, lon), (_, _, tags)) in enumerate(
                zip(points.tolist(), self._nodes, strict=True), 1
            ):
                writer.add_node(Node(id=number, location=(lon, lat), tags=tags, version=1))
            for number, (nodes, tags) in enumerate(self._ways, 1):
                writer.add_way(Way(id=number, nodes=nodes, tags=tags, version=1))
            for number, (members, tags) in enumerate(self._relations, 1):
                writer.add_relation(Relation(id=number, members=members, tags=tags, version=1))
