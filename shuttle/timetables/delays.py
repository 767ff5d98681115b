"""How late trains are, from GTFS-Realtime trip updates."""

from dataclasses import dataclass
from datetime import date, datetime

from google.protobuf.message import DecodeError
from google.transit.gtfs_realtime_pb2 import FeedMessage, TripUpdate

from shuttle.domain import Train
from shuttle.errors import ShuttleError

STALE_SECONDS = 600
"""A feed that is older knows nothing about now."""


class RealtimeUnreadable(ShuttleError):
    """Trip updates cannot be read; says what they came as."""


@dataclass(frozen=True)
class Delays:
    """Delays of trains, as a feed has them at one time."""

    _updates: dict[tuple[str, date | None], TripUpdate]

    @classmethod
    def read(cls, raw: bytes, now: int) -> "Delays":
        """Read a feed; one that is stale holds no delays.

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
            return cls({})
        updates = (each.trip_update for each in feed.entity if each.HasField("trip_update"))
        return cls({(each.trip.trip_id, _day(each.trip.start_date)): each for each in updates})

    def late(self, train: Train, today: date) -> int:
        """Return by how many seconds a train is late where it is got off; 0 if nothing is known.

        A delay holds on for the stops after the one it is told for, if the feed counts its stops.
        An update without a date is about the trains of `today`.
        """
        update = self._updates.get((train.trip, train.service_day))
        if update is None and train.service_day == today:
            update = self._updates.get((train.trip, None))
        if update is None:
            return 0
        late = update.delay
        for each in update.stop_time_update:
            counted = each.HasField("stop_sequence")
            here = each.stop_id == train.stop or (counted and each.stop_sequence == train.sequence)
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
