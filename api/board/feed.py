"""What happens on a day, as server-sent events that bring what is different by then.

One watcher of the dispatcher serves all boards. A board that is idle sleeps on the event loop; it
is woken when its day changes, and every :data:`HEARTBEAT_SECONDS` to say that it is still there.
The id of an event is the tag of the board that it leads to: who comes back with the last one they
saw (``Last-Event-ID``) is told at once what they have missed.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date

from fastapi.concurrency import run_in_threadpool

from api.board.snapshots import Snapshots
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

    def __init__(self, service: Service, snapshots: Snapshots) -> None:
        self._service, self._snapshots = service, snapshots
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

    async def events(self, day: date, tag: str, may_look: Callable[[], bool]) -> AsyncIterator[str]:
        """Yield the events of a day to one board.

        Parameters
        ----------
        day
            Whose plan is looked at.
        tag
            Of the board that is known; empty if none is.
        may_look
            Asked before each event; the stream ends if it says no.
        """
        self._loop = asyncio.get_running_loop()
        listener = Listener(day)
        self._listeners.add(listener)
        try:
            yield "retry: 2000\n\n"
            ends = self._loop.time() + LONGEST_SECONDS
            while self._loop.time() < ends:
                told = await run_in_threadpool(self._told, day, tag, may_look)
                if told is None:
                    return
                tag, event = told
                yield event
                await _woken(listener, HEARTBEAT_SECONDS)
        finally:
            self._listeners.discard(listener)

    def _told(self, day: date, tag: str, may_look: Callable[[], bool]) -> tuple[str, str] | None:
        """Return the tag that the board has by the next event, and that event."""
        if not may_look():
            return None
        now = self._service.clock()
        plan = self._service.dispatcher.plan(day, now)
        clock = local_time(self._service.region, now).isoformat()
        head = {"revision": plan.revision, "now": clock}
        if self._snapshots.is_as_before(plan, tag):
            return tag, _event("clock", tag, json.dumps(head))
        difference = self._snapshots.difference(plan, tag)
        data = json.dumps(head)
        if difference.text:
            known = json.dumps({**head, "since": tag})
            data = f'{known[:-1]}, "difference": {difference.text}}}'
        return difference.tag, _event("plan", difference.tag, data)


async def _woken(listener: Listener, seconds: float) -> None:
    """Wait until something happens, but not for longer than so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await listener.woken.wait()
    listener.woken.clear()


def _event(kind: str, tag: str, data: str) -> str:
    """Return an event as the HTML standard writes it."""
    return f"id: {tag}\nevent: {kind}\ndata: {data}\n\n"
