"""A ride in one line, as it is typed while somebody speaks: ``rügge mitte bahnhof 8:15 2p rolli``.

Words that say when and who are taken out first, wherever they stand; what is left names places.
Where one place ends and the other begins is found by trying: the division whose two places fit
best. Every word is understood or named as not understood, and whatever is doubtful is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.desk.line_places import LONGEST, End, Places
from api.desk.line_vocabulary import Kind, Said, plain, read_said
from api.residents.wishes import DEPART
from routing.gazetteer import Geocoder

_ARROWS = frozenset(["->", "→", "=>", "-->", ">", ">>"])
_TOWARDS = frozenset(["nach", "zu", "zum", "zur", "to", "til", "bis"])
_STARTING = frozenset(["von", "vom", "ab", "from", "fra"])

_WEEK = 7


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the line, and what it was taken for."""

    text: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as it was understood; None where it says nothing.

    Attributes
    ----------
    words
        All of them, in order.
    origin, destination
        The places.
    when
        ``now``, ``depart``, ``arrive`` or ``train``.
    day
        The day, if one was named or follows from the time.
    time
        Like ``08:15``.
    people, wheelchairs, child_seats, prams
        The party.
    tomorrow
        Whether no day was named and the time is over today.
    also
        The places of another division that is about as likely.
    """

    words: tuple[Word, ...]
    origin: End | None = None
    destination: End | None = None
    when: str | None = None
    day: date | None = None
    time: str | None = None
    people: int | None = None
    wheelchairs: int | None = None
    child_seats: int | None = None
    prams: int | None = None
    tomorrow: bool = False
    also: tuple[str, str] | None = None

    @property
    def not_understood(self) -> tuple[str, ...]:
        """The words that nothing was made of."""
        return tuple(each.text for each in self.words if each.kind is Kind.UNKNOWN)

    @property
    def doubtful(self) -> bool:
        """Whether somebody should look before anything is booked."""
        ends = [each for each in (self.origin, self.destination) if each is not None]
        return bool(self.not_understood or self.also or any(each.meant for each in ends))


def read_line(
    text: str, geocoder: Geocoder, now: datetime, *, one_place_will_do: bool = False
) -> Reading:
    """Return how a line is understood; never raises.

    Parameters
    ----------
    text
        As typed.
    geocoder
        Knows the places.
    now
        On the clocks of the region.
    one_place_will_do
        Whether the other place and the day are known from elsewhere, as when a ride is changed.
    """
    words = text.split()
    kinds, said = _said(words, now)
    places = Places(geocoder)
    origin, destination, also = _placed(words, kinds, places, one_place_will_do)
    day, tomorrow = _day(said, known=one_place_will_do)
    numbers = _party(said.numbers)
    return Reading(
        words=tuple(
            Word(word, kind or Kind.UNKNOWN) for word, kind in zip(words, kinds, strict=True)
        ),
        origin=origin,
        destination=destination,
        when=said.when if said.when or day is None else DEPART,
        day=day,
        time=None if said.minutes is None else f"{said.minutes // 60:02}:{said.minutes % 60:02}",
        people=numbers.get("people"),
        wheelchairs=numbers.get("wheelchairs"),
        child_seats=numbers.get("child_seats"),
        prams=numbers.get("prams"),
        tomorrow=tomorrow,
        also=also,
    )


def _said(words: Sequence[str], now: datetime) -> tuple[list[Kind | None], Said]:
    """Return what the words say of when and who; None is left for those that may name a place."""
    kinds: list[Kind | None] = [None] * len(words)
    said = Said(now)
    at = 0
    while at < len(words):
        taken = read_said(words, at, said)
        length, kind = taken or (1, None)
        kinds[at : at + length] = [kind] * length
        at += length
    return kinds, said


def _day(said: Said, *, known: bool) -> tuple[date | None, bool]:
    """Return the day, and whether it is tomorrow only because the time is over today.

    If it is `known` from elsewhere, only what was said counts.
    """
    today = said.now.date()
    over = said.minutes is not None and said.minutes < said.now.hour * 60 + said.now.minute
    if said.weekday is not None:
        ahead = (said.weekday - today.weekday()) % _WEEK
        return _later(today, ahead or (_WEEK if over else 0)), False
    if said.day is not None:
        return said.day, False
    if said.minutes is None or known:
        return None, False
    return _later(today, int(over)), over


def _later(day: date, days: int) -> date:
    return day + timedelta(days=days)


def _party(numbers: dict[str, int]) -> dict[str, int]:
    """Return the party; whoever names aids only has an adult with every child."""
    if numbers and "people" not in numbers:
        children = numbers.get("child_seats", 0) + numbers.get("prams", 0)
        chairs = numbers.get("wheelchairs", 0)
        numbers = {**numbers, "people": max(1, chairs) + children}
    return numbers


@dataclass(frozen=True, slots=True)
class _Part:
    """Words that follow each other and name places; `role` if a word before them says which."""

    role: Kind | None
    at: tuple[int, ...]


def _placed(
    words: Sequence[str], kinds: list[Kind | None], places: Places, one_will_do: bool
) -> tuple[End | None, End | None, tuple[str, str] | None]:
    """Return the ends of the ride, and enter into `kinds` what their words were taken for."""
    parts = _parts(words, kinds)
    for part in parts[2:]:
        for at in part.at:
            kinds[at] = Kind.UNKNOWN
    also = None
    if len(parts) == 1:
        parts, also = _divided(words, parts[0], places, one_will_do)
    ends: dict[Kind, End] = {}
    for role, part in _roles(parts):
        beyond = part.at[LONGEST:]
        end = places.end([words[at] for at in part.at[:LONGEST]])
        for at in part.at:
            kinds[at] = role
        for at in (*(part.at[each] for each in end.unknown), *beyond):
            kinds[at] = Kind.UNKNOWN
        ends[role] = end
    return ends.get(Kind.FROM), ends.get(Kind.TO), also


def _parts(words: Sequence[str], kinds: list[Kind | None]) -> list[_Part]:
    """Return the words for places, divided where a word such as "nach" divides them."""
    arrow = any(word in _ARROWS for word in words)
    parts: list[tuple[Kind | None, int | None, list[int]]] = [(None, None, [])]
    for at, word in enumerate(words):
        if kinds[at] is not None:
            continue
        role = _marker(word, arrow, first=not any(each[2] for each in parts))
        if role is None:
            parts[-1][2].append(at)
        else:
            parts.append((role, at, []))
    kept = []
    for role, marker, own in parts:
        if marker is not None:
            kinds[marker] = Kind.LINK if own else Kind.UNKNOWN
        if own:
            kept.append(_Part(role, tuple(own)))
    return kept


def _marker(word: str, arrow: bool, *, first: bool) -> Kind | None:
    """Return which place a word announces; where an arrow does, only the first may be one too."""
    if word in _ARROWS:
        return Kind.TO
    if arrow and not first:
        return None
    if plain(word) in _STARTING:
        return Kind.FROM
    return Kind.TO if plain(word) in _TOWARDS else None


def _divided(
    words: Sequence[str], part: _Part, places: Places, one_will_do: bool
) -> tuple[list[_Part], tuple[str, str] | None]:
    """Return one run of words as two places, or as one; and what else it could be."""
    if part.role is Kind.TO:
        return [part], None
    tried = [words[at] for at in part.at[:LONGEST]]
    split = places.split(tried, one_will_do=one_will_do)
    if split.at is None:
        return [part], None
    return [_Part(Kind.FROM, part.at[: split.at]), _Part(Kind.TO, part.at[split.at :])], split.also


def _roles(parts: Sequence[_Part]) -> list[tuple[Kind, _Part]]:
    """Return which part is the origin and which the destination; one alone is where to."""
    if len(parts) == 1:
        return [(parts[0].role or Kind.TO, parts[0])]
    two = parts[:2]
    if len(two) == 2 and (two[1].role is Kind.FROM) and two[0].role is not Kind.FROM:
        return [(Kind.TO, two[0]), (Kind.FROM, two[1])]
    return list(zip((Kind.FROM, Kind.TO), two, strict=False))
