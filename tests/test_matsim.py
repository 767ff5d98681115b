"""A MATSim network becomes a region on whose roads days can be simulated."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from typer.testing import CliRunner

from routing.matsim import read_matsim, write_as_extract
from routing.osm_import import ExtractError, read_extract
from scenarios.scenario import read_scenario
from scenarios.scenario_region import folder_of, region_of
from shuttle.cli import app
from shuttle.commands.region_matsim import create_from_matsim
from tests.toy_town import LAT, LON

VULKANEIFEL = Path(__file__).parents[2] / "shared" / "osm" / "vulkaneifel-network.xml.gz"

UTM = "EPSG:25832"

HEAD = '<?xml version="1.0"?><!DOCTYPE network SYSTEM "http://www.matsim.org/files/dtd/x.dtd">'
NAMED = f'<attributes><attribute name="coordinateReferenceSystem">{UTM}</attribute></attributes>'


def link(number: int, ends: tuple[int, int], metres: float = 600, **more: str) -> str:
    known = {"freespeed": "13.9", "modes": "car,bike", "type": "unclassified"} | more
    kind = known.pop("type")
    attributes = " ".join(f'{key}="{value}"' for key, value in known.items())
    return (
        f'<link id="{number}" from="{ends[0]}" to="{ends[1]}" length="{metres}" {attributes}>'
        f'<attributes><attribute name="type">{kind}</attribute></attributes></link>'
    )


def both(number: int, ends: tuple[int, int], metres: float = 600, **more: str) -> str:
    back = link(number + 1, (ends[1], ends[0]), metres, **more)
    return link(number, ends, metres, **more) + back


def write(path: Path, links: str, head: str = NAMED) -> Path:
    """Write a grid of nine nodes 600 m apart, 1 to 9, and links."""
    x, y = Transformer.from_crs("EPSG:4326", UTM, always_xy=True).transform(LON, LAT)
    nodes = "".join(
        f'<node id="{n + 1}" x="{x + 600 * (n % 3)}" y="{y + 600 * (n // 3)}"/>' for n in range(9)
    )
    text = f"{HEAD}<network>{head}<nodes>{nodes}</nodes><links>{links}</links></network>"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def grid() -> str:
    rows = [both(10 * n, (n, n + 1)) for n in (1, 2, 4, 5, 7, 8)]
    columns = [both(100 + 10 * n, (n, n + 3)) for n in range(1, 7)]
    return "".join(rows + columns)


def test_links_against_each_other_are_one_road_with_the_limit_of_each(tmp_path: Path) -> None:
    links = link(1, (1, 2), freespeed="13.888") + link(2, (2, 1), freespeed="8.333")
    read = read_matsim(write(tmp_path / "n.xml", links))
    write_as_extract(read, tmp_path / "n.osm.pbf")
    drive = read_extract(tmp_path / "n.osm.pbf").drive
    kmh = np.sort(drive.edge_metres / drive.edge_seconds * 3.6)
    assert kmh == pytest.approx([0.85 * 30, 0.85 * 50], rel=0.01)
    assert drive.edge_metres == pytest.approx(600, rel=0.01)


def test_a_link_longer_than_its_beeline_keeps_its_length(tmp_path: Path) -> None:
    read = read_matsim(write(tmp_path / "n.xml.gz", both(1, (1, 2), metres=900)))
    write_as_extract(read, tmp_path / "n.osm.pbf")
    assert read_extract(tmp_path / "n.osm.pbf").drive.edge_metres == pytest.approx(900, rel=0.001)


def test_links_for_trains_and_bicycles_are_passed_over(tmp_path: Path) -> None:
    links = both(1, (1, 2)) + both(5, (2, 3), modes="train") + both(9, (3, 6), modes="bike,walk")
    assert len(read_matsim(write(tmp_path / "n.xml", links)).links) == 2


def test_one_way_links_stay_one_way(tmp_path: Path) -> None:
    ring = link(1, (1, 2)) + link(2, (2, 5)) + link(3, (5, 4)) + link(4, (4, 1))
    write_as_extract(read_matsim(write(tmp_path / "n.xml", ring)), tmp_path / "n.osm.pbf")
    drive = read_extract(tmp_path / "n.osm.pbf").drive
    assert (drive.reverse_edge < 0).all()


def test_a_region_from_a_network_runs_in_a_scenario(tmp_path: Path) -> None:
    network = write(tmp_path / "network.xml", grid(), head="")
    out = tmp_path / "kreis"
    made = create_from_matsim("Kreis", out, network, crs=UTM, spacing_metres=700)
    assert {stop.name for stop in made.region.stops} == {
        f"Knoten {number}" for number in ("5", "1", "3", "7", "9")
    }
    asked = read_scenario(out / "scenario.toml")
    folder = folder_of(asked, out / "scenario.toml")
    assert region_of(asked, made.region, "here").config.id == "kreis"
    assert folder.resolve() == out.resolve()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<network><nodes>", "cannot be read as a MATSim network: no element found"),
        ("<plans/>", "is no MATSim network but <plans>"),
        ("", "cannot be read as a MATSim network: no element found"),
        (f"<network>{NAMED}</network>", "has no links for cars"),
    ],
)
def test_a_file_that_is_no_network_is_told_of_in_a_sentence(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "n.xml").write_text(text)
    with pytest.raises(ExtractError, match=complaint):
        read_matsim(tmp_path / "n.xml")


@pytest.mark.parametrize(
    ("links", "complaint"),
    [
        (link(7, (1, 99)), "link '7' names node '99', which the file lacks"),
        (link(7, (1, 2), freespeed="0"), "link '7' has freespeed='0', which is no usable number"),
        (link(7, (1, 2)).replace("length=", "l="), "link '7' lacks 'length'"),
    ],
)
def test_a_faulty_link_is_named(tmp_path: Path, links: str, complaint: str) -> None:
    with pytest.raises(ExtractError, match=complaint):
        read_matsim(write(tmp_path / "n.xml", links))


def test_a_packed_file_that_is_cut_off_is_told_of(tmp_path: Path) -> None:
    network = write(tmp_path / "n.xml.gz", grid())
    network.write_bytes(network.read_bytes()[:-40])
    with pytest.raises(ExtractError, match="cannot be read as a MATSim network"):
        read_matsim(network)


@pytest.mark.parametrize(
    ("crs", "complaint"),
    [
        (None, "does not name its coordinate system; give it, such as --crs"),
        ("EPSG:1", "'EPSG:1' is no coordinate system"),
        ("EPSG:4326", "do not lie on earth"),
    ],
)
def test_without_the_right_coordinate_system_nothing_is_made(
    tmp_path: Path, crs: str | None, complaint: str
) -> None:
    network = write(tmp_path / "n.xml", grid(), head="")
    command = ["region", "matsim", str(network), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, command + (["--crs", crs] if crs else []))
    assert result.exit_code == 1
    assert complaint in result.output
    assert [each.name for each in tmp_path.iterdir()] == ["n.xml"]


@pytest.mark.skipif(not VULKANEIFEL.exists(), reason="wants ../shared/osm with a real network")
def test_a_real_landkreis_keeps_its_kilometres(tmp_path: Path) -> None:
    read = read_matsim(VULKANEIFEL, UTM)
    assert (len(read.places), len(read.links)) == (17_821, 40_171)
    write_as_extract(read, tmp_path / "n.osm.pbf")
    drive = read_extract(tmp_path / "n.osm.pbf").drive
    assert drive.edge_metres.sum() == pytest.approx(7_297_124, rel=0.001)
