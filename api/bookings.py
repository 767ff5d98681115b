"""Asking for rides, booking, looking up and cancelling."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response

from api.problems import answers
from api.schemas import (
    BookingOut,
    BookingRequest,
    OfferOut,
    OfferRequest,
    QuoteOut,
    RefusalOut,
)
from api.service import Service, ServiceHere
from api.times import local_time
from api.words import Language, ReaderLanguage, language_of, refusal_message
from shuttle.domain import Quote
from shuttle.errors import UnknownBooking

router = APIRouter(prefix="/api/v1", tags=["rides"])

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[!-~]+$",
        description="Made up by the client, once for each booking; repeat it when in doubt.",
        examples=["0d1f6b1e-7a51-4f0a-9d3c-6a0e7d9f2b11"],
    ),
]

Code = Annotated[str, Path(description="The booking's code.", examples=["K7MX2Q9A"])]


@router.post("/offers", responses=answers(400, 413, 422, 503))
def ask_for_offers(
    asked: OfferRequest,
    service: ServiceHere,
    language: ReaderLanguage,
    response: Response,
    web: Request,
) -> QuoteOut:
    """Ask for a ride: up to three offers; or a refusal with its reason and the nearest that work.

    Times are ISO 8601 with an offset from UTC, or `{"local": "2027-03-27T10:30"}` for a time on
    the region's clocks. Of the hour that happens twice in autumn, `fold` says which one is meant.
    """
    request = asked.ride_request(service.region)
    quote = service.dispatcher.quote(request, service.clock())
    web.app.state.metrics.quoted(quote)
    response.headers["Cache-Control"] = "no-store"
    return QuoteOut(
        origin=request.origin.label,
        to=request.destination.label,
        offers=offers_out(service, quote),
        refusal=refusal_out(service, quote, language),
    )


@router.post(
    "/bookings",
    status_code=201,
    responses=answers(400, 410, 413, 422, 503) | answers(409, schema="OfferGoneProblem"),
)
def book(
    asked: BookingRequest, idempotency_key: IdempotencyKey, service: ServiceHere, response: Response
) -> BookingOut:
    """Confirm an offer. Repeated with the same key it returns the same booking.

    If the offer no longer fits, 409 `offer_gone` comes with fresh `offers` and `refusal`, as from
    asking again.
    """
    offer = service.tokens.open(asked.offer)
    contact = None if asked.contact is None else asked.contact.contact(service.region)
    booking = service.dispatcher.book(offer, idempotency_key, service.clock(), contact)
    response.headers["Location"] = f"/api/v1/bookings/{booking.code}"
    response.headers["Cache-Control"] = "no-store"
    return BookingOut.of(service.region, booking)


@router.get("/bookings/{code}", responses=answers(404, 503))
def look_up(code: Code, service: ServiceHere, response: Response) -> BookingOut:
    """Return a booking."""
    response.headers["Cache-Control"] = "no-store"
    return BookingOut.of(service.region, service.dispatcher.booking(written(code)))


@router.delete("/bookings/{code}", responses=answers(404, 409, 503))
def cancel(code: Code, service: ServiceHere, response: Response) -> BookingOut:
    """Cancel a booking whose vehicle is not yet on its way. Doing it twice is fine."""
    response.headers["Cache-Control"] = "no-store"
    booking = service.dispatcher.cancel(written(code), service.clock())
    return BookingOut.of(service.region, booking)


def written(code: str) -> str:
    """Return a code as the service writes it, however a person did."""
    plain = re.sub(r"[\s-]", "", code).upper()
    if re.fullmatch(r"[A-Z0-9]{1,32}", plain) is None:
        raise UnknownBooking(code)
    return plain


def offers_out(service: Service, quote: Quote) -> list[OfferOut]:
    """Return a quote's offers, every one signed."""
    return [
        OfferOut.of(service.region, offer, service.tokens.sign(offer)) for offer in quote.offers
    ]


def refusal_out(service: Service, quote: Quote, language: Language) -> RefusalOut | None:
    """Return a quote's refusal in words."""
    if quote.refusal is None:
        return None
    reason, earliest = quote.refusal.reason, quote.refusal.earliest_pickup
    pickup = None if earliest is None else local_time(service.region, earliest)
    return RefusalOut(
        reason=reason,
        earliest_pickup=pickup,
        message=refusal_message(language, reason, pickup, len(quote.offers)),
    )


def fresh_offers(request: Request, quote: Quote) -> dict[str, Any]:
    """Return what the problem `offer_gone` says besides: what is possible now."""
    service: Service = request.app.state.service
    refusal = refusal_out(service, quote, language_of(request))
    return {
        "offers": [each.model_dump(mode="json") for each in offers_out(service, quote)],
        "refusal": None if refusal is None else refusal.model_dump(mode="json"),
    }
