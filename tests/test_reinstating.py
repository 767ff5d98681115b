"""A dispatcher takes back what was done to a ride: it stands again, or waits on the list again."""

import random
from contextlib import closing
from pathlib import Path

import pytest

from shuttle.booking.calling_off import call_off
from shuttle.booking.moving import moved
from shuttle.booking.reinstating import preview, reinstate
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Party
from shuttle.driving.promises import PromiseState
from shuttle.driving.reports import ReportKind
from shuttle.errors import CannotMove, NotMovable, PlanChanged
from shuttle.events import CancelledByService, Reinstated
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.telling.outbox import Fate
from shuttle.trouble.conditions import VehicleOut
from shuttle.trouble.listing import postponed, relisted, waiting
from tests.receivers import Letterbox
from tests.reporting import send, shift_of, told
from tests.staff import at_the_desk
from tests.telling import by_mail
from tests.test_dispatcher import MONDAY, at, ride
from tests.test_reminding import book
from tests.test_reoptimiser import book_some
from tests.test_series import take_all
from tests.test_waiting import fill
from tests.troubled_days import assert_nobody_is_lost, booked, confirm, faults_of

WHEELCHAIR = Party(1, wheelchairs=1)


def test_a_ride_called_off_by_mistake_stands_again_under_its_promise(
    dispatcher: Dispatcher,
) -> None:
    booking = book(dispatcher, ride())
    shift = shift_of(dispatcher, booking, at("08:00"))
    call_off(dispatcher, booking.code, at("08:10"))
    shown = preview(dispatcher, booking.code, at("08:11"))
    assert dispatcher.booking(booking.code).status is BookingStatus.CANCELLED
    assert reinstate(dispatcher, booking.code, at("08:11"), shown.digest) == shown
    assert dispatcher.booking(booking.code) == booking
    assert shift_of(dispatcher, booking, at("08:11")) == shift == shown.shift
    assert dispatcher.events(MONDAY)[-1] == Reinstated(at("08:11"), booking.code, shift)
    [entry] = dispatcher.promises(MONDAY, at("08:11"))
    assert entry.state is PromiseState.OPEN, "the verdict of giving it up does not count"
    assert faults_of(dispatcher.plan(MONDAY, at("08:11"))) == []
    assert_nobody_is_lost(dispatcher, at("08:11"))
    dispatcher.advance(at("12:00"))
    assert dispatcher.promises(MONDAY, at("12:00"))[0].state is PromiseState.KEPT


def test_calling_off_twice_is_one_fact(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride())
    for clock in ("08:10", "08:12"):
        call_off(dispatcher, booking.code, at(clock))
    facts = [each for each in dispatcher.events(MONDAY) if isinstance(each, CancelledByService)]
    assert len(facts) == 1


def test_any_day_survives_calling_off_and_taking_it_back(
    toy_region: Region, store: SqlStore | MemoryStore
) -> None:
    rng, now, back, kept_out = random.Random(4), at("07:00"), 0, 0
    with closing(Dispatcher(toy_region, store)) as dispatcher:
        book_some(dispatcher, 30, seed=7, now=at("05:00"))
        codes = [
            c for c, b in dispatcher.plan(MONDAY, now).bookings.items() if b.status == "booked"
        ]
        for step in range(25):
            moment = now + 20 * step
            code = rng.choice(codes)
            if dispatcher.booking(code).status is not BookingStatus.BOOKED:
                continue
            try:
                call_off(dispatcher, code, moment)
            except Exception:  # noqa: BLE001 -- its vehicle is on the way
                continue
            if step % 3 == 0:
                book_some(dispatcher, 2, seed=100 + step, now=moment)
            try:
                reinstate(dispatcher, code, moment)
            except CannotMove:
                kept_out += 1
                assert dispatcher.booking(code).status is BookingStatus.CANCELLED
            else:
                back += 1
            assert faults_of(dispatcher.plan(MONDAY, moment)) == []
        assert back > 5
        assert_nobody_is_lost(dispatcher, now + 500)


