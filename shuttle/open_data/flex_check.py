"""Looks whether a feed keeps the rules of GTFS for on-demand trips; each fault is one sentence.

What it does not look at: fares, shapes, transfers, pathways, and whether zones overlap.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shuttle.open_data.flex_conditions import CONDITIONS
from shuttle.open_data.flex_rules import FORMS, TABLES, Column, Table
from shuttle.open_data.tables import Feed, FeedError, Row

_ZONES = "locations.geojson"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong; line 0 and an empty field are about the whole file."""

    file: str
    line: int
    field: str
    sentence: str

    def __str__(self) -> str:
        where = [self.file, *([f"line {self.line}"] if self.line else [])]
        return f"{', '.join([*where, *([self.field] if self.field else [])])}: {self.sentence}."


def check(feed: Feed) -> list[Fault]:
    """Return everything that is wrong with a feed, file by file; nothing if it is right."""
    return [*_files(feed), *_tables(feed), *_between(feed)]


def _files(feed: Feed) -> Iterator[Fault]:
    """Say which files are missing."""
    needed = ["agency", "routes", "trips", "stop_times"]
    if _ZONES not in feed.other:
        needed.append("stops")
    if feed.rows("translations"):
        needed.append("feed_info")
    for name in needed:
        if not feed.rows(name):
            yield Fault(f"{name}.txt", 0, "", "is missing or empty, and a feed needs it")
    if not feed.rows("calendar") and not feed.rows("calendar_dates"):
        yield Fault("calendar.txt", 0, "", "is missing, and so is calendar_dates.txt")


def _tables(feed: Feed) -> Iterator[Fault]:
    known = _Known(feed)
    for name, table in TABLES.items():
        rows = feed.rows(name)
        yield from _twice(name, table, rows)
        for line, row in enumerate(rows, start=2):
            for field, sentence in _wrong(name, table, row, known):
                yield Fault(f"{name}.txt", line, field, sentence)


def _twice(name: str, table: Table, rows: Any) -> Iterator[Fault]:
    seen = set[tuple[str, ...]]()
    for line, row in enumerate(rows, start=2):
        key = tuple(row.get(column, "") for column in table.key)
        if table.key and key in seen:
            said = ", ".join(filter(None, key))
            yield Fault(f"{name}.txt", line, table.key[-1], f"{said} is there a second time")
        seen.add(key)


