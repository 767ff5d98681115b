"""The demo: a real service on loopback, a made-up day, and what it came to."""

import secrets
import webbrowser
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from rich.console import Console

from routing.budget import Budget
from scenarios.clock import DemoClock
from scenarios.demand import wishes
from scenarios.demo_day import DemoDay, Residents, nothing_better
from scenarios.figures import figures
from scenarios.summary import summary
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.commands.start_up import bar, compile_search, load_region
from shuttle.dispatcher import Dispatcher
from shuttle.errors import ShuttleError
from shuttle.improving.reoptimiser import Reoptimiser, improving
from shuttle.improving.solver_process import improved
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region

BUDGET = Budget(iterations=1000)
"""Of one try to plan better, after each request, where nobody watches: the figures repeat."""


class NoSuchDay(ShuttleError):
    """Nothing runs in the part of the day that was asked for."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What is to be played.

    Attributes
    ----------
    region
        Folder of the region.
    day
        The service day.
    start, until
        Minutes after midnight; None is the end of the last shift.
    rides, seed
        How many wishes the day has, and which.
    speed
        Made-up seconds a real one; None steps from one request to the next, as fast as it goes.
    port
        Where the map page is; 0 takes a free one.
    database
        A database URL; None is a file that is deleted at the end.
    browse
        Whether to open the page in a browser.
    """

    region: Path
    day: date
    start: int
    until: int | None
    rides: int
    seed: int
    speed: float | None
    port: int
    database: str | None
    browse: bool


MakeApp = Callable[..., Any]
"""``api.app.create_app``; handed in, because scenarios and the API are strangers."""


def play(demo: Demo, make_app: MakeApp, console: Console) -> None:
    """Load the region, start the service, play the day and print its figures.

    Ctrl-C ends a day that is watched; a day that is stepped through is interrupted by it.

    Raises
    ------
    ShuttleError, DemandError
        With one sentence.
    """
    with listen("127.0.0.1", demo.port) as listener, TemporaryDirectory() as folder:
        region = load_region(demo.region, console)
        begin, end = _span(region, demo)
        compile_search(region, console)
        asked = wishes(region, demo.day, demo.rides, demo.seed)
        clock = DemoClock(min([begin, *(wish.asked_at for wish in asked)]))
        url = demo.database or f"sqlite:///{folder}/demo.sqlite3"
        with (
            closing(Dispatcher(region, SqlStore(url, region.config.id))) as dispatcher,
            serving_beside(
                make_app(dispatcher, clock, secrets.token_bytes(32), tick_seconds=None), listener
            ),
            httpx2.Client(base_url=address(listener), timeout=30, trust_env=False) as http,
            nullcontext() if demo.speed is None else improving(dispatcher, clock),
        ):
            better: Callable[[int], object] = nothing_better
            if demo.speed is None:
                better = Reoptimiser(dispatcher, improved, BUDGET).step
            day = DemoDay(dispatcher, clock, Residents(http), asked, begin, end, better)
            _introduce(demo, region, console)
            if demo.speed is None:
                _step_through(day, console)
            else:
                _watch(day, demo, f"{address(listener)}/map", console)
            came_to = figures(dispatcher, demo.day, clock())
            console.print(summary(day.residents.answers, came_to, _hhmm(region, clock())))


def _span(region: Region, demo: Demo) -> tuple[int, int]:
    """Return the part of the day that is played, in epoch seconds."""
    config = region.config
    shifts = region.shifts(demo.day)
    if not shifts:
        raise NoSuchDay(f"No vehicle is out on {demo.day:%A, %-d %B %Y}; choose another --date.")
    begin = config.instant(demo.day, demo.start)
    end = max(shift.end for shift in shifts)
    if demo.until is not None:
        end = config.instant(demo.day, demo.until)
    if end <= begin:
        raise NoSuchDay(
            f"Nothing runs from {_hhmm(region, begin)} until {_hhmm(region, end)}; "
            "choose an earlier --start or a later --until."
        )
    return begin, end


def _introduce(demo: Demo, region: Region, console: Console) -> None:
    config = region.config
    made_up = " on a made-up map" if config.synthetic else ""
    console.print(f"[bold]{config.name}[/]{made_up}, {demo.day:%A, %-d %B %Y}, seed {demo.seed}")
    homes = sum(feature.kind == "address" for feature in region.features)
    console.print(
        f"{len(config.vehicles)} vehicles, {len(region.stops):,} stops, {homes:,} addresses; "
        f"{demo.rides} requests through the real API"
    )


def _book_ahead(day: DemoDay, console: Console) -> None:
    ahead = sum(wish.asked_at < day.begin for wish in day.wishes)
    with bar(console) as progress:
        task = progress.add_task("booking ahead", total=ahead)
        for _ in day.book_ahead():
            progress.advance(task)


def _step_through(day: DemoDay, console: Console) -> None:
    _book_ahead(day, console)
    with bar(console) as progress:
        task = progress.add_task("the day", total=day.end - day.begin)
        for now in day.step():
            progress.update(task, completed=now - day.begin, description=_so_far(day, now))


def _watch(day: DemoDay, demo: Demo, page: str, console: Console) -> None:
    assert demo.speed is not None
    _book_ahead(day, console)
    console.print(f"\nWatch the vehicles at [bold underline]{page}[/]")
    console.print(
        f"[dim]One real second is {demo.speed:g} of theirs. Ctrl-C ends the demo.\n",
        highlight=False,
    )
    if demo.browse:
        webbrowser.open(page)
    try:
        with bar(console) as progress:
            task = progress.add_task("the day", total=day.end - day.begin)
            for now in day.run(demo.speed):
                progress.update(task, completed=now - day.begin, description=_so_far(day, now))
    except KeyboardInterrupt:
        day.clock.put(day.clock())


def _so_far(day: DemoDay, now: int) -> str:
    answers = day.residents.answers
    shown = _hhmm(day.dispatcher.region, now)
    return f"{shown}  {len(answers.booked)} booked, {answers.refused.total()} refused"


def _hhmm(region: Region, time: int) -> str:
    return f"{datetime.fromtimestamp(time, region.config.zone):%H:%M}"
