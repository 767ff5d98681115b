"""From a map file to networks and features."""

import bz2
import gzip
from pathlib import Path

import numpy as np
import osmium
import pytest
import shapely

from routing.osm_import import Extract, ExtractError, read_extract
from tests.toy_town import BOUNDARY, NIEDERDORF, OBERDORF, coordinates, write_toy_town

LIECHTENSTEIN = Path(__file__).parents[2] / "shared" / "osm" / "liechtenstein.osm.pbf"


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_town(tmp_path_factory.mktemp("map") / "town.osm")


@pytest.fixture(scope="module")
def town(town_file: Path) -> Extract:
    return read_extract(town_file)


def write_map(path: Path, *, nodes: str = "", ways: str = "") -> Path:
    """Write four nodes on a line 1 km apart, 1 to 4, and whatever is given besides."""
    line = "".join(f'<node id="{n}" version="1" lat="54.{n}" lon="9.5"/>' for n in range(1, 5))
    path.write_text(f'<osm version="0.6">{nodes or line}{ways}</osm>')
    return path


def way(number: int, nodes: str, **tags: str) -> str:
    """Return a way as OSM XML."""
    refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
    text = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
    return f'<way id="{number}" version="1">{refs}{text}</way>'


def same(one: Extract, other: Extract) -> bool:
    """Return whether two extracts hold the same roads, times, names and features."""
    return (
        np.array_equal(one.drive.edge_seconds, other.drive.edge_seconds)
        and np.array_equal(one.walk.edge_metres, other.walk.edge_metres)
        and one.drive.roads == other.drive.roads
        and one.features == other.features
        and one.boundaries.keys() == other.boundaries.keys()
    )


def test_features_of_every_kind_are_found(town: Extract) -> None:
    kinds = {feature.kind for feature in town.features}
    assert kinds >= {"place", "station", "bus_stop", "school", "shop", "kindergarten", "address"}
    assert {"doctor", "pharmacy", "worship", "townhall"} <= kinds


def test_addresses_of_buildings_and_of_nodes_are_found(town: Extract) -> None:
    on_main = [f for f in town.features if f.street == "Hauptstraße"]
    assert {f.housenumber for f in on_main} == {str(number) for number in range(1, 11)}
    assert {f.osm_id[0] for f in on_main} == {"n", "w"}
    assert {(f.city, f.postcode, f.name) for f in on_main} == {("Oberdorf", "24999", "")}


def test_an_area_lies_in_the_middle_of_its_outline(town: Extract) -> None:
    [school] = [f for f in town.features if f.kind == "school"]
    assert (school.lat, school.lon) == pytest.approx(coordinates((110, 130)), abs=1e-6)


def test_places_know_their_rank_and_population(town: Extract) -> None:
    ranks = {f.name: (f.rank, f.population) for f in town.features if f.kind == "place"}
    assert ranks == {"Oberdorf": ("village", 400), "Niederdorf": ("hamlet", 90)}


def test_the_boundary_is_a_polygon_by_name(town: Extract) -> None:
    assert list(town.boundaries) == ["Toy Town"]
    corners = [coordinates(corner)[::-1] for corner in BOUNDARY]
    assert town.boundaries["Toy Town"].equals(shapely.Polygon(corners))


def test_what_was_left_out_is_told_with_its_length(town: Extract) -> None:
    assert town.dropped.count == {"no access": 1, "rough road": 1, "not connected": 2}
    assert town.dropped.km["rough road"] == pytest.approx(3.31, abs=0.01)
    assert town.dropped.km["no access"] == pytest.approx(0.12, abs=0.01)


def test_every_junction_reaches_every_other(town: Extract) -> None:
    drive = town.drive
    assert len(drive.node_lat) == 13
    oberdorf, niederdorf = (drive.snap(*coordinates(p)) for p in (OBERDORF, NIEDERDORF))
    assert oberdorf is not None
    assert niederdorf is not None
    route = drive.route(oberdorf, niederdorf)
    assert 3000 < route.metres < 4500
    assert 150 < route.seconds < 360


def test_people_walk_where_vehicles_do_not_go(town: Extract) -> None:
    driven = {road.highway for road in town.drive.roads}
    walked = {road.highway for road in town.walk.roads}
    assert walked - driven == {"footway", "steps", "track"}
    assert (town.walk.reverse_edge >= 0).all()


