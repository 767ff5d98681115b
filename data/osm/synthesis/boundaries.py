"""Invented borders: the municipalities share the land by nearness to their villages.

A Voronoi diagram of all settlements and neighbours is drawn on the flat plane and bent with it, so
that borders wind as the land does; the middle line of the Schlei closes the south.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree

from data.osm.synthesis.anchors import Anchors, Place
from data.osm.synthesis.terrain import Terrain

FARTHEST = 2780.0
"""No land of the Amt is farther from its village, in metres; beyond is no one's."""


@dataclass(frozen=True, slots=True)
class Borders:
    """The border lines, the rings they form, and the land within."""

    lines: tuple[shapely.LineString, ...]
    sides: tuple[tuple[str, str], ...]  # the two municipalities at each line, "" for abroad
    land: Mapping[str, shapely.Polygon]
    amt: shapely.Polygon

    def municipality(self, x: float, y: float) -> str:
        """Name the municipality at a point, "" outside of the Amt."""
        for name, shape in self.land.items():
            if shapely.contains_xy(shape, x, y):
                return name
        return ""


def draw_borders(anchors: Anchors, terrain: Terrain) -> Borders:
    """Divide the land among the municipalities."""
    shore = shapely.LineString(terrain.schlei_middle)
    south = _south_of(shore)
    places = tuple(
        p
        for p in anchors.settlements + anchors.neighbours
        if not south.contains(shapely.Point(p.x, p.y))
    )
    flat = terrain.bends.straighten(np.array([[p.x, p.y] for p in places]))
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(flat), extend_to=shapely.box(-15e3, -15e3, 15e3, 15e3), only_edges=True
    )
    edges = shapely.get_parts(shapely.segmentize(shapely.line_merge(cells), 150.0))
    rim = shapely.union_all(
        [shapely.Point(p).buffer(FARTHEST, quad_segs=24) for p in flat[: len(anchors.settlements)]]
    ).exterior
    bent = [
        shapely.LineString(terrain.bends.bend(shapely.get_coordinates(line)))
        for line in [*edges, rim]
    ]
    net = shapely.union_all([*bent, shore])
    land = _take_land(places, flat, terrain, net, south)
    lines, sides = _share_lines(land, net)
    amt = shapely.unary_union(list(land.values()))
    shapes = {name: _one(shape) for name, shape in land.items()}
    return Borders(tuple(lines), tuple(sides), shapes, _one(amt))


def _south_of(shore: shapely.LineString) -> shapely.Geometry:
    """Return the land on the right bank of the Schlei, up to its middle."""
    first, last = shore.coords[0], shore.coords[-1]
    return shapely.Polygon([*shore.coords, (last[0], -20e3), (first[0], -20e3)]).buffer(0.0)


def _take_land(
    places: tuple[Place, ...],
    flat: np.ndarray,
    terrain: Terrain,
    net: shapely.Geometry,
    south: shapely.Geometry,
) -> dict[str, shapely.Geometry]:
    """Give each face of the line work north of the Schlei to the nearest place's municipality."""
    tree = cKDTree(flat)
    faces: dict[str, list[shapely.Polygon]] = defaultdict(list)
    for face in shapely.get_parts(shapely.polygonize([net])):
        point = face.representative_point()
        distance, nearest = tree.query(terrain.bends.straighten(np.array([[point.x, point.y]]))[0])
        home = places[int(nearest)].municipality
        if home and distance < FARTHEST and not south.contains(point):
            faces[home].append(face)
    return {p.name: shapely.unary_union(faces[p.name]) for p in places if p.name == p.municipality}


def _one(shape: shapely.Geometry) -> shapely.Polygon:
    """Keep the largest part without holes."""
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    return shapely.Polygon(largest.exterior)


def _share_lines(
    land: dict[str, shapely.Geometry], net: shapely.Geometry
) -> tuple[list[shapely.LineString], list[tuple[str, str]]]:
    """Cut the line work into border lines, each with the municipalities on both sides."""
    borders: dict[tuple[str, str], list[shapely.LineString]] = defaultdict(list)
    rings = {name: shape.boundary.buffer(0.05) for name, shape in land.items()}
    for piece in shapely.get_parts(net):
        here = sorted(n for n, ring in rings.items() if ring.covers(piece.interpolate(0.5, True)))
        if here:
            borders[here[0], here[1] if len(here) > 1 else ""].append(piece)
    lines, sides = [], []
    for pair in sorted(borders):
        for line in shapely.get_parts(shapely.line_merge(shapely.MultiLineString(borders[pair]))):
            lines.append(line)
            sides.append(pair)
    return lines, sides
