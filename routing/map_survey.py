"""One pass over a map: what matters of each node, way and area is kept, the rest forgotten."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import osmium
import shapely
from osmium.osm.types import Area as OsmArea
from osmium.osm.types import Node as OsmNode
from osmium.osm.types import NodeRefList, OSMEntity
from osmium.osm.types import Way as OsmWay

from routing.map_features import Feature, feature, kind_of
from routing.road_graph import Node, Way
from routing.road_network import METRES_PER_DEGREE, Road
from routing.road_rules import (
    CLASSES,
    NOT_BUILT,
    WALKING,
    Tags,
    barrier_stops_vehicles,
    barrier_stops_walkers,
    driving,
    walking,
)

Shape: TypeAlias = shapely.Polygon | shapely.MultiPolygon


class Zone:
    """A boundary with a margin, or the whole world."""

    def __init__(self, boundary: Shape | None, margin: float) -> None:
        self.shape: Shape | None = None
        if boundary is not None:
            self.stretch = math.cos(math.radians(boundary.centroid.y))
            flat = shapely.transform(boundary, lambda points: points * [self.stretch, 1.0])
            self.shape = shapely.buffer(flat, margin / METRES_PER_DEGREE)
            shapely.prepare(self.shape)

    def covers(self, lat: float, lon: float) -> bool:
        """Return whether a point lies here."""
        return self.shape is None or bool(shapely.contains_xy(self.shape, lon * self.stretch, lat))

    def touches(self, nodes: Sequence[Node]) -> bool:
        """Return whether a way begins or ends here; few ways are longer than the margin is wide."""
        return any(self.covers(node.lat, node.lon) for node in (nodes[0], nodes[-1]))


class Refused(NamedTuple):
    """A road on which no minibus may drive, and why, as :func:`routing.road_rules.driving` says."""

    road: Road
    nodes: tuple[Node, ...]
    reason: str


@dataclass(slots=True)
class Survey:
    """Collects what is seen in one pass over a map."""

    road_zone: Zone
    feature_zone: Zone
    things: int = 0
    roads_elsewhere: int = 0
    roads: list[Way] = field(default_factory=list)
    paths: list[Way] = field(default_factory=list)
    locked: set[int] = field(default_factory=set)
    locked_for_walkers: set[int] = field(default_factory=set)
    features: list[Feature] = field(default_factory=list)
    boundaries: list[tuple[Tags, Shape]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    dropped_km: dict[str, float] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)

    def see(self, thing: OSMEntity) -> None:
        """Keep what matters of a node, way or area."""
        self.things += 1
        if isinstance(thing, OsmNode):
            self._see_node(thing)
        elif isinstance(thing, OsmWay):
            self._see_way(thing)
        elif isinstance(thing, OsmArea) and not thing.from_way():
            self._see_area(thing)

    def drop(self, reason: str, count: int, km: float) -> None:
        """Count roads that are left out."""
        if count:
            self.dropped[reason] += count
            self.dropped_km[reason] = self.dropped_km.get(reason, 0.0) + km

    def _see_node(self, node: OsmNode) -> None:
        tags = dict(node.tags)
        if "barrier" in tags:
            if barrier_stops_vehicles(tags):
                self.locked.add(node.id)
            if barrier_stops_walkers(tags):
                self.locked_for_walkers.add(node.id)
        kind = kind_of(tags)
        if kind and self.feature_zone.covers(node.lat, node.lon):
            self.features.append(feature(f"n{node.id}", kind, tags, (node.lat, node.lon)))

    def _see_way(self, way: OsmWay) -> None:
        tags = dict(way.tags)
        is_road = "highway" in tags or tags.get("route") == "ferry"
        kind = kind_of(tags)
        if not (is_road or kind):
            return
        nodes = _nodes(way.nodes)
        if len(nodes) < 2:
            return
        if kind:
            self._add_outline(f"w{way.id}", kind, tags, nodes)
        if is_road and self.road_zone.touches(nodes):
            self._add_road(tags, nodes)
        elif is_road:
            self.roads_elsewhere += 1

    def _see_area(self, area: OsmArea) -> None:
        tags = dict(area.tags)
        if tags.get("boundary") == "administrative" and "name" in tags:
            self.boundaries.append((tags, _polygon(area)))
        elif kind := kind_of(tags):
            outline = _nodes(next(iter(area.outer_rings())))
            self._add_outline(f"r{area.orig_id()}", kind, tags, outline)

    def _add_road(self, tags: Tags, nodes: tuple[Node, ...]) -> None:
        highway = tags.get("highway", "")
        road = Road(tags.get("name", ""), highway, tags.get("ref", ""))
        if walking(tags):
            self.paths.append(Way(nodes, road, WALKING))
        if tags.get("route") == "ferry" and highway not in CLASSES:
            self.drop("ferry", 1, _length_km(nodes))
        elif highway in CLASSES or highway in NOT_BUILT:
            speeds = driving(tags)
            if isinstance(speeds, str):
                self.drop(speeds, 1, _length_km(nodes))
                self.refused.append(Refused(road, nodes, speeds))
            else:
                self.roads.append(Way(nodes, road, speeds))

    def _add_outline(
        self, osm_id: str, kind: tuple[str, str], tags: Tags, nodes: tuple[Node, ...]
    ) -> None:
        corners = nodes[:-1] if nodes[0].id == nodes[-1].id else nodes
        lat = sum(node.lat for node in corners) / len(corners)
        lon = sum(node.lon for node in corners) / len(corners)
        if self.feature_zone.covers(lat, lon):
            self.features.append(feature(osm_id, kind, tags, (lat, lon)))


def _nodes(refs: NodeRefList) -> tuple[Node, ...]:
    """Return the nodes of a way without those that the file lacks."""
    places = [(ref.ref, ref.location) for ref in refs]
    try:
        return tuple([Node(number, place.lat, place.lon) for number, place in places])
    except osmium.InvalidLocationError:  # an extract that was cut through its ways
        found = [(number, place) for number, place in places if place.valid()]
        return tuple([Node(number, place.lat, place.lon) for number, place in found])


def _length_km(nodes: Sequence[Node]) -> float:
    return sum(
        math.hypot(b.lat - a.lat, (b.lon - a.lon) * math.cos(math.radians(a.lat)))
        for a, b in pairwise(nodes)
    ) * (METRES_PER_DEGREE / 1000)


def _polygon(area: OsmArea) -> Shape:
    shape = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(area))
    parts: Sequence[Shape] = shape.geoms
    return parts[0] if len(parts) == 1 else shape
