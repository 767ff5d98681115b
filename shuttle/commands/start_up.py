"""Before the first resident can ask: the region is loaded and the search is compiled."""

import multiprocessing
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from routing import improvement, insertion
from routing.kernel import compiled_before
from shuttle.errors import StoreError
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.settings import database_url


def bar(console: Console) -> Progress:
    """Return a progress bar for long work; it leaves nothing behind."""
    return Progress(
        TextColumn("[dim]{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def load_region(folder: Path, console: Console) -> Region:
    """Load a region's folder behind a progress bar.

    Raises
    ------
    RegionError
        With one sentence that names the file and the fix.
    """
    if not compiled_before():
        console.print("[dim]First start: the search is compiled once, in about half a minute.")
    with bar(console) as progress:
        task = progress.add_task("loading the region", total=1.0)
        return Region.load(
            folder,
            lambda step, share: progress.update(
                task, description=f"loading the region: {step}", completed=share
            ),
        )


def compile_search(region: Region, console: Console) -> None:
    """Compile the search, or load it compiled, so that nobody real waits for the compiler.

    The first time a second process compiles what offers need, on a core of its own.
    """
    with bar(console) as progress:
        task = progress.add_task("preparing the search: better tours", total=None)
        beside = None
        if not compiled_before():
            spawn = multiprocessing.get_context("spawn")
            beside = spawn.Process(target=insertion.warm_up, daemon=True)
            beside.start()
        improvement.warm_up()
        progress.update(task, description="preparing the search: offers")
        if beside is not None:
            beside.join()
        insertion.warm_up()
        region.walkable_stops(region.stops[0].lat, region.stops[0].lon)


def open_store(database: str, region: str) -> SqlStore:
    """Open a database that is there already; an SQLite file that is missing is not made.

    Raises
    ------
    StoreError
        If there is none.
    """
    if "://" not in database and not Path(database).exists():
        raise StoreError(f"There is no database at {database}; name the right one.")
    return SqlStore(database_url(database), region)
