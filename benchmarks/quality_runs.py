"""Runs of engines on instances: each judged, in processes of their own, on one core and thread."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue

from benchmarks.engines import ENGINES, Clock
from benchmarks.instances import Instance, Verdict, judge

REACHED = 0.005
"""A gap in % up to which a best known solution counts as reached: lists round to two digits."""

_WARM_UP = 0.05
"""Budget in seconds of the unmeasured run that loads and compiles an engine in its process."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_warm: set[str] = set()
"""The engines that have run in this process."""

_jobs: list["Job"] = []
"""All jobs, in a process that does some of them."""


@dataclass(frozen=True, eq=False, slots=True)
class Job:
    """A run to be done.

    Attributes
    ----------
    folder
        Name of the folder the instance is from.
    instance, engine, seconds, seed, clock
        What is to be solved, how, how long, by which clock.
    """

    folder: str
    instance: Instance
    engine: str
    seconds: float
    seed: int
    clock: Clock


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has been done, and the judge's word on it.

    Attributes
    ----------
    folder, instance, requests
        What was solved, and its number of requests.
    vehicles_first
        Whether the number of vehicles counts before the cost.
    best_vehicles, best_cost
        Best known, if there is one; vehicles only where their number counts first.
    engine, seconds, seed, clock
        How, with which budget.
    vehicles, cost
        Of the solution, as the judge counts them.
    faults
        What the judge has found, or how the engine broke. With any, the run has failed.
    wall_seconds, cpu_seconds
        Really used.
    """

    folder: str
    instance: str
    requests: int
    vehicles_first: bool
    best_vehicles: int | None
    best_cost: float | None
    engine: str
    seconds: float
    seed: int
    clock: Clock
    vehicles: int
    cost: float
    faults: tuple[str, ...]
    wall_seconds: float
    cpu_seconds: float

    @property
    def failed(self) -> bool:
        """Whether the solution is none."""
        return bool(self.faults)

    @property
    def more_vehicles(self) -> int:
        """How many vehicles more than the best known, where their number counts first."""
        return 0 if self.best_vehicles is None else self.vehicles - self.best_vehicles

    @property
    def gap(self) -> float | None:
        """Cost above the best known in %; none where the numbers of vehicles differ."""
        if self.best_cost is None or self.failed or self.more_vehicles:
            return None
        return 100 * (self.cost / self.best_cost - 1)

    @property
    def reached(self) -> bool:
        """Whether it is as good as the best known, or better."""
        if self.best_cost is None or self.failed:
            return False
        return self.more_vehicles < 0 or (self.gap is not None and self.gap <= REACHED)

    @property
    def news(self) -> bool:
        """Whether it is clearly better than the best known."""
        return self.reached and (self.more_vehicles < 0 or (self.gap or 0.0) < -REACHED)

    @property
    def rank(self) -> tuple[bool, int, float]:
        """Sorts runs on one instance from good to bad."""
        return (self.failed, self.vehicles if self.vehicles_first else 0, self.cost)


def cores() -> list[int]:
    """Return the cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def run_all(jobs: Sequence[Job], at_a_time: int) -> Iterator[Run]:
    """Yield the runs as they are done; closing the iterator kills those under way.

    Raises
    ------
    BrokenProcessPool
        If an engine has torn its process down.
    """
    for name in _ONE_THREAD:
        # Libraries read these when they are loaded, which is in the new processes.
        os.environ[name] = "1"
    spawn = multiprocessing.get_context("spawn")
    mine: SimpleQueue[int] = spawn.SimpleQueue()
    for core in cores()[:at_a_time]:
        mine.put(core)
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(at_a_time, spawn, _settle, (mine, jobs))
    try:
        # By number: what is still on its way to a killed process must not fill the pipe to it,
        # or the pool waits for ever to write the rest.
        waiting = {pool.submit(_run_numbered, number): job for number, job in enumerate(jobs)}
        for future in as_completed(waiting):
            yield _outcome(future, waiting[future])
    finally:
        # A compiled search hears nothing until its time is up: only ending its process ends it.
        for worker in set(multiprocessing.active_children()) - others:
            worker.kill()
        # Python, ending, would trip over a pool that is still closing.
        pool.shutdown(wait=True, cancel_futures=True)


def _settle(mine: SimpleQueue[int], jobs: Sequence[Job]) -> None:
    """Take a core and the list of jobs for this process; leave Ctrl-C to the first process."""
    _jobs.extend(jobs)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {mine.get()})


def _outcome(future: Future[Run], job: Job) -> Run:
    """Return the run, failed if the engine raised anything."""
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        raise error
    if error is not None:
        broken = Verdict(0.0, 0, (f"{type(error).__name__}: {error}",))
        return _judged(job, broken, 0.0, 0.0)
    return future.result()


def _run_numbered(number: int) -> Run:
    return _run(_jobs[number])


def _run(job: Job) -> Run:
    prepare = ENGINES[job.engine].prepare
    if job.engine not in _warm:
        prepare(job.instance, _WARM_UP, 0, "wall")()
        _warm.add(job.engine)
    search = prepare(job.instance, job.seconds, job.seed, job.clock)
    wall, cpu = time.monotonic(), time.process_time()
    routes = search()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return _judged(job, judge(job.instance, routes), wall, cpu)


def _judged(job: Job, verdict: Verdict, wall: float, cpu: float) -> Run:
    best = job.instance.best_known
    return Run(
        folder=job.folder,
        instance=job.instance.name,
        requests=job.instance.size,
        vehicles_first=job.instance.vehicles_first,
        best_vehicles=best.vehicles if best else None,
        best_cost=best.cost if best else None,
        engine=job.engine,
        seconds=job.seconds,
        seed=job.seed,
        clock=job.clock,
        vehicles=verdict.vehicles,
        cost=verdict.cost,
        faults=verdict.faults,
        wall_seconds=wall,
        cpu_seconds=cpu,
    )
