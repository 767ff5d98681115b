"""From the outbox to the people: retries, leases, and servers that fail, hang and come back."""

import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
import trustme
from icalendar import Calendar

from shuttle.carriers import Carrier, Undelivered
from shuttle.delivery import LEASE, Delivery, pause
from shuttle.domain import BookingStatus, Channel, Contact
from shuttle.keyed import Keyed
from shuttle.mail import Mail, Security
from shuttle.notices import Notice, NoticeKind
from shuttle.outbox import Entry, Fate
from shuttle.region import Region
from shuttle.sms import Sms
from shuttle.sms_template import SmsTemplate
from shuttle.sql_store import SqlStore
from shuttle.store import Change, ContactRecord, MemoryStore, Store
from tests.receivers import TIMEOUT, Gateway, Letterbox
from tests.test_stores import BOOKING, CHANGE, DAY

KEYED = Keyed(b"k" * 32)
NOW = BOOKING.booked_at
BY_MAIL = Contact("Frau Petersen", "", "petersen@example.org", Channel.EMAIL, "de")
BY_SMS = Contact("Frau Petersen", "+494641123", "", Channel.SMS, "de")
NOTICE = Notice("ABCD2345", NoticeKind.BOOKED, NOW, BOOKING.ride.promise.dropoff_latest)


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    with Letterbox().open() as made:
        yield made


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().open() as made:
        yield made


def mail(letterbox: Letterbox) -> Mail:
    return Mail(
        host="127.0.0.1",
        port=letterbox.port,
        security="none",
        sender="bus@toy-town.example",
        sender_name="Toy Town",
        reply_to="amt@toy-town.example",
        timeout=TIMEOUT,
    )


def sms(gateway: Gateway, **changes: object) -> Sms:
    fields = {
        "url": f"{gateway.url}/sms",
        "headers": {"Content-Type": "application/json", "Authorization": "Bearer {secret}"},
        "body": '{"to": "{to}", "text": "{text}", "reference": "{id}"}',
        "timeout_seconds": TIMEOUT,
        **changes,
    }
    return Sms(SmsTemplate.model_validate(fields), "se-cret")


def delivery(region: Region, store: Store, carriers: Mapping[Channel, Carrier]) -> Delivery:
    return Delivery(region, store, KEYED, carriers, "https://bus.example")


def by_mail(region: Region, store: Store, letterbox: Letterbox) -> Delivery:
    return delivery(region, store, {Channel.EMAIL: mail(letterbox)})


def keep(store: Store, contact: Contact | None, *notices: Notice) -> None:
    """Put a booking, whom it belongs to, and notices about it into a store, in one change."""
    contacts = () if contact is None else (ContactRecord("ABCD2345", contact, "f" * 32),)
    store.commit(replace(CHANGE, contacts=contacts, notices=notices or (NOTICE,)))


def entry(store: Store) -> Entry:
    (only,) = store.outbox.entries(DAY)
    return only


def test_a_notice_comes_with_its_change_or_not_at_all(store: Store) -> None:
    keep(store, BY_MAIL)
    assert store.outbox.entries(DAY) == (Entry(NOTICE),)
    with pytest.raises(Exception, match="revision"):
        store.commit(Change(DAY, 7, notices=(replace(NOTICE, ordinal=1),)))
    assert store.outbox.entries(DAY) == (Entry(NOTICE),)


def test_a_notice_is_in_the_outbox_once_however_often_it_is_put_there(store: Store) -> None:
    keep(store, BY_MAIL)
    late = replace(NOTICE, kind=NoticeKind.LATE, facts={"expected": 5})
    store.commit(Change(DAY, 1, notices=(replace(NOTICE, time=NOW + 9), late, late)))
    assert [each.notice for each in store.outbox.entries(DAY)] == [NOTICE, late]


def test_a_claim_keeps_others_away_until_it_ends(store: Store) -> None:
    keep(store, BY_MAIL)
    first = store.outbox.claim(NOW, NOW + LEASE)
    assert first is not None
    assert store.outbox.claim(NOW + LEASE - 1, NOW + 2 * LEASE) is None
    second = store.outbox.claim(NOW + LEASE, NOW + 2 * LEASE)
    assert second is not None
    assert (first.attempts, second.attempts) == (1, 2)
    assert not store.outbox.settle(first, Fate.GIVEN_UP, "too late to say so")
    assert not store.outbox.postpone(first, NOW, "too late to say so")
    assert store.outbox.settle(second, Fate.SENT)
    assert entry(store) == Entry(NOTICE, Fate.SENT, 2)
    assert store.outbox.claim(NOW + 9 * LEASE, NOW + 10 * LEASE) is None


