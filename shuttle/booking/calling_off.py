"""The service gives up a ride that it cannot drive; its owner is told."""

from dataclasses import replace

from shuttle.acts import Outcome
from shuttle.booking.bookings import cancelled
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking
from shuttle.driving.ledger import without_a_ride
from shuttle.events import CancelledByService
from shuttle.plan import DayPlan


def call_off(dispatcher: Dispatcher, code: str, now: int) -> Booking:
    """Give up a ride on the service's part; doing it twice is fine.

    Raises
    ------
    UnknownBooking, NotCancellable
        If there is no such booking, its vehicle is on the way, or the ride over.
    """
    day = dispatcher.booking(code).ride.day
    return dispatcher.act(day, now, lambda plan: called_off(plan, dispatcher.booking(code), now))


def called_off(plan: DayPlan, booking: Booking, now: int) -> Outcome[Booking]:
    """Return the day without a ride, whether a tour carries it or none can.

    Raises
    ------
    NotCancellable
        If its vehicle is on the way, or the ride over.
    """
    number = plan.tour_of(booking.code)
    shift = "" if number is None else plan.tours[number].shift.id
    outcome = cancelled(plan, booking, now)
    verdict = without_a_ride(plan, booking, now)  # as broken as if nobody had come
    return replace(outcome, events=(CancelledByService(now, booking.code, shift), *verdict))
