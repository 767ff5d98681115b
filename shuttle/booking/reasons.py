"""Why a request is refused: the first thing that, if it were otherwise, would let the ride happen.

Every cause is tried, none is guessed: the same search runs once more on a day, or for a party, that
lacks what is suspected. Where it then finds a place, that was the cause. What concerns the request
alone comes first, then breaks and shifts, then other people's bookings; if not even a day without
those has a place, no vehicle can be there in time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from routing.insertion import best_insertions, explain
from routing.problem import FOREVER, HaltKind, Tour, Trip, empty_tour
from routing.schedule import CompiledTours, compile_tours
from shuttle.answers import NearestVehicle, RefusalReason
from shuttle.booking.offers import Option, Search
from shuttle.domain import When
from shuttle.place_names import whereabouts
from shuttle.plan import DayPlan, vehicle_of

LONGER_RIDE = 2
"""A ride is called too long if one of so many times the longest would fit. Otherwise the vehicle
merely passes by, on its way to others."""

_NEAR = 3600
"""A shift that begins or ends this close to a ride may be what is in its way."""

_LACKING = (
    (1, RefusalReason.NO_WHEELCHAIR_PLACE),
    (2, RefusalReason.NO_CHILD_SEAT),
    (0, RefusalReason.NO_SEATS),
)
"""Indices of :data:`routing.problem.LOAD_KINDS`, the scarcest kind first."""


def reason_of(search: Search, plan: DayPlan) -> RefusalReason:
    """Return why a request fits into no tour of its day.

    Parameters
    ----------
    search
        Has no offer in its wanted windows.
    plan
        The day of the request.
    """
    options = search.options(search.wanted)
    if not options and _closed(search):
        return RefusalReason.STOP_CLOSED
    if not options:
        at_any_time = replace(search, now=0, not_before=0).options(search.wanted)
        return RefusalReason.TOO_SOON if at_any_time else RefusalReason.SERVICE_HOURS
    trips = [option.trip for option in options]
    day = plan.unlocked
    tours = day.tours
    if (lacking := _lacking(day, trips)) is not None:
        return lacking
    if _fits(_compiled(day, [charged(tour) for tour in tours]), trips):
        return RefusalReason.BATTERY
    if _fits(_compiled(day, without_breaks(tours, trips)), trips):
        return RefusalReason.DRIVER_BREAK
    if _fits(_compiled(day, staying_on(tours, trips, search.now)), trips):
        return RefusalReason.SHIFT_ENDS
    if _fits(day, [_longer(search, option) for option in options]):
        return RefusalReason.RIDE_TOO_LONG
    if search.checked.request.when is When.ARRIVE_BY and _fits(day, list(map(_late, trips))):
        return RefusalReason.ARRIVAL_TOO_EARLY
    return _reason_on(_compiled(day, [emptied(tour) for tour in tours]), trips, search.now)


def _closed(search: Search) -> bool:
    """Whether no stop of one end of a request is open when it is wanted."""
    checked, time = search.checked, search.checked.request.time
    return any(
        all(search.region.closed(each.place, time, time) for each in ends)
        for ends in (checked.origins, checked.destinations)
    )


def _reason_on(empty: CompiledTours, trips: Sequence[Trip], now: int) -> RefusalReason:
    """Return the reason from what a day without other bookings would allow."""
    if _fits(empty, trips):
        return RefusalReason.OTHER_PROMISES
    if (lacking := _lacking(empty, trips)) is not None:
        return lacking
    if _fits(_compiled(empty, [charged(tour) for tour in empty.tours]), trips):
        return RefusalReason.BATTERY
    unbroken = without_breaks(empty.tours, trips)
    if _fits(_compiled(empty, unbroken), trips):
        return RefusalReason.DRIVER_BREAK
    changed = {tour.shift.id: tour for tour in unbroken}
    tours = [changed.get(tour.shift.id, tour) for tour in empty.tours]
    if _fits(_compiled(empty, staying_on(tours, trips, now)), trips):
        return RefusalReason.SHIFT_ENDS
    return RefusalReason.NO_VEHICLE_IN_REACH


def nearest_vehicle(search: Search, plan: DayPlan) -> NearestVehicle | None:
    """Return the vehicle that could be at the nearest stop first, if it may be at any time."""
    options = search.options(search.wanted)
    if not options:
        return None
    trips = [option.trip for option in options if option.pair is options[0].pair]
    whole = replace(
        trips[0],
        pickup_earliest=min(trip.pickup_earliest for trip in trips),
        pickup_latest=max(trip.pickup_latest for trip in trips),
        dropoff_latest=max(trip.dropoff_latest for trip in trips),
    )
    day = plan.unlocked
    travel = day.travel
    found = explain(day, travel, whole).tours
    possible = [each for each in found if each.pickup_after >= 0]
    if not possible:
        return None
    first = min(possible, key=lambda each: each.earliest_pickup)
    tour = day.tours[first.tour]
    place = tour.halts[first.pickup_after].place
    names = {each.id: each.name for each in search.region.config.vehicles}
    able = {vehicle_of(day.tours[each.tour]) for each in found if each.carries}
    return NearestVehicle(
        name=names[vehicle_of(tour)],
        only=len(able) == 1 < len({vehicle_of(each) for each in day.tours}),
        place=whereabouts(search.region, place),
        until=first.earliest_pickup - int(travel.seconds[place, whole.pickup]),
        pickup=first.earliest_pickup,
    )


def without_breaks(tours: Sequence[Tour], trips: Sequence[Trip]) -> list[Tour]:
    """Return the tours with a break still to come at the time of the trips, without it."""
    begin, end = _span(trips)
    relaxed = []
    for tour in tours:
        ahead = {
            number
            for number, halt in enumerate(tour.halts)
            if number >= tour.fixed and halt.kind is HaltKind.BREAK
        }
        if any(
            tour.halts[number].earliest <= end
            and begin <= tour.halts[number].latest + tour.halts[number].service
            for number in ahead
        ):
            halts = tuple(halt for number, halt in enumerate(tour.halts) if number not in ahead)
            relaxed.append(replace(tour, halts=halts))
    return relaxed


def staying_on(tours: Sequence[Tour], trips: Sequence[Trip], now: int) -> list[Tour]:
    """Return the tours whose shift begins or ends near the trips, as if it did not."""
    begin, end = _span(trips)
    return [
        _on_duty(tour, now)
        for tour in tours
        if tour.shift.end <= end + _NEAR or begin <= tour.shift.start + _NEAR
    ]


def charged(tour: Tour) -> Tour:
    """Return a tour as if its battery lasted for any way."""
    return replace(tour, reach=FOREVER)


def emptied(tour: Tour) -> Tour:
    """Return a tour that carries only those whose ride has begun, or is being driven to."""
    begun = {halt.trip for halt in tour.halts[: tour.fixed]}
    halts = tuple(halt for halt in tour.halts if not halt.trip or halt.trip in begun)
    return replace(tour, halts=halts)


def _on_duty(tour: Tour, now: int) -> Tour:
    """Return a tour as if its shift had begun by now and did not end."""
    shift = replace(tour.shift, start=min(tour.shift.start, now), end=FOREVER, max_duration=FOREVER)
    if tour.fixed == len(tour.halts):
        return empty_tour(replace(shift, start=now, start_place=shift.end_place, breaks=()))
    halts = list(tour.halts)
    halts[-1] = replace(halts[-1], latest=FOREVER)
    if tour.served == 0:
        halts[0] = replace(halts[0], earliest=shift.start, latest=FOREVER)
    return replace(tour, shift=shift, halts=tuple(halts))


def _span(trips: Sequence[Trip]) -> tuple[int, int]:
    return (
        min(trip.pickup_earliest for trip in trips),
        max(trip.dropoff_latest for trip in trips),
    )


def _compiled(day: CompiledTours, tours: Sequence[Tour]) -> CompiledTours:
    return compile_tours(tours, day.travel)


def _fits(day: CompiledTours, trips: Sequence[Trip]) -> bool:
    """Whether any of the trips fits into any of the tours."""
    return any(best_insertions(day, day.travel, trips)) if day.tours else False


def _lacking(day: CompiledTours, trips: Sequence[Trip]) -> RefusalReason | None:
    """Return the kind of place for want of which no trip fits; None if it is not for that."""
    if not _fits(day, [replace(trip, loads=(0, 0, 0)) for trip in trips]):
        return None
    asked = [(kind, reason) for kind, reason in _LACKING if trips[0].loads[kind]]
    for kind, reason in asked:
        if _fits(day, list(_without(trips, kind))):
            return reason
    return asked[0][1]


def _without(trips: Sequence[Trip], kind: int) -> Iterator[Trip]:
    """Yield the trips as if they took up nothing of one kind."""
    for trip in trips:
        seats, wheelchairs, child_seats = (
            0 if number == kind else load for number, load in enumerate(trip.loads)
        )
        yield replace(trip, loads=(seats, wheelchairs, child_seats))


def _longer(search: Search, option: Option) -> Trip:
    """Return an option whose ride may take longer than is promised to anybody."""
    trip, request = option.trip, search.checked.request
    longest = LONGER_RIDE * trip.max_ride
    latest = trip.pickup_latest + trip.pickup_service + longest
    if request.when is When.ARRIVE_BY:
        latest = min(latest, request.time - option.pair.from_dropoff)
    return replace(trip, max_ride=longest, dropoff_latest=latest)


def _late(trip: Trip) -> Trip:
    """Return a trip that may arrive after the time asked for."""
    return replace(trip, dropoff_latest=trip.pickup_latest + trip.pickup_service + trip.max_ride)
