"""What the board shows of a day: tours halt by halt, every ride with its promise, what is wrong."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schemas import PartyWire, TrainOut, WindowOut
from api.staff.trouble_answers import ConditionOut
from shuttle.domain import BookingStatus, Cause
from shuttle.driving.promises import PromiseState


class BoardHalt(BaseModel):
    """The vehicle stands somewhere: it halts until `busy_until`, and waits until `departure`."""

    kinds: list[str] = Field(description="What happens there.", examples=[["pickup"]])
    name: str
    lat: float
    lon: float
    arrival: datetime
    busy_until: datetime
    departure: datetime
    rest: tuple[datetime, datetime] | None = Field(description="The driver's break.")
    slack_seconds: int = Field(
        ge=0, description="So much later may it happen with no promise missed that can be kept."
    )
    getting_on: list[str] = Field(description="Booking codes.")
    getting_off: list[str] = Field(description="Booking codes.")
    people: int = Field(description="On board afterwards.")
    metres: int = Field(description="From the halt before.")
    empty: bool = Field(description="Nobody was on board on the way here.")
    served: bool


class BoardTour(BaseModel):
    """One shift of a vehicle."""

    shift: str
    vehicle: str
    number: int
    name: str
    begin: datetime
    end: datetime
    reported: bool = Field(description="Its driver reports.")
    locked: bool = Field(description="It is left as it is until it is unlocked.")
    battery_metres: int | None = Field(
        description="So much longer may it get before the battery is at its reserve, the vehicle's "
        "other tours included; below 0 it does not last. None where no battery is told."
    )
    halts: list[BoardHalt]


class BoardRide(BaseModel):
    """One booking, without whom it belongs to."""

    code: str
    status: BookingStatus
    origin: str = Field(serialization_alias="from")
    to: str
    pickup_stop: str
    dropoff_stop: str
    party: PartyWire
    pickup_window: WindowOut
    dropoff_latest: datetime
    window_now: WindowOut | None = Field(
        description="In which a dispatcher may choose a time, if it is not the promised window."
    )
    shift: str | None = Field(description="Which tour carries it.")
    pickup: datetime | None
    dropoff: datetime | None
    wanted: datetime | None = Field(
        description="When a dispatcher wants the vehicle to come, within the promise."
    )
    movable: bool = Field(description="Its vehicle is not on the way yet.")
    locked: bool = Field(description="It stays in its vehicle.")
    state: PromiseState
    late_minutes: int = Field(description="By how much the promise was or will be missed.")
    cause: Cause | None
    cancelled_train: TrainOut | None = Field(
        description="The train it leads to or comes from, if that does not come."
    )


class BoardWaiting(BaseModel):
    """Somebody on the waiting list."""

    code: str
    origin: str = Field(serialization_alias="from")
    to: str
    when: Literal["depart_at", "arrive_by"]
    time: datetime
    party: PartyWire
    told: bool = Field(description="They were told that a ride is possible.")


class BoardRefused(BaseModel):
    """A request that was refused, coarsened."""

    wanted: datetime
    lat: float
    lon: float
    reason: str


class BoardFigures(BaseModel):
    """How good the day is."""

    rides: int = Field(description="Booked and not cancelled.")
    served: int
    kept: int
    broken: int
    at_risk: int
    stranded: int
    kilometres: float = Field(description="Of all tours, driven and planned.")
    empty_kilometres: float = Field(description="Of these without anybody on board.")
    gap_percent: float | None = Field(
        description="By at most so much the plan costs more than the best possible one, rounded "
        "up; None if nothing is proven about this very plan."
    )


class BoardOut(BaseModel):
    """The board of a day; or, where `whole` is false, what is different since `since`."""

    tag: str = Field(description="Send it as `since` to be told only what is different.")
    whole: bool
    day: date
    revision: int
    now: datetime
    tours: list[BoardTour]
    gone_tours: list[str]
    rides: list[BoardRide]
    gone_rides: list[str]
    figures: BoardFigures
    waiting: list[BoardWaiting]
    refused: list[BoardRefused] | None = Field(description="None if they are those of `since`.")
    conditions: list[ConditionOut]
