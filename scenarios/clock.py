"""The clock of a demo: it stands, is put forward, or runs many times as fast as a real one."""

import time
from collections.abc import Callable


class DemoClock:
    """Tells a made-up time in epoch seconds.

    Parameters
    ----------
    now
        What it shows; it stands there until it is put forward or runs.
    ticking
        Real seconds from any origin.
    """

    def __init__(self, now: int, ticking: Callable[[], float] = time.monotonic) -> None:
        self._ticking = ticking
        self._state = (now, ticking(), 0.0)

    def __call__(self) -> int:
        """Return the time it shows. Safe on any thread."""
        shown, since, speed = self._state
        return shown + int((self._ticking() - since) * speed)

    def put(self, now: int) -> None:
        """Put it to a time, where it stands. Time never goes back."""
        self._state = (max(now, self()), self._ticking(), 0.0)

    def run(self, speed: float) -> None:
        """Let it run so many times as fast as a real clock."""
        self._state = (self(), self._ticking(), speed)
