"""A region's folder: what it gives when it is right, and one sentence when it is not."""

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.osm_import import read_extract
from routing.stop_proposals import propose_stops
from routing.stops import read_stops
from shuttle.errors import RegionError
from shuttle.region import BUNDLED, Region, read_outline
from shuttle.region_config import Fares, RegionConfig, read_config
from tests.toy_region import STOPS
from tests.toy_town import coordinates

ZONE = ZoneInfo("Europe/Berlin")
GEOCODER = '[geocoder]\nservice = "photon"\nurl = "{}"\n\n[contact]'
HEADER = "id,name,village,lat,lon,kind\n"


def test_a_region_knows_its_stops_depots_and_shifts(toy_region: Region) -> None:
    assert [stop.id for stop in toy_region.stops] == [row[0] for row in STOPS]
    assert len(toy_region.places) == len(STOPS) + 1
    assert toy_region.travel.seconds.shape == (len(STOPS) + 1,) * 2
    monday, saturday, sunday = (toy_region.shifts(date(2027, 3, day)) for day in (1, 6, 7))
    assert [shift.id for shift in monday] == ["bus-1@06:00", "bus-2@07:00"]
    assert [shift.id for shift in saturday] == ["bus-1@06:00"]
    assert sunday == ()


def test_a_shift_speaks_in_epoch_seconds_of_its_day(toy_region: Region) -> None:
    shift = toy_region.shifts(date(2027, 3, 1))[0]
    local = [
        datetime.fromtimestamp(time, ZONE).strftime("%H:%M") for time in (shift.start, shift.end)
    ]
    assert local == ["06:00", "20:00"]
    rest = shift.breaks[0]
    assert rest.duration == 30 * 60
    assert datetime.fromtimestamp(rest.latest, ZONE).strftime("%H:%M") == "13:00"


def test_stops_within_walking_distance_come_nearest_first(toy_region: Region) -> None:
    near = toy_region.walkable_stops(*coordinates((10, 200)))
    metres = [each for _, each in near]
    assert metres == sorted(metres)
    assert metres[-1] <= 400
    assert toy_region.stops[near[0][0]].id == "kirche"


def test_a_path_between_places_lies_on_the_road(toy_region: Region) -> None:
    mitte, bahnhof = (toy_region.place_of(each) for each in ("mitte", "bahnhof"))
    route = toy_region.path(mitte, bahnhof)
    assert abs(route.seconds - toy_region.travel.seconds[mitte, bahnhof]) <= 1
    assert len(route.points) > 5


