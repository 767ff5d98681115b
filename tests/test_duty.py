"""Several processes on one PostgreSQL: one is on duty, all of them book, all of them hear of it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import sqlalchemy as sa

from api.nightly import every_night
from shuttle import duty
from shuttle.dispatcher import Dispatcher
from shuttle.driving.reports import Sighting
from shuttle.duty import Duty
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.kept_rides import KEYED
from tests.server_process import ServerProcess
from tests.test_dispatcher import MONDAY, at, book, ride
from tests.test_faults import OTHER_BACKENDS, eventually
from tests.test_kill import Residents, assert_kept, next_service_day

MORNING = at("08:00")

BUS = "bus-1@06:00"


@contextmanager
def process(region: Region, url: str) -> Iterator[tuple[Dispatcher, Duty]]:
    """One of several, as far as they are in one here; it runs while the body does."""
    store = SqlStore(url, region.config.id)
    dispatcher = Dispatcher(region, store, keyed=KEYED)
    on_duty = Duty(dispatcher, store.engine, store.word)
    with on_duty.running():
        yield dispatcher, on_duty
    dispatcher.close()


def test_what_one_process_writes_the_others_readers_and_streams_hear_at_once(
    toy_region: Region, postgres_url: str
) -> None:
    """Nothing ticks here: nobody looks by itself."""
    with (
        process(toy_region, postgres_url) as (one, _),
        process(toy_region, postgres_url) as (two, _),
    ):
        assert eventually(lambda: len(_listening(postgres_url)) == 2)
        told: list[Any] = []
        two.watch(told.append)
        assert two.plan(MONDAY, MORNING).revision == 0
        booking = book(one, ride(clock="10:00"), MORNING)
        assert eventually(lambda: booking.code in two.plan(MONDAY, MORNING).bookings)
        assert eventually(lambda: MONDAY in told)
        one.see(MONDAY, BUS, Sighting(MORNING, 54.6, 9.8), MORNING)
        there = two.sightings
        assert eventually(lambda: there.last(MONDAY, BUS, MORNING) == Sighting(MORNING, 54.6, 9.8))


def test_one_is_on_duty_and_when_it_ends_or_loses_its_session_another_one_is(
    toy_region: Region, postgres_url: str
) -> None:
    with ExitStack() as first, process(toy_region, postgres_url) as (_, two):
        _, one = first.enter_context(process(toy_region, postgres_url))
        assert eventually(lambda: one() != two())
        assert eventually(lambda: len(_listening(postgres_url)) == 2)
        before = _listening(postgres_url)
        killer = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
        with killer.connect() as connection:
            connection.exec_driver_sql(OTHER_BACKENDS)
        killer.dispose()
        assert eventually(lambda: len(_listening(postgres_url) - before) == 2)
        assert eventually(lambda: one() != two())
        first.close()
        assert not one()
        assert eventually(two)


def test_a_process_that_falls_silent_is_relieved(toy_region: Region, postgres_url: str) -> None:
    """As one does that hangs, or whose line is cut: nobody closes its session."""
    store = SqlStore(postgres_url, toy_region.config.id)
    hangs = Duty(Dispatcher(toy_region, store), store.engine, store.word)
    session = hangs._session()
    assert hangs._holds(session)
    with process(toy_region, postgres_url) as (_, other):
        assert not other()
        assert eventually(other)
    with pytest.raises(psycopg.Error):
        session.execute("SELECT 1")
    store.close()


def test_within_ten_seconds_of_the_last_sign_of_a_process_another_one_is_on_duty(
    toy_region: Region, postgres_url: str
) -> None:
    """By what is set, however slow this machine is: the silence, an ask, and one for the rest."""
    assert duty.SILENCE_SECONDS + 2 * duty._LOOK_SECONDS <= 10
    with ExitStack() as opened:
        stores = [SqlStore(postgres_url, toy_region.config.id) for _ in range(2)]
        first, heir = (
            Duty(Dispatcher(toy_region, each), each.engine, each.word) for each in stores
        )
        for each in stores:
            opened.callback(each.close)
        held, waiting = first._session(), heir._session()
        for session in (held, waiting):
            assert session.execute("SHOW idle_session_timeout").fetchone() == (
                f"{duty.SILENCE_SECONDS}s",
            )
            session.execute("SET idle_session_timeout = 0")  # the test may be slow
        assert first._holds(held)
        assert not heir._holds(waiting)
        held.close()  # as the system does for a process that is killed
        assert eventually(lambda: len(_listening(postgres_url)) == 1)
        assert heir._holds(waiting), "the next ask is answered with the duty"
        waiting.close()


def test_the_duty_is_kept_while_the_writer_waits_and_there_is_word_from_others(
    toy_region: Region, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database ends a silent session after two seconds here; the writer waits for longer."""
    monkeypatch.setattr(duty, "SILENCE_SECONDS", 2)
    monkeypatch.setattr(duty, "_LOOK_SECONDS", 0.1)
    go_on = threading.Event()
    with ExitStack() as opened:
        waits, on_duty = opened.enter_context(process(toy_region, postgres_url))
        assert eventually(on_duty)
        before = _listening(postgres_url)
        other = Dispatcher(toy_region, SqlStore(postgres_url, "toy-town"), keyed=KEYED)
        opened.callback(other.close)
        waits.plan(MONDAY, MORNING)
        writer = threading.Thread(target=waits.write, args=[lambda: go_on.wait(60)])
        writer.start()
        opened.callback(writer.join)
        opened.callback(go_on.set)
        booking = book(other, ride(clock="10:00"), MORNING)
        relieved = go_on.wait(5) or not on_duty()
        assert not relieved
        assert _listening(postgres_url) == before
        assert booking.code not in waits.plan(MONDAY, MORNING).bookings
        go_on.set()
        assert eventually(lambda: booking.code in waits.plan(MONDAY, MORNING).bookings)


