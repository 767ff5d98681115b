"""What residents are told, and of what it comes: the notices that follow from events.

A notice says which booking, what kind and the facts; neither phone number nor e-mail address nor
text. Those are put together when it is sent (:mod:`shuttle.telling.delivery`), so that whoever is
erased from the contacts is told nothing more, and nothing about them stays behind here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from shuttle.domain import Booking, BookingStatus, Channel, Contact
from shuttle.driving.driving_events import TakenBack
from shuttle.events import Event, facts

HOUR_SECONDS = 60 * 60

DAY_SECONDS = 24 * HOUR_SECONDS

LATE_SECONDS = 300
"""Lateness is worth a message from so many seconds on."""

AHEAD_SECONDS = HOUR_SECONDS
"""So long before a pickup its owner is told of lateness, and sooner only that there is a risk."""

ARRIVED_SECONDS = 600
"""So long it is worth telling that a vehicle has arrived."""


class NoticeKind(StrEnum):
    """Why somebody is told something."""

    BOOKED = "booked"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    IN_30_MINUTES = "in_30_minutes"
    IN_10_MINUTES = "in_10_minutes"
    ARRIVING = "arriving"
    LATE = "late"
    NO_SHOW = "no_show"
    CANCELLED_BY_SERVICE = "cancelled_by_service"
    REINSTATED = "reinstated"
    """The ride stands: that it had been called off, or nobody met, was a mistake."""
    NOT_ARRIVED = "not_arrived"
    """The vehicle is not there yet, as a driver had said by mistake."""
    STOP_MOVED = "stop_moved"
    AT_RISK = "at_risk"
    STRANDED = "stranded"
    RESCUED = "rescued"
    POSTPONED = "postponed"
    HELD_FOR_TRAIN = "held_for_train"
    NOT_HELD_FOR_TRAIN = "not_held_for_train"
    TRAIN_CANCELLED = "train_cancelled"
    TRAIN_CANCELLED_ABOARD = "train_cancelled_aboard"
    """The same, told to whoever is on the way to it already."""
    TRAIN_RUNS_AGAIN = "train_runs_again"
    SERIES_MISSED = "series_missed"
    WINDOW_OPENED = "window_opened"
    OPENING = "opening"
    """Digits that open all rides of a phone number, see :mod:`shuttle.telling.opening`."""
    WEBHOOK = "webhook"
    """For a partner system instead of people, see :mod:`shuttle.telling.webhooks`."""


TIMED = frozenset(
    {
        NoticeKind.IN_30_MINUTES,
        NoticeKind.IN_10_MINUTES,
        NoticeKind.ARRIVING,
        NoticeKind.LATE,
    }
)
"""Those that come with the time before a pickup, see :mod:`shuttle.telling.reminding`."""

OF_A_RIDE_TO_COME = TIMED | {
    NoticeKind.BOOKED,
    NoticeKind.CHANGED,
    NoticeKind.STOP_MOVED,
    NoticeKind.AT_RISK,
    NoticeKind.STRANDED,
    NoticeKind.RESCUED,
    NoticeKind.POSTPONED,
    NoticeKind.HELD_FOR_TRAIN,
    NoticeKind.NOT_HELD_FOR_TRAIN,
    NoticeKind.TRAIN_CANCELLED,
    NoticeKind.TRAIN_RUNS_AGAIN,
    NoticeKind.REINSTATED,
    NoticeKind.NOT_ARRIVED,
}
"""Those that are overtaken once the ride has begun or is cancelled."""

OF_A_VEHICLE = frozenset({NoticeKind.STRANDED, NoticeKind.RESCUED, NoticeKind.POSTPONED})
"""Whether a ride has a vehicle: of several about one ride only the last is true."""

OF_A_TRAIN = frozenset(
    {
        NoticeKind.TRAIN_CANCELLED,
        NoticeKind.TRAIN_CANCELLED_ABOARD,
        NoticeKind.TRAIN_RUNS_AGAIN,
    }
)
"""Whether the train of a ride runs: of several about one ride only the last is true."""

CORRECTS: Mapping[NoticeKind, frozenset[NoticeKind]] = {
    NoticeKind.REINSTATED: frozenset({NoticeKind.CANCELLED_BY_SERVICE, NoticeKind.NO_SHOW}),
    NoticeKind.NOT_ARRIVED: frozenset({NoticeKind.ARRIVING}),
}
"""What takes back other words: nothing is said to whoever has not been sent them."""

LAST_COUNTS = (
    OF_A_VEHICLE,
    OF_A_TRAIN,
    *(words | {correction} for correction, words in CORRECTS.items()),
)
"""Kinds of which, of several about one ride, only the last is true."""

Fact = int | str

Key = tuple[str, NoticeKind, int]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the owner of a booking is to be told, once.

    Attributes
    ----------
    code
        Of the booking, of the series, or of the place on the waiting list.
    kind
        Why.
    time
        When its cause happened.
    valid_until
        From then on it is worth nothing.
    ordinal
        Tells several of one kind about one booking apart.
    facts
        What the booking itself does not say, such as the sharpened time. Nothing personal.
    """

    code: str
    kind: NoticeKind
    time: int
    valid_until: int
    ordinal: int = 0
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What exists once within a region."""
        return (self.code, self.kind, self.ordinal)


OF_EVENT: Mapping[str, tuple[NoticeKind, str]] = {
    "booked": (NoticeKind.BOOKED, "code"),
    "cancelled": (NoticeKind.CANCELLED, "code"),
    "changed": (NoticeKind.CHANGED, "new"),
    "no_show": (NoticeKind.NO_SHOW, "code"),
    "cancelled_by_service": (NoticeKind.CANCELLED_BY_SERVICE, "code"),
    "reinstated": (NoticeKind.REINSTATED, "code"),
    "stop_moved": (NoticeKind.STOP_MOVED, "code"),
    "promise_at_risk": (NoticeKind.AT_RISK, "code"),
    "stranded": (NoticeKind.STRANDED, "code"),
    "rescued": (NoticeKind.RESCUED, "code"),
    "halt_skipped": (NoticeKind.STRANDED, "code"),
    "postponed": (NoticeKind.POSTPONED, "code"),
    "held_for_train": (NoticeKind.HELD_FOR_TRAIN, "code"),
    "not_held_for_train": (NoticeKind.NOT_HELD_FOR_TRAIN, "code"),
    "train_cancelled": (NoticeKind.TRAIN_CANCELLED, "code"),
    "train_runs_again": (NoticeKind.TRAIN_RUNS_AGAIN, "code"),
    "vehicle_arrived": (NoticeKind.ARRIVING, "code"),
    "taken_back arrived": (NoticeKind.NOT_ARRIVED, "code"),
    "taken_back no_show": (NoticeKind.REINSTATED, "code"),
    "series_missed": (NoticeKind.SERIES_MISSED, "series"),
    "window_opened": (NoticeKind.WINDOW_OPENED, "waiting"),
}
"""Which events are told, by their kind, and which of their fields says whose they are.

