"""What shifts are when trouble is lifted: as all that is still in force makes them from now on.

What has happened stays. The vehicle's usual hours and everything entered about them are replayed
without what is lifted; the shift that is under way gets the end that comes of it, and those to
come are moved, added or emptied.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from routing.problem import Shift, Tour
from shuttle.errors import RequestError
from shuttle.plan import DayPlan, tick_of, vehicle_of, vehicle_of_shift
from shuttle.trouble.conditions import Condition, Duty, ShiftSet, VehicleOut
from shuttle.trouble.duties import Rests, duty_of, new_id, rests_taken

Span = tuple[int, int]

Rest = tuple[int, int, int]
"""Earliest begin, latest begin and length of a break."""


def duties_after(
    condition: Condition,
    others: Sequence[Condition],
    plan: DayPlan,
    usual: Iterable[Shift],
    now: int,
) -> tuple[Duty, ...]:
    """Return what all shifts of a vehicle are when a condition is lifted.

    Parameters
    ----------
    condition
        What is lifted.
    others
        The other conditions of the day.
    plan
        The day under it.
    usual
        The shifts of the day without any condition.
    now
        Epoch seconds.

    Raises
    ------
    RequestError
        ``shift_begun``: it has begun and cannot be undone; new hours can be entered.
    """
    lifted = condition.disturbance
    if not isinstance(lifted, VehicleOut | ShiftSet):
        return ()
    own = [each for each in usual if vehicle_of_shift(each.id) == lifted.vehicle]
    changes = [
        each.disturbance
        for each in others
        if each.lifted_at is None
        and isinstance(each.disturbance, VehicleOut | ShiftSet)
        and each.disturbance.vehicle == lifted.vehicle
    ]
    return tuple(_Replay(lifted, own, changes, plan, now).duties())


class _Replay:
    """The hours and breaks of a vehicle from now on, handed out to its shifts."""

    def __init__(
        self,
        lifted: VehicleOut | ShiftSet,
        usual: Sequence[Shift],
        changes: Sequence[VehicleOut | ShiftSet],
        plan: DayPlan,
        now: int,
    ) -> None:
        tours = (each for each in plan.tours if vehicle_of(each) == lifted.vehicle)
        self._tours = sorted(tours, key=lambda each: each.shift.start)
        self._lifted, self._plan = lifted, plan
        self._now, self._tick = now, tick_of(now)
        self._stands = {
            each.begin: each.stop for each in changes if isinstance(each, VehicleOut) and each.stop
        }
        self._hours = [each for each in _hours(usual, changes) if each[1] > now]
        self._rests = _rests(usual, changes)
        self._where: str | None = None
        self._soonest = self._tick

    def duties(self) -> Iterable[Duty]:
        """Yield what each shift is, those that are over too."""
        begun = [each for each in self._tours if each.shift.start <= self._tick]
        for rest in (rest for tour in self._tours for rest in rests_taken(tour)):
            self._rests = _without_one(self._rests, rest)
        for tour in begun:
            duty = duty_of(self._plan.region, tour.shift)
            if self._now < tour.shift.end:
                duty = self._going_on(duty, tour)
            if duty.begin < duty.end:
                self._where, self._soonest = duty.to_stop, max(self._soonest, duty.end)
            yield duty
        yield from self._to_come([each for each in self._tours if each not in begun])

    def _going_on(self, duty: Duty, tour: Tour) -> Duty:
        """Return the shift that is under way with the end that it has now."""
        if not self._hours or self._hours[0][0] > self._tick:
            if isinstance(self._lifted, VehicleOut):  # it is about to stand for another reason
                return duty
            raise RequestError(
                "shift_begun", "id", "This shift has begun; enter the hours it is to have instead."
            )
        _, end = self._hours.pop(0)
        rests = (*rests_taken(tour), *self._taking(self._tick, end))
        return replace(duty, end=end, breaks=rests, to_stop=self._stands.get(end))

    def _to_come(self, free: list[Tour]) -> Iterable[Duty]:
        """Yield the shifts that begin later: one for each span, and what is left over, empty."""
        vehicle = self._lifted.vehicle
        new: list[str] = []
        for begin, end in ((max(each[0], self._soonest), each[1]) for each in self._hours):
            if begin >= end:
                continue
            tour = next((each for each in free if _meets(each.shift, begin, end)), None)
            done: Rests = ()
            if tour is None:
                name = new_id(self._plan, vehicle, begin, new)
                new.append(name)
            else:
                free.remove(tour)
                name, done = tour.shift.id, rests_taken(tour)
            rests, where = (*done, *self._taking(begin, end)), self._where
            self._where = self._stands.get(end)
            yield Duty(name, vehicle, begin, end, rests, where, self._where)
        for tour in free:
            duty = duty_of(self._plan.region, tour.shift)
            yield replace(duty, end=duty.begin, breaks=rests_taken(tour))

    def _taking(self, begin: int, end: int) -> Rests:
        """Return the breaks that can be taken within a span; none is taken twice."""
        fitting = [
            each for each in self._rests if max(each[0], begin) <= min(each[1], end - each[2])
        ]
        self._rests = [each for each in self._rests if each not in fitting]
        return tuple(
            (max(first, begin), min(last, end - seconds), seconds)
            for first, last, seconds in fitting
        )


def _hours(usual: Iterable[Shift], changes: Sequence[VehicleOut | ShiftSet]) -> list[Span]:
    """Return when a vehicle is to work, in order and apart."""
    spans = [(shift.start, shift.end) for shift in usual]
    for each in changes:
        if isinstance(each, ShiftSet):
            spans = [*_cut(spans, each.was), (each.begin, each.end)]
    for each in changes:
        if isinstance(each, VehicleOut):
            spans = _cut(spans, (each.begin, each.end))
    apart: list[Span] = []
    for begin, end in sorted(spans):
        begin = max(begin, apart[-1][1]) if apart else begin
        if begin < end:
            apart.append((begin, end))
    return apart


def _cut(spans: Iterable[Span], hole: Span | None) -> list[Span]:
    if hole is None:
        return list(spans)
    parts = (
        part
        for begin, end in spans
        for part in ((begin, min(end, hole[0])), (max(begin, hole[1]), end))
    )
    return [(begin, end) for begin, end in parts if begin < end]


def _rests(usual: Iterable[Shift], changes: Iterable[VehicleOut | ShiftSet]) -> list[Rest]:
    rests = [
        (each.earliest, each.latest, each.duration) for shift in usual for each in shift.breaks
    ]
    for each in changes:
        if isinstance(each, ShiftSet) and each.breaks is not None:
            first, last = each.was or (0, 0)
            rests = [*(rest for rest in rests if not first <= rest[0] < last), *each.breaks]
    return sorted(rests)


def _without_one(rests: Sequence[Rest], done: Rest) -> list[Rest]:
    """Return breaks without the one that was taken; its span may have been narrowed."""
    own = (
        each for each in rests if each[2] == done[2] and each[0] <= done[1] and done[0] <= each[1]
    )
    gone = next(own, None)
    return [each for each in rests if each is not gone]


def _meets(shift: Shift, begin: int, end: int) -> bool:
    """Whether a shift, which may be empty, has to do with a span."""
    return shift.start < end and begin < max(shift.end, shift.start + 1)
