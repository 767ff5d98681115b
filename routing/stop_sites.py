"""Where a stop could be: on public roads, in front of the things that people go to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import shapely
from scipy.spatial import cKDTree

from routing.map_features import Feature
from routing.osm_import import Extract
from routing.road_network import RoadNetwork
from routing.shortest_paths import Floats, Ints
from routing.villages import plane, unplane

HALTING_ROADS = frozenset(
    ("primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "road")
)
"""Where a minibus may halt: public roads, but no motorway, slip road, driveway or track."""

HOME_STREETS = frozenset(("residential", "living_street"))
"""Roads along which people live even where the map has no house numbers yet."""

LANDMARKS = frozenset(
    ("school", "kindergarten", "doctor", "pharmacy", "hospital", "care", "townhall", "hall")
)
DAILY_SHOPS = frozenset(
    ("supermarket", "convenience", "general", "bakery", "butcher", "chemist", "farm")
)
_HOMESTEADS = frozenset(("hamlet", "isolated_dwelling", "farm"))


class Rank(IntEnum):
    """What is served first."""

    STATION = 0
    BUS_STOP = 1
    LANDMARK = 2
    HOME = 3


_FROM_THE_ROAD = {Rank.STATION: 200, Rank.BUS_STOP: 50, Rank.LANDMARK: 120, Rank.HOME: 400}
"""Metres; a stop farther away would not be taken for the stop of the thing."""


@dataclass(frozen=True, slots=True)
class Site:
    """A position on a road where a stop could be.

    Attributes
    ----------
    feature
        What is there.
    rank
        What is served first.
    lat, lon
        Degrees, on the road.
    edge
        Of the drive network.
    metres
        From the feature to the road.
    """

    feature: Feature
    rank: Rank
    lat: float
    lon: float
    edge: int
    metres: float


def homes(
    extract: Extract,
    boundary: shapely.Polygon | shapely.MultiPolygon | None,
    apart_metres: float,
) -> list[Feature]:
    """Return where people live or go within a boundary: all addresses and named things.

    Streets of houses without numbers count as one home every so many metres.
    """
    known = [
        feature
        for feature in extract.features
        if feature.kind not in ("station", "bus_stop")
        and (feature.kind != "place" or feature.rank in _HOMESTEADS)
    ]
    everywhere = known + _unnumbered(extract.drive, known, apart_metres)
    if boundary is None:
        return everywhere
    inside = shapely.contains_xy(
        boundary, [home.lon for home in everywhere], [home.lat for home in everywhere]
    )
    return [home for home, within in zip(everywhere, inside, strict=True) if within]


def _unnumbered(drive: RoadNetwork, known: Sequence[Feature], apart: float) -> list[Feature]:
    """Return points along residential streets that are not near a known home."""
    edges, lines = _lines(drive, HOME_STREETS)
    counts = np.ceil(shapely.length(lines) / apart).astype(int)
    row = np.repeat(np.arange(len(edges)), counts)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    points = shapely.line_interpolate_point(lines[row], (nth + 0.5) / counts[row], normalized=True)
    points = shapely.get_coordinates(points)
    if known and len(points):
        near = plane([home.lat for home in known], [home.lon for home in known], _middle(drive))
        points = points[cKDTree(near).query(points)[0] > apart]
    lat, lon = unplane(points, _middle(drive))
    return [
        Feature(f"{lat:.5f}_{lon:.5f}", "street", "", lat, lon)
        for lat, lon in zip(lat.tolist(), lon.tolist(), strict=True)
    ]


def sites(
    extract: Extract,
    inhabited: Sequence[Feature],
    boundary: shapely.Polygon | shapely.MultiPolygon | None,
) -> list[Site]:
    """Return the positions on halting roads next to everything that a stop could be for."""
    wanted = [
        *((feature, rank) for feature in extract.features if (rank := _rank(feature)) is not None),
        *((home, Rank.HOME) for home in inhabited),
    ]
    middle = _middle(extract.drive)
    edges, lines = _lines(extract.drive, HALTING_ROADS)
    lat, lon = [feature.lat for feature, _ in wanted], [feature.lon for feature, _ in wanted]
    points = shapely.points(plane(lat, lon, middle))
    (asked, found), metres = shapely.STRtree(lines).query_nearest(
        points, max_distance=max(_FROM_THE_ROAD.values()), return_distance=True, all_matches=False
    )
    along = shapely.line_locate_point(lines[found], points[asked])
    on_road = shapely.get_coordinates(shapely.line_interpolate_point(lines[found], along))
    road_lat, road_lon = unplane(on_road, middle)
    inside = True if boundary is None else shapely.contains_xy(boundary, road_lon, road_lat)
    near = metres <= np.array([_FROM_THE_ROAD[wanted[row][1]] for row in asked])
    return [
        Site(
            feature=wanted[asked[row]][0],
            rank=wanted[asked[row]][1],
            lat=float(road_lat[row]),
            lon=float(road_lon[row]),
            edge=int(edges[found[row]]),
            metres=float(metres[row]),
        )
        for row in np.flatnonzero(near & inside)
    ]


def _rank(feature: Feature) -> Rank | None:
    if feature.kind == "station":
        return Rank.STATION
    if feature.kind == "bus_stop":
        return Rank.BUS_STOP
    if feature.kind in LANDMARKS or (feature.kind == "shop" and feature.rank in DAILY_SHOPS):
        return Rank.LANDMARK
    return None


def _lines(drive: RoadNetwork, classes: frozenset[str]) -> tuple[Ints, Floats]:
    """Return the roads of some classes, once for both directions, as lines on the plane."""
    wanted = np.array([road.highway in classes for road in drive.roads], dtype=np.bool_)
    edge = np.arange(len(drive.edge_road))
    second = (drive.reverse_edge >= 0) & (drive.reverse_edge < edge)
    edges = np.flatnonzero(wanted[drive.edge_road] & ~second)
    sizes = np.diff(drive.first_point)
    chosen = np.repeat(np.isin(edge, edges), sizes)
    points = plane(drive.shape_lat[chosen], drive.shape_lon[chosen], _middle(drive))
    indices = np.repeat(np.arange(len(edges)), sizes[edges])
    return edges.astype(np.int32), shapely.linestrings(points, indices=indices)


def _middle(drive: RoadNetwork) -> float:
    return float(drive.node_lat.mean())
