"""What survives a restart: the store's face, and the store that forgets.

A :class:`Change` is everything one act of the dispatcher alters; a store takes it whole or not at
all, and only if nobody else changed the day since it was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from shuttle.domain import Booking
from shuttle.errors import RevisionConflict
from shuttle.events import Event


@dataclass(frozen=True, slots=True)
class HaltRecord:
    """A halt as stored: what happens for whom; its window lies with the booking or the shift.

    `time` is when it happened or, for the halt that is being driven to, when it is planned.
    """

    kind: int
    trip: str = ""
    time: int | None = None


@dataclass(frozen=True, slots=True)
class TourRecord:
    """The order of one shift's halts, and how far it has come."""

    shift: str
    fixed: int
    served: int
    ready: int
    halts: tuple[HaltRecord, ...]


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A service day as it was last stored; revision 0 is a day nobody has booked."""

    revision: int
    tours: tuple[TourRecord, ...] = ()
    bookings: tuple[Booking, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """An idempotency key, the offer it was used for, and the booking that came of it."""

    key: str
    offer: str
    code: str


@dataclass(frozen=True, slots=True)
class Change:
    """One act of the dispatcher on one day.

    Attributes
    ----------
    day
        The service day.
    expected
        The revision the act was computed from; the day gets the next one.
    bookings
        New or in another status.
    tours
        Those that changed.
    events
        What happened.
    receipt
        The idempotency key to remember, if any.
    """

    day: date
    expected: int
    bookings: tuple[Booking, ...] = ()
    tours: tuple[TourRecord, ...] = ()
    events: tuple[Event, ...] = ()
    receipt: Receipt | None = None


class Store(Protocol):
    """Where the days of one region are kept."""

    def load(self, day: date) -> StoredDay:
        """Return a day with all its bookings that are not cancelled."""

    def commit(self, change: Change) -> int:
        """Take a change whole and return the day's new revision.

        Raises
        ------
        RevisionConflict
            If the day is no longer at the expected revision; nothing was written.
        """

    def note(self, day: date, event: Event) -> None:
        """Keep an event that changes no plan, such as a refusal."""

    def booking(self, code: str) -> Booking | None:
        """Return a booking in any status, None if there is none."""

    def receipt(self, key: str) -> Receipt | None:
        """Return what an idempotency key was used for."""

    def taken(self, offer: str) -> bool:
        """Whether an offer, by its id, has become a booking."""

    def events(self, day: date) -> tuple[Event, ...]:
        """Return a day's events in the order in which they were stored."""

    def close(self) -> None:
        """Let go of the database."""


@dataclass
class MemoryStore:
    """Keeps everything in memory: for simulations and tests."""

    _days: dict[date, StoredDay] = field(default_factory=dict)
    _bookings: dict[str, Booking] = field(default_factory=dict)
    _receipts: dict[str, Receipt] = field(default_factory=dict)
    _events: dict[date, list[Event]] = field(default_factory=dict)

    def load(self, day: date) -> StoredDay:
        """Return a day with all its bookings that are not cancelled."""
        stored = self._days.get(day, StoredDay(0))
        alive = tuple(
            each
            for each in self._bookings.values()
            if each.ride.day == day and each.status != "cancelled"
        )
        return StoredDay(stored.revision, stored.tours, alive)

    def commit(self, change: Change) -> int:
        """Take a change whole, or raise RevisionConflict."""
        stored = self._days.get(change.day, StoredDay(0))
        if stored.revision != change.expected:
            raise RevisionConflict(change.day, change.expected)
        tours: Mapping[str, TourRecord] = {
            record.shift: record for record in (*stored.tours, *change.tours)
        }
        self._days[change.day] = StoredDay(change.expected + 1, tuple(tours.values()))
        for each in change.bookings:
            known = self._bookings.get(each.code, each)
            self._bookings[each.code] = known.with_status(each.status)
        self._events.setdefault(change.day, []).extend(change.events)
        if change.receipt is not None:
            self._receipts[change.receipt.key] = change.receipt
        return change.expected + 1

    def note(self, day: date, event: Event) -> None:
        """Keep an event that changes no plan."""
        self._events.setdefault(day, []).append(event)

    def booking(self, code: str) -> Booking | None:
        """Return a booking in any status."""
        return self._bookings.get(code)

    def receipt(self, key: str) -> Receipt | None:
        """Return what an idempotency key was used for."""
        return self._receipts.get(key)

    def taken(self, offer: str) -> bool:
        """Whether an offer has become a booking."""
        return any(receipt.offer == offer for receipt in self._receipts.values())

    def events(self, day: date) -> tuple[Event, ...]:
        """Return a day's events in order."""
        return tuple(self._events.get(day, ()))

    def close(self) -> None:
        """Nothing to let go of."""
