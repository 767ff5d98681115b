"""Changing a booking: both rides never, one always, whatever happens in between."""

from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from shuttle.booking.changing import change, quote_change
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Channel, Contact, FixKind, Offer, Party
from shuttle.errors import (
    AlreadyCancelled,
    IdempotencyConflict,
    NotCancellable,
    OfferGone,
    RequestError,
    RevisionConflict,
    UnknownBooking,
)
from shuttle.events import Changed, Replaced
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import Change, MemoryStore
from shuttle.trouble.conditions import VehicleOut
from tests.test_dispatcher import MONDAY, assert_sound, at, book, ride
from tests.troubled_days import confirm

TUESDAY = date(2027, 3, 2)
NOW = at("08:00")
PETERSEN = Contact("Frau Petersen", "+49464178123", "", Channel.SMS, "de")


def offer_instead(
    dispatcher: Dispatcher, code: str, clock: str = "11:00", day: date = MONDAY
) -> Offer:
    return quote_change(dispatcher, code, ride(clock=clock, day=day), NOW).offers[0]


def booked_codes(dispatcher: Dispatcher, *days: date) -> set[str]:
    return {code for day in days for code in dispatcher.plan(day, NOW).bookings}


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_the_new_ride_takes_the_place_of_the_old_one(
    dispatcher: Dispatcher, toy_region: Region, day: date
) -> None:
    old = dispatcher.book(dispatcher.quote(ride(), NOW).offers[0], "key-0001", NOW, PETERSEN)
    new = change(dispatcher, old.code, offer_instead(dispatcher, old.code, day=day), "key-2", NOW)
    assert booked_codes(dispatcher, MONDAY, TUESDAY) == {new.code}
    assert dispatcher.booking(old.code).status is BookingStatus.CANCELLED
    assert dispatcher.store.contact(new.code) == PETERSEN
    for each in (MONDAY, TUESDAY):
        assert_sound(toy_region, dispatcher.plan(each, NOW))
    gone = [each for each in dispatcher.events(MONDAY) if isinstance(each, Replaced)]
    came = [each for each in dispatcher.events(day) if isinstance(each, Changed)]
    assert [(each.code, each.by) for each in gone] == [(old.code, new.code)]
    assert [(each.old, each.new) for each in came] == [(old.code, new.code)]


def fill(
    dispatcher: Dispatcher,
    party: Party,
    day: date = MONDAY,
    clock: str = "10:00",
    now: int = NOW,
) -> list[Booking]:
    """Book rides at a time until none is left."""
    made: list[Booking] = []
    while True:
        quote = dispatcher.quote(ride(party=party, clock=clock, day=day), now)
        if quote.refusal is not None:
            return made
        made.append(dispatcher.book(quote.offers[0], f"fill-{day}-{len(made)}", now))


def test_the_old_ride_is_no_obstacle_to_the_new_one(dispatcher: Dispatcher) -> None:
    party = Party(8)  # only bus 1 holds them
    made = fill(dispatcher, party)
    request = ride(party=party)
    assert dispatcher.quote(request, NOW).refusal is not None
    instead = quote_change(dispatcher, made[0].code, request, NOW)
    assert instead.refusal is None
    new = change(dispatcher, made[0].code, instead.offers[0], "key-change", NOW)
    assert len(booked_codes(dispatcher, MONDAY)) == len(made)
    assert new.code in booked_codes(dispatcher, MONDAY)


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_if_the_new_ride_does_not_fit_the_old_one_stays(dispatcher: Dispatcher, day: date) -> None:
    old = book(dispatcher, ride(clock="16:00"), NOW)
    request = ride(party=Party(8), day=day)
    offer = dispatcher.quote(request, NOW).offers[0]
    rivals = [dispatcher.quote(request, NOW).offers[0] for _ in range(4)]
    for number, rival in enumerate(rivals):
        try:
            dispatcher.book(rival, f"rival-{number}", NOW)
        except OfferGone:
            break
    before = booked_codes(dispatcher, MONDAY, TUESDAY)
    with pytest.raises(OfferGone) as caught:
        change(dispatcher, old.code, offer, "key-change", NOW)
    assert booked_codes(dispatcher, MONDAY, TUESDAY) == before
    assert dispatcher.booking(old.code).status is BookingStatus.BOOKED
    fresh = caught.value.quote.offers[0]
    assert change(dispatcher, old.code, fresh, "key-change", NOW).ride == fresh.ride


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_a_ride_whose_vehicle_is_on_its_way_keeps_its_place(
    dispatcher: Dispatcher, day: date
) -> None:
    old = book(dispatcher, ride(clock="08:30"), NOW)
    now = old.ride.promise.pickup_earliest
    offer = dispatcher.quote(ride(clock="11:00", day=day), now).offers[0]
    with pytest.raises(NotCancellable):
        change(dispatcher, old.code, offer, "key-change", now)
    assert booked_codes(dispatcher, MONDAY, TUESDAY) == {old.code}
    assert dispatcher.store.receipt("key-change") is None
    with pytest.raises(NotCancellable):
        quote_change(dispatcher, old.code, ride(clock="11:00"), now)


