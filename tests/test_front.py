"""The front of several regions works on one request of each after the other, unless one is long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from api import front as fronts
from api.front import MOST_AT_ONCE, Front


class Region:
    """Stands for the application of a region, whose work lasts until it may end."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Semaphore(0)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        self.begun += 1
        await self.may_end.acquire()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Kreis:
    """A front of two regions, one of which is asked again and again."""

    def __init__(self) -> None:
        self.busy, self.calm = Region(), Region()
        apps = {"busy": cast(FastAPI, self.busy), "calm": cast(FastAPI, self.calm)}
        self._front, self._asked = Front(apps), list[asyncio.Task[None]]()

    def ask(self, region: str) -> asyncio.Task[None]:
        """Ask one region."""
        scope: dict[str, Any] = {
            "type": "http",
            "headers": [(b"host", f"{region}.bus.example".encode())],
        }

        async def receive() -> Message:
            await asyncio.sleep(0)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_message: Message) -> None:
            await asyncio.sleep(0)

        task = asyncio.create_task(self._front(scope, receive, send))
        self._asked.append(task)
        return task

    async def end(self) -> None:
        """Give up what was asked."""
        for each in self._asked:
            each.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)


async def rounds(number: int = 100) -> None:
    """Let everybody go on as far as they can."""
    for _ in range(number):
        await asyncio.sleep(0)


def in_kreis(tried: Callable[[Kreis], Awaitable[None]]) -> None:
    async def run() -> None:
        kreis = Kreis()
        try:
            await asyncio.wait_for(tried(kreis), timeout=60)
        finally:
            await kreis.end()

    asyncio.run(run())


def test_of_one_region_one_request_is_worked_on_while_another_region_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fronts, "TURN_SECONDS", 3600.0)

    async def tried(kreis: Kreis) -> None:
        for _ in range(3):
            kreis.ask("busy")
        await rounds()
        assert kreis.busy.begun == 1
        kreis.calm.may_end.release()
        await kreis.ask("calm")
        kreis.busy.may_end.release()
        await rounds()
        assert kreis.busy.begun == 2, "the next one has its turn"

    in_kreis(tried)


def test_whoever_takes_long_keeps_out_the_next_one_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fronts, "TURN_SECONDS", 0.001)

    async def tried(kreis: Kreis) -> None:
        for _ in range(MOST_AT_ONCE + 2):
            kreis.ask("busy")
        while kreis.busy.begun < MOST_AT_ONCE:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        assert kreis.busy.begun == MOST_AT_ONCE
        kreis.busy.may_end.release()
        while kreis.busy.begun < MOST_AT_ONCE + 1:
            await asyncio.sleep(0.001)

    in_kreis(tried)


def test_whoever_goes_away_while_waiting_leaves_the_turn_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fronts, "TURN_SECONDS", 3600.0)

    async def tried(kreis: Kreis) -> None:
        kreis.ask("busy")
        waiting = [kreis.ask("busy") for _ in range(3)]
        await rounds()
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        kreis.busy.may_end.release()
        kreis.busy.may_end.release()
        await kreis.ask("busy")
        assert kreis.busy.begun == 2

    in_kreis(tried)


def test_whoever_listens_twice_at_a_time_has_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronts, "TURN_SECONDS", 0.001)

    class Listening(Region):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.gather(receive(), receive())
            left = asyncio.ensure_future(receive())  # goes on when the answer is over
            await super().__call__(scope, receive, send)
            await left

    async def tried(kreis: Kreis) -> None:
        kreis.busy.may_end = asyncio.Semaphore(4 * MOST_AT_ONCE)
        for _ in range(4 * MOST_AT_ONCE):
            await kreis.ask("busy")
        assert kreis.busy.begun == 4 * MOST_AT_ONCE

    monkeypatch.setitem(globals(), "Region", Listening)
    in_kreis(tried)
