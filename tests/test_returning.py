"""The return ride: it fits with the outward one, begins after it, and both come or none."""

from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest

from shuttle.booking.changing import change, quote_change
from shuttle.booking.returning import book_both, quote_return
from shuttle.dispatcher import Dispatcher
from shuttle.domain import BookingStatus, Contact, Offer, Party, RideRequest, When
from shuttle.errors import (
    IdempotencyConflict,
    OfferExpired,
    OfferGone,
    OfferTaken,
    RequestError,
    ReturnGone,
    RevisionConflict,
)
from shuttle.region import Region
from tests.test_changing import Contested
from tests.test_dispatcher import MONDAY, assert_sound, at, ride

TUESDAY = date(2027, 3, 2)
NOW = at("08:00")
FULL = Party(8)


def way_back(clock: str, when: When = When.DEPART_AT, day: date = MONDAY) -> RideRequest:
    return ride("bahnhof", "mitte", when=when, clock=clock, party=FULL, day=day)


def outward(dispatcher: Dispatcher) -> Offer:
    return dispatcher.quote(ride(party=FULL), NOW).offers[0]


def pair(dispatcher: Dispatcher, day: date = MONDAY) -> tuple[Offer, Offer]:
    there = outward(dispatcher)
    return there, quote_return(dispatcher, there, way_back("12:00", day=day), NOW).offers[0]


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_both_rides_are_booked_together_and_belong_together(
    dispatcher: Dispatcher, toy_region: Region, day: date
) -> None:
    offers = pair(dispatcher, day)
    contact = Contact(phone="+49464178123")
    there, back = book_both(dispatcher, *offers, "key-both", NOW, contact)
    assert (there.ride, back.ride) == (offers[0].ride, offers[1].ride)
    assert dispatcher.store.journey(there.journey) == (there, back)
    assert {dispatcher.store.contact(each.code) for each in (there, back)} == {contact}
    for each in (MONDAY, day):
        assert_sound(toy_region, dispatcher.plan(each, NOW))


@pytest.mark.parametrize(("when", "clock"), [(When.DEPART_AT, "10:05"), (When.ARRIVE_BY, "11:30")])
def test_nobody_is_picked_up_for_the_way_back_before_they_have_arrived(
    dispatcher: Dispatcher, when: When, clock: str
) -> None:
    there = outward(dispatcher)
    answer = quote_return(dispatcher, there, way_back(clock, when), NOW)
    assert answer.offers
    arrival = there.ride.promise.dropoff_latest
    assert all(offer.ride.promise.pickup_earliest >= arrival for offer in answer.offers)
    alone = dispatcher.quote(way_back(clock, when), NOW)
    assert any(offer.ride.promise.pickup_earliest < arrival for offer in alone.offers)


@pytest.mark.parametrize(("when", "clock"), [(When.DEPART_AT, "09:30"), (When.ARRIVE_BY, "10:15")])
def test_a_way_back_before_the_way_there_is_refused(
    dispatcher: Dispatcher, when: When, clock: str
) -> None:
    with pytest.raises(RequestError) as caught:
        quote_return(dispatcher, outward(dispatcher), way_back(clock, when), NOW)
    assert (caught.value.code, caught.value.field) == ("return_too_early", f"return.when.{when}")


def test_the_way_back_is_quoted_with_the_outward_ride_in_the_plan(dispatcher: Dispatcher) -> None:
    """Bus 1 alone holds eight, and cannot be at both ends at once."""
    there = outward(dispatcher)
    answer = quote_return(dispatcher, there, way_back("10:05"), NOW)
    for number, offer in enumerate(answer.offers):
        with closing(Dispatcher(dispatcher.region, type(dispatcher.store)())) as fresh:
            both = book_both(fresh, there, offer, f"key-both-{number}", NOW)
            assert_sound(fresh.region, fresh.plan(MONDAY, NOW))
            assert len(fresh.plan(MONDAY, NOW).bookings) == len(both)


