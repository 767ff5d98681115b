"""Vehicles are spared where that is cheaper, and nobody is left behind by it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings

from routing.budget import Budget, Progress
from routing.fleet import closing, find_room
from routing.improvement import Search, improve
from routing.problem import HaltKind, Problem, Request, Solution, Tour, Weights, empty_tour
from routing.search_state import Given, SearchState, load
from tests.days import busy_day, random_travel
from tests.plans import SEEDS, assert_good, cost_of, trips_of, wild_problem

DEAR = Weights(vehicle=1 << 30)


def easy_day(vehicles: int = 4, trips: int = 24) -> Problem:
    """Return a day of equal vehicles that all carry somebody, though fewer could do it."""
    day = busy_day(1, vehicles=vehicles, trips=trips, places=80)
    requests = tuple(Request((trip,), 1 << 34) for trip in day.trips.values())
    return Problem(day.tours, requests, day.travel, DEAR)


def rush_hour(vehicles: int = 3) -> Problem:
    """Return as many trips as vehicles, all of them at once and each filling one."""
    day = busy_day(2, vehicles=1, trips=1, places=80)
    (trip,) = day.trips.values()
    full = replace(trip, loads=(8, 0, 0), pickup_latest=trip.pickup_earliest)
    tight = replace(full, max_ride=int(day.travel.seconds[trip.pickup, trip.dropoff]))
    trips = [replace(tight, id=f"trip{v}") for v in range(vehicles)]
    tours = tuple(
        empty_tour(replace(day.tours[0].shift, id=f"v{v}", breaks=())) for v in range(vehicles)
    )
    return Problem(tours, tuple(Request((each,), 1 << 34) for each in trips), day.travel, DEAR)


def used(tours: Sequence[Tour]) -> int:
    return sum(any(halt.kind == HaltKind.PICKUP for halt in tour.halts) for tour in tours)


def test_a_day_that_fits_in_fewer_vehicles_ends_in_fewer_when_they_are_dear() -> None:
    problem = easy_day()
    assert used(problem.tours) == 4
    solution = improve(problem, budget=Budget(iterations=3000))
    assert solution.unserved == ()
    assert used(solution.tours) == 2
    assert_good(problem, solution)


def test_vehicles_that_cost_nothing_are_not_spared() -> None:
    problem = replace(easy_day(), weights=Weights())
    solution = improve(problem, budget=Budget(iterations=500))
    assert used(solution.tours) > 1
    assert_good(problem, solution)


def test_closed_vehicles_carry_nobody_while_room_is_sought() -> None:
    problem = easy_day(trips=60)
    search = Search(SearchState(problem, problem.tours))
    given, plan = search.state.given, search.state.plan
    closed = [0, 2]
    orders = [plan.order[r, : plan.shifts["length"][r]].tolist() for r in plan.at.tolist()]
    for v in closed:
        orders[v] = list(search.partition.empty[v])
    tight = closing(given, closed, 10_000)
    load(tight, plan, orders)
    left = []
    for _ in range(40):
        left.append(room_found(search, tight))
        assert (plan.carried[plan.at[closed]] == 0).all()
        assert left[-1] == (plan.tour < 0).sum()
    assert left[-1] < left[0]
    assert (given.price == 1 << 34).all()
    assert (given.layouts[closed] >= 0).all()


def room_found(search: Search, tight: Given) -> int:
    left, done = find_room(
        tight,
        search.state.plan,
        search.memory,
        search.scratch,
        search.habits,
        1000,
        300.0,
        10,
        search.chance,
    )
    assert done <= 10
    assert done == 10 or left == 0
    return left


def test_a_vehicle_like_a_closed_one_is_no_longer_held_for_its_twin() -> None:
    problem = rush_hour(vehicles=4)
    given = SearchState(problem, problem.tours).given
    assert given.twin.tolist() == [-1, 0, 1, 2]
    assert closing(given, [1, 2], 1).twin.tolist() == [-1, -1, -1, 0]


def test_a_day_in_which_nobody_can_be_spared_ends_as_good_as_before() -> None:
    problem = rush_hour()
    start = improve(replace(problem, weights=Weights()), budget=Budget(iterations=300))
    assert used(start.tours) == 3
    full = replace(problem, tours=start.tours)
    solution = improve(full, budget=Budget(iterations=600))
    assert solution.unserved == ()
    assert used(solution.tours) == 3
    assert solution.cost == cost_of(full, Solution(start.tours, (), 0))
    assert_good(full, solution)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_whoever_is_on_board_stays_there_however_dear_the_vehicle(seed: int) -> None:
    problem = wild_problem(seed, random_travel(seed, 8, width=700))
    dear = replace(problem, weights=problem.weights._replace(vehicle=1 << 30))
    begun = [{halt.trip for halt in tour.halts[: tour.fixed]} - {""} for tour in dear.tours]
    solution = improve(dear, budget=Budget(iterations=300), seed=seed)
    for tour, before, on_board in zip(solution.tours, dear.tours, begun, strict=True):
        assert tour.halts[: tour.fixed] == before.halts[: before.fixed]
        assert on_board <= set(trips_of([tour]))
    assert_good(dear, solution)


@pytest.mark.parametrize("iterations", [1, 30, 200, 900])
def test_the_day_is_whole_whenever_the_budget_ends(iterations: int) -> None:
    problem = easy_day(trips=50)
    solution = improve(problem, budget=Budget(iterations=iterations))
    assert solution.unserved == ()
    assert_good(problem, solution)


def test_the_same_seed_spares_the_same_vehicles() -> None:
    first, second = (improve(easy_day(), budget=Budget(iterations=900), seed=3) for _ in range(2))
    assert first.tours == second.tours


def test_only_steps_that_are_done_count_while_vehicles_are_spared() -> None:
    seen: list[Progress] = []

    def look(progress: Progress) -> bool:
        seen.append(progress)
        return False

    # Far more vehicles than are needed: one after the other is spared within a step or two.
    improve(easy_day(vehicles=12, trips=24), budget=Budget(iterations=400), stop=look)
    assert seen[0].iterations < 20
    assert seen[-1].iterations == 400