Of what a driver takes back the kind is followed by that of the report.
"""

REPEATED = frozenset(
    {
        NoticeKind.NO_SHOW,
        NoticeKind.CANCELLED_BY_SERVICE,
        NoticeKind.REINSTATED,
        NoticeKind.NOT_ARRIVED,
        NoticeKind.STOP_MOVED,
        NoticeKind.STRANDED,
        NoticeKind.RESCUED,
        NoticeKind.POSTPONED,
        NoticeKind.HELD_FOR_TRAIN,
        NoticeKind.NOT_HELD_FOR_TRAIN,
        NoticeKind.TRAIN_CANCELLED,
        NoticeKind.TRAIN_CANCELLED_ABOARD,
        NoticeKind.TRAIN_RUNS_AGAIN,
        NoticeKind.SERIES_MISSED,
        NoticeKind.WINDOW_OPENED,
    }
)
"""What may happen to one owner more than once, and is told each time."""

BookingOf = Callable[[str], Booking | None]

ContactOf = Callable[[str], Contact | None]


def notices_of(
    events: Iterable[Event], booking_of: BookingOf, contact_of: ContactOf
) -> tuple[Notice, ...]:
    """Return what the events of one act have to tell.

    Parameters
    ----------
    events
        What happened.
    booking_of
        Returns a booking as it stands after the act, None if there is none.
    contact_of
        Returns whom a code belongs to; asked only about what is told at all.
    """
    owners = ((event, OF_EVENT.get(_name_of(event))) for event in events)
    told = (
        notice_of(event, booking_of)
        for event, owner in owners
        if owner is not None and wants(contact_of(getattr(event, owner[1])))
    )
    return tuple(each for each in told if each is not None)


def _name_of(event: Event) -> str:
    return f"{event.kind} {event.report}" if isinstance(event, TakenBack) else event.kind


def notice_of(event: Event, booking_of: BookingOf) -> Notice | None:
    """Return what an event has to tell its owner, or None."""
    name = _name_of(event)
    if name not in OF_EVENT:
        return None
    kind, whose = OF_EVENT[name]
    said = {name: value for name, value in facts(event).items() if value is not None}
    code, time = str(said.pop(whose)), event.time
    booking = booking_of(code)
    if kind is NoticeKind.TRAIN_CANCELLED and _on_board(booking):
        kind = NoticeKind.TRAIN_CANCELLED_ABOARD
    if kind is NoticeKind.AT_RISK and not _worth_a_warning(booking, time, said):
        return None
    if kind is NoticeKind.ARRIVING:
        said |= {"expected": time, "earliest": time, "latest": time}
    return Notice(
        code=code,
        kind=kind,
        time=time,
        valid_until=_worth_until(kind, time, said, booking),
        ordinal=_ordinal(kind, time, said),
        facts=said,
    )


def wants(contact: Contact | None) -> bool:
    """Whether somebody wants to be told anything."""
    return contact is not None and contact.channel is not Channel.NONE


def _on_board(booking: Booking | None) -> bool:
    return booking is not None and booking.status is BookingStatus.ON_BOARD


def _worth_a_warning(booking: Booking | None, time: int, said: Mapping[str, Fact]) -> bool:
    """Whether a promise at risk is told: so late and so early that no lateness follows at once."""
    if booking is None or int(said.get("seconds", 0)) < LATE_SECONDS:
        return False
    if booking.ride_now.promise != booking.ride.promise:
        return False  # its owner knows the later times already
    return booking.ride_now.promise.pickup_latest - time > AHEAD_SECONDS


def _ordinal(kind: NoticeKind, time: int, said: Mapping[str, Fact]) -> int:
    """Return what tells notices of one kind to one owner apart: the day missed, or the time."""
    if kind is NoticeKind.ARRIVING:
        return int(said.get("mistaken", 0))
    if kind not in REPEATED:
        return 0
    if kind is NoticeKind.SERIES_MISSED:
        return date.fromisoformat(str(said["day"])).toordinal()
    return time


def _worth_until(
    kind: NoticeKind, time: int, said: Mapping[str, Fact], booking: Booking | None
) -> int:
    """Return when a notice has lost its worth: what concerns a ride to come, with the ride."""
    if kind is NoticeKind.ARRIVING:
        return time + ARRIVED_SECONDS
    if booking is not None and kind in OF_A_RIDE_TO_COME | OF_A_TRAIN:
        return max(booking.ride_now.promise.dropoff_latest, time + HOUR_SECONDS)
    return int(said.get("held_until", time + DAY_SECONDS))
