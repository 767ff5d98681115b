"""What can be said of a booked ride now: where it stands, when the vehicle comes, where it is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.mapping.tours import stands_of
from api.mapping.tracks import position
from api.service import Service
from api.times import local_time
from routing.problem import HaltKind
from shuttle.domain import Booking, BookingStatus
from shuttle.place_names import whereabouts
from shuttle.plan import DayPlan
from shuttle.telling.reminding import sharpened

SOON = 60 * 60
"""Seconds before the pickup from which on a sharper time is told, and roughly where the bus is."""

NEAR = 10 * 60
"""Seconds before the pickup from which on it is told where exactly the bus is."""

SEEN = 300
"""A position that was reported longer ago says less than the timetable."""


class Phase(StrEnum):
    """Where a ride stands, as its owner sees it."""

    BOOKED = "booked"
    SOON = "soon"
    HERE = "here"
    ON_BOARD = "on_board"
    OVER = "over"
    CANCELLED = "cancelled"
    MISSED = "missed"
    STRANDED = "stranded"
    LET_DOWN = "let_down"


@dataclass(frozen=True, slots=True)
class Progress:
    """How a ride stands now.

    Attributes
    ----------
    earliest, latest
        The sharpened pickup time, from an hour before.
    arrival
        The expected drop-off of whoever is on board.
    late
        Whether the pickup is expected after the end of its window.
    village
        Roughly where the bus is, within the hour.
    spot
        Exactly where, within ten minutes: degrees.
    changed
        Whether stops or times are not those that were promised.
    """

    phase: Phase
    earliest: datetime | None = None
    latest: datetime | None = None
    arrival: datetime | None = None
    late: bool = False
    village: str = ""
    spot: tuple[float, float] | None = None
    changed: bool = False


_SETTLED = {
    BookingStatus.SERVED: Phase.OVER,
    BookingStatus.CANCELLED: Phase.CANCELLED,
    BookingStatus.NO_SHOW: Phase.MISSED,
    BookingStatus.LET_DOWN: Phase.LET_DOWN,
}


def progress_of(service: Service, booking: Booking, now: int) -> Progress:
    """Return how a ride stands."""
    changed = booking.amendment is not None
    if booking.status in _SETTLED:
        return Progress(_SETTLED[booking.status], changed=changed)
    plan = service.dispatcher.plan(booking.ride.day, now)
    number = plan.tour_of(booking.code)
    if number is None:
        return Progress(Phase.STRANDED, changed=changed)
    pickup, dropoff = _expected(plan, number, booking.code)
    if booking.status is BookingStatus.ON_BOARD:
        arrival = local_time(service.region, dropoff)
        return Progress(Phase.ON_BOARD, arrival=arrival, changed=changed)
    left = pickup - now
    if left > SOON:
        return Progress(Phase.BOOKED, changed=changed)
    promise = booking.ride_now.promise
    earliest, latest = sharpened(promise, pickup)
    near = left <= NEAR
    return Progress(
        phase=Phase.HERE if left <= 0 else Phase.SOON,
        earliest=local_time(service.region, max(earliest, min(now, latest))),
        latest=local_time(service.region, latest),
        late=pickup > promise.pickup_latest,
        village=_village(plan, number, now),
        spot=_spot(service, plan, number, now) if near else None,
        changed=changed,
    )


def _expected(plan: DayPlan, number: int, code: str) -> tuple[int, int]:
    """Return when pickup and drop-off are expected."""
    begins = plan.compiled.halts[number]["soonest"]
    times = {
        halt.kind: int(begins[index])
        for index, halt in enumerate(plan.tours[number].halts)
        if halt.trip == code
    }
    dropoff = times[HaltKind.DROPOFF]
    return times.get(HaltKind.PICKUP, dropoff), dropoff


def _village(plan: DayPlan, number: int, now: int) -> str:
    """Return the village where the vehicle was last, or halts next."""
    halts = stands_of(plan)[number]
    return whereabouts(plan.region, halts[position(plan.region, halts, now).last].place)


def _spot(service: Service, plan: DayPlan, number: int, now: int) -> tuple[float, float]:
    shift = plan.tours[number].shift.id
    seen = service.dispatcher.sightings.last(plan.day, shift, now)
    if seen is not None and seen.time > now - SEEN:
        return seen.lat, seen.lon
    where = position(plan.region, stands_of(plan)[number], now)
    return where.lat, where.lon
