"""What a ride request is answered with, on the wire: offers, or a refusal with its fixes."""

from datetime import datetime
from typing import Any, Self

from fastapi import Request
from pydantic import BaseModel, Field

from api.languages import Language, language_of
from api.problems import Problem
from api.rides.refusal_words import fix_message, refusal_message
from api.schemas import OfferOut
from api.service import Service
from api.times import local_time
from shuttle.answers import Fix, NearestVehicle, Quote, Refusal, RefusalReason
from shuttle.domain import FixKind, Location, RideRequest
from shuttle.errors import RequestError
from shuttle.region import Region
from shuttle.timetables.stations import ScheduledRide


def _absent(value: object) -> bool:
    return value is None


class PlaceChange(BaseModel):
    """A stop, or the place that was asked for."""

    stop: str


class TimeChange(BaseModel):
    """One of the two."""

    depart_at: datetime | None = Field(default=None, exclude_if=_absent)
    arrive_by: datetime | None = Field(default=None, exclude_if=_absent)


class PartyChange(BaseModel):
    """The whole party as it would be."""

    passengers: int
    wheelchairs: int
    child_seats: int


class ChangeOut(BaseModel):
    """The members of the request that change; put them in place of the ones that were sent."""

    origin: PlaceChange | None = Field(default=None, serialization_alias="from", exclude_if=_absent)
    to: PlaceChange | None = Field(default=None, exclude_if=_absent)
    when: TimeChange | None = Field(default=None, exclude_if=_absent)
    party: PartyChange | None = Field(default=None, exclude_if=_absent)

    @classmethod
    def of(cls, region: Region, fix: Fix) -> Self:
        """Return the members of a request that a fix changes."""
        request, changed = fix.offer.request, fix.changed
        time = local_time(region, request.time)
        party = request.party
        return cls(
            origin=_place(request.origin) if "from" in changed else None,
            to=_place(request.destination) if "to" in changed else None,
            when=TimeChange(**{request.when.value: time}) if "when" in changed else None,
            party=PartyChange(
                passengers=party.passengers,
                wheelchairs=party.wheelchairs,
                child_seats=party.child_seats,
            )
            if "party" in changed
            else None,
        )


def _place(place: Location) -> PlaceChange:
    assert place.stop is not None, "a fix leads to a stop"
    return PlaceChange(stop=place.stop)


class FixOut(BaseModel):
    """A small change that works: the request with `change` is answered with `offer`."""

    kind: FixKind
    change: ChangeOut
    message: str = Field(description="For people, in the language asked for.")
    walk_metres: int | None = Field(
        default=None,
        description="How far another stop is; beeline where the place is outside the area.",
    )
    offer: OfferOut

    @classmethod
    def of(cls, service: Service, fix: Fix, language: Language) -> Self:
        """Return a fix in words."""
        region, offer = service.region, fix.offer
        return cls(
            kind=fix.kind,
            change=ChangeOut.of(region, fix),
            message=fix_message(region, language, fix),
            walk_metres=fix.walk_metres if fix.kind is FixKind.OTHER_STOP else None,
            offer=OfferOut.of(region, offer, service.tokens.sign(offer)),
        )


class NearestVehicleOut(BaseModel):
    """The vehicle that could be there first."""

    name: str
    only: bool = Field(description="Whether no other vehicle of the day can take the party.")
    place: str = Field(description="From where it would come: a village, a stop or the depot.")
    until: datetime = Field(description="When it can leave there at the earliest.")

    @classmethod
    def of(cls, region: Region, nearest: NearestVehicle) -> Self:
        """Return the same with times of the region."""
        until = local_time(region, nearest.until)
        return cls(name=nearest.name, only=nearest.only, place=nearest.place, until=until)


