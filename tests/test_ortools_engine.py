from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.instances import as_problem, as_routes, judge, read_best_known, read_instance
from routing.budget import Budget, Progress
from routing.engines import ENGINES, UnknownEngineError, engine_named
from routing.improvement import improve
from routing.layout_cuts import cuts, loads_held, room
from routing.numbering import UnknownOptionError
from routing.ortools_engine import improve_with_ortools
from routing.problem import (
    Break,
    HaltKind,
    Loads,
    Problem,
    Request,
    Shift,
    Tour,
    Trip,
    Weights,
    empty_tour,
    trip_halts,
)
from routing.schedule import timetable
from routing.search_state import cost_of_tours
from routing.travel_times import TravelTimes
from tests.days import BUS, crooked_travel, random_travel, wild_tour, wild_trip
from tests.plans import (
    PRICE,
    assert_good,
    busy_problem,
    cost_of,
    least_cost,
    wild_problem,
)

PUBLISHED = Path(__file__).parents[2] / "shared" / "benchmarks"
SHORT = Budget(iterations=4000)
NOON = 1_800_000_000
"""Times of a real day are large."""


def line(places: int) -> TravelTimes:
    """Return places in a row, a minute apart."""
    seconds = 60 * np.abs(np.subtract.outer(np.arange(places), np.arange(places)))
    return TravelTimes(seconds.astype(np.int32), (seconds * 10).astype(np.int32))


def ride(name: str, pickup: int, dropoff: int, at: int = 0, *, loads: Loads = (1, 0, 0)) -> Trip:
    """Return a trip that is picked up within ten minutes and may take an hour."""
    opens = NOON + at
    return Trip(name, pickup, dropoff, opens, opens + 600, opens, opens + 7200, 3600, loads, 30, 30)


def shift(name: str = "v", layouts: tuple[Loads, ...] = ((4, 0, 0),), **others: object) -> Shift:
    return replace(Shift(name, 0, 0, NOON - 3600, NOON + 20_000, layouts), **others)  # type: ignore[arg-type]


def day(tours: tuple[Tour, ...], trips: list[Trip], weights: Weights = Weights()) -> Problem:  # noqa: B008
    return Problem(tours, tuple(Request((trip,), PRICE) for trip in trips), line(12), weights)


def order(tour: Tour) -> list[tuple[str, str]]:
    return [(halt.kind.name, halt.trip) for halt in tour.halts[1:-1]]


# --------------------------------------------------------------------------------- properties


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("late", [0, 1200])
def test_the_checker_accepts_every_result_and_it_is_never_worse_than_the_start(
    seed: int, late: int
) -> None:
    travel = random_travel(seed, 2 + seed, width=700)
    problem = wild_problem(seed * 7919, travel, late=late)
    assert_good(problem, improve_with_ortools(problem, budget=SHORT, seed=seed))


def test_most_wild_days_get_better() -> None:
    better = 0
    for seed in range(10):
        problem = wild_problem(seed * 31, random_travel(seed, 8, width=700))
        start = cost_of_tours(problem, problem.tours)
        better += improve_with_ortools(problem, budget=SHORT).cost < start
    assert better >= 8


@pytest.mark.parametrize("seed", range(6))
def test_travel_times_against_the_triangle_inequality_do_no_harm(seed: int) -> None:
    problem = wild_problem(seed, crooked_travel(seed, 5 + seed))
    assert_good(problem, improve_with_ortools(problem, budget=SHORT))


@pytest.mark.parametrize("seed", range(8))
def test_what_can_be_enumerated_is_solved_to_the_optimum(seed: int) -> None:
    travel = random_travel(seed, 6, width=400)
    its = replace(
        wild_tour(seed, travel).shift, breaks=(), start=0, end=20_000, layouts=((4, 1, 1),)
    )
    trips = [replace(wild_trip(seed + k, travel), id=str(k)) for k in range(3)]
    requests = tuple(Request((trip,), PRICE) for trip in trips)
    problem = Problem((empty_tour(its),), requests, travel, Weights(driving=1))
    solution = improve_with_ortools(problem, budget=Budget(iterations=10_000))
    assert solution.cost == least_cost(problem)


# --------------------------------------------------------------------------------- what is kept


def test_fixed_halts_and_people_on_board_stay_in_their_tour() -> None:
    pickup, dropoff = trip_halts(ride("aboard", 2, 9))
    to_come, its_end = trip_halts(ride("next", 3, 4))
    start, end = empty_tour(shift("a")).halts
    done = [replace(halt, earliest=at, latest=at) for halt, at in ((start, NOON), (pickup, NOON))]
    tour = Tour(shift("a"), (*done, to_come, its_end, dropoff, end), 3, 2, NOON + 60)
    others = [ride(str(k), 3 + k, 5 + k) for k in range(4)]
    moving = [ride("aboard", 2, 9), ride("next", 3, 4), *others]
    problem = day((tour, empty_tour(shift("b"))), moving)
    solution = improve_with_ortools(problem, budget=SHORT)
    assert solution.unserved == ()
    assert solution.tours[0].halts[:3] == tour.halts[:3]
    assert ("DROPOFF", "aboard") in order(solution.tours[0])
    assert_good(problem, solution)


