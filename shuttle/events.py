"""What happened, as facts: the log for audit, figures and replay. Times in epoch seconds."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from shuttle.domain import RefusalReason


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking was confirmed and became part of a tour."""

    kind: ClassVar[str] = "booked"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A request could not be served; places are stops and the time is a quarter hour."""

    kind: ClassVar[str] = "refused"
    time: int
    origin_stop: str
    destination_stop: str
    wanted: int
    passengers: int
    wheelchairs: int
    child_seats: int
    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A booking was given up by its owner."""

    kind: ClassVar[str] = "cancelled"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class PickedUp:
    """A party got on, at `time`, in or outside its promised window."""

    kind: ClassVar[str] = "picked_up"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class DroppedOff:
    """A party got off."""

    kind: ClassVar[str] = "dropped_off"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class PromiseKept:
    """Pickup and drop-off happened as promised."""

    kind: ClassVar[str] = "promise_kept"
    time: int
    code: str


@dataclass(frozen=True, slots=True)
class PromiseBroken:
    """Reality broke a promise, by so many seconds at the worse end."""

    kind: ClassVar[str] = "promise_broken"
    time: int
    code: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Reoptimised:
    """So many tours were planned anew; `gained` is what that is worth in seconds of driving."""

    kind: ClassVar[str] = "reoptimised"
    time: int
    tours: int
    gained: int


Event = (
    Booked | Refused | Cancelled | PickedUp | DroppedOff | PromiseKept | PromiseBroken | Reoptimised
)


def facts(event: Event) -> dict[str, Any]:
    """Return an event's fields without its time, for storing."""
    fields = asdict(event)
    del fields["time"]
    return fields


_KINDS: dict[str, type[Event]] = {
    each.kind: each
    for each in (
        *(Booked, Refused, Cancelled, PickedUp, DroppedOff, PromiseKept, PromiseBroken),
        Reoptimised,
    )
}


def event_of(kind: str, time: int, fields: dict[str, Any]) -> Event:
    """Return a stored event."""
    return _KINDS[kind](time=time, **fields)
