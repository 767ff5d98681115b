"""How long a resident waits for an offer, by vehicles and bookings in the day.

``uv run python -m benchmarks.offers [REGION] [--profile]`` fills days and then times full offers
from address to address: all nearby stops, all windows, all tours. The baseline in the same run is
an offer on the same plan with one pair of stops and one window.

The first rows hold 50 bookings a vehicle, made through the dispatcher itself. In those behind them
70 % of the day is booked: the vehicles drive or stand at halts for 70 % of the time that they are
out, by their timetables and without waiting. By then small fleets refuse half of all further
requests; those are timed apart, with their reason and all fixes. A booking is timed at the end, on
the full day. ``--profile`` adds where the time of an offer and of a refusal goes. Times are
processor time: what a resident waits on a machine with nothing else to do.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress as Bar

from benchmarks.arguments import Arguments, count, counts, new_file, refuse
from benchmarks.offer_days import (
    DAY,
    Residents,
    as_busy,
    before_opening,
    busy,
    from_stop_to_stop,
    with_bookings,
    with_fleet,
)
from benchmarks.offer_profile import LABELS, profile_of
from benchmarks.report import machine, run_command, show, show_table, until_interrupted
from routing.insertion import warm_up
from shuttle.dispatcher import Dispatcher
from shuttle.domain import RideRequest
from shuttle.errors import OfferGone, RegionError, RequestError
from shuttle.plan import DayPlan
from shuttle.region import BUNDLED, Region
from shuttle.store import MemoryStore

SIZES = (5, 20, 40, 80)
A_VEHICLE = 50

BUSY_SIZES = (5, 20, 200)
BUSY = 0.7

COLUMNS = (
    "vehicles / bookings",
    "busy",
    "refused",
    "stop pairs x windows",
    "offer p50 ms",
    "p99 ms",
    "refusal with fixes p50 ms",
    "refusal p99 ms",
    "one pair, one window p50 ms",
    "ratio",
    "booking p50 ms",
)

Figures = dict[str, Any]


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    asked = _arguments().parse_args(words)
    try:
        region = Region.load(asked.region)
    except RegionError as error:
        refuse(str(error))
    if not any(each.kind == "address" for each in region.features):
        refuse(f"{region.config.name} has no addresses on its map; nobody can be asked about.")
    warm_up()
    rows = until_interrupted(_rows(region, asked))
    if rows:
        title = f"A full offer in {region.config.name}, {len(region.stops)} stops"
        show(title, COLUMNS, [_cells(row) for row in rows])
    for row in rows:
        if row["profile"] is not None:
            _show_profile(row)
    if asked.json:
        figures = {"machine": machine(), "rows": rows}
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _arguments() -> Arguments:
    parser = Arguments("benchmarks.offers", description="Time full offers on filled days.")
    parser.add_argument("region", type=Path, nargs="?", default=BUNDLED, help="a region's folder")
    parser.add_argument("--fleets", type=counts, default=SIZES, help="with 50 bookings a vehicle")
    parser.add_argument("--busy", type=counts, default=BUSY_SIZES, help="fleets filled to 70 %%")
    parser.add_argument("--timed", type=count, default=300, help="requests that are timed (300)")
    parser.add_argument("--profile", action="store_true", help="where the time of an offer goes")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="all figures")
    return parser


def _rows(region: Region, asked: argparse.Namespace) -> Iterator[Figures]:
    """Yield the figures of each day."""
    kinds = [(vehicles, False) for vehicles in asked.fleets]
    kinds += [(vehicles, True) for vehicles in asked.busy]
    with Bar(transient=True) as bar:
        task = bar.add_task("", total=sum(vehicles for vehicles, _ in kinds))
        done = 0
        for vehicles, to_the_share in kinds:
            bar.update(task, description=f"filling the day of {vehicles} vehicles")
            residents = Residents(region, 1)
            if to_the_share:

                def tell(share: float, before: int = done, most: int = vehicles) -> None:
                    bar.update(task, completed=before + share * most)

                plan = as_busy(region, vehicles, BUSY, residents, tell)
            else:
                plan = with_bookings(region, vehicles, A_VEHICLE * vehicles, residents)
            bar.update(task, description=f"asking {vehicles} vehicles")
            yield _row(region, plan, residents, asked.timed, asked.profile)
            done += vehicles
            bar.update(task, completed=done)


def _row(
    region: Region, plan: DayPlan, residents: Residents, timed: int, profiled: bool
) -> Figures:
    """Return the figures of a filled day; `plan` has a tour for each vehicle."""
    vehicles = len(plan.tours)
    crowded = with_fleet(region, range(vehicles))
    now = before_opening(crowded)
    service = _with_plan(crowded, plan)
    requests = residents.several(timed)
    full, refusals = _times(service, requests, now)
    narrow = _with_plan(_with_one_window(crowded), plan)
    single, _ = _times(narrow, [from_stop_to_stop(crowded, each) for each in requests], now)
    narrow.close()
    profile = profile_of(service, requests, now) if profiled else None
    booking = _booking_times(service, requests, now)
    service.close()
    return {
        "vehicles": vehicles,
        "bookings": len(plan.bookings),
        "busy": busy(plan, region.travel),
        "refused": len(refusals) / max(1, len(full) + len(refusals)),
        "options": _options(crowded, requests),
        "p50_ms": _milliseconds(full, 0.5),
        "p99_ms": _milliseconds(full, 0.99),
        "refusal_p50_ms": _milliseconds(refusals, 0.5),
        "refusal_p99_ms": _milliseconds(refusals, 0.99),
        "single_p50_ms": _milliseconds(single, 0.5),
        "booking_p50_ms": _milliseconds(booking, 0.5),
        "profile": profile,
    }


def _milliseconds(seconds: Sequence[float], share: float) -> float | None:
    """Return a quantile of durations; None if there are none."""
    return 1000 * float(np.quantile(seconds, share)) if seconds else None


def _cells(row: Figures) -> list[str]:
    names = (
        *("p50_ms", "p99_ms", "refusal_p50_ms", "refusal_p99_ms"),
        *("single_p50_ms", "booking_p50_ms"),
    )
    times = {name: "" if row[name] is None else f"{row[name]:.1f}" for name in names}
    return [
        f"{row['vehicles']} / {row['bookings']:,}",
        f"{row['busy']:.0%}",
        f"{row['refused']:.0%}",
        f"{row['options']:.0f}",
        times["p50_ms"],
        times["p99_ms"],
        times["refusal_p50_ms"],
        times["refusal_p99_ms"],
        times["single_p50_ms"],
        f"{row['p50_ms'] / row['single_p50_ms']:.1f}" if row["single_p50_ms"] else "",
        times["booking_p50_ms"],
    ]


def _with_plan(region: Region, plan: DayPlan) -> Dispatcher:
    """Return a service in whose memory a day is as it is; its store knows nothing of it."""
    service = Dispatcher(region, MemoryStore())
    service._plans[DAY] = replace(plan, region=region).at_revision(0)
    return service


def _with_one_window(region: Region) -> Region:
    rules = region.config.rules.model_copy(update={"search_minutes": 15})
    return replace(region, config=region.config.model_copy(update={"rules": rules}))


def _times(
    service: Dispatcher, requests: list[RideRequest], now: int
) -> tuple[list[float], list[float]]:
    """Return how long offers take, and refusals with their reason and fixes."""
    offers, refusals = list[float](), list[float]()
    for request in requests:
        begin = time.process_time()
        try:
            answer = service.quote(request, now)
        except RequestError:
            continue
        seconds = time.process_time() - begin
        (offers if answer.refusal is None else refusals).append(seconds)
    return offers, refusals


def _booking_times(service: Dispatcher, requests: list[RideRequest], now: int) -> list[float]:
    """Return how long each booking of a first offer takes."""
    seconds = []
    for number, request in enumerate(requests):
        quote = service.quote(request, now)
        if quote.refusal is not None:
            continue
        begin = time.process_time()
        try:
            service.book(quote.offers[0], f"timed-{number:05}", now)
        except OfferGone:
            continue
        seconds.append(time.process_time() - begin)
    return seconds


def _options(region: Region, requests: list[RideRequest]) -> float:
    """Return the mean number of stop pairs times windows."""
    windows = region.config.rules.search_minutes // region.config.rules.window_minutes
    pairs = [
        len(region.walkable_stops(each.origin.lat, each.origin.lon))
        * len(region.walkable_stops(each.destination.lat, each.destination.lon))
        for each in requests
    ]
    return windows * sum(pairs) / max(1, len(pairs))


def _show_profile(row: Figures) -> None:
    """Print where the time goes on one day."""
    parts = row["profile"]
    title = (
        f"Where the time goes, {row['vehicles']} vehicles / {row['bookings']:,} bookings: mean of "
        f"{parts['offer']['number']} offers and {parts['refusal']['number']} refusals"
    )
    rows = [[label] for label in (*LABELS, "all")]
    for kind in ("offer", "refusal"):
        spent = parts[kind]["us"]
        whole = sum(spent.values())
        for cells in rows:
            part = whole if cells[0] == "all" else spent[cells[0]]
            cells += [f"{part:,.0f}", f"{part / whole:.0%}"] if whole else ["", ""]
    show_table(title, ("step", "offer µs", "share", "refusal µs", "share"), rows)


if __name__ == "__main__":
    run_command(main)
