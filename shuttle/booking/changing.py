"""Changing a booking: the old one is given up in the same transaction that brings the new one.

So there is no moment, not even in a crash, in which somebody has both rides or none.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from shuttle.acts import Joint, Outcome
from shuttle.answers import Quote
from shuttle.booking.bookings import booked, cancelled
from shuttle.booking.confirming import check_offer, confirmed_before
from shuttle.dispatcher import Dispatcher
from shuttle.domain import UNFINISHED, Booking, BookingStatus, Contact, Offer, Ride, RideRequest
from shuttle.errors import AlreadyCancelled, OfferGone, RequestError
from shuttle.events import Changed, Replaced
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import Store


def quote_change(dispatcher: Dispatcher, code: str, request: RideRequest, now: int) -> Quote:
    """Answer a request as if a booking had been given up: its vehicle is free for the new ride.

    A refusal counts as no unmet demand: whoever is refused a change still has a ride.

    Raises
    ------
    RequestError
        If no plan could serve the request, or none in order with the other ride of its journey.
    UnknownBooking, AlreadyCancelled, NotCancellable
        If there is no such booking, or it cannot be changed any more.
    """
    old = dispatcher.booking(code)
    without = given_up(dispatcher.plan(old.ride.day, now), old, now).plan

    def plan_of(day: date) -> DayPlan:
        return without if day == without.day else dispatcher.plan(day, now)

    def why_not(offer: Offer) -> RequestError | None:
        return out_of_order(dispatcher.store, old, offer.ride, f"when.{request.when}")

    try:
        answer = dispatcher.answer(request, plan_of, now, counted=False)
    except RequestError as error:
        error.fixes = tuple(each for each in error.fixes if why_not(each.offer) is None)
        raise
    return _in_order(answer, why_not)


def _in_order(answer: Quote, why_not: Callable[[Offer], RequestError | None]) -> Quote:
    """Return an answer without what does not fit with the other ride; raise if that was all."""
    offers = tuple(each for each in answer.offers if why_not(each) is None)
    if answer.refusal is not None:
        fixes = tuple(each for each in answer.refusal.fixes if why_not(each.offer) is None)
        return replace(answer, offers=offers, refusal=replace(answer.refusal, fixes=fixes))
    if not offers:
        raise next(filter(None, map(why_not, answer.offers)))
    return replace(answer, offers=offers)


def change(
    dispatcher: Dispatcher,
    code: str,
    offer: Offer,
    key: str,
    now: int,
    *,
    by_phone: bool = False,
    prefer: str = "",
) -> Booking:
    """Book an offer in the place of a booking, on the same day or another; or the old one stays.

    Repeating the call with the same key and offer returns the same booking. The tour of the shift
    `prefer` carries it, if it fits there.

    Raises
    ------
    UnknownBooking, AlreadyCancelled, NotCancellable
    OfferExpired, OfferGone, OfferTaken, IdempotencyConflict, RequestError
        And nothing changed.
    """
    store = dispatcher.store

    def act(plans: Mapping[date, DayPlan]) -> Joint[Booking]:
        known = confirmed_before(store, key, offer)
        if known is not None:
            return Joint(dispatcher.booking(known))
        check_offer(store, offer, now)
        old = dispatcher.booking(code)
        wrong = out_of_order(store, old, offer.ride, "offer")
        if wrong is not None:
            raise wrong
        return changed(
            dispatcher.region,
            plans,
            old,
            offer,
            now,
            dispatcher.new_code,
            key=key,
            contact=store.contact(code),
            by_phone=by_phone,
            prefer=prefer,
        )

    old = dispatcher.booking(code)
    try:
        return dispatcher.act_together(sorted({old.ride.day, offer.ride.day}), now, act)
    except OfferGone as gone:
        raise OfferGone(
            _in_order(gone.quote, lambda each: out_of_order(store, old, each.ride, "offer"))
        ) from gone


def out_of_order(store: Store, old: Booking, ride: Ride, field: str) -> RequestError | None:
    """Return why a ride cannot take the place of an outward ride or a return; None if it can."""
    others = (each for each in store.journey(old.journey) if each.code != old.code)
    other = next((each for each in others if each.status in UNFINISHED), None)
    if other is None:
        return None
    beside = other.ride_now.promise
    if old.ride.promise.pickup_earliest > other.ride.promise.pickup_earliest:
        too_early = ride.promise.pickup_earliest < beside.dropoff_latest
        return return_too_early(field) if too_early else None
    if ride.promise.dropoff_latest <= beside.pickup_earliest:
        return None
    return RequestError(
        "outward_too_late",
        field,
        "The way back begins before this ride has arrived; choose an earlier time, or change the "
        "way back first.",
    )


def return_too_early(field: str) -> RequestError:
    """Return the error of a way back that begins before the way there has ended."""
    return RequestError(
        "return_too_early",
        field,
        "The way back begins before the outward ride has arrived; choose a later time.",
    )


def given_up(plan: DayPlan, booking: Booking, now: int) -> Outcome[Booking]:
    """Return the day without a booking that is to make place for another.

    Raises
    ------
    AlreadyCancelled, NotCancellable
        If there is nothing to give up, or it is too late.
    """
    if booking.status is BookingStatus.CANCELLED:
        raise AlreadyCancelled(booking.code)
    return replace(cancelled(plan, booking, now), events=())


def changed(
    region: Region,
    plans: Mapping[date, DayPlan],
    old: Booking,
    offer: Offer,
    now: int,
    new_code: Callable[[], str],
    *,
    key: str,
    contact: Contact | None,
    by_phone: bool = False,
    prefer: str = "",
) -> Joint[Booking]:
    """Return the days with an offer booked in the place of an old booking; they may be one day.

    The new booking keeps the contact, and the return ride it belongs to.

    Raises
    ------
    AlreadyCancelled, NotCancellable
        If the old booking cannot be given up.
    OfferGone
        If the new one does not fit; the old one stays.
    """
    before = given_up(plans[old.ride.day], old, now)
    left = {**plans, old.ride.day: before.plan}
    day = left[offer.ride.day]
    after = booked(region, day, offer, now, new_code, key=key, contact=contact, prefer=prefer)
    after = of_journey(after, old.journey)
    shift = _shift_of(plans[old.ride.day], old)
    new_shift = _shift_of(after.plan, after.result)
    new = after.result
    return Joint(
        new,
        (
            replace(before, events=(Replaced(now, old.code, new.code, shift),)),
            replace(after, events=(Changed(now, old.code, new.code, new_shift, by_phone),)),
        ),
    )


def of_journey(outcome: Outcome[Booking], journey: str) -> Outcome[Booking]:
    """Return the day with its new booking as part of an outward ride and its return."""
    booking = replace(outcome.result, journey=journey)
    return replace(
        outcome,
        result=booking,
        plan=outcome.plan.with_bookings(booking),
        bookings=(booking,),
    )


def _shift_of(plan: DayPlan, booking: Booking) -> str:
    """Return the shift that carries a ride; empty for one that is stranded."""
    number = plan.tour_of(booking.code)
    return "" if number is None else plan.tours[number].shift.id
