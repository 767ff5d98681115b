"""The pool of tours, and the best choice among them."""

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.budget import Budget, Leg
from routing.improvement import Search
from routing.kernel import kernel
from routing.problem import Problem, Request, Weights, empty_tour
from routing.recombination import Partition, recombine
from routing.search_state import Given, Numbers, SearchState
from routing.tour_pool import Columns, Pool, columns_of, pool_for, remember
from tests.days import busy_day, random_travel
from tests.plans import SEEDS, assert_good, busy_problem, staying_in, wild_problem

TIMES = st.sampled_from((0, 0, 1200))


# ------------------------------------------------------------------------------------- the pool


@kernel
def hand_over(given: Given, pool: Pool, v: int, cost: int, order: Numbers) -> None:
    remember(given, pool, given.salt[v], cost, order, len(order))


def state_of(problem: Problem) -> SearchState:
    return SearchState(problem, problem.tours)


def from_nothing(vehicles: int = 2, trips: int = 6) -> Problem:
    """Return a day of equal vehicles that carry nobody yet."""
    day = busy_day(3, vehicles=1, trips=trips, places=30)
    tours = [empty_tour(replace(day.tours[0].shift, id=f"v{v}")) for v in range(vehicles)]
    requests = tuple(Request((trip,), 1 << 30) for trip in day.trips.values())
    return Problem(tuple(tours), requests, day.travel)


def tour_with(state: SearchState, *numbers: int) -> Numbers:
    """Return the order of the first vehicle's tour with these halts in front of its break."""
    start, *rest = state.plan.order[0, : state.plan.shifts["length"][0]].tolist()
    return np.array([start, *numbers, *rest], np.int64)


def small_pool(slots: int, halts: int) -> Pool:
    cost, first, length = np.zeros((3, slots), np.int64)
    key, orders = np.zeros(slots, np.uint64), np.zeros(halts, np.int32)
    return Pool(key, cost, first, length, orders, np.zeros(2, np.int64))


def test_of_tours_with_the_same_trips_only_the_cheapest_order_is_kept() -> None:
    state = state_of(from_nothing())
    pool = pool_for(6)
    one, best, other = (
        tour_with(state, *numbers) for numbers in ((0, 1, 2, 3), (2, 0, 3, 1), (2, 3, 0, 1))
    )
    for cost, order in ((10, one), (8, best), (9, other)):
        hand_over(state.given, pool, 0, cost, order)
    columns = columns_of(pool)
    assert columns.cost.tolist() == [8]
    assert columns.orders.tolist() == best.tolist()


def test_tours_with_other_trips_are_kept_in_the_order_in_which_they_came() -> None:
    state = state_of(from_nothing())
    pool = pool_for(6)
    tours = [tour_with(state, *numbers) for numbers in ((0, 1), (2, 3), (0, 1, 2, 3))]
    for cost, order in enumerate(tours):
        hand_over(state.given, pool, 0, cost, order)
    columns = columns_of(pool)
    assert columns.cost.tolist() == [0, 1, 2]
    assert columns.orders.tolist() == np.concatenate(tours).tolist()


@pytest.mark.parametrize(("slots", "halts"), [(4, 1000), (64, 21)])
def test_a_pool_that_is_full_keeps_what_it_has_and_still_takes_better_orders(
    slots: int, halts: int
) -> None:
    state = state_of(from_nothing())
    pool = small_pool(slots, halts)
    for t in range(6):
        hand_over(state.given, pool, 0, 10 + t, tour_with(state, 2 * t, 2 * t + 1))
    kept = columns_of(pool)
    assert 0 < len(kept.cost) < 6
    assert kept.length.sum() == len(kept.orders)
    for t in range(6):
        hand_over(state.given, pool, 0, t, tour_with(state, 2 * t, 2 * t + 1))
    again = columns_of(pool)
    assert again.orders.tolist() == kept.orders.tolist()
    assert again.cost.tolist() == (kept.cost - 10).tolist()