def test_a_stranded_ride_is_changed_like_any_other(dispatcher: Dispatcher) -> None:
    old = book(dispatcher, ride(), NOW)
    for bus in ("bus-1", "bus-2"):
        confirm(dispatcher, VehicleOut(bus, at("09:30"), at("12:00")), NOW)
    assert [each.code for each in dispatcher.plan(MONDAY, NOW).stranded] == [old.code]
    offer = offer_instead(dispatcher, old.code, "14:00")
    new = change(dispatcher, old.code, offer, "key-change", NOW)
    assert booked_codes(dispatcher, MONDAY) == {new.code}
    (replaced,) = (each for each in dispatcher.events(MONDAY) if isinstance(each, Replaced))
    assert (replaced.code, replaced.by, replaced.shift) == (old.code, new.code, "")


def test_a_refused_change_names_what_works_without_the_old_ride_and_is_no_unmet_demand(
    dispatcher: Dispatcher,
) -> None:
    full = {day: fill(dispatcher, Party(8), day) for day in (MONDAY, TUESDAY)}
    for number in (2, 3, 4, 5, 7):
        fill(dispatcher, Party(8), MONDAY + timedelta(number))
    counted = dispatcher.store.unmet(MONDAY, MONDAY + timedelta(7))
    answer = quote_change(dispatcher, full[MONDAY][0].code, ride(party=Party(8), day=TUESDAY), NOW)
    assert answer.refusal is not None
    (back,) = (each for each in answer.refusal.fixes if each.kind is FixKind.OTHER_DAY)
    assert back.offer.ride.day == MONDAY
    assert dispatcher.store.unmet(MONDAY, MONDAY + timedelta(7)) == counted
    change(dispatcher, full[MONDAY][0].code, back.offer, "key-change", NOW)


def test_a_change_to_a_time_without_service_names_the_nearest_that_works(
    dispatcher: Dispatcher,
) -> None:
    (old, *_) = fill(dispatcher, Party(8), clock="19:30")
    counted = dispatcher.store.unmet(MONDAY, MONDAY)
    with pytest.raises(RequestError) as caught:
        quote_change(dispatcher, old.code, ride(party=Party(8), clock="21:30"), NOW)
    assert caught.value.code == "outside_hours"
    assert dispatcher.store.unmet(MONDAY, MONDAY) == counted
    (earlier,) = (each for each in caught.value.fixes if each.kind is FixKind.EARLIER)
    change(dispatcher, old.code, earlier.offer, "key-change", NOW)


def test_an_offer_that_is_gone_brings_what_is_possible_though_its_time_is_over(
    dispatcher: Dispatcher,
) -> None:
    asked = at("09:59")
    old = book(dispatcher, ride(clock="16:00"), asked)
    request = ride(party=Party(8))
    offer = dispatcher.quote(request, asked).offers[0]
    fill(dispatcher, Party(8), now=asked)
    with pytest.raises(OfferGone):
        dispatcher.book(offer, "key-book", at("10:03"))
    with pytest.raises(OfferGone) as caught:
        change(dispatcher, old.code, offer, "key-change", at("10:03"))
    assert caught.value.quote.refusal is not None
    assert caught.value.quote.offers[0].ride.promise.pickup_earliest > at("10:03")


