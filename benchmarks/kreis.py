"""Many regions on one server: how long an offer takes, and what the others do to it.

``uv run python -m benchmarks.kreis [--regions 50] [--vehicles 200] [--bookings 20000]
[--seconds 15]`` starts one ``shuttle serve`` with so many copies of the bundled region, the
vehicles shared out among them, and asks one of them for offers, one after the other: while nobody
else does anything, while the others are booked at as in a day's busiest hour (:data:`BUSIEST` of
its bookings), and while clients book in one other region as fast as they are answered. Before, each
region has its whole share of the day's bookings: they are made in one, and the others begin with a
copy of its day. Its rides are those of a compact place, within three kilometres of its middle, all
day; some that are asked for are refused. With ``--regions 12,25,50`` the same is done for each
number, with as many vehicles and bookings a region.

Clients, service and its solver share the cores of this machine. Memory is that of the service and
of its solver's process; what the service takes of a core while nobody asks is measured last.
"""

import argparse
import multiprocessing
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from benchmarks.arguments import Arguments, count, counts, duration
from benchmarks.kreis_clients import Site, ask_and_book, ask_often, book_some, close_together
from benchmarks.processes import FREE
from benchmarks.report import run_command, show, show_table
from routing.stops import read_stops
from shuttle.region import BUNDLED

BUSIEST = 0.12
"""Share of a day's bookings that its busiest hour has."""

HEAVY_CLIENTS = 8

VEHICLE = """
[[vehicles]]
id = "more-{n}"
name = "More {n}"
depot = "{depot}"
layouts = [{{ seats = 8 }}]

[[shifts]]
vehicle = "more-{n}"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "06:00"
to = "19:00"
"""

_ASKED = 3
"""For so many times the bookings is asked at most."""

_IDLE_SECONDS = 10.0

_DATABASE = "{region}.sqlite3"


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    asked = _arguments().parse_args(words)
    share, vehicles = (each // asked.regions[-1] for each in (asked.bookings, asked.vehicles))
    offers: list[list[str]] = []
    figures: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="kreis-") as name:
        folder = Path(name)
        regions = [
            _region(folder / f"region-{n}", n, vehicles)
            for n in track(range(asked.regions[-1]), "writing the regions")
        ]
        with serving(regions[:1], folder) as server:
            wished, booked = server.fill(0, share)
        for number in asked.regions:
            own = folder / f"of-{number}"
            own.mkdir()
            for n in range(number):
                _copy_of_a_day(folder / _DATABASE.format(region="region-0"), own, n)
            with serving(regions[:number], own) as server:
                offers += [_row(number, *each) for each in server.measured(number, share, asked)]
                figures.append(_figures(number, server, server.idle()))
    show(
        f"An offer in one of several regions with {vehicles} vehicles and {booked} bookings each, "
        f"for which {wished} rides were asked for",
        ("regions, meanwhile", "offers", "p50 ms", "p99 ms", "asked elsewhere"),
        offers,
    )
    columns = ("regions", "start s", "a region s", "service MiB", "solver MiB", "idle, % of a core")
    show_table("The server", columns, figures)


