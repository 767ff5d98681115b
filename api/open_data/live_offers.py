"""How long somebody would wait now, as GOFS asks: what the dispatcher would offer, kept briefly.

Answers are the dispatcher's own search for a ride at once, for one person. They are not counted as
unmet demand, and book nothing.
"""

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Self
from urllib.parse import urlencode

import numpy as np
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from api.limits import Limited
from api.problems import answers
from api.residents.info_pages import Home
from api.security import OPEN_TO_ALL
from api.service import Service, ServiceHere
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Location, Offer, RideRequest, When
from shuttle.errors import RequestError
from shuttle.region import Region

router = APIRouter(
    prefix="/open-data",
    tags=["open data"],
    dependencies=[Depends(Limited("offers"))],
    responses=answers(429),
)

TTL = 10
"""Seconds for which an answer is given again to all who ask for the same."""

_DIGITS = 4
"""Decimals of a degree, about ten metres: who asks from the same house asks the same."""

_VERSION = "1.0"

Latitude = Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, examples=[54.6369])]
Longitude = Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False, examples=[9.7714])]
DropOffLatitude = Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)]
DropOffLongitude = Annotated[float | None, Query(ge=-180, le=180, allow_inf_nan=False)]

Point = tuple[float, float]


class WaitTime(BaseModel):
    """How long somebody would wait for the vehicle."""

    brand_id: str
    wait_time: int = Field(ge=0, description="Seconds until the vehicle is at the stop.")


class WaitTimes(BaseModel):
    """One wait time, or none where no ride is to be had now."""

    wait_times: list[WaitTime]


class BookingDetail(BaseModel):
    """Where the ride is booked."""

    service_name: str
    web_uri: str
    phone_number: str


class RealtimeBooking(WaitTime):
    """A ride that could be booked now."""

    travel_time: int | None = Field(ge=0, description="Seconds on board; with a drop-off only.")
    travel_cost: float | None = Field(ge=0, description="For one person; with a drop-off only.")
    travel_cost_currency: str | None
    booking_detail: BookingDetail


class RealtimeBookings(BaseModel):
    """One ride, or none where none is to be had now."""

    realtime_booking: list[RealtimeBooking]


class _Answer(BaseModel):
    last_updated: int = Field(description="Epoch seconds.")
    ttl: int = Field(default=TTL, description="Seconds until it is worth asking again.")
    version: str = _VERSION


class WaitTimeOut(_Answer):
    """The answer to `wait_time`, as GOFS frames it."""

    data: WaitTimes


class RealtimeBookingOut(_Answer):
    """The answer to `realtime_booking`, as GOFS frames it."""

    data: RealtimeBookings

    @classmethod
    def of(cls, now: int, rides: list[RealtimeBooking]) -> Self:
        """Return rides as GOFS frames them."""
        return cls(last_updated=now, data=RealtimeBookings(realtime_booking=rides))


@router.get("/wait_time", responses=answers(422, 429, 503), openapi_extra=OPEN_TO_ALL)
def wait_time(
    service: ServiceHere,
    response: Response,
    pickup_lat: Latitude,
    pickup_lon: Longitude,
    drop_off_lat: DropOffLatitude = None,
    drop_off_lon: DropOffLongitude = None,
) -> WaitTimeOut:
    """Return how long somebody would wait here now (GOFS `wait_time`); none if there is no ride.

    Without a drop-off, for a ride to the stop that all others are nearest to on average; but no
    less than whoever asks there at this hour waits half the time, if that was calibrated.
    """
    to = _drop_off(drop_off_lat, drop_off_lon)
    now, offer = _offer(service, (pickup_lat, pickup_lon), to)
    response.headers["Cache-Control"] = f"max-age={TTL}"
    brand = service.region.config.id
    waits = []
    if offer is not None:
        usual = 0 if to is not None else _usual_wait(service, offer, now)
        waits.append(WaitTime(brand_id=brand, wait_time=max(_wait(offer, now), usual)))
    return WaitTimeOut(last_updated=now, data=WaitTimes(wait_times=waits))


