"""What happens on a day, as server-sent events: a word that something did, not what.

One watcher of the dispatcher serves all boards. A board that is idle sleeps on the event loop; it
is woken when its day changes, and every :data:`HEARTBEAT_SECONDS` to say that it is still there.
The id of an event is the day's revision: who comes back with the last one they saw
(``Last-Event-ID``) is told at once if they have missed something.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date

from fastapi.concurrency import run_in_threadpool

from api.service import Service
from api.times import local_time

HEARTBEAT_SECONDS = 10.0

LONGEST_SECONDS = 300.0
"""Then a stream ends and the browser comes back: who may no longer look is not let in again."""


@dataclass(eq=False)
class Listener:
    """One open board."""

    day: date
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Feed:
    """Wakes the boards of a service; one for all of them."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: set[Listener] = set()
        service.dispatcher.watch(self._changed)

    def _changed(self, day: date | None) -> None:
        """Pass on to the event loop what some other thread did; without boards, nothing."""
        if self._listeners and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody looks any more
                self._loop.call_soon_threadsafe(self._wake, day)

    def _wake(self, day: date | None) -> None:
        for each in self._listeners:
            if day is None or each.day == day:
                each.woken.set()

    async def events(self, day: date, seen: int | None) -> AsyncIterator[str]:
        """Yield the events of a day to one board.

        Parameters
        ----------
        day
            Whose plan is looked at.
        seen
            The last revision that the board knows, None if it knows none.
        """
        self._loop = asyncio.get_running_loop()
        listener = Listener(day)
        self._listeners.add(listener)
        try:
            yield "retry: 2000\n\n"
            ends = self._loop.time() + LONGEST_SECONDS
            revision, now = await run_in_threadpool(self._state, day)
            yield _event("plan" if revision != seen else "clock", revision, now)
            while self._loop.time() < ends:
                changed, seen = await _woken(listener, HEARTBEAT_SECONDS), revision
                revision, now = await run_in_threadpool(self._state, day)
                # What another process did may be noticed by an act of ours that came to nothing.
                yield _event("plan" if changed or revision != seen else "clock", revision, now)
        finally:
            self._listeners.discard(listener)

    def _state(self, day: date) -> tuple[int, str]:
        now = self._service.clock()
        plan = self._service.dispatcher.plan(day, now)
        return plan.revision, local_time(self._service.region, now).isoformat()


async def _woken(listener: Listener, seconds: float) -> bool:
    """Wait until something happens; return whether it did in so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await listener.woken.wait()
    except TimeoutError:
        return False
    listener.woken.clear()
    return True


def _event(kind: str, revision: int, now: str) -> str:
    """Return an event as the HTML standard writes it."""
    data = json.dumps({"revision": revision, "now": now})
    return f"id: {revision}\nevent: {kind}\ndata: {data}\n\n"
