"""What a resident's phone has to load, and how soon the first page stands; and all screenshots.

``uv run python -m benchmarks.pages [REGION] [--screens FOLDER]`` prints a table, measured in
Debian's Chromium with its own tracing. The connection is as slow as Lighthouse's "slow 4G"
(1.6 Mbit/s down, 150 ms there and back), the processor four times slower than it is; the baseline
of each page is the same page over loopback without either. Shifts count what moves while the page
builds up (Cumulative Layout Shift; 0.1 is called good).

With ``--screens`` every state of every page is written as a picture at 360, 768 and 1440 pixels.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright
from rich.progress import Progress as Bar
from rich.progress import track

from api.app import create_app
from benchmarks.arguments import count, refuse
from benchmarks.report import run_command, show, until_interrupted
from benchmarks.walkthrough import BUNDLED as TRIP
from benchmarks.walkthrough import staff_states, states
from scenarios.workbench import scenarios_of
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel
from shuttle.errors import RegionError
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.people.accounts import Role
from shuttle.people.sign_in import SignIn
from shuttle.planning.workbench import Workbench
from shuttle.region import BUNDLED, Region
from shuttle.store import MemoryStore

CHROMIUM = Path("/usr/bin/chromium")

PATHS = ("/", "/my-ride", "/stops", "/about", "/map")

MORE = ("/my-rides", "/map", "/open-data")
"""Pages that are drawn beside those of the walk."""

_PASSWORD = "four words in pictures"

WIDTHS = (360, 768, 1440)

SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 750e3 / 8,
}

_CPU = 4

_OBSERVE = """
  window.seen = {largest: 0, shifts: 0};
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) window.seen.largest = each.startTime;
  }).observe({type: 'largest-contentful-paint', buffered: true});
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) {
      if (!each.hadRecentInput) window.seen.shifts += each.value;
    }
  }).observe({type: 'layout-shift', buffered: true});
"""


@dataclass(frozen=True, slots=True)
class Load:
    """One first view of a page: bytes over the wire, requests, and when it stood."""

    kilobytes: float
    requests: int
    largest_ms: float
    shifts: float


def main() -> None:
    """Print the table, and write the pictures if they are wanted."""
    arguments = _arguments()
    if not CHROMIUM.exists():
        refuse(f"There is no {CHROMIUM}; install Debian's package chromium.")
    try:
        region = Region.load(arguments.region)
    except RegionError as error:
        refuse(str(error))
    with _served(region) as host, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        rows = until_interrupted(
            _row(browser, host, path, arguments.rounds) for path in track(PATHS, "pages")
        )
        show(f"First views, {region.config.name}", _COLUMNS, rows)
        if arguments.screens is not None:
            with _office(region) as office:
                _pictures(browser, host, office, arguments.screens)
        browser.close()


_COLUMNS = ("page", "kB", "requests", "largest paint ms", "shifts", "unthrottled ms", "ratio")


def _row(browser: Browser, host: str, path: str, rounds: int) -> list[str]:
    slow = [_load(browser, host + path, throttled=True) for _ in range(rounds)]
    fast = [_load(browser, host + path, throttled=False) for _ in range(rounds)]
    largest, free = (median(each.largest_ms for each in loads) for loads in (slow, fast))
    return [
        path,
        f"{median(each.kilobytes for each in slow):.1f}",
        f"{slow[0].requests}",
        f"{largest:.0f}",
        f"{max(each.shifts for each in slow):.3f}",
        f"{free:.0f}",
        f"{largest / free:.1f}",
    ]


def _load(browser: Browser, url: str, *, throttled: bool) -> Load:
    """Open a page for the first time, on a phone."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, locale="de-DE"
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[float] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    if throttled:
        session.send("Network.emulateNetworkConditions", SLOW_4G)
        session.send("Emulation.setCPUThrottlingRate", {"rate": _CPU})
    page.add_init_script(_OBSERVE)
    page.goto(url, wait_until="networkidle" if url.endswith("/") else "load")
    page.wait_for_timeout(500)
    seen = page.evaluate("window.seen")
    context.close()
    return Load(sum(sizes) / 1000, len(sizes), seen["largest"], seen["shifts"])


def _pictures(browser: Browser, host: str, office: str, folder: Path) -> None:
    """Draw every state: residents' pages from one service, those of staff from another."""
    folder.mkdir(parents=True, exist_ok=True)
    with Bar() as bar:
        task = bar.add_task("screenshots", total=None)
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 900}, locale="de-DE")
            page = context.new_page()
            own = (f"text-{path[1:]}" for path in MORE if page.goto(f"{host}{path}?lang=de"))
            staff = staff_states(page, office, TRIP, "admin", _PASSWORD)
            for state in chain(states(page, host, TRIP), own, staff):
                page.screenshot(path=str(folder / f"{state}-{width}.png"), full_page=True)
                bar.advance(task)
            context.close()
    print(f"The pictures are in {folder}.")


def _monday(region: Region) -> int:
    """Return the coming Monday at nine."""
    today = datetime.now(region.config.zone)
    monday = today + timedelta(days=7 - today.weekday())
    return int(monday.replace(hour=9, minute=0, second=0, microsecond=0).timestamp())


@contextmanager
def _served(region: Region) -> Iterator[str]:
    """Serve a region as residents have it."""
    now = _monday(region)
    with closing(Dispatcher(region, MemoryStore())) as dispatcher:
        ways = (Channel.SMS, Channel.EMAIL)
        app = create_app(dispatcher, lambda: now, bytes(32), tick_seconds=None, channels=ways)
        listener = listen("127.0.0.1", 0)
        with serving_beside(app, listener):
            yield address(listener)


@contextmanager
def _office(region: Region) -> Iterator[str]:
    """Serve a region as those have it who work there, with one account that may do everything."""
    now = _monday(region)
    with TemporaryDirectory() as name, ExitStack() as open_things:
        folder = Path(name)
        store, keyed = (
            SqlStore(f"sqlite:///{folder / 'office.sqlite3'}", region.config.id),
            Keyed(bytes(32)),
        )
        door = SignIn(store.accounts, keyed)
        door.add("admin", _PASSWORD, [Role.ADMIN], now)
        dispatcher = open_things.enter_context(closing(Dispatcher(region, store, keyed=keyed)))
        planning = Workbench(region, store.runs, folder / "runs", scenarios_of(store, region))
        app = create_app(
            dispatcher, lambda: now, bytes(32), tick_seconds=None, sign_in=door, planning=planning
        )
        listener = listen("127.0.0.1", 0)
        open_things.enter_context(serving_beside(app, listener))
        yield address(listener)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("region", nargs="?", type=Path, default=BUNDLED)
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--screens", type=Path, metavar="FOLDER")
    return parser.parse_args()


if __name__ == "__main__":
    run_command(main)
