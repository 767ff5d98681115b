"""Times on the wire: ISO 8601 with an offset from UTC, or a time on the clocks of the region.

Inside there are epoch seconds; they are converted here and nowhere else.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from shuttle.booking.connecting import train_named
from shuttle.domain import Location, Party, RideRequest, When
from shuttle.errors import RequestError
from shuttle.region import Region

_ISO_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_OFFSET = r"(Z|[+-]\d{2}:\d{2})"


class Wire(BaseModel):
    """What comes in: nothing unknown, nothing converted on the quiet."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _aware(text: str) -> str:
    if re.fullmatch(_ISO_TIME, text):
        raise PydanticCustomError(
            "naive_datetime",
            "Add the offset from UTC, such as {example}+01:00, or send "
            '{{"local": "{example}"}} for a time on the clocks of the region',
            {"example": text},
        )
    if re.fullmatch(_ISO_TIME + _OFFSET, text) is None:
        raise ValueError("Write the time as 2027-03-27T10:30:00+01:00")
    return _existing(text)


def _naive(text: str) -> str:
    if re.fullmatch(_ISO_TIME, text) is None:
        raise ValueError("Write the local time without an offset, as 2027-03-27T10:30")
    return _existing(text)


def _existing(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"There is no such time: {error}") from error
    return text


class WallClock(Wire):
    """A time as the clocks of the region show it."""

    local: Annotated[str, AfterValidator(_naive)] = Field(
        max_length=32, examples=["2027-03-27T10:30"], description="Date and time without offset."
    )
    fold: Literal[0, 1] | None = Field(
        default=None,
        description="In the hour that happens twice: 0 is the first (summer time), 1 the second.",
    )

    def epoch(self, region: Region, field: str) -> int:
        """Return epoch seconds.

        Raises
        ------
        RequestError
            ``no_such_hour`` or ``ambiguous_hour``, at the changes from and to winter time.
        """
        shown = datetime.fromisoformat(self.local).replace(tzinfo=region.config.zone)
        first, second = (shown.replace(fold=fold).utcoffset() for fold in (0, 1))
        assert first is not None
        assert second is not None
        if first < second:
            raise RequestError(
                "no_such_hour",
                f"{field}.local",
                f"The clocks go forward over {self.local}; choose an hour later.",
            )
        if first > second and self.fold is None:
            raise RequestError(
                "ambiguous_hour",
                f"{field}.fold",
                f"The clocks show {self.local} twice; "
                "add fold 0 for the first time or 1 for the second.",
            )
        return int(shown.replace(fold=self.fold or 0).timestamp())


WithOffset = Annotated[
    str,
    AfterValidator(_aware),
    Field(
        max_length=40,
        examples=["2027-03-27T10:30:00+01:00"],
        json_schema_extra={"format": "date-time"},
    ),
]


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) is None:
        raise ValueError("Write the day as 2027-03-27")
    return date.fromisoformat(value)


Day = Annotated[date, BeforeValidator(_day)]
"""A day, and neither a time nor a number that could be taken for one."""


def _form_of_time(value: Any) -> str | None:
    if isinstance(value, str):
        return "with_offset"
    return "wall_clock" if isinstance(value, dict | WallClock) else None


Time = Annotated[
    Annotated[WithOffset, Tag("with_offset")] | Annotated[WallClock, Tag("wall_clock")],
    Discriminator(
        _form_of_time,
        custom_error_type="invalid_time",
        custom_error_message='Write the time as text with its offset, or as {"local": ...}',
    ),
]


class RideTime(Wire):
    """When to leave, when to be there, or for which train: one of these."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "maxProperties": 1,
            "examples": [{"depart_at": "2027-03-27T12:30:00+01:00"}],
        }
    )

    depart_at: Time | None = None
    arrive_by: Time | None = None
    train: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        examples=["to:2027-03-22:17-892"],
        description="As /api/v1/trains names it: one that leaves where the ride ends, or arrives "
        "where it begins. The region's time for changing is left.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if [self.depart_at, self.arrive_by, self.train].count(None) != 2:
            raise ValueError("Give depart_at, arrive_by or train, one of them")
        return self

    def request(
        self,
        region: Region,
        origin: Location,
        destination: Location,
        party: Party,
        field: str = "when",
    ) -> RideRequest:
        """Return the request for a ride at this time.

        Raises
        ------
        RequestError
            If there is no such hour, or no such train.
        """
        if self.train is not None:
            train = train_named(region, origin, destination, self.train, f"{field}.train")
            return RideRequest.for_train(origin, destination, train, party)
        return RideRequest(origin, destination, *self._resolve(region, field), party)

    def _resolve(self, region: Region, field: str) -> tuple[When, int]:
        when = When.ARRIVE_BY if self.depart_at is None else When.DEPART_AT
        time = self.arrive_by if self.depart_at is None else self.depart_at
        assert time is not None
        if isinstance(time, WallClock):
            return when, time.epoch(region, f"{field}.{when}")
        return when, int(datetime.fromisoformat(time).timestamp())


def local_time(region: Region, epoch: int) -> datetime:
    """Return an epoch second as an aware time on the region's clocks."""
    return datetime.fromtimestamp(epoch, region.config.zone)
