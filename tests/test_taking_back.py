"""A driver takes back what was tapped by mistake; tour, ride and ledger are as if it never was."""

from dataclasses import replace

from routing.problem import Tour
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Party
from shuttle.driving.driving_events import TakenBack
from shuttle.driving.promises import PromiseState
from shuttle.driving.reports import Rejection, Report, ReportKind, Taken
from shuttle.driving.taking_back import TAKE_BACK_SECONDS
from shuttle.keeping.records import record_of, restored
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore, TourRecord
from shuttle.telling.outbox import Fate
from shuttle.telling.reminding import Reminder
from tests.receivers import Letterbox
from tests.reporting import BUS, rejections, send, told
from tests.telling import BY_MAIL, by_mail
from tests.test_dispatcher import MONDAY, at, book, ride, stop
from tests.test_driving import of

STARTED, ARRIVED = ReportKind.STARTED, ReportKind.ARRIVED
PICKED_UP, DROPPED_OFF = ReportKind.PICKED_UP, ReportKind.DROPPED_OFF
NO_SHOW, ENDED = ReportKind.NO_SHOW, ReportKind.ENDED


def back(report: Report, clock: str, name: str = "") -> Report:
    """Return the report that another was a mistake."""
    kind = ReportKind.TAKEN_BACK
    return replace(
        report, id=name or f"back-{report.id}", kind=kind, time=at(clock), takes_back=report.id
    )


def large(dispatcher: Dispatcher, clock: str = "10:00", key: str = "key-0001") -> Booking:
    """Book a ride that only bus 1 can drive."""
    return book(dispatcher, ride(clock=clock, party=Party(6)), at("09:00"), key)


def begun(dispatcher: Dispatcher, booking: Booking) -> None:
    """Let the vehicle stand where a party waits at ten."""
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    send(dispatcher, "10:01", told(ARRIVED, "10:01", booking))


def status(dispatcher: Dispatcher, booking: Booking) -> BookingStatus:
    return dispatcher.booking(booking.code).status


def state(dispatcher: Dispatcher, booking: Booking, clock: str) -> PromiseState:
    entries = dispatcher.promises(MONDAY, at(clock))
    return next(each.state for each in entries if each.booking.code == booking.code)


def halts(plan: DayPlan) -> list[TourRecord]:
    """Return the order and times of bus 1, and what has happened."""
    return [record_of(each) for each in plan.tours if each.shift.id == BUS]


