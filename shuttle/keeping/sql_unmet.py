"""The log of unmet demand on a database: rows of one table."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

from shuttle.booking.unmet import Unmet
from shuttle.domain import Alternative, FixKind, Party
from shuttle.keeping.tables import UnmetRow

_UNMET = SQLModel.metadata.tables[str(UnmetRow.__tablename__)]


def keep(connection: Connection, region: str, unmet: Unmet) -> None:
    """Add a row."""
    row = {
        "region": region,
        "id": unmet.id,
        "day": unmet.day.isoformat(),
        "asked": unmet.asked,
        "wanted": unmet.wanted,
        "origin": unmet.origin,
        "destination": unmet.destination,
        "passengers": unmet.party.passengers,
        "wheelchairs": unmet.party.wheelchairs,
        "child_seats": unmet.party.child_seats,
        "reason": str(unmet.reason),
        "taken": unmet.taken,
    }
    connection.execute(sa.insert(_UNMET), row)


def take(connection: Connection, region: str, alternative: Alternative) -> None:
    """Write down which alternative was booked; a row that has been deleted stays so."""
    connection.execute(
        sa.update(_UNMET)
        .where(_UNMET.c.region == region, _UNMET.c.id == alternative.refusal)
        .values(taken=alternative.kind)
    )


def between(connection: Connection, region: str, first: date, last: date) -> tuple[Unmet, ...]:
    """Return the rows of some days by their wanted time."""
    query = (
        sa.select(_UNMET)
        .where(
            _UNMET.c.region == region,
            _UNMET.c.day.between(first.isoformat(), last.isoformat()),
        )
        .order_by(_UNMET.c.wanted, _UNMET.c.id)
    )
    return tuple(_unmet(row) for row in connection.execute(query).mappings())


def _unmet(row: sa.RowMapping) -> Unmet:
    return Unmet(
        id=row["id"],
        day=date.fromisoformat(row["day"]),
        asked=row["asked"],
        wanted=row["wanted"],
        origin=row["origin"],
        destination=row["destination"],
        party=Party(row["passengers"], row["wheelchairs"], row["child_seats"]),
        reason=row["reason"],
        taken=None if row["taken"] is None else FixKind(row["taken"]),
    )
