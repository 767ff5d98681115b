"""The planner's screen in a real browser: sliders, progress, playback; no barriers, no scripts."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.planning.runs import Run
from shuttle.region import Region
from tests.browser import barriers, needs_browser, scrolls_sideways
from tests.planned import has_run, record
from tests.staff import PASSWORD, Office, office
from tests.test_planning import forget, wait_for

pytestmark = needs_browser

PATIENCE = 20_000

NOTE_TIMES = """(slider) => {
  window.timesShown = [Number(slider.value)];
  new MutationObserver((shown) => shown.forEach(() => window.timesShown.push(Number(slider.value))))
    .observe(slider, { attributes: true, attributeFilter: ["aria-valuetext"] });
}"""
"""The slider's time whenever a time is shown, be it the same minute."""


@pytest.fixture(scope="module")
def served(
    toy_region: Region, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Office, str]]:
    with office(toy_region, tmp_path_factory.mktemp("screen")) as here:
        listener = listen("127.0.0.1", 0)
        with serving_beside(here.http.app, listener):
            yield here, address(listener)
        for run in here.store.runs.runs():
            forget(here.planning, run)


@pytest.fixture(scope="module")
def finished(served: tuple[Office, str], planned: Path) -> Run:
    return has_run(served[0].planning, record(served[0].planning), planned / "two")


@contextmanager
def planning(
    browser: Browser,
    host: str,
    *,
    width: int = 1440,
    script: bool = True,
    scheme: Literal["light", "dark"] = "light",
    motion: Literal["reduce", "no-preference"] = "no-preference",
) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        locale="de-DE",
        java_script_enabled=script,
        color_scheme=scheme,
        reduced_motion=motion,
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{host}/login")
    page.get_by_label("Name").fill("planner")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Planung: Was wäre, wenn").click()
    page.get_by_role("heading", name="Läufe").wait_for()
    yield page
    assert complaints == []
    context.close()


@pytest.mark.parametrize("script", [True, False])
def test_a_scenario_is_changed_run_followed_and_cancelled(
    browser: Browser, served: tuple[Office, str], script: bool
) -> None:
    here, host = served
    with planning(browser, host, script=script) as page:
        page.get_by_role("link", name="Wintertag mit Schnee").click()
        page.locator("#name").fill("Mit drei")
        page.locator("#repetitions").fill("9000")
        if script:
            slider = page.get_by_role("slider", name="Fahrzeuge")
            slider.focus()
            page.keyboard.press("ArrowRight")
            expect(page.locator("#vehicles")).to_have_value("3")
            page.locator("#window").fill("30")
            expect(page.get_by_role("slider", name="Abholfenster")).to_have_value("30")
        else:
            page.locator("#vehicles").fill("3")
        page.get_by_role("button", name="Durchspielen").click()
        page.get_by_role("heading", name="Mit drei").wait_for()
        number = int(page.url.rsplit("/", 1)[1].partition("?")[0])
        assert "vehicles = 3" in here.store.runs.run(number).scenario
        if script:
            expect(page.locator("#progress-words")).to_contain_text("von 9000", timeout=240_000)
        page.get_by_role("button", name="Lauf abbrechen").click()
        page.get_by_text("abgebrochen", exact=True).wait_for()


def test_a_day_is_played_paused_and_stepped(
    browser: Browser, served: tuple[Office, str], finished: Run
) -> None:
    with planning(browser, served[1]) as page:
        page.goto(f"{served[1]}/planning/runs/{finished.number}")
        page.get_by_role("link", name="Dienstag, 2. März 2027").click()
        page.locator("#playback[data-ready]").wait_for()
        begin = page.locator("#clock").inner_text()
        page.get_by_role("button", name="Zum nächsten Halt").click()
        expect(page.locator("#clock")).not_to_have_text(begin)
        page.get_by_role("button", name="Zum vorigen Halt").click()
        expect(page.locator("#clock")).to_have_text(begin)
        page.get_by_label("Minuten je Sekunde").select_option("30")
        page.get_by_role("button", name="Abspielen").click()
        expect(page.locator("#clock")).not_to_have_text(begin)
        page.get_by_role("button", name="Anhalten").click()
        page.get_by_role("button", name="Abspielen").wait_for()
        page.get_by_role("slider", name="Uhrzeit").press("End")
        page.get_by_text("Bus 1: Amtshaus").wait_for()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_wants_no_motion_sees_a_vehicle_move_by_whole_seconds(
    browser: Browser,
    served: tuple[Office, str],
    finished: Run,
    motion: Literal["reduce", "no-preference"],
) -> None:
    with planning(browser, served[1], motion=motion) as page:
        page.goto(f"{served[1]}/planning/runs/{finished.number}/days/2027-03-02")
        page.locator("#playback[data-ready]").wait_for()
        page.get_by_label("Minuten je Sekunde").select_option("15")
        page.locator("#time").evaluate(NOTE_TIMES)
        page.get_by_role("button", name="Abspielen").click()
        wait_for(lambda: page.evaluate("window.timesShown.length") > 2)
        page.get_by_role("button", name="Anhalten").click()
        times = page.evaluate("window.timesShown")
        steps = [after - before for before, after in pairwise(times)]
        assert (min(steps) >= 14 * 60_000) == (motion == "reduce"), steps


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_barriers_or_scrolls_sideways(
    browser: Browser,
    served: tuple[Office, str],
    finished: Run,
    planned: Path,
    scheme: Literal["light", "dark"],
) -> None:
    run = f"/planning/runs/{finished.number}"
    other = has_run(served[0].planning, record(served[0].planning), planned / "one")
    paths = (
        "/planning",
        "/planning/new?from=winter",
        run,
        f"{run}/days/2027-03-02",
        f"/planning/compare?run={finished.number}&run={other.number}",
    )
    for width in (360, 1440):
        with planning(browser, served[1], scheme=scheme, width=width) as page:
            for path in paths:
                page.goto(served[1] + path)
                if "/days/" in path:
                    page.locator("#playback[data-ready]").wait_for()
                assert barriers(page) == [], path
                assert not scrolls_sideways(page), (path, width)
    forget(served[0].planning, other)
