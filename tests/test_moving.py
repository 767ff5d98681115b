"""A dispatcher moves rides and locks them; nobody else's promise is missed by it."""

import random
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from routing.budget import Budget
from routing.insertion import Obstacle
from shuttle.booking.locking import ride_locked, tour_locked
from shuttle.booking.moving import moved
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, FixKind, Party
from shuttle.errors import CannotMove, NotMovable, PlanChanged, UnknownBooking, UnknownShift
from shuttle.events import Locked, Moved, Rescued, Unlocked
from shuttle.improving.adoption import Fate, Proposal, adopting
from shuttle.improving.question import question_of
from shuttle.improving.reoptimiser import Reoptimiser
from shuttle.improving.solver_process import improved
from shuttle.keeping.records import restored
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import VehicleOut
from shuttle.trouble.entering import if_still
from tests.reporting import shift_of
from tests.solvers import all_in_one
from tests.test_dispatcher import MONDAY, at, ride
from tests.test_reoptimiser import book_some
from tests.troubled_days import booked, confirm, faults_of

ONE, TWO = "bus-1@06:00", "bus-2@07:00"
NOW = at("08:00")


def other(shift: str) -> str:
    return TWO if shift == ONE else ONE


def move(dispatcher: Dispatcher, booking: Booking, shift: str, now: int = NOW) -> None:
    dispatcher.act(MONDAY, now, lambda plan: moved(plan, booking.code, shift, now))


def lock(dispatcher: Dispatcher, name: str, now: int = NOW, *, on: bool = True) -> None:
    act = tour_locked if "@" in name else ride_locked
    dispatcher.act(MONDAY, now, lambda plan: act(plan, name, now, on=on))


def shifts_of(plan: DayPlan) -> dict[str, str]:
    return {halt.trip: tour.shift.id for tour in plan.tours for halt in tour.halts if halt.trip}


def test_a_ride_moves_to_the_other_vehicle_and_back(dispatcher: Dispatcher) -> None:
    [booking] = booked(dispatcher, NOW, {})
    before = shift_of(dispatcher, booking, NOW)
    shown = dispatcher.preview(
        MONDAY, NOW, lambda plan: moved(plan, booking.code, other(before), NOW)
    ).result
    assert shift_of(dispatcher, booking, NOW) == before
    assert (shown.before, shown.shift) == (before, other(before))
    assert [each.code for each in shown.effects] == [booking.code]
    assert all(each.late == 0 for each in shown.effects)
    move(dispatcher, booking, other(before))
    assert shift_of(dispatcher, booking, NOW) == other(before)
    assert dispatcher.events(MONDAY)[-1] == Moved(NOW, booking.code, before, other(before))
    assert faults_of(dispatcher.plan(MONDAY, NOW)) == []
    move(dispatcher, booking, before)
    assert shift_of(dispatcher, booking, NOW) == before
    assert dispatcher.booking(booking.code).ride == booking.ride


def test_random_moves_break_nothing_and_those_refused_say_where_it_works(
    dispatcher: Dispatcher,
) -> None:
    book_some(dispatcher, 40, seed=3, now=at("05:00"))
    rng, done = random.Random(4), 0
    refused: list[CannotMove] = []
    for _ in range(60):
        plan = dispatcher.plan(MONDAY, NOW)
        booking = plan.bookings[rng.choice(sorted(plan.bookings))]
        with suppress(NotMovable):
            try:
                move(dispatcher, booking, other(shifts_of(plan)[booking.code]))
                done += 1
            except CannotMove as error:
                refused.append(error)
        assert faults_of(dispatcher.plan(MONDAY, NOW)) == []
    assert done > 10
    assert len(refused) > 3
    assert all(each.wanted.obstacle is not Obstacle.NONE for each in refused)


def test_what_cannot_be_moved_says_why(dispatcher: Dispatcher) -> None:
    [booking] = booked(dispatcher, NOW, {"party": Party(1, 1)})
    with pytest.raises(CannotMove) as failure:
        move(dispatcher, booking, TWO)
    assert failure.value.wanted.obstacle is Obstacle.CAPACITY
    assert failure.value.wanted.missing == "wheelchairs"
    assert failure.value.others == ()
    with pytest.raises(NotMovable, match="in this vehicle already"):
        move(dispatcher, booking, ONE)
    with pytest.raises(UnknownShift):
        move(dispatcher, booking, "bus-9@06:00")
    with pytest.raises(UnknownBooking):
        move(dispatcher, replace(booking, code="NOBODY22"), ONE)
    begun = booking.ride.promise.pickup_earliest + 30
    with pytest.raises(NotMovable, match="on the way"):
        move(dispatcher, booking, TWO, begun)