def test_a_pickup_taken_back_leaves_the_tour_as_it_was(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    begun(dispatcher, booking)
    before = halts(dispatcher.plan(MONDAY, at("10:04")))
    tapped = told(PICKED_UP, "10:03", booking)
    send(dispatcher, "10:03", tapped)
    assert status(dispatcher, booking) is BookingStatus.ON_BOARD
    assert send(dispatcher, "10:04", back(tapped, "10:04"))[0].taken is Taken.APPLIED
    assert status(dispatcher, booking) is BookingStatus.BOOKED
    assert halts(dispatcher.plan(MONDAY, at("10:04"))) == before
    assert of(dispatcher, TakenBack) == [TakenBack(at("10:04"), booking.code, BUS, PICKED_UP)]
    send(dispatcher, "10:05", told(PICKED_UP, "10:05", booking))
    assert status(dispatcher, booking) is BookingStatus.ON_BOARD


def test_a_drop_off_taken_back_takes_its_verdict_with_it(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    begun(dispatcher, booking)
    send(dispatcher, "10:03", told(PICKED_UP, "10:03", booking))
    tapped = told(DROPPED_OFF, "10:05", booking)
    send(dispatcher, "10:05", tapped)
    assert state(dispatcher, booking, "10:05") is PromiseState.KEPT
    send(dispatcher, "10:06", back(tapped, "10:06"))
    assert status(dispatcher, booking) is BookingStatus.ON_BOARD
    assert state(dispatcher, booking, "10:06") is PromiseState.OPEN
    late = booking.ride.promise.dropoff_latest + 60
    again = replace(told(DROPPED_OFF, "10:05", booking), id="again", time=late)
    dispatcher.report(MONDAY, BUS, [again], late)
    assert dispatcher.promises(MONDAY, late)[0].state is PromiseState.BROKEN


def test_a_no_show_taken_back_is_waited_for_and_comes_along(dispatcher: Dispatcher) -> None:
    booking, other = large(dispatcher), large(dispatcher, "11:00", "key-0002")
    begun(dispatcher, booking)
    tapped = told(NO_SHOW, "10:05", booking)
    assert send(dispatcher, "10:05", tapped)[0].taken is Taken.APPLIED
    assert status(dispatcher, booking) is BookingStatus.NO_SHOW
    assert rejections(send(dispatcher, "10:07", back(tapped, "10:07"))) == [None]
    assert status(dispatcher, booking) is BookingStatus.BOOKED
    assert state(dispatcher, booking, "10:07") is PromiseState.OPEN
    plan = dispatcher.plan(MONDAY, at("10:07"))
    tour = next(each for each in plan.tours if each.shift.id == BUS)
    ahead = [each.trip for each in tour.halts[tour.served :] if each.trip]
    assert ahead == [booking.code, booking.code, other.code, other.code]
    assert [each.loads[0] for each in tour.halts if each.trip == booking.code] == [6, -6]
    send(dispatcher, "10:08", told(PICKED_UP, "10:08", booking))
    send(dispatcher, "10:16", told(DROPPED_OFF, "10:16", booking))
    assert state(dispatcher, booking, "10:16") is PromiseState.KEPT


def test_an_arrival_at_the_wrong_halt_taken_back_gives_the_old_order_again(
    dispatcher: Dispatcher,
) -> None:
    first, second = large(dispatcher), large(dispatcher, "11:00", "key-0002")
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    before = halts(dispatcher.plan(MONDAY, at("09:40")))
    tapped = told(ARRIVED, "09:39", second)
    send(dispatcher, "09:39", tapped)
    assert halts(dispatcher.plan(MONDAY, at("09:40"))) != before
    send(dispatcher, "09:40", back(tapped, "09:40"))
    assert halts(dispatcher.plan(MONDAY, at("09:40"))) == before
    assert status(dispatcher, first) is BookingStatus.BOOKED


def test_taking_back_twice_or_in_one_batch_with_the_tap_is_the_same(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    begun(dispatcher, booking)
    tapped = told(PICKED_UP, "10:03", booking)
    batch = [tapped, back(tapped, "10:03")]
    assert [each.taken for each in send(dispatcher, "10:10", *batch)] == [Taken.APPLIED] * 2
    assert [each.taken for each in send(dispatcher, "10:10", *batch)] == [Taken.KNOWN] * 2
    again = send(dispatcher, "10:10", back(tapped, "10:04", "another"))
    assert again[0].taken is Taken.APPLIED
    assert len(of(dispatcher, TakenBack)) == 1
    assert status(dispatcher, booking) is BookingStatus.BOOKED


def test_what_cannot_be_taken_back_says_why(dispatcher: Dispatcher) -> None:
    booking = large(dispatcher)
    begun(dispatcher, booking)
    arrived, tapped = told(ARRIVED, "10:01", booking), told(PICKED_UP, "10:03", booking)
    send(dispatcher, "10:03", tapped)
    unknown = replace(tapped, id="never sent")
    late = replace(back(tapped, "10:03"), time=tapped.time + TAKE_BACK_SECONDS + 1)
    answers = [
        *send(dispatcher, "10:10", back(unknown, "10:04")),
        *send(dispatcher, "10:10", back(arrived, "10:04")),
        *send(dispatcher, "10:10", late),
        *send(dispatcher, "10:10", back(told(STARTED, "09:30"), "09:31")),
    ]
    assert rejections(answers) == [
        Rejection.NOTHING_TO_TAKE_BACK,
        Rejection.NOT_THE_LAST,
        Rejection.TOO_LATE,
        Rejection.NOTHING_TO_TAKE_BACK,
    ]
    send(dispatcher, "10:10", told(DROPPED_OFF, "10:10", booking), told(ENDED, "10:10"))
    over = send(dispatcher, "10:11", back(told(DROPPED_OFF, "10:10", booking), "10:11"))
    assert rejections(over) == [Rejection.TOO_LATE]
    assert status(dispatcher, booking) is BookingStatus.SERVED


def test_what_was_taken_back_stays_so_after_a_restart(
    toy_region: Region, store: SqlStore | MemoryStore
) -> None:
    dispatcher = Dispatcher(toy_region, store)
    booking = large(dispatcher)
    begun(dispatcher, booking)
    arrived = told(ARRIVED, "10:01", booking)
    send(dispatcher, "10:02", back(arrived, "10:02"))
    stored = restored(toy_region, MONDAY, store.load(MONDAY)).at(at("10:06"))
    assert halts(stored) == halts(dispatcher.plan(MONDAY, at("10:06")))
    answer = send(dispatcher, "10:06", told(NO_SHOW, "10:06", booking))
    assert rejections(answer) == [Rejection.NOT_ARRIVED]
    dispatcher.close()


def test_the_places_of_who_did_not_come_may_be_given_away_by_then(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    begun(dispatcher, booking)
    tapped = told(NO_SHOW, "10:05", booking)
    send(dispatcher, "10:05", tapped)
    taker = book(dispatcher, ride(clock="10:06", party=Party(6)), at("10:05"), "key-0003")
    send(dispatcher, "10:07", told(PICKED_UP, "10:07", taker))
    assert rejections(send(dispatcher, "10:07", back(tapped, "10:07"))) == [Rejection.NO_ROOM]
    assert status(dispatcher, booking) is BookingStatus.NO_SHOW


def test_who_waits_after_all_comes_before_what_the_vehicle_had_left_for(
    dispatcher: Dispatcher,
) -> None:
    """The plan has gone on to the next party by then; the vehicle has not."""
    booking = large(dispatcher)
    other = book(
        dispatcher,
        ride(origin=stop("bahnhof"), destination=stop("mitte"), clock="10:15", party=Party(6)),
        at("09:00"),
        "key-0002",
    )
    begun(dispatcher, booking)
    tapped = told(NO_SHOW, "10:12", booking)
    assert send(dispatcher, "10:12", tapped)[0].taken is Taken.APPLIED
    assert rejections(send(dispatcher, "10:13", back(tapped, "10:13"))) == [None]
    tour = next(each for each in dispatcher.plan(MONDAY, at("10:13")).tours if each.shift.id == BUS)
    ahead = [each.trip for each in tour.halts[tour.served :] if each.trip]
    assert ahead == [booking.code, booking.code, other.code, other.code]
    assert_loads_fit(tour)


def test_who_never_got_on_waits_again_when_getting_off_is_taken_back(
    dispatcher: Dispatcher,
) -> None:
    booking = large(dispatcher)
    begun(dispatcher, booking)
    tapped = told(DROPPED_OFF, "10:05", booking)
    send(dispatcher, "10:05", tapped)
    assert status(dispatcher, booking) is BookingStatus.SERVED
    assert rejections(send(dispatcher, "10:06", back(tapped, "10:06"))) == [None]
    assert status(dispatcher, booking) is BookingStatus.BOOKED
    assert state(dispatcher, booking, "10:06") is PromiseState.OPEN
    send(dispatcher, "10:08", told(PICKED_UP, "10:08", booking))
    send(dispatcher, "10:16", told(DROPPED_OFF, "10:16", booking))
    assert state(dispatcher, booking, "10:16") is PromiseState.KEPT


def assert_loads_fit(tour: Tour) -> None:
    seats = 0
    for halt in tour.halts:
        seats += halt.loads[0]
        assert 0 <= seats <= max(layout[0] for layout in tour.shift.layouts)


def sent(dispatcher: Dispatcher, region: Region, letterbox: Letterbox, clock: str) -> list[str]:
    """Let time go on, send what is due, and return what was sent in all."""
    Reminder(dispatcher).remind(at(clock))
    sender = by_mail(region, dispatcher.store, letterbox)
    while sender.deliver_one(at(clock)):
        pass
    entries = dispatcher.store.outbox.entries(MONDAY)
    return [each.notice.kind.value for each in entries if each.fate is Fate.SENT]


def sent_to(dispatcher: Dispatcher, booking: Booking) -> list[str]:
    """Return what was sent to the owner of a ride."""
    entries = dispatcher.store.outbox.about(booking.code)
    return [each.notice.kind.value for each in entries if each.fate is Fate.SENT]


def told_by_mail(dispatcher: Dispatcher, clock: str = "10:00", key: str = "key-0001") -> Booking:
    """Book a ride that only bus 1 can drive, for somebody who reads mail."""
    offer = dispatcher.quote(ride(clock=clock, party=Party(6)), at("09:00")).offers[0]
    return dispatcher.book(offer, key, at("09:00"), BY_MAIL)


def test_who_read_that_the_vehicle_was_there_is_told_that_it_is_not_and_again_when_it_is(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    told_by_mail(dispatcher)
    second = told_by_mail(dispatcher, "10:30", "key-0002")
    send(dispatcher, "09:30", told(STARTED, "09:30"))
    tapped = told(ARRIVED, "09:39", second)
    send(dispatcher, "09:39", tapped)
    sent(dispatcher, toy_region, letterbox, "09:39")
    assert sent_to(dispatcher, second) == ["booked", "arriving"]
    send(dispatcher, "09:40", back(tapped, "09:40"))
    sent(dispatcher, toy_region, letterbox, "09:40")
    assert sent_to(dispatcher, second)[2:] == ["not_arrived"]
    assert any("noch nicht da" in each["Subject"] for each in letterbox.letters)
    send(dispatcher, "10:31", told(ARRIVED, "10:31", second))
    sent(dispatcher, toy_region, letterbox, "10:31")
    assert sent_to(dispatcher, second)[3:] == ["arriving"]


def test_who_read_nothing_yet_of_an_arrival_taken_back_reads_nothing(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    booking = told_by_mail(dispatcher)
    send(dispatcher, "09:20", told(STARTED, "09:20"))
    before = sent(dispatcher, toy_region, letterbox, "09:25")
    tapped = told(ARRIVED, "09:26", booking)
    send(dispatcher, "09:27", tapped, back(tapped, "09:27"))
    assert sent(dispatcher, toy_region, letterbox, "09:27") == before


def test_who_read_that_nobody_was_met_is_told_that_the_ride_stands(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    booking = told_by_mail(dispatcher)
    begun(dispatcher, booking)
    before = sent(dispatcher, toy_region, letterbox, "10:02")
    tapped = told(NO_SHOW, "10:05", booking)
    send(dispatcher, "10:05", tapped)
    assert sent(dispatcher, toy_region, letterbox, "10:05")[len(before) :] == ["no_show"]
    send(dispatcher, "10:07", back(tapped, "10:07"))
    after = sent(dispatcher, toy_region, letterbox, "10:07")
    assert after[len(before) :] == ["no_show", "reinstated"]
    again = told(NO_SHOW, "10:07", booking, name="again")
    send(dispatcher, "10:07", again)
    send(dispatcher, "10:08", back(again, "10:08"))
    assert sent(dispatcher, toy_region, letterbox, "10:08") == after, "nothing was sent between"


def test_a_server_that_told_it_before_tells_again_when_the_vehicle_is_really_near(
    dispatcher: Dispatcher, toy_region: Region, letterbox: Letterbox
) -> None:
    booking, reminder = told_by_mail(dispatcher), Reminder(dispatcher)
    send(dispatcher, "09:20", told(STARTED, "09:20"))
    sender = by_mail(toy_region, dispatcher.store, letterbox)
    pickup = booking.ride.promise.pickup_earliest
    tapped = replace(told(ARRIVED, "09:59", booking), time=pickup - 60)
    mistaken = replace(back(tapped, "10:00"), time=pickup - 30)
    for now, reports in ((pickup - 90, []), (pickup - 60, [tapped]), (pickup - 30, [mistaken])):
        if reports:
            dispatcher.report(MONDAY, BUS, reports, now)
            while sender.deliver_one(now):
                pass
        reminder.remind(now)
        while sender.deliver_one(now):
            pass
    assert sent_to(dispatcher, booking)[-3:] == ["arriving", "not_arrived", "arriving"]
