"""Another Amt with one command: a region folder from a map, whole or not at all.

Everything is written into a hidden folder beside the target, which takes its place at the end,
after the region has been loaded from it once.
"""

import dataclasses
import json
import re
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Template

import shapely
from shapely.geometry import mapping

from routing.map_features import Feature
from routing.map_survey import Shape
from routing.osm_clip import clip, find_boundary
from routing.osm_import import Extract, fetch_place, read_extract
from routing.stop_proposals import propose_stops
from routing.stops import Stop, write_stops
from routing.vocabulary import title_of
from routing.walking import coverage
from shuttle.commands.whole_folder import whole_or_nothing
from shuttle.errors import RegionError
from shuttle.region import Region, read_outline

Progress = Callable[[str, float], None]

DEPOT_KINDS = ("townhall", "station", "fire_station", "hall", "school", "shop")
"""Where vehicles are kept: the first that the map has; else the largest village."""


@dataclass(frozen=True, slots=True)
class MapServers:
    """Where the map of a place is fetched, as URLs; None is the public server."""

    overpass: str | None = None
    nominatim: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """What was made.

    Attributes
    ----------
    folder
        The region folder.
    region
        Loaded from it.
    bounded
        Whether a boundary was given or found; without one the region is where its roads are.
    covered
        Share of the addresses inside with a stop in walking distance.
    unconnected_km
        Roads that were left out because nothing connects them to the others.
    """

    folder: Path
    region: Region
    bounded: bool
    covered: float
    unconnected_km: float

    def report(self) -> str:
        """Return what was made and what to do next, for people."""
        config = self.region.config
        inside = "inside its boundary" if self.bounded else "on all roads of the map (no boundary)"
        depot, walk = next(iter(config.depots.values())).name, config.rules.max_walk_metres
        lines = [
            f"{config.name} is ready in {self.folder}",
            f"- {len(self.region.stops):,} stops {inside}",
            f"- {self.covered:.0%} of the addresses have one within {walk} m on foot",
            f"- {self.unconnected_km:.1f} km of roads are left out: nothing connects them",
            f"- the vehicles are kept at {depot}",
            f"Next, put hours, fleet, tariff and contact into {self.folder / 'region.toml'},",
            f"look over {self.folder / 'stops.csv'} and try it:",
            f"  shuttle region check --region {self.folder}",
            f"  shuttle demo --region {self.folder}",
            f"  shuttle scenario run {self.folder / 'scenario.toml'} --out results",
        ]
        return "\n".join(lines)


def create_region(
    name: str,
    out: Path,
    source: Path | MapServers,
    *,
    boundary: str | None = None,
    replace: bool = False,
    tell: Progress = lambda _step, _share: None,
) -> Created:
    """Make a region folder from an extract.

    Parameters
    ----------
    name
        Of the region, for people.
    out
        The folder to make.
    source
        An OpenStreetMap extract, which may be larger than the region; or servers that are asked
        for the map of the place.
    boundary
        A GeoJSON file, or the name of an administrative boundary on the map. If None, the
        boundary with the region's name is taken if there is one.
    replace
        Whether a region that is already there may be replaced.
    tell
        Told about each step.

    Raises
    ------
    RegionError, ExtractError
        With one sentence; nothing was written.
    """
    with whole_or_nothing(out, replace) as folder:
        tell("map", 0.0)
        file, outline = _bring_map(name, source, boundary, folder)
        tell("roads", 0.35)
        extract = read_extract(file, outline)
        tell("stops", 0.55)
        stops = propose_stops(extract, outline)
        if len(stops) < 2:
            raise RegionError(
                f"The map of {name} shows too few houses on roads to propose stops; choose an "
                "extract or a boundary with a village in it."
            )
        write_stops(folder / "stops.csv", stops)
        if outline is not None:
            write_outline(folder / "boundary.geojson", name, outline)
        depot = _depot(extract, stops)
        write_rules(folder, out, name, file.name, depot, bounded=outline is not None)
        tell("trying it out", 0.8)
        region = dataclasses.replace(Region.load(folder), folder=out)
    tell("done", 1.0)
    homes = [(each.lat, each.lon) for each in _addresses(region)]
    return Created(
        folder=out,
        region=region,
        bounded=outline is not None,
        covered=coverage(extract.walk, stops, homes, region.config.rules.max_walk_metres),
        unconnected_km=extract.dropped.km.get("not connected", 0.0),
    )


