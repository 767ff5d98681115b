"""A dispatcher locks a ride, which then stays in its vehicle, or a tour, which stays as it is.

The live loop and new bookings leave both alone. Reality does not: who reports, who cancels and
what trouble makes impossible goes its way.
"""

from dataclasses import dataclass, replace

from routing.problem import HaltKind
from shuttle.acts import Outcome
from shuttle.domain import UNFINISHED
from shuttle.errors import UnknownBooking, UnknownShift
from shuttle.events import Event, Locked, Unlocked
from shuttle.plan import DayPlan


@dataclass(frozen=True, slots=True)
class Locking:
    """What it means to lock or unlock something: nobody is moved by it.

    Attributes
    ----------
    on
        Whether it is locked now.
    rides
        Codes of the rides that the live loop may no longer move by it, or may again. None that has
        begun, and none that another lock holds anyway.
    """

    on: bool
    rides: tuple[str, ...]


def ride_locked(plan: DayPlan, code: str, now: int, *, on: bool) -> Outcome[Locking]:
    """Return the day with a ride locked or not; doing it twice is fine.

    Raises
    ------
    UnknownBooking
        If the day has no such ride, or it is over.
    """
    booking = plan.bookings.get(code)
    if booking is None or booking.status not in UNFINISHED:
        raise UnknownBooking(code)
    return _locked(plan, code, now, on=on)


def tour_locked(plan: DayPlan, shift: str, now: int, *, on: bool) -> Outcome[Locking]:
    """Return the day with the tour of a shift locked or not; doing it twice is fine.

    Raises
    ------
    UnknownShift
        If the day has no such shift.
    """
    if all(tour.shift.id != shift for tour in plan.tours):
        raise UnknownShift(plan.day, shift)
    return _locked(plan, shift, now, on=on)


def _locked(plan: DayPlan, name: str, now: int, *, on: bool) -> Outcome[Locking]:
    if (name in plan.locks) == on:
        return Outcome(Locking(on, ()), plan)
    event: Event = Locked(now, name) if on else Unlocked(now, name)
    after = replace(plan, locks=plan.locks | {name} if on else plan.locks - {name})
    free, held = _free(plan), _free(after)
    rides = tuple(code for code in plan.bookings if (code in free) != (code in held))
    return Outcome(Locking(on, rides), after, events=(event,))


def _free(plan: DayPlan) -> set[str]:
    """Return the rides that the live loop may move."""
    return {
        halt.trip
        for tour in plan.tours
        if tour.shift.id not in plan.locks
        for halt in tour.halts[tour.fixed :]
        if halt.kind is HaltKind.PICKUP and halt.trip not in plan.locks
    }
