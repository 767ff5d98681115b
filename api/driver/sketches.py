"""Small maps of halts with the last part of the way there, made once and kept by phones."""

from functools import lru_cache
from hashlib import blake2b

from markupsafe import Markup

from api.mapping.tracks import track_on
from api.residents.ground import Point
from api.residents.sketch import Frame, Mark, sketch
from routing.road_network import RoadNetwork, Snap
from shuttle.place_names import place_name
from shuttle.plan import DayPlan
from shuttle.region import Region

_AROUND = 190.0
"""Metres from the halt to the edge: far enough to see the last turning."""

_WIDTH, _HEIGHT = 560, 250


def sketch_address(plan: DayPlan, before: int, place: int) -> str:
    """Return where a sketch is found; it changes with what is drawn, so phones keep it for good."""
    region = plan.region
    edition = _edition(*_ends(region, before, place), place_name(region, place))
    return f"/drive/sketch/{plan.day}/{before}/{place}?edition={edition}"


def sketch_of(region: Region, before: int, place: int, label: str) -> Markup:
    """Return the map around a place, with the way there from the place before.

    Parameters
    ----------
    region
        As it is on the day: the way leads around what is closed.
    before, place
        Rows of its travel times.
    label
        What is shown, for those who do not see it.
    """
    roads, here, there = _ends(region, before, place)
    way = () if before == place else _way(roads, here, there)
    marks = [Mark("stop", there.lat, there.lon)]
    frame = Frame.around((there.lat, there.lon), _AROUND)
    return sketch(region, frame, marks, label=label, route=way, width=_WIDTH, height=_HEIGHT)


def _ends(region: Region, before: int, place: int) -> tuple[RoadNetwork, Snap, Snap]:
    return region.roads_between(before, place), region.places[before], region.places[place]


@lru_cache(maxsize=4096)
def _way(roads: RoadNetwork, here: Snap, there: Snap) -> tuple[Point, ...]:
    return track_on(roads, here, there).points


@lru_cache(maxsize=4096)
def _edition(roads: RoadNetwork, here: Snap, there: Snap, name: str) -> str:
    drawn = repr((_way(roads, here, there), there.lat, there.lon, name))
    return blake2b(drawn.encode(), digest_size=6).hexdigest()
