"""All roads in the order in which they came: from the B 201 down to the drives of lone farms."""

from collections.abc import Mapping
from dataclasses import dataclass

import shapely

from data.osm.synthesis.alignment import draw_country_roads
from data.osm.synthesis.anchors import Anchors, Points
from data.osm.synthesis.approaches import fence_off, lay_approaches, lay_drives_to_doors
from data.osm.synthesis.country import CountryRoads
from data.osm.synthesis.crossings import lay_railway, lay_roundabout
from data.osm.synthesis.grounds import fence_quarters, lay_grounds
from data.osm.synthesis.landscape import Area
from data.osm.synthesis.lanes import grow_countryside, link_dead_ends, scatter_hamlets
from data.osm.synthesis.network import Network
from data.osm.synthesis.seeds import Seeds
from data.osm.synthesis.settlements import Settlement, grow_settlement, lay_works
from data.osm.synthesis.terrain import Terrain


@dataclass(frozen=True, slots=True)
class Grown:
    """The roads, and what came with them."""

    network: Network
    hamlets: Points
    churches: Mapping[str, tuple[float, float]]  # by settlement
    grounds: tuple[Area, ...]
    works: shapely.Geometry  # the land of the trading estates


def grow_roads(
    anchors: Anchors,
    terrain: Terrain,
    around: shapely.Polygon,
    homes: list[Settlement],
    seeds: Seeds,
) -> Grown:
    """Grow all roads.

    Parameters
    ----------
    anchors, terrain
        What is given.
    around
        Where the countryside is drawn: the Amt and some land beyond its border.
    homes
        The town first, then the villages.
    seeds
        Of the land.
    """
    shore = terrain.schlei.buffer(35.0)
    for shape in (around, shore):
        shapely.prepare(shape)

    def dry(x: float, y: float) -> bool:
        return not shapely.contains_xy(shore, x, y)

    def countryside(x: float, y: float) -> bool:
        return bool(shapely.contains_xy(around, x, y)) and dry(x, y)

    hamlets = scatter_hamlets(anchors, countryside, terrain.schlei, seeds.rng("hamlets"))
    network = Network()
    board = CountryRoads(anchors, terrain, hamlets)
    board.span()
    board.classify()
    board.stagger(seeds.rng("stagger"))
    draw_country_roads(board, network, seeds.rng("sway"))
    lay_railway(network, terrain.railway, anchors.railway_name)
    lay_roundabout(network, homes[0].x, homes[0].y, (500.0, 4000.0))

    grounds = fence_quarters(network, anchors.quarters, seeds.rng("quarters"))
    fence_off(network, anchors.landmarks)
    lay_approaches(network, anchors.landmarks, homes)
    works = [
        lay_works(network, homes[0], quarter, seeds.rng(quarter.name))
        for quarter in anchors.quarters
        if quarter.tags.get("landuse") == "industrial"
    ]
    churches = {}
    for home in homes:
        church = grow_settlement(network, home, dry, seeds.rng(home.name))
        if church is not None:
            churches[home.name] = church
    link_dead_ends(network)
    grounds += lay_grounds(network, homes, seeds.rng("grounds"))
    lay_drives_to_doors(network, anchors.landmarks)
    grow_countryside(network, countryside, seeds.sequence("countryside"))
    return Grown(network, board.hamlets, churches, tuple(grounds), shapely.union_all(works))
