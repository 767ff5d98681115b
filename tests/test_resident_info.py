"""What residents read: stops, sheets, fares, rules and who answers; whole, true and readable."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, sync_playwright

from api.app import create_app
from api.languages import LANGUAGES
from api.residents.codes import booking_address, code
from api.residents.fare_examples import fare_examples
from api.residents.hours import hours_in_words
from api.residents.own_texts import own_text
from api.residents.stop_lists import villages
from api.residents.village_maps import FEW, village_maps
from routing.stops import Stop
from shuttle.commands.serving import address, listen, serving_beside
from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from shuttle.region_config import Contact, Hours
from shuttle.store import MemoryStore
from tests.api_client import KEY, Api, Clock, serving
from tests.test_api_pages import Elements

CHROMIUM = Path("/usr/bin/chromium")

NEAR = "/stops?near=Hauptstra%C3%9Fe+1"

PAGES = (
    "/stops",
    NEAR,
    "/stops?near=xyzxyz",
    "/stops/mitte",
    "/stops/sheet/Oberdorf",
    "/fares",
    "/about",
    "/imprint",
    "/accessibility",
    "/open-data",
)


@pytest.fixture
def served(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as each:
        yield each


@pytest.fixture
def own(toy_region: Region, tmp_path: Path) -> Iterator[tuple[Path, TestClient]]:
    """A folder for texts of the Amt's own, and the service that looks into it."""
    dispatcher = Dispatcher(replace(toy_region, folder=tmp_path), MemoryStore())
    (tmp_path / "texts").mkdir()
    with serving(dispatcher) as api:
        yield tmp_path / "texts", api.http
    dispatcher.close()


