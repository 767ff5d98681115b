"""What many tests share: Toy Town as a loaded region, and a dispatcher for it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from routing import improvement, insertion
from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.browser import browser
from tests.databases import (
    database_url,
    postgres_server,
    postgres_url,
    store,
    tables_written_out,
)
from tests.planned import planned
from tests.receivers import gateway, letterbox
from tests.toy_region import write_toy_region

# Many tests start the service as a process of its own. Without bytecode on disk, each of those
# would compile every library anew, for seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")

__all__ = [
    "browser",
    "database_url",
    "gateway",
    "letterbox",
    "planned",
    "postgres_server",
    "postgres_url",
    "store",
    "tables_written_out",
]


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region folder of Toy Town; read, never write."""
    return write_toy_region(tmp_path_factory.mktemp("toy") / "region")


@pytest.fixture(scope="session")
def toy_region(toy_folder: Path) -> Region:
    """Toy Town, loaded; and the search compiled, by one process for all that want it."""
    insertion.warm_up()
    improvement.warm_up()
    return Region.load(toy_folder)


@pytest.fixture
def dispatcher(toy_region: Region) -> Iterator[Dispatcher]:
    """A dispatcher of Toy Town that forgets."""
    made = Dispatcher(toy_region, MemoryStore())
    yield made
    made.close()
