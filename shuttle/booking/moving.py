"""A dispatcher moves a ride to another vehicle, under the promise that it has."""

import hashlib
from dataclasses import dataclass, replace

from routing.insertion import Insertion, best_insertions, explain
from routing.schedule import compile_tours
from shuttle.acts import Outcome
from shuttle.booking.explaining import Candidate, Cost, candidate, driving_of, others_of
from shuttle.booking.offers import closed_for, exact_trip
from shuttle.domain import Booking, BookingStatus
from shuttle.errors import CannotMove, NotMovable, UnknownBooking, UnknownShift
from shuttle.events import Event, Moved, Rescued
from shuttle.plan import DayPlan, under_way
from shuttle.trouble.consequences import Effect, effects


@dataclass(frozen=True, slots=True)
class Moving:
    """What it means to move a ride.

    Attributes
    ----------
    code
        The booking's.
    before, shift
        The tours that carried it, empty if none did, and that carries it now.
    added
        What is driven more, in all; less than nothing if it is less.
    effects
        For whom something changes: first who is moved, then the later ones.
    """

    code: str
    before: str
    shift: str
    added: Cost
    effects: tuple[Effect, ...]

    @property
    def digest(self) -> str:
        """What tells two of them apart: who rides where and, by the minute, when."""
        told = [
            (each.code, each.after and (each.after.shift, each.after.pickup // 60))
            for each in self.effects
        ]
        return hashlib.sha256(repr((self.shift, told)).encode()).hexdigest()[:16]


def moved(plan: DayPlan, code: str, shift: str, now: int) -> Outcome[Moving]:
    """Return the day with a ride in the tour of a shift, where it fits best.

    Nobody else's promise is missed by it: the insertion sees to that, and the checker again.

    Raises
    ------
    UnknownBooking, UnknownShift
        If the day has no such ride or shift.
    NotMovable
        If the ride has begun, is over, or is locked; or the tour is.
    CannotMove
        If it does not fit; says why, and where it does.
    """
    booking = plan.bookings.get(code)
    if booking is None:
        raise UnknownBooking(code)
    number = plan.tour_of(code)
    target = next((n for n, each in enumerate(plan.tours) if each.shift.id == shift), None)
    if target is None:
        raise UnknownShift(plan.day, shift)
    _check(plan, booking, number, target)
    without = plan if number is None else plan.removed(number, code)
    insertion = _best(without, target, booking)
    if insertion is None:
        raise _cannot(without, target, number, booking)
    after = without.inserted(exact_trip(plan.region, booking.ride_now, code), insertion)
    changed = frozenset({target} if number is None else {number, target})
    before = "" if number is None else plan.tours[number].shift.id
    found = effects(plan, after, {}, {})
    told = tuple(sorted(found, key=lambda each: (each.code != code, -each.late, each.code)))
    event: Event = Moved(now, code, before, shift)
    if number is None:
        event = Rescued(now, code, "", shift)
    return Outcome(
        Moving(code, before, shift, added(plan, after, changed), told),
        after,
        planned=changed,
        events=(event,),
    )


def _check(plan: DayPlan, booking: Booking, number: int | None, target: int) -> None:
    code = booking.code
    if booking.status is not BookingStatus.BOOKED:
        begun = booking.status is BookingStatus.ON_BOARD
        raise NotMovable(code, "begun" if begun else "over")
    if under_way(plan, code):
        raise NotMovable(code, "begun")
    if number == target:
        raise NotMovable(code, "here")
    names = {plan.tours[each].shift.id for each in (number, target) if each is not None}
    if plan.locks & {code, *names}:
        raise NotMovable(code, "locked")
    if closed_for(plan.region, booking.ride_now):
        raise NotMovable(code, "stop")


def _best(plan: DayPlan, target: int, booking: Booking) -> Insertion | None:
    """Return the best place for a ride in one tour alone."""
    trip = exact_trip(plan.region, booking.ride_now, booking.code)
    alone = compile_tours((plan.tours[target],), plan.travel)
    found = best_insertions(alone, plan.travel, [trip], [0])[0]
    return None if found is None else replace(found, tour=target)


def _cannot(plan: DayPlan, target: int, number: int | None, booking: Booking) -> CannotMove:
    trip = exact_trip(plan.region, booking.ride_now, booking.code)
    why = explain(plan.compiled, plan.travel, trip).tours[target]
    wanted = candidate(plan.compiled, trip, why)
    late = None
    if why.carries and why.earliest_pickup >= 0:
        late = max(0, why.earliest_pickup - booking.ride.promise.pickup_latest)
    return CannotMove(booking.code, wanted, late, _elsewhere(plan, target, number, booking))


def _elsewhere(
    plan: DayPlan, target: int, number: int | None, booking: Booking
) -> tuple[Candidate, ...]:
    """Return the other tours in which a ride fits, the cheapest first."""
    trip = exact_trip(plan.region, booking.ride_now, booking.code)
    own = "" if number is None else plan.tours[number].shift.id
    found = others_of(plan.compiled, target, trip)
    return tuple(
        each
        for each in found
        if each.cost is not None and each.shift != own and each.shift not in plan.locks
    )


def added(before: DayPlan, after: DayPlan, numbers: frozenset[int]) -> Cost:
    """Return what is driven more in some tours of a plan than before."""
    were = [driving_of(before.tours[n], before.travel) for n in numbers]
    are = [driving_of(after.tours[n], after.travel) for n in numbers]
    seconds, metres = (sum(each[k] for each in are) - sum(each[k] for each in were) for k in (0, 1))
    return Cost(seconds, metres)
