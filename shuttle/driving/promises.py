"""The promises of a day as they stand: still open, at risk, kept, broken.

Whether one is at risk follows from the plan: when its halts happen as things stand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from routing.problem import HaltKind
from shuttle.domain import Booking, BookingStatus, Cause
from shuttle.driving.driving_events import TakenBack
from shuttle.driving.facts import RIDES, boarded_before
from shuttle.events import (
    CancelledByService,
    Event,
    PromiseBroken,
    PromiseKept,
    Reinstated,
    TrainCancelled,
    TrainRunsAgain,
    VerdictCorrected,
)
from shuttle.plan import DayPlan
from shuttle.trouble.conditions import RoadClosed, Slower, VehicleOut


class PromiseState(StrEnum):
    """How a promise stands."""

    OPEN = "open"
    AT_RISK = "at_risk"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Risk:
    """As things stand a promise will be missed by so many seconds."""

    code: str
    shift: str
    seconds: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Entry:
    """How the promise of one booking stands.

    Attributes
    ----------
    booking
        Whose promise it is; its ride holds what was promised.
    state
        How it stands.
    seconds
        By how much it was or will be missed; 0 if it was kept, or the ride never was.
    cause
        Of a promise that is at risk or broken.
    train_cancelled
        Whether the train that the ride leads to or comes from does not come.
    """

    booking: Booking
    state: PromiseState
    seconds: int = 0
    cause: Cause | None = None
    train_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class PromiseFigures:
    """A day of promises in numbers; `kept_rate` is None before the first verdict."""

    promised: int
    kept: int
    broken: int
    at_risk: int
    kept_rate: float | None


def cause_of(plan: DayPlan, number: int) -> Cause:
    """Return what makes a tour late: closed or slow roads, else a vehicle.

    It is a vehicle if the tour's own reports, or if one was out: others carry its rides, or it does
    when it is back.
    """
    shift = plan.tours[number].shift
    spans = [(each.disturbance, *each.span) for each in plan.conditions]
    on_the_road = (span for each, *span in spans if isinstance(each, RoadClosed | Slower))
    if any(begin < shift.end and shift.start < end for begin, end in on_the_road):
        return Cause.ROAD
    out = any(
        isinstance(each, VehicleOut) and begin < end and begin < shift.end
        for each, begin, end in spans
    )
    return Cause.LATE_VEHICLE if out or shift.id in plan.reports else Cause.ROAD


def risks(plan: DayPlan) -> tuple[Risk, ...]:
    """Return which promises will be missed as things stand, by how much and because of what."""
    if plan.conditions:  # then rides may have other times than were promised
        return risks_of(plan, range(len(plan.tours)))
    found: list[Risk] = []
    for number in range(len(plan.tours)):
        pressed = plan.compiled.pressed(number)
        if not pressed:
            continue
        known = plan.missed.get(number)
        if known is None or known[0] is not pressed:
            # As long as no booking is amended, what is missed follows from the tour alone.
            known = plan.missed[number] = pressed, tuple(_missed_at(plan, number, pressed))
        if known[1]:
            found.extend(_told(plan, number, known[1]))
    return tuple(found)


def risks_of(plan: DayPlan, numbers: Iterable[int]) -> tuple[Risk, ...]:
    """Return the risks in some tours."""
    return tuple(risk for number in numbers for risk in _risks_of(plan, number))


def _risks_of(plan: DayPlan, number: int) -> Iterator[Risk]:
    tour = plan.tours[number]
    return _told(plan, number, _missed_at(plan, number, range(tour.served, len(tour.halts))))


def _told(plan: DayPlan, number: int, missed: Iterable[tuple[str, int]]) -> Iterator[Risk]:
    shift = plan.tours[number].shift.id
    return (Risk(code, shift, over, cause_of(plan, number)) for code, over in missed)


def _missed_at(plan: DayPlan, number: int, places: Sequence[int]) -> Iterator[tuple[str, int]]:
    """Yield whose promises some halts of a tour miss, and by how much, in the tour's order."""
    tour, row = plan.tours[number], plan.compiled.halts[number]
    begins, partners = plan.compiled.begins(number), row["partner"]
    worst: dict[str, tuple[int, int]] = {}
    dropoff = HaltKind.DROPOFF  # looked up once: before Python 3.12 that takes a while
    for k in places:
        halt = tour.halts[k]
        if halt.kind not in RIDES:
            continue
        booking = plan.bookings[halt.trip]
        promise, boarded = booking.owed, boarded_before(booking)
        pickup = int(partners[k]) if halt.kind is dropoff else k
        boarded = begins[pickup] if boarded is None else boarded
        if pickup == k:
            over = boarded - promise.pickup_latest
        else:
            aboard = begins[k] - boarded - tour.halts[pickup].service
            over = max(begins[k] - promise.dropoff_latest, aboard - promise.max_ride)
        if over > 0:
            first = pickup if pickup >= tour.served else k
            worst[halt.trip] = first, max(over, worst.get(halt.trip, (first, 0))[1])
    for code, (_, over) in sorted(worst.items(), key=lambda each: each[1][0]):
        yield code, over


