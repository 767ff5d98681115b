"""Conditions of a day: how they are kept, and the travel times, shifts and stops under them."""

from dataclasses import replace

import numpy as np
import pytest

from routing.travel_times import UNREACHABLE
from shuttle.booking.offers import exact_trip
from shuttle.domain import Amendment, Promise
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import Change, MemoryStore, Store
from shuttle.trouble.conditions import (
    Condition,
    Disturbance,
    Duty,
    RoadClosed,
    ShiftSet,
    Slower,
    StopClosed,
    VehicleOut,
    disturbance_of,
    facts_of,
)
from shuttle.trouble.region_on_day import DRIVE_SECONDS, MOST_LAYERS, RegionOnDay, region_on
from tests.test_dispatcher import MONDAY, at
from tests.test_stores import BOOKING, RIDE
from tests.toy_town import coordinates

LANDSTRASSE, HAUPTSTRASSE = coordinates((800, 250)), coordinates((100, 0))
DUTY = Duty("bus-1@06:00", "bus-1", 5, 9, ((6, 7, 1),), None, "mitte")

EVERY_KIND: tuple[Disturbance, ...] = (
    VehicleOut("bus-1", 5, 9, "mitte", (DUTY,)),
    ShiftSet("bus-1", 5, 9, ((6, 7, 1),), "bus-1@06:00", (DUTY,)),
    ShiftSet("bus-1", 5, 9),
    RoadClosed((LANDSTRASSE, HAUPTSTRASSE), 5, 9),
    Slower(1.5, 5, 9),
    StopClosed("mitte", 5, 9),
)


def condition(number: int, disturbance: Disturbance) -> Condition:
    return Condition(f"{MONDAY}-{number}", disturbance, at("06:00"))


def under(region: Region, *disturbances: Disturbance) -> RegionOnDay:
    """Return Toy Town under conditions."""
    there = region_on(region, [condition(*each) for each in enumerate(disturbances, start=1)])
    assert isinstance(there, RegionOnDay)
    return there


@pytest.mark.parametrize("disturbance", EVERY_KIND)
def test_a_disturbance_is_read_as_it_was_written(disturbance: Disturbance) -> None:
    assert disturbance_of(disturbance.kind, facts_of(disturbance)) == disturbance


@pytest.fixture
def sql_store(database_url: str) -> SqlStore:
    return SqlStore(database_url, "toy-town")


def test_databases_keep_conditions_in_order_and_what_they_made_of_bookings(
    sql_store: SqlStore,
) -> None:
    assert_kept(sql_store)


def test_the_store_that_forgets_keeps_them_the_same_way() -> None:
    assert_kept(MemoryStore())


def assert_kept(store: Store) -> None:
    known = [condition(number, Slower(1.5, 5, 9)) for number in range(1, 12)]
    known[2] = condition(3, EVERY_KIND[0])
    booking = replace(BOOKING, ride=replace(RIDE, day=MONDAY))
    store.commit(Change(MONDAY, 0, (booking,), conditions=tuple(known)))
    assert store.load(MONDAY).conditions == tuple(known)
    times = Promise(1, 2, 3, 4)
    amended = replace(booking, amendment=Amendment("kirche", "bahnhof", times, 7))
    lifted = known[4].lifted(8)
    store.commit(Change(MONDAY, 1, (amended,), conditions=(lifted,)))
    stored = store.load(MONDAY)
    assert stored.conditions == (*known[:4], lifted, *known[5:])
    assert stored.bookings == (amended,)
    assert store.booking(booking.code) == amended
    assert amended.ride == booking.ride
    assert amended.ride_now.promise == times
    store.close()


def test_what_is_lifted_ends_then() -> None:
    snow = condition(1, Slower(1.5, at("08:00"), at("12:00")))
    assert snow.overlaps(at("07:00"), at("08:00"))
    assert not snow.overlaps(at("12:00"), at("13:00")), "its end is not part of it"
    early = snow.lifted(at("10:00"))
    assert early.span == (at("08:00"), at("10:00"))
    assert not early.overlaps(at("10:00"), at("11:00"))
    assert not snow.lifted(at("07:00")).overlaps(at("00:00"), at("23:00"))


def test_only_halts_near_a_disturbance_stand_in_its_rows(toy_region: Region) -> None:
    there = under(toy_region, Slower(2.0, at("10:00"), at("11:00")))
    assert len(there.travel.seconds) == 2 * len(toy_region.places)
    place = toy_region.place_of("mitte")
    margin = DRIVE_SECONDS
    for earliest, latest, disturbed in (
        (at("08:00"), at("10:00") - margin - 1, False),
        (at("08:00"), at("10:00") - margin, True),
        (at("10:20"), at("10:30"), True),
        (at("11:00") + margin - 1, at("15:00"), True),
        (at("11:00") + margin, at("15:00"), False),
    ):
        row = there.place_when(place, earliest, latest)
        assert (row != place) == disturbed
        assert there.number_of(row) == place
        assert there.stop_at(row) == toy_region.stops[place]


