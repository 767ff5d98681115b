"""A MATSim network as an OpenStreetMap extract, so that the same roads are simulated in both.

The file is read as a stream (network_v1 and network_v2, plain or gzipped). A link becomes a way
with its class and limit; two links against each other become one way. The file knows lengths but
no bends: where a link is longer than its beeline, the way gets one bend that makes up for it, so
that metres and seconds are right, although the bend lies elsewhere.
"""

import gzip
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree as ET

import numpy as np
import osmium
from osmium.osm import mutable

from routing.osm_import import ExtractError
from routing.road_rules import CLASSES

DRIVEN = frozenset(("car", "bus", "drt", "taxi", "ride"))
"""Modes of links that a minibus may use; a link without modes is for all."""

_BEND_FROM = 1.005
"""Length over beeline below which nobody would see a bend."""

_CLASS_BY_LIMIT = ((95.0, "primary"), (75.0, "secondary"), (45.0, "tertiary"))
"""Of a link whose attributes do not name its class."""


@dataclass(frozen=True, slots=True)
class Link:
    """A directed road between two nodes; `kmh` is its limit, `highway` its class of OSM."""

    id: str
    origin: str
    target: str
    metres: float
    kmh: float
    highway: str
    name: str = ""


@dataclass(slots=True)
class MatsimNetwork:
    """What a file holds.

    Attributes
    ----------
    places
        (lat, lon) by node id.
    links
        Those that a minibus may use.
    """

    places: dict[str, tuple[float, float]] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)


def read_matsim(path: Path, crs: str | None = None) -> MatsimNetwork:
    """Read a MATSim network.

    Parameters
    ----------
    path
        ``.xml`` or ``.xml.gz``.
    crs
        Coordinate system such as "EPSG:25832"; None if the file names it in its attribute
        ``coordinateReferenceSystem``.

    Raises
    ------
    ExtractError
        With one sentence that names the file, the element and the fix.
    """
    if not path.is_file():
        raise ExtractError(f"{path} does not exist; give the path of a MATSim network.")
    reading = _Reading(path)
    try:
        with _opened(path) as file:
            reading.read(file)
    except (ET.ParseError, EOFError, OSError, zlib.error) as error:
        raise ExtractError(f"{path} cannot be read as a MATSim network: {error}.") from error
    if not reading.found.links:
        raise ExtractError(f"{path} has no links for cars; give a MATSim network with roads.")
    named = crs or reading.crs
    if not named:
        raise ExtractError(
            f"{path} does not name its coordinate system; give it, such as --crs EPSG:25832."
        )
    return replace(reading.found, places=_on_earth(path, reading.points, named))


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


class _Reading:
    """One pass over a file; what was read of the tree is forgotten at once."""

    def __init__(self, path: Path) -> None:
        self.found = MatsimNetwork()
        self.points: dict[str, tuple[float, float]] = {}
        self.crs = ""
        self._path = path

    def read(self, file: BinaryIO) -> None:
        events = ET.iterparse(file, events=("start", "end"))  # noqa: S314 -- expat bounds entities
        _, root = next(events)
        if root.tag != "network":
            raise ExtractError(f"{self._path} is no MATSim network but <{root.tag}>.")
        for event, element in events:
            if event == "start":
                continue
            if element.tag == "node":
                place = self._number(element, "x"), self._number(element, "y")
                self.points[self._text(element, "id")] = place
            elif element.tag == "link":
                self._take_link(element)
            elif element.get("name") == "coordinateReferenceSystem" and not self.points:
                self.crs = (element.text or "").strip()
            if element.tag in ("node", "link"):
                for parent in root:
                    parent.clear()

    def _take_link(self, link: ET.Element) -> None:
        modes = {mode.strip() for mode in link.get("modes", "car").split(",")}
        if modes.isdisjoint(DRIVEN):
            return
        ends = self._text(link, "from"), self._text(link, "to")
        for end in ends:
            if end not in self.points:
                raise self._fault(link, f"names node {end!r}, which the file lacks")
        known = {each.get("name"): (each.text or "").strip() for each in link.iter("attribute")}
        kmh = 3.6 * self._number(link, "freespeed", above=0.0)
        if limit := known.get("allowed_speed"):
            kmh = 3.6 * self._checked(link, "allowed_speed", limit)
        metres = self._number(link, "length", above=-1.0)
        kind = (known.get("type") or link.get("type") or "").removeprefix("highway.")
        if kind not in CLASSES:
            kind = next((c for least, c in _CLASS_BY_LIMIT if kmh >= least), "residential")
        name = known.get("origname") or known.get("name") or ""
        if ends[0] != ends[1]:
            self.found.links.append(Link(link.get("id", ""), *ends, metres, kmh, kind, name))

    def _text(self, element: ET.Element, key: str) -> str:
        text = element.get(key)
        if not text:
            raise self._fault(element, f"lacks {key!r}")
        return text

    def _number(self, element: ET.Element, key: str, above: float = -math.inf) -> float:
        return self._checked(element, key, self._text(element, key), above)

    def _checked(self, element: ET.Element, key: str, text: str, above: float = 0.0) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number > above):
            raise self._fault(element, f"has {key}={text!r}, which is no usable number")
        return number

    def _fault(self, element: ET.Element, problem: str) -> ExtractError:
        which = f"{element.tag} {element.get('id', '?')!r}"
        return ExtractError(f"{self._path}: {which} {problem}; mend the network.")


