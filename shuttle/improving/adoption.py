"""What is taken over of the plan that a solver proposes.

A proposal counts for nothing but the order of halts in it: tours are put together anew from the
halts of the plan as it is now, with their promises, so that a solver cannot alter any. It is
adopted only if it touches no tour that has changed meanwhile, moves nothing within the horizon,
and is cheaper by the :class:`shuttle.improving.aim.Aim`, or as cheap and less tight. The
dispatcher then lets the independent checker look at it, as at everything that is planned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from routing.problem import Halt, HaltKind, Tour
from routing.schedule import CompiledTours, MalformedTourError
from shuttle.acts import Act, Outcome
from shuttle.charging import battery_faults
from shuttle.events import Reoptimised
from shuttle.improving.aim import Aim, plan_cost, slack
from shuttle.improving.question import Question, frozen_of
from shuttle.plan import DayPlan


@dataclass(frozen=True, eq=False, slots=True)
class Proposal:
    """A plan that a solver proposes: what it answers to a question of that day and revision.

    `bound` is what no plan can cost less than, if that was asked.
    """

    day: date
    revision: int
    tours: tuple[Tour, ...]
    bound: int | None = None


class Fate(StrEnum):
    """What became of a proposal."""

    ADOPTED = "adopted"
    NO_GAIN = "no_gain"
    """It is no better than the plan as it is now."""
    OUTDATED = "outdated"
    """A tour that it touches has changed meanwhile."""
    REFUSED = "refused"
    """It would break something."""
    OTHER_PLAN = "other_plan"
    """It answers a question that was not asked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a proposal, and what it gained.

    Attributes
    ----------
    fate
        Whether it was adopted, and else why not.
    tours
        Ids of the shifts whose tours were planned anew.
    gained
        How much cheaper the plan is, in seconds of driving.
    """

    fate: Fate
    tours: tuple[str, ...] = ()
    gained: int = 0


def adopting(question: Question, proposal: Proposal, now: int, freeze_seconds: int) -> Act[Verdict]:
    """Return the act that makes a proposal the plan, if it may be.

    Parameters
    ----------
    question
        What the proposal answers.
    proposal
        From a solver: nothing in it is trusted.
    now, freeze_seconds
        When this happens, and how far ahead nothing may move.
    """

    def act(plan: DayPlan) -> Outcome[Verdict]:
        if not _answers(question, proposal):
            return Outcome(Verdict(Fate.OTHER_PLAN), plan)
        asked = {tour.shift.id: tour for tour in question.problem.tours}
        proposed = {tour.shift.id: tour for tour in proposal.tours}
        touched = [
            each
            for each in asked
            if asked[each].halts is not proposed[each].halts
            and _order(asked[each]) != _order(proposed[each])
        ]
        if not touched:
            return Outcome(Verdict(Fate.NO_GAIN), plan)
        number_of = {tour.shift.id: number for number, tour in enumerate(plan.tours)}
        current = {each: plan.tours[number_of[each]] for each in touched if each in number_of}
        if len(current) < len(touched) or any(
            _order(tour) != _order(asked[each]) or tour.shift != asked[each].shift
            for each, tour in current.items()
        ):
            return Outcome(Verdict(Fate.OUTDATED), plan)
        if any(_unlocks(plan, current[each], proposed[each]) for each in touched):
            return Outcome(Verdict(Fate.OUTDATED), plan)
        renewed = _renewed(current, proposed)
        if renewed is None:
            return Outcome(Verdict(Fate.REFUSED), plan)
        changed = {number_of[each]: tour for each, tour in renewed.items()}
        return _if_better(plan, changed, question.aim, now, freeze_seconds)

    return act


def _if_better(
    plan: DayPlan, changed: Mapping[int, Tour], aim: Aim, now: int, freeze_seconds: int
) -> Outcome[Verdict]:
    """Return the plan with some tours changed, or as it is where that is no better."""
    try:
        after = plan.with_tours(changed)
    except MalformedTourError:
        return Outcome(Verdict(Fate.REFUSED), plan)
    numbers = sorted(changed)
    horizon = now + freeze_seconds
    moved = any(_moves_within(plan.compiled, after.compiled, n, horizon) for n in numbers)
    if moved or battery_faults(plan, after, frozenset(numbers)):
        return Outcome(Verdict(Fate.OUTDATED), plan)
    travel = plan.compiled.travel
    gained = plan_cost([plan.tours[n] for n in numbers], travel, aim)
    gained -= plan_cost([after.tours[n] for n in numbers], travel, aim)
    looser = slack(after.compiled, numbers) - slack(plan.compiled, numbers)
    if gained < 0 or (gained == 0 and looser <= 0):
        return Outcome(Verdict(Fate.NO_GAIN), plan)
    seconds = gained // aim.weights.driving
    shifts = tuple(plan.tours[n].shift.id for n in numbers)
    return Outcome(
        Verdict(Fate.ADOPTED, shifts, seconds),
        after,
        planned=frozenset(numbers),
        events=(Reoptimised(now, len(numbers), seconds),),
    )


def _unlocks(plan: DayPlan, current: Tour, proposed: Tour) -> bool:
    """Whether a proposal changes a locked tour, or takes a locked ride out of one."""
    there = {halt.trip for halt in proposed.halts}
    taken = (halt.trip for halt in current.halts if halt.trip not in there)
    return current.shift.id in plan.locks or any(code in plan.locks for code in taken)


def _answers(question: Question, proposal: Proposal) -> bool:
    """Whether a proposal is about the plan that was asked about."""
    asked = [tour.shift.id for tour in question.problem.tours]
    return (proposal.day, proposal.revision) == (question.day, question.revision) and asked == [
        tour.shift.id for tour in proposal.tours
    ]


def _order(tour: Tour) -> list[tuple[HaltKind, str, int]]:
    return [(halt.kind, halt.trip, halt.place) for halt in tour.halts]


def _renewed(current: Mapping[str, Tour], proposed: Mapping[str, Tour]) -> dict[str, Tour] | None:
    """Return the current tours in the proposed orders; None if those lose or double anything."""
    trips = {_end(halt): halt for tour in current.values() for halt in tour.halts}
    renewed: dict[str, Tour] = {}
    for shift, tour in current.items():
        own = [halt for halt in reversed(tour.halts) if not halt.trip]
        halts = []
        for wanted in proposed[shift].halts:
            halt = trips.pop(_end(wanted), None) if wanted.trip else own.pop() if own else None
            if halt is None or halt.kind is not wanted.kind:
                return None
            halts.append(halt)
        if own:
            return None
        renewed[shift] = replace(tour, halts=tuple(halts))
    return None if any(trip for _, trip in trips) else renewed


def _end(halt: Halt) -> tuple[HaltKind, str]:
    return halt.kind, halt.trip


def _moves_within(before: CompiledTours, after: CompiledTours, number: int, until: int) -> bool:
    """Whether a halt moves that is fixed or begins before a time."""
    old, new = before.tours[number], after.tours[number]
    begins = before.begins(number)
    fixed = frozen_of(old, begins, until)
    return (
        _order(old)[:fixed] != _order(new)[:fixed] or begins[:fixed] != after.begins(number)[:fixed]
    )
