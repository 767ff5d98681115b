"""A region's timetable: which trains stop where its rides begin and end, and buses on their way.

A stop of the feed belongs to every place within some metres of it, as the crow flies; nothing has
to be matched by hand.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import cos, hypot, radians
from pathlib import Path
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field

from shuttle.domain import Location, Train
from shuttle.open_data.tables import FeedError
from shuttle.timetables.delays import NOTHING_KNOWN, Delays
from shuttle.timetables.timetable import Call, Timetable

_log = structlog.get_logger()

_METRES_A_DEGREE = 111_195


class TimetableRule(BaseModel):
    """``[timetable]`` of a region.

    Attributes
    ----------
    gtfs
        A GTFS feed, folder or zip, relative to the region's folder.
    near_metres
        A place so near to a stop of the feed counts as being there.
    change_minutes
        So long somebody has at least between shuttle and train.
    scheduled_bus
        What to do if a scheduled bus serves a ride: nothing, offer the ride and show the bus, or
        refuse the ride.
    scheduled_bus_minutes
        So much later than wanted it may leave, or sooner arrive, to serve the same ride.
    realtime
        GTFS-Realtime trip updates: a URL, or a file relative to the region's folder.
    realtime_seconds
        How often they are read.
    hold_minutes
        So long a pickup waits at most for a late train, if nobody else's promise breaks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    gtfs: str = Field(min_length=1)
    near_metres: int = Field(default=200, ge=0, le=2000)
    change_minutes: int = Field(default=6, ge=0, le=60)
    scheduled_bus: Literal["off", "warn", "refuse"] = "off"
    scheduled_bus_minutes: int = Field(default=15, ge=1, le=120)
    realtime: str = ""
    realtime_seconds: int = Field(default=30, ge=10, le=600)
    hold_minutes: int = Field(default=10, ge=0, le=60)


@dataclass(frozen=True, slots=True)
class ScheduledRide:
    """A scheduled bus or train that serves a ride.

    Attributes
    ----------
    line, towards
        What it is called, and where it goes.
    board, alight
        Names of its stops.
    departure, arrival
        Epoch seconds.
    walk_before, walk_after
        Metres as the crow flies.
    """

    line: str
    towards: str
    board: str
    alight: str
    departure: int
    arrival: int
    walk_before: int
    walk_after: int


@dataclass(slots=True)
class Latest:
    """What was read last of late and cancelled trains: the one thing here that changes.

    Replaced as a whole by whoever reads the feed; safe on any thread.
    """

    delays: Delays = NOTHING_KNOWN


