"""One day in a real browser, from all sides at once: desk, board, two drivers and a resident.

Nobody loads a page anew: what somebody does reaches the others by events or by their own beat. The
clock is the service's argument; the phones' clocks go with it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from routing import improvement, insertion
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.driving.promises import PromiseState
from shuttle.region import Region
from tests.api_client import BERLIN
from tests.browser import needs_browser
from tests.staff import PASSWORD, Office, office
from tests.test_page_driver import Door, Phone

pytestmark = needs_browser

PATIENCE_MS = 20_000
MONDAY = date(2027, 3, 22)
NOON = int(datetime(2027, 3, 22, 12, 0, tzinfo=BERLIN).timestamp())
NUMBER = "0464178123"


@dataclass
class Town:
    """Everybody who takes part in the day, and the clock they share."""

    here: Office
    browser: Browser
    host: str
    contexts: ExitStack
    clocks: list[Page] = field(default_factory=list)
    drivers: list[Page] = field(default_factory=list)

    def context(self, width: int) -> BrowserContext:
        """Return another device."""
        made = self.browser.new_context(
            viewport={"width": width, "height": 900},
            locale="de-DE",
            permissions=["geolocation"],
            geolocation={"latitude": 54.63, "longitude": 9.77},
        )
        made.set_default_timeout(PATIENCE_MS)
        self.contexts.callback(made.close)
        return made

    def with_clock(self, context: BrowserContext) -> Page:
        """Return a page whose clock goes only with that of the service."""
        page = context.new_page()
        page.clock.install(time=self.here.clock.now)
        page.clock.pause_at(self.here.clock.now + 1)
        self.clocks.append(page)
        return page

    def until(self, clock: str) -> None:
        """Let the day go on until a time, for the vehicles and on all phones."""
        self.beat()
        before = self.here.clock.now
        self.here.clock.set(f"2027-03-22T{clock}")
        self.here.dispatcher.advance(self.here.clock.now)
        for page in self.clocks:
            page.clock.fast_forward((self.here.clock.now - before) * 1000)

    def beat(self) -> None:
        """Let ten seconds go by, and wait until each driver's phone has heard what is new.

        All clocks go alike: a phone reckons the pace of the service's clock from its answers, and
        one that was under way during a leap would tell it a wrong time.
        """
        self.here.clock.now += 10
        for page in self.clocks:
            if page in self.drivers:
                with page.expect_response(lambda answer: answer.url.endswith("/tour")):
                    page.clock.run_for(10_000)
            else:
                page.clock.run_for(10_000)

    def reads(self, resident: Page, words: str) -> None:
        """Wait until a resident's page says something about their ride by itself."""
        for _ in range(3):  # it looks every twenty seconds
            self.beat()
        expect(resident.locator("#ride .phase")).to_contain_text(words, timeout=PATIENCE_MS)

    def shift_of(self, code: str) -> str:
        """Return the shift that carries a ride."""
        plan = self.here.dispatcher.plan(MONDAY, self.here.clock.now)
        number = plan.tour_of(code)
        assert number is not None
        return plan.tours[number].shift.id

    def driver_of(self, shift: str) -> Phone:
        """Return the phone in the vehicle of a shift, opened with a code of its own."""
        page = self.with_clock(self.context(360))
        phone = Phone(self.here, page, self.host, Door(self.here.http.app))
        phone.open(self.here.code_of(shift))
        phone.start()
        self.drivers.append(page)
        return phone


@contextmanager
def control_room(town: Town) -> Iterator[tuple[Page, Page]]:
    """Sign in once, and open the phone desk and the board beside it."""
    context = town.context(1440)
    desk, board = context.new_page(), context.new_page()
    desk.goto(f"{town.host}/desk")
    desk.get_by_label("Name").fill("dispatcher")
    desk.get_by_label("Passwort").fill(PASSWORD)
    desk.keyboard.press("Enter")
    desk.get_by_role("link", name="Telefonplatz").click()
    desk.locator("#phone:focus").wait_for()
    board.goto(f"{town.host}/board")
    board.locator("#live").filter(has_text="live").wait_for()
    board.evaluate("window.untouched = true")
    yield desk, board
    assert board.evaluate("window.untouched"), "the board was loaded anew"


def book_by_phone(desk: Page, line: str) -> str:
    """Book for a caller, by keyboard alone; return the code that is read to them."""
    if desk.locator("#done").count():
        desk.keyboard.press("n")
    desk.locator("#phone:focus").wait_for()
    desk.keyboard.type(NUMBER)
    desk.keyboard.press("Enter")
    desk.locator("#line:focus").wait_for()
    desk.keyboard.type(line)
    desk.keyboard.press("Enter")
    desk.locator("#offers:focus").wait_for()
    desk.keyboard.press("1")
    return desk.locator(".desk-done .code").inner_text().replace(" ", "")


def watch_ride(town: Town, code: str) -> Page:
    """Open the resident's own page of a ride on their phone."""
    page = town.with_clock(town.context(360))
    page.goto(f"{town.host}/my-ride?lang=de")
    page.fill("#code", code)
    page.fill("#secret", NUMBER[-4:])
    page.locator("#open-ride button[type=submit]").click()
    page.locator("#ride .phase").wait_for()
    return page


def line(board: Page, code: str) -> Any:
    return board.locator(f"#rides button[data-code='{code}']")


