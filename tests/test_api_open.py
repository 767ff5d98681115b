"""What everybody may see: tours, vehicles, figures, the region and its map."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mapping.base_map import road_class
from api.mapping.landscape import read_landscape
from api.mapping.polyline import encode
from api.mapping.tracks import Track
from shuttle.dispatcher import Dispatcher
from tests.api_client import Api, berlin, serving


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as served:
        yield served


def get(api: Api, address: str) -> Any:
    answer = api.http.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


def decoded(text: str) -> list[tuple[float, float]]:
    """Decode a polyline: the reader's half of the format, written apart from ours."""
    numbers, bits, shift = [], 0, 0
    for sign in text:
        group = ord(sign) - 63
        bits |= (group & 0x1F) << shift
        shift += 5
        if group < 0x20:
            numbers.append(~(bits >> 1) if bits & 1 else bits >> 1)
            bits = shift = 0
    lats = [sum(numbers[0 : end + 1 : 2]) for end in range(0, len(numbers), 2)]
    lons = [sum(numbers[1 : end + 1 : 2]) for end in range(1, len(numbers), 2)]
    return [(lat / 1e5, lon / 1e5) for lat, lon in zip(lats, lons, strict=True)]


def test_a_polyline_is_googles() -> None:
    """The example of the format's documentation."""
    points = [(38.5, -120.2), (40.7, -120.95), (43.252, -126.453)]
    assert encode(points) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=20))
def test_a_polyline_keeps_its_points_to_the_metre(points: list[tuple[float, float]]) -> None:
    for (lat, lon), (again_lat, again_lon) in zip(points, decoded(encode(points)), strict=True):
        assert (again_lat, again_lon) == pytest.approx((lat, lon), abs=0.6e-5)


def test_tours_show_halts_times_loads_and_ways(api: Api) -> None:
    api.book(party={"passengers": 3})
    plan = get(api, "/api/v1/tours?date=2027-03-22")
    assert plan["day"] == "2027-03-22"
    [tour] = [each for each in plan["tours"] if len(each["stands"]) > 3 or each["metres"]]
    stands = [each for each in tour["stands"] if each["stop"]]
    assert [each["stop"] for each in stands] == ["kirche", "bahnhof"]
    assert [(each["getting_on"], each["getting_off"]) for each in stands] == [(3, 0), (0, 3)]
    assert [each["on_board"]["seats"] for each in stands] == [3, 0]
    assert stands[0]["arrival"] == berlin("2027-03-22T09:00:00")
    way = decoded(stands[1]["path"])
    assert way[0] == pytest.approx((stands[0]["lat"], stands[0]["lon"]), abs=2e-5)
    assert way[-1] == pytest.approx((stands[1]["lat"], stands[1]["lon"]), abs=2e-5)


def test_nobody_finds_booking_codes_or_labels_in_open_data(api: Api) -> None:
    booking = api.book(origin={"lat": 54.6304, "lon": 9.7702, "label": "bei Oma Erna"})
    for address in (
        "/api/v1/tours",
        "/api/v1/vehicles?seconds_ahead=900",
        "/api/v1/figures",
        "/api/v1/regions/current",
        "/map",
        "/table",
    ):
        text = api.http.get(address).text
        assert booking["code"] not in text
        assert "Oma Erna" not in text


def test_tours_are_sent_again_only_when_they_changed(api: Api) -> None:
    first = api.http.get("/api/v1/tours")
    known = {"If-None-Match": first.headers["etag"]}
    assert api.http.get("/api/v1/tours", headers=known).status_code == 304
    api.book()
    changed = api.http.get("/api/v1/tours", headers=known)
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    "day", ["2027-02-30", "1800000000", "0001-01-01", "9999-12-31", "tomorrow", "2027-03-30"]
)
def test_a_day_that_cannot_be_looked_at_is_refused(api: Api, day: str) -> None:
    answer = api.http.get(f"/api/v1/tours?date={day}")
    assert answer.status_code == 422
    assert answer.json()["field"] == "date"


def test_a_day_without_service_has_no_tours(api: Api) -> None:
    assert get(api, "/api/v1/tours?date=2027-03-28")["tours"] == []


def vehicle_on_tour(api: Api, **query: int) -> dict[str, Any]:
    seen = get(api, "/api/v1/vehicles?" + "&".join(f"{k}={v}" for k, v in query.items()))
    moving = [each for each in seen["vehicles"] if each["status"] == "driving"]
    assert len(moving) == 1
    vehicle: dict[str, Any] = moving[0]
    return vehicle


