"""Every feasible insertion of a trip into the tours of a day, the best, and why others fail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from routing import positions
from routing.kernel import one_at_a_time
from routing.problem import (
    FOREVER,
    LOAD_KINDS,
    Loads,
    Shift,
    Tour,
    Trip,
    empty_tour,
    trip_halts,
)
from routing.schedule import CompiledTours, Records, compile_tours, read_only
from routing.travel_times import TravelTimes


class Obstacle(IntEnum):
    """Why a trip fits nowhere in a tour, in the order in which a try comes to it.

    FIXED: what lies ahead of the vehicle begins after the pickup window. PICKUP_WINDOW: the
    vehicle cannot be there in time. BREAK, SHIFT_END, OTHERS: a break, the end of the shift or a
    promise to another rider would be missed. DROPOFF_WINDOW: the destination cannot be reached in
    time. RIDE_LIMIT: too long on board. BATTERY: the vehicle would not get that far. CAPACITY: it
    is for want of places alone.
    """

    FIXED = positions.FIXED
    PICKUP_WINDOW = positions.PICKUP_WINDOW
    BREAK = positions.BREAK
    SHIFT_END = positions.SHIFT_END
    OTHERS = positions.OTHERS
    DROPOFF_WINDOW = positions.DROPOFF_WINDOW
    RIDE_LIMIT = positions.RIDE_LIMIT
    BATTERY = positions.BATTERY
    CAPACITY = positions.CAPACITY
    NONE = positions.CLEAR


class UnknownPlaceError(ValueError):
    """A trip begins or ends at a place that the travel times do not know."""

    def __init__(self, trip: str, place: int, places: int) -> None:
        super().__init__(f"Place {place} of trip {trip!r} is not among the {places} known ones.")
        self.trip = trip
        self.place = place


class FixedTripError(ValueError):
    """A trip that has begun cannot be taken out of its tour."""

    def __init__(self, trip: str, shift: str) -> None:
        super().__init__(f"Trip {trip!r} has begun in the tour of shift {shift!r}.")
        self.trip = trip
        self.shift = shift


class Insertion(NamedTuple):
    """A feasible place for a trip in the tours.

    Attributes
    ----------
    option
        Which of the trips that were asked for.
    tour
        Index of the tour.
    pickup_after, dropoff_after
        Positions of the halts, in the tour as it is, behind which the two new halts come; if
        equal, the drop-off follows the pickup directly.
    score
        What was minimised, in seconds.
    added_seconds, added_metres
        Driving more than without the trip.
    pickup_time, dropoff_time
        When service begins by the timetable of the tour with the trip.
    """

    option: int
    tour: int
    pickup_after: int
    dropoff_after: int
    score: int
    added_seconds: int
    added_metres: int
    pickup_time: int
    dropoff_time: int


@dataclass(frozen=True, slots=True)
class TourObstacle:
    """Why a trip does not fit into one tour, and what would.

    Attributes
    ----------
    tour
        Index of the tour.
    carries
        Whether the vehicle holds the party when it is empty.
    obstacle
        NONE if the trip fits. CAPACITY if it does not because of its loads: always if the vehicle
        does not carry the party. Else what stops the try that gets furthest.
    missing
        With CAPACITY: the load kind that lacks, an index of routing.problem.LOAD_KINDS; else -1.
    earliest_pickup
        When the vehicle could pick the party up if both windows had no end; -1: not at all.
    pickup_after
        Position of the halt from which it would come then; -1: not at all.
    """

    tour: int
    carries: bool
    obstacle: Obstacle
    missing: int
    earliest_pickup: int
    pickup_after: int


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Why a trip fits into no tour.

    Attributes
    ----------
    tours
        One obstacle a tour.
    """

    tours: tuple[TourObstacle, ...]

    @property
    def _candidates(self) -> tuple[TourObstacle, ...]:
        """The tours of vehicles that carry the party; all if none does."""
        return tuple(each for each in self.tours if each.carries) or self.tours

    @property
    def nearest(self) -> Obstacle:
        """What stops the vehicle that comes nearest to serving the trip; NONE if one can.

        Vehicles that never carry the party count only if there are no others. FIXED without tours.
        """
        return max((each.obstacle for each in self._candidates), default=Obstacle.FIXED)

    @property
    def missing(self) -> int:
        """The load kind that lacks, if CAPACITY is `nearest`: an index of LOAD_KINDS; else -1."""
        if self.nearest != Obstacle.CAPACITY:
            return -1
        return max(each.missing for each in self._candidates)

    @property
    def earliest_pickup(self) -> int | None:
        """When any vehicle could pick the party up if both windows had no end."""
        possible = [each.earliest_pickup for each in self.tours if each.pickup_after >= 0]
        return min(possible, default=None)


