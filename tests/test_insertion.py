from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.check import check_tour, earliest_times
from routing.insertion import (
    FixedTripError,
    Insertion,
    Obstacle,
    UnknownPlaceError,
    best_insertions,
    explain,
    insert,
    remove,
)
from routing.problem import FOREVER, Break, Shift, Tour, Trip, empty_tour
from routing.schedule import CompiledTours, compile_tours, timetable
from routing.travel_times import TravelTimes
from tests.days import crooked_travel, relaxed, travel_times, wild_tour, wild_travel, wild_trip

SEEDS = st.integers(0, 1 << 40)


# ------------------------------------------------------------------------------------- oracle


@dataclass(frozen=True, order=True)
class Candidate:
    """Ordered as the best insertion is chosen."""

    score: int
    pickup_time: int
    tour: int
    pickup_after: int
    dropoff_after: int
    dropoff_time: int


def driving(tour: Tour, travel: TravelTimes) -> int:
    return sum(int(travel.seconds[a.place, b.place]) for a, b in pairwise(tour.halts))


def put(tour: Tour, trip: Trip, after: int, until: int) -> Tour:
    return insert(tour, trip, Insertion(0, 0, after, until, 0, 0, 0, 0, 0))


def every_feasible(tours: list[Tour], travel: TravelTimes, trip: Trip) -> Iterator[Candidate]:
    """Try every pair of positions and ask the independent checker."""
    for v, tour in enumerate(tours):
        for after in range(tour.fixed - 1, len(tour.halts) - 1):
            for until in range(after, len(tour.halts) - 1):
                longer = put(tour, trip, after, until)
                times = earliest_times(longer, travel)
                if times is None or check_tour(longer, travel):
                    continue
                yield Candidate(
                    driving(longer, travel) - driving(tour, travel),
                    times[after + 1],
                    v,
                    after,
                    until,
                    times[until + 2],
                )


def as_candidate(found: Insertion) -> Candidate:
    return Candidate(
        found.score,
        found.pickup_time,
        found.tour,
        found.pickup_after,
        found.dropoff_after,
        found.dropoff_time,
    )


def assert_as_the_oracle(seed: int, places: int, minute: int, late: int) -> None:
    """Compare on two wild tours, which are up to `late` minutes late, and three wild trips."""
    travel = wild_travel(seed, places, minute)
    tours = [
        wild_tour(seed + v, travel, f"v{v}", late=late * minute, minute=minute) for v in range(2)
    ]
    trips = [wild_trip(seed + k, travel, minute=minute) for k in range(3)]
    compiled = compile_tours(tours, travel)
    achievable = [relaxed(compiled, v) for v in range(len(tours))]
    found = best_insertions(compiled, travel, trips)
    for trip, insertion in zip(trips, found, strict=True):
        best = min(every_feasible(achievable, travel, trip), default=None)
        assert (None if insertion is None else as_candidate(insertion)) == best
        assert insertion is None or insertion.added_metres == 14 * insertion.added_seconds


# --------------------------------------------------------------------------------- properties


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8), minute=st.sampled_from((60, 1)))
def test_the_best_insertion_is_the_best_of_all_that_the_checker_accepts(
    seed: int, places: int, minute: int
) -> None:
    assert_as_the_oracle(seed, places, minute, late=0)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True)
@given(
    seed=SEEDS,
    places=st.integers(2, 8),
    minute=st.sampled_from((60, 1)),
    late=st.sampled_from((0, 20)),
)
def test_the_best_insertion_is_the_best_on_thousands_of_tours(
    seed: int, places: int, minute: int, late: int
) -> None:
    assert_as_the_oracle(seed, places, minute, late)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8), minute=st.sampled_from((60, 1)))
def test_into_a_late_tour_fits_what_makes_nothing_worse(
    seed: int, places: int, minute: int
) -> None:
    assert_as_the_oracle(seed, places, minute, late=20)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_without_the_triangle_inequality_what_is_found_is_still_feasible(seed: int) -> None:
    travel = crooked_travel(seed, 6)
    tour = wild_tour(seed, travel)
    trips = [wild_trip(seed + k, travel) for k in range(6)]
    compiled = compile_tours([tour], travel)
    for trip, found in zip(trips, best_insertions(compiled, travel, trips), strict=True):
        if found is not None:
            assert (
                check_tour(put(tour, trip, found.pickup_after, found.dropoff_after), travel) == []
            )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=SEEDS, places=st.integers(2, 8), late=st.sampled_from((0, 0, 20 * 60)))
