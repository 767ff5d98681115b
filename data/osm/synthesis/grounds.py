"""Grounds that no street may cross: schools, sports fields, churchyards, ponds, the bog."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot

import numpy as np
import shapely

from data.osm.synthesis.anchors import Landmark, Quarter
from data.osm.synthesis.landscape import Area, blob
from data.osm.synthesis.network import Network
from data.osm.synthesis.settlements import CHURCH_VILLAGES, Settlement

FENCE = 20.0
"""Metres between the posts that keep roads out."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A ground that a settlement looks for a place for."""

    size: tuple[float, float]  # half length and half width in metres
    tags: dict[str, str]
    round: bool = False


PITCH = Wish((52.0, 34.0), {"leisure": "pitch", "sport": "soccer"})
CEMETERY = Wish((38.0, 26.0), {"landuse": "cemetery"})
POND = Wish((17.0, 17.0), {"natural": "water", "water": "pond"}, round=True)
PLAYGROUND = Wish((13.0, 10.0), {"leisure": "playground"})
ALLOTMENTS = Wish((70.0, 45.0), {"landuse": "allotments"})
PARK = Wish((60.0, 60.0), {"leisure": "park", "name": "Kurpark"}, round=True)
PARKING = Wish((22.0, 12.0), {"amenity": "parking", "parking": "surface", "fee": "no"})
RETAIL_PARKING = Wish((26.0, 18.0), {"amenity": "parking", "parking": "surface"})


def wishes(home: Settlement) -> list[Wish]:
    """List the grounds that a settlement has besides its houses."""
    if home.rank == "town":
        return (
            [PARK, CEMETERY, PITCH, PITCH, ALLOTMENTS, PARKING, RETAIL_PARKING]
            + [POND] * 2
            + [PLAYGROUND] * 4
        )
    found = [POND] if home.addresses > 40 else []
    if home.name in CHURCH_VILLAGES:
        found.append(CEMETERY)
    if home.addresses > 100:
        found += [PLAYGROUND, PITCH]
    return found


def lay_grounds(
    network: Network, homes: Iterable[Settlement], rng: np.random.Generator
) -> list[Area]:
    """Find a place for the grounds of each settlement: off the streets, but beside one."""
    areas = []
    for home in homes:
        for wish in wishes(home):
            area = _place(network, home, wish, rng)
            if area is not None:
                areas.append(area)
                network.add_solid(_posts(area.shape))
    return areas


def _place(network: Network, home: Settlement, wish: Wish, rng: np.random.Generator) -> Area | None:
    reach = hypot(*wish.size)
    for _ in range(400):
        far = home.radius * rng.uniform(0.25, 1.15)
        angle = rng.uniform(0.0, 2.0 * np.pi)
        x, y = home.x + far * np.cos(angle), home.y + far * np.sin(angle)
        x, y = round(float(x), 1), round(float(y), 1)
        beside = network.near(x, y, reach + 45.0)
        if not beside or beside[0][0] < reach + 9.0:
            continue
        if wish.round:
            return Area(blob(x, y, wish.size[0], rng), wish.tags)
        vertex = next((v for _, v in beside if network.neighbours[v]), beside[0][1])
        along = network.neighbours[vertex]
        dx, dy = network.direction(vertex, along[0]) if along else (1.0, 0.0)
        box = shapely.box(-wish.size[0], -wish.size[1], wish.size[0], wish.size[1])
        turned = shapely.affinity.rotate(box, np.arctan2(dy, dx), (0, 0), use_radians=True)
        return Area(shapely.affinity.translate(turned, x, y), wish.tags)
    return None


def fence_quarters(
    network: Network, quarters: Iterable[Quarter], rng: np.random.Generator
) -> list[Area]:
    """Lay the quarters that are not built on and keep roads out of them."""
    areas = []
    for quarter in quarters:
        if "natural" in quarter.tags:
            shape = blob(quarter.x, quarter.y, quarter.radius, rng)
            areas.append(Area(shape, {"name": quarter.name, **quarter.tags}))
            network.add_solid(_posts(shape))
    return areas


def _posts(shape: shapely.Polygon) -> np.ndarray:
    ring = shapely.segmentize(shape.exterior, FENCE)
    return np.vstack([shapely.get_coordinates(ring), shapely.get_coordinates(shape.centroid)])


def lay_school_grounds(
    landmarks: Iterable[Landmark], roads: shapely.Geometry, rng: np.random.Generator
) -> list[Area]:
    """Lay the grounds of the schools and kindergartens around their real points."""
    grounds: list[Area] = []
    small_first = sorted(landmarks, key=lambda m: m.tags.get("amenity") == "school")
    for mark in small_first:
        if "amenity" not in mark.tags:
            continue
        big = mark.tags["amenity"] == "school"
        wide, deep = (46.0, 36.0) if big else (17.0, 15.0)
        turn = round(float(rng.uniform(0.0, 3.0)), 3)
        shape = shapely.affinity.rotate(
            shapely.box(mark.x - wide, mark.y - deep, mark.x + wide, mark.y + deep),
            turn,
            use_radians=True,
        )
        shape = shape.difference(roads)
        for other in grounds:
            shape = shape.difference(other.shape.buffer(2.0))
        shape = min(
            shapely.get_parts(shape), key=lambda p: p.distance(shapely.Point(mark.x, mark.y))
        )
        grounds.append(Area(shape, {"name": mark.name, **mark.tags}))
    return grounds
