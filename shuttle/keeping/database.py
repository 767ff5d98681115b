"""A database as such: opening it, transactions, bringing its tables up to date.

On SQLite every writing transaction begins with ``BEGIN IMMEDIATE`` in WAL mode with full
synchronisation: what was confirmed is on the disk. Whatever a database cannot do becomes one
:class:`~shuttle.errors.StoreError`, which holds nothing of what was to be written.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlmodel import SQLModel

from shuttle.errors import StoreError


def table_of(model: type[SQLModel]) -> sa.Table:
    """Return the table of a model."""
    table = sa.inspect(model).local_table
    assert isinstance(table, sa.Table)
    return table


def open_engine(url: str) -> Engine:
    """Return an engine for ``sqlite:///FILE`` or ``postgresql+psycopg://…``; nothing is opened yet.

    Raises
    ------
    StoreError
        If the URL is none, or of another kind.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"{url!r} is no database URL; write sqlite:///FILE or postgresql+psycopg://…"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.drivername != "postgresql+psycopg":
        raise StoreError(
            f"{parsed.drivername} is not supported; use sqlite:///FILE or postgresql+psycopg://…"
        )
    # Few stay open: a Kreis opens a pool for each region, in each process.
    return sa.create_engine(
        parsed, pool_pre_ping=True, hide_parameters=True, pool_size=2, max_overflow=13
    )


def _sqlite_engine(url: sa.URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise StoreError("SQLite needs a file: sqlite:///FILE.")
    Path(url.database).resolve().parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30.0}, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.close()

    return engine


@contextmanager
def writing(engine: Engine, *, awaited: bool = True) -> Iterator[Connection]:
    """Give a connection on which everything is written or nothing.

    Parameters
    ----------
    engine
        Of the database.
    awaited
        Whether it is on the disk at the end. What is not can be read by everybody at once, and
        outlives our process; a power cut may lose it. For what is counted rather than promised:
        a disk that is busy takes a tenth of a second to say that it has something.

    Raises
    ------
    IntegrityError
        If a row was there before; whoever writes knows what that means.
    StoreError
        If the database cannot be used. Where it was lost during the commit, the change is either
        there or not.
    """
    with _said_plainly(), engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if awaited else 'NORMAL'}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif not awaited:
            connection.exec_driver_sql("SET LOCAL synchronous_commit=off")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection on which all reads see one state, the one of the first read.

    Raises
    ------
    StoreError
        If the database cannot be used.
    """
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with _said_plainly(), engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        yield connection


@contextmanager
def _said_plainly() -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        # Further lines of a driver's message may show the row that was to be written.
        reason = str(error.orig).partition("\n")[0].rstrip(".")
        raise StoreError(f"The database cannot be used: {reason}.") from error
    except NoConnectionFree as error:
        raise StoreError("The database cannot be used: all connections are busy.") from error


class Marks:
    """Tells at next to no cost that nothing was written since one looked last.

    Whoever looks every second whether there is something to do, asks here first: fifty regions
    would else spend half of a core on questions that are answered as they were a second ago.

    Parameters
    ----------
    engine
        Of the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._turn = engine, threading.Lock()
        self._line: Any = None

    def __call__(self) -> object:
        """Return a mark of the database; as long as it is the same, nothing was written.

        What is read after asking is at least as new as the mark. Only SQLite has such marks: on
        PostgreSQL each is another one.
        """
        if self._engine.dialect.name != "sqlite":
            return object()
        try:
            with self._turn:
                if self._line is None:
                    self._line = self._engine.raw_connection()
                [mark] = self._line.cursor().execute("PRAGMA data_version").fetchone()
        except (sqlite3.Error, DBAPIError, NoConnectionFree):
            return object()  # whoever looks closer finds out what is wrong
        return int(mark)

    def close(self) -> None:
        """Let go of the connection that is kept for that."""
        with self._turn:
            line, self._line = self._line, None
            if line is not None:
                line.close()


def migrate(connection: Connection) -> None:
    """Bring the schema to its newest version; two servers starting at once take turns."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(7421)"))
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def newest_schema() -> str:
    """Return the number of the newest migration."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    assert head is not None
    return head


def schema_of(connection: Connection) -> str | None:
    """Return the number of the migration that a database is at, None if it has no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
