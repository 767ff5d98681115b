"""From an OpenStreetMap extract to two road networks and the things that people name."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import osmium
import shapely
from osmium.filter import KeyFilter
from osmium.osm.types import Area as OsmArea
from osmium.osm.types import Node as OsmNode
from osmium.osm.types import NodeRefList, OSMEntity
from osmium.osm.types import Way as OsmWay

from routing.map_features import FEATURE_KEYS, feature
from routing.map_features import Feature as Feature
from routing.road_graph import Node, Way, build_network
from routing.road_network import METRES_PER_DEGREE, Road, RoadNetwork
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

ROAD_MARGIN = 3000.0
"""Metres beyond the boundary to which roads are kept: the fastest way between two places of a
region may leave it."""

FEATURE_MARGIN = 300.0
"""Metres beyond the boundary to which named things are kept; boundaries on maps are coarse."""

Shape: TypeAlias = shapely.Polygon | shapely.MultiPolygon
Progress = Callable[[str, float], None]


class ExtractError(Exception):
    """An extract cannot be used; one sentence names the file and what to do."""


@dataclass(frozen=True, slots=True)
class DroppedRoads:
    """Roads that were left out of the drive network, by reason.

    Attributes
    ----------
    count
        Ways by reason; of the reason "not connected" separate pieces of the network.
    km
        Length by reason.
    """

    count: Mapping[str, int]
    km: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Extract:
    """Everything the service needs from a map.

    Attributes
    ----------
    drive
        For vehicles: the largest part in which every place reaches every other.
    walk
        For people on foot, in both directions: the largest connected part.
    features
        In the order of the file.
    boundaries
        Administrative boundaries by name, (lon, lat) in degrees.
    dropped
        What was left out of `drive`.
    """

    drive: RoadNetwork
    walk: RoadNetwork
    features: tuple[Feature, ...]
    boundaries: Mapping[str, shapely.Polygon | shapely.MultiPolygon]
    dropped: DroppedRoads


def read_extract(
    path: Path, boundary: Shape | None = None, progress: Progress | None = None
) -> Extract:
    """Read an ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.osm.pbf`` file in one streaming pass.

    Parameters
    ----------
    path
        Nodes before ways before relations, as all usual extracts are.
    boundary
        In degrees, (lon, lat). Roads up to :data:`ROAD_MARGIN` beyond it are kept, features up to
        :data:`FEATURE_MARGIN`. Everything is kept without one.
    progress
        Called with what is being done and the share that is finished, 0 to 1.

    Raises
    ------
    ExtractError
        If the file is missing, broken, empty, without roads, or somewhere else.
    """
    report = progress or (lambda _step, _share: None)
    survey = _Survey(_Zone(boundary, ROAD_MARGIN), _Zone(boundary, FEATURE_MARGIN))
    _read(path, survey, report)
    if not survey.things:
        raise ExtractError(f"{path} holds no map data; download the extract again.")
    if not survey.roads and survey.roads_elsewhere:
        raise ExtractError(
            f"{path} has no roads within the boundary; choose an extract that covers it."
        )
    report("joining the roads", 0.8)
    if not survey.roads:
        raise ExtractError(f"{path} has no roads for cars; choose an extract with highway=* ways.")
    drive, unconnected = build_network(survey.roads, survey.locked)
    if not drive.roads:
        raise ExtractError(f"The roads in {path} do not form a network; choose a larger extract.")
    report("joining the footpaths", 0.9)
    walk, _ = build_network(survey.paths, survey.locked_for_walkers)
    survey.drop("not connected", unconnected.pieces, unconnected.km)
    report("done", 1.0)
    return Extract(
        drive=drive,
        walk=walk,
        features=tuple(survey.features),
        boundaries=_named(survey.boundaries),
        dropped=DroppedRoads(survey.dropped, survey.dropped_km),
    )


def _read(path: Path, survey: "_Survey", report: Progress) -> None:
    """Let the survey see every object of a file that matters; the rest never leaves C++."""
    if not path.is_file():
        raise ExtractError(f"{path} does not exist; give the path of an OpenStreetMap extract.")
    keys = ("route", "barrier", "boundary", *FEATURE_KEYS)
    processor = osmium.FileProcessor(path).with_areas(KeyFilter("boundary", *FEATURE_KEYS))
    step = ""
    try:
        for thing in processor.with_filter(KeyFilter(*keys)):
            if thing.type_str() != step:
                step = thing.type_str()
                report(*_STEPS.get(step, ("reading areas", 0.7)))
            survey.see(thing)
    except RuntimeError as error:  # the only type that osmium raises
        raise ExtractError(
            f"{path} cannot be read as an OpenStreetMap extract ({error}); download it again."
        ) from error


_STEPS = {"n": ("reading points", 0.0), "w": ("reading roads", 0.2)}


class _Zone:
    """A boundary with a margin, or the whole world."""

    def __init__(self, boundary: Shape | None, margin: float) -> None:
        self.shape: Shape | None = None
        if boundary is not None:
            self.stretch = math.cos(math.radians(boundary.centroid.y))
            flat = shapely.transform(boundary, lambda points: points * [self.stretch, 1.0])
            self.shape = shapely.buffer(flat, margin / METRES_PER_DEGREE)
            shapely.prepare(self.shape)

    def covers(self, lat: float, lon: float) -> bool:
        return self.shape is None or bool(shapely.contains_xy(self.shape, lon * self.stretch, lat))


@dataclass(slots=True)
class _Survey:
    """Collects what is seen in one pass over a map."""

    road_zone: _Zone
    feature_zone: _Zone
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

    def see(self, thing: OSMEntity) -> None:
        self.things += 1
        if isinstance(thing, OsmNode):
            self._see_node(thing)
        elif isinstance(thing, OsmWay):
            self._see_way(thing)
        elif isinstance(thing, OsmArea) and not thing.from_way():
            self._see_area(thing)

    def drop(self, reason: str, count: int, km: float) -> None:
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
        if self.feature_zone.covers(node.lat, node.lon):
            self._add_feature(f"n{node.id}", tags, node.lat, node.lon)

    def _see_way(self, way: OsmWay) -> None:
        tags = dict(way.tags)
        nodes = _nodes(way.nodes)
        if len(nodes) < 2:
            return
        if "highway" in tags or tags.get("route") == "ferry":
            if any(self.road_zone.covers(node.lat, node.lon) for node in (nodes[0], nodes[-1])):
                self._add_road(tags, nodes, osmium.geom.haversine_distance(way.nodes) / 1000)
            else:
                self.roads_elsewhere += tags.get("highway") in CLASSES
        self._add_outline(f"w{way.id}", tags, nodes)

    def _see_area(self, area: OsmArea) -> None:
        tags = dict(area.tags)
        if tags.get("boundary") == "administrative":
            if "name" in tags:
                self.boundaries.append((tags, _polygon(area)))
        else:
            self._add_outline(f"r{area.orig_id()}", tags, _nodes(next(iter(area.outer_rings()))))

    def _add_road(self, tags: Tags, nodes: tuple[Node, ...], km: float) -> None:
        highway = tags.get("highway", "")
        road = Road(tags.get("name", ""), highway, tags.get("ref", ""))
        if walking(tags):
            self.paths.append(Way(nodes, road, WALKING))
        if tags.get("route") == "ferry" and highway not in CLASSES:
            self.drop("ferry", 1, km)
        elif highway in CLASSES or highway in NOT_BUILT:
            speeds = driving(tags)
            if isinstance(speeds, str):
                self.drop(speeds, 1, km)
            else:
                self.roads.append(Way(nodes, road, speeds))

    def _add_outline(self, osm_id: str, tags: Tags, nodes: tuple[Node, ...]) -> None:
        corners = nodes[:-1] if nodes[0].id == nodes[-1].id else nodes
        lat = sum(node.lat for node in corners) / len(corners)
        lon = sum(node.lon for node in corners) / len(corners)
        if self.feature_zone.covers(lat, lon):
            self._add_feature(osm_id, tags, lat, lon)

    def _add_feature(self, osm_id: str, tags: Tags, lat: float, lon: float) -> None:
        if (found := feature(osm_id, tags, lat, lon)) is not None:
            self.features.append(found)


def _nodes(refs: NodeRefList) -> tuple[Node, ...]:
    """Return the nodes of a way without repetitions and without those that the file lacks."""
    try:
        nodes = [Node(ref.ref, ref.lat, ref.lon) for ref in refs]
    except osmium.InvalidLocationError:  # an extract that was cut through its ways
        nodes = [Node(ref.ref, ref.lat, ref.lon) for ref in refs if ref.location.valid()]
    return tuple(
        node for index, node in enumerate(nodes) if not index or node.id != nodes[index - 1].id
    )


def _polygon(area: OsmArea) -> Shape:
    shape = shapely.from_wkb(osmium.geom.WKBFactory().create_multipolygon(area))
    parts: Sequence[Shape] = shape.geoms
    return parts[0] if len(parts) == 1 else shape


def _named(boundaries: Iterable[tuple[Tags, Shape]]) -> dict[str, Shape]:
    """Name boundaries; of two with equal names the smaller keeps it (the village, not its Amt).

    The larger one gets its title before it, "Amt Süderbrarup", or its level behind it.
    """
    named: dict[str, Shape] = {}
    for tags, shape in sorted(boundaries, key=lambda boundary: boundary[1].area):
        name, level = tags["name"], tags.get("admin_level", "?")
        titled = f"{tags.get('name:prefix', '')} {name}".strip()
        for candidate in (name, titled, f"{name} (level {level})"):
            if candidate not in named:
                named[candidate] = shape
                break
    return named


def read_place(
    name: str, *, overpass_url: str | None = None, nominatim_url: str | None = None
) -> Extract:
    """Fetch a place by its name through osmnx and read it."""
    raise NotImplementedError
