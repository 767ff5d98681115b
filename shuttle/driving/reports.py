"""What drivers report: facts with the time at which they happened.

A phone may have been offline, so reports come late, in batches and out of order. Each carries an
id that its client made: sent twice, it counts once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """What a driver tells."""

    STARTED = "started"
    """The shift has begun: from now on its tour follows the reports."""
    ENDED = "ended"
    """The driver's work is done; nobody is on board."""
    ACKNOWLEDGED = "acknowledged"
    """The driver has seen that a party joined the running tour."""
    ARRIVED = "arrived"
    """The vehicle stands where a party gets on or off."""
    PICKED_UP = "picked_up"
    NO_SHOW = "no_show"
    DROPPED_OFF = "dropped_off"
    SKIPPED = "skipped"
    """The vehicle could not halt where a party waits."""
    BREAK_STARTED = "break_started"
    BREAK_ENDED = "break_ended"
    TAKEN_BACK = "taken_back"
    """What was reported of a party shortly before was a mistake."""


@dataclass(frozen=True, slots=True)
class Report:
    """One fact about a shift.

    Attributes
    ----------
    id
        Made by the client, unique within the shift and day.
    shift
        Whose tour it is about.
    kind
        What happened.
    time
        When it happened, epoch seconds.
    code
        Whom it is about; empty for the shift and its breaks.
    odometer
        Kilometres that the vehicle showed at the start or the end, if told.
    charge
        What its battery held then, in per cent, if told.
    takes_back
        The id of the report that was a mistake, if this one says so.
    """

    id: str
    shift: str
    kind: ReportKind
    time: int
    code: str = ""
    odometer: int | None = None
    charge: int | None = None
    takes_back: str = ""


def standing(reports: Iterable[Report]) -> list[Report]:
    """Return the reports that count, in their order: those taken back do not."""
    known = list(reports)
    mistaken = {each.takes_back for each in known}
    return [each for each in known if each.id not in mistaken and not each.takes_back]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a vehicle was. Kept in memory only, the last one of each shift."""

    time: int
    lat: float
    lon: float


class Rejection(StrEnum):
    """Why a report is not taken in."""

    IN_THE_FUTURE = "in_the_future"
    NOT_IN_SHIFT = "not_in_shift"
    NO_SUCH_RIDE = "no_such_ride"
    RIDE_OVER = "ride_over"
    BEFORE_PICKUP = "before_pickup"
    AFTER_DROPOFF = "after_dropoff"
    ON_BOARD = "on_board"
    NOT_ARRIVED = "not_arrived"
    BEFORE_WINDOW = "before_window"
    STILL_WAITING = "still_waiting"
    NO_BREAK = "no_break"
    NOTHING_TO_TAKE_BACK = "nothing_to_take_back"
    TOO_LATE = "too_late"
    NOT_THE_LAST = "not_the_last"
    NO_ROOM = "no_room"


class Taken(StrEnum):
    """What became of a report."""

    APPLIED = "applied"
    KNOWN = "known"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one report, by its id."""

    id: str
    taken: Taken
    rejection: Rejection | None = None
