"""Every word comes from the catalogues, and all of them are there in every language."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages import Catalog, Message

import api
from api.catalogues import messages, refreshed, written
from api.languages import (
    LANGUAGES,
    OWN_NAMES,
    SOURCE,
    Language,
    clock,
    day_in_words,
    day_this_year,
    euros,
    number,
    short_day,
    tell,
    tell_number,
)
from api.problem_words import problem_title
from shuttle.dispatcher import Dispatcher
from shuttle.telling.wording import LANGUAGES as TOLD_IN
from tests.api_client import Api, serving

ROOM = Path(api.__file__).parent

TEMPLATES = ROOM / "templates"

TRANSLATED = [language for language in LANGUAGES if language != SOURCE]

NOT_TRANSLATED = {"Dorfshuttle", "km", "m"}
"""What templates may say as it is: names and units."""

SPOKEN_ATTRIBUTES = {"alt", "aria-description", "aria-label", "placeholder", "title"}

TEXT_TEMPLATE = re.compile(rf"\.({'|'.join(LANGUAGES)})\.html$")
"""A page of one language, which is all text."""


@pytest.fixture(scope="module")
def said() -> Catalog:
    """All messages of code and templates."""
    return messages()


@pytest.fixture
def served(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as each:
        yield each


def entries(catalogue: Catalog) -> list[Message]:
    return [each for each in catalogue if each.id]


def forms(text: Any) -> tuple[str, ...]:
    """Return a message's forms: one, or one for each number."""
    return tuple(text) if isinstance(text, list | tuple) else (text,)


def blanks(text: str) -> set[str]:
    """Return what is filled in: ``{clock}`` by code, ``%(day)s`` by templates."""
    braces = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    return braces | set(re.findall(r"%\((\w+)\)s", text))


# ----------------------------------------------------------------------------------- catalogues


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated(language: Language) -> None:
    catalogue = refreshed(language)
    assert [each.id for each in entries(catalogue) if not all(forms(each.string))] == []
    assert [each.id for each in entries(catalogue) if each.fuzzy] == [], "look at these again"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_just_the_messages_that_are_said(said: Catalog, language: Language) -> None:
    """Otherwise run ``python -m api.catalogues``."""
    catalogue = written(language)
    assert {each.id for each in entries(catalogue)} == {each.id for each in entries(said)}
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_its_message_does(language: Language) -> None:
    for each in entries(written(language)):
        expected = blanks(forms(each.id)[-1])
        *first, last = forms(each.string)
        assert blanks(last) == expected, each.id
        for form in first:  # "for one person" needs no number
            assert blanks(form) <= expected, each.id


def test_every_table_of_words_is_marked(said: Catalog) -> None:
    known = {form for each in entries(said) for form in forms(each.id)}
    files = [each.relative_to(ROOM.parent).with_suffix("") for each in ROOM.rglob("*_words.py")]
    tables = [import_module(".".join(each.parts)) for each in files]
    told = [
        text
        for module in tables
        for name, value in vars(module).items()
        if not name.startswith("__")
        for text in (value.values() if isinstance(value, dict) else [value])
        if isinstance(text, str)
    ]
    assert len(told) > 100
    assert set(told) <= known


# ------------------------------------------------------------------------------------ templates


