"""The desk's addresses: the screen, offers, a booking, a ride, the waiting list, a slip.

Everything but the empty screen is sent by a form, so that no number stands in an address or in a
browser's history.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.desk.answering import answer, contact_of, take
from api.desk.desk_form import DeskForm, of_ride, settled, with_reading
from api.desk.one_line import Reading, read_line
from api.desk.screen import Screen, ScreenHere
from api.desk.spelled import spelled
from api.languages import mark, tell
from api.pages import page
from api.problem_words import problem_title
from api.residents.cards import booking_card
from api.residents.wishes import Fault, Faulty, ride_request
from api.rides.booking_owner import written
from api.times import local_time
from shuttle.domain import Booking, Channel
from shuttle.errors import (
    AlreadyCancelled,
    NotCancellable,
    OfferExpired,
    OfferGone,
    OfferTaken,
    RequestError,
    ShuttleError,
    TooManyNoShows,
    TooManyOpenBookings,
)
from shuttle.standing.waiting import join

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PATH = "/desk"

Sent = Annotated[DeskForm, Form()]

_LONGEST_LINE = 200


@router.get("/telefon")
def german_address() -> Response:
    """Lead on to the screen."""
    return RedirectResponse(PATH, status_code=308)


@router.get(PATH)
def empty_screen(screen: ScreenHere) -> Response:
    """Wait for a number."""
    return screen.show(DeskForm(), focus="phone")


@router.post(PATH)
def caller_screen(screen: ScreenHere, form: Sent) -> Response:
    """Show who calls; maybe with a line to go on with, or a ride that is to be changed."""
    if form.changing:
        form = of_ride(screen.region, form, _booking(screen, form.changing))
    return screen.show(form, focus="line")


@router.post(f"{PATH}/offers")
def offers_screen(screen: ScreenHere, form: Sent) -> Response:
    """Show what is possible: of a line, or of the fields if there is none."""
    reading = None
    form = form.model_copy(update={"line": form.line[:_LONGEST_LINE]})
    if form.line.strip():
        form, reading = _read(screen, form)
    return _offers(screen, settled(form, screen.today), reading)


@router.post(f"{PATH}/read")
def read(screen: ScreenHere, form: Sent) -> Response:
    """Say how a line is understood, while it is typed."""
    form, reading = _read(screen, form)
    return page(
        screen.request,
        screen.service,
        screen.language,
        "desk/understood.html",
        reading=reading,
        form=form,
        today=screen.today,
    )


@router.post(f"{PATH}/book")
def booked_screen(screen: ScreenHere, form: Sent) -> Response:
    """Book what was taken, and show what is to be read out."""
    offer = screen.service.tokens.open(form.offer)
    try:
        booking = take(screen, form, offer)
    except Faulty as faulty:
        return _not_yet(screen, form, faulty)
    except (TooManyNoShows, TooManyOpenBookings, NotCancellable, AlreadyCancelled) as error:
        return _not_yet(screen, form, Faulty([screen.fault("taken", _CODES[type(error)])]))
    except (OfferGone, OfferExpired, OfferTaken) as error:
        said = _GONE if isinstance(error, OfferGone) else _EXPIRED
        return _again(screen, form, tell(said, screen.language))
    done = DeskForm(phone=form.phone)
    return screen.show(done, focus="done", fresh=True, **screen.ride(booking))


@router.post(f"{PATH}/ride")
def ride_screen(screen: ScreenHere, form: Sent) -> Response:
    """Show a ride of the caller, and what can be done with it."""
    return _ride(screen, form, _booking(screen, form.code))


@router.post(f"{PATH}/cancel")
def cancel_screen(screen: ScreenHere, form: Sent) -> Response:
    """Ask whether a ride shall really be cancelled; then cancel it."""
    booking = _booking(screen, form.code)
    if not form.sure:
        return _ride(screen, form, booking, asking=True)
    try:
        booking = screen.service.dispatcher.cancel(booking.code, screen.now)
    except NotCancellable:
        return _ride(screen, form, booking, said=problem_title(screen.language, "not_cancellable"))
    return _ride(screen, form, booking)


@router.post(f"{PATH}/wait")
def waiting_screen(screen: ScreenHere, form: Sent) -> Response:
    """Put the caller on the waiting list."""
    try:
        asked = ride_request(form, screen.region, screen.now, screen.language)
        contact = contact_of(screen, form)
        if contact.channel is Channel.NONE:
            raise Faulty([Fault("notify", tell(_NO_CHANNEL, screen.language))])  # noqa: TRY301
        key = f"desk of {form.refusal}"
        waiting = join(screen.service.dispatcher, asked, contact, key, screen.now)
    except Faulty as faulty:
        return _again(screen, form, faults=faulty)
    except RequestError as error:
        return _again(screen, form, problem_title(screen.language, error.code))
    return screen.show(DeskForm(phone=form.phone), focus="done", waiting=waiting)


@router.post(f"{PATH}/slip")
def slip(screen: ScreenHere, form: Sent) -> Response:
    """Show a ride as a slip of paper in large print."""
    booking = _booking(screen, form.code)
    shown = page(
        screen.request,
        screen.service,
        screen.language,
        "desk/slip.html",
        booking=booking,
        ride=booking_card(screen.region, booking),
        paper="a4" if form.paper == "a4" else "a6",
        spelled=spelled(booking.code),
        form=form,
        csrf=screen.csrf(),
    )
    shown.headers["Cache-Control"] = "no-store"
    return shown


def _booking(screen: Screen, code: str) -> Booking:
    return screen.service.dispatcher.booking(written(code))


def _read(screen: Screen, form: DeskForm) -> tuple[DeskForm, Reading]:
    """Return the form with what its line says; of a ride to be changed the rest stays."""
    region, changing = screen.region, bool(form.changing)
    fresh = DeskForm(phone=form.phone, line=form.line, changing=form.changing)
    if changing:
        fresh = of_ride(region, fresh, _booking(screen, form.changing))
    now = local_time(region, screen.now)
    line = form.line[:_LONGEST_LINE]
    reading = read_line(line, region.gazetteer, now, one_place_will_do=changing)
    return with_reading(fresh, reading), reading


def _offers(
    screen: Screen,
    form: DeskForm,
    reading: Reading | None = None,
    said: str = "",
    also_wrong: Faulty | None = None,
) -> Response:
    """Show what a form is answered with."""
    faults = also_wrong.faults if also_wrong else ()
    try:
        asked = ride_request(form, screen.region, screen.now, screen.language)
        answered = answer(screen, asked, form.changing)
    except Faulty as faulty:
        return screen.show(
            form, focus="line", faults=(*faults, *faulty.faults), reading=reading, said=said
        )
    except (NotCancellable, AlreadyCancelled) as error:
        fault = screen.fault("taken", _CODES[type(error)])
        return screen.show(form, focus="line", faults=[fault], reading=reading)
    form = form.model_copy(
        update={
            "origin": asked.origin.label,
            "to": asked.destination.label,
            "from_meant": "",
            "to_meant": "",
        }
    )
    return screen.show(
        form,
        focus="offers",
        faults=faults,
        reading=reading,
        asked=asked,
        cards=answered.cards,
        message=answered.message,
        refusal=answered.refusal,
        bus=answered.bus,
        said=said,
    )


def _again(
    screen: Screen, form: DeskForm, said: str = "", faults: Faulty | None = None
) -> Response:
    """Show what is possible now, of the wish that the form still carries."""
    return _offers(screen, settled(form, screen.today), said=said, also_wrong=faults)


def _not_yet(screen: Screen, form: DeskForm, faulty: Faulty) -> Response:
    return _again(screen, form, faults=faulty)


def _ride(
    screen: Screen, form: DeskForm, booking: Booking, *, asking: bool = False, said: str = ""
) -> Response:
    shown = screen.ride(booking)
    only = DeskForm(phone=form.phone)
    return screen.show(only, focus="ride", said=said, asking=asking and shown["open"], **shown)


_CODES: dict[type[ShuttleError], str] = {
    TooManyNoShows: "too_many_no_shows",
    TooManyOpenBookings: "too_many_open_bookings",
    NotCancellable: "not_cancellable",
    AlreadyCancelled: "already_cancelled",
}

_GONE = mark("Somebody else was faster. This is possible now.")
_EXPIRED = mark("This offer was only valid for a few minutes. This is possible now.")
_NO_CHANNEL = mark("Choose how we shall tell you.")