def best_insertions(
    compiled: CompiledTours,
    travel: TravelTimes,
    options: Sequence[Trip],
    penalties: Sequence[int] | None = None,
    *,
    waiting_weight: int = 0,
) -> list[Insertion | None]:
    """Return the best feasible insertion of each trip, over all tours and positions.

    Parameters
    ----------
    compiled
        The tours. For what is asked now, `compiled.at(now)`.
    travel
        Between all places of tours and options; may know more places than `compiled.travel`.
    options
        Trips, each looked at on its own: other stops, other windows.
    penalties
        Seconds added to the score of each option; none by default.
    waiting_weight
        What a second between the opening of the pickup window and the pickup costs, in seconds
        of driving.

    Returns
    -------
    list
        For each option the insertion with the least ``added_seconds + waiting_weight * (pickup_time
        - pickup_earliest) + penalty``; of equals, the one with the earlier pickup, then in the
        tour that comes first, then at the earlier positions. None if nothing is feasible.

    Raises
    ------
    UnknownPlaceError
        If an option's place is not in `travel`.
    """
    trips = trip_records(options, compiled, travel, penalties or [0] * len(options))
    found = _nothing_found(len(options))
    positions.search(
        compiled.halts,
        compiled.shifts,
        compiled.layouts,
        travel.seconds,
        travel.metres,
        read_only(trips),
        (1, waiting_weight),
        found,
    )
    return [
        Insertion(option, *best) if best[0] >= 0 else None
        for option, best in enumerate(found.tolist())
    ]


def insert(tour: Tour, trip: Trip, insertion: Insertion) -> Tour:
    """Return a tour with a trip in it, at the positions of an insertion."""
    pickup, dropoff = trip_halts(trip)
    before = tour.halts[: insertion.pickup_after + 1]
    between = tour.halts[insertion.pickup_after + 1 : insertion.dropoff_after + 1]
    behind = tour.halts[insertion.dropoff_after + 1 :]
    return replace(tour, halts=(*before, pickup, *between, dropoff, *behind))


def remove(tour: Tour, trip_id: str) -> Tour:
    """Return a tour without a trip.

    Raises
    ------
    KeyError
        If the trip is not in the tour.
    FixedTripError
        If one of its halts is fixed.
    """
    where = [k for k, halt in enumerate(tour.halts) if halt.trip == trip_id]
    if not trip_id or not where:
        raise KeyError(trip_id)
    if where[0] < tour.fixed:
        raise FixedTripError(trip_id, tour.shift.id)
    return replace(tour, halts=tuple(halt for halt in tour.halts if halt.trip != trip_id))


def explain(compiled: CompiledTours, travel: TravelTimes, trip: Trip) -> Obstacles:
    """Return why a trip fits into no tour, tour by tour.

    Raises
    ------
    UnknownPlaceError
        If one of its places is not in `travel`.
    """
    variants = (
        trip,
        replace(trip, loads=(0, 0, 0)),
        replace(trip, pickup_latest=FOREVER, dropoff_latest=FOREVER),
    )
    trips = trip_records(variants, compiled, travel, [0] * len(variants))
    found = _nothing_found(len(compiled.tours), len(variants))
    reached = np.zeros(len(compiled.tours), np.int64)
    positions.explain(
        compiled.halts,
        compiled.shifts,
        compiled.layouts,
        travel.seconds,
        travel.metres,
        read_only(trips),
        (0, 1),
        found,
        reached,
    )
    return Obstacles(
        tuple(
            _tour_obstacle(compiled, v, trip, Obstacle(int(reached[v])), found[v])
            for v in range(len(compiled.tours))
        )
    )


