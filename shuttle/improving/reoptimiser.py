"""The live loop: a day goes to the solver, and comes back better.

Snapshot, solver, adoption by the one writer; then again, as long as that brings anything. Today
comes first. When it has not become better for :data:`PATIENCE` times in a row, the next days that
are booked have their turn. A simulation drives the same loop step by step.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog

from routing.budget import Budget
from shuttle.dispatcher import Dispatcher
from shuttle.errors import PlanRejected, ShuttleError
from shuttle.improving.adoption import Fate, Proposal, Verdict, adopting
from shuttle.improving.aim import AIM, Aim
from shuttle.improving.quality import bounding, proven_gap
from shuttle.improving.question import AskedTour, Question, question_of
from shuttle.improving.solver_process import Solver, SolverFailed, SolverProcess

PATIENCE = 3
"""So many tries without any gain, and a day is left in peace until it changes."""

BUDGET = Budget(seconds=2.0)
"""Of one try, at least. Little, because what has been booked meanwhile is not in it."""

SHARE = 0.005
"""Of the service's own process the loop takes no more. To ask about a large day and to take over an
answer holds up everybody who waits just then; so the larger the day, the longer is a try."""

MOST_SECONDS = 20.0
"""Of one try, however large the day is."""

_IDLE_SECONDS = 1.0
"""How long the loop sleeps when no day can become better."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Try:
    """One try to make a day better: its verdict, or how the solver failed."""

    day: date
    verdict: Verdict | None
    failed: str = ""

    @property
    def adopted(self) -> bool:
        """Whether the day is better now."""
        return self.verdict is not None and self.verdict.fate is Fate.ADOPTED


