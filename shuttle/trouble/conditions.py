"""Trouble, as it is entered and kept: what disturbs a service day, from when until when.

A condition is a fact of its day: it is never deleted. One that is lifted ends then, so that what
happened under it is still understood.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Duty:
    """What a shift is from now on, in place of what it was, or a shift that is new.

    Attributes
    ----------
    shift
        Its id.
    vehicle
        The vehicle's id.
    begin, end
        Epoch seconds; the same if there is nothing left of it.
    breaks
        Earliest begin, latest begin and length in seconds, of each.
    from_stop, to_stop
        Ids of the stops where it begins and ends; the vehicle's depot if None.
    """

    shift: str
    vehicle: str
    begin: int
    end: int
    breaks: tuple[tuple[int, int, int], ...] = ()
    from_stop: str | None = None
    to_stop: str | None = None


@dataclass(frozen=True, slots=True)
class VehicleOut:
    """A vehicle is out of service.

    Attributes
    ----------
    vehicle
        Its id.
    begin, end
        Epoch seconds.
    stop
        The stop where it stands, if it broke down; else it drives to its depot.
    duties
        What becomes of its shifts; entered by :mod:`shuttle.trouble.duties`.
    """

    kind: ClassVar[str] = "vehicle_out"
    vehicle: str
    begin: int
    end: int
    stop: str | None = None
    duties: tuple[Duty, ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftSet:
    """A shift more, or one with other hours.

    Attributes
    ----------
    vehicle
        The vehicle's id.
    begin, end
        Epoch seconds.
    breaks
        Earliest begin, latest begin and length in seconds, of each that is still to come; None
        for those that the shift has.
    shift
        The id of the shift that gets these hours; None for a new one.
    duties
        What comes of it; entered by :mod:`shuttle.trouble.duties`.
    was
        Begin and end that the shift had; entered there too.
    """

    kind: ClassVar[str] = "shift"
    vehicle: str
    begin: int
    end: int
    breaks: tuple[tuple[int, int, int], ...] | None = None
    shift: str | None = None
    duties: tuple[Duty, ...] = ()
    was: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RoadClosed:
    """Nobody gets through: at each of these points, and between two of them on one road.

    Attributes
    ----------
    points
        Latitude and longitude; each on the road nearest to it.
    begin, end
        Epoch seconds.
    """

    kind: ClassVar[str] = "road_closed"
    points: tuple[tuple[float, float], ...]
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Slower:
    """Everything takes longer by a factor above 1: snow, harvest."""

    kind: ClassVar[str] = "slower"
    factor: float
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class StopClosed:
    """Nobody can halt at a stop."""

    kind: ClassVar[str] = "stop_closed"
    stop: str
    begin: int
    end: int


Disturbance = VehicleOut | ShiftSet | RoadClosed | Slower | StopClosed

_KINDS: dict[str, type[Disturbance]] = {
    each.kind: each for each in (VehicleOut, ShiftSet, RoadClosed, Slower, StopClosed)
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A disturbance of one day, as it was entered.

    Attributes
    ----------
    id
        The day and a number: ``2027-03-22-1``.
    disturbance
        What it is.
    entered_at, lifted_at
        Epoch seconds; None while nobody has lifted it.
    """

    id: str
    disturbance: Disturbance
    entered_at: int
    lifted_at: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """From when until when it disturbs; the second is not part of it."""
        end = self.disturbance.end
        return self.disturbance.begin, end if self.lifted_at is None else min(end, self.lifted_at)

    @property
    def duties(self) -> tuple[Duty, ...]:
        """What shifts are because of it."""
        if isinstance(self.disturbance, VehicleOut | ShiftSet):
            return self.disturbance.duties
        return ()

    def overlaps(self, earliest: int, latest: int) -> bool:
        """Whether it disturbs some time within a window, both ends included."""
        begin, end = self.span
        return begin < end and begin <= latest and earliest < end

    def lifted(self, now: int, duties: tuple[Duty, ...] = ()) -> "Condition":
        """Return the condition as it is when it is lifted, and what shifts are then."""
        return replace(self.with_duties(duties), lifted_at=now)

    def with_duties(self, duties: tuple[Duty, ...]) -> "Condition":
        """Return the condition with other duties, if it is about shifts."""
        disturbance = self.disturbance
        if isinstance(disturbance, VehicleOut | ShiftSet):
            return replace(self, disturbance=replace(disturbance, duties=duties))
        return self


def facts_of(disturbance: Disturbance) -> dict[str, Any]:
    """Return a disturbance's fields, for storing."""
    return asdict(disturbance)


def disturbance_of(kind: str, facts: Mapping[str, Any]) -> Disturbance:
    """Return a stored disturbance."""
    disturbance: Disturbance = TypeAdapter(_KINDS[kind]).validate_python(dict(facts))
    return disturbance