def test_the_age_is_that_of_the_oldest_notice_that_waits(store: Store) -> None:
    assert store.outbox.age(NOW) == 0
    keep(store, BY_MAIL, NOTICE, replace(NOTICE, ordinal=1, time=NOW + 60))
    assert store.outbox.age(NOW + 100) == 100
    claim = store.outbox.claim(NOW, NOW + LEASE)
    assert claim is not None
    store.outbox.settle(claim, Fate.SENT)
    assert store.outbox.age(NOW + 100) == 40


def test_a_notice_is_not_sent_before_its_time(store: Store, toy_region: Region) -> None:
    keep(store, BY_MAIL)
    assert not delivery(toy_region, store, {}).deliver_one(NOW - 1)


def test_regions_in_one_database_send_only_their_own(database_url: str) -> None:
    here, there = SqlStore(database_url, "here"), SqlStore(database_url, "there")
    with closing(here), closing(there):
        keep(here, BY_MAIL)
        assert there.outbox.claim(NOW, NOW + LEASE) is None
        assert there.outbox.entries(DAY) == ()
        assert there.outbox.age(NOW + 60) == 0


def test_a_mail_arrives_with_its_calendar_file(
    store: Store, toy_region: Region, letterbox: Letterbox
) -> None:
    keep(store, BY_MAIL)
    sender = by_mail(toy_region, store, letterbox)
    assert sender.deliver_one(NOW)
    assert not sender.deliver_one(NOW + 9 * LEASE)
    (letter,) = letterbox.letters
    assert letter["To"] == "Frau Petersen <petersen@example.org>"
    assert letter["From"] == "Toy Town <bus@toy-town.example>"
    assert letter["Subject"].startswith("Ihre Fahrt am ")
    text, calendar = list(letter.iter_parts())
    assert "Guten Tag Frau Petersen," in text.get_content()
    assert f"https://bus.example/b/ABCD2345#{KEYED.link('ABCD2345')}" in text.get_content()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "PUBLISH"
    (event,) = Calendar.from_ical(calendar.get_content()).walk("VEVENT")
    assert event["UID"] == "ABCD2345@toy-town.dorfshuttle"
    assert entry(store) == Entry(NOTICE, Fate.SENT, 1)


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("451 try later", "smtp 451"),
        ("rcpt 450 greylisted", "smtp 450"),
        ("hang", "smtp connection"),
        ("drop", "smtp connection"),
    ],
)
def test_a_mail_server_that_fails_is_tried_again_and_gets_the_message_once(
    store: Store, toy_region: Region, letterbox: Letterbox, mood: str, reason: str
) -> None:
    letterbox.moods = [mood, mood]
    keep(store, BY_MAIL)
    sender = by_mail(toy_region, store, letterbox)
    assert sender.deliver_one(NOW)
    assert entry(store) == Entry(NOTICE, Fate.WAITING, 1, reason)
    assert not sender.deliver_one(NOW + pause(1) - 1)
    assert sender.deliver_one(NOW + pause(1))
    assert not sender.deliver_one(NOW + pause(1) + pause(2) - 1)
    assert letterbox.letters == []
    assert sender.deliver_one(NOW + pause(1) + pause(2))
    assert not sender.deliver_one(NOW + 3600)
    assert len(letterbox.letters) == 1
    assert entry(store).fate is Fate.SENT


@pytest.mark.parametrize("mood", ["554 spam", "rcpt 550 no such mailbox"])
def test_a_mail_that_is_refused_for_good_is_given_up_at_once(
    store: Store, toy_region: Region, letterbox: Letterbox, mood: str
) -> None:
    letterbox.moods = [mood]
    keep(store, BY_MAIL)
    sender = by_mail(toy_region, store, letterbox)
    assert sender.deliver_one(NOW)
    assert not sender.deliver_one(NOW + 3600)
    assert (entry(store).fate, letterbox.letters) == (Fate.GIVEN_UP, [])


