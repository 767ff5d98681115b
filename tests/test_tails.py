"""Tails change tours only where both vehicles are empty, and take nothing along that stays."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.annealing import Scratch, change_of_cost, forget, undo
from routing.chance import Chance
from routing.check import check_plan, worsened
from routing.improvement import Search
from routing.kernel import kernel
from routing.problem import (
    Break,
    Halt,
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
from routing.search_state import Given, Plan, SearchState
from routing.tails import exchange_tails
from routing.travel_times import TravelTimes
from tests.days import crooked_travel, random_travel
from tests.plans import SEEDS, staying_in, tour_cost, trips_of, wild_problem

MINUTE = 60
DRAWS = 40


@kernel
def draw(given: Given, plan: Plan, scratch: Scratch, temperature: float, chance: Chance) -> bool:
    return exchange_tails(given, plan, scratch.absent, scratch.touched, temperature, chance)


@kernel
def cost_added(given: Given, plan: Plan, scratch: Scratch) -> int:
    return change_of_cost(given, plan, scratch)


@kernel
def keep_it(scratch: Scratch) -> None:
    forget(scratch)


@kernel
def take_it_back(plan: Plan, scratch: Scratch) -> None:
    undo(plan, scratch)
    forget(scratch)


@dataclass(frozen=True)
class Drawn:
    """What one draw did."""

    fits: bool
    before: tuple[Tour, ...]
    after: tuple[Tour, ...]
    added: int


def draws(problem: Problem, seed: int, *, keep: bool = True, count: int = DRAWS) -> Iterator[Drawn]:
    """Exchange tails again and again; go on from what fits, or from the start each time."""
    search = Search(SearchState(problem, problem.tours), seed=seed)
    state, scratch = search.state, search.scratch
    for _ in range(count):
        before = tours_of(state)
        fits = draw(state.given, state.plan, scratch, 3000.0, search.chance)
        after = tours_of(state)
        added = int(cost_added(state.given, state.plan, scratch))
        if fits and keep:
            keep_it(scratch)
        else:
            take_it_back(state.plan, scratch)
            assert tours_of(state) == before
        carried = {trip for tour in tours_of(state) for trip in trips_of([tour])}
        ids = [request.options[0].id for request in state.requests]
        assert [trip in carried for trip in ids] == (state.plan.tour >= 0).tolist()
        assert not scratch.touched.any()
        assert not scratch.absent.gone.any()
        yield Drawn(fits, before, after, added)


def tours_of(state: SearchState) -> tuple[Tour, ...]:
    plan = state.plan
    orders = [plan.order[r, : plan.shifts["length"][r]].tolist() for r in plan.at.tolist()]
    return state.solution(orders, 0).tours


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    seed=SEEDS,
    places=st.integers(2, 12),
    late=st.sampled_from((0, 0, 1200)),
    crooked=st.booleans(),
)
def test_the_checker_accepts_every_exchange_and_everything_that_stays_stays(
    seed: int, places: int, late: int, crooked: bool
) -> None:
    travel = crooked_travel(seed, places) if crooked else random_travel(seed, places, width=700)
    problem = wild_problem(seed, travel, late=late, more=0)
    problem = replace(problem, requests=problem.requests[::2] + problem.requests[1::4])
    asked = trips_of(problem.tours)
    start = check_plan(problem.tours, travel, asked)
    for drawn in draws(problem, seed):
        if drawn.fits:
            found = check_plan(drawn.after, travel, asked, problem.tours)
            assert worsened(start, found) == []
            assert staying_in(problem, drawn.after) == staying_in(problem, problem.tours)
            costs = [sum(tour_cost(problem, t) for t in ts) for ts in (drawn.before, drawn.after)]
            assert drawn.added == costs[1] - costs[0]


# ------------------------------------------------------------------------------------ by hand


def line(places: int = 10) -> TravelTimes:
    """Return places in a row, a minute apart."""
    seconds = MINUTE * np.abs(np.subtract.outer(np.arange(places), np.arange(places)))
    return TravelTimes(seconds.astype(np.int32), (seconds * 10).astype(np.int32))


def ride(name: str, pickup: int, dropoff: int, *, seats: int = 1) -> Trip:
    day = 600 * MINUTE
    return Trip(name, pickup, dropoff, 0, day, 0, day, 60 * MINUTE, (seats, 0, 0), 0, 0)


def two_tours(
    a: tuple[str, ...],
    b: tuple[str, ...],
    trips: dict[str, Trip],
    layouts: tuple[Loads, Loads] = ((4, 0, 0), (4, 0, 0)),
    rest: Break | None = None,
) -> Problem:
    """Return tours of two vehicles with the halts in this order: `x` picks up, `-x` drops off."""
    tours = []
    for name, order, layout in zip("ab", (a, b), layouts, strict=True):
        breaks = (rest,) if rest is not None and name == "a" else ()
        empty = empty_tour(Shift(name, 0, 0, 0, 600 * MINUTE, (layout,), breaks))
        start, *resting, end = empty.halts
        halts: list[Halt] = [start]
        for each in order:
            if each == "break":
                halts += resting
            else:
                halts.append(trip_halts(trips[each.removeprefix("-")])[each.startswith("-")])
        tours.append(replace(empty, halts=(*halts, end)))
    requests = tuple(Request((trip,), 1 << 30) for trip in trips.values())
    return Problem(tuple(tours), requests, line(), Weights())


def orders(tours: tuple[Tour, ...]) -> list[list[str]]:
    sign = {HaltKind.PICKUP: "", HaltKind.DROPOFF: "-"}
    return [
        [sign[halt.kind] + halt.trip if halt.trip else "break" for halt in tour.halts[1:-1]]
        for tour in tours
    ]


def exchanged(problem: Problem) -> list[list[list[str]]]:
    """Return all that one exchange makes of the tours, by many draws."""
    found = [orders(each.after) for each in draws(problem, 1, keep=False, count=300) if each.fits]
    return [order for k, order in enumerate(found) if order not in found[:k]]


def test_tails_are_exchanged_only_where_both_vehicles_are_empty() -> None:
    trips = {name: ride(name, at, at + 1) for name, at in zip("pqrs", (1, 3, 5, 7), strict=True)}
    problem = two_tours(("p", "q", "-p", "-q", "r", "-r"), ("s", "-s"), trips)
    found = exchanged(problem)
    assert [["p", "q", "-p", "-q", "s", "-s"], ["r", "-r"]] in found
    assert [["p", "q", "-p", "-q"], ["s", "-s", "r", "-r"]] in found
    whole = [["p", "q", "-p", "-q"], ["r", "-r"], ["s", "-s"]]
    for tours in found:
        for tour in tours:
            pieces = [piece for piece in whole if "".join(piece) in "".join(tour)]
            assert sorted(tour) == sorted(end for piece in pieces for end in piece)


def test_a_tail_ends_at_the_break_that_stays() -> None:
    trips = {name: ride(name, at, at + 1) for name, at in zip("pqr", (1, 3, 5), strict=True)}
    rest = Break(0, 0, 600 * MINUTE, 5 * MINUTE)
    problem = two_tours(("p", "-p", "break", "q", "-q"), ("r", "-r"), trips, rest=rest)
    found = exchanged(problem)
    assert [["r", "-r", "break", "q", "-q"], ["p", "-p"]] in found
    assert [["p", "-p", "break", "r", "-r"], ["q", "-q"]] in found
    for a, b in found:
        assert "break" in a
        assert "break" not in b
        before = a[: a.index("break")]
        assert "q" not in before


def test_a_tail_does_not_go_where_the_vehicle_is_too_small_for_it() -> None:
    trips = {"p": ride("p", 1, 2), "q": ride("q", 3, 4, seats=3), "r": ride("r", 5, 6)}
    small: tuple[Loads, Loads] = ((4, 0, 0), (2, 0, 0))
    problem = two_tours(("p", "-p", "q", "-q"), ("r", "-r"), trips, small)
    found = exchanged(problem)
    assert found
    assert all("q" in a for a, _ in found)
    large = two_tours(("p", "-p", "q", "-q"), ("r", "-r"), trips)
    assert any("q" in b for _, b in exchanged(large))


def test_what_is_fixed_stays_in_front() -> None:
    trips = {name: ride(name, at, at + 1) for name, at in zip("pqr", (1, 3, 5), strict=True)}
    problem = two_tours(("p", "-p", "q", "-q"), ("r", "-r"), trips)
    a, b = problem.tours
    under_way = replace(problem, tours=(replace(a, fixed=3), b))
    found = exchanged(under_way)
    assert found
    assert all(order[0][:2] == ["p", "-p"] for order in found)


def test_somebody_on_board_who_is_no_request_keeps_the_vehicle_from_exchanging() -> None:
    trips = {name: ride(name, at, at + 1) for name, at in zip("pr", (1, 5), strict=True)}
    problem = two_tours(("p", "-p"), ("r", "-r"), trips)
    a, b = problem.tours
    assert exchanged(replace(problem, tours=(replace(a, fixed=2), b))) == [
        [["p", "-p", "r", "-r"], []]
    ]


def test_a_single_vehicle_has_nobody_to_exchange_with() -> None:
    trips = {name: ride(name, at, at + 1) for name, at in zip("pr", (1, 5), strict=True)}
    problem = two_tours(("p", "-p"), ("r", "-r"), trips)
    alone = replace(problem, tours=problem.tours[:1], requests=problem.requests[:1])
    assert exchanged(alone) == []