def english(api: Api, path: str) -> str:
    """Return a page in English."""
    page = api.http.get(path, headers={"Accept-Language": "en"})
    assert page.status_code == 200
    return page.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_well_formed_and_asks_nobody_else(served: Api, path: str, language: str) -> None:
    page = served.http.get(path, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert page.headers["content-language"] == language
    elements = Elements(page.text)
    assert elements.open == []
    assert [tag for tag, _ in elements.found].count("h1") == 1
    for tag, attributes in elements.found:
        assert "style" not in attributes
        assert tag not in ("script", "img", "iframe")


@pytest.mark.parametrize("path", ["/stops/nowhere", "/stops/sheet/Nowhere", "/stops/sheet/"])
def test_what_does_not_exist_is_not_found(served: Api, path: str) -> None:
    assert served.http.get(path).status_code == 404


def test_every_stop_is_listed_in_its_village_and_can_be_booked(served: Api) -> None:
    page = english(served, "/stops")
    links = [dict(found).get("href") or "" for tag, found in Elements(page).found if tag == "a"]
    booked = {
        label
        for link in links
        for label in parse_qs(urlsplit(link).query).get("from", [])
        if urlsplit(link).path == "/"
    }
    stops = served.dispatcher.region.stops
    assert booked == {stop.label for stop in stops}
    assert {f"/stops/{stop.id}" for stop in stops} <= set(links)
    assert "/stops/sheet/Oberdorf" in links
    assert page.count("<details>") == 3
    assert "Outside of the villages" in page


def test_links_keep_the_language_that_was_chosen(served: Api) -> None:
    page = served.http.get("/stops?lang=en").text
    assert 'href="/stops/mitte?lang=en"' in page
    assert 'name="lang" value="en"' in page
    assert "&amp;lang=en" in page


def test_the_nearest_stops_come_with_metres_minutes_and_a_map(served: Api) -> None:
    page = english(served, NEAR)
    assert "Near Hauptstraße" in page
    assert page.count('<svg class="sketch') == 1
    assert 'class="walk"' in page
    assert re.search(r"\d+ m, \d minutes? on foot", page)
    assert 1 <= page.count("Book from here") <= 8


def test_a_place_that_nobody_knows_gets_the_phone_number(served: Api) -> None:
    page = english(served, '/stops?near=<script>"xyz')
    assert "We do not know" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "tel:+4946410000" in page


@pytest.mark.parametrize("near", ["%20", "%00%01", "a" * 5000, "?", "💥"])
def test_whatever_is_typed_is_answered(served: Api, near: str) -> None:
    assert served.http.get(f"/stops?near={near}").status_code == 200


def test_a_stop_says_whether_there_is_a_sign_and_what_is_close(served: Api) -> None:
    page = english(served, "/stops/mitte")
    assert "There is no sign here" in page
    assert '<svg class="sketch' in page
    assert 'href="/?from=Mitte%2C%20Oberdorf"' in page
    assert 'href="/?to=Mitte%2C%20Oberdorf"' in page
    assert "minutes on foot" in page


def test_a_stop_outside_of_the_villages_has_a_page_and_a_sheet(served: Api) -> None:
    assert "/stops/sheet/-" in english(served, "/stops/landstrasse")
    assert "Landstraße" in english(served, "/stops/sheet/-")


def test_a_sheet_has_a_code_for_every_stop(served: Api) -> None:
    page = english(served, "/stops/sheet/Oberdorf")
    stops = villages(served.dispatcher.region)["Oberdorf"].stops
    for stop in stops:
        assert str(code(booking_address("http://testserver", stop.label))) in page
        assert stop.name in page
    assert page.count('class="qr"') == len(stops)
    assert "+49 4641 0000" in page
    assert "06:00–20:00" in page
    assert "€2.00" in page


def test_codes_lead_to_the_public_address(dispatcher: Dispatcher) -> None:
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    app.state.public_url = "https://bus.example/"
    with TestClient(app) as http:
        page = http.get("/stops/sheet/Oberdorf", headers={"Accept-Language": "en"}).text
    assert str(code("https://bus.example/?from=Mitte%2C%20Oberdorf")) in page
    assert "bus.example" in page
    assert "testserver" not in page


def test_an_address_carries_the_stop_and_the_language() -> None:
    assert booking_address("https://bus.example/amt/", "Süd & Ost", "da") == (
        "https://bus.example/amt/?from=S%C3%BCd%20%26%20Ost&lang=da"
    )
    assert booking_address("https://bus.example", "") == "https://bus.example/"


def test_stops_are_in_the_order_of_their_numbers(toy_region: Region) -> None:
    names = ["Weg 12", "Weg 2", "Weg 2a", "Anger"]
    stops = tuple(Stop(name, name, "Dorf", 54.63, 9.77, "virtual") for name in names)
    listed = villages(replace(toy_region, stops=stops))["Dorf"].stops
    assert [stop.name for stop in listed] == ["Anger", "Weg 2", "Weg 2a", "Weg 12"]


def test_a_crowded_village_gets_two_maps_and_every_number_once(toy_region: Region) -> None:
    crowd = [(54.63 + row * 4e-4, 9.77 + column * 6e-4) for row in range(4) for column in range(4)]
    places = [*crowd, (54.65, 9.77), (54.61, 9.80)]
    stops = tuple(
        Stop(str(each), str(each), "Dorf", *place, "virtual") for each, place in enumerate(places)
    )
    crowded = replace(toy_region, stops=stops)
    village = villages(crowded)["Dorf"]
    maps = village_maps(crowded, village, "Karte")
    numbers = [int(each) for drawn in maps for each in re.findall(r'y="5">(\d+)<', drawn)]
    assert len(maps) == 2
    assert sorted(numbers) == list(range(1, len(places) + 1))
    few = villages(replace(crowded, stops=stops[:FEW]))["Dorf"]
    assert len(village_maps(crowded, few, "Karte")) == 1


def test_examples_of_fares_are_those_of_real_distances(dispatcher: Dispatcher) -> None:
    region = dispatcher.region
    examples = fare_examples(region)
    labels = {stop.label: place for place, stop in enumerate(region.stops)}
    assert examples
    for each in examples:
        metres = int(region.travel.metres[labels[each.origin], labels[each.destination]])
        assert each.metres == metres
        assert each.alone == region.config.fares.fare(1, metres)
        assert each.for_two == region.config.fares.fare(2, metres)
    assert [each.metres for each in examples] == sorted(each.metres for each in examples)


def test_the_fares_page_says_rule_examples_and_children(served: Api) -> None:
    page = english(served, "/fares")
    (example, *_) = fare_examples(served.dispatcher.region)
    assert "€2.00" in page
    assert "€6.00" in page
    assert example.destination in page
    assert "under six" in page


def test_days_with_the_same_hours_share_a_line(toy_region: Region) -> None:
    lines = hours_in_words(toy_region.config, "de")
    assert [(each.days, each.times) for each in lines] == [
        ("Montag – Samstag", ("06:00–20:00",)),
        ("Sonntag", ()),
    ]
    split = [
        Hours(days=["mon"], **{"from": "14:00", "to": "18:00"}),
        Hours(days=["mon"], **{"from": "06:00", "to": "12:00"}),
    ]
    config = toy_region.config.model_copy(update={"hours": split})
    (monday, _) = hours_in_words(config, "da")
    assert monday.days == "Mandag"
    assert monday.times == ("06.00–12.00", "14.00–18.00")


def test_how_it_works_says_the_rules_of_the_region(served: Api) -> None:
    page = english(served, "/about")
    assert "window of 15 minutes" in page
    assert "10 minutes before departure" in page
    assert "7 days ahead" in page
    assert "400 metres" in page
    assert page.count('class="step-icon"') == 3


def test_an_imprint_without_an_address_says_so(served: Api) -> None:
    assert "has not yet put in its postal address" in english(served, "/imprint")


def test_the_imprint_names_who_answers(dispatcher: Dispatcher) -> None:
    contact = Contact(
        operator="Amt & Söhne",
        phone="+49 1",
        email="a@b.example",
        address="Weg 1\n12345 Dorf",
        represented_by="Erika Muster",
        accessibility_office="Stelle\nKiel",
    )
    region = dispatcher.region
    config = region.config.model_copy(update={"contact": contact})
    made = Dispatcher(replace(region, config=config), MemoryStore())
    with serving(made) as api:
        page, access = english(api, "/imprint"), english(api, "/accessibility")
    made.close()
    assert "Amt &amp; Söhne<br>\nWeg 1<br>12345 Dorf" in page
    assert "Erika Muster" in page
    assert "has not yet put in" not in page
    assert "Stelle<br>Kiel" in access


def test_the_statement_on_accessibility_has_a_date_and_what_the_buses_take(served: Api) -> None:
    page = english(served, "/accessibility")
    assert 'datetime="2026-11-24"' in page
    assert "Bus 1: one wheelchair place" in page
    assert "Bus 2: no wheelchair place" in page
    assert "What is not tested" in page


@pytest.mark.parametrize("name", ["about", "fares", "imprint"])
def test_a_text_of_the_amts_own_takes_the_place_of_ours(
    own: tuple[Path, TestClient], name: str
) -> None:
    folder, http = own
    (folder / f"{name}.de.html").write_text("<p>Unser {{ region.name }} <b>hier</b></p>")
    page = http.get(f"/{name}?lang=de").text
    assert "<p>Unser Toy Town <b>hier</b></p>" in page
    assert page.count("<h1>") == 1
    assert "Unser Toy Town" not in http.get(f"/{name}?lang=en").text


def test_what_a_text_prints_is_escaped(toy_region: Region, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "about.de.html").write_text("{{ name }} {{ '<i>' }}")
    assert own_text(tmp_path, "about", "de", {"name": "<b>"}) == "&lt;b&gt; &lt;i&gt;"


@pytest.mark.parametrize(
    "mistake",
    [
        "{{ nothing }}",
        "{% if %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ region.hours.clear() }}",
        "{% include '../region.toml' %}",
        "{% include 'missing.html' %}",
        "{{ 1 / 0 }}",
        "{{ range(10000000) }}",
    ],
)
def test_a_text_with_a_mistake_takes_no_page_away(
    own: tuple[Path, TestClient], mistake: str
) -> None:
    folder, http = own
    (folder / "imprint.en.html").write_text(f"<h1>Ours</h1>{mistake}")
    page = http.get("/imprint?lang=en")
    assert page.status_code == 200
    assert "Ours" not in page.text
    assert "<h2>Provider</h2>" in page.text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}")


