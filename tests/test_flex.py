"""The GTFS-Flex feed of a region, and the check of such feeds, with gtfs-guru as second opinion."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import gtfs_guru
import pytest
from typer.testing import CliRunner

from shuttle.cli import app
from shuttle.open_data.flex_check import check
from shuttle.open_data.gtfs_flex import flex_tables, gtfs_flex
from shuttle.open_data.tables import FeedError, read_feed, zipped
from shuttle.region import Region

HOME = "https://bus.toy-town.example"

DAY = date(2027, 3, 22)

GROUP = "area:toy-town"

Tables = dict[str, list[dict[str, str]]]


def tables_of(region: Region) -> Tables:
    return {
        name: [dict(row) for row in rows] for name, rows in flex_tables(region, HOME, DAY).items()
    }


def written(tables: Tables, folder: Path) -> Path:
    file = folder / "feed.zip"
    file.write_bytes(zipped({name: rows for name, rows in tables.items() if rows}))
    return file


def other_rules(region: Region, **rules: Any) -> Tables:
    config = region.config.model_copy(
        update={"rules": region.config.rules.model_copy(update=rules)}
    )
    changed = Region.__new__(Region)
    changed.__dict__.update(region.__dict__ | {"config": config})
    return tables_of(changed)


def second_opinion(file: Path) -> Any:
    return gtfs_guru.validate(str(file), country_code="DE", date=DAY.isoformat())


def test_a_ride_is_a_trip_from_the_group_of_stops_to_itself_in_a_window(toy_region: Region) -> None:
    tables = tables_of(toy_region)
    [trip] = tables["trips"]
    getting_on, getting_off = tables["stop_times"]
    for each in (getting_on, getting_off):
        assert (each["trip_id"], each["location_group_id"]) == (trip["trip_id"], GROUP)
        assert each["start_pickup_drop_off_window"] == "06:00:00"
        assert each["end_pickup_drop_off_window"] == "20:00:00"
    assert (getting_on["pickup_type"], getting_on["drop_off_type"]) == ("2", "1")
    assert (getting_off["pickup_type"], getting_off["drop_off_type"]) == ("1", "2")
    members = {row["stop_id"] for row in tables["location_group_stops"]}
    assert members == {stop.id for stop in toy_region.stops}


def test_the_calendar_has_the_days_of_the_hours_and_holds_for_a_year(toy_region: Region) -> None:
    [service] = tables_of(toy_region)["calendar"]
    assert [service[day] for day in ("monday", "saturday", "sunday")] == ["1", "1", "0"]
    assert (service["start_date"], service["end_date"]) == ("20270301", "20280229")


def test_what_has_to_be_booked_ahead_says_how_long(toy_region: Region) -> None:
    [rule] = tables_of(toy_region)["booking_rules"]
    assert (rule["booking_type"], rule["prior_notice_duration_min"]) == ("1", "10")
    assert (rule["prior_notice_start_day"], rule["phone_number"]) == ("7", "+49 4641 0000")
    assert rule["booking_url"] == f"{HOME}/"


def test_what_is_booked_in_real_time_says_nothing_of_notice(
    toy_region: Region, tmp_path: Path
) -> None:
    tables = other_rules(toy_region, lead_minutes=0)
    [rule] = tables["booking_rules"]
    assert rule["booking_type"] == "0"
    assert not any(value for field, value in rule.items() if field.startswith("prior"))
    file = written(tables, tmp_path)
    assert check(read_feed(file)) == []
    assert second_opinion(file).is_valid


def test_the_safe_duration_is_the_longest_ride_that_is_promised_with_its_halt(
    toy_region: Region,
) -> None:
    [trip] = tables_of(toy_region)["trips"]
    factor, offset = float(trip["safe_duration_factor"]), float(trip["safe_duration_offset"])
    rules = toy_region.config.rules
    for direct in (60, 600, 1800):
        assert factor * direct + offset == rules.halt_seconds + rules.max_ride(direct)


def test_texts_are_there_in_english_and_danish(toy_region: Region) -> None:
    said = {
        (row["table_name"], row["language"]): row["translation"]
        for row in tables_of(toy_region)["translations"]
    }
    assert said["location_groups", "en"] == "All stops in Toy Town"
    assert said["location_groups", "da"] == "Alle stoppesteder i Toy Town"
    assert len(said) == 6


def test_the_same_region_makes_the_same_bytes_and_another_one_another_version(
    toy_region: Region,
) -> None:
    assert gtfs_flex(toy_region, HOME, DAY) == gtfs_flex(toy_region, f"{HOME}/", date(2027, 3, 1))
    version = tables_of(toy_region)["feed_info"][0]["feed_version"]
    changed = other_rules(toy_region, lead_minutes=15)["feed_info"][0]["feed_version"]
    assert version != changed


def test_a_correct_feed_has_no_faults_as_zip_and_as_folder(
    toy_region: Region, tmp_path: Path
) -> None:
    file = tmp_path / "feed.zip"
    file.write_bytes(gtfs_flex(toy_region, HOME, DAY))
    assert check(read_feed(file)) == []
    folder = tmp_path / "feed"
    zipfile.ZipFile(file).extractall(folder)
    assert check(read_feed(folder)) == []


def test_the_second_opinion_finds_no_error_either(toy_region: Region, tmp_path: Path) -> None:
    """Its warnings are wrong: it skips stop times of groups, and does not let their names be said
    in other languages."""
    opinion = second_opinion(written(tables_of(toy_region), tmp_path))
    assert opinion.is_valid
    warned = {each.code for each in opinion.notices if each.severity == "WARNING"}
    assert warned == {
        "unused_trip",
        "unusable_trip",
        "stop_without_stop_time",
        "translation_unknown_table_name",
    }


Edit = Callable[[Tables], None]


def put(table: str, number: int = 0, **fields: str) -> Edit:
    """Set fields of a row."""

    def edit(tables: Tables) -> None:
        for row in tables[table]:  # the first row says which columns there are
            for field in fields:
                row.setdefault(field, "")
        tables[table][number].update(fields)

    return edit


def without(table: str) -> Edit:
    def edit(tables: Tables) -> None:
        tables[table] = []

    return edit


def only_first(table: str) -> Edit:
    def edit(tables: Tables) -> None:
        del tables[table][1:]

    return edit


def again(table: str) -> Edit:
    def edit(tables: Tables) -> None:
        tables[table].append(dict(tables[table][0]))

    return edit


def group_called(name: str) -> Edit:
    def edit(tables: Tables) -> None:
        for table in ("location_groups", "location_group_stops", "stop_times"):
            for row in tables[table]:
                row["location_group_id"] = name

    return edit


BROKEN: dict[str, tuple[Edit, str, str | None]] = {
    # what is done: the sentence, and the code of the second opinion where it sees the fault too
    "regular pickup in a window": (
        put("stop_times", pickup_type="0"),
        (
            "stop_times.txt, line 2, pickup_type: 0 is forbidden where a window is given; "
            "1 is none, 2 by booking."
        ),
        None,
    ),
    "no word of the drop-off": (
        put("stop_times", 1, drop_off_type=""),
        (
            "stop_times.txt, line 3, drop_off_type: empty, which means 0, is forbidden where a "
            "window is given; 1 is none, 2 by booking."
        ),
        None,
    ),
    "window without an end": (
        put("stop_times", end_pickup_drop_off_window=""),
        (
            "stop_times.txt, line 2, end_pickup_drop_off_window: is required where "
            "location_group_id is given."
        ),
        None,
    ),
    "window that ends before it begins": (
        put("stop_times", end_pickup_drop_off_window="05:00:00"),
        "stop_times.txt, line 2, end_pickup_drop_off_window: is not after the start of the window.",
        None,
    ),
    "times beside a window": (
        put("stop_times", arrival_time="08:00:00"),
        (
            "stop_times.txt, line 2, arrival_time: is forbidden where start_pickup_drop_off_window "
            "is given; a window has no other times."
        ),
        None,
    ),
    "stop and group at once": (
        put("stop_times", stop_id="kirche"),
        (
            "stop_times.txt, line 2, location_group_id: is forbidden where stop_id is given; keep "
            "one of the two."
        ),
        "forbidden_geography_id",
    ),
    "continuous pickup in a window": (
        put("stop_times", continuous_pickup="0"),
        (
            "stop_times.txt, line 2, continuous_pickup: 0 is forbidden where a window is given; "
            "1 is none, 2 by booking."
        ),
        None,
    ),
    "continuous pickup of the route": (
        put("routes", continuous_pickup="0"),
        "routes.txt, line 2, continuous_pickup: is forbidden on a route whose trips have windows.",
        None,
    ),
    "no notice on the same day": (
        put("booking_rules", prior_notice_duration_min=""),
        (
            "booking_rules.txt, line 2, prior_notice_duration_min: is required where booking_type "
            "is 1."
        ),
        "missing_prior_notice_duration_min",
    ),
    "two ends of the notice": (
        put("booking_rules", prior_notice_duration_max="60"),
        (
            "booking_rules.txt, line 2, prior_notice_start_day: is forbidden where "
            "prior_notice_duration_max is given."
        ),
        "forbidden_prior_notice_start_day",
    ),
    "day of notice without a time": (
        put("booking_rules", prior_notice_start_time=""),
        (
            "booking_rules.txt, line 2, prior_notice_start_time: is required where "
            "prior_notice_start_day is given."
        ),
        "missing_prior_notice_start_time",
    ),
    "last day on the same day": (
        put("booking_rules", prior_notice_last_day="1", prior_notice_last_time="17:00:00"),
        "booking_rules.txt, line 2, prior_notice_last_day: is forbidden where booking_type is 1.",
        "forbidden_same_day_booking_field_value",
    ),
    "business days on the same day": (
        put("booking_rules", prior_notice_service_id="mon-tue-wed-thu-fri-sat"),
        "booking_rules.txt, line 2, prior_notice_service_id: is forbidden where booking_type is 1.",
        "forbidden_same_day_booking_field_value",
    ),
    "rule that is not there": (
        put("stop_times", pickup_booking_rule_id="phone"),
        "stop_times.txt, line 2, pickup_booking_rule_id: 'phone' is not in booking_rules.txt.",
        None,
    ),
    "group named like a stop": (
        group_called("kirche"),
        "location_groups.txt, line 2, location_group_id: 'kirche' is a stop's id as well.",
        None,
    ),
    "trip that only begins": (
        only_first("stop_times"),
        (
            "trips.txt, line 2, trip_id: 'mon-tue-wed-thu-fri-sat@06:00-20:00' has fewer than two "
            "stop times."
        ),
        None,
    ),
    "stop listed twice": (
        again("stops"),
        "stops.txt, line 10, stop_id: hauptstrasse is there a second time.",
        "duplicate_key",
    ),
    "stop outside the world": (
        put("stops", stop_lat="95.0"),
        "stops.txt, line 2, stop_lat: '95.0' is not degrees from -90 to 90.",
        "number_out_of_range",
    ),
    "no calendar": (
        without("calendar"),
        "calendar.txt: is missing, and so is calendar_dates.txt.",
        "missing_calendar_and_calendar_date_files",
    ),
    "translations without their feed": (
        without("feed_info"),
        "feed_info.txt: is missing or empty, and a feed needs it.",
        None,
    ),
    "translation of nothing": (
        put("translations", record_id=""),
        "translations.txt, line 2, record_id: is required where field_value is empty.",
        None,
    ),
    "feed that ends before it begins": (
        put("feed_info", feed_end_date="20260101"),
        "feed_info.txt, line 2, feed_end_date: is before feed_start_date.",
        "start_and_end_range_out_of_order",
    ),
    "address without a scheme": (
        put("agency", agency_url="bus.example.org"),
        (
            "agency.txt, line 2, agency_url: 'bus.example.org' is not an address that begins with "
            "http:// or https://."
        ),
        "invalid_url",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_feed_is_told_in_one_sentence(
    name: str, toy_region: Region, tmp_path: Path
) -> None:
    edit, sentence, code = BROKEN[name]
    tables = tables_of(toy_region)
    edit(tables)
    file = written(tables, tmp_path)
    told = [str(each) for each in check(read_feed(file))]
    assert sentence in told
    assert len(told) == 1 or "'mon-tue" in told[-1] or name == "stop and group at once", told
    if code is not None:
        assert code in {each.code for each in second_opinion(file).notices}


def test_a_zone_is_a_place_as_well_and_its_id_its_own(toy_region: Region, tmp_path: Path) -> None:
    tables = tables_of(toy_region)
    for row in tables["stop_times"]:
        row.update(location_group_id="", location_id="zone")
    folder = tmp_path / "feed"
    folder.mkdir()
    zipfile.ZipFile(written(tables, tmp_path)).extractall(folder)
    assert {each.field for each in check(read_feed(folder))} == {"location_id"}
    zone = '{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "%s"}]}'
    (folder / "locations.geojson").write_text(zone % "zone")
    assert check(read_feed(folder)) == []
    (folder / "locations.geojson").write_text(zone % GROUP)
    assert "the id of a stop or group as well" in str(check(read_feed(folder))[-1])
    (folder / "locations.geojson").write_text("{}")
    with pytest.raises(FeedError, match="no GeoJSON"):
        check(read_feed(folder))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"stop_id\nm\xfcnster\n", "is not in UTF-8"),
        (b'stop_id\n"open\n', "is no table with commas"),
        (b"stop_id\na,b\n", "line 2 has more fields than the header"),
    ],
)
def test_an_unreadable_table_is_told_by_name(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "stops.txt").write_bytes(content)
    with pytest.raises(FeedError, match=r"stops\.txt") as raised:
        read_feed(tmp_path)
    assert sentence in str(raised.value)


def shuttle(*words: str) -> Any:
    result = CliRunner().invoke(app, ("open-data", *words))
    assert "Traceback" not in result.output
    return result


def test_the_command_writes_a_feed_that_the_other_command_passes(
    toy_folder: Path, tmp_path: Path
) -> None:
    file = str(tmp_path / "feed.zip")
    made = shuttle("gtfs-flex", "--out", file, "--url", HOME, "--region", str(toy_folder))
    assert (made.exit_code, "8 stops of Toy Town" in made.output) == (0, True), made.output
    checked = shuttle("check", file)
    assert (checked.exit_code, "keeps the rules" in checked.output) == (0, True)


def test_the_check_of_a_broken_feed_ends_with_an_error(toy_region: Region, tmp_path: Path) -> None:
    tables = tables_of(toy_region)
    tables["booking_rules"][0]["booking_type"] = "7"
    result = shuttle("check", str(written(tables, tmp_path)))
    assert result.exit_code == 1
    assert result.output == (
        "booking_rules.txt, line 2, booking_type: '7' is not one of 0, 1, 2.\n"
    )


def test_what_is_no_feed_and_a_feed_without_an_address_are_refused_in_a_sentence(
    toy_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "feed.zip").write_text("no zip")
    assert "neither a folder nor a zip" in shuttle("check", str(tmp_path / "feed.zip")).output
    assert "cannot be read" in shuttle("check", str(tmp_path / "none.zip")).output
    refused = shuttle("gtfs-flex", "--out", str(tmp_path / "f"), "--region", str(toy_folder))
    assert (refused.exit_code, "SHUTTLE_PUBLIC_URL" in refused.output) == (1, True)
