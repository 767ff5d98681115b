"""The base map: roads by class, landscape, houses and names, from the region's own extract."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from api.mapping.landscape import read_landscape
from api.mapping.open_schemas import LandmarkOut, PlaceNameOut, RoadsOut
from api.mapping.polyline import encode
from routing.osm_import import Feature
from routing.road_network import RoadNetwork
from shuttle.region import Region

CLASSES = {
    "motorway": "trunk",
    "trunk": "trunk",
    "primary": "primary",
    "secondary": "secondary",
    "tertiary": "tertiary",
    "unclassified": "minor",
    "road": "minor",
    "residential": "street",
    "living_street": "street",
    "pedestrian": "street",
    "service": "service",
    "track": "track",
}
"""How a highway is drawn; what is not here is a path."""

_ON_FOOT_ONLY = frozenset({"track", "path"})

_UNNAMED_KINDS = frozenset({"address", "place", "bus_stop"})
"""Features that are no landmarks: houses, settlements, and what the stops show already."""


@lru_cache(maxsize=2)
def base_map(region: Region) -> RoadsOut:
    """Return everything that is drawn beneath stops and vehicles; read it, never change it."""
    lines: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for road_class, line, name in _lines(region.drive):
        lines[road_class].setdefault(line, name)
    for road_class, line, name in _lines(region.walk):
        if road_class in _ON_FOOT_ONLY:
            lines[road_class].setdefault(line, name)
    landscape = read_landscape(region.folder / region.config.extract)
    return RoadsOut(
        areas=dict(landscape.areas),
        lines=dict(landscape.lines),
        roads={road_class: sorted(same) for road_class, same in sorted(lines.items())},
        names={
            road_class: [same[line] for line in sorted(same)]
            for road_class, same in sorted(lines.items())
        },
        houses=encode(
            sorted((each.lat, each.lon) for each in region.features if each.kind == "address")
        ),
        places=[_place_name(each) for each in region.features if _is_settlement(each)],
        landmarks=[
            LandmarkOut(kind=each.kind, name=each.name, lat=each.lat, lon=each.lon)
            for each in region.features
            if each.name and each.kind not in _UNNAMED_KINDS
        ],
    )


def _lines(network: RoadNetwork) -> Iterator[tuple[str, str, str]]:
    """Yield class, line and name of every road, one of its two directions."""
    drawn = np.flatnonzero(
        (network.reverse_edge < 0) | (np.arange(len(network.edge_road)) < network.reverse_edge)
    )
    for edge in drawn.tolist():
        first, last = network.first_point[edge], network.first_point[edge + 1]
        points = zip(
            network.shape_lat[first:last].tolist(),
            network.shape_lon[first:last].tolist(),
            strict=True,
        )
        road = network.roads[network.edge_road[edge]]
        yield road_class(road.highway), encode(points), road.name or road.ref


def road_class(highway: str) -> str:
    """Return how a highway is drawn; a link like the road it belongs to."""
    return CLASSES.get(highway.removesuffix("_link"), "path")


def _is_settlement(feature: Feature) -> bool:
    return feature.kind == "place" and bool(feature.name)


def _place_name(feature: Feature) -> PlaceNameOut:
    return PlaceNameOut(
        name=feature.name,
        rank=feature.rank,
        population=feature.population,
        lat=feature.lat,
        lon=feature.lon,
    )
