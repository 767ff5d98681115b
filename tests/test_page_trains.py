"""The train's way through the booking pages in a real browser, on the narrowest phone."""

import pytest
from playwright.sync_api import Browser, expect

from shuttle.region import Region
from tests.browser import barriers, needs_browser, scrolls_sideways
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
