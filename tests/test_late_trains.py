"""Late trains: the pickup waits if nobody else's promise breaks, and whoever is on it is told."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor

from shuttle.dispatcher import Dispatcher
from shuttle.domain import (
    Amendment,
    Booking,
    Channel,
    Contact,
    Location,
    Party,
    RideRequest,
    Train,
    When,
)
from shuttle.events import Event, HeldForTrain, NotHeldForTrain, PromiseKept
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.telling.notices import NoticeKind, notice_of
from shuttle.telling.wording import SMS_SIGNS, sms_length, words
from shuttle.timetables.delays import Delays, RealtimeUnreadable
from shuttle.timetables.late_trains import LateTrains, waiting_for, watching_trains
from tests.api_client import BERLIN
from tests.test_faults import eventually
from tests.train_town import train_town

DAY = date(2027, 3, 22)
OWNER = Contact(phone="+49464178123", channel=Channel.SMS)


def at(clock: str) -> int:
    return int(datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=BERLIN).timestamp())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return train_town(tmp_path_factory.mktemp("late") / "region", "hold_minutes = 10")


@pytest.fixture
def dispatcher(town: Region) -> Iterator[Dispatcher]:
    with closing(Dispatcher(town, MemoryStore(), keyed=Keyed(b"k" * 32))) as made:
        yield made


def day_of(time: int) -> date:
    return datetime.fromtimestamp(time, BERLIN).date()


def stop(town: Region, name: str) -> Location:
    found = town.stop(name)
    return Location(found.lat, found.lon, found.label, found.id)


def train_of(town: Region) -> Train:
    """The train that arrives at the station at 9:05."""
    assert town.stations is not None
    ends = stop(town, "bahnhof"), stop(town, "kirche")
    train = town.stations.train(*ends, f"from:{DAY}:north-9")
    assert train is not None
    return train


def booked(dispatcher: Dispatcher, party: Party = Party(), key: str = "from the train") -> Booking:  # noqa: B008 -- frozen
    town = dispatcher.region
    ends = stop(town, "bahnhof"), stop(town, "kirche")
    asked = RideRequest.for_train(*ends, train_of(town), party)
    offer = dispatcher.quote(asked, at("08:00")).offers[0]
    return dispatcher.book(offer, key, at("08:00"), OWNER)


def feed(now: int, **delays: int) -> bytes:
    """Trip updates of trains, which are late by so many seconds at their second stop."""
    message = FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    message.header.timestamp = now
    for trip, delay in delays.items():
        update = message.entity.add(id=trip).trip_update
        update.trip.trip_id = trip.replace("_", "-")
        update.trip.start_date = f"{DAY:%Y%m%d}"
        update.stop_time_update.add(stop_sequence=2).arrival.delay = delay
    raw: bytes = message.SerializeToString()
    return raw


def look(dispatcher: Dispatcher, now: int, late: int) -> list[Event]:
    """Look at a train that is late; return what came of it."""
    stations = dispatcher.region.stations
    assert stations is not None
    before = len(dispatcher.events(DAY))
    LateTrains(dispatcher, stations, lambda: feed(now, north_9=late)).look(now)
    return list(dispatcher.events(DAY)[before:])


def test_a_pickup_waits_for_its_train_and_the_promise_with_it(dispatcher: Dispatcher) -> None:
    before = booked(dispatcher)
    promise = before.ride.promise
    [event] = look(dispatcher, at("08:55"), 5 * 60)
    assert isinstance(event, HeldForTrain)
    after = dispatcher.booking(before.code)
    assert after.ride == before.ride, "what was promised stays written"
    assert after.ride_now.promise == promise.later(event.seconds)
    assert after.ride_now.promise.pickup_earliest >= at("09:05") + 5 * 60 + 6 * 60
    assert event.seconds % 60 == 0
    assert look(dispatcher, at("08:56"), 5 * 60) == [], "once is enough"
    dispatcher.advance(at("10:30"))
    kept = [each for each in dispatcher.events(DAY) if isinstance(each, PromiseKept)]
    assert [each.code for each in kept] == [before.code]


def test_a_train_that_gets_later_is_waited_for_again_up_to_the_rule(dispatcher: Dispatcher) -> None:
    before = booked(dispatcher)
    look(dispatcher, at("08:50"), 4 * 60)
    [later] = look(dispatcher, at("08:52"), 8 * 60)
    assert isinstance(later, HeldForTrain)
    [too_late] = look(dispatcher, at("08:54"), 40 * 60)
    assert isinstance(too_late, NotHeldForTrain)
    assert dispatcher.booking(before.code).held == later.seconds
    assert too_late.possible_from is not None
    assert too_late.possible_from >= at("09:05") + 40 * 60 + 6 * 60
    assert look(dispatcher, at("08:55"), 41 * 60) == [], "told once"
    [again] = look(dispatcher, at("08:56"), 46 * 60)
    assert isinstance(again, NotHeldForTrain)


def test_a_held_ride_that_is_stored_is_the_same_after_a_restart(
    town: Region, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/held.sqlite3"
    with closing(Dispatcher(town, SqlStore(url, "toy-town"))) as first:
        mine = booked(first)
        look(first, at("08:50"), 300)
        before = first.booking(mine.code)
    with closing(Dispatcher(town, SqlStore(url, "toy-town"))) as second:
        assert second.booking(mine.code) == before
        assert before.held > 0
        assert look(second, at("08:51"), 300) == []


def test_nobody_else_waits_for_a_train(dispatcher: Dispatcher) -> None:
    """Eight people fit into one vehicle only, which is full of rides after theirs."""
    eight, town = Party(8), dispatcher.region
    mine = booked(dispatcher, eight)
    others = []
    for minutes in range(0, 50, 5):
        for ends in (("kirche", "bahnhof"), ("bahnhof", "kirche")):
            time = at("09:00") + 60 * minutes
            origin, destination = (stop(town, each) for each in ends)
            asked = RideRequest(origin, destination, When.DEPART_AT, time, eight)
            answer = dispatcher.quote(asked, at("08:00"))
            for offer in () if answer.refusal else answer.offers[:1]:
                others.append(dispatcher.book(offer, f"{ends} {minutes}", at("08:00")))
    assert len(others) > 3
    [event] = look(dispatcher, at("08:55"), 8 * 60)
    assert isinstance(event, NotHeldForTrain)
    assert event.possible_from is None or event.possible_from > at("09:19")
    assert dispatcher.booking(mine.code) == mine
    dispatcher.advance(at("12:30"))
    kept = {each.code for each in dispatcher.events(DAY) if isinstance(each, PromiseKept)}
    assert kept == {mine.code, *(each.code for each in others)}


def test_a_ride_that_trouble_has_put_off_waits_only_for_what_is_left(
    dispatcher: Dispatcher,
) -> None:
    mine = booked(dispatcher)
    put_off = Amendment(
        mine.ride.pickup_stop, mine.ride.dropoff_stop, mine.ride.promise.later(1200)
    )
    later = replace(mine, amendment=put_off)
    assert waiting_for(later, train_of(dispatcher.region), 600) == 0
    assert waiting_for(later, train_of(dispatcher.region), 1800) < 1200


def test_a_look_that_fails_is_not_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = train_town(tmp_path / "region", 'realtime = "delays.pb"\nrealtime_seconds = 10')
    looks: list[int] = []

    def look_once(_: LateTrains, now: int, *, on_duty: bool) -> None:
        looks.append(now)
        assert on_duty
        raise RuntimeError("the database is away")

    monkeypatch.setattr(LateTrains, "look", look_once)
    rule = town.config.timetable
    assert rule is not None
    object.__setattr__(rule, "realtime_seconds", 0)  # frozen; nobody waits ten seconds here
    with (
        closing(Dispatcher(town, MemoryStore())) as dispatcher,
        watching_trains(dispatcher, lambda: at("08:55")),
    ):
        assert eventually(lambda: len(looks) > 1)


def test_two_minutes_are_within_the_time_to_change(dispatcher: Dispatcher) -> None:
    booked(dispatcher)
    assert look(dispatcher, at("08:55"), 120) == []


def test_a_vehicle_on_its_way_to_the_stop_does_not_turn_round(dispatcher: Dispatcher) -> None:
    mine = booked(dispatcher)
    now = mine.ride.promise.pickup_latest
    assert not [each for each in look(dispatcher, now, 300) if isinstance(each, HeldForTrain)]
    assert dispatcher.booking(mine.code).ride_now == mine.ride


@pytest.mark.parametrize("language", ["de", "en", "da"])
def test_its_owner_is_told_in_a_message_that_fits_into_one_sms(
    dispatcher: Dispatcher, language: str
) -> None:
    mine = booked(dispatcher)
    events = look(dispatcher, at("08:50"), 300) + look(dispatcher, at("08:52"), 40 * 60)
    kinds = []
    for event in (*events, NotHeldForTrain(at("08:53"), mine.code, 3000, None, None)):
        notice = notice_of(event, dispatcher.booking)
        assert notice is not None
        kinds.append(notice.kind)
        contact = Contact(phone=OWNER.phone, channel=Channel.SMS, language=language)
        said = words(
            dispatcher.region, notice, dispatcher.booking(mine.code), contact, "https://bus.example"
        )
        assert sms_length(said.sms) <= SMS_SIGNS
        assert "{" not in said.sms + said.text + said.subject
    assert kinds == [NoticeKind.HELD_FOR_TRAIN, *[NoticeKind.NOT_HELD_FOR_TRAIN] * 2]


# Feeds


def test_a_delay_holds_on_until_another_is_told_and_no_longer_than_the_station(
    town: Region,
) -> None:
    train, message = train_of(town), FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    update = message.entity.add(id="1").trip_update
    update.trip.CopyFrom(TripDescriptor(trip_id="north-9"))
    update.stop_time_update.add(stop_sequence=1).departure.delay = 120
    update.stop_time_update.add(stop_sequence=3).arrival.delay = 900

    def late(now: int = at("08:00")) -> int:
        return Delays.read(message.SerializeToString(), now, day_of).late(train)

    assert late() == 120
    assert late(at("08:00") + 86_400) == 0, "without a date it is about today's train"
    update.stop_time_update[0].departure.delay = 60
    update.stop_time_update[1].ClearField("stop_sequence")
    update.stop_time_update[1].stop_id, update.stop_time_update[1].arrival.time = (
        train.stop,
        train.time + 240,
    )
    update.stop_time_update[1].arrival.ClearField("delay")
    assert late() == 240, "a time is as good as a delay"


def test_what_carries_on_from_a_stop_is_how_late_the_train_leaves_it(town: Region) -> None:
    train, message = train_of(town), FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    update = message.entity.add(id="1").trip_update
    update.trip.CopyFrom(TripDescriptor(trip_id="north-9"))
    update.delay = 300

    def late() -> int:
        return Delays.read(message.SerializeToString(), at("08:00"), day_of).late(train)

    assert late() == 300, "of the whole trip, if nothing else is told"
    before = update.stop_time_update.add(stop_sequence=1)
    before.arrival.delay, before.departure.delay = 0, 900
    assert late() == 900


def test_a_stale_feed_knows_nothing_and_a_broken_one_is_named(town: Region) -> None:
    old = feed(at("08:00"), north_9=600)
    assert Delays.read(old, at("08:10"), day_of).late(train_of(town)) == 600
    assert Delays.read(old, at("08:10") + 1, day_of).late(train_of(town)) == 0
    with pytest.raises(RealtimeUnreadable, match="no GTFS-Realtime"):
        Delays.read(b"<html>", at("08:00"), day_of)


def test_without_a_date_an_update_after_midnight_is_about_the_train_that_left_before(
    town: Region,
) -> None:
    message = FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    update = message.entity.add(id="1").trip_update
    update.trip.CopyFrom(TripDescriptor(trip_id="north-9", schedule_relationship="CANCELED"))
    tonight = replace(train_of(town), time=at("00:30") + 86_400)
    night_before = replace(tonight, time=at("00:30"), service_day=DAY - timedelta(days=1))

    def meant(now: int) -> list[bool]:
        delays = Delays.read(message.SerializeToString(), now, day_of)
        return [delays.cancelled(each) for each in (night_before, tonight)]

    assert meant(at("00:10")) == [True, False]
    assert meant(at("23:50")) == [False, True]
    assert meant(at("00:10") + 86_400) == [False, True]
    assert meant(at("13:00") + 86_400) == [False, False]


def test_a_feed_that_cannot_be_read_changes_nothing(dispatcher: Dispatcher, tmp_path: Path) -> None:
    mine, stations = booked(dispatcher), dispatcher.region.stations
    assert stations is not None
    for source in ("missing.pb", "broken.pb"):
        (tmp_path / "broken.pb").write_bytes(b"\xff\xff")
        LateTrains(dispatcher, stations, (tmp_path / source).read_bytes).look(at("08:55"))
    assert dispatcher.booking(mine.code) == mine


def test_the_running_service_reads_the_file_that_the_region_names(tmp_path: Path) -> None:
    rule = 'realtime = "delays.pb"\nhold_minutes = 10'
    town = train_town(tmp_path / "region", rule)
    (town.folder / "delays.pb").write_bytes(feed(at("08:55"), north_9=300))
    with closing(Dispatcher(town, MemoryStore())) as dispatcher:
        mine = booked(dispatcher)
        with watching_trains(dispatcher, lambda: at("08:55")):
            assert eventually(lambda: dispatcher.booking(mine.code).held > 0)
