"""What drivers reported, as facts for the log: part of :mod:`shuttle.events`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ShiftStarted:
    """A driver reported for the first time: the tour follows the reports from now on."""

    kind: ClassVar[str] = "shift_started"
    time: int
    shift: str


@dataclass(frozen=True, slots=True)
class ShiftEnded:
    """A driver's work is done."""

    kind: ClassVar[str] = "shift_ended"
    time: int
    shift: str


@dataclass(frozen=True, slots=True)
class RideAcknowledged:
    """A driver has seen that a party joined the running tour."""

    kind: ClassVar[str] = "ride_acknowledged"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class VehicleArrived:
    """A vehicle stands where a party gets on or off; `mistaken` times that was said and wrong."""

    kind: ClassVar[str] = "vehicle_arrived"
    time: int
    code: str
    shift: str
    mistaken: int = 0


@dataclass(frozen=True, slots=True)
class NoShow:
    """Nobody came; the vehicle was there, `late` seconds after the promised window, mostly 0."""

    kind: ClassVar[str] = "no_show"
    time: int
    code: str
    shift: str
    late: int


@dataclass(frozen=True, slots=True)
class HaltSkipped:
    """A driver could not halt where a party waited; the ride is in no tour any more."""

    kind: ClassVar[str] = "halt_skipped"
    time: int
    code: str
    shift: str


@dataclass(frozen=True, slots=True)
class BreakStarted:
    """A driver's break began."""

    kind: ClassVar[str] = "break_started"
    time: int
    shift: str


@dataclass(frozen=True, slots=True)
class BreakEnded:
    """A driver's break was over."""

    kind: ClassVar[str] = "break_ended"
    time: int
    shift: str


@dataclass(frozen=True, slots=True)
class TimeCorrected:
    """A pickup or drop-off happened at `time`, not at `was`, as had been entered."""

    kind: ClassVar[str] = "time_corrected"
    time: int
    code: str
    shift: str
    was: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What had been entered of a ride had not happened.

    Either the timetable had entered a pickup or drop-off, and the first report said otherwise; or
    a driver took back a tap: an arrival, a pickup, a no-show, a drop-off. `report` is its kind;
    empty where none was tapped, and in what was stored before this was asked.
    """

    kind: ClassVar[str] = "taken_back"
    time: int
    code: str
    shift: str
    report: str = ""
