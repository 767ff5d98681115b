"""How long a resident waits for an offer, by vehicles and bookings in the day.

``uv run python -m benchmarks.offers [REGION]`` fills a day through the dispatcher itself and then
times full offers from address to address: all nearby stops, all windows, all tours. The baseline
in the same run is an offer on the same plan with one pair of stops and one window.
"""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.progress import track

from benchmarks.report import milliseconds, show
from routing.insertion import warm_up
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Location, Party, RideRequest, When
from shuttle.errors import OfferGone, RequestError
from shuttle.region import BUNDLED, Region
from shuttle.region_config import Hours, Layout, ShiftRule, Vehicle
from shuttle.store import MemoryStore

SIZES = ((5, 250), (20, 1000), (40, 2000), (80, 4000))
TIMED = 300
DAY = date(2027, 3, 1)


def main() -> None:
    """Print the table."""
    region = Region.load(Path(sys.argv[1]) if len(sys.argv) > 1 else BUNDLED)
    warm_up()
    rows = [_row(region, vehicles, bookings) for vehicles, bookings in SIZES]
    columns = (
        "vehicles / bookings",
        "refused",
        "stop pairs x windows",
        "p50 ms",
        "p99 ms",
        "one pair, one window p50 ms",
        "ratio",
        "booking p50 ms",
    )
    show(f"A full offer in {region.config.name}, {len(region.stops)} stops", columns, rows)


def _row(region: Region, vehicles: int, bookings: int) -> list[str]:
    crowded = _with_fleet(region, vehicles)
    rng = random.Random(1)
    dispatcher = Dispatcher(crowded, MemoryStore())
    now = crowded.config.instant(DAY, 5 * 60)
    booking = _fill(dispatcher, rng, now, bookings)
    requests = [request for _ in range(TIMED) if (request := _wish(crowded, rng)) is not None]
    before = [event.kind for event in dispatcher.events(DAY)].count("refused")
    full = _times(requests, lambda request: dispatcher.quote(request, now))
    narrow = Dispatcher(_with_one_window(crowded), MemoryStore())
    narrow._plans[DAY] = dispatcher.plan(DAY, now)
    single = _times(
        [_from_stop_to_stop(crowded, request) for request in requests],
        lambda request: narrow.quote(request, now),
    )
    refused = [event.kind for event in dispatcher.events(DAY)].count("refused") - before
    dispatcher.close()
    narrow.close()
    middle = sorted(full)[len(full) // 2] / sorted(single)[len(single) // 2]
    return [
        f"{vehicles} / {len(booking)}",
        f"{refused / len(full):.0%}",
        f"{_options(crowded, requests):.0f}",
        milliseconds(full, 0.5),
        milliseconds(full, 0.99),
        milliseconds(single, 0.5),
        f"{middle:.1f}",
        milliseconds(booking, 0.5),
    ]


def _with_fleet(region: Region, vehicles: int) -> Region:
    """Return the region with so many like vehicles, out from 6 to 22 every day."""
    every = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    depot = next(iter(region.config.depots))
    span = {"days": every, "from": "06:00", "to": "22:00"}
    layout = Layout(seats=8, wheelchairs=1, child_seats=1)
    names = [f"bus-{number}" for number in range(vehicles)]
    config = region.config.model_copy(
        update={
            "hours": [Hours.model_validate(span)],
            "vehicles": [Vehicle(id=n, name=n, depot=depot, layouts=[layout]) for n in names],
            "shifts": [ShiftRule.model_validate({"vehicle": name, **span}) for name in names],
        }
    )
    return replace(region, config=config)


def _with_one_window(region: Region) -> Region:
    rules = region.config.rules.model_copy(update={"search_minutes": 15})
    return replace(region, config=region.config.model_copy(update={"rules": rules}))


def _wish(region: Region, rng: random.Random) -> RideRequest | None:
    """Return a request between two addresses that have a stop nearby."""
    addresses = [each for each in region.features if each.kind == "address"]
    ends = [rng.choice(addresses) for _ in range(2)]
    near = [region.walkable_stops(end.lat, end.lon) for end in ends]
    if not all(near) or near[0][0] == near[1][0]:
        return None
    origin, destination = (Location(end.lat, end.lon, end.street) for end in ends)
    minute = int(rng.triangular(6 * 60, 21 * 60, 13 * 60))
    when = rng.choice([When.DEPART_AT, When.DEPART_AT, When.ARRIVE_BY])
    party = Party(rng.choices([1, 2, 3], [80, 15, 5])[0])
    return RideRequest(origin, destination, when, region.config.instant(DAY, minute), party)


def _from_stop_to_stop(region: Region, request: RideRequest) -> RideRequest:
    ends = []
    for end in (request.origin, request.destination):
        place, _ = region.walkable_stops(end.lat, end.lon)[0]
        ends.append(replace(end, stop=region.stops[place].id))
    return replace(request, origin=ends[0], destination=ends[1])


def _fill(dispatcher: Dispatcher, rng: random.Random, now: int, bookings: int) -> list[float]:
    """Book until the day holds so many rides or 4 times as many were asked for."""
    seconds: list[float] = []
    for number in track(range(4 * bookings), f"booking {bookings} rides", transient=True):
        request = _wish(dispatcher.region, rng)
        if request is None or len(seconds) >= bookings:
            continue
        quote = dispatcher.quote(request, now)
        if quote.refusal is None:
            begin = time.perf_counter()
            try:
                dispatcher.book(quote.offers[0], f"key-{number:05}", now)
            except OfferGone:
                continue
            seconds.append(time.perf_counter() - begin)
    return seconds


def _times(requests: list[RideRequest], ask: Callable[[RideRequest], object]) -> list[float]:
    seconds = []
    for request in requests:
        begin = time.perf_counter()
        try:
            ask(request)
        except RequestError:
            continue
        seconds.append(time.perf_counter() - begin)
    return seconds


def _options(region: Region, requests: list[RideRequest]) -> float:
    """Return the mean number of stop pairs times windows."""
    windows = region.config.rules.search_minutes // region.config.rules.window_minutes
    pairs = [
        len(region.walkable_stops(each.origin.lat, each.origin.lon))
        * len(region.walkable_stops(each.destination.lat, each.destination.lon))
        for each in requests
    ]
    return windows * sum(pairs) / len(pairs)


if __name__ == "__main__":
    main()