class BareText(HTMLParser):
    """What a template says that comes from no catalogue."""

    UNREAD = ("script", "style")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.unread = 0
        for silent in ("trans\\b.*?endtrans", "block body_class .*?endblock"):
            html = re.sub(rf"{{%-?\s*{silent}\s*-?%}}", " ", html, flags=re.DOTALL)
        self.feed(re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", html, flags=re.DOTALL))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unread += tag in self.UNREAD
        given = dict(attrs)
        button = tag == "input" and given.get("type") in ("submit", "button", "reset")
        for name in SPOKEN_ATTRIBUTES | ({"value"} if button else set()):
            self._heard(given.get(name) or "")

    def handle_endtag(self, tag: str) -> None:
        self.unread -= tag in self.UNREAD

    def handle_data(self, data: str) -> None:
        if not self.unread:
            self._heard(re.sub(r'[\w-]+="[^"]*"', " ", data))  # a macro's, for a tag elsewhere

    def _heard(self, text: str) -> None:
        self.found += [
            each for each in re.findall(r"[^\W\d_]+", text) if each not in NOT_TRANSLATED
        ]


def test_templates_say_nothing_that_is_not_in_the_catalogues() -> None:
    shared = [
        each
        for each in (*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.svg"))
        if not TEXT_TEMPLATE.search(each.name)
    ]
    assert TEMPLATES / "base.html" in shared
    bare = {each.name: BareText(each.read_text(encoding="utf-8")).found for each in shared}
    assert {name: found for name, found in bare.items() if found} == {}


def test_bare_text_is_found_wherever_it_is_read() -> None:
    assert BareText("<p>{{ _('Map') }} here {# not #}</p>").found == ["here"]
    assert BareText('<a aria-label="Map">·</a>').found == ["Map"]
    assert BareText('<input type="submit" value="Go"><input value="Go">').found == ["Go"]
    assert BareText("{% trans %}Said{% endtrans %}<script>let a;</script> Dorfshuttle").found == []


def test_a_page_that_is_all_text_is_there_in_every_language() -> None:
    texts = [each for each in TEMPLATES.rglob("*.html") if TEXT_TEMPLATE.search(each.name)]
    assert texts
    for each in texts:
        name = TEXT_TEMPLATE.sub("", each.name)
        assert [
            lang for lang in LANGUAGES if not (each.parent / f"{name}.{lang}.html").exists()
        ] == []


# --------------------------------------------------------------------- dates, numbers, plurals

EARLY = datetime(2027, 3, 2, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "long", "this_year", "short", "time"),
    [
        ("de", "Dienstag, 2. März 2027", "Dienstag, 2. März", "Di., 2. März", "08:05"),
        ("en", "Tuesday, 2 March 2027", "Tuesday 2 March", "Tue 2 March", "08:05"),
        ("da", "tirsdag den 2. marts 2027", "tirsdag den 2. marts", "tirs. 2. marts", "08.05"),
    ],
)
def test_days_and_times_are_written_as_in_each_language(
    language: Language, long: str, this_year: str, short: str, time: str
) -> None:
    day = date(2027, 3, 2)
    assert day_in_words(day, language) == long
    assert day_this_year(day, language) == this_year
    assert short_day(day, language) == short
    assert clock(EARLY, language) == time


def test_scripts_know_how_each_language_writes_days_and_times() -> None:
    script = (ROOM / "static" / "words.js").read_text(encoding="utf-8")
    [locales] = re.findall(r"const LOCALES = {(.*)};", script)
    assert set(re.findall(r"(\w+):", locales)) == set(LANGUAGES)


def test_sums_and_numbers_are_written_as_in_each_language() -> None:
    assert [euros(240, each) for each in LANGUAGES] == ["2,40\xa0€", "€2.40", "2,40\xa0€"]
    assert [number(1234.56, each) for each in LANGUAGES] == ["1.234,6", "1,234.6", "1.234,6"]


@pytest.mark.parametrize(
    ("language", "said_of"),
    [
        ("de", ["0 Tage", "1 Tag", "2 Tage"]),
        ("en", ["0 days", "1 day", "2 days"]),
        ("da", ["0 dage", "1 dag", "2 dage"]),
    ],
)
def test_a_number_has_the_form_that_it_asks_for(language: Language, said_of: list[str]) -> None:
    for count, expected in enumerate(said_of):
        assert tell_number("{number} day", "{number} days", count, language) == expected


def test_facts_are_filled_into_a_translation() -> None:
    assert tell("{period} after the ride", "da", period="3 dage") == "3 dage efter turen"
    assert tell("Map", "en") == "Map"


# ---------------------------------------------------------------------- which language is wanted


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "de"),
        ("fr", "de"),
        ("en-GB,en;q=0.9", "en"),
        ("da", "da"),
        ("da-DK,da;q=0.9,en;q=0.8", "da"),
        ("sv, da;q=0.5", "da"),
        ("en; q=0.2, da; q=0.5", "da"),
        ("en;q=0", "de"),
        ("de;q=0.3, en;q=0.4", "en"),
        ("en;q=broken", "de"),
        ("*", "de"),
    ],
)
def test_the_browser_says_which_language(served: Api, header: str, language: str) -> None:
    page = served.http.get("/about", headers={"Accept-Language": header})
    assert page.headers["content-language"] == language
    assert f'<html lang="{language}">' in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_of_the_address_wins(served: Api, language: Language) -> None:
    page = served.http.get(f"/about?lang={language}", headers={"Accept-Language": "da, en;q=0.5"})
    assert page.headers["content-language"] == language
    refused = served.http.get(f"/api/v1/nowhere?lang={language}")
    assert refused.json()["title"] == problem_title(language, "not_found")


def test_a_language_that_nobody_speaks_here_is_the_browsers_or_german(served: Api) -> None:
    for wanted, language in (("da", "da"), ("fr", "de")):
        page = served.http.get("/about?lang=xx", headers={"Accept-Language": wanted})
        assert page.headers["content-language"] == language


def test_the_next_page_keeps_the_language_by_its_address_and_never_by_a_cookie(served: Api) -> None:
    for path in ("/about", "/map", "/table", "/privacy", "/login", "/nowhere", "/api/v1/tours"):
        for language in LANGUAGES:
            assert "set-cookie" not in served.http.get(f"{path}?lang={language}").headers
    assert '<a href="/privacy">' in served.http.get("/about").text
    assert '<a href="/privacy?lang=en">' in served.http.get("/about?lang=en").text
    assert '<a href="/table?date=2027-03-23&amp;lang=en">' in served.http.get("/table?lang=en").text
    assert '<html lang="de">' in served.http.get("/about").text


def test_every_page_offers_every_language_under_its_own_name(served: Api) -> None:
    page = served.http.get("/table").text
    for language, name in OWN_NAMES.items():
        assert re.search(rf'href="/table\?lang={language}"[^>]*>{name}</a>', page)


def test_residents_are_told_in_the_languages_of_the_pages() -> None:
    assert set(TOLD_IN) == set(LANGUAGES)
