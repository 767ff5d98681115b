from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.check import check_tour, earliest_times, time_network
from routing.problem import (
    FOREVER,
    Break,
    Halt,
    HaltKind,
    Shift,
    Tour,
    Trip,
    empty_tour,
    trip_halts,
)
from routing.schedule import CompiledTours, MalformedTourError, compile_tours, timetable
from routing.travel_times import TravelTimes
from tests.days import relaxed, travel_times, wild_tour, wild_travel

SEEDS = st.integers(0, 1 << 40)

# Three places on a line, ten minutes apart.
LINE = travel_times(np.array([[0, 600, 1200], [600, 0, 600], [1200, 600, 0]]))


def trip(name: str, pickup: int, dropoff: int, opens: int, **changes: Any) -> Trip:
    return replace(
        Trip(
            id=name,
            pickup=pickup,
            dropoff=dropoff,
            pickup_earliest=opens,
            pickup_latest=opens + 900,
            dropoff_earliest=0,
            dropoff_latest=FOREVER,
            max_ride=3000,
            loads=(1, 0, 0),
            pickup_service=60,
            dropoff_service=60,
        ),
        **changes,
    )


def tour_of(*halts: Halt, end: int = 20_000, **changes: Any) -> Tour:
    """Return a tour from place 0 back to place 0."""
    shift = Shift("v", 0, 0, 0, end, ((8, 0, 0),))
    empty = empty_tour(shift)
    tour = Tour(shift, (empty.halts[0], *halts, empty.halts[-1]))
    return replace(tour, **changes)


def begins(tour: Tour, travel: TravelTimes = LINE) -> list[int]:
    return [halt.begin for halt in timetable(tour, travel)]


def latest_times(tour: Tour, travel: TravelTimes) -> list[int]:
    """Return the greatest times of a feasible tour, by Bellman-Ford on the network reversed."""
    origin = len(tour.halts)
    before_origin = [-np.inf] * origin + [0]
    network = time_network(tour, travel)
    for _ in range(origin + 1):
        for a, b, weight in network:
            before_origin[a] = max(before_origin[a], before_origin[b] + weight)
    return [int(-time) for time in before_origin[:origin]]


def row_of(compiled: CompiledTours, index: int, field: str) -> list[int]:
    size = len(compiled.tours[index].halts)
    values: list[int] = compiled.halts[index][field][:size].tolist()
    return values


# --------------------------------------------------------------------------------- properties


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    seed=SEEDS,
    places=st.integers(2, 8),
    minute=st.sampled_from((60, 1)),
    late=st.sampled_from((0, 0, 20)),
)
def test_soonest_and_deadline_are_the_least_and_greatest_times_of_the_network(
    seed: int, places: int, minute: int, late: int
) -> None:
    travel = wild_travel(seed, places, minute)
    tour = wild_tour(seed, travel, late=late * minute, minute=minute)
    compiled = compile_tours([tour], travel)
    achievable = relaxed(compiled, 0)
    served = achievable.served
    assert row_of(compiled, 0, "soonest") == earliest_times(achievable, travel)
    assert row_of(compiled, 0, "deadline")[served:] == latest_times(achievable, travel)[served:]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8))
def test_a_tour_that_keeps_everything_is_not_relaxed(seed: int, places: int) -> None:
    travel = wild_travel(seed, places)
    tour = wild_tour(seed, travel)
    assert check_tour(tour, travel) == []
    assert relaxed(compile_tours([tour], travel), 0).halts == tour.halts


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8))
def test_a_late_tour_is_relaxed_to_what_it_can_still_achieve(seed: int, places: int) -> None:
    travel = wild_travel(seed, places)
    tour = wild_tour(seed, travel, late=25 * 60)
    achievable = relaxed(compile_tours([tour], travel), 0)
    assert check_tour(achievable, travel) == []
    without_limits = [replace(h, latest=FOREVER, max_ride=FOREVER) for h in tour.halts]
    shift = replace(tour.shift, max_duration=FOREVER)
    bare = earliest_times(replace(tour, shift=shift, halts=tuple(without_limits)), travel)
    assert bare is not None
    for k in range(tour.served, len(bare)):
        assert achievable.halts[k].latest == max(tour.halts[k].latest, bare[k])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8), late=st.sampled_from((0, 25 * 60)))
