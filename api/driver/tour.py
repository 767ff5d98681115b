"""What a driver's phone asks for again and again: the tour of its shift."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain

from fastapi import APIRouter, Request, Response

from api.documents import Document
from api.driver.first_names import first_name
from api.driver.sketches import sketch_address
from api.driver.tour_schemas import HaltOfDriver, HaltOut, PartyOut, ShiftTourOut
from api.mapping.tours import plan_of
from api.problems import answers
from api.security import DayOfShift, ShiftId
from api.service import ServiceHere
from api.times import local_time
from routing.problem import HaltKind, Tour
from routing.schedule import ScheduledHalt, timetable
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus
from shuttle.driving.reports import Report, ReportKind, standing
from shuttle.driving.rolling import arrival
from shuttle.errors import UnknownShift
from shuttle.place_names import place_name
from shuttle.plan import DayPlan, vehicle_of

router = APIRouter(prefix="/api/v1", tags=["driving"])

TIME_HEADER = "Service-Time"
"""What the service's clock shows, so that a phone with a wrong one reports the right times."""

_KINDS: dict[HaltKind, HaltOfDriver] = {
    HaltKind.START: "start",
    HaltKind.BREAK: "break",
    HaltKind.END: "end",
}

_AT_WORK = frozenset(ReportKind) - {
    ReportKind.ACKNOWLEDGED,
    ReportKind.BREAK_STARTED,
    ReportKind.ENDED,
}
"""Who reports one of these has no break any more, even if they forgot to say so."""


@router.get(
    "/shifts/{day}/{shift}/tour", responses=answers(404, 422, 503), response_model=ShiftTourOut
)
def tour_of_shift(
    request: Request, day: DayOfShift, shift: ShiftId, service: ServiceHere
) -> Response:
    """Return a shift's halts in order, with first names, aids, fares and the way to each halt.

    Only for its driver and for dispatchers. The ETag changes when anything does; the header
    Service-Time tells the time.
    """
    plan = plan_of(service, day)
    answer = _document(service.dispatcher, plan, shift).answer(request)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers[TIME_HEADER] = local_time(plan.region, service.clock()).isoformat()
    return answer


