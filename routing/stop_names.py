"""Names of stops as people of the village would say them."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from routing.osm_import import Extract
from routing.road_network import RoadNetwork
from routing.spelling import fold
from routing.stop_sites import Rank, Site
from routing.stops import Stop
from routing.villages import Villages, plane
from routing.vocabulary import title_of

_COMPASS = ("Nord", "Nordost", "Ost", "Südost", "Süd", "Südwest", "West", "Nordwest")
_CORNER_METRES = 40.0
_IN_FRONT_METRES = 120.0


def name_stops(extract: Extract, chosen: Sequence[Site]) -> list[Stop]:
    """Turn sites into stops with names that are unique within their village.

    A stop is called after what is there ("Bahnhof Süderbrarup", "Nordlicht-Schule"), the corner
    ("Dorfstraße / Mühlenweg") or the house ("Dorfstraße 12"), whatever comes first.
    """
    villages = Villages(extract)
    corners = _Corners(extract.drive)
    centres = {place.name: (place.lat, place.lon) for place in villages.places}
    taken: set[tuple[str, str]] = set()
    stops = []
    around = villages.of([site.feature for site in chosen])
    for site, village in zip(chosen, around, strict=True):
        names = _names(site, village, corners, centres.get(village))
        name = next(name for name in names if (village, fold(name)) not in taken)
        taken.add((village, fold(name)))
        kind = "physical" if site.rank <= Rank.BUS_STOP else "virtual"
        stops.append(
            Stop(site.feature.osm_id, name, village, round(site.lat, 6), round(site.lon, 6), kind)
        )
    return stops


def _names(
    site: Site, village: str, corners: "_Corners", centre: tuple[float, float] | None
) -> Iterator[str]:
    """Yield what a stop could be called, the best first, without an end."""
    feature = site.feature
    road = corners.road_at(site)
    address = f"{feature.street or village} {feature.housenumber}" if feature.housenumber else ""
    corner = corners.near(site)
    title = ""
    if feature.name and (site.rank < Rank.HOME or site.metres < _IN_FRONT_METRES):
        title = title_of(feature)
    best = [title, corner, address, road]
    best = [name for name in best if name] or [village or "Haltestelle"]
    yield from best
    yield from (f"{best[0]} ({where})" for where in best[1:])
    if centre:
        yield f"{best[0]} ({_direction(centre, site)})"
    for number in range(2, 1000):
        yield f"{best[0]} ({number})"


def _direction(centre: tuple[float, float], site: Site) -> str:
    """Return the point of the compass at which a site lies from the middle of its village."""
    points = plane([centre[0], site.lat], [centre[1], site.lon], site.lat)
    east, north = points[1] - points[0]
    eighth = round(math.degrees(math.atan2(east, north)) / 45) % 8
    return _COMPASS[eighth]


class _Corners:
    """Finds where a street meets another one of a different name."""

    def __init__(self, drive: RoadNetwork) -> None:
        self._drive = drive
        self._names: dict[int, set[str]] = defaultdict(set)
        for edge, road in enumerate(drive.edge_road):
            if name := drive.roads[road].name:
                self._names[int(drive.edge_source[edge])].add(name)
                self._names[int(drive.edge_target[edge])].add(name)

    def road_at(self, site: Site) -> str:
        """Return the name of the road on which a site lies, or its number, or nothing."""
        road = self._drive.roads[int(self._drive.edge_road[site.edge])]
        return road.name or road.ref

    def near(self, site: Site) -> str:
        """Return "Dorfstraße / Mühlenweg" if a site lies close to such a corner, else nothing."""
        drive, own = self._drive, self.road_at(site)
        nodes = [int(drive.edge_source[site.edge]), int(drive.edge_target[site.edge])]
        lat, lon = [site.lat, *drive.node_lat[nodes]], [site.lon, *drive.node_lon[nodes]]
        points = plane(lat, lon, site.lat)
        metres = np.hypot(*(points[1:] - points[0]).T)
        for end in np.argsort(metres):
            others = sorted(self._names[nodes[end]] - {own})
            if own and others and metres[end] < _CORNER_METRES:
                return f"{own} / {others[0]}"
        return ""