def serve_watched(town: Town, board: Page, code: str) -> None:
    """Drive a ride at nine; board and resident see each step of it."""
    driver, resident = town.driver_of(town.shift_of(code)), watch_ride(town, code)
    town.until("08:59")
    town.reads(resident, "Der Bus kommt zwischen")
    driver.key("arrived").click()
    driver.sent()
    town.until("09:01")
    town.reads(resident, "Der Bus ist da")
    driver.key(f"on {code}").click()
    driver.sent()
    expect(line(board, code)).to_contain_text("an Bord", timeout=PATIENCE_MS)
    town.reads(resident, "Sie sind an Bord")
    town.until("09:10")
    driver.key("arrived").click()
    driver.key(f"off {code}").click()
    driver.sent()
    expect(board.locator("#quality-kept")).to_have_text("1 / 1", timeout=PATIENCE_MS)
    town.reads(resident, "Diese Fahrt ist vorbei")


def breakdown(board: Page) -> None:
    """Report that bus 1 is out for an hour and a quarter; see first what that means."""
    board.locator("#open-trouble").click()
    board.locator("#until").fill("11:45")
    board.get_by_role("button", name="Ansehen, was es ändert").click()
    words = board.locator("#preview-words")
    expect(words).to_contain_text("kein Fahrzeug", timeout=PATIENCE_MS)
    expect(words).to_contain_text("Bus 1 → Bus 2")
    board.locator("#preview-yes").click()
    board.locator("#preview").wait_for(state="hidden")
    expect(board.locator("#alerts")).to_contain_text("Bus 1 fällt aus", timeout=PATIENCE_MS)


def serve(town: Town, code: str, pickup: str, dropoff: str) -> None:
    """Drive a ride on the phone of the vehicle that carries it now."""
    driver = town.driver_of(town.shift_of(code))
    town.until(pickup)
    driver.key("arrived").click()
    driver.key(f"on {code}").click()
    town.until(dropoff)
    driver.key("arrived").click()
    driver.key(f"off {code}").click()
    driver.sent()


def serve_without_network(town: Town, code: str, pickup: str, dropoff: str, back: str) -> None:
    """Drive a ride as :func:`serve`, cut off from before the pickup until long after the drop-off.

    Until then the service knows of nothing, and then of everything at the time when it was.
    """
    driver = town.driver_of(town.shift_of(code))
    town.until(pickup)
    driver.key("arrived").click()
    driver.sent()
    driver.cut_off()
    town.drivers.remove(driver.page)
    driver.key(f"on {code}").click()
    town.until(dropoff)
    driver.key("arrived").click()
    driver.key(f"off {code}").click()
    town.until(back)
    expect(driver.page.locator("#net")).to_contain_text("Kein Netz · 3")
    assert town.here.dispatcher.booking(code).status == "booked"
    driver.reconnect()
    town.drivers.append(driver.page)
    town.beat()
    driver.sent()


@pytest.fixture
def town(browser: Browser, toy_region: Region, tmp_path: Path) -> Iterator[Town]:
    insertion.warm_up()  # as the service does before it listens: nobody waits for a compiler
    improvement.warm_up()
    with office(toy_region, tmp_path) as here, ExitStack() as contexts:
        listener = listen("127.0.0.1", 0)
        contexts.enter_context(serving_beside(here.http.app, listener))
        yield Town(here, browser, address(listener), contexts)


@pytest.mark.slow
def test_a_day_is_booked_served_broken_repaired_and_counted(town: Town) -> None:
    with control_room(town) as (desk, board):
        first = book_by_phone(desk, "kirche bahnhof 9:00")
        line(board, first).wait_for()
        expect(board.locator("#quality-rides")).to_have_text("1")
        serve_watched(town, board, first)

        second = book_by_phone(desk, "kirche bahnhof 11:00")
        third = book_by_phone(desk, "bahnhof kirche 11:20 rollstuhl")
        line(board, third).wait_for()
        assert town.shift_of(second) == town.shift_of(third) == town.shift_of(first)
        town.until("10:30")
        breakdown(board)
        assert town.shift_of(second) == "bus-2@07:00"
        alerts = board.locator("#alerts")
        alerts.get_by_role("button", name="Verspätet bedienen").click()
        expect(board.locator("#preview-words")).to_contain_text(
            "9 min zu spät", timeout=PATIENCE_MS
        )
        board.locator("#preview-yes").click()
        expect(line(board, third)).to_contain_text("9 min zu spät", timeout=PATIENCE_MS)

        waiting = watch_ride(town, third)
        town.until("10:50")
        town.reads(waiting, "zwischen 11:42 und 11:45")
        serve(town, second, "11:00:30", "11:06")
        expect(board.locator("#quality-kept")).to_have_text("2 / 2", timeout=PATIENCE_MS)
        serve_without_network(town, third, "11:45:30", "11:52", "11:56")
        expect(board.locator("#quality-kept")).to_have_text("2 / 3", timeout=PATIENCE_MS)
        town.reads(waiting, "Diese Fahrt ist vorbei")
        expect(alerts).to_contain_text("Alle Zusagen halten", timeout=PATIENCE_MS)
    ledger = {each.booking.code: each for each in town.here.dispatcher.promises(MONDAY, NOON)}
    states = [ledger[code].state for code in (first, second, third)]
    assert states == [PromiseState.KEPT, PromiseState.KEPT, PromiseState.BROKEN]
    assert 9 * 60 <= ledger[third].seconds < 12 * 60
