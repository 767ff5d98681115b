"""The jobs that keep the rules of retention: one a kind of data, each in a transaction of its own.

A job gets a connection, the region and a time, and does away with what is older. What is kept
for the figures is not deleted but pseudonymised and coarsened (:mod:`shuttle.keeping.pseudonyms`).
"""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from shuttle.keeping.account_tables import SESSION, SHIFT_CODE
from shuttle.keeping.database import table_of, writing
from shuttle.keeping.planning_tables import PlanningRunRow
from shuttle.keeping.pseudonyms import (
    COARSE,
    REPORT,
    coarsen_shifts,
    forget_standing,
    pseudonymise,
    tables_with,
)
from shuttle.keeping.retention import Rule
from shuttle.keeping.sql_steps import STEP
from shuttle.keeping.standing_tables import SERIES, SERIES_DAY, WAITING
from shuttle.keeping.tables import BookingRow, ContactRow, ReceiptRow
from shuttle.region_config import RegionConfig

_BOOKING = table_of(BookingRow)
_RECEIPT, _CONTACT = table_of(ReceiptRow), table_of(ContactRow)
_RUN = table_of(PlanningRunRow)

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


def _series(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete series whose last day was before a time; ended ones once no booked day is later."""
    day = config.local_day(before).isoformat()
    later = (
        sa.exists()
        .where(
            SERIES_DAY.c.region == SERIES.c.region,
            SERIES_DAY.c.series == SERIES.c.code,
            SERIES_DAY.c.day >= day,
        )
        .correlate(SERIES)
    )
    over = sa.or_(
        SERIES.c.last_day < day, sa.and_(SERIES.c.ended, SERIES.c.made_at < before, ~later)
    )
    return _forget(connection, SERIES, config, over)


def _waiting(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete those on the waiting list whose wanted time was over before a time."""
    return _forget(connection, WAITING, config, WAITING.c.lapses_at < before)


def _forget(
    connection: Connection, table: sa.Table, config: RegionConfig, which: sa.ColumnElement[bool]
) -> int:
    """Delete standing requests with all that names them; return how many requests that were."""
    query = sa.select(table.c.code).where(table.c.region == config.id, which)
    codes = connection.scalars(query).all()
    forget_standing(connection, config.id, codes)
    return len(codes)


def _sessions(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete sessions of those who work here, and codes of shifts, that ended before a time."""
    return sum(
        _delete(connection, table, config, table.c.ends < before) for table in (SESSION, SHIFT_CODE)
    )


def _reports(connection: Connection, config: RegionConfig, before: int) -> int:
    """Delete what drivers reported on days before a time, and coarsen what it left behind.

    The steps of those days go with it: they say when somebody worked, minute by minute.
    """
    day = config.local_day(before).isoformat()
    coarsened = coarsen_shifts(connection, config.id, day)
    _delete(connection, STEP, config, STEP.c.day < day)
    return coarsened + _delete(connection, REPORT, config, REPORT.c.day < day)


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
    """Delete whatever whole service days have left, in every table that has days.

    A planner's run that replays requests holds them itself, and goes with the last day of them.
    """
    last = config.local_day(before).isoformat()
    query = sa.select(_RUN.c.number, _RUN.c.scenario).where(_RUN.c.region == config.id)
    runs = [
        number
        for number, scenario in connection.execute(query)
        if (days := _days_replayed(scenario)) and max(days) < last
    ]
    return _delete(connection, _RUN, config, _RUN.c.number.in_(runs)) + sum(
        _delete(connection, table, config, (table.c.day != "") & (table.c.day < last))
        for table in tables_with("region", "day")
    )


def _days_replayed(scenario: str) -> set[str]:
    """Return the days of the requests that a scenario holds, as it says them; none of a model."""
    table = tomllib.loads(scenario).get("demand", {}).get("table", "")
    times = (row.get("leave") or row.get("arrive") or "" for row in csv.DictReader(StringIO(table)))
    return {time.partition("T")[0] for time in times} - {""}


JOBS: Mapping[str, Job] = {
    "contact": _contacts,
    "receipt": _receipts,
    "series": _series,
    "waiting": _waiting,
    "session": _sessions,
    "report": _reports,
    "ride": _rides,
    "figures": _figures,
}
"""One job a kind of :data:`shuttle.keeping.retention.KINDS`."""


def older(table: sa.Table, time: str) -> Job:
    """Return a job that deletes a table's rows whose column `time` (epoch seconds) is older."""

    def job(connection: Connection, config: RegionConfig, before: int) -> int:
        return _delete(connection, table, config, table.c[time] < before)

    return job


def _delete(
    connection: Connection, table: sa.Table, config: RegionConfig, which: sa.ColumnElement[bool]
) -> int:
    return connection.execute(sa.delete(table).where(table.c.region == config.id, which)).rowcount