@lru_cache(maxsize=64)
def _document(dispatcher: Dispatcher, plan: DayPlan, shift: str) -> Document:
    tour = next((each for each in plan.tours if each.shift.id == shift), None)
    if tour is None:
        raise UnknownShift(plan.day, shift)
    return Document.of(_Described(dispatcher, plan, tour).out())


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring halts at one place; a break, the start and the end are each for themselves."""

    first: int
    halts: tuple[ScheduledHalt, ...]

    @property
    def place(self) -> int:
        return self.halts[0].halt.place

    @property
    def kind(self) -> HaltOfDriver:
        return _KINDS.get(self.halts[0].halt.kind, "stop")

    def codes(self, kind: HaltKind) -> list[str]:
        return [each.halt.trip for each in self.halts if each.halt.kind is kind]


def _groups(plan: DayPlan, tour: Tour) -> Iterator[_Group]:
    """Give the halts of a tour, those at one place together."""
    own = [HaltKind.PICKUP, HaltKind.DROPOFF]
    together: list[ScheduledHalt] = []
    scheduled = timetable(tour, plan.travel)
    for number, each in enumerate(scheduled):
        together.append(each)
        after = scheduled[number + 1].halt if number + 1 < len(scheduled) else None
        if (
            after is None
            or each.halt.kind not in own
            or after.kind not in own
            or plan.region.number_of(after.place) != plan.region.number_of(each.halt.place)
        ):
            yield _Group(number + 1 - len(together), tuple(together))
            together = []


@dataclass(frozen=True, slots=True)
class _Described:
    """A tour that is put into words for its driver."""

    dispatcher: Dispatcher
    plan: DayPlan
    tour: Tour

    @property
    def reports(self) -> Sequence[Report]:
        """In the order in which things happened."""
        told = standing(self.plan.reports.get(self.tour.shift.id, ()))
        return sorted(told, key=lambda each: each.time)

    def time(self, epoch: int | None) -> datetime | None:
        return None if epoch is None else self.sure(epoch)

    def sure(self, epoch: int) -> datetime:
        return local_time(self.plan.region, epoch)

    def out(self) -> ShiftTourOut:
        vehicles = self.plan.region.config.vehicles
        number = [each.id for each in vehicles].index(vehicle_of(self.tour))
        shift = self.tour.shift
        groups = list(_groups(self.plan, self.tour))
        return ShiftTourOut(
            day=self.plan.day,
            shift=shift.id,
            vehicle=vehicles[number].name,
            number=number + 1,
            electric=vehicles[number].electric,
            begin=self.sure(shift.start),
            end=self.sure(shift.end),
            started=self.time(self._told(ReportKind.STARTED)),
            ended=self.time(self._told(ReportKind.ENDED)),
            resting_since=self.time(self._resting_since()),
            odometer=max((each.odometer or 0 for each in self.reports), default=0) or None,
            halts=[
                self._halt(group, before)
                for group, before in zip(groups, chain([None], groups), strict=False)
            ],
        )

    def _told(self, kind: ReportKind) -> int | None:
        return next((each.time for each in self.reports if each.kind is kind), None)

    def _resting_since(self) -> int | None:
        since = None
        for each in self.reports:
            if each.kind is ReportKind.BREAK_STARTED:
                since = each.time
            elif each.kind in _AT_WORK:
                since = None
        return since

    def _halt(self, group: _Group, before: _Group | None) -> HaltOut:
        region = self.plan.region
        stop = region.stop_at(group.place)
        here = region.places[group.place]
        came_from = group.place if before is None else before.place
        on, off = (group.codes(kind) for kind in (HaltKind.PICKUP, HaltKind.DROPOFF))
        getting_on = [self._party(self.plan.bookings[code], on=True) for code in on]
        getting_off = [
            self._party(booking, on=False)
            for booking in (self.plan.bookings[code] for code in off)
            if booking.status is not BookingStatus.NO_SHOW
        ]
        return HaltOut(
            kind=group.kind,
            name=place_name(region, group.place) if stop is None else stop.name,
            village="" if stop is None or stop.village in stop.name else stop.village,
            lat=here.lat,
            lon=here.lon,
            sketch=sketch_address(self.plan, came_from, group.place),
            leave=None if before is None else self.sure(before.halts[-1].departure),
            arrival=self.sure(group.halts[0].begin),
            arrived=self._arrived(group),
            minutes=group.halts[0].halt.service // 60 if group.kind == "break" else 0,
            done=self._done(group),
            getting_on=getting_on,
            getting_off=getting_off,
        )

    def _arrived(self, group: _Group) -> datetime | None:
        if group.first > self.tour.served:
            return None  # a report about people who get off later speaks of where they got on
        places = range(group.first, group.first + len(group.halts))
        told = [arrival(self.tour, each, self.reports) for each in places]
        return self.time(min((each for each in told if each is not None), default=None))

    def _done(self, group: _Group) -> bool:
        """Whether nothing is left to do; for rides their own status says so."""
        served = group.first + len(group.halts) <= self.tour.served
        if group.kind == "start":
            return served or self._told(ReportKind.STARTED) is not None
        if group.kind == "end":
            return self._told(ReportKind.ENDED) is not None
        if group.kind == "break":
            resting = self._resting_since()
            return served and group.halts[0].begin != resting
        return served

    def _party(self, booking: Booking, *, on: bool) -> PartyOut:
        contact = self.dispatcher.store.contact(booking.code)
        ride = booking.ride_now
        promise, party = ride.promise, ride.party
        return PartyOut(
            code=booking.code,
            name="" if contact is None else first_name(contact.name),
            passengers=party.passengers,
            wheelchairs=party.wheelchairs,
            child_seats=party.child_seats,
            status=booking.status,
            walk_metres=ride.walk_to_pickup if on else ride.walk_from_dropoff,
            cents=ride.fare_cents if on else 0,
            earliest=self.sure(promise.pickup_earliest) if on else None,
            latest=self.sure(promise.pickup_latest if on else promise.dropoff_latest),
        )
