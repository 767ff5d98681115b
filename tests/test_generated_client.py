"""An outside system: a client generated from the OpenAPI document rides through a real server."""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.people.accounts import Scope
from shuttle.region import Region
from tests.api_client import berlin
from tests.staff import office

pytestmark = pytest.mark.filterwarnings("ignore:.*utcfromtimestamp.*:DeprecationWarning")

SCOPES = (Scope.OFFERS, Scope.BOOKINGS, Scope.UNMET)

NO_CLIENT_READS = {
    "/open-data/gtfs-flex.zip",
    "/open-data/vehicle-positions.pb",
    "/open-data/alerts.pb",
}
"""Files, which the generator leaves to whoever downloads them."""


def generated(document: Path, package: Path) -> str:
    """Generate a client as a package; return what the generator said."""
    config = package.with_name("config.json")
    config.write_text(json.dumps({"post_hooks": []}))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    options = ["--path", str(document), "--output-path", str(package), "--config", str(config)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@dataclass
class Partner:
    """The generated package, a client of it with a key, and what the generator said."""

    package: Any
    client: Any
    said: str

    def operation(self, name: str) -> Any:
        """Return a module of the package, such as ``rides.rides_book``."""
        return importlib.import_module(f"{self.package.__name__}.api.{name}")

    def model(self, name: str, content: dict[str, Any]) -> Any:
        """Return a model of the package, filled."""
        models = importlib.import_module(f"{self.package.__name__}.models")
        return getattr(models, name).from_dict(content)


@pytest.fixture(scope="module")
def partner(toy_region: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    folder = tmp_path_factory.mktemp("partner")
    with office(toy_region, folder) as here:
        document = folder / "openapi.json"
        document.write_text(here.http.get("/api/v1/openapi.json").text)
        said = generated(document, folder / "shuttle_partner")
        listener = listen("127.0.0.1", 0)
        with pytest.MonkeyPatch.context() as patch, serving_beside(here.http.app, listener):
            patch.syspath_prepend(str(folder))
            package = importlib.import_module("shuttle_partner")
            key = here.key(*SCOPES)["Authorization"].removeprefix("Bearer ")
            with package.AuthenticatedClient(base_url=address(listener), token=key) as client:
                yield Partner(package, client, said)


def test_the_generator_understands_the_whole_document(partner: Partner) -> None:
    passed_over = set(re.findall(r"WARNING parsing \w+ (\S+)", partner.said))
    assert passed_over == NO_CLIENT_READS
    assert "Unable to parse" not in partner.said


def test_a_partner_books_looks_up_changes_and_cancels(partner: Partner) -> None:
    def ask(time: str, **more: str) -> Any:
        wish = {
            "from": {"stop": "kirche"},
            "to": {"stop": "bahnhof"},
            "when": {"depart_at": berlin(time)},
            **more,
        }
        asked = partner.model("OfferRequest", wish)
        answer = partner.operation("rides.rides_ask_for_offers").sync(client=client, body=asked)
        return answer.offers[0]

    client = partner.client
    offer = ask("2027-03-22T09:00")
    booking_request = partner.model("BookingRequest", {"offer": offer.offer})
    book = partner.operation("rides.rides_book")
    booked = book.sync(client=client, body=booking_request, idempotency_key="partner-1")
    again = book.sync(client=client, body=booking_request, idempotency_key="partner-1")
    assert again.code == booked.code

    secret = booked.link
    look_up = partner.operation("rides.rides_look_up")
    found = look_up.sync(booked.code, client=client, booking_secret=secret)
    assert (found.code, found.status.value) == (booked.code, "booked")
    assert found.pickup_window.earliest.isoformat() == offer.pickup_window.earliest.isoformat()

    later = ask("2027-03-22T11:00", changing=booked.code)
    changed = partner.operation("rides.rides_change_booking").sync(
        booked.code,
        client=client,
        body=partner.model("ChangeRequest", {"offer": later.offer}),
        idempotency_key="partner-2",
        booking_secret=secret,
    )
    assert changed.pickup_window.earliest > booked.pickup_window.earliest
    assert look_up.sync(booked.code, client=client, booking_secret=secret).status == "cancelled"

    cancel = partner.operation("rides.rides_cancel")
    given_up = cancel.sync(changed.code, client=client, booking_secret=changed.link)
    assert given_up.status.value == "cancelled"


def test_a_partner_reads_a_long_list_page_by_page(partner: Partner) -> None:
    for minute in range(3):
        wish = {
            "from": {"stop": "kirche"},
            "to": {"stop": "bahnhof"},
            "when": {"depart_at": berlin(f"2027-03-22T21:{minute:02}")},
        }
        asked = partner.model("OfferRequest", wish)
        partner.operation("rides.rides_ask_for_offers").sync(client=partner.client, body=asked)
    unmet = partner.operation("planning.planning_unmet")
    pages = [unmet.sync(client=partner.client, limit=2)]
    while pages[-1].next_ is not None:
        pages.append(unmet.sync(client=partner.client, limit=2, after=pages[-1].next_))
    assert [len(page.rows) for page in pages] == [2, 1]
    assert {row.reason for page in pages for row in page.rows} == {"outside_hours"}


def test_a_mistake_comes_back_as_a_problem_with_a_stable_code(partner: Partner) -> None:
    look_up = partner.operation("rides.rides_look_up")
    answer = look_up.sync_detailed("NONE2345", client=partner.client)
    assert answer.status_code == 404
    assert answer.parsed.code == "unknown_booking"