@pytest.mark.parametrize("taken", ["outward", "return"])
def test_if_one_ride_is_gone_neither_is_booked(dispatcher: Dispatcher, taken: str) -> None:
    there, back = pair(dispatcher)
    lost = there if taken == "outward" else back
    while True:
        quote = dispatcher.quote(lost.request, NOW)
        dispatcher.book(quote.offers[0], f"rival-{quote.offers[0].id}", NOW)
        if not fits(dispatcher, lost):
            break
    before = set(dispatcher.plan(MONDAY, NOW).bookings)
    with pytest.raises(OfferGone) as caught:
        book_both(dispatcher, there, back, "key-both", NOW)
    assert isinstance(caught.value, ReturnGone) is (taken == "return")
    assert set(dispatcher.plan(MONDAY, NOW).bookings) == before
    assert dispatcher.store.receipt("key-both") is None
    if taken == "return":
        fresh = caught.value.quote.offers[0]
        assert fresh.ride.promise.pickup_earliest >= there.ride.promise.dropoff_latest
        assert len(book_both(dispatcher, there, fresh, "key-both", NOW)) == 2


def fits(dispatcher: Dispatcher, offer: Offer) -> bool:
    """Whether an offer could be booked; tried on a copy of the day."""
    with closing(Dispatcher(dispatcher.region, type(dispatcher.store)())) as copy:
        for number, each in enumerate(dispatcher.plan(MONDAY, NOW).bookings.values()):
            rival = replace(offer, id=f"copy-{number}", ride=each.ride)
            copy.book(rival, f"copy-{number}", NOW)
        try:
            copy.book(offer, "the-one", NOW)
        except OfferGone:
            return False
        return True


def test_repeating_it_books_nothing_twice(dispatcher: Dispatcher) -> None:
    there, back = pair(dispatcher)
    both = book_both(dispatcher, there, back, "key-both", NOW)
    assert book_both(dispatcher, there, back, "key-both", NOW + 900) == both
    other = quote_return(dispatcher, outward(dispatcher), way_back("15:00"), NOW).offers[0]
    with pytest.raises(IdempotencyConflict):
        book_both(dispatcher, there, other, "key-both", NOW)
    with pytest.raises(OfferTaken):
        book_both(dispatcher, outward(dispatcher), back, "key-other", NOW)
    assert set(dispatcher.plan(MONDAY, NOW).bookings) == {each.code for each in both}


def test_a_key_that_booked_the_outward_ride_alone_brings_no_return(dispatcher: Dispatcher) -> None:
    there, back = pair(dispatcher)
    dispatcher.book(there, "key-one", NOW)
    with pytest.raises(IdempotencyConflict):
        book_both(dispatcher, there, back, "key-one", NOW)


def test_an_outward_offer_that_is_over_gets_no_return(dispatcher: Dispatcher) -> None:
    there, back = pair(dispatcher)
    with pytest.raises(OfferExpired):
        quote_return(dispatcher, there, way_back("12:00"), NOW + 301)
    with pytest.raises(OfferExpired):
        book_both(dispatcher, there, back, "key-both", NOW + 301)


def test_a_return_that_begins_before_the_arrival_is_not_booked(dispatcher: Dispatcher) -> None:
    there = outward(dispatcher)
    early = dispatcher.quote(way_back("10:05"), NOW).offers[0]
    with pytest.raises(RequestError, match="before the outward ride has arrived"):
        book_both(dispatcher, there, early, "key-both", NOW)
    assert not dispatcher.plan(MONDAY, NOW).bookings


def test_one_of_both_can_be_given_up_or_changed_by_itself(dispatcher: Dispatcher) -> None:
    there, back = book_both(dispatcher, *pair(dispatcher), "key-both", NOW)
    offer = dispatcher.quote(way_back("15:00"), NOW).offers[0]
    later = change(dispatcher, back.code, offer, "key-change", NOW)
    assert later.journey == there.journey
    dispatcher.cancel(there.code, NOW)
    assert dispatcher.booking(later.code).status is BookingStatus.BOOKED
    assert set(dispatcher.plan(MONDAY, NOW).bookings) == {later.code}