def test_a_timetable_keeps_all_that_can_be_kept(seed: int, places: int, late: int) -> None:
    travel = wild_travel(seed, places)
    tour = wild_tour(seed, travel, late=late)
    scheduled = timetable(tour, travel)
    achievable = relaxed(compile_tours([tour], travel), 0)
    assert check_tour(achievable, travel, [each.begin for each in scheduled]) == []
    assert [each.halt for each in scheduled] == list(tour.halts)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=SEEDS, index=st.integers(0, 2), late=st.sampled_from((0, 25 * 60)))
def test_replacing_a_tour_is_compiling_anew(seed: int, index: int, late: int) -> None:
    travel = wild_travel(seed, 6)
    tours = [wild_tour(seed + v, travel, f"v{v}") for v in range(3)]
    before = compile_tours(tours, travel)
    untouched = before.halts.copy()
    tours[index] = wild_tour(seed + 9, travel, f"v{index}", late=late)
    assert_same(before.replace(index, tours[index]), compile_tours(tours, travel))
    np.testing.assert_array_equal(before.halts, untouched)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, ready=st.integers(0, 4000))
def test_a_vehicle_that_only_waits_is_compiled_as_if_anew(seed: int, ready: int) -> None:
    travel = wild_travel(seed, 6)
    tour = wild_tour(seed, travel)
    later = replace(tour, ready=ready, halts=(*tour.halts,))
    assert_same(compile_tours([tour], travel).replace(0, later), compile_tours([later], travel))


def assert_same(a: CompiledTours, b: CompiledTours) -> None:
    assert a.tours == b.tours
    np.testing.assert_array_equal(a.shifts, b.shifts)
    for v, tour in enumerate(a.tours):
        size = len(tour.halts)
        np.testing.assert_array_equal(a.halts[v][:size], b.halts[v][:size])
        np.testing.assert_array_equal(_layouts(a, v), _layouts(b, v))


def _layouts(compiled: CompiledTours, v: int) -> npt.NDArray[np.int64]:
    return compiled.layouts[v, : len(compiled.tours[v].shift.layouts)]


# ----------------------------------------------------------------------------------- examples


