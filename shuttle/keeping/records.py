"""A service day as it is stored, and back.

A record keeps the order of the halts and what has happened. Windows are not repeated in it: they
follow from the promise of the booking and from the shift, which are each written in one place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from routing.problem import Halt, HaltKind, Shift, Tour, empty_tour, trip_halts
from shuttle.booking.offers import planned_trip
from shuttle.domain import Booking, BookingStatus
from shuttle.driving.facts import unboarded
from shuttle.driving.reports import Report
from shuttle.errors import RegionError
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import HaltRecord, StoredDay, TourRecord
from shuttle.trouble.region_on_day import region_on


def record_of(tour: Tour) -> TourRecord:
    """Return what is stored of a tour."""
    halts = tuple(
        HaltRecord(int(halt.kind), halt.trip, halt.earliest if number < tour.fixed else None)
        for number, halt in enumerate(tour.halts)
    )
    return TourRecord(tour.shift.id, tour.fixed, tour.served, tour.ready, halts)


def restored(region: Region, day: date, stored: StoredDay) -> DayPlan:
    """Return the plan of a stored day.

    Raises
    ------
    RegionError
        If ``region.toml`` or ``stops.csv`` no longer has a shift or stop that the day uses.
    """
    bookings = {booking.code: booking for booking in stored.bookings}
    records = {record.shift: record for record in stored.tours}
    tours = []
    on_day = region_on(region, stored.conditions)
    for shift in on_day.shifts(day):
        record = records.pop(shift.id, None)
        tours.append(_tour(on_day, shift, record, bookings) if record else empty_tour(shift))
    for record in records.values():
        if any(halt.trip for halt in record.halts):
            raise RegionError(
                f"{region.folder / 'region.toml'}: shift {record.shift} carries bookings on "
                f"{day}; put it back until they are served."
            )
    plan = DayPlan.of(day, stored.revision, tours, bookings, on_day, stored.conditions)
    warned = {each.code: each.seconds for each in stored.warned}
    return replace(
        plan,
        reports=_by_shift(stored.reports),
        warned=MappingProxyType(warned),
        locks=stored.locks,
    )


def _by_shift(reports: Iterable[Report]) -> Mapping[str, tuple[Report, ...]]:
    known: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        known[report.shift].append(report)
    return MappingProxyType({shift: tuple(own) for shift, own in known.items()})


def _tour(
    region: Region, shift: Shift, record: TourRecord, bookings: Mapping[str, Booking]
) -> Tour:
    blank = empty_tour(shift).halts
    own = iter(blank)
    trips = _trips(region, {halt.trip for halt in record.halts if halt.trip}, bookings)
    halts = []
    for number, stored in enumerate(record.halts):
        halt = trips[stored.trip][stored.kind] if stored.trip else next(own)
        if number < record.fixed and stored.time is not None:
            halt = replace(halt, earliest=stored.time)
        if number < record.served and stored.time is not None:
            halt = replace(halt, latest=stored.time)
        halts.append(halt)
    return Tour(shift, tuple(halts), record.fixed, record.served, record.ready)


def _trips(
    region: Region, codes: Iterable[str], bookings: Mapping[str, Booking]
) -> dict[str, dict[int, Halt]]:
    halts: dict[str, dict[int, Halt]] = {}
    for code in codes:
        ride = bookings[code].ride_now
        try:
            pickup, dropoff = trip_halts(planned_trip(region, bookings[code]))
        except KeyError as error:
            raise RegionError(
                f"{region.folder / region.config.stops}: a booking on {ride.day} uses stop "
                f"{error.args[0]}; put it back until the ride is served."
            ) from error
        if bookings[code].status is BookingStatus.NO_SHOW:
            pickup, dropoff = unboarded(pickup, dropoff)
        halts[code] = {int(HaltKind.PICKUP): pickup, int(HaltKind.DROPOFF): dropoff}
    return halts
