"""What trouble does to a day by itself, before anybody plans.

Shifts have other hours, ways take longer, people stand beside a vehicle that broke down, ends of
rides move away from closed stops. The order of the tours stays. The day is put together just as
it is after a restart, from records, bookings and conditions: so both are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from routing.problem import Halt, HaltKind, Shift, Tour
from shuttle.domain import Amendment, Booking, BookingStatus, Promise
from shuttle.driving.ledger import entered
from shuttle.events import Event
from shuttle.keeping.records import record_of, restored
from shuttle.plan import DayPlan, tick_of
from shuttle.region import Region
from shuttle.store import HaltRecord, StoredDay, TourRecord
from shuttle.trouble.conditions import Condition
from shuttle.trouble.consequences import Move
from shuttle.trouble.duties import aboard, has_broken_down, taken
from shuttle.trouble.region_on_day import region_on

FARTHEST_STOP = 8
"""How many times as far as people walk to a stop the one may be that stands in for a closed one;
beyond, a ride is stranded."""


@dataclass(frozen=True, slots=True)
class Imposed:
    """A day as new conditions leave it.

    Attributes
    ----------
    plan
        The day; who fell out of a tour is stranded in it.
    stood
        Ids of the shifts whose vehicle broke down.
    bookings
        Those that changed.
    events
        Who arrived because the vehicle stands where they were going.
    moves
        Ends of rides at other stops, by booking.
    """

    plan: DayPlan
    stood: frozenset[str]
    bookings: tuple[Booking, ...]
    events: tuple[Event, ...]
    moves: Mapping[str, tuple[Move, ...]]


class _Left(NamedTuple):
    """A tour that its vehicle left unfinished, and the bookings of those who sat in it."""

    record: TourRecord
    bookings: tuple[Booking, ...]
    arrived: tuple[str, ...]


def imposed(
    region: Region, plan: DayPlan, conditions: Sequence[Condition], new: Condition, now: int
) -> Imposed:
    """Return a day under other conditions than before.

    Parameters
    ----------
    region
        Without any.
    plan
        The day as it stands now.
    conditions
        All of the day, `new` among them.
    new
        The one that is entered or lifted.
    now
        Epoch seconds.
    """
    there = region_on(region, conditions)
    shifts = {shift.id: shift for shift in there.shifts(plan.day)}
    broken = new.disturbance if new.lifted_at is None else None
    records: list[TourRecord] = []
    bookings = dict(plan.bookings)
    arrived: list[str] = []
    stood = set()
    for number, tour in enumerate(plan.tours):
        shift = shifts[tour.shift.id]
        if has_broken_down(broken, tour, now):
            left = _left(there, plan, tour, new, now)
            bookings |= {each.code: each for each in left.bookings}
            arrived += left.arrived
            stood.add(shift.id)
            records.append(left.record)
        else:
            record = _not_home_yet(_begun(record_of(tour), shift), tour, shift)
            records.append(_with_breaks(record, plan, number, shift))
    moves = _moves(there, bookings)
    gone = {code for code, each in moves.items() if not each}
    moves = {code: each for code, each in moves.items() if each}
    bookings |= {code: _moved(bookings[code], each) for code, each in moves.items()}
    kept = [_without(_turned_round(record, moves), gone) for record in records]
    stored = StoredDay(plan.revision, tuple(kept), tuple(bookings.values()), tuple(conditions))
    faced = replace(
        restored(region, plan.day, stored),
        reports=plan.reports,
        warned=plan.warned,
        locks=plan.locks,
    )
    changed = {code: each for code, each in bookings.items() if each != plan.bookings[code]}
    events: list[Event] = []
    for code in arrived:
        tour, halt = _dropoff(faced, code)
        changed[code], happened = entered(bookings[code], halt, tour)
        events += happened
    faced = faced.with_bookings(*changed.values())
    return Imposed(faced, frozenset(stood), tuple(changed.values()), tuple(events), moves)


# -------------------------------------------------------------------------- a vehicle that stands


def _left(region: Region, plan: DayPlan, tour: Tour, new: Condition, now: int) -> _Left:
    """Return a tour that ends where its vehicle stands, and those on board beside it."""
    duty = next(each for each in new.duties if each.shift == tour.shift.id)
    record = record_of(tour)
    boarded = aboard(tour)
    here = [code for code in boarded if _goes_to(plan, code) == duty.to_stop]
    stay = [code for code in boarded if code not in here]
    halts = [halt for halt in record.halts[: tour.served] if halt.trip not in stay]
    halts += [HaltRecord(HaltKind.DROPOFF, code, now) for code in here]
    halts.append(HaltRecord(HaltKind.END, time=duty.end))
    over = len(halts)
    waiting = tuple(
        beside(region, plan.bookings[code], duty.to_stop, boarded[code], now) for code in stay
    )
    ended = replace(record, halts=tuple(halts), fixed=over, served=over, ready=tick_of(now))
    return _Left(ended, waiting, tuple(here))


def _goes_to(plan: DayPlan, code: str) -> str:
    return plan.bookings[code].ride_now.dropoff_stop


def beside(region: Region, booking: Booking, stop: str | None, boarded: int, now: int) -> Booking:
    """Return the booking of somebody who got off where the vehicle stands, and wants to go on."""
    assert stop is not None, "nobody is on board at a depot"
    ride, begin = booking.ride_now, tick_of(now)
    way = region.travel.seconds[region.place_of(stop), region.place_of(ride.dropoff_stop)]
    last = ride.promise.dropoff_latest - region.config.rules.halt_seconds - int(way)
    times = replace(ride.promise, pickup_earliest=begin, pickup_latest=max(begin, last))
    before = booking.amendment.boarded if booking.amendment else None
    since = boarded if before is None else before
    amendment = Amendment(stop, ride.dropoff_stop, times, since, booking.held)
    return replace(booking, status=BookingStatus.BOOKED, amendment=amendment)


def _dropoff(plan: DayPlan, code: str) -> tuple[Tour, Halt]:
    number = plan.tour_of(code)
    assert number is not None, "whoever has arrived is in the tour"
    tour = plan.tours[number]
    halts = (each for each in tour.halts if each.trip == code and each.kind is HaltKind.DROPOFF)
    return tour, next(halts)


# ------------------------------------------------------------------------------ shifts of its own


def _begun(record: TourRecord, shift: Shift) -> TourRecord:
    """Return a tour that has not begun with the begin that its shift has now."""
    if record.served:
        return record
    return replace(record, halts=(replace(record.halts[0], time=shift.start), *record.halts[1:]))


def _not_home_yet(record: TourRecord, tour: Tour, shift: Shift) -> TourRecord:
    """Return a tour with other hours whose vehicle no longer drives home, if it did."""
    if (tour.shift.end, len(tour.shift.breaks)) == (shift.end, len(shift.breaks)):
        return record
    home = len(record.halts) - 1
    return replace(record, fixed=min(record.fixed, home), served=min(record.served, home))


def _with_breaks(record: TourRecord, plan: DayPlan, number: int, shift: Shift) -> TourRecord:
    """Return a tour with the breaks of its shift.

    Those that are over or being driven to stay. If the others are not as many as before, each
    comes where nobody is on board, as soon as it may begin.
    """
    tour = plan.tours[number]
    if len(tour.shift.breaks) == len(shift.breaks):
        return record
    begins = plan.compiled.halts[number]["soonest"].tolist()
    coming = list(shift.breaks[taken(tour) :])
    halts: list[HaltRecord] = []
    riding = 0
    for k, halt in enumerate(record.halts):
        if k >= record.fixed and halt.kind == HaltKind.BREAK:
            continue
        ends = halt.kind == HaltKind.END
        while (
            coming and k >= record.fixed and not riding and (ends or begins[k] > coming[0].earliest)
        ):
            halts.append(HaltRecord(HaltKind.BREAK))
            del coming[0]
        halts.append(halt)
        riding += (halt.kind == HaltKind.PICKUP) - (halt.kind == HaltKind.DROPOFF)
    return replace(record, halts=tuple(halts))


# ---------------------------------------------------------------------------------- closed stops


def _moves(region: Region, bookings: Mapping[str, Booking]) -> dict[str, tuple[Move, ...]]:
    """Return the ends of rides that have to be elsewhere; none where nothing near is open."""
    found: dict[str, tuple[Move, ...]] = {}
    for code, booking in bookings.items():
        if booking.status not in (BookingStatus.BOOKED, BookingStatus.ON_BOARD):
            continue
        ride = booking.ride_now
        moves: list[Move] = []
        stops = {"pickup": ride.pickup_stop, "dropoff": ride.dropoff_stop}
        riding = booking.status is BookingStatus.ON_BOARD
        for end, latest in _ends(ride.promise):
            window = ride.promise.pickup_earliest, latest
            if (riding and end == "pickup") or not region.closed(
                region.place_of(stops[end]), *window
            ):
                continue
            move = _nearest_open(region, end, stops, window)
            if move is None:
                found[code] = ()
                break
            moves.append(move)
            stops[end] = move.to_stop
        else:
            if moves:
                found[code] = tuple(moves)
    return found


def _ends(times: Promise) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("pickup", times.pickup_latest), ("dropoff", times.dropoff_latest)


def _nearest_open(
    region: Region, end: str, stops: Mapping[str, str], window: tuple[int, int]
) -> Move | None:
    closed = region.stop(stops[end])
    for place, metres in region.walkable_stops(closed.lat, closed.lon, FARTHEST_STOP):
        stop = region.stops[place].id
        if stop not in stops.values() and not region.closed(place, *window):
            return Move(end, closed.id, stop, metres)
    return None


def _moved(booking: Booking, moves: Sequence[Move]) -> Booking:
    ride = booking.ride_now
    stops = {move.end: move.to_stop for move in moves}
    amendment = Amendment(
        stops.get("pickup", ride.pickup_stop),
        stops.get("dropoff", ride.dropoff_stop),
        ride.promise,
        booking.amendment.boarded if booking.amendment else None,
        booking.held,
    )
    return replace(booking, amendment=amendment)


def _turned_round(record: TourRecord, moves: Mapping[str, tuple[Move, ...]]) -> TourRecord:
    """Return a tour whose vehicle no longer drives to a stop that was moved."""
    fixed = next(
        (
            k
            for k in range(record.served, record.fixed)
            if any(
                _end_of(record.halts[k]) == move.end for move in moves.get(record.halts[k].trip, ())
            )
        ),
        record.fixed,
    )
    return replace(record, fixed=max(fixed, 1))


def _end_of(halt: HaltRecord) -> str:
    return {HaltKind.PICKUP: "pickup", HaltKind.DROPOFF: "dropoff"}.get(HaltKind(halt.kind), "")


def _without(record: TourRecord, codes: set[str]) -> TourRecord:
    """Return a tour without rides that have not begun; whoever sits in the vehicle stays."""
    begun = {halt.trip for halt in record.halts[: record.served] if halt.trip}
    leaving = codes - begun
    if not any(halt.trip in leaving for halt in record.halts):
        return record
    driven_to = (k for k in range(record.fixed) if record.halts[k].trip in leaving)
    halts = tuple(halt for halt in record.halts if halt.trip not in leaving)
    return replace(record, halts=halts, fixed=next(driven_to, record.fixed))
