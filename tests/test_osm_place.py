"""A place by its name, from servers that speak as Nominatim and Overpass do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import osmium
import pytest

from routing.osm_import import ExtractError, read_extract, read_place
from tests.test_osm_import import same
from tests.toy_town import BOUNDARY, coordinates, write_toy_town


class _MapServer(BaseHTTPRequestHandler):
    """Answers as Nominatim and Overpass do, from Toy Town."""

    town: Path

    def log_message(self, *args: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        found = []
        if "Toy" in self.path:
            ring = [list(coordinates(corner)[::-1]) for corner in (*BOUNDARY, BOUNDARY[0])]
            shape = {"type": "Polygon", "coordinates": [ring]}
            box = ["54.0", "55.0", "9.0", "10.0"]
            spot = {"lat": "54.63", "lon": "9.77", "importance": 0.5, "display_name": "Toy Town"}
            found = [{**spot, "boundingbox": box, "geojson": shape}]
        self._answer(found)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"elements": [_element(thing) for thing in osmium.FileProcessor(self.town)]})

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _element(thing: Any) -> dict[str, Any]:
    """Return an object as Overpass writes it in JSON."""
    common = {"id": thing.id, "tags": dict(thing.tags)}
    if thing.is_node():
        return {"type": "node", "lat": thing.lat, "lon": thing.lon, **common}
    if thing.is_way():
        return {"type": "way", "nodes": [node.ref for node in thing.nodes], **common}
    members = [{"type": "way", "ref": m.ref, "role": m.role} for m in thing.members]
    return {"type": "relation", "members": members, **common}


@pytest.fixture
def town_file(tmp_path: Path) -> Path:
    return write_toy_town(tmp_path / "town.osm")


@pytest.fixture
def map_server(town_file: Path) -> Iterator[str]:
    handler = type("TownServer", (_MapServer,), {"town": town_file})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the second that osmnx waits between requests to a public server."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.mark.usefixtures("no_pauses")
def test_a_place_by_name_is_the_same_as_its_file(map_server: str, town_file: Path) -> None:
    place = read_place("Toy Town", overpass_url=map_server, nominatim_url=map_server)
    assert same(place, read_extract(town_file))


@pytest.mark.usefixtures("no_pauses")
def test_an_unknown_place_gives_one_clear_sentence(map_server: str) -> None:
    with pytest.raises(ExtractError, match="'Nirgendwo' cannot be fetched"):
        read_place("Nirgendwo", overpass_url=map_server, nominatim_url=map_server)


@pytest.mark.usefixtures("no_pauses")
def test_a_server_that_is_down_gives_one_clear_sentence() -> None:
    with pytest.raises(ExtractError, match="'Toy Town' cannot be fetched"):
        read_place(
            "Toy Town", overpass_url="http://127.0.0.1:9", nominatim_url="http://127.0.0.1:9"
        )
