"""Faults survived: what was confirmed stays, what failed is said clearly, and the service goes on.

``kill -9`` of the server is in test_kill.py.
"""

import os
import random
import resource
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from routing.check import check_plan
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.api_client import Api, berlin, secret_of, serving
from tests.kept_rides import DAY, KEYED, MONDAY_EIGHT, Kept, keeping
from tests.server_process import ServerProcess
from tests.test_kill import Residents, assert_kept, next_service_day

OTHER_BACKENDS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@contextmanager
def api_on(region: Region, url: str) -> Iterator[tuple[Api, SqlStore]]:
    store = SqlStore(url, region.config.id)
    dispatcher = Dispatcher(region, store, keyed=KEYED)
    with serving(dispatcher) as api:
        yield api, store
    dispatcher.close()


def is_unavailable(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False


# The database connection


@pytest.mark.parametrize("reached", [False, True], ids=["before", "after"])
def test_a_connection_lost_in_mid_commit_leaves_a_booking_there_or_not(
    toy_region: Region, postgres_url: str, reached: bool
) -> None:
    """The server's end of the connection is killed just before, or just after, it commits."""
    killer = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with api_on(toy_region, postgres_url) as (api, store):
        token = api.offer()["offer"]
        armed = [True]

        @sa.event.listens_for(store.engine, "commit")
        def _kill(connection: sa.Connection) -> None:
            wrote = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
            if armed and connection.exec_driver_sql(wrote).scalar() and armed.pop():
                raw = connection.connection.dbapi_connection
                assert raw is not None
                if reached:
                    raw.commit()
                    raw.execute("BEGIN")
                with killer.connect() as other:
                    other.exec_driver_sql(OTHER_BACKENDS)

        assert is_unavailable(api.confirm(token))
        stored = store.receipt("key-of-a-test")
        assert (stored is not None) == reached
        again = api.confirm(token)
        assert again.status_code == 201
        if stored is not None:
            assert again.json()["code"] == stored.code
        assert api.http.get("/api/v1/figures").json()["booked"] == 1
        assert api.confirm(api.offer()["offer"], "key-number-two").status_code == 201
    killer.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("losses", [3, 30])
def test_a_server_whose_connections_are_killed_goes_on(
    toy_folder: Path, toy_region: Region, postgres_url: str, tmp_path: Path, losses: int
) -> None:
    stops = [stop.id for stop in toy_region.stops]
    killer = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with ServerProcess(toy_folder, postgres_url, tmp_path) as server:
        residents = Residents(server.address, stops, next_service_day(), seed=5)
        thread = threading.Thread(target=residents.book_all, args=(800, 800))
        thread.start()
        while thread.is_alive() and residents.statuses[503] < losses:
            with killer.connect() as connection:
                connection.exec_driver_sql(OTHER_BACKENDS)
            time.sleep(0.005)
        lost = residents.statuses[503]
        after = Residents(server.address, stops, next_service_day(), seed=6)
        thread.join(120)
        after.book_all(16, 16)
        residents.confirmed |= after.confirmed
        residents.unanswered |= after.unanswered
    killer.dispose()
    assert residents.faults == after.faults == []
    assert lost >= losses
    assert after.statuses[503] == 0
    assert set(residents.statuses) <= {201, 409, 410, 422, 503}
    assert_kept(residents, toy_region, postgres_url)


def test_offers_are_made_and_plans_shown_while_the_database_is_away(
    toy_region: Region, postgres_url: str
) -> None:
    with api_on(toy_region, postgres_url) as (api, _):
        api.book()
        token = api.offer()["offer"]
        too_early = {"arrive_by": berlin("2027-03-23T06:10")}
        assert api.ask(when=too_early).json()["refusal"]
        server = sa.make_url(postgres_url)
        name = server.database
        admin = sa.create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.exec_driver_sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            assert is_unavailable(api.confirm(token, "key-number-two"))
            assert api.http.get("/api/v1/tours").status_code == 200
            assert api.http.get("/healthz").json()["revision"] == 1
            assert api.ask().json()["offers"]
            assert api.ask(when=too_early).json()["refusal"]
            assert "shuttle_store_reachable 0.0" in api.http.get("/metrics").text
            connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        assert api.confirm(token, "key-number-two").status_code == 201
        admin.dispose()


# The disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_on_a_full_disk_bookings_fail_clearly_reads_go_on_and_space_mends_it(
    toy_region: Region, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with api_on(toy_region, f"sqlite:///{small_disk / 'shuttle.sqlite3'}") as (api, _):
        booking = api.book()
        token = api.offer()["offer"]
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(b"\0" * 2**22)
        answer = _first_failure(api)
        assert is_unavailable(answer)
        assert "repeat the request later" in answer.json()["detail"]
        assert "database or disk is full" in capsys.readouterr().out
        assert api.look_up(booking).json()["status"] == "booked"
        assert api.http.get("/api/v1/tours").status_code == 200
        assert api.ask().status_code == 200
        assert api.http.get("/healthz").status_code == 200
        filler.unlink()
        assert api.confirm(token, "key-after-the-fault").status_code == 201


def _first_failure(api: Api) -> Any:
    """Book until it fails: the last page that is at hand still takes some."""
    for number in range(50):
        answer = api.confirm(api.offer()["offer"], f"key-number-{number}")
        if answer.status_code != 201:
            return answer
    raise AssertionError("the disk never was full")


def test_a_server_that_may_write_no_more_says_so_and_goes_on_when_it_may(
    toy_folder: Path, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'full.sqlite3'}"
    with (
        ServerProcess(toy_folder, database, tmp_path) as server,
        httpx2.Client(base_url=server.address, timeout=60) as http,
    ):
        first = confirm(http, "key-number-1")
        assert first.status_code == 201
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, hard))
        assert is_unavailable(confirm(http, "key-number-2"))
        assert look_up(http, first.json()).status_code == 200
        assert http.get("/healthz").status_code == 200
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (soft, hard))
        assert confirm(http, "key-number-2").status_code == 201
    assert "store_unavailable" in server.said


