"""What opens a booking: its code with a secret, or the work of whoever asks.

The secret is the last four digits of the phone number given with the booking, or the 128-bit token
of its link. It travels in the header ``Booking-Secret``, never in an address, so that it stays out
of logs and histories. An unknown code, a wrong secret and none at all get the same answer after
the same work; the four digits may be tried only a few times a day.

Where a code stands in the path, an endpoint takes :data:`OwnBooking`; where it comes otherwise, or
is of something else that a resident owns, :data:`ClaimHere`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Path, Request

from api.limits import client_print, take_by_address
from api.security import Caller, CallerHere, admitted
from api.service import Service, ServiceHere
from shuttle.domain import Booking
from shuttle.errors import ShuttleError, UnknownBooking
from shuttle.people.accounts import Role, Scope

T = TypeVar("T")

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


@dataclass(frozen=True, slots=True)
class Claim:
    """Whoever asks says that something is theirs; this holds what they bring to show it."""

    service: Service
    caller: Caller
    client: str | None
    secret: str | None

    def booking(self, code: str) -> Booking:
        """Return the booking that a code names, to whom it belongs or whose work it is.

        Raises
        ------
        UnknownBooking, TooManyRequests
            As :meth:`checked` says.
        """
        code, dispatcher = written(code), self.service.dispatcher
        try:
            booking: Booking | None = dispatcher.booking(code)
        except UnknownBooking:
            booking = None
        contact = dispatcher.store.contact(code)
        phone = "" if contact is None else contact.phone
        return self.checked(code, booking, phone, UnknownBooking)

    def checked(
        self, code: str, found: T | None, phone: str, unknown: Callable[[str], ShuttleError]
    ) -> T:
        """Return what was found under a code, if it is the caller's.

        Parameters
        ----------
        code
            As the service writes it.
        found
            None if nothing has this code; both must have been looked up in the same way.
        phone
            Of whom it belongs to; empty if that is not known.
        unknown
            Makes the error for a code that there is not and for a wrong secret alike.

        Raises
        ------
        ShuttleError
            What `unknown` makes.
        TooManyRequests
            After too many wrong secrets. The link is no guess and opens even then.
        """
        if self.secret is None and self.caller.does(_STAFF, Scope.BOOKINGS):
            admitted(self.caller, True)
            right = True
        else:
            secret = self.secret or ""
            link = _same(secret, self.service.dispatcher.keyed.link(code))
            digits = len(phone) > DIGITS and _same(secret, phone[-DIGITS:])
            right = (link and found is not None) or self.guessed(code, digits and found is not None)
        if found is None or not right:
            raise unknown(code)
        return found

    def guessed(self, code: str, right: bool) -> bool:
        """Return whether a guess was right; a wrong one is counted.

        Raises
        ------
        TooManyRequests
            After too many wrong ones for this code, of this client, or in total.
        """
        limiter, now = self.service.limiter, self.service.clock()
        take_by_address(self.service, "guesses_by_address", self.client, now)
        limiter.take("guesses_in_total", "", now)
        limiter.take("guesses_by_code", code, now)
        if right:
            limiter.give_back("guesses_by_code", code, now)
            limiter.give_back("guesses_in_total", "", now)
            if self.client is not None:
                limiter.give_back("guesses_by_address", self.client, now)
        return right


_STAFF = frozenset({Role.DISPATCHER})


async def _claim(
    request: Request, service: ServiceHere, caller: CallerHere, secret: Secret = None
) -> Claim:
    return Claim(service, caller, client_print(request, service), secret)


ClaimHere = Annotated[Claim, Depends(_claim)]
"""An endpoint's parameter: what shows that a booking, or something like it, is the caller's."""


def booking_owner(code: Code, claim: ClaimHere) -> Booking:
    """Return the booking of a path's ``{code}`` to whom it belongs or whose work it is."""
    return claim.booking(code)


OwnBooking = Annotated[Booking, Depends(booking_owner)]
"""An endpoint's parameter, where its path has ``{code}``: a booking that is the caller's."""


def _same(one: str, other: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return compare_digest(one.encode(), other.encode())


def written(code: str, unknown: Callable[[str], ShuttleError] = UnknownBooking) -> str:
    """Return a code as the service writes it, however a person did."""
    plain = re.sub(r"[\s-]", "", code).upper()
    if re.fullmatch(r"[A-Z0-9]{1,32}", plain) is None:
        raise unknown(code)
    return plain