def test_a_mail_server_that_is_down_gets_everything_when_it_is_back(
    store: Store, toy_region: Region
) -> None:
    letterbox = Letterbox()
    keep(store, BY_MAIL, NOTICE, replace(NOTICE, kind=NoticeKind.CHANGED))
    sender = by_mail(toy_region, store, letterbox)
    assert [sender.deliver_one(NOW) for _ in range(3)] == [True, True, False]
    with letterbox.open():
        assert [sender.deliver_one(NOW + 60) for _ in range(3)] == [True, True, False]
    assert len({letter["Message-ID"] for letter in letterbox.letters}) == 2


def test_a_wrong_password_is_the_operators_mistake_and_tried_again(
    store: Store, toy_region: Region
) -> None:
    keep(store, BY_MAIL)
    with Letterbox(password="right").open() as letterbox:
        wrong = replace(mail(letterbox), user="bus", password="wrong")
        right = replace(wrong, password="right")
        with pytest.raises(Undelivered, match="at login"):
            wrong.check()
        delivery(toy_region, store, {Channel.EMAIL: wrong}).deliver_one(NOW)
        assert entry(store) == Entry(NOTICE, Fate.WAITING, 1, "smtp 535 at login")
        right.check()
        delivery(toy_region, store, {Channel.EMAIL: right}).deliver_one(NOW + 5)
    assert entry(store).fate is Fate.SENT


