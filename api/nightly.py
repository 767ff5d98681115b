"""What the service does by itself every night, off the threads that answer."""

import asyncio
from collections.abc import Callable

import structlog
from fastapi.concurrency import run_in_threadpool

from shuttle.errors import ShuttleError
from shuttle.region_config import RegionConfig

_log = structlog.get_logger()

NIGHT = 3 * 3600
"""The night's work is due this many seconds after midnight on the region's clocks, roughly."""

_LOOK_SECONDS = 60.0


async def every_night(
    job: Callable[[int], object],
    clock: Callable[[], int],
    config: RegionConfig,
    on_duty: Callable[[], bool] = lambda: True,
    look_seconds: float = _LOOK_SECONDS,
) -> None:
    """Do a job once a night, and at the start for the nights that were missed; for ever.

    A job that fails is tried again a minute later. Of several processes the one on duty does it.
    """
    done = None
    while True:
        now = clock()
        night = config.local_day(now - NIGHT)
        if night != done and on_duty():
            try:
                await run_in_threadpool(job, now)
                done = night
            except ShuttleError as error:
                _log.error("nightly_failed", error=str(error))
            except Exception as error:  # noqa: BLE001 -- whatever it is, there are other nights
                _log.error("nightly_failed", error=type(error).__name__)
        await asyncio.sleep(look_seconds)
