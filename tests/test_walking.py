"""Ways on foot, compared with networkx on Toy Town and with the drawing of it."""

import math

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.osm_import import read_extract
from routing.road_network import RoadNetwork, Snap
from routing.stops import Stop
from routing.walking import Goals, StopsNear, coverage
from tests.toy_town import coordinates, write_toy_town

points = st.tuples(st.integers(-600, 3600), st.integers(-500, 900))


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    return read_extract(write_toy_town(tmp_path_factory.mktemp("toy") / "toy.osm")).walk


def stop_at(east: float, north: float) -> Stop:
    lat, lon = coordinates((east, north))
    return Stop(f"{east}/{north}", "Stop", "", lat, lon, "virtual")


def snap(walk: RoadNetwork, point: tuple[float, float]) -> Snap:
    snapped = walk.snap(*coordinates(point), max_metres=5000)
    assert snapped
    return snapped


def split_graph(walk: RoadNetwork, places: dict[str, Snap]) -> nx.MultiDiGraph:
    """Return the network with the places as nodes on their edges."""
    graph = nx.MultiDiGraph()
    source = walk.edge_source
    for edge, target in enumerate(walk.edge_target):
        graph.add_edge(int(source[edge]), int(target), weight=walk.edge_metres[edge])
    for name, place in places.items():
        for edge, along in place.senses:
            metres = walk.edge_metres[edge]
            graph.add_edge(int(source[edge]), name, weight=metres * along)
            graph.add_edge(name, int(walk.edge_target[edge]), weight=metres * (1 - along))
            for other, there in places.items():
                for other_edge, ahead in there.senses:
                    if other_edge == edge and ahead >= along:
                        graph.add_edge(name, other, weight=metres * (ahead - along))
    return graph


@given(origin=points, goals=st.lists(points, min_size=1, max_size=8), limit=st.integers(0, 1500))
@settings(deadline=None, max_examples=60)
def test_ways_are_the_shortest_from_door_to_door(
    walk: RoadNetwork, origin: tuple[int, int], goals: list[tuple[int, int]], limit: int
) -> None:
    here, there = snap(walk, origin), [snap(walk, goal) for goal in goals]
    places = {"here": here} | {f"goal {row}": goal for row, goal in enumerate(there)}
    metres = nx.single_source_dijkstra_path_length(split_graph(walk, places), "here")
    expected = {
        row: here.metres + metres[f"goal {row}"] + goal.metres for row, goal in enumerate(there)
    }
    ways = Goals(walk, there).ways_from([here], limit)
    found = dict(zip(ways.goal.tolist(), ways.metres.tolist(), strict=True))
    for row, way in expected.items():
        if abs(way - limit) > 0.01:
            assert (row in found) == (way < limit)
    for row, way in found.items():
        assert math.isclose(way, expected[row], abs_tol=0.01)
    assert ways.metres.tolist() == sorted(ways.metres)


def test_many_origins_at_once_give_what_each_gives_alone(walk: RoadNetwork) -> None:
    origins = [snap(walk, (east, 40)) for east in range(-400, 3400, 130)]
    goals = Goals(walk, [snap(walk, (east, 300)) for east in range(-400, 3400, 90)])
    together = goals.ways_from(origins, 700)
    for row, origin in enumerate(origins):
        alone = goals.ways_from([origin], 700)
        part = slice(together.first[row], together.first[row + 1])
        assert together.goal[part].tolist() == alone.goal.tolist()
        assert together.metres[part].tolist() == alone.metres.tolist()


def test_stops_come_nearest_first_and_only_within_the_limit(walk: RoadNetwork) -> None:
    stops = [stop_at(0, 300), stop_at(0, 0), stop_at(0, 150), stop_at(3000, 550)]
    near = StopsNear(walk, stops)
    here = coordinates((10, 40))
    found = near.of(*here)
    assert [index for index, _ in found] == [1, 2, 0]
    assert [metres for _, metres in found] == pytest.approx([50, 120, 270], abs=1)
    assert [index for index, _ in near.of(*here, limit_metres=130)] == [1, 2]


def test_a_wall_between_gardens_is_walked_around(walk: RoadNetwork) -> None:
    behind, across = stop_at(-200, 150), stop_at(0, 150)  # 200 m as the crow flies
    ((index, metres),) = StopsNear(walk, [across]).of(behind.lat, behind.lon, 500)
    assert index == 0
    assert metres == pytest.approx(500, abs=2)
    assert StopsNear(walk, [across]).of(behind.lat, behind.lon, 490) == []


def test_far_from_any_path_there_is_no_stop(walk: RoadNetwork) -> None:
    assert StopsNear(walk, [stop_at(0, 0)]).of(*coordinates((0, 5000))) == []
    assert StopsNear(walk, []).of(*coordinates((0, 0))) == []


def test_a_stop_that_no_path_leads_to_is_not_counted_for_another(walk: RoadNetwork) -> None:
    near = StopsNear(walk, [stop_at(0, 9000), stop_at(0, 150)])
    assert [index for index, _ in near.of(*coordinates((0, 140)))] == [1]


def test_coverage_is_the_share_of_addresses_within_walking_distance(walk: RoadNetwork) -> None:
    addresses = [coordinates(point) for point in ((5, 20), (0, 310), (3000, 560), (0, 9000))]
    assert coverage(walk, [stop_at(0, 0)], addresses) == 0.5
    assert coverage(walk, [stop_at(0, 0)], addresses, limit_metres=100) == 0.25
    assert coverage(walk, [], addresses) == 0.0
    assert coverage(walk, [], []) == 1.0
