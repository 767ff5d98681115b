"""How late trains are and which do not come, from GTFS-Realtime trip updates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from google.protobuf.message import DecodeError
from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor, TripUpdate

from shuttle.domain import Train
from shuttle.errors import ShuttleError
from shuttle.timetables.timetable import Call

STALE_SECONDS = 600
"""A feed that is older knows nothing about now."""

_HALF_A_DAY = 12 * 3600


class RealtimeUnreadable(ShuttleError):
    """Trip updates cannot be read; says what they came as."""


@dataclass(frozen=True)
class Delays:
    """How late trains are and which do not come, as a feed has it at one time."""

    _updates: Mapping[tuple[str, date], TripUpdate]
    _undated: Mapping[str, TripUpdate]
    _now: int
    _day_of: Callable[[int], date]

    @classmethod
    def read(cls, raw: bytes, now: int, day_of: Callable[[int], date]) -> "Delays":
        """Read a feed; one that is stale holds nothing.

        An update without a date is about today's trains, and after midnight about those that left
        before. What runs besides the timetable is left out.

        Parameters
        ----------
        raw
            GTFS-Realtime.
        now
            Epoch seconds.
        day_of
            Returns the day of a time on the region's calendar.

        Raises
        ------
        RealtimeUnreadable
            If it is no GTFS-Realtime.
        """
        feed = FeedMessage()
        try:
            feed.ParseFromString(raw)
        except DecodeError as error:
            raise RealtimeUnreadable(
                f"The trip updates of {len(raw)} bytes are no GTFS-Realtime."
            ) from error
        if feed.header.timestamp and feed.header.timestamp < now - STALE_SECONDS:
            return NOTHING_KNOWN
        updates = [each.trip_update for each in feed.entity if each.HasField("trip_update")]
        dated: dict[tuple[str, date], TripUpdate] = {}
        undated: dict[str, TripUpdate] = {}
        for each in updates:
            if each.trip.schedule_relationship not in _OF_THE_TIMETABLE:
                continue
            day = _day(each.trip.start_date)
            if day is None:
                undated[each.trip.trip_id] = each
            else:
                dated[each.trip.trip_id, day] = each
        return cls(dated, undated, now, day_of)

    @property
    def days(self) -> frozenset[date]:
        """The service days about which something is known."""
        today = [self._day_of(self._now)] if self._undated else []
        return frozenset([*today, *(day for _, day in self._updates)])

    def known(self, train: Train | Call) -> bool:
        """Whether the feed tells of a train at all."""
        return self._update(train) is not None

    def _update(self, train: Train | Call) -> TripUpdate | None:
        dated = self._updates.get((train.trip, train.service_day))
        undated = self._undated.get(train.trip)
        if dated is not None or undated is None:
            return dated
        today, time = self._day_of(self._now), _time(train)
        if self._day_of(time) == train.service_day:
            return undated if train.service_day == today else None
        # It calls after midnight: of the run of the night before and that of the night to come the
        # nearer one is meant.
        ran = train.service_day in (today, today - timedelta(days=1))
        return undated if ran and abs(time - self._now) <= _HALF_A_DAY else None

    def cancelled(self, train: Train | Call) -> bool:
        """Whether a train does not come at all, or does not halt where it is got on or off."""
        update = self._update(train)
        if update is None:
            return False
        if update.trip.schedule_relationship in _NOT_RUNNING:
            return True
        return any(
            each.schedule_relationship == TripUpdate.StopTimeUpdate.SKIPPED and _here(each, train)
            for each in update.stop_time_update
        )

    def late(self, train: Train) -> int:
        """Return by how many seconds a train is late where it is got off; 0 if nothing is known.

        A delay holds on for the stops after the one it is told for, if the feed counts its stops.
        """
        update = self._update(train)
        if update is None:
            return 0
        late = update.delay
        for each in update.stop_time_update:
            here = _here(each, train)
            counted = each.HasField("stop_sequence")
            if not here and not (counted and each.stop_sequence < train.sequence):
                continue
            told = _told(each, arriving=here)
            if told.HasField("delay"):
                late = told.delay
            elif here and told.HasField("time"):
                late = told.time - train.time
            if here:
                break
        return late


NOTHING_KNOWN = Delays({}, {}, 0, date.fromtimestamp)

_NOT_RUNNING = frozenset({TripDescriptor.CANCELED, TripDescriptor.DELETED})

_OF_THE_TIMETABLE = _NOT_RUNNING | {TripDescriptor.SCHEDULED, TripDescriptor.REPLACEMENT}


def _time(train: Train | Call) -> int:
    return train.arrival if isinstance(train, Call) else train.time


def _here(update: TripUpdate.StopTimeUpdate, train: Train | Call) -> bool:
    """Whether it is told of where a train is got on or off; it may call at one stop twice."""
    if update.HasField("stop_sequence"):
        return update.stop_sequence == train.sequence
    return update.stop_id == train.stop


def _told(update: TripUpdate.StopTimeUpdate, *, arriving: bool) -> TripUpdate.StopTimeEvent:
    """Return what is told of a stop: its arrival, or what is carried on from it."""
    first, second = ("arrival", "departure") if arriving else ("departure", "arrival")
    told: TripUpdate.StopTimeEvent = getattr(update, first if update.HasField(first) else second)
    return told


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError:
        return None
