"""A step of making a region once more: a new map or boundary, the stops; edited ones are kept.

The old map is still in the folder, so what was proposed from it can be told from what people made
of it (:mod:`routing.stop_renewal`).
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from routing.map_survey import Shape
from routing.osm_clip import clip, find_boundary
from routing.osm_import import Extract, read_extract
from routing.stop_proposals import propose_stops
from routing.stop_renewal import Renewed, renew_stops
from routing.stops import read_stops, write_stops
from shuttle.commands.region_create import write_outline
from shuttle.errors import RegionError
from shuttle.region import Region, read_outline
from shuttle.region_config import RegionConfig, read_config

Progress = Callable[[str, float], None]

SPACING_METRES = 300.0

_MOST_NAMED = 20
"""Stops of one sort that a report names; the rest it counts."""


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of a region.

    Attributes
    ----------
    name
        Of the region.
    road_km
        Before and after, each direction counted.
    renewed
        The stops.
    """

    name: str
    road_km: tuple[float, float]
    renewed: Renewed

    def report(self) -> str:
        """Return what changed, for people."""
        before, after = self.road_km
        lines = [f"{self.name}: {before:,.1f} km of roads before, {after:,.1f} km now"]
        lines += _listed("new", [each.label for each in self.renewed.added])
        lines += _listed("gone from the map", [each.label for each in self.renewed.removed])
        lines += _listed(
            "changed on the map",
            [f"{old.label} -> {new.label}" for old, new in self.renewed.changed],
        )
        lines += _listed(
            "kept as you edited them, though the map says otherwise",
            [f"{each.label} ({each.id})" for each in self.renewed.kept],
        )
        return "\n".join([*lines, f"{len(self.renewed.stops):,} stops in all"])


def _listed(what: str, names: list[str]) -> Iterator[str]:
    if names:
        yield f"Stops {what}: {len(names):,}"
        yield from (f"- {name}" for name in names[:_MOST_NAMED])
        if len(names) > _MOST_NAMED:
            yield f"- and {len(names) - _MOST_NAMED:,} more"


def update_region(
    folder: Path,
    pbf: Path | None = None,
    *,
    boundary: str | None = None,
    keep_stops: bool = False,
    tell: Progress = lambda _step, _share: None,
) -> Updated:
    """Renew the map, the boundary or the stops of a region, each by itself or together.

    Parameters
    ----------
    folder
        Of the region; its region.toml is not touched.
    pbf
        A new extract, cut along the boundary; None keeps the map that is there.
    boundary
        A GeoJSON file, or the name of a boundary on the new map; None keeps the present one.
    keep_stops
        Whether stops.csv stays as it is.
    tell
        Told about each step.

    Raises
    ------
    RegionError, ExtractError, StopsError
        With one sentence; nothing was changed.
    """
    found = {"region.toml": _content(folder / "region.toml")}
    config = read_config(folder / "region.toml")
    found |= {name: _content(folder / name) for name in (config.stops, config.boundary) if name}
    edited = read_stops(folder / config.stops)
    before = None if config.boundary is None else read_outline(folder / config.boundary)
    tell("the old map", 0.0)
    old = read_extract(folder / config.extract, before)
    with _draft_of(folder) as draft:
        tell("the new map", 0.2)
        outline = _renew_outline(draft, config, before, boundary, pbf)
        if pbf is not None:
            _renew_map(draft / config.extract, pbf, outline)
        tell("roads", 0.35)
        new = read_extract(draft / config.extract, outline)
        tell("stops", 0.5)
        renewed = Renewed(edited, (), (), (), ())
        if not keep_stops:
            renewed = renew_stops(
                propose_stops(old, before), edited, propose_stops(new, outline),
                SPACING_METRES / 2,
            )  # fmt: skip
            write_stops(draft / config.stops, renewed.stops)
        tell("trying it out", 0.75)
        Region.load(draft)
        tell("putting it in place", 0.95)
        _check_unedited(folder, found)
        if boundary is not None and config.boundary is not None:
            (draft / config.boundary).replace(folder / config.boundary)
        if pbf is not None:
            (draft / config.extract).replace(folder / config.extract)
        if not keep_stops:
            (draft / config.stops).replace(folder / config.stops)
    tell("done", 1.0)
    return Updated(config.name, (_km(old), _km(new)), renewed)


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _check_unedited(folder: Path, found: Mapping[str, bytes | None]) -> None:
    """Raise if somebody saved one of the files that people edit since they were read."""
    for name, content in found.items():
        if _content(folder / name) != content:
            raise RegionError(
                f"{folder / name} was edited while the region was being renewed; nothing was "
                "changed, so run the same command again."
            )


def _renew_outline(
    draft: Path, config: RegionConfig, outline: Shape | None, boundary: str | None, pbf: Path | None
) -> Shape | None:
    """Return the boundary that holds from now on; a new one is written."""
    if boundary is None:
        return outline
    if config.boundary is None:
        raise RegionError(
            'region.toml names no boundary; add boundary = "boundary.geojson" to it first, '
            "with that file beside it."
        )
    file = Path(boundary)
    named = file.suffix.lower() not in (".geojson", ".json") and not file.is_file()
    found = find_boundary(pbf or draft / config.extract, boundary) if named else read_outline(file)
    if found is None:
        raise RegionError(
            f"The map has no administrative boundary called {boundary!r}; write its name as on "
            "the map, or give a GeoJSON file."
        )
    write_outline(draft / config.boundary, config.name, found)
    return found


def _renew_map(target: Path, pbf: Path, outline: Shape | None) -> None:
    """Put a new map in place of the old one, in the form that region.toml names."""
    read_extract(pbf, outline)  # a fault is to be told of this file, not of its copy
    if outline is not None and target.name.endswith(".pbf"):
        clip(pbf, target, outline)
        return
    ending = target.name.partition(".")[2]
    if not pbf.name.endswith(ending):
        raise RegionError(f"region.toml names a map of the kind .{ending}; give one of that kind.")
    shutil.copyfile(pbf, target)


def _km(extract: Extract) -> float:
    return float(extract.drive.edge_metres.sum()) / 1000


@contextmanager
def _draft_of(folder: Path) -> Iterator[Path]:
    """Give a copy of a folder to work in, on the same disk."""
    folder = folder.resolve()
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft = work / "new"
        shutil.copytree(folder, draft)
        yield draft
    finally:
        shutil.rmtree(work)
