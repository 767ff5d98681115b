"""What the service does by itself every second, off the threads that answer."""

import asyncio
import threading
import traceback
from collections.abc import Callable, Sequence
from zlib import crc32

import structlog
from fastapi.concurrency import run_in_threadpool

from api.service import Service
from shuttle.errors import ShuttleError
from shuttle.rounds import Rounds

_log = structlog.get_logger()


async def every_second(
    service: Service,
    every_tick: Sequence[Callable[[int], object]],
    on_duty: Callable[[], bool],
    ended: Callable[[bool], object],
    seconds: float = 1.0,
) -> None:
    """Do what time brings, for ever; what fails holds up nothing else, and is tried again.

    Parameters
    ----------
    service
        Whose vehicles follow their timetable.
    every_tick
        What else is done, called with the clock's time.
    on_duty
        Whether this process, of several on one database, does what is to be done once.
    ended
        Called after each tick: whether nothing failed that nobody foresaw. Who cancels this waits
        for the step that is under way; no other one begins.
    seconds
        Between two ticks.
    """
    dispatcher, rounds = service.dispatcher, Rounds(service.dispatcher)
    once = (dispatcher.advance, rounds.go, *every_tick)

    over = threading.Event()

    def tick() -> None:
        well = True
        for each in (dispatcher.keep_up, *(once if on_duty() else ())):
            if over.is_set():
                return
            try:
                each(service.clock())
            except ShuttleError as error:
                _log.error("tick_failed", error=str(error))
            except Exception as error:  # noqa: BLE001 -- whatever it is, there is another tick
                # Its message may hold what is not for logs.
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{where.filename}:{where.lineno}"
                _log.error("tick_failed", error=type(error).__name__, where=place)
                well = False
        ended(well)

    # The regions of one server tick one after the other rather than all at once.
    pause = seconds * (1 + crc32(service.region.config.id.encode()) / 2**32)
    while True:
        ticking = asyncio.ensure_future(run_in_threadpool(tick))
        try:
            await asyncio.shield(ticking)
        except asyncio.CancelledError:
            over.set()
            await ticking  # what it works with is about to be closed
            raise
        await asyncio.sleep(pause)
        pause = seconds
