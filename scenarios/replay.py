"""Demand that really was: a table of who asked for what, kept without saying who they were.

A CSV with a header and one request a row; times are those of the region's clocks::

    asked,leave,arrive,from,to,passengers,wheelchairs,child_seats,journey
    2027-03-01T17:05,2027-03-02T08:10,,kirche,station,2,0,0,17
    2027-03-01T17:05,,2027-03-02T11:30,station,kirche,2,0,0,17
    2027-03-02T09:30,2027-03-02T10:00,,"54.612,9.811",school,1,0,0,

``asked`` is when they asked. Either ``leave`` or ``arrive`` says when they want to leave or to be
there; the service day is that day. ``from`` and ``to`` are ids of stops, or a latitude and a
longitude. A party may be left out and is one person then; so may ``journey``, which is the same for
a way there and the way back: whoever did not get there does not ask for the latter.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from io import StringIO
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from scenarios.demand import Wish
from scenarios.scenario import Demand, ScenarioError
from shuttle.domain import Location, Party, RideRequest, When
from shuttle.region import Region

COLUMNS = ("asked", "leave", "arrive", "from", "to", "passengers", "wheelchairs", "child_seats",
           "journey")  # fmt: skip

NEEDED = ("asked", "leave", "arrive", "from", "to")

PURPOSE = "replay"
"""Why they rode was not kept."""

_PLACE = re.compile(r"(-?\d{1,2}(?:\.\d+)?)[ ,;]+(-?\d{1,3}(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Asked:
    """A row: who wanted what, when. `line` is where it stands in the file."""

    line: int
    day: date
    asked: int
    when: When
    time: int
    origin: str
    destination: str
    party: Party
    journey: str


def replayed(demand: Demand, region: Region, day: date) -> tuple[Wish, ...]:
    """Return a day's wishes in the order of asking.

    Raises
    ------
    ScenarioError
        If the file cannot be read, or has a mistake: the line, what is wrong and the fix.
    """
    where = demand.file or "demand.table"
    text = demand.table or _text_of(Path(demand.file))
    rows = _rows_of(where, text, region.config.zone).get(day, ())
    first: dict[str, int] = {}
    wishes = []
    for number, row in enumerate(rows):
        origin = _location(where, region, row, "from", row.origin)
        destination = _location(where, region, row, "to", row.destination)
        request = RideRequest(origin, destination, row.when, row.time, row.party)
        there = first.setdefault(row.journey, number) if row.journey else number
        back_of = there if there != number else None
        wishes.append(Wish(number, row.asked, PURPOSE, request, back_of))
    return tuple(wishes)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path} is no CSV in UTF-8: {error}.") from error


@lru_cache(maxsize=4)
def _rows_of(where: str, text: str, zone: ZoneInfo) -> Mapping[date, tuple[Asked, ...]]:
    """Return the rows by service day, each day's in the order of asking."""
    table = csv.DictReader(StringIO(text))
    try:
        _check_header(where, table.fieldnames or [])
        rows = [_row(f"{where}, line {table.line_num}", table.line_num, each, zone)
                for each in table]  # fmt: skip
    except csv.Error as error:
        raise ScenarioError(f"{where} is no CSV: {error}.") from error
    rows.sort(key=lambda each: (each.day, each.asked, each.time, each.line))
    return {day: tuple(own) for day, own in groupby(rows, key=lambda each: each.day)}


def _check_header(where: str, names: Sequence[str]) -> None:
    unknown = [each for each in names if each not in COLUMNS]
    missing = [each for each in NEEDED if each not in names]
    if unknown or missing or len(names) != len(set(names)):
        wrong = f"there is no column {unknown[0]!r}" if unknown else "a column is there twice"
        wrong = f"the column {missing[0]} is missing" if missing else wrong
        raise ScenarioError(f"{where}, line 1: {wrong}; the columns are {', '.join(COLUMNS)}.")


def _row(where: str, line: int, row: Mapping[str | None, object], zone: ZoneInfo) -> Asked:
    if None in row or None in row.values():
        raise ScenarioError(f"{where}: it has not as many fields as the header; add or drop some.")
    cell = {str(key): str(value).strip() for key, value in row.items()}
    if bool(cell["leave"]) == bool(cell["arrive"]):
        raise ScenarioError(f"{where}: give either leave or arrive, not both and not none.")
    when = When.DEPART_AT if cell["leave"] else When.ARRIVE_BY
    asked = _time(where, "asked", cell["asked"], zone)
    wanted = _time(where, *next((each, cell[each]) for each in ("leave", "arrive") if cell[each]),
                   zone)  # fmt: skip
    if asked > wanted:
        raise ScenarioError(f"{where}: asked {cell['asked']} must not be after the wanted time.")
    for key in ("from", "to"):
        if not cell[key]:
            raise ScenarioError(f"{where}: {key} is empty; give a stop, or a place as 54.61,9.81.")
    party = _party(where, cell)
    ends = cell["from"], cell["to"]
    day = wanted.date()
    times = round(asked.timestamp()), round(wanted.timestamp())
    return Asked(line, day, times[0], when, times[1], *ends, party, cell.get("journey", ""))


def _time(where: str, key: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or len(text) < len("2027-03-02T08:10") or time.tzinfo is not None:
        raise ScenarioError(
            f"{where}: {key} {text!r} is no local time; write it as 2027-03-02T08:10."
        )
    return time.replace(tzinfo=zone)


def _party(where: str, cell: Mapping[str, str]) -> Party:
    numbers = []
    for key, usual in (("passengers", 1), ("wheelchairs", 0), ("child_seats", 0)):
        text = cell.get(key, "") or str(usual)
        if not (text.isascii() and text.isdigit() and usual <= int(text[:4]) <= 99):
            raise ScenarioError(
                f"{where}: {key} {text!r} is no number from {usual} to 99; correct it."
            )
        numbers.append(int(text))
    passengers, wheelchairs, children = numbers
    if wheelchairs + children > passengers:
        raise ScenarioError(
            f"{where}: count people in wheelchairs and children in child seats among passengers."
        )
    return Party(passengers, wheelchairs, children)


def _location(where: str, region: Region, row: Asked, key: str, text: str) -> Location:
    place = _PLACE.fullmatch(text)
    if place is not None:
        return Location(float(place[1]), float(place[2]), text)
    try:
        stop = region.stop(text)
    except KeyError as error:
        raise ScenarioError(
            f"{where}, line {row.line}: {key}: the region has no stop {text!r}; "
            "give another, or a place as 54.61,9.81."
        ) from error
    return Location(stop.lat, stop.lon, stop.label, stop.id)
