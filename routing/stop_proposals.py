"""Where stops should be: proposed from the map, for people of the Amt to correct.

Existing stations and bus stops come first, then the doors that many people have to reach, then
what is missing for everybody else: positions in front of houses, chosen by greedy covering. Each
next stop is the one that brings most homes within half the spacing, on foot. Greedy
covering opens at most a logarithmic factor more stops than needed (Chvátal, Mathematics of
Operations Research 4(3), 1979; as maximal covering location: Church and ReVelle, Papers of the
Regional Science Association 32, 1974). Gains only shrink, so most need not be computed again
(Minoux, "Accelerated greedy algorithms", 1978).
"""

import heapq
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import shapely

from routing.map_features import Feature
from routing.osm_import import Extract
from routing.road_network import RoadNetwork
from routing.stop_names import name_stops
from routing.stop_sites import Rank, Site, homes, sites
from routing.stops import Stop
from routing.villages import plane
from routing.walking import Goals

_NEARER_COUNTS_MORE = 0.5
"""A home next to the stop counts one and a half times as much as one at the end of its reach."""


def propose_stops(
    extract: Extract,
    boundary: shapely.Polygon | shapely.MultiPolygon | None = None,
    spacing_metres: float = 300.0,
) -> list[Stop]:
    """Propose stops along the inhabited roads of a region.

    Parameters
    ----------
    extract
        The map.
    boundary
        Of the region, (lon, lat) in degrees; stops are within it. Without one, everywhere.
    spacing_metres
        About how far stops along a street are apart; they are never nearer than half of it.

    Returns
    -------
    Stops by village and name. The same map gives the same stops, and a stop keeps the id of the
    thing on the map that it stands for.
    """
    inhabited = homes(extract, boundary, spacing_metres / 3)
    possible = sites(extract, inhabited, boundary)
    covering = _Covering(extract.walk, possible, inhabited, spacing_metres)
    for rank in (Rank.STATION, Rank.BUS_STOP, Rank.LANDMARK):
        covering.open(rank, least_gain=0.0)
    covering.open(Rank.HOME, least_gain=1.0)
    stops = name_stops(extract, covering.opened)
    return sorted(stops, key=lambda stop: (stop.village, stop.name, stop.id))


class _Covering:
    """Opens the sites that bring most homes near a stop, one after the other."""

    def __init__(
        self,
        walk: RoadNetwork,
        possible: Sequence[Site],
        inhabited: Sequence[Feature],
        spacing_metres: float,
    ) -> None:
        self.opened: list[Site] = []
        reach = self._apart = spacing_metres / 2
        snaps = [walk.snap(site.lat, site.lon, reach) for site in possible]
        self._sites = [site for site, snap in zip(possible, snaps, strict=True) if snap]
        goals = Goals(walk, [walk.snap(home.lat, home.lon, reach) for home in inhabited])
        self._ways = goals.ways_from([snap for snap in snaps if snap], reach)
        self._worth = 1 + _NEARER_COUNTS_MORE * (1 - self._ways.metres / reach)
        self._near_a_stop = np.zeros(len(inhabited), dtype=np.bool_)
        lat, lon = [site.lat for site in self._sites], [site.lon for site in self._sites]
        self._points = plane(lat, lon, float(walk.node_lat.mean()))
        self._opened_in: dict[tuple[int, int], list[int]] = defaultdict(list)

    def open(self, rank: Rank, least_gain: float) -> None:
        """Open sites of a rank, the greatest gain first, until none gains enough."""
        rows = [row for row, site in enumerate(self._sites) if site.rank == rank]
        waiting = [(-self._gain(row), row) for row in rows]
        heapq.heapify(waiting)
        while waiting:
            _, row = heapq.heappop(waiting)
            if self._too_close(row):
                continue
            gain = self._gain(row)
            if gain < least_gain:
                continue
            if waiting and gain < -waiting[0][0]:
                heapq.heappush(waiting, (-gain, row))
                continue
            self.opened.append(self._sites[row])
            self._opened_in[self._cell(row)].append(row)
            self._near_a_stop[self._ways.goal[self._of(row)]] = True

    def _gain(self, row: int) -> float:
        ways = self._of(row)
        return float(self._worth[ways][~self._near_a_stop[self._ways.goal[ways]]].sum())

    def _of(self, row: int) -> slice:
        return slice(self._ways.first[row], self._ways.first[row + 1])

    def _too_close(self, row: int) -> bool:
        east, north = self._cell(row)
        around = [
            other
            for x in (east - 1, east, east + 1)
            for y in (north - 1, north, north + 1)
            for other in self._opened_in.get((x, y), ())
        ]
        metres = np.hypot(*(self._points[around] - self._points[row]).T)
        return bool((metres < self._apart).any())

    def _cell(self, row: int) -> tuple[int, int]:
        east, north = self._points[row] // self._apart
        return int(east), int(north)
