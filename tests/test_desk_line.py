"""One line on the phone desk: what is understood, what is doubted, and that nothing is lost."""

from collections import Counter
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.desk.line_vocabulary import Kind
from api.desk.one_line import Reading, read_line
from api.residents.wishes import ARRIVE, DEPART, NOW
from routing.gazetteer import Match
from shuttle.region import Region
from tests.api_client import BERLIN

NOW_IS = datetime(2027, 3, 22, 8, 0, tzinfo=BERLIN)
"""A Monday."""

WORDS = (
    "kirche bahnhof am anger mühlenweg hauptstr 12 oberdorf mitte niederdorf west "
    "8:15 9.30 0815 halb 9 uhr an ab bis um 24.3. 31.2. morgen heute fr i dag "
    "2p 2 pers rolli kind kinderwagen mit zu zweit allein -> nach von zum bitte "
    "jetzt 25:61 2027-03-24 2027-99-99 xyzzyqq :, ü ß ² 九"
)

MIDDLE, WEST = "Oberdorf, Mitte", "Niederdorf, West"
STATION = "Toy Town Bahnhof, Niederdorf"


def read(region: Region, text: str, *, one_place_will_do: bool = False) -> Reading:
    return read_line(text, region.gazetteer, NOW_IS, one_place_will_do=one_place_will_do)


def ends(reading: Reading) -> tuple[str, str]:
    return tuple(end.label if end else "" for end in (reading.origin, reading.destination))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "text",
    [
        "oberdorf mitte bahnhof",
        "oberdorf mitte nach bahnhof",
        "oberdorf mitte -> bahnhof",
        "von oberdorf mitte zum bahnhof",
        "zum bahnhof von oberdorf mitte",
        "OBERDORF MITTE BAHNHOF",
        "from oberdorf mitte to bahnhof",
        "fra oberdorf mitte til bahnhof",
        "mitte oberdorf bhf",
        "bitte oberdorf mitte 8:15 bahnhof",
    ],
)
def test_two_places_are_told_apart_however_they_are_joined(toy_region: Region, text: str) -> None:
    reading = read(toy_region, text)
    assert ends(reading) == (MIDDLE, STATION)
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("Gänsegasse", "Gänsegasse, Oberdorf"),
        ("gaensegasse", "Gänsegasse, Oberdorf"),
        ("Muehlenweg", "Mühlenweg, Oberdorf"),
        ("Hauptstrasse 4", "Hauptstraße 4, Oberdorf"),
        ("Dorfladen Joens", "Dorfladen Jöns, Oberdorf"),
        ("Baeckerei Suess", "Bäckerei Süß, Niederdorf"),
    ],
)
def test_umlauts_are_read_however_they_are_written(
    toy_region: Region, text: str, origin: str
) -> None:
    assert ends(read(toy_region, f"{text} -> west 9:00")) == (origin, WEST)


@pytest.mark.parametrize(
    ("said", "when", "day", "time"),
    [
        ("8:15", DEPART, date(2027, 3, 22), "08:15"),
        ("8.15 uhr", DEPART, date(2027, 3, 22), "08:15"),
        ("ab 8:15", DEPART, date(2027, 3, 22), "08:15"),
        ("0815", DEPART, date(2027, 3, 22), "08:15"),
        ("17 uhr", DEPART, date(2027, 3, 22), "17:00"),
        ("halb 9", DEPART, date(2027, 3, 22), "08:30"),
        ("an 9:30", ARRIVE, date(2027, 3, 22), "09:30"),
        ("bis 9:30", ARRIVE, date(2027, 3, 22), "09:30"),
        ("by 9:30", ARRIVE, date(2027, 3, 22), "09:30"),
        ("senest 9.30", ARRIVE, date(2027, 3, 22), "09:30"),
        ("morgen 8:15", DEPART, date(2027, 3, 23), "08:15"),
        ("i morgen kl 8.15", DEPART, date(2027, 3, 23), "08:15"),
        ("übermorgen 8:15", DEPART, date(2027, 3, 24), "08:15"),
        ("fr an 9:30", ARRIVE, date(2027, 3, 26), "09:30"),
        ("am Freitag 9:30", DEPART, date(2027, 3, 26), "09:30"),
        ("friday 9:30", DEPART, date(2027, 3, 26), "09:30"),
        ("mo 8:15", DEPART, date(2027, 3, 22), "08:15"),
        ("mo 7:15", DEPART, date(2027, 3, 29), "07:15"),
        ("24.3. 8:15", DEPART, date(2027, 3, 24), "08:15"),
        ("am 24.3.2027 8:15", DEPART, date(2027, 3, 24), "08:15"),
        ("21.3. 8:15", DEPART, date(2028, 3, 21), "08:15"),
        ("jetzt", NOW, None, None),
        ("", None, None, None),
    ],
)
def test_when_is_read_wherever_it_stands(
    toy_region: Region, said: str, when: str | None, day: date | None, time: str | None
) -> None:
    for text in (f"{said} kirche bahnhof", f"kirche bahnhof {said}"):
        reading = read(toy_region, text)
        assert (reading.when, reading.day, reading.time) == (when, day, time)
        assert ends(reading) == ("Kirche, Oberdorf", STATION)
        assert reading.not_understood == ()


