"""Weekly repeats: begin, look up, end."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.languages import Language, ReaderLanguage
from api.limits import Limited, take_by_phone
from api.problems import answers
from api.rides.bookings import IdempotencyKey, no_store
from api.rides.standing_owner import OwnSeries
from api.rides.standing_schemas import SeriesOut, SeriesRequest
from api.security import OPEN_TO_ALL
from api.service import Service, ServiceHere
from shuttle.standing.series import begin_series, end_series
from shuttle.standing.standing_requests import Series

router = APIRouter(prefix="/api/v1/series", tags=["weekly repeats"])


@router.post(
    "",
    status_code=201,
    responses=answers(400, 413, 422, 429, 503),
    dependencies=[Depends(Limited("bookings"))],
    openapi_extra=OPEN_TO_ALL,
)
def begin(
    asked: SeriesRequest,
    idempotency_key: IdempotencyKey,
    service: ServiceHere,
    language: ReaderLanguage,
    response: Response,
) -> SeriesOut:
    """Ask for the same ride every week; each day is promised as soon as it opens for booking.

    A day that cannot be promised near its time is missed, and the contact is told. Repeated with
    the same key it returns the same series.
    """
    now, dispatcher = service.clock(), service.dispatcher
    contact = asked.contact.contact(service.region)
    take_by_phone(service, contact)
    wish = asked.series(service.region, dispatcher.new_code(), now)
    series = begin_series(dispatcher, wish, contact, idempotency_key, now)
    response.headers["Location"] = f"/api/v1/series/{series.code}"
    return _out(service, series, response, language, told=True)


@router.get("/{code}", responses=answers(404, 503))
def look_up(
    series: OwnSeries, service: ServiceHere, language: ReaderLanguage, response: Response
) -> SeriesOut:
    """Return a series with the days decided so far, to whom it belongs."""
    return _out(service, series, response, language)


@router.delete("/{code}", responses=answers(404, 422, 503))
def end(
    own: OwnSeries,
    service: ServiceHere,
    language: ReaderLanguage,
    response: Response,
    *,
    cancel_booked: Annotated[
        bool, Query(description="Cancel the rides that are booked already, too.")
    ] = False,
) -> SeriesOut:
    """Let no further day be promised. Doing it twice is fine."""
    series = end_series(service.dispatcher, own.code, service.clock(), cancel_booked=cancel_booked)
    return _out(service, series, response, language)


def _out(
    service: Service, series: Series, response: Response, language: Language, *, told: bool = False
) -> SeriesOut:
    no_store(response)
    dispatcher = service.dispatcher
    instances = dispatcher.store.standing.instances(series.code)
    shown = SeriesOut.of(series, instances, language, dispatcher.keyed.link)
    return shown.model_copy(update={"link": dispatcher.keyed.link(series.code) if told else None})
