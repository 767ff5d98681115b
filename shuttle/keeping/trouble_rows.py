"""Rows of the tables and back: conditions of a day, what they made of bookings, and trains."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, null

from shuttle.domain import Amendment, Booking, Train
from shuttle.trouble.conditions import Condition, disturbance_of, facts_of


def condition_row(region: str, day: date, condition: Condition) -> dict[str, Any]:
    """Return a condition as a row."""
    return {
        "region": region,
        "id": condition.id,
        "day": day.isoformat(),
        "kind": condition.disturbance.kind,
        "facts": facts_of(condition.disturbance),
        "entered_at": condition.entered_at,
        "lifted_at": condition.lifted_at,
    }


def condition(row: RowMapping | Mapping[str, Any]) -> Condition:
    """Return the condition of a row."""
    disturbance = disturbance_of(row["kind"], row["facts"])
    return Condition(row["id"], disturbance, row["entered_at"], row["lifted_at"])


def in_order_entered(condition: Condition) -> tuple[int, str]:
    """Return what conditions of a day are sorted by: their ids end in a number."""
    return len(condition.id), condition.id


def amendment_column(booking: Booking) -> Any:
    """Return what is stored of a booking's amendment."""
    return null() if booking.amendment is None else asdict(booking.amendment)


def amendment(column: Mapping[str, Any] | None) -> Amendment | None:
    """Return an amendment as it was stored."""
    return None if column is None else TypeAdapter(Amendment).validate_python(dict(column))


def train_column(booking: Booking) -> Any:
    """Return what is stored of the train that a booking is for."""
    if booking.train is None:
        return null()
    return TypeAdapter(Train).dump_python(booking.train, mode="json")


def train(column: Mapping[str, Any] | None) -> Train | None:
    """Return a train as it was stored."""
    return None if column is None else TypeAdapter(Train).validate_python(dict(column))