@needs_browser
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_pages_fit_and_axe_finds_nothing(
    browser: Browser, dispatcher: Dispatcher, width: int, scheme: str
) -> None:
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    listener = listen("127.0.0.1", 0)
    home, complaints = address(listener), list[str]()
    with serving_beside(app, listener):
        page = browser.new_page(viewport={"width": width, "height": 800}, locale="en-GB")
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.on("console", lambda message: complaints.append(message.text))
        for path in PAGES:
            page.goto(home + path)
            page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
            assert page.evaluate("document.querySelector('main').scrollWidth") <= width, path
        page.close()
    assert complaints == []


@needs_browser
def test_a_sheet_prints_on_a4_with_large_letters_and_codes(
    browser: Browser, dispatcher: Dispatcher
) -> None:
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    listener = listen("127.0.0.1", 0)
    with serving_beside(app, listener):
        page = browser.new_page(viewport={"width": 688, "height": 1000}, locale="en-GB")
        page.emulate_media(media="print")
        page.goto(f"{address(listener)}/stops/sheet/Oberdorf")
        sizes = page.evaluate(
            "[...document.querySelectorAll('.notice-sheet :is(li, p:not(.credit), dt, dd, h2)')]"
            ".map(e => parseFloat(getComputedStyle(e).fontSize))"
        )
        assert min(sizes) >= 14 * 96 / 72
        for drawn in page.locator(".qr").all():
            box, modules = drawn.bounding_box(), drawn.get_attribute("viewBox")
            assert box is not None
            assert modules is not None
            side = int(modules.split()[2])
            assert box["width"] * (side - 8) / side >= 2.5 * 96 / 2.54
        assert not page.locator(".bar").is_visible()
        printed = page.pdf(prefer_css_page_size=True)
        page.close()
    (size,) = set(re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", printed))
    assert [round(float(side)) for side in size] == [595, 842]
    assert len(re.findall(rb"/Type /Page\b", printed)) == 2
