"""One set of rules for every store: memory, SQLite, PostgreSQL."""

from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from shuttle.domain import (
    Booking,
    BookingStatus,
    Channel,
    Contact,
    Party,
    Promise,
    Ride,
)
from shuttle.errors import RevisionConflict, StoreError
from shuttle.events import Booked, Event, PromiseBroken, event_of
from shuttle.keeping.sql_store import SqlStore
from shuttle.store import (
    Change,
    ContactRecord,
    HaltRecord,
    Receipt,
    Store,
    StoredDay,
    TourRecord,
)

DAY = date(2027, 3, 1)
RIDE = Ride(
    day=DAY,
    pickup_stop="mitte",
    dropoff_stop="bahnhof",
    walk_to_pickup=120,
    walk_from_dropoff=0,
    party=Party(2, 1, 0),
    promise=Promise(1_803_884_400, 1_803_885_300, 1_803_888_000, 2_100),
    direct_seconds=300,
    direct_metres=3_600,
    fare_cents=520,
)
BOOKING = Booking("ABCD2345", RIDE, "Am Anger 3", "Bahnhof", 1_803_880_000)
TOUR = TourRecord(
    "bus-1@06:00", 2, 1, 1_803_884_430, (HaltRecord(0, "", 5), HaltRecord(1, "ABCD2345", 9))
)
CHANGE = Change(
    DAY,
    0,
    (BOOKING,),
    (TOUR,),
    (Booked(1_803_880_000, "ABCD2345", "bus-1@06:00"),),
    Receipt("key-1", "offer-1", "ABCD2345"),
)


def test_a_day_that_nobody_booked_is_at_revision_zero(store: Store) -> None:
    assert store.load(DAY) == StoredDay(0)
    assert store.booking("ABCD2345") is None
    assert store.receipt("key-1") is None
    assert store.events(DAY) == ()


def test_what_was_committed_is_there_again(store: Store) -> None:
    assert store.commit(CHANGE) == 1
    assert store.load(DAY) == StoredDay(1, (TOUR,), (BOOKING,))
    assert store.booking("ABCD2345") == BOOKING
    assert store.receipt("key-1") == Receipt("key-1", "offer-1", "ABCD2345")
    assert store.taken("offer-1")
    assert not store.taken("offer-2")
    assert store.events(DAY) == CHANGE.events


def test_a_booking_is_found_by_the_pseudonym_of_its_phone_number(store: Store) -> None:
    contact = Contact("Frau Petersen", "+494641123", "", Channel.SMS, "de")
    store.commit(replace(CHANGE, contacts=(ContactRecord("ABCD2345", contact, "f" * 32),)))
    assert store.contact("ABCD2345") == contact
    assert store.contact("ZZZZ9999") is None
    assert store.bookings_of("f" * 32) == (BOOKING,)
    assert store.bookings_of("e" * 32) == ()


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_change_from_another_revision_writes_nothing(store: Store, expected: int) -> None:
    store.commit(CHANGE)
    late = replace(BOOKING, code="ZZZZ9999")
    with pytest.raises(RevisionConflict):
        store.commit(Change(DAY, expected, (late,), (), (Booked(1, "ZZZZ9999", "x"),)))
    assert store.load(DAY).revision == 1
    assert store.booking("ZZZZ9999") is None
    assert store.events(DAY) == CHANGE.events


def test_only_the_status_of_a_booking_ever_changes(store: Store) -> None:
    store.commit(CHANGE)
    meddled = replace(BOOKING, ride=replace(RIDE, promise=Promise(1, 2, 3, 4)))
    store.commit(Change(DAY, 1, (meddled.with_status(BookingStatus.ON_BOARD),)))
    kept = store.booking("ABCD2345")
    assert kept is not None
    assert kept.status is BookingStatus.ON_BOARD
    assert kept.ride.promise == RIDE.promise


def test_a_cancelled_booking_is_known_but_not_part_of_the_day(store: Store) -> None:
    store.commit(CHANGE)
    store.commit(Change(DAY, 1, (BOOKING.with_status(BookingStatus.CANCELLED),)))
    assert store.load(DAY).bookings == ()
    assert store.booking("ABCD2345") == BOOKING.with_status(BookingStatus.CANCELLED)


def test_events_come_back_as_they_were(store: Store) -> None:
    happened: tuple[Event, ...] = (
        PromiseBroken(7, "ABCD2345", 240),
        Booked(8, "ZZZZ9999", "bus-1@06:00"),
        Booked(9, "YYYY9999", "bus-1@06:00", by_phone=True),
    )
    for revision, event in enumerate(happened):
        store.commit(Change(DAY, revision, events=(event,)))
    assert store.events(DAY) == happened


def test_what_was_booked_before_it_was_kept_how_is_read_as_booked_without_help() -> None:
    stored = {"code": "ABCD2345", "shift": "bus-1@06:00"}
    assert event_of("booked", 8, stored) == Booked(8, "ABCD2345", "bus-1@06:00", by_phone=False)


def test_regions_in_one_database_do_not_see_each_other(database_url: str) -> None:
    here, there = SqlStore(database_url, "here"), SqlStore(database_url, "there")
    here.commit(CHANGE)
    assert there.load(DAY) == StoredDay(0)
    assert there.booking("ABCD2345") is None
    assert there.commit(CHANGE) == 1
    here.close()
    there.close()


def test_a_restart_finds_everything(database_url: str) -> None:
    first = SqlStore(database_url, "toy-town")
    first.commit(CHANGE)
    first.close()
    second = SqlStore(database_url, "toy-town")
    assert second.load(DAY) == StoredDay(1, (TOUR,), (BOOKING,))
    second.close()


def test_the_migrations_create_the_tables_that_the_code_uses(database_url: str) -> None:
    SqlStore(database_url, "toy-town").close()
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "is no database URL"),
        ("mysql://localhost/x", "is not supported"),
        ("sqlite://", "needs a file"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", "cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_in_one_sentence(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        SqlStore(url, "toy-town")
