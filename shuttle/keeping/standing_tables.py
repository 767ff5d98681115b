"""The database's tables of standing requests; :mod:`shuttle.keeping.tables` has the others.

The columns of :class:`_Owned` are personal data, and so are the labels and points of both ends.
"""

import sqlalchemy as sa
from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class _Ends(SQLModel):
    """From where to where, and who."""

    from_lat: float
    from_lon: float
    from_label: str = Field(max_length=200)
    from_stop: str | None = Field(default=None, max_length=64)
    to_lat: float
    to_lon: float
    to_label: str = Field(max_length=200)
    to_stop: str | None = Field(default=None, max_length=64)
    passengers: int
    wheelchairs: int
    child_seats: int


class _Owned(SQLModel):
    """Whom it belongs to, and the key under which it was asked for."""

    idempotency_key: str = Field(max_length=128)
    phone_pseudonym: str = Field(max_length=32)
    name: str = Field(max_length=200)
    phone: str = Field(max_length=16)
    email: str = Field(max_length=254)
    channel: str = Field(max_length=8)
    language: str = Field(max_length=2)


class SeriesRow(_Ends, _Owned, table=True):
    """A weekly repeat; `weekdays` are digits from 0 for Monday."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("region", "idempotency_key", name="series_of_key"),)

    region: str = Field(primary_key=True, max_length=64)
    code: str = Field(primary_key=True, max_length=16)
    time_kind: str = Field(max_length=16)
    minutes: int
    weekdays: str = Field(max_length=7)
    first_day: str = Field(max_length=10)
    last_day: str = Field(max_length=10)
    skip_school_holidays: bool
    skip_public_holidays: bool
    made_at: int = Field(sa_type=BigInteger)
    ended: bool


class SeriesDayRow(SQLModel, table=True):
    """A day of a series, decided once: a booking's code, or why it was missed."""

    __tablename__ = "series_day"

    region: str = Field(primary_key=True, max_length=64)
    series: str = Field(primary_key=True, max_length=16)
    day: str = Field(primary_key=True, max_length=10)
    booking: str = Field(max_length=16)
    missed: str = Field(max_length=32)


class WaitingRow(_Ends, _Owned, table=True):
    """Somebody on the waiting list."""

    __tablename__ = "waiting"
    __table_args__ = (
        UniqueConstraint("region", "idempotency_key", name="waiting_of_key"),
        Index("waiting_in_state", "region", "state"),
    )

    region: str = Field(primary_key=True, max_length=64)
    code: str = Field(primary_key=True, max_length=16)
    time_kind: str = Field(max_length=16)
    time: int = Field(sa_type=BigInteger)
    day: str = Field(max_length=10)
    made_at: int = Field(sa_type=BigInteger)
    lapses_at: int = Field(sa_type=BigInteger)
    state: str = Field(max_length=16)
    held_until: int = Field(sa_type=BigInteger)


def _table(model: type[SQLModel]) -> sa.Table:
    table = sa.inspect(model).local_table
    assert isinstance(table, sa.Table)
    return table


SERIES, SERIES_DAY, WAITING = _table(SeriesRow), _table(SeriesDayRow), _table(WaitingRow)
