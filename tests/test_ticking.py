"""What is done every second: no error ends it, and where there is nothing to do nothing is read."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from api.app import create_app
from shuttle.dispatcher import Dispatcher
from shuttle.keeping.sql_store import SqlStore
from shuttle.planning.workbench import Scenarios, Workbench
from shuttle.region import Region
from shuttle.rounds import Rounds
from shuttle.telling.reminding import Reminder
from tests.api_client import KEY, Clock
from tests.kept_rides import MONDAY_EIGHT, Kept, keeping
from tests.test_faults import eventually


@pytest.fixture
def kept(toy_region: Region, tmp_path: Path) -> Iterator[Kept]:
    with keeping(toy_region, f"sqlite:///{tmp_path / 'ticks.sqlite3'}") as made:
        yield made


def test_an_error_that_nobody_foresaw_ends_no_ticks_and_is_counted(dispatcher: Dispatcher) -> None:
    done: list[int] = []

    def fail(now: int) -> None:
        done.append(now)
        if len(done) == 1:
            raise KeyError("nobody foresaw it")

    app = create_app(dispatcher, Clock(), KEY, tick_seconds=0.01, every_tick=(fail,))
    with TestClient(app, client=("127.0.0.1", 1)) as http:
        assert eventually(lambda: len(done) >= 3)
        assert http.get("/healthz").status_code == 200
        assert "shuttle_ticks_failed_total 1.0" in http.get("/metrics").text


def test_a_second_in_which_nothing_was_written_reads_nothing(kept: Kept, tmp_path: Path) -> None:
    dispatcher, read = kept.dispatcher, list[str]()
    kept.book(ahead=3 * 3600)
    store = dispatcher.store
    assert isinstance(store, SqlStore)
    scenarios = Scenarios(tuple, _unasked, _unasked, _unasked)
    planning = Workbench(kept.region, store.runs, tmp_path, scenarios)
    rounds, reminder = Rounds(dispatcher), Reminder(dispatcher)

    def tick(now: int) -> None:
        for each in (
            dispatcher.keep_up,
            dispatcher.advance,
            rounds.go,
            reminder.remind,
            planning.go_on,
            store.outbox.is_due,
        ):
            each(now)

    for second in range(3):
        tick(MONDAY_EIGHT + second)
    sa.event.listen(
        kept.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: read.append(statement),
    )
    tick(MONDAY_EIGHT + 3)
    assert not read
    kept.book(ahead=4 * 3600)
    read.clear()
    tick(MONDAY_EIGHT + 4)
    assert read, "what was written is looked at"


def test_what_another_process_writes_is_seen_a_second_later(kept: Kept) -> None:
    url = kept.engine.url.render_as_string(hide_password=False)
    with keeping(kept.region, url) as other:
        day = other.book().ride.day
        kept.dispatcher.keep_up(MONDAY_EIGHT)
        assert len(kept.dispatcher.plan(day, MONDAY_EIGHT).bookings) == 1
        other.book(ahead=4 * 3600)
        kept.dispatcher.keep_up(MONDAY_EIGHT)
        assert len(kept.dispatcher.plan(day, MONDAY_EIGHT).bookings) == 2


def _unasked(*_: object) -> NoReturn:
    raise AssertionError("nothing is simulated here")


def test_the_end_waits_for_the_step_that_is_under_way_and_begins_no_other(
    dispatcher: Dispatcher,
) -> None:
    begun, done = threading.Event(), list[str]()

    def slow(now: int) -> None:
        begun.set()
        time.sleep(0.3)
        done.append("slow")

    after = (slow, lambda _: done.append("after"))
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=60, every_tick=after)
    with TestClient(app, client=("127.0.0.1", 1)):
        assert begun.wait(20)
    assert done == ["slow"]
