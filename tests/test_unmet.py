"""Unmet demand: every refusal is kept without a person, and what became of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import shuttle.keeping.sql_store
from shuttle.booking.unmet import Fate, Unmet
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Alternative, FixKind, Party, RideRequest, When
from shuttle.errors import OfferGone, RequestError
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import Change, MemoryStore, Store
from tests.api_client import Api, berlin, request, serving
from tests.kept_rides import keeping
from tests.staff import Office, at_the_desk
from tests.test_dispatcher import MONDAY, at, ride, spot
from tests.toy_town import coordinates

LATE = ride(when=When.ARRIVE_BY, clock="09:07", party=Party(3, 0, 1))
"""Too late for a quarter past nine."""

ROW = Unmet("A1B2C3D4", MONDAY, 900, 1800, "mitte", "bahnhof", Party(2, 1), "no_seats")


@pytest.fixture
def api(toy_region: Region, tmp_path: Path) -> Iterator[Office]:
    with at_the_desk(toy_region, tmp_path) as desk:
        yield desk


def test_rows_come_back_by_day_and_wanted_time(store: Store) -> None:
    later = replace(ROW, id="later", wanted=3600)
    other_day = replace(ROW, id="other", day=MONDAY + timedelta(days=1), wanted=90_000)
    for each in (later, other_day, ROW):
        store.note_unmet(each)
    assert store.unmet(MONDAY, MONDAY) == (ROW, later)
    assert store.unmet(MONDAY, MONDAY + timedelta(days=1)) == (ROW, later, other_day)
    assert store.unmet(MONDAY - timedelta(days=9), MONDAY - timedelta(days=1)) == ()


def test_a_booking_of_an_alternative_writes_the_fate_in_the_same_transaction(store: Store) -> None:
    store.note_unmet(ROW)
    tuesday = MONDAY + timedelta(days=1)
    taken = Alternative(ROW.id, FixKind.OTHER_DAY)
    store.commit(Change(tuesday, 0, alternative=taken))
    assert store.unmet(MONDAY, MONDAY) == (replace(ROW, taken=FixKind.OTHER_DAY),)


def test_an_alternative_to_a_refusal_that_was_deleted_is_booked_all_the_same(store: Store) -> None:
    assert store.commit(Change(MONDAY, 0, alternative=Alternative("gone", FixKind.LATER))) == 1
    assert store.unmet(MONDAY, MONDAY) == ()


def test_a_refusal_is_kept_with_stops_quarter_hours_party_and_reason(
    dispatcher: Dispatcher,
) -> None:
    quote = dispatcher.quote(replace(LATE, origin=spot(190, 30)), at("09:04"))
    assert quote.refusal is not None
    [row] = dispatcher.store.unmet(MONDAY, MONDAY)
    assert row == Unmet(
        quote.refusal.id,
        MONDAY,
        at("09:00"),
        at("09:00"),
        "mitte",
        "bahnhof",
        Party(3, 0, 1),
        "too_soon",
    )


def test_whoever_takes_the_alternative_is_counted_as_such_the_others_are_gone_the_next_day(
    dispatcher: Dispatcher,
) -> None:
    first, second = (dispatcher.quote(LATE, at("09:00")) for _ in range(2))
    assert first.refusal is not None
    assert second.refusal is not None
    dispatcher.book(first.offers[0], "key-of-the-first", at("09:01"))
    rows = {each.id: each for each in dispatcher.store.unmet(MONDAY, MONDAY)}
    taken, left = rows[first.refusal.id], rows[second.refusal.id]
    tuesday = MONDAY + timedelta(days=1)
    assert (taken.fate(MONDAY), taken.taken) == (Fate.TAKEN, FixKind.LATER)
    assert (taken.fate(tuesday), left.fate(MONDAY)) == (Fate.TAKEN, Fate.OPEN)
    assert left.fate(tuesday) == Fate.GONE


def test_an_alternative_on_another_day_is_found_with_the_day_that_was_wanted(
    dispatcher: Dispatcher,
) -> None:
    refusal = dispatcher.quote(LATE, at("09:00")).refusal
    assert refusal is not None
    [fix] = [each for each in refusal.fixes if each.kind is FixKind.OTHER_DAY]
    dispatcher.book(fix.offer, "key-of-another-day", at("09:01"))
    [row] = dispatcher.store.unmet(MONDAY, MONDAY)
    assert row.taken is FixKind.OTHER_DAY


@pytest.mark.parametrize(
    ("asked", "reason", "origin"),
    [
        (ride(clock="21:10"), "outside_hours", "mitte"),
        (ride(spot(9000, 0)), "outside_area", "54.63,9.90"),
        (ride(spot(1600, 700)), "no_stop_near", "54.64,9.80"),
        (ride(day=date(2027, 3, 9)), "beyond_horizon", "mitte"),
        (ride(party=Party(9)), "party_too_large", "mitte"),
    ],
)
def test_what_no_plan_could_serve_is_unmet_demand_too(
    dispatcher: Dispatcher, asked: RideRequest, reason: str, origin: str
) -> None:
    with pytest.raises(RequestError):
        dispatcher.quote(asked, at("09:00"))
    [row] = dispatcher.store.unmet(MONDAY, MONDAY + timedelta(days=30))
    assert (row.reason, row.origin, row.destination) == (reason, origin, "bahnhof")
    assert row.wanted == asked.time // 900 * 900


def test_nobody_waits_for_the_disk_over_a_refusal_but_over_a_booking(
    toy_region: Region, tmp_path: Path
) -> None:
    with keeping(toy_region, f"sqlite:///{tmp_path / 'unmet.sqlite3'}") as kept:
        waited: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if "synchronous" in statement:
                waited.append(statement.rpartition("=")[2])

        sa.event.listen(kept.engine, "before_cursor_execute", note)
        kept.refused()
        kept.book()
        assert waited == ["NORMAL", "FULL"]
        assert kept.count("unmet_demand") == 1


@pytest.mark.parametrize(
    "slip",
    [
        ride(clock="08:00"),
        ride("mitte", "mitte"),
        ride("mitte", "nowhere"),
        ride(party=Party(0)),
        ride(day=date(2927, 3, 9)),
    ],
)
def test_a_slip_of_the_pen_is_no_demand(dispatcher: Dispatcher, slip: RideRequest) -> None:
    with pytest.raises(RequestError):
        dispatcher.quote(slip, at("09:00"))
    assert dispatcher.store.unmet(date(1, 1, 1), date(9999, 1, 1)) == ()


def test_who_loses_an_offer_to_somebody_faster_and_finds_nothing_else_is_kept_too(
    dispatcher: Dispatcher,
) -> None:
    now, crowd = at("09:00"), ride(party=Party(8))
    mine = dispatcher.quote(crowd, now).offers[0]
    for number in range(60):
        quote = dispatcher.quote(crowd, now)
        if quote.refusal is not None:
            break
        dispatcher.book(quote.offers[0], f"faster-{number:03}", now)
    with pytest.raises(OfferGone) as gone:
        dispatcher.book(mine, "key-of-the-slower", now)
    refusal = gone.value.quote.refusal
    assert refusal is not None
    rows = {row.id: row for row in dispatcher.store.unmet(MONDAY, MONDAY)}
    assert len(rows) == 2
    assert (rows[refusal.id].reason, rows[refusal.id].wanted) == ("no_seats", at("10:00"))


def test_a_point_on_the_grid_is_about_a_kilometre_wide(dispatcher: Dispatcher) -> None:
    cells = set()
    for east in range(8000, 10_000, 50):
        with pytest.raises(RequestError):
            dispatcher.quote(ride(spot(east, 0)), at("09:00"))
    for each in dispatcher.store.unmet(MONDAY, MONDAY):
        cells.add(each.origin)
    assert 2 <= len(cells) <= 3


def test_refusals_that_were_events_move_to_the_table(database_url: str) -> None:
    """A database as it was before this table: its old refusals are not lost."""
    store = SqlStore(database_url, "toy-town")
    store.close()
    engine = sa.create_engine(database_url)
    facts = {
        "origin_stop": "mitte",
        "destination_stop": "bach",
        "wanted": 1_803_884_400,
        "passengers": 2,
        "wheelchairs": 1,
        "child_seats": 0,
        "reason": "other_promises",
    }
    config = Config()
    folder = Path(shuttle.keeping.sql_store.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006-1")
        rows = [
            {"kind": "refused", "facts": json.dumps(facts), "time": 1_803_880_123},
            {"kind": "picked_up", "facts": '{"code": "X", "shift": "s"}', "time": 5},
        ]
        connection.execute(
            sa.text(
                "INSERT INTO event (region, day, time, kind, facts) "
                "VALUES ('toy-town', '2027-03-01', :time, :kind, :facts)"
            ),
            rows,
        )
    engine.dispose()
    store = SqlStore(database_url, "toy-town")
    [moved] = store.unmet(MONDAY, MONDAY)
    assert moved == Unmet(
        moved.id,
        MONDAY,
        1_803_879_900,
        1_803_884_400,
        "mitte",
        "bach",
        Party(2, 1),
        "other_promises",
    )
    assert [event.kind for event in store.events(MONDAY)] == ["picked_up"]
    store.close()


# ------------------------------------------------------------------------------------ on the wire


def merged(**changes: Any) -> dict[str, Any]:
    return {**request(), **changes}


def test_every_fix_on_the_wire_is_booked_as_it_says(toy_region: Region) -> None:
    asked = merged(
        when={"arrive_by": berlin("2027-03-22T08:07")}, party={"passengers": 3, "child_seats": 1}
    )
    for number in range(2):
        dispatcher = Dispatcher(toy_region, MemoryStore())
        with serving(dispatcher) as api:
            fixes = api.http.post("/api/v1/offers", json=asked).json()["refusal"]["fixes"]
            assert len(fixes) == 2
            again = api.http.post("/api/v1/offers", json={**asked, **fixes[number]["change"]})
            assert again.json()["refusal"] is None
            booked = api.confirm(again.json()["offers"][0]["offer"], "key-again")
            assert booked.status_code == 201
            api.cancel(booked.json())
            assert api.confirm(fixes[number]["offer"]["offer"], "key-fixed").status_code == 201
        dispatcher.close()


def test_a_problem_with_a_request_names_the_fixes_in_the_readers_language(api: Api) -> None:
    lat, lon = coordinates((9000, 300))
    body = merged(**{"from": {"lat": lat, "lon": lon}})
    german = api.http.post("/api/v1/offers", json=body)
    english = api.http.post("/api/v1/offers", json=body, headers={"Accept-Language": "en"})
    assert german.status_code == 422
    assert german.json()["code"] == "outside_area"
    [fix] = german.json()["fixes"]
    assert fix["kind"] == "other_stop"
    assert fix["change"]["from"] == {"stop": "bach"}
    assert 5000 < fix["walk_metres"] < 6500
    assert fix["message"].startswith("Ab Haltestelle Am Bach, Niederdorf (5,9 km) geht es um ")
    assert english.json()["fixes"][0]["message"].startswith(
        "From stop Am Bach, Niederdorf (5.9 km) "
    )
    again = api.http.post("/api/v1/offers", json={**body, **fix["change"]})
    assert api.confirm(again.json()["offers"][0]["offer"]).status_code == 201


def test_unmet_demand_is_told_by_rows_and_sums(api: Office) -> None:
    soon = {"arrive_by": berlin("2027-03-22T08:07")}
    refused = api.ask(when=soon).json()
    api.ask(when=soon, party={"passengers": 2})
    api.ask(when={"depart_at": berlin("2027-03-22T21:05")})
    api.confirm(refused["refusal"]["fixes"][0]["offer"]["offer"])
    told = api.http.get("/api/v1/unmet").json()
    assert (told["from"], told["to"], told["requests"]) == ("2027-03-22", "2027-03-22", 3)
    assert told["sums"] == [
        {"reason": "outside_hours", "fate": "open", "requests": 1, "passengers": 1},
        {"reason": "too_soon", "fate": "alternative_taken", "requests": 1, "passengers": 1},
        {"reason": "too_soon", "fate": "open", "requests": 1, "passengers": 2},
    ]
    assert told["rows"][2] == {
        "day": "2027-03-22",
        "asked": berlin("2027-03-22T08:00"),
        "wanted": berlin("2027-03-22T21:00"),
        "from": {"stop": "kirche", "lat": None, "lon": None},
        "to": {"stop": "bahnhof", "lat": None, "lon": None},
        "party": {"passengers": 1, "wheelchairs": 0, "child_seats": 0},
        "reason": "outside_hours",
        "fate": "open",
        "taken": None,
    }
    api.clock.set("2027-03-23T06:00")
    api.sign_in("dispatcher")
    later = api.http.get("/api/v1/unmet?from=2027-03-20&to=2027-03-23").json()
    assert [each["fate"] for each in later["sums"]] == ["gone", "alternative_taken", "gone"]


def test_a_point_outside_is_told_as_a_point(api: Api) -> None:
    lat, lon = coordinates((9000, 300))
    api.ask(origin={"lat": lat, "lon": lon})
    [row] = api.http.get("/api/v1/unmet").json()["rows"]
    assert row["from"] == {"stop": None, "lat": 54.63, "lon": 9.9}


@pytest.mark.parametrize(
    "query", ["from=2027-03-22&to=2027-03-21", "from=2020-01-01&to=2027-03-22", "from=tomorrow"]
)
def test_days_that_cannot_be_told_are_refused(api: Api, query: str) -> None:
    answer = api.http.get(f"/api/v1/unmet?{query}")
    assert (answer.status_code, answer.json()["field"]) == (
        422,
        "from" if "tomorrow" in query else "to",
    )


def test_a_refusal_names_the_vehicle_in_every_language(api: Api) -> None:
    chair = {"passengers": 1, "wheelchairs": 1}
    answer, number = api.ask(party=chair).json(), 0
    while answer["refusal"] is None:
        api.confirm(answer["offers"][0]["offer"], f"chair-{number:03}")
        answer, number = api.ask(party=chair).json(), number + 1
    refusal = answer["refusal"]
    english, danish = (
        api.http.post(
            "/api/v1/offers", json=merged(party=chair), headers={"Accept-Language": language}
        ).json()["refusal"]
        for language in ("en", "da")
    )
    vehicle = refusal["vehicle"]
    until, pickup = vehicle["until"][11:16], refusal["earliest_pickup"][11:16]
    assert (vehicle["name"], vehicle["only"]) == ("Bus 1", True)
    assert refusal["message"] == (
        "In dieser Zeit ist kein Rollstuhlplatz frei. Das einzige Fahrzeug, das einen Rollstuhl "
        f"mitnimmt (Bus 1), kann erst um {until} Uhr von {vehicle['place']} aus losfahren und um "
        f"{pickup} Uhr da sein. Das ist möglich:"
    )
    assert english["message"] == (
        "No wheelchair place is free at this time. The only vehicle that takes a wheelchair "
        f"(Bus 1) can leave {vehicle['place']} no sooner than {until} and be there at {pickup}. "
        "This is possible:"
    )
    until, pickup = until.replace(":", "."), pickup.replace(":", ".")
    assert danish["message"] == (
        "Der er ingen ledig kørestolsplads på dette tidspunkt. Den eneste vogn, der kan tage en "
        f"kørestol med (Bus 1), kan tidligst køre fra {vehicle['place']} kl. {until} og være hos "
        f"dig kl. {pickup}. Dette er muligt:"
    )
    assert {each["kind"]: each["message"] for each in refusal["fixes"]}["fewer_aids"] == (
        "Mit gefaltetem Rollstuhl geht es um 09:00 Uhr."
    )
