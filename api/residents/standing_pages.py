"""A weekly repeat and a place on the waiting list as their owners see them; ending, leaving.

Both open under "My ride", with their code as a ride does.
"""

from datetime import time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from api.residents.visit import Visit, VisitHere
from api.residents.wishes import WishForm
from api.rides.refusal_words import missed_message
from api.rides.standing_owner import anything
from shuttle.domain import Booking
from shuttle.errors import UnknownBooking
from shuttle.standing.series import end_series
from shuttle.standing.standing_requests import LISTED, Series, Waiting
from shuttle.standing.waiting import leave

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class StandingForm(BaseModel):
    """What opens a repeat or a place on the list, and what else shall end with it."""

    model_config = ConfigDict(extra="ignore")

    code: str = ""
    secret: str = ""
    cancel_booked: str = ""


Opening = Annotated[StandingForm, Form()]


@router.post("/my-ride/end")
def end_page(visit: VisitHere, form: Opening) -> Response:
    """End a weekly repeat, and show what is left of it."""
    series = anything(form.code, visit.claim(form.secret))
    if not isinstance(series, Series):
        raise UnknownBooking(form.code)
    cancel_booked = bool(form.cancel_booked)
    series = end_series(
        visit.service.dispatcher, series.code, visit.now, cancel_booked=cancel_booked
    )
    return show_series(visit, series, form.secret)


@router.post("/my-ride/leave")
def leave_page(visit: VisitHere, form: Opening) -> Response:
    """Leave the waiting list."""
    waiting = anything(form.code, visit.claim(form.secret))
    if not isinstance(waiting, Waiting):
        raise UnknownBooking(form.code)
    return show_waiting(visit, leave(visit.service.dispatcher, waiting.code), form.secret)


def show_series(
    visit: Visit, series: Series, secret: str, made_of: Booking | None = None
) -> Response:
    """Show a weekly repeat; `made_of` is the ride that it has just been made of."""
    dispatcher, region = visit.service.dispatcher, visit.service.region
    monday = series.first_day - timedelta(days=series.first_day.weekday())
    return visit.show(
        "repeated.html",
        secret_page=True,
        series=series,
        secret=secret,
        begin=time(*divmod(series.minutes, 60)),
        week=[monday + timedelta(days=each) for each in series.weekdays],
        days=[
            (each.day, each.booking, missed_message(visit.language, each.missed))
            for each in dispatcher.store.standing.instances(series.code)
        ],
        horizon=region.config.rules.horizon_days,
        booking=made_of,
        booking_secret=visit.link(made_of.code) if made_of else "",
    )


def show_waiting(visit: Visit, waiting: Waiting, secret: str) -> Response:
    """Show a place on the waiting list, and the way to the ride that is waited for."""
    return visit.show(
        "waiting.html",
        secret_page=True,
        waiting=waiting,
        listed=waiting.state in LISTED,
        secret=secret,
        wish=WishForm.of(visit.service.region, waiting.request),
    )
