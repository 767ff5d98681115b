"""From a wish to a booked ride in three pages: the form, the offers, the phone number.

Each page carries on what the one before it knew, in hidden fields. The idempotency key of a
booking follows from its offer, so a page that is sent twice books once.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import HTMLResponse

from api.languages import mark, tell
from api.limits import Limited, take_by_phone
from api.problem_words import problem_title
from api.residents.answering import answered
from api.residents.cards import offer_card
from api.residents.contact_form import ContactForm, WaitingForm, contact_of, reachable
from api.residents.ride_pages import show_ride
from api.residents.standing_pages import show_waiting
from api.residents.visit import Visit, VisitHere
from api.residents.wishes import (
    NUMBER,
    Fault,
    Faulty,
    WishForm,
    days_ahead,
    ride_request,
    trains_known,
)
from shuttle.answers import Quote
from shuttle.booking.changing import change, quote_change
from shuttle.domain import Booking, Contact, Offer, RideRequest
from shuttle.errors import (
    OfferExpired,
    OfferGone,
    OfferTaken,
    TooManyNoShows,
    TooManyOpenBookings,
)
from shuttle.standing.waiting import join

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Wish = Annotated[WishForm, Form()]
WhoBooks = Annotated[ContactForm, Form()]

_MOST_PEOPLE = 8
_MOST_AIDS = 2


@router.get("/")
def booking_page(visit: VisitHere, wish: Annotated[WishForm, Query()]) -> Response:
    """Ask where from, where to, when and who; an address may have it filled in."""
    # An address is no place for a secret, so whoever comes by one books a new ride.
    return _form(visit, wish.model_copy(update={"changing": "", "secret": ""}))


@router.post("/")
def booking_page_again(visit: VisitHere, wish: Wish) -> Response:
    """Show the form as it was filled in, perhaps for the change of a ride."""
    if wish.changing:
        visit.own(wish.changing, wish.secret)
    return _form(visit, wish)


@router.post("/offers", dependencies=[Depends(Limited("offers"))])
def offers_page(visit: VisitHere, wish: Wish) -> Response:
    """Show up to three rides; or why there is none, and what works instead."""
    try:
        asked = ride_request(wish, visit.service.region, visit.now, visit.language)
    except Faulty as faulty:
        return _form(visit, wish, faulty)
    return _answer(visit, wish, asked)


@router.post("/contact")
def contact_page(visit: VisitHere, form: WhoBooks) -> Response:
    """Ask for a phone number, and how to be told."""
    return _contact(visit, form)


@router.post("/booked", dependencies=[Depends(Limited("bookings"))])
def booked_page(visit: VisitHere, form: WhoBooks) -> Response:
    """Book, and show the ride."""
    offer = visit.service.tokens.open(form.offer)
    try:
        booking = _book(visit, form, offer)
    except Faulty as faulty:
        return _contact(visit, form, faulty)
    except (TooManyNoShows, TooManyOpenBookings) as error:
        code = (
            "too_many_no_shows" if isinstance(error, TooManyNoShows) else "too_many_open_bookings"
        )
        return _contact(visit, form, _fault(visit, "phone", code))
    except (OfferGone, OfferExpired, OfferTaken) as error:
        said = _GONE if isinstance(error, OfferGone) else _EXPIRED
        wish = WishForm.of(visit.service.region, offer.request)
        wish = wish.model_copy(update={"changing": form.changing, "secret": form.secret})
        return _answer(visit, wish, offer.request, tell(said, visit.language))
    return show_ride(visit, booking, visit.link(booking.code), fresh=True)


@router.post("/wait", dependencies=[Depends(Limited("bookings"))])
def waiting_page(visit: VisitHere, form: Annotated[WaitingForm, Form()]) -> Response:
    """Put whoever was refused on the waiting list."""
    service, region = visit.service, visit.service.region
    try:
        asked = ride_request(form, region, visit.now, visit.language)
        contact = reachable(visit, form)
    except Faulty as faulty:
        faults = faulty.faults if form.notify else ()  # nobody has been asked yet
        channels = sorted(service.channels)
        return visit.show("waiting.html", form=form, channels=channels, faults=faults, waiting=None)
    take_by_phone(service, contact)
    key = f"page of {form.refusal} {service.dispatcher.keyed.phone(contact.phone)}"
    waiting = join(service.dispatcher, asked, contact, key, visit.now)
    return show_waiting(visit, waiting, visit.link(waiting.code))


def _form(visit: Visit, wish: WishForm, faulty: Faulty | None = None) -> Response:
    """Show the form, with what is wrong in it."""
    region, now = visit.service.region, visit.now
    return visit.show(
        "booking.html",
        wish=wish.filled(region, now),
        days=days_ahead(region, now),
        trains_known=trains_known(region),
        today=region.config.local_day(now),
        most_people=_MOST_PEOPLE,
        most_aids=_MOST_AIDS,
        numbers=_numbers,
        faults=faulty.faults if faulty else (),
    )


def _numbers(least: int, most: int, chosen: str) -> list[int]:
    """Return the numbers of a list to choose from; what is chosen already is never left out."""
    listed = list(range(least, most + 1))
    beyond = int(chosen) if NUMBER.fullmatch(chosen) else least
    return [*listed, beyond] if beyond > most else listed


def _answer(visit: Visit, wish: WishForm, asked: RideRequest, said: str = "") -> Response:
    """Show what a request is answered with."""
    service, language = visit.service, visit.language
    try:
        answer = answered(visit.request, service, language, lambda: _quote(visit, wish, asked))
    except Faulty as faulty:
        return _form(visit, wish, faulty)
    carried = WishForm.of(service.region, asked).model_copy(
        update={
            "from_point": wish.from_point,
            "to_point": wish.to_point,
            "wheelchairs": wish.wheelchairs,
            "prams": wish.prams,
            "changing": wish.changing,
            "secret": wish.secret,
        }
    )
    return visit.show(
        "offers.html",
        wish=carried,
        asked=asked,
        cards=answer.cards,
        said=said,
        message=answer.message,
        refusal=answer.refusal,
        bus=answer.bus,
        channels=sorted(service.channels),
    )


def _quote(visit: Visit, wish: WishForm, asked: RideRequest) -> Quote:
    dispatcher = visit.service.dispatcher
    if not wish.changing:
        return dispatcher.quote(asked, visit.now)
    old = visit.own(wish.changing, wish.secret)
    return quote_change(dispatcher, old.code, asked, visit.now)


def _contact(visit: Visit, form: ContactForm, faulty: Faulty | None = None) -> Response:
    """Show the ride that was chosen, and ask whom it is for."""
    offer = visit.service.tokens.open(form.offer)
    return visit.show(
        "contact.html",
        form=form,
        card=offer_card(visit.service, offer, visit.language),
        asked=offer.request,
        channels=sorted(visit.service.channels),
        faults=faulty.faults if faulty else (),
    )


def _book(visit: Visit, form: ContactForm, offer: Offer) -> Booking:
    """Book an offer, or put it in the place of a ride."""
    service, key = visit.service, f"page of {offer.id}"
    if form.changing:
        old = visit.own(form.changing, form.secret)
        take_by_phone(service, service.dispatcher.store.contact(old.code))
        return change(service.dispatcher, old.code, offer, key, visit.now)
    contact: Contact = contact_of(visit, form)
    take_by_phone(service, contact)
    return service.dispatcher.book(offer, key, visit.now, contact)


def _fault(visit: Visit, field: str, code: str) -> Faulty:
    return Faulty([Fault(field, problem_title(visit.language, code))])


_GONE = mark("Somebody else was faster. This is possible now.")
_EXPIRED = mark("This offer was only valid for a few minutes. This is possible now.")