@router.get("/realtime_booking", responses=answers(422, 429, 503), openapi_extra=OPEN_TO_ALL)
def realtime_booking(
    service: ServiceHere,
    response: Response,
    home: Home,
    pickup_lat: Latitude,
    pickup_lon: Longitude,
    drop_off_lat: DropOffLatitude = None,
    drop_off_lon: DropOffLongitude = None,
) -> RealtimeBookingOut:
    """Return the ride that could be booked here now (GOFS `realtime_booking`), and where."""
    to = _drop_off(drop_off_lat, drop_off_lon)
    now, offer = _offer(service, (pickup_lat, pickup_lon), to)
    response.headers["Cache-Control"] = f"max-age={TTL}"
    rides = [] if offer is None else [_ride(service.region, offer, now, home, known=to is not None)]
    return RealtimeBookingOut.of(now, rides)


def _drop_off(lat: float | None, lon: float | None) -> Point | None:
    if (lat is None) != (lon is None):
        missing = "drop_off_lat" if lat is None else "drop_off_lon"
        raise RequestError("missing", missing, "Give both drop_off_lat and drop_off_lon, or none.")
    return None if lat is None or lon is None else (lat, lon)


def _offer(service: Service, origin: Point, destination: Point | None) -> tuple[int, Offer | None]:
    """Return the time that is meant, and the first offer for a ride then."""
    now = service.clock() // TTL * TTL
    here = round(origin[0], _DIGITS), round(origin[1], _DIGITS)
    there = destination and (round(destination[0], _DIGITS), round(destination[1], _DIGITS))
    return now, _first_offer(service.dispatcher, here, there, now)


@lru_cache(maxsize=256)
def _first_offer(
    dispatcher: Dispatcher, origin: Point, destination: Point | None, now: int
) -> Offer | None:
    here = Location(*origin)
    there = _middle(dispatcher.region, here) if destination is None else Location(*destination)
    if there is None:
        return None
    request = RideRequest(here, there, When.DEPART_AT, now)
    try:
        quote = dispatcher.answer(
            request, lambda day: dispatcher.plan(day, now), now, counted=False
        )
    except RequestError:  # outside the area or the hours: nothing is to be had here now
        return None
    return quote.offers[0] if quote.offers else None


def _middle(region: Region, origin: Location) -> Location | None:
    """Return the most central stop that is not in walking distance, None if all are."""
    near = {place for place, _ in region.walkable_stops(origin.lat, origin.lon)}
    far = next((each for each in _by_centrality(region) if each not in near), None)
    if far is None:
        return None
    stop = region.stops[far]
    return Location(stop.lat, stop.lon, stop.label, stop.id)


@lru_cache(maxsize=2)
def _by_centrality(region: Region) -> list[int]:
    number = len(region.stops)
    far = region.travel.seconds[:number, :number].sum(axis=0)
    return [int(each) for each in np.argsort(far, kind="stable")]


def _wait(offer: Offer, now: int) -> int:
    return max(offer.expected_pickup - now, 0)


def _usual_wait(service: Service, offer: Offer, now: int) -> int:
    """Return how long people wait half the time who ask now where an offer begins."""
    region = service.region
    soonest = now + region.config.rules.lead_minutes * 60
    hour = datetime.fromtimestamp(soonest, region.config.zone).hour
    usual = service.waiting().at(region.stop(offer.ride.pickup_stop).village, hour)
    return 0 if usual is None else soonest - now + usual.half


def _ride(region: Region, offer: Offer, now: int, home: str, *, known: bool) -> RealtimeBooking:
    stops = {"from": region.stop(offer.ride.pickup_stop).label}
    if known:
        stops["to"] = region.stop(offer.ride.dropoff_stop).label
    contact = region.config.contact
    return RealtimeBooking(
        brand_id=region.config.id,
        wait_time=_wait(offer, now),
        travel_time=offer.expected_dropoff - offer.expected_pickup if known else None,
        travel_cost=offer.ride.fare_cents / 100 if known else None,
        travel_cost_currency="EUR" if known else None,
        booking_detail=BookingDetail(
            service_name=f"Dorfshuttle {region.config.name}",
            web_uri=f"{home.rstrip('/')}/?{urlencode(stops)}",
            phone_number=contact.phone,
        ),
    )
