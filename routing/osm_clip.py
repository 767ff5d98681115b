"""A piece of a large OpenStreetMap extract: find a boundary in it, and cut along it."""

import math
from pathlib import Path

import osmium
import shapely
from osmium.filter import KeyFilter, TagFilter
from osmium.osm.types import Area as OsmArea
from osmium.osm.types import Node as OsmNode
from osmium.osm.types import NodeRefList
from osmium.osm.types import Way as OsmWay

from routing.map_features import FEATURE_KEYS
from routing.map_survey import Shape
from routing.osm_import import ROAD_MARGIN, ExtractError
from routing.road_network import METRES_PER_DEGREE

Frame = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

_ADMINISTRATIVE = TagFilter(("boundary", "administrative"))
_AMT = 7
"""Its admin_level; municipalities have 8, their parts more, and what is larger has less."""


def find_boundary(path: Path, name: str) -> Shape | None:
    """Return the administrative boundary of a name, without reading the rest of the extract.

    Parameters
    ----------
    path
        The extract.
    name
        As on the map, with or without its title: "Amt Süderbrarup" and "Süderbrarup". Of several
        the smallest is meant, the municipality and not its district.

    Raises
    ------
    ExtractError
        If the extract cannot be read.
    """
    if not path.is_file():
        raise ExtractError(f"{path} does not exist; give the path of an OpenStreetMap extract.")
    wanted = name.casefold()
    found: list[Shape] = []
    try:
        areas = osmium.FileProcessor(path).with_areas(_ADMINISTRATIVE).with_filter(_ADMINISTRATIVE)
        for area in areas:
            if isinstance(area, OsmArea) and wanted in _names(area):
                geometry = osmium.geom.WKBFactory().create_multipolygon(area)
                found.append(shapely.from_wkb(geometry))
    except RuntimeError as error:  # the only type that osmium raises
        raise ExtractError(
            f"{path} cannot be read as an OpenStreetMap extract ({error}); download it again."
        ) from error
    return min(found, key=lambda shape: shape.area, default=None)


def _names(area: OsmArea) -> set[str]:
    tags = dict(area.tags)
    name = tags.get("name", "")
    titled = f"{tags.get('name:prefix', '')} {name}"
    return {each.casefold() for each in (name, titled, tags.get("official_name", "")) if each}


def clip(source: Path, target: Path, boundary: Shape) -> None:
    """Write the part of an extract that a region needs, as ``.osm.pbf``.

    What has a tag and lies in the frame around the boundary, :data:`ROAD_MARGIN` wide, is kept;
    ways and areas that reach into it are kept whole. Borders of what is larger than a
    municipality are left out.

    Raises
    ------
    ExtractError
        If the source cannot be read, or holds nothing within the frame.
    """
    try:
        kept = _needed(source, _frame(boundary))
        writer = osmium.SimpleWriter(target, overwrite=True)
        osmium.apply(source, kept.id_filter(), writer)
        writer.close()
    except RuntimeError as error:
        raise ExtractError(
            f"{source} cannot be read as an OpenStreetMap extract ({error}); download it again."
        ) from error


def _needed(source: Path, frame: Frame) -> osmium.IdTracker:
    """Return the ids of what has a tag and reaches into the frame, and of its parts."""
    kept, roads = osmium.IdTracker(), 0
    keys = KeyFilter("highway", "route", "barrier", "boundary", *FEATURE_KEYS)
    for thing in osmium.FileProcessor(source).with_areas(keys).with_filter(keys):
        if isinstance(thing, OsmNode) and _in(frame, thing.lat, thing.lon):
            kept.add_node(thing.id)
        elif isinstance(thing, OsmWay) and _passes(frame, thing.nodes):
            kept.add_way(thing.id)
            roads += "highway" in thing.tags
        elif isinstance(thing, OsmArea) and not thing.from_way() and _is_local(frame, thing):
            kept.add_relation(thing.orig_id())
    if not roads:
        raise ExtractError(
            f"{source} has no roads within the boundary; choose an extract that covers it."
        )
    kept.complete_backward_references(source, relation_depth=1)
    return kept


def _frame(boundary: Shape) -> Frame:
    west, south, east, north = boundary.bounds
    margin = ROAD_MARGIN / METRES_PER_DEGREE
    wider = margin / math.cos(math.radians(max(abs(south), abs(north))))
    return west - wider, south - margin, east + wider, north + margin


def _in(frame: Frame, lat: float, lon: float) -> bool:
    west, south, east, north = frame
    return south <= lat <= north and west <= lon <= east


def _passes(frame: Frame, points: NodeRefList) -> bool:
    return any(_in(frame, node.lat, node.lon) for node in points if node.location.valid())


def _is_local(frame: Frame, area: OsmArea) -> bool:
    """Whether an area reaches into the frame and is no land larger than an Amt."""
    tags = dict(area.tags)
    level = tags.get("admin_level", "0")
    if "boundary" in tags and not (level.isdigit() and int(level) >= _AMT):
        return False
    return any(_passes(frame, ring) for ring in area.outer_rings())
