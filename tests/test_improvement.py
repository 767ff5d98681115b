from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.check import check_plan, worsened
from routing.improvement import Budget, Progress, improve
from routing.problem import (
    HaltKind,
    Problem,
    Request,
    Solution,
    Tour,
    Trip,
    Weights,
    empty_tour,
    trip_halts,
)
from routing.schedule import timetable
from routing.search_state import UnknownOptionError
from routing.travel_times import TravelTimes
from tests.days import busy_day, crooked_travel, random_travel, wild_tour, wild_trip

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


def waiting_in(problem: Problem) -> tuple[str, ...]:
    carried = trips_of(problem.tours)
    ids = (request.options[0].id for request in problem.requests)
    return tuple(trip for trip in ids if trip not in carried)


# --------------------------------------------------------------------------------- properties


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12), late=st.sampled_from((0, 0, 1200)))
def test_the_checker_accepts_every_result_and_it_is_never_worse_than_the_start(
    seed: int, places: int, late: int
) -> None:
    problem = wild_problem(seed, random_travel(seed, places, width=700), late=late)
    assert_good(problem, improve(problem, budget=Budget(iterations=150), seed=seed))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12))
def test_travel_times_against_the_triangle_inequality_do_no_harm(seed: int, places: int) -> None:
    problem = wild_problem(seed, crooked_travel(seed, places))
    assert_good(problem, improve(problem, budget=Budget(iterations=150), seed=seed))


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12), late=st.sampled_from((0, 0, 1200)))
def test_the_checker_accepts_thousands_of_results(seed: int, places: int, late: int) -> None:
    problem = wild_problem(seed, random_travel(seed, places, width=700), late=late, more=6)
    assert_good(problem, improve(problem, budget=Budget(iterations=400), seed=seed))


# -------------------------------------------------------------------------------------- oracle


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


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_what_can_be_enumerated_is_solved_to_the_optimum(seed: int) -> None:
    travel = random_travel(seed, 6, width=400)
    shift = replace(wild_tour(seed, travel).shift, breaks=(), start=0, end=20_000)
    trips = [replace(wild_trip(seed + k, travel), id=str(k)) for k in range(3)]
    weights = Weights(driving=1)
    problem = Problem(
        (empty_tour(replace(shift, layouts=((4, 1, 1),))),),
        tuple(Request((trip,), PRICE) for trip in trips),
        travel,
        weights,
    )
    assert improve(problem, budget=Budget(iterations=600)).cost == least_cost(problem)


# ----------------------------------------------------------------------------------- behaviour


def busy_problem() -> Problem:
    day = busy_day(1, vehicles=3, trips=60, places=80)
    requests = tuple(Request((trip,), 1 << 30) for trip in day.trips.values())
    return Problem(day.tours, requests, day.travel)


def test_a_busy_day_gets_much_shorter_ways_and_everybody_stays_served() -> None:
    problem = busy_problem()
    start = cost_of(problem, Solution(problem.tours, (), 0))
    solution = improve(problem, budget=Budget(iterations=3000))
    assert solution.unserved == ()
    assert solution.cost < 0.9 * start
    assert_good(problem, solution)


def test_a_day_can_be_planned_from_nothing() -> None:
    busy = busy_problem()
    problem = replace(busy, tours=tuple(empty_tour(tour.shift) for tour in busy.tours))
    solution = improve(problem, budget=Budget(iterations=2000))
    assert solution.unserved == ()
    assert_good(problem, solution)


def test_the_same_seed_gives_the_same_tours() -> None:
    problem = busy_problem()
    first, second = (improve(problem, budget=Budget(iterations=700), seed=5) for _ in range(2))
    assert first.tours == second.tours


def test_another_seed_gives_other_tours() -> None:
    problem = busy_problem()
    first, second = (improve(problem, budget=Budget(iterations=700), seed=s) for s in range(2))
    assert first.tours != second.tours


def test_no_iteration_leaves_the_plan_as_it_is() -> None:
    problem = busy_problem()
    assert improve(problem, budget=Budget(iterations=0)).tours == problem.tours


