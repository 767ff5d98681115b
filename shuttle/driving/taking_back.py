"""A driver takes back what was tapped by mistake: the tour goes on as if it never was.

A tap names the report that it takes back, so that it may be sent again and again. Of several
things that were reported of a party, the last is taken back first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from routing.insertion import best_insertions, insert
from routing.problem import HaltKind, Tour, Trip, trip_halts
from routing.schedule import compile_tours
from routing.travel_times import TravelTimes
from routing.worsening import made_worse
from shuttle.booking.offers import planned_trip
from shuttle.domain import UNFINISHED, Booking, BookingStatus
from shuttle.driving.drives import Drive, RejectedError
from shuttle.driving.driving_events import TakenBack
from shuttle.driving.facts import not_left, unserved, without
from shuttle.driving.reports import Rejection, Report, ReportKind, standing
from shuttle.driving.rolling import arrival

TAKE_BACK_SECONDS = 180
"""So long after a tap it can be taken back; later, the control room sees to it."""

_WORTH_IT = 60
"""So many seconds of driving less, and a halt is where it was before a mistaken tap."""

_HAPPENED = {
    ReportKind.PICKED_UP: (HaltKind.PICKUP, BookingStatus.BOOKED),
    ReportKind.DROPPED_OFF: (HaltKind.DROPOFF, BookingStatus.ON_BOARD),
}
"""What a report entered, and where its ride stands without it."""

_KINDS = frozenset({ReportKind.ARRIVED, ReportKind.NO_SHOW, *_HAPPENED})


def taken_back(drive: Drive, report: Report) -> Drive:
    """Return a drive in which a report does not count; once more is fine.

    Raises
    ------
    RejectedError
        ``NOTHING_TO_TAKE_BACK`` if the report was never taken in or is of another kind;
        ``TOO_LATE`` after :data:`TAKE_BACK_SECONDS`, or when the shift is over;
        ``NOT_THE_LAST`` if more was reported of the party; ``NO_ROOM`` if somebody else has got
        the place of who was said not to have come.
    """
    *before, _ = drive.reports
    tapped = next((each for each in before if each.id == report.takes_back), None)
    if tapped is None or tapped.kind not in _KINDS or tapped.code != report.code:
        raise RejectedError(Rejection.NOTHING_TO_TAKE_BACK)
    counting = standing(before)
    if tapped not in counting:
        return drive
    _check(tapped, report, counting)
    event = TakenBack(report.time, report.code, drive.tour.shift.id, tapped.kind)
    if tapped.kind is ReportKind.ARRIVED:
        if drive.bookings[report.code].status not in UNFINISHED:
            raise RejectedError(Rejection.TOO_LATE)  # a verdict on its ride has been given
        return drive.then(_as_planned(drive, report.code), event)
    booking = drive.bookings[report.code]
    if tapped.kind is ReportKind.NO_SHOW:
        booking = booking.with_status(BookingStatus.BOOKED)
        return drive.then(_awaited(drive, booking, tapped, report.time), event, booking=booking)
    kind, status = _HAPPENED[tapped.kind]
    index = drive.where(kind, report.code)
    if index >= drive.tour.served:  # the tour has been closed, or nobody had got on by then
        raise RejectedError(Rejection.TOO_LATE)
    if kind is HaltKind.DROPOFF and not _said(ReportKind.PICKED_UP, report.code, counting):
        # That they had got on was only taken from it that they got off.
        booking = booking.with_status(BookingStatus.BOOKED)
        return drive.then(_awaited(drive, booking, tapped, report.time), event, booking=booking)
    halts = trip_halts(planned_trip(drive.region, booking))
    tour = unserved(drive.tour, index, halts[kind is HaltKind.DROPOFF], drive.bookings)
    return drive.then(tour, event, booking=booking.with_status(status))


def _check(tapped: Report, report: Report, counting: list[Report]) -> None:
    over = any(each.kind is ReportKind.ENDED for each in counting)
    if over or not tapped.time <= report.time <= tapped.time + TAKE_BACK_SECONDS:
        raise RejectedError(Rejection.TOO_LATE)
    own = [each for each in counting if each.code == tapped.code and each.kind in _KINDS]
    if sorted(own, key=lambda each: each.time)[-1] != tapped:
        raise RejectedError(Rejection.NOT_THE_LAST)
    if tapped.kind in _HAPPENED and sum(each.kind is tapped.kind for each in own) > 1:
        raise RejectedError(Rejection.TOO_LATE)  # it corrected a time; what was said before stays


def _as_planned(drive: Drive, code: str) -> Tour:
    """Return the tour with a party's next halt where it fits best, if that is not where it is.

    Whoever taps at the wrong halt has made it the next one. The order from before is not kept;
    but it was a good one, so the best is that or better.
    """
    ahead = (drive.where(kind, code) for kind in (HaltKind.PICKUP, HaltKind.DROPOFF))
    index = next((each for each in ahead if each >= drive.tour.served), None)
    travel, tour = drive.region.travel, drive.tour
    if index is None or arrival(tour, index, drive.reports) is not None:
        return tour
    compiled = compile_tours((tour,), travel)
    others = [
        each
        for each in _elsewhere(tour, index)
        if not made_worse([tour], travel, [each], travel, [compiled.begins(0)])
    ]
    best = min(others, key=lambda each: _cost(each, travel), default=tour)
    late, driving = (a - b for a, b in zip(_cost(tour, travel), _cost(best, travel), strict=True))
    return best if late > 0 or driving > _WORTH_IT else tour


def _elsewhere(tour: Tour, index: int) -> Iterator[Tour]:
    """Yield the tour with a halt at each other place behind what is being driven to."""
    halt, rest = tour.halts[index], (*tour.halts[:index], *tour.halts[index + 1 :])
    fixed = tour.fixed - (index < tour.fixed)
    last = len(rest) - 1
    if halt.kind is HaltKind.PICKUP:
        last = next(k for k, each in enumerate(rest) if each.trip == halt.trip)
    for place in range(max(fixed, tour.served), last + 1):
        yield replace(tour, halts=(*rest[:place], halt, *rest[place:]), fixed=max(fixed, 1))


def _cost(tour: Tour, travel: TravelTimes) -> tuple[int, int]:
    """Return by how many seconds a tour misses its windows in all, and how long it drives."""
    begins = compile_tours((tour,), travel).halts[0]["soonest"].tolist()
    late = sum(
        max(0, begin - halt.latest)
        for begin, halt in zip(begins[tour.served :], tour.halts[tour.served :], strict=False)
    )
    places = [halt.place for halt in tour.halts]
    return late, sum(int(travel.seconds[pair]) for pair in pairwise(places))


def _said(kind: ReportKind, code: str, counting: Sequence[Report]) -> bool:
    return any(each.kind is kind and each.code == code for each in counting)


def _awaited(drive: Drive, booking: Booking, tapped: Report, now: int) -> Tour:
    """Return the tour with a party in it again that waits after all, where it fits best.

    If the vehicle stands where they wait, they get on next.
    """
    travel, code = drive.region.travel, booking.code
    trip = planned_trip(drive.region, booking)
    # The driver has waited: what is left of the window may be nothing by now.
    late = max(0, now + TAKE_BACK_SECONDS - trip.pickup_latest)
    willing = replace(
        trip,
        pickup_latest=trip.pickup_latest + late,
        dropoff_latest=trip.dropoff_latest + late,
        max_ride=trip.max_ride + late,
    )
    left = replace(without(drive.tour, code), ready=now)
    if _stands_there(drive, tapped):
        left = not_left(left, drive.bookings, left.served)
        tours = list(_getting_on_next(left, willing))
        fitting = [
            k for k, each in enumerate(tours) if not made_worse([left], travel, [each], travel)
        ]
        if not fitting:
            raise RejectedError(Rejection.NO_ROOM)
        best = min(fitting, key=lambda k: _cost(tours[k], travel))
        return list(_getting_on_next(left, trip))[best]
    found = best_insertions(compile_tours((left,), travel), travel, [willing], waiting_weight=100)
    if found[0] is None:
        raise RejectedError(Rejection.NO_ROOM)
    return insert(left, trip, found[0])


def _stands_there(drive: Drive, tapped: Report) -> bool:
    """Whether the vehicle still stands where a party waits: nothing has been said since."""
    index = drive.where(HaltKind.PICKUP, tapped.code)
    others = (each for each in standing(drive.reports) if each.code not in ("", tapped.code))
    went_on = any(each.time >= tapped.time for each in others)
    return not went_on and arrival(drive.tour, index, drive.reports) is not None


def _getting_on_next(tour: Tour, trip: Trip) -> Iterator[Tour]:
    """Yield a tour in which a party gets on next, with each place where it may get off."""
    pickup, dropoff = trip_halts(trip)
    first, halts = max(tour.served, 1), tour.halts
    for place in range(first, len(halts)):
        order = (*halts[:first], pickup, *halts[first:place], dropoff, *halts[place:])
        yield replace(tour, halts=order, fixed=first + 1)
