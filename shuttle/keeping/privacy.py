"""What is held about a person, found by their phone number: to be shown, to be erased.

A row is about a person if its column ``phone`` or ``phone_pseudonym`` has their number, or one of
``code``, ``booking`` and ``series`` the code of a ride or standing request of theirs: every table
that has such a column is shown and erased, without being listed anywhere. Rides, what happened to
them and what drivers reported of them are not deleted but pseudonymised, as the rule for them says
(:mod:`shuttle.keeping.pseudonyms`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from shuttle.domain import UNFINISHED
from shuttle.errors import ShuttleError
from shuttle.keeping.database import reading, table_of, writing
from shuttle.keeping.pseudonyms import (
    REPORT,
    events_naming,
    forget_standing,
    pseudonymise,
    tables_with,
)
from shuttle.keeping.standing_tables import SERIES, WAITING
from shuttle.keeping.tables import BookingRow, ContactRow
from shuttle.region_config import RegionConfig

_BOOKING, _CONTACT = table_of(BookingRow), table_of(ContactRow)

_TELLING = frozenset({"phone", "phone_pseudonym", "code", "booking", "series"})


class StillToCome(ShuttleError):
    """Somebody's data cannot be erased, since a ride of theirs is booked and not over."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        rides = "a ride is" if len(codes) == 1 else f"{len(codes)} rides are"
        super().__init__(
            f"Nothing was erased: {rides} still to come ({', '.join(codes)}); "
            "cancel first, or erase with --cancel."
        )
        self.codes = codes


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of an erasure: rides that name nobody any more, and rows deleted by table."""

    rides: int
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody's number, its pseudonym, and the codes of their rides and standing requests."""

    phone: str
    pseudonym: str
    rides: tuple[str, ...]
    standing: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return (*self.rides, *self.standing)


def export(engine: Engine, config: RegionConfig, phone: str, pseudonym: str) -> dict[str, Any]:
    """Return everything that is held under a phone number, as what JSON can say.

    Parameters
    ----------
    engine
        Of the database.
    config
        Of the region.
    phone
        In the international form.
    pseudonym
        Its keyed pseudonym.
    """
    with reading(engine) as connection:
        person = _person(connection, config.id, phone, pseudonym)
        rides = _rows(connection, _BOOKING, config.id, _BOOKING.c.code.in_(person.rides))
        days = {ride["day"] for ride in rides}
        events = events_naming(connection, config.id, days, person.codes)
        held = {
            table.name: _rows(connection, table, config.id, _is_theirs(table, person))
            for table in personal_tables()
        }
        return {
            "region": config.id,
            "phone": phone,
            "booking": rides,
            "event": [dict(event) for event in events],
            **held,
        }


def still_to_come(
    engine: Engine, config: RegionConfig, pseudonym: str, now: int
) -> tuple[str, ...]:
    """Return the codes of rides under a phone number that are booked and not over."""
    with reading(engine) as connection:
        return _to_come(connection, config, _codes(connection, config.id, pseudonym), now)


def erase(engine: Engine, config: RegionConfig, phone: str, pseudonym: str, now: int) -> Erased:
    """Delete what is held under a phone number, and let its rides name nobody, in one go.

    Rides of the running day keep their times until the nightly job, since tours need them.

    Raises
    ------
    StillToCome
        If a ride is booked and not over; nothing was erased.
    """
    with writing(engine) as connection:
        person = _person(connection, config.id, phone, pseudonym)
        codes = person.rides
        ahead = _to_come(connection, config, codes, now)
        if ahead:
            raise StillToCome(ahead)
        rows = {
            table.name: connection.execute(
                sa.delete(table).where(table.c.region == config.id, _is_theirs(table, person))
            ).rowcount
            for table in personal_tables()
            if table is not REPORT
        }
        forget_standing(connection, config.id, person.standing)
        today = config.local_day(now).isoformat()
        old = connection.scalars(
            sa.select(_BOOKING.c.code).where(
                _BOOKING.c.region == config.id, _BOOKING.c.code.in_(codes), _BOOKING.c.day < today
            )
        ).all()
        pseudonymise(connection, config.id, old, coarsely=True)
        pseudonymise(connection, config.id, set(codes) - set(old), coarsely=False)
        return Erased(len(codes), rows)


def _person(connection: Connection, region: str, phone: str, pseudonym: str) -> _Person:
    """Return who has a phone number."""
    standing: list[str] = []
    for table in (SERIES, WAITING):
        theirs = (table.c.phone == phone) | (table.c.phone_pseudonym == pseudonym)
        query = sa.select(table.c.code).where(table.c.region == region, theirs)
        standing.extend(connection.scalars(query))
    rides = _codes(connection, region, pseudonym)
    return _Person(phone, pseudonym, rides, tuple(standing))


def _codes(connection: Connection, region: str, pseudonym: str) -> tuple[str, ...]:
    query = (
        sa.select(_CONTACT.c.code)
        .where(_CONTACT.c.region == region, _CONTACT.c.phone_pseudonym == pseudonym)
        .order_by(_CONTACT.c.code)
    )
    return tuple(connection.scalars(query))


def _to_come(
    connection: Connection, config: RegionConfig, codes: tuple[str, ...], now: int
) -> tuple[str, ...]:
    query = sa.select(_BOOKING.c.code).where(
        _BOOKING.c.region == config.id,
        _BOOKING.c.code.in_(codes),
        _BOOKING.c.status.in_(UNFINISHED),
        _BOOKING.c.day >= config.local_day(now).isoformat(),
    )
    return tuple(connection.scalars(query.order_by(_BOOKING.c.pickup_earliest)))


def personal_tables() -> list[sa.Table]:
    """Return the tables whose rows may be about a person, without the rides themselves."""
    return [
        table
        for table in tables_with("region")
        if table is not _BOOKING and not _TELLING.isdisjoint(table.c.keys())
    ]


def _is_theirs(table: sa.Table, person: _Person) -> sa.ColumnElement[bool]:
    values = {
        "phone": (person.phone,),
        "phone_pseudonym": (person.pseudonym,),
        "code": person.codes,
        "booking": person.rides,
        "series": person.standing,
    }
    return sa.or_(*(table.c[column].in_(values[column]) for column in _TELLING & {*table.c.keys()}))


def _rows(
    connection: Connection, table: sa.Table, region: str, which: sa.ColumnElement[bool]
) -> list[dict[str, Any]]:
    query = sa.select(table).where(table.c.region == region, which).order_by(*table.primary_key)
    return [dict(row) for row in connection.execute(query).mappings()]
