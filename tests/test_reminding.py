"""What the time brings: reminders with the sharpened time, the vehicle arriving, lateness."""

import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.app import create_app
from routing.problem import HaltKind
from routing.schedule import timetable
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Channel, Contact, Promise, RideRequest
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.telling.notices import Notice, NoticeKind
from shuttle.telling.reminding import Reminder, due, sharpened
from tests.api_client import KEY
from tests.test_dispatcher import MONDAY, at, ride

BY_MAIL = Contact("Frau Petersen", "", "petersen@example.org", Channel.EMAIL, "de")


def book(
    dispatcher: Dispatcher,
    request: RideRequest,
    clock: str = "08:00",
    contact: Contact | None = BY_MAIL,
) -> Booking:
    offer = dispatcher.quote(request, at(clock)).offers[0]
    return dispatcher.book(offer, f"key-{offer.id}", at(clock), contact)


def expected(plan: DayPlan, region: Region, code: str) -> int:
    """When a booking's pickup begins by the timetable."""
    number = plan.tour_of(code)
    assert number is not None
    tour = plan.tours[number]
    scheduled = timetable(tour, region.travel)
    return next(
        times.begin
        for halt, times in zip(tour.halts, scheduled, strict=True)
        if halt.trip == code and halt.kind is HaltKind.PICKUP
    )


def delayed(plan: DayPlan, code: str, clock: str) -> DayPlan:
    """The plan if the vehicle of a booking cannot leave before a time."""
    number = plan.tour_of(code)
    assert number is not None
    return plan.with_tours({number: replace(plan.tours[number], ready=at(clock))})


def only(found: Sequence[Notice]) -> Notice:
    (notice,) = found
    return notice


def ticks(reminder: Reminder, since: str, until: str) -> None:
    for now in range(at(since), at(until), 30):
        reminder.remind(now)


def told(dispatcher: Dispatcher) -> list[tuple[str, str]]:
    entries = dispatcher.store.outbox.entries(MONDAY)
    return [(each.notice.code, each.notice.kind.value) for each in entries]


