"""The outbox on a database.

On PostgreSQL senders step over what another one is claiming; on SQLite they take turns.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from shuttle.keeping.tables import OutboxRow
from shuttle.telling.notices import Notice, NoticeKind
from shuttle.telling.outbox import Claim, Entry, Fate, first_of_each

_table = sa.inspect(OutboxRow).local_table
assert isinstance(_table, sa.Table)
_OUTBOX: sa.Table = _table

Connecting = Callable[[], AbstractContextManager[Connection]]


class SqlOutbox:
    """The outbox of one region.

    Parameters
    ----------
    region
        The region's id.
    reading, writing
        Give a connection in a transaction.
    mark
        Returns what stays the same as long as nothing is written.
    """

    def __init__(
        self, region: str, reading: Connecting, writing: Connecting, mark: Callable[[], object]
    ) -> None:
        self._region = region
        self._reading = reading
        self._writing = writing
        self._mark = mark
        self._next: tuple[object, int | None] = (None, None)

    def put(self, connection: Connection, day: date, notices: Sequence[Notice]) -> None:
        """Take notices in, each only once, in the transaction of what caused them.

        The day's revision lets no second writer in between looking and writing.
        """
        if not notices:
            return
        known = {tuple(row) for row in connection.execute(self._keys(notices))}
        new = [self._row(day, each) for each in first_of_each(notices) if each.key not in known]
        if new:
            connection.execute(sa.insert(_OUTBOX), new)

    def claim(self, now: int, until: int) -> Claim | None:
        """Claim the notice that has been due longest."""
        due = (
            sa.select(_OUTBOX)
            .where(*self._in(Fate.WAITING), _OUTBOX.c.due <= now, _OUTBOX.c.claimed_until <= now)
            .order_by(_OUTBOX.c.due, _OUTBOX.c.id)
            .limit(1)
        )
        if not self.is_due(now):
            return None
        with self._writing() as connection:
            row = connection.execute(due.with_for_update(skip_locked=True)).mappings().first()
            if row is None:
                return None
            attempts = row["attempts"] + 1
            connection.execute(
                sa.update(_OUTBOX)
                .where(_OUTBOX.c.id == row["id"])
                .values(claimed_until=until, attempts=attempts)
            )
            return Claim(row["id"], _notice(row), attempts, until)

    def is_due(self, now: int) -> bool:
        """Whether there is a notice that could be claimed."""
        mark = self._mark()
        known, first = self._next
        if known != mark:
            later = sa.case(
                (_OUTBOX.c.due > _OUTBOX.c.claimed_until, _OUTBOX.c.due),
                else_=_OUTBOX.c.claimed_until,
            )
            with self._reading() as connection:
                first = connection.scalar(
                    sa.select(sa.func.min(later)).where(*self._in(Fate.WAITING))
                )
            self._next = mark, first
        return first is not None and first <= now

    def settle(self, claim: Claim, fate: Fate, reason: str = "") -> bool:
        """Write down a notice's fate."""
        return self._let_go(claim, fate=fate, reason=reason)

    def postpone(self, claim: Claim, due: int, reason: str) -> bool:
        """Let a notice be tried again from a time on."""
        return self._let_go(claim, due=due, reason=reason)

    def entries(self, day: date) -> tuple[Entry, ...]:
        """Return the notices about a service day."""
        return self._entries(_OUTBOX.c.day == day.isoformat())

    def about(self, code: str) -> tuple[Entry, ...]:
        """Return the notices to one owner."""
        return self._entries(_OUTBOX.c.code == code)

    def age(self, now: int) -> int:
        """Return for how many seconds the oldest notice has been waiting."""
        query = sa.select(sa.func.min(_OUTBOX.c.time)).where(*self._in(Fate.WAITING))
        with self._reading() as connection:
            oldest = connection.scalar(query)
        return 0 if oldest is None else max(0, now - oldest)

    def _entries(self, which: sa.ColumnElement[bool]) -> tuple[Entry, ...]:
        query = sa.select(_OUTBOX).where(_OUTBOX.c.region == self._region, which)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(_OUTBOX.c.id)).mappings()
            return tuple(
                Entry(_notice(row), Fate(row["fate"]), row["attempts"], row["reason"])
                for row in rows
            )

    def _let_go(self, claim: Claim, **values: Any) -> bool:
        with self._writing() as connection:
            written = connection.execute(
                sa.update(_OUTBOX)
                .where(_OUTBOX.c.id == claim.number, _OUTBOX.c.claimed_until == claim.until)
                .values(claimed_until=0, **values)
            )
        return written.rowcount == 1

    def _in(self, fate: Fate) -> tuple[sa.ColumnElement[bool], ...]:
        return (_OUTBOX.c.region == self._region, _OUTBOX.c.fate == fate)

    def _keys(self, notices: Sequence[Notice]) -> sa.Select[Any]:
        codes = {each.code for each in notices}
        return sa.select(_OUTBOX.c.code, _OUTBOX.c.kind, _OUTBOX.c.ordinal).where(
            _OUTBOX.c.region == self._region, _OUTBOX.c.code.in_(codes)
        )

    def _row(self, day: date, notice: Notice) -> dict[str, Any]:
        return {
            "region": self._region,
            "day": day.isoformat(),
            "code": notice.code,
            "kind": notice.kind,
            "ordinal": notice.ordinal,
            "time": notice.time,
            "valid_until": notice.valid_until,
            "facts": dict(notice.facts),
            "fate": Fate.WAITING,
            "due": notice.time,
            "claimed_until": 0,
            "attempts": 0,
            "reason": "",
        }


def _notice(row: sa.RowMapping) -> Notice:
    return Notice(
        row["code"],
        NoticeKind(row["kind"]),
        row["time"],
        row["valid_until"],
        row["ordinal"],
        row["facts"],
    )