class RefusalOut(BaseModel):
    """Why there is no ride as wished, and the smallest changes that work."""

    id: str = Field(description="Under which it is kept, without a person, as unmet demand.")
    reason: RefusalReason
    message: str = Field(description="For people, in the language asked for.")
    earliest_pickup: datetime | None
    vehicle: NearestVehicleOut | None
    fixes: list[FixOut]

    @classmethod
    def of(cls, service: Service, refusal: Refusal, language: Language) -> Self:
        """Return a refusal in words."""
        region, nearest = service.region, refusal.nearest
        return cls(
            id=refusal.id,
            reason=refusal.reason,
            message=refusal_message(region, language, refusal.reason, nearest, len(refusal.fixes)),
            earliest_pickup=None if nearest is None else local_time(region, nearest.pickup),
            vehicle=None if nearest is None else NearestVehicleOut.of(region, nearest),
            fixes=[FixOut.of(service, fix, language) for fix in refusal.fixes],
        )


class ScheduledRideOut(BaseModel):
    """A scheduled bus or train that serves the same ride."""

    line: str
    towards: str
    board: str = Field(serialization_alias="from", description="The name of its stop.")
    alight: str = Field(serialization_alias="to", description="The name of its stop.")
    departure: datetime
    arrival: datetime

    @classmethod
    def of(cls, region: Region, ride: ScheduledRide) -> Self:
        """Return the same with times of the region."""
        return cls(
            line=ride.line,
            towards=ride.towards,
            board=ride.board,
            alight=ride.alight,
            departure=local_time(region, ride.departure),
            arrival=local_time(region, ride.arrival),
        )


class QuoteOut(BaseModel):
    """Up to three offers. With a refusal they are the nearest in time that work."""

    origin: str = Field(serialization_alias="from", description="How the place was understood.")
    to: str
    offers: list[OfferOut]
    refusal: RefusalOut | None = None
    scheduled: ScheduledRideOut | None = Field(
        default=None, description="A scheduled bus serves the same ride, and is to be shown."
    )

    @classmethod
    def of(cls, service: Service, request: RideRequest, quote: Quote, language: Language) -> Self:
        """Return the answer to a request, every offer signed."""
        return cls(
            origin=request.origin.label,
            to=request.destination.label,
            offers=offers_out(service, quote),
            refusal=refusal_out(service, quote, language),
            scheduled=scheduled_out(service, quote),
        )


class OfferGoneProblem(Problem):
    """An offer cannot be booked; `offer_gone` says what can be booked instead."""

    offers: list[OfferOut] | None = None
    refusal: RefusalOut | None = None


class RequestProblem(Problem):
    """No plan could serve the request; `fixes` are the smallest changes that work."""

    fixes: list[FixOut] | None = None


def offers_out(service: Service, quote: Quote) -> list[OfferOut]:
    """Return a quote's offers, every one signed."""
    return [
        OfferOut.of(service.region, offer, service.tokens.sign(offer)) for offer in quote.offers
    ]


def refusal_out(service: Service, quote: Quote, language: Language) -> RefusalOut | None:
    """Return a quote's refusal in words."""
    return None if quote.refusal is None else RefusalOut.of(service, quote.refusal, language)


def scheduled_out(service: Service, quote: Quote) -> ScheduledRideOut | None:
    """Return the scheduled bus that serves the same ride."""
    bus = quote.scheduled
    return None if bus is None else ScheduledRideOut.of(service.region, bus)


def fresh_offers(request: Request, quote: Quote) -> dict[str, Any]:
    """Return what the problem `offer_gone` says besides: what is possible now."""
    service: Service = request.app.state.service
    refusal = refusal_out(service, quote, language_of(request))
    return {
        "offers": [each.model_dump(mode="json") for each in offers_out(service, quote)],
        "refusal": None if refusal is None else refusal.model_dump(mode="json", by_alias=True),
    }


def fixes_of(request: Request, error: RequestError) -> dict[str, Any]:
    """Return what a problem with a request says besides: the smallest changes that work."""
    service: Service = request.app.state.service
    language = language_of(request)
    fixes = [FixOut.of(service, fix, language) for fix in error.fixes]
    dumped = [each.model_dump(mode="json", by_alias=True) for each in fixes]
    return {"fixes": dumped or None}
