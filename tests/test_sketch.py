"""Sketches: inside their paper, the same each time, small, and safe with any name."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mapping.polyline import decode, encode
from api.residents.on_foot import stops_near, way_on_foot
from api.residents.sketch import Frame, Mark, sketch
from routing.map_features import Feature
from shuttle.region import Region
from tests.toy_town import coordinates

SVG = "{http://www.w3.org/2000/svg}"

metres = st.integers(-6000, 9000)


def parsed(svg: str) -> ET.Element:
    """Return a sketch as browsers see it."""
    return ET.fromstring(str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def points_of(data: str) -> list[tuple[int, int]]:
    """Return every point that path data of a map leads to."""
    points: list[tuple[int, int]] = []
    for command, numbers in re.findall(r"([Mmlhz])([^Mmlhz]*)", data):
        values = [int(each) for each in re.findall(r"-?\d+", numbers)]
        if command in "hz":
            continue
        for dx, dy in zip(values[::2], values[1::2], strict=True):
            x, y = (0, 0) if command == "M" else points[-1]
            points.append((x + dx, y + dy))
    return points


def everything_drawn(svg: str) -> list[tuple[int, int]]:
    """Return all places on the paper of a sketch: of lines, areas, marks and names."""
    root = parsed(svg)
    within = {id(each) for mark in root.iter(f"{SVG}g") for each in mark.iter()}
    points = [
        point
        for path in root.iter(f"{SVG}path")
        if id(path) not in within
        for point in points_of(path.attrib["d"])
    ]
    for mark in root.findall(f"{SVG}g"):
        x, y = re.findall(r"-?\d+", mark.attrib["transform"])
        points.append((int(x), int(y)))
    texts = [each for each in root.iter(f"{SVG}text") if id(each) not in within]
    return points + [(int(each.attrib["x"]), int(each.attrib["y"])) for each in texts]


@given(
    centre=st.tuples(metres, metres),
    reach=st.integers(20, 3000),
    size=st.tuples(st.integers(80, 800), st.integers(80, 800)),
)
def test_everything_lies_on_the_paper(
    toy_region: Region, centre: tuple[int, int], reach: int, size: tuple[int, int]
) -> None:
    frame = Frame.around(coordinates(centre), reach)
    marks = [Mark("stop", stop.lat, stop.lon, stop.label) for stop in toy_region.stops]
    way = way_on_foot(toy_region, coordinates((0, 0)), toy_region.stops[-1])
    width, height = size
    drawn = sketch(
        toy_region, frame, marks, label="Karte", walk=way, route=way, width=width, height=height
    )
    assert all(0 <= x <= width and 0 <= y <= height for x, y in everything_drawn(drawn))


def test_a_frame_fits_whole_on_the_paper(toy_region: Region) -> None:
    corners = [coordinates((-500, -40)), coordinates((3000, 800))]
    marks = [Mark("address", *corner) for corner in corners]
    drawn = sketch(toy_region, Frame.holding(corners, 50), marks, label="Karte", width=300)
    assert drawn.count("mark-address") == 2


def test_the_same_sketch_is_the_same_text(toy_region: Region) -> None:
    again = replace(toy_region)
    stop = toy_region.stops[0]
    frame = Frame.around((stop.lat, stop.lon), 400)
    one, other = (sketch(each, frame, [], label="Karte") for each in (toy_region, again))
    assert one == other
    assert "road" in one


def test_a_place_at_the_edge_of_the_region_has_a_sketch(toy_region: Region) -> None:
    west, south, _, _ = toy_region.boundary.bounds
    frame = Frame.around((south, west), 400)
    drawn = sketch(toy_region, frame, [Mark("address", south, west)], label="Karte")
    assert parsed(drawn).findall(f"{SVG}g")


def test_a_place_far_away_has_an_empty_sketch(toy_region: Region) -> None:
    drawn = sketch(toy_region, Frame.around((48.0, 11.0), 400), [], label="Nichts")
    assert everything_drawn(drawn) == []


@pytest.mark.parametrize("name", ['<script>"', "Müller & Söhne's", "</title>"])
def test_names_are_text_whatever_they_hold(toy_region: Region, name: str) -> None:
    stop = toy_region.stop("mitte")
    frame = Frame.around((stop.lat, stop.lon), 400)
    drawn = sketch(toy_region, frame, [Mark("stop", stop.lat, stop.lon, name)], label=name)
    root = parsed(drawn)
    assert root.attrib["aria-label"] == name
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == name
    assert name in [each.text for each in root.iter(f"{SVG}text")]


def test_names_give_way_to_each_other(toy_region: Region) -> None:
    here = coordinates((0, 0))
    marks = [Mark("other", *here, f"Ein sehr langer Name {number}") for number in range(12)]
    drawn = sketch(toy_region, Frame.around(here, 400), marks, label="Karte", width=400)
    assert 0 < drawn.count("mark-name") < 12


def test_a_mark_outside_of_the_frame_is_left_out(toy_region: Region) -> None:
    far = Mark("vehicle", *coordinates((3000, 0)))
    assert "mark" not in sketch(toy_region, Frame.around(coordinates((0, 0)), 300), [far], label="")


def test_the_way_on_foot_is_dotted_from_door_to_stop(toy_region: Region) -> None:
    door, stop = coordinates((-60, 20)), toy_region.stop("mitte")
    way = way_on_foot(toy_region, door, stop)
    assert way[0] == door
    assert way[-1] == (stop.lat, stop.lon)
    drawn = sketch(toy_region, Frame.around(door, 400), [], label="Weg", walk=way)
    assert 'class="walk"' in drawn


def test_the_nearest_stops_come_first_and_there_is_always_one(toy_region: Region) -> None:
    near = stops_near(toy_region, coordinates((0, 0)), 3)
    assert [each.metres for each in near] == sorted(each.metres for each in near)
    assert all(each.on_foot and each.minutes >= 1 for each in near)
    (far,) = stops_near(toy_region, (54.9, 9.0), 3)
    assert not far.on_foot


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180))))
def test_an_encoded_line_is_read_back_to_the_metre(points: list[tuple[float, float]]) -> None:
    read = decode(encode(points))
    rounded = [(round(lat * 1e5), round(lon * 1e5)) for lat, lon in points]
    assert [(round(lat * 1e5), round(lon * 1e5)) for lat, lon in read] == rounded


@pytest.mark.parametrize("reach", [400, 1500])
def test_a_sketch_of_a_town_full_of_houses_stays_small(toy_region: Region, reach: int) -> None:
    houses = [
        Feature(f"n{east}-{north}", "address", "", *coordinates((east, north)))
        for east in range(-1500, 1500, 20)
        for north in range(-1500, 1500, 20)
    ]
    full = replace(toy_region, features=(*toy_region.features, *houses))
    drawn = sketch(full, Frame.around(coordinates((0, 0)), reach), [], label="Stadt")
    assert len(drawn.encode()) < 12_000
