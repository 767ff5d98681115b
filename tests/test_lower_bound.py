from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances import SCALE, as_problem, read_best_known, read_instance
from routing.budget import Budget
from routing.improvement import improve
from routing.lower_bound import LowerBound, lower_bound
from routing.problem import Problem, Request, Weights, empty_tour
from tests.days import busy_day, crooked_travel, random_travel, wild_tour, wild_trip
from tests.plans import SEEDS, WEIGHTS, least_cost, trips_of, wild_problem

ROUNDS = Budget(iterations=200)

PUBLISHED = Path(__file__).parents[2] / "shared" / "benchmarks" / "darp_a"

WEIGHINGS = st.sampled_from(
    (
        WEIGHTS,
        Weights(),
        Weights(driving=3, waiting=5, riding=2, lateness=7),
        Weights(driving=0, metres=1, riding=4, vehicle=20_000),
    )
)
PRICES = st.sampled_from((100, 10_000, 100_000, 1 << 30))


def wilder_problem(seed: int, problem: Problem, weights: Weights, price: int) -> Problem:
    """Give some trips another way to be served, and let others stay in their tours."""
    rng = Random(seed)
    requests = []
    for request in problem.requests:
        trip = request.options[0]
        price = rng.choice((price, price // 3))
        if rng.random() < 0.2 and trip.id in trips_of(problem.tours):
            continue
        options, penalties = [trip], [rng.choice((0, 50))]
        for _ in range(rng.choice((0, 0, 1, 2))):
            other = wild_trip(rng.randrange(1 << 30), problem.travel)
            options.append(replace(other, id=trip.id))
            penalties.append(rng.choice((0, 700)))
        requests.append(Request(tuple(options), price, tuple(penalties)))
    return replace(problem, requests=tuple(requests), weights=weights)


def twins(problem: Problem) -> Problem:
    """Let there be a second vehicle of the first kind, if nobody is in its tour."""
    tour = problem.tours[0]
    if any(halt.trip for halt in tour.halts):
        return problem
    twin = replace(tour, shift=replace(tour.shift, id="twin"))
    return replace(problem, tours=(*problem.tours, twin))


# --------------------------------------------------------------------------------- properties


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=SEEDS,
    places=st.integers(2, 12),
    late=st.sampled_from((0, 0, 1200)),
    weights=WEIGHINGS,
    price=PRICES,
)
def test_no_plan_that_the_search_finds_costs_less_than_the_bound(
    seed: int, places: int, late: int, weights: Weights, price: int
) -> None:
    wild = wild_problem(seed, random_travel(seed, places, width=700), late=late, more=1)
    problem = twins(wilder_problem(seed, wild, weights, price))
    bound = lower_bound(problem, budget=Budget(iterations=40))
    assert bound.value <= improve(problem, budget=Budget(iterations=300), seed=seed).cost


@pytest.mark.slow
@settings(max_examples=600, deadline=None, derandomize=True)
@given(
    seed=SEEDS,
    places=st.integers(2, 12),
    late=st.sampled_from((0, 0, 1200)),
    weights=WEIGHINGS,
    price=PRICES,
)
def test_no_plan_costs_less_than_the_bound_on_hundreds_of_days(
    seed: int, places: int, late: int, weights: Weights, price: int
) -> None:
    wild = wild_problem(seed, random_travel(seed, places, width=700), late=late)
    problem = twins(wilder_problem(seed, wild, weights, price))
    bound = lower_bound(problem, budget=ROUNDS)
    assert bound.value <= improve(problem, budget=Budget(iterations=1000), seed=seed).cost


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12), weights=WEIGHINGS)
def test_travel_times_against_the_triangle_inequality_do_no_harm(
    seed: int, places: int, weights: Weights
) -> None:
    problem = replace(wild_problem(seed, crooked_travel(seed, places)), weights=weights)
    bound = lower_bound(problem, budget=ROUNDS)
    assert bound.value <= improve(problem, budget=Budget(iterations=300), seed=seed).cost


def small_day(seed: int, weights: Weights, *, duration: int = 4_000, **changes: Any) -> Problem:
    """Return one vehicle, three trips that are not served yet, and a long day."""
    travel = random_travel(seed, 6, width=400)
    shift = replace(wild_tour(seed, travel).shift, breaks=(), start=0, end=20_000)
    shift = replace(shift, layouts=((4, 1, 1),), max_duration=duration)
    trips = [replace(wild_trip(seed + k, travel), id=str(k), **changes) for k in range(3)]
    requests = tuple(Request((trip,), 100_000) for trip in trips)
    return Problem((empty_tour(shift),), requests, travel, weights)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=SEEDS, weights=WEIGHINGS)
