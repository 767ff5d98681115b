"""Where a vehicle is: along the road between two halts, at an even pace."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from math import atan2, cos, degrees, hypot, radians

from routing.road_network import RoadNetwork, Snap
from shuttle.driving.timetable import Stand
from shuttle.region import Region

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Track:
    """The way between two places.

    Attributes
    ----------
    points
        (latitude, longitude) in degrees, at least one.
    shares
        For each point the part of the length that lies behind it, from 0 to 1.
    """

    points: tuple[Point, ...]
    shares: tuple[float, ...]

    @classmethod
    def along(cls, points: Sequence[Point]) -> "Track":
        """Return the track along a line."""
        lengths = [hypot(*_step(a, b)) for a, b in pairwise(points)]
        total = sum(lengths)
        if total == 0:
            return cls((points[0],), (0.0,))
        return cls(tuple(points), tuple(done / total for done in accumulate(lengths, initial=0.0)))

    def at(self, share: float) -> Point:
        """Return the point where this part of the length is behind."""
        if len(self.points) == 1:
            return self.points[0]
        index = self._piece(share)
        begin, end = self.shares[index], self.shares[index + 1]
        part = (min(max(share, 0.0), 1.0) - begin) / (end - begin) if end > begin else 0.0
        (lat, lon), (next_lat, next_lon) = self.points[index], self.points[index + 1]
        return lat + part * (next_lat - lat), lon + part * (next_lon - lon)

    def heading(self, share: float) -> int:
        """Return the direction of travel there, in degrees clockwise from north."""
        if len(self.points) == 1:
            return 0
        index = self._piece(share)
        north, east = _step(self.points[index], self.points[index + 1])
        return round(degrees(atan2(east, north))) % 360

    def _piece(self, share: float) -> int:
        return min(max(bisect_right(self.shares, share) - 1, 0), len(self.points) - 2)


def _step(begin: Point, end: Point) -> tuple[float, float]:
    """Return how far north and east it is, in degrees of latitude."""
    return end[0] - begin[0], (end[1] - begin[1]) * cos(radians(begin[0]))


def track(region: Region, origin: int, destination: int) -> Track:
    """Return the drive between two places."""
    here, there = region.places[origin], region.places[destination]
    return track_on(region.roads_between(origin, destination), here, there)


@lru_cache(maxsize=20_000)
def track_on(roads: RoadNetwork, origin: Snap, destination: Snap) -> Track:
    """Return the drive between two places on given roads."""
    return Track.along(roads.route(origin, destination).points)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a vehicle is on its tour.

    Attributes
    ----------
    lat, lon
        Degrees.
    heading
        Degrees clockwise from north.
    last
        The stand where it is, or that it left last.
    driving
        Whether it is between `last` and the one after.
    """

    lat: float
    lon: float
    heading: int
    last: int
    driving: bool


def position(region: Region, stands: Sequence[Stand], now: int) -> Position:
    """Return where the vehicle of a tour is at a time."""
    last = max((n for n, each in enumerate(stands) if each.arrival <= now), default=0)
    here = stands[last]
    if last + 1 < len(stands) and here.departure < now:
        leg = track(region, here.place, stands[last + 1].place)
        share = _share(here, stands[last + 1], now)
        return Position(*leg.at(share), leg.heading(share), last, len(leg.points) > 1)
    place = region.places[here.place]
    heading = track(region, stands[last - 1].place, here.place).heading(1.0) if last else 0
    return Position(place.lat, place.lon, heading, last, driving=False)


def ahead(
    region: Region, stands: Sequence[Stand], now: int, seconds: int
) -> Iterator[tuple[float, float, float]]:
    """Yield (seconds from now, latitude, longitude) wherever the coming way bends.

    Between two of them the vehicle goes straight at an even pace, or stands.
    """
    until = now + seconds
    start = position(region, stands, now)
    yield 0.0, start.lat, start.lon
    for here, there in pairwise(stands[start.last :]):
        if here.departure >= until:
            break
        leg = track(region, here.place, there.place)
        if here.departure > now:
            yield float(here.departure - now), *leg.at(0.0)
        duration = there.arrival - here.departure
        for share, point in zip(leg.shares, leg.points, strict=True):
            time = here.departure + share * duration
            if now < time <= until:
                yield time - now, *point
        if there.arrival > until:
            yield float(seconds), *leg.at(_share(here, there, until))


def metres_driven(region: Region, stands: Sequence[Stand], now: int) -> int:
    """Return how far a vehicle has driven on its tour by now."""
    metres = 0.0
    for here, there in pairwise(stands):
        if here.departure >= now:
            break
        metres += float(region.travel.metres[here.place, there.place]) * _share(here, there, now)
    return round(metres)


def _share(here: Stand, there: Stand, now: int) -> float:
    """Return the part of the way between two stands that is behind at a time."""
    duration = there.arrival - here.departure
    return min(max((now - here.departure) / duration, 0.0), 1.0) if duration > 0 else 1.0
