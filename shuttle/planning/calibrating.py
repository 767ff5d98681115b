"""What simulated rides say about how long rides take, and how long people wait for them."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from shuttle.domain import When
from shuttle.errors import ShuttleError
from shuttle.open_data.durations import ENOUGH, SafeDuration, safe_duration
from shuttle.open_data.waiting import SPONTANEOUS, ExpectedWaiting, Wait, expected_waiting
from shuttle.region_config import Rules

_MOST = 50_000
"""So many rides are looked at; more would not change a tenth or a minute."""


class TooFewRides(ShuttleError):
    """There are too few simulated rides to say how long rides take."""

    def __init__(self, folder: Path, found: int) -> None:
        super().__init__(
            f"{folder} has {found} simulated rides, {ENOUGH} are needed; run more repetitions."
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """How long rides take by simulation, and how long people wait for them.

    Attributes
    ----------
    run, title
        Number of the run that it comes from, 0 of one that was run by command; and its name.
    safe
        What 95 of 100 rides do not exceed.
    rides
        How many were looked at.
    made_at
        When it was written, in epoch seconds.
    waiting
        What may be expected, by hour and village.
    """

    run: int
    title: str
    safe: SafeDuration
    rides: int
    made_at: int
    waiting: ExpectedWaiting = field(default_factory=ExpectedWaiting)


def calibrated(rules: Rules, folder: Path, run: int, title: str, now: int) -> Calibration:
    """Return what the results of a run say.

    Raises
    ------
    TooFewRides
        If they hold fewer than :data:`~shuttle.open_data.durations.ENOUGH`.
    """
    rows = list(islice(_served(folder / "rides.csv"), _MOST))
    if len(rows) < ENOUGH:
        raise TooFewRides(folder, len(rows))
    rides = [(int(row["direct_seconds"]), int(row["dropoff"]) - int(row["pickup"])) for row in rows]
    waiting = expected_waiting(_waits(rows))
    return Calibration(run, title, safe_duration(rules, rides), len(rides), now, waiting)


def _served(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rides of a run that were driven."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            yield from (row for row in csv.DictReader(file) if row["fate"] == "served")
    except FileNotFoundError:
        return


def _waits(rows: Iterable[dict[str, str]]) -> Iterator[Wait]:
    """Yield how long those waited who asked for a departure within the hour.

    Results from before runs told who asked for what say nothing here.
    """
    for row in rows:
        if row.get("when") == When.DEPART_AT:
            wanted = int(row["wanted"])
            if int(row["asked_at"]) >= wanted - SPONTANEOUS:
                hour = f"{int(row['hour']):02}"
                yield Wait(row["village"], hour, int(row["pickup"]) - wanted)
