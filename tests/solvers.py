"""Solvers that misbehave, as functions of a module, so that another process can import them.

They import as little as they can: a process is started for each.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from routing.problem import HaltKind
from shuttle.improving.adoption import Proposal
from shuttle.improving.question import Question
from shuttle.improving.solver_process import improved


def nothing() -> None:
    """Prepare nothing."""


def unmoved(question: Question) -> Proposal:
    """Propose the plan as it is."""
    return Proposal(question.day, question.revision, question.problem.tours)


def slow_at_first(question: Question) -> Proposal:
    """Never answer the first question."""
    while question.seed == 1:
        time.sleep(60)
    return unmoved(question)


def nonsense(question: Question) -> Proposal:
    """Misbehave in another way at each question, and answer the last one well."""
    answers: dict[int, Callable[[], object]] = {
        1: lambda: 42,
        2: lambda: 1 // 0,
        3: lambda: Proposal(question.day, question.revision, cast(Any, ("no", "tours"))),
        4: lambda: replace(unmoved(question), revision=question.revision - 1),
        5: lambda: Proposal(question.day, question.revision, question.problem.tours[1:]),
        6: lambda: all_in_one(question),
        7: lambda: leaving_somebody(question),
    }
    answer = answers.get(question.seed, lambda: improved(question))
    return cast(Proposal, answer())


def all_in_one(question: Question) -> Proposal:
    """Propose that the last vehicle takes everybody on board, one after the other, and then off."""
    tours = question.problem.tours
    moving = [(tour, halt) for tour in tours for halt in tour.halts[tour.fixed :] if halt.trip]
    halts = sorted((halt for _, halt in moving), key=lambda halt: halt.kind)
    emptied = [
        replace(tour, halts=tuple(halt for halt in tour.halts if halt not in halts))
        for tour in tours
    ]
    last = emptied[-1].halts
    emptied[-1] = replace(emptied[-1], halts=(*last[:-1], *halts, last[-1]))
    return Proposal(question.day, question.revision, tuple(emptied))


def leaving_somebody(question: Question) -> Proposal:
    """Propose to forget whoever is picked up last."""
    tours = list(question.problem.tours)
    last = max(
        (halt.earliest, number, halt.trip)
        for number, tour in enumerate(tours)
        for halt in tour.halts
        if halt.kind is HaltKind.PICKUP
    )
    tour = tours[last[1]]
    halts = tuple(halt for halt in tour.halts if halt.trip != last[2])
    tours[last[1]] = replace(tour, halts=halts)
    return Proposal(question.day, question.revision, tuple(tours))