def test_a_vehicle_drives_along_the_road(api: Api) -> None:
    booking = api.book()
    offer_stop = booking["pickup_stop"]
    api.clock.set("2027-03-22T09:03")
    api.dispatcher.advance(api.clock())
    before = vehicle_on_tour(api, seconds_ahead=120)
    assert before["at"] is None
    assert before["on_board"]["seats"] == 1
    assert before["next_halt"]["name"] == "Bahnhof, Niederdorf"
    assert (before["lat"], before["lon"]) != (offer_stop["lat"], offer_stop["lon"])
    api.clock.set("2027-03-22T09:04")
    after = vehicle_on_tour(api)
    assert after["lon"] > before["lon"]
    foreseen = [(lat, lon) for second, lat, lon in before["ahead"] if second <= 60]
    assert foreseen[0] == (before["lat"], before["lon"])
    assert foreseen[-1][1] <= after["lon"] + 1e-9
    assert [second for second, _, _ in before["ahead"]] == sorted(
        second for second, _, _ in before["ahead"]
    )


def test_vehicles_off_duty_stand_at_their_depot(api: Api) -> None:
    api.clock.set("2027-03-28T12:00")
    seen = get(api, "/api/v1/vehicles")
    assert [each["status"] for each in seen["vehicles"]] == ["off_duty", "off_duty"]
    assert {each["at"] for each in seen["vehicles"]} == {"Amtshaus"}


@pytest.mark.parametrize("seconds", [-1, 901, "many", 10**30])
def test_the_way_ahead_has_a_limit(api: Api, seconds: object) -> None:
    answer = api.http.get(f"/api/v1/vehicles?seconds_ahead={seconds}")
    assert (answer.status_code, answer.json()["field"]) == (422, "seconds_ahead")


def test_figures_count_what_happened(api: Api) -> None:
    api.book("key-number-one", party={"passengers": 2})
    given_up = api.book("key-number-two")
    api.cancel(given_up)
    api.ask(when={"arrive_by": berlin("2027-03-23T06:03")})
    assert get(api, "/api/v1/figures")["kilometres"] == 0
    api.clock.set("2027-03-22T10:30")
    api.dispatcher.advance(api.clock())
    figures = get(api, "/api/v1/figures")
    assert figures.pop("kilometres") > 3
    assert figures == {
        "day": "2027-03-22",
        "booked": 1,
        "served": 1,
        "passengers": 2,
        "cancelled": 1,
        "refused": 0,
        "promises_kept": 1,
        "promises_broken": 0,
    }
    assert get(api, "/api/v1/figures?date=2027-03-23")["refused"] == 1


def test_the_region_tells_its_stops_rules_and_origin(api: Api) -> None:
    region = get(api, "/api/v1/regions/current")
    assert region["name"] == "Toy Town"
    assert region["synthetic"] is True
    assert region["attribution"] == "made up for tests"
    assert len(region["stops"]) == 8
    assert region["boundary"]["type"] == "Polygon"
    assert region["rules"]["max_walk_metres"] == 400
    assert region["hours"][0]["from"] == "06:00"
    (south, west), (north, east) = region["bounds"]
    assert all(
        south < each["lat"] < north and west < each["lon"] < east for each in region["stops"]
    )


def test_the_tours_of_some_vehicles_are_those_of_all(api: Api) -> None:
    api.book()
    every = get(api, "/api/v1/tours")["tours"]
    for vehicle in ("bus-1", "bus-2"):
        own = get(api, f"/api/v1/tours?vehicle={vehicle}")["tours"]
        assert own == [each for each in every if each["vehicle"] == vehicle]
    assert get(api, "/api/v1/tours?vehicle=bus-9")["tours"] == []


def test_the_base_map_draws_each_road_once(api: Api) -> None:
    document = get(api, "/api/v1/roads")
    lines = document["roads"]["secondary"]
    drawn = {frozenset(decoded(line)) for line in lines}
    assert len(drawn) == len(lines)
    names = document["names"]
    assert {kind: len(same) for kind, same in names.items()} == {
        kind: len(same) for kind, same in document["roads"].items()
    }
    assert {"Hauptstraße", "Landstraße"} <= set(names["secondary"])
    assert "Kirchstraße" in names["street"]
    assert len(decoded(document["houses"])) > 40
    assert {each["name"] for each in document["places"]} == {"Oberdorf", "Niederdorf"}
    assert "St. Jürgen" in {each["name"] for each in document["landmarks"]}


