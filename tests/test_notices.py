"""What is told of what happens: bookings, changes, repeats, the waiting list, the road."""

from contextlib import closing
from dataclasses import make_dataclass, replace
from datetime import date
from typing import Any

import pytest

from shuttle.changing import change, quote_change
from shuttle.delivery import Delivery
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel, Contact, Party
from shuttle.notices import NoticeKind, notice_of
from shuttle.outbox import Fate
from shuttle.region import Region
from shuttle.waiting import WaitingList
from shuttle.wording import (
    words,
)
from tests.receivers import Gateway, Letterbox
from tests.telling import BY_MAIL, mail, sms
from tests.test_dispatcher import MONDAY, at, ride
from tests.test_reminding import book
from tests.test_series import begin, series, take_all
from tests.test_stores import BOOKING
from tests.test_waiting import fill, wait
from tests.test_wording import event_of


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
