"""Booking a ride and giving it up, as acts on the plan of its day."""

from collections.abc import Callable

from routing.insertion import Insertion, best_insertions
from routing.problem import Trip
from shuttle.acts import Outcome
from shuttle.booking.explaining import best_in
from shuttle.booking.offers import closed_for, exact_trip
from shuttle.booking.quotes import quote
from shuttle.booking.requests import check_again
from shuttle.domain import Booking, BookingStatus, Contact, Offer
from shuttle.driving.ledger import without_a_ride
from shuttle.errors import NotCancellable, OfferGone
from shuttle.events import Booked, Cancelled, Event
from shuttle.plan import DayPlan, under_way
from shuttle.region import Region
from shuttle.store import Receipt


def booked(
    region: Region,
    plan: DayPlan,
    offer: Offer,
    now: int,
    new_code: Callable[[], str],
    *,
    key: str,
    contact: Contact | None = None,
    not_before: int = 0,
    by_phone: bool = False,
    prefer: str = "",
) -> Outcome[Booking]:
    """Return the day with an offer booked: where it fits best now, under the promise offered.

    `not_before` bounds what is offered instead. The tour of the shift `prefer` is taken if it fits
    there at all.

    Raises
    ------
    OfferGone
        If it fits nowhere any more; carries what does.
    """
    booking = Booking(
        code=new_code(),
        ride=offer.ride,
        origin=offer.request.origin.label,
        destination=offer.request.destination.label,
        booked_at=now,
        train=offer.train,
    )
    trip = exact_trip(plan.region, offer.ride, booking.code)
    insertion = None
    if not closed_for(plan.region, offer.ride):
        insertion = _preferred(plan, trip, prefer)
        insertion = insertion or best_insertions(plan.insertable, plan.travel, [trip], [0])[0]
    if insertion is None:
        checked = check_again(region, offer.request, now)
        raise OfferGone(quote(region, plan, checked, now, new_code, not_before=not_before))
    number = insertion.tour
    return Outcome(
        booking,
        plan.inserted(trip, insertion).with_bookings(booking),
        planned=frozenset({number}),
        bookings=(booking,),
        events=(Booked(now, booking.code, plan.tours[number].shift.id, by_phone),),
        contacts={} if contact is None else {booking.code: contact},
        receipt=Receipt(key, offer.id, booking.code),
        alternative=offer.alternative,
    )


def _preferred(plan: DayPlan, trip: Trip, shift: str) -> Insertion | None:
    """Return the best place in the tour of a shift, if there is such a tour and place."""
    number = next((n for n, tour in enumerate(plan.tours) if tour.shift.id == shift), None)
    if number is None or shift in plan.locks:
        return None
    return best_in(plan.compiled, number, trip)


def cancelled(plan: DayPlan, booking: Booking, now: int) -> Outcome[Booking]:
    """Return the day without a booking; one that is given up already stays so.

    Raises
    ------
    NotCancellable
        If its vehicle is on the way, or the ride over.
    """
    if booking.status is BookingStatus.CANCELLED:
        return Outcome(booking, plan)
    number = plan.tour_of(booking.code)
    if number is None and booking in plan.stranded:
        booking = booking.with_status(BookingStatus.CANCELLED)
        left = plan.with_bookings(booking)
        # Their owner gives up because nobody comes: the promise was not theirs to break.
        events: list[Event] = [Cancelled(now, booking.code, "")]
        events += without_a_ride(plan, booking, now)
        return Outcome(booking, left, bookings=(booking,), events=tuple(events))
    if number is None or under_way(plan, booking.code):
        raise NotCancellable(booking.code)
    booking = booking.with_status(BookingStatus.CANCELLED)
    left = plan.removed(number, booking.code).with_bookings(booking)
    return Outcome(
        booking,
        left,
        planned=frozenset({number}),
        bookings=(booking,),
        events=(Cancelled(now, booking.code, plan.tours[number].shift.id),),
        # Where snow begins, the way without a halt may count as longer than the way over it:
        # that makes others late on paper, and is no reason to keep anybody.
        faced=left,
    )
