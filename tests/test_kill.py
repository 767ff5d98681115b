"""``kill -9`` amid many bookings: what was confirmed is there, and the plan is sound."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from routing.check import check_plan
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.server_process import ServerProcess

CLIENTS = 8


class Residents:
    """Clients that book until the server is gone or enough has been asked for."""

    def __init__(self, address: str, stops: list[str], day: date, seed: int) -> None:
        self.address = address
        self.stops = stops
        self.day = day
        self.seed = seed
        self.name = f"group-{seed}"
        self.confirmed: dict[str, str] = {}
        self.unanswered: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.faults: list[BaseException] = []
        self.enough = threading.Event()
        self._lock = threading.Lock()

    def book_all(self, bookings: int, enough_after: int) -> None:
        """Send so many bookings at once; `enough` is set when some are confirmed."""
        with ThreadPoolExecutor(CLIENTS) as pool:
            share = bookings // CLIENTS
            clients = [
                pool.submit(self._book_some, client, share, enough_after)
                for client in range(CLIENTS)
            ]
        self.faults = [fault for each in clients if (fault := each.exception()) is not None]

    def _book_some(self, client: int, share: int, enough_after: int) -> None:
        rng = random.Random(self.seed * 100 + client)
        with httpx2.Client(base_url=self.address, timeout=20) as http:
            for number in range(share):
                key = f"{self.name}-client-{client}-booking-{number}"
                try:
                    self._book(http, rng, key)
                except httpx2.TransportError:
                    self.enough.set()
                    return
                if len(self.confirmed) >= enough_after:
                    self.enough.set()
        self.enough.set()

    def _book(self, http: httpx2.Client, rng: random.Random, key: str) -> None:
        origin, destination = rng.sample(self.stops, 2)
        depart = datetime.combine(self.day, datetime.min.time(), UTC) + timedelta(
            minutes=rng.randrange(7 * 60, 17 * 60)
        )
        request = {
            "from": {"stop": origin},
            "to": {"stop": destination},
            "when": {"depart_at": depart.isoformat()},
        }
        answer = http.post("/api/v1/offers", json=request)
        offers = answer.json().get("offers", [])
        if not offers:
            return
        self.unanswered.add(key)
        answer = http.post(
            "/api/v1/bookings", json={"offer": offers[0]["offer"]}, headers={"Idempotency-Key": key}
        )
        with self._lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code != 503:  # then nobody knows
                self.unanswered.discard(key)
            if answer.status_code == 201:
                self.confirmed[key] = answer.json()["code"]


def next_service_day() -> date:
    """A weekday that can be booked now; Toy Town rests on Sundays."""
    day = datetime.now(UTC).date() + timedelta(days=2)
    return day if day.weekday() < 5 else day + timedelta(days=7 - day.weekday())


@pytest.mark.parametrize(("seed", "enough"), [(1, 20), pytest.param(2, 60, marks=pytest.mark.slow)])
def test_kill_9_during_bookings_loses_nothing_confirmed_and_leaves_a_sound_plan(
    toy_folder: Path, toy_region: Region, database_url: str, tmp_path: Path, seed: int, enough: int
) -> None:
    stops, day = [stop.id for stop in toy_region.stops], next_service_day()
    with ServerProcess(toy_folder, database_url, tmp_path) as server:
        residents = Residents(server.address, stops, day, seed)
        thread = threading.Thread(target=residents.book_all, args=(500, enough))
        thread.start()
        assert residents.enough.wait(60)
        server.kill()
        thread.join(60)
    assert residents.faults == []
    assert len(residents.confirmed) >= enough
    assert_kept(residents, toy_region, database_url)


def assert_kept(residents: Residents, region: Region, url: str) -> None:
    """What was confirmed is stored, what nobody knows is there or not, and the plan is sound."""
    store, day = SqlStore(url, region.config.id), residents.day
    dispatcher = Dispatcher(region, store)
    plan = dispatcher.plan(day, int(datetime.now(UTC).timestamp()))
    trips = {code: exact_trip(region, each.ride, code) for code, each in plan.bookings.items()}
    assert [str(each) for each in check_plan(plan.tours, region.travel, trips)] == []
    assert set(residents.confirmed.values()) <= set(plan.bookings)
    stored = [store.receipt(key) for key in residents.unanswered]
    extra = {receipt.code for receipt in stored if receipt is not None}
    assert set(plan.bookings) == set(residents.confirmed.values()) | extra
    dispatcher.close()
