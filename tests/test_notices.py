"""What is told of what, and in which words: SMS that fit, mails, calendar files, settings."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from string import Formatter
from typing import Any

import httpx2
import pytest
from icalendar import Calendar

from shuttle.calendar_file import calendar_file
from shuttle.changing import change, quote_change
from shuttle.channels import carriers, told_of
from shuttle.delivery import Delivery
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Channel, Contact, Party
from shuttle.errors import RegionError
from shuttle.logs import configure_logs
from shuttle.notices import TIMED, Notice, NoticeKind
from shuttle.outbox import Fate
from shuttle.region import Region
from shuttle.region_config import read_config
from shuttle.settings import Settings, SettingsError
from shuttle.sms_template import SmsTemplate, places
from shuttle.store import MemoryStore
from shuttle.waiting import WaitingList
from shuttle.wording import (
    GSM_BASIC,
    GSM_EXTENDED,
    LANGUAGES,
    SMS_SIGNS,
    gsm,
    sms_length,
    texts,
    words,
)
from tests.receivers import Gateway, Letterbox
from tests.server_process import ServerProcess
from tests.test_dispatcher import MONDAY, ZONE, at, ride
from tests.test_kill import next_service_day
from tests.test_outbox import BY_MAIL, mail, sms
from tests.test_reminding import book
from tests.test_series import begin, series, take_all
from tests.test_stores import BOOKING
from tests.test_waiting import fill, wait

OF_STANDING_REQUESTS = (NoticeKind.SERIES_MISSED, NoticeKind.WINDOW_OPENED)
LINK = "https://dorfshuttle.amt-suederbrarup.example/b/ABCD2345#0123456789abcdefghijkl"
LONG = "Grundschule am Thorsberger Moor – Süderbrarup „Nord“"


def told(dispatcher: Dispatcher) -> list[str]:
    return [each.notice.kind.value for each in dispatcher.store.outbox.entries(MONDAY)]


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


def test_a_booking_and_its_cancellation_are_told(dispatcher: Dispatcher) -> None:
    booking = book(dispatcher, ride())
    assert told(dispatcher) == ["booked"]
    dispatcher.cancel(booking.code, at("08:05"))
    dispatcher.cancel(booking.code, at("08:06"))
    assert told(dispatcher) == ["booked", "cancelled"]


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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
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


def test_both_languages_fill_in_the_same_in_every_text() -> None:
    def blanks(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    german, english = (texts(language) for language in LANGUAGES)
    assert set(german.notices) == set(english.notices) == set(NoticeKind)
    for kind in NoticeKind:
        ours, theirs = german.notices[kind], english.notices[kind]
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


def test_a_calendar_file_is_the_same_at_every_attempt(toy_region: Region) -> None:
    first, second = (
        calendar_file(toy_region, BOOKING, notice(NoticeKind.BOOKED), "de", cancelled=False)
        for _ in range(2)
    )
    assert first == second


VALUES = places("+494641123", 'Bus "Süd" & {mehr}\n', "ref-1", "user:word")


@pytest.mark.parametrize(
    ("kind", "body", "filled"),
    [
        (
            "application/json",
            '{"to": "{to}", "text": "{text}"}',
            r'{"to": "+494641123", "text": "Bus \"S\u00fcd\" & {mehr}\n"}',
        ),
        (
            "application/x-www-form-urlencoded",
            "to={digits}&text={text}&ref={id}",
            "to=494641123&text=Bus+%22S%C3%BCd%22+%26+%7Bmehr%7D%0A&ref=ref-1",
        ),
    ],
)
def test_what_fills_a_request_is_written_as_its_place_wants_it(
    kind: str, body: str, filled: str
) -> None:
    template = SmsTemplate(
        url="https://sms.example/?u={secret}",
        headers={"Content-Type": kind, "Authorization": "Basic {secret_base64}"},
        body=body,
    )
    assert template.filled_body(VALUES) == filled
    assert template.filled_url(VALUES) == "https://sms.example/?u=user%3Aword"
    assert template.filled_headers(VALUES)["Authorization"] == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('url = "https://sms.example"', "sms: url or body must hold {text}"),
        ('url = "ftp://sms.example/{to}{text}"', "sms.url: "),
        (
            'url = "https://sms.example/{to}{text}"\nheaders = { X = "{text}" }',
            "sms: headers may hold only",
        ),
        (
            (
                'url = "https://sms.example"\nheaders = { Content-Type = "application/json" }\n'
                'body = \'{"to": {to}, "text": {text}}\''
            ),
            "sms: body is no JSON",
        ),
        ('url = "https://sms.example/{to}{text}"\naccepted = "("', "sms: accepted is no"),
    ],
)
def test_a_gateway_that_cannot_be_asked_like_that_is_said_in_one_sentence(
    toy_folder: Path, tmp_path: Path, table: str, sentence: str
) -> None:
    file = tmp_path / "region.toml"
    region = (toy_folder / "region.toml").read_text(encoding="utf-8")
    file.write_text(f"{region}\n[sms]\n{table}\n", encoding="utf-8")
    with pytest.raises(RegionError) as caught:
        read_config(file)
    assert sentence in str(caught.value)


def test_channels_come_from_the_settings(toy_region: Region) -> None:
    none = carriers(Settings(), toy_region.config)
    assert none == {}
    assert told_of(none).startswith("Residents are told nothing")
    found = carriers(
        Settings(smtp_host="mail.example", smtp_from="bus@toy-town.example"), toy_region.config
    )
    assert set(found) == {Channel.EMAIL}
    assert told_of(found) == "Residents are told by e-mail."


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (Settings(smtp_host="mail.example"), "SHUTTLE_SMTP_FROM"),
        (
            Settings(smtp_host="mail.example", smtp_from="bus@x.example", smtp_user="bus"),
            "SHUTTLE_SMTP_PASSWORD",
        ),
    ],
)
def test_mail_that_is_set_up_halfway_is_said_at_the_start(
    toy_region: Region, settings: Settings, variable: str
) -> None:
    with pytest.raises(SettingsError, match=variable):
        carriers(settings, toy_region.config)


def test_a_gateway_without_its_secret_is_said_at_the_start(toy_region: Region) -> None:
    sms = SmsTemplate(url="https://sms.example/{secret}/{to}/{text}")
    config = toy_region.config.model_copy(update={"sms": sms})
    with pytest.raises(SettingsError, match="SHUTTLE_SMS_SECRET"):
        carriers(Settings(), config)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as lines of JSON; afterwards logs go where they went."""
    root = logging.getLogger()
    before, stream = root.handlers[:], io.StringIO()
    configure_logs("json", stream)
    yield stream
    root.handlers[:] = before


