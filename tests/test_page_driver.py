"""The driver's page in a real browser: a whole shift, without a network, by night, with gloves."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    Page,
    Request,
    Route,
    expect,
)
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.driving.reports import Report
from shuttle.region import Region
from tests.api_client import BERLIN, berlin
from tests.browser import barriers, needs_browser, scrolls_sideways
from tests.staff import Office, office
from tests.test_driver import LARGE, SHIFTS, booked

pytestmark = needs_browser

MONDAY = date(2027, 3, 22)

GLOVE = 64
"""Pixels that a finger in a glove hits."""

LOUD = """() => {
  window.rung = 0;
  window.AudioContext = class {
    state = "running"; currentTime = 0; destination = {}; resume() {}
    createGain() {
      const gain = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
      return { gain, connect: (next) => next };
    }
    createOscillator() {
      const start = () => { window.rung += 1; };
      return { frequency: {}, connect: (next) => next, start, stop() {} };
    }
  };
}"""
"""Counts the tones: a browser without a window has no loudspeaker."""


@dataclass
class Door:
    """What stands before the server: while it is shut, nothing gets through, however late."""

    app: ASGIApp
    shut: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.shut:
            await PlainTextResponse("no network", 503)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


@dataclass
class Phone:
    """A phone in a vehicle, whose clock and the server's go on when the test says so."""

    here: Office
    page: Page
    host: str
    door: Door
    under_way: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("request", self.begun)
        self.page.on("requestfinished", self.over)
        self.page.on("requestfailed", self.over)

    def begun(self, request: Request) -> None:
        """Note that the page waits for an answer."""
        self.under_way.add(request)

    def over(self, request: Request) -> None:
        """Note that it has it, or never will."""
        self.under_way.discard(request)

    def quiet(self) -> None:
        """Wait until the page waits for no answer; its clock stands, so it asks for no other."""
        self.page.wait_for_timeout(100)
        while self.under_way:
            self.page.wait_for_timeout(100)

    def later(self, seconds: int) -> None:
        """Let time go by, in steps of the page's own beat."""
        for _ in range(0, seconds, 10):
            self.here.clock.now += 10
            self.page.clock.run_for(10_000)
            self.page.wait_for_timeout(60)

    def until(self, clock: str) -> None:
        """Let time go by until a time of day.

        Nothing is under way during the leap: the page follows the server's clock, and would take
        an answer from after the leap for one from before. Its last beat comes after the leap: an
        answer from before would else be the last that it hears.
        """
        self.sent()
        self.quiet()
        before = self.here.clock.now
        self.here.clock.set(f"2027-03-22T{clock}")
        self.here.clock.now -= 10
        self.page.clock.fast_forward((self.here.clock.now - before) * 1000)
        self.later(10)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the page's clock go by itself: what looks for barriers has timers of its own."""
        self.page.clock.resume()
        yield
        # Ahead by a beat: a slow machine has gone on by seconds before it hears the second line.
        self.here.clock.now = int(self.page.evaluate("Date.now()")) // 1000 + 10
        self.page.clock.pause_at(self.here.clock.now)
        self.quiet()

    def open(self, code: str, language: str = "de") -> None:
        """Open a shift by its link, and wait until the page is kept."""
        self.page.goto(f"{self.host}/drive?lang={language}#{code}")
        self.page.locator("html[data-kept]").wait_for(state="attached")
        self.key("started").wait_for()

    def start(self, odometer: str = "48211") -> None:
        """Begin the shift."""
        self.page.fill("#odometer", odometer)
        self.key("started").click()
        self.key("started").wait_for(state="detached")
        self.sent()

    def key(self, name: str) -> Any:
        """Return the button of this name."""
        return self.page.locator(f'[data-key="{name}"]')

    def net(self) -> Any:
        """Return what the page says of the network."""
        return self.page.locator("#net").inner_text()

    def sent(self) -> None:
        """Wait until everything has been sent."""
        self.page.locator("#net[data-unsent='0']").wait_for(state="attached")

    def cut_off(self) -> None:
        """Take the network away when nothing is under way."""
        self.quiet()
        self.page.context.set_offline(True)
        self.door.shut = True

    def reconnect(self) -> None:
        """Give the network back."""
        self.door.shut = False
        self.page.context.set_offline(False)

    def reports(self) -> list[Report]:
        """Return what the server has been told, in the order in which it was."""
        return list(self.here.store.load(MONDAY).reports)


