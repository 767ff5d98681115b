"""A region folder for Toy Town: eight stops, two vehicles, one of them with a folding place."""

from pathlib import Path

from routing.stops import Stop, write_stops
from tests.toy_town import coordinates, write_toy_town

STOPS = (
    # id, name, village, metres east and north
    ("hauptstrasse", "Hauptstraße", "Oberdorf", (-400, 0)),
    ("gaensegasse", "Gänsegasse", "Oberdorf", (-200, 150)),
    ("kirche", "Kirche", "Oberdorf", (0, 280)),
    ("mitte", "Mitte", "Oberdorf", (190, 0)),
    ("landstrasse", "Landstraße", "", (1300, -100)),
    ("west", "West", "Niederdorf", (2720, 505)),
    ("bach", "Am Bach", "Niederdorf", (3100, 800)),
    ("bahnhof", "Bahnhof", "Niederdorf", (3000, 260)),
)

REGION_TOML = """
id = "toy-town"
name = "Toy Town"
attribution = "made up for tests"
extract = "toy-town.osm"
synthetic = true

[[hours]]
days = ["mon", "tue", "wed", "thu", "fri", "sat"]
from = "06:00"
to = "20:00"

[rules]
lead_minutes = 10
max_walk_metres = 400

[contact]
operator = "Toy Town"
phone = "+49 4641 0000"
email = "bus@toy-town.example"

[depots.townhall]
name = "Amtshaus"
lat = {lat}
lon = {lon}

[[vehicles]]
id = "bus-1"
name = "Bus 1"
depot = "townhall"
layouts = [{{ seats = 8, child_seats = 1 }}, {{ seats = 5, wheelchairs = 1, child_seats = 1 }}]

[[vehicles]]
id = "bus-2"
name = "Bus 2"
depot = "townhall"
layouts = [{{ seats = 4 }}]
electric = true

[[shifts]]
vehicle = "bus-1"
days = ["mon", "tue", "wed", "thu", "fri", "sat"]
from = "06:00"
to = "20:00"
breaks = [{{ from = "12:00", to = "13:30", minutes = 30 }}]

[[shifts]]
vehicle = "bus-2"
days = ["mon", "tue", "wed", "thu", "fri"]
from = "07:00"
to = "19:00"
"""


def write_toy_region(folder: Path) -> Path:
    """Write a region folder of Toy Town and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_toy_town(folder / "toy-town.osm")
    lat, lon = coordinates((-30, 0))
    (folder / "region.toml").write_text(REGION_TOML.format(lat=lat, lon=lon), encoding="utf-8")
    stops = [
        Stop(id=each, name=name, village=village, lat=lat, lon=lon, kind="virtual")
        for each, name, village, point in STOPS
        for lat, lon in [coordinates(point)]
    ]
    write_stops(folder / "stops.csv", stops)
    return folder
