"""Absent trips come back where they cost least, and what is known of tours is still true."""

import math

import pytest
from hypothesis import given, settings

from routing.annealing import Habits, Scratch, forget, put_back, take_some_out, undo
from routing.chance import Chance
from routing.improvement import HABITS, Search
from routing.insertion_cache import Memory, best_place, memory_for
from routing.kernel import kernel
from routing.problem import FOREVER
from routing.search_state import Given, Plan, SearchState
from tests.days import random_travel
from tests.plans import SEEDS, busy_problem, wild_problem

NOWHERE = (-1, -1, -1)


@kernel
def out_and_back(
    given: Given,
    plan: Plan,
    memory: Memory,
    scratch: Scratch,
    habits: Habits,
    room: float,
    chance: Chance,
) -> bool:
    take_some_out(given, plan, scratch, habits, chance)
    return put_back(given, plan, memory, scratch, habits, room, chance)


@kernel
def end_step(plan: Plan, scratch: Scratch, back: bool) -> None:
    if back:
        undo(plan, scratch)
    forget(scratch)


@kernel
def place_of(
    given: Given, plan: Plan, memory: Memory, v: int, o: int, limit: int
) -> tuple[int, int, int]:
    place = best_place(given, plan, memory, v, o, limit)
    if place.after < 0:
        return -1, -1, -1
    return place.score, place.after, place.until


def step(search: Search, room: float) -> bool:
    state = search.state
    return bool(
        out_and_back(
            state.given, state.plan, search.memory, search.scratch, HABITS, room, search.chance
        )
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_step_for_whose_cost_there_is_no_room_leaves_no_trace(seed: int) -> None:
    problem = busy_problem()
    search = Search(SearchState(problem, problem.tours), seed=seed)
    before, cost = search.state.orders(), search.state.cost()
    for _ in range(100):
        assert not step(search, -1.0)
        end_step(search.state.plan, search.scratch, True)
        assert (search.state.orders(), search.state.cost()) == (before, cost)


@pytest.mark.parametrize("seed", range(3))
def test_only_tours_that_differ_from_before_count_as_touched(seed: int) -> None:
    problem = busy_problem()
    search = Search(SearchState(problem, problem.tours), seed=seed)
    as_before = 0
    for _ in range(300):
        before = search.state.orders()
        assert step(search, math.inf)
        after = search.state.orders()
        differ = [one != other for one, other in zip(before, after, strict=True)]
        assert search.scratch.touched.tolist() == differ
        as_before += not any(differ)
        end_step(search.state.plan, search.scratch, False)
    assert as_before > 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_a_place_that_was_too_dear_once_is_found_when_more_may_be_paid(seed: int) -> None:
    problem = wild_problem(seed, random_travel(seed, 8, width=700))
    state = SearchState(problem, problem.tours)
    known = memory_for(state.given, state.plan)
    for v in range(len(problem.tours)):
        for o in range(len(state.given.options)):
            fresh = memory_for(state.given, state.plan)
            best = place_of(state.given, state.plan, fresh, v, o, FOREVER)
            score = best[0] if best != NOWHERE else FOREVER
            for limit in (0, score, score + 1, FOREVER, 0):
                found = place_of(state.given, state.plan, known, v, o, limit)
                # What is known anyway is told whatever the limit.
                expected = best if limit > score or (limit, found) == (0, best) else NOWHERE
                assert found == expected
