"""A region from a MATSim network: roads without names, for planning at the scale of a Landkreis."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from routing.matsim import MatsimNetwork, read_matsim, write_as_extract
from routing.osm_import import read_extract
from routing.road_network import RoadNetwork
from routing.stop_sites import HALTING_ROADS
from routing.stops import Stop, write_stops
from routing.villages import plane
from shuttle.commands.region_create import slug, write_rules
from shuttle.commands.whole_folder import whole_or_nothing
from shuttle.errors import RegionError
from shuttle.region import Region

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class FromMatsim:
    """What was made of a network: the folder, the region in it, and what was read."""

    folder: Path
    region: Region
    nodes: int
    links: int

    def report(self) -> str:
        """Return what was made and what to do next, for people."""
        km = float(self.region.drive.edge_metres.sum()) / 1000
        return "\n".join(
            [
                f"{self.region.config.name} is ready in {self.folder}",
                f"- {self.nodes:,} nodes and {self.links:,} links for cars were read",
                f"- {km:,.0f} km of roads hang together, each direction counted",
                f"- {len(self.region.stops):,} stops at junctions; the network knows no names",
                "For planning. Try it, then put your own stops into stops.csv:",
                f"  shuttle scenario run {self.folder / 'scenario.toml'} --out results",
                f"  shuttle demo --region {self.folder}",
            ]
        )


def create_from_matsim(
    name: str,
    out: Path,
    network: Path,
    *,
    crs: str | None = None,
    spacing_metres: float = 1000.0,
    replace: bool = False,
    tell: Progress = lambda _step, _share: None,
) -> FromMatsim:
    """Make a region folder from a MATSim network.

    Parameters
    ----------
    name, out, replace, tell
        As of :func:`shuttle.commands.region_create.create_region`.
    network, crs
        As :func:`routing.matsim.read_matsim` takes them.
    spacing_metres
        How far stops are apart at least.

    Raises
    ------
    RegionError, ExtractError
        With one sentence; nothing was written.
    """
    with whole_or_nothing(out, replace) as folder:
        tell("reading the network", 0.0)
        read = read_matsim(network, crs)
        file = folder / f"{slug(name)}.osm.pbf"
        number = write_as_extract(read, file)
        tell("roads", 0.3)
        extract = read_extract(file)
        tell("stops", 0.5)
        stops = junction_stops(read, number, extract.drive, spacing_metres)
        if len(stops) < 2:
            raise RegionError(
                f"{network} has too few junctions for stops {spacing_metres:.0f} m apart; "
                "choose a smaller --spacing."
            )
        write_stops(folder / "stops.csv", stops)
        write_rules(folder, out, name, file.name, _middle(stops), bounded=False)
        tell("trying it out", 0.6)
        region = dataclasses.replace(Region.load(folder), folder=out)
    tell("done", 1.0)
    return FromMatsim(out, region, len(read.places), len(read.links))


def junction_stops(
    network: MatsimNetwork, number: dict[str, int], drive: RoadNetwork, spacing_metres: float
) -> list[Stop]:
    """Return stops at nodes, never nearer to each other than the spacing.

    Nodes where many roads meet come first, because there people live; those beside roads where
    nobody may halt, or which nothing connects, are left out.
    """
    ends = (end for link in network.links for end in (link.origin, link.target))
    meeting = Counter(ends)
    nodes = sorted(number, key=lambda node: (-meeting[node], number[node]))
    lat, lon = np.array([network.places[node] for node in nodes]).T
    points = plane(lat, lon, float(lat.mean()))
    near = cKDTree(points)
    taken = np.zeros(len(nodes), dtype=np.bool_)
    stops = []
    for row, node in enumerate(nodes):
        if taken[row]:
            continue
        snap = drive.snap(float(lat[row]), float(lon[row]), 1.0)
        if snap is None or drive.roads[drive.edge_road[snap.edge]].highway not in HALTING_ROADS:
            continue
        taken[near.query_ball_point(points[row], spacing_metres)] = True
        place = round(float(lat[row]), 6), round(float(lon[row]), 6)
        stops.append(Stop(f"n{number[node]}", f"Knoten {node}", "", *place, "virtual"))
    return stops


def _middle(stops: list[Stop]) -> Stop:
    """Return the stop that is nearest to the middle of all."""
    points = plane([each.lat for each in stops], [each.lon for each in stops], stops[0].lat)
    return stops[int(np.hypot(*(points - points.mean(axis=0)).T).argmin())]
