"""Timetables of others: which trains stop on which day, and when."""

import zipfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shuttle.open_data.gtfs_flex import gtfs_flex
from shuttle.open_data.tables import FeedError
from shuttle.region import Region
from shuttle.timetables.timetable import Call, Timetable

BERLIN = ZoneInfo("Europe/Berlin")

MONDAY, SUNDAY = date(2027, 3, 22), date(2027, 3, 21)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

FILES = {
    "agency.txt": """agency_name,agency_url,agency_timezone
Bahn,https://bahn.example,Europe/Berlin
""",
    "stops.txt": """stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station
station,Süderbrarup,54.6369,9.7714,1,
gleis-1,Süderbrarup Gleis 1,54.6369,9.7714,0,station
gleis-2,Süderbrarup Gleis 2,54.6369,9.7715,0,station
kiel,Kiel Hbf,54.3147,10.1318,0,
flensburg,Flensburg,54.7742,9.4370,0,
""",
    "routes.txt": """route_id,route_short_name,route_long_name,route_type
re72,RE 72,Kiel-Flensburg,2
night,,Nachtbus,3
""",
    "trips.txt": """route_id,service_id,trip_id,trip_headsign
re72,weekdays,to-kiel,Kiel
re72,weekdays,to-flensburg,
night,weekend,late,Kiel
re72,feast,extra,Kiel
""",
    "stop_times.txt": """trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type
to-kiel,07:30:00,07:30:00,flensburg,1,0
to-kiel,8:06:00,8:07:00,gleis-1,2,0
to-kiel,09:00:00,09:00:00,kiel,3,1
to-flensburg,07:10:00,07:10:00,kiel,1,0
to-flensburg,,07:52:00,gleis-2,2,0
to-flensburg,08:30:00,,flensburg,3,
late,24:40:00,24:40:00,flensburg,1,0
late,25:10:00,25:12:00,gleis-1,2,0
late,,,kiel,3,0
extra,10:00:00,10:00:00,gleis-1,1,0
extra,11:00:00,11:00:00,kiel,2,0
""",
    "calendar.txt": f"""service_id,{",".join(WEEKDAYS)},start_date,end_date
weekdays,1,1,1,1,1,0,0,20270101,20271231
weekend,0,0,0,0,0,1,1,20270101,20271231
""",
    "calendar_dates.txt": """service_id,date,exception_type
weekdays,20270329,2
weekend,20270329,1
feast,20270329,1
""",
}


def feed(folder: Path, **changes: str) -> Path:
    """Write the feed; `changes` are files by their name without the ending."""
    folder.mkdir()
    for name, text in {**FILES, **{f"{each}.txt": text for each, text in changes.items()}}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def timetable(tmp_path: Path) -> Timetable:
    return Timetable.read(feed(tmp_path / "feed"))


def clocks(calls: list[Call]) -> list[tuple[str, str]]:
    return [
        (each.line, f"{datetime.fromtimestamp(each.departure, BERLIN):%d %H:%M}") for each in calls
    ]


def test_a_station_has_the_trains_of_all_its_platforms_by_departure(timetable: Timetable) -> None:
    calls = timetable.trains_at("station", MONDAY)
    assert clocks(calls) == [("Nachtbus", "22 01:12"), ("RE 72", "22 07:52"), ("RE 72", "22 08:07")]
    assert clocks(timetable.trains_at("gleis-2", MONDAY)) == [("RE 72", "22 07:52")]
    [_, north, south] = calls
    assert (south.towards, south.kind, south.departure - south.arrival) == ("Kiel", 2, 60)
    assert north.towards == "Flensburg", "the last stop, as no sign is told"


def test_what_runs_after_midnight_belongs_to_the_day_on_which_it_stops(
    timetable: Timetable,
) -> None:
    """The service of Saturday and Sunday stops on Sunday and Monday."""
    assert clocks(timetable.trains_at("gleis-1", SUNDAY)) == [("Nachtbus", "21 01:12")]
    assert clocks(timetable.trains_at("flensburg", date(2027, 3, 20))) == []


def test_exceptions_add_and_remove_days(timetable: Timetable) -> None:
    """Easter Monday: no trains of a weekday, an extra one, and the bus of the night before."""
    easter_monday = date(2027, 3, 29)
    assert clocks(timetable.trains_at("station", easter_monday)) == [
        ("Nachtbus", "29 01:12"),
        ("RE 72", "29 10:00"),
    ]
    tuesday = timetable.trains_at("station", easter_monday + timedelta(days=1))
    assert clocks(tuesday)[0] == ("Nachtbus", "30 01:12")


def test_outside_its_dates_a_service_does_not_run(timetable: Timetable) -> None:
    assert timetable.trains_at("station", date(2028, 1, 4)) == []


def test_on_the_day_of_summer_time_clocks_show_what_the_timetable_says(
    timetable: Timetable,
) -> None:
    """On 28 March 2027 there is no hour from two to three; the bus of Saturday is before it."""
    sunday = date(2027, 3, 28)
    assert clocks(timetable.trains_at("gleis-1", sunday)) == [("Nachtbus", "28 01:12")]
    monday = timetable.trains_at("gleis-1", sunday + timedelta(days=1))
    assert clocks(monday)[0] == ("Nachtbus", "29 01:12")


def test_where_nobody_gets_on_it_is_said(timetable: Timetable) -> None:
    [call] = [each for each in timetable.trains_at("kiel", MONDAY) if each.trip == "to-kiel"]
    assert not call.boarding
    assert call.alighting


