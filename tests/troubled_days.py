"""Days in Toy Town on which something goes wrong, and what must hold on all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from routing.check import check_plan
from routing.problem import Tour
from shuttle.booking.offers import planned_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus
from shuttle.keeping.records import restored
from shuttle.plan import DayPlan, tick_of, vehicle_of, vehicle_of_shift
from shuttle.trouble.conditions import Disturbance, ShiftSet, VehicleOut
from shuttle.trouble.consequences import Consequences, Effect
from shuttle.trouble.entering import entered, lifted
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
    assert_vehicles_work_as_entered(dispatcher, now)
    return done


def lift(dispatcher: Dispatcher, condition: str, now: int) -> Consequences:
    """Lift a condition: look first, then do it."""
    region = dispatcher.region
    shown = dispatcher.preview(MONDAY, now, lambda plan: lifted(region, plan, condition, now))
    done = dispatcher.act(MONDAY, now, lambda plan: lifted(region, plan, condition, now))
    assert shown.result == done
    assert_nobody_is_lost(dispatcher, now)
    assert_vehicles_work_as_entered(dispatcher, now)
    return done


def faults_of(plan: DayPlan) -> list[str]:
    """What the independent checker finds wrong: with every tour, and every ride that is in one."""
    waiting = {each.code for each in plan.stranded}
    trips = {
        code: planned_trip(plan.region, each)
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


def assert_vehicles_work_as_entered(dispatcher: Dispatcher, now: int) -> None:
    """No vehicle has two shifts at once; and each works when all that is in force says so."""
    plan = dispatcher.plan(MONDAY, now)
    midnight = dispatcher.region.config.instant(MONDAY, 24 * 60)
    for vehicle in (each.id for each in dispatcher.region.config.vehicles):
        own = [tour for tour in plan.tours if vehicle_of(tour) == vehicle]
        spans = sorted((each.shift.start, each.shift.end) for each in own)
        spans = [(begin, end) for begin, end in spans if begin < end]
        assert all(former[1] <= later[0] for former, later in pairwise(spans)), spans
        # One that stands may do so only when the halt it is at is over.
        stands = [each.shift.end for each in own if each.served == len(each.halts)]
        shifts = dispatcher.region.shifts(MONDAY)
        usual = [(each.start, each.end) for each in shifts if vehicle_of_shift(each.id) == vehicle]
        in_force = [each.disturbance for each in plan.conditions if each.lifted_at is None]
        for time in range(max(tick_of(now), *stands, 0), midnight, 60):
            works = any(begin <= time < end for begin, end in spans)
            assert works == _is_to_work(vehicle, usual, in_force, time), (vehicle, time)


def _is_to_work(
    vehicle: str,
    usual: Sequence[tuple[int, int]],
    in_force: Sequence[Disturbance],
    time: int,
) -> bool:
    works = any(begin <= time < end for begin, end in usual)
    for each in in_force:
        if isinstance(each, ShiftSet) and each.vehicle == vehicle:
            begin, end = each.was or (0, 0)
            works = each.begin <= time < each.end or (works and not begin <= time < end)
    return works and not any(
        isinstance(each, VehicleOut) and each.vehicle == vehicle and each.begin <= time < each.end
        for each in in_force
    )


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
