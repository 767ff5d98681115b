from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import improvement
from routing.budget import PATIENT, Budget, Leg, Progress
from routing.improvement import Search, improve, warm_up
from routing.numbering import UnknownOptionError
from routing.problem import Problem, Request, Solution, Weights, empty_tour
from routing.search_state import SearchState
from tests.days import crooked_travel, random_travel, wild_tour, wild_trip
from tests.plans import (
    PRICE,
    SEEDS,
    assert_good,
    busy_problem,
    cost_of,
    least_cost,
    wild_problem,
)

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


def test_with_patience_the_search_begins_anew_and_keeps_the_best_of_all_legs() -> None:
    problem = busy_problem()
    costs: list[int] = []

    def go_on(progress: Progress) -> bool:
        costs.append(progress.cost)
        return False

    found = []
    for _ in range(2):
        search = Search(SearchState(problem, problem.tours), seed=3)
        found.append(search.run(Budget(iterations=3000), go_on, PATIENT))
    assert found[0].tours == found[1].tours
    assert_good(problem, found[0])
    assert found[0].cost == costs[-1] == min(costs)


def test_a_leg_that_begins_anew_has_no_part_in_what_was_found_before() -> None:
    problem = busy_problem()
    search = Search(SearchState(problem, problem.tours), seed=3)
    begin = search.state.orders()
    search.run(Budget(iterations=1000), legs=(Leg(until=0.5), Leg(until=0.5, anew=True)))
    assert search.state.orders() == begin
    assert search.solution().cost < search.state.cost()


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


def test_warming_up_calls_every_kernel_that_the_service_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = set()

    def noting(name: str) -> Callable[..., object]:
        function = getattr(improvement, name)

        def call(*arguments: object) -> object:
            called.add(name)
            return function(*arguments)

        return call

    names = {"anneal", "keep", "remember_all"}  # no vehicle of its costs anything by itself
    for name in {"find_room", *names}:
        monkeypatch.setattr(improvement, name, noting(name))
    warm_up()
    assert called == names