def test_an_explanation_knows_the_earliest_pickup_and_finds_no_obstacle_where_there_is_none(
    seed: int, places: int, late: int
) -> None:
    travel = wild_travel(seed, places)
    compiled = compile_tours([wild_tour(seed, travel, late=late)], travel)
    trip = wild_trip(seed, travel)
    explained = explain(compiled, travel, trip)
    found = best_insertions(compiled, travel, [trip])[0]
    assert (explained.nearest == Obstacle.NONE) == (found is not None)
    unlimited = replace(trip, loads=(0, 0, 0))
    fits_without_loads = best_insertions(compiled, travel, [unlimited])[0] is not None
    carries = explained.tours[0].carries
    for_want_of_places = found is None and (fits_without_loads or not carries)
    assert (explained.nearest == Obstacle.CAPACITY) == for_want_of_places
    assert (explained.missing >= 0) == for_want_of_places
    achievable = [relaxed(compiled, 0)]
    later = replace(trip, pickup_latest=FOREVER, dropoff_latest=FOREVER)
    pickups = [each.pickup_time for each in every_feasible(achievable, travel, later)]
    assert explained.earliest_pickup == min(pickups, default=None)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=SEEDS, waiting_weight=st.integers(0, 3))
def test_options_do_not_disturb_each_other_and_a_search_repeats_itself(
    seed: int, waiting_weight: int
) -> None:
    travel = wild_travel(seed, 6)
    compiled = compile_tours([wild_tour(seed + v, travel, f"v{v}") for v in range(3)], travel)
    trips = [wild_trip(seed + k, travel) for k in range(6)]
    together = best_insertions(compiled, travel, trips, waiting_weight=waiting_weight)
    assert together == best_insertions(compiled, travel, trips, waiting_weight=waiting_weight)
    for trip, found in zip(trips, together, strict=True):
        alone = best_insertions(compiled, travel, [trip], waiting_weight=waiting_weight)[0]
        assert alone == (found and found._replace(option=0))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seed=SEEDS)
def test_removing_undoes_inserting(seed: int) -> None:
    travel = wild_travel(seed, 6)
    tour = wild_tour(seed, travel)
    trip = wild_trip(seed, travel)
    longer = put(tour, trip, tour.fixed - 1, len(tour.halts) - 1)
    assert remove(longer, "new") == tour


# ----------------------------------------------------------------------------------- examples

# Four places on a line, ten minutes apart.
LINE = travel_times(
    np.array([[0, 600, 1200, 1800], [600, 0, 600, 1200], [1200, 600, 0, 600], [1800, 1200, 600, 0]])
)
BUS = Shift("bus", 0, 0, 0, 20_000, ((4, 0, 0),))
TAXI = Shift("taxi", 0, 0, 0, 20_000, ((3, 0, 1), (1, 1, 0)))


def trip(name: str, pickup: int, dropoff: int, opens: int, **changes: Any) -> Trip:
    return replace(
        Trip(
            id=name,
            pickup=pickup,
            dropoff=dropoff,
            pickup_earliest=opens,
            pickup_latest=opens + 900,
            dropoff_earliest=0,
            dropoff_latest=opens + 5000,
            max_ride=3000,
            loads=(1, 0, 0),
            pickup_service=60,
            dropoff_service=60,
        ),
        **changes,
    )


def day(*tours: Tour) -> CompiledTours:
    return compile_tours(tours, LINE)


def with_trip(tour: Tour, added: Trip) -> Tour:
    found = best_insertions(day(tour), LINE, [added])[0]
    assert found is not None
    return insert(tour, added, found)


def best(compiled: CompiledTours, wanted: Trip, **options: Any) -> Insertion | None:
    return best_insertions(compiled, LINE, [wanted], **options)[0]


def test_an_empty_vehicle_fetches_and_brings_and_comes_home() -> None:
    found = best(day(empty_tour(BUS)), trip("a", 1, 2, 3600))
    assert found == Insertion(
        option=0,
        tour=0,
        pickup_after=0,
        dropoff_after=0,
        score=2400,
        added_seconds=2400,
        added_metres=2400 * 14,
        pickup_time=3600,
        dropoff_time=3600 + 60 + 600,
    )


def test_whoever_goes_the_same_way_at_the_same_time_adds_nothing() -> None:
    tour = with_trip(empty_tour(BUS), trip("a", 1, 2, 3600))
    found = best(day(tour), trip("b", 1, 2, 3600))
    assert found is not None
    assert (found.score, found.added_metres, found.pickup_time) == (0, 0, 3600)


