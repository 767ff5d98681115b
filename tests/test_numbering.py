"""How a search numbers halts, and what tours cost without one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.problem import Problem, Request
from routing.schedule import compile_tours
from routing.search_state import SearchState, cost_of_compiled
from tests.days import random_travel
from tests.plans import SEEDS, WEIGHTS, tour_cost, wild_problem


def several_ways(problem: Problem, seed: int) -> Problem:
    """Return a problem whose requests have more options, before and behind the one carried."""
    requests = []
    for number, request in enumerate(problem.requests):
        trip = request.options[0]
        before = replace(trip, pickup_service=trip.pickup_service + 1)
        behind = replace(trip, dropoff_service=trip.dropoff_service + 1)
        options = ((trip,), (before, trip), (trip, behind), (behind, before, trip))
        requests.append(Request(options[(seed + number) % 4], request.price))
    return replace(problem, requests=tuple(requests))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12), late=st.sampled_from((0, 1200)))
def test_the_numbers_of_a_tour_are_those_of_its_halts_whatever_option_it_carries(
    seed: int, places: int, late: int
) -> None:
    problem = wild_problem(seed, random_travel(seed, places, width=700), late=late)
    problem = several_ways(problem, seed)
    state = SearchState(problem, problem.tours)
    for tour, order in zip(problem.tours, state.orders(), strict=True):
        assert tuple(state.halts[number] for number in order) == tour.halts
    options = [option for request in state.requests for option in request.options]
    for request, option in zip(state.requests, state.plan.option.tolist(), strict=True):
        assert option < 0 or options[option].id == request.options[0].id


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 12), late=st.sampled_from((0, 1200)))
def test_compiled_tours_cost_what_their_timetables_say(seed: int, places: int, late: int) -> None:
    problem = wild_problem(seed, random_travel(seed, places, width=700), late=late)
    compiled = compile_tours(problem.tours, problem.travel)
    own = sum(tour_cost(problem, tour) for tour in problem.tours)
    assert cost_of_compiled(compiled, WEIGHTS) == own


def test_tours_that_are_as_they_were_are_the_same_objects() -> None:
    problem = wild_problem(1, random_travel(1, 8, width=700))
    state = SearchState(problem, problem.tours)
    tours = state.solution(state.orders(), 0).tours
    assert all(one is two for one, two in zip(tours, problem.tours, strict=True))
