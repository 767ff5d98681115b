"""Is a region sound? Its stops and roads are looked over, also if it cannot be loaded as it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from routing.faults import Fault, find_faults
from routing.osm_import import Extract, extract_of, survey_map
from routing.stops import Stop, read_stops
from shuttle.region import read_outline
from shuttle.region_config import read_config

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in a region.

    Attributes
    ----------
    name
        Of the region.
    extract, stops
        What was looked at.
    faults
        What is wrong, the stops first.
    """

    name: str
    extract: Extract
    stops: tuple[Stop, ...]
    faults: tuple[Fault, ...]

    @property
    def grave(self) -> int:
        """How many faults residents would notice."""
        return sum(fault.grave for fault in self.faults)


def check_region(folder: Path, tell: Progress = lambda _step, _share: None) -> Checked:
    """Look over a region's stops and roads.

    Raises
    ------
    RegionError, ExtractError, StopsError
        With one sentence, if a file of the region cannot be read.
    """
    config = read_config(folder / "region.toml")
    outline = None if config.boundary is None else read_outline(folder / config.boundary)
    stops = read_stops(folder / config.stops)
    map_file = folder / config.extract
    survey = survey_map(map_file, outline, lambda step, share: tell(step, 0.7 * share))
    extract = extract_of(survey, str(map_file), lambda step, share: tell(step, 0.7 * share))
    tell("looking for faults", 0.75)
    faults = find_faults(survey, extract, stops, outline, config.rules.max_walk_metres)
    tell("done", 1.0)
    return Checked(config.name, extract, stops, tuple(faults))
