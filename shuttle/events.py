"""What happened, as facts: the log for audit, figures and replay. Times in epoch seconds."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking was confirmed and became part of a tour."""

    kind: ClassVar[str] = "booked"
    time: int
    code: str
    shift: str


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


Event = Booked | Cancelled | PickedUp | DroppedOff | PromiseKept | PromiseBroken


def facts(event: Event) -> dict[str, Any]:
    """Return an event's fields without its time, for storing."""
    fields = asdict(event)
    del fields["time"]
    return fields


_KINDS: dict[str, type[Event]] = {
    each.kind: each
    for each in (Booked, Cancelled, PickedUp, DroppedOff, PromiseKept, PromiseBroken)
}


def event_of(kind: str, time: int, fields: dict[str, Any]) -> Event:
    """Return a stored event."""
    return _KINDS[kind](time=time, **fields)
