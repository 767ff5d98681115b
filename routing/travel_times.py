"""Seconds and metres between places, as matrices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from routing.road_network import RoadNetwork, Snap

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class TravelTimes:
    """Travel times and distances between places.

    Attributes
    ----------
    seconds
        int32[P, P], rounded up, so that the triangle inequality survives rounding.
    metres
        int32[P, P], of the fastest way, rounded.
    """

    seconds: Ints
    metres: Ints

    @classmethod
    def between(cls, network: RoadNetwork, places: Sequence[Snap]) -> "TravelTimes":
        """Return the travel times between all places."""
        raise NotImplementedError

    def with_place(self, network: RoadNetwork, places: Sequence[Snap], new: Snap) -> "TravelTimes":
        """Return the travel times between `places` and one more: a row and a column more."""
        raise NotImplementedError
