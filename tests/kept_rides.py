"""Rides of Toy Town in a database, with whom they belong to: for tests of what is kept how long."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Channel, Contact, Location, Party, RideRequest, When
from shuttle.errors import RequestError
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.region import Region
from shuttle.standing.standing_requests import Owner, Series, Waiting

DAY = 86_400
NAME, PHONE, EMAIL = "Frau Petersen", "+49464178123", "petersen@example.org"
HOME, DOCTOR = "Am Anger 3", "Praxis Dr. Voß"
PERSONAL_WORDS = (NAME, PHONE, EMAIL, HOME, DOCTOR)
KEYED = Keyed(b"k" * 32)
OWNER = Owner(Contact(NAME, PHONE, EMAIL, Channel.SMS, "de"), KEYED.phone(PHONE))


def at(text: str) -> int:
    """The epoch second of a time on Berlin's clocks."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp())


MONDAY_EIGHT, MONDAY_EVENING = at("2027-03-22T08:00"), at("2027-03-22T19:30")


@dataclass
class Kept:
    """A dispatcher on a database, and what tests want to know of it."""

    region: Region
    dispatcher: Dispatcher
    engine: sa.Engine

    def book(
        self,
        now: int = MONDAY_EIGHT,
        ahead: int = 3607,
        phone: str = PHONE,
        party: Party = Party(),  # noqa: B008 -- frozen
    ) -> Booking:
        """Book a ride from a home address to the doctor's, who are near church and station."""
        request = replace(self._wish(now + ahead), party=party)
        offer = self.dispatcher.quote(request, now).offers[0]
        contact = Contact(NAME, phone, EMAIL, Channel.SMS, "de")
        return self.dispatcher.book(offer, f"key-{offer.id}", now, contact)

    def served(self) -> Booking:
        """Book a ride and let Monday pass."""
        booking = self.book()
        self.dispatcher.advance(MONDAY_EVENING)
        return self.dispatcher.booking(booking.code)

    def _wish(self, time: int) -> RideRequest:
        church, station = (self.region.stop(each) for each in ("kirche", "bahnhof"))
        return RideRequest(
            Location(church.lat, church.lon, HOME),
            Location(station.lat, station.lon, DOCTOR),
            When.DEPART_AT,
            time,
        )

    def repeat(self, last_day: str = "2027-04-30") -> Series:
        """Ask for the ride every Monday and Tuesday."""
        wish = self._wish(MONDAY_EIGHT)
        series = Series(
            "SERIES23",
            wish.origin,
            wish.destination,
            wish.when,
            10 * 60,
            wish.party,
            weekdays=(0, 1),
            first_day=date(2027, 3, 22),
            last_day=date.fromisoformat(last_day),
            skip_school_holidays=False,
            skip_public_holidays=False,
            made_at=MONDAY_EIGHT,
        )
        return self.dispatcher.store.standing.add_series(series, OWNER, "key-of-a-series")

    def wait(self) -> Waiting:
        """Put somebody on the waiting list."""
        wanted = MONDAY_EIGHT + 3600
        day = self.region.config.local_day(wanted)
        waiting = Waiting("WAIT2345", self._wish(wanted), day, MONDAY_EIGHT, wanted)
        return self.dispatcher.store.standing.add_waiting(waiting, OWNER, "key-of-the-list")

    def refused(self) -> None:
        """Ask for a ride that no vehicle can do."""
        with suppress(RequestError):
            self.dispatcher.quote(self._wish(at("2027-03-22T03:00") + DAY), MONDAY_EIGHT)

    def dump(self) -> str:
        """Return every row of every table."""
        tables = sa.MetaData()
        tables.reflect(self.engine)
        with self.engine.connect() as connection:
            rows = [
                f"{table.name} {dict(row)}"
                for table in tables.sorted_tables
                for row in connection.execute(sa.select(table)).mappings()
            ]
        return "\n".join(rows)

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        query = sa.select(sa.func.count()).select_from(sa.table(table))
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


@contextmanager
def keeping(region: Region, url: str) -> Iterator[Kept]:
    """Give a dispatcher on a database."""
    store = SqlStore(url, region.config.id)
    dispatcher = Dispatcher(region, store, keyed=KEYED)
    yield Kept(region, dispatcher, store.engine)
    dispatcher.close()
