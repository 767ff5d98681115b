"""Stop proposals, in Toy Town and in the bundled Amt."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely
from scipy.spatial import cKDTree

from routing.osm_import import Extract, read_extract
from routing.spelling import fold
from routing.stop_proposals import propose_stops
from routing.stop_sites import HALTING_ROADS
from routing.stops import Stop
from routing.villages import plane
from routing.walking import coverage
from tests.toy_town import BOUNDARY, coordinates, write_toy_town

BUNDLED = Path(__file__).parents[1] / "data/osm/suederbrarup"
LIECHTENSTEIN = Path(__file__).parents[2] / "shared/osm/liechtenstein.osm.pbf"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    return read_extract(write_toy_town(tmp_path_factory.mktemp("toy") / "toy.osm"))


@pytest.fixture(scope="module")
def boundary() -> shapely.Polygon:
    document = json.loads((BUNDLED / "boundary.geojson").read_text("utf-8"))
    feature = document["features"][0] if "features" in document else document
    return shapely.from_geojson(json.dumps(feature.get("geometry", feature)))


@pytest.fixture(scope="module")
def amt(boundary: shapely.Polygon) -> Extract:
    return read_extract(BUNDLED / "suederbrarup.osm.pbf", boundary)


@pytest.fixture(scope="module")
def amt_stops(amt: Extract, boundary: shapely.Polygon) -> list[Stop]:
    return propose_stops(amt, boundary)


def addresses(extract: Extract) -> list[tuple[float, float]]:
    return [(feature.lat, feature.lon) for feature in extract.features if feature.housenumber]


def apart(stops: Sequence[Stop]) -> np.ndarray:
    """Return the metres from each stop to the nearest other."""
    points = plane([stop.lat for stop in stops], [stop.lon for stop in stops], stops[0].lat)
    metres: np.ndarray = cKDTree(points).query(points, k=2)[0][:, 1]
    return metres


def test_everybody_in_toy_town_gets_a_stop_within_walking_distance(toy: Extract) -> None:
    assert coverage(toy.walk, propose_stops(toy), addresses(toy)) == 1.0


def test_existing_stops_come_first_and_are_physical(toy: Extract) -> None:
    physical = {stop.name: stop.id for stop in propose_stops(toy) if stop.kind == "physical"}
    assert set(physical) == {"Toy Town Bahnhof", "Oberdorf, Mitte", "Niederdorf, West"}
    assert physical["Toy Town Bahnhof"] == "n34"


def test_a_stop_is_called_after_the_door_the_corner_or_the_house(toy: Extract) -> None:
    labels = {stop.label for stop in propose_stops(toy)}
    assert "Kita Bachstelze, Niederdorf" in labels
    assert "Am Anger / Gänsegasse, Oberdorf" in labels
    assert "Hauptstraße 2, Oberdorf" in labels


def test_stops_lie_on_roads_where_a_bus_may_halt(toy: Extract) -> None:
    for stop in propose_stops(toy):
        snap = toy.drive.snap(stop.lat, stop.lon)
        assert snap
        assert snap.metres < 1
        assert toy.drive.roads[toy.drive.edge_road[snap.edge]].highway in HALTING_ROADS


def test_stops_are_within_the_boundary(toy: Extract) -> None:
    corners = [coordinates(corner) for corner in BOUNDARY]
    west = shapely.box(corners[0][1], corners[0][0], coordinates((1500, 0))[1], corners[2][0])
    stops = propose_stops(toy, west)
    assert stops
    assert {stop.village for stop in stops} == {"Oberdorf"}


def test_the_same_map_gives_the_same_stops(toy: Extract) -> None:
    assert propose_stops(toy) == propose_stops(toy)


def test_a_wider_spacing_gives_fewer_stops_that_keep_their_ids(toy: Extract) -> None:
    dense, wide = propose_stops(toy, spacing_metres=200), propose_stops(toy, spacing_metres=500)
    assert len(wide) < len(dense)
    physical = {stop.id for stop in wide if stop.kind == "physical"}
    assert physical <= {stop.id for stop in dense}


def test_the_two_signs_of_a_bus_stop_are_one_stop(amt: Extract, amt_stops: list[Stop]) -> None:
    signs = Counter(feature.name for feature in amt.features if feature.kind == "bus_stop")
    stops = Counter(stop.name for stop in amt_stops if stop.kind == "physical")
    assert signs["Rügge, Dorfmitte"] == 2
    assert stops["Rügge, Dorfmitte"] == 1


def test_the_amt_gets_about_as_many_stops_as_the_real_one(
    amt: Extract, amt_stops: list[Stop]
) -> None:
    assert 400 <= len(amt_stops) <= 750  # the real service has about 600
    assert coverage(amt.walk, amt_stops, addresses(amt)) > 0.99
    assert apart(amt_stops).min() > 149


def test_names_and_ids_of_the_amt_are_unique(amt_stops: list[Stop]) -> None:
    assert len({stop.id for stop in amt_stops}) == len(amt_stops)
    assert len({(stop.village, fold(stop.name)) for stop in amt_stops}) == len(amt_stops)
    assert all(stop.village for stop in amt_stops)
    assert "Bahnhof Süderbrarup" in {stop.label for stop in amt_stops}


@pytest.mark.slow
@pytest.mark.skipif(not LIECHTENSTEIN.exists(), reason="real map data is not part of the project")
def test_a_real_map_of_the_same_size_gets_about_as_many_stops() -> None:
    extract = read_extract(LIECHTENSTEIN)
    stops = propose_stops(extract)
    assert 450 <= len(stops) <= 700
    assert coverage(extract.walk, stops, addresses(extract)) > 0.97
