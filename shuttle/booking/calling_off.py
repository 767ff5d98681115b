"""The service gives up a ride that it cannot drive; its owner is told."""

from dataclasses import replace

from shuttle.acts import Act, Outcome
from shuttle.booking.bookings import cancelled
from shuttle.booking.moving import Moving, added
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus
from shuttle.driving.ledger import without_a_ride
from shuttle.events import CancelledByService
from shuttle.plan import DayPlan
from shuttle.trouble.consequences import effects
from shuttle.trouble.entering import if_still


def call_off(dispatcher: Dispatcher, code: str, now: int, expected: str | None = None) -> Booking:
    """Give up a ride on the service's part; doing it twice is fine.

    Raises
    ------
    UnknownBooking, NotCancellable
        If there is no such booking, its vehicle is on the way, or the ride over.
    PlanChanged
        If it is not what was shown, by its digest.
    """
    day, act = dispatcher.booking(code).ride.day, if_still(_act(dispatcher, code, now), expected)
    dispatcher.act(day, now, act)
    return dispatcher.booking(code)


def preview(dispatcher: Dispatcher, code: str, now: int) -> Moving:
    """Return what giving up a ride would mean for all others; nothing is changed.

    Raises
    ------
    UnknownBooking, NotCancellable
        As from :func:`call_off`.
    """
    day = dispatcher.booking(code).ride.day
    return dispatcher.preview(day, now, _act(dispatcher, code, now)).result


def called_off(plan: DayPlan, booking: Booking, now: int) -> Outcome[Moving]:
    """Return the day without a ride, whether a tour carries it or none can.

    Raises
    ------
    NotCancellable
        If its vehicle is on the way, or the ride over.
    """
    code, number = booking.code, plan.tour_of(booking.code)
    shift = "" if number is None else plan.tours[number].shift.id
    without = cancelled(plan, booking, now)
    changed = frozenset(() if number is None else {number})
    # Whose ride it is cannot be compared, since there is none afterwards.
    others = {key: each for key, each in plan.bookings.items() if key != code}
    told = effects(replace(plan, bookings=others), without.plan, {}, {})
    means = Moving(code, shift, "", added(plan, without.plan, changed), told)
    if booking.status is BookingStatus.CANCELLED:
        return Outcome(means, plan)
    verdict = without_a_ride(plan, booking, now)  # as broken as if nobody had come
    return Outcome(
        means,
        without.plan,
        planned=without.planned,
        bookings=without.bookings,
        events=(CancelledByService(now, code, shift), *verdict),
        faced=without.faced,
    )


def _act(dispatcher: Dispatcher, code: str, now: int) -> Act[Moving]:
    return lambda plan: called_off(plan, dispatcher.booking(code), now)
