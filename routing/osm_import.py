"""From an OpenStreetMap extract to two road networks and the things that people name."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import osmium
from osmium.filter import KeyFilter

from routing.map_features import FEATURE_KEYS
from routing.map_features import Feature as Feature
from routing.map_survey import Shape, Survey, Zone
from routing.road_graph import build_network
from routing.road_network import RoadNetwork
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
    survey = Survey(Zone(boundary, ROAD_MARGIN), Zone(boundary, FEATURE_MARGIN))
    _read(path, survey, report)
    if not survey.things:
        raise ExtractError(f"{path} holds no map data; download the extract again.")
    if not survey.roads and survey.roads_elsewhere:
        raise ExtractError(
            f"{path} has no roads within the boundary; choose an extract that covers it."
        )
    report("joining the roads", 0.8)
    if not (survey.roads and survey.paths):
        raise ExtractError(f"{path} has no roads; choose an extract that holds highway=* ways.")
    drive, unconnected = build_network(survey.roads, survey.locked)
    if not drive.roads:
        raise ExtractError(f"The roads in {path} do not form a network; choose a larger extract.")
    report("joining the footpaths", 0.9)
    walk, _ = build_network(survey.paths, survey.locked_for_walkers)
    survey.drop("not connected", unconnected.pieces, unconnected.km)
    report("done", 1.0)
    return Extract(
        drive=drive,
        walk=walk,
        features=tuple(survey.features),
        boundaries=_named(survey.boundaries),
        dropped=DroppedRoads(survey.dropped, survey.dropped_km),
    )


def _read(path: Path, survey: Survey, report: Progress) -> None:
    """Let the survey see every object of a file that matters; the rest never leaves C++."""
    if not path.is_file():
        raise ExtractError(f"{path} does not exist; give the path of an OpenStreetMap extract.")
    keys = ("route", "barrier", "boundary", *FEATURE_KEYS)
    processor = osmium.FileProcessor(path).with_areas(KeyFilter("boundary", "amenity"))
    steps = dict(_STEPS)
    try:
        for thing in processor.with_filter(KeyFilter(*keys)):
            if thing.type_str() in steps:
                report(*steps.pop(thing.type_str()))
            survey.see(thing)
    except RuntimeError as error:  # the only type that osmium raises
        raise ExtractError(
            f"{path} cannot be read as an OpenStreetMap extract ({error}); download it again."
        ) from error


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


def read_place(
    name: str, *, overpass_url: str | None = None, nominatim_url: str | None = None
) -> Extract:
    """Fetch a place by its name through osmnx and read it."""
    raise NotImplementedError
