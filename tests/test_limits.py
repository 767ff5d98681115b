"""Who may book: open bookings and no-shows are counted by phone number."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuttle.acts import Outcome
from shuttle.booking.changing import change, quote_change
from shuttle.booking.limits import NoShows, blocked_until, open_bookings
from shuttle.booking.returning import book_both, quote_return
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Contact, Party, Promise, Ride
from shuttle.driving.reports import ReportKind
from shuttle.errors import TooManyNoShows, TooManyOpenBookings
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import VehicleOut
from tests.reporting import rejections, send, shift_of, told
from tests.test_dispatcher import at, ride
from tests.troubled_days import confirm

DAY = 86_400
NOW = at("08:00")
PETERSEN, JENSEN = Contact(phone="+49464178123"), Contact(phone="+49464178124")
THREE_IN_A_MONTH = NoShows(count=3, within_days=30, block_days=14)


def missed(*days: int) -> list[Booking]:
    """No-shows on these days, counted from now."""
    rides = [
        Ride(
            date(2027, 3, 1),
            *("mitte", "bahnhof", 0, 0, Party()),
            Promise(NOW + each * DAY - 900, NOW + each * DAY, 0, 0),
            *(0, 0, 0),
        )
        for each in days
    ]
    status = BookingStatus.NO_SHOW
    return [Booking(f"C{n}", each, "", "", 0, status) for n, each in enumerate(rides)]


@pytest.mark.parametrize(
    ("days", "until"),
    [
        ((), None),
        ((-20, -10), None),
        ((-20, -10, -1), 13),
        ((-10, -1, -20), 13),  # in whatever order they are found
        ((-40, -10, -1), None),  # not within thirty days
        ((-40, -30, -20, -1), 13),  # the last three are
        ((-60, -50, -40), -26),  # that block is over
    ],
)
def test_three_no_shows_in_thirty_days_block_for_fourteen(
    days: tuple[int, ...], until: int | None
) -> None:
    expected = 0 if until is None else NOW + until * DAY
    assert blocked_until(THREE_IN_A_MONTH, missed(*days)) == expected


@given(st.lists(st.integers(-400, 0), max_size=12), st.integers(1, 5))
def test_a_block_never_outlasts_the_latest_no_show_by_more_than_its_days(
    days: list[int], count: int
) -> None:
    rules = NoShows(count=count, within_days=20, block_days=10)
    until = blocked_until(rules, missed(*days))
    assert until == 0 or until <= NOW + (max(days) + 10) * DAY
    assert (until == 0) is all(
        sum(each - 20 <= other <= each for other in days) < count for each in days
    )


def test_without_a_rule_nobody_is_ever_blocked() -> None:
    assert blocked_until(NoShows(), missed(-3, -2, -1)) == 0


@pytest.mark.parametrize(
    ("status", "counts"),
    [(each, each in ("booked", "on_board")) for each in BookingStatus],
)
def test_only_rides_to_come_or_under_way_are_open(status: BookingStatus, *, counts: bool) -> None:
    booking = replace(missed(0)[0], status=status)
    assert open_bookings([booking], booking.ride.promise.dropoff_latest) == counts


@pytest.mark.parametrize(("status", "counts"), [("booked", False), ("on_board", True)])
def test_a_ride_that_was_never_driven_is_open_only_as_long_as_it_was_promised(
    status: str, *, counts: bool
) -> None:
    booking = replace(missed(0)[0], status=BookingStatus(status))
    assert open_bookings([booking], booking.ride.promise.dropoff_latest + 1) == counts


def test_whoever_the_service_left_behind_may_book_again(toy_region: Region) -> None:
    with limited(toy_region, most=1) as dispatcher:
        booking = book(dispatcher, "key-0")
        for bus in ("bus-1", "bus-2"):
            confirm(dispatcher, VehicleOut(bus, at("09:30"), at("20:00")), NOW)
        over = booking.ride.promise.dropoff_latest + 60
        offer = dispatcher.quote(ride(day=date(2027, 3, 2)), over).offers[0]
        assert dispatcher.booking(booking.code).status is BookingStatus.BOOKED
        assert dispatcher.book(offer, "key-1", over, PETERSEN).status is BookingStatus.BOOKED


@contextmanager
def limited(region: Region, most: int = 0, no_shows: NoShows | None = None) -> Iterator[Dispatcher]:
    config = region.config
    config = config.model_copy(
        update={
            "rules": config.rules.model_copy(update={"most_open_bookings": most}),
            "no_shows": no_shows or NoShows(),
        }
    )
    with closing(Dispatcher(replace(region, config=config), MemoryStore())) as dispatcher:
        yield dispatcher


def book(dispatcher: Dispatcher, key: str, contact: Contact | None = PETERSEN) -> Booking:
    return dispatcher.book(dispatcher.quote(ride(), NOW).offers[0], key, NOW, contact)


def test_a_phone_number_has_no_more_open_bookings_than_allowed(toy_region: Region) -> None:
    with limited(toy_region, most=2) as dispatcher:
        first, _ = book(dispatcher, "key-0"), book(dispatcher, "key-1")
        with pytest.raises(TooManyOpenBookings) as caught:
            book(dispatcher, "key-2")
        assert caught.value.most == 2
        book(dispatcher, "key-3", JENSEN)
        book(dispatcher, "key-4", None)
        dispatcher.cancel(first.code, NOW)
        assert book(dispatcher, "key-2").status is BookingStatus.BOOKED


def test_repeating_the_last_allowed_booking_is_not_one_more(toy_region: Region) -> None:
    with limited(toy_region, most=1) as dispatcher:
        offer = dispatcher.quote(ride(), NOW).offers[0]
        first = dispatcher.book(offer, "key-0", NOW, PETERSEN)
        assert dispatcher.book(offer, "key-0", NOW, PETERSEN) == first


def test_a_return_ride_counts_as_two_and_a_change_as_none(toy_region: Region) -> None:
    with limited(toy_region, most=1) as dispatcher:
        there = dispatcher.quote(ride(), NOW).offers[0]
        back = quote_return(dispatcher, there, ride("bahnhof", "mitte", clock="12:00"), NOW)
        with pytest.raises(TooManyOpenBookings):
            book_both(dispatcher, there, back.offers[0], "key-both", NOW, PETERSEN)
        old = dispatcher.book(there, "key-0", NOW, PETERSEN)
        offer = quote_change(dispatcher, old.code, ride(clock="11:00"), NOW).offers[0]
        assert change(dispatcher, old.code, offer, "key-1", NOW).status is BookingStatus.BOOKED


def miss(dispatcher: Dispatcher, booking: Booking) -> None:
    """Let a booking's party not come."""

    def act(plan: DayPlan) -> Outcome[None]:
        number = plan.tour_of(booking.code)
        assert number is not None
        gone = booking.with_status(BookingStatus.NO_SHOW)
        after = plan.removed(number, booking.code).with_bookings(gone)
        return Outcome(None, after, planned=frozenset({number}), bookings=(gone,))

    dispatcher.act(booking.ride.day, NOW, act)


