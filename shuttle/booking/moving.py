"""A dispatcher moves a ride to another vehicle or another time, under the promise that it has.

A time outside the promise is another promise: that is a change, see
:mod:`shuttle.booking.retiming`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from routing.insertion import Insertion, best_insertions, explain
from routing.schedule import compile_tours
from shuttle.acts import Outcome
from shuttle.booking.explaining import Candidate, Cost, candidate, driving_of, others_of
from shuttle.booking.offers import closed_for, planned_trip
from shuttle.domain import Booking, BookingStatus
from shuttle.errors import CannotMove, NotMovable, RequestError, UnknownBooking, UnknownShift
from shuttle.events import Event, Moved, Rescued
from shuttle.plan import DayPlan, under_way
from shuttle.trouble.consequences import Effect, effects, planned


@dataclass(frozen=True, slots=True)
class Moving:
    """What it means to move a ride.

    Attributes
    ----------
    code
        The booking's.
    before, shift
        The tours that carried it, empty if none did, and that carries it now.
    pickup_before, pickup
        When the vehicle was wanted to come, and is now; None leaves it to the plan.
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
    pickup_before: int | None = None
    pickup: int | None = None

    @property
    def digest(self) -> str:
        """What tells two of them apart: who rides where and, by the minute, when."""
        told = [
            (each.code, each.after and (each.after.shift, each.after.pickup // 60))
            for each in self.effects
        ]
        return hashlib.sha256(repr((self.shift, self.pickup, told)).encode()).hexdigest()[:16]


def moved(
    plan: DayPlan, code: str, shift: str, now: int, pickup: int | None = None, told: int = 0
) -> Outcome[Moving]:
    """Return the day with a ride in the tour of a shift, where it fits best.

    Nobody else's promise is missed by it: the insertion sees to that, and the checker again. If
    its time is left to the plan, and that would bring the vehicle sooner than its owner was told,
    the time that was told is wanted.

    Parameters
    ----------
    plan
        The day as it stands.
    code
        The booking's.
    shift
        Whose tour is to carry it.
    now
        Epoch seconds.
    pickup
        When the vehicle is wanted to come, within the promise; None leaves it to the plan.
    told
        No sooner than this the vehicle comes, as its owner has been told; 0 if nothing was said.

    Raises
    ------
    UnknownBooking, UnknownShift
        If the day has no such ride or shift.
    NotMovable
        If the ride has begun, is over, or is locked; or the tour is; or it is to come sooner than
        its owner was told.
    CannotMove
        If it does not fit; says why, and where and when it does.
    RequestError
        ``outside_promise`` if the time is.
    """
    booking = plan.bookings.get(code)
    if booking is None:
        raise UnknownBooking(code)
    number = plan.tour_of(code)
    target = next((n for n, each in enumerate(plan.tours) if each.shift.id == shift), None)
    if target is None:
        raise UnknownShift(plan.day, shift)
    _check(plan, booking, number, target, pickup)
    if pickup is not None:
        _check_time(booking, pickup, told)
    without = plan if number is None else plan.removed(number, code)
    wanted = booking.wanted_at(pickup)
    insertion = _best(without, target, [wanted])[0]
    if insertion is None:
        raise _cannot(without, target, number, wanted, told)
    after = without.inserted(planned_trip(plan.region, wanted), insertion).with_bookings(wanted)
    if pickup is None and within_promise(booking, told) and planned(after)[code].pickup < told:
        return moved(plan, code, shift, now, told, told)
    changed = frozenset({target} if number is None else {number, target})
    before = "" if number is None else plan.tours[number].shift.id
    told_to = own_first(code, effects(plan, after, {}, {}))
    event: Event = Moved(now, code, before, shift, pickup)
    if number is None:
        event = Rescued(now, code, "", shift)
    return Outcome(
        Moving(
            code, before, shift, added(plan, after, changed), told_to, booking.pickup_at, pickup
        ),
        after,
        planned=changed,
        bookings=() if wanted is booking else (wanted,),
        events=(event,),
    )


def own_first(code: str, found: Iterable[Effect]) -> tuple[Effect, ...]:
    """Return effects in the order in which they are shown: whose ride it is, then the latest."""
    return tuple(sorted(found, key=lambda each: (each.code != code, -each.late, each.code)))


def within_promise(booking: Booking, pickup: int) -> bool:
    """Whether a vehicle that comes at a time keeps the window that holds for a ride."""
    times = booking.ride_now.promise
    return times.pickup_earliest <= pickup <= times.pickup_latest


def _check_time(booking: Booking, pickup: int, told: int) -> None:
    if not within_promise(booking, pickup):
        raise RequestError(
            "outside_promise",
            "pickup",
            "This time lies outside the promise; the booking has to be changed for it.",
        )
    if pickup < told:
        raise NotMovable(booking.code, "told")


def _check(
    plan: DayPlan, booking: Booking, number: int | None, target: int, pickup: int | None
) -> None:
    code = booking.code
    if booking.status is not BookingStatus.BOOKED:
        begun = booking.status is BookingStatus.ON_BOARD
        raise NotMovable(code, "begun" if begun else "over")
    if under_way(plan, code):
        raise NotMovable(code, "begun")
    if number == target and pickup == booking.pickup_at:
        raise NotMovable(code, "here")
    names = {plan.tours[each].shift.id for each in (number, target) if each is not None}
    if plan.locks & {code, *names}:
        raise NotMovable(code, "locked")
    if closed_for(plan.region, booking.ride_now):
        raise NotMovable(code, "stop")


def _best(plan: DayPlan, target: int, options: Sequence[Booking]) -> list[Insertion | None]:
    """Return the best place in one tour alone for each of several ways to drive a ride."""
    trips = [planned_trip(plan.region, each) for each in options]
    alone = compile_tours((plan.tours[target],), plan.travel)
    found = best_insertions(alone, plan.travel, trips)
    return [None if each is None else each._replace(tour=target) for each in found]


def _cannot(
    plan: DayPlan, target: int, number: int | None, booking: Booking, told: int
) -> CannotMove:
    trip = planned_trip(plan.region, booking)
    why = explain(plan.compiled, plan.travel, trip).tours[target]
    wanted = candidate(plan.compiled, trip, why)
    late = None
    if why.carries and why.earliest_pickup >= 0:
        late = max(0, why.earliest_pickup - booking.ride.promise.pickup_latest)
    others = _elsewhere(plan, target, number, booking)
    return CannotMove(
        booking.code, wanted, late, others, _nearest_time(plan, target, booking, told)
    )


def _nearest_time(plan: DayPlan, target: int, booking: Booking, told: int) -> int | None:
    """Return the minute within the promise at which a ride does fit, nearest to the wanted one."""
    if booking.pickup_at is None:
        return None
    times = booking.ride_now.promise
    minutes = range(max(times.pickup_earliest, told), times.pickup_latest + 1, 60)
    found = _best(plan, target, [booking.wanted_at(each) for each in minutes])
    fitting = (each for each, place in zip(minutes, found, strict=True) if place is not None)
    wanted = booking.pickup_at
    return min(fitting, key=lambda each: abs(each - wanted), default=None)


def _elsewhere(
    plan: DayPlan, target: int, number: int | None, booking: Booking
) -> tuple[Candidate, ...]:
    """Return the other tours in which a ride fits, the cheapest first."""
    trip = planned_trip(plan.region, booking)
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