def _replace(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "region.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _write(name: str, content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_text(content, encoding="utf-8")

    return write


TILES = "https://tiles.example/{z}/{x}.png"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "region.toml").unlink(), "region.toml is missing"),
        (_write("region.toml", "id = ["), "is not valid TOML"),
        (_replace('id = "toy-town"', 'id = "Toy Town"'), "region.toml: id:"),
        (_replace("max_walk_metres = 400", "max_walk = 400"), "rules.max_walk: Extra inputs"),
        (_replace("lead_minutes = 10", "lead_minutes = -1"), "rules.lead_minutes:"),
        (_replace('to = "20:00"', 'to = "05:00"'), "from 06:00 must be before to 05:00"),
        (_replace('to = "20:00"', 'to = "24:30"'), "'24:30' is no time of day"),
        (_replace('"mon"', '"Montag"'), "'Montag' is no weekday"),
        (_replace("synthetic = true", 'timezone = "Europe/Angeln"'), "is no time zone"),
        (_replace('depot = "townhall"', 'depot = "garage"'), "there is no depot 'garage'"),
        (
            _replace("[contact]", f"[map]\ntiles = '{TILES}'\nattribution = 'x'\n[contact]"),
            "there is no {y} in it",
        ),
        (_replace('id = "bus-2"', 'id = "bus-1"'), "two vehicles have the same id"),
        (_replace('vehicle = "bus-2"', 'vehicle = "bus-9"'), "names vehicle 'bus-9'"),
        (_replace('to = "13:30", minutes', 'to = "12:10", minutes'), "does not fit between"),
        (
            _replace('from = "12:00", to = "13:30"', 'from = "20:00", to = "22:00"'),
            "leaves the shift",
        ),
        (_replace("[contact]", GEOCODER.format("ftp://127.0.0.1")), "geocoder.url:"),
        (_replace("toy-town.osm", "gone.osm"), "gone.osm"),
        (_write("toy-town.osm", "<osm version='0.6'></osm>"), "toy-town.osm"),
        (_replace("synthetic = true", 'boundary = "none.geojson"'), "none.geojson cannot be read"),
        (lambda folder: (folder / "stops.csv").unlink(), "stops.csv"),
        (_write("stops.csv", "id,name,village,lat,lon,kind\na,A,,91,9,virtual\n"), "stops.csv"),
        (
            _write("stops.csv", "id,name,village,lat,lon,kind\na,A,,54,9,virtual\n"),
            "150 m from any road",
        ),
    ],
)
def test_a_region_that_cannot_be_used_is_said_in_one_sentence(
    toy_folder: Path, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    folder = tmp_path / "region"
    shutil.copytree(toy_folder, folder)
    spoil(folder)
    with pytest.raises(RegionError) as caught:
        Region.load(folder)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_boundary_that_is_no_geojson_is_named(toy_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "region"
    shutil.copytree(toy_folder, folder)
    _replace("synthetic = true", 'boundary = "outline.geojson"')(folder)
    for content, words in (("{", "is no GeoJSON"), ('{"type": "Point"}', "is no GeoJSON")):
        (folder / "outline.geojson").write_text(content, encoding="utf-8")
        with pytest.raises(RegionError, match=words):
            Region.load(folder)
    (folder / "outline.geojson").write_text('{"type": "Point", "coordinates": [9.7, 54.6]}')
    with pytest.raises(RegionError, match="holds no polygon"):
        Region.load(folder)


@pytest.fixture(scope="session")
def config(toy_folder: Path) -> RegionConfig:
    return read_config(toy_folder / "region.toml")


def test_clocks_follow_the_change_to_summer_time(config: RegionConfig) -> None:
    change = date(2027, 3, 28)
    assert config.instant(change, 24 * 60) - config.instant(change, 0) == 23 * 3600
    back = date(2027, 10, 31)
    assert config.instant(back, 24 * 60) - config.instant(back, 0) == 25 * 3600


@given(st.integers(0, 4_000_000_000))
def test_every_moment_belongs_to_one_service_day(time: int) -> None:
    config = read_config(Path(__file__).parents[1] / "data/osm/suederbrarup/region.toml")
    day = config.local_day(time)
    assert config.instant(day, 0) <= time < config.instant(day, 24 * 60)


@given(st.integers(1, 8), st.integers(0, 60_000))
def test_a_fare_grows_with_party_and_distance_up_to_its_maximum(people: int, metres: int) -> None:
    fares = Fares(base_cents=200, per_km_cents=25, maximum_cents=480)
    fare = fares.fare(people, metres)
    assert fare == people * fares.fare(1, metres)
    assert fares.fare(people, metres + 1000) >= fare
    assert 200 * people <= fare <= 480 * people
    assert fare % 10 == 0


def test_a_geocoder_on_the_network_is_asked_first_and_the_embedded_one_stands_in(
    toy_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "region"
    shutil.copytree(toy_folder, folder)
    _replace("[contact]", GEOCODER.format("http://127.0.0.1:9"))(folder)  # nobody answers there
    region = Region.load(folder)
    assert region.gazetteer.search("Am Anger 3")[0].label.startswith("Am Anger 3")
    assert "The embedded gazetteer answers." in caplog.text


@pytest.fixture(scope="session")
def bundled() -> Region:
    return Region.load(BUNDLED)


def test_the_bundled_region_loads_and_says_that_it_is_synthetic(bundled: Region) -> None:
    assert bundled.config.synthetic
    assert 400 <= len(bundled.stops) <= 700
    assert bundled.travel.seconds.max() < 2 * 3600  # every place reaches every other


def test_nearly_every_home_of_the_bundled_region_has_a_stop_in_walking_distance(
    bundled: Region,
) -> None:
    homes = [each for each in bundled.features if each.kind == "address"]
    inside = [each for each in homes if bundled.contains(each.lat, each.lon)]
    served = sum(bool(bundled.walkable_stops(each.lat, each.lon)) for each in inside[::10])
    assert served >= 0.95 * len(inside[::10])


@pytest.mark.slow
def test_the_bundled_stops_are_those_proposed_from_its_map() -> None:
    boundary = read_outline(BUNDLED / "boundary.geojson")
    extract = read_extract(BUNDLED / "suederbrarup.osm.pbf", boundary)
    proposed = {stop.id: stop for stop in propose_stops(extract, boundary)}
    committed = {stop.id: stop for stop in read_stops(BUNDLED / "stops.csv")}
    assert proposed.keys() == committed.keys()
    assert all(proposed[each].label == stop.label for each, stop in committed.items())
