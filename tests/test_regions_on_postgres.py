"""Two regions in one PostgreSQL, served by two processes: each books in both, one may be killed."""

import threading
from datetime import date
from functools import partial
from pathlib import Path

import httpx2
import pytest

from routing.check import check_plan
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.server_process import ServerProcess
from tests.test_faults import eventually
from tests.test_kill import next_service_day
from tests.test_several_regions import booked
from tests.two_regions import HALVES, write_two_regions

KEY = {"SHUTTLE_SIGNING_KEY": "the same key on both servers"}


@pytest.mark.slow
def test_each_process_books_in_each_region_and_when_one_is_killed_the_other_does_all(
    postgres_url: str, tmp_path: Path
) -> None:
    folders, day = write_two_regions(tmp_path / "regions"), next_service_day()
    confirmed = {region: set[str]() for region in HALVES}
    answers: dict[str, list[httpx2.Response]] = {region: [] for region in HALVES}
    with (
        ServerProcess(list(folders.values()), postgres_url, tmp_path, KEY) as one,
        ServerProcess(list(folders.values()), postgres_url, tmp_path, KEY) as two,
    ):
        for region in HALVES:
            assert eventually(partial(one_is_on_duty, one, two, region), 60)
            for number, server in enumerate((one, two, one, two)):
                confirmed[region].add(code_of(booked(server.address, region, day, number)))
        check_that_each_knows_its_own_alone(booked(one.address, "oberdorf", day, 4), two, confirmed)
        doomed, heir = (one, two) if on_duty(one, "oberdorf") else (two, one)

        def book_on(region: str) -> None:
            answers[region].extend(booked(heir.address, region, day, n) for n in range(10, 16))

        threads = [threading.Thread(target=book_on, args=[region]) for region in HALVES]
        for thread in threads:
            thread.start()
        doomed.kill()
        for thread in threads:
            thread.join(300)
            assert not thread.is_alive()
        for region in HALVES:
            assert eventually(partial(on_duty, heir, region), 60)
    for region, folder in folders.items():
        confirmed[region] |= {code_of(each) for each in answers[region]}
        kept = stored(folder, postgres_url, day)
        assert kept == confirmed[region], "nothing is lost, and nothing strays into another region"


def check_that_each_knows_its_own_alone(
    answer: httpx2.Response, other: ServerProcess, confirmed: dict[str, set[str]]
) -> None:
    """A booking in Oberdorf is there for its owner on the other process, and nowhere else."""
    booking = answer.json()
    confirmed["oberdorf"].add(code_of(answer))
    path, secret = f"/api/v1/bookings/{booking['code']}", {"Booking-Secret": booking["link"]}
    assert ask(other, "oberdorf", path, **secret).status_code == 200
    assert ask(other, "niederdorf", path, **secret).status_code == 404


def one_is_on_duty(one: ServerProcess, two: ServerProcess, region: str) -> bool:
    return on_duty(one, region) != on_duty(two, region)


def ask(server: ServerProcess, region: str, path: str, **headers: str) -> httpx2.Response:
    host = {"Host": f"{region}.bus.example"}
    return httpx2.get(f"{server.address}{path}", headers=host | headers, timeout=60)


def on_duty(server: ServerProcess, region: str) -> bool:
    return bool(ask(server, region, "/healthz").json()["on_duty"])


def code_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 201, answer.text
    code: str = answer.json()["code"]
    return code


def stored(folder: Path, url: str, day: date) -> set[str]:
    """The codes of a region's bookings on a day, whose plan the checker has looked at."""
    region = Region.load(folder)
    dispatcher = Dispatcher(region, SqlStore(url, region.config.id))
    plan = dispatcher.plan(day, 0)
    trips = {code: exact_trip(region, each.ride, code) for code, each in plan.bookings.items()}
    assert [str(each) for each in check_plan(plan.tours, region.travel, trips)] == []
    dispatcher.close()
    return set(plan.bookings)
