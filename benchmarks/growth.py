"""How time and memory grow with the day: ``python -m benchmarks.growth``.

Made-up days (:func:`tests.days.busy_day`) of 62, 124, 248, ... trips, with a vehicle for every 31.
Each figure stands beside its ratio to the row before; the last row says with which power of the
trips it grows. Below, an offer over ever larger fleets; the baseline is the smallest. Times are
processor time. Bytes are those of the search's arrays, and the peak of a fresh process.
"""

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
from rich.progress import track

from benchmarks.arguments import Arguments, count, new_file
from benchmarks.day_problems import PRICE, insertion_alone
from benchmarks.report import machine, run_command, show, show_table, until_interrupted
from routing.budget import Budget, Leg
from routing.improvement import HABITS, Search
from routing.insertion import best_insertions, warm_up
from routing.problem import Problem, Request, empty_tour
from routing.schedule import compile_tours
from routing.search_state import SearchState
from tests.days import Day, busy_day, options_of

TRIPS_A_VEHICLE = 31

OFFERS = ((20, 1000), (50, 2500), (100, 5000), (200, 10_000))

Figures = dict[str, float]
"""Figures of a row by name; those of `COLUMNS` are shown."""

COLUMNS = {
    "offer_ms": "offer of 100 options, p50 ms",
    "step_us": "improvement step µs",
    "setup_ms": "its set-up ms",
    "first_plan_ms": "first plan ms",
    "arrays_mb": "arrays MB",
    "peak_mb": "process MB",
}


def main(words: Sequence[str] | None = None) -> None:
    """Print both tables."""
    asked = _arguments().parse_args(words)
    warm_up()
    _run(_problem(busy_day(1, 1, 10)), 10)
    sizes = [asked.smallest * 2**k for k in range(asked.rows)]
    growth = _growth(sizes, asked.calls, asked.steps)
    found = until_interrupted(chain(growth, _offers(asked.offers, asked.calls)))
    rows = [row for row in found if "step_us" in row]
    offers = [row for row in found if "step_us" not in row]
    if rows:
        show(
            f"Growth with the day, a vehicle for every {TRIPS_A_VEHICLE} trips "
            "(× the row before; in the last row the power of the trips)",
            ("trips / vehicles", *COLUMNS.values()),
            [*_cells(rows), _powers(rows)],
        )
    if offers:
        columns = ("vehicles / trips", "booked", "p50 ms", "p99 ms", "ratio of p50")
        show_table("An offer of 100 options over ever more tours", columns, _offer_cells(offers))
    if asked.json:
        figures = {"machine": machine(), "growth": rows, "offers": offers}
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _arguments() -> Arguments:
    parser = Arguments("benchmarks.growth", description="Time and memory by the size of the day.")
    parser.add_argument("--smallest", type=count, default=62, help="trips of the first row (62)")
    parser.add_argument("--rows", type=count, default=7, help="each with twice the trips (7)")
    parser.add_argument("--calls", type=count, default=100, help="offers a row (100)")
    parser.add_argument("--steps", type=count, default=5000, help="improvement steps (5000)")
    parser.add_argument("--offers", type=_sizes, default=OFFERS, metavar="VEHICLES/TRIPS,...")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="all figures")
    return parser


