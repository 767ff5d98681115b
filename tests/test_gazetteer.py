"""The gazetteer, in Toy Town and in the bundled Amt."""

import random
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.gazetteer import Gazetteer
from routing.map_features import Feature
from routing.osm_import import Extract, read_extract
from routing.spelling import fold
from routing.stop_proposals import propose_stops
from routing.stops import place_label
from routing.villages import Villages
from tests.toy_town import coordinates, write_toy_town

BUNDLED = Path(__file__).parents[1] / "data/osm/suederbrarup/suederbrarup.osm.pbf"
LIECHTENSTEIN = Path(__file__).parents[2] / "shared/osm/liechtenstein.osm.pbf"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    return read_extract(write_toy_town(tmp_path_factory.mktemp("toy") / "toy.osm"))


@pytest.fixture(scope="module")
def toy_gazetteer(toy: Extract) -> Gazetteer:
    return Gazetteer(toy, propose_stops(toy))


@pytest.fixture(scope="module")
def amt() -> Extract:
    return read_extract(BUNDLED)


@pytest.fixture(scope="module")
def amt_gazetteer(amt: Extract) -> Gazetteer:
    return Gazetteer(amt, propose_stops(amt))


def written(extract: Extract) -> dict[str, Feature]:
    """Return every house by its address as one writes it: street, number, village."""
    houses = [feature for feature in extract.features if feature.housenumber]
    villages = Villages(extract).of(houses)
    return {
        place_label(f"{house.street or village} {house.housenumber}", village): house
        for house, village in zip(houses, villages, strict=True)
    }


def mistype(text: str, rng: random.Random) -> str:
    """Leave out, swap, replace or insert one letter."""
    at = rng.choice([at for at, letter in enumerate(text) if letter.isalpha()])
    letter = rng.choice(string.ascii_lowercase)
    left_out, replaced = text[:at] + text[at + 1 :], text[:at] + letter + text[at + 1 :]
    inserted = text[:at] + letter + text[at:]
    swapped = text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]
    return rng.choice([left_out, replaced, inserted, swapped])


def first_hits(gazetteer: Gazetteer, extract: Extract, count: int, *, mistyped: bool) -> float:
    """Return the share of a sample of houses that are the first answer to their address."""
    rng = random.Random(7)
    houses = sorted(written(extract))
    sample = rng.sample(houses, count)
    texts = [mistype(house, rng) if mistyped else house for house in sample]
    found = (gazetteer.search(text, 1) for text in texts)
    hits = [
        bool(matches) and fold(matches[0].label) == fold(house)
        for matches, house in zip(found, sample, strict=True)
    ]
    return sum(hits) / count


def test_every_house_is_found_where_it_is(toy: Extract, toy_gazetteer: Gazetteer) -> None:
    for address, house in written(toy).items():
        match = toy_gazetteer.search(address)[0]
        assert (match.kind, match.label) == ("address", address)
        assert (match.lat, match.lon) == (house.lat, house.lon)
        assert match.stop_id is None


@pytest.mark.parametrize(
    "text",
    ["Kirchstr 3 Oberdorf", "kirchstrasse 3", "24999 Kirchstr. 3, Oberdorf", "Oberdorf Kirchstr3"],
)
def test_a_house_is_found_in_every_spelling(toy_gazetteer: Gazetteer, text: str) -> None:
    assert toy_gazetteer.search(text)[0].label == "Kirchstraße 3, Oberdorf"


def test_a_missing_number_gives_the_nearest_and_says_so(toy_gazetteer: Gazetteer) -> None:
    match = toy_gazetteer.search("Dorfstr 12a Niederdorf")[0]
    assert (match.label, match.asked_number) == ("Dorfstraße 8, Niederdorf", "12a")
    assert toy_gazetteer.search("Dorfstr 8 Niederdorf")[0].asked_number == ""


