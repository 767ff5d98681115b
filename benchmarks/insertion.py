"""How long it takes to find the best insertions of an offer: ``python -m benchmarks.insertion``.

One call looks at about a hundred options (25 pairs of stops in each of 4 windows) over all tours
of a day. Beside it, in the same run, the same search without any filter: the exact test for every
pair of positions, compiled as well, in microseconds an option. Both have to find the same scores.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.report import show
from routing import insertion, positions
from routing.insertion import best_insertions, explain, warm_up
from routing.kernel import kernel
from routing.problem import FOREVER, HaltKind, Trip
from routing.schedule import (
    CompiledTours,
    Layouts,
    Matrix,
    Record,
    Records,
    compile_tours,
    gap,
)
from tests.days import Day, busy_day, options_of


@kernel
def exhaustive(
    halts: Records,
    shifts: Records,
    layouts: Layouts,
    seconds: Matrix,
    trips: Records,
    scores: Layouts,
) -> None:
    """Find the least added driving of each trip by the exact test of all pairs of positions."""
    steps = np.empty(halts.shape[1] + 4, positions.STEP)
    boarding = np.empty(1, positions.BOARDING)[0]
    for option in range(len(trips)):
        trip = trips[option]
        for v in range(len(shifts)):
            row = halts[v]
            for after in range(shifts[v].fixed - 1, shifts[v].length - 1):
                here, behind = row[after], row[after + 1]
                boarding.after = after
                boarding.begin = max(trip.pickup_earliest, shifts[v].ready)
                boarding.gap_before = gap(
                    here.place, here.service, trip.pickup, trip.pickup_service, seconds
                )
                boarding.gap_behind = gap(
                    trip.pickup, trip.pickup_service, behind.place, behind.service, seconds
                )
                for until in range(after, shifts[v].length - 1):
                    if until > after and row[until].kind == HaltKind.BREAK:
                        break
                    if not positions.holds(layouts[v], row[until], trip):
                        break
                    added = positions.way_added(row, seconds, trip, after, until)
                    if fits(row, seconds, trip, boarding, until, steps):
                        scores[option] = min(scores[option], added)


@kernel
def fits(
    halts: Records,
    seconds: Matrix,
    trip: Record,
    boarding: Record,
    until: int,
    steps: Records,
) -> bool:
    """Whether the exact test accepts a pair of positions."""
    here, behind = halts[until], halts[until + 1]
    direct = until == boarding.after
    place = trip.pickup if direct else here.place
    service = trip.pickup_service if direct else here.service
    before = gap(place, service, trip.dropoff, trip.dropoff_service, seconds)
    after = gap(trip.dropoff, trip.dropoff_service, behind.place, behind.service, seconds)
    size = positions.lay_out(halts, trip, boarding, until, before, after, steps)
    return bool(positions.rides_can_do(steps, size) and positions.settle(steps, size))


Call = Callable[[], object]


def durations(calls: Iterable[Call]) -> list[float]:
    """Return the seconds that each call takes."""
    taken = []
    for call in calls:
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    return taken


def figures(seconds: list[float]) -> tuple[str, str]:
    """Return median and 99th percentile in milliseconds."""
    return f"{1000 * np.median(seconds):.2f}", f"{1000 * np.quantile(seconds, 0.99):.2f}"


def least_driving(compiled: CompiledTours, day: Day, options: list[Trip]) -> list[int | None]:
    """Return the least added driving of each option, without any filter."""
    trips = insertion.trip_records(options, compiled, day.travel, [0] * len(options))
    scores = np.full(len(options), FOREVER)
    exhaustive(compiled.halts, compiled.shifts, compiled.layouts, day.travel.seconds, trips, scores)
    return [int(score) if score < FOREVER else None for score in scores]


def offers_row(vehicles: int, trips: int, calls: int) -> list[str]:
    """Time offers over a day of that size; check some of them against the exhaustive search."""
    day = busy_day(1, vehicles, trips)
    compiled = compile_tours(day.tours, day.travel)
    rng = Random(2)
    asked = [options_of(rng, day.travel, windows=4) for _ in range(calls)]
    some = [options[::25] for options in asked[:3]]
    for options in some:
        found = best_insertions(compiled, day.travel, options)
        scores = [None if each is None else each.score for each in found]
        assert scores == least_driving(compiled, day, options), "both find the same"
    ours = durations(partial(best_insertions, compiled, day.travel, options) for options in asked)
    unfiltered = durations(partial(least_driving, compiled, day, options) for options in some)
    an_option = np.median(ours) / len(asked[0])
    an_unfiltered_option = np.median(unfiltered) / len(some[0])
    return [
        f"{vehicles}/{trips}",
        f"{len(day.trips)}",
        f"{np.mean([len(tour.halts) for tour in day.tours]):.0f}",
        *figures(ours),
        f"{1e6 * an_option:.0f}",
        f"{1e6 * an_unfiltered_option:.0f}",
        f"{an_unfiltered_option / an_option:.0f}",
    ]


def steps_rows(calls: int) -> list[list[str]]:
    """Time what else happens around a booking."""
    day = busy_day(1, 20, 1000)
    compiled = compile_tours(day.tours, day.travel)
    longest = max(range(20), key=lambda v: len(day.tours[v].halts))
    tour = day.tours[longest]
    rng = Random(3)
    trips = [options_of(rng, day.travel)[0] for _ in range(calls)]
    halts = f"{len(tour.halts)} halts"
    steps: dict[str, Iterable[Call]] = {
        f"replace a tour of {halts}": [partial(compiled.replace, longest, tour, day.travel)]
        * calls,
        f"timetable of {halts}": [partial(compiled.timetable, longest)] * calls,
        "explain a refusal": [partial(explain, compiled, day.travel, trip) for trip in trips],
        "compile the whole day": [partial(compile_tours, day.tours, day.travel)] * 10,
    }
    return [[step, *figures(durations(repeated))] for step, repeated in steps.items()]


def compilation_rows() -> list[list[str]]:
    """Time how long a fresh process needs until the kernels can be called."""
    script = (
        "import time; begin = time.perf_counter()\n"
        "from routing.insertion import warm_up\n"
        "imported = time.perf_counter(); warm_up(); ready = time.perf_counter()\n"
        "print(imported - begin, ready - imported, time.process_time())"
    )
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        places = {"NUMBA_CACHE_DIR": cache, "PYTHONPYCACHEPREFIX": cache}
        for state in ("compiled anew", "from the cache"):
            done = subprocess.run(
                [sys.executable, "-c", script],
                env={**os.environ, **places, "PYTHONDONTWRITEBYTECODE": ""},
                cwd=Path(__file__).parents[1],
                capture_output=True,
                text=True,
                check=True,
            )
            rows.append([state, *(f"{float(word):.1f}" for word in done.stdout.split())])
    return rows


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description="Time the search for insertions.")
    parser.add_argument("--calls", type=int, default=200, help="offers a row (200)")
    calls = parser.parse_args().calls
    warm_up()
    columns = (
        "tours/trips",
        "booked",
        "halts",
        "p50-ms",
        "p99-ms",
        "µs each",
        "unfiltered",
        "ratio",
    )
    for title, sizes in (
        ("Offers of 100 options", ((5, 1000), (20, 1000), (200, 10_000))),
        ("Growth of the tours", ((20, 250), (20, 500), (20, 1000))),
        ("Growth of the fleet", ((10, 500), (20, 1000), (40, 2000))),
    ):
        show(title, columns, [offers_row(*size, calls) for size in sizes])
    show("20 tours, 1000 trips asked", ("step", "p50-ms", "p99-ms"), steps_rows(calls))
    waiting = ("seconds until the kernels are ready", "imports", "kernels", "CPU in all")
    show("Kernels", waiting, compilation_rows())


if __name__ == "__main__":
    main()
