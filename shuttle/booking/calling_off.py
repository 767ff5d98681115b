"""The service gives up a ride that it cannot drive; its owner is told."""

from dataclasses import replace

from shuttle.acts import Outcome
from shuttle.booking.bookings import cancelled
from shuttle.booking.moving import Moving, added
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus
from shuttle.driving.ledger import without_a_ride
from shuttle.events import CancelledByService
from shuttle.plan import DayPlan
from shuttle.trouble.consequences import effects


def call_off(dispatcher: Dispatcher, code: str, now: int) -> Booking:
    """Give up a ride on the service's part; doing it twice is fine.

    Raises
    ------
    UnknownBooking, NotCancellable
        If there is no such booking, its vehicle is on the way, or the ride over.
    """
    day = dispatcher.booking(code).ride.day
    return dispatcher.act(day, now, lambda plan: called_off(plan, dispatcher.booking(code), now))


def preview(dispatcher: Dispatcher, code: str, now: int) -> Moving:
    """Return what giving up a ride would mean for all others; nothing is changed.

    Raises
    ------
    UnknownBooking, NotCancellable
        As from :func:`call_off`.
    """
    booking = dispatcher.booking(code)

    def act(plan: DayPlan) -> Outcome[Moving]:
        outcome = called_off(plan, booking, now)
        number = plan.tour_of(code)
        changed = frozenset(() if number is None else {number})
        # Whose ride it is cannot be compared, since there is none afterwards.
        others = {key: each for key, each in plan.bookings.items() if key != code}
        told = effects(replace(plan, bookings=others), outcome.plan, {}, {})
        shift = "" if number is None else plan.tours[number].shift.id
        cost = added(plan, outcome.plan, changed)
        return Outcome(Moving(code, shift, "", cost, told), plan)

    return dispatcher.preview(booking.ride.day, now, act).result


def called_off(plan: DayPlan, booking: Booking, now: int) -> Outcome[Booking]:
    """Return the day without a ride, whether a tour carries it or none can.

    Raises
    ------
    NotCancellable
        If its vehicle is on the way, or the ride over.
    """
    if booking.status is BookingStatus.CANCELLED:
        return Outcome(booking, plan)
    number = plan.tour_of(booking.code)
    shift = "" if number is None else plan.tours[number].shift.id
    outcome = cancelled(plan, booking, now)
    verdict = without_a_ride(plan, booking, now)  # as broken as if nobody had come
    return replace(outcome, events=(CancelledByService(now, booking.code, shift), *verdict))
