"""Regions side by side on one server: in whose a place lies, and where to change between two."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely

from routing.osm_import import Shape
from routing.stops import Stop
from shuttle.domain import Location
from shuttle.region import Region

SAME_METRES = 30.0
"""Two stops that are no farther apart are one place to change at."""

_NEAR = 0.01
"""Degrees between regions that have no stop in common for sure."""

_METRES_PER_DEGREE = 111_195


@dataclass(frozen=True, eq=False)
class Neighbour:
    """What a region knows of another one on the same server.

    Attributes
    ----------
    name
        As people call it.
    boundary
        Its area.
    shared
        Stops of the region that knows it, which are stops of the neighbour as well.
    """

    name: str
    boundary: Shape
    shared: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """A ride that would leave the region for a neighbour, or come from there.

    Attributes
    ----------
    neighbour
        Its name.
    stop
        Where to change: a stop of this region that both serve; None if there is none.
    metres
        From there to the place beyond the border, as the crow flies.
    """

    neighbour: str
    stop: Stop | None
    metres: int


def beside_each_other(regions: Sequence[Region]) -> list[Region]:
    """Return regions that know each other as neighbours."""
    return [
        replace(
            region,
            neighbours=tuple(
                Neighbour(other.config.name, other.boundary, _shared(region, other))
                for other in regions
                if other is not region
            ),
        )
        for region in regions
    ]


def crossing(region: Region, beyond: Location, other: Location) -> Crossing | None:
    """Return in which neighbour a place outside the region lies, and where to change to it.

    Parameters
    ----------
    region
        Does not contain `beyond`.
    beyond
        One end of a ride.
    other
        The other end; where it lies outside as well, there is nothing to change to.
    """
    for neighbour in region.neighbours:
        if shapely.contains_xy(neighbour.boundary, beyond.lon, beyond.lat):
            inside = region.contains(other.lat, other.lon)
            stop = min(
                neighbour.shared if inside else (),
                key=lambda each: _metres(each, beyond) + _metres(each, other),
                default=None,
            )
            return Crossing(
                neighbour.name, stop, 0 if stop is None else round(_metres(stop, beyond))
            )
    return None


def _shared(region: Region, other: Region) -> tuple[Stop, ...]:
    """Return the stops of a region that are where the other one has one, too."""
    if shapely.box(*region.boundary.bounds).distance(shapely.box(*other.boundary.bounds)) > _NEAR:
        return ()
    east = math.cos(math.radians(region.stops[0].lat))

    def flat(stops: Sequence[Stop]) -> list[shapely.Point]:
        metre = _METRES_PER_DEGREE
        return [shapely.Point(metre * each.lon * east, metre * each.lat) for each in stops]

    ours, _ = shapely.STRtree(flat(other.stops)).query(
        flat(region.stops), "dwithin", distance=SAME_METRES
    )
    return tuple(region.stops[number] for number in sorted(set(ours.tolist())))


def _metres(one: Stop | Location, other: Stop | Location) -> float:
    east = math.cos(math.radians(one.lat))
    return _METRES_PER_DEGREE * math.hypot(one.lat - other.lat, (one.lon - other.lon) * east)