def _arguments() -> argparse.ArgumentParser:
    parser = Arguments(prog="benchmarks.kreis", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--regions", type=counts, default=(50,), help="at least two; most last")
    parser.add_argument("--vehicles", type=count, default=200, help="in all regions, of the most")
    parser.add_argument("--bookings", type=count, default=20_000, help="a day, in as many")
    parser.add_argument("--seconds", type=duration, default=15.0, help="of each measurement")
    return parser


def _figures(number: int, server: "Server", idle: float) -> list[str]:
    service, solver = server.memory()
    start = server.start
    return [
        str(number),
        f"{start:.1f}",
        f"{start / number:.2f}",
        f"{service:.0f}",
        f"{solver:.0f}",
        f"{100 * idle:.0f}",
    ]


def _row(number: int, meanwhile: str, waits: Sequence[float], elsewhere: int) -> list[str]:
    ordered = sorted(1000 * each for each in waits)
    p99 = ordered[int(0.99 * len(ordered))]
    return [
        f"{number}, {meanwhile}",
        str(len(ordered)),
        f"{statistics.median(ordered):.0f}",
        f"{p99:.0f}",
        str(elsewhere),
    ]


def _region(folder: Path, number: int, vehicles: int) -> Path:
    """Write a copy of the bundled region, with so many vehicles."""
    shutil.copytree(BUNDLED, folder)
    config = folder / "region.toml"
    text = config.read_text(encoding="utf-8")
    text = re.sub(r'^id = ".+"', f'id = "region-{number}"', text, count=1, flags=re.MULTILINE)
    depot = re.search(r'^depot = "(.+)"', text, re.MULTILINE)
    assert depot is not None
    more = range(max(0, vehicles - text.count("[[vehicles]]")))
    text += "".join(VEHICLE.format(n=each, depot=depot[1]) for each in more)
    config.write_text(text, encoding="utf-8")
    return folder


def _copy_of_a_day(database: Path, folder: Path, number: int) -> None:
    """Give a region a database in which it has what another one has."""
    region = f"region-{number}"
    copy = folder / _DATABASE.format(region=region)
    shutil.copy(f"{database}.key", f"{copy}.key")
    with closing(sqlite3.connect(database)) as there, closing(sqlite3.connect(copy)) as here:
        there.backup(here)
        tables = [name for (name,) in here.execute("SELECT name FROM pragma_table_list")]
        for table in tables:
            columns = [row[1] for row in here.execute(f"PRAGMA table_info({table})")]
            if "region" in columns:
                here.execute(f"UPDATE {table} SET region = ?", (region,))
        here.commit()


@dataclass
class Server:
    """A running server.

    Attributes
    ----------
    site
        For its clients.
    pid
        Of its process.
    start
        Seconds until it served.
    """

    site: Site
    pid: int
    start: float

    def fill(self, region: int, bookings: int) -> tuple[int, int]:
        """Book so many rides; return how many were asked for, and how many there are."""
        share = -(-bookings // 2)
        with ThreadPoolExecutor(2) as clients:
            done = list(
                clients.map(
                    lambda client: book_some(
                        self.site, region, f"fill-{client}", most=_ASKED * share, wanted=share
                    ),
                    range(2),
                )
            )
        return sum(asked for asked, _ in done), sum(booked for _, booked in done)

    def idle(self) -> float:
        """Return what share of a core the service takes while nobody asks it anything."""
        before = _processor_seconds(self.pid)
        time.sleep(_IDLE_SECONDS)
        return (_processor_seconds(self.pid) - before) / _IDLE_SECONDS

    def measured(
        self, regions: int, share: int, asked: argparse.Namespace
    ) -> Iterator[tuple[str, list[float], int]]:
        """Yield what was done elsewhere, seconds of each offer, and rides asked for elsewhere."""
        everywhere = list(range(1, regions))
        pace = 3600 / (BUSIEST * share * regions)
        loads: tuple[tuple[str, list[tuple[Any, ...]]], ...] = (
            ("nothing", []),
            ("the busiest hour elsewhere", [(everywhere, 1, pace)]),
            ("heavy load in one other region", [([1], HEAVY_CLIENTS, 0.0)]),
            ("nothing, again", []),
        )
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, spawn) as pool:
            list(pool.map(abs, range(4)))
            for meanwhile, others in loads:
                beside = [
                    pool.submit(ask_and_book, self.site, asked.seconds, *each) for each in others
                ]
                waits = pool.submit(ask_often, self.site, asked.seconds).result()
                yield meanwhile, waits, sum(each.result() for each in beside)

    def memory(self) -> tuple[float, float]:
        """Return what the service and its other processes hold of the memory, in MiB."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/children")
        children = [pid for each in threads for pid in each.read_text(encoding="ascii").split()]
        return _resident(self.pid), sum(_resident(int(each)) for each in children)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def serving(regions: Sequence[Path], folder: Path) -> Iterator[Server]:
    """Serve regions while the body runs."""
    command = [sys.executable, "-u", "-m", "shuttle", "serve", "--port", "0"]
    for each in regions:
        command += ["--region", str(each)]
    begun = time.monotonic()
    process = subprocess.Popen(
        [*command, "--database", _DATABASE],
        cwd=folder,
        env={**os.environ, "SHUTTLE_LIMITS": FREE},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = None
        for line in process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        if found is None:
            raise RuntimeError("shuttle serve ended before it served")
        started = time.monotonic() - begun
        stops = close_together(read_stops(regions[0] / "stops.csv"))
        yield Server(Site(found[0], stops), process.pid, started)
    finally:
        process.terminate()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


if __name__ == "__main__":
    run_command(main)
