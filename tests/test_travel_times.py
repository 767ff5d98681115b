"""Matrices of travel times: whole seconds that keep the triangle inequality."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.osm_import import read_extract
from routing.road_graph import Node, Way, build_network
from routing.road_network import Road, RoadNetwork, Snap
from routing.road_rules import Speeds
from routing.shortest_paths import Search, search, searched
from routing.travel_times import TravelTimes
from tests.test_road_network import on_split_graph
from tests.toy_town import coordinates, write_toy_town


@st.composite
def networks(draw: st.DrawFn) -> RoadNetwork:
    """Return a small network at random, with one-way streets, loops and parallel roads."""
    spot = st.tuples(st.integers(0, 20), st.integers(0, 20))
    spots = draw(st.lists(spot, min_size=3, max_size=9, unique=True))
    count = len(spots)
    nodes = [Node(n, 54.6 + y / 1000, 9.7 + x / 1000) for n, (x, y) in enumerate(spots, start=1)]
    numbers = st.integers(0, count - 1)
    speeds = st.floats(5, 90)
    ways = [
        Way(
            (nodes[n], nodes[(n + 1) % count]), Road(f"{n}", "residential"), Speeds(draw(speeds), 0)
        )
        for n in range(count)  # a ring, so that every node reaches every other
    ]
    for number in range(draw(st.integers(0, 6))):
        line = tuple(nodes[n] for n in draw(st.lists(numbers, min_size=2, max_size=4, unique=True)))
        back = draw(st.one_of(st.just(0.0), speeds))
        ways.append(Way(line, Road(f"more {number}", "residential"), Speeds(draw(speeds), back)))
    return build_network(ways)[0]


def places_on(network: RoadNetwork, count: int, seed: int) -> list[Snap]:
    """Return places at random, some of them on the same edge or at its very end."""
    chance = random.Random(seed)
    snaps = []
    for _ in range(count):
        edge = chance.randrange(len(network.edge_target))
        fraction = chance.choice((0.0, 1.0, 0.5, chance.random()))
        snaps.append(Snap(edge, int(network.reverse_edge[edge]), fraction, 0, 0, 0))
    return snaps


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    return read_extract(write_toy_town(tmp_path_factory.mktemp("map") / "town.osm")).drive


@given(networks(), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_no_detour_is_faster_than_the_direct_way(network: RoadNetwork, seed: int) -> None:
    seconds = TravelTimes.between(network, places_on(network, 7, seed)).seconds
    by_way_of = seconds[:, :, None] + seconds[None, :, :]
    assert (seconds[:, None, :] <= by_way_of).all()
    assert (np.diag(seconds) == 0).all()


@given(networks(), st.integers(0, 1000))
@settings(max_examples=80, deadline=None)
def test_times_agree_with_networkx_on_the_split_graph(network: RoadNetwork, seed: int) -> None:
    places = places_on(network, 4, seed)
    seconds = TravelTimes.between(network, places).seconds
    for i, origin in enumerate(places):
        for j, destination in enumerate(places):
            expected = on_split_graph(network, origin, destination)
            assert expected - 0.01 <= seconds[i, j] < expected + 1.01


@given(networks(), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_matrix_and_the_route_tell_the_same(network: RoadNetwork, seed: int) -> None:
    places = places_on(network, 4, seed)
    times = TravelTimes.between(network, places)
    for i, origin in enumerate(places):
        for j, destination in enumerate(places):
            route = network.route(origin, destination)
            assert times.seconds[i, j] == math.ceil(route.seconds)
            assert times.metres[i, j] == pytest.approx(route.metres, abs=0.5)


@given(networks(), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_a_place_more_is_a_row_and_a_column_more(network: RoadNetwork, seed: int) -> None:
    *places, new = places_on(network, 6, seed)
    grown = TravelTimes.between(network, places).with_place(network, places, new)
    assert np.array_equal(grown.seconds, TravelTimes.between(network, [*places, new]).seconds)


def test_metres_belong_to_the_fastest_way(town: RoadNetwork) -> None:
    places = [town.snap(*coordinates(point)) for point in ((0, 0), (3000, 550))]
    found = [snap for snap in places if snap is not None]
    times = TravelTimes.between(town, found)
    assert times.metres[0, 1] == times.metres[1, 0] == round(town.route(*found).metres)
    assert times.metres[0, 1] / times.seconds[0, 1] * 3.6 == pytest.approx(60, abs=15)


def test_a_search_says_when_its_queue_is_too_short(town: RoadNetwork) -> None:
    def found() -> Search:
        size = len(town.node_lat)
        return Search(np.empty(size), np.empty(size), np.empty(size, np.int32))

    snap = town.snap(*coordinates((1300, -100)))
    assert snap is not None
    short, long = found(), found()
    assert not searched(town.by_seconds, town.places([snap]), 0, math.inf, short, 3)
    search(town.by_seconds, town.places([snap]), 0, math.inf, long)
    assert np.isfinite(long.cost).all()


def test_there_is_nothing_between_no_places(town: RoadNetwork) -> None:
    assert TravelTimes.between(town, []).seconds.shape == (0, 0)


def test_times_cannot_be_changed(town: RoadNetwork) -> None:
    snap = town.snap(*coordinates((0, 0)))
    assert snap is not None
    with pytest.raises(ValueError, match="read-only"):
        TravelTimes.between(town, [snap]).seconds[0, 0] = 1
