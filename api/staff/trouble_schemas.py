"""What dispatchers send when something goes wrong."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas import Text
from api.times import Time, WallClock, Wire
from shuttle.errors import RequestError
from shuttle.region import Region
from shuttle.trouble.conditions import (
    Disturbance,
    RoadClosed,
    ShiftSet,
    Slower,
    StopClosed,
    VehicleOut,
)

ShiftId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


_SHOWN = range(32_503_680_000)
"""Epoch seconds until the year 3000: clocks cannot show the last years that can be written."""


def moment(time: Time, region: Region, field: str) -> int:
    """Return epoch seconds; RequestError if there is no such hour, or it is ages away."""
    if isinstance(time, WallClock):
        epoch = time.epoch(region, field)
    else:
        epoch = int(datetime.fromisoformat(time).timestamp())
    if epoch not in _SHOWN:
        raise RequestError("out_of_range", field, "Choose a time within the next days.")
    return epoch


class _Span(Wire):
    """From when until when."""

    begin: Time | None = Field(default=None, alias="from", description="Now, if left out.")
    until: Time | None = Field(
        default=None, description="The end of the day, if left out, and at the latest."
    )

    def span(self, region: Region, now: int) -> tuple[int, int]:
        """Return both ends in epoch seconds."""
        begin = now if self.begin is None else moment(self.begin, region, "from")
        if self.until is not None:
            return begin, moment(self.until, region, "until")
        return begin, region.config.instant(region.config.local_day(begin), 24 * 60)


class VehicleOutWire(_Span):
    """A vehicle is out of service; with `stop` it stands there, else it drives to its depot."""

    kind: Literal["vehicle_out"]
    vehicle: Text = Field(examples=["bus-1"])
    stop: Text | None = None

    def disturbance(self, region: Region, now: int) -> Disturbance:
        """Return the same as a value of the domain."""
        return VehicleOut(self.vehicle, *self.span(region, now), self.stop)


class BreakWire(Wire):
    """A break of so many minutes, begun and over within a span."""

    begin: Time = Field(alias="from")
    until: Time
    minutes: int = Field(ge=1, le=240)

    def rest(self, region: Region, number: int) -> tuple[int, int, int]:
        """Return earliest and latest begin and length, in seconds."""
        field = f"breaks[{number}]"
        begin = moment(self.begin, region, f"{field}.from")
        until = moment(self.until, region, f"{field}.until")
        return begin, until - self.minutes * 60, self.minutes * 60


class ShiftWire(_Span):
    """A new shift of a vehicle; or, with `shift`, other hours of one that it has."""

    kind: Literal["shift"]
    vehicle: Text = Field(examples=["bus-1"])
    shift: ShiftId | None = Field(default=None, examples=["bus-1@06:00"])
    breaks: list[BreakWire] | None = Field(
        default=None, max_length=10, description="Those to come; as they are, if left out."
    )

    def disturbance(self, region: Region, now: int) -> Disturbance:
        """Return the same as a value of the domain."""
        rests = (
            None
            if self.breaks is None
            else tuple(each.rest(region, number) for number, each in enumerate(self.breaks))
        )
        return ShiftSet(self.vehicle, *self.span(region, now), rests, self.shift)


class PointWire(Wire):
    """A point on a road."""

    lat: float = Field(ge=-90, le=90, allow_inf_nan=False, examples=[54.6356])
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False, examples=[9.7754])


class RoadClosedWire(_Span):
    """Nobody gets through at these points; between two on one road nothing can be reached."""

    kind: Literal["road_closed"]
    points: list[PointWire] = Field(min_length=1, max_length=20)

    def disturbance(self, region: Region, now: int) -> Disturbance:
        """Return the same as a value of the domain."""
        points = tuple((point.lat, point.lon) for point in self.points)
        return RoadClosed(points, *self.span(region, now))


class SlowerWire(_Span):
    """Everything takes longer by a factor: snow, harvest."""

    kind: Literal["slower"]
    factor: float = Field(gt=1, le=5, allow_inf_nan=False, examples=[1.5])

    def disturbance(self, region: Region, now: int) -> Disturbance:
        """Return the same as a value of the domain."""
        return Slower(self.factor, *self.span(region, now))


class StopClosedWire(_Span):
    """Nobody can halt at a stop."""

    kind: Literal["stop_closed"]
    stop: Text = Field(examples=["s17"])

    def disturbance(self, region: Region, now: int) -> Disturbance:
        """Return the same as a value of the domain."""
        return StopClosed(self.stop, *self.span(region, now))


TroubleWire = Annotated[
    VehicleOutWire | ShiftWire | RoadClosedWire | SlowerWire | StopClosedWire,
    Field(discriminator="kind"),
]
