"""The waiting list: join, look up, leave."""

from fastapi import APIRouter, Depends, Response

from api.limits import Limited, take_by_phone
from api.problems import answers
from api.rides.bookings import IdempotencyKey, no_store
from api.rides.standing_owner import OwnWaiting
from api.rides.standing_schemas import WaitingOut, WaitingRequest
from api.security import OPEN_TO_ALL
from api.service import Service, ServiceHere
from shuttle.standing.standing_requests import Waiting
from shuttle.standing.waiting import join, leave

router = APIRouter(prefix="/api/v1/waiting", tags=["waiting list"])


@router.post(
    "",
    status_code=201,
    responses=answers(400, 413, 422, 429, 503),
    dependencies=[Depends(Limited("bookings"))],
    openapi_extra=OPEN_TO_ALL,
)
def wait(
    asked: WaitingRequest,
    idempotency_key: IdempotencyKey,
    service: ServiceHere,
    response: Response,
) -> WaitingOut:
    """Ask to be told when a ride becomes possible that was refused; first come, first told.

    Nothing is reserved for whoever is told, but those behind are told some minutes later. Book
    with `waiting` to leave the list. Repeated with the same key it returns the same place.
    """
    contact = asked.contact.contact(service.region)
    take_by_phone(service, contact)
    request = asked.request.ride_request(service.region)
    waiting = join(service.dispatcher, request, contact, idempotency_key, service.clock())
    response.headers["Location"] = f"/api/v1/waiting/{waiting.code}"
    return _out(service, waiting, response, told=True)


@router.get("/{code}", responses=answers(404, 503))
def look_up(waiting: OwnWaiting, service: ServiceHere, response: Response) -> WaitingOut:
    """Return a place on the list to whom it belongs."""
    return _out(service, waiting, response)


@router.delete("/{code}", responses=answers(404, 503))
def stop_waiting(own: OwnWaiting, service: ServiceHere, response: Response) -> WaitingOut:
    """Leave the list. Doing it twice is fine."""
    return _out(service, leave(service.dispatcher, own.code), response)


def _out(
    service: Service, waiting: Waiting, response: Response, *, told: bool = False
) -> WaitingOut:
    no_store(response)
    link = service.dispatcher.keyed.link(waiting.code) if told else None
    return WaitingOut.of(service.region, waiting, link)
