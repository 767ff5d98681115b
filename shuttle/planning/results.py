"""What a run has written: how far it is, its figures, and its days one by one."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shuttle.planning.figures import Figure

FILES = ("report.html", "figures.csv", "repetitions.csv", "rides.csv", "legs.csv")
"""What can be taken away."""

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: so many days of so many, and rides in seconds."""

    days: int = 0
    of: int = 0
    rides: int = 0
    seconds: float = 0.0
    ended: bool = False

    @property
    def share(self) -> float:
        """What is done, from 0 to 1."""
        return self.days / self.of if self.of else 0.0

    @property
    def speed(self) -> float:
        """Rides a second."""
        return self.rides / self.seconds if self.seconds > 0 else 0.0


def progress_in(path: Path) -> Progress:
    """Return how far a run is by its file; nothing is done while there is none."""
    try:
        return Progress(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Progress()


class Results:
    """The files of a run.

    Parameters
    ----------
    folder
        Where they are; a run that has not ended may have only some of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str) -> Path | None:
        """Return a file that can be taken away; None if there is none."""
        path = self.folder / name
        return path if name in FILES and path.is_file() else None

    @property
    def repetitions(self) -> int:
        """How many repetitions are whole."""
        return len(self.seeds())

    def seeds(self) -> list[int]:
        """Return the seeds of the whole repetitions."""
        return [int(row["seed"]) for row in self._rows("repetitions.csv")]

    def figures(self) -> dict[str, Figure]:
        """Return the figures by name, each with half of its 95 % interval."""
        return {
            row["figure"]: Figure(
                float(row["mean"]),
                float(row["half of 95 %"]) if row["half of 95 %"] else None,
                row["unit"],
            )
            for row in self._rows("figures.csv")
        }

    def rides(self, seed: int, day: str | None = None) -> list[Row]:
        """Return the rides of a repetition, or of one of its days."""
        return list(self._of("rides.csv", seed, day))

    def legs(self, seed: int, day: str | None = None) -> list[Row]:
        """Return the drives of a repetition, or of one of its days."""
        return list(self._of("legs.csv", seed, day))

    def _of(self, name: str, seed: int, day: str | None) -> Iterator[Row]:
        """Yield rows of a seed; they stand together, in the order of the repetitions."""
        wanted, seen = str(seed), False
        for row in self._rows(name):
            if row["seed"] == wanted:
                seen = True
                if day is None or row["day"] == day:
                    yield row
            elif seen:
                return

    def _rows(self, name: str) -> Iterator[Row]:
        try:
            with (self.folder / name).open(newline="", encoding="utf-8") as file:
                yield from csv.DictReader(file)
        except FileNotFoundError:
            return