def test_trips_that_are_no_requests_stay_in_their_tours_and_their_order() -> None:
    busy = busy_problem()
    staying = {request.options[0].id for request in busy.requests[::3]}
    problem = replace(
        busy, requests=tuple(r for r in busy.requests if r.options[0].id not in staying)
    )
    solution = improve_with_ortools(problem, budget=Budget(iterations=8000))
    assert solution.cost < cost_of_tours(problem, problem.tours)
    for before, after in zip(problem.tours, solution.tours, strict=True):
        assert [h.trip for h in before.halts if h.trip in staying] == [
            h.trip for h in after.halts if h.trip in staying
        ]


def test_a_tour_that_is_over_stays_as_it_is() -> None:
    start, end = empty_tour(shift("a")).halts
    over = Tour(shift("a"), (start, end), 2)
    solution = improve_with_ortools(day((over,), [ride("0", 1, 2)]), budget=SHORT)
    assert (solution.tours, solution.unserved) == ((over,), ("0",))


def test_a_late_vehicle_gets_no_later_but_may_take_somebody_on_the_way() -> None:
    pickup, dropoff = trip_halts(ride("late", 5, 9))
    start, end = empty_tour(shift()).halts
    tour = Tour(shift(), (start, pickup, dropoff, end), ready=NOON + 900)
    on_the_way = ride("on the way", 6, 8, at=1000)
    problem = day((tour,), [ride("late", 5, 9), on_the_way], Weights(lateness=5))
    solution = improve_with_ortools(problem, budget=SHORT)
    assert solution.unserved == ()
    assert timetable(solution.tours[0], problem.travel)[1].halt == pickup
    assert_good(problem, solution)


# ------------------------------------------------------------------------------ what is decided


def test_a_trip_that_costs_more_than_its_price_stays_unserved() -> None:
    problem = day((empty_tour(shift()),), [ride("dear", 1, 2), ride("cheap", 8, 9)])
    cheap = replace(problem.requests[1], price=100)
    problem = replace(problem, requests=(problem.requests[0], cheap))
    solution = improve_with_ortools(problem, budget=SHORT)
    assert (solution.unserved, solution.cost) == (("cheap",), 240 + 100)


@pytest.mark.parametrize(("penalties", "place"), [((50_000, 0), 2), ((0, 50_000), 7)])
def test_the_cheaper_option_is_taken(penalties: tuple[int, int], place: int) -> None:
    near, far = ride("0", 2, 4), ride("0", 7, 4)
    problem = day((empty_tour(shift()),), [near])
    problem = replace(problem, requests=(Request((far, near), PRICE, penalties),))
    solution = improve_with_ortools(problem, budget=SHORT)
    assert solution.tours[0].halts[1].place == place
    assert solution.cost == improve(problem, budget=Budget(iterations=200)).cost


def test_an_option_that_no_times_allow_does_no_harm() -> None:
    possible = ride("0", 2, 4)
    never = replace(possible, dropoff_earliest=NOON + 9000, dropoff_latest=NOON + 9100)
    problem = day((empty_tour(shift()),), [possible])
    problem = replace(problem, requests=(Request((never, possible), PRICE),))
    assert improve_with_ortools(problem, budget=SHORT).cost == 480


def test_a_break_is_taken_with_nobody_on_board() -> None:
    noon = Break(6, NOON + 300, NOON + 1500, 600)
    trips = [ride(str(k), 5, 7, at=300 * k) for k in range(3)]
    problem = day((empty_tour(shift(breaks=(noon,))),), trips)
    solution = improve_with_ortools(problem, budget=SHORT)
    assert solution.unserved == ()
    assert HaltKind.BREAK in {halt.kind for halt in solution.tours[0].halts}
    assert_good(problem, solution)


def test_a_longest_duration_is_kept() -> None:
    trips = [ride("early", 1, 2), ride("later", 1, 2, at=7200)]
    both = day((empty_tour(shift(max_duration=7400)),), trips)
    assert improve_with_ortools(both, budget=SHORT).unserved == ()
    one = day((empty_tour(shift(max_duration=6000)),), trips)
    assert len(improve_with_ortools(one, budget=SHORT).unserved) == 1


def test_halts_at_one_place_happen_together() -> None:
    """Two minutes of service each, and two people at one stop: one after the other is too late."""
    trips = [
        replace(ride(str(k), 1, 2), pickup_service=120, dropoff_latest=NOON + 180) for k in range(2)
    ]
    assert improve_with_ortools(day((empty_tour(shift()),), trips), budget=SHORT).unserved == ()


