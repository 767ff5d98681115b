"""What sketches are drawn on: the base map in metres, with an index of what lies where."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians

import numpy as np
import numpy.typing as npt
import shapely

from api.mapping.base_map import base_map
from api.mapping.open_schemas import PlaceNameOut, RoadsOut
from api.mapping.polyline import decode
from routing.road_network import METRES_PER_DEGREE
from shuttle.region import Region

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

Metres = npt.NDArray[np.float64]
"""Rows of metres east and north of a region's middle."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A region laid flat about its middle: an Amt is too small for the Earth's curve to show."""

    lat: float
    lon: float

    def metres(self, points: Iterable[Point]) -> Metres:
        """Return how far east and north of the middle points lie."""
        rows = np.array([(lon, lat) for lat, lon in points], dtype=np.float64).reshape(-1, 2)
        north = METRES_PER_DEGREE
        return (rows - (self.lon, self.lat)) * (north * cos(radians(self.lat)), north)


@dataclass(frozen=True, eq=False)
class Ground:
    """Everything that is drawn beneath marks.

    Attributes
    ----------
    flat
        How degrees become metres.
    kinds
        How each of the shapes is drawn: "wood", "stream", "road-minor" ...
    shapes
        Polygons and lines in metres.
    index
        Finds shapes by where they are.
    houses
        Their places, and an index of them.
    places
        Towns, villages and hamlets, those with the most people first.
    """

    flat: Flat
    kinds: npt.NDArray[np.str_]
    shapes: npt.NDArray[np.object_]
    index: shapely.STRtree
    houses: Metres
    house_index: shapely.STRtree
    places: tuple[PlaceNameOut, ...]


@lru_cache(maxsize=2)
def ground(region: Region) -> Ground:
    """Return the ground of a region."""
    drawn = base_map(region)
    west, south, east, north = region.boundary.bounds
    flat = Flat((south + north) / 2, (west + east) / 2)
    kinds, shapes = zip(*_shapes(drawn, flat), strict=True)
    houses = flat.metres(decode(drawn.houses))
    return Ground(
        flat=flat,
        kinds=np.array(kinds),
        shapes=np.array(shapes, dtype=object),
        index=shapely.STRtree(shapes),
        houses=houses,
        house_index=shapely.STRtree(shapely.points(houses)),
        places=tuple(sorted(drawn.places, key=lambda place: (-place.population, place.name))),
    )


def _shapes(drawn: RoadsOut, flat: Flat) -> Iterator[tuple[str, shapely.Geometry]]:
    for kind, polygons in drawn.areas.items():
        for outline, *holes in polygons:
            rings = [flat.metres(decode(ring)) for ring in (outline, *holes)]
            if len(rings[0]) > 3:
                inner = [hole for hole in rings[1:] if len(hole) > 3]
                yield kind, shapely.make_valid(shapely.Polygon(rings[0], inner))
    roads = {f"road-{kind}": lines for kind, lines in drawn.roads.items()}
    for kind, lines in (drawn.lines | roads).items():
        for line in lines:
            points = flat.metres(decode(line))
            if len(points) > 1:
                yield kind, shapely.LineString(points)
