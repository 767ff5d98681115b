"""Geocoders on the network, against a stub on loopback that works, fails, hangs and comes back."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import shapely

from routing.gazetteer import Match
from routing.geocoders import GeocoderDownError, NetworkGeocoder, Service, WithFallback

AMT = shapely.box(9.6, 54.5, 9.9, 54.8)
EMBEDDED = Match("place", "Rügge", "Rügge", 54.69, 9.76, None, 1.0)

NOMINATIM = [
    {
        "lat": "54.6901",
        "lon": "9.7601",
        "display_name": "12, Dorfstraße, Rügge, Deutschland",
        "class": "place",
        "type": "house",
        "name": "",
        "address": {"house_number": "12", "road": "Dorfstraße", "village": "Rügge"},
    },
    {
        "lat": "54.6369",
        "lon": "9.7714",
        "display_name": "Süderbrarup, Bahnhofstraße",
        "class": "railway",
        "type": "station",
        "name": "Süderbrarup",
        "address": {"railway": "Süderbrarup", "town": "Süderbrarup"},
    },
    {
        "lat": "52.5",
        "lon": "13.4",
        "display_name": "Dorfstraße, Berlin",
        "class": "highway",
        "type": "residential",
        "name": "Dorfstraße",
        "address": {"road": "Dorfstraße", "city": "Berlin"},
    },
]
PHOTON = {
    "type": "FeatureCollection",
    "features": [
        {
            "geometry": {"type": "Point", "coordinates": [9.7601, 54.6901]},
            "properties": {
                "osm_key": "place",
                "osm_value": "house",
                "street": "Dorfstraße",
                "housenumber": "12",
                "city": "Rügge",
            },
        },
        {
            "geometry": {"type": "Point", "coordinates": [9.78, 54.64]},
            "properties": {
                "osm_key": "shop",
                "osm_value": "supermarket",
                "name": "Edeka",
                "street": "Große Straße",
                "city": "Süderbrarup",
            },
        },
        {
            "geometry": {"type": "Point", "coordinates": [13.4, 52.5]},
            "properties": {"osm_key": "place", "osm_value": "city", "name": "Berlin"},
        },
    ],
}


class Stub(ThreadingHTTPServer):
    """Answers with a status and a body, or not at all while it hangs; remembers who asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status, self.body = 200, b"[]"
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    server: Stub

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.go_on.wait(10)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


class Embedded:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def search(self, text: str, limit: int = 5) -> list[Match]:
        self.asked.append(text)
        return [EMBEDDED][:limit]


def geocoder(stub: Stub, service: Service = "nominatim", timeout: float = 5.0) -> NetworkGeocoder:
    return NetworkGeocoder(service, stub.url, AMT, timeout_seconds=timeout)


def says(stub: Stub, answer: object) -> None:
    stub.status, stub.body = 200, json.dumps(answer).encode()


def test_nominatim_answers_with_villages_and_only_from_within_the_boundary(stub: Stub) -> None:
    says(stub, NOMINATIM)
    house, station = geocoder(stub).search("Dorfstraße 12")
    assert (house.kind, house.label, house.village) == ("address", "Dorfstraße 12, Rügge", "Rügge")
    assert (house.lat, house.lon) == (54.6901, 9.7601)
    assert (station.kind, station.label) == ("station", "Süderbrarup")
    assert house.score > station.score


def test_photon_answers_with_villages_and_only_from_within_the_boundary(stub: Stub) -> None:
    says(stub, PHOTON)
    house, shop = geocoder(stub, "photon").search("Dorfstraße 12")
    assert (house.kind, house.label) == ("address", "Dorfstraße 12, Rügge")
    assert (shop.kind, shop.label, shop.village) == ("shop", "Edeka, Süderbrarup", "Süderbrarup")


@pytest.mark.parametrize(("service", "box"), [("nominatim", "viewbox"), ("photon", "bbox")])
def test_the_search_is_asked_for_within_the_boundary(
    stub: Stub, service: Service, box: str
) -> None:
    says(stub, [] if service == "nominatim" else {"features": []})
    assert geocoder(stub, service).search("Loit", limit=3) == []
    asked = parse_qs(urlsplit(stub.asked[0]).query)
    assert asked["q"] == ["Loit"]
    assert asked["limit"] == ["3"]
    assert [float(edge) for edge in asked[box][0].split(",")] == [9.6, 54.5, 9.9, 54.8]


def test_an_endpoint_below_a_path_is_asked_there(stub: Stub) -> None:
    NetworkGeocoder("nominatim", f"{stub.url}/geo/", AMT).search("Loit")
    assert stub.asked[0].startswith("/geo/search?")


@pytest.mark.parametrize("endpoint", ["nominatim.example.org", "ftp://example.org", ""])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        NetworkGeocoder("nominatim", endpoint, AMT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Wartung</html>",
        b"\xff\xfe\x00",
        b'"Rugge"',
        b"17",
        b'{"error": "database is starting"}',
        b'[{"lat": "54.69", "lon": "9.76"}]',
        b'[{"lat": "north", "lon": "9.76", "address": {}, "type": "house"}]',
        b'[{"lat": "54.69", "lon": "9.76", "name": 5, "address": {}, "type": "house"}]',
        b"[" * 100_000,
    ],
)
def test_garbage_is_not_mistaken_for_an_answer(stub: Stub, body: bytes) -> None:
    stub.body = body
    with pytest.raises(GeocoderDownError, match=stub.url):
        geocoder(stub).search("Rügge")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_an_error_status_is_not_mistaken_for_an_answer(stub: Stub, status: int) -> None:
    stub.status = status
    with pytest.raises(GeocoderDownError):
        geocoder(stub).search("Rügge")


def test_a_geocoder_that_nobody_runs_is_down() -> None:
    with Stub() as gone:
        url = gone.url
    with pytest.raises(GeocoderDownError):
        NetworkGeocoder("photon", url, AMT).search("Rügge")


def test_a_geocoder_that_hangs_is_given_up_on(stub: Stub) -> None:
    stub.go_on.clear()
    with pytest.raises(GeocoderDownError, match=r"no answer within 0\.05 s"):
        geocoder(stub, timeout=0.05).search("Rügge")


def test_the_embedded_geocoder_answers_until_the_other_comes_back(stub: Stub) -> None:
    embedded = Embedded()
    both = WithFallback(geocoder(stub), embedded, searches_to_rest=2)
    stub.status = 503
    assert both.search("Rügge") == [EMBEDDED]
    says(stub, NOMINATIM)
    assert both.search("Rügge 1") == [EMBEDDED]  # left alone ...
    assert both.search("Rügge 12") == [EMBEDDED]
    assert len(stub.asked) == 1
    assert both.search("Dorfstraße 12")[0].label == "Dorfstraße 12, Rügge"  # ... and tried again
    assert len(stub.asked) == 2
    assert embedded.asked == ["Rügge", "Rügge 1", "Rügge 12"]


def test_the_embedded_geocoder_answers_while_the_other_hangs(stub: Stub) -> None:
    stub.go_on.clear()
    both = WithFallback(geocoder(stub, timeout=0.05), Embedded(), searches_to_rest=1)
    assert both.search("Rügge") == [EMBEDDED]


def test_the_embedded_geocoder_answers_what_the_other_does_not_find(stub: Stub) -> None:
    says(stub, NOMINATIM[2:])  # Berlin is out of bounds
    assert WithFallback(geocoder(stub), Embedded()).search("Kirche / Dorfstraße") == [EMBEDDED]
