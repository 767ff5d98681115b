"""The dispatcher's board on a large day: first paint, an event drawn, and what idle boards cost.

``uv run python -m benchmarks.board`` fills a day of the bundled region with 20 vehicles and 1,000
bookings, serves it, and prints a table, measured in Debian's Chromium. Each figure stands beside
the same on a day with 2 vehicles and 45 bookings. `--boards` are opened at once, idle, and the
processor time of the server's process is taken; the baseline is the server without any.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright
from rich.progress import track

from api.app import create_app
from api.board.feed import HEARTBEAT_SECONDS
from benchmarks.arguments import count, refuse
from benchmarks.offer_days import DAY, Residents, with_fleet
from benchmarks.report import run_command, show
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.errors import OfferGone, RequestError
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.people.accounts import Role
from shuttle.people.sign_in import SignIn
from shuttle.region import BUNDLED, Region

CHROMIUM = Path("/usr/bin/chromium")

KEY = bytes(32)

PASSWORD = "drei kleine Woerter"

_DRAWN = "() => performance.getEntriesByName('board-drawn').length > 0"

_SHOWS = "revision => Number(document.getElementById('board').dataset.revision) >= revision"


@dataclass(frozen=True, slots=True)
class Served:
    """A day that is served: where, by whom, and the cookie that opens the board."""

    dispatcher: Dispatcher
    host: str
    session: str
    clock: Callable[[], int]

    @property
    def now(self) -> int:
        """What the service's clock shows."""
        return self.clock()


def main() -> None:
    """Print the table."""
    arguments = _arguments()
    if not CHROMIUM.exists():
        refuse(f"There is no {CHROMIUM}; install Debian's package chromium.")
    region = Region.load(BUNDLED)
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        for vehicles, bookings in ((2, 45), (arguments.vehicles, arguments.bookings)):
            with _served(region, vehicles, bookings) as here:
                rows.append(_row(browser, here, arguments))
        browser.close()
    show(f"The board, {region.config.name}", _COLUMNS, rows)


_COLUMNS = (
    "vehicles / bookings",
    "first paint ms",
    "day drawn ms",
    "event drawn p50 ms",
    "p95 ms",
    "max ms",
    "server without boards %",
    "with boards %",
)


def _row(browser: Browser, here: Served, arguments: argparse.Namespace) -> list[str]:
    loads = [_load(browser, here) for _ in range(min(9, arguments.rounds))]
    events = _events(browser, here, arguments.rounds)
    alone = _idle(here, 0, arguments.seconds)
    crowd = _idle(here, arguments.boards, arguments.seconds)
    plan = here.dispatcher.plan(DAY, here.now)
    return [
        f"{len(plan.tours)} / {len(plan.bookings):,}",
        f"{median(paint for paint, _ in loads):.0f}",
        f"{median(drawn for _, drawn in loads):.0f}",
        f"{median(events):.0f}",
        f"{sorted(events)[ceil(0.95 * len(events)) - 1]:.0f}",
        f"{max(events):.0f}",
        f"{100 * alone:.2f}",
        f"{100 * crowd:.2f}",
    ]


def _load(browser: Browser, here: Served) -> tuple[float, float]:
    """Open the board anew; return when something and when the whole day was painted, in ms."""
    with _board(browser, here) as page:
        paint, drawn = page.evaluate(
            "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
            " performance.getEntriesByName('board-drawn')[0].startTime]"
        )
    return paint, drawn


def _events(browser: Browser, here: Served, rounds: int) -> list[float]:
    """Return how long it takes from the end of a booking to the board that shows it, in ms."""
    taken = []
    residents = Residents(here.dispatcher.region, 99)
    with _board(browser, here) as page:
        page.wait_for_timeout(4000)
        for number in track(range(rounds), "events"):
            _book(here, residents, f"event-{number:06}")
            begun = time.perf_counter()
            revision = here.dispatcher.plan(DAY, here.now).revision
            page.wait_for_function(_SHOWS, arg=revision, polling="raf", timeout=20_000)
            taken.append((time.perf_counter() - begun) * 1000)
            page.wait_for_timeout(300)
    return taken


