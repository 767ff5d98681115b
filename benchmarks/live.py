"""What it brings to plan a day better while it runs, and what it costs those who ask meanwhile.

``uv run python -m benchmarks.live [REGION] [--quick]`` prints two tables.

The first plays made-up days of three demands through the dispatcher, with the region's own fleet:
by insertion alone, with one try to improve after each booking, and with such tries that leave no
margin before the ends of promises. A try has a budget of iterations, so the figures repeat. Then
the tours of each day are driven 20 times with legs that take up to a fifth less or more, each by
drivers who leave just in time, and by drivers who leave a fifth of the leg earlier.

The second times full offers from a real web server, asked one after the other by a process of its
own, with and without a solver process beside it. Rounds of both kinds take turns. These are
seconds on the wall, so the machine should have nothing else to do.
"""

import argparse
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import structlog
from rich.progress import Progress as Bar

from benchmarks.arguments import Arguments, count, counts, new_file, refuse
from benchmarks.live_days import WAYS, Came, played
from benchmarks.live_latency import Beside, offers_beside_a_solver
from benchmarks.report import machine, run_command, show, until_interrupted
from routing import improvement, insertion
from shuttle.errors import RegionError
from shuttle.region import BUNDLED, Region

DEMANDS = (60, 100, 150)
FLEETS = (5, 20)

DAY_COLUMNS = (
    "requests, planned by",
    "served",
    "refused",
    "km",
    "km a ride",
    "waiting min",
    "riding min",
    "kept under noise",
    "leaving early",
)
OFFER_COLUMNS = (
    "vehicles / bookings",
    "p50 ms",
    "with a solver",
    "ratio",
    "p99 ms",
    "with a solver",
    "ratio",
    "plans adopted",
)

Row = tuple[int, str, Came]


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    asked = _arguments().parse_args(words)
    if asked.quick:
        asked.seeds, asked.rounds, asked.fleets = 1, 1, asked.fleets[:1]
    try:
        region = Region.load(asked.region)
    except RegionError as error:
        refuse(str(error))
    insertion.warm_up()
    improvement.warm_up()
    days = until_interrupted(_days(region, asked))
    if days:
        title = f"{region.config.name}, own fleet; means of made-up days, {asked.seeds} each"
        show(title, DAY_COLUMNS, [_day_cells(row) for row in days])
    offers = until_interrupted(_offers(region, asked))
    if offers:
        title = (
            f"Offers over HTTP; {asked.rounds} rounds of {asked.timed} requests with and without"
        )
        show(title, OFFER_COLUMNS, [_offer_cells(row) for row in offers])
    if asked.json:
        figures = {
            "machine": machine(),
            "days": [[rides, name, asdict(came)] for rides, name, came in days],
            "offers": [asdict(each) for each in offers],
        }
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _arguments() -> Arguments:
    parser = Arguments("benchmarks.live", description="What improvement brings while a day runs.")
    parser.add_argument("region", type=Path, nargs="?", default=BUNDLED, help="a region's folder")
    parser.add_argument("--demands", type=counts, default=DEMANDS, help="requests a day (60,...)")
    parser.add_argument("--seeds", type=count, default=8, help="days of each demand (8)")
    parser.add_argument("--iterations", type=count, default=1000, help="of one try (1000)")
    parser.add_argument("--fleets", type=counts, default=FLEETS, help="with 50 bookings a vehicle")
    parser.add_argument("--rounds", type=count, default=7, help="of each kind (7)")
    parser.add_argument("--timed", type=count, default=400, help="requests of a round (400)")
    parser.add_argument("--quick", action="store_true", help="one of each, in a minute")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="all figures")
    return parser


def _days(region: Region, asked: argparse.Namespace) -> Iterator[Row]:
    """Yield what the days came to, by demand and way."""
    seeds = range(1, asked.seeds + 1)
    with Bar(transient=True) as bar:
        task = bar.add_task("playing days", total=len(asked.demands) * len(WAYS) * len(seeds))
        for rides in asked.demands:
            for way in WAYS:
                came = []
                for seed in seeds:
                    came.append(played(region, rides, seed, way, asked.iterations))
                    bar.advance(task)
                yield rides, way.name, Came.mean_of(came)


def _offers(region: Region, asked: argparse.Namespace) -> Iterator[Beside]:
    """Yield how long offers take, by fleet."""
    for vehicles in asked.fleets:
        yield offers_beside_a_solver(region, vehicles, asked.rounds, asked.timed)


def _day_cells(row: Row) -> list[str]:
    rides, name, came = row
    return [
        f"{rides}, {name}",
        f"{came.served:.1f}",
        f"{came.refused:.1%}",
        f"{came.km:.0f}",
        f"{came.km / came.served:.2f}",
        f"{came.waiting:.1f}",
        f"{came.riding:.1f}",
        f"{came.kept:.1%}",
        f"{came.kept_early:.1%}",
    ]


def _offer_cells(row: Beside) -> list[str]:
    alone, beside = row.alone, row.beside
    return [
        f"{row.vehicles} / {row.bookings:,}",
        f"{alone.p50:.1f}",
        f"{beside.p50:.1f}",
        f"{beside.p50 / alone.p50:.2f}",
        f"{alone.p99:.1f}",
        f"{beside.p99:.1f}",
        f"{beside.p99 / alone.p99:.2f}",
        f"{row.adopted}",
    ]


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    run_command(main)