def test_where_a_trip_begins_or_ends_nobody_gets_off_or_on_whatever_the_feed_says(
    timetable: Timetable,
) -> None:
    ends = {
        stop: next(each for each in timetable.trains_at(stop, MONDAY) if each.trip == trip)
        for stop, trip in (("kiel", "to-flensburg"), ("flensburg", "to-flensburg"))
    }
    assert (ends["kiel"].boarding, ends["kiel"].alighting) == (True, False)
    assert (ends["flensburg"].boarding, ends["flensburg"].alighting) == (False, True)


def test_a_bus_that_serves_a_ride_is_found_with_where_to_get_on_and_off(
    timetable: Timetable,
) -> None:
    [(begin, end)] = timetable.rides_between("station", "kiel", MONDAY)
    assert clocks([begin, end]) == [("RE 72", "22 08:07"), ("RE 72", "22 09:00")]
    assert timetable.rides_between("kiel", "station", MONDAY)[0][0].trip == "to-flensburg"
    assert timetable.rides_between("gleis-2", "kiel", MONDAY) == [], "the other direction"
    assert timetable.rides_between("station", "kiel", SUNDAY) == []


def test_a_ride_over_midnight_is_one_of_the_day_on_which_it_begins(tmp_path: Path) -> None:
    times = FILES["stop_times.txt"].replace("24:40:00,24:40:00", "23:50:00,23:50:00")
    timetable = Timetable.read(feed(tmp_path / "feed", stop_times=times))
    [(begin, end)] = timetable.rides_between("flensburg", "station", SUNDAY)
    assert clocks([begin, end]) == [("Nachtbus", "21 23:50"), ("Nachtbus", "22 01:12")]


def test_a_bus_that_comes_by_twice_is_left_at_the_first_chance(tmp_path: Path) -> None:
    circle = (
        "to-kiel,07:00:00,07:00:00,gleis-1,0,0\n"
        "to-kiel,08:30:00,08:30:00,kiel,4,0\n"
        "to-kiel,09:30:00,09:30:00,gleis-1,5,0\n"
    )
    changed = feed(tmp_path / "feed", stop_times=FILES["stop_times.txt"] + circle)
    [(begin, end)] = Timetable.read(changed).rides_between("gleis-1", "kiel", MONDAY)
    assert clocks([begin, end]) == [("RE 72", "22 08:07"), ("RE 72", "22 08:30")]


def test_a_stop_without_trains_has_none_and_an_unknown_one_is_an_error(
    tmp_path: Path,
) -> None:
    stops = FILES["stops.txt"] + "halt,Halt,54.6,9.7,0,\n"
    timetable = Timetable.read(feed(tmp_path / "feed", stops=stops))
    assert timetable.trains_at("halt", MONDAY) == []
    with pytest.raises(KeyError):
        timetable.trains_at("nowhere", MONDAY)


def test_a_zip_is_read_as_a_folder_is(tmp_path: Path, timetable: Timetable) -> None:
    file = tmp_path / "feed.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, "\ufeff" + text.replace("\n", "\r\n"))
    again = Timetable.read(file)
    assert again.trains_at("station", MONDAY) == timetable.trains_at("station", MONDAY)
    assert (again.warnings, again.names["kiel"]) == ((), "Kiel Hbf")


def test_only_exceptions_are_a_calendar_too(tmp_path: Path) -> None:
    folder = feed(tmp_path / "feed")
    (folder / "calendar.txt").unlink()
    calls = Timetable.read(folder).trains_at("station", date(2027, 3, 29))
    assert clocks(calls) == [("RE 72", "29 10:00")]


def test_frequencies_are_ignored_with_a_warning(tmp_path: Path) -> None:
    frequencies = "trip_id,start_time,end_time,headway_secs\nto-kiel,08:00:00,20:00:00,3600\n"
    timetable = Timetable.read(feed(tmp_path / "feed", frequencies=frequencies))
    [warning] = timetable.warnings
    assert "frequencies.txt is ignored; of 1 trips" in warning
    assert len(timetable.trains_at("gleis-1", MONDAY)) == 2


def test_trips_on_demand_are_left_out_with_a_warning(toy_region: Region, tmp_path: Path) -> None:
    file = tmp_path / "flex.zip"
    file.write_bytes(gtfs_flex(toy_region, "https://bus.example.org", MONDAY))
    timetable = Timetable.read(file)
    assert "1 trips on demand are left out" in timetable.warnings[0]
    assert timetable.trains_at("kirche", MONDAY) == []


BROKEN: Mapping[str, tuple[dict[str, Any], str]] = {
    "no agency": ({"agency": "agency_name\n"}, "agency.txt is missing or empty"),
    "no time": (
        {"stop_times": FILES["stop_times.txt"].replace("8:06:00", "8 Uhr")},
        "'8 Uhr' is no time such as 06:30:00",
    ),
    "no day": (
        {"calendar": FILES["calendar.txt"].replace("20270101", "someday")},
        "someday",
    ),
    "no route": ({"routes": "route_id,route_type\n"}, "re72"),
    "no zone": (
        {"agency": FILES["agency.txt"].replace("Europe/Berlin", "Europe/Angeln")},
        "Europe/Angeln",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_timetable_that_cannot_be_used_is_refused_in_a_sentence(
    name: str, tmp_path: Path
) -> None:
    changes, words = BROKEN[name]
    with pytest.raises(FeedError, match="cannot be used as a timetable") as raised:
        Timetable.read(feed(tmp_path / "feed", **changes))
    assert words in str(raised.value)
