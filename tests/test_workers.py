"""The search on two processes: as good, as repeatable and as obedient as in one."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, repeat

import pytest

from routing.budget import Budget, Progress
from routing.improvement import warm_up
from routing.numbering import UnknownOptionError
from routing.problem import Problem, Request, Weights, empty_tour
from routing.workers import Workers, cores
from tests.days import busy_day, random_travel
from tests.plans import assert_good, busy_problem, wild_problem

ENOUGH = Budget(iterations=600)
ENDLESS = Budget(iterations=1 << 40)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    # Once, before both processes compile the same.
    warm_up()
    with Workers(2) as two:
        yield two


def test_two_processes_find_a_checked_plan_that_is_better_than_the_start(workers: Workers) -> None:
    problem = busy_problem()
    solution = workers.improve(problem, budget=Budget(iterations=2000))
    assert solution.unserved == ()
    assert solution.cost < workers.improve(problem, budget=Budget(iterations=0)).cost
    assert_good(problem, solution)


def test_the_same_seed_and_iterations_give_the_same_tours(workers: Workers) -> None:
    first, second = (workers.improve(busy_problem(), budget=ENOUGH, seed=7) for _ in range(2))
    assert first.tours == second.tours


def test_another_seed_gives_other_tours(workers: Workers) -> None:
    first, second = (workers.improve(busy_problem(), budget=ENOUGH, seed=s) for s in range(2))
    assert first.tours != second.tours


def test_vehicles_are_spared_on_two_processes_too(workers: Workers) -> None:
    day = busy_day(1, vehicles=4, trips=24, places=80)
    requests = tuple(Request((trip,), 1 << 34) for trip in day.trips.values())
    problem = Problem(day.tours, requests, day.travel, Weights(vehicle=1 << 30))
    solution = workers.improve(problem, budget=Budget(iterations=3000))
    assert sum(len(tour.halts) > 3 for tour in solution.tours) == 2
    assert_good(problem, solution)


@pytest.mark.parametrize("seed", range(4))
def test_days_under_way_and_late_are_planned_as_well(workers: Workers, seed: int) -> None:
    problem = wild_problem(seed, random_travel(seed, 8, width=700), late=1200)
    assert_good(problem, workers.improve(problem, budget=Budget(iterations=200), seed=seed))


def test_another_engine_runs_in_a_process_as_well(workers: Workers) -> None:
    problem = busy_problem()
    before = workers.improve(problem, budget=Budget(iterations=0)).cost
    solution = workers.improve(problem, budget=Budget(iterations=40), engine="ortools")
    assert solution.cost <= before
    assert_good(problem, solution)


def late_twins() -> Problem:
    """Return two equal vehicles; to one of them more has been promised than it can keep."""
    day = busy_day(4, vehicles=1, trips=12, places=30)
    (tour,) = day.tours
    twin = empty_tour(replace(tour.shift, id="twin"))
    late = replace(tour, ready=tour.shift.start + 7200)
    requests = tuple(Request((trip,), 1 << 30) for trip in day.trips.values())
    problem = Problem((late, replace(twin, ready=late.ready)), requests, day.travel)
    return replace(problem, weights=Weights(driving=1, lateness=1000))


def test_processes_understand_each_other_while_lateness_goes_away(workers: Workers) -> None:
    problem = late_twins()
    assert_good(problem, workers.improve(problem, budget=Budget(iterations=800)))


def test_it_begins_with_the_tours_that_it_is_given(workers: Workers) -> None:
    problem = busy_problem()
    good = workers.improve(problem, budget=ENOUGH)
    again = workers.improve(problem, good.tours, budget=Budget(iterations=0))
    assert again.tours == good.tours
    assert again.cost == good.cost


def test_progress_only_grows_and_reaches_the_end(workers: Workers) -> None:
    seen: list[Progress] = []

    def look(progress: Progress) -> bool:
        seen.append(progress)
        return False

    solution = workers.improve(busy_problem(), budget=Budget(iterations=30_000), stop=look)
    assert [each.spent for each in seen] == sorted(each.spent for each in seen)
    assert [each.iterations for each in seen] == sorted(each.iterations for each in seen)
    assert [each.cost for each in seen] == sorted((each.cost for each in seen), reverse=True)
    assert seen[-1].spent <= 1.0
    assert solution.cost <= seen[-1].cost


def test_it_stops_when_told_to_with_the_best_so_far(workers: Workers) -> None:
    problem = busy_problem()
    seen: list[Progress] = []

    def look(progress: Progress) -> bool:
        seen.append(progress)
        return progress.iterations > 1000

    solution = workers.improve(problem, budget=ENDLESS, stop=look)
    assert solution.cost <= seen[-1].cost <= seen[0].cost
    assert_good(problem, solution)


def test_nothing_is_begun_once_the_seconds_are_over(workers: Workers) -> None:
    problem = busy_problem()
    clock = chain([0.0], repeat(100.0))
    budget = Budget(seconds=10.0, clock=lambda: next(clock))
    assert workers.improve(problem, budget=budget).tours == problem.tours


def test_a_budget_in_seconds_ends_by_itself(workers: Workers) -> None:
    problem = busy_problem()
    assert_good(problem, workers.improve(problem, budget=Budget(seconds=0.3)))


def test_an_error_of_the_start_comes_out_and_leaves_the_processes_usable(workers: Workers) -> None:
    busy = busy_problem()
    trip = busy.requests[0].options[0]
    other = replace(busy.requests[0], options=(replace(trip, pickup_service=1),))
    with pytest.raises(UnknownOptionError, match="none of the options"):
        workers.improve(replace(busy, requests=(other,)), budget=ENOUGH)
    assert_good(busy, workers.improve(busy, budget=ENOUGH))


def test_an_error_of_the_caller_ends_the_search_and_leaves_the_processes_usable(
    workers: Workers,
) -> None:
    def fail(progress: Progress) -> bool:
        raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        workers.improve(busy_problem(), budget=ENDLESS, stop=fail)
    first, second = (workers.improve(busy_problem(), budget=ENOUGH, seed=7) for _ in range(2))
    assert first.tours == second.tours


def test_an_error_in_one_process_ends_the_search_of_all(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("routing.workers._Task", _TaskOfWhichOneFails)
    with pytest.raises(ZeroDivisionError):
        workers.improve(busy_problem(), budget=ENDLESS)
    monkeypatch.undo()
    assert_good(busy_problem(), workers.improve(busy_problem(), budget=ENOUGH))


class _TaskOfWhichOneFails:
    """A task as far as a process asks, with a budget that cannot be divided."""

    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)
        if self.__dict__["place"] == 1:
            self.__dict__["budget"] = _NoBudget()


class _NoBudget:
    iterations = None
    seconds = 0.0

    @staticmethod
    def clock() -> float:
        return 0.0


def test_closing_ends_a_running_search_with_the_best_so_far() -> None:
    problem = busy_problem()
    two = Workers(2)
    begun = threading.Event()

    def look(progress: Progress) -> bool:
        if progress.iterations > 0:
            begun.set()
        return False

    def close() -> None:
        begun.wait()
        two.close()

    closing = threading.Thread(target=close)
    closing.start()
    solution = two.improve(problem, budget=ENDLESS, stop=look)
    closing.join()
    assert_good(problem, solution)
    assert two.improve(problem, budget=ENDLESS).tours == problem.tours


def test_there_is_at_least_one_core() -> None:
    assert cores() >= 1
