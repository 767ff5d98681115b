"""Clients of a server with many regions, in processes of their own: they ask, and some book."""

import math
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import httpx2
import numpy as np

from routing.stops import Stop

NEARBY = 3000.0
"""Metres from the middle of where rides begin and end."""

ALL_DAY = range(6 * 60 + 30, 18 * 60)
"""Minutes of the day at which rides begin."""

_PAUSE = 0.01
"""Seconds between an answer and the next question."""

BERLIN = ZoneInfo("Europe/Berlin")


class Site(NamedTuple):
    """Where a server listens, and the ids of the stops between which its clients ride."""

    address: str
    stops: list[str]


def close_together(stops: Sequence[Stop]) -> list[str]:
    """Return the ids of the stops of a compact place: those around the one with most nearby."""
    east = math.cos(math.radians(statistics.mean(each.lat for each in stops)))
    points = np.array([(each.lat, east * each.lon) for each in stops]) * 111_200
    near = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)) <= NEARBY
    middle = near[near.sum(axis=1).argmax()]
    return [stops[int(k)].id for k in np.flatnonzero(middle)]


def ask_often(server: Site, seconds: float) -> list[float]:
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


def ask_and_book(
    server: Site, seconds: float, regions: Sequence[int], clients: int, pace: float
) -> int:
    """Ask for rides in regions in turn for some seconds, book them; return how many were asked."""
    until = time.monotonic() + seconds

    def book(client: int) -> int:
        number = 0
        while time.monotonic() < until:
            region = regions[number % len(regions)]
            next_one = time.monotonic() + pace
            key = f"load-{clients}-{client}-{number}"
            book_some(server, region, key, most=1)
            number += 1
            time.sleep(max(0.0, min(next_one, until) - time.monotonic()))
        return number

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(book, range(clients)))


def book_some(
    server: Site, region: int, key: str, *, most: int, wanted: int = 1
) -> tuple[int, int]:
    """Ask for rides and book what is offered until there are as many as wanted.

    Returns how many were asked for, at most `most`, and how many are booked.
    """
    rng, booked, asked = random.Random(f"{region} {key}"), 0, 0
    with httpx2.Client(base_url=server.address, timeout=60, trust_env=False) as http:
        while asked < most and booked < wanted:
            asked += 1
            answer = http.post("/api/v1/offers", json=_wish(server, rng), headers=_host(region))
            offers = answer.json().get("offers")
            if offers:
                headers = {**_host(region), "Idempotency-Key": f"{region}-{key}-{asked}"}
                chosen = {"offer": offers[0]["offer"]}
                answer = http.post("/api/v1/bookings", json=chosen, headers=headers)
                booked += answer.status_code == httpx2.codes.CREATED
    return asked, booked


def _host(region: int) -> dict[str, str]:
    return {"Host": f"region-{region}.bus.example"}


def _wish(server: Site, rng: random.Random) -> dict[str, object]:
    """Return a ride of tomorrow."""
    origin, destination = rng.sample(server.stops, 2)
    day = datetime.now(BERLIN).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    depart = day + timedelta(minutes=rng.choice(ALL_DAY))
    return {
        "from": {"stop": origin},
        "to": {"stop": destination},
        "when": {"depart_at": depart.isoformat(timespec="seconds")},
    }
