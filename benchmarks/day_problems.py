"""Days of a region as problems: seeded wishes, known at once, from stop to stop."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from routing.check import check_plan
from routing.insertion import best_insertions, insert
from routing.problem import (
    Break,
    HaltKind,
    Problem,
    Request,
    Shift,
    Solution,
    Tour,
    Trip,
    empty_tour,
)
from routing.schedule import compile_tours
from scenarios.demand import Wish
from shuttle.domain import Location, When
from shuttle.region import Region

DAY = date(2027, 3, 3)
"""A Wednesday: shops, schools and surgeries are open."""

PRICE = 10_000_000
"""Price of an unserved ride: more than all driving of a day, so that a cost says both."""

UNSERVED = 10 * 3600
"""What an unserved ride counts where costs are compared, in seconds of driving."""


@dataclass(frozen=True, slots=True)
class Windows:
    """How much room a ride leaves to the plan.

    Attributes
    ----------
    pickup
        Width of the pickup window in seconds.
    factor, extra
        The longest ride is ``factor * direct + extra`` seconds.
    """

    pickup: int
    factor: float
    extra: int


WINDOWS = {"tight": Windows(10 * 60, 1.5, 5 * 60), "loose": Windows(30 * 60, 1.5, 20 * 60)}


@dataclass(frozen=True, slots=True)
class Worth:
    """What a plan is worth: rides it leaves unserved, and seconds of driving."""

    unserved: int
    driving: int

    @classmethod
    def of_cost(cls, cost: int) -> "Worth":
        """Return what a cost in prices of this module says."""
        return cls(*divmod(cost, PRICE))

    @property
    def cost(self) -> int:
        """One figure for both, in seconds of driving."""
        return self.driving + UNSERVED * self.unserved


def vehicles_for(rides: int) -> int:
    """Return a fleet that has to work for so many rides.

    2 for 45, 5 for 150, 10 for 400 and 20 for 1,000, and in between; large fleets pool better.
    """
    return max(1, round(2 * math.pow(rides / 45, 0.7425)))


def day_problem(
    region: Region, asked: Sequence[Wish], vehicles: int, windows: Windows
) -> Problem | None:
    """Return a day with nobody served yet, or None if nobody can ride.

    Everybody rides from the nearest stop to the nearest stop; requests are in the order of asking.
    """
    trips = [
        trip
        for wish in sorted(asked, key=lambda wish: (wish.asked_at, wish.number))
        if (trip := _trip(region, wish, windows)) is not None
    ]
    if not trips:
        return None
    return Problem(
        tours=tuple(empty_tour(shift) for shift in _fleet(region, vehicles)),
        requests=tuple(Request((trip,), PRICE) for trip in trips),
        travel=region.travel,
    )


def _trip(region: Region, wish: Wish, windows: Windows) -> Trip | None:
    """Return a wish as a trip in its window; None if both ends have only one stop."""
    request, halt = wish.request, region.config.rules.halt_seconds
    pairs = [
        (walk_from + walk_to, pickup, dropoff)
        for pickup, walk_from in _stops(region, request.origin)
        for dropoff, walk_to in _stops(region, request.destination)
        if pickup != dropoff
    ]
    if not pairs:
        return None
    _, pickup, dropoff = min(pairs)
    direct = int(region.travel.seconds[pickup, dropoff])
    max_ride = round(windows.factor * direct) + windows.extra
    earliest = request.time
    deadline = earliest + windows.pickup + halt + max_ride
    if request.when is When.ARRIVE_BY:
        deadline = request.time
        earliest = deadline - direct - halt - windows.pickup
    return Trip(
        id=f"{wish.number:05}",
        pickup=pickup,
        dropoff=dropoff,
        pickup_earliest=earliest,
        pickup_latest=earliest + windows.pickup,
        dropoff_earliest=earliest,
        dropoff_latest=deadline,
        max_ride=max_ride,
        loads=request.party.loads,
        pickup_service=halt,
        dropoff_service=halt,
    )


def _stops(region: Region, location: Location) -> list[tuple[int, int]]:
    """Return (place, metres on foot) of the stops for one end of a ride."""
    if location.stop is not None:
        return [(region.place_of(location.stop), 0)]
    return region.walkable_stops(location.lat, location.lon)


def _fleet(region: Region, vehicles: int) -> list[Shift]:
    """Return so many like vehicles, out as long as rides run, with half an hour's break at noon."""
    like = region.shifts(DAY)[0]
    opens, closes = region.config.opening(DAY)[0]
    noon = (opens + closes) // 2
    rest = Break(like.start_place, noon - 3600, noon + 3600, 1800)
    return [
        replace(like, id=f"v{number}", start=opens, end=closes, breaks=(rest,))
        for number in range(vehicles)
    ]


def insertion_alone(problem: Problem) -> tuple[tuple[Tour, ...], float]:
    """Return the first plan: each ride in the order of asking where it costs least, for good.

    Returns
    -------
    tuple
        The tours, and how many seconds of processor time they took.
    """
    begin = time.process_time()
    compiled = compile_tours(problem.tours, problem.travel)
    for request in problem.requests:
        found = best_insertions(compiled, problem.travel, request.options)[0]
        if found is not None:
            tour = insert(compiled.tours[found.tour], request.options[found.option], found)
            compiled = compiled.replace(found.tour, tour)
    return compiled.tours, time.process_time() - begin


def worth_of(problem: Problem, tours: Sequence[Tour]) -> Worth:
    """Return what tours are worth, counted from their halts alone."""
    places = [[halt.place for halt in tour.halts] for tour in tours]
    legs = [leg for row in places for leg in pairwise(row)]
    served = sum(halt.kind == HaltKind.PICKUP for tour in tours for halt in tour.halts)
    driving = sum(int(problem.travel.seconds[a, b]) for a, b in legs)
    return Worth(len(problem.requests) - served, driving)


def faults_of(problem: Problem, solution: Solution) -> list[str]:
    """Return what the independent checker finds wrong, or that the cost is not what it says."""
    trips = {request.options[0].id: request.options[0] for request in problem.requests}
    served = {each: trip for each, trip in trips.items() if each not in set(solution.unserved)}
    faults = [str(each) for each in check_plan(solution.tours, problem.travel, served)]
    said, found = Worth.of_cost(solution.cost), worth_of(problem, solution.tours)
    if said != found:
        faults.append(f"the plan says {said} and is {found}")
    return faults