@dataclass(frozen=True, eq=False)
class Stations:
    """What stops where in a region.

    Attributes
    ----------
    rule
        The region's.
    timetable
        The whole feed.
    latest
        What is known of its trains at the moment. Those that do not come are in no list.
    """

    rule: TimetableRule
    timetable: Timetable
    _near: tuple[tuple[str, float, float], ...]
    latest: Latest = field(default_factory=Latest, repr=False)

    @classmethod
    def of(
        cls, rule: TimetableRule, timetable: Timetable, places: Iterable[tuple[float, float]]
    ) -> "Stations":
        """Return the stops of a timetable that are near to a region's stops.

        `places` are the latitudes and longitudes of these.
        """
        lats, lons = zip(*places, strict=True)
        margin = (rule.near_metres + _FARTHEST) / _METRES_A_DEGREE
        wide = margin / cos(radians(max(lats)))
        near = tuple(
            (stop, lat, lon)
            for stop, (lat, lon) in timetable.positions.items()
            if min(lats) - margin <= lat <= max(lats) + margin
            and min(lons) - wide <= lon <= max(lons) + wide
        )
        return cls(rule, timetable, near)

    @property
    def known(self) -> bool:
        """Whether anything stops in the region at all."""
        return bool(self._near)

    @property
    def refusing(self) -> bool:
        """Whether rides that a scheduled bus serves are refused."""
        return self.rule.scheduled_bus == "refuse"

    def trains(self, origin: Location, destination: Location, day: date) -> list[Train]:
        """Return the trains of a day that a ride can reach or come from, by time.

        They leave where the ride ends, or arrive where it begins.
        """
        return sorted((*self.leaving(destination, day), *self.arriving(origin, day)), key=_by_time)

    def leaving(self, place: Location, day: date) -> list[Train]:
        """Return the trains that can be got on at a place, by time."""
        trains = self._trains(place, day, onward=True)
        return sorted((each for each in trains if not self.cancelled(each)), key=_by_time)

    def arriving(self, place: Location, day: date) -> list[Train]:
        """Return the trains that can be got off at a place, by time."""
        trains = self._trains(place, day, onward=False)
        return sorted((each for each in trains if not self.cancelled(each)), key=_by_time)

    def cancelled(self, train: Train | Call) -> bool:
        """Whether a train or bus does not come where it is got on or off, as far as is known."""
        return self.latest.delays.cancelled(train)

    def train(self, origin: Location, destination: Location, name: str) -> Train | None:
        """Return the train of a ride that has this name, see :attr:`Train.name`.

        Also one that is cancelled: the timetable has it.
        """
        _, _, rest = name.partition(":")
        try:
            day = date.fromisoformat(rest.partition(":")[0])
        except ValueError:
            return None
        later = self.timetable.longest
        if not _FIRST_DAY <= day <= _LAST_DAY:
            return None
        days = (day + timedelta(days=number) for number in range(later + 1))
        found = (
            each
            for other in days
            for each in (
                *self._trains(destination, other, onward=True),
                *self._trains(origin, other, onward=False),
            )
        )
        return next((each for each in found if each.name == name), None)

    def rides(
        self, origin: Location, destination: Location, day: date, metres: int
    ) -> list["ScheduledRide"]:
        """Return what serves a ride directly, from within a walk of both its ends."""
        names = self.timetable.names
        return [
            ScheduledRide(
                line=board.line,
                towards=board.towards,
                board=names[begin],
                alight=names[end],
                departure=board.departure,
                arrival=alight.arrival,
                walk_before=before,
                walk_after=after,
            )
            for begin, before in self._at(origin, metres)
            for end, after in self._at(destination, metres)
            if begin != end
            for board, alight in self.timetable.rides_between(begin, end, day)
            if not (self.cancelled(board) or self.cancelled(alight))
        ]

    def _trains(self, place: Location, day: date, *, onward: bool) -> Iterator[Train]:
        """Yield the trains that can be got on at a place, or off, whether they come or not."""
        for call in self._calls(place, day):
            if call.boarding if onward else call.alighting:
                yield self._train(call, onward=onward)

    def _calls(self, place: Location, day: date) -> list[Call]:
        """Return the trains at a place, each once."""
        if not _FIRST_DAY <= day <= _LAST_DAY:
            return []
        calls = {
            (call.trip, call.service_day): call
            for stop, _ in self._at(place, self.rule.near_metres)
            for call in self.timetable.trains_at(stop, day)
            if call.on_rails
        }
        return list(calls.values())

    def _train(self, call: Call, *, onward: bool) -> Train:
        return Train(
            trip=call.trip,
            service_day=call.service_day,
            stop=call.stop,
            sequence=call.sequence,
            line=call.line,
            towards=call.towards,
            time=call.departure if onward else call.arrival,
            margin=self.rule.change_minutes * 60,
            onward=onward,
        )

    def _at(self, place: Location, metres: int) -> list[tuple[str, int]]:
        """Return the stops of the feed so near to a place, and how far they are."""
        east = cos(radians(place.lat))
        far = (
            (stop, hypot(lat - place.lat, (lon - place.lon) * east) * _METRES_A_DEGREE)
            for stop, lat, lon in self._near
        )
        return [(stop, round(away)) for stop, away in far if away <= metres]


_FIRST_DAY, _LAST_DAY = date(1971, 1, 1), date(2999, 12, 31)
"""What else a program may call a day has no trains."""

_FARTHEST = 2000
"""Nobody walks farther from the outermost stops of a region to a bus, in metres."""


def _by_time(train: Train) -> tuple[int, str, str]:
    return train.time, train.line, train.towards


def read_stations(
    rule: TimetableRule | None, folder: Path, places: Iterable[tuple[float, float]]
) -> Stations | None:
    """Return what stops in a region; None if it names no timetable, or one that is unusable.

    Rides go on without trains then; ``shuttle doctor`` says what is wrong.
    """
    if rule is None:
        return None
    try:
        return Stations.of(rule, Timetable.read(folder / rule.gtfs), places)
    except FeedError as error:
        _log.error("timetable_unusable", reason=str(error))
        return None
