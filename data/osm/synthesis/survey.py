"""The land as others shall read it: OSM elements with tags, and the boundary as GeoJSON."""

import json
from pathlib import Path

import numpy as np
import shapely

from data.osm.synthesis.addresses import House
from data.osm.synthesis.land import Land
from data.osm.synthesis.osm_file import SOURCE, OsmFile


def write_region(land: Land, folder: Path) -> None:
    """Write ``<folder name>.osm.pbf`` and ``boundary.geojson``."""
    file = OsmFile(land.anchors.plane)
    _write_roads(land, file)
    _write_houses(land, file)
    _write_places(land, file)
    _write_landscape(land, file)
    _write_borders(land, file)
    file.write(folder / f"{folder.name}.osm.pbf")
    _write_boundary(land, folder / "boundary.geojson")


def _write_roads(land: Land, file: OsmFile) -> None:
    network = land.network
    used: dict[int, int] = {}
    fixed = {v for p in land.pieces for v in (p.nodes[0], p.nodes[-1])} | set(network.marks)
    for piece in land.pieces:
        kept = _thin(network.points, piece.nodes, lambda v: v in fixed or network.degree(v) > 2)
        for vertex in kept:
            if vertex not in used:
                marks = network.marks.get(vertex, {})
                used[vertex] = file.node(*network.points[vertex], marks)
        tags = {"railway": "rail"} if piece.kind == "rail" else {"highway": piece.highway}
        if piece.name and piece.kind != "drive":
            tags["name"] = piece.name
        if piece.ref:
            tags["ref"] = piece.ref
        file.way([used[v] for v in kept], tags | piece.tags)


def _thin(points, nodes, essential) -> list[int]:  # type: ignore[no-untyped-def]
    """Leave out vertices that a straight line replaces within 0.7 m."""
    kept = [nodes[0]]
    run = [nodes[0]]
    for vertex in nodes[1:]:
        run.append(vertex)
        if essential(vertex) or vertex == nodes[-1]:
            line = shapely.LineString([points[v] for v in run]).simplify(0.7)
            coords = set(line.coords)
            kept += [v for v in run[1:] if points[v] in coords]
            run = [vertex]
    return kept


def _write_houses(land: Land, file: OsmFile) -> None:
    """Write the addresses: most on a node, the others on the building itself, as mappers do."""
    on_way = {b.house for b in land.buildings if b.house >= 0 and b.house % 3 == 0}
    addresses = [_address(house) | (house.facility or {}) for house in land.houses]
    for number, (house, tags) in enumerate(zip(land.houses, addresses, strict=True)):
        if number not in on_way:
            file.node(house.x, house.y, tags)
    for building in land.buildings:
        tags = addresses[building.house] if building.house in on_way else {}
        file.area(building.shape, building.tags | tags)


def _address(house: House) -> dict[str, str]:
    return {
        "addr:place" if house.by_place else "addr:street": house.street,
        "addr:housenumber": house.number,
        "addr:postcode": house.postcode,
        "addr:city": house.municipality,
    }


def _write_places(land: Land, file: OsmFile) -> None:
    populations = {m.name: str(m.population) for m in land.anchors.municipalities}
    for home in land.homes:
        tags = {"place": "town" if home.rank == "town" else home.rank, "name": home.name}
        if home.name in populations:
            tags["population"] = populations[home.name]
        file.node(home.x, home.y, tags)
    for place in land.anchors.neighbours:
        file.node(place.x, place.y, {"place": place.rank, "name": place.name})
    for mark in land.anchors.landmarks:
        if "amenity" not in mark.tags:  # schools have their grounds
            file.node(mark.x, mark.y, {"name": mark.name, **mark.tags})
    for spot in land.spots:
        file.node(spot.x, spot.y, spot.tags)


def _write_landscape(land: Land, file: OsmFile) -> None:
    water = {"natural": "water", "water": "fjord", "name": "Schlei", "source": SOURCE}
    file.area(land.terrain.schlei, water)
    for name, course in land.terrain.streams:
        file.line(course, {"waterway": "stream", "name": name})
    for area in land.areas:
        file.area(area.shape, area.tags)


def _write_borders(land: Land, file: OsmFile) -> None:
    """Write every border line once, shared by the relations on both of its sides."""
    corners: dict[tuple[float, float], int] = {}
    ways = []
    for line, sides in zip(land.borders.lines, land.borders.sides, strict=True):
        coords = [(round(x, 1), round(y, 1)) for x, y in line.coords]
        for end in (coords[0], coords[-1]):
            if end not in corners:
                corners[end] = file.node(*end)
        inner = [file.node(*c) for c in coords[1:-1]]
        level = "7" if not sides[1] else "8"
        way = file.way(
            [corners[coords[0]], *inner, corners[coords[-1]]],
            {"boundary": "administrative", "admin_level": level},
        )
        ways.append((way, sides))
    shared = {"type": "boundary", "boundary": "administrative", "source": SOURCE}
    file.relation(
        [("w", w, "outer") for w, sides in ways if not sides[1]],
        shared
        | {
            "admin_level": "7",
            "name": "Amt Süderbrarup",
            "note": "Synthetic land grown from a seed, not OpenStreetMap data",
        },
    )
    for place in land.anchors.municipalities:
        members = [("w", w, "outer") for w, sides in ways if place.name in sides]
        tags = shared | {
            "admin_level": "8",
            "name": place.name,
            "population": str(place.population),
        }
        file.relation(members, tags)


def _write_boundary(land: Land, path: Path) -> None:
    ring = land.anchors.plane.to_latlon(np.array(land.borders.amt.exterior.coords))
    feature = {
        "type": "Feature",
        "properties": {
            "name": "Amt Süderbrarup",
            "note": "Synthetic: drawn around the villages' centres, not the real boundary",
        },
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[round(lon, 6), round(lat, 6)] for lat, lon in ring.tolist()]],
        },
    }
    path.write_text(json.dumps(feature, ensure_ascii=False) + "\n", encoding="utf-8")