def confirm(http: httpx2.Client, key: str) -> Any:
    asked = {
        "from": {"stop": "kirche"},
        "to": {"stop": "bahnhof"},
        "when": {"depart_at": f"{next_service_day()}T10:00:00+00:00"},
    }
    token = http.post("/api/v1/offers", json=asked).json()["offers"][0]["offer"]
    return http.post("/api/v1/bookings", json={"offer": token}, headers={"Idempotency-Key": key})


def look_up(http: httpx2.Client, booking: dict[str, Any]) -> Any:
    """Look up a booking by its link."""
    return http.get(f"/api/v1/bookings/{booking['code']}", headers=secret_of(booking))


# The clock


@pytest.mark.parametrize("step", [-3600, 3600, -DAY, DAY])
def test_a_step_of_the_clock_unserves_nothing_and_moves_no_promise(
    toy_region: Region, tmp_path: Path, step: int
) -> None:
    with keeping(toy_region, f"sqlite:///{tmp_path / 'clock.sqlite3'}") as kept:
        early, late = kept.book(ahead=1200), kept.book(ahead=4 * 3600)
        noon = MONDAY_EIGHT + 2 * 3600
        kept.dispatcher.advance(noon)
        served = _served(kept)
        assert kept.dispatcher.booking(early.code).status is BookingStatus.SERVED
        for now in (noon + step, noon + step + 60, noon + 120):
            kept.dispatcher.advance(now)
            assert _served(kept) >= served
            _assert_sound(kept, now)
        for before in (early, late):
            after = kept.dispatcher.booking(before.code)
            assert after.ride == before.ride
        assert kept.dispatcher.booking(early.code).status is BookingStatus.SERVED
        assert kept.book(now=noon + 120).status is BookingStatus.BOOKED


def test_bookings_are_taken_while_the_clock_jumps_about(toy_region: Region, tmp_path: Path) -> None:
    rng = random.Random(3)
    with keeping(toy_region, f"sqlite:///{tmp_path / 'clock.sqlite3'}") as kept:
        promises = {}
        served = 0
        for _ in range(25):
            now = MONDAY_EIGHT + rng.randrange(0, 6 * 3600)
            kept.dispatcher.advance(now)
            booking = kept.book(now=now, ahead=rng.randrange(1200, 2 * 3600))
            promises[booking.code] = booking.ride
            assert _served(kept) >= served
            served = _served(kept)
            _assert_sound(kept, now)
        assert {code: kept.dispatcher.booking(code).ride for code in promises} == promises
        assert served > 5


def _served(kept: Kept) -> int:
    """Return how many halts of Monday are stored as having happened."""
    day = kept.region.config.local_day(MONDAY_EIGHT)
    return sum(tour.served for tour in kept.dispatcher.store.load(day).tours)


def _assert_sound(kept: Kept, now: int) -> None:
    plan = kept.dispatcher.plan(kept.region.config.local_day(MONDAY_EIGHT), now)
    trips = {code: exact_trip(kept.region, each.ride, code) for code, each in plan.bookings.items()}
    assert [str(each) for each in check_plan(plan.tours, kept.region.travel, trips)] == []


# Two servers


@pytest.mark.slow
def test_two_servers_on_one_database_book_side_by_side(
    toy_folder: Path, toy_region: Region, database_url: str, tmp_path: Path
) -> None:
    """The one that comes second reads the day anew; both end up showing the same plan."""
    stops, day = [stop.id for stop in toy_region.stops], next_service_day()
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
    key = {"SHUTTLE_SIGNING_KEY": "the same key on both servers"}
    with (
        ServerProcess(toy_folder, database_url, homes[0], key) as one,
        ServerProcess(toy_folder, database_url, homes[1], key) as two,
    ):
        groups = [
            Residents(server.address, stops, day, seed) for seed, server in ((7, one), (8, two))
        ]
        threads = [
            threading.Thread(target=group.book_all, args=(64, 64), daemon=True) for group in groups
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        shown = [f"{server.address}/api/v1/tours?date={day}" for server in (one, two)]
        assert eventually(lambda: len({_shown(address) for address in shown}) == 1)
    first, second = groups
    assert first.faults == second.faults == []
    assert min(first.statuses[201], second.statuses[201]) >= 5
    first.confirmed |= second.confirmed
    first.unanswered |= second.unanswered
    assert_kept(first, toy_region, database_url)


def _shown(address: str) -> str:
    """Return the revision that a server shows, and how many get on in which tour."""
    shown = httpx2.get(address, timeout=20).json()
    return f"{shown['revision']} " + " ".join(
        f"{tour['vehicle']}: {sum(stand['getting_on'] for stand in tour['stands'])}"
        for tour in shown["tours"]
    )
