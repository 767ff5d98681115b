"""Offers and rides as residents see them: what counts, in the order in which it counts."""

from dataclasses import dataclass
from datetime import datetime

from api.languages import Language
from api.rides.refusal_words import fix_message
from api.service import Service
from api.times import local_time
from routing.stops import Stop
from shuttle.answers import Quote
from shuttle.booking.requests import WALK_METRES_PER_SECOND
from shuttle.domain import Offer, Party, Promise, Ride
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


def card(
    region: Region,
    ride: Ride,
    *,
    times: Promise | None = None,
    token: str = "",
    title: str = "",
) -> Card:
    """Return a ride as a card; `times` are those that hold now, if others than promised."""
    promise = times or ride.promise
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
    )


def cards_of(service: Service, quote: Quote, language: Language) -> list[Card]:
    """Return the offers of a quote; of a refusal all its fixes, each with what it changes."""
    if quote.refusal is None:
        return [offer_card(service, each) for each in quote.offers]
    return [
        offer_card(service, fix.offer, fix_message(service.region, language, fix))
        for fix in quote.refusal.fixes
    ]


def offer_card(service: Service, offer: Offer, title: str = "") -> Card:
    """Return an offer as a card that can be booked."""
    return card(service.region, offer.ride, token=service.tokens.sign(offer), title=title)


def _minutes(metres: int) -> int:
    return -(-metres // round(WALK_METRES_PER_SECOND * 60))
