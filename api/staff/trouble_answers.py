"""What dispatchers are told about trouble: what it changes, for whom, and who waits."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from api.problems import Problem
from api.schemas import OfferOut, PartyWire, StopOut, WindowOut
from api.staff.trouble_schemas import BreakWire, PointWire
from api.times import local_time
from shuttle.booking.explaining import Candidate
from shuttle.booking.moving import Moving
from shuttle.booking.retiming import Retiming
from shuttle.domain import Channel
from shuttle.plan import vehicle_of_shift
from shuttle.region import Region
from shuttle.trouble.conditions import (
    Condition,
    RoadClosed,
    ShiftSet,
    Slower,
    StopClosed,
    VehicleOut,
)
from shuttle.trouble.consequences import Consequences, Effect, Late, Move, Planned
from shuttle.trouble.listing import Waiting


class ConditionOut(BaseModel):
    """What disturbs a day."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    kind: str
    begin: datetime = Field(validation_alias="from", serialization_alias="from")
    until: datetime
    entered_at: datetime
    lifted_at: datetime | None
    vehicle: str | None = None
    shift: str | None = None
    stop: StopOut | None = None
    factor: float | None = None
    points: list[PointWire] | None = None
    breaks: list[BreakWire] | None = Field(
        default=None, description="Of a shift: those that were entered with it."
    )

    @classmethod
    def of(cls, region: Region, condition: Condition) -> Self:
        """Return a condition with the facts of its kind."""
        what = condition.disturbance
        stop = what.stop if isinstance(what, VehicleOut | StopClosed) else None
        closed = what.points if isinstance(what, RoadClosed) else None
        rests = what.breaks if isinstance(what, ShiftSet) else None
        return cls(
            id=condition.id,
            kind=what.kind,
            begin=local_time(region, what.begin),
            until=local_time(region, what.end),
            entered_at=local_time(region, condition.entered_at),
            lifted_at=_time(region, condition.lifted_at),
            vehicle=what.vehicle if isinstance(what, VehicleOut | ShiftSet) else None,
            shift=what.shift if isinstance(what, ShiftSet) else None,
            stop=None if stop is None else StopOut.of(region, stop),
            factor=what.factor if isinstance(what, Slower) else None,
            points=None if closed is None else [PointWire(lat=lat, lon=lon) for lat, lon in closed],
            breaks=None if rests is None else [_rest(region, *each) for each in rests],
        )


def _rest(region: Region, earliest: int, latest: int, seconds: int) -> BreakWire:
    """Return a break the way it is entered."""
    return BreakWire.model_validate(
        {
            "from": local_time(region, earliest).isoformat(),
            "until": local_time(region, latest + seconds).isoformat(),
            "minutes": seconds // 60,
        }
    )


def _time(region: Region, time: int | None) -> datetime | None:
    return None if time is None else local_time(region, time)


class PlannedOut(BaseModel):
    """Which vehicle carries a ride, and when it gets on and off."""

    vehicle: str
    shift: str
    pickup: datetime
    dropoff: datetime

    @classmethod
    def of(cls, region: Region, planned: Planned | None) -> Self | None:
        """Return where a ride is planned, if it is."""
        if planned is None:
            return None
        return cls(
            vehicle=vehicle_of_shift(planned.shift),
            shift=planned.shift,
            pickup=local_time(region, planned.pickup),
            dropoff=local_time(region, planned.dropoff),
        )


class LateRideOut(BaseModel):
    """The best that can still be done for a stranded ride."""

    planned: PlannedOut
    late_seconds: int = Field(description="After what was promised, at the worse end.")

    @classmethod
    def of(cls, region: Region, late: Late | None) -> Self | None:
        """Return a late ride, if there is one."""
        if late is None:
            return None
        planned = PlannedOut.of(region, late.planned)
        assert planned is not None
        return cls(planned=planned, late_seconds=late.seconds)


class MoveOut(BaseModel):
    """One end of a ride, at another stop."""

    end: Literal["pickup", "dropoff"]
    from_stop: StopOut
    to_stop: StopOut
    metres: int = Field(description="On foot between the two.")

    @classmethod
    def of(cls, region: Region, move: Move) -> Self:
        """Return a move with its stops."""
        return cls.model_validate(
            {
                "end": move.end,
                "from_stop": StopOut.of(region, move.from_stop),
                "to_stop": StopOut.of(region, move.to_stop),
                "metres": move.metres,
            }
        )


class EffectOut(BaseModel):
    """What changes for one booking."""

    code: str
    on_board: bool
    stranded: bool = Field(description="No tour carries it; it goes onto the dispatcher's list.")
    other_vehicle: bool
    other_time: bool = Field(description="By more than a minute.")
    late_seconds: int = Field(description="After what was promised, at the worse end.")
    before: PlannedOut | None
    after: PlannedOut | None
    moves: list[MoveOut]
    late_ride: LateRideOut | None

    @classmethod
    def of(cls, region: Region, effect: Effect) -> Self:
        """Return an effect."""
        return cls(
            code=effect.code,
            on_board=effect.on_board,
            stranded=effect.stranded,
            other_vehicle=effect.other_vehicle,
            other_time=effect.other_time,
            late_seconds=effect.late,
            before=PlannedOut.of(region, effect.before),
            after=PlannedOut.of(region, effect.after),
            moves=[MoveOut.of(region, move) for move in effect.moves],
            late_ride=LateRideOut.of(region, effect.late_ride),
        )


