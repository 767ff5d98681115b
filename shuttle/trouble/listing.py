"""The dispatcher's list: the rides that no tour carries, served late by decision, or put back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shuttle.acts import Outcome
from shuttle.booking.moving import Moving, added, own_first
from shuttle.booking.offers import exact_trip
from shuttle.domain import UNFINISHED, Amendment, Booking, BookingStatus
from shuttle.errors import NoLateRide, NotMovable, NotStranded
from shuttle.events import Event, Postponed, Rescued, Stranded, TakenOver
from shuttle.plan import DayPlan, under_way
from shuttle.trouble.consequences import Late, effects
from shuttle.trouble.imposed import beside
from shuttle.trouble.replanning import least_late


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stranded ride on the dispatcher's list, with the least late way to serve it, if any."""

    booking: Booking
    late_ride: Late | None


def waiting(plan: DayPlan, now: int) -> tuple[Waiting, ...]:
    """Return the dispatcher's list: every ride without a tour, the most urgent first."""
    stranded = sorted(
        plan.stranded, key=lambda each: (each.ride_now.promise.pickup_latest, each.code)
    )
    return tuple(Waiting(each, late_ride(plan, each, now)) for each in stranded)


def postponed(plan: DayPlan, code: str, cause: str, now: int) -> Outcome[Moving]:
    """Return the day with a stranded ride served late, at the times of its best alternative.

    Raises
    ------
    NotStranded, NoLateRide
        And nothing changed.
    """
    booking = next((each for each in plan.stranded if each.code == code), None)
    if booking is None:
        raise NotStranded(code)
    booking = booking.wanted_at(None)
    found = least_late(plan, booking, now)
    if found is None:
        raise NoLateRide(code)
    late, times, insertion = found
    ride = booking.ride_now
    if times != ride.promise:
        boarded = booking.amendment.boarded if booking.amendment else None
        amendment = Amendment(ride.pickup_stop, ride.dropoff_stop, times, boarded, booking.held)
        booking = replace(booking, amendment=amendment)
    trip = exact_trip(plan.region, booking.ride_now, code)
    after = plan.inserted(trip, insertion).with_bookings(booking)
    event: Event = Rescued(now, code, cause, late.planned.shift)
    if late.seconds:
        event = Postponed(now, code, cause, late.seconds, late.planned.shift)
    planned = frozenset({insertion.tour})
    told = own_first(code, effects(plan, after, {}, {}))
    return Outcome(
        Moving(code, "", late.planned.shift, added(plan, after, planned), told),
        after,
        planned=planned,
        bookings=(booking,),
        events=(event,),
    )


def relisted(plan: DayPlan, code: str, events: Iterable[Event], now: int) -> Outcome[Moving]:
    """Return the day with a ride on the list again that a dispatcher took from it: that is undone.

    What holds for it is what was promised; later times that it was given count no more.

    Parameters
    ----------
    plan
        The day as it stands.
    code
        The booking's.
    events
        All of the day.
    now
        Epoch seconds.

    Raises
    ------
    NotMovable
        If it never was on the list, its vehicle is on the way, or it is over.
    """
    booking, number = plan.bookings.get(code), plan.tour_of(code)
    own = [
        each
        for each in events
        if isinstance(each, Stranded | Rescued | Postponed | TakenOver) and each.code == code
    ]
    if booking is None or number is None or booking.status not in UNFINISHED:
        raise NotMovable(code, "over")
    if booking.status is BookingStatus.ON_BOARD or under_way(plan, code):
        raise NotMovable(code, "begun")
    if not own or not isinstance(own[-1], Rescued | Postponed):
        raise NotMovable(code, "never_listed")
    tour = plan.tours[number]
    if plan.locks & {code, tour.shift.id}:
        raise NotMovable(code, "locked")
    waits = _as_promised(plan, booking, now)
    after = plan.removed(number, code).with_bookings(waits)
    late = late_ride(after, waits, now)
    told = own_first(code, effects(plan, after, {}, {code: late}))
    changed = frozenset({number})
    seconds = None if late is None else late.seconds
    return Outcome(
        Moving(code, tour.shift.id, "", added(plan, after, changed), told),
        after,
        planned=changed,
        bookings=(waits,),
        events=(Stranded(now, code, own[-1].cause, seconds),),
        faced=after,
    )


def _as_promised(plan: DayPlan, booking: Booking, now: int) -> Booking:
    """Return a booking at the times that it is owed, at the stops where it is by now."""
    was = booking.amendment
    if was is None:
        return booking
    amendment = Amendment(was.pickup_stop, was.dropoff_stop, booking.owed, was.boarded, was.held)
    as_owed = replace(booking, amendment=amendment)
    if was.boarded is not None:  # they stand where their vehicle broke down
        return beside(plan.region, as_owed, was.pickup_stop, was.boarded, now)
    return replace(as_owed, amendment=None) if as_owed.ride_now == booking.ride else as_owed


def late_ride(plan: DayPlan, booking: Booking, now: int) -> Late | None:
    """Return the least late way to serve a ride that no tour carries, if there is one."""
    found = least_late(plan, booking, now)
    return None if found is None else found[0]
