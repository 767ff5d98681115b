"""What a ride request is answered with: offers, or a refusal with its cause and its fixes."""

from dataclasses import dataclass
from enum import StrEnum

from shuttle.domain import FixKind, Offer, RideRequest
from shuttle.timetables.stations import ScheduledRide


class RefusalReason(StrEnum):
    """The true cause of a refusal: what, if it were otherwise, would have let the ride happen."""

    TOO_SOON = "too_soon"
    SERVICE_HOURS = "service_hours"
    NO_SEATS = "no_seats"
    NO_WHEELCHAIR_PLACE = "no_wheelchair_place"
    NO_CHILD_SEAT = "no_child_seat"
    NO_VEHICLE_IN_REACH = "no_vehicle_in_reach"
    ARRIVAL_TOO_EARLY = "arrival_too_early"
    RIDE_TOO_LONG = "ride_too_long"
    OTHER_PROMISES = "other_promises"
    SHIFT_ENDS = "shift_ends"
    DRIVER_BREAK = "driver_break"
    BATTERY = "battery"
    STOP_CLOSED = "stop_closed"
    SCHEDULED_BUS = "scheduled_bus"


@dataclass(frozen=True, slots=True)
class NearestVehicle:
    """The vehicle that could be there first, as the plan stands.

    Attributes
    ----------
    name
        What it is called.
    only
        Whether it is the only one on that day that can take the party, of several.
    place
        The village, stop or depot from which it would come.
    until
        When it can leave there at the earliest.
    pickup
        When it would be at the stop.
    """

    name: str
    only: bool
    place: str
    until: int
    pickup: int


@dataclass(frozen=True, slots=True)
class Fix:
    """A small change with which a refused request can be served: computed, not guessed.

    Attributes
    ----------
    kind
        What kind of change.
    asked
        The request that was refused.
    offer
        What asking `offer.request`, the changed request, is answered with.
    walk_metres
        With another stop: how far it is on foot; from a place outside the area, as the crow flies.
    """

    kind: FixKind
    asked: RideRequest
    offer: Offer
    walk_metres: int = 0

    @property
    def changed(self) -> tuple[str, ...]:
        """The members of the request that change: ``from``, ``to``, ``when``, ``party``."""
        before, after = self.asked, self.offer.request
        members = {
            "from": before.origin != after.origin,
            "to": before.destination != after.destination,
            "when": before.time != after.time,
            "party": before.party != after.party,
        }
        return tuple(name for name, differs in members.items() if differs)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was offered.

    Attributes
    ----------
    id
        Under which it is kept in the log of unmet demand.
    reason
        The first thing that, if it were otherwise, would have let the ride happen.
    nearest
        The vehicle that could be there first, None if none can that day.
    fixes
        The smallest changes that work, at most one or two of each kind.
    """

    id: str
    reason: RefusalReason
    nearest: NearestVehicle | None
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer to a request: offers; or a refusal with the nearest offers that work.

    Where `refusal` is set, `offers` hold the smallest changes of time that work (earlier and
    later), each bookable like any other. `scheduled` is a scheduled bus that serves the same ride,
    where the region's rule asks for it.
    """

    offers: tuple[Offer, ...]
    refusal: Refusal | None = None
    scheduled: ScheduledRide | None = None
