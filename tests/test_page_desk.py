"""The phone desk in a real browser: by keyboard alone, with few keys, and without script too."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.domain import BookingStatus
from shuttle.region import Region
from tests.staff import PASSWORD, Office, office

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"needs a browser: there is no {CHROMIUM}"
)

PHONE = "0464178123"
PRACTISED_MS = 200
"""Between two keys of somebody who types sixty words a minute."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def served(toy_region: Region, tmp_path: Path) -> Iterator[tuple[Office, str]]:
    with office(toy_region, tmp_path) as here:
        listener = listen("127.0.0.1", 0)
        with serving_beside(here.http.app, listener):
            yield here, address(listener)


@dataclass
class Hands:
    """Types on a page; names (numbers, places, times) are counted apart from other keys."""

    page: Page
    delay: float = 0
    keys: int = 0
    complaints: list[str] = field(default_factory=list)

    def name(self, text: str) -> None:
        self.page.keyboard.type(text, delay=self.delay)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key, delay=self.delay)
            self.keys += 1

    def reads(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()


@contextmanager
def at_the_desk(
    browser: Browser,
    host: str,
    *,
    delay: float = 0,
    width: int = 1440,
    script: bool = True,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Hands]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale="de-DE",
        java_script_enabled=script,
        color_scheme=scheme,
    )
    page = context.new_page()
    hands = Hands(page, delay)
    page.on("pageerror", lambda error: hands.complaints.append(str(error)))
    page.goto(f"{host}/desk")
    page.get_by_label("Name").fill("dispatcher")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Telefonplatz").click()
    page.locator("#phone:focus").wait_for()
    yield hands
    assert hands.complaints == []
    context.close()


def codes(here: Office) -> list[str]:
    pseudonym = here.dispatcher.keyed.phone("+49464178123")
    return [each.code for each in here.dispatcher.store.bookings_of(pseudonym)]


def book(hands: Hands, time_of_day: str = "10:00") -> None:
    hands.name(PHONE)
    hands.press("Enter")
    hands.name("kirche")
    hands.press("Space")
    hands.name("bahnhof")
    hands.press("Space")
    hands.name(time_of_day)
    hands.press("Enter")
    hands.page.locator("#offers:focus").wait_for()
    hands.press("1")
    hands.reads("Gebucht. Bitte vorlesen:")


def test_a_practised_person_books_with_few_keys(
    browser: Browser, served: tuple[Office, str]
) -> None:
    here, host = served
    with at_the_desk(browser, host, delay=PRACTISED_MS) as hands:
        begun = time.monotonic()
        book(hands)
        taken = time.monotonic() - begun
        print(f"booked in {taken:.1f} s, {hands.keys} keys beyond the names")  # noqa: T201
        assert hands.keys <= 10
        (code,) = codes(here)
        shown = hands.page.locator(".desk-done .code").inner_text().replace(" ", "")
        assert shown == code
        assert hands.page.locator("#done:focus[aria-live]").count() == 1


def test_keys_typed_while_the_caller_is_looked_up_are_not_lost(
    browser: Browser, served: tuple[Office, str]
) -> None:
    here, host = served
    with at_the_desk(browser, host) as hands:
        hands.name(PHONE)
        hands.press("Enter")
        hands.name("kirche bahnhof 10:00")
        hands.press("Enter")
        hands.page.locator("#offers:focus").wait_for()
        assert hands.page.locator("#line").input_value() == "kirche bahnhof 10:00"
        hands.press("F2")
        hands.reads("Gebucht. Bitte vorlesen:")
        assert len(codes(here)) == 1


def test_a_favourite_is_booked_again_with_a_key(
    browser: Browser, served: tuple[Office, str]
) -> None:
    here, host = served
    with at_the_desk(browser, host) as hands:
        book(hands)
        hands.press("n")
        hands.page.locator("#phone:focus").wait_for()
        hands.name(PHONE)
        hands.press("Enter")
        hands.reads("Häufig")
        hands.press("Escape", "b")
        hands.name("14:00")
        hands.reads("Abfahrt um")
        hands.press("Enter")
        hands.page.locator("#offers:focus").wait_for()
        hands.press("1")
        hands.reads("Gebucht. Bitte vorlesen:")
        assert len(codes(here)) == 2


