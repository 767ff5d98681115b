"""The train's way through the booking pages in a real browser, and a cancelled one on the board."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shuttle.commands.serving import address, listen, serving_beside
from shuttle.region import Region
from tests.browser import barriers, needs_browser, scrolls_sideways
from tests.staff import at_the_desk
from tests.test_cancelled_trains import cancelled, look
from tests.test_page_board import PATIENCE_MS, seated
from tests.test_page_resident import opened, residents_at
from tests.train_town import train_town

pytestmark = needs_browser


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return train_town(tmp_path_factory.mktemp("trains") / "region")


def test_a_train_is_chosen_without_a_barrier_and_stands_on_the_offer(
    browser: Browser, town: Region
) -> None:
    with residents_at(town) as host:
        context, page = opened(browser, 320)
        page.goto(f"{host}/?from=Kirche&to=Bahnhof&when=train&day=2027-03-22&time=09:07")
        expect(page.get_by_text("Zeit zum Umsteigen planen wir ein.")).to_be_visible()
        for step in ("form", "choice"):
            assert barriers(page) == [], step
            assert not scrolls_sideways(page), step
            if step == "choice":
                page.get_by_label("RE 72 nach Kiel").check()
            page.get_by_role("button", name="Fahrten zeigen").click()
        expect(page.locator(".offer .train").first).to_contain_text("Zum Zug RE 72 nach Kiel")
        assert barriers(page) == []
        assert not scrolls_sideways(page)
        context.close()


@pytest.mark.parametrize("width", [768, 1440])
def test_the_board_shows_whose_train_is_cancelled_and_selects_that_ride(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    with at_the_desk(train_town(tmp_path / "region"), tmp_path) as here:
        booking = here.book("key-of-the-train", when={"train": "to:2027-03-22:south-9"})
        listener = listen("127.0.0.1", 0)
        with serving_beside(here.http.app, listener):
            desk = seated(browser, (here, address(listener)), width)
            desk.open()
            expect(desk.page.locator("#alerts .calm")).to_be_visible(timeout=PATIENCE_MS)
            look(here.dispatcher, cancelled("south-9"), "08:00")
            alert = desk.page.locator("#alerts .alert", has_text="RE 72 um 09:07 fällt aus")
            alert.wait_for(timeout=PATIENCE_MS)
            expect(desk.page.locator("#alerts-count")).to_have_text("1")
            assert barriers(desk.page) == []
            alert.locator("button").click()
            expect(desk.line(booking)).to_have_attribute("aria-pressed", "true")
            assert desk.complaints == []
            desk.context.close()
