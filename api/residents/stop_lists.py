"""Stops by village, and near a place."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from api.residents.on_foot import NearStop, stops_near, way_on_foot
from api.residents.sketch import Frame, Mark, sketch
from routing.gazetteer import Match
from routing.spelling import fold
from routing.stops import Stop
from shuttle.region import Region

NOWHERE = "-"
"""Stands in addresses for the village of stops that have none."""

_NEAREST = 8

_OTHERS = 4
"""Other places that may have been meant."""

_FARTHEST = 1500.0
"""Metres. Beyond, a stop is listed but not drawn: the map would show nothing else any more."""

_AROUND = 230.0
"""Metres shown around a stop at least."""


@dataclass(frozen=True, slots=True)
class Village:
    """A village and its stops by name; without a name, the stops that belong to none."""

    name: str
    stops: tuple[Stop, ...]

    @property
    def key(self) -> str:
        """What it is called in addresses."""
        return self.name or NOWHERE


@lru_cache(maxsize=2)
def villages(region: Region) -> dict[str, Village]:
    """Return all villages with stops by key, in the order of the alphabet."""
    found: defaultdict[str, list[Stop]] = defaultdict(list)
    for stop in region.stops:
        found[stop.village].append(stop)
    listed = [
        Village(name, tuple(sorted(found[name], key=lambda stop: _by_name(stop.name))))
        for name in sorted(found, key=lambda name: (not name, _by_name(name)))
    ]
    return {village.key: village for village in listed}


def _by_name(name: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts names as people do: number 2 before number 12."""
    words = re.findall(r"\d+|[a-z]+", fold(name))
    return tuple((int(word), "") if word.isdecimal() else (-1, word) for word in words)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found near a place that somebody typed.

    Attributes
    ----------
    place
        What was probably meant.
    others
        Labels of what else may have been.
    near
        Stops, the nearest first.
    drawing
        The place, these stops by number, and the way on foot to the first.
    """

    place: Match
    others: tuple[str, ...]
    near: tuple[NearStop, ...]
    drawing: Markup


def find(region: Region, text: str, label: str) -> Found | None:
    """Return the stops near what was typed, None if no such place is known.

    Parameters
    ----------
    region
        Where to look.
    text
        As typed.
    label
        Says what the map shows; ``{place}`` stands for the place.
    """
    matches = region.gazetteer.search(text, 1 + _OTHERS)
    if not matches:
        return None
    place, *others = matches
    point = (place.lat, place.lon)
    near = stops_near(region, point, _NEAREST)
    drawing = _near_sketch(region, place, near, label.format(place=place.label))
    return Found(place, tuple(each.label for each in others), tuple(near), drawing)


def _near_sketch(region: Region, place: Match, near: Sequence[NearStop], label: str) -> Markup:
    first, point = near[0], (place.lat, place.lon)
    drawn = [each for each in near if each is first or each.metres <= _FARTHEST]
    marks = [Mark("stop", first.stop.lat, first.stop.lon, first.stop.name, 1)]
    if first.stop.id != place.stop_id:
        marks.append(Mark("address", *point, place.label))
    marks += [
        Mark("other", each.stop.lat, each.stop.lon, "", number)
        for number, each in enumerate(drawn[1:], start=2)
    ]
    frame = Frame.holding([point, *((each.stop.lat, each.stop.lon) for each in drawn)], 90)
    walk = way_on_foot(region, point, first.stop) if first.on_foot else None
    return sketch(region, frame, marks, label=label, walk=walk, height=420)


def stop_sketch(region: Region, stop: Stop, label: str) -> Markup:
    """Return a map of a stop and its neighbours."""
    others = [
        Mark("other", each.lat, each.lon, each.name) for each in region.stops if each is not stop
    ]
    marks = [Mark("stop", stop.lat, stop.lon, stop.name), *others]
    frame = Frame.around((stop.lat, stop.lon), _AROUND)
    return sketch(region, frame, marks, label=label, height=440)


def neighbours(region: Region, stop: Stop, most: int = 3) -> list[NearStop]:
    """Return the other stops that are nearest to a stop on foot."""
    near = stops_near(region, (stop.lat, stop.lon), most + 1)
    return [each for each in near if each.stop.id != stop.id][:most]
