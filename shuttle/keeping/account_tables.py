"""The tables of those who work here: accounts, sessions, keys of partner systems, shift codes.

No row holds a secret: passwords are argon2 hashes, everything else is a keyed print of a token.
"""

import sqlalchemy as sa
from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel


class StaffRow(SQLModel, table=True):
    """Somebody who signs in with a password."""

    __tablename__ = "staff_account"

    region: str = Field(primary_key=True, max_length=64)
    name: str = Field(primary_key=True, max_length=64)
    password: str = Field(max_length=255)
    roles: str = Field(max_length=64)
    made_at: int = Field(sa_type=BigInteger)


class StaffSessionRow(SQLModel, table=True):
    """An open session: of an account, or of the driver of one shift (then `name` is empty)."""

    __tablename__ = "staff_session"
    __table_args__ = (Index("staff_session_of_name", "region", "name"),)

    region: str = Field(primary_key=True, max_length=64)
    digest: str = Field(primary_key=True, max_length=32)
    name: str = Field(max_length=64)
    day: str = Field(max_length=10)
    shift: str = Field(max_length=64)
    begun: int = Field(sa_type=BigInteger)
    seen: int = Field(sa_type=BigInteger)
    ends: int = Field(sa_type=BigInteger)


class ApiKeyRow(SQLModel, table=True):
    """A partner system."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("region", "digest", name="api_key_of_digest"),)

    region: str = Field(primary_key=True, max_length=64)
    name: str = Field(primary_key=True, max_length=64)
    digest: str = Field(max_length=32)
    scopes: str = Field(max_length=200)
    made_at: int = Field(sa_type=BigInteger)
    webhook: str = Field(default="", max_length=500)


class ShiftCodeRow(SQLModel, table=True):
    """A code that opens a shift; deleted when it is used."""

    __tablename__ = "shift_code"

    region: str = Field(primary_key=True, max_length=64)
    digest: str = Field(primary_key=True, max_length=32)
    day: str = Field(max_length=10)
    shift: str = Field(max_length=64)
    ends: int = Field(sa_type=BigInteger)


def _table(model: type[SQLModel]) -> sa.Table:
    table = sa.inspect(model).local_table
    assert isinstance(table, sa.Table)
    return table


STAFF, SESSION = _table(StaffRow), _table(StaffSessionRow)
API_KEY, SHIFT_CODE = _table(ApiKeyRow), _table(ShiftCodeRow)
