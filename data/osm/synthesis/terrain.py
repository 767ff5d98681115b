"""The lie of the land: a smooth bending of the plane, the Schlei, the railway.

Roads are planned as a planar drawing on a flat plane, and then the plane itself is bent. As long as
the bending folds nothing, roads that did not cross before do not cross after, and all bend gently
with the same land, as country roads do.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.interpolate import CubicSpline

from data.osm.synthesis.anchors import Anchors, Points

SWELLS = ((4200.0, 150.0), (1500.0, 60.0), (700.0, 20.0), (330.0, 4.0))
"""Wavelength and mean amplitude in metres of the swells that bend the plane."""

RIPPLES = ((520.0, 26.0), (210.0, 9.0))
"""The same of the meanders of brooks and the coves of the shore."""

WAVES = 8
"""Plane waves in a swell."""


@dataclass(frozen=True, slots=True)
class _Swell:
    """Plane waves of about one length that shift points east and north."""

    waves: Points  # wave vectors
    phases: Points  # of the shifts to the east and to the north
    amplitude: float

    def shift(self, points: Points) -> Points:
        along = points @ self.waves.T
        east, north = (np.sin(along + phase).sum(axis=1) for phase in self.phases)
        return np.round(self.amplitude * np.column_stack([east, north]), 4)


class Bends:
    """A smooth displacement of the plane, swell after swell, each too gentle to fold it.

    Shifts are rounded to a tenth of a millimetre, so that the last bit of a sine on another
    processor does not grow into another land.
    """

    def __init__(
        self, rng: np.random.Generator, swells: tuple[tuple[float, float], ...] = SWELLS
    ) -> None:
        self._swells = []
        for length, amplitude in swells:
            angle = rng.uniform(0.0, 2.0 * np.pi, WAVES)
            number = 2.0 * np.pi / (length * rng.uniform(0.8, 1.25, WAVES))
            waves = np.column_stack([np.cos(angle), np.sin(angle)]) * number[:, None]
            phases = rng.uniform(0.0, 2.0 * np.pi, (2, WAVES))
            self._swells.append(_Swell(waves, phases, amplitude * float(np.sqrt(2.0 / WAVES))))

    def bend(self, points: Points) -> Points:
        """Move points of the flat plane to where they lie on the bent one."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        for swell in self._swells:
            points = np.asarray(points + swell.shift(points))
        return points

    def straighten(self, points: Points) -> Points:
        """Move points of the bent plane back to the flat one (fixed-point iterations)."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        for swell in reversed(self._swells):
            flat = points
            for _ in range(40):
                last, flat = flat, points - swell.shift(flat)
                if np.abs(flat - last).max() < 1e-4:
                    break
            points = flat
        return np.round(points, 3)


def spline(via: Points, step: float) -> Points:
    """Draw a smooth curve through points, with a vertex about every `step` metres."""
    chords = np.sqrt((np.diff(via, axis=0) ** 2).sum(axis=1))
    at = np.concatenate([[0.0], np.cumsum(chords)])
    count = max(2, int(np.ceil(at[-1] / step)) + 1)
    return np.asarray(np.round(CubicSpline(at, via)(np.linspace(0.0, at[-1], count)), 2))


@dataclass(frozen=True, slots=True)
class Terrain:
    """What the roads must mind."""

    bends: Bends
    ripples: Bends
    schlei: shapely.Polygon
    schlei_middle: Points
    railway: Points
    streams: tuple[tuple[str, Points], ...]


def lay_terrain(anchors: Anchors, rng: np.random.Generator) -> Terrain:
    """Bend the plane, flood the Schlei, lay the railway and let the brooks meander."""
    bends = Bends(rng)
    ripples = Bends(rng, RIPPLES)
    middle, schlei = _flood(anchors, ripples)
    streams = []
    for name, via in anchors.streams:
        course = np.round(ripples.bend(spline(via, 28.0)), 2)
        streams.append((name, course))
    return Terrain(bends, ripples, schlei, middle, spline(anchors.railway, 20.0), tuple(streams))


def _flood(anchors: Anchors, ripples: Bends) -> tuple[Points, shapely.Polygon]:
    """Draw the fjord and its noors as discs along their middle lines, then ripple the shore."""
    middle = spline(anchors.schlei, 60.0)
    water = [_discs(anchors.schlei, anchors.schlei_width)]
    water += [_discs(via, width) for via, width in anchors.noors]
    shape = shapely.union_all(water).buffer(60.0).buffer(-60.0)
    rough = shapely.segmentize(shapely.Polygon(shape.exterior), 25.0)
    rippled = shapely.Polygon(ripples.bend(shapely.get_coordinates(rough))).buffer(0.0)
    largest = max(shapely.get_parts(rippled), key=lambda part: part.area)
    return middle, shapely.Polygon(largest.simplify(2.5).exterior)


def _discs(via: Points, width: npt.NDArray[np.float64]) -> shapely.Geometry:
    """Join discs along a line."""
    chords = np.sqrt((np.diff(via, axis=0) ** 2).sum(axis=1))
    at = np.concatenate([[0.0], np.cumsum(chords)])
    count = max(2, int(at[-1] / 40.0))
    here = np.linspace(0.0, at[-1], count)
    line = CubicSpline(at, via)(here)
    radius = np.interp(here, at, width) / 2.0
    return shapely.union_all(shapely.buffer(shapely.points(line), radius))