def test_half_an_hour_before_the_sharpened_time_is_told(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    plan = dispatcher.plan(MONDAY, at("08:00"))
    pickup = expected(plan, toy_region, booking.code)
    assert due(plan, {}, pickup - 30 * 60 - 1) == ()
    notice = only(due(plan, {}, pickup - 30 * 60))
    assert (notice.code, notice.kind) == (booking.code, NoticeKind.IN_30_MINUTES)
    assert notice.facts["expected"] == pickup
    assert notice.valid_until == pickup
    promise = booking.ride.promise
    assert promise.pickup_earliest <= int(notice.facts["earliest"]) <= pickup
    assert pickup <= int(notice.facts["latest"]) <= promise.pickup_latest
    assert int(notice.facts["latest"]) - int(notice.facts["earliest"]) <= 360


def test_a_ride_is_told_four_times_in_order_and_each_once(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    ticks(Reminder(dispatcher), "08:00", "10:30")
    kinds = [kind for _, kind in told(dispatcher)]
    assert kinds == ["booked", "in_30_minutes", "in_10_minutes", "arriving"]
    assert {code for code, _ in told(dispatcher)} == {booking.code}


def test_reminding_changes_no_tour(dispatcher: Dispatcher) -> None:
    book(dispatcher, ride(clock="10:00"))
    before = dispatcher.plan(MONDAY, at("09:45"))
    ticks(Reminder(dispatcher), "09:00", "09:45")
    assert len(told(dispatcher)) == 2
    assert dispatcher.plan(MONDAY, at("09:45")).tours == before.tours


def test_whoever_booked_within_the_half_hour_is_reminded_only_once_more(
    dispatcher: Dispatcher,
) -> None:
    book(dispatcher, ride(clock="10:00"), "09:40")
    ticks(Reminder(dispatcher), "09:40", "10:30")
    assert [kind for _, kind in told(dispatcher)] == ["booked", "in_10_minutes", "arriving"]


@pytest.mark.parametrize("contact", [None, replace(BY_MAIL, channel=Channel.NONE)])
def test_whoever_wants_nothing_is_told_nothing_and_nothing_is_written(
    dispatcher: Dispatcher, contact: Contact | None
) -> None:
    book(dispatcher, ride(clock="10:00"), contact=contact)
    revision = dispatcher.plan(MONDAY, at("08:00")).revision
    reminder = Reminder(dispatcher)
    ticks(reminder, "09:00", "09:55")
    assert told(dispatcher) == []
    assert dispatcher.plan(MONDAY, at("09:55")).revision == revision


def test_a_cancelled_ride_is_not_reminded_of(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    dispatcher.cancel(booking.code, at("08:10"))
    ticks(Reminder(dispatcher), "09:00", "10:30")
    assert [kind for _, kind in told(dispatcher)] == ["booked", "cancelled"]


def test_a_vehicle_arrives_where_it_halts_next_and_nowhere_else(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    first = book(dispatcher, ride("mitte", "bahnhof", clock="10:00"))
    plan = dispatcher.plan(MONDAY, at("08:00"))
    number = plan.tour_of(first.code)
    assert number is not None
    pickup = expected(plan, toy_region, first.code)
    told_before = {
        first.code: [
            Notice(first.code, kind, pickup - 600, pickup, facts={"expected": pickup})
            for kind in (NoticeKind.IN_30_MINUTES, NoticeKind.IN_10_MINUTES)
        ]
    }
    at_depot = plan.at(at("09:00"))
    assert only(due(at_depot, told_before, pickup - 120)).kind is NoticeKind.ARRIVING
    assert due(at_depot, told_before, pickup - 121) == ()
    tour = at_depot.tours[number]
    waiting = replace(tour, served=0)  # the start, at another place, is still to come
    before = at_depot.with_tours({number: waiting})
    assert due(before, told_before, pickup - 60) == ()


def test_lateness_is_told_once_the_promise_cannot_be_kept(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    latest = booking.ride.promise.pickup_latest
    plan = delayed(dispatcher.plan(MONDAY, at("09:30")), booking.code, "10:20")
    notice = only(due(plan, {}, at("09:45")))
    assert notice.kind is NoticeKind.LATE
    assert int(notice.facts["expected"]) > latest
    assert int(notice.facts["earliest"]) >= latest
    assert due(plan, {}, latest - 3 * 3600) == ()


def test_lateness_is_told_again_only_when_five_minutes_worse(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    plan = dispatcher.plan(MONDAY, at("09:30"))
    first = only(due(delayed(plan, booking.code, "10:20"), {}, at("09:50")))
    before = {booking.code: [first]}
    assert due(delayed(plan, booking.code, "10:24"), before, at("09:52")) == ()
    second = only(due(delayed(plan, booking.code, "10:26"), before, at("09:52")))
    assert second.kind is NoticeKind.LATE
    assert (first.ordinal, second.ordinal) == (0, 1)


def test_a_reminder_that_turned_out_wrong_is_corrected_even_within_the_promise(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    plan = dispatcher.plan(MONDAY, at("08:00"))
    pickup = expected(plan, toy_region, booking.code)
    first = only(due(plan, {}, pickup - 600))
    later = delayed(plan, booking.code, "10:07")
    assert pickup + 300 < expected(later, toy_region, booking.code)
    assert expected(later, toy_region, booking.code) <= booking.ride.promise.pickup_latest
    corrected = only(due(later, {booking.code: [first]}, pickup - 500))
    assert (first.kind, corrected.kind) == (NoticeKind.IN_10_MINUTES, NoticeKind.LATE)


def test_whoever_was_told_of_an_early_vehicle_is_picked_up_when_the_window_begins_not_late(
    dispatcher: Dispatcher,
) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    begin = booking.ride.promise.pickup_earliest
    facts = {"expected": begin - 480, "earliest": begin - 480, "latest": begin - 480}
    told_of = [
        Notice(booking.code, kind, begin - 480, begin + 120, facts=facts)
        for kind in (NoticeKind.IN_10_MINUTES, NoticeKind.ARRIVING)
    ]
    plan = dispatcher.plan(MONDAY, at("08:00"))
    assert due(plan, {booking.code: told_of}, begin - 470) == ()


def test_what_was_said_before_a_ride_was_postponed_makes_it_no_later(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    plan = dispatcher.plan(MONDAY, at("08:00"))
    pickup = expected(plan, toy_region, booking.code)
    an_hour_before = {"expected": pickup - 3600, "earliest": 0, "latest": 0}
    before = [
        Notice(booking.code, kind, pickup - 5400, pickup, facts=an_hour_before)
        for kind in (NoticeKind.IN_30_MINUTES, NoticeKind.IN_10_MINUTES)
    ]
    moved = Notice(booking.code, NoticeKind.POSTPONED, pickup - 4000, pickup)
    assert due(plan, {booking.code: [*before, moved]}, pickup - 600) == ()
    late = delayed(plan, booking.code, "10:20")
    notice = only(due(late, {booking.code: [*before, moved]}, pickup - 600))
    assert notice.kind is NoticeKind.LATE


@given(
    earliest=st.integers(0, 10**6),
    width=st.integers(0, 7200),
    offset=st.integers(0, 7200),
)
def test_the_sharpened_time_lies_within_the_promise_and_holds_the_expected_one(
    earliest: int, width: int, offset: int
) -> None:
    promise = Promise(earliest, earliest + width, earliest + width + 3600, 1800)
    pickup = earliest + min(offset, width)
    begin, end = sharpened(promise, pickup)
    assert promise.pickup_earliest <= begin <= pickup <= end <= promise.pickup_latest


def test_two_servers_and_a_restart_remind_once(toy_region: Region, database_url: str) -> None:
    def server() -> Dispatcher:
        return Dispatcher(toy_region, SqlStore(database_url, toy_region.config.id))

    with closing(server()) as one, closing(server()) as other:
        book(one, ride(clock="10:00"))
        reminders = [Reminder(one), Reminder(other)]
        for now in range(at("09:00"), at("09:52"), 60):
            for each in reminders:
                each.remind(now)
    with closing(server()) as again:
        reminder = Reminder(again)
        for now in range(at("09:52"), at("10:10"), 60):
            reminder.remind(now)
        assert [kind for _, kind in told(again)] == [
            *("booked", "in_30_minutes", "in_10_minutes", "arriving")
        ]


def test_a_ride_soon_after_midnight_is_reminded_of_the_day_before(toy_region: Region) -> None:
    with closing(Dispatcher(toy_region, MemoryStore())) as dispatcher:
        book(dispatcher, ride(clock="06:15"), "05:00")
        day_before = at("00:00") - 60
        Reminder(dispatcher).remind(day_before)
        assert [kind for _, kind in told(dispatcher)] == ["booked"]


def test_the_web_application_reminds_with_every_tick(dispatcher: Dispatcher) -> None:
    book(dispatcher, ride(clock="10:00"))
    told_of = threading.Event()

    def remind(now: int) -> None:
        Reminder(dispatcher).remind(now)
        told_of.set()

    web = create_app(dispatcher, lambda: at("09:35"), KEY, tick_seconds=0.01, every_tick=(remind,))
    with TestClient(web):
        assert told_of.wait(20)
    assert [kind for _, kind in told(dispatcher)] == ["booked", "in_30_minutes"]
