"""The promise ledger: what was owed, what happened, kept or broken."""

from routing.problem import Halt, HaltKind, Tour
from shuttle.acts import Outcome
from shuttle.domain import Booking, BookingStatus
from shuttle.events import DroppedOff, Event, PickedUp, PromiseBroken, PromiseKept
from shuttle.plan import DayPlan


def followed(before: DayPlan, now: int) -> Outcome[tuple[Event, ...]]:
    """Return the day after its vehicles followed their timetable up to now, and what happened."""
    after = before.at(now)
    bookings: dict[str, Booking] = {}
    events: list[Event] = []
    moved: set[int] = set()
    for number, (old, new) in enumerate(zip(before.tours, after.tours, strict=True)):
        for halt in newly_served(old, new):
            booking = bookings.get(halt.trip, after.bookings[halt.trip])
            bookings[halt.trip], happened = entered(booking, halt, new)
            events.extend(happened)
            moved.add(number)
    events.sort(key=lambda event: event.time)
    changed = tuple(bookings.values())
    return Outcome(
        tuple(events),
        after.with_bookings(*changed),
        happened=frozenset(moved),
        bookings=changed,
        events=tuple(events),
    )


def newly_served(before: Tour, after: Tour) -> list[Halt]:
    """Return the pickups and drop-offs that happened between two states of one tour."""
    return [
        halt
        for halt in after.halts[before.served : after.served]
        if halt.kind in (HaltKind.PICKUP, HaltKind.DROPOFF)
    ]


def entered(booking: Booking, halt: Halt, tour: Tour) -> tuple[Booking, list[Event]]:
    """Enter a halt that has happened.

    Parameters
    ----------
    booking
        Whose halt it is.
    halt
        Served: both ends of its window are the time at which it happened.
    tour
        Holds the halt, and the booking's pickup if this is the drop-off.

    Returns
    -------
    tuple
        The booking in its new status, and the events: at a drop-off with the verdict.
    """
    shift, time = tour.shift.id, halt.earliest
    if halt.kind is HaltKind.PICKUP:
        return booking.with_status(BookingStatus.ON_BOARD), [PickedUp(time, booking.code, shift)]
    seconds = _seconds_over(booking, halt, tour)
    verdict: Event = (
        PromiseBroken(time, booking.code, seconds) if seconds else PromiseKept(time, booking.code)
    )
    event = DroppedOff(time, booking.code, shift)
    return booking.with_status(BookingStatus.SERVED), [event, verdict]


def _seconds_over(booking: Booking, dropoff: Halt, tour: Tour) -> int:
    """Return by how many seconds the worst end of a promise was missed, 0 if it was kept."""
    promise = booking.ride.promise
    pickup = next(
        halt for halt in tour.halts if halt.trip == booking.code and halt.kind is HaltKind.PICKUP
    )
    aboard = dropoff.earliest - (pickup.earliest + pickup.service)
    return max(
        promise.pickup_earliest - pickup.earliest,
        pickup.earliest - promise.pickup_latest,
        dropoff.earliest - promise.dropoff_latest,
        aboard - promise.max_ride,
        0,
    )
