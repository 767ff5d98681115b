"""Signing in with a real browser that runs no scripts, on a phone and on a desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.region import Region
from tests.browser import needs_browser
from tests.staff import PASSWORD, Office, office

pytestmark = needs_browser


@pytest.fixture
def served(toy_region: Region, tmp_path: Path) -> Iterator[tuple[Office, str]]:
    with office(toy_region, tmp_path) as here:
        listener = listen("127.0.0.1", 0)
        with serving_beside(here.http.app, listener):
            yield here, address(listener)


@pytest.mark.parametrize("width", [360, 1440])
def test_staff_sign_in_and_out_by_keyboard_alone(
    browser: Browser, served: tuple[Office, str], width: int
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, locale="de-DE", java_script_enabled=False
    )
    page = context.new_page()
    page.goto(f"{served[1]}/anmelden")
    page.get_by_label("Name").fill("dispatcher")
    page.get_by_label("Passwort").fill("wrong")
    page.keyboard.press("Enter")
    assert page.get_by_role("alert").inner_text() == (
        "Das stimmt nicht. Bitte prüfen Sie Ihre Eingabe."
    )
    assert page.get_by_label("Name").input_value() == "dispatcher"
    assert page.get_by_label("Passwort").input_value() == ""
    page.get_by_label("Passwort").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Angemeldet").wait_for()
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    page.get_by_role("button", name="Abmelden").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Anmelden").wait_for()
    assert context.cookies() == []
    context.close()


def test_a_driver_opens_a_shift(browser: Browser, served: tuple[Office, str]) -> None:
    here, host = served
    code = here.code_of()
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{host}/login")
    page.get_by_label("Code of the shift").fill(code.lower())
    page.get_by_role("button", name="Open shift").click()
    page.get_by_text("bus-1@06:00, Monday, 22 March 2027").wait_for()
    context.close()