def test_a_full_pool_can_be_recombined() -> None:
    problem = busy_problem()
    search = Search(state_of(problem))
    search.pool = small_pool(64, 200)
    search.run(Budget(iterations=400))
    search.recombine(None)
    assert_good(problem, search.solution())


# ------------------------------------------------------------------------------ the best choice


def small_program(seed: int) -> tuple[Partition, Columns, list[list[int]]]:
    """Return a few tours of vehicles of one to three kinds, and a plan made of some of them."""
    rng = Random(seed)
    trips = rng.randrange(1, 6)
    trip_of = [t for t in range(trips) for _ in range(rng.choice((1, 1, 2)))]
    kinds = sorted(rng.randrange(3) for _ in range(rng.randrange(1, 4)))
    halts = 2 * len(trip_of)
    empty = {kind: (halts + 2 * kind, halts + 2 * kind + 1) for kind in kinds}
    idle = {kind: rng.choice((0, 7)) for kind in kinds}
    vehicle = rng.choice((0, 0, 1 << 36))
    most = rng.choice((0, 5, 100_000))
    tours, costs = [], []
    for _ in range(rng.randrange(1, 14)):
        kind = rng.choice(kinds)
        options = [
            rng.choice([o for o, owner in enumerate(trip_of) if owner == t])
            for t in rng.sample(range(trips), rng.randrange(1, trips + 1))
        ]
        inner = [number for o in options for number in (2 * o, 2 * o + 1)]
        tours.append([empty[kind][0], *inner, empty[kind][1]])
        costs.append(idle[kind] + vehicle + rng.randrange(most + 1))
    partition = Partition(
        trip_of=np.array(trip_of, np.int64),
        price=np.array([rng.choice((3, most, 1 << 34, 1 << 39)) for _ in range(trips)], np.int64),
        kind=np.array(kinds, np.int64),
        empty=tuple(empty[kind] for kind in kinds),
        empty_cost=np.array([idle[kind] for kind in kinds], np.int64),
    )
    columns = Columns(
        np.array(costs, np.int64),
        np.array([len(tour) for tour in tours], np.int64),
        np.array([number for tour in tours for number in tour], np.int32),
    )
    plan = rng.choice([plan for plan, _ in every_plan(partition, columns)])
    return partition, columns, plan


def as_columns(partition: Partition, columns: Columns, plan: list[list[int]]) -> Columns:
    """Return the tours of a plan as columns, each at the least cost that is known."""
    cheapest = costs_of_tours(partition, columns)
    return Columns(
        np.array([cheapest[tuple(order)] for order in plan], np.int64),
        np.array([len(order) for order in plan], np.int64),
        np.array([number for order in plan for number in order], np.int32),
    )


def costs_of_tours(partition: Partition, columns: Columns) -> dict[tuple[int, ...], int]:
    """Return the least known cost of each tour, by its halts."""
    cheapest = {
        tuple(e): int(c) for e, c in zip(partition.empty, partition.empty_cost, strict=True)
    }
    for order, cost in zip(orders_of(columns), columns.cost.tolist(), strict=True):
        cheapest[tuple(order)] = min(cost, cheapest.get(tuple(order), cost))
    return cheapest


def cost_of_plan(partition: Partition, columns: Columns, plan: list[list[int]]) -> int:
    """Return what a plan costs, each of its tours in the cheapest way that is known."""
    cheapest = costs_of_tours(partition, columns)
    served = {trip for order in plan for trip in trips_of(partition, order)}
    unserved: list[int] = [
        price for t, price in enumerate(partition.price.tolist()) if t not in served
    ]
    return sum(cheapest[tuple(order)] for order in plan) + sum(unserved)


def orders_of(columns: Columns) -> list[list[int]]:
    ends = np.cumsum(columns.length)
    return [each.tolist() for each in np.split(columns.orders, ends[:-1])]


