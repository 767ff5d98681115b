"""Before the first resident can ask: the region is loaded and the search is compiled."""

from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from routing.kernel import compiled_before
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Location, RideRequest, When
from shuttle.errors import RequestError
from shuttle.region import Region
from shuttle.store import MemoryStore


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


def compile_search(region: Region, now: int, console: Console) -> None:
    """Let a made-up ride go the whole way, so that nobody real waits for the compiler."""
    with bar(console) as progress:
        progress.add_task("preparing the search", total=None)
        practice = Dispatcher(region, MemoryStore())
        try:
            _practise(practice, now)
        finally:
            practice.close()


def _practise(dispatcher: Dispatcher, now: int) -> None:
    """Book, cancel and drive between the first two stops that work, on the next day of service."""
    config = dispatcher.region.config
    days = [config.local_day(now) + timedelta(days=ahead) for ahead in range(1, 8)]
    begin, end = next(span for day in days for span in config.opening(day))
    origin, *others = [
        Location(stop.lat, stop.lon, stop.name, stop.id) for stop in dispatcher.region.stops
    ]
    for when, time in ((When.DEPART_AT, (begin + end) // 2), (When.ARRIVE_BY, (begin + end) // 2)):
        for other in others[:3]:
            try:
                quote = dispatcher.quote(RideRequest(origin, other, when, time), begin - 3600)
            except RequestError:
                continue
            if quote.offers:
                dispatcher.book(quote.offers[0], f"practice-{when}-{other.stop}", begin - 3600)
    dispatcher.advance(end)
