"""How far a run is, in a file for whoever started it and looks now and then."""

import json
import time
from pathlib import Path


class ProgressFile:
    """Says after each day how much is done; the file is always whole.

    Parameters
    ----------
    path
        A JSON object: `days` of `of` days are simulated, `rides` rides in `seconds` seconds, and
        `ended` says that all results are written.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._begun = path, time.monotonic()
        self._said = {"days": 0, "of": 0, "rides": 0, "seconds": 0.0, "ended": False}

    def begin(self, days: int) -> None:
        """Say how many days there are; the clock runs from here."""
        self._begun = time.monotonic()
        self._say(of=days)

    def day(self, rides: int) -> None:
        """Count a day that is done."""
        said = self._said
        self._say(days=said["days"] + 1, rides=said["rides"] + rides)

    def end(self) -> None:
        """Say that nothing more will come."""
        self._say(ended=True)

    def _say(self, **more: float) -> None:
        seconds = round(time.monotonic() - self._begun, 2)
        self._said = {**self._said, "seconds": seconds, **more}
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._said) + "\n", encoding="utf-8")
        part.replace(self._path)
