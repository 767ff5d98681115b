"""Search for stops, houses, streets and named places of the map, as people type them.

Candidates come from a trigram index (SQLite FTS5), their order from the edit distance between
what was typed and every way to say a name (rapidfuzz). Houses are not in the index: a street is
found first and the number looked up in it, so that 80,000 addresses are a few thousand names.
"""

import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import numpy as np
import numpy.typing as npt
import shapely
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from routing.names import House, Name, names_on_the_map
from routing.osm_import import Extract
from routing.spelling import Query, along_the_street, fold, read_query
from routing.stops import Stop, place_label

_CANDIDATES = 60
_SHORTEST = 2
_DOUBTFUL = 0.9
_HOPELESS = 0.7
_RAREST = 6

_BEGUN = 0.97  # of the score of the whole name
_PART = 0.9  # likewise, for words from within a name
_OTHER_NUMBER = 0.04  # off, where the street has no such house
_NOT_A_STREET = 0.08  # off, where a house number was typed for something else
_POSTCODE = 0.02  # on top
_IN_TITLE = 0.004  # on top, where others are merely of that kind


@dataclass(frozen=True, slots=True)
class Match:
    """A candidate for what somebody searched.

    Attributes
    ----------
    kind
        "stop", "street", "address", "place", "school" ...
    label
        What to show: unlike every other candidate's, with the village.
    village
        Empty where the map knows none.
    lat, lon
        Degrees.
    stop_id
        None if it is not a stop.
    score
        1 or a little more for the very words, less for less.
    asked_number
        The house number that was asked for, if the street has none such and this is the nearest.
    """

    kind: str
    label: str
    village: str
    lat: float
    lon: float
    stop_id: str | None
    score: float
    asked_number: str = ""


class Geocoder(Protocol):
    """From a text to places on the map."""

    def search(self, text: str, limit: int = 5) -> list[Match]:
        """Return the places that were most likely meant, best first."""
        ...


class Gazetteer:
    """The embedded geocoder: needs no network and answers within milliseconds.

    It may be shared by the threads of a web server.

    Parameters
    ----------
    extract
        The map.
    stops
        The stops of the region.
    boundary
        Of the region, (lon, lat) in degrees; a map shows more. Without one, everything is found.
    """

    def __init__(
        self,
        extract: Extract,
        stops: Sequence[Stop] = (),
        boundary: shapely.Polygon | shapely.MultiPolygon | None = None,
    ) -> None:
        self._names = names_on_the_map(extract, stops, boundary)
        self._forms = [name.forms() for name in self._names]
        self._titles = [fold(name.title) for name in self._names]
        self._begins = _rows_by_first_letters(self._names)
        words = [name.words() for name in self._names]
        self._frequency = Counter(trigram for text in words for trigram in _trigrams(text))
        self._index = sqlite3.connect(":memory:", check_same_thread=False)
        self._lock = threading.Lock()
        self._index.execute(
            "CREATE VIRTUAL TABLE names USING fts5(title, words, tokenize='trigram')"
        )
        self._index.executemany(
            "INSERT INTO names(rowid, title, words) VALUES (?, ?, ?)",
            zip(range(len(words)), self._titles, words, strict=True),
        )

    def __len__(self) -> int:
        return len(self._names)

    def search(self, text: str, limit: int = 5) -> list[Match]:
        """Return the places that were most likely meant, best first, each with its village.

        Nothing that looks at all like the text: an empty list.

        Parameters
        ----------
        text
            As typed: from two letters on, in any usual spelling, with typing errors.
        limit
            How many candidates.
        """
        query = read_query(text)
        if len(query.words) < _SHORTEST:
            return []
        rows = self._sharing_letters(query.words)
        scores = self._scores(query, rows)
        if not rows or max(scores) < _DOUBTFUL:
            rows = list(dict.fromkeys([*rows, *self._alike(query.words)]))
            scores = self._scores(query, rows)
        matches: dict[str, Match] = {}
        for score, row in sorted(zip(scores, rows, strict=True), key=lambda pair: -pair[0]):
            if score < _HOPELESS or len(matches) == limit:
                break
            match = _match(self._names[row], query.number, score)
            matches.setdefault(match.label, match)
        return list(matches.values())

    def _sharing_letters(self, words: str) -> list[int]:
        """Return rows that share three letters in a row with the words, most similar first.

        Only the rarest of them are looked up: every other street contains "straße".
        """
        known = [trigram for trigram in _trigrams(words) if trigram in self._frequency]
        trigrams = sorted(known, key=lambda trigram: (self._frequency[trigram], trigram))[:_RAREST]
        if not trigrams:
            return self._begins.get(words[:_SHORTEST], [])
        wanted = " OR ".join(f'"{trigram}"' for trigram in trigrams)
        with self._lock:
            found = self._index.execute(
                "SELECT rowid FROM names WHERE names MATCH ? ORDER BY bm25(names, 3, 1) LIMIT ?",
                (wanted, _CANDIDATES),
            ).fetchall()
        return [row for (row,) in found]

    def _alike(self, words: str) -> list[int]:
        """Return rows by edit distance alone: an error in a short word may leave no trigram."""
        found = process.extract(
            words, self._titles, scorer=OSA.normalized_similarity, limit=_CANDIDATES
        )
        return [row for _, _, row in found]

    def _scores(self, query: Query, rows: Sequence[int]) -> list[float]:
        if not rows:
            return []
        names = [self._names[row] for row in rows]
        forms = [self._forms[row] for row in rows]
        titles = [self._titles[row] for row in rows]
        fit = _fit(query.words, forms)
        if len(query.words) > _SHORTEST:
            fit = np.maximum(fit, _PART * _part(query.words, titles))
        if query.number:
            streets = np.array([bool(name.houses) for name in names])
            fit -= np.where(streets, 0.0, _NOT_A_STREET)
            fit = np.maximum(fit, _fit(f"{query.words} {query.number}", forms))
        return [
            float(score) + _adjustment(query, name, title)
            for score, name, title in zip(fit, names, titles, strict=True)
        ]


