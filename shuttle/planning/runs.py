"""A run of a scenario as it is stored: all that is needed to run it again to the last digit."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from shuttle.errors import ShuttleError
from shuttle.region import Region


class UnknownRun(ShuttleError):
    """There is no run with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no run {number}.")


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    """Somebody ended it; what was whole by then is kept."""
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Its process is gone, and nobody ended it."""


UNDER_WAY = frozenset({RunState.QUEUED, RunState.RUNNING})


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run.

    Attributes
    ----------
    number
        Names it.
    title
        For people.
    scenario
        TOML, with the seed and the number of repetitions.
    seed, repetitions
        As the scenario says.
    version
        Of the program that ran it, or will.
    ground
        Print of the region's files; another print may mean other figures.
    state
        Where it stands.
    attempt
        Counts how often it was begun anew; each has a folder of its own.
    made_at, began_at, ended_at
        Epoch seconds; 0 if it has not come to that.
    message
        Why it failed.
    """

    number: int
    title: str
    scenario: str
    seed: int
    repetitions: int
    version: str
    ground: str
    state: RunState
    attempt: int
    made_at: int
    began_at: int = 0
    ended_at: int = 0
    message: str = ""

    @property
    def folder(self) -> str:
        """The name of the folder of this attempt."""
        return f"{self.number}-{self.attempt}"


def ground_of(region: Region) -> str:
    """Return a print of the files that a simulation of a region depends on."""
    digest = hashlib.sha256()
    for name in ("region.toml", region.config.stops, region.config.extract):
        digest.update(hashlib.sha256((region.folder / name).read_bytes()).digest())
    return digest.hexdigest()[:16]
