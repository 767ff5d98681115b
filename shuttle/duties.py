"""What trouble makes of shifts: cut, moved, added; and what they are again when it is over."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from routing.problem import Break, HaltKind, Shift, Tour
from shuttle.conditions import Condition, Duty, ShiftSet, VehicleOut
from shuttle.errors import RequestError
from shuttle.plan import DayPlan, tick_of, vehicle_of, vehicle_of_shift
from shuttle.region import Region

Rests = tuple[tuple[int, int, int], ...]


def with_duties(
    disturbance: VehicleOut | ShiftSet, plan: DayPlan, now: int
) -> VehicleOut | ShiftSet:
    """Return a disturbance of shifts with what they become.

    Raises
    ------
    RequestError
        ``shift_begun``, ``shift_overlaps``, ``unknown_shift``, ``nothing_to_change``.
    """
    if isinstance(disturbance, ShiftSet):
        duty = _set(disturbance, plan, now)
        _refuse_overlap(duty, plan)
        return replace(disturbance, duties=(duty,))
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


def duties_after(condition: Condition, plan: DayPlan, before: Region, now: int) -> tuple[Duty, ...]:
    """Return what shifts are when a condition is lifted.

    Parameters
    ----------
    condition
        What is lifted.
    plan
        The day under it.
    before
        The region without it.
    now
        Epoch seconds.

    Raises
    ------
    RequestError
        ``shift_begun``: it has begun and cannot be undone; new hours can be entered.
    """
    usual = {shift.id: shift for shift in before.shifts(plan.day)}
    if isinstance(condition.disturbance, VehicleOut):
        return tuple(_back(condition.disturbance, plan, usual, now))
    if isinstance(condition.disturbance, ShiftSet):
        return tuple(
            duty
            for each in condition.duties
            for duty in _undone(each, plan, usual.get(each.shift), now)
        )
    return ()


def taken(tour: Tour) -> int:
    """Return how many breaks of a tour are over or being driven to."""
    return sum(halt.kind is HaltKind.BREAK for halt in tour.halts[: tour.fixed])


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
    shift, whole = tour.shift, _duty(plan.region, tour.shift)
    begin = max(out.begin, now)
    if begin <= shift.start:
        if out.end >= shift.end:
            yield replace(whole, end=shift.start, breaks=())
        else:
            rests = _rests(_later(shift.breaks, out.end, shift.end))
            yield replace(whole, begin=out.end, breaks=rests)
        return
    if has_broken_down(out, tour, now):
        stop, stands = _standing(out, plan, number, now)
        served = tour.halts[: tour.served]
        before = [*shift.breaks[: sum(halt.kind is HaltKind.BREAK for halt in served)]]
        yield replace(whole, end=stands, breaks=_rests(before), to_stop=stop)
    else:
        stop, done = out.stop, taken(tour)
        before = [*shift.breaks[:done], *_sooner(shift.breaks[done:], now, begin)]
        yield replace(whole, end=begin, breaks=_rests(before), to_stop=stop)
    if out.end < shift.end:
        rests = _rests(_later(shift.breaks[len(before) :], out.end, shift.end))
        name = _new_id(plan, out.vehicle, out.end)
        yield Duty(name, out.vehicle, out.end, shift.end, rests, stop)


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
        name = _new_id(plan, wanted.vehicle, wanted.begin)
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
    whole = _duty(plan.region, shift)
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


def _back(out: VehicleOut, plan: DayPlan, usual: dict[str, Shift], now: int) -> Iterable[Duty]:
    """Yield what shifts are when a vehicle comes back: it works on from now where it stands."""
    if now < out.begin:  # as if it had never been; a part that was to come back stays, empty
        yield from (
            replace(duty, end=duty.begin, breaks=())
            for duty in out.duties
            if duty.shift not in usual
        )
        return
    begin = tick_of(now)
    parts = {duty.end for duty in out.duties if duty.shift not in usual}
    for duty in out.duties:
        shift = usual.get(duty.shift)
        if shift is not None and now < shift.start:
            continue
        if now < duty.begin:
            yield replace(duty, begin=begin)
            continue
        yield duty
        if shift is not None and now < shift.end and shift.end not in parts:
            rests = _rests(_later(shift.breaks[len(duty.breaks) :], begin, shift.end))
            name = _new_id(plan, out.vehicle, begin)
            yield Duty(name, out.vehicle, begin, shift.end, rests, duty.to_stop)


def _undone(duty: Duty, plan: DayPlan, usual: Shift | None, now: int) -> Iterable[Duty]:
    tour = next(each for each in plan.tours if each.shift.id == duty.shift)
    begun = now >= tour.shift.start
    if usual is None:
        if begun:
            raise _begun()
        yield replace(duty, end=duty.begin, breaks=())
        return
    done = taken(tour)
    same = tour.shift.breaks[:done] == usual.breaks[:done] and tour.shift.start == usual.start
    if now >= usual.end or (begun and not same) or (not begun and usual.start < now):
        raise _begun()


def _begun() -> RequestError:
    return RequestError(
        "shift_begun", "id", "This shift has begun; enter the hours it is to have instead."
    )


def _duty(region: Region, shift: Shift) -> Duty:
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


def _new_id(plan: DayPlan, vehicle: str, begin: int) -> str:
    name = f"{vehicle}@{_clock(plan.region, begin)}"
    while any(tour.shift.id == name for tour in plan.tours):
        name += "+"
    return name


def _clock(region: Region, time: int) -> str:
    return f"{datetime.fromtimestamp(time, region.config.zone):%H:%M}"
