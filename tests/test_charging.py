"""How far batteries reach: the limits of tours, and everything that plans keeping to them."""

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.budget import Budget
from routing.charging import Charge, joint_reach, own_reach, ranges
from routing.check import Breach, check_battery, check_plan, check_tour, worsened
from routing.improvement import improve
from routing.insertion import Obstacle, best_insertions, explain
from routing.ortools_engine import improve_with_ortools
from routing.problem import FOREVER, Problem, Shift, Tour, empty_tour
from routing.schedule import compile_tours, metres_of
from routing.travel_times import TravelTimes
from tests.days import crooked_travel, relaxed, wild_tour, wild_travel, wild_trip
from tests.plans import SEEDS, assert_good, busy_problem, trips_of, wild_problem
from tests.test_insertion import as_candidate, every_feasible

LENGTHS = 25
"""Tours of the proofs are shorter, so that all lengths can be tried."""


def along_a_line() -> TravelTimes:
    """Return places a metre apart."""
    places = np.arange(2 * LENGTHS)
    metres = np.abs(np.subtract.outer(places, places)).astype(np.int32)
    return TravelTimes(metres, metres)


def as_long_as(metres: int) -> Tour:
    return empty_tour(Shift(f"v@{metres}", 0, metres, 0, 1000, ((4, 0, 0),)))


def lasts(charges: list[Charge], metres: list[int]) -> bool:
    """Ask the checker, which shares no code with what finds the limits."""
    tours = [as_long_as(each) for each in metres]
    return check_battery(tours, along_a_line(), charges) == []