def test_of_two_equal_tours_the_first_is_taken() -> None:
    found = best(day(empty_tour(BUS), empty_tour(TAXI)), trip("a", 1, 2, 3600))
    assert found is not None
    assert found.tour == 0


def test_of_two_equal_scores_the_earlier_pickup_is_taken() -> None:
    late = replace(empty_tour(BUS), ready=3300)
    found = best(day(late, empty_tour(TAXI)), trip("a", 1, 2, 3600))
    assert found is not None
    assert (found.tour, found.pickup_time) == (1, 3600)


def test_a_penalty_and_waiting_count_in_the_score() -> None:
    compiled = day(replace(empty_tour(BUS), ready=3300))
    found = best(compiled, trip("a", 1, 2, 3600), penalties=[50], waiting_weight=2)
    assert found is not None
    assert (found.pickup_time, found.added_seconds) == (3900, 2400)
    assert found.score == 2400 + 50 + 2 * 300


def test_nothing_is_put_before_what_is_fixed() -> None:
    tour = with_trip(empty_tour(BUS), trip("a", 1, 2, 3600))
    assert best(day(tour), trip("b", 1, 3, 3000)) is not None
    under_way = replace(tour, fixed=2, ready=3660)
    assert best(day(under_way), trip("b", 1, 3, 2000)) is None


def test_people_on_board_are_not_driven_around_for_longer_than_promised() -> None:
    tour = with_trip(empty_tour(BUS), trip("a", 1, 2, 3600, max_ride=700))
    under_way = replace(tour, fixed=2, served=0, ready=3660)
    sideways = trip("b", 0, 3, 3600, pickup_latest=6000)
    found = best(day(under_way), sideways)
    assert found is not None
    assert found.pickup_after >= 2


def test_whoever_has_to_be_picked_up_later_may_delay_the_new_pickup_up_to_its_last_second() -> None:
    """Dropping off at 6100 delays a's drop-off by 100, so a's pickup, so the new one behind it."""
    fetched = trip("w", 2, 3, 6000, pickup_latest=6100)
    tour = with_trip(empty_tour(BUS), trip("a", 0, 3, 3600, pickup_latest=6000, max_ride=2000))
    tour = with_trip(tour, fetched)
    assert [halt.begin for halt in timetable(tour, LINE)][:4] == [0, 4600, 6000, 6660]
    new = trip("b", 1, 2, 5260, dropoff_earliest=6100, dropoff_latest=6300, pickup_latest=5360)
    hurried = replace(new, max_ride=770)  # its own limit alone asks for 5270
    for wanted in (new, hurried):
        found = best(day(tour), wanted)
        assert found is not None
        assert (found.pickup_after, found.pickup_time, found.dropoff_time) == (1, 5360, 6100)
        assert best(day(tour), replace(wanted, pickup_latest=5359)) is None


def test_a_folding_seat_gives_way_to_a_wheelchair() -> None:
    tour = with_trip(empty_tour(TAXI), trip("a", 1, 2, 3600, loads=(1, 0, 0)))
    chair = trip("chair", 1, 2, 3600, loads=(0, 1, 0))
    assert best(day(tour), chair) is not None
    full = with_trip(tour, trip("b", 1, 2, 3600, loads=(2, 0, 0)))
    narrow = replace(chair, pickup_latest=3600, max_ride=700)
    assert best(day(full), narrow) is None


def test_nobody_is_on_board_during_a_break() -> None:
    shift = replace(BUS, breaks=(Break(2, 4000, 5000, 600),))
    across = trip("a", 1, 3, 3600, pickup_latest=3600)
    assert best(day(empty_tour(shift)), across) is None
    assert best(day(empty_tour(BUS)), across) is not None


def test_a_place_without_travel_times_is_named() -> None:
    with pytest.raises(UnknownPlaceError, match="Place 4 of trip 'a'") as caught:
        best(day(empty_tour(BUS)), trip("a", 1, 4, 3600))
    assert caught.value.place == 4


def test_a_ride_that_has_begun_cannot_be_taken_out() -> None:
    tour = with_trip(empty_tour(BUS), trip("a", 1, 2, 3600))
    with pytest.raises(FixedTripError, match="'a' has begun"):
        remove(replace(tour, fixed=2), "a")
    with pytest.raises(KeyError, match="b"):
        remove(tour, "b")


