"""What lies between the roads: woods, water, meadows and railways of an extract, for the map."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import osmium
from osmium.osm import Area, NodeRefList, Way

from api.mapping.polyline import encode

AREAS: Mapping[tuple[str, str], str] = {
    ("landuse", "forest"): "wood",
    ("natural", "wood"): "wood",
    ("natural", "water"): "water",
    ("waterway", "riverbank"): "water",
    ("landuse", "meadow"): "meadow",
    ("landuse", "grass"): "meadow",
    ("natural", "wetland"): "meadow",
    ("leisure", "park"): "park",
    ("leisure", "pitch"): "park",
    ("landuse", "cemetery"): "park",
    ("landuse", "allotments"): "park",
}
"""How an area is drawn, by tag."""

LINES: Mapping[tuple[str, str], str] = {
    ("railway", "rail"): "rail",
    ("railway", "light_rail"): "rail",
    ("waterway", "river"): "stream",
    ("waterway", "canal"): "stream",
    ("waterway", "stream"): "stream",
}
"""How a line is drawn, by tag."""


@dataclass(frozen=True, slots=True)
class Landscape:
    """Areas and lines by the way they are drawn.

    Attributes
    ----------
    areas
        Polygons, each its outline and then its holes, as encoded polylines.
    lines
        Encoded polylines.
    """

    areas: Mapping[str, list[list[str]]]
    lines: Mapping[str, list[str]]


def read_landscape(extract: Path) -> Landscape:
    """Read an OpenStreetMap extract for what is drawn beneath the roads."""
    keys = sorted({key for key, _ in (*AREAS, *LINES)})
    areas: defaultdict[str, list[list[str]]] = defaultdict(list)
    lines: defaultdict[str, list[str]] = defaultdict(list)
    only_these = osmium.filter.KeyFilter(*keys)
    for found in osmium.FileProcessor(extract).with_areas(only_these).with_filter(only_these):
        if isinstance(found, Area) and (drawn := _drawn(found, AREAS)):
            areas[drawn].extend(_polygons(found))
        elif isinstance(found, Way) and (drawn := _drawn(found, LINES)):
            lines[drawn].append(_line(found.nodes))
    return Landscape(dict(areas), dict(lines))


def _drawn(found: Area | Way, looks: Mapping[tuple[str, str], str]) -> str | None:
    return next((looks[tag.k, tag.v] for tag in found.tags if (tag.k, tag.v) in looks), None)


def _polygons(area: Area) -> Iterator[list[str]]:
    for outline in area.outer_rings():
        yield [_line(outline), *(_line(hole) for hole in area.inner_rings(outline))]


def _line(nodes: NodeRefList) -> str:
    return encode((node.lat, node.lon) for node in nodes if node.location.valid())
