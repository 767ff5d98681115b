"""Changing a booking, and booking a return ride with the outward one."""

from fastapi import APIRouter, Depends, Response

from api.languages import ReaderLanguage
from api.limits import Limited, take_by_phone
from api.problems import answers
from api.rides.booking_owner import OwnBooking
from api.rides.bookings import IdempotencyKey, booking_out, no_store
from api.rides.journey_schemas import BothOut, BothRequest, ChangeRequest, ReturnRequest
from api.rides.quotes import QuoteOut
from api.schemas import BookingOut
from api.security import OPEN_TO_ALL, CallerHere
from api.service import ServiceHere
from shuttle.booking.changing import change
from shuttle.booking.returning import book_both, quote_return
from shuttle.people.accounts import Role

router = APIRouter(prefix="/api/v1", tags=["rides"])


@router.post(
    "/bookings/{code}/change",
    status_code=201,
    responses=answers(400, 404, 410, 413, 422, 429, 503) | answers(409, schema="OfferGoneProblem"),
    dependencies=[Depends(Limited("bookings"))],
)
def change_booking(
    old: OwnBooking,
    asked: ChangeRequest,
    idempotency_key: IdempotencyKey,
    service: ServiceHere,
    caller: CallerHere,
    response: Response,
) -> BookingOut:
    """Book an offer in the place of a booking: the old ride is given up only with the new one.

    Get the offer from `/api/v1/offers` with `changing`. Repeated with the same key it returns the
    same new booking. On any problem the old booking stays as it is.
    """
    offer = service.tokens.open(asked.offer)
    take_by_phone(service, service.dispatcher.store.contact(old.code))
    prefer = (asked.shift or "") if caller.does(frozenset({Role.DISPATCHER})) else ""
    booking = change(
        service.dispatcher, old.code, offer, idempotency_key, service.clock(), prefer=prefer
    )
    response.headers["Location"] = f"/api/v1/bookings/{booking.code}"
    no_store(response)
    return booking_out(service, booking, told=True)


@router.post(
    "/offers/return",
    responses=answers(400, 410, 413, 422, 429, 503) | answers(409, schema="OfferGoneProblem"),
    dependencies=[Depends(Limited("offers"))],
    openapi_extra=OPEN_TO_ALL,
)
def ask_for_return(
    asked: ReturnRequest, service: ServiceHere, language: ReaderLanguage, response: Response
) -> QuoteOut:
    """Ask for a way back that fits with an outward offer, never before that has arrived.

    Without places and party it is the outward ride turned round.
    """
    outward = service.tokens.open(asked.outward)
    request = asked.back.ride_request(service.region, outward)
    quote = quote_return(service.dispatcher, outward, request, service.clock())
    no_store(response)
    return QuoteOut.of(service, request, quote, language)


@router.post(
    "/bookings/return",
    status_code=201,
    responses=answers(400, 410, 413, 422, 429, 503) | answers(409, schema="OfferGoneProblem"),
    dependencies=[Depends(Limited("bookings"))],
    openapi_extra=OPEN_TO_ALL,
)
def book_with_return(
    asked: BothRequest, idempotency_key: IdempotencyKey, service: ServiceHere, response: Response
) -> BothOut:
    """Confirm an outward ride and its return: both, or none.

    Repeated with the same key it returns the same bookings. `offer_gone` brings fresh offers of
    the outward ride, `return_gone` of the way back.
    """
    outward, back = service.tokens.open(asked.outward), service.tokens.open(asked.back)
    contact = None if asked.contact is None else asked.contact.contact(service.region)
    take_by_phone(service, contact)
    both = book_both(service.dispatcher, outward, back, idempotency_key, service.clock(), contact)
    response.headers["Location"] = f"/api/v1/bookings/{both[0].code}"
    no_store(response)
    return BothOut.of(*(booking_out(service, each, told=True) for each in both))
