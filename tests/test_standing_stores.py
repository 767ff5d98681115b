"""Standing requests in every store: memory, SQLite, PostgreSQL."""

from dataclasses import replace
from datetime import date

import pytest

from shuttle.domain import Channel, Contact, Location, Party, RideRequest, When
from shuttle.errors import RevisionConflict
from shuttle.events import Booked, Changed, Event, SeriesMissed, WindowOpened
from shuttle.keeping.sql_store import SqlStore
from shuttle.standing.standing_requests import Instance, Owner, Series, Waiting, WaitingState
from shuttle.store import Change, Receipt, Store
from tests.test_stores import BOOKING, CHANGE, DAY, RIDE

NEXT_DAY = date(2027, 3, 2)
HOME = Location(54.6, 9.7, "Am Anger 3")
STATION = Location(54.7, 9.8, "Bahnhof", "bahnhof")
OWNER = Owner(Contact("Frau Petersen", "+494641123", "p@example.org", Channel.SMS, "en"), "f" * 32)
SERIES = Series(
    code="SERIES22",
    origin=HOME,
    destination=STATION,
    when=When.ARRIVE_BY,
    minutes=465,
    party=Party(2, 1, 0),
    weekdays=(0, 2),
    first_day=DAY,
    last_day=date(2027, 6, 30),
    skip_school_holidays=True,
    skip_public_holidays=False,
    made_at=1_803_880_000,
)
WAITING = Waiting(
    code="WAIT2222",
    request=RideRequest(STATION, HOME, When.DEPART_AT, 1_803_884_400, Party(1)),
    day=DAY,
    made_at=1_803_880_000,
    lapses_at=1_803_884_400,
)


def test_a_series_comes_back_as_it_was_with_its_owner(store: Store) -> None:
    assert store.standing.add_series(SERIES, OWNER, "key-1") == SERIES
    assert store.standing.series("SERIES22") == SERIES
    assert store.standing.owner("SERIES22") == OWNER
    assert store.standing.series("NOSUCH22") is None
    assert store.standing.owner("NOSUCH22") is None


def test_a_day_of_a_series_follows_its_booking_when_that_is_changed(store: Store) -> None:
    store.standing.add_series(SERIES, OWNER, "key-1")
    days = Instance("SERIES22", DAY, "ABCD2345"), Instance("SERIES22", NEXT_DAY, "WXYZ6789")
    store.commit(replace(CHANGE, instances=days))
    store.commit(Change(DAY, 1, events=(Changed(9, "ABCD2345", "EFGH2345", "bus-1@06:00"),)))
    assert store.standing.instances("SERIES22") == (replace(days[0], booking="EFGH2345"), days[1])


def test_whoever_was_told_is_put_back_unless_that_has_changed_meanwhile(store: Store) -> None:
    told = WAITING.told(held_until=1_803_881_000)
    store.standing.add_waiting(told, OWNER, "key-1")
    store.standing.put_back("WAIT2222", told.held_until - 1)  # an earlier turn
    assert store.standing.waiting("WAIT2222") == told
    store.standing.put_back("WAIT2222", told.held_until)
    assert store.standing.waiting("WAIT2222") == replace(told, state=WaitingState.WAITING)
    store.standing.withdraw("WAIT2222")
    store.standing.put_back("WAIT2222", told.held_until)
    assert store.standing.waiting("WAIT2222") == replace(told, state=WaitingState.WITHDRAWN)


def test_one_key_is_one_series_and_one_place(store: Store) -> None:
    store.standing.add_series(SERIES, OWNER, "key-1")
    assert store.standing.add_series(replace(SERIES, code="OTHER222"), OWNER, "key-1") == SERIES
    assert store.standing.series("OTHER222") is None
    store.standing.add_waiting(WAITING, OWNER, "key-1")  # keys of different kinds do not meet
    again = store.standing.add_waiting(replace(WAITING, code="OTHER222"), OWNER, "key-1")
    assert again == WAITING
    assert store.standing.waiting_list() == (WAITING,)


def test_series_are_alive_until_their_last_day_or_their_end(store: Store) -> None:
    older = replace(SERIES, code="OLDER222", made_at=SERIES.made_at - 1, last_day=DAY)
    store.standing.add_series(SERIES, OWNER, "key-1")
    store.standing.add_series(older, OWNER, "key-2")
    assert store.standing.series_until(DAY) == (older, SERIES)
    assert store.standing.series_until(NEXT_DAY) == (SERIES,)
    store.standing.end_series("SERIES22")
    assert store.standing.series_until(NEXT_DAY) == ()
    assert store.standing.series("SERIES22") == replace(SERIES, ended=True)


def test_a_day_of_a_series_is_decided_once(store: Store) -> None:
    booked = Instance("SERIES22", DAY, booking="ABCD2345")
    store.commit(replace(CHANGE, instances=(booked,)))
    missed = Instance("SERIES22", DAY, missed="no_seats")
    with pytest.raises(RevisionConflict):
        store.commit(Change(DAY, 1, instances=(missed,)))
    later = Instance("SERIES22", NEXT_DAY, missed="no_seats")
    store.commit(Change(NEXT_DAY, 0, instances=(later,)))
    assert store.standing.instances("SERIES22") == (booked, later)
    assert store.load(DAY).revision == 1


