"""Many regions on one server: how long an offer takes, and what the others do to it.

``uv run python -m benchmarks.kreis [--regions 50] [--vehicles 200] [--bookings 20000]
[--seconds 15]`` starts one ``shuttle serve`` with so many copies of the bundled region, the
vehicles shared out among them, and asks one of them for offers, one after the other: while nobody
else does anything, while the others are booked at as in a day's busiest hour (:data:`BUSIEST` of
its bookings), and while clients book in one other region as fast as they are answered. Before, each
region is asked for its whole share of the day's bookings, and has what of it fits: one is asked,
the others begin with a copy of its day. With ``--regions 12,25,50`` the same is done for each
number, with as many vehicles and bookings a region.

Clients, service and its solver share the cores of this machine. Memory is that of the service and
of its solver's process; what the service takes of a core while nobody asks is measured last.
"""

import argparse
import multiprocessing
import os
import random
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from rich.progress import track

from benchmarks.arguments import Arguments, count, counts, duration
from benchmarks.processes import FREE, VEHICLE
from benchmarks.report import run_command, show, show_table
from routing.stops import read_stops
from shuttle.region import BUNDLED

BUSIEST = 0.12
"""Share of a day's bookings that its busiest hour has."""

HEAVY_CLIENTS = 8

_PAUSE = 0.01
"""Seconds between an answer and the next question."""

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
            booked = server.fill(0, share)
        for number in asked.regions:
            own = folder / f"of-{number}"
            own.mkdir()
            for n in range(number):
                _copy_of_a_day(folder / _DATABASE.format(region="region-0"), own, n)
            with serving(regions[:number], own) as server:
                offers += [_row(number, *each) for each in server.measured(number, share, asked)]
                figures.append(_figures(number, server, server.idle()))
    show(
        f"An offer in one of several regions with {vehicles} vehicles each; of {share} rides asked "
        f"for in each region {booked} were booked before",
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
    address
        Where it listens.
    pid
        Of its process.
    start
        Seconds until it served.
    stops
        Ids that all regions have.
    """

    address: str
    pid: int
    start: float
    stops: list[str]

    def fill(self, region: int, bookings: int) -> int:
        """Try to book so many rides; return how many there are."""
        share = -(-bookings // 2)
        with ThreadPoolExecutor(2) as clients:
            done = clients.map(
                lambda client: _book(self, region, f"fill-{client}", most=share), range(2)
            )
            return sum(done)

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
            for meanwhile, load in loads:
                beside = [pool.submit(_load, self, asked.seconds, *each) for each in load]
                waits = pool.submit(_waits, self, asked.seconds).result()
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
        stops = [each.id for each in read_stops(regions[0] / "stops.csv")]
        yield Server(found[0], process.pid, time.monotonic() - begun, stops)
    finally:
        process.terminate()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


# --------------------------------------------------------------------- in processes of their own


def _waits(server: Server, seconds: float) -> list[float]:
    """Ask region 0 for one offer after the other; return the seconds of each."""
    rng, waits, until = random.Random(1), [], time.monotonic() + seconds
    with httpx2.Client(base_url=server.address, timeout=60, trust_env=False) as http:
        while time.monotonic() < until:
            body = _wish(server, rng)
            begun = time.perf_counter()
            http.post("/api/v1/offers", json=body, headers=_host(0))
            waits.append(time.perf_counter() - begun)
            time.sleep(_PAUSE)
    return waits


def _load(server: Server, seconds: float, regions: Sequence[int], clients: int, pace: float) -> int:
    """Ask for rides in regions in turn for some seconds, book them; return how many were asked."""
    until = time.monotonic() + seconds

    def book(client: int) -> int:
        number = 0
        while time.monotonic() < until:
            region = regions[number % len(regions)]
            next_one = time.monotonic() + pace
            key = f"load-{clients}-{client}-{number}"
            _book(server, region, key, most=1)
            number += 1
            time.sleep(max(0.0, min(next_one, until) - time.monotonic()))
        return number

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(book, range(clients)))


def _book(server: Server, region: int, key: str, *, most: int) -> int:
    """Ask for so many rides and book what is offered; return how many were."""
    rng, booked = random.Random(f"{region} {key}"), 0
    with httpx2.Client(base_url=server.address, timeout=60, trust_env=False) as http:
        for number in range(most):
            answer = http.post("/api/v1/offers", json=_wish(server, rng), headers=_host(region))
            offers = answer.json().get("offers")
            if offers:
                headers = {**_host(region), "Idempotency-Key": f"{region}-{key}-{number}"}
                wanted = {"offer": offers[0]["offer"]}
                answer = http.post("/api/v1/bookings", json=wanted, headers=headers)
                booked += answer.status_code == httpx2.codes.CREATED
    return booked


def _host(region: int) -> dict[str, str]:
    return {"Host": f"region-{region}.bus.example"}


def _wish(server: Server, rng: random.Random) -> dict[str, object]:
    """Return a ride of tomorrow between ten and three, when every vehicle is on duty."""
    origin, destination = rng.sample(server.stops, 2)
    day = datetime.now(UTC).replace(hour=9, minute=0, second=0) + timedelta(days=1)
    depart = day + timedelta(minutes=rng.randrange(5 * 60))
    return {
        "from": {"stop": origin},
        "to": {"stop": destination},
        "when": {"depart_at": depart.isoformat(timespec="seconds")},
    }


if __name__ == "__main__":
    run_command(main)
