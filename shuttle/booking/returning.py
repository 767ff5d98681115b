"""The return ride, quoted so that it fits with the outward one, and both booked or none."""

from collections.abc import Callable, Mapping
from datetime import date

from routing.insertion import best_insertions
from shuttle.acts import Joint
from shuttle.answers import Quote
from shuttle.booking.bookings import booked
from shuttle.booking.changing import of_journey, return_too_early
from shuttle.booking.confirming import check_limits, check_offer, confirmed_before
from shuttle.booking.offers import exact_trip
from shuttle.booking.quotes import quote
from shuttle.booking.requests import check_again
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Contact, Offer, RideRequest, When
from shuttle.errors import IdempotencyConflict, OfferGone, ReturnGone
from shuttle.plan import DayPlan
from shuttle.region import Region

Both = tuple[Booking, Booking]
"""The outward ride and its return."""


def quote_return(dispatcher: Dispatcher, outward: Offer, request: RideRequest, now: int) -> Quote:
    """Answer a request for a return ride as if the outward offer were booked, so that both fit.

    Nobody is offered to be picked up before they have arrived.

    Raises
    ------
    RequestError
        If no plan could serve it, or it is wanted before the outward ride arrives.
    OfferGone, OfferTaken, OfferExpired
        If the outward offer cannot be booked any more.
    """
    check_offer(dispatcher.store, outward, now)
    promise = outward.ride.promise
    departing = request.when is When.DEPART_AT
    if request.time <= (promise.pickup_earliest if departing else promise.dropoff_latest):
        raise return_too_early(f"return.when.{request.when}")
    there = _with(dispatcher, dispatcher.plan(outward.ride.day, now), outward, now)

    def plan_of(day: date) -> DayPlan:
        return there if day == there.day else dispatcher.plan(day, now)

    return dispatcher.answer(request, plan_of, now, not_before=promise.dropoff_latest)


def book_both(
    dispatcher: Dispatcher,
    outward: Offer,
    back: Offer,
    key: str,
    now: int,
    contact: Contact | None = None,
) -> Both:
    """Confirm an outward ride and its return, both or none.

    Repeating the call with the same key and offers returns the same bookings.

    Raises
    ------
    OfferGone, ReturnGone, OfferExpired, OfferTaken, IdempotencyConflict
    TooManyNoShows, TooManyOpenBookings, RequestError
        And nothing was booked.
    """
    region, store = dispatcher.region, dispatcher.store

    def act(plans: Mapping[date, DayPlan]) -> Joint[Both]:
        known = confirmed_before(store, key, outward)
        if known is not None:
            known_back = confirmed_before(store, _return_key(outward), back)
            if known_back is None:  # the key was used for the outward ride alone
                raise IdempotencyConflict(key)
            return Joint((dispatcher.booking(known), dispatcher.booking(known_back)))
        for offer in (outward, back):
            check_offer(store, offer, now)
        check_limits(region, store, dispatcher.keyed, contact, now, rides=2)
        return booked_both(
            region, plans, outward, back, now, dispatcher.new_code, key=key, contact=contact
        )

    days = {outward.ride.day, back.ride.day}
    return dispatcher.act_together(sorted(days), now, act)


def booked_both(
    region: Region,
    plans: Mapping[date, DayPlan],
    outward: Offer,
    back: Offer,
    now: int,
    new_code: Callable[[], str],
    *,
    key: str,
    contact: Contact | None,
) -> Joint[Both]:
    """Return the days with both rides booked; they may be one day.

    Raises
    ------
    OfferGone, ReturnGone
        If one of them no longer fits; carries what does.
    RequestError
        If the return begins before the outward ride arrives.
    """
    arrival = outward.ride.promise.dropoff_latest
    if back.ride.promise.pickup_earliest < arrival:
        raise return_too_early("return")
    first = booked(
        region, plans[outward.ride.day], outward, now, new_code, key=key, contact=contact
    )
    first = of_journey(first, first.result.code)
    plan = {**plans, outward.ride.day: first.plan}[back.ride.day]
    second_key = _return_key(outward)
    try:
        second = booked(
            region, plan, back, now, new_code, key=second_key, contact=contact, not_before=arrival
        )
    except OfferGone as gone:
        raise ReturnGone(gone.quote) from gone
    second = of_journey(second, first.result.code)
    return Joint((first.result, second.result), (first, second))


def _return_key(outward: Offer) -> str:
    """Return the idempotency key of a return ride; clients' keys have no blank in them."""
    return f"return of {outward.id}"


def _with(dispatcher: Dispatcher, plan: DayPlan, outward: Offer, now: int) -> DayPlan:
    """Return a plan with an offered ride in it."""
    region = dispatcher.region
    trip = exact_trip(plan.region, outward.ride, outward.id)
    insertion = best_insertions(plan.insertable, plan.travel, [trip], [0])[0]
    if insertion is None:
        checked = check_again(region, outward.request, now)
        raise OfferGone(quote(region, plan, checked, now, dispatcher.new_code))
    return plan.inserted(trip, insertion)
