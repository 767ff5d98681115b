"""A made-up day: seeded, as large as asked for, and shaped like a real one."""

import math
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.demand import DemandError, Wish, wishes
from scenarios.purposes import PURPOSES, SHORTEST_METRES
from shuttle.domain import Location, When
from shuttle.region import Region

TUESDAY = date(2027, 3, 2)
SATURDAY = date(2027, 3, 6)
SUNDAY = date(2027, 3, 7)

on_any_region = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def metres(a: Location, b: Location) -> float:
    east = (a.lon - b.lon) * math.cos(math.radians(a.lat))
    return math.hypot(a.lat - b.lat, east) * 111_195


def hour(region: Region, wish: Wish) -> int:
    return datetime.fromtimestamp(wish.request.time, region.config.zone).hour


@pytest.fixture(scope="module")
def many(toy_region: Region) -> tuple[Wish, ...]:
    return wishes(toy_region, TUESDAY, rides=2000, seed=7)


def test_the_same_seed_gives_the_same_wishes(toy_region: Region) -> None:
    assert wishes(toy_region, TUESDAY, 45, 3) == wishes(toy_region, TUESDAY, 45, 3)
    assert wishes(toy_region, TUESDAY, 45, 3) != wishes(toy_region, TUESDAY, 45, 4)


@on_any_region
@given(rides=st.integers(0, 60), seed=st.integers(0, 10_000))
def test_a_day_has_as_many_wishes_as_asked_for_in_the_order_of_asking(
    toy_region: Region, rides: int, seed: int
) -> None:
    day = wishes(toy_region, TUESDAY, rides, seed)
    assert [wish.number for wish in day] == list(range(rides))
    assert [wish.asked_at for wish in day] == sorted(wish.asked_at for wish in day)


@on_any_region
@given(seed=st.integers(0, 10_000), day=st.sampled_from([TUESDAY, SATURDAY]))
def test_every_wish_is_one_that_the_service_could_grant(
    toy_region: Region, seed: int, day: date
) -> None:
    config = toy_region.config
    (begin, end) = config.opening(day)[0]
    for wish in wishes(toy_region, day, 45, seed):
        request = wish.request
        assert begin <= request.time <= end
        assert request.time - wish.asked_at >= config.rules.lead_minutes * 60
        booked_on = config.local_day(wish.asked_at)
        assert day - booked_on <= timedelta(days=config.rules.horizon_days)
        for place in (request.origin, request.destination):
            assert toy_region.contains(place.lat, place.lon)
            assert toy_region.walkable_stops(place.lat, place.lon)
        assert 1 <= request.party.passengers <= 6
        assert request.party.wheelchairs + request.party.child_seats <= request.party.passengers


def test_nobody_rides_where_they_could_walk(many: tuple[Wish, ...]) -> None:
    for wish in many:
        ends = (wish.request.origin, wish.request.destination)
        if all(place.stop is None for place in ends):
            assert metres(*ends) >= SHORTEST_METRES


def test_a_way_back_leads_where_the_way_there_came_from(many: tuple[Wish, ...]) -> None:
    backs = [wish for wish in many if wish.there is not None]
    assert len(backs) > 500
    for back in backs:
        assert back.there is not None
        there = many[back.there]
        assert (there.request.origin, there.request.destination) == (
            back.request.destination,
            back.request.origin,
        )
        assert there.asked_at < back.asked_at
        assert there.request.time < back.request.time
        assert there.request.party == back.request.party


def test_nobody_asks_on_a_day_without_service(toy_region: Region) -> None:
    assert wishes(toy_region, SUNDAY, 45, 1) == ()


def test_no_child_goes_to_school_on_saturday(toy_region: Region, many: tuple[Wish, ...]) -> None:
    saturday = {wish.purpose for wish in wishes(toy_region, SATURDAY, 500, 1)}
    assert {wish.purpose for wish in many} - saturday >= {"school", "kindergarten"}


def test_parties_are_those_of_the_real_services(many: tuple[Wish, ...]) -> None:
    passengers = sum(wish.request.party.passengers for wish in many) / len(many)
    assert 1.2 < passengers < 1.36
    wheelchairs = sum(wish.request.party.wheelchairs for wish in many)
    assert 0 < wheelchairs < 0.06 * len(many)


def test_the_station_is_asked_for_most(many: tuple[Wish, ...]) -> None:
    purposes = Counter(wish.purpose for wish in many)
    assert purposes.most_common(1)[0][0] == "train"
    assert len(purposes) == len(PURPOSES)


def test_mornings_and_afternoons_are_busier_than_noon(
    toy_region: Region, many: tuple[Wish, ...]
) -> None:
    by_hour = Counter(hour(toy_region, wish) for wish in many)
    assert by_hour[7] > by_hour[12]
    assert by_hour[15] > by_hour[12]
    assert by_hour[12] > by_hour[19]


def test_some_ask_at_once_and_some_days_ahead(many: tuple[Wish, ...]) -> None:
    ahead = [wish.request.time - wish.asked_at for wish in many]
    assert sum(seconds < 3600 for seconds in ahead) > 0.25 * len(many)
    assert sum(seconds > 24 * 3600 for seconds in ahead) > 0.05 * len(many)
    at_once = [wish for wish in many if wish.request.time - wish.asked_at < 3600]
    assert {wish.request.when for wish in at_once} == {When.DEPART_AT}
    assert {wish.request.when for wish in many} == {When.DEPART_AT, When.ARRIVE_BY}


def test_a_map_of_roads_alone_still_gives_a_day(toy_region: Region) -> None:
    bare = replace(toy_region, features=())
    assert len(wishes(bare, TUESDAY, 45, 1)) == 45


def test_a_region_with_nowhere_to_go_says_so(toy_region: Region) -> None:
    lonely = replace(toy_region, features=(), stops=toy_region.stops[:1])
    with pytest.raises(DemandError, match="no two places more than 500 m apart"):
        wishes(lonely, TUESDAY, 1, 1)
