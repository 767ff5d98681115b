"""Pages: complete, in three languages, readable, and with nothing from another host."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import api
from api.board.board_words import BOARD_WORDS
from api.driver.driver_words import DRIVER_WORDS
from api.languages import LANGUAGES
from api.mapping.map_words import SCRIPT_WORDS
from api.planning.planning_words import PLAYBACK_WORDS
from api.problem_words import PROBLEMS
from api.rides.refusal_words import REFUSALS
from api.theme import DARK, LIGHT, TEXT_CONTRAST, VEHICLES, contrast, readable, theme_css
from shuttle.answers import RefusalReason
from shuttle.dispatcher import Dispatcher
from tests.api_client import Api, serving

ROOM = Path(api.__file__).parent

PAGES = ("/map", "/table", "/about", "/problems", "/privacy", "/login")

AS_BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def served(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as each:
        yield each


class Elements(HTMLParser):
    """All start tags of a page with their attributes, and whether elements are closed in order."""

    VOID = frozenset({"meta", "link", "br", "path", "use", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_well_formed_in_its_language(served: Api, path: str, language: str) -> None:
    page = served.http.get(path, headers={"Accept-Language": language})
    assert page.status_code == 200
    assert page.headers["content-language"] == language
    elements = Elements(page.text)
    assert elements.open == []
    assert ("html", {"lang": language}) in elements.found
    assert [tag for tag, _ in elements.found].count("h1") == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_nothing_inline(served: Api, path: str) -> None:
    for tag, attributes in Elements(served.http.get(path).text).found:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if tag in ("script", "link", "img", "use"):
            address = attributes.get("src") or attributes.get("href") or "#data"
            assert address.startswith(("/", "#"))
            assert not address.startswith("//")
        if tag == "script":
            assert attributes.get("src") or attributes.get("type") == "application/json"


@pytest.mark.parametrize("path", PAGES)
def test_what_a_page_refers_to_is_there(served: Api, path: str) -> None:
    for tag, attributes in Elements(served.http.get(path).text).found:
        address = attributes.get("src") or attributes.get("href") or ""
        if address.startswith("/") and tag in ("a", "script", "link"):
            assert served.http.get(address).status_code == 200, address


def test_scripts_import_only_what_is_there(served: Api) -> None:
    scripts = list((ROOM / "static").rglob("*.js"))
    assert scripts
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        for name in re.findall(r'from "\./([^"]+)"', text):
            assert (script.parent / name).is_file()
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        asking = set(re.findall(r"\bwords\.(?!js\b)(\w+)", text))
        assert asking <= words_of(script, served), script.name


def words_of(script: Path, served: Api) -> set[str]:
    """The words that the page of a script hands to it."""
    if script.parent.name == "board":
        return {*BOARD_WORDS, *SCRIPT_WORDS}
    if script.parent.name == "planning":
        return set(PLAYBACK_WORDS)
    if script.name.startswith("driver"):
        return set(DRIVER_WORDS)
    return set(told_on(served, "/" if script.name == "ask.js" else "/map"))


def told_on(served: Api, path: str) -> dict[str, str]:
    """The words that a page hands to its scripts."""
    found = re.search(r'id="words">(.*?)</script>', served.http.get(path).text)
    assert found
    told: dict[str, str] = json.loads(found[1])
    return told


def test_every_answer_carries_security_headers(served: Api) -> None:
    for path in ("/map", "/api/v1/tours", "/static/shuttle.css", "/nowhere"):
        headers = served.http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_the_table_says_what_the_map_shows(served: Api) -> None:
    served.book(party={"passengers": 2})
    html = served.http.get("/table?date=2027-03-22").text
    assert "Fahrten am Montag, 22. März 2027" in html
    assert "Kirche, Oberdorf" in html
    assert '<time datetime="2027-03-22T09:00:00+01:00">09:00</time>' in html
    assert "geplant" in html
    served.clock.set("2027-03-22T11:00")
    assert "erledigt" in served.http.get("/table").text


def test_the_table_of_a_day_off_says_so(served: Api) -> None:
    assert "fährt kein Fahrzeug" in served.http.get("/table?date=2027-03-28").text


def test_the_table_of_an_impossible_day_is_a_problem(served: Api) -> None:
    assert served.http.get("/table?date=1999-01-01").status_code == 422


def test_made_up_maps_say_so(served: Api) -> None:
    assert "Synthetische Kartendaten" in served.http.get("/map").text
    assert "synthetisch" in served.http.get("/about").text


def test_a_lost_reader_gets_a_page_and_a_program_a_problem(served: Api) -> None:
    page = served.http.get("/nowhere", headers=AS_BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    for path, headers in (("/nowhere", {}), ("/api/v1/nowhere", AS_BROWSER)):
        answer = served.http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/static/..%2fapp.py", "/static/leaflet/..%2f__init__.py", "/static/nothing.js"]
)
def test_only_static_files_are_served(served: Api, path: str) -> None:
    assert served.http.get(path).status_code == 404


def test_every_refusal_has_words() -> None:
    assert set(REFUSALS) == set(RefusalReason)


def test_every_code_that_is_raised_has_a_title() -> None:
    raised = set[str]()
    for path in (*ROOM.rglob("*.py"), *(ROOM.parent / "shuttle").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        raised |= set(re.findall(r'RequestError\(\s*"(\w+)"', text))
    assert "outside_area" in raised
    assert raised <= set(PROBLEMS)


def colours() -> Any:
    return st.tuples(*[st.integers(0, 255)] * 3)


@given(colours(), st.sampled_from([LIGHT, DARK]))
def test_any_accent_becomes_readable(
    accent: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    assert contrast(readable(accent, ground), ground) >= TEXT_CONTRAST


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


def test_a_readable_accent_stays_as_it_is() -> None:
    assert "--accent: #0b5c6b;" in theme_css("#0b5c6b")
    assert len(set(VEHICLES)) == len(VEHICLES)
