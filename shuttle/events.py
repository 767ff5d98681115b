"""What happened, as facts: the log for audit, figures and replay. Times in epoch seconds."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, get_args

from shuttle.domain import Cause, RefusalReason
from shuttle.driving_events import (
    BreakEnded,
    BreakStarted,
    HaltSkipped,
    NoShow,
    ShiftStarted,
    TakenBack,
    TimeCorrected,
    VehicleArrived,
)


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
    """Reality broke a promise, by so many seconds at the worse end; 0 if the ride never was."""

    kind: ClassVar[str] = "promise_broken"
    time: int
    code: str
    seconds: int
    cause: Cause = Cause.UNKNOWN


@dataclass(frozen=True, slots=True)
class PromiseAtRisk:
    """As things stand a promise will be missed by so many seconds; 0: not any more."""

    kind: ClassVar[str] = "promise_at_risk"
    time: int
    code: str
    shift: str
    seconds: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class VerdictCorrected:
    """A report that came late changed what a promise came to: 0 seconds is kept."""

    kind: ClassVar[str] = "verdict_corrected"
    time: int
    code: str
    seconds: int
    cause: Cause


Event = (
    Booked
    | Refused
    | Cancelled
    | PickedUp
    | DroppedOff
    | PromiseKept
    | PromiseBroken
    | PromiseAtRisk
    | VerdictCorrected
    | ShiftStarted
    | VehicleArrived
    | NoShow
    | HaltSkipped
    | BreakStarted
    | BreakEnded
    | TimeCorrected
    | TakenBack
)


def facts(event: Event) -> dict[str, Any]:
    """Return an event's fields without its time, for storing."""
    fields = asdict(event)
    del fields["time"]
    return fields


_KINDS: dict[str, type[Event]] = {each.kind: each for each in get_args(Event)}


def event_of(kind: str, time: int, fields: dict[str, Any]) -> Event:
    """Return a stored event."""
    return _KINDS[kind](time=time, **fields)
