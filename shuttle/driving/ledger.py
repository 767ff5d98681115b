"""The promise ledger: what was owed, what happened, kept or broken.

A verdict is an event and stays; if a late report shows that it was otherwise, that is an event of
its own, and the last one counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType

from routing.problem import Halt, HaltKind, Tour
from shuttle.acts import Outcome
from shuttle.domain import UNFINISHED, Booking, BookingStatus, Cause
from shuttle.driving.facts import RIDES, boarded_before, find, with_fact, without
from shuttle.driving.promises import cause_of, risks
from shuttle.driving.reports import ReportKind
from shuttle.driving.rolling import GRACE
from shuttle.events import DroppedOff, Event, PickedUp, PromiseAtRisk, PromiseBroken, PromiseKept
from shuttle.plan import DayPlan

WARN_AGAIN = 300
"""A promise at risk is told of once, and again when it has changed by so many seconds."""


def followed(before: DayPlan, now: int) -> Outcome[tuple[Event, ...]]:
    """Return the day after time went by up to now, and what happened.

    Vehicles follow their timetable, but where a driver reports. Long after the end of the shift,
    what was never reported is given up. Promises that come to be at risk are told of.
    """
    after = before.at(now)
    bookings: dict[str, Booking] = {}
    events: list[Event] = []
    moved: set[int] = set()
    for number, (old, new) in enumerate(zip(before.tours, after.tours, strict=True)):
        for halt in newly_served(old, new) if new is not old else ():
            booking = bookings.get(halt.trip, after.bookings[halt.trip])
            bookings[halt.trip], happened = entered(booking, halt, new, cause_of(after, number))
            events.extend(happened)
            moved.add(number)
        if _given_up(after, new, now):
            tour, lost, happened = _closed(after, new)
            after = after.with_tours({number: tour})
            bookings |= {each.code: each for each in lost}
            events.extend(happened)
            moved.add(number)
    for booking in after.stranded:
        over = booking.ride_now.promise.dropoff_latest + GRACE
        if over <= now and booking.code not in bookings:
            bookings[booking.code] = booking.with_status(BookingStatus.LET_DOWN)
            events.extend(without_a_ride(after, booking, over))
    events.sort(key=lambda event: event.time)
    changed = tuple(bookings.values())
    after, warnings = _warned(after.with_bookings(*changed) if changed else after, now)
    return Outcome(
        (*events, *warnings),
        after,
        happened=frozenset(moved),
        bookings=changed,
        events=(*events, *warnings),
    )


def newly_served(before: Tour, after: Tour) -> list[Halt]:
    """Return the pickups and drop-offs that happened between two states of one tour."""
    return [halt for halt in after.halts[before.served : after.served] if halt.kind in RIDES]


def entered(
    booking: Booking, halt: Halt, tour: Tour, cause: Cause = Cause.UNKNOWN
) -> tuple[Booking, list[Event]]:
    """Enter a halt that has happened.

    Parameters
    ----------
    booking
        Whose halt it is.
    halt
        Served: both ends of its window are the time at which it happened.
    tour
        Holds the halt, and the booking's pickup if this is the drop-off.
    cause
        Why, if the promise is broken.

    Returns
    -------
    tuple
        The booking in its new status, and the events: at a drop-off with the verdict.
    """
    shift, time = tour.shift.id, halt.earliest
    if halt.kind is HaltKind.PICKUP:
        return booking.with_status(BookingStatus.ON_BOARD), [PickedUp(time, booking.code, shift)]
    event = DroppedOff(time, booking.code, shift)
    given = verdict(booking.code, seconds_over(booking, tour), time, cause)
    return booking.with_status(BookingStatus.SERVED), [event, given]


def verdict(code: str, seconds: int, time: int, cause: Cause) -> PromiseKept | PromiseBroken:
    """Return whether a promise was kept."""
    return PromiseBroken(time, code, seconds, cause) if seconds else PromiseKept(time, code)


def seconds_over(booking: Booking, tour: Tour) -> int:
    """Return by how many seconds the worst end of a promise was missed, 0 if it was kept.

    Who got on before the window did so of their own will. Whose vehicle broke down under way has
    been on their way since they got on it.
    """
    promise = booking.owed
    first, last = (find(tour, kind, booking.code) for kind in RIDES)
    assert first is not None
    assert last is not None
    pickup, dropoff = tour.halts[first], tour.halts[last]
    boarded = boarded_before(booking)
    boarded = pickup.earliest if boarded is None else boarded
    aboard = dropoff.earliest - (boarded + pickup.service)
    return max(
        boarded - promise.pickup_latest,
        dropoff.earliest - promise.dropoff_latest,
        aboard - promise.max_ride,
        0,
    )


def without_a_ride(plan: DayPlan, booking: Booking, time: int) -> list[PromiseBroken]:
    """Return the verdict on a promise that no vehicle was sent to keep; none if there is one."""
    skipped = any(
        (report.kind, report.code) == (ReportKind.SKIPPED, booking.code)
        for reports in plan.reports.values()
        for report in reports
    )
    return [] if skipped else [PromiseBroken(time, booking.code, 0, Cause.NO_VEHICLE)]


def _given_up(plan: DayPlan, tour: Tour, now: int) -> bool:
    open_ = tour.served < len(tour.halts) - 1
    return open_ and tour.shift.id in plan.reports and now >= tour.shift.end + GRACE


def _closed(plan: DayPlan, tour: Tour) -> tuple[Tour, list[Booking], list[Event]]:
    """Close a tour of which too little was reported.

    Who was on board got off some time, nobody knows when; who was not is in no tour any more.
    """
    time = tour.shift.end + GRACE
    lost: list[Booking] = []
    events: list[Event] = []
    while tour.served < len(tour.halts) - 1:
        halt = tour.halts[tour.served]
        booking = plan.bookings.get(halt.trip)
        if booking is None:
            tour = with_fact(tour, tour.served, time)
        elif halt.kind is HaltKind.PICKUP:
            tour = without(tour, halt.trip)
            lost.append(booking.with_status(BookingStatus.LET_DOWN))
            events.append(PromiseBroken(time, halt.trip, 0, Cause.UNKNOWN))
        else:
            tour = with_fact(tour, tour.served, time)
            fact = next(
                each for each in tour.halts if (each.trip, each.kind) == (halt.trip, halt.kind)
            )
            booking, happened = entered(booking, fact, tour)
            lost.append(booking)
            events.extend(happened)
    return tour, lost, events


def _warned(plan: DayPlan, now: int) -> tuple[DayPlan, Sequence[Event]]:
    """Tell of promises that came to be at risk, or are so by a different measure."""
    events = list(_warnings(plan, now))
    if not events:
        return plan, events
    told = {**plan.warned, **{each.code: each.seconds for each in events}}
    return replace(plan, warned=MappingProxyType(told)), events


def _warnings(plan: DayPlan, now: int) -> Iterator[PromiseAtRisk]:
    at_risk = {each.code: each for each in risks(plan)}
    for code, risk in at_risk.items():
        told = plan.warned.get(code)
        if not told or abs(risk.seconds - told) >= WARN_AGAIN:
            yield PromiseAtRisk(now, code, risk.shift, risk.seconds, risk.cause)
    for code, told in plan.warned.items():
        booking = None if code in at_risk or told < WARN_AGAIN else plan.bookings.get(code)
        # Whoever has arrived is the usual case, and quickly told.
        if booking is None or booking.status not in UNFINISHED:
            continue
        number = plan.tour_of(code)
        if number is not None:
            cause, shift = cause_of(plan, number), plan.tours[number].shift.id
            yield PromiseAtRisk(now, code, shift, 0, cause)
