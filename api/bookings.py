"""Asking for rides, booking, looking up and cancelling."""

import re
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from api.problems import answers
from api.quotes import QuoteOut
from api.schemas import BookingOut, BookingRequest, OfferRequest
from api.service import ServiceHere
from api.words import ReaderLanguage
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


@router.post("/offers", responses=answers(400, 413, 503) | answers(422, schema="RequestProblem"))
def ask_for_offers(
    asked: OfferRequest, service: ServiceHere, language: ReaderLanguage, response: Response
) -> QuoteOut:
    """Ask for a ride: up to three offers; or a refusal with its reason and the fixes that work.

    A request that no plan could serve is a problem; it, too, names fixes where there are some.

    Times are ISO 8601 with an offset from UTC, or `{"local": "2027-03-27T10:30"}` for a time on
    the region's clocks. Of the hour that happens twice in autumn, `fold` says which one is meant.
    """
    request = asked.ride_request(service.region)
    quote = service.dispatcher.quote(request, service.clock())
    response.headers["Cache-Control"] = "no-store"
    return QuoteOut.of(service, request, quote, language)


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
