"""What simulated rides say about how long rides take, for the feed of journey planners."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from shuttle.errors import ShuttleError
from shuttle.open_data.durations import ENOUGH, Ride, SafeDuration, safe_duration
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
    """How long rides take by simulation.

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
    """

    run: int
    title: str
    safe: SafeDuration
    rides: int
    made_at: int


def calibrated(rules: Rules, folder: Path, run: int, title: str, now: int) -> Calibration:
    """Return what the results of a run say.

    Raises
    ------
    TooFewRides
        If they hold fewer than :data:`~shuttle.open_data.durations.ENOUGH`.
    """
    rides = list(islice(_rides(folder / "rides.csv"), _MOST))
    if len(rides) < ENOUGH:
        raise TooFewRides(folder, len(rides))
    return Calibration(run, title, safe_duration(rules, rides), len(rides), now)


def _rides(path: Path) -> Iterator[Ride]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["fate"] == "served":
                    yield int(row["direct_seconds"]), int(row["dropoff"]) - int(row["pickup"])
    except FileNotFoundError:
        return