def test_a_ride_is_changed_and_cancelled_by_keys(
    browser: Browser, served: tuple[Office, str]
) -> None:
    here, host = served
    with at_the_desk(browser, host) as hands:
        book(hands)
        (old,) = codes(here)
        hands.press("1")
        hands.page.locator("#line:focus").wait_for()
        hands.name("11:00")
        hands.press("Enter")
        hands.page.locator("#offers:focus").wait_for()
        hands.press("1")
        hands.reads("Gebucht. Bitte vorlesen:")
        assert here.dispatcher.booking(old).status is BookingStatus.CANCELLED
        hands.press("2")
        hands.page.locator("#sure:focus").wait_for()
        hands.press("1")
        hands.reads("Diese Fahrt ist storniert.")
        new = codes(here)[-1]
        assert here.dispatcher.booking(new).status is BookingStatus.CANCELLED


def test_single_keys_can_be_switched_off(browser: Browser, served: tuple[Office, str]) -> None:
    _, host = served
    with at_the_desk(browser, host) as hands:
        hands.page.get_by_role("button", name="Einzeltasten").click()
        book_line = hands.page.locator("#line")
        book_line.fill("kirche bahnhof 10:00")
        hands.press("Enter")
        hands.page.locator("#offers:focus").wait_for()
        assert not hands.page.locator(".desk-card kbd").first.is_visible()
        hands.press("1")
        hands.page.wait_for_timeout(300)
        assert hands.page.locator("#offers").count() == 1


def test_the_desk_works_without_script(browser: Browser, served: tuple[Office, str]) -> None:
    here, host = served
    with at_the_desk(browser, host, script=False) as hands:
        hands.name(PHONE)
        hands.press("Enter")
        hands.page.locator("#line:focus").wait_for()
        hands.name("kirche bahnhof 10:00")
        hands.press("Enter")
        hands.page.locator("#offers:focus").wait_for()
        hands.press("Tab", "Enter")
        hands.reads("Gebucht. Bitte vorlesen:")
        assert len(codes(here)) == 1


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (360, "light"),
        pytest.param(768, "dark", marks=pytest.mark.slow),
        pytest.param(1440, "light", marks=pytest.mark.slow),
        (1440, "dark"),
    ],
)
def test_every_state_is_accessible_and_fits(
    browser: Browser, served: tuple[Office, str], width: int, scheme: Literal["light", "dark"]
) -> None:
    _, host = served

    def look(hands: Hands) -> None:
        found = Axe().run(hands.page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert hands.page.evaluate("document.documentElement.scrollWidth") <= width

    with at_the_desk(browser, host, width=width, scheme=scheme) as hands:
        look(hands)
        book(hands)
        look(hands)
        for line in ("straße bahnhof 10:00 2p quatsch", "xyzzyqq bahnhof", "kirche bahnhof 23:30"):
            hands.page.locator("#line").fill(line)
            with hands.page.expect_navigation():
                hands.page.keyboard.press("Enter")
            look(hands)
        hands.page.keyboard.press("Escape")
        with hands.page.expect_navigation():
            hands.page.keyboard.press("a")
        for key in ("2", "2", "1"):
            with hands.page.expect_navigation():
                hands.page.keyboard.press(key)
            look(hands)


def test_a_field_for_a_place_takes_a_click(browser: Browser, served: tuple[Office, str]) -> None:
    """The map writes its places where a click goes through to the roads; a form must not."""
    page = browser.new_page(locale="de-DE")
    page.goto(f"{served[1]}/")
    page.locator("#to").click(timeout=5000)
    assert page.locator("#to:focus").count() == 1
    page.close()
