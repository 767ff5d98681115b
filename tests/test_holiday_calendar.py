"""Holidays of the bundled region's state, and those a region lists itself."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from shuttle.errors import RegionError
from shuttle.region import BUNDLED
from shuttle.region_config import read_config
from shuttle.standing.holiday_calendar import HolidayCalendar, SchoolHolidays

SH = HolidayCalendar("DE", "SH")


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 12, 25), True),
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), True),
        (date(2027, 3, 26), True),  # Good Friday
        (date(2027, 10, 31), True),  # Reformation Day, in the north only
        (date(2027, 6, 3), False),  # Corpus Christi, in the south only
    ],
)
def test_public_holidays_are_those_of_the_state(day: date, *, holiday: bool) -> None:
    assert SH.is_public_holiday(day) is holiday


# As published for 2026/27: https://www.shz.de (4 July 2026 to 7 May 2027).
PUBLISHED = [
    (date(2026, 7, 4), date(2026, 8, 15)),
    (date(2026, 10, 12), date(2026, 10, 24)),
    (date(2026, 12, 21), date(2027, 1, 6)),
    (date(2027, 3, 30), date(2027, 4, 10)),
    (date(2027, 5, 7), date(2027, 5, 7)),
]


@pytest.mark.parametrize(("first", "last"), PUBLISHED)
def test_school_holidays_are_those_published_by_the_state(first: date, last: date) -> None:
    around = [date.fromordinal(n) for n in range(first.toordinal() - 3, last.toordinal() + 4)]
    off = [day for day in around if SH.is_school_holiday(day)]
    assert off == [day for day in around if first <= day <= last]


def test_a_region_lists_the_days_that_schools_choose_themselves() -> None:
    chosen = SchoolHolidays.model_validate(
        {"name": "beweglich", "from": date(2027, 2, 1), "to": date(2027, 2, 2)}
    )
    calendar = HolidayCalendar("DE", "SH", (chosen,))
    days = [date(2027, 1, 31), date(2027, 2, 1), date(2027, 2, 2), date(2027, 2, 3)]
    assert [calendar.is_school_holiday(day) for day in days] == [False, True, True, False]
    assert not SH.is_school_holiday(date(2027, 2, 1))


def test_how_far_school_holidays_are_known_is_said() -> None:
    for day in (date(2027, 2, 1), date(2028, 12, 30)):
        known = SH.school_holidays_known_until(day)
        assert known is not None
        assert known > day
    listed = SchoolHolidays.model_validate(
        {"name": "Sommer", "from": date(2090, 7, 1), "to": date(2090, 8, 9)}
    )
    ahead = HolidayCalendar("DE", "SH", (listed,))
    assert ahead.school_holidays_known_until(date(2090, 1, 1)) == date(2090, 8, 9)
    assert SH.school_holidays_known_until(date(2090, 1, 1)) is None
    assert HolidayCalendar("DK").school_holidays_known_until(date(2027, 1, 1)) is None


def test_a_country_that_the_library_does_not_know_has_no_holidays() -> None:
    nowhere = HolidayCalendar("QQ")
    assert not nowhere.is_public_holiday(date(2027, 1, 1))
    assert not nowhere.is_school_holiday(date(2027, 1, 1))


def test_the_bundled_region_lies_in_schleswig_holstein() -> None:
    calendar = read_config(BUNDLED / "region.toml").holidays
    assert calendar.is_public_holiday(date(2027, 10, 31))
    assert calendar.is_school_holiday(date(2027, 7, 3))


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ('subdivision = "XX"', "country DE has no subdivision 'XX'; use one of BB"),
        ('country = "QQ"\nsubdivision = "XX"', "leave subdivision out"),
        (
            '[[school_holidays]]\nname = "Ostern"\nfrom = 2027-04-02\nto = 2027-04-01',
            "Ostern: from 2027-04-02 must not be after",
        ),
        ('[[school_holidays]]\nname = "x"\nfrom = "1.4."\nto = 2027-04-01', "school_holidays.0"),
        ("[no_shows]\ncount = -1", "no_shows.count"),
    ],
)
def test_a_mistake_in_the_region_is_said_in_one_sentence(
    toy_folder: Path, tmp_path: Path, added: str, words: str
) -> None:
    path = tmp_path / "region.toml"
    shutil.copy(toy_folder / "region.toml", path)
    contact, rest = path.read_text(encoding="utf-8").split("[depots.townhall]")
    path.write_text(f"{contact}{added}\n\n[depots.townhall]{rest}", encoding="utf-8")
    with pytest.raises(RegionError) as caught:
        read_config(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
