"""The solver in a process of its own, and what becomes of it when it misbehaves.

A process, because OR-Tools holds the interpreter lock, and with less claim to the processor than
the service has (:data:`NICENESS`), because whoever asks for an offer comes first. It is started
once and answers one question after the other. If it ends, or does not answer in time, the next
question goes to a new one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from routing import improvement
from routing.lower_bound import lower_bound
from routing.problem import Halt, Tour
from routing.travel_times import TravelTimes
from shuttle.errors import ShuttleError
from shuttle.improving.adoption import Proposal
from shuttle.improving.question import Question

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    Pipe = Connection[Any, Any]

NICENESS = 10
"""By how much the process stands back behind the service: it then gets a tenth of what it would."""

Solver = Callable[[Question], Proposal]
"""Answers a question; a :class:`SolverProcess` is one as well."""

_READY = "ready"


class SolverFailed(ShuttleError):
    """The solver gave no answer that could be used; `how` says it in a word."""

    def __init__(self, how: str, detail: str) -> None:
        super().__init__(f"The solver gave no plan: {detail}.")
        self.how = how
        self.detail = detail


def improved(question: Question) -> Proposal:
    """Answer a question with the search of the house, or with its lower bound."""
    if question.bounding:
        tours = question.problem.tours
        found = lower_bound(question.problem, tours, budget=question.budget)
        return Proposal(question.day, question.revision, tours, found.value)
    solution = improvement.improve(question.problem, budget=question.budget, seed=question.seed)
    return Proposal(question.day, question.revision, solution.tours)


class SolverProcess:
    """A process that answers questions; to be called like the solver that it runs.

    Parameters
    ----------
    solver
        What the process runs: a function of a module, because a new interpreter imports it.
    prepare
        Called in the process before the first question, without a deadline: compiles, perhaps.
    deadline_seconds
        How long an answer may take beyond its budget before the process is killed; long enough to
        compile the search for a bound, which is not prepared.
    niceness
        By how much it stands back behind the service.
    """

    def __init__(
        self,
        solver: Solver = improved,
        prepare: Callable[[], None] = improvement.warm_up,
        deadline_seconds: float = 120.0,
        niceness: int = NICENESS,
    ) -> None:
        self._task = solver, prepare, niceness
        self._deadline = deadline_seconds
        self._turn = threading.Lock()
        self._door = threading.Lock()
        self._closed = False
        self._process: BaseProcess | None = None
        self._pipe: Pipe | None = None
        self._travel: TravelTimes | None = None

    def __call__(self, question: Question) -> Proposal:
        """Return what the solver proposes; of several who ask, one after the other is answered.

        Raises
        ------
        SolverFailed
            If the process ended, had to be killed, or answered nonsense; the next call begins
            with a new one where that is needed.
        """
        with self._turn:
            return self._answer(question)

    def _answer(self, question: Question) -> Proposal:
        process, pipe = self._running()
        overdue = threading.Event()

        def kill() -> None:
            overdue.set()
            process.kill()

        deadline = self._deadline + (question.budget.seconds or 0.0)
        watch = threading.Timer(deadline, kill)
        watch.start()
        try:
            pipe.send(self._shortened(question))
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            if self._closed:
                raise SolverFailed("closed", "the service is ending") from error
            if overdue.is_set():
                raise SolverFailed("overdue", f"it took more than {deadline:g} s") from error
            raise SolverFailed("lost", "its process ended") from error
        finally:
            watch.cancel()
        if not isinstance(answer, Proposal):
            raise SolverFailed("garbage", f"instead of one it had {answer}")
        return answer

    @property
    def pid(self) -> int | None:
        """The number of the process, None if there is none."""
        process = self._process
        return None if process is None else process.pid

    def close(self) -> None:
        """End the process at once, whatever it is doing; there will be no other."""
        self._closed = True
        self._end()

    def _running(self) -> tuple[BaseProcess, Pipe]:
        """Return a process that is ready, and the way to it; start one if there is none."""
        with self._door:
            if self._process is not None and self._pipe is not None:
                return self._process, self._pipe
            if self._closed:
                raise SolverFailed("closed", "the service is ending")
            process, pipe = self._start()
            self._process, self._pipe, self._travel = process, pipe, None
        try:
            pipe.recv()
        except (EOFError, OSError) as error:
            self._end()
            if self._closed:
                raise SolverFailed("closed", "the service is ending") from error
            raise SolverFailed("lost", "its process ended before it was ready") from error
        return process, pipe

    def _start(self) -> tuple[BaseProcess, Pipe]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, *self._task), name="solver", daemon=True
        )
        process.start()
        theirs.close()
        return process, ours

    def _shortened(self, question: Question) -> tuple[Question, bool]:
        """Return a question, without the travel times if the process has them already."""
        travel = question.problem.travel
        known, self._travel = travel is self._travel, travel
        if known:
            problem = replace(question.problem, travel=_KNOWN)
            question = replace(question, problem=problem)
        return question, known

    def _end(self) -> None:
        """Kill the process and forget it."""
        with self._door:
            process, self._process, self._pipe = self._process, None, None
        if process is not None:
            process.kill()
            process.join()


_KNOWN: Any = None
"""Stands for the travel times that the process has from the question before."""


# ------------------------------------------------------------------------------ in the process


def _serve(pipe: Pipe, solver: Solver, prepare: Callable[[], None], niceness: int) -> None:
    """Answer questions until nobody is there to ask any."""
    # Ctrl-C is meant for the service, which ends this process in its own time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(niceness)
    prepare()
    pipe.send(_READY)
    travel: TravelTimes | None = None
    while True:
        try:
            question, known = pipe.recv()
        except EOFError:
            return
        if known:
            question = replace(question, problem=replace(question.problem, travel=travel))
        travel = question.problem.travel
        pipe.send(_answer(solver, question))


def _answer(solver: Solver, question: Question) -> Proposal | str:
    """Return the answer; the name of its kind, and no more, if it is none."""
    try:
        answer = solver(question)
    except Exception as error:  # noqa: BLE001 -- whatever it is, there are other questions
        # Its message may hold what is not for logs, such as booking codes.
        return type(error).__name__
    return answer if _is_proposal(answer) else type(answer).__name__


def _is_proposal(answer: object) -> bool:
    """Whether an answer is a proposal in all that is read of it."""
    if not isinstance(answer, Proposal):
        return False
    tours: object = answer.tours
    return isinstance(tours, tuple) and all(
        isinstance(tour, Tour) and all(isinstance(halt, Halt) for halt in tour.halts)
        for tour in tours
    )


def _end_with_the_service() -> None:
    service = multiprocessing.parent_process()
    if service is not None:
        service.join()
    os._exit(1)
