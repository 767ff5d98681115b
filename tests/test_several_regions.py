"""One server, two regions: nothing of one is open to the other, and neither suffers by it."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive

from api.app import create_app
from api.front import MOST_AT_ONCE, front
from shuttle.dispatcher import Dispatcher
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.neighbours import beside_each_other
from shuttle.people.accounts import Role
from shuttle.people.sign_in import SignIn
from shuttle.region import Region
from tests.api_client import KEY, Clock, berlin, secret_of
from tests.server_process import ServerProcess
from tests.staff import CHEAP, PASSWORD
from tests.test_kill import next_service_day
from tests.toy_town import coordinates
from tests.two_regions import HALVES, SHARED, write_two_regions

MONDAY = date(2027, 3, 22)

RIDES = {"oberdorf": ("kirche", "mitte"), "niederdorf": ("bahnhof", "bach")}


@dataclass
class Kreis:
    """Both regions behind one front, on one database file, asked by host name."""

    http: TestClient
    dispatchers: Mapping[str, Dispatcher]

    def ask(self, region: str, origin: Any, to: Any, language: str = "en", **when: str) -> Any:
        """Ask one region for a ride."""
        return self.http.post(
            f"http://{region}.bus.example/api/v1/offers",
            json={"from": origin, "to": to, "when": when or {"depart_at": _NINE}},
            headers={"Accept-Language": language},
        )

    def sign_in(self, region: str, name: str) -> Any:
        """Sign in at one region."""
        return self.http.post(
            f"http://{region}.bus.example/api/v1/session",
            json={"name": name, "password": PASSWORD},
        )


_NINE = berlin("2027-03-22T09:00")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_two_regions(tmp_path_factory.mktemp("kreis") / "regions")


@pytest.fixture(scope="module")
def kreis(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kreis]:
    url = f"sqlite:///{tmp_path_factory.mktemp('kreis') / 'both.sqlite3'}"
    clock, keyed, apps, dispatchers = Clock(), Keyed(KEY), {}, {}
    with ExitStack() as stack:
        for region in beside_each_other([Region.load(each) for each in folders.values()]):
            name, store = region.config.id, SqlStore(url, region.config.id)
            door = SignIn(store.accounts, keyed, CHEAP)
            door.add(f"{name}-planner", PASSWORD, [Role.PLANNER], clock())
            dispatcher = stack.enter_context(closing(Dispatcher(region, store, keyed=keyed)))
            dispatchers[name] = dispatcher
            apps[name] = create_app(dispatcher, clock, KEY, tick_seconds=None, sign_in=door)
        yield Kreis(stack.enter_context(TestClient(front(apps))), dispatchers)


def place(east: float, north: float) -> dict[str, float]:
    lat, lon = coordinates((east, north))
    return {"lat": lat, "lon": lon}


def test_offers_and_bookings_of_one_region_are_unknown_in_the_other(kreis: Kreis) -> None:
    offer = kreis.ask("oberdorf", {"stop": "kirche"}, {"stop": "mitte"}).json()["offers"][0]
    key = {"Idempotency-Key": "of-oberdorf"}
    sent: dict[str, Any] = {"json": {"offer": offer["offer"]}, "headers": key}
    foreign = kreis.http.post("http://niederdorf.bus.example/api/v1/bookings", **sent)
    assert foreign.json()["code"] == "offer_invalid"
    booking = kreis.http.post("http://oberdorf.bus.example/api/v1/bookings", **sent).json()
    for region, status in (("oberdorf", 200), ("niederdorf", 404)):
        found = kreis.http.get(
            f"http://{region}.bus.example/api/v1/bookings/{booking['code']}",
            headers=secret_of(booking),
        )
        assert found.status_code == status
    assert not kreis.dispatchers["niederdorf"].plan(MONDAY, Clock()()).bookings


def test_staff_of_one_region_come_into_no_other(kreis: Kreis) -> None:
    assert kreis.sign_in("niederdorf", "oberdorf-planner").status_code == 401
    entered = kreis.sign_in("oberdorf", "oberdorf-planner")
    assert entered.status_code == 201
    session = entered.headers["Set-Cookie"].partition(";")[0]
    assert "domain" not in entered.headers["Set-Cookie"].lower()
    kreis.http.cookies.clear()
    for region, status in (("oberdorf", 200), ("niederdorf", 401)):
        seen = kreis.http.get(
            f"http://{region}.bus.example/api/v1/unmet", headers={"Cookie": session}
        )
        assert seen.status_code == status


def test_a_ride_across_the_border_is_refused_with_where_to_change_and_is_demand(
    kreis: Kreis,
) -> None:
    refused = kreis.ask("oberdorf", {"stop": "kirche"}, place(3000, 260))
    assert (refused.status_code, refused.json()["code"]) == (422, "across_border")
    assert refused.json()["field"] == "to"
    assert "Amt Niederdorf" in refused.json()["detail"]
    assert "change at the stop Landstraße" in refused.json()["detail"]
    [fix] = refused.json()["fixes"]
    assert fix["offer"]["dropoff_stop"]["id"] == SHARED
    [row] = kreis.dispatchers["oberdorf"].store.unmet(MONDAY, MONDAY)
    assert row.reason == "across_border"
    assert not kreis.dispatchers["niederdorf"].store.unmet(MONDAY, MONDAY)


def test_of_a_ride_that_comes_from_the_neighbour_only_the_way_on_is_offered_by_its_arrival(
    kreis: Kreis,
) -> None:
    here, there = {"stop": "kirche"}, place(3000, 260)
    late = kreis.ask("oberdorf", there, here, arrive_by=_NINE).json()
    assert (late["code"], late["field"]) == ("across_border", "from")
    assert [each["offer"]["pickup_stop"]["id"] for each in late["fixes"]] == [SHARED]
    # Nobody knows when the neighbour's bus will be at the border.
    assert "fixes" not in kreis.ask("oberdorf", there, here).json()
    both = kreis.ask("oberdorf", there, place(3100, 520)).json()
    assert both["code"] == "across_border"
    assert "change" not in both["detail"]


def test_a_place_in_no_region_is_still_outside_the_area(kreis: Kreis) -> None:
    far = kreis.ask("oberdorf", {"stop": "kirche"}, place(90_000, 0))
    assert far.json()["code"] == "outside_area"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "das ein eigenes Shuttle hat"),
        ("en", "which has a shuttle of its own"),
        ("da", "som har sin egen shuttle"),
    ],
)
def test_residents_read_whose_area_it_is_and_where_to_change(
    kreis: Kreis, language: str, words: str
) -> None:
    lat, lon = coordinates((3000, 260))
    answer = kreis.http.post(
        f"http://oberdorf.bus.example/offers?lang={language}",
        data={
            "from": "Kirche",
            "to": "Bahnhof",
            "to_point": f"{lat} {lon}",
            "when": "depart",
            "day": "2027-03-22",
            "time": "09:00",
        },
        headers={"Accept": "text/html"},
    )
    assert "Amt Niederdorf" in answer.text
    assert words in answer.text
    assert "Landstraße" in answer.text


def test_whoever_sends_slowly_keeps_nobody_out(kreis: Kreis) -> None:
    """More senders than requests are worked on at once, and none of them ever comes to an end."""

    async def tried() -> int:
        never = asyncio.Event()

        async def sent_slowly() -> Message:
            await never.wait()
            raise AssertionError("it never comes")

        async def sent_at_once() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        def asking(method: str, path: str, receive: Receive) -> asyncio.Task[int]:
            return asyncio.create_task(status(kreis.http.app, method, path, receive))

        slow = [asking("POST", "/api/v1/offers", sent_slowly) for _ in range(MOST_AT_ONCE + 1)]
        try:
            return await asyncio.wait_for(asking("GET", "/healthz", sent_at_once), timeout=20)
        finally:
            for each in slow:
                each.cancel()
            await asyncio.gather(*slow, return_exceptions=True)

    assert asyncio.run(tried()) == 200


async def status(app: ASGIApp, method: str, path: str, receive: Receive) -> int:
    """Ask the application of a region without any server; return the status of its answer."""
    answers: list[int] = []

    async def heard(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    headers = [(b"host", b"oberdorf.bus.example"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("oberdorf.bus.example", 80),
    }
    await app(scope, receive, heard)
    return answers[0]


def test_another_host_name_shows_the_regions_in_the_readers_language(kreis: Kreis) -> None:
    for language, words in (("de", "Wo möchten Sie fahren?"), ("en", "Where do you want to ride?")):
        page = kreis.http.get("http://bus.example/", headers={"Accept-Language": language})
        assert page.status_code == 200
        assert words in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        for region, (name, *_) in HALVES.items():
            assert f'<a href="http://{region}.bus.example/">{name}</a>' in page.text
    assert kreis.http.get("http://bus.example/static/shuttle.css").status_code == 200
    assert kreis.http.get("http://bus.example/api/v1/session").status_code == 404


def test_whoever_watches_the_server_hears_of_each_region(kreis: Kreis) -> None:
    answer = kreis.http.get("http://127.0.0.1:8000/healthz")
    assert (answer.status_code, answer.json()) == (200, {"well": dict.fromkeys(HALVES, True)})


# ------------------------------------------------------------------------------- a real server


def booked(server: str, region: str, day: date, number: int) -> httpx2.Response:
    """Answer to a booking in a region, or to the question for offers where that fails."""
    origin, to = RIDES[region]
    wanted = datetime.combine(day, datetime.min.time()) + timedelta(hours=8, minutes=30 * number)
    body = {
        "from": {"stop": origin},
        "to": {"stop": to},
        "when": {"depart_at": berlin(wanted.isoformat())},
    }
    with httpx2.Client(
        base_url=server, headers={"Host": f"{region}.bus.example"}, timeout=60, trust_env=False
    ) as http:
        asked = http.post("/api/v1/offers", json=body)
        if asked.status_code != 200:
            return asked
        return http.post(
            "/api/v1/bookings",
            json={"offer": asked.json()["offers"][0]["offer"]},
            headers={"Idempotency-Key": f"{region}-number-{number}"},
        )


def test_a_database_that_waits_or_is_gone_is_no_matter_to_the_other_region(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "nothing-there"
    day = next_service_day()
    served = [*folders.values(), broken]
    with ServerProcess(served, "{region}.sqlite3", tmp_path) as server:
        assert f"A region is not served: {broken}" in server.said.replace("\n", " ")
        with closing(sqlite3.connect(tmp_path / "oberdorf.sqlite3")) as database:
            database.execute("BEGIN IMMEDIATE")
            with ThreadPoolExecutor(6) as clients:
                waiting = [
                    clients.submit(booked, server.address, "oberdorf", day, number)
                    for number in range(6)
                ]
                assert booked(server.address, "niederdorf", day, 1).status_code == 201
                assert not any(each.done() for each in waiting)
                database.rollback()
                assert {each.result().status_code for each in waiting} == {201}
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (name,) in tables.fetchall():
                if not name.startswith("sqlite_"):
                    database.execute(f'DROP TABLE "{name}"')
            database.commit()
        assert booked(server.address, "oberdorf", day, 7).status_code == 503
        assert booked(server.address, "niederdorf", day, 2).status_code == 201
        well = httpx2.get(
            f"{server.address}/healthz", headers={"Host": "niederdorf.bus.example"}, timeout=20
        )
        assert well.json()["region"] == "niederdorf"
        assert well.status_code == 200
