"""Offers and rides as residents see them: what counts, in the order in which it counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

from api.languages import Language
from api.residents.pickup_map import pickup_map
from api.rides.refusal_words import fix_message
from api.service import Service
from api.times import local_time
from routing.stops import Stop
from shuttle.answers import Fix, Quote
from shuttle.domain import WALK_METRES_PER_SECOND, Booking, Offer, Party, Ride, Train
from shuttle.region import Region


@dataclass(frozen=True, slots=True)
class Card:
    """A ride that can be had, or that is booked.

    Attributes
    ----------
    begin, end
        The pickup window.
    arrival
        The latest drop-off.
    walk_before, walk_after
        Metres on foot.
    minutes_before, minutes_after
        The same in minutes, rounded up.
    cents
        What the party pays.
    token
        The signed offer; empty for a booking.
    title
        For the fix of a refusal: what would be different.
    map
        The pickup, drawn.
    train, train_time
        The train that it is for, and when that leaves or arrives.
    train_cancelled
        Whether it does not come, as far as is known.
    """

    begin: datetime
    end: datetime
    arrival: datetime
    pickup_stop: Stop
    dropoff_stop: Stop
    walk_before: int
    walk_after: int
    minutes_before: int
    minutes_after: int
    party: Party
    cents: int
    token: str = ""
    title: str = ""
    map: Markup = field(default_factory=Markup)
    train: Train | None = None
    train_time: datetime | None = None
    train_cancelled: bool = False


def card(
    region: Region,
    ride: Ride,
    *,
    token: str = "",
    title: str = "",
    drawn: Markup = Markup(),  # noqa: B008 -- empty, and a string
    train: Train | None = None,
) -> Card:
    """Return a ride as a card."""
    promise = ride.promise
    return Card(
        begin=local_time(region, promise.pickup_earliest),
        end=local_time(region, promise.pickup_latest),
        arrival=local_time(region, promise.dropoff_latest),
        pickup_stop=region.stop(ride.pickup_stop),
        dropoff_stop=region.stop(ride.dropoff_stop),
        walk_before=ride.walk_to_pickup,
        walk_after=ride.walk_from_dropoff,
        minutes_before=_minutes(ride.walk_to_pickup),
        minutes_after=_minutes(ride.walk_from_dropoff),
        party=ride.party,
        cents=ride.fare_cents,
        token=token,
        title=title,
        map=drawn,
        train=train,
        train_time=None if train is None else local_time(region, train.time),
        train_cancelled=bool(train and region.stations and region.stations.cancelled(train)),
    )


def booking_card(
    region: Region,
    booking: Booking,
    *,
    drawn: Markup = Markup(),  # noqa: B008 -- empty, and a string
) -> Card:
    """Return a booked ride as it is to be driven."""
    return card(region, booking.ride_now, drawn=drawn, train=booking.train_now)


def cards_of(
    service: Service, quote: Quote, language: Language, *, maps: bool = True
) -> list[Card]:
    """Return the offers of a quote; of a refusal all its fixes, each with what it changes."""
    if quote.refusal is None:
        return [offer_card(service, each, language, maps=maps) for each in quote.offers]
    return fix_cards(service, quote.refusal.fixes, language, maps=maps)


def fix_cards(
    service: Service, fixes: Iterable[Fix], language: Language, *, maps: bool = True
) -> list[Card]:
    """Return the fixes of a refusal, each with what it changes."""
    region = service.region
    return [
        offer_card(service, fix.offer, language, fix_message(region, language, fix), maps=maps)
        for fix in fixes
    ]


def offer_card(
    service: Service, offer: Offer, language: Language, title: str = "", *, maps: bool = True
) -> Card:
    """Return an offer as a card that can be booked, with the way to its stop."""
    region, stop = service.region, service.region.stop(offer.ride.pickup_stop)
    origin = offer.request.origin
    begin = (origin.lat, origin.lon) if offer.ride.walk_to_pickup else None
    return card(
        region,
        offer.ride,
        token=service.tokens.sign(offer),
        title=title,
        train=offer.train,
        drawn=pickup_map(region, stop, language, begin=begin) if maps else Markup(),
    )


def _minutes(metres: int) -> int:
    return -(-metres // round(WALK_METRES_PER_SECOND * 60))
