"""Entering into a tour what has really happened: pure moves on one tour.

The served halts of a tour are facts in the order of their times, whatever the plan had foreseen:
a driver who picks up another party first is right. What lies ahead keeps its order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from routing.problem import Halt, HaltKind, Tour, empty_tour
from routing.travel_times import TravelTimes
from shuttle.domain import Booking, Promise
from shuttle.driving.reports import Report, ReportKind, standing
from shuttle.driving.rolling import arrival

RIDES = (HaltKind.PICKUP, HaltKind.DROPOFF)

_LEAVING = frozenset(ReportKind) - {
    ReportKind.STARTED,
    ReportKind.ENDED,
    ReportKind.ACKNOWLEDGED,
    ReportKind.ARRIVED,
    ReportKind.SKIPPED,
    ReportKind.TAKEN_BACK,
}
"""What is reported when a halt is done with: the vehicle does not leave before."""


def find(tour: Tour, kind: HaltKind, code: str) -> int | None:
    """Return the position of a party's halt, None if it is in another tour."""
    own = (k for k, halt in enumerate(tour.halts) if halt.trip == code and halt.kind is kind)
    return next(own, None)


def promise_of(booking: Booking) -> Promise:
    """Return the times that hold for a ride now."""
    return booking.ride_now.promise


def boarded_before(booking: Booking) -> int | None:
    """Return when somebody got on a vehicle that broke down under way, None for all others."""
    return None if booking.amendment is None else booking.amendment.boarded


def with_fact(tour: Tour, index: int, time: int) -> Tour:
    """Return a tour in which a halt happened at a time; a known fact gets another time."""
    begun, ahead = list(tour.halts[: tour.served]), list(tour.halts[tour.served :])
    if not begun and index > 0:
        begun.append(ahead.pop(0))  # whoever halts somewhere has left the depot
        begun[0] = replace(begun[0], latest=begun[0].earliest)
    known = index < tour.served
    halt = begun.pop(index) if known else ahead.pop(index - len(begun))
    fact = halt.between(time, time)
    begun.insert(index if known else len(begun), fact)
    begun.sort(key=_order)
    begun = [_around(halt, begun) for halt in begun]
    fixed = tour.fixed + (index >= tour.fixed)
    return replace(
        tour,
        halts=(*begun, *ahead),
        served=len(begun),
        fixed=max(fixed, len(begun)),
    )


def _order(halt: Halt) -> tuple[int, int]:
    """Sort facts by their time, between the start and the end."""
    return (halt.kind is HaltKind.END) - (halt.kind is HaltKind.START), halt.earliest


def _around(halt: Halt, begun: Sequence[Halt]) -> Halt:
    """Return the start no later, and the end no earlier, than all that happened."""
    if halt.kind not in (HaltKind.START, HaltKind.END):
        return halt
    times = [each.earliest for each in begun]
    time = min(times) if halt.kind is HaltKind.START else max(times)
    return replace(halt, earliest=time, latest=time)


def stood_at(tour: Tour, index: int) -> Tour:
    """Return a tour whose vehicle stands at a halt that has not happened: it comes next."""
    halts = list(tour.halts)
    halts.insert(tour.served, halts.pop(index))
    fixed = tour.fixed + (index >= tour.fixed)
    return replace(tour, halts=tuple(halts), fixed=max(fixed, tour.served + 1))


def unboarded(pickup: Halt, dropoff: Halt) -> tuple[Halt, Halt]:
    """Return the halts of a party that did not come: it takes no place and is over at once."""
    empty = (0, 0, 0)
    return (
        replace(pickup, loads=empty),
        replace(dropoff, place=pickup.place, service=0, loads=empty),
    )


def unserved(tour: Tour, index: int, halt: Halt, bookings: Mapping[str, Booking]) -> Tour:
    """Return a tour in which a halt has not happened after all: it comes next, as `halt`.

    To what the vehicle has left for meanwhile, it does not drive any more.
    """
    halts = list(tour.halts)
    del halts[index]
    halts.insert(tour.served - 1, halt)
    tour = replace(tour, halts=tuple(halts), served=tour.served - 1)
    return replace(not_left(tour, bookings, tour.served + 1), fixed=tour.served + 1)


def not_left(tour: Tour, bookings: Mapping[str, Booking], since: int) -> Tour:
    """Return a tour whose vehicle has not left for what comes from a position on."""
    halts = list(tour.halts)
    for k in range(since, tour.fixed):
        halts[k] = owed(tour, halts, k, bookings)
    return replace(tour, halts=tuple(halts), fixed=min(tour.fixed, max(since, 1)))


def without(tour: Tour, code: str) -> Tour:
    """Return a tour without a party, even if the vehicle was on its way to it."""
    gone = [k for k, halt in enumerate(tour.halts) if halt.trip == code]
    return replace(
        tour,
        halts=tuple(halt for halt in tour.halts if halt.trip != code),
        fixed=tour.fixed - sum(k < tour.fixed for k in gone),
        served=tour.served - sum(k < tour.served for k in gone),
    )


def not_yet_begun(tour: Tour, since: int, bookings: Mapping[str, Booking]) -> Tour:
    """Return a tour in which nothing has happened yet after a time but the start."""
    begun = [
        halt
        for halt in tour.halts[: tour.served]
        if halt.kind is HaltKind.START or halt.earliest <= since
    ]
    undone = [halt for halt in tour.halts[: tour.served] if halt not in begun]
    if not undone:
        return tour
    halts = (*begun, *undone, *tour.halts[tour.served :])
    opened = [
        owed(tour, halts, k, bookings) if len(begun) <= k < tour.fixed else halt
        for k, halt in enumerate(halts)
    ]
    fixed = max(len(begun), 1)
    return replace(tour, halts=tuple(opened), served=len(begun), fixed=fixed, ready=since)


def resettled(
    tour: Tour,
    reports: Sequence[Report],
    bookings: Mapping[str, Booking],
    travel: TravelTimes,
) -> Tour:
    """Return a tour whose halts ahead are no later than the facts ask for.

    How late a halt was feared to be is forgotten; rolling the plan forward makes it late again if
    it still is.
    """
    if not 0 < tour.served < len(tour.halts):
        return tour
    last = tour.halts[tour.served - 1]
    told = (each.time for each in standing(reports) if each.kind in _LEAVING)
    left = max(last.earliest, max(told, default=0))
    halts = list(tour.halts)
    for k in range(tour.served, tour.fixed):
        halts[k] = replace(halts[k], earliest=owed(tour, halts, k, bookings).earliest)
    if tour.served < tour.fixed:
        ahead = halts[tour.served]
        drive = 0 if ahead.place == last.place else int(travel.seconds[last.place, ahead.place])
        there = arrival(tour, tour.served, reports)
        soonest = left + drive if there is None else there
        halts[tour.served] = replace(ahead, earliest=max(ahead.earliest, soonest))
    return replace(tour, halts=tuple(halts), ready=left)


def owed(tour: Tour, halts: Sequence[Halt], k: int, bookings: Mapping[str, Booking]) -> Halt:
    """Return a halt in the window that it had before anything happened."""
    halt = halts[k]
    if halt.kind in RIDES:
        promise = promise_of(bookings[halt.trip])
        if halt.kind is HaltKind.PICKUP:
            earliest, latest = bookings[halt.trip].pickup_span
            return halt.between(earliest, latest)
        return halt.between(promise.pickup_earliest, promise.dropoff_latest)
    own = sum(not each.trip for each in halts[:k])
    return empty_tour(tour.shift).halts[own]
