"""The store on a database: SQLite in a file, or PostgreSQL. One transaction a change.

A change is written ``WHERE revision = expected``, so that of two writers exactly one succeeds.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from shuttle.booking.unmet import Unmet
from shuttle.domain import (
    UNFINISHED,
    Booking,
    BookingStatus,
    Channel,
    Contact,
    Party,
    Promise,
    Ride,
)
from shuttle.driving.reports import Report, ReportKind
from shuttle.errors import RevisionConflict
from shuttle.events import Event, Locked, PromiseAtRisk, Unlocked, event_of, facts
from shuttle.keeping import sql_steps, sql_unmet
from shuttle.keeping.account_store import AccountStore
from shuttle.keeping.database import Marks, migrate, open_engine, reading, table_of, writing
from shuttle.keeping.run_store import RunStore
from shuttle.keeping.sql_outbox import SqlOutbox
from shuttle.keeping.sql_standing_requests import SqlStandingRequests
from shuttle.keeping.tables import (
    BookingRow,
    ConditionRow,
    ContactRow,
    EventRow,
    ReceiptRow,
    ReportRow,
    ServiceDay,
    TourRow,
)
from shuttle.keeping.trouble_rows import (
    amendment,
    amendment_column,
    condition,
    condition_row,
    in_order_entered,
    train,
    train_column,
)
from shuttle.keeping.word import Word
from shuttle.people.accounts import ApiKey
from shuttle.store import (
    Change,
    ContactRecord,
    HaltRecord,
    Receipt,
    Step,
    StoredDay,
    TourRecord,
    locks_of,
)

_DAY, _BOOKING, _TOUR = table_of(ServiceDay), table_of(BookingRow), table_of(TourRow)
_EVENT, _RECEIPT = table_of(EventRow), table_of(ReceiptRow)
_CONTACT, _CONDITION = table_of(ContactRow), table_of(ConditionRow)
_REPORT = table_of(ReportRow)


class SqlStore:
    """Keeps the days of one region in a database.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` or ``postgresql+psycopg://…``.
    region
        The region's id; other regions in the same database stay untouched.

    Raises
    ------
    StoreError
        If the database cannot be opened or migrated.
    """

    def __init__(self, url: str, region: str) -> None:
        self._region = region
        self.word = Word(region)
        self._alone = False
        self.engine = open_engine(url)
        self.mark = Marks(self.engine)
        self.standing = SqlStandingRequests(region, self._reading, self._writing)
        self.accounts = AccountStore(region, self._reading, self._writing)
        self.outbox = SqlOutbox(region, self._reading, self._writing, self.mark)
        self.runs = RunStore(region, self._reading, self._writing, self.mark)
        with self._writing() as connection:
            migrate(connection)

    def load(self, day: date) -> StoredDay:
        """Return a day with all its bookings that are not cancelled."""
        with self._reading() as connection:
            revision = connection.scalar(sa.select(_DAY.c.revision).where(*self._of(_DAY, day)))
            if revision is None:
                return StoredDay(0)
            tours = connection.execute(sa.select(_TOUR).where(*self._of(_TOUR, day))).mappings()
            bookings = connection.execute(
                sa.select(_BOOKING).where(
                    *self._of(_BOOKING, day), _BOOKING.c.status != BookingStatus.CANCELLED
                )
            ).mappings()
            conditions = connection.execute(
                sa.select(_CONDITION).where(*self._of(_CONDITION, day))
            ).mappings()
            return StoredDay(
                revision,
                tuple(_tour_record(row) for row in tours),
                tuple(_booking(row) for row in bookings),
                tuple(sorted(map(condition, conditions), key=in_order_entered)),
                self._reports(connection, day),
                self._warned(connection, day),
                self._locks(connection, day),
            )

    def commit(self, change: Change) -> int:
        """Take a change whole, or raise RevisionConflict and write nothing."""
        self.commit_together((change,))
        return change.expected + 1

    def commit_together(self, changes: Sequence[Change]) -> None:
        """Take all changes in one transaction, or raise RevisionConflict and write nothing."""
        try:
            with self._writing() as connection:
                if not self._alone:
                    self._lock(connection, "shared", {each.day for each in changes})
                for change in sorted(changes, key=lambda each: each.day):  # no two lock crosswise
                    self._fence(connection, change)
                    self._write(connection, change)
        except IntegrityError as error:
            raise RevisionConflict(changes[0].day, changes[0].expected) from error

    @contextmanager
    def alone_on(self, days: Collection[date]) -> Iterator[None]:
        """Let other processes wait with what they have for some days; on SQLite they do not.

        A process that falls silent meanwhile loses its turn.
        """
        with self._reading() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '10s'")
            self._lock(connection, "exclusive", days)
            self._alone = True
            try:
                yield
            finally:
                self._alone = False

    def booking(self, code: str) -> Booking | None:
        """Return a booking in any status."""
        query = sa.select(_BOOKING).where(
            _BOOKING.c.region == self._region, _BOOKING.c.code == code
        )
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _booking(row)

    def contact(self, code: str) -> Contact | None:
        """Return whom a booking belongs to, if known."""
        query = sa.select(_CONTACT).where(
            _CONTACT.c.region == self._region, _CONTACT.c.code == code
        )
        with self._reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _contact(row)

    def bookings_of(self, phone_pseudonym: str) -> tuple[Booking, ...]:
        """Return all bookings under a phone number."""
        own = (_CONTACT.c.region == _BOOKING.c.region) & (_CONTACT.c.code == _BOOKING.c.code)
        query = (
            sa.select(_BOOKING)
            .join(_CONTACT, own)
            .where(_CONTACT.c.region == self._region, _CONTACT.c.phone_pseudonym == phone_pseudonym)
            .order_by(_BOOKING.c.booked_at, _BOOKING.c.code)
        )
        with self._reading() as connection:
            return tuple(_booking(row) for row in connection.execute(query).mappings())

    def journey(self, journey: str) -> tuple[Booking, ...]:
        """Return the bookings of an outward ride and its return."""
        if not journey:
            return ()
        query = (
            sa.select(_BOOKING)
            .where(_BOOKING.c.region == self._region, _BOOKING.c.journey == journey)
            .order_by(_BOOKING.c.pickup_earliest, _BOOKING.c.code)
        )
        with self._reading() as connection:
            return tuple(_booking(row) for row in connection.execute(query).mappings())

    def receipt(self, key: str) -> Receipt | None:
        """Return what an idempotency key was used for."""
        query = sa.select(_RECEIPT.c.key, _RECEIPT.c.offer, _RECEIPT.c.code).where(
            _RECEIPT.c.region == self._region, _RECEIPT.c.key == key
        )
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Receipt(row.key, row.offer, row.code)

    def taken(self, offer: str) -> bool:
        """Whether an offer has become a booking."""
        query = sa.select(_RECEIPT.c.key).where(
            _RECEIPT.c.region == self._region, _RECEIPT.c.offer == offer
        )
        with self._reading() as connection:
            return connection.execute(query).first() is not None

    def events(self, day: date) -> tuple[Event, ...]:
        """Return a day's events in order."""
        query = sa.select(_EVENT).where(*self._of(_EVENT, day)).order_by(_EVENT.c.id)
        with self._reading() as connection:
            rows = connection.execute(query).mappings()
            return tuple(event_of(row["kind"], row["time"], row["facts"]) for row in rows)

    def unfinished(self, before: date) -> tuple[date, ...]:
        """Return the days on which somebody is still booked or on board."""
        query = (
            sa.select(_BOOKING.c.day)
            .where(
                _BOOKING.c.region == self._region,
                _BOOKING.c.day < before.isoformat(),
                _BOOKING.c.status.in_(UNFINISHED),
            )
            .distinct()
            .order_by(_BOOKING.c.day)
        )
        with self._reading() as connection:
            return tuple(date.fromisoformat(day) for day in connection.scalars(query))

    def note_unmet(self, unmet: Unmet) -> None:
        """Keep a refused request."""
        with self._writing(awaited=False) as connection:
            sql_unmet.keep(connection, self._region, unmet)

    def unmet(self, first: date, last: date) -> tuple[Unmet, ...]:
        """Return what was refused from one day to another."""
        with self._reading() as connection:
            return sql_unmet.between(connection, self._region, first, last)

    def steps(self, day: date) -> tuple[Step, ...]:
        """Return a day's past in order; nothing if it is not known from the first change on."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(_BOOKING).where(*self._of(_BOOKING, day)))
            bookings = {row["code"]: _booking(row) for row in rows.mappings()}
            return sql_steps.steps(connection, self._region, day, bookings)

    def revisions(self, days: Collection[date]) -> Mapping[date, int]:
        """Return the revisions of those of the days that have been stored."""
        query = sa.select(_DAY.c.day, _DAY.c.revision).where(
            _DAY.c.region == self._region, _DAY.c.day.in_([each.isoformat() for each in days])
        )
        with self._reading() as connection:
            return {date.fromisoformat(row.day): row.revision for row in connection.execute(query)}

    def partners(self) -> tuple[ApiKey, ...]:
        """Return the partner systems that are told of bookings."""
        return tuple(each for each in self.accounts.api_keys() if each.webhook)

    def close(self) -> None:
        """Close all connections."""
        self.mark.close()
        self.engine.dispose()

    @contextmanager
    def _writing(self, *, awaited: bool = True) -> Iterator[Connection]:
        with writing(self.engine, awaited=awaited) as connection:
            yield connection
            self.word.say(connection)

    def _reading(self) -> AbstractContextManager[Connection]:
        return reading(self.engine)

    def _of(self, table: sa.Table, day: date) -> tuple[sa.ColumnElement[bool], ...]:
        return (table.c.region == self._region, table.c.day == day.isoformat())

    def _reports(self, connection: Connection, day: date) -> tuple[Report, ...]:
        query = sa.select(_REPORT).where(*self._of(_REPORT, day)).order_by(_REPORT.c.number)
        return tuple(_report(row) for row in connection.execute(query).mappings())

    def _warned(self, connection: Connection, day: date) -> tuple[PromiseAtRisk, ...]:
        rows = self._events(connection, day, PromiseAtRisk.kind)
        return tuple(PromiseAtRisk(time=row["time"], **row["facts"]) for row in rows)

    def _locks(self, connection: Connection, day: date) -> frozenset[str]:
        rows = self._events(connection, day, Locked.kind, Unlocked.kind)
        return locks_of(event_of(row["kind"], row["time"], row["facts"]) for row in rows)

    def _events(self, connection: Connection, day: date, *kinds: str) -> list[sa.RowMapping]:
        query = (
            sa.select(_EVENT)
            .where(*self._of(_EVENT, day), _EVENT.c.kind.in_(kinds))
            .order_by(_EVENT.c.id)
        )
        return list(connection.execute(query).mappings())

    def _lock(self, connection: Connection, kind: str, days: Collection[date]) -> None:
        """Hold days until a transaction ends: exclusively or shared with others who do so."""
        if connection.dialect.name != "postgresql":
            return
        lock = sa.func.pg_advisory_xact_lock
        if kind == "shared":
            lock = sa.func.pg_advisory_xact_lock_shared
        for day in sorted(days):
            key = sa.func.hashtextextended(f"day {self._region} {day}", 0)
            connection.execute(sa.select(lock(key)))

    def _fence(self, connection: Connection, change: Change) -> None:
        """Move the day to its next revision, or raise if it is not at the expected one."""
        if change.expected == 0:
            row = {"region": self._region, "day": change.day.isoformat(), "revision": 1}
            connection.execute(sa.insert(_DAY), row)
            return
        moved = connection.execute(
            sa.update(_DAY)
            .where(*self._of(_DAY, change.day), _DAY.c.revision == change.expected)
            .values(revision=change.expected + 1)
        )
        if moved.rowcount != 1:
            raise RevisionConflict(change.day, change.expected)

    def _write(self, connection: Connection, change: Change) -> None:
        for booking in change.bookings:
            updated = connection.execute(
                sa.update(_BOOKING)
                .where(_BOOKING.c.region == self._region, _BOOKING.c.code == booking.code)
                .values(status=booking.status, amendment=amendment_column(booking))
            )
            if updated.rowcount == 0:
                connection.execute(sa.insert(_BOOKING), self._booking_row(booking))
        for record in change.tours:
            row = self._tour_row(change.day, record)
            updated = connection.execute(
                sa.update(_TOUR)
                .where(*self._of(_TOUR, change.day), _TOUR.c.shift == record.shift)
                .values(row)
            )
            if updated.rowcount == 0:
                connection.execute(sa.insert(_TOUR), row)
        if change.events:
            rows = [self._event_row(change.day, event) for event in change.events]
            connection.execute(sa.insert(_EVENT), rows)
        if change.contacts:
            rows = [self._contact_row(record) for record in change.contacts]
            connection.execute(sa.insert(_CONTACT), rows)
        if change.reports:
            rows = [self._report_row(change.day, report) for report in change.reports]
            connection.execute(sa.insert(_REPORT), rows)
        self._write_conditions(connection, change)
        sql_steps.keep(connection, self._region, change)
        if change.receipt is not None:
            receipt = change.receipt
            row = {"key": receipt.key, "offer": receipt.offer, "code": receipt.code}
            connection.execute(sa.insert(_RECEIPT), {"region": self._region, **row})
        if change.alternative is not None:
            sql_unmet.take(connection, self._region, change.alternative)
        self.standing.write(connection, change.instances, change.waiting, change.rebooked)
        self.outbox.put(connection, change.day, change.notices)

    def _write_conditions(self, connection: Connection, change: Change) -> None:
        for each in change.conditions:
            row = condition_row(self._region, change.day, each)
            own = (_CONDITION.c.region == self._region, _CONDITION.c.id == each.id)
            updated = connection.execute(sa.update(_CONDITION).where(*own).values(row))
            if updated.rowcount == 0:
                connection.execute(sa.insert(_CONDITION), row)

    def _booking_row(self, booking: Booking) -> dict[str, Any]:
        ride = booking.ride
        return {
            "region": self._region,
            "code": booking.code,
            "day": ride.day.isoformat(),
            "status": booking.status,
            "booked_at": booking.booked_at,
            "origin": booking.origin,
            "destination": booking.destination,
            "pickup_stop": ride.pickup_stop,
            "dropoff_stop": ride.dropoff_stop,
            "walk_to_pickup": ride.walk_to_pickup,
            "walk_from_dropoff": ride.walk_from_dropoff,
            "passengers": ride.party.passengers,
            "wheelchairs": ride.party.wheelchairs,
            "child_seats": ride.party.child_seats,
            "pickup_earliest": ride.promise.pickup_earliest,
            "pickup_latest": ride.promise.pickup_latest,
            "dropoff_latest": ride.promise.dropoff_latest,
            "max_ride": ride.promise.max_ride,
            "direct_seconds": ride.direct_seconds,
            "direct_metres": ride.direct_metres,
            "fare_cents": ride.fare_cents,
            "journey": booking.journey,
            "amendment": amendment_column(booking),
            "train": train_column(booking),
        }

    def _contact_row(self, record: ContactRecord) -> dict[str, Any]:
        contact = record.contact
        return {
            "region": self._region,
            "code": record.code,
            "phone_pseudonym": record.phone_pseudonym,
            "name": contact.name,
            "phone": contact.phone,
            "email": contact.email,
            "channel": contact.channel,
            "language": contact.language,
        }

    def _tour_row(self, day: date, record: TourRecord) -> dict[str, Any]:
        return {
            "region": self._region,
            "day": day.isoformat(),
            "shift": record.shift,
            "fixed": record.fixed,
            "served": record.served,
            "ready": record.ready,
            "halts": [[halt.kind, halt.trip, halt.time] for halt in record.halts],
        }

    def _report_row(self, day: date, report: Report) -> dict[str, Any]:
        return {
            "region": self._region,
            "day": day.isoformat(),
            "shift": report.shift,
            "id": report.id,
            "kind": report.kind,
            "time": report.time,
            "code": report.code,
            "odometer": report.odometer,
            "charge": report.charge,
            "takes_back": report.takes_back,
        }

    def _event_row(self, day: date, event: Event) -> dict[str, Any]:
        return {
            "region": self._region,
            "day": day.isoformat(),
            "time": event.time,
            "kind": event.kind,
            "facts": facts(event),
        }


def _booking(row: sa.RowMapping) -> Booking:
    ride = Ride(
        day=date.fromisoformat(row["day"]),
        pickup_stop=row["pickup_stop"],
        dropoff_stop=row["dropoff_stop"],
        walk_to_pickup=row["walk_to_pickup"],
        walk_from_dropoff=row["walk_from_dropoff"],
        party=Party(row["passengers"], row["wheelchairs"], row["child_seats"]),
        promise=Promise(
            row["pickup_earliest"], row["pickup_latest"], row["dropoff_latest"], row["max_ride"]
        ),
        direct_seconds=row["direct_seconds"],
        direct_metres=row["direct_metres"],
        fare_cents=row["fare_cents"],
    )
    return Booking(
        code=row["code"],
        ride=ride,
        origin=row["origin"],
        destination=row["destination"],
        booked_at=row["booked_at"],
        status=BookingStatus(row["status"]),
        journey=row["journey"],
        amendment=amendment(row["amendment"]),
        train=train(row["train"]),
    )


def _contact(row: sa.RowMapping) -> Contact:
    return Contact(
        row["name"], row["phone"], row["email"], Channel(row["channel"]), row["language"]
    )


def _report(row: sa.RowMapping) -> Report:
    return Report(
        row["id"],
        row["shift"],
        ReportKind(row["kind"]),
        row["time"],
        row["code"],
        row["odometer"],
        row["charge"],
        row["takes_back"],
    )


def _tour_record(row: sa.RowMapping) -> TourRecord:
    halts = tuple(HaltRecord(kind, trip, time) for kind, trip, time in row["halts"])
    return TourRecord(row["shift"], row["fixed"], row["served"], row["ready"], halts)
