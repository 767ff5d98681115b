"""What can go wrong, as a tree. Every error carries its facts and one sentence for people.

::

    ShuttleError
    ├── RegionError            a region folder cannot be used
    ├── RequestError           a ride request that no plan could serve; names the field
    ├── OfferExpired           the offer's minutes are over
    ├── OfferGone              somebody else was faster; carries fresh offers
    │   └── ReturnGone         so it is with the return ride; nothing was booked
    ├── OfferTaken             the offer has become a booking already
    ├── UnknownBooking         no booking has this code
    ├── NotCancellable         the ride has begun or is over
    ├── NotPlanned             no tour carries the booking
    ├── AlreadyCancelled       the ride has been given up; there is nothing to change
    ├── TooManyNoShows         this phone number may not book until a time
    ├── TooManyOpenBookings    this phone number has as many as it may have
    ├── UnknownStanding        no series and nobody waiting has this code
    ├── IdempotencyConflict    the key was used for another offer
    ├── UnknownCondition       no condition has this id, or it is over
    ├── PlanChanged            what an act changes is not what was shown; carries what it is now
    ├── NotStranded            the ride is in a tour, or over
    ├── NoLateRide             a stranded ride fits nowhere that day, however late
    ├── NotMovable             the ride has begun, is over, or is locked, or so is the tour
    ├── CannotMove             a ride does not fit into a vehicle; says why, and where it fits
    ├── PlanRejected           the independent checker found a fault; a mistake of ours
    ├── RevisionConflict       another writer changed the day meanwhile
    ├── StoreError             the database cannot be used
    ├── WrongCredentials       no such name, password, code or key; never says which
    ├── TooManyRequests        a rate limit is used up; says for how long
    └── UnknownShift           the day has no such shift, or it is over
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from shuttle.answers import Fix, Quote
    from shuttle.booking.explaining import Candidate
    from shuttle.booking.moving import Moving
    from shuttle.neighbours import Crossing
    from shuttle.trouble.consequences import Consequences


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
    fixes
        The smallest changes that work, where the request was looked at closely enough to know.
    crossing
        Of ``across_border``: the neighbouring region, and where to change.
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.fixes: tuple[Fix, ...] = ()
        self.crossing: Crossing | None = None


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


class ReturnGone(OfferGone):
    """The offer of the return ride no longer fits; `quote` holds what fits with the outward one."""


class AlreadyCancelled(ShuttleError):
    """A ride that was given up cannot be changed."""

    def __init__(self, code: str) -> None:
        super().__init__("This ride has already been cancelled; book a new one.")
        self.code = code


class TooManyNoShows(ShuttleError):
    """Whoever did not come too often may not book for some days."""

    def __init__(self, until: int, day: date) -> None:
        super().__init__(
            f"Rides with this phone number were missed too often; it can book again from {day} on."
        )
        self.until = until


class TooManyOpenBookings(ShuttleError):
    """A phone number has as many open bookings as it may have."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This phone number can have {most} open bookings at once; "
            "ride or cancel one of them first."
        )
        self.most = most


class UnknownStanding(ShuttleError):
    """No weekly repeat and no place on the waiting list of this region has the code."""

    def __init__(self, code: str) -> None:
        super().__init__("There is nothing with this code.")
        self.code = code


class OfferTaken(ShuttleError):
    """The offer was booked before, under another idempotency key."""

    def __init__(self) -> None:
        super().__init__("This offer has already been booked; ask for a new one.")


class UnknownBooking(ShuttleError):
    """No booking of this region has the code."""

    def __init__(self, code: str) -> None:
        super().__init__("There is no booking with this code and this secret.")
        self.code = code


class NotCancellable(ShuttleError):
    """The vehicle is on its way or the ride is over."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "The vehicle is already on its way, so this ride cannot be cancelled here."
        )
        self.code = code


class NotPlanned(ShuttleError):
    """No tour carries the booking: it was cancelled."""

    def __init__(self, code: str) -> None:
        super().__init__("No tour carries this booking; there is nothing to explain.")
        self.code = code


class IdempotencyConflict(ShuttleError):
    """An idempotency key came back with another offer."""

    def __init__(self, key: str) -> None:
        super().__init__("This idempotency key was already used for another offer; use a new one.")
        self.key = key


class UnknownCondition(ShuttleError):
    """No condition of this region has the id, or it is over."""

    def __init__(self, condition: str) -> None:
        super().__init__("There is no trouble with this id that could be lifted.")
        self.condition = condition


class PlanChanged(ShuttleError):
    """What an act would change is no longer what was shown; `consequences` says what it is."""

    def __init__(self, consequences: Consequences | Moving) -> None:
        super().__init__("The plan has changed since the preview; look at what would change now.")
        self.consequences = consequences


class NotStranded(ShuttleError):
    """A ride is not on the dispatcher's list."""

    def __init__(self, code: str) -> None:
        super().__init__("This ride is in a tour or over; it waits for no decision.")
        self.code = code


class NoLateRide(ShuttleError):
    """A stranded ride fits into no tour of its day, however late."""

    def __init__(self, code: str) -> None:
        super().__init__("No vehicle can take this ride today; add a shift, or call and cancel it.")
        self.code = code


class NotMovable(ShuttleError):
    """A ride stays as it is.

    `why` is ``begun``, ``over``, ``locked``, ``here``, ``stop``, ``told``, ``not_called_off`` or
    ``never_listed``.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"The ride cannot be moved: {_STAYS[why]}.")
        self.code = code
        self.why = why


_STAYS = {
    "begun": "its vehicle is on the way",
    "over": "it is over",
    "locked": "it is locked, or the tour is; unlock it first",
    "here": "it is in this vehicle already, and at this time",
    "stop": "one of its stops is closed",
    "not_called_off": "it was not called off by the service",
    "never_listed": "it never waited for a vehicle",
    "told": "its owner was told that the vehicle comes later; call them first",
}


class CannotMove(ShuttleError):
    """A ride does not fit into a tour; `obstacle` says why, `nearest` where else it does.

    The first of `others` that fits is the nearest possible; `late_seconds` is by how much the
    promise would be missed in the wanted vehicle, None if it could not come at all; `pickup` is
    the nearest time at which it does fit there, if another one than the plan's was wanted.
    """

    def __init__(
        self,
        code: str,
        wanted: Candidate,
        late_seconds: int | None,
        others: tuple[Candidate, ...],
        pickup: int | None = None,
    ) -> None:
        super().__init__(
            f"The ride does not fit into the tour of shift {wanted.shift}: {wanted.obstacle.name}."
        )
        self.code = code
        self.wanted = wanted
        self.late_seconds = late_seconds
        self.others = others
        self.pickup = pickup


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


class WrongCredentials(ShuttleError):
    """Whoever wants in has no account, or another password; the answer is the same."""

    def __init__(self) -> None:
        super().__init__("This is not right; check what you typed, or ask for a new password.")


class TooManyRequests(ShuttleError):
    """A rate limit is used up.

    Attributes
    ----------
    seconds
        When it is worth trying again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many requests; try again in {seconds} seconds.")
        self.seconds = seconds


class UnknownShift(ShuttleError):
    """The day has no such shift, or it is over."""

    def __init__(self, day: date, shift: str) -> None:
        super().__init__(f"There is no shift {shift!r} on {day} that is still to be driven.")
        self.day = day
        self.shift = shift
