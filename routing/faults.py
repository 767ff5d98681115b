"""What is wrong with stops and roads of a region before anybody rides.

A stop that no vehicle reaches, one on a road that no bus may use, a road that one can drive into
but not out of again, a village without a stop.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import shapely

from routing.map_features import Feature
from routing.map_survey import Shape, Survey
from routing.osm_import import Extract
from routing.road_graph import Cut, pieces_left_out
from routing.road_network import METRES_PER_DEGREE, NO_HALTING
from routing.stops import Stop
from routing.villages import plane

STOP_REACH = 150.0
"""Metres from a stop to the road where its vehicle halts, at most."""

_ON_ANOTHER_ROAD = 20.0
"""From so many metres to the nearest good road on, a stop is judged by the road it lies on."""

_ON_THE_ROAD = 12.0

_SETTLEMENTS = frozenset(("city", "town", "village", "suburb", "hamlet"))

Point = tuple[float, float]


class FaultKind(StrEnum):
    """What can be wrong."""

    UNREACHABLE_STOP = "unreachable stop"
    FORBIDDEN_ROAD = "stop on a road no bus may use"
    TRAP = "one-way trap"
    VILLAGE_WITHOUT_STOP = "village without a stop"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, and where.

    Attributes
    ----------
    kind
        What is wrong.
    name
        Of the stop with its village, the village, or the road; may be empty.
    lat, lon
        Where.
    reason
        What the map says about it: a reason of :func:`routing.road_rules.driving`, of
        :class:`routing.road_graph.Cut`, "no halting", or "no road near"; else empty.
    metres
        To the nearest road or stop that would do; of a trap its length.
    grave
        Whether residents would notice: a stop that is not served where it stands, or a village
        left out. A trap without a stop is drawn for the mapper, a hamlet is for the planner.
    stop
        Id of the stop, of a trap of the first stop in it; else empty.
    lines
        The roads concerned.
    """

    kind: FaultKind
    name: str
    lat: float
    lon: float
    reason: str
    metres: int
    grave: bool
    stop: str = ""
    lines: tuple[tuple[Point, ...], ...] = ()


def find_faults(
    survey: Survey,
    extract: Extract,
    stops: Sequence[Stop],
    boundary: Shape | None,
    walk_metres: float,
) -> list[Fault]:
    """Return what is wrong with a region, the stops first.

    Parameters
    ----------
    survey
        All that the map shows.
    extract
        The networks made of it.
    stops
        Of the region.
    boundary
        Of the region, (lon, lat) in degrees; traps and villages outside are nobody's concern.
    walk_metres
        How far people walk to a stop, as the crow flies.
    """
    inside = _Inside(boundary)
    cuts = pieces_left_out(survey.roads, survey.locked)
    unusable = [
        *(
            Cut(each.road, tuple((n.lat, n.lon) for n in each.nodes), each.reason)
            for each in survey.refused
        ),
        *cuts,
        *(
            Cut(each.road, tuple((n.lat, n.lon) for n in each.nodes), "no halting")
            for each in survey.roads
            if each.road.highway in NO_HALTING
        ),
    ]
    trapped: dict[int, list[Stop]] = {}
    faults = list(_faulty_stops(extract, stops, unusable, trapped))
    in_trap = {id(unusable[row]): found for row, found in trapped.items()}
    traps = [
        cut
        for cut in cuts
        if cut.reason == "no way back" and (id(cut) in in_trap or inside.any(cut.points))
    ]
    faults += (_trap(group, in_trap) for group in _connected(traps))
    settlements = [
        each
        for each in extract.features
        if each.kind == "place"
        and each.rank in _SETTLEMENTS
        and each.name
        and inside.any([(each.lat, each.lon)])
    ]
    faults += _left_out(settlements, stops, walk_metres)
    return faults


class _Inside:
    """Whether something lies within a boundary, or anywhere if there is none."""

    def __init__(self, boundary: Shape | None) -> None:
        self._boundary = boundary

    def any(self, points: Sequence[Point]) -> bool:
        if self._boundary is None:
            return True
        lat, lon = zip(*points, strict=True)
        return bool(shapely.contains_xy(self._boundary, lon, lat).any())


