"""What trouble makes of shifts: cut, moved, added. What lifting it does is in `undoing`."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from routing.problem import Break, HaltKind, Shift, Tour
from shuttle.errors import RequestError
from shuttle.plan import DayPlan, tick_of, vehicle_of, vehicle_of_shift
from shuttle.region import Region
from shuttle.trouble.conditions import Duty, ShiftSet, VehicleOut

Rests = tuple[tuple[int, int, int], ...]


def with_duties(
    disturbance: VehicleOut | ShiftSet, plan: DayPlan, now: int
) -> VehicleOut | ShiftSet:
    """Return a disturbance of shifts with what they become.

    Raises
    ------
    RequestError
        ``shift_begun``, ``shift_overlaps``, ``unknown_shift``, ``out_of_service``,
        ``nothing_to_change``.
    """
    if isinstance(disturbance, ShiftSet):
        duty = _set(disturbance, plan, now)
        _refuse_overlap(duty, plan)
        _refuse_outage(disturbance, plan)
        known = (each.shift for each in plan.tours if each.shift.id == disturbance.shift)
        was = next(((shift.start, shift.end) for shift in known), None)
        return replace(disturbance, duties=(duty,), was=was)
    duties = tuple(
        duty
        for number, tour in enumerate(plan.tours)
        if vehicle_of(tour) == disturbance.vehicle
        and disturbance.begin < tour.shift.end
        and tour.shift.start < disturbance.end
        and now < tour.shift.end
        for duty in _without(disturbance, plan, number, now)
    )
    if not duties:
        raise RequestError(
            "nothing_to_change",
            "vehicle",
            f"Vehicle {disturbance.vehicle} has no shift at that time; nothing has to be done.",
        )
    return replace(disturbance, duties=duties)


def taken(tour: Tour) -> int:
    """Return how many breaks of a tour are over or being driven to."""
    return sum(halt.kind is HaltKind.BREAK for halt in tour.halts[: tour.fixed])


def rests_taken(tour: Tour) -> Rests:
    """Return the breaks of a tour that are over or being driven to; one may be before its shift."""
    return _rests(tour.shift.breaks[: taken(tour)])


def aboard(tour: Tour) -> dict[str, int]:
    """Return who sits in the vehicle of a tour, and when each got on."""
    found: dict[str, int] = {}
    for halt in tour.halts[: tour.served]:
        if halt.kind is HaltKind.PICKUP:
            found[halt.trip] = halt.earliest
        elif halt.kind is HaltKind.DROPOFF:
            del found[halt.trip]
    return found


def has_broken_down(disturbance: object, tour: Tour, now: int) -> bool:
    """Whether the vehicle of a tour, which is under way, stands from now on."""
    return (
        isinstance(disturbance, VehicleOut)
        and vehicle_of(tour) == disturbance.vehicle
        and disturbance.begin <= now < disturbance.end
        and tour.shift.start <= now < tour.shift.end
    )


def _without(out: VehicleOut, plan: DayPlan, number: int, now: int) -> Iterable[Duty]:
    """Yield what is left of a shift while its vehicle is out: a part before, a part behind."""
    tour = plan.tours[number]
    shift, whole = tour.shift, duty_of(plan.region, tour.shift)
    begin = max(out.begin, now)
    if begin <= shift.start:
        over = rests_taken(tour)
        if out.end >= shift.end:
            yield replace(whole, end=shift.start, breaks=over)
        else:
            rests = _rests(_later(shift.breaks[len(over) :], out.end, shift.end))
            yield replace(whole, begin=out.end, breaks=(*over, *rests))
        return
    if has_broken_down(out, tour, now):
        stop, stands = _standing(out, plan, number, now)
        served = tour.halts[: tour.served]
        before = [*shift.breaks[: sum(halt.kind is HaltKind.BREAK for halt in served)]]
        yield replace(whole, end=stands, breaks=_rests(before), to_stop=stop)
        again = max(out.end, stands)
    else:
        stop, done, again = out.stop, taken(tour), out.end
        before = [*shift.breaks[:done], *_sooner(shift.breaks[done:], now, begin)]
        yield replace(whole, end=begin, breaks=_rests(before), to_stop=stop)
    if again < shift.end:
        rests = _rests(_later(shift.breaks[len(before) :], again, shift.end))
        name = new_id(plan, out.vehicle, again)
        yield Duty(name, out.vehicle, again, shift.end, rests, stop)


def _standing(out: VehicleOut, plan: DayPlan, number: int, now: int) -> tuple[str | None, int]:
    """Return the stop where a vehicle stands, None at its depot, and from when.

    Whoever rests with people on board rests where somebody got on or off last.
    """
    tour, region = plan.tours[number], plan.region
    begun = tour.halts[: max(tour.served, 1)]
    last = begun[-1]
    where = next(halt for halt in reversed(begun) if halt.trip) if aboard(tour) else last
    here = region.stop_at(where.place)
    stop = out.stop if out.stop is not None else (here.id if here else None)
    return stop, max(tick_of(now), last.earliest + last.service)


def _set(wanted: ShiftSet, plan: DayPlan, now: int) -> Duty:
    if wanted.shift is None:
        if wanted.begin < now:
            raise RequestError("already_over", "from", "A new shift begins now or later.")
        name = new_id(plan, wanted.vehicle, wanted.begin)
        return Duty(name, wanted.vehicle, wanted.begin, wanted.end, wanted.breaks or ())
    tour = next((each for each in plan.tours if each.shift.id == wanted.shift), None)
    if tour is None or vehicle_of(tour) != wanted.vehicle:
        raise RequestError(
            "unknown_shift", "shift", f"Vehicle {wanted.vehicle} has no shift {wanted.shift!r}."
        )
    shift = tour.shift
    if now >= shift.end:
        raise RequestError("already_over", "shift", "This shift is over; enter a new one.")
    if now >= shift.start and wanted.begin != shift.start:
        raise RequestError(
            "shift_begun",
            "from",
            f"This shift has begun at {_clock(plan.region, shift.start)}; only its end can change.",
        )
    if wanted.begin != shift.start and wanted.begin < now:
        raise RequestError("already_over", "from", "A shift cannot begin in the past.")
    done = taken(tour)
    coming = shift.breaks[done:] if wanted.breaks is None else ()
    kept = _rests(
        (*shift.breaks[:done], *_sooner(_later(coming, wanted.begin, wanted.end), now, wanted.end))
    )
    whole = duty_of(plan.region, shift)
    return replace(
        whole, begin=wanted.begin, end=wanted.end, breaks=(*kept, *(wanted.breaks or ()))
    )


def _refuse_overlap(duty: Duty, plan: DayPlan) -> None:
    for tour in plan.tours:
        other = tour.shift
        apart = duty.end <= other.start or other.end <= duty.begin or other.start == other.end
        if vehicle_of_shift(other.id) == duty.vehicle and other.id != duty.shift and not apart:
            raise RequestError(
                "shift_overlaps",
                "vehicle",
                f"Vehicle {duty.vehicle} has a shift from {_clock(plan.region, other.start)} to "
                f"{_clock(plan.region, other.end)} already; name it in shift to change it.",
            )


def _refuse_outage(wanted: ShiftSet, plan: DayPlan) -> None:
    for each in plan.conditions:
        out = each.disturbance
        if (
            isinstance(out, VehicleOut)
            and out.vehicle == wanted.vehicle
            and each.lifted_at is None
            and wanted.begin < out.end
            and max(out.begin, each.entered_at) < wanted.end
        ):
            raise RequestError(
                "out_of_service",
                "vehicle",
                f"Vehicle {out.vehicle} is out of service from {_clock(plan.region, out.begin)} to "
                f"{_clock(plan.region, out.end)}; lift that, or choose other hours.",
            )


def duty_of(region: Region, shift: Shift) -> Duty:
    """Return a shift as the duty that it is."""
    first, last = region.stop_at(shift.start_place), region.stop_at(shift.end_place)
    return Duty(
        shift.id,
        vehicle_of_shift(shift.id),
        shift.start,
        shift.end,
        _rests(shift.breaks),
        None if first is None else first.id,
        None if last is None else last.id,
    )


def _rests(breaks: Iterable[Break]) -> Rests:
    return tuple((each.earliest, each.latest, each.duration) for each in breaks)


def _sooner(breaks: Iterable[Break], now: int, end: int) -> list[Break]:
    """Return the breaks that can be over by a time; the driver of a standing vehicle rests."""
    return [
        replace(each, latest=min(each.latest, end - each.duration))
        for each in breaks
        if max(each.earliest, now) + each.duration <= end
    ]


def _later(breaks: Iterable[Break], begin: int, end: int) -> list[Break]:
    """Return the breaks that can still be taken from a time on."""
    return [
        replace(each, earliest=max(each.earliest, begin))
        for each in breaks
        if max(each.earliest, begin) <= min(each.latest, end - each.duration)
    ]


def new_id(plan: DayPlan, vehicle: str, begin: int, more: Collection[str] = ()) -> str:
    """Return an id for another shift of a vehicle, unlike all others and some `more`."""
    known = {*more, *(tour.shift.id for tour in plan.tours)}
    name = f"{vehicle}@{_clock(plan.region, begin)}"
    while name in known:
        name += "+"
    return name


def _clock(region: Region, time: int) -> str:
    return f"{datetime.fromtimestamp(time, region.config.zone):%H:%M}"
