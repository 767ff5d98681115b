"""Rides that name nobody: a new random code wherever they are named, coarse times and walks.

A day that is altered gets a new revision: a server that has it in memory reads it anew.
"""

import secrets
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from shuttle.driving.driving_events import BreakEnded, BreakStarted, ShiftEnded, ShiftStarted
from shuttle.events import Changed, Replaced, SeriesMissed, WindowOpened
from shuttle.keeping.database import table_of
from shuttle.keeping.sql_steps import STEP
from shuttle.keeping.tables import BookingRow, EventRow, ReportRow, ServiceDay, TourRow, all_tables

_DAY, _BOOKING = table_of(ServiceDay), table_of(BookingRow)
_TOUR, _EVENT, REPORT = table_of(TourRow), table_of(EventRow), table_of(ReportRow)

COARSE = "~"
"""Codes of coarsened rides begin with it; no code that was ever given to anybody does."""

_NAMING = ("code", "booking")
"""Columns of other tables in which a booking's code stands."""

_CODES = ("code", "by", "old", "new")
"""Facts of events that are codes of bookings."""

_TIMES = frozenset({"was", "held_until", "pickup", "possible_from", "possible_to"})
"""Facts of events that are times of day."""

_STAFF = frozenset({"viewer"})
"""Facts of events that name who works here."""

_FAR = (Changed.kind, Replaced.kind, SeriesMissed.kind, WindowOpened.kind)
"""Kinds of events that name what is of no day, or of another day than their own."""

_OF_SHIFTS = (ShiftStarted.kind, ShiftEnded.kind, BreakStarted.kind, BreakEnded.kind)
"""Kinds of events that say when somebody worked."""

_QUARTER = 900


def pseudonymise(
    connection: Connection, region: str, codes: Collection[str], *, coarsely: bool
) -> None:
    """Give rides new random codes wherever they are named, and forget the residents' own words.

    What drivers reported names them by the new code, since a shift follows its reports. The past
    of their days is deleted, and so are rows of other tables that name the booking in a column.

    Parameters
    ----------
    connection
        In a writing transaction.
    region
        The region's id.
    codes
        Of bookings.
    coarsely
        Coarsen times and walks too: for days that are over, since a running tour needs its times.
    """
    prefix = COARSE if coarsely else ""
    renamed = {code: f"{prefix}{secrets.token_hex(7)}" for code in codes}
    rides = _rows_of(connection, _BOOKING, region, _BOOKING.c.code, list(renamed))
    days = sorted({ride["day"] for ride in rides})
    _move_on(connection, region, days)
    for ride in rides:
        connection.execute(
            sa.update(_BOOKING)
            .where(_BOOKING.c.region == region, _BOOKING.c.code == ride["code"])
            .values(
                {
                    "code": renamed[ride["code"]],
                    "origin": "",
                    "destination": "",
                    "journey": "",
                    "train": sa.null(),
                    **(_coarsened(ride) if coarsely else {}),
                }
            )
        )
    _rename_events(connection, region, days, renamed, coarsely=coarsely)
    _rename_halts(connection, region, days, renamed, coarsely=coarsely)
    _rename_reports(connection, region, renamed, coarsely=coarsely)
    connection.execute(sa.delete(STEP).where(STEP.c.region == region, STEP.c.day.in_(days)))
    parted = (_BOOKING.c.region == region, _BOOKING.c.journey.in_(renamed))
    connection.execute(sa.update(_BOOKING).where(*parted).values(journey=""))
    for column in _NAMING:
        _delete_naming(connection, region, column, renamed)


def forget_standing(connection: Connection, region: str, codes: Collection[str]) -> None:
    """Delete series and places on the waiting list; what happened to them then names nobody."""
    for event in events_naming(connection, region, (), codes):
        facts = _coarse(_renamed(event["facts"], dict.fromkeys(codes, "")))
        _rewrite(connection, event, facts, quarter(event["time"]))
    for column in ("code", "series"):
        _delete_naming(connection, region, column, codes)


def _delete_naming(
    connection: Connection, region: str, column: str, codes: Collection[str]
) -> None:
    for table in tables_with("region", column):
        if table not in (_BOOKING, REPORT):
            theirs = (table.c.region == region, table.c[column].in_(codes))
            connection.execute(sa.delete(table).where(*theirs))


def tables_with(*columns: str) -> list[sa.Table]:
    """Return all tables that have these columns, those that depend on others first."""
    tables = reversed(all_tables())
    return [table for table in tables if set(columns) <= set(table.c.keys())]


def _rows_of(
    connection: Connection,
    table: sa.Table,
    region: str,
    column: sa.Column[Any],
    values: Collection[str],
) -> list[sa.RowMapping]:
    query = sa.select(table).where(table.c.region == region, column.in_(values))
    return list(connection.execute(query).mappings())


def _coarsened(ride: sa.RowMapping) -> dict[str, Any]:
    """Return times and walks of a ride by the quarter hour and 100 m.

    The promise is moved as a whole, so that its window stays as wide as it was.
    """
    moved = ride["pickup_earliest"] % _QUARTER
    amended = {} if ride["amendment"] is None else {"amendment": _amended(ride["amendment"])}
    return amended | {
        "booked_at": quarter(ride["booked_at"]),
        "pickup_earliest": ride["pickup_earliest"] - moved,
        "pickup_latest": ride["pickup_latest"] - moved,
        "dropoff_latest": ride["dropoff_latest"] - moved,
        "walk_to_pickup": ride["walk_to_pickup"] // 100 * 100,
        "walk_from_dropoff": ride["walk_from_dropoff"] // 100 * 100,
    }


