"""Days in Toy Town on which something goes wrong, and what must hold on all of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from routing.check import check_plan
from routing.problem import Tour
from shuttle.conditions import Disturbance
from shuttle.consequences import Consequences, Effect
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus
from shuttle.offers import exact_trip
from shuttle.plan import DayPlan, tick_of
from shuttle.records import restored
from shuttle.trouble import entered, lifted
from tests.test_dispatcher import MONDAY, ride


def confirm(dispatcher: Dispatcher, disturbance: Disturbance, now: int) -> Consequences:
    """Enter a disturbance as a dispatcher does: look first, then do what was shown."""
    region = dispatcher.region

    before = dispatcher.events(MONDAY)
    shown = dispatcher.preview(MONDAY, now, lambda plan: entered(region, plan, disturbance, now))
    assert dispatcher.events(MONDAY)[: len(before)] == before, "looking changes nothing"
    done = dispatcher.act(MONDAY, now, lambda plan: entered(region, plan, disturbance, now))
    assert shown.result == done
    assert_nobody_is_lost(dispatcher, now)
    return done


def lift(dispatcher: Dispatcher, condition: str, now: int) -> Consequences:
    """Lift a condition: look first, then do it."""
    region = dispatcher.region
    shown = dispatcher.preview(MONDAY, now, lambda plan: lifted(region, plan, condition, now))
    done = dispatcher.act(MONDAY, now, lambda plan: lifted(region, plan, condition, now))
    assert shown.result == done
    assert_nobody_is_lost(dispatcher, now)
    return done


def faults_of(plan: DayPlan) -> list[str]:
    """What the independent checker finds wrong: with every tour, and every ride that is in one."""
    waiting = {each.code for each in plan.stranded}
    trips = {
        code: exact_trip(plan.region, each.ride_now, code)
        for code, each in plan.bookings.items()
        if code not in waiting
    }
    return [str(each) for each in check_plan(plan.tours, plan.travel, trips)]


def assert_nobody_is_lost(dispatcher: Dispatcher, now: int, day: date = MONDAY) -> None:
    """Every ride is in a tour, or on the list; and a restart changes nothing."""
    plan = dispatcher.plan(day, now)
    waiting = {each.code for each in plan.stranded}
    for code, booking in plan.bookings.items():
        assert (plan.tour_of(code) is None) == (code in waiting), booking
        assert booking.ride == dispatcher.booking(code).ride, "a promise is written once"
    again = restored(dispatcher.region, day, dispatcher.store.load(day))
    again = again.at(tick_of(now))
    assert [finished(tour) for tour in again.tours] == [finished(tour) for tour in plan.tours]
    assert again.conditions == plan.conditions
    assert dict(again.bookings) == dict(plan.bookings)


def finished(tour: Tour) -> Tour:
    """Return a tour; if it is over, without the time at which that was noticed."""
    return replace(tour, ready=0) if tour.served == len(tour.halts) else tour


def booked(dispatcher: Dispatcher, now: int, *wishes: Mapping[str, object]) -> list[Booking]:
    """Book the first offer for each wish."""
    bookings = []
    for number, wish in enumerate(wishes):
        offer = dispatcher.quote(ride(**wish), now).offers[0]  # type: ignore[arg-type]
        bookings.append(dispatcher.book(offer, f"key-{now}-{number:04}", now))
    return bookings


def effect_on(consequences: Consequences, booking: Booking) -> Effect:
    """Return what is said about a booking."""
    return next(each for each in consequences.effects if each.code == booking.code)


def alive(plan: DayPlan) -> list[Booking]:
    """Return the bookings that have not arrived yet."""
    return [each for each in plan.bookings.values() if each.status is not BookingStatus.SERVED]
