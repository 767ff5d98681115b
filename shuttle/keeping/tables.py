"""The database's tables. Every one carries its region: a server may hold several.

Whoever imports this file knows all of them: those of other files are imported as well.

Times are epoch seconds (UTC). Alembic migrations in ``migrations`` create exactly this;
a test holds the two against each other.
"""

from sqlalchemy import JSON, BigInteger, Column, Index, Table, UniqueConstraint
from sqlmodel import Field, SQLModel

from shuttle.keeping import (  # noqa: F401 -- registers their tables
    account_tables,
    planning_tables,
    standing_tables,
)


def all_tables() -> list[Table]:
    """Return all tables of the database, those that others depend on first."""
    return SQLModel.metadata.sorted_tables


def _time() -> Column[int]:
    return Column(BigInteger, nullable=False)


class ServiceDay(SQLModel, table=True):
    """A day that has been booked; its revision fences writers off each other."""

    __tablename__ = "service_day"

    region: str = Field(primary_key=True, max_length=64)
    day: str = Field(primary_key=True, max_length=10)
    revision: int


class BookingRow(SQLModel, table=True):
    """A booking with its promise. The promise's columns are written once."""

    __tablename__ = "booking"
    __table_args__ = (
        Index("booking_of_day", "region", "day"),
        Index("booking_of_journey", "region", "journey"),
    )

    region: str = Field(primary_key=True, max_length=64)
    code: str = Field(primary_key=True, max_length=16)
    day: str = Field(max_length=10)
    status: str = Field(max_length=16)
    booked_at: int = Field(sa_column=_time())
    origin: str = Field(max_length=200)
    destination: str = Field(max_length=200)
    pickup_stop: str = Field(max_length=64)
    dropoff_stop: str = Field(max_length=64)
    walk_to_pickup: int
    walk_from_dropoff: int
    passengers: int
    wheelchairs: int
    child_seats: int
    pickup_earliest: int = Field(sa_column=_time())
    pickup_latest: int = Field(sa_column=_time())
    dropoff_latest: int = Field(sa_column=_time())
    max_ride: int
    direct_seconds: int
    direct_metres: int
    fare_cents: int
    journey: str = Field(default="", max_length=16)
    amendment: dict[str, object] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    train: dict[str, object] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class ContactRow(SQLModel, table=True):
    """Whom a booking belongs to; apart from it, because it is deleted sooner."""

    __tablename__ = "contact"
    __table_args__ = (Index("contact_of_phone", "region", "phone_pseudonym"),)

    region: str = Field(primary_key=True, max_length=64)
    code: str = Field(primary_key=True, max_length=16)
    phone_pseudonym: str = Field(max_length=32)
    name: str = Field(max_length=200)
    phone: str = Field(max_length=16)
    email: str = Field(max_length=254)
    channel: str = Field(max_length=8)
    language: str = Field(max_length=2)


class TourRow(SQLModel, table=True):
    """The order of one shift's halts on a day: ``[kind, trip, time or null]`` each."""

    __tablename__ = "tour"

    region: str = Field(primary_key=True, max_length=64)
    day: str = Field(primary_key=True, max_length=10)
    shift: str = Field(primary_key=True, max_length=64)
    fixed: int
    served: int
    ready: int = Field(sa_column=_time())
    halts: list[tuple[int, str, int | None]] = Field(sa_column=Column(JSON, nullable=False))


class ConditionRow(SQLModel, table=True):
    """What disturbs a day: a vehicle out, other hours, a closed road or stop, slow roads."""

    __tablename__ = "condition"
    __table_args__ = (Index("condition_of_day", "region", "day"),)

    region: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=24)
    day: str = Field(max_length=10)
    kind: str = Field(max_length=16)
    facts: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    entered_at: int = Field(sa_column=_time())
    lifted_at: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))


class EventRow(SQLModel, table=True):
    """What happened, in order."""

    __tablename__ = "event"
    __table_args__ = (Index("event_of_day", "region", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    region: str = Field(max_length=64)
    day: str = Field(max_length=10)
    time: int = Field(sa_column=_time())
    kind: str = Field(max_length=32)
    facts: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))


class StepRow(SQLModel, table=True):
    """What one change made of a day, so that the day can be looked at as it was."""

    __tablename__ = "step"
    __table_args__ = (Index("step_of_day", "region", "day"),)

    id: int | None = Field(default=None, primary_key=True)
    region: str = Field(max_length=64)
    day: str = Field(max_length=10)
    revision: int
    time: int = Field(sa_column=_time())
    facts: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))


class ReceiptRow(SQLModel, table=True):
    """Which offer an idempotency key was used for, and the booking that came of it."""

    __tablename__ = "receipt"
    __table_args__ = (UniqueConstraint("region", "offer", name="receipt_of_offer"),)

    region: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=128)
    offer: str = Field(max_length=16)
    code: str = Field(max_length=16)


class ReportRow(SQLModel, table=True):
    """What a driver reported about a shift, in the order in which it was taken in."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("region", "day", "shift", "id", name="report_of_shift"),)

    number: int | None = Field(default=None, primary_key=True)
    region: str = Field(max_length=64)
    day: str = Field(max_length=10)
    shift: str = Field(max_length=64)
    id: str = Field(max_length=64)
    kind: str = Field(max_length=16)
    time: int = Field(sa_column=_time())
    code: str = Field(max_length=16)
    odometer: int | None = None
    charge: int | None = None
    takes_back: str = Field(default="", max_length=64)


class UnmetRow(SQLModel, table=True):
    """A refused request, coarsened; `taken` says which kind of alternative was booked."""

    __tablename__ = "unmet_demand"
    __table_args__ = (Index("unmet_demand_of_day", "region", "day"),)

    region: str = Field(primary_key=True, max_length=64)
    id: str = Field(primary_key=True, max_length=16)
    day: str = Field(max_length=10)
    asked: int = Field(sa_column=_time())
    wanted: int = Field(sa_column=_time())
    origin: str = Field(max_length=64)
    destination: str = Field(max_length=64)
    passengers: int
    wheelchairs: int
    child_seats: int
    reason: str = Field(max_length=32)
    taken: str | None = Field(default=None, max_length=16)


class OutboxRow(SQLModel, table=True):
    """A notice on its way, by a booking's code: who it goes to is looked up when it is sent."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("region", "code", "kind", "ordinal", name="notice_once"),
        Index("outbox_due", "region", "fate", "due"),
        Index("outbox_of_day", "region", "day"),
    )

    id: int | None = Field(default=None, primary_key=True)
    region: str = Field(max_length=64)
    day: str = Field(max_length=10)
    code: str = Field(max_length=16)
    kind: str = Field(max_length=32)
    ordinal: int = Field(sa_column=_time())
    time: int = Field(sa_column=_time())
    valid_until: int = Field(sa_column=_time())
    facts: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    fate: str = Field(max_length=16)
    due: int = Field(sa_column=_time())
    claimed_until: int = Field(sa_column=_time())
    attempts: int
    reason: str = Field(max_length=64)
