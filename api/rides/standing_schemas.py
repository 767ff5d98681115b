"""What is sent and got for weekly repeats and for the waiting list."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.contacts import ContactWire
from api.languages import Language
from api.rides.refusal_words import missed_message
from api.schemas import PartyWire, Place, RideWish
from api.times import Day, Wire, local_time
from shuttle.domain import When
from shuttle.region import Region
from shuttle.region_config import WEEKDAYS, minutes_of
from shuttle.standing.standing_requests import Instance, Series, Waiting, WaitingState

_LONGEST_DAYS = 366

WeekdayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _clock(text: str) -> str:
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is None:
        raise ValueError("Write the time on the clocks of the region as 07:45")
    return text


def _once_each(days: list[WeekdayName]) -> list[WeekdayName]:
    if len(set(days)) < len(days):
        raise ValueError("Name each weekday once")
    return days


ClockTime = Annotated[str, AfterValidator(_clock), Field(max_length=5, examples=["07:45"])]


class DailyTime(Wire):
    """When to leave, or when to be there, on the clocks of the region: one of the two."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    depart_at: ClockTime | None = None
    arrive_by: ClockTime | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.depart_at is None) == (self.arrive_by is None):
            raise ValueError("Give depart_at or arrive_by, one of the two")
        return self

    def resolve(self) -> tuple[When, int]:
        """Return what the time means, and minutes after midnight."""
        if self.depart_at is not None:
            return When.DEPART_AT, minutes_of(self.depart_at)
        assert self.arrive_by is not None
        return When.ARRIVE_BY, minutes_of(self.arrive_by)


class SeriesRequest(Wire):
    """Ask for the same ride every week."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": {"text": "Ulsnis"},
                    "to": {"text": "Bahnhof"},
                    "when": {"arrive_by": "07:45"},
                    "weekdays": ["mon", "wed"],
                    "first_day": "2027-04-12",
                    "last_day": "2027-07-02",
                    "skip_school_holidays": True,
                    "contact": {"phone": "04641 78123", "notify": "sms"},
                }
            ]
        }
    )

    origin: Place = Field(alias="from")
    to: Place
    when: DailyTime
    party: PartyWire = PartyWire()
    weekdays: Annotated[list[WeekdayName], AfterValidator(_once_each)] = Field(
        min_length=1, max_length=7
    )
    first_day: Day
    last_day: Day = Field(description="The last day that is asked for; at most a year on.")
    skip_school_holidays: bool = False
    skip_public_holidays: bool = False
    contact: ContactWire = Field(description="Who is told when a day cannot be promised.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last_day - self.first_day).days <= _LONGEST_DAYS:
            raise ValueError("Let last_day be first_day or later, and at most a year on")
        return self

    def series(self, region: Region, code: str, now: int) -> Series:
        """Return the series of the domain; RequestError if there is no such place."""
        when, minutes = self.when.resolve()
        return Series(
            code=code,
            origin=self.origin.locate(region, "from"),
            destination=self.to.locate(region, "to"),
            when=when,
            minutes=minutes,
            party=self.party.party(),
            weekdays=tuple(sorted(WEEKDAYS.index(each) for each in self.weekdays)),
            first_day=self.first_day,
            last_day=self.last_day,
            skip_school_holidays=self.skip_school_holidays,
            skip_public_holidays=self.skip_public_holidays,
            made_at=now,
        )


class SeriesDayOut(BaseModel):
    """A day that has been decided: booked, or missed."""

    day: date
    booking: str | None = Field(description="The booking's code.")
    link: str | None = Field(description="Opens the booking as Booking-Secret.")
    missed: str | None = Field(description="Why there is none: a refusal's or a problem's code.")
    message: str | None = Field(description="The same for people, in the language asked for.")

    @classmethod
    def of(cls, instance: Instance, language: Language, link_of: Callable[[str], str]) -> Self:
        """Return a day of a series; `link_of` gives the secret of a booking."""
        return cls(
            day=instance.day,
            booking=instance.booking or None,
            link=link_of(instance.booking) if instance.booking else None,
            missed=instance.missed or None,
            message=missed_message(language, instance.missed) if instance.missed else None,
        )


class SeriesOut(BaseModel):
    """A weekly repeat and what has become of it so far."""

    code: str
    link: str | None = Field(
        default=None, description="Told once, when it begins; opens it as Booking-Secret."
    )
    origin: str = Field(serialization_alias="from")
    to: str
    when: dict[When, str] = Field(examples=[{"arrive_by": "07:45"}])
    party: PartyWire
    weekdays: list[WeekdayName]
    first_day: date
    last_day: date
    skip_school_holidays: bool
    skip_public_holidays: bool
    ended: bool
    days: list[SeriesDayOut] = Field(description="Others follow as they open for booking.")

    @classmethod
    def of(
        cls,
        series: Series,
        instances: Iterable[Instance],
        language: Language,
        link_of: Callable[[str], str],
    ) -> Self:
        """Return a series as its owner sees it; `link_of` gives the secret of a booking."""
        weekdays: list[Any] = [WEEKDAYS[each] for each in series.weekdays]
        return cls(
            code=series.code,
            origin=series.origin.label,
            to=series.destination.label,
            when={series.when: f"{series.minutes // 60:02}:{series.minutes % 60:02}"},
            party=PartyWire.of(series.party),
            weekdays=weekdays,
            first_day=series.first_day,
            last_day=series.last_day,
            skip_school_holidays=series.skip_school_holidays,
            skip_public_holidays=series.skip_public_holidays,
            ended=series.ended,
            days=[SeriesDayOut.of(each, language, link_of) for each in instances],
        )


class ReachableContact(ContactWire):
    """Whom to tell, and how."""

    notify: Literal["sms", "email"] = Field(description="How to be told.")


class WaitingRequest(Wire):
    """Ask to be told when a ride becomes possible that was refused."""

    request: RideWish
    contact: ReachableContact


class WaitingOut(BaseModel):
    """A place on the waiting list."""

    code: str
    link: str | None = Field(
        default=None, description="Told once, on joining; opens the place as Booking-Secret."
    )
    state: WaitingState
    origin: str = Field(serialization_alias="from")
    to: str
    when: dict[When, datetime]
    party: PartyWire
    day: date
    held_until: datetime | None = Field(
        description="Once told: until then nobody behind is told of the same ride."
    )

    @classmethod
    def of(cls, region: Region, waiting: Waiting, link: str | None) -> Self:
        """Return a place on the list as its owner sees it."""
        request = waiting.request
        return cls(
            code=waiting.code,
            link=link,
            state=waiting.state,
            origin=request.origin.label,
            to=request.destination.label,
            when={request.when: local_time(region, request.time)},
            party=PartyWire.of(request.party),
            day=waiting.day,
            held_until=local_time(region, waiting.held_until) if waiting.held_until else None,
        )