def _sizes(text: str) -> tuple[tuple[int, int], ...]:
    pairs = [re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", word.strip()) for word in text.split(",")]
    found = tuple((int(pair[1]), int(pair[2])) for pair in pairs if pair is not None)
    if len(found) < len(pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not written like 20/1000,200/10000")
    return found


def _growth(sizes: Sequence[int], calls: int, steps: int) -> Iterator[Figures]:
    """Yield a row for each size."""
    for trips in track(sizes, "growing days", transient=True):
        vehicles = max(1, trips // TRIPS_A_VEHICLE)
        day = busy_day(1, vehicles, trips)
        problem = _problem(day)
        setup = _spent(partial(_run, problem, 0))
        _, first_plan = insertion_alone(_emptied(problem))
        yield {
            "trips": trips,
            "vehicles": vehicles,
            "booked": len(day.trips),
            "offer_ms": 1000 * float(np.median(_offer_seconds(day, calls))),
            "step_us": 1e6 * (_spent(partial(_run, problem, steps)) - setup) / steps,
            "setup_ms": 1000 * setup,
            "first_plan_ms": 1000 * first_plan,
            **_memory_apart(trips, vehicles),
        }


def _offers(sizes: Sequence[tuple[int, int]], calls: int) -> Iterator[Figures]:
    """Yield a row for each size of a fleet and its bookings."""
    for vehicles, trips in track(sizes, "growing fleets", transient=True):
        day = busy_day(1, vehicles, trips)
        seconds = _offer_seconds(day, calls)
        p50, p99 = 1000 * np.quantile(seconds, (0.5, 0.99))
        yield {
            "vehicles": vehicles,
            "trips": trips,
            "booked": len(day.trips),
            "p50_ms": float(p50),
            "p99_ms": float(p99),
        }


def _offer_seconds(day: Day, calls: int) -> list[float]:
    """Return how long each of so many offers takes, 100 options over all tours."""
    compiled = compile_tours(day.tours, day.travel)
    rng = Random(2)
    asked = [options_of(rng, day.travel, windows=4) for _ in range(calls)]
    return [_spent(partial(best_insertions, compiled, day.travel, each)) for each in asked]


def _spent(act: Callable[[], object]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def _problem(day: Day) -> Problem:
    """Return a day whose trips all may move."""
    requests = tuple(Request((trip,), PRICE) for trip in day.trips.values())
    return Problem(day.tours, requests, day.travel)


def _emptied(problem: Problem) -> Problem:
    tours = tuple(empty_tour(tour.shift) for tour in problem.tours)
    return Problem(tours, problem.requests, problem.travel)


def _run(problem: Problem, steps: int) -> None:
    """Search without set partitioning, whose time does not go by steps."""
    search = Search(SearchState(problem, problem.tours), HABITS, 1)
    search.run(Budget(iterations=steps), legs=(Leg(recombine_at=()),))


# -------------------------------------------------------------------------------------- memory


def _memory_apart(trips: int, vehicles: int) -> Figures:
    """Return the memory of a search as a fresh process finds it."""
    script = f"from benchmarks.growth import memory; memory({trips}, {vehicles})"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    found: Figures = json.loads(done.stdout)
    return found


def memory(trips: int, vehicles: int) -> None:
    """Print what a search over a day takes up: megabytes of arrays, and of this process."""
    problem = _problem(busy_day(1, vehicles, trips))
    search = Search(SearchState(problem, problem.tours), HABITS, 1)
    search.run(Budget(iterations=100), legs=(Leg(recombine_at=()),))
    arrays = bytes_of((search.state.given, search.state.plan, search.memory, search.best))
    arrays += bytes_of(search.scratch)
    # Linux counts in kibibytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"arrays_mb": arrays / 1e6, "peak_mb": peak / 1e6}))


def bytes_of(value: object) -> int:
    """Return the bytes of all arrays in nested tuples."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple):
        return sum(bytes_of(each) for each in value)
    return 0


# ---------------------------------------------------------------------------------------- rows


def _cells(rows: Sequence[Figures]) -> list[list[str]]:
    """Return each figure with its ratio to the row before."""
    cells = []
    for before, row in zip((None, *rows), rows, strict=False):
        cells.append([f"{row['trips']:.0f} / {row['vehicles']:.0f}"])
        for name in COLUMNS:
            ratio = "" if before is None else f" ×{row[name] / max(before[name], 1e-9):.2f}"
            cells[-1].append(f"{row[name]:.3g}{ratio or ' ' * 6}")
    return cells


def _powers(rows: Sequence[Figures]) -> list[str]:
    """Return the power with which each figure has grown from the first row to the last."""
    doublings = max(1, len(rows) - 1)
    first, last = rows[0], rows[-1]
    powers = [math.log2(max(last[name], 1e-9) / max(first[name], 1e-9)) for name in COLUMNS]
    return ["power of the trips", *(f"{power / doublings:.2f}" for power in powers)]


def _offer_cells(rows: Sequence[Figures]) -> list[list[str]]:
    return [
        [
            f"{row['vehicles']:.0f} / {row['trips']:,.0f}",
            f"{row['booked']:,.0f}",
            f"{row['p50_ms']:.2f}",
            f"{row['p99_ms']:.2f}",
            f"{row['p50_ms'] / rows[0]['p50_ms']:.2f}",
        ]
        for row in rows
    ]


if __name__ == "__main__":
    run_command(main)
