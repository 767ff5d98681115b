"""The board in a real browser: it follows the day, acts by preview, and has no barriers."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.region import Region
from shuttle.region_config import MapRule
from tests.api_client import berlin
from tests.browser import barriers, needs_browser, scrolls_sideways
from tests.staff import Office, at_the_desk

pytestmark = needs_browser

PATIENCE_MS = 20_000
DAY = "2027-03-22"
ONE, TWO = "bus-1@06:00", "bus-2@07:00"
AXIS = 26
"""Pixels above the first vehicle of the timeline."""
FIRST_MINUTE, MINUTES_SHOWN = 8 * 60 - 40, 40 + 3 * 60
"""What the timeline shows at eight, when the page is opened."""
WHEELCHAIR = {"passengers": 1, "wheelchairs": 1}
TILES = "https://tiles.example"
Scheme = Literal["light", "dark"]


@dataclass
class Desk:
    """The board of Toy Town in a browser, and the office it is served by."""

    office: Office
    context: BrowserContext
    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, path: str = "/board") -> None:
        """Open the board and wait until the day is drawn."""
        self.page.goto(f"{self.host}{path}")
        self.page.locator("#live").filter(has_text="live").wait_for(timeout=PATIENCE_MS)
        self.page.locator("#board[data-revision]").wait_for(state="attached", timeout=PATIENCE_MS)

    def book(self, key: str, clock: str = "09:00", **more: Any) -> Any:
        """Book a ride as somebody else does."""
        return self.office.book(key, when={"depart_at": berlin(f"{DAY}T{clock}")}, **more)

    def line(self, booking: Any) -> Any:
        """Return the ride's line in the list."""
        return self.page.locator(f"#rides button[data-code='{booking['code']}']")

    def shift_of(self, booking: Any) -> str:
        """Return the shift that carries a ride."""
        rides = self.office.http.get(f"/api/v1/board/{DAY}").json()["rides"]
        shift: str = next(each["shift"] for each in rides if each["code"] == booking["code"])
        return shift


@pytest.fixture
def office(toy_region: Region, tmp_path: Path) -> Iterator[tuple[Office, str]]:
    with at_the_desk(toy_region, tmp_path) as here:
        listener = listen("127.0.0.1", 0)
        with serving_beside(here.http.app, listener):
            yield here, address(listener)


def seated(
    browser: Browser, office: tuple[Office, str], width: int = 1440, scheme: Scheme = "light"
) -> Desk:
    here, host = office
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale="de-DE", color_scheme=scheme
    )
    token = here.http.cookies["session"]
    context.add_cookies([{"name": "session", "value": token, "url": host}])
    desk = Desk(here, context, context.new_page(), host)

    def heard(kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            desk.complaints.append(text)

    desk.page.on("console", lambda message: heard(message.type, message.text))
    desk.page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    desk.page.on("request", lambda request: desk.hosts.add(urlsplit(request.url).netloc))
    return desk


@pytest.fixture
def desk(browser: Browser, office: tuple[Office, str]) -> Iterator[Desk]:
    made = seated(browser, office)
    yield made
    made.context.close()


def test_a_booking_made_elsewhere_appears_by_itself(desk: Desk) -> None:
    desk.open()
    booking = desk.book("key-from-elsewhere")
    desk.line(booking).wait_for(timeout=PATIENCE_MS)
    expect(desk.page.locator("#quality-rides")).to_have_text("1")
    desk.office.http.delete(f"/api/v1/bookings/{booking['code']}")
    desk.line(booking).wait_for(state="detached", timeout=PATIENCE_MS)
    assert desk.complaints == []
    assert desk.hosts == {urlsplit(desk.host).netloc}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [768, 1440])
