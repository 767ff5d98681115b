"""How late trains are, from GTFS-Realtime trip updates."""

from collections.abc import Sequence
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

    _updates: dict[tuple[str, date | None], Sequence[TripUpdate.StopTimeUpdate]]

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
        return cls(
            {
                (each.trip.trip_id, _day(each.trip.start_date)): tuple(each.stop_time_update)
                for each in updates
            }
        )

    def late(self, train: Train, today: date) -> int:
        """Return by how many seconds a train is late where it is got off; 0 if nothing is known.

        A delay holds on for the stops after the one it is told for. An update without a date is
        about the trains of `today`.
        """
        updates = self._updates.get((train.trip, train.service_day))
        if updates is None and train.service_day == today:
            updates = self._updates.get((train.trip, None))
        late = 0
        for each in updates or ():
            here = each.stop_id == train.stop or each.stop_sequence == train.sequence
            if not here and not 0 < each.stop_sequence < train.sequence:
                continue
            told = each.arrival if each.HasField("arrival") else each.departure
            if told.HasField("delay"):
                late = told.delay
            elif here and told.HasField("time"):
                late = told.time - train.time
            if here:
                break
        return late


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError:
        return None
