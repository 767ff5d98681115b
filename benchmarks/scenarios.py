"""How long simulated service days take, improvement included, and what memory they keep.

``uv run python -m benchmarks.scenarios [--days N]`` simulates days of the bundled region on one
core: 45 rides with its two vehicles, then n, 2n and 4n rides with a vehicle for every 50. The ratio
is the time with improvement to that without, measured in the same run; the power is that of the
rides with which the time has grown since the row before. Then it simulates one small day after
another and prints the memory of the process after n, 2n and 4n days, and the most that it has held
until then, which are to stay flat. Processor time, so that other jobs on the machine count less.
"""

import argparse
import gc
import logging
import math
import resource
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from benchmarks.arguments import Arguments, count
from benchmarks.report import run_command, show, show_table, until_interrupted
from routing import improvement, insertion
from scenarios.measures import Tally
from scenarios.records import Fate
from scenarios.scenario import Scenario, scenario_of
from scenarios.scenario_region import region_of
from scenarios.simulate import simulated
from shuttle.region import BUNDLED, Region

DAY = date(2027, 3, 2)

SIZES = ((45, 2), (250, 5), (500, 10), (1000, 20))

Row = tuple[str, ...]


def main(words: Sequence[str] | None = None) -> None:
    """Print both tables."""
    asked = _arguments().parse_args(words)
    region = Region.load(BUNDLED)
    insertion.warm_up()
    improvement.warm_up()
    simulated(_scenario(20, 2, 10), region, DAY, 99)
    rows = until_interrupted(_times(region, asked))
    columns = (
        *("rides / vehicles, iterations", "served", "seconds", "without", "ratio"),
        *("power", "wall s"),
    )
    show(f"A service day on one core, medians of {asked.seeds} seeds", columns, rows)
    memory = ("days", "process MB", "at most MB")
    show_table("Memory by days", memory, until_interrupted(_memory(region, asked)))


def _arguments() -> Arguments:
    parser = Arguments("benchmarks.scenarios", description="Seconds of simulated days.")
    parser.add_argument("--seeds", type=count, default=3, help="days of each size (3)")
    parser.add_argument("--iterations", type=count, default=200, help="of one try (200)")
    parser.add_argument("--every", type=count, default=15, help="minutes between tries (15)")
    parser.add_argument("--days", type=count, default=15, help="n, for the memory (15)")
    parser.add_argument("--small", action="store_true", help="only the first size")
    return parser


def _scenario(
    rides: int, vehicles: int, iterations: int | None, every: int | None = None
) -> Scenario:
    better: dict[str, Any] = {"on": False}
    if iterations is not None:
        better = {"iterations": iterations, "every_minutes": every or 0}
    return scenario_of(
        {
            "title": {"de": "Messung", "en": "Benchmark"},
            "dates": {"days": [DAY]},
            "demand": {"rides": rides},
            "fleet": {"vehicles": vehicles},
            "improvement": better,
        },
        "benchmark",
    )


def _times(region: Region, asked: argparse.Namespace) -> Iterator[Row]:
    smaller: tuple[int, float] | None = None
    for rides, vehicles in SIZES[: 1 if asked.small else None]:
        runs = [
            _timed(region, _scenario(rides, vehicles, asked.iterations, asked.every), n)
            for n in range(asked.seeds)
        ]
        alone = [_timed(region, _scenario(rides, vehicles, None), n) for n in range(asked.seeds)]
        cpu, plain = _median([each[0] for each in runs]), _median([each[0] for each in alone])
        power = ""
        if smaller is not None:
            power = f"{math.log(cpu / smaller[1]) / math.log(rides / smaller[0]):.2f}"
        smaller = rides, cpu
        yield (
            f"{rides:,} / {vehicles}, {asked.iterations}",
            f"{_median([each[2] for each in runs]):.0f}",
            f"{cpu:.2f}",
            f"{plain:.2f}",
            f"{cpu / plain:.1f}",
            power,
            f"{_median([each[1] for each in runs]):.2f}",
        )


def _timed(region: Region, scenario: Scenario, seed: int) -> tuple[float, float, float]:
    """Return processor seconds, seconds on the wall, and rides served."""
    tried = region_of(scenario, region, "benchmark")
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    rows = simulated(scenario, tried, DAY, seed)
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return *spent, sum(each.fate is Fate.SERVED for each in rows.rides)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _memory(region: Region, asked: argparse.Namespace) -> Iterator[Row]:
    scenario = _scenario(45, 2, 20)
    tally = Tally(scenario)
    days = asked.days
    for day in range(4 * days + 1):
        if day in (0, days, 2 * days, 4 * days):
            gc.collect()
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
            yield str(day), f"{_megabytes():.0f}", f"{most:.0f}"
        tally.add(simulated(scenario, region, DAY, day))


def _megabytes() -> float:
    """Return what the process holds in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    run_command(main)
