"""Several processes on one PostgreSQL: which of them is on duty, and word of what the others did.

Any of them takes bookings. What is to be done once (reminders, outbox, nightly jobs, better plans)
is done by the one that holds the region's advisory lock. The lock hangs on a session, which the
database ends when its process is killed, or has said nothing for :data:`SILENCE_SECONDS`; then
another process has it a second later. The same session listens for what the others write; what
that is, another thread looks up, for the session must not fall silent while the writer is busy.

On SQLite there is nobody to share the work with: every process is on duty.
"""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from datetime import date
from typing import Any

import psycopg
import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from shuttle.dispatcher import Dispatcher
from shuttle.driving.reports import Sighting
from shuttle.keeping.word import CHANNEL, Word

SILENCE_SECONDS = 5
"""A process from which the database has heard nothing for so long is no longer on duty."""

_LOOK_SECONDS = 1.0
"""How often the lock is asked for, or that it is still ours."""

_LINE = {
    "application_name": "shuttle duty",
    "connect_timeout": SILENCE_SECONDS,
    "keepalives_idle": SILENCE_SECONDS,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": SILENCE_SECONDS * 1000,
}
"""How the session is called in the database, and after how long a dead line counts as broken."""

_log = structlog.get_logger()


class Duty:
    """Whether this process is the one on duty for a region; True where called.

    Parameters
    ----------
    dispatcher
        Is told what other processes did.
    engine
        Of the region's database.
    word
        What this process's store passes on to the others.
    """

    def __init__(self, dispatcher: Dispatcher, engine: Engine, word: Word) -> None:
        self._dispatcher, self._engine, self._word = dispatcher, engine, word
        self._alone = engine.dialect.name != "postgresql"
        self._held = False
        self._ended, self._heard = threading.Event(), threading.Event()

    def __call__(self) -> bool:
        """Return whether what is to be done once is to be done here."""
        return self._alone or self._held

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listen, and ask for the duty, while the body runs; it is given back at the end."""
        if self._alone:
            yield
            return
        self._dispatcher.pass_on = self._pass_on
        threads = [
            threading.Thread(target=each, name=name, daemon=True)
            for each, name in ((self._run, "duty"), (self._look, "duty news"))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._heard.set()
            for thread in threads:
                thread.join()

    def _pass_on(self, day: date, shift: str, sighting: Sighting) -> None:
        """Pass on a position, which no table holds."""
        try:
            with self._engine.begin() as connection:
                self._word.say(connection, [day.isoformat(), shift, *astuple(sighting)])
        except SQLAlchemyError as error:  # the others lack one position, and will hear the next
            _log.error("position_not_passed_on", error=type(error).__name__)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with closing(self._session()) as session:
                    while not self._ended.is_set():
                        self._held = self._holds(session)
                        self._listen(session)
            except Exception as error:  # noqa: BLE001 -- whatever it is, duty is asked for again
                _log.error("duty_interrupted", error=type(error).__name__)
            finally:
                self._held = False
            self._ended.wait(_LOOK_SECONDS)

    def _look(self) -> None:
        """Look at what others wrote whenever there is word of it; that may take its time."""
        while self._heard.wait() and not self._ended.is_set():
            self._heard.clear()
            try:
                self._dispatcher.look_again()
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is looked at again
                _log.error("news_not_seen", error=type(error).__name__)
                self._heard.set()
                self._ended.wait(_LOOK_SECONDS)

    def _session(self) -> psycopg.Connection[Any]:
        words, options = self._engine.dialect.create_connect_args(self._engine.url)
        session = psycopg.connect(*words, **{**_LINE, **options}, autocommit=True)
        session.execute(f"SET idle_session_timeout = '{SILENCE_SECONDS}s'")
        session.execute(f"LISTEN {CHANNEL}")
        return session

    def _holds(self, session: psycopg.Connection[Any]) -> bool:
        """Ask for the lock; where it is ours already, say that we are still there."""
        if self._held:
            session.execute("SELECT 1")
            return True
        lock = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        row = session.execute(lock, [f"duty {self._word.region}"]).fetchone()
        return row is not None and bool(row[0])

    def _listen(self, session: psycopg.Connection[Any]) -> None:
        """Take in what others say, for a moment; many words at once are one look at the days."""
        heard = [
            content
            for notice in session.notifies(timeout=_LOOK_SECONDS, stop_after=1)
            for content in [self._word.heard(notice.payload)]
            if content is not None
        ]
        for content in heard:
            if content:
                day, shift, *where = content
                self._dispatcher.seen_elsewhere(date.fromisoformat(day), shift, Sighting(*where))
        if any(not content for content in heard):
            self._heard.set()
