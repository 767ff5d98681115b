"""How long residents wait for an offer from a real web server while a solver runs beside it."""

import multiprocessing
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np

from api.app import create_app
from benchmarks.offer_days import DAY, Residents, before_opening, with_fleet
from scenarios.demo_day import wire_request
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.domain import RideRequest
from shuttle.errors import OfferGone
from shuttle.events import Reoptimised
from shuttle.improving.reoptimiser import Reoptimiser
from shuttle.improving.solver_process import SolverProcess
from shuttle.region import Region
from shuttle.store import MemoryStore

A_VEHICLE = 50

_PAUSE = 0.005
"""Seconds between an answer and the next request."""

_FOR_EVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds until the answer: quantiles over all rounds, so that rare waits count."""

    p50: float
    p99: float

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]]) -> "Waits":
        """Return the figures of some rounds of waiting times in seconds."""
        waits = np.concatenate([np.asarray(each) for each in rounds])
        return cls(*(1000 * float(np.quantile(waits, q)) for q in (0.5, 0.99)))


@dataclass(frozen=True, slots=True)
class Beside:
    """Waits with and without a solver beside, and how many plans it brought meanwhile."""

    vehicles: int
    bookings: int
    alone: Waits
    beside: Waits
    adopted: int


def offers_beside_a_solver(region: Region, vehicles: int, rounds: int, requests: int) -> Beside:
    """Return how long offers take; rounds with and without a solver take turns."""
    crowded = with_fleet(region, range(vehicles))
    now, residents = before_opening(crowded), Residents(region, 1)
    with (
        closing(Dispatcher(crowded, MemoryStore())) as dispatcher,
        closing(SolverProcess()) as solver,
        listen("127.0.0.1", 0) as listener,
        serving_beside(
            create_app(dispatcher, lambda: now, secrets.token_bytes(32), tick_seconds=None),
            listener,
        ),
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as client,
    ):
        bookings = _fill(dispatcher, residents, A_VEHICLE * vehicles, now)
        # Without end, so that there is a solver beside even when there is nothing left to gain.
        loop = Reoptimiser(dispatcher, solver, patience=_FOR_EVER)
        loop.step(now)

        def one_round() -> list[float]:
            asked = [wire_request(each) for each in residents.several(requests)]
            return client.submit(_waits, address(listener), asked).result()

        one_round()
        alone, beside = [], []
        for _ in range(rounds):
            alone.append(one_round())
            with _running(loop, now):
                beside.append(one_round())
        adopted = sum(isinstance(each, Reoptimised) for each in dispatcher.events(DAY))
    return Beside(vehicles, bookings, Waits.of(alone), Waits.of(beside), adopted)


@contextmanager
def _running(loop: Reoptimiser, now: int) -> Iterator[None]:
    """Let the loop run on a thread during the body."""
    ended = threading.Event()
    thread = threading.Thread(target=loop.run, args=(lambda: now, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _fill(dispatcher: Dispatcher, residents: Residents, rides: int, now: int) -> int:
    """Book so many rides, or what becomes of four times as many requests."""
    booked = 0
    for number, request in enumerate(residents.several(4 * rides)):
        if booked == rides:
            break
        booked += _books(dispatcher, request, f"key-{number:05}", now)
    return booked


def _books(dispatcher: Dispatcher, request: RideRequest, key: str, now: int) -> bool:
    quote = dispatcher.quote(request, now)
    if quote.refusal is None:
        with suppress(OfferGone):
            dispatcher.book(quote.offers[0], key, now)
            return True
    return False


def _waits(server: str, asked: list[dict[str, Any]]) -> list[float]:
    """Ask for one offer after the other, from a process of its own; return the seconds of each."""
    waits = []
    with httpx2.Client(base_url=server, timeout=30, trust_env=False) as http:
        for body in asked:
            begin = time.perf_counter()
            http.post("/api/v1/offers", json=body)
            waits.append(time.perf_counter() - begin)
            time.sleep(_PAUSE)
    return waits
