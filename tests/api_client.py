"""A client for the API of Toy Town, on a clock that the test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi.testclient import TestClient

from api.app import create_app
from shuttle.dispatcher import Dispatcher

BERLIN = ZoneInfo("Europe/Berlin")

MONDAY_MORNING = int(datetime(2027, 3, 22, 8, 0, tzinfo=BERLIN).timestamp())

KEY = b"a key that is only for tests"


def berlin(text: str) -> str:
    """Return a time on Berlin's clocks as ISO 8601 with its offset."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).isoformat()


@dataclass
class Clock:
    """Stands still until it is set."""

    now: int = MONDAY_MORNING

    def __call__(self) -> int:
        return self.now

    def set(self, text: str) -> None:
        """Set the clock to a time on Berlin's clocks."""
        self.now = int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


@dataclass
class Api:
    """The API under test."""

    http: TestClient
    clock: Clock
    dispatcher: Dispatcher

    def ask(self, **changes: Any) -> Any:
        """Ask for a ride from the church to the station at nine; `changes` replace members."""
        return self.http.post("/api/v1/offers", json=request(**changes))

    def offer(self, **changes: Any) -> dict[str, Any]:
        """Return the first offer for a request."""
        answer = self.ask(**changes)
        assert answer.status_code == 200, answer.text
        first: dict[str, Any] = answer.json()["offers"][0]
        return first

    def confirm(self, token: str, key: str = "key-of-a-test") -> Any:
        """Book an offer."""
        return self.http.post(
            "/api/v1/bookings", json={"offer": token}, headers={"Idempotency-Key": key}
        )

    def look_up(self, booking: dict[str, Any]) -> Any:
        """Look up a booking with its link."""
        return self.http.get(f"/api/v1/bookings/{booking['code']}", headers=secret_of(booking))

    def cancel(self, booking: dict[str, Any]) -> Any:
        """Cancel a booking with its link."""
        return self.http.delete(f"/api/v1/bookings/{booking['code']}", headers=secret_of(booking))

    def book(self, key: str = "key-of-a-test", **changes: Any) -> dict[str, Any]:
        """Return a booking of the first offer for a request."""
        answer = self.confirm(self.offer(**changes)["offer"], key)
        assert answer.status_code == 201, answer.text
        booking: dict[str, Any] = answer.json()
        return booking


def secret_of(booking: dict[str, Any]) -> dict[str, str]:
    """Return the header that opens a booking."""
    return {"Booking-Secret": booking["link"]}


def request(**changes: Any) -> dict[str, Any]:
    """Return the body of a request from the church to the station at nine."""
    body: dict[str, Any] = {
        "from": {"stop": "kirche"},
        "to": {"stop": "bahnhof"},
        "when": {"depart_at": berlin("2027-03-22T09:00")},
    }
    if "origin" in changes:
        changes["from"] = changes.pop("origin")
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


@contextmanager
def serving(dispatcher: Dispatcher) -> Iterator[Api]:
    """Give the API of a dispatcher on a clock that stands at Monday, 8:00."""
    clock = Clock()
    app = create_app(dispatcher, clock, KEY, tick_seconds=None)
    with TestClient(app, client=("127.0.0.1", 50_000)) as http:
        yield Api(http, clock, dispatcher)
