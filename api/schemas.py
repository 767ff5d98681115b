"""What residents send and get: requests, offers, bookings.

Places are stops or degrees, times as in :mod:`api.times`, and whatever is not in the schema is
refused. Inside there are epoch seconds and stop ids.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.contacts import ContactWire
from api.times import RideTime, Wire, local_time
from shuttle.domain import (
    Booking,
    BookingStatus,
    Location,
    Offer,
    Party,
    Ride,
    RideRequest,
    Train,
)
from shuttle.errors import RequestError
from shuttle.region import Region

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""One line of text."""


class Place(Wire):
    """Where a ride begins or ends: a stop's id, a point, or words to search for."""

    stop: Text | None = Field(default=None, examples=["s17"])
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    label: Text | None = Field(default=None, description="What to call the point.")
    text: Text | None = Field(default=None, examples=["Bahnhofstraße 3, Süderbrarup"])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        point = self.lat is not None and self.lon is not None
        half = (self.lat is None) != (self.lon is None)
        ways = [self.stop is not None, point or half, self.text is not None]
        if sum(ways) != 1 or half or (self.label is not None and not point):
            raise PydanticCustomError(
                "invalid_place", "Give either stop, or lat and lon (with a label), or text"
            )
        return self

    def locate(self, region: Region, field: str) -> Location:
        """Return the location; RequestError if there is no such stop or place."""
        if self.stop is not None:
            return _stop_location(region, self.stop, f"{field}.stop")
        if self.text is not None:
            matches = region.gazetteer.search(self.text, limit=1)
            if not matches:
                raise RequestError(
                    "unknown_place",
                    f"{field}.text",
                    f"Nothing in {region.config.name} is called {self.text!r}; "
                    "/api/v1/places suggests names.",
                )
            best = matches[0]
            return Location(best.lat, best.lon, best.label, best.stop_id)
        assert self.lat is not None
        assert self.lon is not None
        return Location(self.lat, self.lon, self.label or "")


def _stop_location(region: Region, stop_id: str, field: str) -> Location:
    try:
        stop = region.stop(stop_id)
    except KeyError as error:
        raise RequestError("unknown_stop", field, f"There is no stop {stop_id!r}.") from error
    return Location(stop.lat, stop.lon, stop.label, stop.id)


OfferToken = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4096,
        pattern=r"^[A-Za-z0-9_.-]+$",
        examples=["eyJpZCI6Ik84UTJNN0tYIn0.aH7uXQ.9f2Jt0cQm1s"],
    ),
]
"""A signed offer."""


class PartyWire(Wire):
    """Who rides together."""

    passengers: int = Field(
        default=1, ge=1, le=100, description="Everybody, wheelchairs and child seats included."
    )
    wheelchairs: int = Field(default=0, ge=0, le=100)
    child_seats: int = Field(default=0, ge=0, le=100)

    def party(self) -> Party:
        """Return the same as a value of the domain."""
        return Party(self.passengers, self.wheelchairs, self.child_seats)

    @classmethod
    def of(cls, party: Party) -> Self:
        """Return a party of the domain."""
        return cls(
            passengers=party.passengers,
            wheelchairs=party.wheelchairs,
            child_seats=party.child_seats,
        )


