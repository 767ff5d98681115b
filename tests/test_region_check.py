"""A region is looked over before anybody rides: each fault is found, and only where it is."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from routing.faults import Fault, FaultKind
from routing.stops import Stop, read_stops, write_stops
from shuttle.cli import app
from shuttle.commands.fault_map import fault_page
from shuttle.commands.region_check import Checked, check_region
from tests.toy_region import write_toy_region
from tests.toy_town import coordinates

WAYS = """
  <way id="901" version="1"><nd ref="901"/><nd ref="902"/>
    <tag k="highway" v="service"/><tag k="access" v="private"/><tag k="name" v="Werkstor"/></way>
  <way id="902" version="1"><nd ref="{niederdorf}"/><nd ref="903"/><nd ref="904"/>
    <tag k="highway" v="residential"/><tag k="oneway" v="yes"/><tag k="name" v="Sackgasse"/></way>
"""
"""A private road by itself, and one from the middle of Niederdorf that leads nowhere."""

POINTS = {901: (1500, -700), 902: (1700, -700), 903: (3300, 900), 904: (3400, 1000)}
VILLAGE = (500, 1300)
FORBIDDEN, UNREACHABLE, TRAPPED = (1600, -700), (-500, -900), (3350, 950)


def stop(name: str, point: tuple[float, float]) -> Stop:
    lat, lon = coordinates(point)
    return Stop(name, name.title(), "", lat, lon, "virtual")


def spoil(folder: Path, *more: Stop, village: bool = True, trap: bool = True) -> Path:
    """Add a road that nobody may use, stops, and if wanted a trap and a village without a stop."""
    town = folder / "toy-town.osm"
    text = town.read_text(encoding="utf-8")
    lat, lon = coordinates((3000, 550))
    found = re.search(rf'<node id="(\d+)" lat="{lat}" lon="{lon}"', text)
    assert found
    nodes = "".join(
        f'<node id="{each}" version="1" lat="{lat}" lon="{lon}"/>'
        for each, (lat, lon) in ((each, coordinates(point)) for each, point in POINTS.items())
    )
    if village:
        lat, lon = coordinates(VILLAGE)
        nodes += (
            f'<node id="905" version="1" lat="{lat}" lon="{lon}">'
            '<tag k="place" v="village"/><tag k="name" v="Vergessen"/></node>'
        )
    ways = WAYS.format(niederdorf=found[1])
    if not trap:
        ways = ways.replace('v="yes"', 'v="no"')
    text = text.replace("<way ", f"{nodes}<way ", 1).replace("<relation", f"{ways}<relation", 1)
    town.write_text(text, encoding="utf-8")
    write_stops(folder / "stops.csv", [*read_stops(folder / "stops.csv"), *more])
    return folder


def the(kind: FaultKind, faults: Sequence[Fault]) -> Fault:
    (found,) = (each for each in faults if each.kind is kind)
    return found


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_toy_region(tmp_path_factory.mktemp("spoilt") / "toy")
    return spoil(folder, stop("werk", FORBIDDEN), stop("wiese", UNREACHABLE))


@pytest.fixture(scope="module")
def checked(spoilt: Path) -> Checked:
    return check_region(spoilt)


def test_each_fault_is_found_once_where_it_is(checked: Checked) -> None:
    assert len(checked.faults) == len(FaultKind) == 4
    forbidden = the(FaultKind.FORBIDDEN_ROAD, checked.faults)
    assert (forbidden.stop, forbidden.reason, forbidden.grave) == ("werk", "no access", True)
    unreachable = the(FaultKind.UNREACHABLE_STOP, checked.faults)
    assert (unreachable.stop, unreachable.reason) == ("wiese", "no road near")
    assert unreachable.metres == pytest.approx(900, rel=0.01)
    trap = the(FaultKind.TRAP, checked.faults)
    assert (trap.name, trap.grave) == ("Sackgasse", False)
    assert trap.metres == pytest.approx(602, rel=0.01)
    village = the(FaultKind.VILLAGE_WITHOUT_STOP, checked.faults)
    assert (village.name, village.grave) == ("Vergessen", True)


def test_a_region_in_order_has_no_faults(tmp_path: Path) -> None:
    assert check_region(write_toy_region(tmp_path / "toy")).faults == ()


def test_a_trap_is_grave_once_a_stop_is_in_it(tmp_path: Path) -> None:
    folder = write_toy_region(tmp_path / "toy")
    spoil(folder, stop("falle", TRAPPED), village=False)
    (trap,) = check_region(folder).faults
    assert (trap.kind, trap.grave, trap.stop) == (FaultKind.TRAP, True, "falle")


def test_a_stop_on_a_road_that_nothing_connects_cannot_be_reached(tmp_path: Path) -> None:
    folder = write_toy_region(tmp_path / "toy")
    write_stops(folder / "stops.csv", [*read_stops(folder / "stops.csv"), stop("i", (1050, 1000))])
    (fault,) = check_region(folder).faults
    assert (fault.kind, fault.reason) == (FaultKind.UNREACHABLE_STOP, "not connected")


def test_a_hamlet_without_a_stop_is_only_a_hint(tmp_path: Path) -> None:
    folder = write_toy_region(tmp_path / "toy")
    stops = [replace(each, village="") for each in read_stops(folder / "stops.csv")]
    write_stops(folder / "stops.csv", [each for each in stops if each.id not in ("west", "bach")])
    assert check_region(folder).faults == ()  # the station is in walking distance of Niederdorf
    write_stops(folder / "stops.csv", stops[:4])
    (fault,) = check_region(folder).faults
    assert (fault.name, fault.grave) == ("Niederdorf", False)


@pytest.mark.parametrize(("language", "word"), [("de", "Befunde"), ("en", "findings")])
def test_the_map_page_shows_each_fault_and_asks_nobody(
    checked: Checked, language: str, word: str
) -> None:
    page = fault_page(checked, "de" if language == "de" else "en")
    assert f'lang="{language}"' in page
    assert f"4 {word}" in page
    assert page.count("<svg") == 5  # the whole and a close-up of each
    assert page.count('class="line') == 4  # trap and forbidden road, each drawn twice
    assert not re.search(r"https?:|<script|src=|@import|url\(", page)


def test_the_exit_code_says_whether_something_is_grave(spoilt: Path, tmp_path: Path) -> None:
    page = tmp_path / "faults.html"
    result = CliRunner().invoke(
        app, ["region", "check", "--region", str(spoilt), "--out", str(page), "--language", "de"]
    )
    assert result.exit_code == 1
    assert "davon 3 schwer" in result.output
    assert "Haltestelle Werk liegt an einer Straße, die kein Bus befahren darf" in result.output
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    sound = write_toy_region(tmp_path / "toy")
    result = CliRunner().invoke(app, ["region", "check", "--region", str(sound)])
    assert result.exit_code == 0
    assert "every village has one" in result.output