def test_a_time_that_is_over_is_tomorrow_and_that_is_said(toy_region: Region) -> None:
    reading = read(toy_region, "kirche bahnhof 7:15")
    assert (reading.day, reading.tomorrow) == (date(2027, 3, 23), True)
    assert not read(toy_region, "kirche bahnhof heute 7:15").tomorrow


@pytest.mark.parametrize(
    ("said", "party"),
    [
        ("2p", (2, None, None, None)),
        ("2 pers", (2, None, None, None)),
        ("3 personen", (3, None, None, None)),
        ("zu zweit", (2, None, None, None)),
        ("2p rolli", (2, 1, None, None)),
        ("rolli", (1, 1, None, None)),
        ("mit Rollstuhl", (1, 1, None, None)),
        ("kind", (2, None, 1, None)),
        ("3p 2 kinder", (3, None, 2, None)),
        ("mit kinderwagen", (2, None, None, 1)),
        ("two people", (2, None, None, None)),
        ("", (None, None, None, None)),
    ],
)
def test_who_rides_is_read(
    toy_region: Region, said: str, party: tuple[int | None, int | None, int | None, int | None]
) -> None:
    reading = read(toy_region, f"kirche bahnhof 8:15 {said}")
    assert (reading.people, reading.wheelchairs, reading.child_seats, reading.prams) == party
    assert reading.not_understood == ()


def test_a_house_number_is_no_party(toy_region: Region) -> None:
    reading = read(toy_region, "hauptstr 4 bahnhof 2p")
    assert ends(reading) == ("Hauptstraße 4, Oberdorf", STATION)
    assert reading.people == 2


@pytest.mark.parametrize("strange", ["xyzzyqq", "31.2.", "25:61"])
def test_a_strange_word_is_named_and_the_rest_understood(toy_region: Region, strange: str) -> None:
    reading = read(toy_region, f"kirche {strange} bahnhof 8:15")
    assert reading.not_understood == (strange,)
    assert ends(reading) == ("Kirche, Oberdorf", STATION)


@pytest.mark.parametrize(
    ("text", "strange"), [("8:15 9:15", "9:15"), ("fr morgen", "morgen"), ("2p 3p", "3p")]
)
def test_what_is_said_twice_counts_once_and_is_named(
    toy_region: Region, text: str, strange: str
) -> None:
    assert read(toy_region, f"kirche bahnhof {text}").not_understood == (strange,)


def test_a_place_that_could_be_several_is_doubted_and_the_others_are_named(
    toy_region: Region,
) -> None:
    reading = read(toy_region, "straße -> bahnhof 8:15")
    assert reading.doubtful
    assert reading.origin is not None
    assert len(reading.origin.meant) > 1


def test_where_one_place_is_known_one_is_enough(toy_region: Region) -> None:
    for text, there in (
        ("bahnhof", ("", STATION)),
        ("von west", (WEST, "")),
        ("oberdorf mitte 9:30", ("", MIDDLE)),
    ):
        assert ends(read(toy_region, text, one_place_will_do=True)) == there


@given(st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join) | st.text(max_size=60))
@settings(max_examples=300)
def test_nothing_is_lost_and_nothing_raised(toy_region: Region, text: str) -> None:
    reading = read(toy_region, text)
    assert [each.text for each in reading.words] == text.split()
    unknown = Counter(reading.not_understood)
    for kind, end in ((Kind.FROM, reading.origin), (Kind.TO, reading.destination)):
        taken = [each.text for each in reading.words if each.kind is kind]
        assert not taken or (end is not None and end.label)
    for word, number in unknown.items():
        assert text.split().count(word) >= number


class _Anything:
    """A geocoder that finds whatever it is asked, to see that no answer upsets the reading."""

    def search(self, text: str, limit: int = 5) -> list[Match]:
        assert limit > 0
        score = 0.5 + (sum(map(ord, text)) % 50) / 80
        return [Match("place", text.title(), "", 54.6, 9.7, None, score)]


@given(st.lists(st.sampled_from(WORDS.split()) | st.text(max_size=5), max_size=20).map(" ".join))
@settings(max_examples=300)
def test_no_answer_of_a_geocoder_upsets_the_reading(text: str) -> None:
    reading = read_line(text, _Anything(), NOW_IS)
    assert [each.text for each in reading.words] == text.split()
