"""Maps of a village for its notice board, the stops by number."""

from collections.abc import Collection
from math import cos, hypot, radians

from markupsafe import Markup

from api.residents.sketch import Frame, Mark, sketch
from api.residents.stop_lists import Village
from routing.road_network import METRES_PER_DEGREE
from routing.stops import Stop
from shuttle.region import Region

FEW = 8
"""Up to so many stops the map is small, on the first page; with more, maps have a page."""

_CORE_METRES = 800.0

_MARGIN = 120.0
"""Metres around the outermost stops, and of a wide village a part of its width."""

_MARGIN_PART = 0.04

WIDTH = 720
_SMALL, _HALF_PAGE, _PAGE = 310, 470, 860
"""Heights that fill A4 as the style sheet prints it."""


def village_maps(region: Region, village: Village, label: str) -> list[Markup]:
    """Return one map, or two if many stops crowd somewhere: of the crowd, and of the others.

    Parameters
    ----------
    region
        Whose roads are drawn.
    village
        Whose stops are numbered, in their order.
    label
        What the maps show, for those who do not see them.
    """
    numbers = {stop: number for number, stop in enumerate(village.stops, start=1)}
    core = _core(village.stops)
    if len(village.stops) <= FEW:
        return [_map(region, numbers, village.stops, label, _SMALL)]
    if not FEW < len(core) < len(village.stops):
        return [_map(region, numbers, village.stops, label, _PAGE)]
    inner = {stop: number if stop in core else 0 for stop, number in numbers.items()}
    outer = {stop: 0 if stop in core else number for stop, number in numbers.items()}
    return [
        _map(region, inner, core, label, _HALF_PAGE),
        _map(region, outer, village.stops, label, _HALF_PAGE),
    ]


def _core(stops: Collection[Stop]) -> frozenset[Stop]:
    """Return the stops around the one that has most others close by."""
    around = [
        frozenset(each for each in stops if _apart(stop, each) <= _CORE_METRES) for stop in stops
    ]
    return max(around, key=len)


def _apart(one: Stop, other: Stop) -> float:
    east = (one.lon - other.lon) * cos(radians(one.lat))
    return METRES_PER_DEGREE * hypot(one.lat - other.lat, east)


def _map(
    region: Region, numbers: dict[Stop, int], shown: Collection[Stop], label: str, height: int
) -> Markup:
    """Return a map that holds the stops shown; those with number 0 are dots."""
    dots_first = sorted(numbers.items(), key=lambda each: each[1])  # numbers keep off them
    marks = [Mark("other", stop.lat, stop.lon, "", number) for stop, number in dots_first]
    margin = max(_MARGIN, _MARGIN_PART * max(_apart(a, b) for a in shown for b in shown))
    frame = Frame.holding([(stop.lat, stop.lon) for stop in shown], margin)
    return sketch(region, frame, marks, label=label, width=WIDTH, height=height)
