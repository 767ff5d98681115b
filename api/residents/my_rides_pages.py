"""All rides of a phone number, for whoever has the digits that were sent to it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from api.contacts import international
from api.languages import mark, tell
from api.limits import Limited
from api.problem_words import problem_title
from api.residents.cards import booking_card
from api.residents.visit import Visit, VisitHere
from api.residents.wishes import Fault
from shuttle.domain import UNFINISHED, Booking, Channel
from shuttle.errors import RequestError, TooManyRequests
from shuttle.telling.opening import opens, rides_of, send_digits

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class NumberForm(BaseModel):
    """A phone number, and the digits that came there."""

    model_config = ConfigDict(extra="ignore")

    phone: str = ""
    digits: str = ""


Number = Annotated[NumberForm, Form()]


@router.get("/my-rides")
def number_page(visit: VisitHere) -> Response:
    """Ask for the number."""
    return _page(visit, NumberForm())


@router.post("/my-rides", dependencies=[Depends(Limited("bookings"))])
def digits_page(visit: VisitHere, form: Number) -> Response:
    """Send digits to the number, and ask for them; the answer is the same for every number."""
    service = visit.service
    try:
        phone = international(form.phone.strip(), service.region, "phone")
        if Channel.SMS in service.channels:
            whose = service.dispatcher.keyed.phone(phone)
            service.limiter.take("openings_by_phone", whose, visit.now)
            service.limiter.take("openings_in_total", "", visit.now)
            send_digits(service.dispatcher, phone, visit.now)
    except (RequestError, TooManyRequests) as error:
        return _page(visit, form, [Fault("phone", _sentence(visit, error))])
    return _page(visit, form.model_copy(update={"digits": ""}), sent=True)


@router.post("/my-rides/open")
def rides_page(visit: VisitHere, form: Number) -> Response:
    """Show the rides of the number to whoever has the digits."""
    dispatcher = visit.service.dispatcher
    try:
        phone = international(form.phone.strip(), visit.service.region, "phone")
        digits = "".join(form.digits.split())
        right = opens(dispatcher.keyed, phone, digits, visit.now)
        if not visit.claim("").guessed(dispatcher.keyed.phone(phone), right):
            fault = Fault("digits", tell(_WRONG, visit.language))
            return _page(visit, form, [fault], sent=True)
    except (RequestError, TooManyRequests) as error:
        return _page(visit, form, [Fault("phone", _sentence(visit, error))])
    rides = rides_of(dispatcher.store, dispatcher.keyed, phone)
    coming = [each for each in reversed(rides) if each.status in UNFINISHED]
    past = [each for each in rides if each.status not in UNFINISHED]
    return visit.show(
        "my_rides.html",
        secret_page=True,
        coming=[_line(visit, each) for each in coming],
        past=[_line(visit, each) for each in past],
    )


def _line(visit: Visit, booking: Booking) -> dict[str, object]:
    return {
        "booking": booking,
        "card": booking_card(visit.service.region, booking),
        "secret": visit.link(booking.code),
    }


def _page(
    visit: Visit, form: NumberForm, faults: list[Fault] | None = None, *, sent: bool = False
) -> Response:
    able = Channel.SMS in visit.service.channels
    return visit.show("number.html", form=form, sent=sent, able=able, faults=faults or ())


def _sentence(visit: Visit, error: RequestError | TooManyRequests) -> str:
    code = error.code if isinstance(error, RequestError) else "too_many_requests"
    return problem_title(visit.language, code)


_WRONG = mark("These are not the digits that we sent, or their ten minutes are over.")