class ConsequencesOut(BaseModel):
    """What a condition, entered or lifted, changes, and for whom: people on board first."""

    condition: ConditionOut
    expected: str = Field(description="Send it along to confirm just this.")
    effects: list[EffectOut]

    @classmethod
    def of(cls, region: Region, consequences: Consequences) -> Self:
        """Return consequences."""
        return cls(
            condition=ConditionOut.of(region, consequences.condition),
            expected=consequences.digest,
            effects=[EffectOut.of(region, each) for each in consequences.effects],
        )


class NotInOut(BaseModel):
    """A vehicle that was meant, and why it does not take a ride."""

    shift: str
    vehicle: str
    message: str = Field(description="For people.")

    @classmethod
    def of(cls, meant: Candidate, message: str) -> Self:
        """Return a tour that was meant, with why it is not the one."""
        return cls(shift=meant.shift, vehicle=meant.vehicle, message=message)


class MovingOut(BaseModel):
    """What it means to move a ride, and for whom something changes: who is moved first."""

    code: str
    before: str = Field(description="The shift that carried it; empty if none did.")
    shift: str
    vehicle: str
    added_seconds: int = Field(description="Driving more, in all; less than 0 if it is less.")
    added_metres: int
    pickup_before: datetime | None = Field(
        default=None, description="When the vehicle was wanted to come, if anybody had said so."
    )
    pickup: datetime | None = Field(default=None, description="When it is wanted to come now.")
    expected: str = Field(
        description="Send it along to confirm just this; empty where an offer is to be booked."
    )
    effects: list[EffectOut]
    offer: OfferOut | None = Field(
        default=None,
        description="Of a time outside the promise: what is promised instead. Confirm it with "
        "`/api/v1/bookings/{code}/change`; else the promise stays, and its owner is told nothing.",
    )
    told_by: Channel | None = Field(
        default=None, description="With an offer: how its owner is told of the new promise."
    )
    not_in: NotInOut | None = Field(
        default=None, description="With an offer: why the vehicle that was meant is not the one."
    )

    @classmethod
    def of(cls, region: Region, moving: Moving) -> Self:
        """Return what is moved."""
        return cls(
            code=moving.code,
            before=moving.before,
            shift=moving.shift,
            vehicle=vehicle_of_shift(moving.shift),
            added_seconds=moving.added.seconds,
            added_metres=moving.added.metres,
            pickup_before=_time(region, moving.pickup_before),
            pickup=_time(region, moving.pickup),
            expected=moving.digest,
            effects=[EffectOut.of(region, each) for each in moving.effects],
        )

    @classmethod
    def retimed(
        cls, region: Region, code: str, found: Retiming, token: str, by: Channel, why_not: str
    ) -> Self:
        """Return a booking that is to be changed for another time; `why_not` in what was meant."""
        meant = found.not_in
        return cls(
            code=code,
            before=found.before,
            shift=found.shift,
            vehicle=vehicle_of_shift(found.shift),
            added_seconds=found.added.seconds,
            added_metres=found.added.metres,
            expected="",
            effects=[EffectOut.of(region, each) for each in found.effects],
            offer=OfferOut.of(region, found.offer, token),
            told_by=by,
            not_in=None if meant is None else NotInOut.of(meant, why_not),
        )


class MovingChangedProblem(Problem):
    """What would change is no longer what was shown; or it cannot be, and `nearest` fits."""

    preview: MovingOut | None = None
    obstacle: str | None = Field(default=None, description="Stable, for programs.")
    message: str | None = Field(default=None, description="The obstacle for people.")
    late_minutes: int | None = Field(
        default=None, description="By how much the promise would be missed in this vehicle."
    )
    nearest: list["NearestOut"] | None = None
    nearest_pickup: datetime | None = Field(
        default=None, description="The nearest time at which it fits, if another one was wanted."
    )


class NearestOut(BaseModel):
    """Another tour into which a ride fits."""

    shift: str
    vehicle: str
    added_seconds: int


class ConditionsOut(BaseModel):
    """All conditions of a day, lifted or not, in the order in which they were entered."""

    day: date
    conditions: list[ConditionOut]


class UnservedOut(BaseModel):
    """A ride that no tour carries."""

    code: str
    origin: str = Field(serialization_alias="from")
    to: str
    party: PartyWire
    pickup_stop: StopOut
    dropoff_stop: StopOut
    pickup_window: WindowOut
    dropoff_latest: datetime
    cause: str | None = Field(description="The id of the condition that did it.")
    late_ride: LateRideOut | None

    @classmethod
    def of(cls, region: Region, waiting: Waiting, cause: str | None) -> Self:
        """Return an entry of the list; the times are those that were promised."""
        booking = waiting.booking
        party, promise, now = booking.ride.party, booking.ride.promise, booking.ride_now
        return cls(
            code=booking.code,
            origin=booking.origin,
            to=booking.destination,
            party=PartyWire(
                passengers=party.passengers,
                wheelchairs=party.wheelchairs,
                child_seats=party.child_seats,
            ),
            pickup_stop=StopOut.of(region, now.pickup_stop),
            dropoff_stop=StopOut.of(region, now.dropoff_stop),
            pickup_window=WindowOut(
                earliest=local_time(region, promise.pickup_earliest),
                latest=local_time(region, promise.pickup_latest),
            ),
            dropoff_latest=local_time(region, promise.dropoff_latest),
            cause=cause,
            late_ride=LateRideOut.of(region, waiting.late_ride),
        )


class UnservedListOut(BaseModel):
    """The dispatcher's list: the most urgent first."""

    day: date
    rides: list[UnservedOut]


class PlanChangedProblem(Problem):
    """What would change is no longer what was shown; `preview` is what it is now."""

    preview: ConsequencesOut | None = None
