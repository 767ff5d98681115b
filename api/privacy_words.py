"""What is kept about people, in the words of the privacy page."""

from collections.abc import Iterable
from dataclasses import dataclass

from api.languages import Language, mark, tell, tell_number
from shuttle.keeping.retention import Rule

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
            title=tell(TITLES[rule.data], language),
            purpose=rule.purpose.in_language(language),
            period=tell(_SINCE[rule.data], language, period=_period(rule.days, language)),
            fate=tell(_FATES.get(rule.data, _DELETED), language),
        )
        for rule in rules
    ]


def _period(days: int, language: Language) -> str:
    """Return a number of days in words: ``14 days``, ``3 years``."""
    years = round(days / _YEAR_DAYS)
    if days >= 2 * _YEAR_DAYS and abs(days - years * _YEAR_DAYS) <= 1:
        return tell_number("{number} year", "{number} years", years, language)
    return tell_number("{number} day", "{number} days", days, language)


TITLES: dict[str, str] = {
    "contact": mark("Name, phone number, e-mail address"),
    "receipt": mark("Mark under which your device sent the booking"),
    "series": mark("Weekly repeats with name, phone number, e-mail address, start and destination"),
    "waiting": mark("Waiting list with name, phone number, e-mail address, start and destination"),
    "session": mark("When somebody of the team signed in"),
    "report": mark("Reports of drivers: begin of the shift, breaks, halts"),
    "ride": mark(
        "Booking code, start and destination in your words, stops, exact times, number of "
        "passengers and what the vehicle must bring (wheelchair place, child seat)"
    ),
    "figures": mark("Coarsened rides and refusals that name nobody, also where they are replayed"),
}
"""What each kind of data is."""

_AFTER_RIDE = mark("{period} after the ride")

_SINCE: dict[str, str] = {
    "report": mark("{period} after the day of the shift"),
    "contact": _AFTER_RIDE,
    "receipt": mark("{period} after booking"),
    "series": mark("{period} after their last day"),
    "waiting": mark("{period} after the wanted time"),
    "session": mark("{period} after the session ended"),
    "ride": _AFTER_RIDE,
    "figures": _AFTER_RIDE,
}
"""How long it is kept, and from when the days are counted."""

_DELETED = mark("is deleted")

_FATES: dict[str, str] = {
    "report": mark("is deleted; what stays has times coarsened to the quarter hour"),
    "ride": mark(
        "code and words are deleted, times coarsened to the quarter hour and walks to 100 m"
    ),
}
"""What then becomes of it, unless it is deleted."""