def test_a_way_takes_as_long_as_in_the_layer_it_leads_to(toy_region: Region) -> None:
    there = under(toy_region, Slower(1.5, at("10:00"), at("11:00")))
    usual, count = toy_region.travel.seconds, len(toy_region.places)
    seconds = there.travel.seconds
    for layer in range(2):
        rows = slice(layer * count, (layer + 1) * count)
        assert np.array_equal(seconds[rows, :count], usual)
        assert np.array_equal(seconds[rows, count:], np.ceil(usual * 1.5))
    assert np.array_equal(there.travel.metres[:count, count:], toy_region.travel.metres)


def test_a_closed_road_changes_the_pairs_that_lead_over_it_and_no_others(
    toy_region: Region,
) -> None:
    there = under(toy_region, RoadClosed((HAUPTSTRASSE,), at("10:00"), at("11:00")))
    usual, closed = toy_region.travel.seconds, there.layers[1].travel.seconds
    changed = closed != usual
    assert 0 < changed.sum() < changed.size / 2
    assert (closed >= usual).all()
    for origin, destination in zip(*np.nonzero(~changed), strict=True):
        route = toy_region.drive.route(toy_region.places[origin], toy_region.places[destination])
        again = there.layers[1].roads.route(
            toy_region.places[origin], toy_region.places[destination]
        )
        assert again.seconds == route.seconds
    assert not there.layers[1].cut_off


def test_what_no_road_leads_to_is_closed_while_that_is_so(toy_region: Region) -> None:
    """The Landstraße is the only road between the villages; the depot is in Oberdorf."""
    there = under(toy_region, RoadClosed((LANDSTRASSE,), at("10:00"), at("11:00")))
    station, church = (toy_region.place_of(each) for each in ("bahnhof", "kirche"))
    assert there.closed(station, at("10:00"), at("10:15"))
    assert not there.closed(church, at("10:00"), at("10:15"))
    assert not there.closed(station, at("14:00"), at("14:15"))
    row = there.place_when(station, at("10:00"), at("10:15"))
    assert there.travel.seconds[church, row] == UNREACHABLE
    assert there.roads_between(church, row) is toy_region.drive, "something is still drawn"


def test_a_closed_stop_changes_no_travel_time(toy_region: Region) -> None:
    there = under(toy_region, StopClosed("mitte", at("10:00"), at("11:00")))
    assert there.travel is toy_region.travel
    assert there.closed(toy_region.place_of("mitte"), at("09:50"), at("10:00"))
    assert not there.closed(toy_region.place_of("mitte"), at("11:00"), at("11:15"))
    assert not there.closed(toy_region.place_of("kirche"), at("10:00"), at("10:15"))


def test_of_two_factors_the_higher_counts_and_roads_add_up(toy_region: Region) -> None:
    there = under(
        toy_region,
        Slower(1.5, at("10:00"), at("12:00")),
        Slower(2.0, at("11:00"), at("13:00")),
        RoadClosed((HAUPTSTRASSE,), at("11:00"), at("13:00")),
    )
    both = next(layer for layer in there.layers if len(layer.ids) == 3)
    alone = under(toy_region, RoadClosed((HAUPTSTRASSE,), at("11:00"), at("13:00"))).layers[1]
    assert np.array_equal(both.travel.seconds, np.ceil(alone.travel.seconds * 2.0))


def test_with_many_disturbances_any_counts_as_all(toy_region: Region) -> None:
    many = [Slower(1.1 + n / 10, at("08:00") + 7200 * n, at("09:00") + 7200 * n) for n in range(6)]
    there = under(toy_region, *many)
    assert len(there.layers) <= MOST_LAYERS
    row = there.place_when(0, at("08:10"), at("08:20"))
    slow = there.travel.seconds[toy_region.place_of("bahnhof"), row]
    usual = toy_region.travel.seconds[toy_region.place_of("bahnhof"), 0]
    assert slow == np.ceil(usual * 1.6)


def test_duties_take_the_place_of_shifts_and_new_ones_come_last(toy_region: Region) -> None:
    cut = Duty("bus-1@06:00", "bus-1", at("06:00"), at("10:00"), (), None, "mitte")
    back = Duty("bus-1@12:00", "bus-1", at("12:00"), at("20:00"), (), "mitte")
    there = under(toy_region, VehicleOut("bus-1", at("10:00"), at("12:00"), "mitte", (cut, back)))
    first, second, third = there.shifts(MONDAY)
    assert [each.id for each in (first, second, third)] == [
        "bus-1@06:00",
        "bus-2@07:00",
        back.shift,
    ]
    assert (first.end, first.end_place) == (at("10:00"), toy_region.place_of("mitte"))
    assert (third.start, third.start_place) == (at("12:00"), toy_region.place_of("mitte"))
    assert third.layouts == first.layouts
    assert second == toy_region.shifts(MONDAY)[1]


def test_a_ride_stands_in_the_rows_of_its_own_windows(toy_region: Region) -> None:
    there = under(toy_region, Slower(2.0, at("10:00"), at("11:00")))
    times = Promise(at("09:00"), at("09:15"), at("09:50"), 3000)
    trip = exact_trip(there, replace(RIDE, day=MONDAY, promise=times), "code")
    assert trip.pickup == toy_region.place_of("mitte"), "by then nobody drives in the snow"
    assert trip.dropoff == toy_region.place_of("bahnhof") + len(toy_region.places)
