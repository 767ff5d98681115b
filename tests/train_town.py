"""Toy Town with a made-up timetable: trains at its station, and one bus through it."""

from pathlib import Path

from shuttle.region import Region
from tests.toy_region import STOPS, write_toy_region
from tests.toy_town import coordinates

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_AT = {stop: coordinates(point) for stop, _, _, point in STOPS}

STOPS_TXT = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n" + "".join(
    f"{each},{name},{lat:.6f},{lon:.6f},{kind},{parent}\n"
    for each, name, (lat, lon), kind, parent in (
        ("station", "Musterbahnhof", _AT["bahnhof"], 1, ""),
        ("gleis-1", "Musterbahnhof Gleis 1", _AT["bahnhof"], 0, "station"),
        ("gleis-2", "Musterbahnhof Gleis 2", _AT["bahnhof"], 0, "station"),
        ("zob", "Musterbahnhof Vorplatz", _AT["bahnhof"], 0, ""),
        ("dorf", "Kirche", _AT["kirche"], 0, ""),
        ("kiel", "Kiel Hbf", (54.3147, 10.1318), 0, ""),
        ("flensburg", "Flensburg", (54.7742, 9.4370), 0, ""),
    )
)

FILES = {
    "agency.txt": "agency_name,agency_url,agency_timezone\n"
    "Musterbahn (erfunden),https://bahn.example,Europe/Berlin\n",
    "stops.txt": STOPS_TXT,
    "routes.txt": "route_id,route_short_name,route_long_name,route_type\n"
    "re72,RE 72,,2\nbus,604,,3\n",
    "trips.txt": "route_id,service_id,trip_id,trip_headsign\n"
    "re72,daily,south-9,Kiel\nre72,daily,north-9,Flensburg\nre72,daily,south-10,Kiel\n"
    "bus,daily,bus-15,Kappeln\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "south-9,08:30:00,08:30:00,flensburg,1\n"
    "south-9,09:06:00,09:07:00,gleis-1,2\n"
    "south-9,10:00:00,10:00:00,kiel,3\n"
    "north-9,08:10:00,08:10:00,kiel,1\n"
    "north-9,09:05:00,09:07:00,gleis-2,2\n"
    "north-9,09:40:00,09:40:00,flensburg,3\n"
    "south-10,09:30:00,09:30:00,flensburg,1\n"
    "south-10,10:06:00,10:07:00,gleis-1,2\n"
    "south-10,11:00:00,11:00:00,kiel,3\n"
    "bus-15,15:05:00,15:05:00,dorf,1\n"
    "bus-15,15:20:00,15:20:00,zob,2\n",
    "calendar.txt": f"service_id,{','.join(WEEKDAYS)},start_date,end_date\n"
    "daily,1,1,1,1,1,1,1,20270101,20271231\n",
}


def write_train_town(folder: Path, rule: str = "") -> Path:
    """Write Toy Town's folder with a timetable, and more of its rule; return it."""
    write_toy_region(folder)
    config = folder / "region.toml"
    table = f'[timetable]\ngtfs = "fahrplan"\n{rule}\n[contact]'
    config.write_text(config.read_text(encoding="utf-8").replace("[contact]", table, 1), "utf-8")
    feed = folder / "fahrplan"
    feed.mkdir()
    for name, text in FILES.items():
        (feed / name).write_text(text, encoding="utf-8")
    return folder


def train_town(folder: Path, rule: str = "") -> Region:
    """Return the same, loaded."""
    return Region.load(write_train_town(folder, rule))
