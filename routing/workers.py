"""The search on more than one core: worker processes that search side by side.

Each process anneals on its own for a part of the budget. Then all tours that any of them has seen
are recombined, and all go on from the best plan: cooperative multi-search (Crainic and Toulouse
2010) around one set partitioning. Processes, not threads, because OR-Tools holds the interpreter
lock, and because nobody who watches the service shall wait for the solver.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from routing.improvement import Budget, Leg, Progress, Search
from routing.problem import Problem, Solution, Tour
from routing.search_state import SearchState
from routing.tour_pool import Columns

MEETINGS = (0.35, 0.65, 0.9, 1.0)
"""When the processes meet, as shares of the budget."""

_LOOK = 0.05
"""Seconds between two looks at how far they are."""


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    """What one process does until the next meeting."""

    place: int
    problem: Problem
    tours: tuple[Tour, ...]
    columns: tuple[Columns, ...]
    budget: Budget
    leg: Leg
    seed: int


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """What one process brings to a meeting."""

    solution: Solution
    columns: Columns


def cores() -> int:
    """Return how many cores this process may use."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else (os.cpu_count() or 1)


class Workers:
    """Some processes that improve plans; to be used as a context.

    Parameters
    ----------
    count
        How many processes, as many as there are cores by default.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = cores() if count is None else count
        context = multiprocessing.get_context("spawn")
        self._stopped = context.Value("b", 0)
        # For each process how many iterations it has done, what share of its leg, and its cost.
        self._board = context.Array("d", 3 * self.count)
        self._pool = ProcessPoolExecutor(
            self.count, context, initializer=_join, initargs=(self._stopped, self._board)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; a search under way stops within a moment."""
        self._stopped.value = 1
        self._pool.shutdown(cancel_futures=True)

    def improve(
        self,
        problem: Problem,
        start: Sequence[Tour] | None = None,
        *,
        budget: Budget,
        seed: int = 0,
        stop: Callable[[Progress], bool] | None = None,
    ) -> Solution:
        """Return tours that are at least as good as those at the start.

        As :func:`routing.improvement.improve`, on all processes. A budget of iterations is spent
        by each of them; the same seed and the same number of processes give the same tours.
        """
        began = budget.clock()
        tours = tuple(problem.tours if start is None else start)
        best = Search(SearchState(problem, tours)).solution()
        columns: tuple[Columns, ...] = ()
        begin = 0.0
        for meeting, end in enumerate(MEETINGS):
            piece = _piece(budget, begin, end, budget.clock() - began)
            if piece is None:
                continue
            tasks = [
                _Task(
                    place=place,
                    problem=problem,
                    tours=best.tours,
                    # One process recombines while the others search on.
                    columns=columns if place == 0 else (),
                    budget=piece,
                    leg=Leg(begin, end, (0.0,) if place == 0 and meeting > 1 else ()),
                    seed=(seed * len(MEETINGS) + meeting) * self.count + place,
                )
                for place in range(self.count)
            ]
            stopped, found = self._meet(tasks, best.cost, stop)
            columns += tuple(each.columns for each in found)
            best = min((best, *(each.solution for each in found)), key=lambda plan: plan.cost)
            begin = end
            if stopped:
                break
        return best

    def _meet(
        self, tasks: Sequence[_Task], cost: int, stop: Callable[[Progress], bool] | None
    ) -> tuple[bool, list[_Found]]:
        """Wait until all tasks are done; return whether they were stopped, and what they found."""
        self._stopped.value = 0
        for place in range(self.count):
            self._board[3 * place : 3 * place + 3] = [0.0, 0.0, float(cost)]
        futures = [self._pool.submit(_search, task) for task in tasks]
        try:
            while wait(futures, timeout=_LOOK).not_done:
                if (
                    stop is not None
                    and not self._stopped.value
                    and stop(self._progress(tasks[0].leg))
                ):
                    self._stopped.value = 1
            return bool(self._stopped.value), [future.result() for future in futures]
        except BaseException:
            self._stopped.value = 1
            raise

    def _progress(self, leg: Leg) -> Progress:
        done, share, costs = (self._board[which::3] for which in range(3))
        spent = leg.begin + min(share) * (leg.end - leg.begin)
        return Progress(int(sum(done)), spent, int(min(costs)))


def _piece(budget: Budget, begin: float, end: float, elapsed: float) -> Budget | None:
    """Return the part of a budget for a leg; None if nothing is left for it."""
    if budget.iterations is not None:
        iterations = round(end * budget.iterations) - round(begin * budget.iterations)
        return Budget(iterations=iterations) if iterations > 0 else None
    assert budget.seconds is not None
    seconds = end * budget.seconds - elapsed
    return Budget(seconds=seconds) if seconds > 0 else None


# ------------------------------------------------------------------------------- in a process

_stopped: Any = None
_board: Any = None


def _join(stopped: Any, board: Any) -> None:
    """Keep what the processes share; leave Ctrl-C to the one that started this one."""
    global _stopped, _board
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stopped, _board = stopped, board


def _search(task: _Task) -> _Found:
    """Do one task."""

    def look(progress: Progress) -> bool:
        _board[3 * task.place : 3 * task.place + 3] = [
            progress.iterations,
            progress.spent,
            progress.cost,
        ]
        return bool(_stopped.value)

    search = Search(SearchState(task.problem, task.tours), seed=task.seed)
    for columns in task.columns:
        search.pour(columns)
    solution = search.run(task.budget, look, task.leg)
    return _Found(solution, search.columns())
