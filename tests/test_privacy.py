"""What is held about a person is shown and erased by their phone number."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shuttle.acts import Outcome
from shuttle.domain import Booking, BookingStatus, Party
from shuttle.driving.reports import Report, ReportKind, Taken
from shuttle.errors import RequestError
from shuttle.events import Changed
from shuttle.keeping.privacy import Erased, StillToCome, erase, export
from shuttle.keeping.purge import purge
from shuttle.phone import international
from shuttle.region import Region
from tests.full_tables import (
    BUS,
    MONDAY,
    SERIES,
    TUESDAY,
    TUESDAY_EVENING,
    WAITING,
    fill,
    filled,
    tables_of,
)
from tests.kept_rides import (
    DAY,
    EMAIL,
    HOME,
    KEYED,
    MONDAY_EIGHT,
    MONDAY_EVENING,
    NAME,
    PERSONAL_WORDS,
    PHONE,
    Kept,
    keeping,
)

NEIGHBOUR = "+49464178999"


@pytest.fixture
def kept(toy_region: Region, database_url: str) -> Iterator[Kept]:
    with keeping(toy_region, database_url) as made:
        yield made


def erased(kept: Kept, now: int) -> Erased:
    return erase(kept.engine, kept.region.config, PHONE, KEYED.phone(PHONE), now)


def exported(kept: Kept, phone: str = PHONE) -> dict[str, Any]:
    return export(kept.engine, kept.region.config, phone, KEYED.phone(phone))


def rides(kept: Kept, booking: Booking) -> tuple[Booking, ...]:
    return kept.dispatcher.store.load(booking.ride.day).bookings


def test_an_export_holds_everything_under_a_number_and_nothing_else(kept: Kept) -> None:
    mine = kept.served()
    other = kept.book(now=MONDAY_EVENING, ahead=14 * 3600, phone=NEIGHBOUR)
    text = json.dumps(exported(kept), ensure_ascii=False)
    for word in (*PERSONAL_WORDS, mine.code, "picked_up", "promise_kept", "key-"):
        assert word in text
    assert other.code not in text
    assert NEIGHBOUR not in text


def test_an_export_of_an_unknown_number_is_empty(kept: Kept) -> None:
    kept.served()
    held = exported(kept, NEIGHBOUR)
    assert {name for name, rows in held.items() if rows} == {"region", "phone"}


def test_erasing_deletes_the_contact_and_leaves_a_ride_that_names_nobody(kept: Kept) -> None:
    booking = kept.served()
    done = erased(kept, MONDAY_EVENING + DAY)
    assert (done.rides, done.rows["contact"], done.rows["receipt"]) == (1, 1, 1)
    left = kept.dump()
    for word in (*PERSONAL_WORDS, booking.code, KEYED.phone(PHONE)):
        assert word not in left
    (ride,) = rides(kept, booking)
    assert ride.code.startswith("~")
    assert ride.ride.promise.pickup_earliest % 900 == 0


def test_a_ride_of_the_running_day_keeps_its_times_until_it_is_old(kept: Kept) -> None:
    booking = kept.served()
    erased(kept, MONDAY_EVENING)
    left = kept.dump()
    for word in (*PERSONAL_WORDS, booking.code):
        assert word not in left
    (ride,) = rides(kept, booking)
    assert ride.ride.promise == booking.ride.promise
    purge(kept.engine, kept.region.config, MONDAY_EVENING + 15 * DAY)
    (ride,) = rides(kept, booking)
    assert ride.ride.promise.pickup_earliest % 900 == 0


def test_the_running_day_goes_on_after_an_erasure(kept: Kept) -> None:
    booking = kept.book()
    noon = MONDAY_EIGHT + 4 * 3600
    kept.dispatcher.advance(noon)
    before = kept.dispatcher.plan(booking.ride.day, noon)
    erased(kept, noon)
    next_ride = kept.book(now=noon, phone=NEIGHBOUR)
    after = kept.dispatcher.plan(booking.ride.day, noon)
    assert booking.code in before.bookings
    assert booking.code not in after.bookings
    assert len(after.bookings) == 2
    assert kept.dispatcher.advance(MONDAY_EVENING)
    assert kept.dispatcher.booking(next_ride.code).status is BookingStatus.SERVED


def test_a_shift_goes_on_following_its_reports_after_an_erasure(kept: Kept) -> None:
    booking = kept.book()
    promise, noon = booking.ride.promise, MONDAY_EIGHT + 4 * 3600
    told = (
        Report("report-1", BUS, ReportKind.PICKED_UP, promise.pickup_earliest, booking.code),
        Report("report-2", BUS, ReportKind.DROPPED_OFF, promise.dropoff_latest, booking.code),
    )
    for answer in kept.dispatcher.report(MONDAY, BUS, told, noon):
        assert answer.taken is Taken.APPLIED
    erased(kept, noon)
    kept.dispatcher.refresh()
    (ride,) = rides(kept, booking)
    stored = kept.dispatcher.store.load(MONDAY).reports
    assert stored == tuple(replace(each, code=ride.code) for each in told)
    for answer in kept.dispatcher.report(MONDAY, BUS, told, noon):
        assert answer.taken is Taken.KNOWN
    large = Party(6)  # only this shift's vehicle holds it
    next_ride = kept.book(now=noon, phone=NEIGHBOUR, party=large)
    kept.dispatcher.advance(next_ride.ride.promise.dropoff_latest)
    assert kept.dispatcher.booking(next_ride.code).status is BookingStatus.BOOKED


def test_reports_of_an_erased_ride_that_is_old_are_coarse(kept: Kept) -> None:
    fill(kept)
    erased(kept, TUESDAY_EVENING + DAY)
    reports = [each for each in kept.dispatcher.store.load(MONDAY).reports if each.code]
    assert len(reports) == 3
    assert all(each.code.startswith("~") for each in reports)
    assert all(each.time % 900 == 0 for each in reports)


def test_nothing_is_erased_while_a_ride_is_to_come(kept: Kept) -> None:
    kept.served()
    ahead = kept.book(now=MONDAY_EVENING, ahead=14 * 3600)
    before = kept.dump()
    with pytest.raises(StillToCome, match=f"a ride is still to come .{ahead.code}."):
        erased(kept, MONDAY_EVENING)
    assert kept.dump() == before


def test_a_ride_later_today_is_not_erased_before_it_is_over(kept: Kept) -> None:
    booking = kept.book()
    now, seen = booking.ride.promise.pickup_earliest, set()
    while (status := kept.dispatcher.booking(booking.code).status) is not BookingStatus.SERVED:
        before = kept.dump()
        with pytest.raises(StillToCome) as refused:
            erased(kept, now)
        assert str(refused.value) == (
            f"Nothing was erased: a ride is still to come ({booking.code}); "
            "cancel first, or erase with --cancel."
        )
        assert kept.dump() == before
        seen.add(status)
        now += 60
        kept.dispatcher.advance(now)
    assert seen == {BookingStatus.BOOKED, BookingStatus.ON_BOARD}
    assert erased(kept, now).rides == 1
    assert booking.code not in kept.dump()


def test_a_cancelled_ride_is_erased_at_once(kept: Kept) -> None:
    booking = kept.book()
    kept.dispatcher.cancel(booking.code, MONDAY_EIGHT)
    assert erased(kept, MONDAY_EIGHT).rides == 1
    left = kept.dump()
    for word in (*PERSONAL_WORDS, booking.code):
        assert word not in left


def test_weekly_repeats_and_the_waiting_list_are_shown_and_erased(kept: Kept) -> None:
    codes = [kept.repeat().code, kept.wait().code]
    text = json.dumps(exported(kept), ensure_ascii=False)
    for word in (*PERSONAL_WORDS, *codes):
        assert word in text
    done = erased(kept, MONDAY_EIGHT)
    assert (done.rides, done.rows["series"], done.rows["waiting"]) == (0, 1, 1)
    left = kept.dump()
    for word in (*PERSONAL_WORDS, *codes):
        assert word not in left


def test_erasing_one_number_leaves_the_rides_of_others(kept: Kept) -> None:
    kept.served()
    other = kept.book(now=MONDAY_EVENING, ahead=14 * 3600, phone=NEIGHBOUR)
    erased(kept, MONDAY_EVENING)
    contact = kept.dispatcher.store.contact(other.code)
    assert contact is not None
    assert (contact.name, contact.phone, contact.email) == (NAME, NEIGHBOUR, EMAIL)
    assert kept.dispatcher.booking(other.code).origin == HOME


OF_NOBODY = {
    *("service_day", "tour", "step", "condition", "unmet_demand"),
    *("staff_account", "staff_session", "api_key", "shift_code"),
    *("planning_run", "calibration"),
}
"""Tables without rows about a resident."""

WITHOUT_A_NAME = {"booking", "event", "report"}
"""Tables whose rows are left by an erasure, and then are about nobody."""

WITH_THE_DAY = {"step"}
"""Tables that lose all rows of the day: they say who was where, in no column of their own."""


def test_of_every_table_it_is_decided_whether_it_is_exported_and_erased(kept: Kept) -> None:
    fill(kept)
    held = exported(kept)
    shown = {name for name, rows in held.items() if rows} - {"region", "phone"}
    assert shown == tables_of(kept) - OF_NOBODY
    codes = [ride["code"] for ride in held["booking"]]
    assert len(codes) == 3
    erased(kept, TUESDAY_EVENING + DAY)
    assert tables_of(kept) - filled(kept) == (shown - WITHOUT_A_NAME) | WITH_THE_DAY
    left = kept.dump()
    for word in (*PERSONAL_WORDS, *codes, SERIES, WAITING, KEYED.phone(PHONE)):
        assert word not in left


def test_an_export_has_what_happened_to_all_that_somebody_asked_for(kept: Kept) -> None:
    mine = fill(kept)
    other = kept.book(now=TUESDAY_EVENING, ahead=14 * 3600, phone=NEIGHBOUR)
    happened = Changed(TUESDAY_EVENING, "OTHR2345", other.code, BUS)
    kept.dispatcher.act(
        other.ride.day, TUESDAY_EVENING, lambda plan: Outcome(None, plan, events=(happened,))
    )
    held = exported(kept)
    kinds = {event["kind"] for event in held["event"]}
    assert {"changed", "replaced", "series_missed", "window_opened", "time_corrected"} <= kinds
    assert {mine.code, SERIES, WAITING} <= {notice["code"] for notice in held["outbox"]}
    assert [decided["series"] for decided in held["series_day"]] == [SERIES] * 3
    assert {report["code"] for report in held["report"]} == {mine.code}
    assert other.code not in json.dumps(held)


def test_what_happened_to_an_erased_series_can_still_be_counted(kept: Kept) -> None:
    fill(kept)
    before = [[each.kind for each in kept.dispatcher.events(day)] for day in (MONDAY, TUESDAY)]
    erased(kept, TUESDAY_EVENING + DAY)
    after = [[each.kind for each in kept.dispatcher.events(day)] for day in (MONDAY, TUESDAY)]
    assert after == before


@pytest.mark.parametrize("number", ["04641 78123", "+49 4641 78123", "0049-4641/78123"])
def test_a_phone_number_is_understood_in_any_usual_form(number: str) -> None:
    assert international(number, "DE", "--phone") == PHONE


def test_what_is_no_phone_number_is_refused(kept: Kept) -> None:
    with pytest.raises(RequestError, match="write it with its area code"):
        international("12", "DE", "--phone")
