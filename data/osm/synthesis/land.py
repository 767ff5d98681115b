"""The whole land, step by step, each step with random numbers of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from data.osm.synthesis import settlements as grown
from data.osm.synthesis.addresses import House, build_houses
from data.osm.synthesis.anchors import Anchors, Points, read_anchors
from data.osm.synthesis.boundaries import Borders, draw_borders
from data.osm.synthesis.country import CountryRoads
from data.osm.synthesis.network import Network
from data.osm.synthesis.settlements import Settlement
from data.osm.synthesis.streets import Piece, StreetNames, built_up_zones, cut_pieces
from data.osm.synthesis.terrain import Terrain, lay_terrain

LANE_KM, SPUR_KM, TRACK_KM = 70.0, 25.0, 120.0


@dataclass(frozen=True, slots=True)
class Land:
    """All that is on the map, in metres around the origin of the anchors."""

    seed: int
    anchors: Anchors
    terrain: Terrain
    borders: Borders
    network: Network
    homes: tuple[Settlement, ...]
    zones: Mapping[str, shapely.Polygon]
    pieces: tuple[Piece, ...]
    houses: tuple[House, ...]


def make_land(seed: int) -> Land:
    """Make the land of a seed.

    Parameters
    ----------
    seed
        Any non-negative integer; the same seed gives the same land.
    """
    anchors = read_anchors()

    def rng(step: int) -> np.random.Generator:
        return np.random.default_rng([seed, step])

    terrain = lay_terrain(anchors, rng(1))
    borders = draw_borders(anchors, terrain)
    near_amt = borders.amt.buffer(250.0)
    shore = terrain.schlei.buffer(35.0)
    for shape in (near_amt, shore, borders.amt, *borders.land.values()):
        shapely.prepare(shape)

    def dry(x: float, y: float) -> bool:
        return not shapely.contains_xy(shore, x, y)

    def countryside(x: float, y: float) -> bool:
        return bool(shapely.contains_xy(near_amt, x, y)) and dry(x, y)

    hamlets = grown.scatter_hamlets(anchors, countryside, terrain.schlei, rng(2))
    network = _country_roads(anchors, terrain, hamlets, rng(3))
    homes = grown.found_settlements(anchors)
    streams = np.random.SeedSequence([seed, 4]).spawn(len(homes))
    for home, stream in zip(homes, streams, strict=True):
        grown.grow_settlement(network, home, dry, np.random.default_rng(stream))
    grown.grow_lanes(network, LANE_KM, grown.LANE, "unclassified", "lane", countryside, rng(5))
    grown.grow_lanes(network, SPUR_KM, grown.SPUR, "unclassified", "lane", countryside, rng(6))
    grown.grow_lanes(network, TRACK_KM, grown.TRACK, "track", "track", countryside, rng(7))

    names_rng = rng(8)
    lanes = StreetNames(network, anchors, homes, names_rng)
    homes += _hamlets(hamlets, borders, homes, lanes)
    zones = built_up_zones(network, homes)
    pieces = cut_pieces(network, zones, StreetNames(network, anchors, homes, names_rng))
    people = {m.name: m.population for m in anchors.municipalities}
    houses = build_houses(network, pieces, homes, borders, people, rng(9))
    return Land(
        seed, anchors, terrain, borders, network, tuple(homes), zones, tuple(pieces), tuple(houses)
    )


def _country_roads(
    anchors: Anchors, terrain: Terrain, hamlets: Points, rng: np.random.Generator
) -> Network:
    board = CountryRoads(anchors, terrain, hamlets)
    board.span()
    board.classify()
    board.stagger(rng)
    network = Network()
    network.add_solid(terrain.railway)
    board.draw(network)
    return network


def _hamlets(
    points: Points, borders: Borders, homes: list[Settlement], names: StreetNames
) -> list[Settlement]:
    """Name the hamlets inside the Amt."""
    postcodes = {home.municipality: home.postcode for home in homes}
    founded = []
    for x, y in points:
        municipality = borders.municipality(x, y)
        if municipality:
            founded.append(
                Settlement(
                    names.next_lane(),
                    municipality,
                    postcodes[municipality],
                    float(x),
                    float(y),
                    9,
                    "hamlet",
                )
            )
    return founded