def test_the_base_map_is_compressed_for_those_who_can_read_it(api: Api) -> None:
    packed = api.http.get("/api/v1/roads")
    plain = api.http.get("/api/v1/roads", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


@pytest.mark.parametrize(
    ("highway", "drawn"),
    [("primary", "primary"), ("motorway_link", "trunk"), ("footway", "path"), ("new", "path")],
)
def test_every_highway_has_a_look(highway: str, drawn: str) -> None:
    assert road_class(highway) == drawn


def test_places_are_suggested_while_typing(api: Api) -> None:
    names = [each["label"] for each in get(api, "/api/v1/places?q=kirch")["places"]]
    assert "Kirche, Oberdorf" in names
    assert len(names) <= 5


@pytest.mark.parametrize("q", ["", "x", "y" * 201, "%00%00"])
def test_a_search_needs_words(api: Api, q: str) -> None:
    answer = api.http.get(f"/api/v1/places?q={q}")
    assert (answer.status_code, answer.json()["field"]) == (422, "q")


@given(
    st.lists(st.tuples(st.floats(54.5, 54.7), st.floats(9.6, 9.9)), min_size=1, max_size=8),
    st.floats(-0.5, 1.5),
)
def test_a_track_never_leaves_its_ends(points: list[tuple[float, float]], share: float) -> None:
    track = Track.along(points)
    lat, lon = track.at(share)
    lats, lons = zip(*points, strict=True)
    assert min(lats) - 1e-9 <= lat <= max(lats) + 1e-9
    assert min(lons) - 1e-9 <= lon <= max(lons) + 1e-9
    assert track.at(0) == pytest.approx(points[0])
    assert track.at(1) == pytest.approx(points[-1])
    assert 0 <= track.heading(share) < 360


@pytest.mark.parametrize(
    ("end", "heading"), [((1, 0), 0), ((0, 1), 90), ((-1, 0), 180), ((0, -1), 270)]
)
def test_headings_turn_clockwise_from_north(end: tuple[float, float], heading: int) -> None:
    assert Track.along([(0.0, 0.0), end]).heading(0.5) == heading


OSM = """<osm version="0.6" generator="test">
{nodes}
<way id="1" version="1">{wood}<tag k="landuse" v="forest"/></way>
<way id="2" version="1"><nd ref="1"/><nd ref="3"/><tag k="railway" v="rail"/></way>
<way id="3" version="1"><nd ref="2"/><nd ref="4"/><tag k="railway" v="abandoned"/></way>
<way id="4" version="1">{glade}</way>
<relation id="1" version="1"><member type="way" ref="5" role="outer"/>
<member type="way" ref="4" role="inner"/>
<tag k="type" v="multipolygon"/><tag k="natural" v="water"/></relation>
<way id="5" version="1">{lake}</way>
</osm>"""


def test_woods_lakes_with_islands_and_railways_are_drawn(tmp_path: Path) -> None:
    corners = [(0, 0), (0, 9), (9, 9), (9, 0), (3, 3), (3, 6), (6, 6), (6, 3)]
    nodes = "\n".join(
        f'<node id="{number}" version="1" lat="{54 + y / 1000}" lon="{9 + x / 1000}"/>'
        for number, (x, y) in enumerate(corners, start=1)
    )
    outline = "".join(f'<nd ref="{each}"/>' for each in (1, 2, 3, 4, 1))
    island = "".join(f'<nd ref="{each}"/>' for each in (5, 6, 7, 8, 5))
    extract = tmp_path / "small.osm"
    extract.write_text(OSM.format(nodes=nodes, wood=island, glade=island, lake=outline))
    landscape = read_landscape(extract)
    assert [len(polygon) for polygon in landscape.areas["wood"]] == [1]
    [[shore, glade]] = landscape.areas["water"]
    assert set(decoded(glade)) < {(54 + y / 1000, 9 + x / 1000) for x, y in corners}
    assert len(decoded(shore)) == 5
    assert landscape.lines.keys() == {"rail"}
    assert decoded(landscape.lines["rail"][0]) == [(54.0, 9.0), (54.009, 9.009)]
