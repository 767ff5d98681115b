"""Looks at everything the service needs, and says what to do about what it lacks.

A check is a function that returns what is well, or raises :class:`Unwell` with what to do. A new
one is a line in :data:`CHECKS`.
"""

import shutil
import smtplib
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine, make_url

from routing.stops import StopsError, read_stops
from shuttle.errors import ShuttleError
from shuttle.keeping.database import (
    newest_schema,
    open_engine,
    reading,
    schema_of,
    table_of,
    writing,
)
from shuttle.keeping.tables import EventRow, ServiceDay
from shuttle.region import Region
from shuttle.region_config import read_config
from shuttle.settings import Settings, database_url, key_path, read_settings
from shuttle.timetables.stations import Stations
from shuttle.timetables.timetable import Timetable

_EVENT, _DAY = table_of(EventRow), table_of(ServiceDay)

LEAST_SPACE = 256 * 2**20
"""Bytes that must be free beside an SQLite file."""

AHEAD = 300
"""Seconds that the newest event may be ahead of the clock."""


MAIL_SECONDS = 10
"""How long a mail server is waited for."""


class Unwell(ShuttleError):
    """A check found something wrong; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `words` say what is well, or what to do."""

    check: str
    ok: bool
    words: str


@dataclass(frozen=True)
class Surroundings:
    """What is looked at: what the command line gave, the environment, and the time."""

    region_given: Path | None
    database_given: str | None
    now: int

    @cached_property
    def settings(self) -> Settings:
        """The settings of this machine."""
        return read_settings()

    @property
    def folder(self) -> Path:
        """The region's folder."""
        return self.region_given or self.settings.region

    @property
    def url(self) -> str:
        """The database's URL."""
        return database_url(self.database_given or self.settings.database)

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file, if it is one."""
        url = make_url(self.url)
        sqlite = url.get_backend_name() == "sqlite" and url.database
        return Path(url.database) if sqlite and url.database else None

    @contextmanager
    def database(self) -> Iterator[Engine]:
        """Give the database; Unwell if there is none."""
        if self.sqlite_file is not None and not self.sqlite_file.exists():
            raise Unwell(
                f"There is no database at {self.sqlite_file}; name the right one with "
                "SHUTTLE_DATABASE, or start the service once: shuttle serve."
            )
        engine = open_engine(self.url)
        try:
            yield engine
        finally:
            engine.dispose()


def examine(here: Surroundings) -> tuple[Finding, ...]:
    """Do all checks; one that fails does not keep the others from being done."""
    return tuple(_found(name, check, here) for name, check in CHECKS.items())


def _found(name: str, check: Callable[[Surroundings], str], here: Surroundings) -> Finding:
    try:
        return Finding(name, ok=True, words=check(here))
    except ShuttleError as error:
        return Finding(name, ok=False, words=str(error))


def _settings(here: Surroundings) -> str:
    where = here.settings.host, here.settings.port
    return f"{here.folder} at {':'.join(map(str, where))}, {make_url(here.url).render_as_string()}"


def _region(here: Surroundings) -> str:
    region = Region.load(here.folder)
    return (
        f"{region.config.name}: {len(region.stops)} stops, {len(region.config.vehicles)} vehicles"
    )


def _timetable(here: Surroundings) -> str:
    config = read_config(here.folder / "region.toml")
    if config.timetable is None:
        return "none is named: rides are offered without trains"
    path = here.folder / config.timetable.gtfs
    if not path.exists():
        raise Unwell(
            f"There is no timetable at {path}; put the GTFS feed there, or take [timetable] out of "
            "region.toml."
        )
    timetable = Timetable.read(path)
    today = config.local_day(here.now)
    if timetable.last_day < today:
        raise Unwell(f"The timetable {path} ended on {timetable.last_day}; fetch a newer one.")
    try:
        stops = read_stops(here.folder / config.stops)
    except StopsError as error:
        raise Unwell(str(error)) from error
    stations = Stations.of(config.timetable, timetable, [(each.lat, each.lon) for each in stops])
    if not stations.known:
        raise Unwell(
            f"Nothing in the timetable {path} stops in {config.name}; fetch the feed of this area."
        )
    return f"{path}, until {timetable.last_day}"


def _key(here: Surroundings) -> str:
    if here.settings.signing_key is not None:
        return "given by SHUTTLE_SIGNING_KEY"
    path = key_path(here.settings, here.url)
    if not path.exists():
        return f"{path} will be made on the first start"
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Unwell(f"Others can read the secret key; run: chmod 600 {path}")
    return f"{path}, for its owner alone; keep a copy apart from the backups"


def _reachable(here: Surroundings) -> str:
    with here.database() as engine, reading(engine) as connection:
        connection.execute(sa.select(sa.literal(1)))
    return "answers"


def _migrated(here: Surroundings) -> str:
    with here.database() as engine, reading(engine) as connection:
        found, newest = schema_of(connection), newest_schema()
    if found != newest:
        raise Unwell(
            f"The tables are at schema {found}, this version works with {newest}; "
            "make a backup and start the service: it brings them up to date."
        )
    return f"schema {found}"


def _writable(here: Surroundings) -> str:
    with here.database() as engine, writing(engine) as connection:
        connection.execute(sa.insert(_DAY), {"region": "~doctor", "day": "~", "revision": 0})
        connection.rollback()
    return "takes a row and gives it up again"


def _space(here: Surroundings) -> str:
    if here.sqlite_file is None:
        return "is the database server's affair"
    free = shutil.disk_usage(here.sqlite_file.resolve().parent).free
    if free < LEAST_SPACE:
        raise Unwell(
            f"Only {free // 2**20} MB are free beside {here.sqlite_file}; "
            f"make room for at least {LEAST_SPACE // 2**20} MB."
        )
    return f"{free / 2**30:.1f} GB free"


def _clock(here: Surroundings) -> str:
    built = max(int(each.stat().st_mtime) for each in Path(__file__).parent.glob("*.py"))
    if here.now < built:
        raise Unwell(
            f"The clock says {_shown(here.now)}, but the program was installed at "
            f"{_shown(built)}; switch time synchronisation on (timedatectl set-ntp true)."
        )
    with here.database() as engine, reading(engine) as connection:
        newest = connection.scalar(sa.select(sa.func.max(_EVENT.c.time)))
    if newest is not None and newest > here.now + AHEAD:
        raise Unwell(
            f"The clock says {_shown(here.now)}, but something was stored at {_shown(newest)}; "
            "switch time synchronisation on (timedatectl set-ntp true)."
        )
    zone = read_config(here.folder / "region.toml").zone
    local = datetime.fromtimestamp(here.now, zone)
    return f"{local:%Y-%m-%d %H:%M} in {zone}"


def _mail(here: Surroundings) -> str:
    settings = here.settings
    if not settings.smtp_host:
        return "is not set up: residents are told nothing by e-mail"
    return mail_server(settings.smtp_host, settings.smtp_port, settings.smtp_security)


def mail_server(host: str, port: int | None, security: str) -> str:
    """Return that a mail server greets.

    Parameters
    ----------
    host, port
        Where it listens; None is the usual port.
    security
        ``tls`` from the first byte on; ``starttls``, which it has to offer; or ``none``.

    Raises
    ------
    Unwell
        If it does not.
    """
    port = port or {"tls": smtplib.SMTP_SSL_PORT, "starttls": 587}.get(security, smtplib.SMTP_PORT)
    kind = smtplib.SMTP_SSL if security == "tls" else smtplib.SMTP
    try:
        with kind(host, port, timeout=MAIL_SECONDS) as server:
            server.ehlo()
            if security == "starttls" and not server.has_extn("starttls"):
                raise Unwell(
                    f"The mail server {host}:{port} offers no STARTTLS; "
                    "set SHUTTLE_SMTP_SECURITY to tls, or to none inside a trusted network."
                )
    except (OSError, smtplib.SMTPException) as error:
        raise Unwell(
            f"The mail server {host}:{port} does not answer ({error}); "
            "look at SHUTTLE_SMTP_HOST, SHUTTLE_SMTP_PORT and the firewall."
        ) from error
    return f"{host}:{port} greets"


def _shown(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC"


CHECKS: dict[str, Callable[[Surroundings], str]] = {
    "settings": _settings,
    "region": _region,
    "timetable": _timetable,
    "secret key": _key,
    "database": _reachable,
    "database schema": _migrated,
    "database writable": _writable,
    "disk": _space,
    "clock": _clock,
    "mail": _mail,
}
"""All checks, in the order in which they are shown."""
