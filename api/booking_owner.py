"""What opens a booking: its code with a secret, or the work of whoever asks.

The secret is the last four digits of the phone number given with the booking, or the 128-bit token
of its link. It travels in the header ``Booking-Secret``, never in an address, so that it stays out
of logs and histories. An unknown code, a wrong secret and none at all get the same answer after
the same work; the four digits may be tried only a few times a day.
"""

import re
from hmac import compare_digest
from typing import Annotated

from fastapi import Depends, Header, Path, Request

from api.limits import client_print, take_by_address
from api.security import CallerHere, admitted
from api.service import Service, ServiceHere
from shuttle.accounts import Role, Scope
from shuttle.domain import Booking
from shuttle.errors import UnknownBooking

DIGITS = 4
"""Of the phone number, the last ones."""

Code = Annotated[str, Path(description="The booking's code.", examples=["K7MX2Q9A"])]

Secret = Annotated[
    str | None,
    Header(
        alias="Booking-Secret",
        max_length=64,
        description="The last four digits of the phone number given with the booking, or the "
        "booking's `link`. Dispatchers and partners with the scope `bookings` need none.",
        examples=["8123"],
    ),
]


def booking_owner(
    request: Request,
    code: Code,
    service: ServiceHere,
    caller: CallerHere,
    secret: Secret = None,
) -> Booking:
    """Return the booking of a path's ``{code}`` to whom it belongs or whose work it is.

    Raises
    ------
    UnknownBooking
        For a code that there is not and for a wrong secret alike.
    TooManyRequests
        After too many wrong secrets.
    """
    code = written(code)
    if secret is None and caller.does(frozenset({Role.DISPATCHER}), Scope.BOOKINGS):
        admitted(caller, True)
        return service.dispatcher.booking(code)
    return opened(request, service, code, secret or "")


OwnBooking = Annotated[Booking, Depends(booking_owner)]
"""An endpoint's parameter, where its path has ``{code}``: a booking that is the caller's."""


def opened(request: Request, service: Service, code: str, secret: str) -> Booking:
    """Return the booking that a code and a secret open; raises as :func:`booking_owner`."""
    try:
        booking: Booking | None = service.dispatcher.booking(code)
    except UnknownBooking:
        booking = None
    contact = service.dispatcher.store.contact(code)
    link = _same(secret, service.dispatcher.keyed.link(code))
    if booking is not None and link:
        return booking
    digits = "" if contact is None else contact.phone[-DIGITS:]
    right = _same(secret, digits) and len(digits) == DIGITS
    client, now = client_print(request, service), service.clock()
    take_by_address(service, "guesses_by_address", client, now)
    service.limiter.take("guesses_in_total", "", now)
    service.limiter.take("guesses_by_code", code, now)
    if booking is None or not right:
        raise UnknownBooking(code)
    service.limiter.give_back("guesses_by_code", code, now)
    service.limiter.give_back("guesses_in_total", "", now)
    if client is not None:
        service.limiter.give_back("guesses_by_address", client, now)
    return booking


def _same(one: str, other: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return compare_digest(one.encode(), other.encode())


def written(code: str) -> str:
    """Return a code as the service writes it, however a person did."""
    plain = re.sub(r"[\s-]", "", code).upper()
    if re.fullmatch(r"[A-Z0-9]{1,32}", plain) is None:
        raise UnknownBooking(code)
    return plain