def test_logs_carry_neither_address_nor_code_nor_text(toy_region: Region, log: io.StringIO) -> None:
    letterbox, store = Letterbox(moods=["451 petersen@example.org busy"]), MemoryStore()
    with letterbox.open(), closing(Dispatcher(toy_region, store)) as dispatcher:
        booking = book(dispatcher, ride(), contact=BY_MAIL)
        channels = {Channel.EMAIL: mail(letterbox)}
        delivery = Delivery(toy_region, store, dispatcher.keyed, channels)
        delivery.deliver_one(at("08:00"))
        delivery.deliver_one(at("08:10"))
        (entry,) = store.outbox.entries(MONDAY)
    assert entry.fate is Fate.SENT
    happened = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert happened == ["notice_delayed", "notice_sent"]
    for secret in ("petersen", "Petersen", booking.code, "Bahnhof", "bahnhof"):
        assert secret not in log.getvalue()


def test_whoever_books_at_a_running_service_is_told_by_mail(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = threading.Event()
    letterbox = Letterbox(on_letter=arrived.set)
    settings = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(letterbox.port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "bus@toy-town.example",
        "PUBLIC_URL": "https://bus.example",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SHUTTLE_{name}", value)
    database = f"sqlite:///{tmp_path / 'shuttle.sqlite3'}"
    with letterbox.open(), ServerProcess(toy_folder, database, tmp_path) as server:
        with httpx2.Client(base_url=server.address, trust_env=False, timeout=30) as http:
            when = datetime.combine(next_service_day(), time(10), ZONE).isoformat()
            ends = {"from": {"stop": "kirche"}, "to": {"stop": "bahnhof"}}
            asked = http.post("/api/v1/offers", json={**ends, "when": {"depart_at": when}})
            contact = {"name": "Frau Petersen", "email": "petersen@example.org", "notify": "email"}
            booked = http.post(
                "/api/v1/bookings",
                json={"offer": asked.json()["offers"][0]["offer"], "contact": contact},
                headers={"Idempotency-Key": "key-of-a-test"},
            )
            assert booked.status_code == 201, booked.text
        assert arrived.wait(20)
    (letter,) = letterbox.letters
    assert f"https://bus.example/b/{booked.json()['code']}#" in letter.as_string()
