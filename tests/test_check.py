from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from routing.check import (
    Breach,
    Violation,
    check_plan,
    check_tour,
    earliest_times,
    time_network,
    worsened,
)
from routing.problem import Break, Shift, Tour, Trip, empty_tour, trip_halts
from tests.days import travel_times, wild_tour, wild_travel

# Three places on a line, ten minutes apart.
LINE = travel_times(np.array([[0, 600, 1200], [600, 0, 600], [1200, 600, 0]]))
SHIFT = Shift("v", 0, 0, 0, 20_000, ((2, 0, 0), (1, 1, 0)), (Break(1, 10_000, 11_000, 1800),))


def trip(name: str, opens: int, **changes: Any) -> Trip:
    return replace(
        Trip(name, 1, 2, opens, opens + 900, 0, opens + 3000, 1500, (1, 0, 0), 60, 60), **changes
    )


def tour_of(*trips: Trip, **changes: Any) -> Tour:
    """Return a tour that serves one trip after the other, then has its break."""
    start, rest, end = empty_tour(SHIFT).halts
    halts = [halt for each in trips for halt in trip_halts(each)]
    return replace(Tour(SHIFT, (start, *halts, rest, end)), **changes)


def swapped(tour: Tour, a: int, b: int) -> Tour:
    halts = list(tour.halts)
    halts[a], halts[b] = halts[b], halts[a]
    return replace(tour, halts=tuple(halts))


def changed(tour: Tour, k: int, **changes: Any) -> Tour:
    halts = list(tour.halts)
    halts[k] = replace(halts[k], **changes)
    return replace(tour, halts=tuple(halts))


def without(tour: Tour, k: int) -> Tour:
    return replace(tour, halts=(*tour.halts[:k], *tour.halts[k + 1 :]))


A, B = trip("a", 3600), trip("b", 7200)
GOOD = tour_of(A, B)
ACROSS = trip("b", 10_000, dropoff_latest=20_000, max_ride=9000)
TRIPS = {"a": A, "b": B}


def test_a_good_plan_has_no_violations() -> None:
    assert check_plan([GOOD], LINE, TRIPS, [GOOD]) == []


@pytest.mark.parametrize(
    ("tour", "violation"),
    [
        (without(GOOD, 0), Violation(Breach.MALFORMED, "v")),
        (without(GOOD, 6), Violation(Breach.MALFORMED, "v")),
        (replace(GOOD, served=2), Violation(Breach.MALFORMED, "v")),
        (without(GOOD, 5), Violation(Breach.MALFORMED, "v")),
        (replace(GOOD, fixed=1, served=1), Violation(Breach.MALFORMED, "v", 0)),
        (swapped(GOOD, 1, 2), Violation(Breach.UNPAIRED, "v", trip="a")),
        (without(GOOD, 4), Violation(Breach.UNPAIRED, "v", trip="b")),
        (changed(GOOD, 5, place=2), Violation(Breach.ALTERED, "v", 5)),
        (changed(GOOD, 5, service=900), Violation(Breach.ALTERED, "v", 5)),
        (changed(GOOD, 5, latest=11_050), Violation(Breach.ALTERED, "v", 5, by=50)),
        (changed(GOOD, 6, latest=20_500), Violation(Breach.ALTERED, "v", 6, by=500)),
        (tour_of(trip("a", 3600, loads=(2, 1, 0))), Violation(Breach.LOAD, "v", 1, "a", 1)),
        (swapped(tour_of(A, ACROSS), 4, 5), Violation(Breach.BREAK, "v", 4)),
        (replace(GOOD, ready=4000), Violation(Breach.LATE, "v", 1, "a", 100)),
        (tour_of(trip("a", 3600, dropoff_latest=4000)), Violation(Breach.LATE, "v", 2, "a", 260)),
        (tour_of(trip("a", 3600, max_ride=590)), Violation(Breach.RIDE, "v", 2, "a", 10)),
    ],
)  # fmt: skip
def test_each_fault_of_a_tour_is_found(tour: Tour, violation: Violation) -> None:
    assert check_tour(tour, LINE) == [violation]


def test_a_window_that_cannot_be_met_is_reported_by_the_least_delay() -> None:
    found = check_tour(replace(GOOD, ready=4500), LINE)
    assert found == [Violation(Breach.LATE, "v", 1, "a", 4500 + 600 - 4500)]


def test_a_wheelchair_fits_only_where_a_seat_is_folded() -> None:
    chair = replace(A, id="chair", loads=(0, 1, 0))
    start, on, off, rest, end = tour_of(A).halts
    both = [on, *trip_halts(chair), off]
    assert check_tour(replace(GOOD, halts=(start, *both, rest, end)), LINE) == []
    pair = replace(on, loads=(2, 0, 0)), replace(off, loads=(-2, 0, 0))
    full = replace(GOOD, halts=(start, pair[0], *trip_halts(chair), pair[1], rest, end))
    assert check_tour(full, LINE) == [Violation(Breach.LOAD, "v", 2, "chair")]


