"""A shift as its driver sees it: halts in order, and who gets on and off."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from shuttle.domain import BookingStatus

HaltOfDriver = Literal["start", "stop", "break", "end"]


class PartyOut(BaseModel):
    """People who ride together, with no more about them than the driver needs."""

    code: str
    name: str = Field(description="First name; empty if nobody said it.")
    passengers: int
    wheelchairs: int
    child_seats: int
    status: BookingStatus
    walk_metres: int = Field(description="To the stop, or from it.")
    cents: int = Field(description="To collect; 0 where they get off.")
    earliest: datetime | None = Field(description="When their window begins; null at drop-offs.")
    latest: datetime = Field(description="What was promised to them.")


class HaltOut(BaseModel):
    """The vehicle stands somewhere, or the driver has a break."""

    kind: HaltOfDriver
    name: str
    village: str = Field(description="Where it lies, if that is not in its name.")
    lat: float
    lon: float
    sketch: str = Field(description="Where a small map with the way there is found.")
    leave: datetime | None = Field(description="When to leave the place before.")
    arrival: datetime = Field(description="When it is expected to begin.")
    arrived: datetime | None = Field(description="When the vehicle was reported to be there.")
    minutes: int = Field(description="Of a break.")
    done: bool
    getting_on: list[PartyOut]
    getting_off: list[PartyOut]


class ShiftTourOut(BaseModel):
    """One shift with everything that its driver needs, also without a network."""

    day: date
    shift: str
    vehicle: str
    number: int
    electric: bool
    begin: datetime
    end: datetime
    started: datetime | None
    ended: datetime | None
    resting_since: datetime | None = Field(description="When the running break began.")
    odometer: int | None = Field(description="Kilometres, as reported last.")
    halts: list[HaltOut]
