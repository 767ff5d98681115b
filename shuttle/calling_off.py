"""The service gives up a ride that it cannot drive; its owner is told."""

from dataclasses import replace

from shuttle.acts import Outcome
from shuttle.bookings import cancelled
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus
from shuttle.errors import NotCancellable
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
    if booking.status is BookingStatus.CANCELLED:
        return Outcome(booking, plan)
    number = plan.tour_of(booking.code)
    if number is not None:
        event = CancelledByService(now, booking.code, plan.tours[number].shift.id)
        return replace(cancelled(plan, booking, now), events=(event,))
    if booking.status is not BookingStatus.BOOKED:
        raise NotCancellable(booking.code)
    booking = booking.with_status(BookingStatus.CANCELLED)
    event = CancelledByService(now, booking.code, "")
    return Outcome(booking, plan.with_bookings(booking), bookings=(booking,), events=(event,))
