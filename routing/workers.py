"""The search on more than one core: worker processes that search side by side.

Each process anneals on its own for a part of the budget. Then all tours that any of them has seen
are recombined, and all go on from the best plan: cooperative multi-search (Crainic and Toulouse
2010) around one set partitioning. Processes, not threads, because OR-Tools holds the interpreter
lock, and because nobody who watches the service shall wait for the solver.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

from routing.budget import Budget, Leg, Progress
from routing.engines import Engine, engine_named
from routing.improvement import Search
from routing.problem import Problem, Solution, Tour
from routing.search_state import SearchState, load
from routing.tour_pool import Columns

MEETINGS = (0.35, 0.65, 0.9, 1.0)
"""When the processes meet, as shares of the budget."""

Task = TypeVar("Task")
Result = TypeVar("Result")

_LOOK = 0.05
"""Seconds between two looks at how far they are."""


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    """What one process does until the next meeting.

    All begin with the same start, whatever has been found since: what is late there may stay as
    late, and the numbers of halts mean the same in every process.
    """

    place: int
    problem: Problem
    start: tuple[Tour, ...]
    orders: list[list[int]]
    columns: tuple[Columns, ...]
    budget: Budget
    leg: Leg
    seed: int


@dataclass(frozen=True, eq=False, slots=True)
class _Alone:
    """What another engine does in one process."""

    engine: Engine
    problem: Problem
    start: tuple[Tour, ...]
    budget: Budget
    seed: int


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """What one process brings to a meeting."""

    orders: list[list[int]]
    cost: int
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
        self._closing, self._door = False, threading.Lock()
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
        with self._door:
            self._closing = True
            self._stopped.value = 1
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool.shutdown()

    def improve(
        self,
        problem: Problem,
        start: Sequence[Tour] | None = None,
        *,
        budget: Budget,
        seed: int = 0,
        stop: Callable[[Progress], bool] | None = None,
        engine: Engine = "own",
    ) -> Solution:
        """Return tours that are at least as good as those at the start.

        As :func:`routing.improvement.improve`, on all processes; another engine runs in one of
        them. A budget of iterations is spent by each process; the same seed and the same number
        of processes give the same tours.
        """
        began = budget.clock()
        start = tuple(problem.tours if start is None else start)
        state = SearchState(problem, start)
        orders, cost = state.orders(), state.cost()
        if engine != "own":
            alone = _Alone(engine, problem, start, budget, seed)
            _, solutions = self._meet(_run_alone, [alone], Leg(), 0, cost, stop)
            return solutions[0] if solutions else state.solution(orders, cost)
        columns: tuple[Columns, ...] = ()
        begin, done = 0.0, 0
        for meeting, end in enumerate(MEETINGS):
            piece = _piece(budget, begin, end, budget.clock() - began)
            if piece is None:
                continue
            tasks = [
                _Task(
                    place=place,
                    problem=problem,
                    start=start,
                    orders=orders,
                    # One process recombines while the others search on.
                    columns=columns if place == 0 else (),
                    budget=piece,
                    leg=Leg(
                        begin,
                        end,
                        recombine_at=(0.0,) if place == 0 and meeting > 1 else (),
                        recombine_share=0.6,
                    ),
                    seed=(seed * len(MEETINGS) + meeting) * self.count + place,
                )
                for place in range(self.count)
            ]
            stopped, found = self._meet(_search, tasks, tasks[0].leg, done, cost, stop)
            columns += tuple(each.columns for each in found)
            for each in found:
                if each.cost < cost:
                    orders, cost = each.orders, each.cost
            begin, done = end, done + self._iterations()
            if stopped:
                break
        return state.solution(orders, cost)

    def _meet(
        self,
        work: Callable[[Task], Result],
        tasks: Sequence[Task],
        leg: Leg,
        done: int,
        cost: int,
        stop: Callable[[Progress], bool] | None,
    ) -> tuple[bool, list[Result]]:
        """Wait until all tasks are done; return whether they were stopped, and what they found."""
        futures = self._begin(work, tasks, cost)
        try:
            while not _over(futures):
                if stop is not None and not self._stopped.value and stop(self._progress(leg, done)):
                    self._stopped.value = 1
            found = [future.result() for future in futures if not future.cancelled()]
        except BaseException:
            # The next search must not find the processes busy with this one.
            self._stopped.value = 1
            wait(futures)
            raise
        return bool(self._stopped.value), found

    def _begin(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], cost: int
    ) -> list[Future[Result]]:
        """Hand out the tasks, unless the processes are to end."""
        with self._door:
            if self._closing:
                return []
            self._stopped.value = 0
            for place in range(self.count):
                share = 0.0 if place < len(tasks) else 1.0
                self._board[3 * place : 3 * place + 3] = [0.0, share, float(cost)]
            return [self._pool.submit(work, task) for task in tasks]

    def _iterations(self) -> int:
        return int(sum(self._board[::3]))

    def _progress(self, leg: Leg, done: int) -> Progress:
        share, costs = self._board[1::3], self._board[2::3]
        spent = leg.begin + min(1.0, *share) * (leg.end - leg.begin)
        return Progress(done + self._iterations(), spent, int(min(costs)))


def _over(futures: Sequence[Future[Result]]) -> bool:
    """Wait for a moment; return whether all are done. The first error of one comes out."""
    done, running = wait(futures, timeout=_LOOK, return_when=FIRST_EXCEPTION)
    for each in done:
        if not each.cancelled():
            each.result()
    return not running


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


def _look_from(place: int) -> Callable[[Progress], bool]:
    """Return what tells the others how far a search is, and it whether to stop."""

    def look(progress: Progress) -> bool:
        _board[3 * place : 3 * place + 3] = [progress.iterations, progress.spent, progress.cost]
        return bool(_stopped.value)

    return look


def _search(task: _Task) -> _Found:
    """Do one task."""
    state = SearchState(task.problem, task.start)
    load(state.given, state.plan, task.orders)
    search = Search(state, seed=task.seed)
    for columns in task.columns:
        search.pour(columns)
    found = search.run(task.budget, _look_from(task.place), (task.leg,))
    return _Found(search.best_orders(), found.cost, search.columns())


def _run_alone(task: _Alone) -> Solution:
    """Let another engine do all."""
    improve = engine_named(task.engine)
    return improve(task.problem, task.start, budget=task.budget, seed=task.seed, stop=_look_from(0))