def _book(here: Served, residents: Residents, key: str) -> None:
    """Book a ride."""
    while True:
        request = residents.ask()
        if request is None:
            continue
        # Some ask for what is over, or are too late.
        with suppress(RequestError, OfferGone):
            answer = here.dispatcher.quote(request, here.now)
            if answer.refusal is None:
                here.dispatcher.book(answer.offers[0], key, here.now)
                return


def _idle(here: Served, boards: int, seconds: float) -> float:
    """Return the share of a core that this process takes while so many boards are open, idle.

    With each heartbeat a board asks where the vehicles are; that the questions are asked from this
    process counts too.
    """
    with _open(here, boards) as client:
        time.sleep(2)
        cpu, begun = time.process_time(), time.perf_counter()
        while time.perf_counter() < begun + seconds:
            if boards:
                client.get("/api/v1/vehicles?seconds_ahead=30").raise_for_status()
            time.sleep(HEARTBEAT_SECONDS / max(boards, 1))
        return (time.process_time() - cpu) / (time.perf_counter() - begun)


@contextmanager
def _open(here: Served, boards: int) -> Iterator[httpx2.Client]:
    """Hold so many event streams open, as many boards do."""
    client = httpx2.Client(
        base_url=here.host,
        cookies={"session": here.session},
        timeout=60,
        trust_env=False,
        limits=httpx2.Limits(max_connections=boards + 1),
    )
    streams = [client.stream("GET", f"/api/v1/board/{DAY}/events") for _ in range(boards)]
    for each in streams:
        each.__enter__()
    try:
        yield client
    finally:
        for each in streams:
            each.__exit__(None, None, None)
        client.close()


@contextmanager
def _board(browser: Browser, here: Served) -> Iterator[Page]:
    # The stopwatch waits by a script, which the page's policy rightly refuses to evaluate.
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="de-DE", bypass_csp=True
    )
    context.add_cookies([{"name": "session", "value": here.session, "url": here.host}])
    page = context.new_page()
    page.goto(f"{here.host}/board?day={DAY}", wait_until="commit")
    page.wait_for_function(_DRAWN, timeout=30_000)
    yield page
    context.close()


@contextmanager
def _served(region: Region, vehicles: int, bookings: int) -> Iterator[Served]:
    """Serve a day of so many vehicles and bookings, at nine in the morning."""
    crowded = with_fleet(region, range(vehicles))
    opening = crowded.config.instant(DAY, 5 * 60)
    now = crowded.config.instant(DAY, 9 * 60)
    with TemporaryDirectory() as folder:
        store, keyed = SqlStore(f"sqlite:///{folder}/board.sqlite3", region.config.id), Keyed(KEY)
        door = SignIn(store.accounts, keyed)
        door.add(Role.DISPATCHER, PASSWORD, [Role.DISPATCHER], opening)
        session = door.enter(Role.DISPATCHER, PASSWORD, now, None).token
        with closing(Dispatcher(crowded, store, keyed=keyed)) as dispatcher:
            _fill(dispatcher, bookings, opening)
            dispatcher.advance(now)
            begun = time.monotonic()

            def clock() -> int:
                return now + int(time.monotonic() - begun)

            app = create_app(dispatcher, clock, KEY, sign_in=door)
            listener = listen("127.0.0.1", 0)
            with serving_beside(app, listener):
                yield Served(dispatcher, address(listener), session, clock)


def _fill(dispatcher: Dispatcher, bookings: int, now: int) -> None:
    residents = Residents(dispatcher.region, 1)
    booked = 0
    for number, request in enumerate(residents.several(6 * bookings)):
        if booked == bookings:
            return
        answer = dispatcher.quote(request, now)
        if answer.refusal is None:
            dispatcher.book(answer.offers[0], f"key-{number:06}", now)
            booked += 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.board", description=__doc__)
    parser.add_argument("--vehicles", type=count, default=20)
    parser.add_argument("--bookings", type=count, default=1000)
    parser.add_argument("--boards", type=count, default=20)
    parser.add_argument("--rounds", type=count, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    return parser.parse_args()


if __name__ == "__main__":
    run_command(main)
