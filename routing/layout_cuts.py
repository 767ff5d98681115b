"""Folding seats as weighted sums: what several layouts hold, for solvers that only add.

A load fits if at least one layout holds it. The loads that fit are a union of boxes, which no sum
describes in general. But where seats give way to wheelchairs at a constant rate, a few weighted
sums do: for (8, 0), (5, 1) and (2, 2) they are seats + 3 wheelchairs <= 8 and wheelchairs <= 2.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from routing.problem import LOAD_KINDS, Loads

Numbers = npt.NDArray[np.int64]

_MOST_WEIGHT = 4
"""A wheelchair takes the room of no more seats than this."""

_UNITS: tuple[Loads, ...] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def cuts(layouts: Sequence[Sequence[Loads]]) -> tuple[tuple[Loads, ...], bool]:
    """Return weights whose sums no load that fits exceeds, and whether only those do not.

    Parameters
    ----------
    layouts
        Of each vehicle.

    Returns
    -------
    weights
        The load kinds on their own come first.
    exact
        Whether every load within the sums of a vehicle fits into it.
    """
    steps = range(_MOST_WEIGHT + 1)
    candidates = [(a, b, c) for a, b, c in product(steps, steps, steps) if a + b + c > 1]
    chosen = list(_UNITS)
    exact = True
    for of_vehicle in dict.fromkeys(tuple(each) for each in layouts):
        excess = _not_held(of_vehicle)
        excess = _left(excess, of_vehicle, chosen)
        while len(excess):
            left = [_left(excess, of_vehicle, [weights]) for weights in candidates]
            best = min(range(len(candidates)), key=lambda k: len(left[k]))
            if len(left[best]) == len(excess):
                exact = False
                break
            chosen.append(candidates[best])
            excess = left[best]
    return tuple(chosen), exact


def room(layouts: Sequence[Loads], weights: Loads) -> int:
    """Return the greatest weighted sum of a load that fits."""
    return max(
        (sum(a * b for a, b in zip(layout, weights, strict=True)) for layout in layouts), default=0
    )


def loads_held(layouts: Sequence[Loads]) -> Numbers:
    """Return int64[L, 3]: every load that fits."""
    points = _points(layouts)
    return points[_held(points, layouts)]


def _not_held(layouts: Sequence[Loads]) -> Numbers:
    if len(layouts) < 2:
        return np.zeros((0, len(LOAD_KINDS)), np.int64)
    points = _points(layouts)
    return points[~_held(points, layouts)]


def _points(layouts: Sequence[Loads]) -> Numbers:
    """Return every load that no kind alone forbids."""
    most = [room(layouts, unit) + 1 for unit in _UNITS]
    return np.indices(most).reshape(len(most), -1).T


def _held(points: Numbers, layouts: Sequence[Loads]) -> npt.NDArray[np.bool_]:
    held = np.zeros(len(points), np.bool_)
    for layout in layouts:
        held |= (points <= np.array(layout)).all(axis=1)
    return held


def _left(excess: Numbers, layouts: Sequence[Loads], weights: Sequence[Loads]) -> Numbers:
    """Return the loads that no weighted sum forbids."""
    for each in weights:
        excess = excess[excess @ np.array(each) <= room(layouts, each)]
    return excess
