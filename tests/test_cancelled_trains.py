"""Cancelled trains: who rides to or from one is told, nothing is moved; it is not offered."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor, TripUpdate

from shuttle.booking.confirming import check_limits
from shuttle.booking.connecting import scheduled_ride, train_named
from shuttle.booking.limits import NoShows
from shuttle.booking.requests import check_request
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Contact, Location, Party, RideRequest, When
from shuttle.driving.driving_events import NoShow
from shuttle.errors import RequestError, TooManyNoShows
from shuttle.events import Event, TrainCancelled, TrainRunsAgain
from shuttle.keyed import Keyed
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.telling.notices import NoticeKind, notice_of
from shuttle.telling.wording import SMS_SIGNS, sms_length, words
from shuttle.timetables.delays import NOTHING_KNOWN, STALE_SECONDS
from shuttle.timetables.late_trains import LateTrains
from shuttle.timetables.stations import Stations
from tests.resident_pages import Page, offers, serving_residents
from tests.test_late_trains import DAY, OWNER, at, stop
from tests.train_town import train_town

TO_KIEL, FROM_KIEL = f"to:{DAY}:south-9", f"from:{DAY}:north-9"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Region:
    return train_town(tmp_path_factory.mktemp("cancelled") / "region", 'scheduled_bus = "refuse"')


@pytest.fixture
def town(loaded: Region) -> Iterator[Region]:
    yield loaded
    stations_of(loaded).latest.delays = NOTHING_KNOWN


@pytest.fixture
def dispatcher(town: Region) -> Iterator[Dispatcher]:
    with closing(Dispatcher(town, MemoryStore(), keyed=Keyed(b"k" * 32))) as made:
        yield made


def stations_of(town: Region) -> Stations:
    assert town.stations is not None
    return town.stations


def ends(town: Region, name: str) -> tuple[Location, Location]:
    there = stop(town, "kirche"), stop(town, "bahnhof")
    return there if name.startswith("to:") else (there[1], there[0])


def booked(dispatcher: Dispatcher, name: str) -> Booking:
    town = dispatcher.region
    between = ends(town, name)
    train = stations_of(town).train(*between, name)
    assert train is not None
    offer = dispatcher.quote(RideRequest.for_train(*between, train, Party()), at("07:30")).offers[0]
    return dispatcher.book(offer, name, at("07:30"), OWNER)


def cancelled(trip: str) -> FeedMessage:
    """A feed that says that a train does not come at all."""
    return told(trip, TripDescriptor.CANCELED)


def skipping(trip: str, sequence: int) -> FeedMessage:
    """A feed that says that a train does not halt at one of its stops."""
    message = told(trip, TripDescriptor.SCHEDULED)
    update = message.entity[0].trip_update.stop_time_update.add(stop_sequence=sequence)
    update.schedule_relationship = TripUpdate.StopTimeUpdate.SKIPPED
    return message


def told(trip: str, relation: Any) -> FeedMessage:
    message = FeedMessage()
    message.header.gtfs_realtime_version = "2.0"
    descriptor = message.entity.add(id="1").trip_update.trip
    descriptor.trip_id, descriptor.start_date = trip, f"{DAY:%Y%m%d}"
    descriptor.schedule_relationship = relation
    return message


def look(dispatcher: Dispatcher, message: FeedMessage, clock: str, day: date = DAY) -> list[Event]:
    """Look at a feed; return what came of it."""
    before = len(dispatcher.events(day))
    trains = LateTrains(dispatcher, stations_of(dispatcher.region), message.SerializeToString)
    trains.look(at(clock))
    return list(dispatcher.events(day)[before:])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (TO_KIEL, cancelled("south-9")),
        (TO_KIEL, skipping("south-9", 2)),
        (FROM_KIEL, cancelled("north-9")),
        (FROM_KIEL, skipping("north-9", 2)),
    ],
)
def test_whoever_rides_to_or_from_it_is_told_once_and_the_ride_stays_as_promised(
    dispatcher: Dispatcher, name: str, message: FeedMessage
) -> None:
    mine = booked(dispatcher, name)
    tours = dispatcher.plan(DAY, at("08:00")).tours
    [event] = look(dispatcher, message, "08:00")
    assert isinstance(event, TrainCancelled)
    notice = notice_of(event, dispatcher.booking)
    assert notice is not None
    assert (notice.code, notice.kind) == (mine.code, NoticeKind.TRAIN_CANCELLED)
    assert dispatcher.booking(mine.code) == mine
    assert dispatcher.plan(DAY, at("08:00")).tours == tours
    assert look(dispatcher, message, "08:01") == []


def test_one_that_calls_at_a_stop_twice_is_missed_only_where_it_does_not_halt(
    dispatcher: Dispatcher,
) -> None:
    booked(dispatcher, FROM_KIEL)
    message = skipping("north-9", 4)
    message.entity[0].trip_update.stop_time_update[0].stop_id = "gleis-2"
    assert look(dispatcher, message, "08:00") == []


def test_two_processes_that_both_take_themselves_to_be_on_duty_tell_it_once(
    dispatcher: Dispatcher,
) -> None:
    mine = booked(dispatcher, TO_KIEL)
    trains = LateTrains(dispatcher, stations_of(dispatcher.region), bytes)
    for clock in ("08:00", "08:01"):  # neither had seen what the other noted
        trains.note(mine, TrainCancelled(at(clock), mine.code))
    for clock in ("08:02", "08:03"):
        trains.note(mine, TrainRunsAgain(at(clock), mine.code))
    told = [each.time for each in dispatcher.events(DAY) if each.kind.startswith("train_")]
    assert told == [at("08:00"), at("08:02")]


def test_whoever_is_on_the_way_to_it_already_is_told_which_one_is_next(
    dispatcher: Dispatcher,
) -> None:
    mine = booked(dispatcher, TO_KIEL)
    aboard = next(
        clock
        for clock in (at("08:40") + 30 * each for each in range(54))
        if dispatcher.advance(clock)
        and dispatcher.booking(mine.code).status is BookingStatus.ON_BOARD
    )
    trains = LateTrains(
        dispatcher,
        stations_of(dispatcher.region),
        cancelled("south-9").SerializeToString,
    )
    trains.look(aboard)
    trains.look(aboard + 1)
    [event] = [each for each in dispatcher.events(DAY) if isinstance(each, TrainCancelled)]
    assert event == TrainCancelled(aboard, mine.code, next_train=at("10:07"))
    notice = notice_of(event, dispatcher.booking)
    assert notice is not None
    assert notice.kind is NoticeKind.TRAIN_CANCELLED_ABOARD
    for language, time in (("de", "10:07"), ("en", "10:07"), ("da", "10.07")):
        contact = Contact(phone=OWNER.phone, channel=OWNER.channel, language=language)
        booking = dispatcher.booking(mine.code)
        said = words(dispatcher.region, notice, booking, contact, "https://bus.example/r/1")
        assert time in said.text
        assert time in said.sms
        assert sms_length(said.sms) <= SMS_SIGNS
        assert "{" not in said.sms + said.text + said.subject


def test_a_train_that_skips_another_stop_comes(dispatcher: Dispatcher) -> None:
    booked(dispatcher, FROM_KIEL)
    assert look(dispatcher, skipping("north-9", 3), "08:00") == []


def test_the_next_train_the_same_way_is_named_with_a_window_that_is_free(
    dispatcher: Dispatcher,
) -> None:
    booked(dispatcher, TO_KIEL)
    [event] = look(dispatcher, cancelled("south-9"), "08:00")
    assert isinstance(event, TrainCancelled)
    assert event.next_train == at("10:07")
    assert event.possible_from is not None
    assert at("09:07") < event.possible_from < at("10:01")


def test_one_that_runs_after_all_is_told_too_and_silence_is_no_such_word(
    dispatcher: Dispatcher,
) -> None:
    mine = booked(dispatcher, TO_KIEL)
    look(dispatcher, cancelled("south-9"), "08:00")
    assert look(dispatcher, told("north-9", TripDescriptor.SCHEDULED), "08:01") == []
    [entry] = dispatcher.promises(DAY, at("08:01"))
    assert entry.train_cancelled, "the board shows it"
    again = told("south-9", TripDescriptor.SCHEDULED)
    assert look(dispatcher, again, "08:02") == [TrainRunsAgain(at("08:02"), mine.code)]
    assert look(dispatcher, again, "08:03") == []
    [entry] = dispatcher.promises(DAY, at("08:03"))
    assert not entry.train_cancelled
    assert [type(each) for each in look(dispatcher, cancelled("south-9"), "08:04")] == [
        TrainCancelled
    ]


def test_nobody_is_told_of_a_ride_that_was_given_up(dispatcher: Dispatcher) -> None:
    dispatcher.cancel(booked(dispatcher, TO_KIEL).code, at("07:40"))
    assert look(dispatcher, cancelled("south-9"), "08:00") == []


def test_it_is_told_days_ahead_if_the_feed_knows_it_then(dispatcher: Dispatcher) -> None:
    mine = booked(dispatcher, TO_KIEL)
    before = at("08:00") - 86_400
    message = cancelled("south-9").SerializeToString
    LateTrains(dispatcher, stations_of(dispatcher.region), message).look(before)
    last = dispatcher.events(DAY)[-1]
    assert isinstance(last, TrainCancelled)
    assert (last.time, last.code) == (before, mine.code)


def test_it_is_offered_no_more_where_it_does_not_halt(dispatcher: Dispatcher) -> None:
    town, stations = dispatcher.region, stations_of(dispatcher.region)
    place = stop(town, "bahnhof")
    before = [each.trip for each in stations.leaving(place, DAY)]
    assert "south-9" in before
    look(dispatcher, skipping("south-9", 2), "08:00")
    assert [each.trip for each in stations.leaving(place, DAY)] == [
        each for each in before if each != "south-9"
    ]
    with pytest.raises(RequestError, match="cancelled") as caught:
        train_named(town, *ends(town, TO_KIEL), TO_KIEL, "when.train")
    assert caught.value.code == "train_cancelled"
    look(dispatcher, told("south-9", TripDescriptor.SCHEDULED), "08:01")
    assert [each.trip for each in stations.leaving(place, DAY)] == before


def test_a_process_that_is_not_on_duty_offers_it_no_more_and_tells_nobody(
    dispatcher: Dispatcher,
) -> None:
    booked(dispatcher, TO_KIEL)
    stations, before = stations_of(dispatcher.region), dispatcher.events(DAY)
    message = cancelled("south-9").SerializeToString
    LateTrains(dispatcher, stations, message).look(at("08:00"), on_duty=False)
    assert dispatcher.events(DAY) == before
    leaving = stations.leaving(stop(dispatcher.region, "bahnhof"), DAY)
    assert "south-9" not in [each.trip for each in leaving]


def test_what_a_feed_said_holds_for_minutes_when_it_cannot_be_read_any_more(
    dispatcher: Dispatcher, tmp_path: Path
) -> None:
    stations, feed = stations_of(dispatcher.region), tmp_path / "feed.pb"
    feed.write_bytes(cancelled("south-9").SerializeToString())
    trains = LateTrains(dispatcher, stations, feed.read_bytes)
    train = stations.train(*ends(dispatcher.region, TO_KIEL), TO_KIEL)
    assert train is not None
    trains.look(at("08:00"))
    feed.unlink()
    trains.look(at("08:00") + STALE_SECONDS)
    assert stations.cancelled(train)
    trains.look(at("08:00") + STALE_SECONDS + 1)
    assert not stations.cancelled(train)


def test_a_cancelled_bus_is_no_reason_to_refuse_a_ride(dispatcher: Dispatcher) -> None:
    town = dispatcher.region
    asked = RideRequest(stop(town, "kirche"), stop(town, "bahnhof"), When.DEPART_AT, at("15:00"))
    checked = check_request(town, asked, at("08:00"))
    assert scheduled_ride(town, checked) is not None
    look(dispatcher, skipping("bus-15", 2), "08:00")
    assert scheduled_ride(town, checked) is None
    assert dispatcher.quote(asked, at("08:00")).offers


def test_whoever_was_not_there_because_of_it_is_not_blocked(dispatcher: Dispatcher) -> None:
    strict = replace(
        dispatcher.region,
        config=dispatcher.region.config.model_copy(update={"no_shows": NoShows(count=1)}),
    )
    mine = booked(dispatcher, FROM_KIEL)
    look(dispatcher, cancelled("north-9"), "08:00")
    shift = dispatcher.plan(DAY, at("08:00")).tours[0].shift.id
    missed = mine.with_status(BookingStatus.NO_SHOW)
    events = (*dispatcher.events(DAY), NoShow(at("09:30"), mine.code, shift, 0))

    class Missed(MemoryStore):
        def __init__(self, happened: tuple[Event, ...]) -> None:
            super().__init__()
            self.happened = happened

        def bookings_of(self, _owner: str) -> tuple[Booking, ...]:
            return (missed,)

        def events(self, _day: date) -> tuple[Event, ...]:
            return self.happened

    check_limits(strict, Missed(events), dispatcher.keyed, OWNER, at("11:00"))
    with pytest.raises(TooManyNoShows):
        check_limits(strict, Missed(events[-1:]), dispatcher.keyed, OWNER, at("11:00"))


@pytest.mark.parametrize("language", ["de", "en", "da"])
def test_it_is_said_in_a_message_that_fits_into_one_sms(
    dispatcher: Dispatcher, language: str
) -> None:
    mine = booked(dispatcher, TO_KIEL)
    events = look(dispatcher, cancelled("south-9"), "08:00")
    nothing_else = TrainCancelled(at("08:01"), mine.code)
    contact = Contact(phone=OWNER.phone, channel=OWNER.channel, language=language)
    for event in (*events, nothing_else, TrainRunsAgain(at("08:02"), mine.code)):
        notice = notice_of(event, dispatcher.booking)
        assert notice is not None
        said = words(dispatcher.region, notice, mine, contact, "https://bus.example/r/1234567890")
        assert sms_length(said.sms) <= SMS_SIGNS
        assert "RE 72" in said.sms
        assert "{" not in said.sms + said.text + said.subject
        assert ("10:07" in said.text.replace("10.07", "10:07")) is (event is events[0])


def test_the_pages_offer_the_others_and_say_of_a_ride_that_its_train_is_cancelled(
    town: Region,
) -> None:
    with serving_residents(town) as api:
        page = offers(api, when="train", time="10:07", day=str(DAY)).send("Diese Fahrt nehmen")
        ride = page.send("Diese Fahrt buchen", phone="04641 78123", notify="none")
        said = "Dieser Zug fällt aus."
        assert said not in ride.words
        look(api.dispatcher, cancelled("south-10"), "08:00")
        again = Page.get(api, "/my-ride").send("Meine Fahrt zeigen", code=ride.code, secret="8123")
        assert said in again.words
        others = offers(api, when="train", time="10:07", day=str(DAY))
        assert "09:07 Uhr, RE 72 nach Flensburg" in others.words
        assert "10:07 Uhr, RE 72" not in others.words
        answer = api.ask(when={"train": f"to:{DAY}:south-10"})
        assert (answer.status_code, answer.json()["code"]) == (422, "train_cancelled")


def test_a_program_reads_with_a_booking_that_its_train_is_cancelled(town: Region) -> None:
    with serving_residents(town) as api:
        booking = api.book(when={"train": TO_KIEL})
        assert booking["train"]["cancelled"] is False
        look(api.dispatcher, cancelled("south-9"), "08:00")
        seen = api.look_up(booking).json()
        assert seen["train"]["cancelled"] is True
        assert seen["pickup_window"] == booking["pickup_window"]
