"""Asking for rides, booking, looking up and cancelling."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from api.languages import ReaderLanguage
from api.limits import Limited, take_by_phone
from api.problems import answers
from api.rides.booking_owner import ClaimHere, OwnBooking
from api.rides.quotes import QuoteOut
from api.rides.standing_owner import waiting_place
from api.schemas import BookingOut, BookingRequest, OfferRequest
from api.security import OPEN_TO_ALL
from api.service import Service, ServiceHere
from shuttle.booking.changing import quote_change
from shuttle.domain import Booking, BookingStatus

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


@router.post(
    "/offers",
    responses=answers(400, 404, 409, 413, 429, 503) | answers(422, schema="RequestProblem"),
    dependencies=[Depends(Limited("offers"))],
    openapi_extra=OPEN_TO_ALL,
)
def ask_for_offers(
    asked: OfferRequest,
    service: ServiceHere,
    language: ReaderLanguage,
    claim: ClaimHere,
    response: Response,
    web: Request,
) -> QuoteOut:
    """Ask for a ride: up to three offers; or a refusal with its reason and the fixes that work.

    A request that no plan could serve is a problem; it, too, names fixes where there are some.

    Times are ISO 8601 with an offset from UTC, or `{"local": "2027-03-27T10:30"}` for a time on
    the region's clocks. Of the hour that happens twice in autumn, `fold` says which one is meant.
    With `changing`, offers are those that are possible without that booking, whose secret comes
    as `Booking-Secret`.
    """
    request = asked.ride_request(service.region)
    no_store(response)
    if asked.changing is None:
        quote = service.dispatcher.quote(request, service.clock())
    else:
        old = claim.booking(asked.changing)
        quote = quote_change(service.dispatcher, old.code, request, service.clock())
    web.app.state.metrics.quoted(quote)
    return QuoteOut.of(service, request, quote, language)


@router.post(
    "/bookings",
    status_code=201,
    responses=answers(400, 404, 410, 413, 422, 429, 503) | answers(409, schema="OfferGoneProblem"),
    dependencies=[Depends(Limited("bookings"))],
    openapi_extra=OPEN_TO_ALL,
)
def book(
    asked: BookingRequest,
    idempotency_key: IdempotencyKey,
    service: ServiceHere,
    claim: ClaimHere,
    response: Response,
) -> BookingOut:
    """Confirm an offer. Repeated with the same key it returns the same booking.

    If the offer no longer fits, 409 `offer_gone` comes with fresh `offers` and `refusal`, as from
    asking again. With `waiting`, the secret of that place on the list comes as `Booking-Secret`.
    """
    offer = service.tokens.open(asked.offer)
    contact = None if asked.contact is None else asked.contact.contact(service.region)
    waiting = None
    if asked.waiting is not None:
        waiting = waiting_place(asked.waiting, claim)
        owner = service.dispatcher.store.standing.owner(waiting.code)
        contact = owner.contact if contact is None and owner is not None else contact
    take_by_phone(service, contact)
    booking = service.dispatcher.book(offer, idempotency_key, service.clock(), contact, waiting)
    response.headers["Location"] = f"/api/v1/bookings/{booking.code}"
    no_store(response)
    return booking_out(service, booking, told=True)


@router.get("/bookings/{code}", responses=answers(404, 503))
def look_up(booking: OwnBooking, service: ServiceHere, response: Response) -> BookingOut:
    """Return a booking to whom it belongs."""
    no_store(response)
    return booking_out(service, booking)


@router.delete("/bookings/{code}", responses=answers(404, 409, 503))
def cancel(own: OwnBooking, service: ServiceHere, response: Response) -> BookingOut:
    """Cancel a booking whose vehicle is not yet on its way. Doing it twice is fine."""
    no_store(response)
    return booking_out(service, service.dispatcher.cancel(own.code, service.clock()))


def no_store(response: Response) -> None:
    """Keep an answer that is only for whoever asked out of every cache."""
    response.headers["Cache-Control"] = "no-store"


def booking_out(service: Service, booking: Booking, *, told: bool = False) -> BookingOut:
    """Return a booking, with the code of its outward ride or return if that stands.

    Its link is told once, to whoever has just booked it.
    """
    journey = service.dispatcher.store.journey(booking.journey)
    others = (
        each.code
        for each in journey
        if each.code != booking.code and each.status is not BookingStatus.CANCELLED
    )
    link = service.dispatcher.keyed.link(booking.code) if told else None
    return BookingOut.of(service.region, booking, linked=next(others, None), link=link)
