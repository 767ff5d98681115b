"""A plan as the board shows it: tours halt by halt, and every ride with its promise."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil

from api.board.board_schemas import (
    BoardFigures,
    BoardHalt,
    BoardRefused,
    BoardRide,
    BoardTour,
    BoardWaiting,
)
from api.mapping.open_schemas import HALT_NAMES
from api.schemas import PartyWire, TrainOut, WindowOut
from api.times import local_time
from routing.problem import FOREVER, HaltKind
from routing.schedule import metres_of
from shuttle.answers import RefusalReason
from shuttle.booking.unmet import Unmet
from shuttle.domain import BookingStatus, Promise
from shuttle.driving.promises import Entry, figures
from shuttle.driving.timetable import Stand
from shuttle.place_names import place_name
from shuttle.plan import DayPlan, vehicle_of
from shuttle.region import Region
from shuttle.standing.standing_requests import Waiting, WaitingState
from shuttle.trouble.consequences import Planned, planned

_PAUSE = 60
"""A vehicle that stands for longer than so many seconds without anything to do waits."""


def board_tour(plan: DayPlan, number: int, stands: Sequence[Stand]) -> BoardTour:
    """Return one tour of a plan, with the places where its vehicle stands."""
    tour, region = plan.tours[number], plan.region
    vehicle = vehicle_of(tour)
    fleet = [each.id for each in region.config.vehicles]
    stops = tuple(_stops(plan, number, stands))
    return BoardTour(
        shift=tour.shift.id,
        vehicle=vehicle,
        number=fleet.index(vehicle) + 1,
        name=region.config.vehicles[fleet.index(vehicle)].name,
        begin=local_time(region, tour.shift.start),
        end=local_time(region, tour.shift.end),
        reported=tour.shift.id in plan.reports,
        locked=tour.shift.id in plan.locks,
        battery_metres=None if tour.reach >= FOREVER else tour.reach - metres_of(tour, plan.travel),
        halts=[
            _halt(plan, number, stop, before)
            for before, stop in zip((None, *stops), stops, strict=False)
        ],
    )


@dataclass(frozen=True, slots=True)
class _Stop:
    """Halts that follow each other at one place without a pause: what a stand is made of."""

    stand: Stand
    halts: range

    @property
    def first(self) -> bool:
        """Whether the vehicle has just come."""
        return self.halts.start == self.stand.halts.start

    @property
    def last(self) -> bool:
        """Whether it leaves then."""
        return self.halts.stop == self.stand.halts.stop


def _stops(plan: DayPlan, number: int, stands: Iterable[Stand]) -> Iterator[_Stop]:
    """Yield the halts of a tour, apart where the vehicle waits between two at one place."""
    halts, begins = plan.tours[number].halts, plan.compiled.halts[number]["soonest"]
    for stand in stands:
        start = stand.halts.start
        over = int(begins[start]) + halts[start].service
        for each in stand.halts[1:]:
            if int(begins[each]) > over + _PAUSE:
                yield _Stop(stand, range(start, each))
                start = each
            over = max(over, int(begins[each]) + halts[each].service)
        yield _Stop(stand, range(start, stand.halts.stop))


def _halt(plan: DayPlan, number: int, stop: _Stop, before: _Stop | None) -> BoardHalt:
    region, tour = plan.region, plan.tours[number]
    row, own = plan.compiled.halts[number], [tour.halts[each] for each in stop.halts]
    place = region.places[stop.stand.place]
    begin = int(row["soonest"][stop.halts.start])
    busy = max(int(row["soonest"][each]) + tour.halts[each].service for each in stop.halts)
    leaves = stop.stand.departure if stop.last else int(row["soonest"][stop.halts.stop])
    after = row[stop.halts.stop - 1]
    came = before is not None and stop.first
    return BoardHalt(
        kinds=list(dict.fromkeys(HALT_NAMES[halt.kind] for halt in own)),
        name=place_name(region, stop.stand.place),
        lat=place.lat,
        lon=place.lon,
        arrival=local_time(region, begin),
        busy_until=local_time(region, min(busy, leaves) if leaves > begin else busy),
        departure=local_time(region, leaves),
        rest=_rest(plan, number, stop.halts),
        slack_seconds=max(0, min(int(row[k]["deadline"] - row[k]["soonest"]) for k in stop.halts)),
        getting_on=[halt.trip for halt in own if halt.kind is HaltKind.PICKUP],
        getting_off=[halt.trip for halt in own if halt.kind is HaltKind.DROPOFF],
        people=int(after["seats"] + after["wheelchairs"]),
        metres=_metres(plan, before.stand, stop.stand) if before and came else 0,
        empty=before is None or not any(before.stand.on_board),
        served=stop.halts.stop <= tour.served,
    )


def _rest(plan: DayPlan, number: int, own: range) -> tuple[datetime, datetime] | None:
    """Return from when until when the driver rests there; from the first break to the last."""
    halts, begins = plan.tours[number].halts, plan.compiled.halts[number]["soonest"]
    breaks = [each for each in own if halts[each].kind is HaltKind.BREAK]
    if not breaks:
        return None
    end = int(begins[breaks[-1]]) + halts[breaks[-1]].service
    return local_time(plan.region, int(begins[breaks[0]])), local_time(plan.region, end)


def _metres(plan: DayPlan, before: Stand, stand: Stand) -> int:
    return int(plan.travel.metres[before.place, stand.place])


@dataclass(frozen=True, slots=True)
class RideFacts:
    """All that a ride is shown from: two that are equal are shown alike."""

    entry: Entry
    where: Planned | None
    movable: bool
    locked: bool


def ride_facts(plan: DayPlan, entries: Iterable[Entry]) -> Iterator[RideFacts]:
    """Yield what is known of each ride: its promise, and where the plan has it."""
    where = planned(plan)
    begun = {halt.trip for tour in plan.tours for halt in tour.halts[: tour.fixed]}
    for entry in entries:
        code = entry.booking.code
        movable = entry.booking.status is BookingStatus.BOOKED and code not in begun
        yield RideFacts(entry, where.get(code), movable, code in plan.locks)


def board_ride(plan: DayPlan, facts: RideFacts) -> BoardRide:
    """Return a ride as its promise stands."""
    entry, where, region = facts.entry, facts.where, plan.region
    booking = entry.booking
    ride, now, owed = booking.ride, booking.ride_now, booking.owed
    promised, holds = _window(region, owed), _window(region, now.promise)
    return BoardRide(
        code=booking.code,
        status=booking.status,
        origin=booking.origin,
        to=booking.destination,
        pickup_stop=region.stop(now.pickup_stop).label,
        dropoff_stop=region.stop(now.dropoff_stop).label,
        party=PartyWire.of(ride.party),
        pickup_window=promised,
        dropoff_latest=local_time(region, owed.dropoff_latest),
        window_now=None if holds == promised else holds,
        shift=where.shift if where else None,
        pickup=local_time(region, where.pickup) if where else None,
        dropoff=local_time(region, where.dropoff) if where else None,
        wanted=None if booking.pickup_at is None else local_time(region, booking.pickup_at),
        movable=facts.movable,
        locked=facts.locked,
        state=entry.state,
        late_minutes=-(-entry.seconds // 60),
        cause=entry.cause,
        cancelled_train=TrainOut.of(region, booking.train)
        if entry.train_cancelled and booking.train is not None
        else None,
    )


def _window(region: Region, promise: Promise) -> WindowOut:
    return WindowOut(
        earliest=local_time(region, promise.pickup_earliest),
        latest=local_time(region, promise.pickup_latest),
    )


def board_figures(
    plan: DayPlan,
    entries: Sequence[Entry],
    lengths: Iterable[tuple[int, int]],
    gap: float | None,
) -> BoardFigures:
    """Return how good a day is: rides, promises, kilometres without anybody, and what is proven.

    `lengths` are those of all tours, as from :func:`length_of`; `gap` is by which share of its cost
    the plan may at most be too dear, if that is known.
    """
    promises = figures(entries)
    metres, empty = (sum(each) for each in zip((0, 0), *lengths, strict=True))
    return BoardFigures(
        rides=len(plan.bookings),
        served=sum(each.status is BookingStatus.SERVED for each in plan.bookings.values()),
        kept=promises.kept,
        broken=promises.broken,
        at_risk=promises.at_risk,
        stranded=len(plan.stranded),
        kilometres=round(metres / 1000, 1),
        empty_kilometres=round(empty / 1000, 1),
        gap_percent=None if gap is None else _more_than_best(gap),
    )


def length_of(plan: DayPlan, stands: Sequence[Stand]) -> tuple[int, int]:
    """Return how many metres a tour has, and how many of them without anybody on board."""
    legs = [(_metres(plan, a, b), any(a.on_board)) for a, b in pairwise(stands)]
    return sum(metres for metres, _ in legs), sum(metres for metres, full in legs if not full)


def _more_than_best(gap: float) -> float:
    """Return the same share of the best possible cost, in per cent.

    Rounded up, so that no more is claimed than is proven.
    """
    return ceil(round(1000 * gap / (1 - gap), 6)) / 10


def board_waiting(region: Region, waiting: Waiting) -> BoardWaiting:
    """Return somebody on the waiting list, without whom it is."""
    request = waiting.request
    return BoardWaiting(
        code=waiting.code,
        origin=request.origin.label,
        to=request.destination.label,
        when=request.when.value,
        time=local_time(region, request.time),
        party=PartyWire.of(request.party),
        told=waiting.state is WaitingState.TOLD,
    )


def board_refused(region: Region, unmet: Iterable[Unmet]) -> list[BoardRefused]:
    """Return where rides were refused; what no plan could have served is left out."""
    reasons = {str(each) for each in RefusalReason}
    stops = {each.id: (each.lat, each.lon) for each in region.stops}
    return [
        BoardRefused(
            wanted=local_time(region, each.wanted), lat=lat, lon=lon, reason=str(each.reason)
        )
        for each in unmet
        if each.reason in reasons
        if each.origin in stops  # else the stop has been given up since
        for lat, lon in [stops[each.origin]]
    ]
