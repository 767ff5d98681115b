"""Reports of drivers: what they make of tours, bookings and promises."""

from dataclasses import replace
from datetime import date

import pytest

from routing.check import check_tour
from routing.problem import HaltKind
from routing.schedule import timetable
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Cause, Party
from shuttle.driving.driving_events import (
    HaltSkipped,
    NoShow,
    RideAcknowledged,
    ShiftEnded,
    TakenBack,
    TimeCorrected,
)
from shuttle.driving.promises import figures
from shuttle.driving.reports import Rejection, ReportKind, Sighting, Taken
from shuttle.driving.sightings import KEPT_SECONDS
from shuttle.errors import NotCancellable, OfferGone, UnknownShift
from shuttle.events import (
    DroppedOff,
    Event,
    PickedUp,
    PromiseAtRisk,
    PromiseBroken,
    PromiseKept,
    VerdictCorrected,
)
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore, Store
from tests.reporting import BUS, rejections, send, shift_of, told
from tests.test_dispatcher import MONDAY, at, book, ride

STARTED, ARRIVED = ReportKind.STARTED, ReportKind.ARRIVED
PICKED_UP, DROPPED_OFF = ReportKind.PICKED_UP, ReportKind.DROPPED_OFF
NO_SHOW, SKIPPED = ReportKind.NO_SHOW, ReportKind.SKIPPED
ENDED, ACKNOWLEDGED = ReportKind.ENDED, ReportKind.ACKNOWLEDGED
BREAK_STARTED, BREAK_ENDED = ReportKind.BREAK_STARTED, ReportKind.BREAK_ENDED

LARGE = Party(6)
"""Only bus 1 holds it."""


def of(dispatcher: Dispatcher, kind: type[Event]) -> list[Event]:
    """The events of one kind on Monday."""
    return [each for each in dispatcher.events(MONDAY) if isinstance(each, kind)]


def halt_times(plan: DayPlan, code: str) -> tuple[int, int]:
    """When a booking's pickup and drop-off begin, as things stand."""
    number = plan.tour_of(code)
    assert number is not None
    first, last = (each.begin for each in plan.compiled.timetable(number) if each.halt.trip == code)
    return first, last


def eta(dispatcher: Dispatcher, booking: Booking, clock: str) -> tuple[int, int]:
    return halt_times(dispatcher.plan(MONDAY, at(clock)), booking.code)


def status(dispatcher: Dispatcher, booking: Booking) -> BookingStatus:
    return dispatcher.booking(booking.code).status


def large(dispatcher: Dispatcher, clock: str = "10:00", key: str = "key-0001") -> Booking:
    return book(dispatcher, ride(clock=clock, party=LARGE), at("09:00"), key)


