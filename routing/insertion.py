"""Every feasible insertion of a trip into the tours of a day, the best, and why others fail."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise

import numpy as np

from routing import positions
from routing.problem import FOREVER, Loads, Tour, Trip, trip_halts
from routing.schedule import CompiledTours, Records, read_only
from routing.travel_times import TravelTimes


class Obstacle(IntEnum):
    """Why a trip fits nowhere in a tour, in the order in which a try comes to it.

    FIXED: what lies ahead of the vehicle begins after the pickup window. PICKUP_WINDOW: the
    vehicle cannot be there in time. CAPACITY: full, or never large enough. BREAK, SHIFT_END,
    OTHERS: a break, the end of the shift or a promise to another rider would be missed.
    DROPOFF_WINDOW: the destination cannot be reached in time. RIDE_LIMIT: too long on board.
    """

    FIXED = positions.FIXED
    PICKUP_WINDOW = positions.PICKUP_WINDOW
    CAPACITY = positions.CAPACITY
    BREAK = positions.BREAK
    SHIFT_END = positions.SHIFT_END
    OTHERS = positions.OTHERS
    DROPOFF_WINDOW = positions.DROPOFF_WINDOW
    RIDE_LIMIT = positions.RIDE_LIMIT
    NONE = positions.CLEAR


class UnknownPlaceError(ValueError):
    """A trip begins or ends at a place that the travel times do not know."""

    def __init__(self, trip: str, place: int, places: int) -> None:
        super().__init__(f"Place {place} of trip {trip!r} is not among the {places} known ones.")
        self.trip = trip
        self.place = place


@dataclass(frozen=True, slots=True)
class Insertion:
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
    obstacle
        What stops the try that gets furthest; NONE if the trip fits.
    missing
        With CAPACITY: the load kind that lacks, an index of routing.problem.LOAD_KINDS; else -1.
    carries
        Whether the vehicle holds the party when it is empty.
    earliest_pickup
        When the vehicle could pick the party up if both windows had no end; -1: not at all.
    pickup_after
        Position of the halt from which it would come then; -1: not at all.
    """

    tour: int
    obstacle: Obstacle
    missing: int
    carries: bool
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
    def nearest(self) -> Obstacle:
        """The obstacle of the try that gets furthest; FIXED without tours, NONE if it fits."""
        return max((each.obstacle for each in self.tours), default=Obstacle.FIXED)

    @property
    def missing(self) -> int:
        """The load kind that lacks, if that is the obstacle: an index of LOAD_KINDS; else -1."""
        if self.nearest != Obstacle.CAPACITY:
            return -1
        return max(each.missing for each in self.tours if each.obstacle == Obstacle.CAPACITY)

    @property
    def earliest_pickup(self) -> int | None:
        """When any vehicle could pick the party up if both windows had no end."""
        return min(
            (each.earliest_pickup for each in self.tours if each.pickup_after >= 0), default=None
        )


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
    trips = _trip_records(options, travel, penalties or [0] * len(options))
    found = _nothing_found(len(options))
    positions.search(
        compiled.halts,
        compiled.shifts,
        compiled.layouts,
        travel.seconds,
        read_only(trips),
        (1, waiting_weight),
        found,
    )
    return [
        _insertion(compiled, travel, option, trip, *found[option].item())
        if found[option]["tour"] >= 0
        else None
        for option, trip in enumerate(options)
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
    ValueError
        If one of its halts is fixed: it cannot be undone.
    """
    where = [k for k, halt in enumerate(tour.halts) if halt.trip == trip_id]
    if not trip_id or not where:
        raise KeyError(trip_id)
    if where[0] < tour.fixed:
        raise ValueError(f"Trip {trip_id!r} has begun in the tour of shift {tour.shift.id!r}.")
    return replace(tour, halts=tuple(halt for halt in tour.halts if halt.trip != trip_id))


def explain(compiled: CompiledTours, travel: TravelTimes, trip: Trip) -> Obstacles:
    """Return why a trip fits into no tour, tour by tour.

    Raises
    ------
    UnknownPlaceError
        If one of its places is not in `travel`.
    """
    unbounded = replace(trip, pickup_latest=FOREVER, dropoff_latest=FOREVER)
    trips = _trip_records([trip, unbounded], travel, [0, 0])
    found = _nothing_found(len(compiled.tours))
    reached = np.zeros((len(compiled.tours), 2), np.int64)
    positions.explain(
        compiled.halts,
        compiled.shifts,
        compiled.layouts,
        travel.seconds,
        read_only(trips),
        reached,
        found,
    )
    return Obstacles(
        tuple(
            _tour_obstacle(compiled, v, trip, int(reached[v, 0]), int(reached[v, 1]), found[v])
            for v in range(len(compiled.tours))
        )
    )


def _tour_obstacle(
    compiled: CompiledTours, v: int, trip: Trip, obstacle: int, at: int, earliest: np.void
) -> TourObstacle:
    layouts = compiled.tours[v].shift.layouts
    row = compiled.halts[v][max(at, 0)]
    empty = (0, 0, 0)
    on_board = (row["seats"], row["wheelchairs"], row["child_seats"]) if at >= 0 else empty
    possible = earliest["tour"] >= 0
    return TourObstacle(
        tour=v,
        obstacle=Obstacle(obstacle),
        missing=_missing(layouts, on_board, trip.loads) if obstacle == Obstacle.CAPACITY else -1,
        carries=_missing(layouts, empty, trip.loads) < 0,
        earliest_pickup=int(earliest["pickup_time"]) if possible else -1,
        pickup_after=int(earliest["pickup_after"]) if possible else -1,
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


def _trip_records(
    options: Sequence[Trip], travel: TravelTimes, penalties: Sequence[int]
) -> Records:
    places = len(travel.seconds)
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


def _nothing_found(size: int) -> Records:
    found = np.zeros(size, positions.FOUND)
    found["tour"] = -1
    found["score"] = found["pickup_time"] = FOREVER
    return found


def _insertion(
    compiled: CompiledTours,
    travel: TravelTimes,
    option: int,
    trip: Trip,
    tour: int,
    pickup_after: int,
    dropoff_after: int,
    score: int,
    added_seconds: int,
    pickup_time: int,
    dropoff_time: int,
) -> Insertion:
    halts = compiled.tours[tour].halts
    metres = travel.metres

    def way(*places: int) -> int:
        return sum(int(metres[a, b]) for a, b in pairwise(places) if a != b)

    before, behind = halts[pickup_after].place, halts[pickup_after + 1].place
    last, next_ = halts[dropoff_after].place, halts[dropoff_after + 1].place
    if pickup_after == dropoff_after:
        added = way(before, trip.pickup, trip.dropoff, behind) - way(before, behind)
    else:
        added = way(before, trip.pickup, behind) - way(before, behind)
        added += way(last, trip.dropoff, next_) - way(last, next_)
    return Insertion(
        option,
        tour,
        pickup_after,
        dropoff_after,
        score,
        added_seconds,
        added,
        pickup_time,
        dropoff_time,
    )
