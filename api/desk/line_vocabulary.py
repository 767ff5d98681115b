"""The words of a line that say when and who, in German, English and Danish as they are typed.

Each reader looks at the words from one position on and says how many of them it has taken.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from api.residents.wishes import ARRIVE, DEPART, NOW, TRAIN


class Kind(StrEnum):
    """What a word of the line was taken for."""

    FROM = "from"
    TO = "to"
    TIME = "time"
    DAY = "day"
    PARTY = "party"
    LINK = "link"
    """Joins others, or is said out of courtesy."""
    UNKNOWN = "unknown"


@dataclass
class Said:
    """What the words that name no place say; None where they say nothing."""

    now: datetime
    when: str | None = None
    minutes: int | None = None
    day: date | None = None
    weekday: int | None = None
    numbers: dict[str, int] = field(default_factory=dict)


Taken = tuple[int, Kind]
"""How many words a reader has taken, and for what."""

_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe"})


def plain(word: str) -> str:
    """Return a word as it stands in the tables: small letters, umlauts written out."""
    return word.casefold().translate(_LETTERS).strip(",;.!?").replace("å", "aa")


def _table(lines: Mapping[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, words in lines.items() for word in words.split()}


_UNITS = _table(
    {
        "people": "p pers person persons personen personer people leute mann erw erwachsene "
        "fahrgaeste adults voksne",
        "wheelchairs": "rolli rollis rollstuhl rollstuehle rollstuhlfahrer wheelchair wheelchairs "
        "koerestol koerestole",
        "child_seats": "kind kinder kindersitz kindersitze child children childseat barn boern "
        "barnestol",
        "prams": "kinderwagen pram prams stroller buggy barnevogn barnevogne",
    }
)
_COUNTS = {
    word: number
    for number, words in enumerate(
        (
            "ein eine einen einem einer one en et",
            "zwei two",
            "drei three tre",
            "vier four fire",
            "fuenf five fem",
            "sechs six seks",
        ),
        start=1,
    )
    for word in words.split()
}
_TOGETHER = {"zweit": 2, "dritt": 3, "viert": 4, "fuenft": 5}
_ALONE = frozenset(["allein", "alleine", "alone", "alene"])
_WITH = frozenset(["mit", "und", "with", "and", "med", "og", "+", "plus"])
_COURTESY = frozenset(["bitte", "please", "tak", "danke", "thanks"])
_AT_ONCE = frozenset(["jetzt", "sofort", "gleich", "now", "asap", "nu"])

_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "mo montag mon monday man mandag",
            "di dienstag tue tues tuesday tir tirsdag",
            "mi mittwoch wed wednesday ons onsdag",
            "do donnerstag thu thurs thursday tor torsdag",
            "fr freitag fri friday fre fredag",
            "sa samstag sonnabend sat saturday loer loerdag",
            "so sonntag sun sunday soen soendag",
        )
    )
    for word in words.split()
}
_FROM_TODAY = {
    **dict.fromkeys(["heute", "today", "idag"], 0),
    **dict.fromkeys(["morgen", "tomorrow", "imorgen"], 1),
    **dict.fromkeys(["uebermorgen", "overmorgen"], 2),
}
_ON = frozenset(["am", "den", "on", "paa"])

_TO_LEAVE = frozenset(["ab", "um", "gegen", "at", "kl", "ca", "from", "fra", "von"])
_TO_ARRIVE = frozenset(
    [
        "an",
        "bis",
        "by",
        "before",
        "vor",
        "senest",
        "spaetestens",
        "ankunft",
        "ank",
        "inden",
    ]
)
_HOUR_ALONE = frozenset(["ab", "um", "an", "bis", "at", "kl", "gegen", "by"])
_OCLOCK = frozenset(["uhr", "h"])

_TRAIN = frozenset(["zug", "zuege", "train", "tog", "toget"])
_BY_TRAIN = frozenset(["zum", "vom", "mit", "the", "til", "fra", "med"])

MOST_AHEAD = 8
"""A number before "people" that is larger was a house number."""

_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:uhr|h)?")
_HOUR = re.compile(r"(\d{1,2})(?:uhr|h)(\d{2})?")
_FOUR_DIGITS = re.compile(r"([01]\d|2[0-3])([0-5]\d)")
_DATE = re.compile(r"(\d{1,2})\.(\d{1,2})\.?(\d{4}|\d{2})?")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_COUNTED = re.compile(r"(\d{1,2})[x×]?([a-z]+)")


def read_said(words: Sequence[str], at: int, said: Said) -> Taken | None:
    """Return how many words from a position on say when or who, noting what; None if none does."""
    for read in _READERS:
        taken = read(words, at, said)
        if taken is not None:
            return taken
    return None


def _read_time(words: Sequence[str], at: int, said: Said) -> Taken | None:
    """Read "8:15", "ab 8.15 Uhr", "an 9:30", "halb 9", "0815"."""
    word = plain(words[at])
    announced = word in _TO_LEAVE or word in _TO_ARRIVE
    found = _clock(words, at + announced, alone=word in _HOUR_ALONE)
    if found is None:
        return None
    minutes, length = found
    if said.minutes is not None:
        return length + announced, Kind.UNKNOWN
    said.minutes = minutes
    if said.when != TRAIN:
        said.when = ARRIVE if word in _TO_ARRIVE else DEPART
    return length + announced, Kind.TIME


def _read_train(words: Sequence[str], at: int, said: Said) -> Taken | None:
    """Read "Zug 8:07", "zum Zug um 8:07", "vom Zug": its time is that of the timetable."""
    linked = plain(words[at]) in _BY_TRAIN
    if plain(_word(words, at + linked)) not in _TRAIN:
        return None
    length = 1 + linked
    timed = _read_time(words, at + length, said) if at + length < len(words) else None
    said.when = TRAIN
    return (length, Kind.TIME) if timed is None else (length + timed[0], timed[1])


def _clock(words: Sequence[str], at: int, *, alone: bool) -> tuple[int, int] | None:
    """Return the minutes of a time of day, and how many words it has; `alone`: an hour will do."""
    if at >= len(words):
        return None
    word, follows = words[at].casefold().rstrip(",;"), plain(_word(words, at + 1))
    digits = word.isascii() and word.isdecimal()
    found = _CLOCK.fullmatch(word) or _CLOCK.fullmatch(word.rstrip("."))
    found = found or _HOUR.fullmatch(word) or _FOUR_DIGITS.fullmatch(word)
    if found is not None and found[0].isascii():
        minutes = _minutes(int(found[1]), int(found[2] or 0))
        return None if minutes is None else (minutes, 1 + (follows in _OCLOCK))
    if word == "halb" and follows.isascii() and follows.isdecimal() and 1 <= int(follows[:3]) <= 12:
        return int(follows) * 60 - 30, 2 + (plain(_word(words, at + 2)) in _OCLOCK)
    if digits and len(word) <= 2 and (alone or follows in _OCLOCK) and follows not in _UNITS:
        minutes = _minutes(int(word), 0)
        return None if minutes is None else (minutes, 1 + (follows in _OCLOCK))
    return None


def _minutes(hour: int, minute: int) -> int | None:
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if at < len(words) else ""


def _read_day(words: Sequence[str], at: int, said: Said) -> Taken | None:
    """Read "morgen", "fr", "am Freitag", "24.3.", "2027-03-24"."""
    announced = plain(words[at]) in _ON
    word = _word(words, at + announced)
    if plain(words[at]) == "i" and plain(_word(words, at + 1)) in ("dag", "morgen"):
        days: int | None = int(plain(words[at + 1]) == "morgen")
        length = 2
    else:
        days, length = _FROM_TODAY.get(plain(word)), 1 + announced
    weekday = _WEEKDAYS.get(plain(word))
    day = _date(word, said.now.date())
    if days is None and weekday is None and day is None:
        return None
    if said.day is not None or said.weekday is not None:
        return length, Kind.UNKNOWN
    if days is not None:
        day = said.now.date() + timedelta(days=days)
    said.day, said.weekday = day, weekday if day is None else None
    return length, Kind.DAY


def _date(word: str, today: date) -> date | None:
    """Return the day that a date names; without a year the next one."""
    word = word.rstrip(",;")
    found = _ISO_DATE.fullmatch(word) if word.isascii() else None
    try:
        if found is not None:
            return date(int(found[1]), int(found[2]), int(found[3]))
        found = _DATE.fullmatch(word) if word.isascii() else None
        if found is None:
            return None
        number, month = int(found[1]), int(found[2])
        if found[3]:
            return date(int(found[3]) + (2000 if len(found[3]) == 2 else 0), month, number)
        day = date(today.year, month, number)
        return day if day >= today else date(today.year + 1, month, number)
    except ValueError:
        return None


def _read_at_once(words: Sequence[str], at: int, said: Said) -> Taken | None:
    if plain(words[at]) not in _AT_ONCE:
        return None
    said.when = said.when or NOW
    return 1, Kind.TIME


def _read_party(words: Sequence[str], at: int, said: Said) -> Taken | None:
    """Read "2p", "2 pers", "rolli", "mit Kinderwagen", "zu zweit", "allein"."""
    linked = plain(words[at]) in _WITH
    counted = _counted(words, at + linked)
    if counted is None:
        return None
    what, number, length = counted
    if what in said.numbers:
        return length + linked, Kind.UNKNOWN
    said.numbers[what] = number
    return length + linked, Kind.PARTY


def _counted(words: Sequence[str], at: int) -> tuple[str, int, int] | None:
    """Return of what there are how many, and how many words say so."""
    word, follows = plain(_word(words, at)), plain(_word(words, at + 1))
    found = _COUNTED.fullmatch(word)
    if found is not None and found[2] in _UNITS:
        return _UNITS[found[2]], int(found[1]), 1
    if word == "zu" and follows in _TOGETHER:
        return "people", _TOGETHER[follows], 2
    if word in _ALONE:
        return "people", 1, 1
    number = _COUNTS.get(word)
    if word.isascii() and word.isdecimal() and len(word) == 1 and int(word) <= MOST_AHEAD:
        number = int(word)
    if number is not None and follows in _UNITS:
        return _UNITS[follows], number, 2
    if word in _UNITS and _UNITS[word] != "people":
        return _UNITS[word], 1, 1
    return None


def _read_courtesy(words: Sequence[str], at: int, _said: Said) -> Taken | None:
    return (1, Kind.LINK) if plain(words[at]) in _COURTESY else None


_READERS: tuple[Callable[[Sequence[str], int, Said], Taken | None], ...] = (
    _read_train,
    _read_time,
    _read_day,
    _read_at_once,
    _read_party,
    _read_courtesy,
)
