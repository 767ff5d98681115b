"""To the people, through servers that fail, hang and come back; by senders that die."""

import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from icalendar import Calendar

from shuttle.domain import Channel
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import Change, ContactRecord, MemoryStore, Store
from shuttle.telling.carriers import Carrier, Message, Undelivered
from shuttle.telling.delivery import LEASE, pause
from shuttle.telling.mail import Security
from shuttle.telling.notices import NoticeKind
from shuttle.telling.outbox import Entry, Fate
from tests.receivers import PATIENT, TIMEOUT, Gateway, Letterbox
from tests.telling import (
    BY_MAIL,
    BY_SMS,
    KEYED,
    NOTICE,
    NOW,
    by_mail,
    delivery,
    entry,
    keep,
    mail,
    sms,
)
from tests.test_stores import BOOKING, DAY


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
    hasty = by_mail(toy_region, store, letterbox, TIMEOUT if mood == "hang" else PATIENT)
    assert hasty.deliver_one(NOW)
    assert entry(store) == Entry(NOTICE, Fate.WAITING, 1, reason)
    assert not hasty.deliver_one(NOW + pause(1) - 1)
    assert hasty.deliver_one(NOW + pause(1))
    assert not hasty.deliver_one(NOW + pause(1) + pause(2) - 1)
    assert letterbox.letters == []
    sender = by_mail(toy_region, store, letterbox)
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
    hasty = sms(gateway, timeout_seconds=TIMEOUT if mood == "hang" else PATIENT)
    patient = sms(gateway)
    sender = delivery(toy_region, store, {Channel.SMS: hasty})
    assert sender.deliver_one(NOW)
    assert entry(store) == Entry(NOTICE, Fate.WAITING, 1, reason)
    sender.deliver_one(NOW + 5)
    sender = delivery(toy_region, store, {Channel.SMS: patient})
    for now in (NOW + 15, NOW + 3600):
        sender.deliver_one(now)
    hasty.close()
    patient.close()
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
from shuttle.telling.delivery import Delivery
from shuttle.domain import Channel
from shuttle.keyed import Keyed
from shuttle.telling.mail import Mail, Security
from shuttle.region import Region
from shuttle.keeping.sql_store import SqlStore

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
    assert [each.fate for each in store.outbox.entries(DAY)] == [Fate.GIVEN_UP, Fate.SENT]


def test_an_address_over_which_the_mail_writer_trips_is_given_up(
    store: Store, toy_region: Region, letterbox: Letterbox
) -> None:
    keep(store, replace(BY_MAIL, email="a@[x.y"))
    assert by_mail(toy_region, store, letterbox).deliver_one(NOW)
    assert entry(store) == Entry(NOTICE, Fate.GIVEN_UP, 1, "mail address")


class Struck:
    """A carrier over which something unforeseen comes, again and again."""

    def send(self, message: Message, now: int) -> None:
        raise RuntimeError(f"{message.contact.email} at {now}")

    def close(self) -> None:
        pass


def test_whatever_goes_wrong_over_a_message_it_is_given_up_and_the_next_one_comes(
    store: Store, toy_region: Region
) -> None:
    keep(store, BY_MAIL, NOTICE, replace(NOTICE, ordinal=1))
    sender = delivery(toy_region, store, {Channel.EMAIL: Struck()})
    assert [sender.deliver_one(NOW) for _ in range(3)] == [True, True, False]
    entries = store.outbox.entries(DAY)
    assert {(each.fate, each.reason) for each in entries} == {
        (Fate.GIVEN_UP, "failed: RuntimeError")
    }
