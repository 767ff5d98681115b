"""A region folder from a map: it runs as it stands, and there is no half of one."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import osmium
import pytest
import shapely

from routing.osm_clip import clip, find_boundary
from routing.osm_import import ExtractError, read_extract
from shuttle.commands.region_create import Created, MapServers, create_region, slug
from shuttle.errors import RegionError
from shuttle.region import Region
from shuttle.region_config import read_config
from tests.toy_town import BOUNDARY, OBERDORF, coordinates, write_toy_town

LIECHTENSTEIN = Path(__file__).resolve().parents[2] / "shared" / "osm" / "liechtenstein.osm.pbf"


@pytest.fixture(scope="module")
def toy_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_town(tmp_path_factory.mktemp("map") / "toy.osm")


@pytest.fixture(scope="module")
def created(toy_map: Path, tmp_path_factory: pytest.TempPathFactory) -> Created:
    return create_region("Toy Town", tmp_path_factory.mktemp("regions") / "toy", toy_map)


def box_of_oberdorf(path: Path) -> Path:
    """Write a GeoJSON file around the western village."""
    (lat, lon) = coordinates(OBERDORF)
    outline = shapely.box(lon - 0.012, lat - 0.006, lon + 0.012, lat + 0.006)
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(outline), "properties": {}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def test_a_created_region_can_be_loaded_as_it_stands(created: Created) -> None:
    region = Region.load(created.folder)
    assert region.config.id == "toy-town"
    assert region.config.name == "Toy Town"
    assert {stop.village for stop in region.stops} >= {"Oberdorf", "Niederdorf"}
    assert created.bounded
    assert created.covered > 0.9


def test_the_folder_holds_the_map_the_stops_and_the_rules_and_nothing_else(
    created: Created,
) -> None:
    assert {each.name for each in created.folder.iterdir()} == {
        "boundary.geojson",
        "region.toml",
        "scenario.toml",
        "stops.csv",
        "toy-town.osm.pbf",
    }
    assert [each.name for each in created.folder.parent.iterdir()] == ["toy"]


def test_the_report_says_what_to_do_next(created: Created) -> None:
    report = created.report()
    assert f"shuttle demo --region {created.folder}" in report
    assert "Amtshaus" in report


def test_the_rules_are_explained_and_every_day_has_vehicles(created: Created) -> None:
    text = (created.folder / "region.toml").read_text(encoding="utf-8")
    assert text.count("#") > 10
    config = read_config(created.folder / "region.toml")
    served = {day for hours in config.hours for day in hours.days}
    assert served == {day for shift in config.shifts for day in shift.days}
    assert len(config.vehicles) == 2
    assert any(layout.wheelchairs for each in config.vehicles for layout in each.layouts)


def test_the_vehicles_are_kept_at_the_town_hall(created: Created) -> None:
    (depot,) = created.region.config.depots.values()
    assert depot.name == "Amtshaus"


def test_a_boundary_file_cuts_the_region(toy_map: Path, tmp_path: Path) -> None:
    outline = box_of_oberdorf(tmp_path / "west.geojson")
    made = create_region("Oberdorf", tmp_path / "west", toy_map, boundary=str(outline))
    assert made.bounded
    assert {stop.village for stop in made.region.stops} == {"Oberdorf"}
    assert not made.region.contains(*coordinates((3000, 550)))


def test_without_a_boundary_the_region_is_where_its_roads_are(
    toy_map: Path, tmp_path: Path
) -> None:
    made = create_region("Somewhere", tmp_path / "all", toy_map)
    assert not made.bounded
    assert made.region.config.boundary is None
    assert made.region.contains(*coordinates((3000, 550)))
    assert (tmp_path / "all" / "somewhere.osm").is_file()


def test_an_unknown_boundary_is_named(toy_map: Path, tmp_path: Path) -> None:
    with pytest.raises(RegionError, match="no administrative boundary called 'Nirgendwo'"):
        create_region("Toy Town", tmp_path / "toy", toy_map, boundary="Nirgendwo")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is no GeoJSON with a polygon"),
        ("[]", "is no GeoJSON with a polygon"),
        ('{"type": "Feature"}', "is no GeoJSON with a polygon"),
        ('{"type": "Point", "coordinates": [9.77, 54.63]}', "holds no polygon"),
    ],
)
def test_a_boundary_file_that_is_none_is_refused(
    toy_map: Path, tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "outline.geojson"
    file.write_text(text)
    with pytest.raises(RegionError, match=complaint):
        create_region("Toy Town", tmp_path / "toy", toy_map, boundary=str(file))


def test_a_boundary_elsewhere_is_refused_and_leaves_nothing(toy_map: Path, tmp_path: Path) -> None:
    outline = tmp_path / "sea.geojson"
    outline.write_text(json.dumps(shapely.geometry.mapping(shapely.box(0, 0, 0.1, 0.1))))
    with pytest.raises(ExtractError, match="no roads within the boundary"):
        create_region("Sea", tmp_path / "out" / "sea", toy_map, boundary=str(outline))
    assert [each.name for each in tmp_path.iterdir()] == ["sea.geojson"]


@pytest.mark.parametrize("content", [b"", b"<osm", b"no map at all"])
def test_a_broken_extract_is_refused_and_leaves_nothing(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.osm"
    broken.write_bytes(content)
    with pytest.raises(ExtractError, match=r"broken\.osm"):
        create_region("Toy Town", tmp_path / "toy", broken)
    assert [each.name for each in tmp_path.iterdir()] == ["broken.osm"]


def test_a_missing_extract_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"missing\.osm\.pbf does not exist"):
        create_region("Toy Town", tmp_path / "toy", tmp_path / "missing.osm.pbf")


def test_an_interrupt_at_any_step_leaves_nothing(toy_map: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    create_region("Toy Town", tmp_path / "whole", toy_map, tell=lambda step, _: steps.append(step))
    for interrupted in steps[:-1]:

        def stop(step: str, _share: float, at: str = interrupted) -> None:
            if step == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            create_region("Toy Town", tmp_path / "half", toy_map, tell=stop)
    assert [each.name for each in tmp_path.iterdir()] == ["whole"]


def test_an_existing_region_is_replaced_only_when_asked(toy_map: Path, tmp_path: Path) -> None:
    out = tmp_path / "toy"
    create_region("Toy Town", out, toy_map)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(RegionError, match="--force"):
        create_region("Other", out, toy_map)
    assert (out / "notes.txt").read_text() == "mine"
    create_region("Other", out, toy_map, replace=True)
    assert read_config(out / "region.toml").name == "Other"
    assert not (out / "notes.txt").exists()


def test_a_failed_replacement_keeps_the_old_region(toy_map: Path, tmp_path: Path) -> None:
    out = tmp_path / "toy"
    create_region("Toy Town", out, toy_map)
    with pytest.raises(RegionError, match="no administrative boundary"):
        create_region("Other", out, toy_map, boundary="Nirgendwo", replace=True)
    assert read_config(out / "region.toml").name == "Toy Town"


def test_a_folder_that_is_no_region_is_never_replaced(toy_map: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RegionError, match="is no region folder"):
        create_region("Toy Town", tmp_path, toy_map, replace=True)
    assert (tmp_path / "thesis.txt").exists()


def test_a_cut_map_is_the_same_inside_the_boundary(toy_map: Path, tmp_path: Path) -> None:
    boundary = find_boundary(toy_map, "toy town")
    assert boundary is not None
    clip(toy_map, tmp_path / "cut.osm.pbf", boundary)
    before, after = (read_extract(each, boundary) for each in (toy_map, tmp_path / "cut.osm.pbf"))
    assert after.features == before.features
    assert after.drive.edge_metres.tolist() == before.drive.edge_metres.tolist()
    assert after.walk.edge_metres.tolist() == before.walk.edge_metres.tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Amt Süderbrarup", "amt-suederbrarup"),
        ("Straße (Große)", "strasse-grosse"),
        ("Ærø & Øm", "aeroe-oem"),
        ("Łódź", "odz"),
        ("東京", "region"),
        ("x" * 80, "x" * 64),
    ],
)
def test_a_name_becomes_an_id(name: str, expected: str) -> None:
    assert slug(name) == expected


class _MapServer(BaseHTTPRequestHandler):
    """Knows Toy Town, and answers as Nominatim and Overpass do."""

    map: Path

    def log_message(self, *args: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        ring = [list(coordinates(corner)[::-1]) for corner in (*BOUNDARY, BOUNDARY[0])]
        found = {
            "lat": "54.63",
            "lon": "9.77",
            "importance": 0.5,
            "display_name": "Toy Town",
            "boundingbox": ["54.0", "55.0", "9.0", "10.0"],
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }
        self._answer([found] if "Toy" in self.path else [])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"elements": [_element(each) for each in osmium.FileProcessor(self.map)]})

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _element(thing: Any) -> dict[str, Any]:
    """Return a node or way as Overpass writes it."""
    common = {"id": thing.id, "tags": dict(thing.tags)}
    if thing.is_node():
        return {"type": "node", "lat": thing.lat, "lon": thing.lon, **common}
    if thing.is_way():
        return {"type": "way", "nodes": [node.ref for node in thing.nodes], **common}
    return {"type": "relation", "members": [], **common}


@pytest.fixture
def map_servers(toy_map: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MapServers]:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # osmnx is polite to public servers
    handler = type("ToyMapServer", (_MapServer,), {"map": toy_map})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield MapServers(overpass=url, nominatim=url)
        server.shutdown()
        thread.join()


def test_a_place_is_fetched_by_its_name(map_servers: MapServers, tmp_path: Path) -> None:
    made = create_region("Toy Town", tmp_path / "toy", map_servers)
    assert made.bounded
    assert {stop.village for stop in made.region.stops} >= {"Oberdorf", "Niederdorf"}


def test_a_fetched_place_can_be_cut_by_a_file(map_servers: MapServers, tmp_path: Path) -> None:
    outline = box_of_oberdorf(tmp_path / "west.geojson")
    made = create_region("Toy Town", tmp_path / "west", map_servers, boundary=str(outline))
    assert {stop.village for stop in made.region.stops} == {"Oberdorf"}


def test_an_unknown_place_leaves_nothing(map_servers: MapServers, tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match="'Nirgendwo' cannot be fetched"):
        create_region("Nirgendwo", tmp_path / "toy", map_servers)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not LIECHTENSTEIN.exists(), reason="wants ../shared/osm with a real extract")
def test_a_real_municipality_is_cut_from_a_real_extract(tmp_path: Path) -> None:
    made = create_region("Vaduz", tmp_path / "vaduz", LIECHTENSTEIN)
    assert made.bounded
    assert made.covered > 0.95
    assert 50 < len(made.region.stops) < 120
    assert made.region.config.depots["main"].name == "Rathaus Vaduz"
