"""The resident's pages in a real browser: no barrier in any state, at any width, in any scheme."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.staticfiles import StaticFiles

from api.app import create_app
from benchmarks.walkthrough import PHONE, Trip, states
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Channel
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.api_client import KEY, Clock
from tests.browser import barriers, needs_browser, scrolls_sideways

pytestmark = needs_browser

TOY = Trip("Kirche", "Bahnhof", "straße")


@pytest.fixture
def host(toy_region: Region) -> Iterator[str]:
    with residents_at(toy_region) as served:
        yield served


@contextmanager
def residents_at(
    region: Region, store: MemoryStore | None = None, clock: Clock | None = None
) -> Iterator[str]:
    with closing(Dispatcher(region, store or MemoryStore())) as dispatcher:
        ways = (Channel.SMS, Channel.EMAIL)
        app = create_app(dispatcher, clock or Clock(), KEY, tick_seconds=None, channels=ways)
        listener = listen("127.0.0.1", 0)
        with serving_beside(app, listener):
            yield address(listener)


def opened(browser: Browser, width: int = 1280, **options: Any) -> tuple[BrowserContext, Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, locale="de-DE", **options
    )
    context.set_default_timeout(20_000)
    return context, context.new_page()


@pytest.mark.parametrize(
    ("width", "scheme"), [(320, "light"), pytest.param(1440, "dark", marks=pytest.mark.slow)]
)
def test_no_state_has_a_barrier_scrolls_sideways_or_asks_another_host(
    browser: Browser, host: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context, page = opened(browser, width, color_scheme=scheme)
    asked, complaints = set(), []
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if "Content Security" in said.text else None,
    )
    seen = []
    for state in states(page, host, TOY):
        seen.append(state)
        assert barriers(page) == [], state
        assert not scrolls_sideways(page), state
    assert len(seen) > 20
    assert asked == {urlsplit(host).netloc}
    assert complaints == []
    assert context.cookies() == []
    context.close()


def test_text_twice_as_large_needs_no_sideways_scrolling(browser: Browser, host: str) -> None:
    context, page = opened(browser, 640)
    for state in states(page, host, TOY):
        page.evaluate("document.documentElement.style.fontSize = '225%'")
        assert not scrolls_sideways(page), state
    context.close()


def test_every_target_is_large_enough_to_hit(browser: Browser, host: str) -> None:
    context, page = opened(browser, 360)
    for state in states(page, host, TOY):
        small = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, select, summary')]
            .filter((each) => each.checkVisibility() && each.type !== 'hidden'
                && !each.closest('p, dd, li, .unseen') && !each.classList.contains('skip'))
            .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([html]) => html)"""
        )
        assert small == [], state
    context.close()


def test_a_ride_is_booked_with_the_keyboard_alone_and_focus_is_always_seen(
    browser: Browser, host: str
) -> None:
    context, page = opened(browser, 1280)
    page.goto(f"{host}/?lang=de")
    _tab_to(page, "#from")
    page.keyboard.type("kirch")
    page.locator(".suggestions li").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#from").input_value().startswith("Kirche")
    _tab_to(page, "#to")
    page.keyboard.type("Bahnhof")
    page.keyboard.press("Escape")
    _tab_to(page, "button[type=submit]")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).filter(has_text="Wählen").wait_for()
    _tab_to(page, ".offer button")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Fast geschafft").wait_for()
    _tab_to(page, "#phone")
    page.keyboard.type(PHONE)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Gebucht").wait_for()
    context.close()


def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until an element has the focus; whatever has it on the way shows it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            """(wanted) => {
              const here = document.activeElement;
              const outlined = (each) => each && getComputedStyle(each).outlineStyle !== 'none';
              return [outlined(here) || outlined(here.nextElementSibling),
                      here.matches(wanted), here.outerHTML.slice(0, 80)];
            }""",
            wanted,
        )
        assert focused[0], focused[2]
        if focused[1]:
            return
    raise AssertionError(f"no way to {wanted} by Tab")


def test_mistakes_get_the_focus_and_lead_to_their_fields(browser: Browser, host: str) -> None:
    context, page = opened(browser)
    page.goto(f"{host}/?lang=de&from=Kirche&to=Xyzzyqq")
    page.get_by_role("button", name="Fahrten zeigen").click()
    page.locator("#errors:focus").wait_for()
    assert page.locator("#errors").get_attribute("role") == "alert"
    page.locator("#errors a").click()
    page.locator("#to:focus").wait_for()
    assert page.locator("#to").get_attribute("aria-invalid") == "true"
    context.close()


def test_suggestions_are_announced_and_disappear_on_escape(browser: Browser, host: str) -> None:
    context, page = opened(browser)
    page.goto(f"{host}/?lang=de")
    page.locator("#from").press_sequentially("bahnh")
    page.locator(".suggestions li").first.wait_for()
    page.get_by_role("status").filter(has_text="Vorschläge").wait_for(state="attached")
    assert page.locator("#from").get_attribute("aria-expanded") == "true"
    assert barriers(page) == []
    page.keyboard.press("Escape")
    assert page.locator("#from").get_attribute("aria-expanded") == "false"
    assert page.locator("#from").input_value() == "bahnh"
    context.close()


