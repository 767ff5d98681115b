"""What can go wrong, as a tree. Every error carries its facts and one sentence for people.

::

    ShuttleError
    ├── RegionError            a region folder cannot be used
    ├── RequestError           a ride request that no plan could serve; names the field
    ├── OfferExpired           the offer's minutes are over
    ├── OfferGone              somebody else was faster; carries fresh offers
    ├── OfferTaken             the offer has become a booking already
    ├── UnknownBooking         no booking has this code
    ├── UnknownShift           the day has no such shift
    ├── NotCancellable         the ride has begun or is over
    ├── IdempotencyConflict    the key was used for another offer
    ├── PlanRejected           the independent checker found a fault; a mistake of ours
    ├── RevisionConflict       another writer changed the day meanwhile
    └── StoreError             the database cannot be used
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from shuttle.domain import Quote


class ShuttleError(Exception):
    """Base of everything the service raises on purpose."""


class RegionError(ShuttleError):
    """A region folder cannot be used; the message names the file and the fix."""


class RequestError(ShuttleError):
    """A ride request that cannot be served on any plan.

    Attributes
    ----------
    code
        Stable, for programs: ``outside_area``, ``same_stop``, ``in_the_past`` and so on.
    field
        The part of the request that has to change, as a JSON path such as ``from.stop``.
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class OfferExpired(ShuttleError):
    """The offer was valid until a time that is over."""

    def __init__(self, valid_until: int) -> None:
        super().__init__("This offer is no longer valid; ask for a new one.")
        self.valid_until = valid_until


class OfferGone(ShuttleError):
    """The offer no longer fits the plan; `quote` holds what fits now."""

    def __init__(self, quote: Quote) -> None:
        super().__init__("Somebody else was faster; here is what is possible now.")
        self.quote = quote


class OfferTaken(ShuttleError):
    """The offer was booked before, under another idempotency key."""

    def __init__(self) -> None:
        super().__init__("This offer has already been booked; ask for a new one.")


class UnknownBooking(ShuttleError):
    """No booking of this region has the code."""

    def __init__(self, code: str) -> None:
        super().__init__("There is no booking with this code.")
        self.code = code


class UnknownShift(ShuttleError):
    """A service day has no shift with this id."""

    def __init__(self, day: date, shift: str) -> None:
        super().__init__(f"There is no shift {shift!r} on {day}; write it as bus-1@06:00.")
        self.shift = shift


class NotCancellable(ShuttleError):
    """The vehicle is on its way or the ride is over."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "The vehicle is already on its way, so this ride cannot be cancelled here."
        )
        self.code = code


class IdempotencyConflict(ShuttleError):
    """An idempotency key came back with another offer."""

    def __init__(self, key: str) -> None:
        super().__init__("This idempotency key was already used for another offer; use a new one.")
        self.key = key


class PlanRejected(ShuttleError):
    """The independent checker found a fault in a plan that was to be stored: a mistake of ours."""

    def __init__(self, day: date, violations: list[str]) -> None:
        super().__init__(f"The plan of {day} was not stored: {'; '.join(violations)}.")
        self.day = day
        self.violations = violations


class RevisionConflict(ShuttleError):
    """Another writer changed the day's plan since it was read."""

    def __init__(self, day: date, expected: int) -> None:
        super().__init__(f"The plan of {day} is no longer at revision {expected}.")
        self.day = day
        self.expected = expected


class StoreError(ShuttleError):
    """The database cannot be used; the message says why and what to do."""