def test_a_street_without_a_number_is_found_even_if_nobody_lives_there(
    toy_gazetteer: Gazetteer,
) -> None:
    match = toy_gazetteer.search("Muehlenweg")[0]
    assert (match.kind, match.label) == ("street", "Mühlenweg, Oberdorf")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Bahnhof", "Toy Town Bahnhof, Niederdorf"),
        ("Zug", "Toy Town Bahnhof, Niederdorf"),
        ("Schule", "Schule am Anger, Oberdorf"),
        ("Kita", "Kita Bachstelze, Niederdorf"),
        ("Kindergarten Niederdorf", "Kita Bachstelze, Niederdorf"),
        ("Arzt", "Praxis Dr. Möller, Oberdorf"),
        ("Dr Moeler", "Praxis Dr. Möller, Oberdorf"),
        ("Apotheke", "Löwen-Apotheke, Oberdorf"),
        ("Supermarkt", "Dorfladen Jöns, Oberdorf"),
        ("Bäcker", "Bäckerei Süß, Niederdorf"),
        ("Rathaus", "Amtshaus, Oberdorf"),
        ("Kirche", "St. Jürgen, Oberdorf"),
        ("Niederdrof", "Niederdorf, Toy Town"),
    ],
)
def test_people_need_not_know_the_name(toy_gazetteer: Gazetteer, text: str, label: str) -> None:
    assert toy_gazetteer.search(text)[0].label == label


def test_a_stop_is_found_as_a_stop_and_only_once(toy: Extract, toy_gazetteer: Gazetteer) -> None:
    for stop in propose_stops(toy):
        matches = toy_gazetteer.search(stop.label)
        assert matches[0].label == stop.label
        assert sum(match.stop_id == stop.id for match in matches) <= 1
    station = toy_gazetteer.search("Bahnhof")[0]
    assert (station.kind, station.stop_id) == ("stop", "n34")


@pytest.mark.parametrize("text", ["Ob", "ober", "oberd", "Oberdor"])
def test_the_begin_of_a_name_is_enough(toy_gazetteer: Gazetteer, text: str) -> None:
    assert toy_gazetteer.search(text)[0].label == "Oberdorf, Toy Town"


@pytest.mark.parametrize("text", ["", " ", "x", "12", "?!", "qqqqqqqqqqqq", "ß" * 3000])
def test_nothing_is_found_for_nothing(toy_gazetteer: Gazetteer, text: str) -> None:
    assert toy_gazetteer.search(text) == []