@contextmanager
def phone_of(
    browser: Browser, here: Office, language: str = "de", **options: Any
) -> Iterator[Phone]:
    listener = listen("127.0.0.1", 0)
    door = Door(here.http.app)
    with serving_beside(door, listener):
        context: BrowserContext = browser.new_context(
            viewport={"width": 360, "height": 700},
            locale=language,
            permissions=["geolocation"],
            geolocation={"latitude": 54.63, "longitude": 9.77},
            **options,
        )
        context.set_default_timeout(15_000)
        context.add_init_script(f"({LOUD})()")
        page = context.new_page()
        page.clock.install(time=here.clock.now)
        page.clock.pause_at(here.clock.now + 1)
        phone = Phone(here, page, address(listener), door)
        try:
            yield phone
        except Exception as error:
            taken = [(each.kind, each.time) for each in phone.reports()]
            error.add_note(f"The phone showed: {page.inner_text('body')}\nIt had told: {taken}")
            raise
        finally:
            context.close()


@pytest.fixture
def here(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with office(toy_region, tmp_path) as made:
        made.clock.set("2027-03-22T08:00")
        yield made


@pytest.fixture
def phone(browser: Browser, here: Office) -> Iterator[Phone]:
    with phone_of(browser, here) as made:
        yield made


def at_nine(here: Office, name: str = "Erna Petersen", key: str = "key-0001", **more: Any) -> str:
    party = {"passengers": 6, "wheelchairs": 1}
    return booked(here, name, key, **({"party": party} | more))


States = Callable[[str], None]


def whole_shift(phone: Phone, code: str, look: States) -> None:
    """Drive a shift with one ride, and look at every state of the page."""
    look("before the start")
    phone.start()
    look("the next halt")
    phone.until("08:58:30")
    phone.key("arrived").click()
    look("there")
    assert phone.key(f"not {code}").count() == 0
    phone.until("09:02:30")
    phone.key(f"not {code}").click()
    look("really nobody?")
    phone.key(f"no {code}").click()
    phone.key(f"on {code}").click()
    phone.later(10)
    look("on the way")
    phone.page.locator(".line").last.click()
    look("another halt chosen")
    phone.key("back").click()
    phone.until("09:09:30")
    phone.key("arrived").click()
    phone.key(f"off {code}").click()
    phone.later(10)
    look("the break is next")
    phone.until("12:10")
    phone.key("break").click()
    look("a break")
    phone.until("12:40")
    phone.key("break").click()
    look("the end is next")
    phone.page.fill("#odometer", "48222")
    phone.key("ended").click()
    phone.page.locator("#leave").wait_for()
    look("over")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_a_shift_is_driven_with_gloves_in_sunlight_and_at_night(
    browser: Browser, here: Office, scheme: Literal["light", "dark"]
) -> None:
    code, link = at_nine(here), here.code_of()
    complaints: list[str] = []
    with phone_of(browser, here, color_scheme=scheme) as phone:
        phone.page.on("pageerror", lambda error: complaints.append(str(error)))
        phone.page.on(
            "console",
            lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
        )

        def look(state: str) -> None:
            with phone.running():
                assert barriers(phone.page) == [], state
                assert faint(phone.page) == [], state
            assert not scrolls_sideways(phone.page), state
            assert small_targets(phone.page) == [], state

        phone.open(link)
        whole_shift(phone, code, look)
        kinds = [report.kind for report in phone.reports()]
        assert kinds == [
            "started",
            *("arrived", "picked_up"),
            *("arrived", "dropped_off"),
            *("break_started", "break_ended"),
            "ended",
        ]
        ends = [each.odometer for each in phone.reports() if each.kind in ("started", "ended")]
        assert ends == [48_211, 48_222]
        assert complaints == []


def faint(page: Page) -> list[str]:
    """Return texts with less contrast than 7 to 1 (WCAG AAA): the sun shines on the screen."""
    found: list[str] = page.evaluate(
        """async () => (await axe.run({ runOnly: ["color-contrast-enhanced"],
            rules: { "color-contrast-enhanced": { enabled: true } } }))
        .violations.flatMap((rule) => rule.nodes.map((node) => node.html.slice(0, 120)))"""
    )
    return found


def small_targets(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        f"""() => [...document.querySelectorAll('a, button, input')]
        .filter((each) => each.checkVisibility() && each.type !== 'hidden'
            && !each.classList.contains('skip'))
        .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
        .filter(([, box]) => box.width < {GLOVE} || box.height < {GLOVE})
        .map(([html]) => html)"""
    )
    return found


def test_the_next_halt_is_large_and_says_everything(phone: Phone) -> None:
    at_nine(phone.here)
    phone.open(phone.here.code_of())
    phone.start()
    card = phone.page.locator(".next")
    card.locator("svg.sketch").wait_for()
    said = card.inner_text()
    for words in ("Kirche", "Oberdorf", "Erna", "6 Personen", "Rollstuhl", "Kassieren:", "€"):
        assert words in said, words
    assert "Petersen" not in said
    way = phone.page.locator("#way").get_attribute("href")
    assert way is not None
    assert way.startswith("geo:54.6")
    call = phone.page.get_by_role("link", name="Leitstelle")
    assert call.get_attribute("href") == "tel:+4946410000"


def test_ten_minutes_without_a_network_in_mid_tour_lose_nothing(phone: Phone) -> None:
    """Taps keep their time and order, over a page loaded anew, and the tour stays."""
    here, page = phone.here, phone.page
    first = at_nine(here)
    second = at_nine(here, "Jörn", "key-0002", **{"from": {"stop": "mitte"}, "party": LARGE})
    phone.open(here.code_of())
    phone.start()
    phone.until("08:58:30")
    phone.key("arrived").click()
    phone.sent()
    phone.cut_off()
    phone.later(150)
    phone.key(f"on {first}").click()
    assert "Kein Netz · 1 zu senden" in phone.net()
    page.reload()
    page.locator(".next svg.sketch").wait_for()
    assert "Kein Netz" in phone.net() or "1 zu senden" in phone.net()
    phone.later(180)
    phone.key("arrived").click()
    phone.later(60)
    code = first if phone.key(f"off {first}").count() else second
    phone.key(f"off {code}" if code == first else f"on {code}").click()
    phone.later(210)
    page.reload()
    page.locator(".next").wait_for()
    assert "3 zu senden" in phone.net()
    assert [report.kind for report in phone.reports()] == ["started", "arrived"]
    phone.reconnect()
    phone.later(20)
    phone.sent()
    told = phone.reports()[2:]
    assert [report.kind for report in told[:2]] == ["picked_up", "arrived"]
    assert [report.code for report in told] == [first, code, code]
    clocks = [berlin_clock(report.time) for report in told]
    assert clocks == ["09:01", "09:04", "09:05"]
    assert page.locator(".refused").count() == 0
    assert here.dispatcher.booking(first).status in ("on_board", "served")


def berlin_clock(time: int) -> str:
    return datetime.fromtimestamp(time, BERLIN).strftime("%H:%M")


def test_a_new_ride_rings_until_the_driver_has_seen_it(phone: Phone) -> None:
    here, page = phone.here, phone.page
    at_nine(here)
    phone.open(here.code_of())
    phone.start()
    phone.later(20)
    assert page.evaluate("rung") == 0
    new = at_nine(here, "Birte", "key-0002", when={"depart_at": berlin("2027-03-22T10:00")})
    phone.later(10)
    alarm = page.locator(".alarm")
    alarm.wait_for()
    assert "Neue Fahrt" in alarm.inner_text()
    assert "Birte" in alarm.inner_text()
    with phone.running():
        assert barriers(page) == []
    first = page.evaluate("rung")
    phone.later(10)
    assert page.evaluate("rung") > first > 0
    page.reload()
    alarm.wait_for()
    phone.key(f"seen {new}").click()
    alarm.wait_for(state="detached")
    phone.sent()
    rung = page.evaluate("rung")
    phone.later(10)
    assert page.evaluate("rung") == rung
    assert (phone.reports()[-1].kind, phone.reports()[-1].code) == ("acknowledged", new)


def test_a_mistaken_tap_is_taken_back_and_the_server_is_told(phone: Phone) -> None:
    here, page = phone.here, phone.page
    code = at_nine(here)
    phone.open(here.code_of())
    phone.start()
    assert phone.key("undo").count() == 0
    phone.until("08:58:30")
    phone.key("arrived").click()
    phone.key(f"on {code}").click()
    phone.later(10)
    phone.sent()
    assert here.dispatcher.booking(code).status == "on_board"
    assert "Erna" in phone.key("undo").inner_text()
    with phone.running():
        assert barriers(page) == []
    assert small_targets(page) == []
    phone.key("undo").click()
    phone.key(f"on {code}").wait_for()
    phone.later(10)
    phone.sent()
    assert here.dispatcher.booking(code).status == "booked"
    assert page.locator(".alarm").count() == 0
    phone.key("undo").click()
    phone.key("arrived").wait_for()
    phone.later(10)
    phone.sent()
    kinds = [report.kind for report in phone.reports()]
    assert kinds == ["started", "arrived", "picked_up", "taken_back", "taken_back"]
    phone.key("arrived").click()
    phone.later(10)
    phone.key(f"on {code}").wait_for()
    phone.later(300)
    phone.key("undo").wait_for(state="detached")


def test_without_a_network_a_mistaken_tap_never_leaves_the_phone(phone: Phone) -> None:
    here, page = phone.here, phone.page
    code = at_nine(here)
    phone.open(here.code_of())
    phone.start()
    phone.until("08:58:30")
    phone.key("arrived").click()
    phone.sent()
    phone.cut_off()
    phone.key(f"on {code}").click()
    phone.key("undo").click()
    page.reload()
    phone.key(f"on {code}").wait_for()
    phone.later(40)
    phone.key(f"on {code}").click()
    phone.reconnect()
    phone.later(20)
    phone.sent()
    assert here.dispatcher.booking(code).status == "on_board"
    told = phone.reports()[2:]
    assert [each.takes_back for each in told if each.kind == "taken_back"] in ([], [told[0].id])
    assert told[-1].kind == "picked_up"
    assert page.locator(".refused").count() == 0


SERVED = """async (status) => {
  const { withTaps, ahead } = await import("/static/driver_tour.js");
  const party = () => ({ code: "ABCD2345", status: "served" });
  const halt = { kind: "stop", arrived: null };
  const tour = { halts: [
    { ...halt, name: "Kirche", getting_on: [party()], getting_off: [] },
    { ...halt, name: "Bahnhof", getting_on: [], getting_off: [party()] },
  ] };
  const tap = { id: "2", takes_back: "1", was: "dropped_off", booking: "ABCD2345", status };
  return ahead(withTaps(tour, [tap])).map(({ name }) => name);
}"""
"""What is ahead when a drop-off that the server knows is taken back without a network."""


@pytest.mark.parametrize(
    ("before", "left"), [("booked", ["Kirche", "Bahnhof"]), ("on_board", ["Bahnhof"])]
)
def test_who_got_off_without_having_got_on_waits_again_if_that_is_taken_back_offline(
    phone: Phone, before: str, left: list[str]
) -> None:
    phone.open(phone.here.code_of())
    assert phone.page.evaluate(SERVED, before) == left


def memory_of(page: Page) -> Any:
    """Return what the phone keeps of the shift."""
    entries = page.evaluate("Object.entries(localStorage)")
    return json.loads(next(value for key, value in entries if key.startswith("drive:")))


def test_whose_tap_was_taken_back_is_new_again_only_if_they_left_meanwhile(phone: Phone) -> None:
    here, page = phone.here, phone.page
    code = at_nine(here)
    phone.open(here.code_of())
    phone.start()
    phone.until("08:58:30")
    phone.key("arrived").click()
    phone.key(f"on {code}").click()
    phone.later(10)
    phone.sent()
    assert [each["status"] for each in memory_of(page)["taps"]] == ["booked", "booked"]
    phone.key("undo").click()
    phone.later(20)
    phone.sent()
    phone.quiet()
    assert page.locator(".alarm").count() == 0
    kept = page.evaluate(
        "Object.entries(localStorage).find(([key]) => key.startsWith('drive:'))[1]"
    )
    assert json.loads(kept)["back"] == []


def test_a_ride_that_is_gone_is_said(phone: Phone) -> None:
    here = phone.here
    booking = here.book(party=LARGE)
    phone.open(here.code_of())
    phone.start()
    here.cancel(booking)
    phone.later(10)
    phone.page.get_by_role("heading", name="Fahrt entfällt").wait_for()
    phone.key(f"gone {booking['code']}").click()
    phone.page.locator(".alarm").wait_for(state="detached")


def test_what_the_server_does_not_accept_is_shown_and_the_tour_is_the_servers(phone: Phone) -> None:
    """The control room cancels a ride while the phone has no network."""
    here, page = phone.here, phone.page
    booking = here.book(party=LARGE)
    phone.open(here.code_of())
    phone.start()
    phone.cut_off()
    phone.later(20)
    here.cancel(booking)
    phone.key("arrived").click()
    phone.key(f"on {booking['code']}").click()
    phone.reconnect()
    phone.later(20)
    page.locator(".refused").first.wait_for()
    said = page.locator(".refused").first.inner_text()
    assert "Nicht angenommen" in said
    assert "gehört nicht (mehr) zu dieser Tour" in said
    for _ in range(page.locator(".refused").count()):
        page.locator(".refused button").first.click()
    phone.sent()
    assert [report.kind for report in phone.reports()] == ["started"]
    assert page.locator(".next").get_by_text("Pause").count()


def test_the_position_goes_out_every_ten_seconds_while_the_shift_runs(phone: Phone) -> None:
    here, page = phone.here, phone.page
    batches: list[list[str]] = []

    def note(asked: Request) -> None:
        if asked.url.endswith("/reports"):
            sent: Any = asked.post_data_json
            batches.append([each["kind"] for each in sent["reports"]])

    page.on("request", note)
    phone.open(here.code_of())
    phone.later(30)
    assert batches == []
    phone.start()
    page.wait_for_timeout(300)
    batches.clear()
    phone.later(60)
    assert batches == [["position"]] * 6
    assert here.dispatcher.sightings.last(MONDAY, "bus-1@06:00", here.clock()) is not None
    phone.cut_off()
    phone.later(60)
    batches.clear()
    phone.reconnect()
    phone.later(10)
    assert max(len(batch) for batch in batches) >= 6


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Schicht beginnen"), ("en", "Start shift"), ("da", "Start vagt")],
)
def test_the_page_speaks_short_words_in_three_languages(
    phone: Phone, language: str, words: str
) -> None:
    phone.open(phone.here.code_of(), language)
    assert phone.key("started").inner_text() == words
    assert phone.page.locator("html").get_attribute("lang") == language
    longest = phone.page.locator(".drive-button").all_inner_texts()
    assert all(len(text) <= 16 for text in longest), longest