def test_a_vehicle_leaves_just_in_time() -> None:
    pickup, dropoff = trip_halts(trip("a", 1, 2, opens=3600))
    start, at_pickup, at_dropoff, end = timetable(tour_of(pickup, dropoff), LINE)
    assert (start.begin, start.departure) == (0, 3000)
    assert (at_pickup.begin, at_pickup.departure) == (3600, 3660)
    assert (at_dropoff.begin, at_dropoff.departure) == (4260, 18_800)
    assert (end.begin, end.departure) == (20_000, 20_000)
    assert [each.loads for each in (start, at_pickup, at_dropoff, end)] == [
        (0, 0, 0),
        (1, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
    ]


def test_halts_at_one_place_happen_together_and_leave_together() -> None:
    a, to_a = trip_halts(trip("a", 1, 2, opens=3600))
    b, to_b = trip_halts(trip("b", 1, 2, opens=3600))
    scheduled = timetable(tour_of(a, b, to_a, to_b), LINE)
    assert [each.begin for each in scheduled] == [0, 3600, 3600, 4260, 4260, 20_000]
    assert [each.departure for each in scheduled] == [3000, 3660, 3660, 18_800, 18_800, 20_000]


def test_the_longest_service_at_a_place_counts_once() -> None:
    a, to_a = trip_halts(trip("a", 1, 2, opens=3600, pickup_service=180))
    b, to_b = trip_halts(trip("b", 1, 2, opens=3600))
    assert begins(tour_of(a, b, to_a, to_b))[3] == 3600 + 180 + 600
    assert begins(tour_of(b, a, to_a, to_b))[3] == 3600 + 180 + 600


def test_a_pickup_is_delayed_so_that_the_ride_is_not_too_long() -> None:
    long_wait = trip("a", 1, 2, opens=3600, dropoff_earliest=5400, max_ride=1200)
    assert begins(tour_of(*trip_halts(long_wait)))[1:3] == [5400 - 1200 - 60, 5400]


def test_nobody_leaves_before_the_vehicle_is_ready() -> None:
    pickup, dropoff = trip_halts(trip("a", 1, 2, opens=3600))
    assert begins(tour_of(pickup, dropoff, ready=3300))[1] == 3900


def test_what_has_happened_keeps_its_time_even_if_it_was_quicker_than_the_map() -> None:
    pickup, dropoff = trip_halts(trip("a", 1, 2, opens=0))
    happened = replace(pickup, earliest=100, latest=100)
    start = Halt(HaltKind.START, 0, 0, 0)
    tour = tour_of(happened, dropoff, served=2, fixed=2)
    tour = replace(tour, halts=(start, *tour.halts[1:]))
    assert begins(tour)[:3] == [0, 100, 100 + 60 + 600]


def test_a_late_vehicle_keeps_its_tour_usable() -> None:
    late = trip("a", 1, 2, opens=0)
    compiled = compile_tours([tour_of(*trip_halts(late), ready=3600)], LINE)
    assert row_of(compiled, 0, "latest")[1] == 4200
    assert row_of(compiled, 0, "deadline")[1] == 4200
    assert row_of(compiled, 0, "soonest")[1] == 4200


def test_a_ride_that_is_too_long_anyway_delays_nobody() -> None:
    slow = trip("a", 1, 2, opens=3600, max_ride=500)
    compiled = compile_tours([tour_of(*trip_halts(slow))], LINE)
    assert row_of(compiled, 0, "soonest")[1:3] == [3600, 4260]
    assert row_of(compiled, 0, "max_ride")[1:3] == [600, 600]


def test_a_break_happens_in_its_window() -> None:
    shift = Shift("v", 0, 0, 0, 20_000, ((8, 0, 0),), (Break(0, 5000, 6000, 1800),))
    scheduled = timetable(empty_tour(shift), LINE)
    assert [each.begin for each in scheduled] == [0, 5000, 20_000]


def test_a_tour_that_outgrows_its_row_gets_more_room() -> None:
    compiled = compile_tours([tour_of(), tour_of()], LINE)
    halts = [halt for k in range(40) for halt in trip_halts(trip(f"t{k}", 1, 2, opens=0))]
    grown = compiled.replace(1, tour_of(*halts, end=FOREVER))
    assert len(grown.timetable(1)) == 82
    assert grown.tours[0] is compiled.tours[0]


def test_a_compiled_day_cannot_be_written_to() -> None:
    compiled = compile_tours([tour_of()], LINE)
    with pytest.raises(ValueError, match="read-only"):
        compiled.halts["soonest"] = 0


def test_a_day_without_tours_is_compiled() -> None:
    assert compile_tours([], LINE).tours == ()


PICKUP, DROPOFF = trip_halts(trip("a", 1, 2, opens=0))


@pytest.mark.parametrize(
    ("tour", "sentence"),
    [
        (tour_of(PICKUP), "'a' is picked up and never dropped off"),
        (tour_of(DROPOFF, PICKUP), "'a' is dropped off without a pickup before"),
        (tour_of(PICKUP, PICKUP, DROPOFF), "'a' is picked up twice"),
        (tour_of(replace(PICKUP, place=3), DROPOFF), "only places 0 to 2 are known"),
        (tour_of(PICKUP, DROPOFF, fixed=0), "0 are fixed"),
        (tour_of(PICKUP, DROPOFF, served=2), "2 served"),
    ],
)
def test_a_malformed_tour_is_refused_with_its_shift_and_reason(tour: Tour, sentence: str) -> None:
    with pytest.raises(MalformedTourError, match=sentence) as caught:
        compile_tours([tour], LINE)
    assert caught.value.shift == "v"
