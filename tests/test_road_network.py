"""Snapping onto roads, and the fastest way between places on them."""

import math
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.osm_import import Extract, read_extract
from routing.road_graph import Node, Way, build_network
from routing.road_network import METRES_PER_DEGREE, Road, RoadNetwork, Snap
from routing.road_rules import Speeds
from tests.toy_town import BOUNDARY, LAT, NIEDERDORF, Point, coordinates, write_toy_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    return read_extract(write_toy_town(tmp_path_factory.mktemp("map") / "town.osm"))


def snapped(network: RoadNetwork, point: Point) -> Snap:
    """Return the place on the network nearest to a point in metres."""
    snap = network.snap(*coordinates(point))
    assert snap is not None
    return snap


def length(points: tuple[tuple[float, float], ...]) -> float:
    """Return the metres along points."""
    east = math.cos(math.radians(LAT))
    steps = (math.hypot(b[0] - a[0], (b[1] - a[1]) * east) for a, b in pairwise(points))
    return sum(steps) * METRES_PER_DEGREE


def on_split_graph(network: RoadNetwork, origin: Snap, destination: Snap) -> float:
    """Return the seconds of the fastest way, by networkx with the two places as extra nodes."""
    graph = nx.DiGraph()

    def connect(source: object, target: object, seconds: float) -> None:
        known = graph.get_edge_data(source, target, {"weight": math.inf})["weight"]
        graph.add_edge(source, target, weight=min(seconds, known))

    for edge, seconds in enumerate(network.edge_seconds):
        on_edge: list[tuple[float, object]] = []
        for name, snap in (("origin", origin), ("destination", destination)):
            if edge == snap.edge:
                on_edge.append((snap.fraction, name))
            if edge == snap.reverse:
                on_edge.append((1 - snap.fraction, name))
        on_edge.sort(key=lambda stop: stop[0])
        first, last = (0.0, int(network.edge_source[edge])), (1.0, int(network.edge_target[edge]))
        for (begin, source), (end, target) in pairwise((first, *on_edge, last)):
            connect(source, target, (end - begin) * seconds)
            if begin == end and {source, target} == {"origin", "destination"}:
                connect(target, source, 0.0)
    return float(nx.dijkstra_path_length(graph, "origin", "destination"))


points = st.tuples(
    st.floats(BOUNDARY[0][0] + 600, BOUNDARY[2][0] - 900),
    st.floats(BOUNDARY[0][1] + 200, BOUNDARY[2][1] - 500),
)


def test_a_place_beside_a_road_lies_on_its_edge(town: Extract) -> None:
    snap = snapped(town.drive, (600, 160))  # right of the middle of the road's first leg
    road = town.drive.roads[town.drive.edge_road[snap.edge]]
    assert road.name == "Landstraße"
    assert snap.metres == pytest.approx(29.7, abs=0.5)
    assert (snap.lat, snap.lon) == pytest.approx(coordinates((616, 135)), abs=1e-5)
    assert snap.reverse == town.drive.reverse_edge[snap.edge] >= 0


def test_the_position_along_a_long_road_counts(town: Extract) -> None:
    start = snapped(town.drive, (400, 0))
    metres = [
        town.drive.route(start, snapped(town.drive, point)).metres
        for point in ((800, 250), (1300, -100), (1900, 150), (2400, 480))
    ]
    legs = [(400, 250), (500, 350), (600, 250), (500, 330)]
    assert metres == pytest.approx(np.cumsum([math.hypot(*leg) for leg in legs]), rel=2e-3)


def test_nothing_is_snapped_from_too_far_away(town: Extract) -> None:
    lat, lon = coordinates((-1500, 0))
    assert town.drive.snap(lat, lon, max_metres=990) is None
    snap = town.drive.snap(lat, lon, max_metres=1010)
    assert snap is not None
    assert snap.metres == pytest.approx(1000, rel=1e-3)


def test_at_a_junction_the_road_open_both_ways_is_taken(town: Extract) -> None:
    assert snapped(town.drive, (-200, 0)).reverse >= 0


def test_a_one_way_street_is_left_and_reached_only_forwards(town: Extract) -> None:
    early, late = snapped(town.drive, (-200, 100)), snapped(town.drive, (-200, 200))
    assert early.reverse == late.reverse == -1
    assert town.drive.route(early, late).metres == pytest.approx(100, rel=1e-3)
    around = town.drive.route(late, early)  # to the Anger, down Kirchstraße and back in
    assert around.metres == pytest.approx(100 + 200 + 300 + 200 + 100, rel=1e-2)


def test_a_place_is_at_itself(town: Extract) -> None:
    for point in ((-200, 100), (100, 0), (1300, -100)):
        snap = snapped(town.drive, point)
        route = town.drive.route(snap, snap)
        assert (route.seconds, route.metres) == (0, 0)
        assert route.points == ((snap.lat, snap.lon), (snap.lat, snap.lon))


