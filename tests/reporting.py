"""Driving a shift in tests: reports at times of day, and what became of them."""

from collections.abc import Sequence

from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking
from shuttle.driving.reports import Answer, Rejection, Report, ReportKind
from tests.test_dispatcher import MONDAY, at

BUS = "bus-1@06:00"


def shift_of(dispatcher: Dispatcher, booking: Booking, now: int) -> str:
    """Return the shift that carries a booking."""
    plan = dispatcher.plan(MONDAY, now)
    number = plan.tour_of(booking.code)
    assert number is not None
    return plan.tours[number].shift.id


def told(
    kind: ReportKind,
    clock: str,
    booking: Booking | None = None,
    *,
    shift: str = BUS,
    name: str = "",
) -> Report:
    """Return a report of what happened at a time of day."""
    code = "" if booking is None else booking.code
    return Report(name or f"{kind}-{clock}-{code}", shift, kind, at(clock), code)


def send(dispatcher: Dispatcher, now: str, *reports: Report) -> Sequence[Answer]:
    """Send a batch of reports at a time of day."""
    return dispatcher.report(MONDAY, reports[0].shift, reports, at(now))


def rejections(answers: Sequence[Answer]) -> list[Rejection | None]:
    """Return why each report was rejected, None if it was not."""
    return [each.rejection for each in answers]