def _bring_map(
    name: str, source: Path | MapServers, boundary: str | None, folder: Path
) -> tuple[Path, Shape | None]:
    """Put the region's map into its folder; return the file, and the boundary if it is known."""
    target = folder / f"{slug(name)}.osm.pbf"
    drawn = read_outline(Path(boundary)) if boundary and _is_file(boundary) else None
    if isinstance(source, MapServers):
        place = name if boundary is None or drawn else boundary
        found = fetch_place(
            place, target, overpass_url=source.overpass, nominatim_url=source.nominatim
        )
        return target, drawn or found
    outline = drawn or find_boundary(source, boundary or name)
    if outline is not None:
        clip(source, target, outline)
        return target, outline
    if boundary is not None:
        raise RegionError(
            f"{source} has no administrative boundary called {boundary!r}; "
            "write its name as on the map, or give a GeoJSON file."
        )
    read_extract(source)  # a fault is to be told of this file, not of its copy
    ending = re.search(r"\.osm(\.\w+)?$", source.name)
    copy = folder / f"{slug(name)}{ending[0] if ending else source.suffix}"
    shutil.copyfile(source, copy)
    return copy, None


def _is_file(boundary: str) -> bool:
    path = Path(boundary)
    return path.suffix.lower() in (".geojson", ".json") or path.is_file()


def write_outline(path: Path, name: str, outline: Shape) -> None:
    """Write a region's boundary as GeoJSON."""
    feature = {
        "type": "Feature",
        "properties": {"name": name},
        "geometry": mapping(shapely.set_precision(outline, 1e-6)),
    }
    path.write_text(json.dumps(feature, ensure_ascii=False) + "\n", encoding="utf-8")


def _addresses(region: Region) -> list[Feature]:
    return [
        each
        for each in region.features
        if each.kind == "address" and region.contains(each.lat, each.lon)
    ]


def _depot(extract: Extract, stops: list[Stop]) -> Stop:
    """Return where the vehicles are kept, as if it were a stop."""
    villages = [each for each in extract.features if each.kind == "place" and each.name]
    villages.sort(key=lambda each: -each.population)
    doors = [each for kind in DEPOT_KINDS for each in extract.features if each.kind == kind]
    for each in (*doors, *villages):
        if extract.drive.snap(each.lat, each.lon, max_metres=200.0) is not None:
            return Stop("depot", title_of(each), "", each.lat, each.lon, "physical")
    return stops[0]


def slug(name: str) -> str:
    """Return a name as an id: "Amt Süderbrarup" is "amt-suederbrarup"."""
    letters = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae"})
    plain = unicodedata.normalize("NFC", name).casefold().translate(letters)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "region"


def write_rules(
    folder: Path, out: Path, name: str, extract: str, depot: Stop, *, bounded: bool
) -> None:
    """Write a commented ``region.toml`` that works, and a scenario to begin with.

    `folder` becomes `out` once all went well.
    """
    rules = _template("new_region.toml").substitute(
        id=_quoted(slug(name)),
        name=_quoted(name),
        extract=_quoted(extract),
        boundary='boundary = "boundary.geojson"' if bounded else "# No boundary: all its roads.",
        depot=_quoted(depot.name),
        lat=round(depot.lat, 6),
        lon=round(depot.lon, 6),
    )
    scenario = _template("new_scenario.toml").substitute(
        file=out / "scenario.toml",
        de=_quoted(f"Eine Woche: {name}"),
        en=_quoted(f"A week: {name}"),
    )
    (folder / "region.toml").write_text(rules, encoding="utf-8")
    (folder / "scenario.toml").write_text(scenario, encoding="utf-8")


def _template(file: str) -> Template:
    return Template(Path(__file__).with_name(file).read_text(encoding="utf-8"))


def _quoted(text: str) -> str:
    """Return a TOML string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False)