class Reoptimiser:
    """Makes the days of a service better.

    Parameters
    ----------
    dispatcher
        Whose days; the only one who writes.
    solver
        Answers questions: in this process, or a :class:`SolverProcess`.
    budget
        Of one try; in iterations, the same tries give the same plans.
    patience
        After how many tries without gain a day is left in peace.
    aim
        What a better plan is.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        solver: Solver,
        budget: Budget = BUDGET,
        patience: int = PATIENCE,
        aim: Aim = AIM,
    ) -> None:
        self._dispatcher, self._solver, self._budget = dispatcher, solver, budget
        self._patience, self._aim = patience, aim
        self._tries: dict[date, tuple[int, int]] = {}
        self._known: dict[date, dict[str, AskedTour]] = {}
        self._bounded: tuple[date, int] | None = None
        self._seed = 0
        self._taken = 0.0

    def step(self, now: int) -> Try | None:
        """Try once to make a day better; None if no day can become better.

        Raises
        ------
        ShuttleError
            If the plan could not be read or written; nothing has changed.
        """
        return self._step(lambda: now)

    def settle(self, now: int) -> list[Try]:
        """Try until no day can become better."""
        return list(iter(lambda: self.step(now), None))

    def run(
        self,
        clock: Callable[[], int],
        ended: threading.Event,
        on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make days better until it ends.

        Parameters
        ----------
        clock
            Returns epoch seconds.
        ended, on_duty
            Looked at between two tries.
        """
        pause = 0.0
        while not ended.wait(pause):
            try:
                tried = None
                if on_duty():
                    tried = self._step(clock)
                    if tried is None:
                        self.bound(clock())
            except ShuttleError as error:
                _log.error("reoptimiser_failed", error=type(error).__name__)
                tried = None
            failed = tried is None or tried.failed
            pause = _IDLE_SECONDS if failed and not ended.is_set() else 0.0

    def bound(self, now: int) -> None:
        """Prove how far today's plan may be from the best one; once for each, if it is small.

        Raises
        ------
        ShuttleError
            If the plan could not be read.
        """
        plan = self._dispatcher.plan(self._days(now)[0], now)
        if plan.revision == 0 or self._bounded == (plan.day, plan.revision):
            return
        self._bounded = plan.day, plan.revision
        aim = replace(self._aim, margin=0)  # the best plan may use each promise to its end
        whole = question_of(plan, now, self._freeze_seconds, self._budget, self._seed, aim)
        question = None if whole is None else bounding(whole)
        if question is None:
            return
        try:
            gap = proven_gap(question, self._solver)
        except SolverFailed as failure:
            _tell(Try(plan.day, None, failure.how))
            return
        if gap is not None:
            quality = self._dispatcher.quality
            self._dispatcher.write(lambda: quality.note(plan.day, plan.revision, gap))

    def _step(self, clock: Callable[[], int]) -> Try | None:
        begin = time.perf_counter()
        question = self._next_question(clock())
        if question is None:
            return None
        asked = time.perf_counter()
        proposal = self._proposal(question)
        answered = time.perf_counter()
        tried = self._taken_over(question, proposal, clock)
        self._taken = asked - begin + time.perf_counter() - answered
        _, tries = self._tries[question.day]
        # What was adopted has another revision, and is looked at anew because of that.
        self._tries[question.day] = (question.revision, tries + 1)
        _tell(tried)
        return tried

    def _proposal(self, question: Question) -> Proposal | SolverFailed:
        try:
            return self._solver(question)
        except SolverFailed as failure:
            return failure

    def _taken_over(
        self, question: Question, proposal: Proposal | SolverFailed, clock: Callable[[], int]
    ) -> Try:
        if isinstance(proposal, SolverFailed):
            return Try(question.day, None, proposal.how)
        now = clock()
        act = adopting(question, proposal, now, self._freeze_seconds)
        try:
            return Try(question.day, self._dispatcher.act(question.day, now, act))
        except PlanRejected:
            return Try(question.day, Verdict(Fate.REFUSED))

    def _next_question(self, now: int) -> Question | None:
        """Return the first day that may become better, as a question."""
        for day in self._days(now):
            plan = self._dispatcher.plan(day, now)
            revision, tries = self._tries.get(day, (-1, 0))
            if plan.revision == 0 or (plan.revision == revision and tries >= self._patience):
                continue
            self._tries[day] = (plan.revision, tries if plan.revision == revision else 0)
            self._seed += 1
            self._known = {day: self._known.get(day, {})}  # of one day at a time
            question = question_of(
                plan,
                now,
                self._freeze_seconds,
                self._next_budget(),
                self._seed,
                self._aim,
                self._known[day],
            )
            if question is not None:
                return question
            self._tries[day] = (plan.revision, self._patience)
        return None

    def _next_budget(self) -> Budget:
        """Return the budget of the next try, by what the last one took of the service's process."""
        least = self._budget.seconds
        if least is None:
            return self._budget
        return replace(self._budget, seconds=max(least, min(self._taken / SHARE, MOST_SECONDS)))

    def _days(self, now: int) -> list[date]:
        config = self._dispatcher.region.config
        today = config.local_day(now)
        return [today + timedelta(days=ahead) for ahead in range(config.rules.horizon_days + 1)]

    @property
    def _freeze_seconds(self) -> int:
        return self._dispatcher.region.config.rules.freeze_minutes * 60


def _tell(tried: Try) -> None:
    """Log what should not happen; what was gained is an event of the day."""
    if tried.failed == "closed":
        return
    if tried.verdict is None:
        _log.error("solver_failed", day=str(tried.day), how=tried.failed)
    elif tried.verdict.fate in (Fate.REFUSED, Fate.OTHER_PLAN):
        _log.error("proposal_dropped", day=str(tried.day), why=tried.verdict.fate.value)


@contextmanager
def improving(
    dispatcher: Dispatcher,
    clock: Callable[[], int],
    budget: Budget = BUDGET,
    on_duty: Callable[[], bool] = lambda: True,
    solver: SolverProcess | None = None,
) -> Iterator[None]:
    """Make the days of a service better during the body, on a thread with a solver process.

    The process is there from the first question on: not where this service is never on duty.
    Services that share one `solver` end together: it is closed by the first that does.
    """
    solver, ended = solver or SolverProcess(), threading.Event()
    run = Reoptimiser(dispatcher, solver, budget).run
    loop = threading.Thread(target=run, args=(clock, ended, on_duty), name="reoptimiser")
    loop.start()
    try:
        yield
    finally:
        ended.set()
        solver.close()
        loop.join()
