"""Notices in words: SMS that fit, mails, calendar files."""

from dataclasses import replace
from datetime import datetime
from string import Formatter
from typing import Any

import pytest
from icalendar import Calendar

from shuttle.domain import Amendment, Booking
from shuttle.region import Region
from shuttle.telling.calendar_file import calendar_file
from shuttle.telling.notices import TIMED, Notice, NoticeKind
from shuttle.telling.wording import (
    GSM_BASIC,
    GSM_EXTENDED,
    LANGUAGES,
    SMS_SIGNS,
    gsm,
    sms_length,
    texts,
    words,
)
from tests.telling import BY_MAIL
from tests.test_dispatcher import ZONE
from tests.test_stores import BOOKING

OF_STANDING_REQUESTS = (NoticeKind.SERIES_MISSED, NoticeKind.WINDOW_OPENED)
LINK = "https://dorfshuttle.amt-suederbrarup.example/b/ABCD2345#0123456789abcdefghijkl"
LONG = "Grundschule am Thorsberger Moor – Süderbrarup „Nord“"


TOLD = [kind for kind in NoticeKind if kind is not NoticeKind.WEBHOOK]
"""What people are told."""


def notice(kind: NoticeKind) -> Notice:
    facts: dict[str, int | str] = {}
    if kind in TIMED:
        begin = BOOKING.ride.promise.pickup_earliest
        facts = {"expected": begin + 200, "earliest": begin + 20, "latest": begin + 380}
    if kind in OF_STANDING_REQUESTS:
        facts = {"day": "2027-03-01"}
    return Notice("ABCD2345", kind, BOOKING.booked_at, BOOKING.booked_at + 9999, facts=facts)


def booking_of(kind: NoticeKind) -> Booking | None:
    return None if kind in OF_STANDING_REQUESTS else BOOKING


@pytest.fixture
def long_names(toy_region: Region) -> Region:
    """Toy Town, every stop with a name that is too long, and with signs no SMS has."""
    return replace(toy_region, stops=tuple(replace(each, name=LONG) for each in toy_region.stops))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.parametrize("link", ["", LINK])
