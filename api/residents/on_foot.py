"""Stops near a place, and the way there on foot."""

from dataclasses import dataclass

from api.mapping.tracks import track_on
from api.residents.ground import Point
from routing.stops import Stop
from shuttle.booking.requests import Access
from shuttle.region import Region

_FARTHER = (3, 8)
"""How many times as far as people are expected to walk is looked, until enough is found."""


@dataclass(frozen=True, slots=True)
class NearStop:
    """A stop and how far it is.

    Attributes
    ----------
    on_foot
        False if no way on foot is known: then `metres` are those of the beeline.
    """

    stop: Stop
    metres: int
    on_foot: bool = True

    @property
    def minutes(self) -> int:
        """Begun minutes on foot, at least one."""
        return max(1, -(-Access(0, self.metres).seconds // 60))


def stops_near(region: Region, point: Point, most: int) -> list[NearStop]:
    """Return the nearest stops of a place, at least one however far it is."""
    found: list[tuple[int, int]] = []
    for farther in _FARTHER:
        found = region.walkable_stops(*point, farther)
        if len(found) >= most:
            break
    if found:
        return [NearStop(region.stops[place], metres) for place, metres in found[:most]]
    place, metres = region.nearest_stop(*point)
    return [NearStop(region.stops[place], metres, on_foot=False)]


def way_on_foot(region: Region, begin: Point, stop: Stop) -> tuple[Point, ...]:
    """Return the way on foot from a place to a stop; empty if none is known."""
    here = region.walk.snap(*begin)
    there = region.walk.snap(stop.lat, stop.lon)
    if here is None or there is None:
        return ()
    return (begin, *track_on(region.walk, here, there).points, (stop.lat, stop.lon))
