"""Accounts, sessions, keys and shift codes in the database, beside the days of the region."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from shuttle.keeping.account_tables import API_KEY, SESSION, SHIFT_CODE, STAFF
from shuttle.people.accounts import Account, AccountError, ApiKey, Role, Scope, Session, ShiftOfDay

Transaction = Callable[[], AbstractContextManager[Connection]]

Word = TypeVar("Word", bound=StrEnum)


class AccountStore:
    """Keeps who may come in to one region.

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

    def account(self, name: str) -> Account | None:
        """Return an account, None if there is none."""
        query = sa.select(STAFF).where(STAFF.c.region == self._region, STAFF.c.name == name)
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _account(row)

    def accounts(self) -> tuple[Account, ...]:
        """Return all accounts by name."""
        query = sa.select(STAFF).where(STAFF.c.region == self._region).order_by(STAFF.c.name)
        with self._reading() as connection:
            return tuple(_account(row) for row in connection.execute(query).mappings())

    def add_account(self, account: Account) -> None:
        """Keep a new account; AccountError if the name is taken."""
        row = {
            "region": self._region,
            "name": account.name,
            "password": account.password,
            "roles": _joined(account.roles),
            "made_at": account.made_at,
        }
        taken = f"{account.name} has an account; change it with: shuttle staff password"
        self._add(STAFF, row, taken)

    def set_password(self, name: str, password: str, *, end_sessions: bool) -> None:
        """Replace the hash of an account's password; AccountError if there is none."""
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(STAFF)
                .where(STAFF.c.region == self._region, STAFF.c.name == name)
                .values(password=password)
            )
            if changed.rowcount == 0:
                raise AccountError(f"Nobody is called {name!r}; see: shuttle staff list")
            if end_sessions:
                connection.execute(self._delete(SESSION, SESSION.c.name == name))

    def remove_account(self, name: str) -> None:
        """Delete an account and end its sessions; AccountError if there is none."""
        with self._writing() as connection:
            if connection.execute(self._delete(STAFF, STAFF.c.name == name)).rowcount == 0:
                raise AccountError(f"Nobody is called {name!r}; see: shuttle staff list")
            connection.execute(self._delete(SESSION, SESSION.c.name == name))

    def begin(self, session: Session, *, instead_of: str | None = None) -> None:
        """Keep a new session.

        Parameters
        ----------
        session
            A driver's ends all earlier ones of the same shift.
        instead_of
            Print of a session that ends by it.
        """
        with self._writing() as connection:
            self._begin(connection, session, instead_of)

    def _begin(self, connection: Connection, session: Session, instead_of: str | None) -> None:
        """Write a new session; those that are over go, so that none outlives its use."""
        over = [SESSION.c.ends <= session.begun]
        if instead_of is not None:
            over.append(SESSION.c.digest == instead_of)
        day, shift = "", ""
        if session.shift is not None:
            day, shift = session.shift.day.isoformat(), session.shift.shift
            over.append((SESSION.c.day == day) & (SESSION.c.shift == shift))
        connection.execute(self._delete(SESSION, sa.or_(*over)))
        row = {
            "region": self._region,
            "digest": session.digest,
            "name": session.name,
            "day": day,
            "shift": shift,
            "begun": session.begun,
            "seen": session.seen,
            "ends": session.ends,
        }
        connection.execute(sa.insert(SESSION), row)

    def session(self, digest: str) -> Session | None:
        """Return a session with what its account may do now; None if there is none."""
        query = self._sessions().where(SESSION.c.digest == digest)
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _session(row)

    def sessions(self, name: str) -> tuple[Session, ...]:
        """Return the sessions of an account, the oldest first."""
        query = self._sessions().where(SESSION.c.name == name)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(SESSION.c.begun, SESSION.c.digest)).mappings()
            return tuple(_session(row) for row in rows)

    def seen(self, digest: str, now: int) -> None:
        """Note that a session was used."""
        with self._writing() as connection:
            connection.execute(
                sa.update(SESSION)
                .where(SESSION.c.region == self._region, SESSION.c.digest == digest)
                .values(seen=now)
            )

    def end(self, digest: str) -> None:
        """End a session."""
        with self._writing() as connection:
            connection.execute(self._delete(SESSION, SESSION.c.digest == digest))

    def end_all(self, name: str, *, but: str) -> None:
        """End an account's sessions except one."""
        others = (SESSION.c.name == name) & (SESSION.c.digest != but)
        with self._writing() as connection:
            connection.execute(self._delete(SESSION, others))

    def add_shift_code(self, digest: str, shift: ShiftOfDay, ends: int, now: int) -> None:
        """Keep a code that opens a shift once; earlier unused ones of the shift open it no more."""
        day = shift.day.isoformat()
        earlier = (SHIFT_CODE.c.day == day) & (SHIFT_CODE.c.shift == shift.shift)
        with self._writing() as connection:
            connection.execute(self._delete(SHIFT_CODE, earlier | (SHIFT_CODE.c.ends <= now)))
            row = {"region": self._region, "digest": digest, "day": day, "shift": shift.shift}
            connection.execute(sa.insert(SHIFT_CODE), row | {"ends": ends})

    def open_shift(
        self, digest: str, now: int, begin: Callable[[ShiftOfDay, int], Session]
    ) -> Session | None:
        """Exchange a shift's code for a session in one transaction: of two that try, one gets in.

        Parameters
        ----------
        digest
            Keyed print of the code.
        now
            A code that has ended opens nothing.
        begin
            Makes the session of a shift and the time its code ends.
        """
        is_it = (SHIFT_CODE.c.region == self._region) & (SHIFT_CODE.c.digest == digest)
        with self._writing() as connection:
            row = connection.execute(sa.select(SHIFT_CODE).where(is_it)).mappings().one_or_none()
            used = connection.execute(sa.delete(SHIFT_CODE).where(is_it))
            if row is None or used.rowcount != 1 or row["ends"] <= now:
                return None
            session = begin(ShiftOfDay(date.fromisoformat(row["day"]), row["shift"]), row["ends"])
            self._begin(connection, session, None)
            return session

    def add_api_key(self, key: ApiKey, digest: str) -> None:
        """Keep a partner's key; AccountError if the name is taken."""
        row = {
            "region": self._region,
            "name": key.name,
            "digest": digest,
            "scopes": _joined(key.scopes),
            "made_at": key.made_at,
            "webhook": key.webhook,
        }
        self._add(API_KEY, row, f"{key.name} has a key; end it with: shuttle staff key remove")

    def api_key(self, digest: str) -> ApiKey | None:
        """Return the partner whose key has this print, None if there is none."""
        query = sa.select(API_KEY).where(
            API_KEY.c.region == self._region, API_KEY.c.digest == digest
        )
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _api_key(row)

    def api_keys(self) -> tuple[ApiKey, ...]:
        """Return all partners by name."""
        query = sa.select(API_KEY).where(API_KEY.c.region == self._region).order_by(API_KEY.c.name)
        with self._reading() as connection:
            return tuple(_api_key(row) for row in connection.execute(query).mappings())

    def set_webhook(self, name: str, url: str) -> ApiKey:
        """Tell a partner of bookings at a URL, at none if it is empty; AccountError if unknown."""
        own = (API_KEY.c.region == self._region, API_KEY.c.name == name)
        with self._writing() as connection:
            connection.execute(sa.update(API_KEY).where(*own).values(webhook=url))
            row = connection.execute(sa.select(API_KEY).where(*own)).mappings().one_or_none()
        if row is None:
            raise AccountError(f"No key is called {name!r}; see: shuttle staff key list")
        return _api_key(row)

    def remove_api_key(self, name: str) -> None:
        """Delete a partner's key; AccountError if there is none."""
        with self._writing() as connection:
            if connection.execute(self._delete(API_KEY, API_KEY.c.name == name)).rowcount == 0:
                raise AccountError(f"No key is called {name!r}; see: shuttle staff key list")

    def _add(self, table: sa.Table, row: dict[str, Any], taken: str) -> None:
        try:
            with self._writing() as connection:
                connection.execute(sa.insert(table), row)
        except IntegrityError as error:
            raise AccountError(taken) from error

    def _delete(self, table: sa.Table, which: sa.ColumnElement[bool]) -> sa.Delete:
        return sa.delete(table).where(table.c.region == self._region, which)

    def _sessions(self) -> sa.Select[Any]:
        """Select sessions with the roles of their accounts; a driver's has no account."""
        own = (STAFF.c.region == SESSION.c.region) & (STAFF.c.name == SESSION.c.name)
        return (
            sa.select(SESSION, STAFF.c.roles)
            .join(STAFF, own, isouter=True)
            .where(SESSION.c.region == self._region)
        )


def _joined(words: Iterable[StrEnum]) -> str:
    return " ".join(sorted(words))


def _words(kind: type[Word], text: str) -> frozenset[Word]:
    return frozenset(kind(word) for word in text.split())


def _account(row: sa.RowMapping) -> Account:
    return Account(row["name"], row["password"], _words(Role, row["roles"]), row["made_at"])


def _session(row: sa.RowMapping) -> Session:
    shift = None
    if row["shift"]:
        shift = ShiftOfDay(date.fromisoformat(row["day"]), row["shift"])
    return Session(
        digest=row["digest"],
        name=row["name"],
        roles=_words(Role, row["roles"] or ""),
        shift=shift,
        begun=row["begun"],
        seen=row["seen"],
        ends=row["ends"],
    )


def _api_key(row: sa.RowMapping) -> ApiKey:
    return ApiKey(row["name"], _words(Scope, row["scopes"]), row["made_at"], row["webhook"])
