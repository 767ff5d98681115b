"""A dispatcher moves a ride to a time outside its promise: the booking is changed, nothing less.

What is shown is what :func:`shuttle.booking.changing.change` then does with the offer, the same
way in which its owner changes it: the old ride is given up only with the new one.
"""

from dataclasses import dataclass, replace

from routing.insertion import explain
from routing.problem import Trip
from shuttle.booking.changing import changed, quote_change
from shuttle.booking.explaining import Candidate, Cost, candidate
from shuttle.booking.moving import added
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Location, Offer, Promise, RideRequest, When
from shuttle.errors import CannotMove, NotMovable, UnknownShift
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.trouble.consequences import Effect, effects, planned


@dataclass(frozen=True, slots=True)
class Retiming:
    """What it means to change a booking to another time.

    Attributes
    ----------
    offer
        The new promise, to be booked in the place of the old one.
    before, shift
        The tour that carries the old ride, empty if none does, and the one for the new ride.
    added
        What is driven more, in all; less than nothing if it is less.
    effects
        For whom something changes: first whose booking it is, under the old code.
    not_in
        The tour that was meant, with what stands against it; None if the new ride is in that one.
    """

    offer: Offer
    before: str
    shift: str
    added: Cost
    effects: tuple[Effect, ...]
    not_in: Candidate | None = None


def retimed(dispatcher: Dispatcher, code: str, shift: str, pickup: int, now: int) -> Retiming:
    """Return what changes if a ride is to be picked up at a time that was not promised.

    The new ride is in the vehicle that was meant, or if it does not fit there, where it fits best.
    Nothing is changed, and nothing reserved.

    Parameters
    ----------
    dispatcher
        Of the region.
    code
        The booking's.
    shift
        Whose tour is meant: if it does not fit there, why not is said of that one.
    pickup, now
        Epoch seconds.

    Raises
    ------
    RequestError
        If no plan could serve it then, or not in order with the other ride of its journey.
    UnknownBooking, UnknownShift, AlreadyCancelled, NotCancellable
        If there is no such booking or shift, or it cannot be changed any more.
    NotMovable
        If the ride or its tour is locked.
    CannotMove
        If no window near that time is free; says why, and which is the nearest.
    """
    old = dispatcher.booking(code)
    own = dispatcher.plan(old.ride.day, now)
    names = {tour.shift.id for tour in own.tours if any(halt.trip == code for halt in tour.halts)}
    if own.locks & {code, *names}:
        raise NotMovable(code, "locked")
    request = same_ride_at(dispatcher.region, old, pickup)
    answer = quote_change(dispatcher, code, request, now)
    plan = dispatcher.plan(dispatcher.region.config.local_day(pickup), now)
    if all(tour.shift.id != shift for tour in plan.tours):
        raise UnknownShift(plan.day, shift)
    if shift in plan.locks:
        raise NotMovable(code, "locked")
    nearest = min(
        (each for each in answer.offers if each.ride.day == plan.day and _other(old, each)),
        key=lambda each: abs(each.ride.promise.pickup_earliest - pickup),
        default=None,
    )
    width = dispatcher.region.config.rules.window_minutes * 60
    if nearest is None or not _near(nearest.ride.promise, pickup, width):
        raise _cannot(dispatcher.region, plan, old, shift, pickup, nearest)
    walks = old.ride.walk_to_pickup, old.ride.walk_from_dropoff
    ride = replace(nearest.ride, walk_to_pickup=walks[0], walk_from_dropoff=walks[1])
    return _shown(dispatcher, old, replace(nearest, ride=ride), shift, now)


def _other(old: Booking, offer: Offer) -> bool:
    """Whether an offer promises another window than the booking has: else nothing would change."""
    window, before = offer.ride.promise, old.ride.promise
    ends = (window.pickup_earliest, window.pickup_latest)
    return ends != (before.pickup_earliest, before.pickup_latest)


def same_ride_at(region: Region, old: Booking, pickup: int) -> RideRequest:
    """Return the request for the same ride at another time; who it is for walks as before."""
    ride = old.ride
    stops = region.stop(ride.pickup_stop), region.stop(ride.dropoff_stop)
    origin, destination = (
        Location(stop.lat, stop.lon, label or stop.label, stop.id)
        for stop, label in zip(stops, (old.origin, old.destination), strict=True)
    )
    return RideRequest(origin, destination, When.DEPART_AT, pickup, ride.party, old.train)


def _near(promise: Promise, pickup: int, width: int) -> bool:
    """Whether a window is as good as asked for: it begins no more than its width later."""
    return promise.pickup_earliest - width <= pickup <= promise.pickup_latest


def _cannot(
    region: Region, plan: DayPlan, old: Booking, shift: str, pickup: int, nearest: Offer | None
) -> CannotMove:
    number = plan.tour_of(old.code)
    without = plan if number is None else plan.removed(number, old.code)
    promise = old.ride.promise
    width = region.config.rules.window_minutes * 60
    later = pickup - promise.pickup_earliest
    times = replace(promise.later(later), pickup_latest=pickup + width)
    trip = exact_trip(plan.region, replace(old.ride, promise=times), old.code)
    wanted = _as_candidate(without, shift, trip)
    when = None if nearest is None else nearest.ride.promise.pickup_earliest
    return CannotMove(old.code, wanted, None, (), when)


def _as_candidate(plan: DayPlan, shift: str, trip: Trip) -> Candidate:
    """Return the tour of a shift as a place for a trip."""
    target = next(n for n, each in enumerate(plan.tours) if each.shift.id == shift)
    return candidate(plan.compiled, trip, explain(plan.compiled, plan.travel, trip).tours[target])


def _shown(dispatcher: Dispatcher, old: Booking, offer: Offer, shift: str, now: int) -> Retiming:
    """Return what the change makes of the days, as if it were done."""
    region, days = dispatcher.region, {old.ride.day, offer.ride.day}
    plans = {day: dispatcher.plan(day, now) for day in days}
    new_code = dispatcher.new_code
    joint = changed(region, plans, old, offer, now, new_code, key="", contact=None, prefer=shift)
    before, after = plans[offer.ride.day], joint.outcomes[-1].plan
    was, will_be = planned(plans[old.ride.day]).get(old.code), planned(after)[joint.result.code]
    own = Effect(old.code, on_board=False, before=was, after=will_be)
    others = {code: each for code, each in before.bookings.items() if code != old.code}
    found = effects(replace(before, bookings=others), after, {}, {})
    not_in = None
    if will_be.shift != shift:
        trip = exact_trip(region, offer.ride, joint.result.code)
        not_in = _as_candidate(after.removed(_number(after, joint.result), trip.id), shift, trip)
    return Retiming(
        offer,
        "" if was is None else was.shift,
        will_be.shift,
        added(before, after, frozenset(range(len(after.tours)))),
        (own, *found),
        not_in,
    )


def _number(plan: DayPlan, booking: Booking) -> int:
    number = plan.tour_of(booking.code)
    assert number is not None
    return number
