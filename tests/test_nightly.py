"""What the service does every night: once, later if it was missed, again if it failed."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from api.app import create_app
from api.nightly import every_night
from shuttle.errors import StoreError
from shuttle.keeping.purge import purge
from shuttle.region import Region
from tests.api_client import KEY, Clock
from tests.kept_rides import keeping
from tests.test_faults import eventually


async def _watched(
    region: Region, job: Callable[[int], object], clock: Clock, times: list[str]
) -> None:
    """Let the nights run while the clock is set to one time after the other."""
    task = asyncio.create_task(every_night(job, clock, region.config, look_seconds=0.005))
    for each in times:
        clock.set(each)
        await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def nights(region: Region, job: Callable[[int], object], *times: str) -> None:
    clock = Clock()
    clock.set(times[0])
    asyncio.run(_watched(region, job, clock, list(times)))


def test_the_job_is_done_at_the_start_and_once_a_night_after_three(toy_region: Region) -> None:
    done: list[int] = []
    nights(
        toy_region,
        done.append,
        "2027-03-22T08:00",
        "2027-03-22T23:59",
        "2027-03-23T02:50",
        "2027-03-23T03:10",
        "2027-03-23T15:00",
    )
    hours = [(each - done[0]) / 3600 for each in done]
    assert len(hours) == 2
    assert 19 < hours[1] < 19.5


def test_a_job_that_fails_is_tried_again(toy_region: Region) -> None:
    done: list[int] = []

    def fail_twice(now: int) -> None:
        done.append(now)
        if len(done) < 3:
            raise StoreError("away")

    nights(toy_region, fail_twice, "2027-03-22T08:00", "2027-03-22T09:00")
    assert len(done) == 3


def test_the_job_runs_on_no_thread_that_answers(toy_region: Region) -> None:
    threads: list[threading.Thread] = []
    nights(toy_region, lambda _: threads.append(threading.current_thread()), "2027-03-22T08:00")
    assert threads[0] is not threading.main_thread()


def test_a_service_keeps_the_rules_of_retention_by_itself(
    toy_region: Region, tmp_path: Path
) -> None:
    with keeping(toy_region, f"sqlite:///{tmp_path / 'night.sqlite3'}") as kept:
        kept.served()
        clock = Clock()
        clock.set("2027-04-20T08:00")
        app = create_app(
            kept.dispatcher,
            clock,
            KEY,
            tick_seconds=None,
            nightly=lambda now: purge(kept.engine, toy_region.config, now),
        )
        with TestClient(app):
            assert eventually(lambda: kept.count("contact") == 0 and "~" in kept.dump())