@pytest.mark.parametrize(
    ("end", "clock", "code"),
    [("outward", "15:00", "outward_too_late"), ("return", "08:30", "return_too_early")],
)
def test_neither_of_both_is_changed_past_the_other(
    dispatcher: Dispatcher, end: str, clock: str, code: str
) -> None:
    there, back = book_both(dispatcher, *pair(dispatcher), "key-both", NOW)
    old = there if end == "outward" else back
    request = ride(clock=clock, party=FULL) if old is there else way_back(clock)
    with pytest.raises(RequestError) as asked:
        quote_change(dispatcher, old.code, request, NOW)
    assert (asked.value.code, asked.value.field) == (code, "when.depart_at")
    offer = dispatcher.quote(request, NOW).offers[0]
    with pytest.raises(RequestError) as caught:
        change(dispatcher, old.code, offer, "key-change", NOW)
    assert caught.value.code == code
    assert set(dispatcher.plan(MONDAY, NOW).bookings) == {there.code, back.code}


def test_a_changed_outward_ride_is_only_offered_such_that_it_arrives_before_the_return(
    dispatcher: Dispatcher,
) -> None:
    there, back = book_both(dispatcher, *pair(dispatcher), "key-both", NOW)
    request = ride(clock="11:10", party=FULL)
    begin = back.ride.promise.pickup_earliest
    alone = dispatcher.quote(request, NOW).offers
    assert any(each.ride.promise.dropoff_latest > begin for each in alone)
    offers = quote_change(dispatcher, there.code, request, NOW).offers
    assert offers
    assert all(each.ride.promise.dropoff_latest <= begin for each in offers)
    with pytest.raises(RequestError) as caught:
        quote_change(dispatcher, there.code, ride(clock="21:30", party=FULL), NOW)
    assert caught.value.fixes == ()  # all that works lies after the return
    dispatcher.cancel(back.code, NOW)
    later = quote_change(dispatcher, there.code, ride(clock="15:00", party=FULL), NOW).offers[0]
    assert change(dispatcher, there.code, later, "key-later", NOW).journey == there.journey


def taken_by_others(dispatcher: Dispatcher, code: str, clock: str) -> Offer:
    """Return what a ride could have been changed to, had others not booked the same."""
    offer = quote_change(dispatcher, code, ride(clock=clock, party=FULL), NOW).offers[0]
    number = 0
    while fits(dispatcher, offer):
        number += 1
        dispatcher.book(replace(offer, id=f"rival-{number}"), f"key-rival-{number}", NOW)
    return offer


def test_whoever_is_too_slow_for_a_change_is_only_offered_what_keeps_the_order(
    dispatcher: Dispatcher,
) -> None:
    there, back = book_both(dispatcher, *pair(dispatcher), "key-both", NOW)
    offer = taken_by_others(dispatcher, there.code, "10:50")
    with pytest.raises(OfferGone) as caught:
        change(dispatcher, there.code, offer, "key-change", NOW)
    fresh = caught.value.quote
    fixes = fresh.refusal.fixes if fresh.refusal is not None else ()
    possible = [*fresh.offers, *(each.offer for each in fixes)]
    begin = back.ride.promise.pickup_earliest
    assert all(each.ride.promise.dropoff_latest <= begin for each in possible)
    change(dispatcher, there.code, possible[0], "key-change", NOW)


def test_whoever_is_too_slow_for_a_change_is_told_if_nothing_keeps_the_order(
    dispatcher: Dispatcher,
) -> None:
    there, _ = book_both(dispatcher, *pair(dispatcher), "key-both", NOW)
    offer = taken_by_others(dispatcher, there.code, "11:10")
    with pytest.raises(RequestError) as caught:
        change(dispatcher, there.code, offer, "key-change", NOW)
    assert caught.value.code == "outward_too_late"
    assert dispatcher.booking(there.code).status is BookingStatus.BOOKED


@pytest.mark.parametrize("day", [MONDAY, TUESDAY])
def test_another_process_in_between_makes_it_both_or_none(toy_region: Region, day: date) -> None:
    store = Contested()
    store.day = day
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        offers = pair(dispatcher, day)
        store.rivals = 2
        with pytest.raises(RevisionConflict):
            book_both(dispatcher, *offers, "key-both", NOW)
        assert store.load(MONDAY).bookings == store.load(TUESDAY).bookings == ()
        store.rivals = 1
        both = book_both(dispatcher, *offers, "key-both", NOW)
        assert {*store.load(MONDAY).bookings, *store.load(TUESDAY).bookings} == set(both)
