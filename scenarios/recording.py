"""What a running service was asked, as a table that can be replayed and names nobody.

Read are stops, times and parties of bookings and of refused requests; no contact, no words of
residents, no code. What was wanted is not stored, only what was promised: a booking asks for its
window, or to be there by its latest drop-off where that is what bound it. Rides that are older
than the rule of retention are known by the quarter hour, as refused requests always are.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from scenarios.replay import COLUMNS
from shuttle.booking.unmet import Unmet
from shuttle.events import Changed, Replaced
from shuttle.keeping.database import reading, table_of
from shuttle.keeping.pseudonyms import quarter
from shuttle.keeping.sql_store import SqlStore
from shuttle.keeping.tables import BookingRow
from shuttle.region import Region

_BOOKING = table_of(BookingRow)
_READ = ("code", "booked_at", "pickup_stop", "dropoff_stop", "passengers", "wheelchairs",
         "child_seats", "pickup_earliest", "pickup_latest", "dropoff_latest", "max_ride",
         "journey")  # fmt: skip
"""All that is read of a booking; its code only tells which ones were changed into others."""

_TOLERANCE = 300
"""Seconds by which a halt may have become longer since a booking was made."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row to be written; `party` are passengers, wheelchairs and child seats."""

    asked: int
    leave: int | None
    arrive: int | None
    origin: str
    destination: str
    party: tuple[int, int, int]
    journey: str = ""


def recorded(
    store: SqlStore, region: Region, first: date, last: date
) -> tuple[list[Recorded], int]:
    """Return what was asked for rides from one day to another, in the order of asking.

    A request that was refused and then took an alternative is there once, as the booking; so is a
    booking that was changed, as it was in the end. Bookings that were called off are there too.

    Returns
    -------
    tuple
        The rows, and how many are left out: of stops that the region no longer has, so that they
        cannot be asked for again.
    """
    rows = [_refused(each) for each in store.unmet(first, last) if each.taken is None]
    for day in _days(first, last):
        rows += _booked(store, region, day)
    rows.sort(key=lambda each: (each.asked, each.leave or each.arrive or 0, each.origin))
    stops = {each.id for each in region.stops}
    known = [each for each in rows if each.origin in stops and each.destination in stops]
    return known, len(rows) - len(known)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _booked(store: SqlStore, region: Region, day: date) -> Iterator[Recorded]:
    changed = {
        each.old if isinstance(each, Changed) else each.code
        for each in store.events(day)
        if isinstance(each, Changed | Replaced)
    }
    query = sa.select(*(_BOOKING.c[name] for name in _READ)).where(
        _BOOKING.c.region == region.config.id, _BOOKING.c.day == day.isoformat()
    )
    with reading(store.engine) as connection:
        rows = connection.execute(query).mappings().all()
    halt = region.config.rules.halt_seconds
    for row in rows:
        if row["code"] in changed:
            continue
        unbound = row["pickup_latest"] + halt + row["max_ride"]
        # Booked when halts were shorter: the drop-off is earlier than today's rules would have it,
        # though nothing bound it. What bound it leaves out most of the detour, which is longer.
        arrives = row["dropoff_latest"] + _TOLERANCE < unbound
        wanted = row["dropoff_latest"] if arrives else row["pickup_earliest"]
        yield Recorded(
            min(row["booked_at"], wanted),
            None if arrives else wanted,
            wanted if arrives else None,
            row["pickup_stop"],
            row["dropoff_stop"],
            (row["passengers"], row["wheelchairs"], row["child_seats"]),
            row["journey"],
        )


def _refused(unmet: Unmet) -> Recorded:
    party = unmet.party
    return Recorded(
        min(unmet.asked, unmet.wanted),
        unmet.wanted,
        None,
        unmet.origin,
        unmet.destination,
        (party.passengers, party.wheelchairs, party.child_seats),
    )


def coarsened(rows: Iterable[Recorded]) -> list[Recorded]:
    """Return rows as the rule of retention leaves rides in the end.

    They are by the quarter hour, and do not tell which ride is the way back of which other.
    """
    return [
        replace(
            each,
            asked=quarter(each.asked),
            leave=None if each.leave is None else quarter(each.leave),
            arrive=None if each.arrive is None else quarter(each.arrive),
            journey="",
        )
        for each in rows
    ]


def table_text(rows: Iterable[Recorded], zone: ZoneInfo) -> str:
    """Return a table to be replayed; ways there and back get running numbers."""
    journeys: dict[str, int] = {}
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        journey = journeys.setdefault(row.journey, len(journeys) + 1) if row.journey else ""
        times = (_local(each, zone) for each in (row.asked, row.leave, row.arrive))
        table.writerow([*times, row.origin, row.destination, *row.party, journey])
    return text.getvalue()


def _local(time: int | None, zone: ZoneInfo) -> str:
    if time is None:
        return ""
    return datetime.fromtimestamp(time, zone).replace(tzinfo=None).isoformat()


def scenario_of_replay(first: date, last: date, **demand: str) -> dict[str, Any]:
    """Return a scenario that replays a file or a table with the means of the region."""
    return {
        "repetitions": 5,
        "title": {
            "de": f"Nachgespielt: {first} bis {last}",
            "en": f"Replayed: {first} to {last}",
        },
        "dates": {"first": first, "last": last},
        "demand": {"kind": "replay", **demand},
    }