def test_the_list_has_those_who_wait_or_were_told_in_order(store: Store) -> None:
    first = replace(WAITING, code="ZZZZ2222", made_at=WAITING.made_at - 1)
    for number, each in enumerate((WAITING, first)):
        store.standing.add_waiting(each, OWNER, f"key-{number}")
    assert store.standing.waiting_list() == (first, WAITING)
    assert store.standing.owner("WAIT2222") == OWNER
    told = first.told(1_803_881_000)
    store.commit(replace(CHANGE, waiting=(told,)))
    assert store.standing.waiting_list() == (told, WAITING)
    store.commit(Change(DAY, 1, waiting=(told.taken(),)))
    assert store.standing.waiting_list() == (WAITING,)


def test_places_lapse_or_are_given_up_but_a_ride_that_was_taken_stays(store: Store) -> None:
    entries = [replace(WAITING, code=code) for code in ("WAIT1111", "WAIT2222", "WAIT3333")]
    for number, each in enumerate(entries):
        store.standing.add_waiting(each, OWNER, f"key-{number}")
    store.standing.withdraw("WAIT1111")
    store.commit(replace(CHANGE, waiting=(entries[1].taken(),)))
    store.standing.lapse(WAITING.lapses_at - 1)
    assert store.standing.waiting_list() == (entries[2],)
    store.standing.lapse(WAITING.lapses_at)
    store.standing.withdraw("WAIT2222")
    states = [store.standing.waiting(each.code) for each in entries]
    assert [each and each.state for each in states] == [
        WaitingState.WITHDRAWN,
        WaitingState.TAKEN,
        WaitingState.LAPSED,
    ]


@pytest.mark.parametrize("stale", [DAY, NEXT_DAY])
def test_changes_of_two_days_are_taken_together_or_not_at_all(store: Store, stale: date) -> None:
    store.commit(Change(stale, 0))
    other = replace(BOOKING, code="ZZZZ9999", ride=replace(RIDE, day=NEXT_DAY))
    later = Change(
        *(NEXT_DAY, 0, (other,), ()),
        (Booked(1, "ZZZZ9999", "x"),),
        Receipt("key-2", "offer-2", "ZZZZ9999"),
    )
    with pytest.raises(RevisionConflict):
        store.commit_together((CHANGE, later))
    assert store.booking("ABCD2345") is None
    assert store.booking("ZZZZ9999") is None
    assert store.receipt("key-1") is None
    assert store.receipt("key-2") is None
    fixed = [replace(each, expected=1) if each.day == stale else each for each in (CHANGE, later)]
    store.commit_together(fixed)
    assert (store.booking("ABCD2345"), store.booking("ZZZZ9999")) == (BOOKING, other)
    assert {store.load(DAY).revision, store.load(NEXT_DAY).revision} == {1, 2}


def test_two_changes_of_one_day_follow_each_other(store: Store) -> None:
    other = replace(BOOKING, code="ZZZZ9999")
    store.commit_together((CHANGE, Change(DAY, 1, (other,))))
    assert store.load(DAY).revision == 2
    assert set(store.load(DAY).bookings) == {BOOKING, other}
    with pytest.raises(RevisionConflict):
        store.commit_together((Change(DAY, 2), Change(DAY, 2)))
    assert store.load(DAY).revision == 2


def test_an_outward_ride_and_its_return_are_found_together(store: Store) -> None:
    later = replace(RIDE, promise=replace(RIDE.promise, pickup_earliest=1_803_899_400))
    there = replace(BOOKING, code="ZZZZ9999", journey="ZZZZ9999")
    back = replace(BOOKING, code="AAAA2222", journey="ZZZZ9999", ride=later)
    store.commit(Change(DAY, 0, (BOOKING, back, there)))
    assert store.journey("ZZZZ9999") == (there, back)
    assert store.journey("") == ()


def test_events_of_standing_requests_come_back_as_they_were(store: Store) -> None:
    happened: tuple[Event, ...] = (
        SeriesMissed(7, "SERIES22", "2027-03-01", "no_seats"),
        WindowOpened(8, "WAIT2222", "2027-03-01", 908),
    )
    store.commit(Change(DAY, 0, events=happened))
    assert store.events(DAY) == happened


def test_regions_in_one_database_do_not_see_each_others_requests(database_url: str) -> None:
    here, there = SqlStore(database_url, "here"), SqlStore(database_url, "there")
    here.standing.add_series(SERIES, OWNER, "key-1")
    here.standing.add_waiting(WAITING, OWNER, "key-1")
    assert there.standing.series("SERIES22") is None
    assert there.standing.waiting_list() == ()
    there.standing.lapse(WAITING.lapses_at)
    there.standing.end_series("SERIES22")
    assert here.standing.waiting_list() == (WAITING,)
    assert here.standing.series("SERIES22") == SERIES
    here.close()
    there.close()