def _on_earth(
    path: Path, points: dict[str, tuple[float, float]], crs: str
) -> dict[str, tuple[float, float]]:
    """Return (lat, lon) of points in a coordinate system."""
    from pyproj import Transformer  # takes a while
    from pyproj.exceptions import ProjError

    try:
        there = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except ProjError as error:
        raise ExtractError(
            f"{path}: {crs!r} is no coordinate system; give one with --crs, such as EPSG:25832."
        ) from error
    x, y = np.array(list(points.values())).T
    lon, lat = there.transform(x, y)
    if not (np.abs(lat) <= 85.0).all() or not (np.abs(lon) <= 180.0).all():
        raise ExtractError(f"{path}: the nodes do not lie on earth in {crs}; give the right --crs.")
    return dict(zip(points, zip(lat.tolist(), lon.tolist(), strict=True), strict=True))


def write_as_extract(network: MatsimNetwork, path: Path) -> dict[str, int]:
    """Write a network as an OpenStreetMap extract; return the new number of each node."""
    used = {end for link in network.links for end in (link.origin, link.target)}
    number = {node: n for n, node in enumerate(sorted(used), start=1)}
    roads = list(_roads(network.links))
    bends = [_bend(network, road) for road, _ in roads]
    with osmium.SimpleWriter(path, overwrite=True) as writer:
        points = [network.places[node] for node in number]
        points += [bend for bend in bends if bend is not None]
        for each, (lat, lon) in enumerate(points, start=1):
            writer.add_node(mutable.Node(id=each, version=1, location=(lon, lat)))
        bent = len(number)
        for each, ((road, back), bend) in enumerate(zip(roads, bends, strict=True), start=1):
            nodes = [number[road.origin], number[road.target]]
            if bend is not None:
                bent += 1
                nodes.insert(1, bent)
            writer.add_way(mutable.Way(id=each, version=1, nodes=nodes, tags=_tags(road, back)))
    return number


def _roads(links: Iterable[Link]) -> Iterator[tuple[Link, Link | None]]:
    """Yield links, each with the one against it if there is one of its length."""
    waiting: dict[tuple[str, str], list[Link]] = {}
    pairs: list[tuple[Link, Link | None]] = []
    for link in links:
        against = waiting.get((link.target, link.origin), [])
        twin = next((each for each in against if abs(each.metres - link.metres) < 1.0), None)
        if twin is None:
            waiting.setdefault((link.origin, link.target), []).append(link)
        else:
            against.remove(twin)
            pairs.append((twin, link))
    yield from pairs
    yield from ((link, None) for alone in waiting.values() for link in alone)


def _tags(road: Link, back: Link | None) -> dict[str, str]:
    tags = {"highway": road.highway, "oneway": "no" if back else "yes"}
    if road.name:
        tags["name"] = road.name
    if back is None or back.kmh == road.kmh:
        return tags | {"maxspeed": f"{road.kmh:.1f}"}
    limits = {"maxspeed:forward": road.kmh, "maxspeed:backward": back.kmh}
    return tags | {key: f"{kmh:.1f}" for key, kmh in limits.items()}


def _bend(network: MatsimNetwork, road: Link) -> tuple[float, float] | None:
    """Return a point beside the middle of a link by which it has its length."""
    (lat, lon), (to_lat, to_lon) = network.places[road.origin], network.places[road.target]
    stretch = math.cos(math.radians(lat))
    north, east = 111_195 * (to_lat - lat), 111_195 * stretch * (to_lon - lon)
    beeline = math.hypot(north, east)
    if road.metres <= beeline * _BEND_FROM or beeline == 0:
        return None
    aside = math.sqrt(road.metres**2 - beeline**2) / 2 / beeline
    middle = (lat + to_lat) / 2 + aside * east / 111_195
    return middle, (lon + to_lon) / 2 - aside * north / 111_195 / stretch
