"""Public and school holidays of a region, for rides that are not wanted then.

Both come from the library `holidays`, which knows some countries' school holidays, Germany's
among them. What it does not know, a region lists in ``[[school_holidays]]``: the days that
schools choose themselves, for example, or the years to come.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Self

import holidays
from pydantic import BaseModel, ConfigDict, Field, model_validator


class SchoolHolidays(BaseModel):
    """A span without school, both days included."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    begin: date = Field(alias="from")
    end: date = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begin > self.end:
            raise ValueError(f"{self.name}: from {self.begin} must not be after to {self.end}")
        return self


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Which days are holidays.

    Attributes
    ----------
    country, subdivision
        By ISO 3166: ``DE`` and ``SH``; without a subdivision the whole country's.
    listed
        School holidays besides those the library knows.
    """

    country: str
    subdivision: str | None = None
    listed: tuple[SchoolHolidays, ...] = ()

    def is_public_holiday(self, day: date) -> bool:
        """Whether most people do not work on a day."""
        return day in _days(self.country, self.subdivision, "public", day.year)

    def is_school_holiday(self, day: date) -> bool:
        """Whether there is no school on a day."""
        if any(span.begin <= day <= span.end for span in self.listed):
            return True
        return day in _days(self.country, self.subdivision, "school", day.year)

    def school_holidays_known_until(self, day: date) -> date | None:
        """Return the last school holiday known around a day, within a year; None if none is."""
        years = range(day.year - 1, day.year + 2)
        known = [span.end for span in self.listed]
        for year in years:
            known.extend(_days(self.country, self.subdivision, "school", year))
        return max(known, default=None)


def check_subdivision(country: str, subdivision: str) -> None:
    """Raise ValueError, with the names that there are, unless a country has a subdivision."""
    known = holidays.list_supported_countries().get(country, [])
    if subdivision not in known:
        fix = f"use one of {', '.join(known)}" if known else "leave subdivision out"
        raise ValueError(f"country {country} has no subdivision {subdivision!r}; {fix}")


@lru_cache(maxsize=64)
def _days(country: str, subdivision: str | None, category: str, year: int) -> frozenset[date]:
    """Return a year's holidays; none where the library does not know the country."""
    if country not in holidays.list_supported_countries():
        return frozenset()
    if category not in holidays.country_holidays(country).supported_categories:
        return frozenset()
    found = holidays.country_holidays(
        country, subdiv=subdivision, years=year, categories=(category,), expand=False
    )
    return frozenset(found)