def warm_up() -> None:
    """Compile all kernels of this search, or load them, so that no first caller waits for it."""
    travel = TravelTimes(np.zeros((2, 2), np.int32), np.zeros((2, 2), np.int32))
    trip = Trip("", 0, 1, 0, 1, 0, 1, 1, (1, 0, 0), 0, 0)
    compiled = compile_tours((empty_tour(Shift("", 0, 0, 0, 1, ((1, 0, 0),))),), travel)
    with one_at_a_time("offers"):
        best_insertions(compiled, travel, (trip,))
        explain(compiled, travel, trip)


def _tour_obstacle(
    compiled: CompiledTours, v: int, trip: Trip, reached: Obstacle, found: Records
) -> TourObstacle:
    """Read the obstacle off where the trip, its weightless and its timeless twin fit."""
    fitting, weightless, timeless = found
    layouts, row = compiled.tours[v].shift.layouts, compiled.halts[v]
    missing = _missing(layouts, (0, 0, 0), trip.loads)
    carries = missing < 0
    if fitting["tour"] >= 0:
        obstacle = Obstacle.NONE
    elif not carries:
        obstacle = Obstacle.CAPACITY
    elif weightless["tour"] >= 0:
        obstacle = Obstacle.CAPACITY
        ride = row[weightless["pickup_after"] : weightless["dropoff_after"] + 1]
        on_board = zip(*(ride[kind].tolist() for kind in LOAD_KINDS), strict=True)
        missing = max(_missing(layouts, load, trip.loads) for load in on_board)
    else:
        obstacle = reached
    possible = timeless["tour"] >= 0
    return TourObstacle(
        v,
        carries,
        obstacle,
        missing,
        int(timeless["pickup_time"]) if possible else -1,
        int(timeless["pickup_after"]) if possible else -1,
    )


def _missing(layouts: Sequence[Loads], on_board: Sequence[int], party: Loads) -> int:
    """Return the load kind that lacks in the layout that comes nearest; -1 if one holds all."""
    lacks = [
        [
            max(0, load + more - room)
            for load, more, room in zip(on_board, party, layout, strict=True)
        ]
        for layout in layouts
    ]
    nearest = min(lacks, key=sum, default=[1, 0, 0])
    return max((kind for kind, lack in enumerate(nearest) if lack), default=-1)


def trip_records(
    options: Sequence[Trip],
    compiled: CompiledTours,
    travel: TravelTimes,
    penalties: Sequence[int],
) -> Records:
    """Return TRIP[O]; no kernel is ever asked for a place outside the matrix."""
    places = len(travel.seconds)
    assert places >= len(compiled.travel.seconds), "travel times of the tours' places are needed"
    for trip in options:
        for place in (trip.pickup, trip.dropoff):
            if not 0 <= place < places:
                raise UnknownPlaceError(trip.id, place, places)
    rows = [
        (
            trip.pickup,
            trip.dropoff,
            trip.pickup_earliest,
            trip.pickup_latest,
            trip.dropoff_earliest,
            trip.dropoff_latest,
            trip.max_ride,
            *trip.loads,
            trip.pickup_service,
            trip.dropoff_service,
            penalty,
        )
        for trip, penalty in zip(options, penalties, strict=True)
    ]
    return np.array(rows, dtype=positions.TRIP)


def _nothing_found(*shape: int) -> Records:
    found = np.zeros(shape, positions.FOUND)
    found["tour"] = -1
    found["score"] = found["pickup_time"] = FOREVER
    return found
