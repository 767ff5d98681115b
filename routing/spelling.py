"""German as people type it: one spelling for all the ways to write a street or a village."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe"})
_SHORT_FORMS = (
    (re.compile(r"str\b"), "strasse"),
    (re.compile(r"\bst\b(?= )"), "sankt"),
    (re.compile(r"\bpl\b"), "platz"),
    (re.compile(r"\bbh?f\b"), "bahnhof"),
)
_UMLAUT_AS_TWO_LETTERS = re.compile(r"([aou])e+")
_NOT_IN_WORDS = re.compile(r"[^a-z0-9]+")

_LONGEST = 200  # nobody types more to find a house
_POSTCODE = re.compile(r"^\d{4,5}\b|\b\d{5}\b")
_HOUSE_NUMBER = re.compile(r"(?<!\d)(\d{1,4}(?: ?[a-z])?)(?: ?[-/] ?\d{1,4}[a-z]?)?(?=$|[ ,;])")
_ONE_NUMBER = re.compile(r"(\d+) ?([a-z]?)(?![a-z])")


@lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Return the one spelling under which equal names are equal.

    Lower case, words of a-z and 0-9 with single spaces; ``ü``, ``ue`` and ``u`` are the same
    letter, ``ß`` is ``ss``, ``Str.`` is ``straße``.

    Examples
    --------
    >>> fold("Rügge") == fold("RUEGGE") == fold("Rugge")
    True
    >>> fold("Flensburger Str.")
    'flensburger strasse'
    """
    folded = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    folded = unicodedata.normalize("NFKD", folded)
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
    folded = _UMLAUT_AS_TWO_LETTERS.sub(r"\1", folded)
    folded = _NOT_IN_WORDS.sub(" ", folded).strip()
    for short, long in _SHORT_FORMS:
        folded = short.sub(long, folded)
    return folded


def house_numbers(text: str) -> list[str]:
    """Return the folded numbers on a house: ``"12 A-14"`` stands for 12a and 14."""
    return ["".join(found) for found in _ONE_NUMBER.findall(text.casefold())]


def along_the_street(number: str) -> tuple[int, str]:
    """Return what sorts folded house numbers as they stand: 2, 12, 12a, 12b."""
    digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits), number[len(digits) :]


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody typed, taken apart.

    Attributes
    ----------
    words
        Folded, without postcode and house number.
    number
        The folded house number, empty if there is none.
    postcode
        Five digits (or four, at the begin), or empty.
    """

    words: str
    number: str
    postcode: str


def read_query(text: str) -> Query:
    """Take a search text apart: ``"24392 Dorfstr. 12 a, Rügge"``.

    The last number that is not a postcode is the house number, so that the 17 in
    "Straße des 17. Juni 5" stays a word. A number with which the text begins is part of a name.
    """
    text = text[:_LONGEST].strip().casefold()
    postcode = _POSTCODE.search(text)
    if postcode:
        text = f"{text[: postcode.start()]} {text[postcode.end() :]}".strip()
    numbers = [match for match in _HOUSE_NUMBER.finditer(text) if match.start() > 0]
    number = ""
    if numbers:
        number = house_numbers(numbers[-1][1])[0]
        text = f"{text[: numbers[-1].start()]} {text[numbers[-1].end() :]}"
    return Query(fold(text), number, postcode[0] if postcode else "")
