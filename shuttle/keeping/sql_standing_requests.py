"""Standing requests in the database, beside the days of :mod:`shuttle.keeping.sql_store`."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from shuttle.domain import Channel, Contact, Location, Party, RideRequest, When
from shuttle.keeping.standing_tables import SERIES, SERIES_DAY, WAITING
from shuttle.standing.standing_requests import (
    LISTED,
    Instance,
    Owner,
    Series,
    Waiting,
    WaitingState,
)

Transaction = Callable[[], AbstractContextManager[Connection]]


class SqlStandingRequests:
    """Keeps the standing requests of one region in a database.

    Parameters
    ----------
    region
        The region's id.
    reading, writing
        Begin a transaction on the store's database.
    """

    def __init__(self, region: str, reading: Transaction, writing: Transaction) -> None:
        self._region = region
        self._reading = reading
        self._writing = writing

    def add_series(self, series: Series, owner: Owner, key: str) -> Series:
        """Keep a series; return the one that the key stands for."""
        row = {**_series_row(series), **self._owned(owner, key)}
        return _series(self._added(SERIES, row))

    def series(self, code: str) -> Series | None:
        """Return a series."""
        row = self._row(SERIES, code)
        return None if row is None else _series(row)

    def series_until(self, day: date) -> tuple[Series, ...]:
        """Return the series that last until a day or longer and are not ended."""
        query = (
            sa.select(SERIES)
            .where(
                SERIES.c.region == self._region,
                SERIES.c.last_day >= day.isoformat(),
                sa.not_(SERIES.c.ended),
            )
            .order_by(SERIES.c.made_at, SERIES.c.code)
        )
        with self._reading() as connection:
            return tuple(_series(row) for row in connection.execute(query).mappings())

    def end_series(self, code: str) -> None:
        """Let no further day of a series be decided."""
        with self._writing() as connection:
            connection.execute(
                sa.update(SERIES).where(*self._named(SERIES, code)).values(ended=True)
            )

    def instances(self, code: str) -> tuple[Instance, ...]:
        """Return the decided days of a series."""
        query = (
            sa.select(SERIES_DAY)
            .where(SERIES_DAY.c.region == self._region, SERIES_DAY.c.series == code)
            .order_by(SERIES_DAY.c.day)
        )
        with self._reading() as connection:
            return tuple(
                Instance(row.series, date.fromisoformat(row.day), row.booking, row.missed)
                for row in connection.execute(query)
            )

    def add_waiting(self, waiting: Waiting, owner: Owner, key: str) -> Waiting:
        """Put somebody on the list; return whom the key stands for."""
        row = {**_waiting_row(waiting), **self._owned(owner, key)}
        return _waiting(self._added(WAITING, row))

    def waiting(self, code: str) -> Waiting | None:
        """Return somebody on the list."""
        row = self._row(WAITING, code)
        return None if row is None else _waiting(row)

    def waiting_list(self) -> tuple[Waiting, ...]:
        """Return all who are waiting or were told."""
        query = (
            sa.select(WAITING)
            .where(WAITING.c.region == self._region, WAITING.c.state.in_(LISTED))
            .order_by(WAITING.c.made_at, WAITING.c.code)
        )
        with self._reading() as connection:
            return tuple(_waiting(row) for row in connection.execute(query).mappings())

    def lapse(self, now: int) -> None:
        """Take those off the list whose time is over."""
        self._leave(WaitingState.LAPSED, WAITING.c.lapses_at <= now)

    def withdraw(self, code: str) -> None:
        """Take somebody off the list."""
        self._leave(WaitingState.WITHDRAWN, WAITING.c.code == code)

    def put_back(self, code: str, held_until: int) -> None:
        """Let somebody wait again."""
        told = (WAITING.c.state == WaitingState.TOLD, WAITING.c.held_until == held_until)
        self._leave(WaitingState.WAITING, WAITING.c.code == code, *told)

    def owner(self, code: str) -> Owner | None:
        """Return whom a series or a place on the list belongs to."""
        row = self._row(SERIES, code) or self._row(WAITING, code)
        if row is None:
            return None
        contact = Contact(
            row["name"], row["phone"], row["email"], Channel(row["channel"]), row["language"]
        )
        return Owner(contact, row["phone_pseudonym"])

    def write(
        self,
        connection: Connection,
        instances: Iterable[Instance],
        waiting: Iterable[Waiting],
        rebooked: Mapping[str, str],
    ) -> None:
        """Write what has changed together with a day, in the day's transaction."""
        for each in instances:
            row = {"series": each.series, "day": each.day.isoformat()}
            row |= {"region": self._region, "booking": each.booking, "missed": each.missed}
            connection.execute(sa.insert(SERIES_DAY), row)
        for old, new in rebooked.items():
            connection.execute(
                sa.update(SERIES_DAY)
                .where(SERIES_DAY.c.region == self._region, SERIES_DAY.c.booking == old)
                .values(booking=new)
            )
        for entry in waiting:
            connection.execute(
                sa.update(WAITING)
                .where(*self._named(WAITING, entry.code))
                .values(state=entry.state, held_until=entry.held_until)
            )

    def _named(self, table: sa.Table, code: str) -> tuple[sa.ColumnElement[bool], ...]:
        return (table.c.region == self._region, table.c.code == code)

    def _row(self, table: sa.Table, code: str) -> sa.RowMapping | None:
        query = sa.select(table).where(*self._named(table, code))
        with self._reading() as connection:
            return connection.execute(query).mappings().one_or_none()

    def _added(self, table: sa.Table, row: dict[str, Any]) -> sa.RowMapping:
        """Insert a row unless its key was used before, and return the row of the key."""
        try:
            with self._writing() as connection:
                connection.execute(sa.insert(table), row)
        except IntegrityError:  # the key is there: what it stands for is returned
            pass
        query = sa.select(table).where(
            table.c.region == self._region, table.c.idempotency_key == row["idempotency_key"]
        )
        with self._reading() as connection:
            return connection.execute(query).mappings().one()

    def _leave(self, state: WaitingState, *which: sa.ColumnElement[bool]) -> None:
        with self._writing() as connection:
            connection.execute(
                sa.update(WAITING)
                .where(WAITING.c.region == self._region, WAITING.c.state.in_(LISTED), *which)
                .values(state=state)
            )

    def _owned(self, owner: Owner, key: str) -> dict[str, Any]:
        contact = owner.contact
        return {
            "region": self._region,
            "idempotency_key": key,
            "phone_pseudonym": owner.phone_pseudonym,
            "name": contact.name,
            "phone": contact.phone,
            "email": contact.email,
            "channel": contact.channel,
            "language": contact.language,
        }


