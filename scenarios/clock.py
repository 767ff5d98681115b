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
        self._state = (now, ticking(), 0.0, now)

    def __call__(self) -> int:
        """Return the time it shows. Safe on any thread."""
        shown, since, speed, until = self._state
        return min(until, shown + int((self._ticking() - since) * speed))

    def put(self, now: int) -> None:
        """Put it to a time, where it stands. Time never goes back."""
        later = max(now, self())
        self._state = (later, self._ticking(), 0.0, later)

    def run(self, speed: float, until: int) -> None:
        """Let it run so many times as fast as a real clock, until it shows a time and stands."""
        self._state = (self(), self._ticking(), speed, max(until, self()))
