"""What the board shows of the past: its moments, and what was planned beside what was driven."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field


class Moment(BaseModel):
    """The day changed; several changes at one time are one moment."""

    revision: int
    time: datetime


class PastOut(BaseModel):
    """The moments of a day in order."""

    day: date
    moments: list[Moment] = Field(
        description="None if the past of the day is not known, or has been deleted."
    )


class DrivenHalt(BaseModel):
    """One end of a ride: what was promised, what was planned when it was booked, what came."""

    booking: str = Field(description="Its code.")
    kind: Literal["pickup", "dropoff"]
    stop: str
    earliest: datetime | None = Field(description="Begin of the promised window of a pickup.")
    latest: datetime = Field(description="End of what was promised.")
    planned: datetime | None = Field(
        description="When it was booked; None if the past of the day is not known."
    )
    time: datetime | None = Field(description="When it happened, or will; None without a vehicle.")
    driven: bool = Field(description="It has happened.")
    seconds: int | None = Field(description="From `planned` to `time`; less than 0 is earlier.")
    shift: str | None = Field(description="Whose tour it is in.")
    other_vehicle: bool = Field(description="It was planned for another vehicle.")


class DrivenOut(BaseModel):
    """A day's halts in the order of their times."""

    day: date
    halts: list[DrivenHalt]