def test_a_route_runs_along_the_road_from_point_to_point(town: Extract) -> None:
    origin, destination = snapped(town.drive, (60, 290)), snapped(town.drive, (3250, 700))
    route = town.drive.route(origin, destination)
    assert route.points[0] == (origin.lat, origin.lon)
    assert route.points[-1] == (destination.lat, destination.lon)
    assert route.metres == pytest.approx(length(route.points), rel=2e-3)
    bends = {coordinates(point) for point in ((200, 0), (1300, -100), (1900, 150), NIEDERDORF)}
    assert bends <= set(route.points)


@given(points, points)
@settings(max_examples=60, deadline=None)
def test_routes_agree_with_networkx_on_the_split_graph(
    town: Extract, start: Point, end: Point
) -> None:
    near = [town.drive.snap(*coordinates(point), max_metres=5000) for point in (start, end)]
    origin, destination = near
    assert origin is not None
    assert destination is not None
    route = town.drive.route(origin, destination)
    expected = on_split_graph(town.drive, origin, destination)
    assert route.seconds == pytest.approx(expected, abs=0.01)
    assert route.metres == pytest.approx(length(route.points), rel=5e-3, abs=0.1)


def test_walks_are_measured_along_paths_up_to_the_limit(town: Extract) -> None:
    home = snapped(town.walk, (0, 300))
    places = [snapped(town.walk, p) for p in ((100, 360), (200, 300), (0, 0), (3000, 250))]
    metres = town.walk.within(home, places, limit_metres=400)
    assert metres[:3] == pytest.approx([116.6, 200, 300], abs=1)
    assert math.isinf(metres[3])
    assert len(town.walk.within(home, [], 400)) == 0


def test_a_walk_takes_the_shortest_way_not_the_fastest(town: Extract) -> None:
    drive = town.drive
    ends = [snapped(drive, (0, 10)), snapped(drive, (200, 140))]
    [metres] = drive.within(ends[0], ends[1:], 5000)
    assert metres <= drive.route(ends[0], ends[1]).metres


def motorway_beside_a_lane() -> RoadNetwork:
    """Return a network of a motorway 20 m north of a lane."""

    def road(ids: tuple[int, int], north: float, highway: str) -> Way:
        nodes = (Node(ids[0], 54.0 + north, 9.0), Node(ids[1], 54.0 + north, 9.01))
        return Way(nodes, Road("", highway), Speeds(50, 50))

    joints = [
        Way((Node(a, 54.0, lon), Node(b, 54.0002, lon)), Road("", "residential"), Speeds(30, 30))
        for a, b, lon in ((1, 3, 9.0), (2, 4, 9.01))
    ]
    network, _ = build_network(
        [road((1, 2), 0.0, "unclassified"), road((3, 4), 0.0002, "motorway"), *joints]
    )
    return network


def test_nobody_halts_on_a_motorway() -> None:
    network = motorway_beside_a_lane()
    snap = network.snap(54.0002, 9.005)
    assert snap is not None
    assert network.roads[network.edge_road[snap.edge]].highway == "unclassified"


def test_a_network_cannot_be_changed(town: Extract) -> None:
    with pytest.raises(ValueError, match="read-only"):
        town.drive.edge_seconds[0] = 1.0


def test_a_closed_road_is_driven_round_and_cuts_off_nobody_who_has_another_way(
    town: Extract,
) -> None:
    """Am Anger closed between its two ends: its upper half is reached from above only."""
    drive = town.drive
    above, below, shut = (snapped(drive, point) for point in ((200, 280), (200, 40), (200, 220)))
    school = snapped(drive, (0, 100))
    closed = drive.closed_at([shut])
    before, after = (network.route(above, below) for network in (drive, closed))
    assert after.metres > before.metres + 300
    assert closed.route(above, school) == drive.route(above, school)
    assert all(math.dist(point, (shut.lat, shut.lon)) > 1e-4 for point in after.points)
    assert drive.route(above, below) == before, "the network itself stays open"


def test_on_both_sides_of_a_closed_point_the_road_is_still_used(town: Extract) -> None:
    drive = town.drive
    west, middle, east = (
        snapped(drive, (x, y)) for x, y in ((850, 215), (1300, -100), (1850, 140))
    )
    closer = snapped(drive, (1000, 110))
    assert west.edge in (middle.edge, middle.reverse), "the test is about one long road"
    closed = drive.closed_at([middle])
    for a, b in ((west, closer), (closer, west)):
        assert closed.route(a, b) == drive.route(a, b)
    assert snapped(drive, (1850, 140)) == east
    far = snapped(drive, (2300, 414))
    for a, b in ((east, far), (far, east)):
        assert closed.route(a, b) == drive.route(a, b)
    with pytest.raises(ValueError, match="No road leads"):
        closed.route(west, east)


def test_between_two_closed_points_of_a_road_nothing_can_be_reached(town: Extract) -> None:
    drive = town.drive
    here, first, inside, second, there = (
        snapped(drive, point)
        for point in ((850, 215), (1000, 110), (1300, -100), (1850, 140), (2300, 414))
    )
    closed = drive.closed_at([first, second])
    for end in (here, there):
        for a, b in ((end, inside), (inside, end)):
            with pytest.raises(ValueError, match="No road leads"):
                closed.route(a, b)