def test_without_requests_there_is_nothing_to_do() -> None:
    problem = replace(busy_problem(), requests=())
    assert improve(problem, budget=Budget(iterations=100)).tours == problem.tours


def test_a_day_without_vehicles_serves_nobody() -> None:
    problem = replace(busy_problem(), tours=())
    solution = improve(problem, budget=Budget(iterations=100))
    assert len(solution.unserved) == len(problem.requests)


def test_trips_that_are_no_requests_stay_in_their_tours() -> None:
    busy = busy_problem()
    staying = {request.options[0].id for request in busy.requests[::3]}
    problem = replace(
        busy, requests=tuple(r for r in busy.requests if r.options[0].id not in staying)
    )
    solution = improve(problem, budget=Budget(iterations=500))
    for before, after in zip(problem.tours, solution.tours, strict=True):
        assert [h.trip for h in before.halts if h.trip in staying] == [
            h.trip for h in after.halts if h.trip in staying
        ]


def test_it_stops_when_told_to_with_the_best_so_far() -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == 3

    solution = improve(busy_problem(), budget=Budget(iterations=100_000), stop=stop)
    assert len(seen) == 3
    assert solution.cost == seen[-1].cost <= seen[0].cost


def test_a_budget_in_seconds_is_counted_by_its_clock() -> None:
    ticks = iter(range(1000))
    seen: list[Progress] = []

    def go_on(progress: Progress) -> bool:
        seen.append(progress)
        return False

    budget = Budget(seconds=10.0, clock=lambda: float(next(ticks)))
    improve(busy_problem(), budget=budget, stop=go_on)
    assert seen[-1].spent >= 1.0
    assert len(seen) == 5


def test_a_budget_is_in_one_unit() -> None:
    with pytest.raises(ValueError, match="give one of them"):
        Budget()
    with pytest.raises(ValueError, match="give one of them"):
        Budget(iterations=1, seconds=1.0)


def test_the_cheaper_way_to_serve_a_trip_is_taken() -> None:
    busy = busy_problem()
    request = busy.requests[0]
    trip = request.options[0]
    far = replace(trip, pickup=(trip.pickup + 7) % 80)
    empty = tuple(empty_tour(tour.shift) for tour in busy.tours)
    choice = replace(request, options=(far, trip), penalties=(50_000, 0))
    problem = replace(busy, tours=empty, requests=(choice,))
    solution = improve(problem, budget=Budget(iterations=50))
    assert trip.pickup in {halt.place for tour in solution.tours for halt in tour.halts}
    again = replace(problem, requests=(replace(choice, penalties=(0, 50_000)),))
    solution = improve(again, budget=Budget(iterations=50))
    assert far.pickup in {halt.place for tour in solution.tours for halt in tour.halts}


def test_a_trip_that_costs_more_than_its_price_stays_unserved() -> None:
    busy = busy_problem()
    cheap = replace(busy.requests[0], price=1)
    empty = tuple(empty_tour(tour.shift) for tour in busy.tours)
    problem = replace(busy, tours=empty, requests=(cheap,))
    assert improve(problem, budget=Budget(iterations=50)).unserved == (cheap.options[0].id,)


def test_fewer_vehicles_are_used_when_they_are_dear() -> None:
    busy = busy_problem()
    empty = tuple(empty_tour(tour.shift) for tour in busy.tours)
    few = replace(busy, tours=empty, requests=busy.requests[:6])
    dear = replace(few, weights=Weights(vehicle=1 << 20))
    used = sum(len(t.halts) > 3 for t in improve(dear, budget=Budget(iterations=1000)).tours)
    assert used == 1


def test_a_tour_may_not_carry_what_is_no_option() -> None:
    busy = busy_problem()
    trip = busy.requests[0].options[0]
    other = replace(busy.requests[0], options=(replace(trip, pickup_service=1),))
    with pytest.raises(UnknownOptionError, match="none of the options"):
        improve(replace(busy, requests=(other,)), budget=Budget(iterations=1))
