"""Rides to and from trains: what is asked, offered, booked and kept; and buses on the same way."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from api.desk.one_line import read_line
from api.residents.wishes import TRAIN
from shuttle.answers import RefusalReason
from shuttle.commands.doctor import Surroundings, examine
from shuttle.domain import Channel, Location, Party, Promise, Ride
from shuttle.keeping.database import writing
from shuttle.keeping.pseudonyms import pseudonymise
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from tests.api_client import BERLIN, Api, request
from tests.resident_pages import PHONE, Page, offers, serving_residents
from tests.staff import office
from tests.train_town import train_town, write_train_town

DAY = "2027-03-22"
TO_KIEL, TO_FLENSBURG = f"to:{DAY}:south-9", f"to:{DAY}:north-9"
FROM_KIEL = f"from:{DAY}:north-9"


def at(clock: str) -> int:
    return int(datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=BERLIN).timestamp())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return train_town(tmp_path_factory.mktemp("trains") / "region")


@pytest.fixture
def api(town: Region) -> Iterator[Api]:
    with serving_residents(town, Channel.SMS) as served:
        yield served


# Asking


def test_the_trains_of_a_stop_are_listed_with_what_a_request_names_them_by(api: Api) -> None:
    answer = api.http.get("/api/v1/trains", params={"stop": "bahnhof", "day": DAY})
    listed = answer.json()
    assert [(each["train"], each["towards"]) for each in listed["leaving"]] == [
        (TO_FLENSBURG, "Flensburg"),
        (TO_KIEL, "Kiel"),
        (f"to:{DAY}:south-10", "Kiel"),
    ]
    first = listed["arriving"][0]
    assert (first["train"], first["time"]) == (FROM_KIEL, f"{DAY}T09:05:00+01:00")
    nowhere = api.http.get("/api/v1/trains", params={"stop": "kirche", "day": DAY}).json()
    assert nowhere == {"leaving": [], "arriving": []}


def test_a_ride_to_a_train_arrives_with_the_margin_and_says_which_train(api: Api) -> None:
    for offer in api.ask(when={"train": TO_KIEL}).json()["offers"]:
        assert datetime.fromisoformat(offer["dropoff_latest"]).timestamp() <= at("09:01")
        assert offer["train"] == {
            "train": TO_KIEL,
            "line": "RE 72",
            "towards": "Kiel",
            "time": f"{DAY}T09:07:00+01:00",
            "change_minutes": 6,
            "cancelled": False,
        }


def test_a_ride_from_a_train_begins_the_margin_after_it_arrives(api: Api) -> None:
    back = {"origin": {"stop": "bahnhof"}, "to": {"stop": "kirche"}}
    answer = api.ask(**back, when={"train": FROM_KIEL}).json()
    begins = [datetime.fromisoformat(o["pickup_window"]["earliest"]) for o in answer["offers"]]
    assert min(begins).timestamp() >= at("09:11")
    assert {each["train"]["train"] for each in answer["offers"]} == {FROM_KIEL}


def test_the_way_back_can_be_from_a_train_too(api: Api) -> None:
    outward = api.offer(when={"train": TO_KIEL})
    asked = {"outward": outward["offer"], "return": {"when": {"train": f"from:{DAY}:south-10"}}}
    answer = api.http.post("/api/v1/offers/return", json=asked)
    assert answer.json()["offers"][0]["train"]["line"] == "RE 72"


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        ({}, f"to:{DAY}:south-11"),
        ({}, FROM_KIEL),
        ({}, "to:9999-12-31:south-9"),
        ({}, "south-9"),
        ({"to": {"stop": "mitte"}}, TO_KIEL),
    ],
)
def test_a_train_that_does_not_stop_there_is_no_train(
    api: Api, ends: dict[str, Any], name: str
) -> None:
    answer = api.ask(**ends, when={"train": name})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_train")
    assert answer.json()["field"] == "when.train"


def test_no_train_and_a_time_are_one_wish_too_many(api: Api) -> None:
    when = {**request()["when"], "train": TO_KIEL}
    assert api.ask(when=when).status_code == 422


def test_a_fix_on_another_day_is_not_said_to_be_for_the_train(api: Api) -> None:
    """Ten minutes before the train nothing reaches it any more; tomorrow is another train."""
    api.clock.set(f"{DAY}T08:58")
    answer = api.ask(when={"train": TO_KIEL}).json()
    fixes = {each["kind"]: each["offer"] for each in answer["refusal"]["fixes"]}
    assert fixes["other_day"]["train"] is None
    assert fixes["later"]["train"] is None


# Booking


def test_the_booking_remembers_its_train_in_the_database_until_it_names_nobody(
    town: Region, tmp_path: Path
) -> None:
    with office(town, tmp_path) as here:
        booked = here.book(when={"train": TO_KIEL})
        assert here.look_up(booked).json()["train"]["train"] == TO_KIEL
        again = SqlStore(str(here.store.engine.url), "toy-town")
        booking = again.booking(booked["code"])
        assert booking is not None
        assert booking.train is not None
        assert (booking.train.time, booking.train.margin) == (at("09:07"), 360)
        with writing(again.engine) as connection:
            pseudonymise(connection, "toy-town", [booked["code"]], coarsely=True)
        [after] = again.load(booking.ride.day).bookings
        assert after.train is None
        again.close()


def test_a_booking_that_trouble_has_moved_is_not_said_to_meet_its_train(api: Api) -> None:
    booking = api.dispatcher.booking(api.book(when={"train": TO_KIEL})["code"])
    assert booking.train_now == booking.train
    promise = booking.ride.promise
    late = Promise(at("09:00"), at("09:15"), at("09:30"), promise.max_ride)
    assert booking.train is not None
    assert not booking.train.met_by(replace(booking.ride, promise=late))


# The resident's page, without script


def test_one_train_at_the_time_typed_is_the_one(api: Api) -> None:
    page = offers(api, when="train", time="10:07", day=DAY)
    assert page.status == 200
    assert "Zum Zug RE 72 nach Kiel um 10:07 Uhr; mindestens 6 Minuten zum Umsteigen." in page.words
    asked = page.send("Diese Fahrt nehmen")
    assert "Zum Zug RE 72 nach Kiel" in asked.words
    ride = asked.send("Diese Fahrt buchen", phone=PHONE, notify="none")
    assert "Zum Zug RE 72 nach Kiel um 10:07 Uhr" in ride.words
    assert api.dispatcher.booking(ride.code).train is not None


def test_of_several_trains_one_is_chosen(api: Api) -> None:
    page = offers(api, when="train", time="9:07", day=DAY)
    assert (page.status, "Wählen Sie Ihren Zug." in page.words) == (422, True)
    assert "09:07 Uhr, RE 72 nach Flensburg" in page.words
    assert "10:07" not in page.words
    chosen = page.send("Fahrten zeigen", train=TO_KIEL)
    assert "Zum Zug RE 72 nach Kiel um 09:07 Uhr" in chosen.words


def test_whoever_types_no_time_of_a_train_chooses_from_the_next(api: Api) -> None:
    page = offers(api, when="train", time="09:30", day=DAY)
    assert "10:07 Uhr, RE 72 nach Kiel" in page.words
    assert "09:07 Uhr" not in page.words


def test_from_the_station_it_is_the_arrival_that_counts(api: Api) -> None:
    page = offers(api, from_="Bahnhof", to="Kirche", when="train", time="9:05", day=DAY)
    assert "Vom Zug RE 72 nach Flensburg, Ankunft 09:05 Uhr" in page.words


def test_a_change_begins_with_the_train_that_was_asked_for(api: Api) -> None:
    page = offers(api, when="train", time="10:07", day=DAY).send("Ändern")
    fields = page.forms[0].fields
    assert (fields["when"], fields["time"], fields["day"]) == ("train", "10:07", DAY)


def test_without_a_station_at_either_end_that_is_said(api: Api) -> None:
    page = offers(api, to="Oberdorf, Mitte", when="train", day=DAY)
    assert "An keinem der beiden Orte hält dann ein Zug." in page.words


def test_where_no_timetable_is_loaded_nobody_is_asked_for_a_train(toy_region: Region) -> None:
    with serving_residents(toy_region) as api:
        assert "Zug um" not in Page.get(api, "/").words
        assert "Hier sind keine Züge bekannt." in offers(api, when="train", day=DAY).words


# The phone desk


@pytest.mark.parametrize("said", ["zug 10:07", "zum zug um 10:07", "mit zug 10.07 uhr", "1007 zug"])
def test_the_desk_understands_a_train_in_its_line(town: Region, said: str) -> None:
    now = datetime(2027, 3, 22, 8, 0, tzinfo=BERLIN)
    reading = read_line(f"kirche bahnhof {said}", town.gazetteer, now)
    assert (reading.when, reading.time, reading.not_understood) == (TRAIN, "10:07", ())


def test_the_desk_offers_rides_for_the_train(town: Region, tmp_path: Path) -> None:
    with office(town, tmp_path) as here:
        here.sign_in("dispatcher")
        called = Page.get(here, "/desk").send("Nachsehen", phone=PHONE)
        page = called.send("Fahrten zeigen", line="kirche bahnhof zug 10:07")
        assert "Zug RE 72 → Kiel, 10:07" in page.words
        several = called.send("Fahrten zeigen", line="kirche bahnhof zug 9:07")
        assert "09:07 Uhr, RE 72 nach Kiel" in several.words
        chosen = several.send("09:07 Uhr, RE 72 nach Kiel", train=TO_KIEL)
        assert "Zug RE 72 → Kiel, 09:07" in chosen.words


# A scheduled bus


def bus(folder: Path, rule: str) -> Region:
    return train_town(folder / rule, f'scheduled_bus = "{rule}"\nscheduled_bus_minutes = 15')


def asked(api: Api, clock: str, kind: str = "depart_at", **changes: Any) -> Any:
    return api.ask(when={kind: f"{DAY}T{clock}:00+01:00"}, **changes).json()


def test_a_scheduled_bus_on_the_same_way_is_shown_beside_the_offers(tmp_path: Path) -> None:
    with serving_residents(bus(tmp_path, "warn")) as api:
        answer = asked(api, "15:00")
        assert answer["offers"]
        assert answer["scheduled"] == {
            "line": "604",
            "towards": "Kappeln",
            "from": "Kirche",
            "to": "Musterbahnhof Vorplatz",
            "departure": f"{DAY}T15:05:00+01:00",
            "arrival": f"{DAY}T15:20:00+01:00",
        }
        assert asked(api, "14:49")["scheduled"] is None, "it leaves 16 minutes later"
        assert asked(api, "15:06")["scheduled"] is None, "it has gone"
        assert asked(api, "15:20", "arrive_by")["scheduled"] is not None
        assert asked(api, "15:19", "arrive_by")["scheduled"] is None
        assert asked(api, "15:00", party={"passengers": 1, "wheelchairs": 1})["scheduled"] is None
        page = offers(api, time="15:00", day=DAY)
        assert "Diese Strecke fährt ein Linienbus: 604 nach Kappeln, um 15:05 Uhr" in page.words
        assert "Diese Fahrt nehmen" in page.words


def test_by_rule_the_bus_is_the_reason_of_a_refusal_and_counts_as_such(tmp_path: Path) -> None:
    with serving_residents(bus(tmp_path, "refuse"), Channel.SMS) as api:
        answer = asked(api, "15:00")
        assert (answer["offers"], answer["refusal"]["reason"]) == ([], "scheduled_bus")
        assert answer["scheduled"]["departure"] == f"{DAY}T15:05:00+01:00"
        day = datetime.fromisoformat(DAY).date()
        [unmet] = api.dispatcher.store.unmet(day, day)
        assert unmet.reason == RefusalReason.SCHEDULED_BUS
        page = offers(api, time="15:00", day=DAY)
        assert "um 15:05 Uhr ab Kirche" in page.words
        assert "Auf die Liste" not in page.words, "there is nothing to wait for"
        assert asked(api, "14:00")["offers"]


def test_without_the_rule_nothing_is_said_of_buses(api: Api) -> None:
    assert asked(api, "15:00")["scheduled"] is None


# Which train is met


RIDE = Ride(
    datetime.fromisoformat(DAY).date(),
    "kirche",
    "bahnhof",
    0,
    300,
    Party(),
    Promise(at("08:40"), at("08:50"), at("08:57"), 3600),
    300,
    3000,
    200,
)


def test_a_walk_to_the_platform_counts_before_the_margin(town: Region) -> None:
    assert town.stations is not None
    station = Location(*town.stations.timetable.positions["gleis-1"])
    train = town.stations.train(station, station, TO_KIEL)
    assert train is not None
    assert train.met_by(RIDE), "8:57 and four minutes on foot leave six"
    assert not train.met_by(replace(RIDE, walk_from_dropoff=376))


# The doctor


def told(folder: Path, now: str) -> tuple[bool, str]:
    clock = int(datetime.fromisoformat(now).replace(tzinfo=BERLIN).timestamp())
    findings = examine(Surroundings(folder, "sqlite:///nowhere.db", clock))
    [finding] = [each for each in findings if each.check == "timetable"]
    return finding.ok, finding.words


def test_the_doctor_says_whether_the_timetable_can_be_used(tmp_path: Path) -> None:
    folder = write_train_town(tmp_path / "region")
    ok, words = told(folder, DAY)
    assert (ok, "until 2027-12-31" in words) == (True, True)
    ok, words = told(folder, "2028-01-01")
    assert (ok, "ended on 2027-12-31; fetch a newer one" in words) == (False, True)
    (folder / "fahrplan").rename(folder / "elsewhere")
    ok, words = told(folder, DAY)
    assert (ok, "There is no timetable at" in words) == (False, True)
    region = Region.load(folder)
    assert region.stations is None, "rides go on without trains"
