"""How far a day's plan may be from the best possible, as far as that is proven.

Kept in memory only, and of the very plan it was proven for: a plan that has changed since has none.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from routing.budget import Budget
from routing.search_state import cost_of_tours
from shuttle.improving.adoption import Proposal
from shuttle.improving.question import Question

MOST_REQUESTS = 60
"""Days on which more may still be moved get no bound: it would take minutes and say little."""

WORTH_TELLING = 0.5
"""A plan of which no more is proven than that it costs at most twice the best has no figure."""

BUDGET = Budget(seconds=5.0)
"""Of one bound. Little, since whatever is booked meanwhile waits for its plan to improve."""


@dataclass(slots=True)
class Quality:
    """What is proven about plans; safe on any thread."""

    _gaps: dict[date, tuple[int, float]] = field(default_factory=dict)

    def note(self, day: date, revision: int, gap: float) -> None:
        """Keep by which share of its cost the plan of a day may at most be too dear."""
        self._gaps[day] = (revision, gap)

    def gap(self, day: date, revision: int) -> float | None:
        """Return it for a plan, None if nothing is proven about that one."""
        known = self._gaps.get(day)
        return known[1] if known is not None and known[0] == revision else None


def bounding(question: Question) -> Question | None:
    """Return a question as one for the bound alone, None if the day is too large."""
    if len(question.problem.requests) > MOST_REQUESTS:
        return None
    return replace(question, budget=BUDGET, bounding=True)


def proven_gap(question: Question, ask: Callable[[Question], Proposal]) -> float | None:
    """Return by which share the plan of a day may be too dear, None if too little is proven."""
    bound = ask(question).bound
    cost = cost_of_tours(question.problem, question.problem.tours)
    if bound is None or cost <= 0:
        return None
    gap = max(0.0, (cost - bound) / cost)
    return gap if gap <= WORTH_TELLING else None
