"""What the service does by itself, beside letting vehicles follow their timetable."""

from shuttle.dispatcher import Dispatcher
from shuttle.standing.series import open_instances
from shuttle.standing.waiting import WaitingList

SECONDS_BETWEEN_SERIES = 60
"""How often it is looked whether a day of a series has opened for booking."""


class Rounds:
    """Goes its round as often as it is called: cheap when there is nothing to do.

    Parameters
    ----------
    dispatcher
        Of the region.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._waiting_list = WaitingList(dispatcher)
        self._series_at: int | None = None

    def go(self, now: int) -> None:
        """Promise the days of series that have opened, and tell those on the waiting list."""
        at = self._series_at
        if at is None or not 0 <= now - at < SECONDS_BETWEEN_SERIES:  # the clock may be set back
            open_instances(self._dispatcher, now)
            self._series_at = now
        self._waiting_list.tell(now)
