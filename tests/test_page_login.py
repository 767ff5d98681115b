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


def test_staff_change_their_password_on_the_page(
    browser: Browser, served: tuple[Office, str]
) -> None:
    here, host = served
    context = browser.new_context(locale="de-DE", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{host}/login")
    page.get_by_label("Name").fill("planner")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()

    def change(old: str, new: str) -> None:
        page.get_by_label("Bisheriges Passwort").fill(old)
        page.get_by_label("Neues Passwort").fill(new)
        page.get_by_role("button", name="Passwort ändern").click()

    other = "vier recht lange Worte"
    change(PASSWORD, "planner planner")
    assert "mindestens 12 Zeichen" in page.get_by_role("alert").inner_text()
    change("nicht mein Passwort", other)
    assert "Das stimmt nicht" in page.get_by_role("alert").inner_text()
    assert here.sign_in("planner").status_code == 201
    change(PASSWORD, other)
    assert page.get_by_role("status").inner_text().startswith("Sie haben ein neues Passwort.")
    assert here.http.get("/api/v1/session").status_code == 401  # the other browser is out
    assert here.sign_in("planner").status_code == 401
    assert here.sign_in("planner", other).status_code == 201
    page.goto(f"{host}/login")
    page.get_by_role("heading", name="Angemeldet").wait_for()
    context.close()


def test_a_password_is_changed_by_its_owners_own_form_only(
    toy_region: Region, tmp_path: Path
) -> None:
    with office(toy_region, tmp_path) as here:
        form = {"old": PASSWORD, "new": "vier recht lange Worte"}
        assert here.http.post("/login/password", data=form).status_code == 401
        here.sign_in("planner")
        assert here.http.post("/login/password", data=form).status_code == 403
        assert here.sign_in("planner").status_code == 201
        code = here.code_of()
        here.http.post("/api/v1/session/driver", json={"code": code})
        token = here.http.get("/api/v1/session").json()["csrf_token"]
        forged = {**form, "csrf_token": token}
        assert here.http.post("/login/password", data=forged).status_code == 403