def test_repeating_a_change_is_one_change(dispatcher: Dispatcher) -> None:
    old = book(dispatcher, ride(), NOW)
    first, second = quote_change(dispatcher, old.code, ride(clock="11:00"), NOW).offers[:2]
    new = change(dispatcher, old.code, first, "key-change", NOW)
    assert change(dispatcher, old.code, first, "key-change", NOW + 600) == new
    with pytest.raises(IdempotencyConflict):
        change(dispatcher, old.code, second, "key-change", NOW)
    with pytest.raises(AlreadyCancelled):
        change(dispatcher, old.code, second, "key-other", NOW)
    with pytest.raises(UnknownBooking):
        change(dispatcher, "NOSUCH22", second, "key-other", NOW)
    assert booked_codes(dispatcher, MONDAY) == {new.code}


class Contested(MemoryStore):
    """Another process changes a day each time before we can."""

    rivals = 0
    day = TUESDAY

    def commit_together(self, changes: Sequence[Change]) -> None:
        if self.rivals and any(change.day == self.day for change in changes):
            self.rivals -= 1
            super().commit_together((Change(self.day, self.load(self.day).revision),))
        super().commit_together(changes)


@pytest.mark.parametrize("contested", [MONDAY, TUESDAY])
def test_another_process_in_between_makes_it_both_or_none(
    toy_region: Region, contested: date
) -> None:
    store = Contested()
    store.day = contested
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        old = book(dispatcher, ride(), NOW)
        offer = offer_instead(dispatcher, old.code, day=TUESDAY)
        store.rivals = 2  # more than one try is not made
        with pytest.raises(RevisionConflict):
            change(dispatcher, old.code, offer, "key-change", NOW)
        assert store.load(MONDAY).bookings == (old,)
        assert store.load(TUESDAY).bookings == ()
        assert store.receipt("key-change") is None
        store.rivals = 1
        new = change(dispatcher, old.code, offer, "key-change", NOW)
        assert store.load(MONDAY).bookings == ()
        assert store.load(TUESDAY).bookings == (new,)


class Dying(SqlStore):
    """The process ends while it writes its second day, or after it has written both."""

    writes_left = 99
    answers = True

    def _write(self, connection: Connection, change: Change) -> None:
        if self.writes_left == 0:
            raise KeyboardInterrupt
        self.writes_left -= 1
        super()._write(connection, change)

    def commit_together(self, changes: Sequence[Change]) -> None:
        super().commit_together(changes)
        if not self.answers:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("writes_left", "done"), [(0, False), (1, False), (2, True)])
def test_a_crash_leaves_one_ride_and_the_same_key_goes_on_from_there(
    toy_region: Region, tmp_path: Path, writes_left: int, *, done: bool
) -> None:
    url = f"sqlite:///{tmp_path / 'day.sqlite3'}"
    store = Dying(url, "toy-town")
    dispatcher = Dispatcher(toy_region, store)
    old = book(dispatcher, ride(), NOW)
    offer = offer_instead(dispatcher, old.code, day=TUESDAY)
    store.writes_left, store.answers = writes_left, False
    with pytest.raises(KeyboardInterrupt):
        change(dispatcher, old.code, offer, "key-change", NOW)
    store.close()
    with closing(Dispatcher(toy_region, SqlStore(url, "toy-town"))) as again:
        assert (booked_codes(again, MONDAY, TUESDAY) == {old.code}) is not done
        assert len(booked_codes(again, MONDAY, TUESDAY)) == 1
        new = change(again, old.code, offer, "key-change", NOW)
        assert booked_codes(again, MONDAY, TUESDAY) == {new.code}
    dispatcher.close()