@pytest.mark.parametrize("suffix", [".osm.gz", ".osm.bz2", ".osm.pbf"])
def test_all_formats_give_the_same(
    town_file: Path, town: Extract, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"town{suffix}"
    if suffix == ".osm.pbf":
        with osmium.SimpleWriter(path) as writer:
            for thing in osmium.FileProcessor(town_file):
                writer.add(thing)
    else:
        pack = gzip.compress if suffix == ".osm.gz" else bz2.compress
        path.write_bytes(pack(town_file.read_bytes()))
    assert same(read_extract(path), town)


def test_a_way_from_village_to_village_is_one_edge(town: Extract) -> None:
    names = [town.drive.roads[road].name for road in town.drive.edge_road]
    assert names.count("Landstraße") == 2  # one in each direction, through all its bends


def test_ways_that_continue_each_other_are_one_edge(tmp_path: Path) -> None:
    ways = way(1, "12", highway="residential", name="A") + way(
        2, "23", highway="residential", name="A"
    )
    network = read_extract(write_map(tmp_path / "a.osm", ways=ways)).drive
    assert len(network.edge_target) == 2
    assert network.first_point.tolist() == [0, 3, 6]


def test_a_way_that_names_a_node_twice_goes_on(tmp_path: Path) -> None:
    ways = way(1, "1223", highway="residential")
    network = read_extract(write_map(tmp_path / "a.osm", ways=ways)).drive
    assert len(network.edge_target) == 4
    assert (network.edge_metres > 1).all()


def test_a_change_of_name_keeps_its_node(tmp_path: Path) -> None:
    ways = way(1, "12", highway="residential", name="A") + way(
        2, "23", highway="residential", name="B"
    )
    network = read_extract(write_map(tmp_path / "a.osm", ways=ways)).drive
    assert len(network.edge_target) == 4


def test_loops_and_parallel_roads_survive(tmp_path: Path) -> None:
    ways = (
        way(1, "12", highway="residential")
        + way(2, "132", highway="residential")
        + way(3, "2342", highway="residential", junction="roundabout")
    )
    network = read_extract(write_map(tmp_path / "a.osm", ways=ways)).drive
    ends = sorted(zip(network.edge_source.tolist(), network.edge_target.tolist(), strict=True))
    assert ends.count((0, 1)) >= 1
    assert len(network.edge_target) >= 5


def test_a_ring_of_its_own_survives(tmp_path: Path) -> None:
    ways = way(1, "12", highway="residential") + way(2, "231", highway="residential")
    network = read_extract(write_map(tmp_path / "a.osm", ways=ways)).drive
    assert network.edge_metres.sum() == pytest.approx(4 * 2 * 11119.5, rel=1e-4)


def test_a_gate_ends_the_road_on_both_sides(tmp_path: Path) -> None:
    gate = '<node id="2" version="1" lat="54.2" lon="9.5"><tag k="barrier" v="gate"/></node>'
    nodes = gate.join(f'<node id="{n}" version="1" lat="54.{n}" lon="9.5"/>' for n in (1, 3))
    ways = way(1, "123", highway="residential")
    extract = read_extract(write_map(tmp_path / "a.osm", nodes=nodes, ways=ways))
    assert len(extract.drive.edge_target) == 2
    assert extract.dropped.count == {"not connected": 1}
    assert extract.walk.edge_metres.sum() > 1.9 * extract.drive.edge_metres.sum()


def test_a_ferry_is_left_out_and_reported(tmp_path: Path) -> None:
    ways = way(1, "12", highway="residential") + way(2, "23", route="ferry", name="Schleifähre")
    extract = read_extract(write_map(tmp_path / "a.osm", ways=ways))
    assert extract.dropped.count == {"ferry": 1}
    assert extract.dropped.km["ferry"] == pytest.approx(11.1, abs=0.1)


def test_a_one_way_street_without_return_is_left_out(tmp_path: Path) -> None:
    ways = way(1, "12", highway="residential") + way(2, "23", highway="residential", oneway="yes")
    extract = read_extract(write_map(tmp_path / "a.osm", ways=ways))
    assert len(extract.drive.node_lat) == 2
    assert extract.dropped.count == {"not connected": 1}


def test_a_way_whose_nodes_are_missing_is_cut_short(tmp_path: Path) -> None:
    ways = way(1, "12379", highway="residential")
    network = read_extract(write_map(tmp_path / "a.osm", ways=ways)).drive
    assert network.first_point.tolist() == [0, 3, 6]


def test_with_a_boundary_only_what_is_near_is_kept(town_file: Path, town: Extract) -> None:
    west = shapely.Point(*coordinates((-600, 0))[::-1]).buffer(0.006)
    near = read_extract(town_file, boundary=west)
    assert {feature.city for feature in near.features if feature.city} == {"Oberdorf"}
    streets = {road.name for road in near.drive.roads}
    assert "Landstraße" in streets
    assert "Am Bach" in {road.name for road in town.drive.roads} - streets


def test_an_extract_of_elsewhere_is_refused(town_file: Path) -> None:
    east = shapely.Point(*coordinates((9000, 0))[::-1]).buffer(0.001)
    with pytest.raises(ExtractError, match=r"town\.osm has no roads within the boundary"):
        read_extract(town_file, boundary=east)


def test_of_two_boundaries_with_one_name_the_smaller_keeps_it(tmp_path: Path) -> None:
    nodes = "".join(
        f'<node id="{n}" version="1" lat="{54 + y / 10}" lon="{9 + x / 10}"/>'
        for n, (x, y) in enumerate(
            [(0, 0), (1, 0), (1, 1), (0, 1), (3, 0), (3, 3), (0, 3)], start=1
        )
    )
    ways = way(1, "12341") + way(2, "15671") + way(3, "12", highway="residential")
    for number, prefix in ((1, "Gemeinde"), (2, "Amt")):
        tags = {
            "type": "boundary",
            "boundary": "administrative",
            "name": "Loit",
            "name:prefix": prefix,
        }
        text = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        member = f'<member type="way" ref="{number}" role="outer"/>'
        ways += f'<relation id="{number}" version="1">{member}{text}</relation>'
    boundaries = read_extract(write_map(tmp_path / "a.osm", nodes=nodes, ways=ways)).boundaries
    assert boundaries["Amt Loit"].area > 8 * boundaries["Loit"].area


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.osm", b"", "is empty"),
        ("a.osm", b"<osm><node", "cannot be read"),
        ("a.osm.pbf", b"", "is empty"),
        ("a.osm.pbf", b"nothing that osmium knows", "cannot be read"),
        ("a.osm.gz", b"\x1f\x8b\x08\x00broken", "cannot be read"),
        ("a.txt", b"hello", "cannot be read"),
        ("a.osm", b'<osm version="0.6"></osm>', "holds nothing"),
    ],
)
def test_a_broken_file_gives_one_clear_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ExtractError, match=f"{name} {sentence}") as caught:
        read_extract(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("name", ["half.osm", "half.osm.gz"])
def test_a_cut_off_file_gives_one_clear_sentence(
    town_file: Path, tmp_path: Path, name: str
) -> None:
    content = town_file.read_bytes()
    content = gzip.compress(content) if name.endswith("gz") else content
    path = tmp_path / name
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ExtractError, match=f"{name} cannot be read"):
        read_extract(path)


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"nowhere\.osm does not exist"):
        read_extract(tmp_path / "nowhere.osm")


def test_a_file_without_roads_is_refused(tmp_path: Path) -> None:
    path = write_map(tmp_path / "a.osm", ways=way(1, "12", railway="station"))
    with pytest.raises(ExtractError, match="has no roads"):
        read_extract(path)


def test_roads_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    path = write_map(tmp_path / "a.osm", ways=way(1, "12", highway="residential", oneway="yes"))
    with pytest.raises(ExtractError, match="form no network"):
        read_extract(path)


def test_progress_rises_to_the_end(town_file: Path) -> None:
    shares: list[float] = []
    read_extract(town_file, progress=lambda _step, share: shares.append(share))
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.skipif(not LIECHTENSTEIN.exists(), reason="real extract is not in ../shared/osm")
def test_a_real_country_is_read() -> None:
    extract = read_extract(LIECHTENSTEIN)
    assert 3000 < len(extract.drive.node_lat) < 6000
    assert 400 < extract.drive.edge_metres.sum() / 2000 < 700
    kinds = [feature.kind for feature in extract.features]
    assert kinds.count("address") > 3000
    assert kinds.count("bus_stop") > 300
    assert {"Vaduz", "Schaan", "Liechtenstein"} <= extract.boundaries.keys()
