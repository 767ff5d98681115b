"""What lies between the roads: woods, lakes, meadows, bogs and farmyards."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
import shapely

from data.osm.synthesis.addresses import House
from data.osm.synthesis.anchors import Points
from data.osm.synthesis.network import Network
from data.osm.synthesis.terrain import Bends, spline

CELL = 45.0
WOODED, WET = 0.055, 0.10
"""Shares of the open land that are woods, and meadows."""


@dataclass(frozen=True, slots=True)
class Area:
    """A patch of land with its tags."""

    shape: shapely.Polygon
    tags: dict[str, str]


def lay_landscape(
    land: shapely.Polygon,
    open_land: shapely.Geometry,
    streams: Iterable[Points],
    ripples: Bends,
    rng: np.random.Generator,
) -> list[Area]:
    """Cover open land with woods and meadows.

    Parameters
    ----------
    land
        Where the map is drawn at all.
    open_land
        The part of it without houses, water and yards.
    streams
        Lines along which meadows lie.
    ripples
        What the edges wind like.
    """
    west, south, east, north = land.bounds
    x, y = np.meshgrid(np.arange(west, east, CELL), np.arange(south, north, CELL))
    cells = np.column_stack([x.ravel(), y.ravel()])
    shapely.prepare(open_land)
    cells = cells[shapely.contains_xy(open_land, cells[:, 0], cells[:, 1])]
    wood = _noise(cells, 1400.0, rng) + 0.55 * _noise(cells, 420.0, rng)
    damp = _noise(cells, 1900.0, rng) + 0.6 * _noise(cells, 380.0, rng)
    brooks = shapely.MultiLineString([shapely.LineString(s) for s in streams])
    damp = damp + 2.2 * np.exp(-shapely.distance(shapely.points(cells), brooks) / 130.0)
    wooded_cells = cells[wood > np.quantile(wood, 1.0 - WOODED)]
    woods = _patches(wooded_cells, ripples, open_land, 12_000.0)
    wet_cells = cells[damp > np.quantile(damp, 1.0 - WET)]
    meadows = _patches(wet_cells, ripples, open_land, 15_000.0)
    wooded = shapely.union_all(woods)
    areas = [Area(shape, {"landuse": "forest"}) for shape in woods]
    for meadow in meadows:
        areas += [
            Area(part, {"landuse": "meadow"})
            for part in shapely.get_parts(meadow.difference(wooded))
            if part.area > 8000.0
        ]
    return areas


def _noise(points: Points, length: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth random field of mean wavelength `length`, rounded to be the same anywhere."""
    angle, phase = rng.uniform(0.0, 2.0 * pi, (2, 14))
    number = 2.0 * pi / (length * rng.uniform(0.6, 1.6, 14))
    waves = np.column_stack([np.cos(angle), np.sin(angle)]) * number[:, None]
    field = np.sin(points @ waves.T + phase).sum(axis=1) / np.sqrt(7.0)
    return np.asarray(np.round(field, 4))


def _patches(
    cells: Points, ripples: Bends, within: shapely.Geometry, smallest: float
) -> list[shapely.Polygon]:
    """Join cells to patches whose edges wind a little, as old fields have them."""
    half = CELL / 2.0 + 1.0
    boxes = shapely.box(
        cells[:, 0] - half, cells[:, 1] - half, cells[:, 0] + half, cells[:, 1] + half
    )
    joined = shapely.union_all(boxes).buffer(30.0).buffer(-55.0).buffer(40.0)
    rippled = shapely.transform(shapely.segmentize(joined.simplify(5.0), 40.0), ripples.bend)
    winding = rippled.buffer(0.0).simplify(5.0)
    parts = shapely.get_parts(winding.intersection(within))
    return [p for p in parts if p.geom_type == "Polygon" and p.area > smallest]


def blob(x: float, y: float, radius: float, rng: np.random.Generator) -> shapely.Polygon:
    """Draw a rounded shape of no great regularity: a lake, a pond, a bog."""
    angles = np.linspace(0.0, 2.0 * pi, 9, endpoint=False)
    reach = radius * rng.uniform(0.62, 1.25, 9) * (1.0 + 0.25 * np.cos(angles - rng.uniform(0, 6)))
    corners = [(x + r * cos(a), y + r * sin(a)) for r, a in zip(reach, angles, strict=True)]
    ring = spline(np.array([*corners[-2:], *corners, *corners[:2]]), radius / 5.0)
    return (
        shapely.Polygon(ring)
        .buffer(0.0)
        .convex_hull.intersection(shapely.Polygon(corners).buffer(radius * 0.25))
    )


def find_lakes(
    network: Network, open_land: shapely.Geometry, count: int, rng: np.random.Generator
) -> list[shapely.Polygon]:
    """Find room for lakes away from all roads."""
    west, south, east, north = open_land.bounds
    lakes: list[shapely.Polygon] = []
    for x, y in rng.uniform((west, south), (east, north), (4000, 2)).tolist():
        if len(lakes) == count:
            break
        radius = round(float(rng.choice([60.0, 90.0, 130.0, 190.0])), 1)
        lake = blob(round(x, 1), round(y, 1), radius, rng)
        if network.near(x, y, 1.3 * radius + 45.0) or not open_land.contains(lake):
            continue
        if all(lake.distance(other) > 600.0 for other in lakes):
            lakes.append(lake)
    return lakes


def farmyards(houses: Iterable[House], roads: shapely.Geometry) -> list[Area]:
    """Lay a yard around every farm, clear of the roads."""
    yards = []
    for house in houses:
        if house.farm:
            yard = shapely.box(-32.0, -26.0, 34.0, 30.0)
            yard = shapely.affinity.rotate(yard, house.angle, origin=(0, 0), use_radians=True)
            yard = shapely.affinity.translate(yard, house.x, house.y).difference(roads)
            largest = max(shapely.get_parts(yard), key=lambda part: part.area)
            yards.append(Area(largest, {"landuse": "farmyard"}))
    return yards
