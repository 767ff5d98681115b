"""Many variants of a scenario on all cores: finished runs are kept, failed ones told of.

A run is one repetition of one variant, in a file of its own that appears whole or not at all. So
whatever ends a sweep, the next one with the same folder goes on where it was.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

from routing import improvement, insertion
from scenarios.measures import Repetition, repetition
from scenarios.scenario import Scenario, ScenarioError, scenario_of
from scenarios.scenario_region import folder_of, region_of
from scenarios.simulate import service_days, simulated
from shuttle.region import Region

SHORT = {
    "fleet": "fleet.vehicles",
    "window": "rules.window_minutes",
    "lead": "rules.lead_minutes",
    "walk": "rules.max_walk_metres",
    "rides": "demand.rides",
    "iterations": "improvement.iterations",
}
"""Short names of what is varied most; anything else is a path such as ``costs.per_km``."""

_CHANCES = 2
"""So often a run may be under way when a worker dies."""


@dataclass(frozen=True, eq=False)
class Variant:
    """A scenario with some keys set: as written, and whole; `table` is what it replays."""

    name: str
    raw: dict[str, Any]
    table: bytes = b""

    @property
    def print(self) -> str:
        """Tells variants apart by all that they say."""
        text = json.dumps(self.raw, sort_keys=True, default=str)
        return hashlib.sha256(text.encode() + self.table).hexdigest()[:16]


@dataclass(frozen=True)
class Job:
    """One repetition of one variant, and where its result is kept."""

    variant: Variant
    seed: int
    where: Path
    file: Path


@dataclass(frozen=True)
class Failure:
    """A run that came to nothing, and why."""

    job: Job
    why: str


def values_of(text: str) -> tuple[str, list[int | float]]:
    """Return what ``--vary`` names, and its values: ``fleet=2..5`` or ``window=10,15,20``.

    Raises
    ------
    ScenarioError
        With one sentence.
    """
    name, _, values = text.partition("=")
    try:
        if ".." in values:
            first, last = (int(each) for each in values.split(".."))
            found: list[int | float] = list(range(first, last + 1))
        else:
            found = [_number(each) for each in values.split(",")]
    except ValueError:
        found = []
    if not name or not found:
        raise ScenarioError(
            f"--vary {text}: write a name and values such as fleet=2..5 or window=10,15,20."
        )
    return SHORT.get(name, name), found


def _number(text: str) -> int | float:
    return int(text) if text.strip().isdigit() else float(text)


def variants(raw: dict[str, Any], vary: Sequence[str], where: str) -> list[Variant]:
    """Return every combination of the values, each checked as a whole scenario.

    Raises
    ------
    ScenarioError
        If one of them is no scenario.
    """
    axes = [(text.partition("=")[0], *values_of(text)) for text in vary]
    found = []
    for values in product(*(each[2] for each in axes)):
        changed = deepcopy(raw)
        for (_, path, _), value in zip(axes, values, strict=True):
            _set(changed, path, value, where)
        name = ", ".join(f"{a[0]} {v}" for a, v in zip(axes, values, strict=True))
        scenario = scenario_of(changed, f"{where} with {name or 'nothing changed'}")
        found.append(Variant(name or "as it is", changed, _digest_of_table(scenario)))
    return found


def _digest_of_table(scenario: Scenario) -> bytes:
    """Return what tells a replayed table from what stood in it before; empty without one."""
    table = Path(scenario.demand.file)
    return hashlib.sha256(table.read_bytes()).digest() if table.is_file() else b""


def _set(raw: dict[str, Any], path: str, value: float, where: str) -> None:
    *tables, key = path.split(".")
    for each in tables:
        raw = raw.setdefault(each, {})
        if not isinstance(raw, dict):
            raise ScenarioError(f"{where}: {path} cannot be varied: {each} is no table.")
    raw[key] = value


def jobs_of(variant: Variant, seeds: Sequence[int], where: Path, out: Path) -> list[Job]:
    """Return the runs of a variant."""
    folder = out / "runs" / variant.print
    return [Job(variant, seed, where, folder / f"{seed}.json") for seed in seeds]


def finished(job: Job) -> Repetition | None:
    """Return what a run came to if it has been done before."""
    try:
        return Repetition(**json.loads(job.file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def swept(jobs: Sequence[Job], cores: int) -> Iterator[Repetition | Failure]:
    """Do runs on several cores; yield what each came to, in the order in which they end.

    A worker that dies takes no other run with it: whatever was under way just then is tried once
    more.
    """
    waiting, strikes = deque(jobs), Counter[Path]()
    while waiting:
        with ProcessPoolExecutor(
            cores, multiprocessing.get_context("spawn"), initializer=_prepare
        ) as pool:
            for job, outcome in _until_broken(pool, waiting, cores):
                if not isinstance(outcome, BrokenProcessPool):
                    yield outcome
                    continue
                strikes[job.file] += 1
                if strikes[job.file] < _CHANCES:
                    waiting.append(job)
                else:
                    yield Failure(job, "its process died twice")


def _until_broken(
    pool: ProcessPoolExecutor, waiting: deque[Job], cores: int
) -> Iterator[tuple[Job, Repetition | Failure | BrokenProcessPool]]:
    """Keep as many runs under way as there are cores, until none waits or a worker has died."""
    under_way: dict[Future[Repetition], Job] = {}
    broken = False
    while under_way or (waiting and not broken):
        while waiting and not broken and len(under_way) < cores:
            job = waiting.popleft()
            try:
                under_way[pool.submit(_kept, job)] = job
            except BrokenProcessPool:
                waiting.appendleft(job)
                broken = True
        done, _ = wait(under_way, return_when=FIRST_COMPLETED)
        for future in done:
            job, error = under_way.pop(future), future.exception()
            if isinstance(error, BrokenProcessPool):
                broken = True
                yield job, error
            elif error is not None:
                yield job, Failure(job, f"{type(error).__name__}: {error}")
            else:
                yield job, future.result()


# ---------------------------------------------------------------------------------- in a process


def _prepare() -> None:
    """Leave Ctrl-C to whoever started this, end with them, and compile the search."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()
    insertion.warm_up()
    improvement.warm_up()


def _end_with_the_sweep() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@lru_cache(maxsize=4)
def _region(folder: Path) -> Region:
    return Region.load(folder)


def _kept(job: Job) -> Repetition:
    """Do a run and keep what it came to."""
    return keep(job, done(job))


def keep(job: Job, found: Repetition) -> Repetition:
    """Keep what a run came to, and return it: the file appears whole or not at all."""
    job.file.parent.mkdir(parents=True, exist_ok=True)
    part = job.file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(asdict(found)) + "\n", encoding="utf-8")
    part.replace(job.file)
    return found


def done(job: Job) -> Repetition:
    """Do a run in this process."""
    scenario = scenario_of(job.variant.raw, str(job.where))
    region = region_of(scenario, _region(folder_of(scenario, job.where)), str(job.where))
    days = (simulated(scenario, region, day, job.seed) for day in service_days(scenario, region))
    return repetition(scenario, job.seed, days)
