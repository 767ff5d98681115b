"""The privacy page is written from the rules of retention."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from api.app import create_app
from api.languages import Language, tell
from api.privacy_words import TITLES, kept_in_words
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.keeping.retention import KINDS, Purpose, Rule
from shuttle.region import Region
from shuttle.region_config import GeocoderRule
from shuttle.store import MemoryStore
from tests.api_client import KEY, Clock, serving

CHROMIUM = Path("/usr/bin/chromium")

OWN = Rule(data="contact", days=5, purpose=Purpose(de="Wegen der Fähre.", en="For the ferry."))


@pytest.fixture
def ferry(toy_region: Region) -> Iterator[Dispatcher]:
    """Toy Town with a rule and a geocoder of its own."""
    geocoder = GeocoderRule(service="photon", url="https://photon.example")
    own = {"retention": [OWN], "geocoder": geocoder}
    region = replace(toy_region, config=toy_region.config.model_copy(update=own))
    made = Dispatcher(region, MemoryStore())
    yield made
    made.close()


@pytest.mark.parametrize(
    ("path", "language"), [("/privacy", "de"), ("/datenschutz", "en"), ("/privacy", "da")]
)
def test_the_page_says_every_rule_in_the_readers_language(
    dispatcher: Dispatcher, path: str, language: Language
) -> None:
    with serving(dispatcher) as api:
        page = api.http.get(path, params={"lang": language}).text
    rules = dispatcher.region.config.retention_rules
    assert [rule.data for rule in rules] == list(KINDS)
    for rule in rules:
        assert tell(TITLES[rule.data], language) in page
        assert rule.purpose.in_language(language) in page
    fortnight = {
        "de": "14 Tage nach der Fahrt",
        "en": "14 days after the ride",
        "da": "14 dage efter turen",
    }
    assert fortnight[language] in page
    assert {"de": "3 Jahre", "en": "3 years", "da": "3 år"}[language] in page


def test_a_purpose_that_is_not_said_in_danish_is_said_in_english(ferry: Dispatcher) -> None:
    with serving(ferry) as api:
        assert "For the ferry." in api.http.get("/privacy?lang=da").text


def test_every_kind_of_data_has_its_words() -> None:
    assert set(TITLES) == set(KINDS)


def test_a_rule_of_the_region_is_what_the_page_says(ferry: Dispatcher) -> None:
    with serving(ferry) as api:
        page = api.http.get("/privacy?lang=de").text
    assert "Wegen der Fähre." in page
    assert "5 Tage nach der Fahrt" in page
    assert KINDS["contact"].purpose.de not in page


def test_a_geocoder_on_the_network_is_named(ferry: Dispatcher, dispatcher: Dispatcher) -> None:
    for each, named in ((ferry, True), (dispatcher, False)):
        with serving(each) as api:
            assert ("https://photon.example" in api.http.get("/privacy").text) == named


def test_the_page_is_linked_from_every_page_to_read(dispatcher: Dispatcher) -> None:
    with serving(dispatcher) as api:
        for path in ("/about", "/table", "/problems", "/privacy"):
            assert 'href="/privacy"' in api.http.get(path).text


@pytest.mark.parametrize(
    ("days", "period"),
    [(1, "1 day"), (2, "2 days"), (365, "365 days"), (1096, "3 years"), (1000, "1000 days")],
)
def test_periods_are_said_in_days_and_long_ones_in_years(days: int, period: str) -> None:
    (words,) = kept_in_words([OWN.model_copy(update={"days": days})], "en")
    assert words.period == f"{period} after the ride"


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs a browser: there is no {CHROMIUM}")
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_fits_and_asks_nobody_else(dispatcher: Dispatcher, width: int) -> None:
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    listener = listen("127.0.0.1", 0)
    home, asked = address(listener), set[str]()
    with serving_beside(app, listener), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": width, "height": 800}, locale="de-DE")
        page.on("request", lambda request: asked.add(request.url.split("/")[2]))
        page.goto(f"{home}/privacy")
        assert page.locator(".retention dt").count() == len(KINDS)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        chromium.close()
    assert asked == {home.removeprefix("http://")}