def test_mail_is_encrypted_or_not_sent_at_all(
    toy_region: Region, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, server = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    store = MemoryStore()
    keep(store, BY_MAIL, NOTICE, replace(NOTICE, ordinal=1))

    def sent(letterbox: Letterbox, now: int) -> int:
        security: Security = "tls" if letterbox.encrypted else "starttls"
        carrier = replace(mail(letterbox), security=security, timeout=5.0)
        delivery(toy_region, store, {Channel.EMAIL: carrier}).deliver_one(now)
        return len(letterbox.letters)

    sealed = Letterbox(certificate=server, encrypted=True)
    with Letterbox().open() as plain, Letterbox(certificate=server).open() as able, sealed.open():
        assert sent(plain, NOW) == 0  # it cannot encrypt
        assert sent(able, NOW + 60) == 0  # nobody vouches for its certificate
        authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        assert sent(able, NOW + 120) == 1
        assert sent(sealed, NOW + 180) == 1


def test_pauses_double_up_to_five_minutes() -> None:
    assert [pause(attempts) for attempts in range(1, 9)] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert pause(1000) == 300


def test_a_notice_is_tried_until_it_is_worth_nothing(
    store: Store, toy_region: Region, letterbox: Letterbox
) -> None:
    letterbox.moods = ["451 later"] * 100
    keep(store, BY_MAIL, replace(NOTICE, valid_until=NOW + 60))
    sender, tried = by_mail(toy_region, store, letterbox), 0
    for now in range(NOW, NOW + 100):
        tried += sender.deliver_one(now)
    assert tried == 4  # at 0, 5, 15 and 35; the next would be at 75
    assert entry(store).fate is Fate.GIVEN_UP
    assert entry(store).reason == "smtp 451"


def test_a_notice_that_comes_too_late_is_not_sent(
    store: Store, toy_region: Region, letterbox: Letterbox
) -> None:
    keep(store, BY_MAIL)
    by_mail(toy_region, store, letterbox).deliver_one(NOTICE.valid_until)
    assert (entry(store).fate, entry(store).reason) == (Fate.GIVEN_UP, "stale")
    assert letterbox.letters == []


def test_nobody_is_reminded_of_a_ride_that_was_cancelled_meanwhile(
    store: Store, toy_region: Region, letterbox: Letterbox
) -> None:
    cancelled = replace(NOTICE, kind=NoticeKind.CANCELLED, time=NOW + 1)
    keep(store, BY_MAIL)
    booking = BOOKING.with_status(BookingStatus.CANCELLED)
    store.commit(Change(DAY, 1, (booking,), notices=(cancelled,)))
    sender = by_mail(toy_region, store, letterbox)
    assert [sender.deliver_one(NOW + 1) for _ in range(3)] == [True, True, False]
    assert [each.fate for each in store.outbox.entries(DAY)] == [Fate.UNSENT, Fate.SENT]
    (letter,) = letterbox.letters
    assert letter["Subject"].startswith("Storniert")


@pytest.mark.parametrize(
    ("contact", "reason"),
    [
        (None, "nobody wants it"),
        (replace(BY_MAIL, channel=Channel.NONE), "nobody wants it"),
        (BY_SMS, "no channel configured"),
    ],
)
def test_whoever_cannot_be_told_is_written_down_as_such(
    store: Store, toy_region: Region, letterbox: Letterbox, contact: Contact | None, reason: str
) -> None:
    keep(store, contact)
    assert by_mail(toy_region, store, letterbox).deliver_one(NOW)
    assert (entry(store).fate, entry(store).reason) == (Fate.UNSENT, reason)
    assert store.outbox.age(NOW + 60) == 0


def test_an_sms_arrives_as_the_gateway_wants_it(
    store: Store, toy_region: Region, gateway: Gateway
) -> None:
    keep(store, BY_SMS)
    carrier = sms(gateway)
    delivery(toy_region, store, {Channel.SMS: carrier}).deliver_one(NOW)
    carrier.close()
    (asked,) = gateway.accepted
    assert (asked.method, asked.path) == ("POST", "/sms")
    assert asked.headers["Authorization"] == "Bearer se-cret"
    assert '"to": "+494641123"' in asked.body
    assert "Dorfshuttle: gebucht" in asked.body
    assert entry(store).fate is Fate.SENT


@pytest.mark.parametrize(
    ("mood", "reason"),
    [("500", "http 500"), ("429", "http 429"), ("401", "http 401"), ("hang", "http timeout")],
)
def test_a_gateway_that_fails_is_asked_again_with_the_same_reference(
    store: Store, toy_region: Region, gateway: Gateway, mood: str, reason: str
) -> None:
    gateway.moods = [mood, mood]
    keep(store, BY_SMS)
    carrier = sms(gateway)
    sender = delivery(toy_region, store, {Channel.SMS: carrier})
    assert sender.deliver_one(NOW)
    assert entry(store) == Entry(NOTICE, Fate.WAITING, 1, reason)
    for now in (NOW + 5, NOW + 15, NOW + 3600):
        sender.deliver_one(now)
    carrier.close()
    assert len(gateway.asked) == 3
    assert len({asked.body for asked in gateway.asked}) == 1
    assert len(gateway.accepted) == 1


def test_a_number_that_the_gateway_does_not_know_is_given_up(
    store: Store, toy_region: Region, gateway: Gateway
) -> None:
    gateway.moods = ["422"]
    keep(store, BY_SMS)
    carrier = sms(gateway)
    delivery(toy_region, store, {Channel.SMS: carrier}).deliver_one(NOW)
    carrier.close()
    assert (entry(store).fate, entry(store).reason) == (Fate.GIVEN_UP, "http 422")


def test_a_gateway_that_says_200_to_everything_is_read_more_closely(
    store: Store, toy_region: Region, gateway: Gateway
) -> None:
    gateway.answer = '{"status": "error"}'
    keep(store, BY_SMS)
    carrier = sms(gateway, accepted='"status": "(sent|queued)"')
    sender = delivery(toy_region, store, {Channel.SMS: carrier})
    sender.deliver_one(NOW)
    assert entry(store).fate is Fate.WAITING
    gateway.answer = '{"status": "queued"}'
    sender.deliver_one(NOW + 5)
    carrier.close()
    assert entry(store).fate is Fate.SENT


def test_two_servers_at_once_send_each_message_once(
    toy_region: Region, database_url: str, gateway: Gateway
) -> None:
    notices = [replace(NOTICE, ordinal=number) for number in range(12)]
    with closing(SqlStore(database_url, "toy-town")) as store:
        keep(store, BY_SMS, *notices)
    start = threading.Barrier(2)

    def serve() -> None:
        carrier = sms(gateway, timeout_seconds=20.0)
        with closing(SqlStore(database_url, "toy-town")) as own, closing(carrier):
            sender = delivery(toy_region, own, {Channel.SMS: carrier})
            start.wait(20)
            while sender.deliver_one(NOW):
                pass

    threads = [threading.Thread(target=serve) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert len({asked.body for asked in gateway.asked}) == 12
    assert len(gateway.asked) == 12


SENDER = """
import sys
from pathlib import Path
from shuttle.delivery import Delivery
from shuttle.domain import Channel
from shuttle.keyed import Keyed
from shuttle.mail import Mail, Security
from shuttle.region import Region
from shuttle.sql_store import SqlStore

folder, url, port, now = sys.argv[1:]
mail = Mail("127.0.0.1", int(port), "none", "bus@toy-town.example", "Toy Town", "amt@x.example")
store = SqlStore(url, "toy-town")
region = Region.load(Path(folder))
Delivery(region, store, Keyed(b"k" * 32), {Channel.EMAIL: mail}).deliver_one(int(now))
"""


def test_a_sender_killed_after_the_servers_yes_sends_again_under_the_same_id(
    toy_folder: Path, toy_region: Region, database_url: str, letterbox: Letterbox
) -> None:
    """What no sender can rule out happens, and the reader's mail program can tell."""
    with closing(SqlStore(database_url, "toy-town")) as store:
        keep(store, BY_MAIL)
        arguments = [str(toy_folder), database_url, str(letterbox.port), str(NOW)]
        process = subprocess.Popen([sys.executable, "-c", SENDER, *arguments])
        letterbox.on_letter = lambda: os.kill(process.pid, signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        letterbox.on_letter = lambda: None
        sender = by_mail(toy_region, store, letterbox)
        assert not sender.deliver_one(NOW + LEASE - 1)
        assert sender.deliver_one(NOW + LEASE)
        assert not sender.deliver_one(NOW + 9 * LEASE)
        assert entry(store) == Entry(NOTICE, Fate.SENT, 2)
    assert len(letterbox.letters) == 2
    assert len({letter["Message-ID"] for letter in letterbox.letters}) == 1


def test_a_gateway_that_hangs_holds_up_no_mail(
    store: Store, toy_region: Region, gateway: Gateway, letterbox: Letterbox
) -> None:
    gateway.moods = ["hang"]
    other = replace(BOOKING, code="WXYZ6789")
    keep(store, BY_SMS)
    mailed = replace(NOTICE, code="WXYZ6789", time=NOW + 1)
    record = ContactRecord("WXYZ6789", BY_MAIL, "")
    store.commit(Change(DAY, 1, (other,), contacts=(record,), notices=(mailed,)))
    arrived = threading.Event()
    letterbox.on_letter = arrived.set
    carriers: dict[Channel, Carrier] = {
        Channel.SMS: sms(gateway, timeout_seconds=TIMEOUT * 3),
        Channel.EMAIL: mail(letterbox),
    }
    begun = time.monotonic()
    with delivery(toy_region, store, carriers).running(lambda: NOW + 1):
        assert arrived.wait(20)
    assert len(letterbox.letters) == 1
    assert [asked.path for asked in gateway.asked] == ["/sms"]
    assert time.monotonic() - begun < 20


def test_a_message_that_cannot_be_written_stops_no_other(
    store: Store, toy_region: Region, letterbox: Letterbox
) -> None:
    """A reminder without its facts is a mistake of ours; it must not silence the service."""
    broken = replace(NOTICE, kind=NoticeKind.IN_10_MINUTES, time=NOW - 1)
    keep(store, BY_MAIL, broken, NOTICE)
    arrived = threading.Event()
    letterbox.on_letter = arrived.set
    with by_mail(toy_region, store, letterbox).running(lambda: NOW):
        assert arrived.wait(20)
    assert [each.fate for each in store.outbox.entries(DAY)] == [Fate.WAITING, Fate.SENT]


def test_the_outbox_holds_nothing_personal(
    toy_region: Region, database_url: str, letterbox: Letterbox
) -> None:
    letterbox.moods = ["450 petersen@example.org is busy"]
    with closing(SqlStore(database_url, "toy-town")) as store:
        keep(store, BY_MAIL)
        by_mail(toy_region, store, letterbox).deliver_one(NOW)
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM outbox").all()
    engine.dispose()
    assert "smtp 450" in row
    assert not [value for value in row if "etersen" in str(value) or "Anger" in str(value)]
