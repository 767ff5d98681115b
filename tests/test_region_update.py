"""A new map under a region that people have edited: their stops stay, the others follow."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from routing.osm_import import ExtractError
from routing.stop_renewal import renew_stops
from routing.stops import Stop, read_stops, write_stops
from shuttle.commands.region_create import create_region
from shuttle.commands.region_update import update_region
from shuttle.errors import RegionError
from tests.toy_town import write_toy_town


def stop(name: str, east: float = 0.0, village: str = "Dorf") -> Stop:
    return Stop(name, name.title(), village, 54.6, 9.7 + east / 64_400, "virtual")


def named(stops: Sequence[Stop]) -> list[str]:
    return [each.id for each in stops]


def test_what_people_edited_stays_and_the_rest_follows_the_map() -> None:
    a, b, c, d = (stop(name, 1000.0 * n) for n, name in enumerate("abcd"))
    mine = replace(a, name="Beim Bäcker")
    by_hand = stop("x", 9000)
    after = [a, replace(b, name="Neuer Weg"), d, stop("e", 5000)]
    renewed = renew_stops([a, b, c, d], [mine, b, c, by_hand], after, 150)
    assert named(renewed.stops) == ["a", "b", "x", "e"]
    assert renewed.stops[0].name == "Beim Bäcker"
    assert renewed.stops[1].name == "Neuer Weg"
    assert named(renewed.added) == ["e"]
    assert named(renewed.removed) == ["c"]
    assert renewed.changed == ((b, after[1]),)
    assert renewed.kept == ()
    assert "d" not in named(renewed.stops)  # taken out by hand, and so it stays


def test_an_edited_stop_stays_when_its_thing_is_gone_from_the_map() -> None:
    a = stop("a")
    mine = replace(a, lat=54.601)
    renewed = renew_stops([a], [mine], [], 150)
    assert renewed.stops == renewed.kept == (mine,)


def test_a_new_stop_beside_one_that_stays_is_left_out() -> None:
    renewed = renew_stops([], [stop("mine")], [stop("near", 100), stop("far", 200)], 150)
    assert named(renewed.added) == ["far"]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return write_toy_town(tmp_path / "town.osm")


@pytest.fixture
def folder(town: Path, tmp_path: Path) -> Path:
    return create_region("Toy Town", tmp_path / "toy", town).folder


def without_a_stop(town: Path) -> Path:
    """Write the town one year later: a bus stop is called otherwise, and a street is gone."""
    text = town.read_text(encoding="utf-8")
    text = text.replace('v="Oberdorf, Mitte"', 'v="Oberdorf, Anger"')
    later = town.with_name("later.osm")
    later.write_text(text.replace('v="Am Bach"', 'v="Am Graben"'), encoding="utf-8")
    return later


def test_a_new_map_keeps_edited_stops_and_lists_what_changed(town: Path, folder: Path) -> None:
    stops = list(read_stops(folder / "stops.csv"))
    station = next(row for row, each in enumerate(stops) if "Bahnhof" in each.name)
    stops[station] = replace(stops[station], name="Bahnhof (Nordseite)")
    write_stops(folder / "stops.csv", stops)
    rules = (folder / "region.toml").read_text()
    updated = update_region(folder, without_a_stop(town))
    now = {each.id: each for each in read_stops(folder / "stops.csv")}
    assert now[stops[station].id].name == "Bahnhof (Nordseite)"
    assert any(new.name == "Oberdorf, Anger" for _, new in updated.renewed.changed)
    assert "Oberdorf, Mitte -> Oberdorf, Anger" in updated.report()
    assert (folder / "region.toml").read_text() == rules


def test_nothing_changes_with_the_same_map(town: Path, folder: Path) -> None:
    before = (folder / "stops.csv").read_bytes()
    updated = update_region(folder, town)
    assert (folder / "stops.csv").read_bytes() == before
    renewed = updated.renewed
    assert (renewed.added, renewed.removed, renewed.changed, renewed.kept) == ((), (), (), ())


def test_each_step_can_be_repeated_alone(town: Path, folder: Path, tmp_path: Path) -> None:
    stops = (folder / "stops.csv").read_bytes()
    update_region(folder, without_a_stop(town), keep_stops=True)  # the roads
    assert (folder / "stops.csv").read_bytes() == stops
    write_stops(folder / "stops.csv", read_stops(folder / "stops.csv")[:5])
    outline = tmp_path / "outline.geojson"
    outline.write_text((folder / "boundary.geojson").read_text())
    update_region(folder, boundary=str(outline))  # boundary and stops
    assert len(read_stops(folder / "stops.csv")) == 5  # what was removed by hand stays so


@pytest.mark.parametrize("wrong", ["missing.osm.pbf", "empty.osm.pbf"])
def test_a_map_that_cannot_be_used_changes_nothing(
    folder: Path, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "empty.osm.pbf").touch()
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    with pytest.raises(ExtractError):
        update_region(folder, tmp_path / wrong)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_an_unknown_boundary_changes_nothing(folder: Path) -> None:
    with pytest.raises(RegionError, match="no administrative boundary called 'Nirgendwo'"):
        update_region(folder, boundary="Nirgendwo")


@pytest.mark.parametrize("name", ["stops.csv", "region.toml", "boundary.geojson"])
def test_what_is_saved_while_the_region_is_renewed_is_not_lost(
    town: Path, folder: Path, name: str
) -> None:
    file = folder / name
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    saved = before[name] + b"\n"

    def save(step: str, _share: float) -> None:
        if step == "stops":
            file.write_bytes(saved)

    with pytest.raises(RegionError, match=rf"{name} was edited while .* run the same command"):
        update_region(folder, without_a_stop(town), tell=save)
    after = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert after == before | {name: saved}
    assert not [each for each in folder.parent.iterdir() if each.name.startswith(".")]


def test_what_else_is_in_the_folder_is_not_rolled_back(town: Path, folder: Path) -> None:
    database = folder / "shuttle.sqlite3"
    database.write_text("a booking")

    def book(step: str, _share: float) -> None:
        if step == "trying it out":
            database.write_text("two bookings")

    before = (folder / "stops.csv").read_bytes()
    update_region(folder, without_a_stop(town), tell=book)
    assert database.read_text() == "two bookings"
    assert (folder / "stops.csv").read_bytes() != before
