"""The whole land, step by step, each step with random numbers of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from data.osm.synthesis import landscape
from data.osm.synthesis.addresses import House, HousePlan, build_houses
from data.osm.synthesis.anchors import Anchors, Points, read_anchors
from data.osm.synthesis.boundaries import Borders, draw_borders
from data.osm.synthesis.buildings import Building, put_up_buildings
from data.osm.synthesis.facilities import Spot, open_facilities, put_up_bus_stops
from data.osm.synthesis.grounds import lay_school_grounds
from data.osm.synthesis.landscape import Area
from data.osm.synthesis.names import hamlet_names
from data.osm.synthesis.network import Network
from data.osm.synthesis.road_tags import tag_roads
from data.osm.synthesis.roads import grow_roads
from data.osm.synthesis.seeds import Seeds
from data.osm.synthesis.settlements import Settlement, found_settlements
from data.osm.synthesis.streets import Piece, StreetNames, built_up_zones, cut_pieces, line
from data.osm.synthesis.terrain import Terrain, lay_terrain

MARGIN = 900.0
"""Metres of countryside drawn beyond the border."""


@dataclass(frozen=True, slots=True)
class Land:
    """All that is on the map, in metres around the origin of the anchors."""

    seed: int
    anchors: Anchors
    terrain: Terrain
    borders: Borders
    network: Network
    homes: tuple[Settlement, ...]
    pieces: tuple[Piece, ...]
    houses: tuple[House, ...]
    buildings: tuple[Building, ...]
    areas: tuple[Area, ...]
    spots: tuple[Spot, ...]


def make_land(seed: int) -> Land:
    """Make the land of a seed.

    Parameters
    ----------
    seed
        Any non-negative integer; the same seed gives the same land.
    """
    seeds, anchors = Seeds(seed), read_anchors()
    terrain = lay_terrain(anchors, seeds.rng("terrain"))
    borders = draw_borders(anchors, terrain)
    homes = found_settlements(anchors)
    grown = grow_roads(anchors, terrain, borders.amt.buffer(MARGIN), homes, seeds)
    network = grown.network

    fields = hamlet_names(seeds.rng("hamlet names"))
    homes += _found_hamlets(grown.hamlets, borders, homes, fields)
    zones = built_up_zones(network, homes)
    names = StreetNames(network, anchors, homes, fields, seeds.rng("street names"))
    pieces = cut_pieces(network, zones, terrain.schlei, names, anchors.landmarks)
    tag_roads(network, pieces, seeds.rng("road tags"))

    roads = shapely.union_all([line(network, p.nodes).buffer(6.0) for p in pieces])
    grounds = [
        *grown.grounds,
        *lay_school_grounds(anchors.landmarks, roads, seeds.rng("school grounds")),
    ]
    plan = HousePlan(
        homes=tuple(homes),
        people={m.name: m.population for m in anchors.municipalities},
        works=grown.works,
        taken=_taken(terrain, grounds, grown.churches),
    )
    houses = build_houses(network, pieces, borders, plan, seeds.rng("houses"))
    houses, spots = open_facilities(houses, homes, grown.churches, seeds.rng("facilities"))
    spots += put_up_bus_stops(network, pieces, homes)
    lines = shapely.STRtree([line(network, p.nodes) for p in pieces])
    churches = grown.churches.values()
    buildings = put_up_buildings(houses, churches, lines, seeds.rng("buildings"))
    areas = _built_areas(grown.works, homes, zones) + landscape.farmyards(houses, roads) + grounds
    areas += _cover(terrain, borders, network, areas, seeds.rng("landscape"))
    return Land(
        seed,
        anchors,
        terrain,
        borders,
        network,
        tuple(homes),
        tuple(pieces),
        tuple(houses),
        tuple(buildings),
        tuple(areas),
        tuple(spots),
    )


def _taken(
    terrain: Terrain, grounds: list[Area], churches: Mapping[str, tuple[float, float]]
) -> shapely.Geometry:
    """Return where no house can stand."""
    return shapely.union_all(
        [g.shape.buffer(9.0) for g in grounds]
        + [shapely.LineString(course).buffer(14.0) for _, course in terrain.streams]
        + [shapely.Point(at).buffer(24.0) for at in churches.values()]
        + [terrain.schlei.buffer(15.0)]
    )


def _built_areas(
    works: shapely.Geometry, homes: list[Settlement], zones: Mapping[str, shapely.Geometry]
) -> list[Area]:
    """Return the residential and the industrial land."""
    areas = [Area(part, {"landuse": "industrial"}) for part in shapely.get_parts(works)]
    for home in homes:
        tags = {"landuse": "residential", "name": home.name}
        zone = zones[home.name].difference(works).simplify(4.0)
        areas += [Area(part, tags) for part in shapely.get_parts(zone)]
    return [a for a in areas if a.shape.geom_type == "Polygon" and a.shape.area > 500.0]


def _found_hamlets(
    points: Points, borders: Borders, homes: list[Settlement], names: Iterator[str]
) -> list[Settlement]:
    """Name the hamlets inside the Amt."""
    postcodes = {home.municipality: home.postcode for home in homes}
    founded = []
    for x, y in points.tolist():
        municipality = borders.municipality(x, y)
        if municipality:
            name, postcode = next(names), postcodes[municipality]
            founded.append(Settlement(name, municipality, postcode, x, y, 9, "hamlet"))
    return founded


def _cover(
    terrain: Terrain,
    borders: Borders,
    network: Network,
    areas: list[Area],
    rng: np.random.Generator,
) -> list[Area]:
    """Fill lakes, plant woods and leave meadows on what is still open."""
    land = borders.amt.buffer(MARGIN)
    built = shapely.union_all([a.shape for a in areas]).buffer(25.0)
    open_land = land.difference(built).difference(terrain.schlei.buffer(8.0))
    lakes = landscape.find_lakes(network, open_land, 9, rng)
    open_land = open_land.difference(shapely.union_all(lakes).buffer(15.0))
    covered = landscape.lay_landscape(
        land, open_land, [course for _, course in terrain.streams], terrain.ripples, rng
    )
    return covered + [Area(lake, {"natural": "water", "water": "lake"}) for lake in lakes]
