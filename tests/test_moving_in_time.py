"""A dispatcher moves a ride to another time within its promise, which stays what it was."""

import random
from contextlib import closing, suppress

import pytest

from routing.budget import Budget
from shuttle.booking.moving import moved
from shuttle.dispatcher import Dispatcher
from shuttle.domain import AROUND_SECONDS, Booking
from shuttle.errors import CannotMove, NotMovable, RequestError
from shuttle.events import Moved
from shuttle.improving.reoptimiser import Reoptimiser
from shuttle.improving.solver_process import improved
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import Slower, VehicleOut
from shuttle.trouble.consequences import planned
from tests.reporting import shift_of
from tests.test_dispatcher import MONDAY, at
from tests.test_reoptimiser import book_some
from tests.troubled_days import assert_nobody_is_lost, booked, confirm, faults_of

NOW = at("08:00")


def move(dispatcher: Dispatcher, booking: Booking, pickup: int | None, now: int = NOW) -> None:
    shift = shift_of(dispatcher, booking, now)
    dispatcher.act(MONDAY, now, lambda plan: moved(plan, booking.code, shift, now, pickup))


def pickup_of(dispatcher: Dispatcher, booking: Booking, now: int = NOW) -> int:
    return planned(dispatcher.plan(MONDAY, now))[booking.code].pickup


def test_the_vehicle_comes_when_it_is_wanted_and_the_promise_is_as_it_was(
    dispatcher: Dispatcher,
) -> None:
    [booking] = booked(dispatcher, NOW, {})
    promise = booking.ride.promise
    before, wanted = pickup_of(dispatcher, booking), promise.pickup_earliest + 7 * 60
    move(dispatcher, booking, wanted)
    assert pickup_of(dispatcher, booking) == wanted != before
    now = dispatcher.booking(booking.code)
    assert (now.ride, now.ride_now, now.owed) == (booking.ride, booking.ride, promise)
    assert faults_of(dispatcher.plan(MONDAY, NOW)) == []
    shift = shift_of(dispatcher, booking, NOW)
    assert dispatcher.events(MONDAY)[-1] == Moved(NOW, booking.code, shift, shift, wanted)
    move(dispatcher, booking, None)
    assert pickup_of(dispatcher, booking) == before
    assert dispatcher.booking(booking.code) == booking


def test_a_time_outside_the_promise_or_before_what_was_told_is_refused(
    dispatcher: Dispatcher,
) -> None:
    [booking] = booked(dispatcher, NOW, {})
    promise = booking.ride.promise
    for time in (promise.pickup_earliest - 60, promise.pickup_latest + 60):
        with pytest.raises(RequestError, match="outside the promise"):
            move(dispatcher, booking, time)
    shift, told = shift_of(dispatcher, booking, NOW), promise.pickup_earliest + 300
    with pytest.raises(NotMovable, match="told that the vehicle comes later"):
        dispatcher.act(
            MONDAY, NOW, lambda plan: moved(plan, booking.code, shift, NOW, told - 60, told)
        )
    assert dispatcher.booking(booking.code) == booking


def test_a_time_left_to_the_plan_is_not_before_what_was_told(dispatcher: Dispatcher) -> None:
    [booking] = booked(dispatcher, NOW, {})
    promise = booking.ride.promise
    told = promise.pickup_earliest + 6 * 60
    assert pickup_of(dispatcher, booking) < told
    other = next(
        tour.shift.id
        for tour in dispatcher.plan(MONDAY, NOW).tours
        if tour.shift.id != shift_of(dispatcher, booking, NOW)
    )
    done = dispatcher.act(
        MONDAY, NOW, lambda plan: moved(plan, booking.code, other, NOW, None, told)
    )
    assert done.pickup == told
    assert told <= pickup_of(dispatcher, booking) <= told + AROUND_SECONDS
    assert faults_of(dispatcher.plan(MONDAY, NOW)) == []


def test_random_times_break_nothing_and_those_refused_say_which_works(
    toy_region: Region, store: SqlStore | MemoryStore
) -> None:
    rng, refused = random.Random(11), 0
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        book_some(dispatcher, 40, seed=3, now=at("05:00"))
        codes = list(dispatcher.plan(MONDAY, NOW).bookings)
        for _ in range(60):
            booking = dispatcher.booking(rng.choice(codes))
            promise = booking.ride.promise
            wanted = rng.randrange(promise.pickup_earliest, promise.pickup_latest + 1, 60)
            with suppress(NotMovable):
                try:
                    move(dispatcher, booking, wanted)
                except CannotMove as error:
                    refused += 1
                    if error.pickup is not None:
                        move(dispatcher, booking, error.pickup)
                        wanted = error.pickup
                    else:
                        wanted = pickup_of(dispatcher, booking)
                assert 0 <= pickup_of(dispatcher, booking) - wanted <= AROUND_SECONDS
            assert faults_of(dispatcher.plan(MONDAY, NOW)) == []
        assert refused > 2
        assert_nobody_is_lost(dispatcher, NOW)


def test_the_live_loop_leaves_a_wanted_time_alone(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 30, seed=5, now=at("05:00"))
    now, wanted = at("06:00"), {}
    for code, booking in list(dispatcher.plan(MONDAY, now).bookings.items())[::3]:
        time = booking.ride.promise.pickup_earliest + 5 * 60
        with suppress(CannotMove, NotMovable):
            move(dispatcher, booking, time, now)
            wanted[code] = time
    assert len(wanted) > 3
    loop = Reoptimiser(dispatcher, improved, Budget(iterations=300))
    assert any(each.adopted for each in loop.settle(now))
    where = planned(dispatcher.plan(MONDAY, now))
    for code, time in wanted.items():
        assert 0 <= where[code].pickup - time <= AROUND_SECONDS
    assert faults_of(dispatcher.plan(MONDAY, now)) == []


def test_nobody_is_left_behind_for_a_wanted_time(dispatcher: Dispatcher) -> None:
    """Trouble that leaves no room for it gives it up, and keeps the promise."""
    [booking] = booked(dispatcher, NOW, {})
    move(dispatcher, booking, booking.ride.promise.pickup_latest)
    confirm(dispatcher, Slower(1.8, NOW, at("19:00")), NOW)
    vehicle = shift_of(dispatcher, booking, NOW).partition("@")[0]
    confirm(dispatcher, VehicleOut(vehicle, NOW, at("19:00")), NOW)
    plan = dispatcher.plan(MONDAY, NOW)
    assert plan.stranded == ()
    assert dispatcher.booking(booking.code).pickup_at is None
    assert faults_of(plan) == []
