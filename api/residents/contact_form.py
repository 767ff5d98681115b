"""Whom a ride belongs to, as typed into a form: a phone number, and how to be told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from api.contacts import ContactWire
from api.languages import mark, tell
from api.problem_words import problem_title
from api.residents.visit import Visit
from api.residents.wishes import Fault, Faulty, WishForm, one_line
from shuttle.domain import Channel, Contact
from shuttle.errors import RequestError


class ContactForm(BaseModel):
    """The fields of a form that ends in a booking."""

    model_config = ConfigDict(extra="ignore")

    offer: str = ""
    phone: str = ""
    name: str = ""
    notify: str = "none"
    email: str = ""
    changing: str = ""
    secret: str = ""


class WaitingForm(WishForm):
    """A wish that was refused, and whom to tell when it becomes possible."""

    refusal: str = ""
    phone: str = ""
    name: str = ""
    notify: str = ""
    email: str = ""


def contact_of(visit: Visit, form: ContactForm | WaitingForm) -> Contact:
    """Return whom a form names.

    Raises
    ------
    Faulty
        If there is no phone number, or no address for the way of being told that was chosen.
    """
    faults = []
    if not form.phone.strip():
        faults.append(Fault("phone", tell(_NO_PHONE, visit.language)))
    if form.notify == "email" and not form.email.strip():
        faults.append(Fault("email", tell(_NO_EMAIL, visit.language)))
    if faults:
        raise Faulty(faults)
    notify: Literal["none", "sms", "email"] = "none"
    if form.notify in {str(each) for each in visit.service.channels}:
        notify = "sms" if form.notify == "sms" else "email"
    try:
        wire = ContactWire(
            name=one_line(form.name),
            phone=form.phone.strip(),
            email=form.email.strip() if notify == "email" else "",
            notify=notify,
            language=visit.language,
        )
        return wire.contact(visit.service.region)
    except ValidationError as error:
        of_phone = error.errors()[0]["loc"][:1] == ("phone",)
        fault = (
            _wrong_phone(visit) if of_phone else Fault("email", tell(_BAD_EMAIL, visit.language))
        )
        raise Faulty([fault]) from error
    except RequestError as error:
        raise Faulty([_wrong_phone(visit)]) from error


def reachable(visit: Visit, form: WaitingForm) -> Contact:
    """Return whom a form names, if they can be told.

    Raises
    ------
    Faulty
        As :func:`contact_of`, or if no way of being told was chosen.
    """
    contact = contact_of(visit, form)
    if contact.channel is Channel.NONE:
        raise Faulty([Fault("notify", tell(_NO_CHANNEL, visit.language))])
    return contact


def _wrong_phone(visit: Visit) -> Fault:
    return Fault("phone", problem_title(visit.language, "invalid_phone"))


_NO_CHANNEL = mark("Choose how we shall tell you.")
_NO_PHONE = mark("Give a phone number, so that we can reach you about this ride.")
_NO_EMAIL = mark("Give the e-mail address that we shall write to.")
_BAD_EMAIL = mark("Write the e-mail address like name@example.org.")