def test_where_its_place_is_taken_the_reason_and_the_nearest_window_are_said(
    dispatcher: Dispatcher,
) -> None:
    """Only one vehicle takes wheelchairs, and by now it has others at that time."""
    first = book(dispatcher, ride(clock="09:00", party=WHEELCHAIR))
    call_off(dispatcher, first.code, at("08:10"))
    take_all(dispatcher, "09:00", WHEELCHAIR, MONDAY)
    with pytest.raises(CannotMove) as caught:
        reinstate(dispatcher, first.code, at("08:12"))
    pickup = caught.value.pickup
    assert pickup is not None
    assert dispatcher.booking(first.code).status is BookingStatus.CANCELLED
    offers = dispatcher.quote(ride(clock="09:00", party=WHEELCHAIR), at("08:12")).offers
    assert pickup in {each.ride.promise.pickup_earliest for each in offers}


def test_only_what_the_service_called_off_is_brought_back(dispatcher: Dispatcher) -> None:
    mine, running = book(dispatcher, ride()), book(dispatcher, ride(clock="11:00"))
    dispatcher.cancel(mine.code, at("08:10"))
    for code in (mine.code, running.code):
        with pytest.raises(NotMovable, match="not called off by the service"):
            reinstate(dispatcher, code, at("08:11"))


def test_what_was_not_shown_is_not_brought_back(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride())
    call_off(dispatcher, booking.code, at("08:10"))
    shown = preview(dispatcher, booking.code, at("08:10"))
    confirm(
        dispatcher, VehicleOut(shown.shift.partition("@")[0], at("08:11"), at("20:00")), at("08:11")
    )
    with pytest.raises(PlanChanged):
        reinstate(dispatcher, booking.code, at("08:12"), shown.digest)


def deliver(region: Region, dispatcher: Dispatcher, letterbox: Letterbox, clock: str) -> None:
    sender = by_mail(region, dispatcher.store, letterbox)
    while sender.deliver_one(at(clock)):
        pass


def fates(dispatcher: Dispatcher) -> list[tuple[str, Fate]]:
    return [(e.notice.kind.value, e.fate) for e in dispatcher.store.outbox.entries(MONDAY)]


