"""A made-up day: residents ask and book through the real API while vehicles follow the plan.

Whoever is offered something takes the first offer. Whoever is refused takes the nearest
alternative if it moves the ride by at most :data:`FLEXIBLE_SECONDS`, and gives up otherwise; who
cannot get there does not ask for the way back.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from scenarios.clock import DemoClock
from scenarios.demand import Wish
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Location, RideRequest, When

FLEXIBLE_SECONDS = 45 * 60

_PAUSE = 0.2
"""Real seconds between two looks at a running clock."""

Json = dict[str, Any]


@dataclass
class Answers:
    """What the residents have met with so far."""

    booked: set[int] = field(default_factory=set)
    moved: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    not_asked: int = 0

    @property
    def requests(self) -> int:
        """How many asked."""
        return len(self.booked) + self.refused.total()


class Residents:
    """Ask for rides and book them, one after the other.

    Parameters
    ----------
    http
        Speaks to a running service.
    """

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        self.answers = Answers()

    def ask(self, wish: Wish) -> None:
        """Ask for a ride and book what suits."""
        answers = self.answers
        if wish.there is not None and wish.there not in answers.booked:
            answers.not_asked += 1
            return
        quote = self.http.post("/api/v1/offers", json=wire_request(wish.request))
        if quote.status_code == 422:
            answers.refused[quote.json()["code"]] += 1
            return
        quote.raise_for_status()
        self._choose(wish, quote.json())

    def _choose(self, wish: Wish, quote: Json) -> None:
        refusal, offers = quote.get("refusal"), quote["offers"]
        if refusal is not None:
            offers = sorted(offers, key=lambda offer: moved_by(wish.request, offer))
            if not offers or moved_by(wish.request, offers[0]) > FLEXIBLE_SECONDS:
                self.answers.refused[refusal["reason"]] += 1
                return
        booking = self.http.post(
            "/api/v1/bookings",
            json={"offer": offers[0]["offer"]},
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        if booking.status_code in (409, 410):  # somebody at the map page was faster
            self.answers.refused[booking.json()["code"]] += 1
            return
        booking.raise_for_status()
        self.answers.booked.add(wish.number)
        self.answers.moved += refusal is not None


def wire_request(request: RideRequest) -> Json:
    """Return a ride request as the API reads it."""
    when = datetime.fromtimestamp(request.time, UTC).isoformat()
    party = request.party
    return {
        "from": _wire_place(request.origin),
        "to": _wire_place(request.destination),
        "when": {request.when.value: when},
        "party": {
            "passengers": party.passengers,
            "wheelchairs": party.wheelchairs,
            "child_seats": party.child_seats,
        },
    }


def _wire_place(place: Location) -> Json:
    if place.stop is not None:
        return {"stop": place.stop}
    return {"lat": place.lat, "lon": place.lon, "label": place.label}


def moved_by(request: RideRequest, offer: Json) -> int:
    """Return by how many seconds an offer misses the wished time."""
    window = offer["pickup_window"]
    if request.when is When.ARRIVE_BY:
        promised = datetime.fromisoformat(offer["dropoff_latest"])
        return abs(request.time - int(promised.timestamp()))
    return abs(int(datetime.fromisoformat(window["earliest"]).timestamp()) - request.time)


def nothing_better(_now: int) -> None:
    """Leave the plan as it is."""


@dataclass
class DemoDay:
    """One day, played on a clock.

    Attributes
    ----------
    dispatcher
        Serves the day; its vehicles are moved from here, its bookings come through `residents`.
    clock
        The one that the service reads too.
    residents
        Who asks.
    wishes
        In the order of asking.
    begin, end
        The part of the day that is played, in epoch seconds. What is asked for before `begin` is
        booked at once.
    improve
        Told the time after each request, where the day is played as fast as it goes.
    """

    dispatcher: Dispatcher
    clock: DemoClock
    residents: Residents
    wishes: Sequence[Wish]
    begin: int
    end: int
    improve: Callable[[int], object] = nothing_better

    def book_ahead(self) -> Iterator[Wish]:
        """Yield each wish from before the begin when it has been answered."""
        for wish in self.wishes:
            if wish.asked_at < self.begin:
                self.clock.put(wish.asked_at)
                self.residents.ask(wish)
                self.improve(wish.asked_at)
                yield wish
        self.clock.put(self.begin)
        self.dispatcher.advance(self.begin)

    def step(self) -> Iterator[int]:
        """Play the day from one request to the next, as fast as it goes; yield the time."""
        for wish in self._later():
            self.clock.put(wish.asked_at)
            self.dispatcher.advance(self.clock())
            self.residents.ask(wish)
            self.improve(wish.asked_at)
            yield wish.asked_at
        self.clock.put(self.end)
        self.dispatcher.advance(self.end)
        yield self.end

    def run(self, speed: float, sleep: Callable[[float], None] = time.sleep) -> Iterator[int]:
        """Play the day on a running clock; yield the time a few times a second."""
        waiting = list(reversed(self._later()))
        self.clock.run(speed, self.end)
        while (now := self.clock()) < self.end:
            while waiting and waiting[-1].asked_at <= now:
                self.residents.ask(waiting.pop())
            self.dispatcher.advance(self.clock())
            yield now
            sleep(_PAUSE)
        self.clock.put(self.end)
        self.dispatcher.advance(self.end)
        yield self.end

    def _later(self) -> list[Wish]:
        return [wish for wish in self.wishes if self.begin <= wish.asked_at < self.end]
