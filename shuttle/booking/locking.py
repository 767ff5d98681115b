"""A dispatcher locks a ride, which then stays in its vehicle, or a tour, which stays as it is.

The live loop and new bookings leave both alone. Reality does not: who reports, who cancels and
what trouble makes impossible goes its way.
"""

from dataclasses import replace

from shuttle.acts import Outcome
from shuttle.domain import UNFINISHED
from shuttle.errors import UnknownBooking, UnknownShift
from shuttle.events import Event, Locked, Unlocked
from shuttle.plan import DayPlan


def ride_locked(plan: DayPlan, code: str, now: int, *, on: bool) -> Outcome[bool]:
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


def tour_locked(plan: DayPlan, shift: str, now: int, *, on: bool) -> Outcome[bool]:
    """Return the day with the tour of a shift locked or not; doing it twice is fine.

    Raises
    ------
    UnknownShift
        If the day has no such shift.
    """
    if all(tour.shift.id != shift for tour in plan.tours):
        raise UnknownShift(plan.day, shift)
    return _locked(plan, shift, now, on=on)


def _locked(plan: DayPlan, name: str, now: int, *, on: bool) -> Outcome[bool]:
    if (name in plan.locks) == on:
        return Outcome(on, plan)
    event: Event = Locked(now, name) if on else Unlocked(now, name)
    after = replace(plan, locks=plan.locks | {name} if on else plan.locks - {name})
    return Outcome(on, after, events=(event,))