def test_without_options_nothing_is_found() -> None:
    assert best_insertions(day(empty_tour(BUS)), LINE, []) == []


def test_without_tours_nothing_is_found() -> None:
    assert best(day(), trip("a", 1, 2, 3600)) is None
    assert explain(day(), LINE, trip("a", 1, 2, 3600)).nearest == Obstacle.FIXED


# ------------------------------------------------------------------------------- explanations


def obstacle(tour: Tour, wanted: Trip) -> Obstacle:
    return explain(day(tour), LINE, wanted).nearest


def test_a_wheelchair_that_never_fits_is_a_matter_of_capacity() -> None:
    chair = trip("chair", 1, 2, 3600, loads=(0, 1, 0))
    explained = explain(day(empty_tour(BUS)), LINE, chair)
    assert (explained.nearest, explained.missing) == (Obstacle.CAPACITY, 1)
    assert not explained.tours[0].carries
    assert explained.earliest_pickup is None


def test_the_only_vehicle_with_a_wheelchair_place_says_when_it_can_come() -> None:
    away = with_trip(empty_tour(TAXI), trip("a", 1, 0, 3600, pickup_latest=3600, max_ride=600))
    chair = trip("chair", 3, 2, 3600, loads=(0, 1, 0))
    explained = explain(day(empty_tour(BUS), away), LINE, chair)
    bus, taxi = explained.tours
    assert (bus.obstacle, bus.missing, bus.carries) == (Obstacle.CAPACITY, 1, False)
    assert (taxi.obstacle, taxi.missing, taxi.carries) == (Obstacle.OTHERS, -1, True)
    assert taxi.earliest_pickup == 3600 + 60 + 600 + 60 + 1800
    assert taxi.pickup_after == 2
    assert explained.earliest_pickup == taxi.earliest_pickup


def test_a_vehicle_that_is_full_lacks_seats() -> None:
    full = with_trip(empty_tour(BUS), trip("a", 1, 3, 3600, loads=(4, 0, 0), max_ride=1300))
    more = trip("b", 1, 3, 3600, pickup_latest=3700)
    explained = explain(day(full), LINE, more)
    assert (explained.nearest, explained.missing) == (Obstacle.CAPACITY, 0)


def test_a_vehicle_that_is_too_far_away_misses_the_pickup_window() -> None:
    far = replace(empty_tour(BUS), ready=3600)
    assert obstacle(far, trip("a", 3, 2, 4000)) == Obstacle.PICKUP_WINDOW


def test_a_destination_that_is_too_far_misses_the_dropoff_window() -> None:
    hurried = trip("a", 1, 3, 3600, dropoff_latest=4000)
    assert obstacle(empty_tour(BUS), hurried) == Obstacle.DROPOFF_WINDOW


def test_a_way_longer_than_the_ride_limit_is_said_to_be_so() -> None:
    assert obstacle(empty_tour(BUS), trip("a", 1, 3, 3600, max_ride=900)) == Obstacle.RIDE_LIMIT


def test_a_promise_to_somebody_else_is_the_obstacle() -> None:
    tour = with_trip(empty_tour(BUS), trip("a", 0, 1, 3600, pickup_latest=3600, max_ride=600))
    elsewhere = trip("b", 3, 2, 3300, pickup_latest=3900, max_ride=900)
    assert obstacle(tour, elsewhere) == Obstacle.OTHERS


def test_the_end_of_the_shift_is_the_obstacle() -> None:
    assert obstacle(empty_tour(BUS), trip("a", 1, 3, 18_000)) == Obstacle.SHIFT_END
    assert obstacle(empty_tour(BUS), trip("a", 1, 3, 30_000)) == Obstacle.SHIFT_END


def test_a_break_is_the_obstacle() -> None:
    shift = replace(BUS, breaks=(Break(0, 4000, 4100, 600),))
    across = trip("a", 2, 3, 3600, pickup_latest=3600)
    assert obstacle(empty_tour(shift), across) == Obstacle.BREAK


def test_what_lies_ahead_of_the_vehicle_is_the_obstacle() -> None:
    tour = with_trip(empty_tour(BUS), trip("a", 1, 2, 3600))
    assert obstacle(replace(tour, fixed=3), trip("b", 2, 3, 600)) == Obstacle.FIXED
    over = replace(empty_tour(BUS), fixed=2)
    assert obstacle(over, trip("b", 2, 3, 600)) == Obstacle.FIXED
