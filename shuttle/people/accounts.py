"""Who works here and what each may do: roles, sessions, keys of partner systems. Pure rules.

Residents have no account; :mod:`api.rides.booking_owner` says what opens a booking.
"""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shuttle.errors import ShuttleError


class AccountError(ShuttleError):
    """An account or key cannot be made or found; the message names the fix."""


class Role(StrEnum):
    """What somebody does here."""

    DISPATCHER = "dispatcher"
    DRIVER = "driver"
    PLANNER = "planner"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a partner system may do with its key."""

    OFFERS = "offers"
    BOOKINGS = "bookings"
    UNMET = "unmet"
    METRICS = "metrics"


MAY_ACT_AS: Mapping[Role, frozenset[Role]] = {
    # role: whose work it may do; what a role's work is, each endpoint says itself
    Role.DISPATCHER: frozenset({Role.DISPATCHER, Role.DRIVER}),
    Role.DRIVER: frozenset({Role.DRIVER}),
    Role.PLANNER: frozenset({Role.PLANNER}),
    Role.ADMIN: frozenset(Role),
}
"""The one table of who may do what."""

IDLE_SECONDS = 2 * 3600
"""A staff session ends when it was not used for so long: a shift on the phone line has pauses."""

LONGEST_SECONDS = 12 * 3600
"""A staff session ends after this at the latest."""

AFTER_SHIFT_SECONDS = 2 * 3600
"""A driver may still report so long after the shift's end: a phone catches up when it has a net."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200

_CODE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
"""32 signs that are not taken for one another; ten of them hold 50 random bits."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in; `password` is a hash."""

    name: str
    password: str
    roles: frozenset[Role]
    made_at: int


@dataclass(frozen=True, slots=True)
class ShiftOfDay:
    """One vehicle's working time on one day."""

    day: date
    shift: str


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in.

    Attributes
    ----------
    digest
        Keyed print of the token that the browser holds.
    name
        Of the account; empty for a driver who came with a shift's code.
    roles
        What the account may do now, not what it might when the session began.
    shift
        All that a driver's session is good for.
    begun, seen, ends
        When it began, was last used, and ends at the latest.
    """

    digest: str
    name: str
    roles: frozenset[Role]
    shift: ShiftOfDay | None
    begun: int
    seen: int
    ends: int

    def open_at(self, now: int) -> bool:
        """Whether the session is still good. A driver's phone may be silent for a whole shift."""
        idle_ends = self.ends if self.shift is not None else self.seen + IDLE_SECONDS
        return now < min(self.ends, idle_ends)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A partner system; `webhook` is the URL that is told of bookings, empty if none is."""

    name: str
    scopes: frozenset[Scope]
    made_at: int
    webhook: str = ""


def may(held: Iterable[Role], needed: Iterable[Role]) -> bool:
    """Whether somebody with the roles `held` may do the work of any role `needed`."""
    needed = frozenset(needed)
    return any(MAY_ACT_AS[role] & needed for role in held)


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def new_shift_code() -> str:
    """Return a code of 50 random bits that can be read out over the radio."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(10))


def written_code(typed: str) -> str:
    """Return a shift's code as the service writes it, however a driver did."""
    return "".join(typed.split()).replace("-", "").upper()


def proper_name(name: str) -> str:
    """Return a name as it is kept: in one Unicode form and lower case, as phones capitalise.

    Raises
    ------
    AccountError
        If it is empty, too long, or holds signs that cannot be seen.
    """
    kept = unicodedata.normalize("NFKC", name).strip().casefold()
    if not 1 <= len(kept) <= 64 or not kept.isprintable():
        raise AccountError("A name has 1 to 64 visible signs, such as petersen.")
    return kept


def written_password(typed: str) -> str:
    """Return a password in one Unicode form, so that every keyboard writes it alike."""
    return unicodedata.normalize("NFKC", typed)


def proper_password(typed: str, name: str) -> str:
    """Return a password as it is hashed.

    Raises
    ------
    AccountError
        If it is too easy to guess. Length is what counts; no kinds of signs are asked for.
    """
    kept = written_password(typed)
    if not SHORTEST_PASSWORD <= len(kept) <= LONGEST_PASSWORD:
        raise AccountError(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} signs; "
            "three or four words in a row are good."
        )
    if len(set(kept)) < 5 or name.casefold() in kept.casefold():
        raise AccountError(
            "This password is easily guessed: it repeats itself or holds the name; "
            "three or four words in a row are good."
        )
    return kept
