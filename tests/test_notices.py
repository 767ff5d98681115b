"""What is told of what happens: bookings, changes, repeats, the waiting list, the road."""

from contextlib import closing
from dataclasses import make_dataclass, replace
from datetime import date
from typing import Any

import pytest

from shuttle.booking.calling_off import call_off
from shuttle.booking.changing import change, quote_change
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Channel, Contact, Party
from shuttle.region import Region
from shuttle.standing.waiting import WaitingList
from shuttle.telling.delivery import Delivery
from shuttle.telling.notices import NoticeKind, notice_of
from shuttle.telling.outbox import Fate
from shuttle.telling.wording import (
    words,
)
from shuttle.trouble.conditions import StopClosed, VehicleOut
from shuttle.trouble.listing import postponed
from tests.receivers import Gateway, Letterbox
from tests.telling import BY_MAIL, mail, sms
from tests.test_dispatcher import MONDAY, at, ride
from tests.test_reminding import book
from tests.test_series import begin, series, take_all
from tests.test_stores import BOOKING
from tests.test_waiting import fill, wait
from tests.test_wording import event_of
from tests.troubled_days import confirm, lift


def told(dispatcher: Dispatcher) -> list[str]:
    return [each.notice.kind.value for each in dispatcher.store.outbox.entries(MONDAY)]


def test_a_booking_and_its_cancellation_are_told(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride())
    assert told(dispatcher) == ["booked"]
    dispatcher.cancel(booking.code, at("08:05"))
    dispatcher.cancel(booking.code, at("08:06"))
    assert told(dispatcher) == ["booked", "cancelled"]


def happened(kind: str, clock: str, **said: Any) -> Any:
    """An event as drivers, trouble and the ledger bring it in."""
    fields = ["time", "code", "shift", *said]
    made = make_dataclass("Happened", fields, frozen=True, namespace={"kind": kind})
    return made(at(clock), "ABCD2345", "bus-1@06:00", **said)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (happened("no_show", "09:20", late=0), NoticeKind.NO_SHOW),
        (happened("stop_moved", "08:00", from_stop="mitte", metres=300), NoticeKind.STOP_MOVED),
        (happened("stranded", "08:00", seconds=None), NoticeKind.STRANDED),
        (happened("halt_skipped", "09:20"), NoticeKind.STRANDED),
        (happened("rescued", "08:00"), NoticeKind.RESCUED),
        (happened("postponed", "08:00", seconds=1800), NoticeKind.POSTPONED),
        (happened("vehicle_arrived", "09:00"), NoticeKind.ARRIVING),
        (happened("promise_at_risk", "07:30", seconds=301), NoticeKind.AT_RISK),
        (happened("promise_at_risk", "07:30", seconds=299), None),
        (happened("promise_at_risk", "07:30", seconds=0), None),
        (happened("promise_at_risk", "08:45", seconds=900), None),  # lateness is told instead
        (happened("picked_up", "09:00"), None),
    ],
)
def test_what_happens_on_the_road_is_told_if_it_concerns_the_reader(
    toy_region: Region, event: Any, kind: NoticeKind | None
) -> None:
    promise = replace(BOOKING.ride.promise, pickup_earliest=at("09:00"), pickup_latest=at("09:15"))
    booking = replace(BOOKING, ride=replace(BOOKING.ride, promise=promise))
    made = notice_of(event, {"ABCD2345": booking}.get)
    assert (made and made.kind) == kind
    if made is not None:
        assert made.valid_until > made.time
        assert words(toy_region, made, booking, BY_MAIL, "").sms.startswith("Dorfshuttle: ")


@pytest.mark.parametrize("contact", [None, replace(BY_MAIL, channel=Channel.NONE)])
def test_nobody_is_told_who_does_not_want_to_be(
    dispatcher: Dispatcher, contact: Contact | None
) -> None:
    booking = book(dispatcher, ride(), contact=contact)
    dispatcher.cancel(booking.code, at("08:05"))
    assert told(dispatcher) == []


