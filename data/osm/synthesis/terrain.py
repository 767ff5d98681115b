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

OCTAVES = ((4200.0, 150.0), (1500.0, 52.0), (620.0, 14.0))
"""Wavelength and mean amplitude in metres of the waves that bend the plane."""

WAVES_PER_OCTAVE = 8


class Bends:
    """A smooth displacement of the plane: a sum of plane waves in random directions.

    Results are rounded to a tenth of a millimetre, so that the last bit of a sine on another
    processor does not grow into another land.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        waves, amplitudes = [], []
        for length, amplitude in OCTAVES:
            angle = rng.uniform(0.0, 2.0 * np.pi, WAVES_PER_OCTAVE)
            number = 2.0 * np.pi / (length * rng.uniform(0.8, 1.25, WAVES_PER_OCTAVE))
            waves.append(np.column_stack([np.cos(angle), np.sin(angle)]) * number[:, None])
            amplitudes += [amplitude * np.sqrt(2.0 / WAVES_PER_OCTAVE)] * WAVES_PER_OCTAVE
        self._waves = np.concatenate(waves)
        self._amplitudes = np.array(amplitudes)
        self._phases = rng.uniform(0.0, 2.0 * np.pi, (2, len(self._amplitudes)))

    def _shift(self, points: Points) -> Points:
        along = points @ self._waves.T
        shifts = [np.sin(along + phase) @ self._amplitudes for phase in self._phases]
        return np.round(np.column_stack(shifts), 4)

    def bend(self, points: Points) -> Points:
        """Move points of the flat plane to where they lie on the bent one."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        return np.asarray(points + self._shift(points))

    def straighten(self, points: Points) -> Points:
        """Move points of the bent plane back to the flat one (fixed-point iteration)."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        flat = points
        for _ in range(60):
            flat = points - self._shift(flat)
        return np.round(flat, 3)


def spline(via: Points, step: float) -> Points:
    """Draw a smooth curve through points, with a vertex about every `step` metres."""
    chords = np.sqrt((np.diff(via, axis=0) ** 2).sum(axis=1))
    at = np.concatenate([[0.0], np.cumsum(chords)])
    count = max(2, int(np.ceil(at[-1] / step)) + 1)
    return np.round(CubicSpline(at, via)(np.linspace(0.0, at[-1], count)), 2)


@dataclass(frozen=True, slots=True)
class Terrain:
    """What the roads must mind."""

    bends: Bends
    schlei: shapely.Polygon
    schlei_middle: Points
    railway: Points


def lay_terrain(anchors: Anchors, rng: np.random.Generator) -> Terrain:
    """Bend the plane, flood the Schlei and lay the railway."""
    bends = Bends(rng)
    middle, shape = _flood(anchors.schlei, anchors.schlei_width, rng)
    return Terrain(bends, shape, middle, spline(anchors.railway, 20.0))


def _flood(
    via: Points, width: npt.NDArray[np.float64], rng: np.random.Generator
) -> tuple[Points, shapely.Polygon]:
    """Draw the fjord: discs along its middle line, with coves to the left and the right."""
    middle = spline(via, 60.0)
    chords = np.sqrt((np.diff(via, axis=0) ** 2).sum(axis=1))
    at = np.concatenate([[0.0], np.cumsum(chords)])
    here = np.linspace(0.0, at[-1], len(middle))
    radius = np.interp(here, at, width) / 2.0
    discs = [shapely.Point(p).buffer(r) for p, r in zip(middle, radius, strict=True)]
    normal = np.gradient(middle, axis=0)[:, ::-1] * [-1.0, 1.0]
    normal /= np.sqrt((normal**2).sum(axis=1))[:, None]
    for index in range(3, len(middle) - 3, 4):
        if radius[index] < 150.0:
            continue
        side = rng.choice([-1.0, 1.0]) * radius[index] * rng.uniform(0.75, 1.12)
        cove = middle[index] + side * normal[index]
        discs.append(shapely.Point(cove).buffer(radius[index] * rng.uniform(0.15, 0.42)))
    shape = shapely.unary_union(discs).buffer(-25.0).buffer(50.0).buffer(-25.0)
    return middle, shapely.Polygon(shape.simplify(4.0).exterior)
