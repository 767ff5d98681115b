"""From an OpenStreetMap extract to two road networks and the things that people name."""

import gc
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import osmium
from osmium.filter import KeyFilter
from osmium.osm import mutable

from routing.map_features import FEATURE_KEYS, KINDS
from routing.map_features import Feature as Feature
from routing.map_survey import Shape as Shape
from routing.map_survey import Survey, Zone
from routing.road_graph import build_network
from routing.road_network import METRES_PER_DEGREE, RoadNetwork
from routing.road_rules import Tags

ROAD_MARGIN = 3000.0
"""Metres beyond the boundary to which roads are kept: the fastest way between two places of a
region may leave it."""

FEATURE_MARGIN = 300.0
"""Metres beyond the boundary to which named things are kept; boundaries on maps are coarse."""

Progress = Callable[[str, float], None]

_STEPS = {"n": ("reading points", 0.0), "w": ("reading roads", 0.2), "a": ("reading areas", 0.3)}
"""What is being done, and the share finished before, by type of the object just read."""


class ExtractError(Exception):
    """An extract cannot be used; one sentence names the file and what to do."""


@dataclass(frozen=True, slots=True)
class DroppedRoads:
    """Roads that were left out of the drive network, by reason.

    Attributes
    ----------
    count
        Ways by reason; of the reason "not connected" pieces of road between junctions.
    km
        Length by reason.
    """

    count: Mapping[str, int]
    km: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Extract:
    """Everything the service needs from a map.

    Attributes
    ----------
    drive
        For vehicles: the largest part in which every place reaches every other.
    walk
        For people on foot, in both directions: the largest connected part.
    features
        In the order of the file.
    boundaries
        Administrative boundaries by name, (lon, lat) in degrees.
    dropped
        What was left out of `drive`.
    """

    drive: RoadNetwork
    walk: RoadNetwork
    features: tuple[Feature, ...]
    boundaries: Mapping[str, Shape]
    dropped: DroppedRoads


def read_extract(
    path: Path, boundary: Shape | None = None, progress: Progress | None = None
) -> Extract:
    """Read an ``.osm``, ``.osm.gz``, ``.osm.bz2`` or ``.osm.pbf`` file in one streaming pass.

    Parameters
    ----------
    path
        Nodes before ways before relations, as all usual extracts are.
    boundary
        In degrees, (lon, lat). Roads up to :data:`ROAD_MARGIN` beyond it are kept, features up to
        :data:`FEATURE_MARGIN`. Everything is kept without one.
    progress
        Called with what is being done and the share that is finished, 0 to 1.

    Raises
    ------
    ExtractError
        If the file is missing, broken, empty, without roads, or somewhere else.
    """
    report = progress or (lambda _step, _share: None)
    return extract_of(survey_map(path, boundary, report), str(path), report)


def survey_map(path: Path, boundary: Shape | None, report: Progress) -> Survey:
    """Read all that a map shows, before it is a network: as :func:`read_extract`, first half."""
    if not path.is_file():
        raise ExtractError(f"{path} does not exist; give the path of an OpenStreetMap extract.")
    if path.stat().st_size == 0:
        raise ExtractError(f"{path} is empty; download the extract again.")
    return _surveyed(path, str(path), boundary, report)


def read_place(
    name: str, *, overpass_url: str | None = None, nominatim_url: str | None = None
) -> Extract:
    """Fetch a place by its name, as :func:`fetch_place` does, and read it as a file is read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "place.osm.pbf"
        boundary = fetch_place(name, path, overpass_url=overpass_url, nominatim_url=nominatim_url)
        source, report = f"The map of {name!r}", lambda _step, _share: None
        return extract_of(_surveyed(path, source, boundary, report), source, report)


def fetch_place(
    name: str, path: Path, *, overpass_url: str | None = None, nominatim_url: str | None = None
) -> Shape:
    """Fetch the map of a place through osmnx, write it as an extract and return its boundary.

    Parameters
    ----------
    name
        As Nominatim understands it; it must have a boundary.
    path
        The ``.osm.pbf`` file to write.
    overpass_url, nominatim_url
        Own servers instead of the public ones. An own Overpass server is not asked for its load.

    Raises
    ------
    ExtractError
        If the place is unknown or has no boundary, or a server does not answer.
    """
    import osmnx  # takes seconds
    from osmnx import _overpass

    settings = osmnx.settings
    settings.use_cache = False
    settings.doh_url_template = None  # no third server
    settings.overpass_url = overpass_url or settings.overpass_url
    settings.overpass_rate_limit = overpass_url is None
    settings.nominatim_url = nominatim_url or settings.nominatim_url
    try:
        boundary: Shape = osmnx.geocode_to_gdf(name).geometry.iloc[0]
        query = _overpass_query(boundary, int(settings.requests_timeout))
        answer = _overpass._overpass_request(OrderedDict(data=query))
    except (OSError, TypeError, ValueError) as error:  # what osmnx and requests raise
        raise ExtractError(
            f"{name!r} cannot be fetched ({error}); check the name and the servers, or give a file."
        ) from error
    _write_elements(answer.get("elements", []), path)
    return boundary


@contextmanager
def _uncollected() -> Iterator[None]:
    """Spare a tenth of the time: what is read is kept and has no cycles to be looked for."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_uncollected()