def _faulty_stops(
    extract: Extract, stops: Sequence[Stop], unusable: Sequence[Cut], trapped: dict[int, list[Stop]]
) -> Iterator[Fault]:
    """Yield stops that are not served where they stand; those in a trap are told with the trap."""
    middle = float(extract.drive.node_lat.mean())
    tree = shapely.STRtree([_line(cut.points, middle) for cut in unusable])
    for stop in stops:
        served = extract.drive.snap(stop.lat, stop.lon, STOP_REACH)
        if served is not None and served.metres <= _ON_ANOTHER_ROAD:
            continue
        here = shapely.Point(plane([stop.lat], [stop.lon], middle)[0])
        reach = STOP_REACH if served is None else _ON_THE_ROAD
        near = tree.query_nearest(here, max_distance=reach, all_matches=False)
        if not len(near) and served is not None:
            continue  # beside a good road, only a little far from it
        cut = unusable[int(near[0])] if len(near) else None
        if cut is not None and cut.reason == "no way back":
            trapped.setdefault(int(near[0]), []).append(stop)
            continue
        unreached = cut is None or cut.reason in ("not connected", "no way in")
        yield Fault(
            kind=FaultKind.UNREACHABLE_STOP if unreached else FaultKind.FORBIDDEN_ROAD,
            name=stop.label,
            lat=stop.lat,
            lon=stop.lon,
            reason="no road near" if cut is None else cut.reason,
            metres=round(served.metres) if served else _metres_to_road(extract, stop),
            grave=True,
            stop=stop.id,
            lines=() if cut is None else (cut.points,),
        )


def _metres_to_road(extract: Extract, stop: Stop) -> int:
    snap = extract.drive.snap(stop.lat, stop.lon, 50_000.0)
    return round(snap.metres) if snap else 50_000


def _line(points: Sequence[Point], middle: float) -> shapely.LineString:
    lat, lon = zip(*points, strict=True)
    return shapely.LineString(plane(lat, lon, middle))


def _connected(cuts: Sequence[Cut]) -> Iterator[list[Cut]]:
    """Yield pieces of road that hang together."""
    meeting: dict[Point, list[int]] = {}
    for row, cut in enumerate(cuts):
        for end in (cut.points[0], cut.points[-1]):
            meeting.setdefault(end, []).append(row)
    unseen = set(range(len(cuts)))
    while unseen:
        ahead, group = [min(unseen)], []
        unseen.remove(ahead[0])
        while ahead:
            row = ahead.pop()
            group.append(cuts[row])
            for end in (cuts[row].points[0], cuts[row].points[-1]):
                more = [each for each in meeting[end] if each in unseen]
                unseen.difference_update(more)
                ahead += more
        yield group


def _trap(group: Sequence[Cut], stops_in: dict[int, list[Stop]]) -> Fault:
    stops = [stop for cut in group for stop in stops_in.get(id(cut), ())]
    longest = max(group, key=lambda cut: _length(cut.points))
    lat, lon = longest.points[len(longest.points) // 2]
    names = dict.fromkeys(cut.road.name or cut.road.ref for cut in group)
    return Fault(
        kind=FaultKind.TRAP,
        name=", ".join(name for name in names if name),
        lat=stops[0].lat if stops else lat,
        lon=stops[0].lon if stops else lon,
        reason="no way back",
        metres=round(sum(_length(cut.points) for cut in group)),
        grave=bool(stops),
        stop=stops[0].id if stops else "",
        lines=tuple(cut.points for cut in group),
    )


def _length(points: Sequence[Point]) -> float:
    return float(_line(points, points[0][0]).length)


def _left_out(
    settlements: Iterable[Feature], stops: Sequence[Stop], walk_metres: float
) -> Iterator[Fault]:
    """Yield places that neither a stop is called after nor has one in walking distance."""
    served = {stop.village for stop in stops}
    lat = np.array([stop.lat for stop in stops])
    lon = np.array([stop.lon for stop in stops])
    for place in settlements:
        east = np.cos(np.radians(place.lat)) * (lon - place.lon)
        nearest = float(np.hypot(lat - place.lat, east).min(initial=np.inf)) * METRES_PER_DEGREE
        if place.name not in served and nearest > walk_metres:
            yield Fault(
                kind=FaultKind.VILLAGE_WITHOUT_STOP,
                name=place.name,
                lat=place.lat,
                lon=place.lon,
                reason="",
                metres=round(min(nearest, 1e6)),
                grave=place.rank != "hamlet",
            )
