"""What is kept about people, in the words of the privacy page."""

from collections.abc import Iterable
from dataclasses import dataclass

from api.languages import Language
from api.words import say
from shuttle.retention import KINDS, Rule

_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class KeptInWords:
    """A rule of retention as people read it."""

    title: str
    purpose: str
    period: str
    fate: str


def kept_in_words(rules: Iterable[Rule], language: Language) -> list[KeptInWords]:
    """Return rules of retention in the reader's language."""
    return [
        KeptInWords(
            title=say(KINDS[rule.data].title, language),
            purpose=say((rule.purpose.de, rule.purpose.en), language),
            period=f"{_period(rule.days, language)} {say(KINDS[rule.data].counted_from, language)}",
            fate=say(KINDS[rule.data].fate, language),
        )
        for rule in rules
    ]


def _period(days: int, language: Language) -> str:
    """Return a number of days in words: ``14 days``, ``3 years``."""
    years = round(days / _YEAR_DAYS)
    if days >= 2 * _YEAR_DAYS and abs(days - years * _YEAR_DAYS) <= 1:
        return say((f"{years} Jahre", f"{years} years"), language)
    if days == 1:
        return say(("1 Tag", "1 day"), language)
    return say((f"{days} Tage", f"{days} days"), language)