@pytest.mark.parametrize("layouts", [BUS, ((4, 0, 0), (0, 2, 0)), ((3, 0, 0), (2, 1, 0))])
def test_no_more_is_on_board_than_one_layout_holds(layouts: tuple[Loads, ...]) -> None:
    kinds: list[Loads] = [(2, 0, 0), (1, 0, 0), (0, 1, 0), (1, 0, 0), (0, 1, 0)]
    trips = [ride(str(k), k + 1, 7 + k % 2, loads=loads) for k, loads in enumerate(kinds)]
    problem = day((empty_tour(shift(layouts=layouts)),), trips)
    solution = improve_with_ortools(problem, budget=SHORT)
    assert len(solution.unserved) <= 2
    assert_good(problem, solution)


def test_fewer_vehicles_are_used_when_they_are_dear() -> None:
    tours = tuple(empty_tour(shift(name)) for name in "abc")
    trips = [ride(str(k), 1 + k, 11 - k, at=600 * k) for k in range(5)]
    problem = day(tours, trips, Weights(vehicle=5000))
    solution = improve_with_ortools(problem, budget=SHORT)
    assert sum(len(tour.halts) > 2 for tour in solution.tours) == 1


def test_the_cost_is_ours_with_all_weights() -> None:
    trips = [ride(str(k), 1 + k, 11 - k, at=300 * k) for k in range(5)]
    weights = Weights(driving=10, metres=1, waiting=2, riding=3, lateness=50, vehicle=500)
    problem = day(tuple(empty_tour(shift(name)) for name in "ab"), trips, weights)
    solution = improve_with_ortools(problem, budget=SHORT)
    assert solution.cost == cost_of(problem, solution)
    assert solution.cost <= 1.1 * improve(problem, budget=Budget(iterations=1000)).cost


# ------------------------------------------------------------------------------ how it is asked


def test_the_same_seed_gives_the_same_tours() -> None:
    problem = busy_problem()
    budget = Budget(iterations=3000)
    first, second = (improve_with_ortools(problem, budget=budget, seed=5) for _ in range(2))
    assert first.tours == second.tours


def test_without_iterations_requests_or_vehicles_the_start_is_returned() -> None:
    problem = busy_problem()
    idle = improve_with_ortools(problem, budget=Budget(iterations=0))
    assert (idle.tours, idle.cost) == (problem.tours, cost_of_tours(problem, problem.tours))
    nobody = replace(problem, requests=())
    assert improve_with_ortools(nobody, budget=SHORT).tours == problem.tours
    nothing = replace(problem, tours=())
    assert len(improve_with_ortools(nothing, budget=SHORT).unserved) == len(problem.requests)


def test_it_stops_when_told_to_with_the_best_so_far() -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> bool:
        seen.append(progress)
        return len(seen) == 3

    solution = improve_with_ortools(busy_problem(), budget=Budget(iterations=10**9), stop=stop)
    assert len(seen) == 3
    assert solution.cost <= seen[-1].cost <= seen[0].cost


def test_what_goes_wrong_in_the_callback_is_raised() -> None:
    def stop(progress: Progress) -> bool:
        raise KeyError(progress.iterations)

    with pytest.raises(KeyError):
        improve_with_ortools(busy_problem(), budget=Budget(iterations=10**9), stop=stop)


def test_a_start_may_not_carry_what_is_no_option() -> None:
    busy = busy_problem()
    trip = busy.requests[0].options[0]
    other = replace(busy.requests[0], options=(replace(trip, pickup_service=1),))
    with pytest.raises(UnknownOptionError):
        improve_with_ortools(replace(busy, requests=(other,)), budget=SHORT)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published instances in ../shared/benchmarks")
def test_a_small_published_instance_is_solved_within_three_percent() -> None:
    folder = PUBLISHED / "darp_a"
    instance = read_instance(folder / "a2-16.txt", read_best_known(folder))
    solution = improve_with_ortools(as_problem(instance), budget=Budget(seconds=2.0))
    verdict = judge(instance, as_routes(solution.tours))
    assert instance.best_known is not None
    assert verdict.faults == ()
    assert verdict.cost <= 1.03 * instance.best_known.cost


def test_engines_are_chosen_by_name() -> None:
    assert engine_named("own") is improve
    assert engine_named("ortools") is improve_with_ortools
    assert set(ENGINES) == {"own", "ortools"}
    with pytest.raises(UnknownEngineError, match="no engine 'best': choose 'own' or 'ortools'"):
        engine_named("best")


# --------------------------------------------------------------------------------- folding seats


def test_folding_seats_are_two_sums() -> None:
    weights, exact = cuts([BUS])
    assert exact
    assert all(
        any(all(a <= b for a, b in zip(load, layout, strict=True)) for layout in BUS)
        == all(
            sum(a * b for a, b in zip(load, each, strict=True)) <= room(BUS, each)
            for each in weights
        )
        for load in np.ndindex(10, 4, 3)
    )


def test_what_no_sums_describe_is_told() -> None:
    weights, exact = cuts([((4, 0, 0), (0, 2, 0))])
    assert not exact or (1, 2, 0) in weights
    assert len(loads_held([(4, 0, 0), (0, 2, 0)])) == 7