def test_whoever_did_not_come_too_often_books_again_after_the_block(toy_region: Region) -> None:
    with limited(toy_region, no_shows=NoShows(count=2, within_days=7, block_days=3)) as dispatcher:
        for number in range(2):
            miss(dispatcher, book(dispatcher, f"key-{number}"))
        with pytest.raises(TooManyNoShows) as caught:
            book(dispatcher, "key-2")
        until = caught.value.until
        assert str(dispatcher.region.config.local_day(until)) in str(caught.value)
        assert book(dispatcher, "key-3", JENSEN).status is BookingStatus.BOOKED
        assert book(dispatcher, "key-4", None).status is BookingStatus.BOOKED
        later = ride(clock="15:00", day=date(2027, 3, 1) + timedelta(3))
        for now, free in ((until - 1, False), (until, True)):
            offer = dispatcher.quote(later, now).offers[0]
            if free:
                assert dispatcher.book(offer, "key-5", now, PETERSEN).code
            else:
                with pytest.raises(TooManyNoShows):
                    dispatcher.book(offer, "key-5", now, PETERSEN)


@pytest.mark.parametrize(("arrived", "free"), [("10:10", False), ("10:25", True)])
def test_whoever_does_not_wait_for_a_vehicle_after_the_window_is_not_blocked(
    toy_region: Region, arrived: str, *, free: bool
) -> None:
    with limited(toy_region, no_shows=NoShows(count=1)) as dispatcher:
        booking = book(dispatcher, "key-0")
        shift = shift_of(dispatcher, booking, NOW)
        reports = (
            told(ReportKind.STARTED, "09:30", shift=shift),
            told(ReportKind.ARRIVED, arrived, booking, shift=shift),
            told(ReportKind.NO_SHOW, "10:27", booking, shift=shift),
        )
        assert rejections(send(dispatcher, "10:27", *reports)) == [None] * 3
        offer = dispatcher.quote(ride(clock="15:00"), at("10:30")).offers[0]
        if free:
            assert dispatcher.book(offer, "key-1", at("10:30"), PETERSEN).code
        else:
            with pytest.raises(TooManyNoShows):
                dispatcher.book(offer, "key-1", at("10:30"), PETERSEN)
