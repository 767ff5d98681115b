"""Problems made of seeded days, and what holds for every plan of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, permutations

from hypothesis import strategies as st

from routing.check import check_plan, worsened
from routing.problem import (
    Halt,
    HaltKind,
    Problem,
    Request,
    Solution,
    Tour,
    Trip,
    Weights,
    trip_halts,
)
from routing.schedule import timetable
from routing.travel_times import TravelTimes
from tests.days import busy_day, wild_tour, wild_trip

SEEDS = st.integers(0, 1 << 40)

WEIGHTS = Weights(driving=10, metres=1, waiting=2, riding=3, lateness=50, vehicle=500)
PRICE = 100_000


def trips_of(tours: Sequence[Tour]) -> dict[str, Trip]:
    """Return what the tours carry, as it was asked for."""
    halts = [halt for tour in tours for halt in tour.halts]
    dropoffs = {halt.trip: halt for halt in halts if halt.kind == HaltKind.DROPOFF}
    return {
        pickup.trip: Trip(
            id=pickup.trip,
            pickup=pickup.place,
            dropoff=dropoffs[pickup.trip].place,
            pickup_earliest=pickup.earliest,
            pickup_latest=pickup.latest,
            dropoff_earliest=dropoffs[pickup.trip].earliest,
            dropoff_latest=dropoffs[pickup.trip].latest,
            max_ride=pickup.max_ride,
            loads=pickup.loads,
            pickup_service=pickup.service,
            dropoff_service=dropoffs[pickup.trip].service,
        )
        for pickup in halts
        if pickup.kind == HaltKind.PICKUP
    }


def cost_of(problem: Problem, solution: Solution) -> int:
    """Add up what a plan costs, from its timetables."""
    prices = {request.options[0].id: request.price for request in problem.requests}
    return sum(tour_cost(problem, tour) for tour in solution.tours) + sum(
        prices[trip] for trip in solution.unserved
    )


def tour_cost(problem: Problem, tour: Tour) -> int:
    weights, travel = problem.weights, problem.travel
    scheduled = timetable(tour, travel)
    cost, left = 0, {}
    for a, b in pairwise(tour.halts):
        if a.place != b.place:
            cost += weights.driving * int(travel.seconds[a.place, b.place])
            cost += weights.metres * int(travel.metres[a.place, b.place])
    for halt, begin in ((each.halt, each.begin) for each in scheduled):
        if halt.kind == HaltKind.PICKUP:
            left[halt.trip] = begin + halt.service
            cost += weights.waiting * (begin - halt.earliest)
        elif halt.kind == HaltKind.DROPOFF:
            cost += weights.riding * (begin - left[halt.trip])
        if halt.trip:
            cost += weights.lateness * max(0, begin - halt.latest)
    return cost + (weights.vehicle if left else 0)


def wild_problem(seed: int, travel: TravelTimes, *, late: int = 0, more: int = 4) -> Problem:
    """Return tours under way, and some trips that are in none of them."""
    tours = tuple(wild_tour(seed + v, travel, f"v{v}", late=late) for v in range(3))
    new = [replace(wild_trip(seed + k, travel), id=f"new{k}") for k in range(more)]
    requests = tuple(Request((trip,), PRICE) for trip in [*trips_of(tours).values(), *new])
    return Problem(tours, requests, travel, WEIGHTS)


def assert_good(problem: Problem, solution: Solution) -> None:
    """Everything that holds for every result."""
    trips = trips_of(problem.tours) | {
        request.options[0].id: request.options[0] for request in problem.requests
    }
    served = {trip: each for trip, each in trips.items() if trip not in solution.unserved}
    before = check_plan(problem.tours, problem.travel, trips_of(problem.tours))
    after = check_plan(solution.tours, problem.travel, served, problem.tours)
    assert worsened(before, after) == [], (before, after)
    start = Solution(problem.tours, waiting_in(problem), 0)
    assert solution.cost == cost_of(problem, solution)
    assert solution.cost <= cost_of(problem, start)


def staying_in(problem: Problem, tours: Sequence[Tour]) -> list[list[Halt]]:
    """Return the halts of each tour that are no requests' or have begun, in their order."""
    movable = {request.options[0].id for request in problem.requests}
    movable -= {halt.trip for tour in problem.tours for halt in tour.halts[: tour.fixed]}
    return [[halt for halt in tour.halts if halt.trip not in movable] for tour in tours]


def waiting_in(problem: Problem) -> tuple[str, ...]:
    carried = trips_of(problem.tours)
    ids = (request.options[0].id for request in problem.requests)
    return tuple(trip for trip in ids if trip not in carried)


def busy_problem() -> Problem:
    day = busy_day(1, vehicles=3, trips=60, places=80)
    requests = tuple(Request((trip,), 1 << 30) for trip in day.trips.values())
    return Problem(day.tours, requests, day.travel)


def every_order(trips: Sequence[Trip]) -> Iterator[tuple[tuple[str, bool], ...]]:
    """Yield all sequences of pickups and drop-offs."""
    ends = [(trip.id, pickup) for trip in trips for pickup in (True, False)]
    for order in permutations(ends):
        if all(order.index((trip.id, True)) < order.index((trip.id, False)) for trip in trips):
            yield order


def least_cost(problem: Problem) -> int:
    """Return the least cost of one empty tour for three trips, by trying everything."""
    trips = [request.options[0] for request in problem.requests]
    halts = {
        (trip.id, pickup): trip_halts(trip)[0 if pickup else 1]
        for trip in trips
        for pickup in (True, False)
    }
    empty = problem.tours[0]
    least = 1 << 40
    for chosen in range(1 << len(trips)):
        served = [trip for k, trip in enumerate(trips) if chosen >> k & 1]
        left = tuple(trip.id for trip in trips if trip not in served)
        for order in every_order(served):
            inner = tuple(halts[end] for end in order)
            tour = replace(empty, halts=(empty.halts[0], *inner, *empty.halts[1:]))
            if not check_plan([tour], problem.travel, {trip.id: trip for trip in served}):
                least = min(least, cost_of(problem, Solution((tour,), left, 0)))
    return least
