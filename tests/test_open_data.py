"""Open data over HTTP: feeds, live answers, monthly figures, and the page about them."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest
from google.transit.gtfs_realtime_pb2 import Alert, FeedMessage
from hypothesis import given
from hypothesis import strategies as st

from shuttle.booking.unmet import Unmet
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Party
from shuttle.driving.reports import Sighting
from shuttle.events import Booked, Changed
from shuttle.open_data.flex_check import check
from shuttle.open_data.monthly import LEAST, full_months, held_back, month_of
from shuttle.open_data.tables import read_feed
from shuttle.region import Region
from shuttle.trouble.conditions import (
    Disturbance,
    RoadClosed,
    ShiftSet,
    Slower,
    StopClosed,
    VehicleOut,
)
from shuttle.trouble.entering import entered, lifted
from tests.api_client import MONDAY_MORNING, Api, serving
from tests.test_stores import BOOKING
from tests.toy_town import coordinates

HOUR = 3600

MONDAY = date(2027, 3, 22)


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as served:
        yield served


def enter(api: Api, disturbance: Disturbance) -> None:
    now = api.clock()
    api.dispatcher.act(
        MONDAY, now, lambda plan: entered(api.dispatcher.region, plan, disturbance, now)
    )


def feed(api: Api, name: str) -> FeedMessage:
    answer = api.http.get(f"/open-data/{name}.pb")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    read = FeedMessage()
    read.ParseFromString(answer.content)
    assert read.header.gtfs_realtime_version == "2.0"
    assert read.IsInitialized()
    return read


# ----------------------------------------------------------------------------------------- feeds


def test_the_flex_feed_is_correct_and_sent_once(api: Api, tmp_path: Any) -> None:
    answer = api.http.get("/open-data/gtfs-flex.zip")
    assert answer.headers["content-type"] == "application/zip"
    file = tmp_path / "feed.zip"
    file.write_bytes(answer.content)
    assert check(read_feed(file)) == []
    known = {"If-None-Match": answer.headers["etag"]}
    assert api.http.get("/open-data/gtfs-flex.zip", headers=known).status_code == 304


def test_the_flex_feed_names_the_address_that_was_configured(api: Api) -> None:
    api.http.app.state.public_url = "https://bus.example.org"  # type: ignore[attr-defined]
    content = api.http.get("/open-data/gtfs-flex.zip").content
    agency = zipfile.ZipFile(io.BytesIO(content)).read("agency.txt").decode()
    assert "https://bus.example.org/," in agency


def test_positions_are_those_of_the_map(api: Api) -> None:
    api.book()
    api.clock.set("2027-03-22T09:02:00")
    shown = {each["id"]: each for each in api.http.get("/api/v1/vehicles").json()["vehicles"]}
    entities = feed(api, "vehicle-positions").entity
    assert {each.id for each in entities} == {"bus-1", "bus-2"}
    for each in entities:
        position = each.vehicle.position
        assert position.latitude == pytest.approx(shown[each.id]["lat"], abs=1e-5)
        assert position.longitude == pytest.approx(shown[each.id]["lon"], abs=1e-5)
        assert each.vehicle.vehicle.label == shown[each.id]["name"]
        assert each.vehicle.timestamp == api.clock()


def test_a_position_that_was_reported_carries_its_time(api: Api) -> None:
    lat, lon = coordinates((1300, -100))
    now = api.clock()
    api.dispatcher.see(MONDAY, "bus-1@06:00", Sighting(now - 60, lat, lon), now)
    [seen] = [each for each in feed(api, "vehicle-positions").entity if each.id == "bus-1"]
    assert seen.vehicle.timestamp == now - 60
    assert seen.vehicle.position.latitude == pytest.approx(lat, abs=1e-5)


def test_a_vehicle_off_duty_has_no_position(api: Api) -> None:
    api.clock.set("2027-03-22T06:30:00")
    assert [each.id for each in feed(api, "vehicle-positions").entity] == ["bus-1"]
    api.clock.set("2027-03-22T23:00:00")
    assert not feed(api, "vehicle-positions").entity


def test_no_feed_says_who_rides(api: Api) -> None:
    code = api.book(origin={"lat": 54.6304, "lon": 9.7702, "label": "bei Oma Erna"})["code"]
    for name in ("vehicle-positions.pb", "alerts.pb", "figures.json", "gtfs-flex.zip"):
        content = api.http.get(f"/open-data/{name}").content
        assert code.encode() not in content
        assert b"Oma Erna" not in content


TROUBLE: dict[str, tuple[Disturbance, int, str, str]] = {
    "stop": (
        StopClosed("kirche", MONDAY_MORNING, MONDAY_MORNING + HOUR),
        Alert.Effect.NO_SERVICE,
        "stop_id: kirche",
        "Stop Kirche, Oberdorf closed",
    ),
    "road": (
        RoadClosed((coordinates((1300, -100)),), MONDAY_MORNING, MONDAY_MORNING + HOUR),
        Alert.Effect.DETOUR,
        "route_id: dorfshuttle",
        "Road near Landstraße closed: rides there take longer",
    ),
    "vehicle": (
        VehicleOut("bus-2", MONDAY_MORNING, MONDAY_MORNING + HOUR, stop="mitte"),
        Alert.Effect.REDUCED_SERVICE,
        "route_id: dorfshuttle",
        "A vehicle is out of service: fewer buses run than usual",
    ),
    "snow": (
        Slower(1.5, MONDAY_MORNING, MONDAY_MORNING + HOUR),
        Alert.Effect.SIGNIFICANT_DELAYS,
        "route_id: dorfshuttle",
        "All rides take longer than usual",
    ),
}


@pytest.mark.parametrize("kind", TROUBLE)
def test_trouble_is_an_alert_in_three_languages_as_long_as_it_lasts(kind: str, api: Api) -> None:
    disturbance, effect, concerned, words = TROUBLE[kind]
    assert not feed(api, "alerts").entity
    enter(api, disturbance)
    [entity] = feed(api, "alerts").entity
    assert entity.alert.effect == effect
    [informed] = entity.alert.informed_entity
    assert str(informed).replace('"', "").strip() == concerned
    [period] = entity.alert.active_period
    assert (period.start, period.end) == (disturbance.begin, disturbance.end)
    said = {each.language: each.text for each in entity.alert.header_text.translation}
    assert said["en"] == words
    assert len({said["de"], said["en"], said["da"]}) == 3
    api.clock.now += HOUR + 60
    assert not feed(api, "alerts").entity


def test_what_is_lifted_is_no_alert_any_more(api: Api) -> None:
    enter(api, TROUBLE["stop"][0])
    now = api.clock() + 60
    api.dispatcher.act(
        MONDAY, now, lambda plan: lifted(api.dispatcher.region, plan, "2027-03-22-1", now)
    )
    api.clock.now = now + 60
    assert not feed(api, "alerts").entity


def test_a_shift_more_is_no_alert(api: Api) -> None:
    enter(api, ShiftSet("bus-2", MONDAY_MORNING + 12 * HOUR, MONDAY_MORNING + 13 * HOUR))
    assert not feed(api, "alerts").entity


# ---------------------------------------------------------------------------------- live answers

CHURCH, STATION = coordinates((0, 280)), coordinates((3000, 260))


def live(api: Api, name: str, *, to: bool = True, **changes: float) -> Any:
    asked = {"pickup_lat": CHURCH[0], "pickup_lon": CHURCH[1]}
    if to:
        asked |= {"drop_off_lat": STATION[0], "drop_off_lon": STATION[1]}
    answer = api.http.get(f"/open-data/{name}", params=asked | changes)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "max-age=10"
    return answer.json()


def test_the_wait_is_that_of_the_first_offer(api: Api) -> None:
    told = live(api, "wait_time")
    [wait] = told["data"]["wait_times"]
    offer = api.offer(
        origin={"lat": CHURCH[0], "lon": CHURCH[1]},
        to={"lat": STATION[0], "lon": STATION[1]},
        when={"depart_at": "2027-03-22T08:00:00+01:00"},
    )
    expected = datetime.fromisoformat(offer["expected_pickup"]).timestamp()
    assert wait["brand_id"] == "toy-town"
    assert (told["last_updated"], told["ttl"], told["version"]) == (MONDAY_MORNING, 10, "1.0")
    assert wait["wait_time"] == expected - MONDAY_MORNING > 0


def test_a_ride_that_could_be_booked_says_how_long_what_for_and_where(api: Api) -> None:
    [ride] = live(api, "realtime_booking")["data"]["realtime_booking"]
    assert 0 < ride["travel_time"] <= 30 * 60
    assert (ride["travel_cost"], ride["travel_cost_currency"]) == (2.4, "EUR")
    detail = ride["booking_detail"]
    assert detail["phone_number"] == "+49 4641 0000"
    assert detail["web_uri"].endswith("/?from=Kirche%2C+Oberdorf&to=Bahnhof%2C+Niederdorf")
    assert api.http.get(detail["web_uri"]).status_code == 200


def test_without_a_destination_there_is_a_wait_but_neither_time_nor_fare(api: Api) -> None:
    [ride] = live(api, "realtime_booking", to=False)["data"]["realtime_booking"]
    assert ride["wait_time"] > 0
    assert ride["travel_time"] is ride["travel_cost"] is ride["travel_cost_currency"] is None
    assert live(api, "wait_time", to=False)["data"]["wait_times"]


def test_where_no_ride_is_to_be_had_nothing_is_told_and_nothing_is_counted(api: Api) -> None:
    assert live(api, "wait_time", pickup_lat=53.0)["data"]["wait_times"] == []
    api.clock.set("2027-03-22T22:00:00")
    assert live(api, "realtime_booking")["data"]["realtime_booking"] == []
    assert api.dispatcher.store.unmet(MONDAY, MONDAY) == ()


def test_where_every_stop_is_near_there_is_no_ride_without_a_destination(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere = [(place, 0) for place in range(len(api.dispatcher.region.stops))]
    monkeypatch.setattr(Region, "walkable_stops", lambda *_place, **_more: everywhere)
    assert live(api, "wait_time", to=False)["data"]["wait_times"] == []


def test_half_a_destination_is_refused(api: Api) -> None:
    asked = {"pickup_lat": CHURCH[0], "pickup_lon": CHURCH[1], "drop_off_lon": 9.7}
    answer = api.http.get("/open-data/wait_time", params=asked)
    assert (answer.status_code, answer.json()["field"]) == (422, "drop_off_lat")


def test_the_same_question_is_reckoned_once_in_ten_seconds(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    answer = api.dispatcher.answer

    def counted(request: Any, *rest: Any, **more: Any) -> Any:
        asked.append(request)
        return answer(request, *rest, **more)

    monkeypatch.setattr(api.dispatcher, "answer", counted)
    for second in range(10):
        api.clock.now = MONDAY_MORNING + second
        live(api, "wait_time")
        live(api, "realtime_booking", pickup_lat=CHURCH[0] + 1e-6)
    assert len(asked) == 1
    api.clock.now += 1
    live(api, "wait_time")
    assert len(asked) == 2


# --------------------------------------------------------------------------------------- figures

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 30), max_size=8)


@given(COUNTS)
def test_small_numbers_are_held_back_and_cannot_be_reckoned(counted: dict[str, int]) -> None:
    shown = held_back(counted)
    assert list(shown) == (sorted(counted) if sum(counted.values()) >= LEAST else [])
    missing = [name for name, number in shown.items() if number is None]
    assert all(number >= LEAST for number in shown.values() if number is not None)
    if missing:
        assert len(missing) > 1
        assert sum(counted[name] for name in missing) >= LEAST


@given(COUNTS)
def test_no_more_is_held_back_than_has_to_be(counted: dict[str, int]) -> None:
    missing = [name for name, number in held_back(counted).items() if number is None]
    enough = [name for name in missing if counted[name] >= LEAST]
    assert len(enough) <= 1
    assert not enough or any(number < LEAST for number in counted.values())


def test_a_single_small_number_takes_the_next_one_with_it() -> None:
    assert held_back({"a": 3, "b": 9, "c": 40}) == {"a": None, "b": None, "c": 40}
    assert held_back({"a": 3, "b": 4, "c": 40}) == {"a": None, "b": None, "c": 40}
    assert held_back({"a": 1, "b": 1, "c": 40}) == {"a": None, "b": None, "c": None}
    assert held_back({"b": 9, "c": 40}) == {"b": 9, "c": 40}


def rides(number: int, party: Party = Party(1), stop: str = "kirche") -> list[Any]:  # noqa: B008
    ride = replace(BOOKING.ride, party=party, pickup_stop=stop)
    served = replace(BOOKING, ride=ride, status=BookingStatus.SERVED)
    return [replace(served, code=f"{stop}{number}-{each}") for each in range(number)]


def test_a_month_counts_served_rides_and_refusals_only(toy_region: Region) -> None:
    unmet = Unmet("A", MONDAY, 900, 1800, "mitte", "bahnhof", Party(2, 1), "no_seats")
    slip = replace(unmet, reason="outside_hours")
    bookings = [
        *rides(6, Party(2)),
        *rides(5, Party(1, 1), "bahnhof"),
        replace(BOOKING, status=BookingStatus.CANCELLED),
    ]
    month = month_of(toy_region, date(2027, 3, 1), bookings, [unmet] * 7 + [slip])
    assert (month.month, month.rides, month.passengers, month.unmet) == ("2027-03", 11, 17, 7)
    assert month.by_wheelchair == {"with": 5, "without": 6}
    assert month.by_village == {"Niederdorf": 5, "Oberdorf": 6}
    assert sum(each or 0 for each in month.by_hour.values()) == 11
    assert month.by_reason == {"no_seats": 7}


def test_a_month_says_how_many_rides_were_booked_or_changed_by_phone(toy_region: Region) -> None:
    served = rides(12)
    codes = [each.code for each in served]
    events = [Booked(0, code, "bus-1", by_phone=True) for code in codes[:4]]
    events += [Booked(0, code, "bus-1") for code in codes[4:]]
    changed = Changed(0, "OLD", codes[4], "bus-1", by_phone=True)
    month = month_of(toy_region, date(2027, 3, 1), served, [], [*events, changed])
    assert month.by_phone == {"with": 5, "without": 7}


def test_a_month_with_four_rides_tells_nothing_of_them(toy_region: Region) -> None:
    month = month_of(toy_region, date(2027, 3, 1), rides(4), [])
    assert month.rides is month.passengers is None
    assert month.by_village == month.by_hour == month.by_wheelchair == {}


def test_a_stop_that_has_been_given_up_is_counted_elsewhere(toy_region: Region) -> None:
    month = month_of(toy_region, date(2027, 3, 1), rides(5, stop="gone"), [])
    assert month.by_village == {"elsewhere": 5}


def test_full_months_are_those_that_are_over() -> None:
    assert full_months(date(2027, 3, 31), 2) == [
        (date(2027, 2, 1), date(2027, 2, 28)),
        (date(2027, 1, 1), date(2027, 1, 31)),
    ]


def test_figures_of_a_month_come_from_what_is_stored(api: Api) -> None:
    for number in range(5):
        api.book(f"key-of-a-test-{number}")
    api.clock.set("2027-03-22T19:59:00")
    api.dispatcher.advance(api.clock())
    api.clock.set("2027-04-01T00:10:00")
    told = api.http.get("/open-data/figures.json").json()
    assert (told["smallest"], len(told["months"])) == (5, 12)
    march, february = told["months"][:2]
    assert (march["month"], march["rides"], march["by_village"]) == ("2027-03", 5, {"Oberdorf": 5})
    assert march["by_phone"] == {"without": 5}
    assert (february["month"], february["rides"], february["by_hour"]) == ("2027-02", None, {})


def test_what_is_reported_after_the_end_of_a_month_still_counts_in_it(api: Api) -> None:
    for number in range(5):
        api.book(f"key-of-a-test-{number}")
    api.clock.set("2027-04-01T00:00:10")
    assert api.http.get("/open-data/figures.json").json()["months"][0]["rides"] is None
    api.clock.set("2027-03-22T19:59:00")
    api.dispatcher.advance(api.clock())
    api.clock.set("2027-04-02T00:00:10")
    assert api.http.get("/open-data/figures.json").json()["months"][0]["rides"] == 5


# ------------------------------------------------------------------------------------------ page


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Offene Daten"), ("en", "Open data"), ("da", "Åbne data")]
)
def test_the_page_describes_all_that_there_is(language: str, title: str, api: Api) -> None:
    text = api.http.get(f"/open-data?lang={language}").text
    assert f"<h1>{title}</h1>" in text
    document = api.http.get("/api/v1/openapi.json").json()
    offered = [path for path in document["paths"] if path.startswith("/open-data/")]
    assert len(offered) == 6
    for path in offered:
        assert path in text
    assert "odbl" in text
    assert "dl-de/zero-2-0" in text