class RideWish(Wire):
    """A ride as somebody would like it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "from": {"text": "Bahnhof"},
                    "to": {"lat": 54.6259, "lon": 9.8496, "label": "Kindergarten Boren"},
                    "when": {"depart_at": "2027-03-27T10:30:00+01:00"},
                    "party": {"passengers": 2, "child_seats": 1},
                }
            ]
        }
    )

    origin: Place = Field(alias="from")
    to: Place
    when: RideTime
    party: PartyWire = PartyWire()

    def ride_request(self, region: Region) -> RideRequest:
        """Return the request of the domain; RequestError if a place or hour does not exist."""
        origin, destination = self.origin.locate(region, "from"), self.to.locate(region, "to")
        return self.when.request(region, origin, destination, self.party.party())


class OfferRequest(RideWish):
    """Ask for a ride."""

    changing: Text | None = Field(
        default=None, description="The code of a booking that is to be changed, not kept."
    )


class BookingRequest(Wire):
    """Confirm an offer."""

    offer: OfferToken
    contact: ContactWire | None = None
    waiting: Text | None = Field(
        default=None, description="The code of a place on the waiting list, which it ends."
    )


class WindowOut(BaseModel):
    """Both ends included."""

    earliest: datetime
    latest: datetime


class StopOut(BaseModel):
    """Where a vehicle halts."""

    id: str
    name: str
    village: str
    lat: float
    lon: float

    @classmethod
    def of(cls, region: Region, stop_id: str) -> Self:
        """Return a stop of the region."""
        stop = region.stop(stop_id)
        return cls(id=stop.id, name=stop.name, village=stop.village, lat=stop.lat, lon=stop.lon)


class FareOut(BaseModel):
    """What the whole party pays."""

    cents: int
    currency: Literal["EUR"] = "EUR"


class _RideOut(BaseModel):
    """From stop to stop under a promise."""

    day: date
    pickup_window: WindowOut
    dropoff_latest: datetime
    pickup_stop: StopOut
    dropoff_stop: StopOut
    walk_to_pickup_metres: int
    walk_from_dropoff_metres: int
    direct_seconds: int = Field(description="The ride without detour.")
    fare: FareOut


def _ride_fields(region: Region, ride: Ride) -> dict[str, Any]:
    promise = ride.promise
    return {
        "day": ride.day,
        "pickup_window": WindowOut(
            earliest=local_time(region, promise.pickup_earliest),
            latest=local_time(region, promise.pickup_latest),
        ),
        "dropoff_latest": local_time(region, promise.dropoff_latest),
        "pickup_stop": StopOut.of(region, ride.pickup_stop),
        "dropoff_stop": StopOut.of(region, ride.dropoff_stop),
        "walk_to_pickup_metres": ride.walk_to_pickup,
        "walk_from_dropoff_metres": ride.walk_from_dropoff,
        "direct_seconds": ride.direct_seconds,
        "fare": FareOut(cents=ride.fare_cents),
    }


class TrainOut(BaseModel):
    """A train that a ride leads to, or comes from."""

    train: str = Field(description="What `when.train` names it by.")
    line: str
    towards: str
    time: datetime = Field(description="When it leaves, or arrives, by its timetable.")
    change_minutes: int = Field(description="So many are left at least for changing.")
    cancelled: bool = Field(description="It does not come, as far as is known.")

    @classmethod
    def of(cls, region: Region, train: Train) -> Self:
        """Return a train with times of the region."""
        return cls(
            train=train.name,
            line=train.line,
            towards=train.towards,
            time=local_time(region, train.time),
            change_minutes=train.margin // 60,
            cancelled=region.stations is not None and region.stations.cancelled(train),
        )


class OfferOut(_RideOut):
    """A ride that can be booked until `valid_until`."""

    offer: str = Field(description="Signed; send it back to book.")
    expected_pickup: datetime
    expected_dropoff: datetime
    ride_seconds: int = Field(description="Expected time on board.")
    valid_until: datetime
    train: TrainOut | None = Field(default=None, description="The train that the ride is for.")

    @classmethod
    def of(cls, region: Region, offer: Offer, token: str) -> Self:
        """Return an offer with its signed form."""
        return cls(
            offer=token,
            expected_pickup=local_time(region, offer.expected_pickup),
            expected_dropoff=local_time(region, offer.expected_dropoff),
            ride_seconds=offer.expected_dropoff - offer.expected_pickup,
            valid_until=local_time(region, offer.valid_until),
            train=None if offer.train is None else TrainOut.of(region, offer.train),
            **_ride_fields(region, offer.ride),
        )


class BookingOut(_RideOut):
    """A confirmed ride. With code and link, or code and phone, it is seen and cancelled."""

    code: str
    link: str | None = Field(
        default=None,
        description="Told once, when the ride is booked; opens it as Booking-Secret.",
    )
    status: BookingStatus
    origin: str = Field(serialization_alias="from")
    to: str
    party: PartyWire
    booked_at: datetime
    linked: str | None = Field(
        default=None, description="The code of the outward ride or the return booked with it."
    )
    train: TrainOut | None = Field(default=None, description="The train it was booked for.")

    @classmethod
    def of(
        cls,
        region: Region,
        booking: Booking,
        *,
        linked: str | None = None,
        link: str | None = None,
    ) -> Self:
        """Return a booking as its owner sees it, after booking with its link."""
        return cls(
            code=booking.code,
            link=link,
            status=booking.status,
            origin=booking.origin,
            to=booking.destination,
            party=PartyWire.of(booking.ride.party),
            booked_at=local_time(region, booking.booked_at),
            linked=linked,
            train=None if booking.train is None else TrainOut.of(region, booking.train),
            **_ride_fields(region, booking.ride_now),
        )
