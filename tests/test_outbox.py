"""The outbox: in one change with its cause, claims, retries, and what is not sent at all."""

from contextlib import closing
from dataclasses import replace

import pytest
import sqlalchemy as sa

from shuttle.domain import BookingStatus, Channel, Contact
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.store import Change, Store
from shuttle.telling.delivery import LEASE, pause
from shuttle.telling.notices import NoticeKind
from shuttle.telling.outbox import Entry, Fate
from tests.receivers import Letterbox
from tests.telling import BY_MAIL, BY_SMS, NOTICE, NOW, by_mail, delivery, entry, keep
from tests.test_stores import BOOKING, DAY


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
