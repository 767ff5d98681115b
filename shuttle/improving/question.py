"""A day as a question to a solver: what in it may move, and what a better plan is.

What begins soon is fixed in place and time, and promises end a margin earlier than they do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from routing.budget import Budget
from routing.problem import HaltKind, Problem, Request, Shift, Tour, trip_between
from routing.travel_times import TravelTimes
from shuttle.improving.aim import AIM, Aim, tightened
from shuttle.plan import DayPlan

_NEVER = 1 << 34
"""Price of leaving somebody behind: more than any day costs."""


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """A day to be planned better: what goes to a solver.

    Attributes
    ----------
    day, revision
        Of the plan it was made from.
    problem
        Its tours with everything fixed that may not move, and all trips that may.
    aim
        What a better plan is.
    budget, seed
        How long to search, and where chance begins.
    bounding
        Asks for no better plan, but for what no plan can cost less than.
    """

    day: date
    revision: int
    problem: Problem
    aim: Aim
    budget: Budget
    seed: int
    bounding: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class AskedTour:
    """A tour as a question has it, and what it was made of.

    Attributes
    ----------
    tour, made_of, travel
        The tour of the plan; besides its halts, what of it counts; the travel times.
    unseen
        Whether it would be the same if the vehicle could leave sooner.
    asked, requests
        The tour with everything fixed that may not move, and the trips in it that may.
    """

    tour: Tour
    made_of: tuple[Shift, int, int, Sequence[int]]
    travel: TravelTimes
    unseen: bool
    asked: Tour
    requests: tuple[Request, ...]


def question_of(
    plan: DayPlan,
    now: int,
    freeze_seconds: int,
    budget: Budget,
    seed: int,
    aim: Aim = AIM,
    known: dict[str, AskedTour] | None = None,
) -> Question | None:
    """Return a day as a problem, or None if nothing in it may move.

    Parameters
    ----------
    plan
        Rolled forward to `now`.
    now
        Epoch seconds.
    freeze_seconds
        Halts that begin within so many seconds stay where and when they are.
    budget, seed
        For the solver.
    aim
        What a better plan is.
    known
        What earlier questions with the same aim asked, by shift; what is the same is used again.
    """
    known = {} if known is None else known
    asked = [
        _asked(plan, number, tour, now + freeze_seconds, aim, known)
        for number, tour in enumerate(plan.changeable)
        if tour.shift.id not in plan.locks
    ]
    tours = tuple(each.asked for each in asked)
    requests = tuple(
        request
        for each in asked
        for request in each.requests
        if request.options[0].id not in plan.locks
    )
    if not requests:
        return None
    problem = Problem(tours, requests, plan.compiled.travel, aim.weights)
    return Question(plan.day, plan.revision, problem, aim, budget, seed)


def frozen_of(tour: Tour, begins: Sequence[int], until: int) -> int:
    """Return how many leading halts are fixed or begin before a time; none of a shift to come."""
    if tour.fixed == 1 and begins[0] >= until:
        return 0
    fixed = tour.fixed
    while fixed < len(begins) and begins[fixed] < until:
        fixed += 1
    return fixed


def _asked(
    plan: DayPlan, number: int, tour: Tour, until: int, aim: Aim, known: dict[str, AskedTour]
) -> AskedTour:
    """Return a tour with everything fixed, in place and time, that begins before a time."""
    begins = plan.compiled.begins(number)
    frozen = frozen_of(tour, begins, until)
    unseen = _waits_unseen(plan, number, begins, frozen)
    made_of = (tour.shift, tour.fixed, tour.served, begins[:frozen])
    before = known.get(tour.shift.id)
    if (
        before is not None
        and before.tour.halts is tour.halts
        and before.made_of == made_of
        and before.travel is plan.travel
        and (before.tour.ready == tour.ready or (before.unseen and unseen))
    ):
        asked = replace(before.asked, ready=tour.ready, reach=tour.reach)
        same = replace(before, tour=tour, asked=asked, unseen=unseen)
    else:
        held = [
            halt
            if halt.earliest == halt.latest == begin  # as what has happened is
            else halt.between(begin, begin)
            for halt, begin in zip(tour.halts[:frozen], begins, strict=False)
        ]
        fixed = max(frozen, tour.fixed)
        asked = replace(tour, halts=(*held, *tour.halts[frozen:]), fixed=fixed)
        asked = tightened(asked, aim.margin, plan.travel)
        same = AskedTour(tour, made_of, plan.travel, unseen, asked, tuple(_movable(asked)))
    known[tour.shift.id] = same
    return same


def _waits_unseen(plan: DayPlan, number: int, begins: Sequence[int], frozen: int) -> bool:
    """Whether no time depends on when the vehicle may leave: what is fixed takes longer anyway."""
    tour, row = plan.tours[number], plan.compiled.halts[number]
    if frozen < tour.fixed:
        return False
    if frozen == len(tour.halts):
        return True
    ahead = row[frozen]
    soonest = max(ahead["earliest"], begins[frozen - 1] + ahead["gap"])
    return bool(tour.ready + ahead["drive"] <= soonest)


def _movable(tour: Tour) -> Iterator[Request]:
    """Yield the trips of a tour that have not begun."""
    pickup, dropoff = HaltKind.PICKUP, HaltKind.DROPOFF
    dropoffs = {halt.trip: halt for halt in tour.halts if halt.kind is dropoff}
    for halt in tour.halts[tour.fixed :]:
        if halt.kind is pickup:
            yield Request((trip_between(halt, dropoffs[halt.trip]),), _NEVER)