@given(text=st.text(max_size=40), limit=st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_any_text_gives_distinct_candidates_in_order(
    toy_gazetteer: Gazetteer, text: str, limit: int
) -> None:
    matches = toy_gazetteer.search(text, limit)
    assert len(matches) <= limit
    assert len({match.label for match in matches}) == len(matches)
    scores = [match.score for match in matches]
    assert scores == sorted(scores, reverse=True)


def test_threads_may_share_it(toy: Extract, toy_gazetteer: Gazetteer) -> None:
    texts = [*written(toy), "Bahnhof", "Kita", "Kirchstr"] * 5
    alone = [toy_gazetteer.search(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(toy_gazetteer.search, texts)) == alone


def test_nothing_is_found_beyond_the_boundary(toy: Extract) -> None:
    corner, other = coordinates((-1000, -1000)), coordinates((1500, 1600))
    oberdorf = shapely.box(corner[1], corner[0], other[1], other[0])
    gazetteer = Gazetteer(toy, [], oberdorf)
    assert gazetteer.search("Kirchstraße 3")
    assert gazetteer.search("Mühlenweg")
    for beyond in ("Bahnhof", "Niederdorf", "Bahnhofstraße 2", "Am Bach"):
        assert gazetteer.search(beyond) == []


def settlement(name: str, rank: str, lat: float, lon: float) -> Feature:
    return Feature(name, "place", name, lat, lon, rank=rank)


def house(lat: float, lon: float, street: str = "Dorfstraße", city: str = "") -> Feature:
    return Feature(f"{lat},{lon}", "address", "", lat, lon, street, "1", city)


def villages_of(
    toy: Extract, places: list[Feature], houses: list[Feature], **boundaries: shapely.Polygon
) -> list[str]:
    map_ = Extract(toy.drive, toy.walk, (*places, *houses), boundaries, toy.dropped)
    return Villages(map_).of(houses)


def test_a_village_keeps_its_name_although_the_post_town_is_larger(toy: Extract) -> None:
    places = [
        settlement("Süderbrarup", "town", 54.6356, 9.7754),
        settlement("Rügge", "village", 54.6894, 9.7612),
    ]
    houses = [house(54.69, 9.76, city="Süderbrarup"), house(54.635, 9.77)]
    assert villages_of(toy, places, houses) == ["Rügge", "Süderbrarup"]


def test_a_house_belongs_to_its_municipality_even_if_another_village_is_nearer(
    toy: Extract,
) -> None:
    places = [
        settlement("Loit", "village", 54.61, 9.70),
        settlement("Boren", "village", 54.61, 9.75),
    ]
    loit, boren = shapely.box(9.69, 54.6, 9.74, 54.62), shapely.box(9.74, 54.6, 9.8, 54.62)
    houses = [house(54.61, 9.739), house(54.61, 9.741)]
    assert villages_of(toy, places, houses, Loit=loit, Boren=boren) == ["Loit", "Boren"]


def test_a_municipality_without_a_place_in_it_gives_its_own_name(toy: Extract) -> None:
    boundary = shapely.box(9.69, 54.6, 9.74, 54.62)
    assert villages_of(toy, [], [house(54.61, 9.7)], Loit=boundary) == ["Loit"]


def test_houses_that_are_numbered_by_the_hamlet_get_the_village_around_it(toy: Extract) -> None:
    places = [
        settlement("Boren", "village", 54.61, 9.75),
        settlement("Brunholz", "hamlet", 54.602, 9.76),
    ]
    boundary = shapely.box(9.7, 54.5, 9.8, 54.7)
    houses = [house(54.602, 9.761, "Brunholz"), house(54.602, 9.761), house(54.602, 9.775)]
    assert villages_of(toy, places, houses, Boren=boundary) == ["Boren", "Brunholz", "Boren"]


def test_without_places_and_boundaries_the_address_has_the_word(toy: Extract) -> None:
    assert villages_of(toy, [], [house(54.6, 9.7, city="Loit"), house(54.6, 9.7)]) == ["Loit", ""]


def test_equal_names_are_told_apart(toy: Extract) -> None:
    churches = [Feature(f"n{n}", "worship", "Kirche", 54.6 + n / 100, 9.7) for n in range(2)]
    houses = [house(54.6, 9.701, "Am Markt", "Boren"), house(54.61, 9.701, "Kirchweg", "Boren")]
    boundary = {"Boren": shapely.box(9, 54, 10, 55)}
    gazetteer = Gazetteer(Extract(toy.drive, toy.walk, (*churches, *houses), boundary, toy.dropped))
    labels = {match.label for match in gazetteer.search("Kirche")}
    assert {"Kirche, Am Markt, Boren", "Kirche, Kirchweg, Boren"} <= labels


def test_correct_addresses_of_the_amt_are_found_first(
    amt: Extract, amt_gazetteer: Gazetteer
) -> None:
    assert first_hits(amt_gazetteer, amt, 300, mistyped=False) == 1.0


def test_addresses_with_one_typing_error_are_found_first(
    amt: Extract, amt_gazetteer: Gazetteer
) -> None:
    assert first_hits(amt_gazetteer, amt, 500, mistyped=True) >= 0.97


@pytest.mark.slow
@pytest.mark.skipif(not LIECHTENSTEIN.exists(), reason="real map data is not part of the project")
def test_addresses_of_a_real_map_with_one_typing_error_are_found_first() -> None:
    extract = read_extract(LIECHTENSTEIN)
    gazetteer = Gazetteer(extract, propose_stops(extract))
    assert first_hits(gazetteer, extract, 500, mistyped=True) >= 0.97