def test_when_the_shift_is_over_the_phone_forgets_everybody(phone: Phone) -> None:
    code = at_nine(phone.here)
    phone.open(phone.here.code_of())
    whole_shift(phone, code, lambda _state: None)
    phone.page.wait_for_timeout(300)
    assert phone.page.evaluate("localStorage.length") == 0
    assert phone.page.evaluate("caches.keys()") == []
    phone.page.get_by_role("button", name="Abmelden").click()
    phone.page.get_by_role("heading", name="Anmelden").wait_for()
    assert phone.here.http.get(f"{SHIFTS}/tour").status_code == 401


def test_two_pages_of_one_shift_lose_no_tap(phone: Phone) -> None:
    """The link is opened twice; the page that is looked at takes over from the other."""
    here, first = phone.here, phone.page
    one = at_nine(here)
    at_nine(here, "Jörn", "key-0002", **{"from": {"stop": "mitte"}, "party": LARGE})
    phone.open(here.code_of())
    phone.start()
    phone.until("08:58:30")
    second = first.context.new_page()
    second.goto(f"{phone.host}/drive?lang=de")
    second.locator("html[data-kept]").wait_for(state="attached")
    second.locator('[data-key="arrived"]').wait_for()
    phone.cut_off()
    second.locator('[data-key="arrived"]').click()
    second.locator(f'[data-key="on {one}"]').wait_for()
    first.evaluate("window.dispatchEvent(new Event('focus'))")
    phone.key(f"on {one}").click()
    first.locator("#net[data-unsent='2']").wait_for(state="attached")
    kept = [each["kind"] for each in memory_of(first)["queue"]]
    assert kept == ["arrived", "picked_up"]
    first.reload()
    first.locator("#net[data-unsent='2']").wait_for(state="attached")
    phone.reconnect()
    phone.later(20)
    phone.sent()
    assert [report.kind for report in phone.reports()] == ["started", "arrived", "picked_up"]