def _trigrams(words: str) -> set[str]:
    """Return all three letters in a row within a word."""
    return {word[at : at + 3] for word in words.split() for at in range(len(word) - 2)}


def _fit(words: str, forms: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """Return for each name how well its best form, or the begin of it, fits the words."""
    typed = words.replace(" ", "")
    flat = [form for ways in forms for form in ways]
    begun = [form[: len(typed)] for form in flat]
    starts = [0, *accumulate(len(ways) for ways in forms)][:-1]
    alike = OSA.normalized_similarity
    whole = process.cdist([typed], flat, scorer=alike, score_cutoff=_HOPELESS)[0]
    begin = process.cdist([typed], begun, scorer=alike, score_cutoff=_HOPELESS)[0]
    best = np.maximum.reduceat(np.maximum(whole, _BEGUN * begin), starts)
    return np.asarray(best, dtype=np.float64)


def _part(words: str, titles: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return for each title that is longer than the words how well a part of it fits them."""
    part = process.cdist([words], titles, scorer=fuzz.partial_ratio)[0] / 100
    longer = [len(title) > len(words) for title in titles]
    return np.where(longer, part, 0.0)


def _adjustment(query: Query, name: Name, title: str) -> float:
    """Return what speaks for or against a name besides its letters."""
    adjustment = name.likely + (_IN_TITLE if query.words in title else 0.0)
    if query.number and name.houses and query.number not in name.houses:
        adjustment -= _OTHER_NUMBER
    if query.postcode in name.postcodes:
        adjustment += _POSTCODE
    return adjustment


def _match(name: Name, number: str, score: float) -> Match:
    if not number or not name.houses:
        return Match(name.kind, name.label, name.village, name.lat, name.lon, name.stop_id, score)
    house = name.houses.get(number)
    asked = "" if house else number
    house = house or _nearest(name, number)
    label = place_label(f"{name.title} {house.number}", name.village)
    return Match("address", label, name.village, house.lat, house.lon, None, score, asked)


def _nearest(street: Name, number: str) -> House:
    """Return the house with the nearest number, of two equally near ones the lower."""
    digits, letter = along_the_street(number)

    def apart(other: str) -> tuple[int, bool, int]:
        their_digits, their_letter = along_the_street(other)
        return abs(their_digits - digits), their_letter > letter, their_digits

    return street.houses[min(street.houses, key=apart)]


def _rows_by_first_letters(names: Sequence[Name]) -> dict[str, list[int]]:
    """Return the rows of which a word begins with two letters, the likeliest first."""
    rows = defaultdict(list)
    for row in sorted(range(len(names)), key=lambda row: -names[row].likely):
        for begin in {word[:_SHORTEST] for word in names[row].words().split()}:
            rows[begin].append(row)
    return {begin: found[:_CANDIDATES] for begin, found in rows.items()}
