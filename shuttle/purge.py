"""The jobs that keep the rules of retention: one a kind of data, each in a transaction of its own.

A job gets a connection, the region and a time, and does away with what is older. What is kept
for the figures is not deleted but pseudonymised and coarsened: a new random code that nobody was
given, times by the quarter hour, walks by 100 m.

A day that a job alters gets a new revision: a server that has the day in memory reads it anew.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlmodel import SQLModel

from shuttle.database import table_of, writing
from shuttle.region_config import RegionConfig
from shuttle.retention import Rule
from shuttle.tables import BookingRow, ContactRow, EventRow, ReceiptRow, ServiceDay, TourRow

_DAY, _BOOKING, _TOUR = table_of(ServiceDay), table_of(BookingRow), table_of(TourRow)
_EVENT, _RECEIPT, _CONTACT = table_of(EventRow), table_of(ReceiptRow), table_of(ContactRow)

_QUARTER = 900

COARSE = "~"
"""Codes of coarsened rides begin with it; no code that was ever given to anybody does."""

Job = Callable[[Connection, RegionConfig, int], int]
"""Do away with what is older than a time; return how many rows that were."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What came of a rule: rows deleted or coarsened."""

    data: str
    before: int
    rows: int


def purge(
    engine: Engine, config: RegionConfig, now: int, *, dry_run: bool = False
) -> tuple[Purged, ...]:
    """Keep all rules of a region.

    A dry run does the very same and takes it back.

    Raises
    ------
    StoreError
        If the database cannot be used; rules before the one that failed were kept.
    """
    return tuple(_kept(engine, config, rule, now, dry_run) for rule in config.retention_rules)


def _kept(engine: Engine, config: RegionConfig, rule: Rule, now: int, dry_run: bool) -> Purged:
    before = now - rule.days * 86_400
    with writing(engine) as connection:
        rows = JOBS[rule.data](connection, config, before)
        if dry_run:
            connection.rollback()
    return Purged(rule.data, before, rows)


