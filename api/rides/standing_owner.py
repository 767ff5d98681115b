"""What opens a weekly repeat or a place on the waiting list: its code with a secret."""

from typing import Annotated

from fastapi import Depends, Path

from api.rides.booking_owner import Claim, ClaimHere, written
from shuttle.domain import Booking
from shuttle.errors import UnknownBooking, UnknownStanding
from shuttle.standing.series import series_of
from shuttle.standing.standing_requests import Series, Waiting
from shuttle.standing.waiting import waiting_of

StandingCode = Annotated[str, Path(description="Its code.", examples=["K7MX2Q9A"])]


def waiting_place(code: str, claim: Claim) -> Waiting:
    """Return a place on the waiting list to whom it belongs.

    Raises
    ------
    UnknownStanding
        If there is none with this code, or it is somebody else's.
    """
    code = written(code, UnknownStanding)
    try:
        found: Waiting | None = waiting_of(claim.service.dispatcher, code)
    except UnknownStanding:
        found = None
    return claim.checked(code, found, _phone(code, claim), UnknownStanding)


def anything(code: str, claim: Claim) -> Booking | Series | Waiting:
    """Return whatever a code stands for, to whom it belongs; a wrong guess counts once.

    Raises
    ------
    UnknownBooking, TooManyRequests
        As :meth:`Claim.checked` says.
    """
    code, standing = written(code), claim.service.dispatcher.store.standing
    if (series := standing.series(code)) is not None:
        return claim.checked(code, series, _phone(code, claim), UnknownBooking)
    if (waiting := standing.waiting(code)) is not None:
        return claim.checked(code, waiting, _phone(code, claim), UnknownBooking)
    return claim.booking(code)


def _own_waiting(code: StandingCode, claim: ClaimHere) -> Waiting:
    return waiting_place(code, claim)


def _own_series(code: StandingCode, claim: ClaimHere) -> Series:
    code = written(code, UnknownStanding)
    try:
        found: Series | None = series_of(claim.service.dispatcher, code)
    except UnknownStanding:
        found = None
    return claim.checked(code, found, _phone(code, claim), UnknownStanding)


OwnWaiting = Annotated[Waiting, Depends(_own_waiting)]
"""An endpoint's parameter, where its path has ``{code}``: a waiting place of the caller's."""

OwnSeries = Annotated[Series, Depends(_own_series)]
"""An endpoint's parameter, where its path has ``{code}``: a weekly repeat of the caller's."""


def _phone(code: str, claim: Claim) -> str:
    owner = claim.service.dispatcher.store.standing.owner(code)
    return "" if owner is None else owner.contact.phone
