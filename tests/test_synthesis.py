"""The bundled land: what its script writes, and whether one could live there."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import osmium
import pytest
import shapely
from osmium.osm.types import Node, Relation, Way

from data.osm.synthesis.anchors import read_anchors
from data.osm.synthesis.figures import Figures, measure
from data.osm.synthesis.terrain import Bends
from routing.osm_import import Extract, read_extract

REGION = Path(__file__).parents[1] / "data" / "osm" / "suederbrarup"
PBF = REGION / "suederbrarup.osm.pbf"


class Element(NamedTuple):
    id: int
    tags: dict[str, str]
    body: tuple[object, ...]


class Elements(osmium.SimpleHandler):
    def __init__(self) -> None:
        super().__init__()
        self.nodes: dict[int, Element] = {}
        self.ways: dict[int, Element] = {}
        self.relations: dict[int, Element] = {}

    def node(self, node: Node) -> None:
        body = (node.location.lon, node.location.lat)
        self.nodes[node.id] = Element(node.id, dict(node.tags), body)

    def way(self, way: Way) -> None:
        body = tuple(n.ref for n in way.nodes)
        self.ways[way.id] = Element(way.id, dict(way.tags), body)

    def relation(self, relation: Relation) -> None:
        body = tuple((m.type, m.ref, m.role) for m in relation.members)
        self.relations[relation.id] = Element(relation.id, dict(relation.tags), body)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Elements) and (self.nodes, self.ways, self.relations) == (
            other.nodes,
            other.ways,
            other.relations,
        )

    __hash__ = None  # type: ignore[assignment]


def elements_of(path: Path) -> Elements:
    elements = Elements()
    elements.apply_file(str(path))
    return elements


@pytest.fixture(scope="module")
def elements() -> Elements:
    return elements_of(PBF)


@pytest.fixture(scope="module")
def extract() -> Extract:
    return read_extract(PBF)


@pytest.fixture(scope="module")
def figures(extract: Extract) -> Figures:
    return measure(PBF, extract)


ANCHORS = read_anchors()


def metres(lonlat: np.ndarray) -> np.ndarray:
    return ANCHORS.plane.to_metres(lonlat[:, ::-1])


def addresses(elements: Elements) -> list[Element]:
    found = [*elements.nodes.values(), *elements.ways.values()]
    return [e for e in found if "addr:housenumber" in e.tags]


@pytest.mark.slow
def test_the_script_writes_the_committed_file_whatever_the_order_of_hashes(
    tmp_path: Path, elements: Elements
) -> None:
    out = tmp_path / "suederbrarup"
    subprocess.run(
        [sys.executable, "-m", "data.osm.synthesis", "--seed", "1", "--out", str(out)],
        check=True,
        cwd=REGION.parents[2],
        env=os.environ | {"PYTHONHASHSEED": "77"},
    )
    assert elements_of(out / PBF.name) == elements
    assert (out / "boundary.geojson").read_text() == (REGION / "boundary.geojson").read_text()


def test_the_file_says_that_it_is_synthetic(elements: Elements) -> None:
    with osmium.io.Reader(str(PBF)) as reader:
        assert "synthetic" in reader.header().get("generator")
    amt = next(r for r in elements.relations.values() if r.tags.get("admin_level") == "7")
    assert amt.tags["source"] == "synthetic"
    assert "not OpenStreetMap data" in amt.tags["note"]
    assert "not OpenStreetMap data" in (REGION / "README.md").read_text(encoding="utf-8")
    assert PBF.stat().st_size < 1_000_000


def test_it_has_as_many_addresses_as_people_need(elements: Elements) -> None:
    found = addresses(elements)
    assert 4500 <= len(found) <= 5500
    by_municipality = Counter(a.tags["addr:city"] for a in found)
    for place in ANCHORS.municipalities:
        assert by_municipality[place.name] == pytest.approx(0.44 * place.population, rel=0.3)


def test_no_address_is_there_twice(elements: Elements) -> None:
    labels = Counter(
        (
            e.tags["addr:city"],
            e.tags.get("addr:street") or e.tags["addr:place"],
            e.tags["addr:housenumber"],
        )
        for e in addresses(elements)
    )
    twice = [label for label, count in labels.items() if count > 1]
    assert not twice


def test_the_ways_between_addresses_are_as_long_as_in_real_country(figures: Figures) -> None:
    mean, low, high = figures.detour
    assert 1.25 <= mean <= 1.45
    assert 1.05 <= low < high <= 2.0


def test_nearly_all_roads_hang_together(extract: Extract, figures: Figures) -> None:
    lost = sum(km for why, km in extract.dropped.km.items() if "connect" in why)
    assert lost < 0.03 * (sum(figures.km.values()))


def test_every_centre_and_every_landmark_is_reached(extract: Extract) -> None:
    places = [(p.name, p.x, p.y) for p in ANCHORS.settlements]
    places += [(m.name, m.x, m.y) for m in ANCHORS.landmarks]
    for name, x, y in places:
        lat, lon = ANCHORS.plane.to_latlon(np.array([[x, y]]))[0]
        assert extract.drive.snap(lat, lon, 300.0) is not None, name


def test_roads_cross_only_where_they_share_a_node(elements: Elements) -> None:
    at = {n.id: n.body for n in elements.nodes.values()}
    segments, ends = [], []
    for way in elements.ways.values():
        if "highway" in way.tags:
            for a, b in pairwise(way.body):
                segments.append([at[a], at[b]])  # type: ignore[index]
                ends.append({a, b})
    lines = shapely.linestrings(np.array(segments))
    tree = shapely.STRtree(lines)
    ones, others = tree.query(lines, predicate="intersects")
    crossings = [(i, j) for i, j in zip(ones, others, strict=True) if i < j]
    assert [segments[i] for i, j in crossings if not ends[i] & ends[j]] == []


def test_houses_stand_beside_roads_and_not_on_them(elements: Elements) -> None:
    spot = metres(np.array([n.body for n in elements.nodes.values()]))
    at = dict(zip(elements.nodes, spot, strict=True))
    roads = [
        shapely.LineString([at[n] for n in w.body])  # type: ignore[index]
        for w in elements.ways.values()
        if "highway" in w.tags
    ]
    houses = [n.id for n in elements.nodes.values() if "addr:housenumber" in n.tags]
    tree = shapely.STRtree(roads)
    spots = shapely.points([at[n] for n in houses])
    _, distance = tree.query_nearest(spots, return_distance=True, all_matches=False)
    assert distance.min() > 8.0
    assert np.quantile(distance, 0.98) < 21.0


def test_there_is_all_that_a_village_needs(extract: Extract) -> None:
    kinds = Counter(f.kind for f in extract.features)
    for kind in ("station", "school", "kindergarten", "doctor", "pharmacy", "shop", "hall"):
        assert kinds[kind] >= 1, kind
    for kind in ("townhall", "worship", "fire_station", "care", "restaurant", "bus_stop"):
        assert kinds[kind] >= 1, kind
    names = {f.name for f in extract.features if f.kind == "school"}
    assert "Schule am Thorsberger Moor" in names


def test_the_municipalities_divide_the_amt(extract: Extract) -> None:
    amt = extract.boundaries["Amt Süderbrarup"]
    parts = [extract.boundaries[m.name] for m in ANCHORS.municipalities]
    assert shapely.unary_union(parts).symmetric_difference(amt).area < 1e-3 * amt.area
    assert sum(p.area for p in parts) == pytest.approx(amt.area, rel=1e-3)
    for place, part in zip(ANCHORS.municipalities, parts, strict=True):
        lat, lon = ANCHORS.plane.to_latlon(np.array([[place.x, place.y]]))[0]
        assert part.contains(shapely.Point(lon, lat)), place.name


def test_the_boundary_file_is_the_boundary_in_the_extract(extract: Extract) -> None:
    feature = json.loads((REGION / "boundary.geojson").read_text(encoding="utf-8"))
    shape = shapely.geometry.shape(feature["geometry"])
    amt = extract.boundaries["Amt Süderbrarup"]
    assert shape.symmetric_difference(amt).area < 1e-3 * amt.area


@pytest.mark.parametrize("seed", range(3))
def test_bending_folds_no_land_and_can_be_undone(seed: int) -> None:
    bends = Bends(np.random.default_rng(seed))
    x, y = np.meshgrid(np.arange(-9000.0, 9000.0, 300.0), np.arange(-9000.0, 9000.0, 300.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    here = bends.bend(points)
    east = bends.bend(points + np.array([1.0, 0.0])) - here
    north = bends.bend(points + np.array([0.0, 1.0])) - here
    assert (east[:, 0] * north[:, 1] - east[:, 1] * north[:, 0]).min() > 0.0
    assert np.abs(bends.straighten(here) - points).max() < 0.05
