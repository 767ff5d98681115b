"""German as people type it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routing.spelling import Query, fold, house_numbers, read_query


@pytest.mark.parametrize(
    "spellings",
    [
        ("Rügge", "Ruegge", "rugge", "RÜGGE", "Ru\u0308gge"),
        ("Böel", "Boeel", "Boel", "BOEL"),
        ("Dorfstraße", "Dorfstrasse", "Dorfstr.", "dorfstr", "DORFSTRASSE"),
        ("Flensburger Straße", "Flensburger Str.", "flensburger str", "Flensburger-Straße"),
        ("St. Jürgen", "Sankt Jürgen", "st juergen", "St.-Jürgen"),
        ("Am Pl.", "Am Platz"),
        ("Nørregade", "Noerregade", "Norregade"),
        ("Süderbrarup Bhf", "Suderbrarup Bahnhof"),
    ],
)
def test_all_usual_spellings_are_one(spellings: tuple[str, ...]) -> None:
    assert len({fold(spelling) for spelling in spellings}) == 1


@given(st.text())
def test_folding_leaves_words_of_plain_letters_and_twice_is_once(text: str) -> None:
    folded = fold(text)
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert "  " not in folded
    assert folded == folded.strip()
    assert fold(folded) == folded


@given(st.text())
@example("ST:¹")
def test_any_text_can_be_taken_apart(text: str) -> None:
    query = read_query(text)
    assert query.words == fold(query.words)
    assert query.number == "" or query.number in house_numbers(query.number)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Dorfstr 12a Rügge", Query("dorfstrasse rugge", "12a", "")),
        ("24392 Dorfstr. 12 A, Rügge", Query("dorfstrasse rugge", "12a", "24392")),
        ("Rügge, Dorfstraße 3", Query("rugge dorfstrasse", "3", "")),
        ("Dorfstraße12", Query("dorfstrasse", "12", "")),
        ("Dorfstraße 12 am Bach", Query("dorfstrasse am bach", "12", "")),
        ("Dorfstraße 12-14 Rügge", Query("dorfstrasse rugge", "12", "")),
        ("Straße des 17. Juni 5", Query("strasse des 17 juni", "5", "")),
        ("9490 Landstrasse 3", Query("landstrasse", "3", "9490")),
        ("Bahnhof", Query("bahnhof", "", "")),
        ("12", Query("12", "", "")),
        ("   ", Query("", "", "")),
    ],
)
def test_a_search_text_is_taken_apart(text: str, query: Query) -> None:
    assert read_query(text) == query


def test_one_sign_on_a_house_can_stand_for_several_numbers() -> None:
    assert house_numbers("12 A-14;16b") == ["12a", "14", "16b"]