def _surveyed(path: Path, source: str, boundary: Shape | None, report: Progress) -> Survey:
    survey = Survey(Zone(boundary, ROAD_MARGIN), Zone(boundary, FEATURE_MARGIN))
    try:
        _read(path, survey, report)
    except RuntimeError as error:  # the only type that osmium raises
        raise ExtractError(
            f"{source} cannot be read as an OpenStreetMap extract ({error}); download it again."
        ) from error
    if not survey.things:
        raise ExtractError(f"{source} holds nothing of use; choose an extract with roads.")
    if survey.roads_elsewhere and not survey.roads:
        raise ExtractError(
            f"{source} has no roads within the boundary; choose an extract that covers it."
        )
    if not (survey.roads and survey.paths):
        raise ExtractError(f"{source} has no roads; choose an extract that holds highway=* ways.")
    return survey


@_uncollected()
def extract_of(survey: Survey, source: str, report: Progress) -> Extract:
    """Make networks of what a map shows: as :func:`read_extract`, second half."""
    report("joining the roads", 0.8)
    drive, unconnected = build_network(survey.roads, survey.locked)
    if not drive.roads:
        raise ExtractError(f"The roads in {source} form no network; choose a larger extract.")
    report("joining the footpaths", 0.9)
    walk, _ = build_network(survey.paths, survey.locked_for_walkers)
    survey.drop("not connected", unconnected.pieces, unconnected.km)
    report("done", 1.0)
    return Extract(
        drive=drive,
        walk=walk,
        features=tuple(survey.features),
        boundaries=_named(survey.boundaries),
        dropped=DroppedRoads(dict(survey.dropped), survey.dropped_km),
    )


def _read(path: Path, survey: Survey, report: Progress) -> None:
    """Let the survey see every object of a file that matters; the rest never leaves C++."""
    keys = KeyFilter("route", "barrier", "boundary", *FEATURE_KEYS)
    steps = dict(_STEPS)
    processor = osmium.FileProcessor(path).with_areas(KeyFilter("boundary", "amenity"))
    for thing in processor.with_filter(keys):
        if thing.type_str() in steps:
            report(*steps.pop(thing.type_str()))
        survey.see(thing)


def _named(boundaries: Iterable[tuple[Tags, Shape]]) -> dict[str, Shape]:
    """Name boundaries; of two with equal names the smaller keeps it (the village, not its Amt).

    The larger one gets its title before it, "Amt Süderbrarup", or its level behind it.
    """
    named: dict[str, Shape] = {}
    for tags, shape in sorted(boundaries, key=lambda boundary: boundary[1].area):
        name, level = tags["name"], tags.get("admin_level", "?")
        titled = f"{tags.get('name:prefix', '')} {name}".strip()
        for candidate in (name, titled, f"{name} (level {level})"):
            if candidate not in named:
                named[candidate] = shape
                break
    return named


def _overpass_query(boundary: Shape, timeout: int) -> str:
    """Return a query for all that a survey wants to see around a boundary."""
    west, south, east, north = boundary.bounds
    lat = ROAD_MARGIN / METRES_PER_DEGREE
    lon = lat / math.cos(math.radians(north))
    box = f"({south - lat:.5f},{west - lon:.5f},{north + lat:.5f},{east + lon:.5f})"
    wanted = [f'nw["{key}"~"^({"|".join(kinds)})$"]' for key, kinds in KINDS.items()]
    wanted += ['nw["shop"]', 'nw["addr:housenumber"]', 'nw["public_transport"="platform"]']
    wanted += ['way["highway"]', 'way["route"="ferry"]', 'node["barrier"]']
    wanted += ['rel["boundary"="administrative"]["admin_level"~"^[7-9]$|^1"]']
    union = "".join(f"{part}{box};" for part in wanted)
    return f"[out:json][timeout:{timeout}];({union});(._;>;);out body;"


def _write_elements(elements: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write what Overpass answered as an extract, in the usual order."""
    types = ("node", "way", "relation")
    with osmium.SimpleWriter(path) as writer:
        for element in sorted(elements, key=lambda e: (types.index(e["type"]), e["id"])):
            common = {"id": element["id"], "version": 1, "tags": element.get("tags", {})}
            if element["type"] == "node":
                place = (element["lon"], element["lat"])
                writer.add_node(mutable.Node(location=place, **common))
            elif element["type"] == "way":
                writer.add_way(mutable.Way(nodes=element["nodes"], **common))
            else:
                members = [(m["type"][0], m["ref"], m["role"]) for m in element["members"]]
                writer.add_relation(mutable.Relation(members=members, **common))