class _Known:
    """What can be referred to."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._found: dict[tuple[str, str], frozenset[str]] = {}

    def values(self, table: str, column: str) -> frozenset[str]:
        """Return all values of a column, or the ids of the zones."""
        if (table, column) not in self._found:
            self._found[table, column] = (
                frozenset(zones(self._feed))
                if table == _ZONES
                else frozenset(row.get(column, "") for row in self._feed.rows(table))
            )
        return self._found[table, column]


def _wrong(name: str, table: Table, row: Row, known: _Known) -> Iterator[tuple[str, str]]:
    for field, column in table.columns.items():
        value = row.get(field, "")
        if not value:
            if column.required:
                yield field, "is empty, and has to be given"
        elif not _formed(column, value):
            yield field, f"{value!r} is not {_form_in_words(column)}"
        elif column.refers and not any(value in known.values(*each) for each in column.refers):
            yield field, f"{value!r} is not in {_file(column.refers[0][0])}"
    for rule in CONDITIONS.get(name, ()):
        yield from rule(row)


def _formed(column: Column, value: str) -> bool:
    if column.form in FORMS:
        return FORMS[column.form][0](value)
    return value in column.form.split("|")


def _form_in_words(column: Column) -> str:
    if column.form in FORMS:
        return FORMS[column.form][1]
    return f"one of {', '.join(column.form.split('|'))}"


def _file(table: str) -> str:
    return table if table == _ZONES else f"{table}.txt"


def _between(feed: Feed) -> Iterator[Fault]:
    """Say what is wrong between rows and files."""
    yield from _shared_ids(feed)
    yield from _agencies(feed)
    yield from _members(feed)
    yield from _trips(feed)
    yield from _scheduled_routes(feed)


def _shared_ids(feed: Feed) -> Iterator[Fault]:
    """Want one set of ids for stops, groups and zones: stop times name any of them."""
    taken = {row.get("stop_id", "") for row in feed.rows("stops")}
    for line, row in enumerate(feed.rows("location_groups"), start=2):
        name = row.get("location_group_id", "")
        if name in taken:
            yield Fault(
                "location_groups.txt", line, "location_group_id", f"{name!r} is a stop's id as well"
            )
        taken.add(name)
    for name in zones(feed):
        if name in taken:
            yield Fault(_ZONES, 0, "id", f"{name!r} is the id of a stop or group as well")


def _agencies(feed: Feed) -> Iterator[Fault]:
    """Want an id of each of several agencies, and of each route whose it is."""
    if len(feed.rows("agency")) < 2:
        return
    for name in ("agency", "routes"):
        for line, row in enumerate(feed.rows(name), start=2):
            if not row.get("agency_id"):
                yield Fault(f"{name}.txt", line, "agency_id", "is required with several agencies")


def _members(feed: Feed) -> Iterator[Fault]:
    """Want stops in each group, and only such where somebody can get on."""
    kinds = {row.get("stop_id"): row.get("location_type", "") for row in feed.rows("stops")}
    filled = set[str | None]()
    for line, row in enumerate(feed.rows("location_group_stops"), start=2):
        filled.add(row.get("location_group_id"))
        if kinds.get(row.get("stop_id"), "") not in ("", "0"):
            yield Fault(
                "location_group_stops.txt", line, "stop_id", "is no stop where vehicles halt"
            )
    for line, row in enumerate(feed.rows("location_groups"), start=2):
        if row.get("location_group_id") not in filled:
            yield Fault("location_groups.txt", line, "location_group_id", "has no stops")


def _trips(feed: Feed) -> Iterator[Fault]:
    """Want each trip to begin somewhere and to end somewhere."""
    halts = Counter(row.get("trip_id") for row in feed.rows("stop_times"))
    offered = defaultdict[str | None, set[str]](set)
    for row in feed.rows("stop_times"):
        offered[row.get("trip_id")] |= {
            field for field in ("pickup_type", "drop_off_type") if row.get(field) != "1"
        }
    for line, row in enumerate(feed.rows("trips"), start=2):
        trip = row.get("trip_id")
        if halts[trip] < 2:
            yield Fault("trips.txt", line, "trip_id", f"{trip!r} has fewer than two stop times")
        elif len(offered[trip]) < 2:
            yield Fault("trips.txt", line, "trip_id", f"nobody can get on and off {trip!r}")


def _scheduled_routes(feed: Feed) -> Iterator[Fault]:
    """Want nobody to get on wherever a vehicle with windows comes by."""
    flexible = {
        row.get("trip_id")
        for row in feed.rows("stop_times")
        if row.get("start_pickup_drop_off_window")
    }
    routes = {row.get("route_id") for row in feed.rows("trips") if row.get("trip_id") in flexible}
    for line, row in enumerate(feed.rows("routes"), start=2):
        for field in ("continuous_pickup", "continuous_drop_off"):
            if row.get("route_id") in routes and row.get(field, "") not in ("", "1"):
                yield Fault(
                    "routes.txt", line, field, "is forbidden on a route whose trips have windows"
                )


def zones(feed: Feed) -> list[str]:
    """Return the ids of the zones in ``locations.geojson``."""
    if _ZONES not in feed.other:
        return []
    try:
        document: Mapping[str, Any] = json.loads(feed.other[_ZONES])
        return [str(each["id"]) for each in document["features"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FeedError(f"{_ZONES} is no GeoJSON whose features have an id.") from error
