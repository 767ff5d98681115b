"""The past of days in the database: one row a change, with what it made of the day.

A row repeats no promise: those stand with the bookings, and never change.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from shuttle.domain import Booking, BookingStatus
from shuttle.keeping.database import table_of
from shuttle.keeping.tables import StepRow
from shuttle.keeping.trouble_rows import amendment, condition, condition_row
from shuttle.store import Change, HaltRecord, Step, TourRecord

STEP = table_of(StepRow)


def keep(connection: Connection, region: str, change: Change) -> None:
    """Write down what a change made of its day."""
    step = change.step
    facts = {
        "tours": [
            [each.shift, each.fixed, each.served, each.ready, _halts(each)] for each in step.tours
        ],
        "bookings": [
            [each.code, each.status, None if each.amendment is None else asdict(each.amendment)]
            for each in step.bookings
        ],
        "conditions": [condition_row(region, change.day, each) for each in step.conditions],
    }
    row = {"region": region, "day": change.day.isoformat(), "revision": step.revision}
    connection.execute(sa.insert(STEP), {**row, "time": step.time, "facts": facts})


def steps(
    connection: Connection, region: str, day: date, bookings: Mapping[str, Booking]
) -> tuple[Step, ...]:
    """Return a day's past; `bookings` are all that it ever had, by code."""
    query = (
        sa.select(STEP)
        .where(STEP.c.region == region, STEP.c.day == day.isoformat())
        .order_by(STEP.c.id)
    )
    rows = connection.execute(query).mappings().all()
    if not rows or rows[0]["revision"] != 1:
        return ()
    return tuple(_step(row["revision"], row["time"], row["facts"], bookings) for row in rows)


def _step(
    revision: int, time: int, facts: Mapping[str, Any], bookings: Mapping[str, Booking]
) -> Step:
    tours = (
        TourRecord(shift, fixed, served, ready, tuple(HaltRecord(*halt) for halt in halts))
        for shift, fixed, served, ready, halts in facts["tours"]
    )
    changed = (
        replace(bookings[code], status=BookingStatus(status), amendment=amendment(amended))
        for code, status, amended in facts["bookings"]
    )
    conditions = (condition(each) for each in facts["conditions"])
    return Step(revision, time, tuple(tours), tuple(changed), tuple(conditions))


def _halts(record: TourRecord) -> list[tuple[int, str, int | None]]:
    return [(halt.kind, halt.trip, halt.time) for halt in record.halts]
