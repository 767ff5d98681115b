"""Why a booking rides in this vehicle and at this time, and what the next best would cost.

The booking is taken out of the plan, and its promise is tried again in every tour on its own, as
if it were booked now. What comes out is honest about later changes: other bookings may since have
made another vehicle the cheaper one.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from routing.insertion import Insertion, Obstacle, TourObstacle, best_insertions, explain
from routing.problem import LOAD_KINDS, Tour, Trip
from routing.schedule import CompiledTours, Records, compile_tours
from routing.travel_times import TravelTimes
from shuttle.booking.offers import planned_trip
from shuttle.domain import Booking
from shuttle.errors import NotPlanned
from shuttle.plan import DayPlan, vehicle_of


class Timing(StrEnum):
    """What the time of a pickup follows from.

    WINDOW: the promised window opens then. ARRIVAL: the vehicle comes from the stop before.
    READY: the vehicle could not set out sooner. OTHERS: it waits, so that nobody else is on board
    for too long.
    """

    WINDOW = "window"
    ARRIVAL = "arrival"
    READY = "ready"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Cost:
    """Driving more than without the booking."""

    seconds: int
    metres: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One tour, as a place for the booking.

    Attributes
    ----------
    shift, vehicle
        Whose tour it is.
    cost
        What the best place in it would cost; None if there is none.
    obstacle
        Why there is none.
    missing
        The load kind that lacks, if that is why.
    """

    shift: str
    vehicle: str
    cost: Cost | None
    obstacle: Obstacle
    missing: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a booking is where and when it is.

    Attributes
    ----------
    booking
        What is promised.
    shift, vehicle
        Whose tour carries it.
    pickup, dropoff
        When they happen, by the timetable.
    timing
        What the pickup's time follows from.
    before
        The place of the halt before the pickup.
    leaves
        When the vehicle leaves that place.
    drive
        Seconds of driving from there.
    begun
        Whether the ride is under way or over: then nothing else is compared any more.
    planned
        What it costs where it is; None once it has begun.
    own
        What the best place in its own tour would cost; None once it has begun.
    others
        All other tours, the cheapest first, then those that cannot.
    """

    booking: Booking
    shift: str
    vehicle: str
    pickup: int
    dropoff: int
    timing: Timing
    before: int
    leaves: int
    drive: int
    begun: bool
    planned: Cost | None = None
    own: Cost | None = None
    others: tuple[Candidate, ...] = ()

    @property
    def next_best(self) -> Candidate | None:
        """The cheapest other tour that could take the booking."""
        return next((each for each in self.others if each.cost is not None), None)


def explanation(plan: DayPlan, booking: Booking) -> Explanation:
    """Return why a booking is where and when it is.

    Parameters
    ----------
    plan
        Its service day, rolled forward to now.

    Raises
    ------
    NotPlanned
        If no tour carries it: it was cancelled.
    """
    number = plan.tour_of(booking.code)
    if number is None:
        raise NotPlanned(booking.code)
    tour = plan.tours[number]
    known = _as_planned(plan, number, booking)
    if any(halt.trip == booking.code for halt in tour.halts[: tour.fixed]):
        return known
    without = plan.removed(number, booking.code)
    trip = planned_trip(plan.region, booking)
    return replace(
        known,
        planned=_difference(plan.tours[number], without.tours[number], plan.compiled.travel),
        own=_cost(best_in(without.compiled, number, trip)),
        others=others_of(without.compiled, number, trip),
    )


def _as_planned(plan: DayPlan, number: int, booking: Booking) -> Explanation:
    """Return what the plan itself tells of a booking."""
    tour, timetable = plan.tours[number], plan.compiled.timetable(number)
    own = [k for k, halt in enumerate(tour.halts) if halt.trip == booking.code]
    pickup, before = own[0], _place_before(tour, own[0])
    row = plan.compiled.halts[number]
    return Explanation(
        booking=booking,
        shift=tour.shift.id,
        vehicle=vehicle_of(tour),
        pickup=timetable[pickup].begin,
        dropoff=timetable[own[1]].begin,
        timing=_timing(tour, row, pickup),
        before=tour.halts[before].place,
        leaves=timetable[before].departure,
        drive=int(row["drive"][before + 1]),
        begun=pickup < tour.fixed,
    )


def _place_before(tour: Tour, pickup: int) -> int:
    """Return the last halt before a pickup that is somewhere else, else the first halt."""
    place = tour.halts[pickup].place
    return next((k for k in range(pickup - 1, -1, -1) if tour.halts[k].place != place), 0)


def _timing(tour: Tour, row: Records, pickup: int) -> Timing:
    """Return which constraint holds the pickup back."""
    begin = int(row["soonest"][pickup])
    arrival = int(row["soonest"][pickup - 1] + row["gap"][pickup])
    if begin <= tour.halts[pickup].earliest:
        return Timing.WINDOW
    if begin <= arrival:
        return Timing.ARRIVAL
    if pickup == tour.fixed and begin <= tour.ready + int(row["drive"][pickup]):
        return Timing.READY
    return Timing.OTHERS


def others_of(day: CompiledTours, own: int, trip: Trip) -> tuple[Candidate, ...]:
    """Return all tours but one as places for a trip, the cheapest first, then where it fits not."""
    candidates = [
        candidate(day, trip, each)
        for each in explain(day, day.travel, trip).tours
        if each.tour != own
    ]
    return tuple(sorted(candidates, key=_by_cost))


def candidate(day: CompiledTours, trip: Trip, found: TourObstacle) -> Candidate:
    """Return one tour as a place for a trip."""
    tour = day.tours[found.tour]
    return Candidate(
        shift=tour.shift.id,
        vehicle=vehicle_of(tour),
        cost=_cost(best_in(day, found.tour, trip)),
        obstacle=found.obstacle,
        missing=LOAD_KINDS[found.missing] if found.obstacle is Obstacle.CAPACITY else None,
    )


def _by_cost(candidate: Candidate) -> tuple[bool, int, str]:
    cost = candidate.cost
    return (cost is None, 0 if cost is None else cost.seconds, candidate.shift)


def best_in(day: CompiledTours, number: int, trip: Trip) -> Insertion | None:
    """Return the best place for a trip in one tour alone, None if it does not fit there."""
    alone = compile_tours((day.tours[number],), day.travel)
    found = best_insertions(alone, day.travel, [trip])[0]
    return None if found is None else found._replace(tour=number)


def _cost(insertion: Insertion | None) -> Cost | None:
    return None if insertion is None else Cost(insertion.added_seconds, insertion.added_metres)


def _difference(tour: Tour, without: Tour, travel: TravelTimes) -> Cost:
    """Return how much more a tour drives than another."""
    (seconds, metres), (fewer_seconds, fewer_metres) = (
        driving_of(each, travel) for each in (tour, without)
    )
    return Cost(seconds - fewer_seconds, metres - fewer_metres)


def driving_of(tour: Tour, travel: TravelTimes) -> tuple[int, int]:
    """Return how many seconds and metres a tour drives."""
    places = [halt.place for halt in tour.halts]
    legs = [(a, b) for a, b in pairwise(places) if a != b]
    return (
        sum(int(travel.seconds[leg]) for leg in legs),
        sum(int(travel.metres[leg]) for leg in legs),
    )
