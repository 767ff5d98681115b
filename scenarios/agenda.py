"""What is to happen when: the event loop of a simulation, pure and in one thread."""

import heapq
from collections.abc import Callable

Action = Callable[[int], object]
"""Told the time at which it happens."""


class Agenda:
    """Actions in the order of their times; of the same time, in the order of entering."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Action]] = []
        self._entered = 0
        self.now = 0

    def at(self, time: int, action: Action) -> None:
        """Enter an action; what should have happened already happens now."""
        self._entered += 1
        heapq.heappush(self._heap, (max(time, self.now), self._entered, action))

    def run(self) -> None:
        """Do everything that is entered, and what is entered meanwhile."""
        while self._heap:
            self.now, _, action = heapq.heappop(self._heap)
            action(self.now)