def test_a_stranded_ride_is_put_into_a_vehicle_by_hand(dispatcher: Dispatcher) -> None:
    [first] = booked(dispatcher, NOW, {})
    lock(dispatcher, other(shift_of(dispatcher, first, NOW)))
    vehicle = shift_of(dispatcher, first, NOW).partition("@")[0]
    confirm(dispatcher, VehicleOut(vehicle, NOW, at("19:00")), NOW)
    assert [each.code for each in dispatcher.plan(MONDAY, NOW).stranded] == [first.code]
    free = next(iter({ONE, TWO} & dispatcher.plan(MONDAY, NOW).locks))
    lock(dispatcher, free, on=False)
    move(dispatcher, first, free)
    assert dispatcher.plan(MONDAY, NOW).stranded == ()
    assert dispatcher.events(MONDAY)[-1] == Rescued(NOW, first.code, "", free)
    assert faults_of(dispatcher.plan(MONDAY, NOW)) == []


def test_what_was_not_shown_is_not_done(dispatcher: Dispatcher) -> None:
    [booking] = booked(dispatcher, NOW, {})
    shift = other(shift_of(dispatcher, booking, NOW))
    with pytest.raises(PlanChanged):
        dispatcher.act(
            MONDAY, NOW, if_still(lambda plan: moved(plan, booking.code, shift, NOW), "0" * 16)
        )
    assert shift_of(dispatcher, booking, NOW) == other(shift)


def test_a_locked_ride_is_not_moved_by_hand_nor_by_the_solver(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 30, seed=5, now=at("05:00"))
    now = at("06:00")
    plan = dispatcher.plan(MONDAY, now)
    locked = sorted(plan.bookings)[:10]
    for code in locked:
        lock(dispatcher, code, now)
    before = shifts_of(dispatcher.plan(MONDAY, now))
    loop = Reoptimiser(dispatcher, improved, Budget(iterations=300))
    assert any(each.adopted for each in loop.settle(now))
    after = shifts_of(dispatcher.plan(MONDAY, now))
    assert {code: after[code] for code in locked} == {code: before[code] for code in locked}
    assert after != before
    assert faults_of(dispatcher.plan(MONDAY, now)) == []
    with pytest.raises(NotMovable, match="locked"):
        move(dispatcher, plan.bookings[locked[0]], other(before[locked[0]]), now)


def test_a_proposal_from_before_the_lock_is_not_adopted(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 12, seed=7, now=at("05:00"))
    now = at("06:00")
    plan = dispatcher.plan(MONDAY, now)
    question = question_of(plan, now, 600, Budget(iterations=10), 1)
    assert question is not None
    proposal: Proposal = all_in_one(question)
    for code in plan.bookings:
        lock(dispatcher, code, now)
    verdict = dispatcher.act(MONDAY, now, adopting(question, proposal, now, 600))
    assert verdict.fate is Fate.OUTDATED
    assert question_of(dispatcher.plan(MONDAY, now), now, 600, Budget(iterations=10), 1) is None


def test_into_a_locked_tour_nothing_is_put(dispatcher: Dispatcher) -> None:
    [booking] = booked(dispatcher, NOW, {})
    lock(dispatcher, ONE)
    tours = {tour.shift.id: tour.halts for tour in dispatcher.plan(MONDAY, NOW).tours}
    book_some(dispatcher, 25, seed=8, now=NOW)
    plan = dispatcher.plan(MONDAY, NOW)
    assert {tour.shift.id: tour.halts for tour in plan.tours}[ONE] == tours[ONE]
    assert len(plan.bookings) > 5
    quote = dispatcher.quote(ride(clock="15:00", party=Party(1, 1)), NOW)
    assert quote.refusal is not None
    lock(dispatcher, TWO)
    nothing = dispatcher.quote(ride(clock="15:00"), NOW)
    assert nothing.refusal is not None
    assert all(each.kind is FixKind.OTHER_DAY for each in nothing.refusal.fixes)
    with pytest.raises(NotMovable, match="locked"):
        move(dispatcher, booking, other(shift_of(dispatcher, booking, NOW)))
    lock(dispatcher, ONE, on=False)
    assert dispatcher.quote(ride(clock="15:00", party=Party(1, 1)), NOW).refusal is None


def test_locks_outlive_a_restart_and_are_facts_of_the_day(
    toy_region: Region, store: SqlStore | MemoryStore
) -> None:
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        [booking] = booked(dispatcher, NOW, {})
        for name in (booking.code, ONE, TWO):
            lock(dispatcher, name)
            lock(dispatcher, name)
        lock(dispatcher, TWO, on=False)
        stored = restored(toy_region, MONDAY, store.load(MONDAY))
        assert stored.locks == {booking.code, ONE}
        facts = [each for each in dispatcher.events(MONDAY) if isinstance(each, Locked | Unlocked)]
        assert facts == [
            *(Locked(NOW, each) for each in (booking.code, ONE, TWO)),
            Unlocked(NOW, TWO),
        ]
