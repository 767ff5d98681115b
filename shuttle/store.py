"""What survives a restart: the store's face, and the store that forgets.

A :class:`Change` is everything one act of the dispatcher alters; a store takes it whole or not at
all, and only if nobody else changed the day since it was read.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol

from shuttle.booking.unmet import Unmet
from shuttle.domain import UNFINISHED, Alternative, Booking, Contact
from shuttle.driving.reports import Report
from shuttle.errors import RevisionConflict
from shuttle.events import Changed, Event, Locked, PromiseAtRisk, Unlocked
from shuttle.people.accounts import ApiKey
from shuttle.standing.standing_requests import (
    Instance,
    MemoryStandingRequests,
    StandingRequests,
    Waiting,
)
from shuttle.telling.notices import Notice
from shuttle.telling.outbox import MemoryOutbox, Outbox
from shuttle.trouble.conditions import Condition


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
    conditions: tuple[Condition, ...] = ()
    reports: tuple[Report, ...] = ()
    warned: tuple[PromiseAtRisk, ...] = ()
    locks: frozenset[str] = frozenset()


def locks_of(events: Iterable[Event]) -> frozenset[str]:
    """Return the rides and tours that are locked, as the last event on each says."""
    last = {each.name: each for each in events if isinstance(each, Locked | Unlocked)}
    return frozenset(name for name, each in last.items() if isinstance(each, Locked))


@dataclass(frozen=True, slots=True)
class Receipt:
    """An idempotency key, the offer it was used for, and the booking that came of it."""

    key: str
    offer: str
    code: str


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """Whom a booking belongs to, with the keyed pseudonym of the phone number (empty without)."""

    code: str
    contact: Contact
    phone_pseudonym: str


@dataclass(frozen=True, slots=True)
class Step:
    """What one change made of a day. All of them, in order, are the day's past.

    Attributes
    ----------
    revision
        Of the day after it.
    time
        When that was, in epoch seconds.
    tours, bookings, conditions
        As they were from then on; whatever else the day had stayed as it was.
    """

    revision: int
    time: int
    tours: tuple[TourRecord, ...] = ()
    bookings: tuple[Booking, ...] = ()
    conditions: tuple[Condition, ...] = ()


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
        New, or in another status, or amended.
    tours
        Those that changed.
    events
        What happened.
    receipt
        The idempotency key to remember, if any.
    contacts
        Of new bookings.
    reports
        What drivers reported, in the order in which it was taken in.
    alternative
        The refusal that a new booking makes up for, if any.
    instances
        Days of series that were decided.
    waiting
        Whoever on the waiting list was told, or has booked.
    notices
        What residents are to be told; one that is in the outbox already is not put there again.
    conditions
        New or lifted.
    time
        When it is stored, in epoch seconds.
    """

    day: date
    expected: int
    bookings: tuple[Booking, ...] = ()
    tours: tuple[TourRecord, ...] = ()
    events: tuple[Event, ...] = ()
    receipt: Receipt | None = None
    contacts: tuple[ContactRecord, ...] = ()
    reports: tuple[Report, ...] = ()
    alternative: Alternative | None = None
    instances: tuple[Instance, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    notices: tuple[Notice, ...] = ()
    conditions: tuple[Condition, ...] = ()
    time: int = 0

    @property
    def step(self) -> Step:
        """What it adds to the day's past."""
        return Step(self.expected + 1, self.time, self.tours, self.bookings, self.conditions)

    @property
    def rebooked(self) -> Mapping[str, str]:
        """The new bookings by the old ones whose place they take, in a series too."""
        return {each.old: each.new for each in self.events if isinstance(each, Changed)}


class Store(Protocol):
    """Where the days of one region are kept."""

    @property
    def standing(self) -> StandingRequests:
        """Weekly repeats and the waiting list."""

    @property
    def outbox(self) -> Outbox:
        """Notices on their way to residents."""

    def load(self, day: date) -> StoredDay:
        """Return a day with all its bookings that are not cancelled."""

    def commit(self, change: Change) -> int:
        """Take a change whole and return the day's new revision.

        Raises
        ------
        RevisionConflict
            If the day is no longer at the expected revision; nothing was written.
        """

    def commit_together(self, changes: Sequence[Change]) -> None:
        """Take several changes one after the other, of one day or of several, all or none.

        Raises
        ------
        RevisionConflict
            If one of the days is no longer at the expected revision; nothing was written.
        """

    def alone_on(self, days: Collection[date]) -> AbstractContextManager[None]:
        """Let other processes wait with what they have for some days, while the body changes them.

        For whoever was too late once: whoever comes next has to read the days anew.
        """

    def booking(self, code: str) -> Booking | None:
        """Return a booking in any status, None if there is none."""

    def contact(self, code: str) -> Contact | None:
        """Return whom a booking belongs to; None if nobody said so, or it has been deleted."""

    def bookings_of(self, phone_pseudonym: str) -> tuple[Booking, ...]:
        """Return all bookings under a phone number in any status, in the order of booking."""

    def journey(self, journey: str) -> tuple[Booking, ...]:
        """Return the bookings of an outward ride and its return, in the order of riding."""

    def receipt(self, key: str) -> Receipt | None:
        """Return what an idempotency key was used for."""

    def taken(self, offer: str) -> bool:
        """Whether an offer, by its id, has become a booking."""

    def events(self, day: date) -> tuple[Event, ...]:
        """Return a day's events in the order in which they were stored."""

    def steps(self, day: date) -> tuple[Step, ...]:
        """Return a day's past in order; nothing if it is not known from the first change on."""

    def revisions(self, days: Collection[date]) -> Mapping[date, int]:
        """Return the revisions of those of the days that have been stored."""

    def mark(self) -> object:
        """Return what stays the same as long as nobody, in any process, writes anything.

        Cheap; where that cannot be told it is another one each time.
        """

    def unfinished(self, before: date) -> tuple[date, ...]:
        """Return the days before another on which somebody is still booked or on board."""

    def note_unmet(self, unmet: Unmet) -> None:
        """Keep a refused request."""

    def unmet(self, first: date, last: date) -> tuple[Unmet, ...]:
        """Return what was refused from one day to another, by the wanted time."""

    def partners(self) -> tuple[ApiKey, ...]:
        """Return the partner systems that are told of bookings."""

    def close(self) -> None:
        """Let go of the database."""


def owner_of(store: Store, code: str) -> Contact | None:
    """Return whom a booking, a series or a place on the waiting list belongs to, if known."""
    contact = store.contact(code)
    if contact is not None:
        return contact
    owner = store.standing.owner(code)
    return None if owner is None else owner.contact


def _order_of_booking(booking: Booking) -> tuple[int, str]:
    return (booking.booked_at, booking.code)


@dataclass
class MemoryStore:
    """Keeps everything in memory: for simulations and tests."""

    _days: dict[date, StoredDay] = field(default_factory=dict)
    _bookings: dict[str, Booking] = field(default_factory=dict)
    _contacts: dict[str, ContactRecord] = field(default_factory=dict)
    _receipts: dict[str, Receipt] = field(default_factory=dict)
    _offers: set[str] = field(default_factory=set)
    _events: dict[date, list[Event]] = field(default_factory=dict)
    _unmet: dict[str, Unmet] = field(default_factory=dict)
    _steps: dict[date, list[Step]] = field(default_factory=dict)
    standing: MemoryStandingRequests = field(default_factory=MemoryStandingRequests)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    told: tuple[ApiKey, ...] = ()

    def load(self, day: date) -> StoredDay:
        """Return a day with all its bookings that are not cancelled."""
        stored = self._days.get(day, StoredDay(0))
        alive = tuple(
            each
            for each in self._bookings.values()
            if each.ride.day == day and each.status != "cancelled"
        )
        warned = tuple(
            each for each in self._events.get(day, ()) if isinstance(each, PromiseAtRisk)
        )
        locks = locks_of(self._events.get(day, ()))
        return StoredDay(
            stored.revision, stored.tours, alive, stored.conditions, stored.reports, warned, locks
        )

    def commit(self, change: Change) -> int:
        """Take a change whole, or raise RevisionConflict."""
        self.commit_together((change,))
        return change.expected + 1

    def commit_together(self, changes: Sequence[Change]) -> None:
        """Take all changes, or raise RevisionConflict."""
        revisions: dict[date, int] = {}
        for change in changes:
            stored = self._days.get(change.day, StoredDay(0))
            at = revisions.get(change.day, stored.revision)
            if at != change.expected or self.standing.decided(change.instances):
                raise RevisionConflict(change.day, change.expected)
            revisions[change.day] = at + 1
        for change in changes:
            self._take(change)

    def _take(self, change: Change) -> None:
        stored = self._days.get(change.day, StoredDay(0))
        tours: Mapping[str, TourRecord] = {
            record.shift: record for record in (*stored.tours, *change.tours)
        }
        known_conditions = {each.id: each for each in (*stored.conditions, *change.conditions)}
        self._days[change.day] = StoredDay(
            change.expected + 1,
            tuple(tours.values()),
            conditions=tuple(known_conditions.values()),
            reports=(*stored.reports, *change.reports),
        )
        for each in change.bookings:
            known = self._bookings.get(each.code, each)
            changed = replace(known, status=each.status, amendment=each.amendment)
            self._bookings[each.code] = changed
        self._events.setdefault(change.day, []).extend(change.events)
        self._steps.setdefault(change.day, []).append(change.step)
        self._contacts |= {each.code: each for each in change.contacts}
        if change.receipt is not None:
            self._receipts[change.receipt.key] = change.receipt
            self._offers.add(change.receipt.offer)
        alternative = change.alternative
        if alternative is not None and alternative.refusal in self._unmet:
            refused = self._unmet[alternative.refusal]
            self._unmet[refused.id] = replace(refused, taken=alternative.kind)
        self.standing.take(change.instances, change.waiting, change.rebooked)
        self.outbox.put(change.day, change.notices)

    def booking(self, code: str) -> Booking | None:
        """Return a booking in any status."""
        return self._bookings.get(code)

    def contact(self, code: str) -> Contact | None:
        """Return whom a booking belongs to, if known."""
        record = self._contacts.get(code)
        return None if record is None else record.contact

    def bookings_of(self, phone_pseudonym: str) -> tuple[Booking, ...]:
        """Return all bookings under a phone number."""
        records = self._contacts.values()
        codes = [each.code for each in records if each.phone_pseudonym == phone_pseudonym]
        return tuple(sorted((self._bookings[code] for code in codes), key=_order_of_booking))

    def journey(self, journey: str) -> tuple[Booking, ...]:
        """Return the bookings of an outward ride and its return."""
        own = [each for each in self._bookings.values() if each.journey == journey]
        own.sort(key=lambda each: (each.ride.promise.pickup_earliest, each.code))
        return tuple(own) if journey else ()

    def receipt(self, key: str) -> Receipt | None:
        """Return what an idempotency key was used for."""
        return self._receipts.get(key)

    def taken(self, offer: str) -> bool:
        """Whether an offer has become a booking."""
        return offer in self._offers

    def events(self, day: date) -> tuple[Event, ...]:
        """Return a day's events in order."""
        return tuple(self._events.get(day, ()))

    def steps(self, day: date) -> tuple[Step, ...]:
        """Return a day's past in order."""
        return tuple(self._steps.get(day, ()))

    def alone_on(self, days: Collection[date]) -> AbstractContextManager[None]:  # noqa: ARG002
        """Do nothing: there is nobody else."""
        return nullcontext()

    def revisions(self, days: Collection[date]) -> Mapping[date, int]:
        """Return the revisions of the days that are kept."""
        return {day: self._days[day].revision for day in days if day in self._days}

    def mark(self) -> object:
        """Return another one each time."""
        return object()

    def unfinished(self, before: date) -> tuple[date, ...]:
        """Return the days on which somebody is still booked or on board."""
        days = {
            each.ride.day
            for each in self._bookings.values()
            if each.ride.day < before and each.status in UNFINISHED
        }
        return tuple(sorted(days))

    def note_unmet(self, unmet: Unmet) -> None:
        """Keep a refused request."""
        self._unmet[unmet.id] = unmet

    def unmet(self, first: date, last: date) -> tuple[Unmet, ...]:
        """Return what was refused from one day to another."""
        wanted = [each for each in self._unmet.values() if first <= each.day <= last]
        return tuple(sorted(wanted, key=lambda each: (each.wanted, each.id)))

    def partners(self) -> tuple[ApiKey, ...]:
        """Return the partner systems that are told of bookings."""
        return self.told

    def close(self) -> None:
        """Nothing to let go of."""
