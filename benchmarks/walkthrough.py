"""A resident's way through all pages, for screenshots and for tests that look at every state."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

PHONE = "04641 78123"


@dataclass(frozen=True, slots=True)
class Trip:
    """A ride that is possible, and texts that lead to other answers.

    Attributes
    ----------
    origin, destination
        Names that are understood.
    doubtful
        A text that could be several places.
    late
        A time of day at which nothing runs.
    """

    origin: str
    destination: str
    doubtful: str
    late: str = "23:30"


BUNDLED = Trip("Bahnhof", "Kindergarten Boren", "Dorfstraße")

TEXTS = ("/stops", "/fares", "/about", "/privacy", "/accessibility", "/imprint", "/login", "/lost")


def states(page: Page, host: str, trip: Trip) -> Iterator[str]:
    """Open each state of the resident's pages in turn, in German, and give its name."""
    page.goto(f"{host}/?lang=de")
    yield "ask"
    page.fill("#from", trip.doubtful)
    page.fill("#to", "Xyzzyqq")
    _press(page, "Fahrten zeigen")
    yield "ask-wrong"
    page.goto(f"{host}/?lang=de&from={trip.origin}&to={trip.destination}&when=depart")
    page.locator(".aids summary").click()
    yield "ask-filled"
    _press(page, "Fahrten zeigen")
    yield "offers"
    _press(page, "Diese Fahrt nehmen")
    yield "contact"
    page.fill("#phone", "12")
    _press(page, "Diese Fahrt buchen")
    yield "contact-wrong"
    page.fill("#phone", PHONE)
    _press(page, "Diese Fahrt buchen")
    yield "booked"
    code = page.locator(".code").inner_text()
    yield from _refused(page, host, trip)
    yield from _owned(page, host, code)
    for path in TEXTS:
        page.goto(f"{host}{path}?lang=de")
        yield f"text-{path[1:]}"


def staff_states(page: Page, host: str, trip: Trip, name: str, password: str) -> Iterator[str]:
    """Open the pages of those who work here in turn, in German, and give each state's name."""
    page.goto(f"{host}/login?lang=de")
    page.fill("#name", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Angemeldet").wait_for()
    yield "staff-signed-in"
    page.goto(f"{host}/desk?lang=de")
    page.locator("#phone:focus").wait_for()
    yield "staff-desk"
    page.keyboard.type(PHONE)
    page.keyboard.press("Enter")
    page.locator("#line:focus").wait_for()
    page.keyboard.type(f"{trip.origin} {trip.destination} 10:00 2p")
    page.keyboard.press("Enter")
    page.locator("#offers:focus").wait_for()
    yield "staff-desk-offers"
    page.keyboard.press("1")
    page.locator(".desk-done .code").wait_for()
    yield "staff-desk-done"
    page.goto(f"{host}/board?lang=de")
    page.locator("#live").filter(has_text="live").wait_for()
    page.locator("#board[data-revision]").wait_for(state="attached")
    page.locator("#map .vehicle-marker").first.wait_for()  # the map comes after everything else
    yield "staff-board"
    page.goto(f"{host}/drive?lang=de", wait_until="networkidle")
    yield "staff-drive"
    page.goto(f"{host}/planning?lang=de")
    yield "staff-planning"
    page.get_by_role("link", name="Markttag").click()
    yield "staff-planning-new"


def _refused(page: Page, host: str, trip: Trip) -> Iterator[str]:
    page.goto(
        f"{host}/?lang=de&from={trip.origin}&to={trip.destination}&when=depart&time={trip.late}"
    )
    _press(page, "Fahrten zeigen")
    yield "refused"


def _owned(page: Page, host: str, code: str) -> Iterator[str]:
    page.goto(f"{host}/my-ride?lang=de")
    yield "open"
    _open(page, host, code, "0000")
    yield "open-wrong"
    _open(page, host, code)
    yield "ride"
    _press(page, "Jede Woche wiederholen")
    yield "repeat"
    page.fill("#last_day", page.get_attribute("#last_day", "max") or "")
    _press(page, "Diese Fahrt wiederholen")
    yield "repeated"
    _open(page, host, code)
    _press(page, "Ändern")
    yield "change"
    _open(page, host, code)
    _press(page, "Stornieren")
    yield "cancel"
    _press(page, "Ja, stornieren")
    yield "cancelled"


def _open(page: Page, host: str, code: str, digits: str = PHONE[-4:]) -> None:
    page.goto(f"{host}/my-ride?lang=de")
    page.fill("#code", code)
    page.fill("#secret", digits)
    _press(page, "Meine Fahrt zeigen")


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    page.wait_for_load_state()
