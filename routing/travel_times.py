"""Seconds and metres between places, as matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from routing.road_network import RoadNetwork, Snap
from routing.shortest_paths import Floats, Ints, costs_between

UNREACHABLE = 1 << 29
"""Seconds and metres where no road leads: longer than any day, and two of them still fit int32."""


@dataclass(frozen=True, eq=False)
class TravelTimes:
    """Travel times and distances between places.

    Attributes
    ----------
    seconds
        int32[P, P], rounded up, so that the triangle inequality survives rounding.
    metres
        int32[P, P], of the fastest way, rounded to the nearest.
    """

    seconds: Ints
    metres: Ints

    def __post_init__(self) -> None:
        self.seconds.setflags(write=False)
        self.metres.setflags(write=False)

    @cached_property
    def means(self) -> tuple[float, float]:
        """Seconds and metres of a way on the average."""
        return float(self.seconds.mean()), float(self.metres.mean())

    @classmethod
    def between(cls, network: RoadNetwork, places: Sequence[Snap]) -> "TravelTimes":
        """Return the travel times between all places."""
        ends = network.places(places)
        seconds, metres = costs_between(network.by_seconds, ends, ends, np.inf)
        return cls(_whole(np.ceil(seconds)), _whole(np.rint(metres)))

    def with_place(self, network: RoadNetwork, places: Sequence[Snap], new: Snap) -> "TravelTimes":
        """Return the travel times between `places`, which these are, and one more.

        Two searches, from the new place and towards it, add a row and a column.
        """
        ends, end = network.places([*places, new]), network.places([new])
        forth = costs_between(network.by_seconds, end, ends, np.inf)
        back = costs_between(network.by_seconds_backward, end.turned(), ends.turned(), np.inf)
        return TravelTimes(
            _framed(self.seconds, _whole(np.ceil(forth[0])), _whole(np.ceil(back[0]))),
            _framed(self.metres, _whole(np.rint(forth[1])), _whole(np.rint(back[1]))),
        )


def _whole(values: Floats) -> Ints:
    return np.where(np.isfinite(values), values, UNREACHABLE).astype(np.int32)


def _framed(matrix: Ints, row: Ints, column: Ints) -> Ints:
    """Return a matrix with a row below and a column to the right, both [1, P + 1]."""
    beside: npt.NDArray[np.int32] = np.hstack((matrix, column[:, :-1].T))
    return np.vstack((beside, row))