def test_the_bound_is_near_the_optimum_of_what_can_be_enumerated(
    seed: int, weights: Weights
) -> None:
    problem = small_day(seed, weights)
    bound = lower_bound(problem, budget=ROUNDS)
    least = least_cost(problem)
    assert bound.proven
    assert 0.5 * least <= bound.value <= least


@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_with_one_vehicle_whose_trips_can_all_be_served_it_is_the_optimum(seed: int) -> None:
    problem = small_day(
        seed, Weights(), max_ride=20_000, pickup_latest=15_000, dropoff_latest=20_000
    )
    bound = lower_bound(problem, budget=ROUNDS)
    assert bound.value == least_cost(problem) < 100_000


# ----------------------------------------------------------------------------------- behaviour


def busy_problem(trips: int = 24, vehicles: int = 2) -> Problem:
    day = busy_day(1, vehicles=vehicles, trips=trips, places=40)
    requests = tuple(Request((trip,), 1 << 20) for trip in day.trips.values())
    tours = tuple(empty_tour(tour.shift) for tour in day.tours)
    return Problem(tours, requests, day.travel)


def test_a_day_of_two_vehicles_is_bounded_within_a_hundredth() -> None:
    problem = busy_problem()
    solution = improve(problem, budget=Budget(iterations=4000))
    bound = lower_bound(problem, solution.tours, budget=ROUNDS)
    assert bound.proven
    assert 0 <= bound.gap(solution.cost) < 0.01


def test_known_tours_make_it_shorter_and_change_nothing() -> None:
    problem = busy_problem()
    tours = improve(problem, budget=Budget(iterations=4000)).tours
    without = lower_bound(problem, budget=ROUNDS)
    with_tours = lower_bound(problem, tours, budget=ROUNDS)
    assert abs(with_tours.value - without.value) <= 1


def test_more_than_sixty_four_trips_share_the_bits_of_a_word() -> None:
    busy = busy_problem(trips=70, vehicles=5)
    shifts = [replace(busy.tours[0].shift, id=tour.shift.id) for tour in busy.tours]
    problem = replace(busy, tours=tuple(map(empty_tour, shifts)))
    solution = improve(problem, budget=Budget(iterations=3000))
    bound = lower_bound(problem, solution.tours, budget=Budget(iterations=50))
    assert len(problem.requests) > 64
    assert 0.8 * solution.cost < bound.value <= solution.cost


def test_a_bound_that_was_interrupted_is_a_bound() -> None:
    problem = busy_problem()
    cost = improve(problem, budget=Budget(iterations=4000)).cost
    seen: list[LowerBound] = []

    def stop(bound: LowerBound) -> bool:
        seen.append(bound)
        return bound.rounds == 12

    bound = lower_bound(problem, budget=Budget(iterations=10_000), stop=stop)
    assert bound == seen[-1]
    assert not bound.proven
    assert 0 < bound.value <= cost
    values = [each.value for each in seen]
    assert values == sorted(values)


def test_a_budget_in_seconds_is_counted_by_its_clock() -> None:
    ticks = iter(range(1000))
    budget = Budget(seconds=10.0, clock=lambda: float(next(ticks)))
    bound = lower_bound(busy_problem(), budget=budget)
    assert not bound.proven
    assert bound.rounds < 11


def test_without_requests_the_bound_is_what_the_tours_cost() -> None:
    problem = replace(busy_problem(), requests=())
    assert (
        lower_bound(problem, budget=ROUNDS).value
        == improve(problem, budget=Budget(iterations=1)).cost
    )


def test_without_vehicles_the_bound_is_the_sum_of_all_prices() -> None:
    problem = replace(busy_problem(), tours=())
    bound = lower_bound(problem, budget=ROUNDS)
    assert bound.value == sum(request.price for request in problem.requests)


def test_relaxed_tours_give_a_bound_that_is_no_better(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = busy_problem()
    exact = lower_bound(problem, budget=ROUNDS)
    monkeypatch.setattr("routing.lower_bound._MOST_COMPARISONS", 0)
    monkeypatch.setattr("routing.lower_bound._STEPS", 10)
    relaxed = lower_bound(problem, budget=ROUNDS)
    assert not relaxed.proven
    assert 0.5 * exact.value < relaxed.value <= exact.value


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published instances are not here")
@pytest.mark.parametrize(("name", "within"), [("a2-16", 1e-4), ("a2-20", 1e-4), ("a4-16", 1e-4)])
def test_published_optima_are_proved_from_below(name: str, within: float) -> None:
    instance = read_instance(PUBLISHED / f"{name}.txt", read_best_known(PUBLISHED))
    assert instance.best_known is not None
    bound = lower_bound(as_problem(instance), budget=ROUNDS)
    assert bound.proven
    assert abs(bound.value / SCALE - instance.best_known.cost) < within * instance.best_known.cost
