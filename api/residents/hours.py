"""When rides run, as people read it: days of the week with the same hours in one line."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from babel.dates import get_day_names

from api.languages import Language
from shuttle.region_config import WEEKDAYS, RegionConfig, Weekday


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Days that follow each other, and when rides run on them; no times if they do not."""

    days: str
    times: tuple[str, ...]


def hours_in_words(config: RegionConfig, language: Language) -> list[HoursLine]:
    """Return the week from Monday to Sunday, alike days together."""
    week = [(day, _times(config, day, language)) for day in range(7)]
    lines = []
    for times, days in groupby(week, key=lambda each: each[1]):
        numbers = [day for day, _ in days]
        lines.append(HoursLine(_days(numbers[0], numbers[-1], language), times))
    return lines


def days_in_words(days: Sequence[Weekday], language: Language) -> str:
    """Return weekdays in words: those that follow each other as a span."""
    numbers = [WEEKDAYS.index(each) for each in WEEKDAYS if each in days]
    spans = [
        [number for _, number in span]
        for _, span in groupby(enumerate(numbers), key=lambda each: each[1] - each[0])
    ]
    return ", ".join(_days(span[0], span[-1], language) for span in spans)


def _times(config: RegionConfig, day: int, language: Language) -> tuple[str, ...]:
    spans = sorted((each.begin, each.end) for each in config.hours if WEEKDAYS[day] in each.days)
    point = "." if language == "da" else ":"
    return tuple(f"{begin}–{end}".replace(":", point) for begin, end in spans)


def _days(first: int, last: int, language: Language) -> str:
    names = {day: name[0].upper() + name[1:] for day, name in _names(language).items()}
    return names[first] if first == last else f"{names[first]} – {names[last]}"


def _names(language: Language) -> dict[int, str]:
    return dict(get_day_names("wide", locale=language))