def _contacts(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete contacts of rides that were to end before a time."""
    return _delete(
        connection, _CONTACT, config, _code_of(_CONTACT, _BOOKING.c.dropoff_latest < before)
    )


def _receipts(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete receipts of bookings made before a time."""
    return _delete(connection, _RECEIPT, config, _code_of(_RECEIPT, _BOOKING.c.booked_at < before))


def _code_of(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether a row names a booking of its region for which this holds."""
    return (
        sa.exists()
        .where(_BOOKING.c.region == table.c.region, _BOOKING.c.code == table.c.code, *conditions)
        .correlate(table)
    )


def _rides(connection: Connection, config: RegionConfig, before: int) -> int:
    """Coarsen the rides of service days that were over before a time."""
    query = sa.select(_BOOKING.c.day, _BOOKING.c.code).where(
        _BOOKING.c.region == config.id,
        _BOOKING.c.day < config.local_day(before).isoformat(),
        _BOOKING.c.dropoff_latest < before,
        ~_BOOKING.c.code.startswith(COARSE),
    )
    codes = defaultdict(list)
    for day, code in connection.execute(query):
        codes[day].append(code)
    for of_day in codes.values():
        pseudonymise(connection, config.id, of_day, coarsely=True)
    return sum(map(len, codes.values()))


def _figures(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete whatever whole service days have left, in every table that has days."""
    last = config.local_day(before).isoformat()
    return sum(
        _delete(connection, table, config, table.c.day < last)
        for table in tables_with("region", "day")
    )


JOBS: Mapping[str, Job] = {
    "contact": _contacts,
    "receipt": _receipts,
    "ride": _rides,
    "figures": _figures,
}
"""One job a kind of :data:`shuttle.retention.KINDS`."""


def older(table: sa.Table, time: str) -> Job:
    """Return a job that deletes a table's rows whose column `time` (epoch seconds) is older."""

    def job(connection: Connection, config: RegionConfig, before: int) -> int:
        return _delete(connection, table, config, table.c[time] < before)

    return job


def _delete(
    connection: Connection, table: sa.Table, config: RegionConfig, which: sa.ColumnElement[bool]
) -> int:
    return connection.execute(sa.delete(table).where(table.c.region == config.id, which)).rowcount


def pseudonymise(
    connection: Connection, region: str, codes: Collection[str], *, coarsely: bool
) -> None:
    """Give rides new random codes wherever they are named, and forget the residents' own words.

    Rows of other tables that have the code in a column of that name are deleted.

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
    # First the days' revisions: from here on no server can store what it planned before.
    for day in days:
        connection.execute(
            sa.update(_DAY)
            .where(_DAY.c.region == region, _DAY.c.day == day)
            .values(revision=_DAY.c.revision + 1)
        )
    for ride in rides:
        connection.execute(
            sa.update(_BOOKING)
            .where(_BOOKING.c.region == region, _BOOKING.c.code == ride["code"])
            .values(
                {
                    "code": renamed[ride["code"]],
                    "origin": "",
                    "destination": "",
                    **(_coarsened(ride) if coarsely else {}),
                }
            )
        )
    _rename_events(connection, region, days, renamed, coarsely=coarsely)
    _rename_halts(connection, region, days, renamed, coarsely=coarsely)
    for table in tables_with("region", "code"):
        if table is not _BOOKING:
            theirs = (table.c.region == region, table.c.code.in_(renamed))
            connection.execute(sa.delete(table).where(*theirs))


def tables_with(*columns: str) -> list[sa.Table]:
    """Return all tables that have these columns, those that depend on others first."""
    tables = reversed(SQLModel.metadata.sorted_tables)
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


def _coarsened(ride: sa.RowMapping) -> dict[str, int]:
    """Return times and walks of a ride by the quarter hour and 100 m.

    The promise is moved as a whole, so that its window stays as wide as it was.
    """
    moved = ride["pickup_earliest"] % _QUARTER
    return {
        "booked_at": _quarter(ride["booked_at"]),
        "pickup_earliest": ride["pickup_earliest"] - moved,
        "pickup_latest": ride["pickup_latest"] - moved,
        "dropoff_latest": ride["dropoff_latest"] - moved,
        "walk_to_pickup": ride["walk_to_pickup"] // 100 * 100,
        "walk_from_dropoff": ride["walk_from_dropoff"] // 100 * 100,
    }


def _quarter(time: int) -> int:
    return time // _QUARTER * _QUARTER


def _rename_events(
    connection: Connection,
    region: str,
    days: Collection[str],
    renamed: Mapping[str, str],
    *,
    coarsely: bool,
) -> None:
    for event in _rows_of(connection, _EVENT, region, _EVENT.c.day, days):
        facts = _renamed(event["facts"], renamed)
        if facts != event["facts"]:
            time = _quarter(event["time"]) if coarsely else event["time"]
            connection.execute(
                sa.update(_EVENT)
                .where(_EVENT.c.id == event["id"])
                .values({"facts": facts, "time": time})
            )


def _renamed(facts: Any, renamed: Mapping[str, str]) -> Any:
    """Return facts of an event with codes replaced wherever they stand."""
    if isinstance(facts, dict):
        return {key: _renamed(value, renamed) for key, value in facts.items()}
    if isinstance(facts, list):
        return [_renamed(each, renamed) for each in facts]
    return renamed.get(facts, facts) if isinstance(facts, str) else facts


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
                _quarter(time) if coarsely and trip in renamed and time is not None else time,
            ]
            for kind, trip, time in tour["halts"]
        ]
        if halts != tour["halts"]:
            own = (_TOUR.c[key] == tour[key] for key in ("region", "day", "shift"))
            connection.execute(sa.update(_TOUR).where(*own).values(halts=halts))