def test_every_notice_fits_into_one_sms_however_long_the_names(
    long_names: Region, kind: NoticeKind, language: str, link: str
) -> None:
    reader = replace(BY_MAIL, language=language)
    said = words(long_names, notice(kind), booking_of(kind), reader, link)
    assert sms_length(said.sms) <= SMS_SIGNS
    assert set(said.sms) <= GSM_BASIC | GSM_EXTENDED
    assert "?" not in said.sms.replace("Andere Zeit?", "").replace("Another time?", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_about_a_booking_has_its_link_where_names_are_of_usual_length(
    toy_region: Region, language: str
) -> None:
    reader = replace(BY_MAIL, language=language)
    said = words(toy_region, notice(NoticeKind.BOOKED), BOOKING, reader, LINK)
    assert said.sms.endswith(LINK)


def test_all_languages_fill_in_the_same_in_every_text() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    german = texts("de")
    for other in (texts(language) for language in LANGUAGES):
        assert set(other.notices) == set(TOLD)
        for kind in TOLD:
            ours, theirs = german.notices[kind], other.notices[kind]
            for each in ("subject", "says", "sms"):
                assert blanks(getattr(ours, each)) == blanks(getattr(theirs, each)), (kind, each)


def test_a_mail_says_what_was_promised_on_the_clocks_of_the_region(toy_region: Region) -> None:
    german = words(toy_region, notice(NoticeKind.BOOKED), BOOKING, BY_MAIL, "")
    begin = datetime.fromtimestamp(BOOKING.ride.promise.pickup_earliest, ZONE)
    assert german.subject == f"Ihre Fahrt am Mo {begin.day}.{begin.month}., 08:00-08:15 Uhr"
    assert "Mitte, Oberdorf" in german.text
    assert "5,20 €" in german.text
    assert "https" not in german.text
    english = words(
        toy_region, notice(NoticeKind.IN_10_MINUTES), BOOKING, replace(BY_MAIL, language="en"), ""
    )
    assert english.subject == "The bus comes between 08:00 and 08:07"
    danish = words(
        toy_region, notice(NoticeKind.IN_10_MINUTES), BOOKING, replace(BY_MAIL, language="da"), ""
    )
    assert danish.subject == "Bussen kommer mellem kl. 08.00 og 08.07"


def test_signs_that_no_sms_has_are_written_with_those_it_has() -> None:
    assert gsm("Łódź – „Straße“ … ñ€") == '?odz - "Straße" ... ñ€'
    assert sms_length("{}€") == 6


def event_of(content: str | bytes) -> tuple[Any, Any]:
    calendar: Any = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_a_calendar_shows_the_promise_on_the_clocks_of_the_region(toy_region: Region) -> None:
    in_july = int(datetime(2027, 7, 5, 8, tzinfo=ZONE).timestamp())
    promise = replace(BOOKING.ride.promise, pickup_earliest=in_july)
    summer = replace(BOOKING, ride=replace(BOOKING.ride, promise=promise))
    for booking in (BOOKING, summer):
        content = calendar_file(
            toy_region, booking, notice(NoticeKind.BOOKED), "de", cancelled=False
        )
        calendar, event = event_of(content)
        begin = event.decoded("dtstart")
        assert int(begin.timestamp()) == booking.ride.promise.pickup_earliest
        assert (begin.hour, str(event["dtstart"].params["TZID"])) == (8, "Europe/Berlin")
        assert [str(each["TZID"]) for each in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
        assert (calendar["METHOD"], event["STATUS"]) == ("PUBLISH", "CONFIRMED")


def test_a_cancellation_takes_the_same_event_out_of_the_calendar(toy_region: Region) -> None:
    booked = notice(NoticeKind.BOOKED)
    cancelled = replace(booked, kind=NoticeKind.CANCELLED, time=booked.time + 1)
    _, before = event_of(calendar_file(toy_region, BOOKING, booked, "de", cancelled=False))
    calendar, after = event_of(calendar_file(toy_region, BOOKING, cancelled, "de", cancelled=True))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert (calendar["METHOD"], after["STATUS"]) == ("CANCEL", "CANCELLED")


def test_a_change_takes_out_of_the_calendar_what_a_later_notice_had_put_there(
    toy_region: Region,
) -> None:
    moved = replace(notice(NoticeKind.STOP_MOVED), time=BOOKING.booked_at + 3600)
    changed = replace(
        notice(NoticeKind.CHANGED),
        code="EFGH2345",
        time=BOOKING.booked_at + 7200,
        facts={"old": BOOKING.code},
    )
    _, before = event_of(calendar_file(toy_region, BOOKING, moved, "de", cancelled=False))
    _, after = event_of(calendar_file(toy_region, BOOKING, changed, "de", cancelled=True))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    new = replace(BOOKING, code="EFGH2345")
    _, first = event_of(calendar_file(toy_region, new, changed, "de", cancelled=False))
    assert first["SEQUENCE"] == 0


def test_a_calendar_file_is_the_same_at_every_attempt(toy_region: Region) -> None:
    first, second = (
        calendar_file(toy_region, BOOKING, notice(NoticeKind.BOOKED), "de", cancelled=False)
        for _ in range(2)
    )
    assert first == second


def test_what_trouble_made_of_a_ride_is_what_its_owner_reads(toy_region: Region) -> None:
    promise = BOOKING.ride.promise
    later = replace(
        promise,
        pickup_earliest=promise.pickup_earliest + 1800,
        pickup_latest=promise.pickup_latest + 1800,
    )
    moved = replace(BOOKING, amendment=Amendment("kirche", "bahnhof", later))
    said = words(toy_region, notice(NoticeKind.POSTPONED), moved, BY_MAIL, "")
    assert said.sms.startswith(
        "Dorfshuttle: Leider später: Ihre Fahrt ist jetzt Mo 1.3. 08:30-08:45"
    )
    assert "Kirche" in said.text
    assert "Mitte" not in said.text
    file = calendar_file(toy_region, moved, notice(NoticeKind.STOP_MOVED), "de", cancelled=False)
    _, event = event_of(file)
    assert int(event.decoded("dtstart").timestamp()) == later.pickup_earliest
    assert event["LOCATION"].startswith("Kirche")