def _amended(amendment: Mapping[str, Any]) -> dict[str, Any]:
    """Return an amendment by the quarter hour; how long a ride may last is no time of day."""
    own = {
        key: quarter(amendment[key])
        for key in ("boarded", "pickup_at")
        if amendment.get(key) is not None
    }
    times = {
        key: value if key == "max_ride" else quarter(value)
        for key, value in amendment["times"].items()
    }
    return {
        **amendment,
        **own,
        "times": times,
    }


def quarter(time: int) -> int:
    """Return the beginning of the quarter hour of an epoch second."""
    return time // _QUARTER * _QUARTER


def _rename_events(
    connection: Connection,
    region: str,
    days: Collection[str],
    renamed: Mapping[str, str],
    *,
    coarsely: bool,
) -> None:
    for event in events_naming(connection, region, days, renamed):
        own = event["day"] in days
        facts = _renamed(event["facts"], renamed if own else dict.fromkeys(renamed, ""))
        time = event["time"]
        if own and coarsely:
            facts, time = _coarse(facts), quarter(time)
        _rewrite(connection, event, facts, time)


def _rewrite(
    connection: Connection, event: sa.RowMapping, facts: Mapping[str, Any], time: int
) -> None:
    own = _EVENT.c.id == event["id"]
    connection.execute(sa.update(_EVENT).where(own).values(facts=facts, time=time))


def coarsen_shifts(connection: Connection, region: str, before: str) -> int:
    """Coarsen the times of shifts and breaks on days before one; return how many rows that were.

    Halts where somebody gets on or off are coarsened with their ride.
    """
    events = sa.and_(
        _EVENT.c.region == region,
        _EVENT.c.day < before,
        _EVENT.c.kind.in_(_OF_SHIFTS),
        _EVENT.c.time % _QUARTER != 0,
    )
    time = _EVENT.c.time - _EVENT.c.time % _QUARTER
    rows = connection.execute(sa.update(_EVENT).where(events).values(time=time)).rowcount
    query = sa.select(_TOUR).where(_TOUR.c.region == region, _TOUR.c.day < before)
    for tour in connection.execute(query).mappings().all():
        coarse = {
            "ready": quarter(tour["ready"]),
            "halts": [
                [kind, trip, time if trip or time is None else quarter(time)]
                for kind, trip, time in tour["halts"]
            ],
        }
        if coarse != {key: tour[key] for key in coarse}:
            _move_on(connection, region, [tour["day"]])
            own = (_TOUR.c[key] == tour[key] for key in ("region", "day", "shift"))
            connection.execute(sa.update(_TOUR).where(*own).values(coarse))
            rows += 1
    return rows


def _move_on(connection: Connection, region: str, days: Collection[str]) -> None:
    """Give days a new revision: from here on no server can store what it planned before."""
    own = (_DAY.c.region == region, _DAY.c.day.in_(days))
    connection.execute(sa.update(_DAY).where(*own).values(revision=_DAY.c.revision + 1))


def events_naming(
    connection: Connection, region: str, days: Collection[str], codes: Collection[str]
) -> list[sa.RowMapping]:
    """Return the events that name one of these codes: of its own day, or of one that names it."""
    where = sa.or_(_EVENT.c.day.in_(days), _EVENT.c.kind.in_(_FAR))
    query = sa.select(_EVENT).where(_EVENT.c.region == region, where).order_by(_EVENT.c.id)
    events = connection.execute(query).mappings()
    return [
        each for each in events if _renamed(each["facts"], dict.fromkeys(codes)) != each["facts"]
    ]


def _renamed(facts: Mapping[str, Any], renamed: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts of an event with codes replaced wherever they stand."""
    return {
        key: renamed.get(value, value) if isinstance(value, str) else value
        for key, value in facts.items()
    }


def _coarse(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts with coarse times, without codes of rides that are not coarsened, or staff."""
    known: dict[str, Any] = {
        key: "" if key in _CODES and not str(value).startswith(COARSE) else value
        for key, value in facts.items()
    }
    known |= dict.fromkeys(_STAFF & known.keys(), "")
    times = {key: known[key] for key in _TIMES & known.keys() if known[key] is not None}
    return known | {key: quarter(time) for key, time in times.items()}


def _rename_reports(
    connection: Connection, region: str, renamed: Mapping[str, str], *, coarsely: bool
) -> None:
    for old, new in renamed.items():
        time = REPORT.c.time - REPORT.c.time % _QUARTER if coarsely else REPORT.c.time
        theirs = (REPORT.c.region == region, REPORT.c.code == old)
        connection.execute(sa.update(REPORT).where(*theirs).values(code=new, time=time))


def _rename_halts(
    connection: Connection,
    region: str,
    days: Collection[str],
    renamed: Mapping[str, str],
    *,
    coarsely: bool,
) -> None:
    for tour in _rows_of(connection, _TOUR, region, _TOUR.c.day, days):
        halts = [
            [
                kind,
                renamed.get(trip, trip),
                quarter(time) if coarsely and trip in renamed and time is not None else time,
            ]
            for kind, trip, time in tour["halts"]
        ]
        if halts != tour["halts"]:
            own = (_TOUR.c[key] == tour[key] for key in ("region", "day", "shift"))
            connection.execute(sa.update(_TOUR).where(*own).values(halts=halts))
