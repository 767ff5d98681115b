"""Weekly repeats: which days are due, and each decided once."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttle.booking.changing import change, quote_change
from shuttle.booking.limits import NoShows
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Channel, Contact, Party, When
from shuttle.errors import (
    IdempotencyConflict,
    RequestError,
    RevisionConflict,
    UnknownStanding,
)
from shuttle.events import SeriesMissed
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import BUNDLED, Region
from shuttle.region_config import read_config
from shuttle.rounds import Rounds
from shuttle.standing.series import (
    begin_series,
    due_days,
    end_series,
    open_instances,
    wanted_days,
)
from shuttle.standing.series_day import distance_from_wish, request_on
from shuttle.standing.standing_requests import Instance, Series
from shuttle.store import Change, MemoryStore
from tests.test_dispatcher import ALONE, MONDAY, ZONE, assert_sound, at, ride, stop
from tests.test_limits import miss

CONFIG = read_config(BUNDLED / "region.toml")
NOW = at("08:00")
CONTACT = Contact("Frau Petersen", "+49464178123", "", Channel.SMS, "de")
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


def series(
    first: date = MONDAY,
    last: date = date(2027, 6, 30),
    weekdays: tuple[int, ...] = (0, 2),
    clock: str = "10:00",
    when: When = When.DEPART_AT,
    party: Party = ALONE,
    made_at: int = 0,
    *,
    no_school: bool = False,
    no_public: bool = False,
    code: str = "SERIES22",
) -> Series:
    minutes = int(clock[:2]) * 60 + int(clock[3:])
    ends = stop("mitte"), stop("bahnhof")
    return Series(
        code, *ends, when, minutes, party, weekdays, first, last, no_school, no_public, made_at
    )


def begin(dispatcher: Dispatcher, wish: Series, now: int = NOW, key: str = "key-0001") -> Series:
    return begin_series(dispatcher, replace(wish, made_at=now), CONTACT, key, now)


def booked_days(dispatcher: Dispatcher, code: str = "SERIES22") -> list[date]:
    return [each.day for each in dispatcher.store.standing.instances(code) if each.booking]


# ------------------------------------------------------------------------------------ due days


def test_days_are_due_as_soon_as_they_open_for_booking() -> None:
    wish = series(weekdays=EVERY_DAY)
    due = due_days(CONFIG, wish, (), at("00:00"))
    assert due == [MONDAY + timedelta(number) for number in range(8)]  # horizon_days = 7
    assert due_days(CONFIG, wish, due, at("23:59")) == []
    assert due_days(CONFIG, wish, due, at("00:00", date(2027, 3, 2))) == [date(2027, 3, 9)]


def test_a_series_has_a_first_and_a_last_day() -> None:
    wish = series(date(2027, 3, 3), date(2027, 3, 4), EVERY_DAY)
    assert due_days(CONFIG, wish, (), NOW) == [date(2027, 3, 3), date(2027, 3, 4)]


def test_a_time_that_was_over_when_the_series_was_made_is_not_due() -> None:
    assert MONDAY not in due_days(CONFIG, series(made_at=at("10:00")), (), at("10:00"))
    assert MONDAY in due_days(CONFIG, series(made_at=at("09:59")), (), at("10:30"))


def test_the_year_ends_without_a_gap() -> None:
    wish = series(date(2026, 12, 1), date(2027, 1, 31), EVERY_DAY, no_public=True)
    new_year = due_days(CONFIG, wish, (), at("08:00", date(2026, 12, 28)))
    assert new_year == [
        *(date(2026, 12, day) for day in (28, 29, 30, 31)),
        *(date(2027, 1, day) for day in (2, 3, 4)),
    ]


def test_holidays_are_skipped_on_request_only() -> None:
    span = date(2027, 3, 22), date(2027, 4, 14)
    every = wanted_days(CONFIG, series(*span, weekdays=(0, 4)), *span)
    public = wanted_days(CONFIG, series(*span, weekdays=(0, 4), no_public=True), *span)
    school = wanted_days(CONFIG, series(*span, weekdays=(0, 4), no_school=True), *span)
    easter = {date(2027, 3, 26), date(2027, 3, 29)}
    break_ = {date(2027, 4, 2), date(2027, 4, 5), date(2027, 4, 9)}
    assert set(every) - set(public) == easter
    assert set(every) - set(school) == break_


@pytest.mark.parametrize(
    ("day", "clock", "shown"),
    [
        (date(2027, 3, 27), "07:30", "2027-03-27T07:30:00+01:00"),
        (date(2027, 3, 29), "07:30", "2027-03-29T07:30:00+02:00"),
        (date(2027, 3, 28), "02:30", "2027-03-28T03:30:00+02:00"),  # does not happen
        (date(2027, 10, 31), "02:30", "2027-10-31T02:30:00+02:00"),  # happens twice: the first
        (date(2027, 11, 1), "07:30", "2027-11-01T07:30:00+01:00"),
    ],
)
def test_a_ride_is_at_the_same_time_on_the_clocks_in_summer_and_winter(
    day: date, clock: str, shown: str
) -> None:
    request = request_on(CONFIG, series(clock=clock), day)
    assert datetime.fromtimestamp(request.time, ZONE).isoformat() == shown


@given(st.integers(0, 500), st.integers(1, 200), st.booleans(), st.booleans())
def test_asked_day_by_day_every_wanted_day_is_due_exactly_once(
    first: int, length: int, no_school: bool, no_public: bool
) -> None:
    begins = date(2026, 6, 1) + timedelta(first)
    ends = begins + timedelta(length)
    wish = series(begins, ends, (1, 5), no_school=no_school, no_public=no_public)
    decided: list[date] = []
    for number in range(-9, length + 2):
        now = CONFIG.instant(begins + timedelta(number), 0)
        decided.extend(due_days(CONFIG, wish, decided, now))
    assert decided == wanted_days(CONFIG, wish, begins, ends)


# ------------------------------------------------------------------------------------- promising


def test_open_days_are_promised_at_once_and_later_ones_as_they_open(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    begin(dispatcher, series())
    assert booked_days(dispatcher) == [MONDAY, date(2027, 3, 3), date(2027, 3, 8)]
    assert open_instances(dispatcher, NOW + 3600) == ()
    (next_one,) = open_instances(dispatcher, at("00:01", date(2027, 3, 3)))
    assert next_one.day == date(2027, 3, 10)
    booking = dispatcher.booking(next_one.booking)
    assert booking.ride.promise.pickup_earliest == at("10:00", next_one.day)
    assert dispatcher.store.contact(booking.code) == CONTACT
    assert_sound(toy_region, dispatcher.plan(next_one.day, NOW))


def test_a_series_over_the_change_to_summer_time_keeps_its_hour(dispatcher: Dispatcher) -> None:
    now = at("08:00", date(2027, 3, 26))
    begin(dispatcher, series(date(2027, 3, 27), date(2027, 3, 29), (0, 5)), now)
    made = [
        dispatcher.booking(each.booking) for each in dispatcher.store.standing.instances("SERIES22")
    ]
    begins = [each.ride.promise.pickup_earliest for each in made]
    assert [datetime.fromtimestamp(each, ZONE).hour for each in begins] == [10, 10]
    assert begins[1] - begins[0] == 47 * 3600


def take_all(dispatcher: Dispatcher, clock: str, party: Party, day: date = MONDAY) -> None:
    """Book rides around a time until none is left in the wanted windows."""
    number = 0
    while True:
        quote = dispatcher.quote(ride(clock=clock, party=party, day=day), NOW)
        if quote.refusal is not None:
            return
        dispatcher.book(quote.offers[0], f"all-{day}-{clock}-{number}", NOW)
        number += 1


@pytest.mark.parametrize("minutes", [5, 10, 15, 30, 60])
@pytest.mark.parametrize("when", list(When))
def test_a_ride_near_the_wish_is_taken_but_none_beyond_the_tolerance(
    toy_region: Region, when: When, minutes: int
) -> None:
    party = Party(8)
    rules = toy_region.config.rules.model_copy(update={"series_flexible_minutes": minutes})
    config = toy_region.config.model_copy(update={"rules": rules})
    with closing(Dispatcher(replace(toy_region, config=config), MemoryStore())) as dispatcher:
        wish = ride(when=when, clock="10:00", party=party)
        for number in range(3):
            dispatcher.book(dispatcher.quote(wish, NOW).offers[0], f"rival-{number}", NOW)
        rides = [offer.ride for offer in dispatcher.quote(wish, NOW).offers]
        nearest = min(distance_from_wish(wish, each) for each in rides)
        begin(dispatcher, series(MONDAY, MONDAY, party=party, when=when))
        (instance,) = dispatcher.store.standing.instances("SERIES22")
        assert bool(instance.booking) is (nearest <= minutes * 60)
        if instance.booking:
            made = dispatcher.booking(instance.booking).ride
            assert distance_from_wish(wish, made) == nearest
        else:
            assert instance.missed


@pytest.mark.parametrize("when", list(When))
def test_nobody_leaves_sooner_or_arrives_later_than_they_can(
    toy_region: Region, when: When
) -> None:
    """Where only the far side of the wish has a ride, the day is missed."""
    party = Party(1, 1)
    rules = toy_region.config.rules.model_copy(update={"series_flexible_minutes": 240})
    config = toy_region.config.model_copy(update={"rules": rules})
    with closing(Dispatcher(replace(toy_region, config=config), MemoryStore())) as dispatcher:
        hours = range(10, 20) if when is When.DEPART_AT else (8.5, 9, 9.5)
        for hour in hours:
            take_all(dispatcher, f"{int(hour):02}:{int(hour % 1 * 60):02}", party)
        begin(dispatcher, series(MONDAY, MONDAY, party=party, when=when))
        (instance,) = dispatcher.store.standing.instances("SERIES22")
        if instance.booking:
            promise = dispatcher.booking(instance.booking).ride.promise
            assert when is When.ARRIVE_BY or promise.pickup_earliest >= at("10:00")
            assert when is When.DEPART_AT or promise.dropoff_latest <= at("10:00")
        else:
            assert instance.missed in ("no_wheelchair_place", "other_promises")


def test_a_day_without_a_ride_is_told_once_and_the_others_go_on(dispatcher: Dispatcher) -> None:
    wheelchair = Party(1, 1)
    for clock in ("09:00", "10:00", "11:00"):
        take_all(dispatcher, clock, wheelchair, date(2027, 3, 3))
    begin(dispatcher, series(party=wheelchair))
    assert booked_days(dispatcher) == [MONDAY, date(2027, 3, 8)]
    open_instances(dispatcher, NOW + 60)
    told = [each for each in dispatcher.events(date(2027, 3, 3)) if isinstance(each, SeriesMissed)]
    assert [(each.series, each.day) for each in told] == [("SERIES22", "2027-03-03")]
    assert told[0].reason == "no_wheelchair_place"
    unmet = dispatcher.store.unmet(date(2027, 3, 3), date(2027, 3, 3))
    at_ten = [each.reason for each in unmet if each.wanted == at("10:00", date(2027, 3, 3))]
    assert at_ten == [told[0].reason] * 2  # the series', and that of whoever filled the day


def test_a_day_whose_hours_have_changed_is_missed_for_that_reason(toy_region: Region) -> None:
    store = MemoryStore()
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        begin(dispatcher, series(first=date(2027, 3, 10)))
    shorter = [toy_region.config.hours[0].model_copy(update={"begin": "12:00"})]
    config = toy_region.config.model_copy(update={"hours": shorter})
    with closing(Dispatcher(replace(toy_region, config=config), store)) as dispatcher:
        (instance,) = open_instances(dispatcher, at("08:00", date(2027, 3, 3)))
    assert (instance.day, instance.missed) == (date(2027, 3, 10), "outside_hours")


def test_whoever_may_not_book_misses_the_day(toy_region: Region) -> None:
    config = toy_region.config.model_copy(update={"no_shows": NoShows(count=1)})
    with closing(Dispatcher(replace(toy_region, config=config), MemoryStore())) as dispatcher:
        offer = dispatcher.quote(ride(), NOW).offers[0]
        miss(dispatcher, dispatcher.book(offer, "key-9999", NOW, CONTACT))
        begin(dispatcher, series())
        missed = {each.missed for each in dispatcher.store.standing.instances("SERIES22")}
        assert missed == {"too_many_no_shows"}


def test_a_clock_that_is_set_back_keeps_no_series_waiting(dispatcher: Dispatcher) -> None:
    rounds = Rounds(dispatcher)
    rounds.go(at("12:00", date(2027, 3, 4)))
    begin(dispatcher, series(first=date(2027, 3, 10)))
    back = at("08:00", date(2027, 3, 3))
    rounds.go(back)
    assert booked_days(dispatcher) == [date(2027, 3, 10)]
    rounds.go(back + 1)
    assert booked_days(dispatcher) == [date(2027, 3, 10)]


def test_an_ended_series_promises_nothing_more_and_keeps_or_gives_up_what_is_booked(
    dispatcher: Dispatcher,
) -> None:
    begin(dispatcher, series())
    assert end_series(dispatcher, "SERIES22", NOW, cancel_booked=False).ended
    assert open_instances(dispatcher, at("08:00", date(2027, 3, 8))) == ()
    codes = [each.booking for each in dispatcher.store.standing.instances("SERIES22")]
    assert {dispatcher.booking(each).status for each in codes} == {BookingStatus.BOOKED}
    under_way = at("10:00")
    for _ in range(2):
        end_series(dispatcher, "SERIES22", under_way, cancel_booked=True)
    states = [dispatcher.booking(each).status for each in codes]
    assert states[1:] == [BookingStatus.CANCELLED] * 2
    assert states[0] is not BookingStatus.CANCELLED  # its vehicle is on the way
    with pytest.raises(UnknownStanding):
        end_series(dispatcher, "NOSUCH22", NOW, cancel_booked=True)


@pytest.mark.parametrize("day", [MONDAY, date(2027, 3, 2)])
def test_a_changed_ride_stays_one_of_its_series_and_ends_with_it(
    dispatcher: Dispatcher, day: date
) -> None:
    begin(dispatcher, series())
    old, *others = dispatcher.store.standing.instances("SERIES22")
    offer = quote_change(dispatcher, old.booking, ride(clock="14:00", day=day), NOW).offers[0]
    new = change(dispatcher, old.booking, offer, "key-change", NOW)
    kept = dispatcher.store.standing.instances("SERIES22")
    assert kept == (replace(old, booking=new.code), *others)
    end_series(dispatcher, "SERIES22", NOW, cancel_booked=True)
    assert dispatcher.booking(new.code).status is BookingStatus.CANCELLED


def test_repeating_the_request_is_one_series(dispatcher: Dispatcher) -> None:
    first = begin(dispatcher, series())
    again = begin(dispatcher, series(code="OTHER222"), NOW + 60)
    assert again == first
    with pytest.raises(IdempotencyConflict):
        begin(dispatcher, series(clock="11:00", code="OTHER222"))
    assert len(dispatcher.plan(MONDAY, NOW).bookings) == 1


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        (series(weekdays=(6,)), "outside_hours", "when.depart_at"),
        (series(weekdays=(0, 6)), "outside_hours", "when.depart_at"),
        (series(clock="05:00"), "outside_hours", "when.depart_at"),
        (series(party=Party(9)), "party_too_large", "party.passengers"),
        (series(last=date(2027, 3, 2), weekdays=(4,)), "no_such_day", "weekdays"),
        (series(date(2027, 2, 1), date(2027, 2, 28)), "no_such_day", "weekdays"),
        (series(no_school=True), "school_holidays_unknown", "skip_school_holidays"),
    ],
)
def test_what_could_never_be_promised_is_refused_at_once(
    dispatcher: Dispatcher, wish: Series, code: str, field: str
) -> None:
    no_state = dispatcher.region.config.contact.model_copy(update={"country": "DK"})
    config = dispatcher.region.config.model_copy(update={"contact": no_state})
    region = replace(dispatcher.region, config=config)
    with closing(Dispatcher(region, MemoryStore())) as abroad:
        with pytest.raises(RequestError) as caught:
            begin(abroad, wish)
        assert (caught.value.code, caught.value.field) == (code, field)
        assert abroad.store.standing.series("SERIES22") is None


# ---------------------------------------------------------------------------- others in between


class Contested(MemoryStore):
    """Another process changes a day just before we decide it, so many times."""

    rivals = 0

    def commit_together(self, changes: Sequence[Change]) -> None:
        if self.rivals and any(change.instances for change in changes):
            self.rivals -= 1
            super().commit_together((Change(changes[0].day, changes[0].expected),))
        super().commit_together(changes)


def test_another_process_in_between_decides_no_day_twice(toy_region: Region) -> None:
    store = Contested()
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        store.rivals = 2
        with pytest.raises(RevisionConflict):
            begin(dispatcher, series())
        assert booked_days(dispatcher) == []
        assert dispatcher.plan(MONDAY, NOW).bookings == {}
        open_instances(dispatcher, NOW + 60)
        assert len(booked_days(dispatcher)) == 3
        assert len(dispatcher.plan(MONDAY, NOW).bookings) == 1


class Overtaken(MemoryStore):
    """Another process decides the day, or ends the series, just before we do, once."""

    deed = ""

    def commit_together(self, changes: Sequence[Change]) -> None:
        deed, instances = self.deed, changes[0].instances
        if deed and instances:
            self.deed = ""
            theirs = Instance("SERIES22", instances[0].day, missed="no_seats")
            if deed == "end":
                self.standing.end_series("SERIES22")
            rival = (theirs,) if deed == "decide" else ()
            super().commit_together((Change(changes[0].day, changes[0].expected, instances=rival),))
        super().commit_together(changes)


@pytest.mark.parametrize("deed", ["decide", "end"])
def test_what_another_process_did_meanwhile_stands(toy_region: Region, deed: str) -> None:
    store = Overtaken()
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        store.deed = deed
        begin(dispatcher, series(MONDAY, MONDAY))
        missed = [each.missed for each in store.standing.instances("SERIES22")]
        assert missed == (["no_seats"] if deed == "decide" else [])
        assert dispatcher.plan(MONDAY, NOW).bookings == {}


def test_two_servers_on_one_database_promise_each_day_once(
    toy_region: Region, database_url: str
) -> None:
    servers = [Dispatcher(toy_region, SqlStore(database_url, "toy-town")) for _ in range(2)]
    begin(servers[0], series())
    later = at("08:00", date(2027, 3, 3))
    for server in servers:
        server.plan(date(2027, 3, 10), later)  # both have read the day before either books
    made = [open_instances(server, later) for server in servers]
    assert [len(each) for each in made] == [1, 0]
    stored = servers[0].store.load(date(2027, 3, 10))
    assert len(stored.bookings) == 1
    for server in servers:
        server.close()


def test_a_restart_goes_on_where_it_was(toy_region: Region, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'day.sqlite3'}"
    with closing(Dispatcher(toy_region, SqlStore(url, "toy-town"))) as first:
        begin(first, series())
        before = booked_days(first)
    with closing(Dispatcher(toy_region, SqlStore(url, "toy-town"))) as second:
        assert open_instances(second, NOW + 60) == ()
        assert booked_days(second) == before