def test_there_is_no_barrier(
    browser: Browser, office: tuple[Office, str], width: int, scheme: Scheme
) -> None:
    desk = seated(browser, office, width, scheme)
    desk.book("key-number-1", party={"passengers": 1, "wheelchairs": 1})
    first = desk.book("key-number-2", "10:30")
    out = {"kind": "vehicle_out", "vehicle": "bus-1", "until": berlin(f"{DAY}T09:40")}
    assert desk.office.http.post("/api/v1/trouble", json=out).status_code == 201
    desk.open()
    assert barriers(desk.page) == []
    assert not scrolls_sideways(desk.page)
    desk.line(first).click()
    desk.page.locator("[data-act=move]").click()
    desk.page.locator(".vehicle-choice").first.wait_for(timeout=PATIENCE_MS)
    assert barriers(desk.page) == []
    desk.page.locator("#show-tables").click()
    assert barriers(desk.page) == []
    desk.page.locator("#open-trouble").click()
    assert barriers(desk.page) == []
    assert desk.complaints == []
    desk.context.close()


def test_a_ride_is_found_selected_everywhere_and_moved_by_keyboard_alone(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    before = desk.shift_of(booking)
    desk.open()
    desk.page.locator("#search").focus()
    desk.page.keyboard.type(booking["code"])
    desk.line(booking).focus()
    desk.page.keyboard.press("Enter")
    expect(desk.line(booking)).to_have_attribute("aria-pressed", "true")
    expect(desk.page.locator("#ride-title")).to_contain_text(booking["code"])
    desk.page.locator("[data-act=move]").focus()
    desk.page.keyboard.press("Enter")
    choice = desk.page.locator(".vehicle-choice").first
    expect(choice).to_be_focused(timeout=PATIENCE_MS)
    desk.page.keyboard.press("Enter")
    words = desk.page.locator("#preview-words")
    words.filter(has_text="alle Zusagen halten").wait_for(timeout=PATIENCE_MS)
    assert desk.shift_of(booking) == before
    desk.page.locator("#preview-yes").focus()
    desk.page.keyboard.press("Enter")
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert {before, desk.shift_of(booking)} == {ONE, TWO}
    desk.page.get_by_role("button", name="Rückgängig: Die Fahrt ist umgesetzt.").click()
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert desk.shift_of(booking) == before
    assert desk.complaints == []


def over_the_pickup_at_nine(desk: Desk) -> tuple[float, float, float]:
    """Move the mouse to it; return where it is, and how far down the other vehicle's row is.

    What comes to the page meanwhile may move the timeline, so it is measured again until the halt
    under the mouse says what it is.
    """
    for _ in range(PATIENCE_MS // 100):
        box = desk.page.locator("#timeline canvas").bounding_box()
        assert box is not None
        row = (box["height"] - AXIS) / 2
        x = box["x"] + box["width"] * (9 * 60 - FIRST_MINUTE) / MINUTES_SHOWN + 3
        upper, lower = (box["y"] + AXIS + row * share for share in (0.5, 1.5))
        desk.page.mouse.move(x, upper - 1)
        desk.page.mouse.move(x, upper)
        desk.page.wait_for_timeout(100)
        if desk.page.locator("#timeline-tip").is_visible():
            return x, upper, lower
    pytest.fail("no halt is under the mouse")


def test_a_ride_is_dragged_to_another_vehicle_on_the_timeline(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    assert desk.shift_of(booking) == ONE
    desk.open()
    expect(desk.page.locator("#timeline-names li")).to_have_count(2)
    x, upper, lower = over_the_pickup_at_nine(desk)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 2, (upper + lower) / 2, steps=4)
    desk.page.mouse.move(x + 4, lower, steps=4)
    desk.page.mouse.up()
    expect(desk.page.locator("#preview-title")).to_contain_text("Bus 2", timeout=PATIENCE_MS)
    assert desk.shift_of(booking) == ONE
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert desk.shift_of(booking) == TWO
    assert desk.complaints == []


def test_a_drag_that_is_broken_off_moves_nothing(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    desk.open()
    page = desk.page
    expect(page.locator("#timeline-names li")).to_have_count(2)
    for broken_off in ("Escape", "pointercancel"):
        x, _, lower = over_the_pickup_at_nine(desk)
        page.mouse.down()
        page.mouse.move(x + 4, lower, steps=4)
        if broken_off == "Escape":
            page.keyboard.press("Escape")
        else:
            page.locator("#timeline").dispatch_event("pointercancel")
        page.mouse.up()
    page.wait_for_timeout(500)
    expect(page.locator("#preview")).to_be_hidden()
    assert desk.shift_of(booking) == ONE


def rests_of_first(desk: Desk) -> list[str]:
    """Return the hours in which the first vehicle has its breaks."""
    tours = desk.office.http.get(f"/api/v1/board/{DAY}").json()["tours"]
    return [halt["rest"][0][11:13] for halt in tours[0]["halts"] if halt["rest"]]


def test_a_break_is_set_after_a_look_at_what_it_changes(desk: Desk) -> None:
    booking = desk.book("key-number-1", "10:00")
    desk.open()
    desk.page.locator("#open-trouble").click()
    desk.page.locator("#kind").select_option("rest")
    desk.page.locator("#rest-of").select_option(ONE)
    desk.page.locator("#from").fill("09:50")
    desk.page.locator("#until").fill("10:25")
    assert barriers(desk.page) == []
    desk.page.get_by_role("button", name="Ansehen, was es ändert").click()
    words = desk.page.locator("#preview-words")
    words.filter(has_text="Bus 1 → Bus 2").wait_for(timeout=PATIENCE_MS)
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert desk.shift_of(booking) == TWO
    assert rests_of_first(desk) == ["09"]
    for taken_back in ([], ["09"]):  # undone, and that undone too
        desk.page.locator("#undo").click()
        desk.page.locator("#preview-yes").click(timeout=PATIENCE_MS)
        desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
        assert [each for each in rests_of_first(desk) if each == "09"] == taken_back
    assert desk.complaints == []


def test_a_move_that_cannot_be_says_why(desk: Desk) -> None:
    booking = desk.book("key-number-1", party={"passengers": 1, "wheelchairs": 1})
    desk.open()
    desk.line(booking).click()
    desk.page.locator("[data-act=move]").click()
    desk.page.locator(".vehicle-choice").first.click()
    words = desk.page.locator("#preview-words")
    words.filter(has_text="Es ist kein Rollstuhlplatz frei.").wait_for(timeout=PATIENCE_MS)
    assert desk.page.locator("#preview-yes").is_hidden()


def test_trouble_is_previewed_confirmed_shown_as_an_alert_and_lifted(desk: Desk) -> None:
    booking = desk.book("key-number-1", party={"passengers": 1, "wheelchairs": 1})
    desk.open()
    desk.page.locator("#open-trouble").click()
    desk.page.locator("#until").fill("11:00")
    desk.page.get_by_role("button", name="Ansehen, was es ändert").click()
    words = desk.page.locator("#preview-words")
    words.filter(has_text="kein Fahrzeug").wait_for(timeout=PATIENCE_MS)
    assert desk.office.http.get("/api/v1/trouble").json()["conditions"] == []
    desk.page.locator("#preview-yes").click()
    alerts = desk.page.locator("#alerts")
    alerts.filter(has_text="Bus 1 fällt aus").wait_for(timeout=PATIENCE_MS)
    expect(desk.page.locator("#alerts-count")).to_have_text("1")
    desk.page.locator("[data-filter=stranded]").click()
    expect(desk.line(booking)).to_be_visible()
    alerts.get_by_role("button", name="Vorbei …").click()
    desk.page.locator("#preview-yes").click()
    alerts.filter(has_text="Alle Zusagen halten").wait_for(timeout=PATIENCE_MS)
    assert desk.complaints == []


def test_a_double_click_does_once_and_what_was_for_later_is_undone_for_later(desk: Desk) -> None:
    desk.open()
    page, posts = desk.page, []
    page.on("request", lambda asked: posts.append(asked) if asked.method == "POST" else None)
    page.locator("#open-trouble").click()
    page.locator("#from").fill("10:00")
    page.locator("#until").fill("11:00")
    page.get_by_role("button", name="Ansehen, was es ändert").click()
    page.locator("#preview-yes").wait_for()
    posts.clear()
    page.locator("#preview-yes").evaluate("each => { each.click(); each.click(); }")
    page.locator("#preview").wait_for(state="hidden")
    [first] = desk.office.http.get("/api/v1/trouble").json()["conditions"]
    assert len(posts) == 1
    page.locator("#alerts").get_by_role("button", name="Vorbei …").click()
    page.locator("#preview-yes").click()
    page.locator("#preview").wait_for(state="hidden")
    page.get_by_role("button", name="Rückgängig").click()
    page.locator("#preview-yes").click()
    page.locator("#preview").wait_for(state="hidden")
    again = desk.office.http.get("/api/v1/trouble").json()["conditions"][-1]
    assert again["id"] != first["id"]
    assert [again[end] for end in ("from", "until")] == [first[end] for end in ("from", "until")]
    assert desk.complaints == []


def test_without_a_network_trouble_and_the_end_of_a_look_back_say_so_and_come_later(
    desk: Desk,
) -> None:
    first = desk.book("key-number-1")
    desk.office.clock.set(f"{DAY}T08:05")
    second = desk.book("key-number-2", "10:30")
    desk.open()
    page, notice = desk.page, desk.page.locator("#notice")
    page.get_by_role("button", name="Rückblick").click()
    page.locator("#past-before").click()
    desk.line(second).wait_for(state="detached")
    page.route("**/api/v1/**", lambda way: way.abort())
    page.get_by_role("button", name="Zurück zu jetzt").click()
    expect(page.locator("#past")).to_be_hidden()
    desk.line(first).click()
    expect(page.locator("#board.past")).to_have_count(1)
    expect(page.locator("[data-act=move]")).to_have_count(0)
    page.unroute("**/api/v1/**")
    desk.line(second).wait_for()
    expect(page.locator("#board.past")).to_have_count(0)
    expect(page.locator("[data-act=move]")).to_be_visible()
    page.locator("#open-trouble").click()
    page.route("**/api/v1/trouble/preview", lambda way: way.abort())
    page.get_by_role("button", name="Ansehen, was es ändert").click()
    expect(notice).to_contain_text("Keine Verbindung")
    offline = ("net::ERR_FAILED", "Failed to fetch")
    assert not [each for each in desk.complaints if not any(why in each for why in offline)]


_REVISIONS = """() => {
  const board = document.getElementById("board");
  window.revisions = [];
  new MutationObserver(() => window.revisions.push(Number(board.dataset.revision)))
    .observe(board, { attributeFilter: ["data-revision"] });
}"""
"""Notes which revisions of the day are shown, one after the other."""


def test_of_two_answers_the_older_one_brings_nothing_back(desk: Desk) -> None:
    """An act asks for the day while an event does, whose answer is slow."""
    one = desk.book("key-number-1")
    desk.open()
    page = desk.page
    held: list[tuple[Route, APIResponse]] = []

    def hold(way: Route) -> None:
        answer = way.fetch()
        if held:
            way.fulfill(response=answer)
        else:
            held.append((way, answer))

    page.evaluate(_REVISIONS)
    page.route(f"**/api/v1/board/{DAY}?since=*", hold)
    two = desk.book("key-number-2", "10:30")
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(100)
    desk.line(one).click()
    page.locator("#ride [data-act=cancel]").click()
    page.locator("#preview-yes").click()
    page.wait_for_timeout(1_000)  # an answer that overtakes has come by now
    [(way, answer)] = held
    way.fulfill(response=answer)
    page.locator("#preview").wait_for(state="hidden")
    desk.line(two).wait_for()
    desk.line(one).wait_for(state="detached")
    desk.office.http.delete(f"/api/v1/bookings/{two['code']}")
    desk.line(two).wait_for(state="detached")
    shown = page.evaluate("revisions")
    assert shown == sorted(shown)
    assert desk.complaints == []


def test_what_the_timeline_shows_stands_in_a_table_and_a_tour_is_locked(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    desk.open()
    shift = desk.shift_of(booking)
    desk.page.locator("#show-tables").click()
    desk.page.locator("#table-of").select_option(shift)
    row = desk.page.locator("#tables tr").filter(has_text=booking["code"]).first
    expect(row).to_contain_text("09:00")
    expect(row).to_contain_text("Kirche")
    row.get_by_role("button", name=booking["code"]).click()
    expect(desk.page.locator("#ride")).to_be_visible()
    lock = desk.page.locator(f".lock[data-shift='{shift}']")
    lock.click()
    preview = desk.page.locator("#preview-words")
    expect(preview).to_contain_text("Kirche, Oberdorf → Bahnhof", timeout=PATIENCE_MS)
    assert barriers(desk.page) == []
    desk.page.locator("#preview-yes").click()
    expect(lock).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
    tours = desk.office.http.get(f"/api/v1/board/{DAY}").json()["tours"]
    assert [each["shift"] for each in tours if each["locked"]] == [shift]
    desk.page.get_by_role("button", name="Rückgängig: Gesperrt").click()
    desk.page.locator("#preview-yes").click()
    expect(lock).to_have_attribute("aria-pressed", "false", timeout=PATIENCE_MS)


def shown_of(desk: Desk, code: str) -> Any:
    """Return a ride as the board has it."""
    rides = desk.office.http.get(f"/api/v1/board/{DAY}").json()["rides"]
    return next(each for each in rides if each["code"] == code)


def clock_of(desk: Desk, booking: Any) -> str:
    """Return when a ride is to be picked up."""
    return str(shown_of(desk, booking["code"])["pickup"][11:16])


def test_a_ride_gets_another_time_by_keyboard_within_its_promise_and_undone(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    assert clock_of(desk, booking) == "09:00"
    desk.open()
    desk.line(booking).focus()
    desk.page.keyboard.press("Enter")
    desk.page.locator("[data-act=time]").focus()
    desk.page.keyboard.press("Enter")
    field = desk.page.locator("#move-at")
    expect(field).to_be_focused(timeout=PATIENCE_MS)
    assert barriers(desk.page) == []
    field.fill("09:07")
    desk.page.keyboard.press("Enter")
    words = desk.page.locator("#preview-words")
    expect(words).to_contain_text("Die Zusage bleibt, 09:00 bis 09:15", timeout=PATIENCE_MS)
    expect(words).to_contain_text("der Fahrgast bekommt jetzt keine Nachricht")
    assert clock_of(desk, booking) == "09:00"
    desk.page.locator("#preview-yes").focus()
    desk.page.keyboard.press("Enter")
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert clock_of(desk, booking) == "09:07"
    expect(desk.page.locator("#ride")).to_contain_text("Gewünscht um", timeout=PATIENCE_MS)
    desk.page.get_by_role("button", name="Rückgängig").click()
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert clock_of(desk, booking) == "09:00"
    assert desk.complaints == []


def test_a_time_outside_the_promise_changes_the_booking_and_says_so_first(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    desk.open()
    desk.line(booking).click()
    desk.page.locator("[data-act=time]").click()
    desk.page.locator("#move-at").fill("10:30")
    desk.page.keyboard.press("Enter")
    words = desk.page.locator("#preview-words")
    for said in ("außerhalb der Zusage", "zwischen 09:00 und 09:15", "bitte anrufen"):
        expect(words).to_contain_text(said, timeout=PATIENCE_MS)
    assert barriers(desk.page) == []
    assert shown_of(desk, booking["code"])["status"] == "booked"
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    [new] = desk.office.http.get(f"/api/v1/board/{DAY}").json()["rides"]
    assert new["code"] != booking["code"]
    assert new["pickup_window"]["earliest"][11:16] == "10:30"
    expect(desk.page.locator("#ride-title")).to_contain_text(new["code"], timeout=PATIENCE_MS)
    desk.page.get_by_role("button", name="Rückgängig").click()
    expect(words).to_contain_text("zwischen 09:00 und 09:15", timeout=PATIENCE_MS)
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    [back] = desk.office.http.get(f"/api/v1/board/{DAY}").json()["rides"]
    assert back["pickup_window"] == booking["pickup_window"]
    assert desk.complaints == []


def test_a_ride_is_dragged_along_the_timeline_to_another_time(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    desk.open()
    expect(desk.page.locator("#timeline-names li")).to_have_count(2)
    x, upper, _ = over_the_pickup_at_nine(desk)
    box = desk.page.locator("#timeline canvas").bounding_box()
    assert box is not None
    minute = box["width"] / MINUTES_SHOWN
    desk.page.mouse.down()
    desk.page.mouse.move(x + 3 * minute, upper, steps=4)
    desk.page.mouse.move(x + 6 * minute, upper, steps=4)
    desk.page.mouse.up()
    expect(desk.page.locator("#preview-words")).to_contain_text("Die Zusage bleibt")
    desk.page.locator("#preview-yes").click()
    desk.page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
    assert clock_of(desk, booking) == "09:06"
    assert desk.complaints == []


def test_calling_off_is_undone_and_done_again(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    desk.open()
    page = desk.page
    desk.line(booking).click()
    for button in ("#ride [data-act=cancel]", "#undo"):
        page.locator(button).click()
        page.locator("#preview-yes").click(timeout=PATIENCE_MS)
        page.locator("#preview").wait_for(state="hidden", timeout=PATIENCE_MS)
        desk.line(booking).wait_for(state="detached", timeout=PATIENCE_MS)
        undo = page.get_by_role("button", name="Rückgängig: Die Fahrt ist abgesagt.")
        undo.click(timeout=PATIENCE_MS)
        words = page.locator("#preview-words")
        expect(words).to_contain_text("Dieselbe Buchung", timeout=PATIENCE_MS)
        assert barriers(page) == []
        page.locator("#preview-yes").click()
        desk.line(booking).wait_for(timeout=PATIENCE_MS)
        expect(page.locator("#undo")).to_have_text("Rückgängig: Die Fahrt gilt wieder.")
    assert desk.office.http.get(f"/api/v1/bookings/{booking['code']}").json()["status"] == "booked"
    assert desk.complaints == []


def test_what_can_no_longer_be_undone_says_why_and_what_is_free(desk: Desk) -> None:
    one = desk.book("key-number-1", party=WHEELCHAIR)
    desk.open()
    desk.line(one).click()
    desk.page.locator("#ride [data-act=cancel]").click()
    desk.page.locator("#preview-yes").click(timeout=PATIENCE_MS)
    desk.line(one).wait_for(state="detached", timeout=PATIENCE_MS)
    for number in range(9):
        answer = desk.office.ask(when={"depart_at": berlin(f"{DAY}T09:00")}, party=WHEELCHAIR)
        if not answer.json()["offers"]:
            break
        desk.book(f"key-number-1{number}", party=WHEELCHAIR)
    desk.page.locator("#undo").click()
    words = desk.page.locator("#preview-words")
    expect(words).to_contain_text("Telefonplatz buchen", timeout=PATIENCE_MS)
    assert desk.page.locator("#preview-yes").is_hidden()


def test_serving_late_is_shown_with_what_it_means_and_undone(desk: Desk) -> None:
    booking = desk.book("key-number-1", party=WHEELCHAIR)
    out = {"kind": "vehicle_out", "vehicle": "bus-1", "until": berlin(f"{DAY}T09:40")}
    assert desk.office.http.post("/api/v1/trouble", json=out).status_code == 201
    desk.open()
    page, alerts = desk.page, desk.page.locator("#alerts")
    alerts.get_by_role("button", name="Verspätet bedienen").click()
    words = page.locator("#preview-words")
    expect(words).to_contain_text("min zu spät", timeout=PATIENCE_MS)
    expect(words).to_contain_text("km")
    page.locator("#preview-yes").click()
    expect(desk.line(booking)).to_contain_text("min zu spät", timeout=PATIENCE_MS)
    late = shown_of(desk, booking["code"])
    to = {"shift": late["shift"], "pickup": late["window_now"]["earliest"]}
    assert to["pickup"] > late["pickup_window"]["latest"]
    move = desk.office.http.post(f"/api/v1/bookings/{booking['code']}/move/preview", json=to)
    assert move.json().get("offer") is None, "within the window that it has now"
    page.get_by_role("button", name="Rückgängig: Die Fahrt wird verspätet bedient.").click()
    expect(words).to_contain_text("wartet wieder", timeout=PATIENCE_MS)
    page.locator("#preview-yes").click()
    expect(desk.line(booking)).to_contain_text("kein Fahrzeug", timeout=PATIENCE_MS)
    assert desk.shift_of(booking) is None
    assert desk.complaints == []


def test_the_number_is_shown_on_demand_only(desk: Desk) -> None:
    answer = desk.office.http.post(
        "/api/v1/bookings",
        json={
            "offer": desk.office.offer()["offer"],
            "contact": {"name": "Erna Petersen", "phone": "04641 8123"},
        },
        headers={"Idempotency-Key": "key-of-erna"},
    )
    desk.open()
    desk.line(answer.json()).click()
    assert "8123" not in desk.page.content()
    desk.page.locator("[data-act=call]").click()
    link = desk.page.locator("#ride-answer a")
    expect(link).to_have_attribute("href", "tel:+4946418123", timeout=PATIENCE_MS)


def test_when_the_connection_is_lost_the_board_says_since_when_and_comes_back(
    browser: Browser, toy_region: Region, tmp_path: Path
) -> None:
    with at_the_desk(toy_region, tmp_path) as here:
        listener = listen("127.0.0.1", 0)
        host, port = address(listener), listener.getsockname()[1]
        with serving_beside(here.http.app, listener):
            desk = seated(browser, (here, host))
            desk.open()
        live = desk.page.locator("#live")
        live.filter(has_text="veraltet seit 08:00").wait_for(timeout=PATIENCE_MS)
        booking = desk.book("key-in-between")
        with serving_beside(here.http.app, listen("127.0.0.1", port)):
            live.filter(has_text="live").wait_for(timeout=PATIENCE_MS)
            desk.line(booking).wait_for(timeout=PATIENCE_MS)
            desk.context.close()


def test_the_day_is_looked_back_at_by_keyboard_and_is_live_again_afterwards(desk: Desk) -> None:
    desk.office.clock.set(f"{DAY}T08:00")
    first = desk.book("key-number-1")
    desk.office.clock.set(f"{DAY}T08:05")
    second = desk.book("key-number-2", "10:30")
    desk.open()
    desk.page.get_by_role("button", name="Rückblick").click()
    said = desk.page.locator("#past-said")
    expect(said).to_contain_text("Stand um 08:05 Uhr (Änderung 2 von 2)", timeout=PATIENCE_MS)
    expect(desk.page.locator("#past-time")).to_be_focused()
    desk.page.keyboard.press("ArrowLeft")
    expect(said).to_contain_text("08:00")
    expect(desk.line(second)).to_have_count(0, timeout=PATIENCE_MS)
    desk.line(first).click()
    expect(desk.page.locator("#ride-title")).to_contain_text(first["code"])
    expect(desk.page.locator("[data-act=move]")).to_have_count(0)
    expect(desk.page.locator("#open-trouble")).to_be_disabled()
    assert barriers(desk.page) == []
    third = desk.book("key-number-3", "12:00")
    desk.page.get_by_role("button", name="Zurück zu jetzt").click()
    for booking in (first, second, third):
        desk.line(booking).wait_for(timeout=PATIENCE_MS)
    expect(desk.page.locator("[data-act=move]")).to_be_visible()
    assert desk.complaints == []


def test_planned_and_driven_stand_side_by_side(desk: Desk) -> None:
    booking = desk.book("key-number-1")
    desk.office.clock.set(f"{DAY}T09:03")
    desk.office.dispatcher.advance(desk.office.clock.now)
    desk.open()
    desk.page.locator("#show-tables").click()
    desk.page.locator("#table-of").select_option("driven")
    rows = desk.page.locator("#tables tbody tr").filter(has_text=booking["code"])
    expect(rows).to_have_count(2, timeout=PATIENCE_MS)
    expect(rows.first).to_contain_text("09:00–09:15")
    expect(rows.first).to_contain_text("wie geplant")
    expect(rows.last).to_contain_text("(geplant)")
    assert barriers(desk.page) == []
    rows.last.get_by_role("button").click()
    expect(desk.page.locator("#ride-title")).to_contain_text(booking["code"])
    assert desk.complaints == []


def test_the_timeline_zooms_by_keys_and_wheel(desk: Desk) -> None:
    desk.book("key-number-1")
    desk.open()
    canvas = desk.page.locator("#timeline canvas")
    canvas.wait_for(timeout=PATIENCE_MS)
    seen = [canvas.evaluate("each => each.toDataURL()")]
    desk.page.locator("#timeline").focus()
    for key in ("+", "ArrowRight", "0"):
        desk.page.keyboard.press(key)
        seen.append(canvas.evaluate("each => each.toDataURL()"))
    desk.page.locator("#timeline").hover()
    desk.page.mouse.wheel(0, -400)
    desk.page.wait_for_timeout(200)
    seen.append(canvas.evaluate("each => each.toDataURL()"))
    assert len(set(seen)) == len(seen)


def test_tiles_of_another_host_are_shown_on_the_board_alone_and_only_if_the_region_says_so(
    browser: Browser, toy_region: Region, tmp_path: Path
) -> None:
    rule = MapRule(tiles=f"{TILES}/{{z}}/{{x}}/{{y}}.png", attribution="© somebody")
    region = replace(toy_region, config=toy_region.config.model_copy(update={"map": rule}))
    with at_the_desk(region, tmp_path) as here:
        listener = listen("127.0.0.1", 0)
        with serving_beside(here.http.app, listener):
            desk = seated(browser, (here, address(listener)))
            seen: list[str] = []

            def given(way: Route) -> None:
                seen.append(way.request.url)
                way.fulfill(body=b"")

            desk.context.route(f"{TILES}/**", given)
            desk.open()
            expect(desk.page.locator("#map")).to_contain_text("© somebody", timeout=PATIENCE_MS)
            expect(desk.page.locator("#map .leaflet-tiles-pane img").first).to_be_attached()
            assert seen
            assert not [each for each in desk.complaints if "Content Security" in each]
            desk.context.close()
        pages = [
            here.http.get(each, headers={"Accept": "text/html"}) for each in ("/board", "/map")
        ]
    policies = [each.headers["content-security-policy"] for each in pages]
    assert [f"img-src 'self' {TILES};" in each for each in policies] == [True, False]


def test_another_day_is_looked_at_by_its_date(desk: Desk) -> None:
    desk.book("key-number-1")
    desk.open("/board?day=2027-03-23")
    expect(desk.page.locator("#quality-rides")).to_have_text("0")
    desk.page.get_by_label("Tag davor").click()
    expect(desk.page.locator("#quality-rides")).to_have_text("1", timeout=PATIENCE_MS)