def trips_of(partition: Partition, order: list[int]) -> list[int]:
    options = len(partition.trip_of)
    return [int(partition.trip_of[n // 2]) for n in order if n < 2 * options and n % 2 == 0]


def every_plan(partition: Partition, columns: Columns) -> list[tuple[list[list[int]], int]]:
    """Return all ways to give each vehicle a tour of its kind or none, and what they cost."""
    choices = []
    for empty in partition.empty:
        own = [order for order in orders_of(columns) if order[0] == empty[0]]
        choices.append([list(empty), *own])
    plans = []
    for chosen in product(*choices):
        carried = [trip for order in chosen for trip in trips_of(partition, order)]
        if len(carried) == len(set(carried)):
            plan = list(chosen)
            plans.append((plan, cost_of_plan(partition, columns, plan)))
    return plans


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_the_best_choice_among_few_tours_is_found(seed: int) -> None:
    partition, columns, plan = small_program(seed)
    best = as_columns(partition, columns, plan)
    found = recombine(partition, best, columns, effort=5.0)
    assert found is not None
    for order, empty in zip(found, partition.empty, strict=True):
        assert order[0] == empty[0]
    carried = [trip for order in found for trip in trips_of(partition, order)]
    assert len(carried) == len(set(carried))
    assert cost_of_plan(partition, columns, found) == min(
        cost for _, cost in every_plan(partition, columns)
    )


def test_a_trip_whose_only_tour_costs_more_than_its_price_stays_unserved() -> None:
    one = np.zeros(1, np.int64)
    dear, empty = [2, 0, 1, 3], (2, 3)
    columns = Columns(np.array([51]), np.array([4]), np.array(dear, np.int32))
    for price, expected in ((50, list(empty)), (52, dear)):
        partition = Partition(one, np.array([price]), one, (empty,), one)
        best = as_columns(partition, columns, [list(empty)])
        assert recombine(partition, best, columns, effort=1.0) == [expected]


# ----------------------------------------------------------------------------------- in a search


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12), late=TIMES)
def test_recombination_is_never_worse_than_the_best_and_what_stays_remains(
    seed: int, places: int, late: int
) -> None:
    problem = wild_problem(seed, random_travel(seed, places, width=700), late=late, more=6)
    some = replace(problem, requests=problem.requests[::2] + problem.requests[-3:])
    some = replace(some, requests=tuple(dict.fromkeys(some.requests)))
    search = Search(state_of(some), seed=seed)
    before = search.run(Budget(iterations=100), legs=(Leg(recombine_at=()),))
    search.recombine(None)
    after = search.solution()
    assert after.cost <= before.cost
    assert_good(some, after)
    assert staying_in(some, after.tours) == staying_in(some, some.tours)


def test_the_same_seed_gives_the_same_tours_and_the_same_columns() -> None:
    found = []
    for _ in range(2):
        search = Search(state_of(busy_problem()), seed=4)
        solution = search.run(Budget(iterations=600))
        columns = search.columns()
        found.append((solution.tours, columns.orders.tolist(), columns.cost.tolist()))
    assert found[0] == found[1]


def test_a_search_learns_all_that_another_one_has_seen() -> None:
    problem = busy_problem()
    one, other = (Search(state_of(problem), seed=seed) for seed in range(2))
    one.run(Budget(iterations=1500))
    other.run(Budget(iterations=300))
    own = len(other.columns().cost)
    other.pour(one.columns())
    assert len(other.columns().cost) > own
    other.recombine(None)
    assert other.solution().cost <= one.solution().cost
    assert_good(problem, other.solution())


def test_equal_vehicles_may_take_the_tours_of_each_other() -> None:
    problem = from_nothing(vehicles=3, trips=12)
    search = Search(state_of(replace(problem, weights=Weights(driving=1, riding=1))))
    assert len(set(search.partition.kind.tolist())) == 1
    search.run(Budget(iterations=300))
    search.recombine(None)
    assert_good(replace(problem, weights=Weights(driving=1, riding=1)), search.solution())