def test_each_region_has_somebody_on_duty_and_sqlite_needs_nobody_else(
    toy_region: Region, postgres_url: str, tmp_path: Path
) -> None:
    other = SqlStore(postgres_url, "another-region")
    elsewhere = Duty(Dispatcher(toy_region, other), other.engine, other.word)
    with process(toy_region, postgres_url) as (_, here), elsewhere.running():
        assert eventually(lambda: here() and elsewhere())
    other.close()
    with process(toy_region, f"sqlite:///{tmp_path}/one.sqlite3") as (_, alone):
        assert alone()


def test_a_night_is_worked_by_the_process_on_duty_alone(toy_region: Region) -> None:
    done: list[int] = []
    turn = threading.Event()

    async def night(on_duty: Callable[[], bool]) -> None:
        task = asyncio.create_task(
            every_night(done.append, lambda: MORNING, toy_region.config, on_duty, 0.005)
        )
        await asyncio.sleep(0.1)
        assert done == []
        turn.set()
        for _ in range(2000):
            if done:
                break
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(night(turn.is_set))
    assert done == [MORNING]


@pytest.mark.slow
def test_of_two_servers_one_is_killed_none_of_the_bookings_is_lost_and_the_other_improves(
    toy_folder: Path, toy_region: Region, postgres_url: str, tmp_path: Path
) -> None:
    """`kill -9` of the one on duty amid bookings on both: soon the other one improves."""
    stops, day = [stop.id for stop in toy_region.stops], next_service_day()
    key = {"SHUTTLE_SIGNING_KEY": "the same key on both servers"}
    with (
        ServerProcess(toy_folder, postgres_url, tmp_path, key) as one,
        ServerProcess(toy_folder, postgres_url, tmp_path, key) as two,
    ):
        assert eventually(lambda: _on_duty(one) != _on_duty(two))
        doomed, heir = (one, two) if _on_duty(one) else (two, one)
        assert _solvers(heir.pid) == 0
        groups = [
            Residents(each.address, stops, day, seed) for seed, each in ((7, doomed), (8, heir))
        ]
        threads = [threading.Thread(target=each.book_all, args=(64, 8)) for each in groups]
        for thread in threads:
            thread.start()
        assert all(each.enough.wait(240) for each in groups)
        doomed.kill()
        assert eventually(lambda: _on_duty(heir))
        assert eventually(lambda: _solvers(heir.pid) == 1)
        for thread in threads:
            thread.join(300)
            assert not thread.is_alive()
    first, second = groups
    assert first.faults == second.faults == []
    assert min(len(first.confirmed), len(second.confirmed)) >= 8
    assert second.statuses[503] == 0
    first.confirmed |= second.confirmed
    first.unanswered |= second.unanswered
    assert_kept(first, toy_region, postgres_url)


def _on_duty(server: ServerProcess) -> bool:
    return bool(httpx2.get(f"{server.address}/healthz", timeout=20).json()["on_duty"])


def _solvers(pid: int) -> int:
    """Return how many solvers a server has: it starts one with its first question."""
    found = 0
    for each in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread or child that has ended meanwhile is none
            children = (Path(f"/proc/{child}/cmdline") for child in each.read_text().split())
            found += sum(b"spawn_main" in child.read_bytes() for child in children)
    return found


def _listening(url: str) -> set[int]:
    """Return the sessions of processes that listen: those that do what comes after that."""
    engine = sa.create_engine(url)
    sessions = """
        SELECT pid FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'shuttle duty' AND query LIKE 'SELECT%%'
    """
    with engine.connect() as connection:
        found = set(connection.exec_driver_sql(sessions, {}).scalars())
    engine.dispose()
    return found
