"""The outlines of houses, barns, shops and churches."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from data.osm.synthesis.addresses import House

LARGE = frozenset(("supermarket", "doityourself", "agrarian", "beverages"))


@dataclass(frozen=True, slots=True)
class Building:
    """An outline with its tags; `house` is the number of the house whose address it has, or -1."""

    shape: shapely.Polygon
    tags: dict[str, str]
    house: int = -1


def put_up_buildings(
    houses: Iterable[House],
    churches: Iterable[tuple[float, float]],
    roads: shapely.STRtree,
    rng: np.random.Generator,
) -> list[Building]:
    """Put a building at every address, barns on farms, and the churches; none on a road."""
    buildings = []
    for number, house in enumerate(houses):
        width, depth = _size(house, rng)
        buildings.append(Building(_box(house, 0.0, 0.0, width, depth), _tags(house), number))
        if house.farm:
            for along in (-1.0, 1.0)[: int(rng.integers(1, 3))]:
                away = float(rng.uniform(20.0, 27.0))
                long = float(rng.uniform(20.0, 32.0))
                shape = _box(house, along * away, float(rng.uniform(-12.0, 12.0)), 13.0, long)
                buildings.append(Building(shape, {"building": "barn"}))
        elif rng.random() < 0.22:
            shape = _box(house, 0.5 * width + 4.0, float(rng.uniform(-2.0, 3.0)), 3.5, 6.5)
            buildings.append(Building(shape, {"building": "garage"}))
    for x, y in churches:
        nave = shapely.box(x - 14.0, y - 6.0, x + 14.0, y + 6.0)
        tower = shapely.box(x - 21.0, y - 4.5, x - 13.0, y + 4.5)
        buildings.append(Building(nave.union(tower), {"building": "church"}))
    return [b for b in buildings if not len(roads.query(b.shape, "dwithin", distance=3.0))]


def _size(house: House, rng: np.random.Generator) -> tuple[float, float]:
    facility = house.facility or {}
    if facility.get("shop") in LARGE:
        return 30.0, 18.0
    if house.works:
        return float(rng.uniform(20.0, 34.0)), float(rng.uniform(13.0, 17.0))
    if facility:
        return float(rng.uniform(14.0, 18.0)), float(rng.uniform(10.0, 12.0))
    if house.farm:
        return float(rng.uniform(18.0, 26.0)), float(rng.uniform(10.0, 13.0))
    return float(rng.uniform(9.5, 13.0)), float(rng.uniform(8.0, 10.5))


def _tags(house: House) -> dict[str, str]:
    facility = house.facility or {}
    if "shop" in facility:
        return {"building": "retail"}
    if facility:
        return {"building": "yes"}
    if house.works:
        return {"building": "industrial"}
    return {"building": "farm" if house.farm else "house"}


def _box(house: House, along: float, across: float, width: float, depth: float) -> shapely.Polygon:
    """Draw a rectangle in the frame of a house: along its street, and across away from it."""
    cos, sin = np.cos(house.angle), np.sin(house.angle)
    across *= house.side
    corners = []
    for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        u, v = along + a * width / 2.0, across + b * depth / 2.0
        corners.append(
            (round(house.x + u * cos - v * sin, 2), round(house.y + u * sin + v * cos, 2))
        )
    return shapely.Polygon(corners)
