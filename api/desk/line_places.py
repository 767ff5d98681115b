"""The words of a line that name places: which of them are the origin, which the destination."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz.distance import OSA

from api.residents.wishes import could_be_several
from routing.gazetteer import Geocoder, Match
from routing.spelling import fold

_HOUSE_NUMBER = re.compile(r"\d{1,4}[a-z]?,?")

LONGEST = 10
"""Words that are tried for places; nobody says a place in more."""

_LIKELY = 0.85
_AS_GOOD = 0.04
_STRANGER = 0.08  # off for a division that has to leave a word out
_LEFT_OUT_OF = 6
_PART = 0.95
_ALIKE = 0.78
_SHORTEST_PART = 3
_TOO_MANY = 0.03  # off for each word of a label that nobody said
_CANDIDATES = 25
_MOST_MEANT = 5
_ONE_PLACE = 0.97

_LITTLE = frozenset(
    [
        "am",
        "an",
        "der",
        "die",
        "das",
        "dem",
        "den",
        "des",
        "in",
        "im",
        "bei",
        "beim",
        "at",
        "the",
        "ved",
        "i",
        "på",
        "auf",
    ]
)
"""Stand between the words of a place, whether its name has them or not."""


@dataclass(frozen=True, slots=True)
class End:
    """One end of a ride, as it was understood.

    Attributes
    ----------
    text
        The words that name it.
    label
        What it was taken for; empty if nothing is likely enough.
    meant
        What it could be as well, in the order of likelihood; the first is the label if there is
        one. Empty where there is no doubt.
    unknown
        The positions of those of its words that say nothing about it.
    """

    text: str
    label: str = ""
    meant: tuple[str, ...] = ()
    unknown: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """Where the words were divided: the first so many are the origin; None: there is one place.

    `also` is another division that is about as likely: what each end would then be.
    """

    at: int | None
    also: tuple[str, str] | None = None


class Places:
    """Finds places for words; remembers, since every division is tried."""

    def __init__(self, geocoder: Geocoder) -> None:
        self._geocoder = geocoder
        self._search = cache(self._searched)

    def end(self, words: Sequence[str]) -> End:
        """Return what words name; those without which it is found better do not belong to it."""
        kept, strange = self._without_strangers(words)
        matches = self._search(kept)
        text = " ".join(kept)
        meant = tuple(match.label for _, match in matches)[:_MOST_MEANT]
        if not matches or matches[0][0] < _LIKELY:
            return End(" ".join(words), meant=meant, unknown=tuple(range(len(words))))
        exact = matches[0][1].label.casefold() == text.casefold()
        doubtful = not exact and _doubtful(matches)
        return End(text, meant[0], meant if doubtful else (), strange)

    def _without_strangers(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Return the words that help to find a place, and the positions of strange ones."""
        kept = list(range(len(words)))
        while len(kept) > 1 and self._score_of(words, kept) < _LIKELY:
            # A house number says where in the street, even if the street has no such house.
            fewer = [
                [each for each in kept if each != at]
                for at in kept
                if not _HOUSE_NUMBER.fullmatch(words[at].casefold())
            ]
            best = max(fewer, key=lambda those: self._score_of(words, those), default=kept)
            if self._score_of(words, best) <= self._score_of(words, kept) + _AS_GOOD / 2:
                break
            kept = best
        strange = [at for at in range(len(words)) if at not in kept]
        unknown = [at for at in strange if words[at].casefold().strip(",.") not in _LITTLE]
        return tuple(words[at] for at in kept), tuple(unknown)

    def split(self, words: Sequence[str], *, one_will_do: bool = False) -> Split:
        """Return where words are best divided into origin and destination."""
        words = tuple(words)
        if len(words) < 2:
            return Split(None)
        ways = sorted(
            (
                (self._loosely(words[:at]) + self._loosely(words[at:]), -at)
                for at in range(1, len(words))
            ),
            reverse=True,
        )
        best = ways[0][0]
        whole = self._score(words)
        if one_will_do and whole >= _ONE_PLACE - _AS_GOOD and whole >= best / 2 - _AS_GOOD:
            return Split(None)
        if best / 2 < _LIKELY and whole > best / 2 and whole >= _LIKELY:
            return Split(None)
        at = -ways[0][1]
        return Split(at, self._also(words, at, best, [(s, -k) for s, k in ways[1:]]))

    def _also(
        self, words: tuple[str, ...], at: int, best: float, others: Sequence[tuple[float, int]]
    ) -> tuple[str, str] | None:
        """Return another division that is as good and means other places."""
        here = self._labels(words, at)
        for score, other in others:
            if best - score <= _AS_GOOD and self._labels(words, other) != here:
                return self._labels(words, other)
        return None

    def _labels(self, words: tuple[str, ...], at: int) -> tuple[str, str]:
        first, second = (
            next((match.label for _, match in self._search(part)), " ".join(part))
            for part in (words[:at], words[at:])
        )
        return first, second

    def _loosely(self, words: tuple[str, ...]) -> float:
        """Return how well words name a place if one of them may be a stranger."""
        best = self._score(words)
        if best >= _LIKELY or not 1 < len(words) <= _LEFT_OUT_OF:
            return best
        others = (words[:at] + words[at + 1 :] for at in range(len(words)))
        return max(best, *(self._score(each) - _STRANGER for each in others))

    def _score(self, words: tuple[str, ...]) -> float:
        return next((score for score, _ in self._search(words)), 0.0)

    def _score_of(self, words: Sequence[str], positions: Sequence[int]) -> float:
        return self._score(tuple(words[at] for at in positions))

    def _searched(self, words: tuple[str, ...]) -> list[tuple[float, Match]]:
        """Return matches, best first; what has all the words is good whatever their order."""
        text = " ".join(words)
        matches = self._geocoder.search(text, limit=_CANDIDATES)
        if len(words) > 1 and (not matches or matches[0].score < _PART):
            for word in words:
                matches += [
                    each
                    for each in self._geocoder.search(word, limit=_CANDIDATES)
                    if _cover(words, each) > 0
                ]
        scored = [(max(each.score, _cover(words, each)), each) for each in matches]
        scored.sort(key=lambda pair: (pair[1].label.casefold() != text.casefold(), -pair[0]))
        once = {match.label: (score, match) for score, match in reversed(scored)}
        return sorted(
            once.values(), key=lambda pair: (pair[1].label.casefold() != text.casefold(), -pair[0])
        )


def _doubtful(matches: Sequence[tuple[float, Match]]) -> bool:
    scores = [score for score, _ in matches]
    return could_be_several([match for _, match in matches], scores)


def _cover(words: Sequence[str], match: Match) -> float:
    """Return how well a label has every one of the words; 0 if it lacks one."""
    has = [part for part in fold(match.label).split() if part]
    typed = [part for word in words for part in fold(word).split()]
    # One word is the gazetteer's to judge; a word said twice belongs to two places.
    if len(typed) < 2 or not has or len(set(typed)) < len(typed):
        return 0.0
    likeness = [max(_alike(word, part) for part in has) for word in typed]
    beyond = _TOO_MANY * max(0, len(has) - len(typed))
    return sum(likeness) / len(likeness) - beyond if min(likeness) > 0 else 0.0


def _alike(word: str, part: str) -> float:
    if word == part:
        return 1.0
    if len(word) >= _SHORTEST_PART and word in part:
        return _PART
    likeness = float(OSA.normalized_similarity(word, part))
    return likeness * _PART if likeness >= _ALIKE and not word.isdecimal() else 0.0
