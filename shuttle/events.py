"""What happened, as facts: the log for audit, figures and replay. Times in epoch seconds."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, get_args

from shuttle.domain import Cause
from shuttle.driving.driving_events import (
    BreakEnded,
    BreakStarted,
    HaltSkipped,
    NoShow,
    RideAcknowledged,
    ShiftEnded,
    ShiftStarted,
    TakenBack,
    TimeCorrected,
    VehicleArrived,
)


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking was confirmed and became part of a tour.

    `by_phone` if somebody on the phone line did it for a caller; who did is not kept. What was
    stored before this was asked counts as booked without help.
    """

    kind: ClassVar[str] = "booked"
    time: int
    code: str
    shift: str
    by_phone: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A booking was given up by its owner."""

    kind: ClassVar[str] = "cancelled"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class CancelledByService:
    """A booking was given up by the service; `shift` is empty if no tour carried it."""

    kind: ClassVar[str] = "cancelled_by_service"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class Reinstated:
    """A booking that the service had given up stands again, in the tour of `shift`.

    The verdict on its promise that came with giving it up does not count any more.
    """

    kind: ClassVar[str] = "reinstated"
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


@dataclass(frozen=True, slots=True)
class Replaced:
    """A booking was given up for the sake of another, `by`, maybe on another day."""

    kind: ClassVar[str] = "replaced"
    time: int
    code: str
    by: str
    shift: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A booking was changed: `new` became part of a tour and takes the place of `old`."""

    kind: ClassVar[str] = "changed"
    time: int
    old: str
    new: str
    shift: str
    by_phone: bool = False


@dataclass(frozen=True, slots=True)
class SeriesMissed:
    """A day of a series could not be promised; `reason` is a refusal's or a request's code."""

    kind: ClassVar[str] = "series_missed"
    time: int
    series: str
    day: str
    reason: str


@dataclass(frozen=True, slots=True)
class WindowOpened:
    """A ride that somebody waits for became possible; until `held_until` it is theirs to book."""

    kind: ClassVar[str] = "window_opened"
    time: int
    waiting: str
    day: str
    held_until: int


@dataclass(frozen=True, slots=True)
class Reoptimised:
    """So many tours were planned anew; `gained` is what that is worth in seconds of driving."""

    kind: ClassVar[str] = "reoptimised"
    time: int
    tours: int
    gained: int


@dataclass(frozen=True, slots=True)
class TroubleEntered:
    """A day got a condition, of a kind of :mod:`shuttle.trouble.conditions`."""

    kind: ClassVar[str] = "trouble_entered"
    time: int
    condition: str
    disturbance: str


@dataclass(frozen=True, slots=True)
class TroubleLifted:
    """A condition was lifted."""

    kind: ClassVar[str] = "trouble_lifted"
    time: int
    condition: str
    disturbance: str


@dataclass(frozen=True, slots=True)
class StopMoved:
    """One end of a ride is at another stop, because its own is closed or cut off.

    `end` is ``pickup`` or ``dropoff``, `metres` the way on foot from stop to stop.
    """

    kind: ClassVar[str] = "stop_moved"
    time: int
    code: str
    cause: str
    end: str
    from_stop: str
    to_stop: str
    metres: int


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A ride is now in another vehicle's tour; `cause` is the id of a condition."""

    kind: ClassVar[str] = "taken_over"
    time: int
    code: str
    cause: str
    shift: str


@dataclass(frozen=True, slots=True)
class Stranded:
    """No plan can keep a ride: it is on the dispatcher's list.

    `seconds` is how late the best alternative was then, None if there was none.
    """

    kind: ClassVar[str] = "stranded"
    time: int
    code: str
    cause: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Rescued:
    """A stranded ride is in a tour again, in time for what was promised."""

    kind: ClassVar[str] = "rescued"
    time: int
    code: str
    cause: str
    shift: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """A stranded ride got later times, `seconds` after what was promised: the promise is broken."""

    kind: ClassVar[str] = "postponed"
    time: int
    code: str
    cause: str
    seconds: int
    shift: str


@dataclass(frozen=True, slots=True)
class HeldForTrain:
    """A pickup waits for its owner's late train: all its times are `seconds` after the promise."""

    kind: ClassVar[str] = "held_for_train"
    time: int
    code: str
    seconds: int
    shift: str


@dataclass(frozen=True, slots=True)
class NotHeldForTrain:
    """A train is so late that the pickup cannot wait; `seconds` of waiting would be needed.

    The window from `possible_from` to `possible_to` was free for its owner then; both are None
    without one.
    """

    kind: ClassVar[str] = "not_held_for_train"
    time: int
    code: str
    seconds: int
    possible_from: int | None
    possible_to: int | None


@dataclass(frozen=True, slots=True)
class TrainCancelled:
    """The train that a ride leads to or comes from does not come; the ride stays as promised.

    The next one the same way is that of `next_train`; for it the window from `possible_from` to
    `possible_to` was free then. All three are None without one.
    """

    kind: ClassVar[str] = "train_cancelled"
    time: int
    code: str
    next_train: int | None = None
    possible_from: int | None = None
    possible_to: int | None = None


@dataclass(frozen=True, slots=True)
class TrainRunsAgain:
    """The train of a ride, which was said to be cancelled, comes after all."""

    kind: ClassVar[str] = "train_runs_again"
    time: int
    code: str


@dataclass(frozen=True, slots=True)
class Moved:
    """A dispatcher moved a ride to the tour of `shift`; `before` is empty if none carried it.

    `pickup` is when the vehicle is wanted to come, within the promise, if that was said.
    """

    kind: ClassVar[str] = "moved"
    time: int
    code: str
    before: str
    shift: str
    pickup: int | None = None


@dataclass(frozen=True, slots=True)
class Locked:
    """A dispatcher locked a ride, by its code, or a tour, by the id of its shift."""

    kind: ClassVar[str] = "locked"
    time: int
    name: str


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A dispatcher unlocked a ride or a tour."""

    kind: ClassVar[str] = "unlocked"
    time: int
    name: str


@dataclass(frozen=True, slots=True)
class NumberShown:
    """A dispatcher was shown the phone number of whom a ride belongs to.

    `viewer` is the name of the account; what was stored before this was asked has none.
    """

    kind: ClassVar[str] = "number_shown"
    time: int
    code: str
    viewer: str = ""


Event = (
    Booked
    | Cancelled
    | PickedUp
    | DroppedOff
    | PromiseKept
    | PromiseBroken
    | PromiseAtRisk
    | VerdictCorrected
    | ShiftStarted
    | ShiftEnded
    | RideAcknowledged
    | VehicleArrived
    | NoShow
    | HaltSkipped
    | BreakStarted
    | BreakEnded
    | TimeCorrected
    | TakenBack
    | Replaced
    | Changed
    | SeriesMissed
    | WindowOpened
    | CancelledByService
    | Reinstated
    | Reoptimised
    | TroubleEntered
    | TroubleLifted
    | StopMoved
    | TakenOver
    | Stranded
    | Rescued
    | Postponed
    | HeldForTrain
    | NotHeldForTrain
    | TrainCancelled
    | TrainRunsAgain
    | Moved
    | Locked
    | Unlocked
    | NumberShown
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