def test_a_ride_happens_when_it_is_reported(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    assert send(dispatcher, "09:30", told(STARTED, "09:30"))[0].taken is Taken.APPLIED
    dispatcher.advance(at("10:04"))
    assert status(dispatcher, booking) is BookingStatus.BOOKED
    send(dispatcher, "10:06", told(PICKED_UP, "10:06", booking))
    assert status(dispatcher, booking) is BookingStatus.ON_BOARD
    dispatcher.advance(at("10:19"))
    assert status(dispatcher, booking) is BookingStatus.ON_BOARD
    send(dispatcher, "10:20", told(DROPPED_OFF, "10:20", booking))
    assert status(dispatcher, booking) is BookingStatus.SERVED
    assert of(dispatcher, PickedUp) == [PickedUp(at("10:06"), booking.code, BUS)]
    assert of(dispatcher, DroppedOff) == [DroppedOff(at("10:20"), booking.code, BUS)]
    assert of(dispatcher, PromiseKept) == [PromiseKept(at("10:20"), booking.code)]


def test_a_shift_that_nobody_reports_follows_its_timetable(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    assert shift_of(dispatcher, booking, at("09:30")) == BUS
    send(dispatcher, "09:30", told(STARTED, "09:30", shift="bus-2@07:00"))
    dispatcher.advance(at("11:00"))
    assert status(dispatcher, booking) is BookingStatus.SERVED


def test_what_is_overdue_cannot_be_earlier_than_now_and_all_later_halts_follow(
    dispatcher: Dispatcher,
) -> None:
    first, second = large(dispatcher, "10:00"), large(dispatcher, "10:30", "key-0002")
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    on_time = eta(dispatcher, second, "09:40")
    overdue = eta(dispatcher, first, "10:40")
    assert overdue[0] == at("10:40")
    assert overdue[1] > at("10:40")
    late = eta(dispatcher, second, "10:40")
    assert late[0] > overdue[1] > on_time[0]
    assert late[1] - late[0] == on_time[1] - on_time[0]


def test_where_the_vehicle_has_arrived_only_its_leaving_is_put_off(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    send(dispatcher, "10:02", told(ARRIVED, "10:02", booking))
    pickup, dropoff = eta(dispatcher, booking, "10:10")
    drive = booking.ride.direct_seconds
    assert pickup == at("10:02")
    assert dropoff == at("10:10") + drive
    send(dispatcher, "10:11", told(PICKED_UP, "10:11", booking))
    assert eta(dispatcher, booking, "10:12") == (at("10:11"), at("10:12") + drive)


def test_who_lets_the_vehicle_wait_past_the_window_makes_it_no_later(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    send(dispatcher, "10:18", told(ARRIVED, "10:12", booking), told(PICKED_UP, "10:18", booking))
    assert of(dispatcher, PickedUp) == [PickedUp(at("10:15"), booking.code, BUS)]
    assert eta(dispatcher, booking, "10:18")[1] == at("10:18") + booking.ride.direct_seconds


def test_a_report_counts_once_however_often_it_is_sent(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    batch = [told(STARTED, "09:30"), told(PICKED_UP, "10:03", booking)]
    assert [each.taken for each in send(dispatcher, "10:03", *batch)] == [
        Taken.KNOWN,
        Taken.APPLIED,
    ]
    before = dispatcher.events(MONDAY)
    again = send(dispatcher, "10:03", *batch, told(DROPPED_OFF, "10:03", booking))
    assert [each.taken for each in again] == [Taken.KNOWN, Taken.KNOWN, Taken.APPLIED]
    assert dispatcher.events(MONDAY)[: len(before)] == before
    assert len(of(dispatcher, PickedUp)) == 1


def test_a_batch_is_applied_in_the_order_in_which_things_happened(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    answers = send(
        dispatcher,
        "10:30",
        told(DROPPED_OFF, "10:21", booking),
        told(PICKED_UP, "10:07", booking),
        told(STARTED, "09:00"),
    )
    assert [each.taken for each in answers] == [Taken.APPLIED] * 3
    assert eta(dispatcher, booking, "10:30") == (at("10:07"), at("10:21"))
    assert status(dispatcher, booking) is BookingStatus.SERVED


def test_a_drop_off_without_a_pickup_says_that_they_got_on_and_the_late_pickup_when(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    send(dispatcher, "10:21", told(DROPPED_OFF, "10:21", booking))
    assert status(dispatcher, booking) is BookingStatus.SERVED
    guessed = eta(dispatcher, booking, "10:21")[0]
    assert guessed < at("10:21")
    send(dispatcher, "10:40", told(PICKED_UP, "10:07", booking))
    assert eta(dispatcher, booking, "10:40") == (at("10:07"), at("10:21"))
    assert of(dispatcher, TimeCorrected) == [TimeCorrected(at("10:07"), booking.code, BUS, guessed)]


def test_a_late_report_that_changes_a_verdict_adds_a_second_one(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    send(dispatcher, "10:30", told(DROPPED_OFF, "10:30", booking))
    assert of(dispatcher, PromiseKept) == [PromiseKept(at("10:30"), booking.code)]
    send(dispatcher, "10:31", told(PICKED_UP, "10:18", booking))
    assert of(dispatcher, VerdictCorrected) == [
        VerdictCorrected(at("10:30"), booking.code, 3 * 60, Cause.LATE_VEHICLE)
    ]
    send(dispatcher, "10:40", told(ARRIVED, "10:12", booking))  # they came late, not the bus
    assert of(dispatcher, VerdictCorrected)[-1] == VerdictCorrected(
        at("10:30"), booking.code, 0, Cause.LATE_VEHICLE
    )
    assert of(dispatcher, PromiseKept) == [PromiseKept(at("10:30"), booking.code)]


def test_facts_that_contradict_each_other_are_rejected_one_by_one(dispatcher: Dispatcher) -> None:
    booking, later = large(dispatcher), large(dispatcher, "15:00", "key-0002")
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    send(dispatcher, "10:05", told(PICKED_UP, "10:05", booking))
    answers = send(
        dispatcher,
        "10:30",
        told(DROPPED_OFF, "10:01", booking),
        told(SKIPPED, "10:06", booking),
        told(NO_SHOW, "10:07", booking),
        told(BREAK_ENDED, "10:08"),
        told(NO_SHOW, "10:09", later),
        told(DROPPED_OFF, "10:20", booking),
        told(SKIPPED, "10:21", booking),
        told(PICKED_UP, "10:40", later),
        replace(told(PICKED_UP, "10:22", later), code="NOSUCH22"),
        told(STARTED, "03:00", name="too early"),
    )
    assert rejections(answers) == [
        Rejection.BEFORE_PICKUP,
        Rejection.ON_BOARD,
        Rejection.ON_BOARD,
        Rejection.NO_BREAK,
        Rejection.NOT_ARRIVED,
        None,
        Rejection.RIDE_OVER,
        Rejection.IN_THE_FUTURE,
        Rejection.NO_SUCH_RIDE,
        Rejection.NOT_IN_SHIFT,
    ]
    answer = send(dispatcher, "10:31", told(PICKED_UP, "10:25", booking))
    assert rejections(answer) == [Rejection.AFTER_DROPOFF]
    assert status(dispatcher, booking) is BookingStatus.SERVED
    assert status(dispatcher, later) is BookingStatus.BOOKED


def test_a_shift_that_does_not_exist_takes_no_reports(dispatcher: Dispatcher) -> None:
    with pytest.raises(UnknownShift, match="no shift 'bus-9@06:00'"):
        send(dispatcher, "10:00", told(STARTED, "09:30", shift="bus-9@06:00"))


def test_a_driver_may_pick_up_in_another_order_than_planned(dispatcher: Dispatcher) -> None:
    first = large(dispatcher, "10:00")
    second = large(dispatcher, "10:30", "key-0002")
    send(dispatcher, "10:20", told(STARTED, "09:30"), told(PICKED_UP, "10:20", second))
    tour = dispatcher.plan(MONDAY, at("10:20")).tours[0]
    assert [halt.trip for halt in tour.halts if halt.trip][:2] == [second.code, first.code]
    assert eta(dispatcher, first, "10:20")[0] >= at("10:20")


def test_nobody_comes_and_the_vehicle_goes_on_from_there(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booking, later = large(dispatcher), large(dispatcher, "10:30", "key-0002")
    early = send(
        dispatcher,
        "09:58",
        told(STARTED, "09:30"),
        told(ARRIVED, "09:55", booking),
        told(NO_SHOW, "09:58", booking),
    )
    assert rejections(early) == [None, None, Rejection.BEFORE_WINDOW]
    send(dispatcher, "10:06", told(NO_SHOW, "10:06", booking))
    assert status(dispatcher, booking) is BookingStatus.NO_SHOW
    assert of(dispatcher, NoShow) == [NoShow(at("10:06"), booking.code, BUS, 0)]
    assert of(dispatcher, PromiseKept) == [PromiseKept(at("10:06"), booking.code)]
    tour = dispatcher.plan(MONDAY, at("10:06")).tours[0]
    assert check_tour(tour, toy_region.travel) == []
    assert {each.loads for each in timetable(tour, toy_region.travel)[: tour.served]} == {(0, 0, 0)}
    assert {halt.place for halt in tour.halts if halt.trip == booking.code} == {
        toy_region.place_of("mitte")
    }
    assert eta(dispatcher, later, "10:06")[0] == at("10:30")
    again = send(dispatcher, "10:07", told(PICKED_UP, "10:07", booking))
    assert rejections(again) == [Rejection.RIDE_OVER]


def test_a_party_that_did_not_wait_for_a_late_vehicle_is_no_fault_of_theirs(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    send(
        dispatcher,
        "10:30",
        told(STARTED, "09:30"),
        told(ARRIVED, "10:25", booking),
        told(NO_SHOW, "10:27", booking),
    )
    assert of(dispatcher, NoShow) == [NoShow(at("10:27"), booking.code, BUS, 600)]
    assert of(dispatcher, PromiseBroken) == [
        PromiseBroken(at("10:27"), booking.code, 600, Cause.LATE_VEHICLE)
    ]


def test_a_driver_waits_in_the_window_before_somebody_counts_as_not_there(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    answers = send(
        dispatcher,
        "10:05",
        told(STARTED, "09:30"),
        told(ARRIVED, "09:50", booking),
        told(NO_SHOW, "10:01", booking),
        told(NO_SHOW, "10:02", booking),
    )
    assert rejections(answers) == [None, None, Rejection.STILL_WAITING, None]


def test_a_shift_ends_when_nobody_is_on_board(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "10:05", told(STARTED, "09:30"), told(PICKED_UP, "10:05", booking))
    early = send(dispatcher, "10:10", told(ENDED, "10:10"))
    assert rejections(early) == [Rejection.ON_BOARD]
    late = send(dispatcher, "19:50", told(DROPPED_OFF, "10:20", booking), told(ENDED, "19:50"))
    assert rejections(late) == [None, None]
    assert of(dispatcher, ShiftEnded) == [ShiftEnded(at("19:50"), BUS)]


def test_a_driver_has_seen_a_ride_of_this_tour_and_no_other(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    before = eta(dispatcher, booking, "09:40")
    unknown = replace(told(ACKNOWLEDGED, "09:40", booking), id="other", code="NOSUCH22")
    seen = told(ACKNOWLEDGED, "09:40", booking)
    answers = send(dispatcher, "09:40", told(STARTED, "09:30"), seen, unknown)
    assert rejections(answers) == [None, None, Rejection.NO_SUCH_RIDE]
    assert of(dispatcher, RideAcknowledged) == [RideAcknowledged(at("09:40"), booking.code, BUS)]
    assert eta(dispatcher, booking, "09:40") == before


def test_a_position_is_gone_after_a_day_even_if_nobody_is_seen_again(
    dispatcher: Dispatcher,
) -> None:
    dispatcher.see(MONDAY, BUS, Sighting(at("10:00"), 54.63, 9.77), at("10:00"))
    dispatcher.keep_up(at("10:00") + KEPT_SECONDS - 1)
    assert dispatcher.sightings.last(MONDAY, BUS, at("10:00")) is not None
    dispatcher.keep_up(at("10:00") + KEPT_SECONDS)
    assert dispatcher.sightings.last(MONDAY, BUS, at("10:00")) is None


def test_a_skipped_halt_breaks_the_promise_and_leaves_the_tour(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "10:05", told(STARTED, "09:30"), told(SKIPPED, "10:05", booking))
    plan = dispatcher.plan(MONDAY, at("10:05"))
    assert plan.tour_of(booking.code) is None
    assert booking.code in plan.bookings
    assert of(dispatcher, HaltSkipped) == [HaltSkipped(at("10:05"), booking.code, BUS)]
    assert of(dispatcher, PromiseBroken) == [
        PromiseBroken(at("10:05"), booking.code, 0, Cause.SKIPPED)
    ]


def kept_rate(dispatcher: Dispatcher, now: int) -> tuple[int, int, float | None]:
    """How many promises were made, how many broken, and the rate of those kept."""
    counted = figures(dispatcher.promises(MONDAY, now))
    return counted.promised, counted.broken, counted.kept_rate


def test_a_broken_promise_counts_although_its_owner_gives_up_the_ride(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    send(dispatcher, "10:05", told(STARTED, "09:30"), told(SKIPPED, "10:05", booking))
    assert kept_rate(dispatcher, at("10:06")) == (1, 1, 0.0)
    dispatcher.cancel(booking.code, at("10:07"))
    assert kept_rate(dispatcher, at("10:08")) == (1, 1, 0.0)
    assert len(of(dispatcher, PromiseBroken)) == 1


def test_whoever_was_left_behind_is_let_down_for_good(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "10:05", told(STARTED, "09:30"), told(SKIPPED, "10:05", booking))
    dispatcher.advance(at("12:00"))
    assert status(dispatcher, booking) is BookingStatus.BOOKED  # perhaps somebody still comes
    dispatcher.advance(at("14:00"))
    assert status(dispatcher, booking) is BookingStatus.LET_DOWN
    assert len(of(dispatcher, PromiseBroken)) == 1
    with pytest.raises(NotCancellable):
        dispatcher.cancel(booking.code, at("14:01"))


def test_a_service_that_was_down_overnight_still_enters_what_happened(toy_region: Region) -> None:
    store = MemoryStore()
    before = Dispatcher(toy_region, store)
    booking = large(before, "18:00")
    before.close()
    after = Dispatcher(toy_region, store)
    after.advance(at("07:00", date(2027, 3, 3)))
    assert after.booking(booking.code).status is BookingStatus.SERVED
    assert of(after, PromiseKept) != []


def test_a_shift_reported_the_next_morning_is_given_up_at_once(dispatcher: Dispatcher) -> None:
    booking, later = large(dispatcher), large(dispatcher, "12:00", "key-0002")
    dispatcher.advance(at("23:00"))
    assert status(dispatcher, later) is BookingStatus.SERVED
    reports = (
        told(STARTED, "09:30"),
        told(PICKED_UP, "10:05", booking),
        told(DROPPED_OFF, "10:15", booking),
    )
    dispatcher.report(MONDAY, BUS, reports, at("07:00", date(2027, 3, 2)))
    assert status(dispatcher, booking) is BookingStatus.SERVED
    assert status(dispatcher, later) is BookingStatus.LET_DOWN


def test_a_break_begins_and_ends_when_the_driver_says(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher, "13:00")
    send(
        dispatcher,
        "12:50",
        told(STARTED, "09:30"),
        told(BREAK_STARTED, "12:10"),
        told(BREAK_ENDED, "12:50"),
    )
    tour = dispatcher.plan(MONDAY, at("12:50")).tours[0]
    rest = next(halt for halt in tour.halts if halt.kind is HaltKind.BREAK)
    assert (rest.earliest, rest.latest) == (at("12:10"), at("12:10"))
    assert eta(dispatcher, booking, "12:50")[0] == at("13:00")
    answer = send(dispatcher, "13:00", told(BREAK_STARTED, "13:00"))
    assert rejections(answer) == [Rejection.NO_BREAK]


def test_the_first_report_takes_back_what_the_timetable_entered_too_early(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    dispatcher.advance(at("10:40"))
    assert status(dispatcher, booking) is BookingStatus.SERVED
    send(dispatcher, "10:40", told(ARRIVED, "09:58", booking))
    assert status(dispatcher, booking) is BookingStatus.BOOKED
    assert {type(each) for each in of(dispatcher, TakenBack)} == {TakenBack}
    assert len(of(dispatcher, TakenBack)) == 2
    pickup, dropoff = eta(dispatcher, booking, "10:40")
    assert at("10:00") <= pickup <= at("10:15")
    assert dropoff > at("10:40")


def test_a_promise_at_risk_is_told_of_once_and_again_when_it_gets_worse(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    for clock in ("10:10", "10:16", "10:17", "10:18", "10:22", "10:23"):
        dispatcher.advance(at(clock))
    warnings = of(dispatcher, PromiseAtRisk)
    assert warnings == [
        PromiseAtRisk(at("10:16"), booking.code, BUS, 60, Cause.LATE_VEHICLE),
        PromiseAtRisk(at("10:22"), booking.code, BUS, 420, Cause.LATE_VEHICLE),
    ]
    send(dispatcher, "10:24", told(PICKED_UP, "10:14", booking))
    dispatcher.advance(at("10:24"))
    assert of(dispatcher, PromiseAtRisk)[-1] == PromiseAtRisk(
        at("10:24"), booking.code, BUS, 0, Cause.LATE_VEHICLE
    )


def test_what_is_never_reported_is_given_up_long_after_the_shift(dispatcher: Dispatcher) -> None:
    first, second = large(dispatcher, "18:00"), large(dispatcher, "19:00", "key-0002")
    send(dispatcher, "18:05", told(STARTED, "09:30"), told(PICKED_UP, "18:05", first))
    dispatcher.advance(at("21:59"))
    assert of(dispatcher, PromiseBroken) == []
    dispatcher.advance(at("22:00"))
    dispatcher.advance(at("22:01"))
    broken = of(dispatcher, PromiseBroken)
    assert {each.code for each in broken if isinstance(each, PromiseBroken)} == {
        first.code,
        second.code,
    }
    assert len(broken) == 2
    assert {each.cause for each in broken if isinstance(each, PromiseBroken)} == {Cause.UNKNOWN}
    tour = dispatcher.plan(MONDAY, at("22:15")).tours[0]
    assert tour.served == len(tour.halts)


# ---------------------------------------------------------------------------- a late vehicle


def test_a_late_vehicle_still_takes_a_trip_that_fits(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    assert eta(dispatcher, booking, "10:30")[0] > booking.ride.promise.pickup_latest
    now = at("10:30")
    before = check_tour(dispatcher.plan(MONDAY, now).tours[0], toy_region.travel)
    assert before != []
    added = book(dispatcher, ride("bahnhof", "mitte", clock="11:30", party=LARGE), now, "key-0002")
    assert shift_of(dispatcher, added, now) == BUS
    after = check_tour(dispatcher.plan(MONDAY, now).tours[0], toy_region.travel)
    assert {(each.what, each.trip, each.by) for each in after} == {
        (each.what, each.trip, each.by) for each in before
    }


def test_a_trip_that_would_make_a_broken_promise_worse_is_refused(dispatcher: Dispatcher) -> None:
    """The same trip that an empty vehicle would take on the way does not delay the late one."""
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    now = at("10:30")
    was = eta(dispatcher, booking, "10:30")
    quote = dispatcher.quote(ride("kirche", "mitte", clock="10:40", party=Party(1, 1)), now)
    for offer in quote.offers:
        try:
            dispatcher.book(offer, f"key-{offer.id}", now)
        except OfferGone:
            continue
        assert eta(dispatcher, booking, "10:30") == was
    assert all(offer.expected_pickup > was[1] for offer in quote.offers)


def test_a_ride_that_a_late_vehicle_drives_to_cannot_be_cancelled(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    with pytest.raises(NotCancellable):
        dispatcher.cancel(booking.code, at("10:30"))


# ------------------------------------------------------------------------------- a restart


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_restart_in_the_middle_of_reports_changes_nothing(
    toy_region: Region, tmp_path: object, kind: str
) -> None:
    url = f"sqlite:///{tmp_path}/shuttle.sqlite3"
    memory = MemoryStore()

    def opened() -> Store:
        return memory if kind == "memory" else SqlStore(url, "toy-town")

    first = Dispatcher(toy_region, opened())
    rides = [
        large(first, clock, f"key-{clock}")
        for clock in ("10:00", "10:30", "11:00", "11:30", "14:00")
    ]
    send(
        first,
        "11:31",
        told(STARTED, "09:30"),
        told(ARRIVED, "10:01", rides[0]),
        told(NO_SHOW, "10:09", rides[0]),
        told(SKIPPED, "10:31", rides[1]),
        told(PICKED_UP, "11:18", rides[2]),
        told(DROPPED_OFF, "11:31", rides[2]),
    )
    first.advance(at("11:50"))
    send(first, "11:51", told(ARRIVED, "11:48", rides[3]))
    before = first.plan(MONDAY, at("11:55"))
    first.close()
    second = Dispatcher(toy_region, opened())
    after = second.plan(MONDAY, at("11:55"))
    assert after.tours == before.tours
    assert after.bookings == before.bookings
    assert after.reports == before.reports
    assert after.warned == before.warned
    again = send(second, "11:56", told(PICKED_UP, "11:18", rides[2]))
    assert [each.taken for each in again] == [Taken.KNOWN]
    second.close()