def _ends(origin: Location, destination: Location, party: Party) -> dict[str, Any]:
    return {
        "from_lat": origin.lat,
        "from_lon": origin.lon,
        "from_label": origin.label,
        "from_stop": origin.stop,
        "to_lat": destination.lat,
        "to_lon": destination.lon,
        "to_label": destination.label,
        "to_stop": destination.stop,
        "passengers": party.passengers,
        "wheelchairs": party.wheelchairs,
        "child_seats": party.child_seats,
    }


def _origin(row: sa.RowMapping) -> Location:
    return Location(row["from_lat"], row["from_lon"], row["from_label"], row["from_stop"])


def _destination(row: sa.RowMapping) -> Location:
    return Location(row["to_lat"], row["to_lon"], row["to_label"], row["to_stop"])


def _party(row: sa.RowMapping) -> Party:
    return Party(row["passengers"], row["wheelchairs"], row["child_seats"])


def _series_row(series: Series) -> dict[str, Any]:
    return {
        **_ends(series.origin, series.destination, series.party),
        "code": series.code,
        "time_kind": series.when,
        "minutes": series.minutes,
        "weekdays": "".join(str(each) for each in series.weekdays),
        "first_day": series.first_day.isoformat(),
        "last_day": series.last_day.isoformat(),
        "skip_school_holidays": series.skip_school_holidays,
        "skip_public_holidays": series.skip_public_holidays,
        "made_at": series.made_at,
        "ended": series.ended,
    }


def _series(row: sa.RowMapping) -> Series:
    return Series(
        code=row["code"],
        origin=_origin(row),
        destination=_destination(row),
        when=When(row["time_kind"]),
        minutes=row["minutes"],
        party=_party(row),
        weekdays=tuple(int(each) for each in row["weekdays"]),
        first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]),
        skip_school_holidays=row["skip_school_holidays"],
        skip_public_holidays=row["skip_public_holidays"],
        made_at=row["made_at"],
        ended=row["ended"],
    )


def _waiting_row(waiting: Waiting) -> dict[str, Any]:
    request = waiting.request
    return {
        **_ends(request.origin, request.destination, request.party),
        "code": waiting.code,
        "time_kind": request.when,
        "time": request.time,
        "day": waiting.day.isoformat(),
        "made_at": waiting.made_at,
        "lapses_at": waiting.lapses_at,
        "state": waiting.state,
        "held_until": waiting.held_until,
    }


def _waiting(row: sa.RowMapping) -> Waiting:
    return Waiting(
        code=row["code"],
        request=RideRequest(
            _origin(row), _destination(row), When(row["time_kind"]), row["time"], _party(row)
        ),
        day=date.fromisoformat(row["day"]),
        made_at=row["made_at"],
        lapses_at=row["lapses_at"],
        state=WaitingState(row["state"]),
        held_until=row["held_until"],
    )