def test_the_devices_position_is_taken_on_request_only(
    browser: Browser, host: str, toy_region: Region
) -> None:
    church = toy_region.stop("kirche")
    context, page = opened(
        browser,
        geolocation={"latitude": church.lat, "longitude": church.lon},
        permissions=["geolocation"],
    )
    page.goto(f"{host}/?lang=de&to=Bahnhof")
    assert page.locator("[name=from_point]").input_value() == ""
    page.get_by_role("button", name="Meinen Standort verwenden").click()
    expect(page.locator("#from")).to_have_value("Mein Standort")
    page.get_by_role("button", name="Fahrten zeigen").click()
    page.locator(".offer").first.wait_for()
    context.close()


def test_a_ride_is_booked_with_scripts_switched_off(browser: Browser, toy_region: Region) -> None:
    store = MemoryStore()
    with residents_at(toy_region, store) as host:
        context, page = opened(browser, 360, java_script_enabled=False)
        page.goto(f"{host}/?lang=de")
        page.fill("#from", "Kirche")
        page.fill("#to", "Bahnhof")
        page.get_by_role("button", name="Fahrten zeigen").click()
        page.get_by_role("button", name="Diese Fahrt nehmen").first.click()
        page.fill("#phone", PHONE)
        page.get_by_role("button", name="Diese Fahrt buchen").click()
        page.get_by_role("heading", name="Gebucht").wait_for()
        code = page.locator(".code").inner_text().replace(" ", "")
        context.close()
    booking = store.booking(code)
    assert booking is not None
    assert (booking.ride.dropoff_stop, booking.status) == ("bahnhof", BookingStatus.BOOKED)


def test_a_link_opens_the_ride_and_leaves_the_address_at_once(browser: Browser, host: str) -> None:
    context, page = opened(browser)
    page.goto(f"{host}/?lang=de&from=Kirche&to=Bahnhof")
    for button in ("Fahrten zeigen", "Diese Fahrt nehmen"):
        page.get_by_role("button", name=button).first.click()
    page.fill("#phone", PHONE)
    page.get_by_role("button", name="Diese Fahrt buchen").click()
    code = page.locator(".code").inner_text().replace(" ", "")
    secret = page.locator("input[name=secret]").first.input_value()
    page.goto(f"{host}/b/{code}#{secret}")
    page.locator("#ride").wait_for()
    assert secret not in page.url
    assert "Meine Fahrt" in page.title() or "My ride" in page.title()
    context.close()


def test_a_ride_that_is_watched_says_what_is_new_and_no_more_what_is_over(
    browser: Browser, toy_region: Region
) -> None:
    clock = Clock()
    with residents_at(toy_region, clock=clock) as host:
        context, page = opened(browser)
        page.clock.install()
        page.goto(f"{host}/?lang=de&from=Kirche&to=Bahnhof&when=depart&time=10:00")
        for button in ("Fahrten zeigen", "Diese Fahrt nehmen"):
            page.get_by_role("button", name=button).first.click()
        page.fill("#phone", PHONE)
        page.get_by_role("button", name="Diese Fahrt buchen").click()
        page.locator("form[action^='/my-ride/repeat']").wait_for()
        code = page.locator(".code").inner_text()
        page.goto(f"{host}/my-ride?lang=de")
        page.fill("#code", code)
        page.fill("#secret", PHONE[-4:])
        page.get_by_role("button", name="Meine Fahrt zeigen").click()
        page.locator(".phase-booked").wait_for()
        page.locator(".map-fold summary").click()
        assert page.locator(".where").count() == 0
        clock.set("2027-03-22T09:30")
        page.clock.fast_forward(20_000)
        page.locator(".phase-soon .where").wait_for()
        assert page.locator(".map-fold").get_attribute("open") is None
        clock.set("2027-03-22T09:58")
        page.clock.fast_forward(20_000)
        page.locator(".where").wait_for(state="detached")
        assert page.locator(".code").inner_text() == code
        context.close()


@pytest.mark.parametrize("allowed", [True, False])
def test_another_site_shows_the_page_in_a_frame_only_if_the_region_names_it(
    browser: Browser, toy_region: Region, tmp_path: Path, *, allowed: bool
) -> None:
    frame = '<iframe id="shuttle" src="{host}/?from=Kirche&to=Bahnhof&lang=de"></iframe>'
    outer = listen("127.0.0.1", 0)
    site = address(outer)
    config = toy_region.config.model_copy(update={"embed_on": [site] if allowed else []})
    with residents_at(replace(toy_region, config=config)) as host:
        (tmp_path / "index.html").write_text(frame.format(host=host), encoding="utf-8")
        with serving_beside(StaticFiles(directory=tmp_path, html=True), outer):
            context, page = opened(browser)
            page.goto(site)
            inside = page.frame_locator("#shuttle")
            if allowed:
                for button in ("Fahrten zeigen", "Diese Fahrt nehmen"):
                    inside.get_by_role("button", name=button).first.click()
                inside.locator("#phone").fill(PHONE)
                inside.get_by_role("button", name="Diese Fahrt buchen").click()
                inside.get_by_role("heading", name="Gebucht").wait_for()
            else:
                page.wait_for_timeout(500)
                assert inside.get_by_role("button", name="Fahrten zeigen").count() == 0
            context.close()


def test_whoever_wants_no_motion_gets_none(browser: Browser, host: str) -> None:
    context, page = opened(browser, reduced_motion="reduce")
    page.goto(f"{host}/?lang=de")
    moving = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter((each) => {
          const style = getComputedStyle(each);
          return style.transitionDuration !== '0s' || style.animationName !== 'none';
        }).length"""
    )
    assert moving == 0
    context.close()
