"""What a caller is answered: rides that are possible, or why there is none and what works."""

from pydantic import ValidationError

from api.contacts import ContactWire
from api.desk.desk_form import DeskForm
from api.desk.screen import Screen
from api.desk.who_calls import WhoCalls
from api.languages import mark, tell
from api.residents.answering import Answer, answered
from api.residents.wishes import Fault, Faulty, one_line
from shuttle.answers import Quote
from shuttle.booking.changing import change, quote_change
from shuttle.domain import Booking, Channel, Contact, Offer, RideRequest


def answer(screen: Screen, asked: RideRequest, changing: str) -> Answer:
    """Return what a request is answered with.

    Raises
    ------
    Faulty
        If no plan could serve the request, and nothing near it either.
    """
    return answered(
        screen.request,
        screen.service,
        screen.language,
        lambda: _quote(screen, asked, changing),
        maps=False,
    )


def _quote(screen: Screen, asked: RideRequest, changing: str) -> Quote:
    dispatcher = screen.service.dispatcher
    if changing:
        return quote_change(dispatcher, changing, asked, screen.now)
    return dispatcher.quote(asked, screen.now)


def take(screen: Screen, form: DeskForm, offer: Offer) -> Booking:
    """Book an offer for the caller, or put it in the place of a ride.

    Raises
    ------
    Faulty
        If there is no number, or nothing to tell them by.
    """
    dispatcher, key = screen.service.dispatcher, f"desk of {offer.id}"
    if form.changing:
        return change(dispatcher, form.changing, offer, key, screen.now, by_phone=True)
    contact = contact_of(screen, form)
    return dispatcher.book(offer, key, screen.now, contact, by_phone=True)


def contact_of(screen: Screen, form: DeskForm) -> Contact:
    """Return whom a ride is for.

    Raises
    ------
    Faulty
        If there is no number, or no way to tell them as chosen.
    """
    who, faults = screen.who(form)
    if who is None:
        raise Faulty(faults or [Fault("phone", tell(_NO_PHONE, screen.language))])
    notify = form.notify if form.notify in {str(each) for each in screen.service.channels} else ""
    if notify == Channel.EMAIL and not form.email.strip():
        raise Faulty([Fault("email", tell(_NO_EMAIL, screen.language))])
    try:
        return ContactWire.model_validate(
            {
                "name": one_line(form.name),
                "phone": who.phone,
                "email": form.email.strip() if notify == Channel.EMAIL else "",
                "notify": notify or "none",
                "language": _language(screen, who),
            }
        ).contact(screen.region)
    except ValidationError as error:
        raise Faulty([Fault("email", tell(_BAD_EMAIL, screen.language))]) from error


def _language(screen: Screen, who: WhoCalls) -> str:
    """Return the language the caller has been written to in; of a new one that of the desk."""
    return who.contact.language if who.known else screen.language


_NO_PHONE = mark("Type the caller's number first.")
_NO_EMAIL = mark("Give the e-mail address that we shall write to.")
_BAD_EMAIL = mark("Write the e-mail address like name@example.org.")
