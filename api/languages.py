"""The languages of pages and answers: which one a reader wants, and its catalogue.

Messages are English in code and templates; ``locale/<language>.po`` says them in the others.
Dates, times and plurals come from Babel and the catalogues (GNU gettext).

In code a message is written in :func:`tell`, or in :func:`mark` where it stands in a table; its
blanks are named braces. Templates write ``{{ _("Tours on %(day)s", day=...) }}``, so that a per
cent sign of theirs is doubled. After new messages, ``python -m api.catalogues`` adds them to the
catalogues, and ``tests/test_languages.py`` fails until they are translated.

To add a language: name it in :data:`Language`, :data:`LANGUAGES`, :data:`OWN_NAMES` and
:data:`_SPELLING`, and in ``static/words.js``; run ``python -m api.catalogues`` and translate its
catalogue; write ``templates/about.<language>.html`` and every other template that is all text. What
residents are sent is apart, since the service sends it without its web face: a file in
``shuttle/notice_texts``, ``LANGUAGES`` in ``shuttle/telling/wording.py``, ``TITLE`` in
``shuttle/telling/calendar_file.py``, and if you like a purpose of each kind of data in
``shuttle/keeping/retention.py`` and ``region.toml``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Literal

from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations, Translations
from fastapi import Depends
from starlette.requests import HTTPConnection

Language = Literal["de", "en", "da"]

LANGUAGES: tuple[Language, ...] = ("de", "en", "da")

OWN_NAMES: dict[Language, str] = {"de": "Deutsch", "en": "English", "da": "Dansk"}
"""What each is called by those who speak it."""

SOURCE: Language = "en"
"""The language of the messages themselves."""

CATALOGUES = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How days and times are written, as patterns of CLDR (Unicode TS 35)."""

    locale: str
    day_this_year: str
    short_day: str
    clock: str


_SPELLING: dict[Language, _Spelling] = {
    "de": _Spelling("de_DE", "EEEE, d. MMMM", "EEE, d. MMMM", "HH:mm"),
    "en": _Spelling("en_GB", "EEEE d MMMM", "EEE d MMMM", "HH:mm"),
    "da": _Spelling("da_DK", "EEEE 'den' d. MMMM", "EEE d. MMMM", "HH.mm"),
}


def mark(message: str) -> str:
    """Return a message as it is; it is collected for the catalogues and translated where shown."""
    return message


@lru_cache
def catalogue(language: Language) -> NullTranslations:
    """Return the translations of a language."""
    if language == SOURCE:
        return NullTranslations()
    with (CATALOGUES / f"{language}.po").open("rb") as stream:
        read = read_po(stream, locale=language)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)


def tell(message: str, language: Language, **facts: object) -> str:
    """Return a message in a language, with its braces filled."""
    said: str = catalogue(language).gettext(message)
    return said.format_map(facts) if facts else said


def tell_number(one: str, many: str, number: int, language: Language, **facts: object) -> str:
    """Return a message in the form that a number asks for; ``{number}`` stands for it."""
    said: str = catalogue(language).ngettext(one, many, number)
    return said.format_map({"number": number, **facts})


def day_in_words(day: date, language: Language) -> str:
    """Return a day as people write it: "Montag, 22. März 2027"."""
    return _date(day, "full", language)


def day_this_year(day: date, language: Language) -> str:
    """Return a day as people write it where the year goes without saying: "Montag, 22. März"."""
    return _date(day, _SPELLING[language].day_this_year, language)


def short_day(day: date, language: Language) -> str:
    """Return a day of this week or the next: "Mo., 22. März"."""
    return _date(day, _SPELLING[language].short_day, language)


def month_in_words(day: date, language: Language) -> str:
    """Return the month of a day: "März 2027"."""
    return _date(day, "MMMM y", language)


def _date(day: date, pattern: str, language: Language) -> str:
    return format_date(day, pattern, locale=_SPELLING[language].locale)


def weekday(day: date, language: Language) -> str:
    """Return the weekday of a day: "Montag"."""
    return _date(day, "EEEE", language)


def clock(time: datetime, language: Language) -> str:
    """Return a time of day: "08:15", in Danish "08.15"."""
    spelling = _SPELLING[language]
    return format_time(time, spelling.clock, locale=spelling.locale)


def euros(cents: int, language: Language) -> str:
    """Return a sum of money: "2,40 €"."""
    return format_currency(cents / 100, "EUR", locale=_SPELLING[language].locale)


def number(value: float, language: Language) -> str:
    """Return a number with at most one place after the comma."""
    return format_decimal(value, "#,##0.#", locale=_SPELLING[language].locale)


def language_of(connection: HTTPConnection) -> Language:
    """Return the reader's language: chosen on the page, else wanted by the browser, else German."""
    chosen = connection.query_params.get("lang")
    for language in LANGUAGES:
        if chosen == language:
            return language
    return _preferred(connection.headers.get("accept-language", ""), LANGUAGES)


def _preferred(header: str, known: Iterable[Language]) -> Language:
    """Return the language that an ``Accept-Language`` header weighs most (RFC 9110, 12.5.4)."""
    best: Language = "de"
    heaviest = 0.0
    for choice in header.split(","):
        tag, _, quality = choice.replace(" ", "").partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        for language in known:
            if tag.lower().split("-")[0] == language and weight > heaviest:
                best, heaviest = language, weight
    return best


async def _language(connection: HTTPConnection) -> Language:
    return language_of(connection)


ReaderLanguage = Annotated[Language, Depends(_language)]
"""An endpoint's parameter: the language of whoever asks."""