def wild_charges(rng: Random, tours: int) -> list[Charge]:
    """Return what a battery is given: little or much between tours, sometimes read."""
    full = rng.randrange(5, LENGTHS)
    found = [Charge(full, rng.choice((full, full // 2)))]
    for _ in range(tours - 1):
        gained = rng.choice((0, rng.randrange(full), 2 * full))
        read = rng.randrange(full + 1) if rng.random() < 0.2 else None
        found.append(
            Charge(full, gained) if read is None else Charge(full, gained, max(0, read - 2), read)
        )
    return found


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=SEEDS, tours=st.integers(1, 4))
def test_a_tour_may_be_just_as_long_as_the_battery_lasts_for_it_and_the_others(
    seed: int, tours: int
) -> None:
    rng = Random(seed)
    charges = wild_charges(rng, tours)
    metres = [rng.randrange(charges[0].full // tours + 2) for _ in range(tours)]
    if not lasts(charges, metres):
        return
    for number, reach in enumerate(own_reach(charges, metres)):
        possible = [
            length
            for length in range(LENGTHS + 1)
            if lasts(charges, [*metres[:number], length, *metres[number + 1 :]])
        ]
        assert reach == max(possible)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, tours=st.integers(1, 3))
def test_whatever_tours_do_within_their_joint_limits_the_battery_lasts(
    seed: int, tours: int
) -> None:
    rng = Random(seed)
    charges = wild_charges(rng, tours)
    metres = [rng.randrange(charges[0].full // tours + 2) for _ in range(tours)]
    if not lasts(charges, metres):
        return
    changing = [rng.random() < 0.8 for _ in metres]
    limits = joint_reach(charges, metres, changing)
    assert all(limit >= way for limit, way in zip(limits, metres, strict=True))
    for each in product(
        *({0, way, limit // 2, limit} for way, limit in zip(metres, limits, strict=True))
    ):
        assert lasts(charges, list(each))
    for number, may_change in enumerate(changing):
        longer = [*limits[:number], limits[number] + 1, *limits[number + 1 :]]
        if may_change:
            assert not lasts(charges, longer), "nothing is left over"
        else:
            assert limits[number] == metres[number]


def test_what_was_read_counts_and_what_was_reckoned_counts_within_it() -> None:
    morning = Charge(100, 100)
    assert ranges([morning, Charge(100, 20)], [70, 0]) == [100, 50]
    assert ranges([morning, Charge(100, 20, 49, 51)], [70, 0]) == [100, 50]
    assert ranges([morning, Charge(100, 20, 30, 32)], [70, 0]) == [100, 32]
    # A tour can no longer take what was read to be there at least after it.
    assert own_reach([morning, Charge(100, 20, 30, 32)], [70, 30]) == [100, 32]
    assert own_reach([morning, Charge(100, 20, 30, 32)], [70, 31]) == [89, 32]
    assert own_reach([morning, Charge(100, 20)], [70, 30]) == [90, 50]


def test_a_tour_that_is_too_long_already_gets_no_longer_and_harms_no_other() -> None:
    charges = [Charge(100, 100), Charge(100, 20), Charge(100, 100)]
    assert own_reach(charges, [120, 0, 50])[0] == 100
    assert joint_reach(charges, [120, 0, 50], [True] * 3)[0] == 120
    assert own_reach(charges, [60, 0, 300])[2] == 100


# ---------------------------------------------------------------------------------- the search


def with_reach(seed: int, tour: Tour, travel: TravelTimes) -> Tour:
    """Return a tour that may get somewhat longer, not at all, or is too long already."""
    rng = Random(seed)
    way = metres_of(tour, travel)
    more = rng.choice((-rng.randrange(1, 500), 0, rng.randrange(3000), rng.randrange(30_000)))
    return replace(tour, reach=rng.choice((max(0, way + more), max(0, way + more), FOREVER)))


def achievable(tour: Tour, travel: TravelTimes) -> Tour:
    return replace(tour, reach=max(tour.reach, metres_of(tour, travel)))


@pytest.mark.parametrize("crooked", [False, True])
@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8), late=st.sampled_from((0, 20)))
def test_the_best_insertion_within_reach_is_the_best_that_the_checker_accepts(
    crooked: bool, seed: int, places: int, late: int
) -> None:
    travel = wild_travel(seed, places, 1)
    if crooked:  # a way with one halt more may be shorter, as the fastest way is not the shortest
        travel = TravelTimes(travel.seconds, crooked_travel(seed, places).seconds * np.int32(14))
    tours = [
        with_reach(seed + v, wild_tour(seed + v, travel, f"v{v}", late=late, minute=1), travel)
        for v in range(2)
    ]
    compiled = compile_tours(tours, travel)
    judged = [achievable(relaxed(compiled, v), travel) for v in range(2)]
    trips = [wild_trip(seed + k, travel, minute=1) for k in range(3)]
    for trip, found in zip(trips, best_insertions(compiled, travel, trips), strict=True):
        best = min(every_feasible(judged, travel, trip), default=None)
        assert (None if found is None else as_candidate(found)) == best


def test_reach_is_what_is_in_the_way_of_many_insertions_and_the_explanation_says_so() -> None:
    told = 0
    for seed in range(500):
        travel = wild_travel(seed, 6)
        tour = wild_tour(seed, travel)
        trip = wild_trip(seed + 1, travel)
        free = best_insertions(compile_tours([tour], travel), travel, [trip])[0]
        if free is None:
            continue
        short = replace(tour, reach=metres_of(tour, travel))
        compiled = compile_tours([short], travel)
        found = best_insertions(compiled, travel, [trip])[0]
        light = best_insertions(compiled, travel, [replace(trip, loads=(0, 0, 0))])[0]
        wanted = Obstacle.CAPACITY if light else Obstacle.BATTERY
        obstacle = explain(compiled, travel, trip).tours[0].obstacle
        assert obstacle == (wanted if found is None else Obstacle.NONE)
        told += obstacle == Obstacle.BATTERY
    assert told > 40


def test_a_compiled_tour_that_may_go_farther_is_as_if_compiled_anew() -> None:
    travel = wild_travel(5, 6)
    tour = wild_tour(5, travel)
    before = compile_tours([tour], travel)
    after = before.replace(0, replace(tour, reach=metres_of(tour, travel) + 70))
    assert after.shifts["spare"].tolist() == [70]
    assert before.shifts["spare"].tolist() == [FOREVER]
    assert (after.halts == before.halts).all()


def limited(problem: Problem, seed: int) -> Problem:
    tours = [with_reach(seed + v, tour, problem.travel) for v, tour in enumerate(problem.tours)]
    return replace(problem, tours=tuple(tours))


def assert_within_reach(problem: Problem, tours: tuple[Tour, ...]) -> None:
    """No tour leads farther than its battery, or than it did."""
    for before, after in zip(problem.tours, tours, strict=True):
        assert after.reach == before.reach
        assert metres_of(after, problem.travel) <= max(
            before.reach, metres_of(before, problem.travel)
        )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 10), late=st.sampled_from((0, 1200)))
def test_no_search_plans_farther_than_batteries_reach(seed: int, places: int, late: int) -> None:
    problem = limited(wild_problem(seed, wild_travel(seed, places), late=late), seed)
    solution = improve(problem, budget=Budget(iterations=400), seed=seed)
    assert_good(problem, solution)
    assert_within_reach(problem, solution.tours)


@pytest.mark.parametrize("seed", range(6))
def test_ways_against_the_triangle_inequality_keep_to_batteries_as_well(seed: int) -> None:
    problem = limited(wild_problem(seed, crooked_travel(seed, 5 + seed)), seed)
    for solution in (
        improve(problem, budget=Budget(iterations=400), seed=seed),
        improve_with_ortools(problem, budget=Budget(iterations=2000)),
    ):
        assert_good(problem, solution)
        assert_within_reach(problem, solution.tours)


@pytest.mark.parametrize("seed", range(8))
def test_the_second_engine_plans_no_farther_either(seed: int) -> None:
    problem = limited(wild_problem(seed * 7919, wild_travel(seed, 2 + seed)), seed)
    solution = improve_with_ortools(problem, budget=Budget(iterations=4000), seed=seed)
    assert_good(problem, solution)
    assert_within_reach(problem, solution.tours)


def test_tours_that_are_short_of_battery_are_relieved_by_those_that_are_not() -> None:
    day = busy_problem()
    ways = [metres_of(tour, day.travel) for tour in day.tours]
    short = replace(
        day,
        tours=tuple(
            replace(tour, reach=way if v else FOREVER)
            for v, (tour, way) in enumerate(zip(day.tours, ways, strict=True))
        ),
    )
    found = improve(short, budget=Budget(iterations=3000), seed=1)
    assert_within_reach(short, found.tours)
    assert check_plan(found.tours, day.travel, trips_of(day.tours)) == []
    free = improve(day, budget=Budget(iterations=3000), seed=1)
    assert any(
        metres_of(tour, day.travel) > way
        for tour, way in zip(free.tours[1:], ways[1:], strict=True)
    ), "without batteries some tour would have got longer"


def test_the_checker_measures_by_how_much_a_battery_does_not_last() -> None:
    travel = along_a_line()
    tour = replace(as_long_as(20), reach=15)
    fault = check_tour(tour, travel)[0]
    assert (fault.what, fault.by) == (Breach.BATTERY, 5)
    assert worsened(check_tour(replace(tour, reach=14), travel), [fault]) == []
    pair = [as_long_as(20), as_long_as(9)]
    found = check_battery(pair, travel, [Charge(25, 25), Charge(25, 2)])
    assert [(each.shift, each.by) for each in found] == [("v@9", 2)]