def test_a_changed_ride_takes_the_place_of_the_old_one_in_the_calendar(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    old = book(dispatcher, ride())
    offer = quote_change(dispatcher, old.code, ride(clock="11:00"), at("08:10")).offers[0]
    new = change(dispatcher, old.code, offer, "key-of-change", at("08:10"))
    assert told(dispatcher) == ["booked", "changed"]
    with Letterbox().open() as letterbox:
        channels = {Channel.EMAIL: mail(letterbox)}
        sender = Delivery(toy_region, dispatcher.store, dispatcher.keyed, channels)
        while sender.deliver_one(at("08:10")):
            pass
    entries = dispatcher.store.outbox.entries(MONDAY)
    assert [each.fate for each in entries] == [Fate.UNSENT, Fate.SENT]  # the old one is overtaken
    (letter,) = letterbox.letters
    assert letter["Subject"].startswith("Geändert: ")
    files = [event_of(each.get_content()) for each in list(letter.iter_parts())[1:]]
    assert [(calendar["METHOD"], event["UID"].split("@")[0]) for calendar, event in files] == [
        ("PUBLISH", new.code),
        ("CANCEL", old.code),
    ]


def test_whoever_waits_is_told_of_a_ride_that_became_possible(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    waiting = wait(dispatcher, 0)
    waiting_list.tell(at("08:01"))
    dispatcher.cancel(full[1].code, at("08:02"))
    waiting_list.tell(at("08:03"))
    (entry,) = dispatcher.store.outbox.entries(MONDAY)
    assert (entry.notice.code, entry.notice.kind) == (waiting.code, NoticeKind.WINDOW_OPENED)
    with Gateway().open() as gateway, closing(sms(gateway)) as carrier:
        channels = {Channel.SMS: carrier}
        sender = Delivery(toy_region, dispatcher.store, dispatcher.keyed, channels)
        sender.deliver_one(at("08:03"))
    (asked,) = gateway.accepted
    assert '"to": "+49464178123"' in asked.body
    assert "Fahrt am Mo 1.3." in asked.body


def test_a_missed_day_of_a_series_is_told_and_so_are_its_rides(dispatcher: Dispatcher) -> None:
    wheelchair, days = Party(1, 1), (MONDAY, date(2027, 3, 3))
    for clock in ("09:00", "10:00", "11:00"):
        take_all(dispatcher, clock, wheelchair, MONDAY)
    begin(dispatcher, series(*days, party=wheelchair))
    entries = [each for day in days for each in dispatcher.store.outbox.entries(day)]
    assert [(each.notice.kind.value, each.notice.code == "SERIES22") for each in entries] == [
        ("series_missed", True),
        ("booked", False),
    ]


def test_booking_twice_with_one_key_is_told_once(dispatcher: Dispatcher) -> None:
    offer = dispatcher.quote(ride(), at("08:00")).offers[0]
    for _ in range(2):
        dispatcher.book(offer, "key-0001", at("08:00"), BY_MAIL)
    assert told(dispatcher) == ["booked"]


def test_whoever_is_stranded_is_told_and_so_is_what_becomes_of_the_ride(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    late, off = (
        book(dispatcher, ride(clock=clock, party=Party(1, 1))) for clock in ("10:00", "17:00")
    )
    out = confirm(dispatcher, VehicleOut("bus-1", at("09:30"), at("11:00")), now)
    cause = out.condition.id
    dispatcher.act(MONDAY, now, lambda plan: postponed(plan, late.code, cause, now))
    confirm(dispatcher, VehicleOut("bus-1", at("16:00"), at("20:00")), now)
    call_off(dispatcher, off.code, now)
    entries = dispatcher.store.outbox.entries(MONDAY)
    kinds = {
        code: [each.notice.kind.value for each in entries if each.notice.code == code]
        for code in (late.code, off.code)
    }
    assert kinds[late.code] == ["booked", "stranded", "postponed"]
    assert kinds[off.code] == ["booked", "stranded", "cancelled_by_service"]


def stranded(dispatcher: Dispatcher, now: int) -> tuple[Booking, str]:
    """A ride for which there is no vehicle, and the condition that took the last one."""
    booking = book(dispatcher, ride(clock="10:00"))
    _, last = (
        confirm(dispatcher, VehicleOut(bus, at("09:30"), at("12:00")), now)
        for bus in ("bus-1", "bus-2")
    )
    return booking, last.condition.id


def test_whose_stranded_ride_gets_a_vehicle_again_by_what_is_entered_or_lifted_is_told_once(
    dispatcher: Dispatcher,
) -> None:
    now = at("08:30")
    booking, out = stranded(dispatcher, now)
    assert told(dispatcher) == ["booked", "stranded"]
    lift(dispatcher, out, now + 60)
    assert told(dispatcher) == ["booked", "stranded", "rescued"]
    confirm(dispatcher, StopClosed("kirche", at("09:30"), at("12:00")), now + 120)
    assert told(dispatcher) == ["booked", "stranded", "rescued"]
    again = confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("12:00")), now + 180)
    lift(dispatcher, again.condition.id, now + 240)
    assert told(dispatcher) == ["booked", *["stranded", "rescued"] * 2]
    notice = dispatcher.store.outbox.entries(MONDAY)[-1].notice
    assert (notice.code, notice.time) == (booking.code, now + 240)


def test_whose_stranded_ride_a_dispatcher_still_gets_in_in_time_is_told(
    dispatcher: Dispatcher,
) -> None:
    now = at("08:30")
    full = fill(dispatcher)  # bus 1
    booking = book(dispatcher, ride(clock="10:00"))
    out = confirm(dispatcher, VehicleOut("bus-2", at("09:30"), at("12:00")), now)
    for each in full:
        dispatcher.cancel(each.code, now)
    cause = out.condition.id
    dispatcher.act(MONDAY, now, lambda plan: postponed(plan, booking.code, cause, now))
    assert dispatcher.booking(booking.code).ride_now == booking.ride
    assert told(dispatcher) == ["booked", "stranded", "rescued"]


def test_of_two_words_on_its_vehicle_only_the_last_reaches_an_owner(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    """While the mail server was down, what had been said of the ride became untrue."""
    now = at("08:30")
    _, out = stranded(dispatcher, now)
    lift(dispatcher, out, now + 60)
    with Letterbox().open() as letterbox:
        channels = {Channel.EMAIL: mail(letterbox)}
        sender = Delivery(toy_region, dispatcher.store, dispatcher.keyed, channels)
        while sender.deliver_one(now + 60):
            pass
    fates = [each.fate for each in dispatcher.store.outbox.entries(MONDAY)]
    assert fates == [Fate.SENT, Fate.UNSENT, Fate.SENT]
    assert letterbox.letters[-1]["Subject"].startswith("Doch: Ihre Fahrt")


def test_whose_stop_is_closed_is_told_where_the_bus_halts_instead(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride(clock="10:00"))
    confirm(dispatcher, StopClosed("mitte", at("09:30"), at("12:00")), at("09:00"))
    assert told(dispatcher) == ["booked", "stop_moved"]
    moved = dispatcher.booking(booking.code)
    notice = dispatcher.store.outbox.entries(MONDAY)[1].notice
    said = words(dispatcher.region, notice, moved, BY_MAIL, "")
    assert dispatcher.region.stop(moved.ride_now.pickup_stop).label in said.text
