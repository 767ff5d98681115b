"""Violated or worsened: what may be done to a tour that cannot keep everything any more."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from routing.check import Breach, check_tour, worsened
from routing.insertion import best_insertions, insert, remove
from routing.problem import Shift, Tour, Trip, empty_tour
from routing.schedule import compile_tours
from routing.travel_times import TravelTimes
from routing.worsening import made_worse
from tests.days import busy_day, plausible_trip

WAY = 600
"""Seconds between any two of four places."""

SECONDS = np.full((4, 4), WAY, np.int32) - WAY * np.eye(4, dtype=np.int32)
TRAVEL = TravelTimes(SECONDS, SECONDS)
SHIFT = Shift("bus", 0, 0, 0, 40_000, ((8, 0, 0),))


def trip(name: str, ends: tuple[int, int], window: tuple[int, int], last: int, ride: int) -> Trip:
    return Trip(name, *ends, *window, 0, last, ride, (1, 0, 0), 60, 60)


def tour_of(*trips: Trip, ready: int = 0) -> Tour:
    """The trips one after the other, in a vehicle that cannot leave before a time."""
    tour = empty_tour(SHIFT)
    for each in trips:
        compiled = compile_tours((tour,), TRAVEL)
        (found,) = best_insertions(compiled, TRAVEL, [each])
        assert found is not None
        tour = insert(tour, each, found)
    return replace(tour, ready=ready)


FIRST = trip("first", (1, 2), (0, 3000), 6000, 4000)
SECOND = trip("second", (2, 3), (4000, 5000), 9000, 900)


def test_a_tour_without_fault_is_no_worse() -> None:
    tour = tour_of(FIRST, SECOND)
    assert made_worse([tour], TRAVEL, [tour], TRAVEL) == []


def test_what_is_late_may_stay_as_late_and_not_later() -> None:
    on_time, late = tour_of(FIRST, SECOND), tour_of(FIRST, SECOND, ready=3000)
    later = replace(late, ready=3100)
    assert made_worse([late], TRAVEL, [late], TRAVEL) == []
    assert made_worse([later], TRAVEL, [late], TRAVEL) == []
    assert [each.what for each in made_worse([on_time], TRAVEL, [late], TRAVEL)] == [Breach.LATE]
    assert [each.what for each in made_worse([late], TRAVEL, [later], TRAVEL)] == [Breach.LATE]


def test_whoever_is_late_may_come_to_another_vehicle_that_is_no_later() -> None:
    late, free = tour_of(FIRST, ready=3000), replace(empty_tour(SHIFT), ready=2500)
    gone, taken = remove(late, "first"), replace(tour_of(FIRST), ready=2500)
    assert made_worse([late, free], TRAVEL, [gone, taken], TRAVEL) == []
    assert made_worse([taken, gone], TRAVEL, [free, late], TRAVEL) != []


def test_one_violation_may_give_way_to_another_if_the_old_times_are_still_possible() -> None:
    """Without the stop on the way, `rider` is picked up in time and waits on board instead."""
    rider = trip("rider", (1, 3), (0, 2000), 9000, 1000)
    other = trip("other", (2, 3), (5000, 6000), 9000, 4000)
    start, end = empty_tour(SHIFT).halts
    first, last = tour_of(FIRST).halts[1:3]
    (on, off), (other_on, other_off) = (tour_of(each).halts[1:3] for each in (rider, other))
    halts = (start, first, last, on, other_on, other_off, off, end)
    crowded = Tour(SHIFT, halts, ready=1200)
    alone = remove(crowded, "first")
    was, is_ = check_tour(crowded, TRAVEL), check_tour(alone, TRAVEL)
    assert worsened(was, is_) != []  # by name, something is worse
    assert made_worse([crowded], TRAVEL, [alone], TRAVEL) == []


def test_what_is_not_about_time_is_judged_as_ever() -> None:
    tour = tour_of(FIRST)
    full = replace(tour, shift=replace(SHIFT, layouts=((0, 0, 0),)))
    assert [each.what for each in made_worse([tour], TRAVEL, [full], TRAVEL)] == [Breach.LOAD]
    assert made_worse([full], TRAVEL, [full], TRAVEL) == []
    broken = replace(tour, halts=tour.halts[:2] + tour.halts[3:])
    assert [each.what for each in made_worse([tour], TRAVEL, [broken], TRAVEL)] == [Breach.UNPAIRED]


def late_tours(seed: int) -> Iterator[tuple[Tour, TravelTimes, list[Trip]]]:
    """Crowded tours that left much too late and are too long for their riders, and wishes."""
    rng = Random(seed)
    day = busy_day(seed, 3, 130, places=60)
    for tour in day.tours:
        start = replace(tour.halts[0], latest=tour.halts[0].earliest)
        share = rng.choice((1, 0.8, 0.6))
        rest = [replace(each, max_ride=int(each.max_ride * share)) for each in tour.halts[1:]]
        ready = start.earliest + rng.choice((1800, 3600, 5400, 9000))
        late = replace(tour, halts=(start, *rest), served=1, fixed=1, ready=ready)
        wishes = [replace(plausible_trip(rng, day.travel), id=f"new {k}") for k in range(10)]
        yield late, day.travel, wishes


@pytest.mark.parametrize("seed", range(12))
def test_whatever_fits_into_a_late_tour_by_its_timetable_makes_nothing_worse(seed: int) -> None:
    """The plan splits what is late between windows and rides in its way, the checker in another."""
    tried = 0
    for late, travel, wishes in late_tours(seed):
        compiled = compile_tours((late,), travel)
        begins = [compiled.begins(0)]
        for wish, found in zip(wishes, best_insertions(compiled, travel, wishes), strict=True):
            if found is not None:
                after = insert(late, wish, found)
                assert made_worse([late], travel, [after], travel, begins) == []
                tried += 1
    assert tried >= 3


def test_times_that_no_vehicle_can_keep_excuse_nothing() -> None:
    late, later = tour_of(FIRST, SECOND, ready=3000), tour_of(FIRST, SECOND, ready=3100)
    wished = [[begin + hour for begin in (0, 0, 0, 0, 0, 0)] for hour in (0, 3600)]
    for begins in wished:
        found = made_worse([late], TRAVEL, [later], TRAVEL, [begins])
        assert [each.what for each in found] == [Breach.LATE]


def test_times_that_are_later_than_need_be_are_what_was_planned() -> None:
    late, later = tour_of(FIRST, SECOND, ready=3000), tour_of(FIRST, SECOND, ready=3100)
    begins = compile_tours((later,), TRAVEL).begins(0)
    assert made_worse([late], TRAVEL, [later], TRAVEL, [begins]) == []