def test_what_was_refused_is_read_before_the_phone_forgets_the_shift(phone: Phone) -> None:
    here, page = phone.here, phone.page
    booking = here.book(party=LARGE)
    phone.open(here.code_of())
    phone.start()
    phone.cut_off()
    phone.later(20)
    here.cancel(booking)
    phone.key("arrived").click()
    phone.reconnect()
    phone.until("12:10")
    refused = page.locator(".refused")
    refused.first.wait_for()
    phone.key("break").click()
    phone.later(10)
    phone.key("break").click()
    page.fill("#odometer", "48222")
    phone.key("ended").click()
    phone.later(20)
    assert phone.reports()[-1].kind == "ended"
    expect(refused).to_have_count(1)
    assert page.locator("#leave").is_hidden()
    page.reload()
    expect(refused).to_have_count(1)
    refused.get_by_role("button").click()
    page.locator("#leave").wait_for()
    phone.quiet()
    assert page.evaluate("localStorage.length") == 0


def test_an_answer_that_is_overtaken_rings_for_nobody(phone: Phone) -> None:
    """The tour of before a ride was called off comes after the tour without it."""
    here, page = phone.here, phone.page
    booking = here.book(party=LARGE)
    phone.open(here.code_of())
    phone.start()
    phone.quiet()
    held: list[tuple[Route, APIResponse]] = []

    def hold(way: Route) -> None:
        answer = way.fetch()
        if held:
            way.fulfill(response=answer)
        else:
            held.append((way, answer))

    new = here.book("key-0002", party=LARGE, when={"depart_at": berlin("2027-03-22T10:00")})
    page.route("**/tour", hold)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(100)
    here.cancel(booking)
    here.cancel(new)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1_000)
    [(way, answer)] = held
    way.fulfill(response=answer)
    phone.quiet()
    assert list(memory_of(page)["known"]) == []


def test_without_scripts_the_code_opens_a_page_that_says_whom_to_call(
    browser: Browser, here: Office
) -> None:
    with phone_of(browser, here, java_script_enabled=False) as phone:
        phone.page.goto(f"{phone.host}/drive?lang=de")
        phone.page.get_by_label("Code der Schicht").fill(here.code_of().lower())
        phone.page.get_by_role("button", name="Schicht öffnen").click()
        phone.page.get_by_role("link", name="Leitstelle").wait_for()
        assert "Bitte rufen Sie die Leitstelle an" in phone.page.content()
