"""The map page in a real browser: vehicles move, nothing fails, nobody else is asked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from api.app import create_app
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Location, RideRequest, When
from tests.api_client import KEY, Clock
from tests.browser import needs_browser

pytestmark = needs_browser

PATIENCE_MS = 20_000


@dataclass
class Visit:
    """A page that remembers what went wrong and whom it asked."""

    page: Page
    clock: Clock
    host: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def listen(self) -> None:
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def place_of(self, vehicle: str) -> Any:
        """Return where a vehicle is drawn, in pixels."""
        return self.page.locator(f".vehicle-marker.{vehicle}").bounding_box()

    def waits_until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds.

        The page's policy forbids what Playwright's own waiting for a script does: to evaluate it.
        """
        for _ in range(PATIENCE_MS // 50):
            if true():
                return
            self.page.wait_for_timeout(50)
        pytest.fail("it did not come true")

    def reads(self, selector: str, text: str) -> None:
        """Wait until an element says this."""
        self.page.locator(selector).filter(has_text=text).wait_for(timeout=PATIENCE_MS)


@pytest.fixture
def visit(
    request: pytest.FixtureRequest, browser: Browser, dispatcher: Dispatcher
) -> Iterator[Visit]:
    scheme: Literal["light", "dark"] = getattr(request, "param", "light")
    clock = Clock()
    app = create_app(dispatcher, clock, KEY, tick_seconds=None)
    listener = listen("127.0.0.1", 0)
    with serving_beside(app, listener):
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="de-DE", color_scheme=scheme
        )
        visit = Visit(context.new_page(), clock, address(listener))
        visit.listen()
        yield visit
        context.close()


def book(dispatcher: Dispatcher, now: int) -> None:
    """Book a ride from the church to the station at nine."""
    church, station = (dispatcher.region.stop(each) for each in ("kirche", "bahnhof"))
    request = RideRequest(
        Location(church.lat, church.lon, church.label, church.id),
        Location(station.lat, station.lon, station.label, station.id),
        When.DEPART_AT,
        now + 3600,
    )
    dispatcher.book(dispatcher.quote(request, now).offers[0], "key-of-a-browser", now)


@pytest.mark.parametrize("visit", ["light", "dark"], indirect=True)
def test_a_vehicle_moves_between_two_times(visit: Visit, dispatcher: Dispatcher) -> None:
    book(dispatcher, visit.clock())
    visit.clock.set("2027-03-22T09:02")
    visit.page.goto(f"{visit.host}/map")
    visit.reads("#clock", "09:02")
    visit.reads("#vehicles", "unterwegs nach Bahnhof, Niederdorf")
    visit.reads("#vehicles", "1 an Bord")
    before = visit.place_of("vehicle-1")
    visit.clock.set("2027-03-22T09:04")
    visit.reads("#clock", "09:04")
    visit.waits_until(lambda: visit.place_of("vehicle-1")["x"] > before["x"] + 20)
    assert visit.complaints == []
    assert visit.hosts == {urlsplit(visit.host).netloc}


def test_the_pages_fit_on_a_small_phone(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    for path in ("/map", "/table", "/about", "/problems", "/privacy", "/login", "/nowhere"):
        visit.page.goto(f"{visit.host}{path}")
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, path
    visit.page.goto(f"{visit.host}/map")
    visit.reads("#clock", "08:00")
    unfold = visit.page.locator("#fold")
    assert not visit.page.locator("#details").is_visible()
    unfold.press("Enter")
    assert unfold.get_attribute("aria-expanded") == "true"
    assert visit.page.locator("#details").is_visible()
    assert visit.page.locator(".leaflet-control-attribution").is_visible()


def test_a_lost_connection_is_said_and_found_again(visit: Visit) -> None:
    visit.page.goto(f"{visit.host}/map")
    visit.reads("#clock", "08:00")
    visit.page.route("**/api/**", lambda route: route.abort())
    visit.reads("#notice", "Keine Verbindung")
    visit.page.unroute("**/api/**")
    visit.page.locator("#notice").wait_for(state="hidden", timeout=PATIENCE_MS)
