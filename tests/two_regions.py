"""Toy Town as two regions, Oberdorf and Niederdorf, that share the stop on the road between."""

import json
from pathlib import Path

import shapely
from shapely.geometry import mapping

from routing.stops import Stop, write_stops
from tests.toy_region import REGION_TOML, STOPS
from tests.toy_town import coordinates, write_toy_town

SHARED = "landstrasse"

HALVES = {
    # id: name, metres east from and to, place of the depot
    "oberdorf": ("Amt Oberdorf", (-1000, 1400), (-30, 0)),
    "niederdorf": ("Amt Niederdorf", (1400, 4500), (3000, 500)),
}


def write_two_regions(folder: Path) -> dict[str, Path]:
    """Write the folders of both regions; return them by id."""
    return {region: _write(folder / region, region) for region in HALVES}


def _write(folder: Path, region: str) -> Path:
    name, (west, east), depot = HALVES[region]
    folder.mkdir(parents=True)
    write_toy_town(folder / "toy-town.osm")
    south_west, north_east = coordinates((west, -1000)), coordinates((east, 1600))
    outline = shapely.box(south_west[1], south_west[0], north_east[1], north_east[0])
    (folder / "outline.geojson").write_text(json.dumps(mapping(outline)), encoding="utf-8")
    lat, lon = coordinates(depot)
    text = REGION_TOML.format(lat=lat, lon=lon)
    text = text.replace('"toy-town"', f'"{region}"').replace(
        'name = "Toy Town"', f'name = "{name}"'
    )
    (folder / "region.toml").write_text(
        text.replace("synthetic = true", 'synthetic = true\nboundary = "outline.geojson"'),
        encoding="utf-8",
    )
    stops = [
        Stop(id=each, name=called, village=village, lat=lat, lon=lon, kind="virtual")
        for each, called, village, point in STOPS
        if west < point[0] < east or each == SHARED
        for lat, lon in [coordinates(point)]
    ]
    write_stops(folder / "stops.csv", stops)
    return folder