def test_who_has_not_read_that_it_was_called_off_reads_nothing(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    booking = book(dispatcher, ride())
    deliver(toy_region, dispatcher, letterbox, "08:00")
    call_off(dispatcher, booking.code, at("08:10"))
    reinstate(dispatcher, booking.code, at("08:11"))
    deliver(toy_region, dispatcher, letterbox, "08:12")
    assert fates(dispatcher)[1:] == [
        ("cancelled_by_service", Fate.UNSENT),
        ("reinstated", Fate.UNSENT),
    ]
    assert len(letterbox.letters) == 1


def test_who_has_read_it_is_told_that_the_ride_stands_each_time(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    booking = book(dispatcher, ride())
    for minute in (10, 20):
        call_off(dispatcher, booking.code, at(f"08:{minute}"))
        deliver(toy_region, dispatcher, letterbox, f"08:{minute + 1}")
        reinstate(dispatcher, booking.code, at(f"08:{minute + 2}"))
        deliver(toy_region, dispatcher, letterbox, f"08:{minute + 3}")
    told = [str(each["Subject"]).partition(":")[0] for each in letterbox.letters]
    assert [each.startswith("Doch") for each in told] == [False, True, False, True]
    parts = [list(each.iter_parts())[1].get_param("method") for each in letterbox.letters]
    assert parts == ["CANCEL", "PUBLISH", "CANCEL", "PUBLISH"]


def test_a_word_that_corrects_waits_for_what_is_being_sent(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    """Whether the cancellation arrived is known only when its sender has come back."""
    booking = book(dispatcher, ride())
    deliver(toy_region, dispatcher, letterbox, "08:00")
    call_off(dispatcher, booking.code, at("08:10"))
    claim = dispatcher.store.outbox.claim(at("08:10"), at("08:15"))
    assert claim is not None
    reinstate(dispatcher, booking.code, at("08:11"))
    deliver(toy_region, dispatcher, letterbox, "08:11")
    assert fates(dispatcher)[-1] == ("reinstated", Fate.WAITING)
    dispatcher.store.outbox.settle(claim, Fate.SENT)
    deliver(toy_region, dispatcher, letterbox, "08:12")
    assert fates(dispatcher)[-1] == ("reinstated", Fate.SENT)


def late(dispatcher: Dispatcher, now: int) -> Booking:
    """Return a ride that is served late, because its vehicle is out until eleven."""
    (booking,) = booked(dispatcher, now, {"clock": "10:00", "party": WHEELCHAIR})
    confirm(dispatcher, VehicleOut("bus-1", at("09:30"), at("11:00")), now)
    dispatcher.act(MONDAY, now, lambda plan: postponed(plan, booking.code, "", now))
    assert dispatcher.booking(booking.code).ride_now != booking.ride
    return booking


def put_back(dispatcher: Dispatcher, booking: Booking, now: int) -> None:
    events = dispatcher.events(MONDAY)
    dispatcher.act(MONDAY, now, lambda plan: relisted(plan, booking.code, events, now))


def test_serving_late_is_undone_and_the_promise_holds_again(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    booking = late(dispatcher, now)
    put_back(dispatcher, booking, now)
    assert dispatcher.booking(booking.code) == booking
    [listed] = waiting(dispatcher.plan(MONDAY, now), now)
    assert listed.booking == booking
    assert listed.late_ride is not None
    assert_nobody_is_lost(dispatcher, now)
    dispatcher.act(MONDAY, now, lambda plan: postponed(plan, booking.code, "", now))
    assert faults_of(dispatcher.plan(MONDAY, now)) == []


def test_putting_into_a_vehicle_by_hand_is_undone(dispatcher: Dispatcher) -> None:
    now = at("08:30")
    full = fill(dispatcher)  # bus 1
    booking = book(dispatcher, ride(clock="10:00"))
    confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("12:00")), now)
    for each in full:
        dispatcher.cancel(each.code, now)
    with pytest.raises(NotMovable):
        put_back(dispatcher, booking, now)
    dispatcher.act(MONDAY, now, lambda plan: moved(plan, booking.code, "bus-1@06:00", now))
    assert dispatcher.plan(MONDAY, now).stranded == ()
    put_back(dispatcher, booking, now)
    assert [each.code for each in dispatcher.plan(MONDAY, now).stranded] == [booking.code]
    assert_nobody_is_lost(dispatcher, now)


def test_what_never_waited_for_a_vehicle_or_has_begun_is_not_put_on_the_list(
    dispatcher: Dispatcher,
) -> None:
    booking = book(dispatcher, ride())
    with pytest.raises(NotMovable, match="never waited"):
        put_back(dispatcher, booking, at("08:30"))
    with pytest.raises(NotMovable, match="on the way"):
        put_back(dispatcher, booking, at("10:01"))


def test_over_http_each_is_shown_first(toy_region: Region, tmp_path: Path) -> None:
    with at_the_desk(toy_region, tmp_path) as desk:
        code = desk.book(party={"passengers": 1, "wheelchairs": 1})["code"]
        path = f"/api/v1/bookings/{code}"
        assert desk.http.post(f"{path}/reinstate/preview").json()["code"] == "not_movable"
        shown = desk.http.post(f"{path}/call-off/preview").json()
        changed = desk.http.post(f"{path}/call-off", params={"expected": "0" * 16})
        assert (changed.status_code, changed.json()["code"]) == (409, "plan_changed")
        assert changed.json()["preview"] == shown
        off = desk.http.post(f"{path}/call-off", params={"expected": shown["expected"]})
        assert off.json()["status"] == "cancelled"
        shown = desk.http.post(f"{path}/reinstate/preview").json()
        [effect] = shown["effects"]
        assert (effect["code"], effect["before"]) == (code, None)
        done = desk.http.post(f"{path}/reinstate", params={"expected": shown["expected"]})
        assert done.json() == shown
        assert desk.http.get(path).json()["status"] == "booked"

        desk.http.post("/api/v1/trouble", json={"kind": "vehicle_out", "vehicle": "bus-1"})
        listed = f"/api/v1/trouble/list/{code}"
        assert desk.http.post(f"{listed}/preview").status_code in (200, 409)
        assert desk.http.post(f"{listed}/return/preview").status_code == 409


def test_the_verdict_of_a_skipped_halt_outlives_calling_off_and_standing_again(
    dispatcher: Dispatcher,
) -> None:
    booking = book(dispatcher, ride())
    skipped = told(ReportKind.SKIPPED, "10:05", booking)
    send(dispatcher, "10:05", told(ReportKind.STARTED, "09:30"), skipped)
    call_off(dispatcher, booking.code, at("10:06"))
    reinstate(dispatcher, booking.code, at("10:07"))
    [entry] = dispatcher.promises(MONDAY, at("10:07"))
    assert entry.state is PromiseState.BROKEN