def let_down_before(plan: DayPlan, events: Iterable[Event]) -> set[str]:
    """Return the codes of bookings that were given up after their promise had been broken."""
    verdicts = _verdicts(events)
    return {code for code, (_, cause) in verdicts.items() if cause and code not in plan.bookings}


def entries(
    plan: DayPlan, events: Iterable[Event], now: int, let_down: Iterable[Booking] = ()
) -> list[Entry]:
    """Return how the promise of every booking stands that was not given up by its owner.

    Parameters
    ----------
    plan
        The day as it stands.
    events
        All of the day.
    now
        Epoch seconds: who is in no tour when their window ends has been let down.
    let_down
        The bookings of :func:`let_down_before`: a broken promise counts, whatever came of it.

    Returns
    -------
    list
        In the order of the promised windows.
    """
    events = tuple(events)
    verdicts, trainless = _verdicts(events), trains_cancelled(events)
    at_risk = {risk.code: risk for risk in risks(plan)}
    for each in plan.stranded:
        at_risk[each.code] = Risk(each.code, "", 0, Cause.NO_VEHICLE)
        if each.owed.pickup_latest < now:
            verdicts.setdefault(each.code, (0, Cause.NO_VEHICLE))
    owed = (*plan.bookings.values(), *let_down)
    found = [_entry(each, verdicts, at_risk) for each in owed]
    found = [replace(e, train_cancelled=True) if e.booking.code in trainless else e for e in found]
    return sorted(found, key=lambda each: each.booking.ride.promise.pickup_earliest)


def figures(entries: Iterable[Entry]) -> PromiseFigures:
    """Return a day of promises in numbers."""
    states = [each.state for each in entries]
    kept, broken = states.count(PromiseState.KEPT), states.count(PromiseState.BROKEN)
    rate = kept / (kept + broken) if kept + broken else None
    return PromiseFigures(len(states), kept, broken, states.count(PromiseState.AT_RISK), rate)


def _entry(
    booking: Booking, verdicts: dict[str, tuple[int, Cause | None]], at_risk: dict[str, Risk]
) -> Entry:
    if booking.code in verdicts:
        seconds, cause = verdicts[booking.code]
        if cause is not None:
            return Entry(booking, PromiseState.BROKEN, seconds, cause)
        if booking.status in (BookingStatus.SERVED, BookingStatus.NO_SHOW):
            return Entry(booking, PromiseState.KEPT)
    risk = at_risk.get(booking.code)
    if risk is not None:
        return Entry(booking, PromiseState.AT_RISK, risk.seconds, risk.cause)
    return Entry(booking, PromiseState.OPEN)


def trains_cancelled(events: Iterable[Event]) -> frozenset[str]:
    """Return the codes of the bookings whose train, as they were told last, does not come."""
    codes = set[str]()
    for event in events:
        if isinstance(event, TrainCancelled):
            codes.add(event.code)
        elif isinstance(event, TrainRunsAgain):
            codes.discard(event.code)
    return frozenset(codes)


def _verdicts(events: Iterable[Event]) -> dict[str, tuple[int, Cause | None]]:
    """Return the last verdict on each booking: seconds over, and why; no cause if it was kept."""
    last: dict[str, tuple[int, Cause | None]] = {}
    before: dict[str, tuple[int, Cause | None]] = {}  # those that were called off
    for event in events:
        if isinstance(event, CancelledByService) and event.code in last:
            before[event.code] = last[event.code]
        elif isinstance(event, PromiseKept):
            last[event.code] = (0, None)
        elif isinstance(event, PromiseBroken):
            last[event.code] = (event.seconds, Cause(event.cause))
        elif isinstance(event, VerdictCorrected):
            last[event.code] = (event.seconds, Cause(event.cause) if event.seconds else None)
        elif isinstance(event, TakenBack | Reinstated):
            last.pop(event.code, None)
            if isinstance(event, Reinstated) and event.code in before:
                last[event.code] = before.pop(event.code)
    return last