def test_given_times_are_judged_as_they_are() -> None:
    single = tour_of(A)
    assert check_tour(single, LINE, [0, 3600, 4260, 10_000, 20_000]) == []
    assert check_tour(single, LINE, [0, 3500, 4160, 10_000, 20_000]) == [
        Violation(Breach.EARLY, "v", 1, "a", 100)
    ]
    assert check_tour(single, LINE, [0, 4600, 5260, 10_000, 20_000]) == [
        Violation(Breach.LATE, "v", 1, "a", 100)
    ]
    assert check_tour(single, LINE, [0, 3600, 5260, 10_000, 20_000]) == [
        Violation(Breach.RIDE, "v", 2, "a", 100)
    ]
    assert check_tour(single, LINE, [0, 3600, 4200, 10_000, 20_000]) == [
        Violation(Breach.EARLY, "v", 2, "a", 60)
    ]


def test_what_happened_too_late_is_a_broken_promise() -> None:
    happened = changed(changed(GOOD, 0, earliest=100, latest=100), 1, earliest=4700, latest=4700)
    found = check_plan([replace(happened, served=2, fixed=2)], LINE, TRIPS)
    assert found == [Violation(Breach.LATE, "v", 1, "a", 200)]


def test_each_trip_is_served_exactly_once() -> None:
    other = replace(GOOD, shift=replace(SHIFT, id="w"))
    assert check_plan([GOOD], LINE, {**TRIPS, "c": trip("c", 0)}) == [
        Violation(Breach.UNSERVED, trip="c")
    ]
    assert check_plan([GOOD, other], LINE, TRIPS) == [
        Violation(Breach.TWICE, trip="a"),
        Violation(Breach.TWICE, trip="b"),
    ]
    assert check_plan([tour_of(A)], LINE, {}) == [
        Violation(Breach.UNKNOWN, "v", 1, "a"),
        Violation(Breach.UNKNOWN, "v", 2, "a"),
    ]


@pytest.mark.parametrize(
    "alteration",
    [
        {"place": 0},
        {"latest": 4600},
        {"earliest": 3500},
        {"service": 0},
        {"max_ride": 1600},
    ],
)
def test_a_halt_that_is_not_what_was_promised_is_found(alteration: dict[str, int]) -> None:
    found = check_plan([changed(GOOD, 1, **alteration)], LINE, TRIPS)
    assert Violation(Breach.ALTERED, "v", 1, "a") in [replace(each, by=1) for each in found]


def test_what_was_fixed_stays() -> None:
    before = replace(GOOD, fixed=3)
    assert check_plan([replace(GOOD, fixed=3)], LINE, TRIPS, [before]) == []
    assert check_plan([GOOD], LINE, TRIPS, [before]) == [Violation(Breach.FIXED, "v")]
    start, a, to_a, b, to_b, rest, end = GOOD.halts
    moved = replace(before, halts=(start, a, b, to_a, to_b, rest, end))
    found = check_plan([moved], LINE, TRIPS, [before])
    assert Violation(Breach.FIXED, "v", 2, "a") in found
    assert check_plan([], LINE, {}, [before]) == [Violation(Breach.FIXED, "v")]


def test_what_has_happened_cannot_be_told_differently() -> None:
    start = {"earliest": 100, "latest": 100}
    before = replace(changed(GOOD, 0, **start), served=1)
    after = replace(changed(GOOD, 0, earliest=200, latest=200), served=1)
    assert check_plan([after], LINE, TRIPS, [before]) == [Violation(Breach.FIXED, "v", 0)]


def test_only_what_is_new_or_has_grown_counts_as_worse() -> None:
    late = Violation(Breach.LATE, "v", 3, "a", 60)
    elsewhere = Violation(Breach.LATE, "w", 5, "a", 60)
    later = replace(late, by=90)
    other = Violation(Breach.LATE, "v", 7, "b", 10)
    assert worsened([late], [late]) == []
    assert worsened([late], [elsewhere]) == []
    assert worsened([late], [later, other]) == [later, other]


def test_a_violation_reads_as_a_sentence() -> None:
    violation = Violation(Breach.LATE, "v", 3, "a", 60)
    assert str(violation) == "late at halt 3 of trip 'a' in tour 'v' by 60"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1 << 40), late=st.sampled_from((0, 0, 20 * 60)))
def test_the_earliest_times_are_those_of_a_linear_program(seed: int, late: int) -> None:
    travel = wild_travel(seed, 5)
    tour = wild_tour(seed, travel, late=late)
    n = len(tour.halts)
    network = time_network(tour, travel)
    rows = np.zeros((len(network), n + 1))
    for row, (a, b, _) in zip(rows, network, strict=True):
        row[a] += 1
        row[b] -= 1
    weights = [-weight for _, _, weight in network]
    bounds = [(None, None)] * n + [(0, 0)]
    solved = linprog(np.ones(n + 1), A_ub=rows, b_ub=weights, bounds=bounds)
    found = earliest_times(tour, travel)
    assert (found is None) == (solved.status == 2)
    if found is not None:
        np.testing.assert_allclose(found, solved.x[:n], atol=1e-4)
