"""The outbox: notices on their way, written in the same transaction as their cause.

A sender claims a notice for a while; whoever dies with a claim loses it when its time is over.
Whether something was sent is settled by the claim alone, so of two servers one sends.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from threading import Lock
from typing import Protocol

from shuttle.telling.notices import Key, Notice


class Fate(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"
    """It was tried, or came too late."""
    UNSENT = "unsent"
    """Nobody wants it any more, or there is no way to them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A notice in the outbox.

    Attributes
    ----------
    notice
        What is to be told.
    fate
        Where it stands.
    attempts
        How often it was tried.
    reason
        Why it was not sent, at the last attempt; such as ``smtp 450``. Never an address.
    """

    notice: Notice
    fate: Fate = Fate.WAITING
    attempts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to send a notice until a time.

    Attributes
    ----------
    number
        Of the entry.
    notice
        What is to be told.
    attempts
        How often it was tried, this time included.
    until
        When the right ends.
    """

    number: int
    notice: Notice
    attempts: int
    until: int


class Outbox(Protocol):
    """Where notices wait. Safe on any thread; new ones come in with a day's change."""

    def claim(self, now: int, until: int) -> Claim | None:
        """Claim the notice that has been due longest; None if there is none."""

    def is_due(self, now: int) -> bool:
        """Whether there is a notice that could be claimed; cheap as long as nothing changes."""

    def settle(self, claim: Claim, fate: Fate, reason: str = "") -> bool:
        """Write down a notice's fate; False if the claim is lost, and nothing was written."""

    def postpone(self, claim: Claim, due: int, reason: str) -> bool:
        """Let a notice be tried again from a time on; False if the claim is lost."""

    def entries(self, day: date) -> tuple[Entry, ...]:
        """Return the notices about a service day in the order in which they came."""

    def about(self, code: str) -> tuple[Entry, ...]:
        """Return the notices to one owner, by the code, in the order in which they came."""

    def age(self, now: int) -> int:
        """Return for how many seconds the oldest notice has been waiting, 0 if none is."""


def first_of_each(notices: Iterable[Notice]) -> Iterable[Notice]:
    """Return the first notice of each key: an act that says something twice has said it once."""
    found: dict[Key, Notice] = {}
    for each in notices:
        found.setdefault(each.key, each)
    return found.values()


@dataclass
class _Waiting:
    """An entry with its day, when it is due, and until when it is claimed."""

    day: date
    entry: Entry
    due: int
    claimed_until: int = 0


@dataclass
class MemoryOutbox:
    """Keeps them in memory: for simulations and tests."""

    _rows: list[_Waiting] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __deepcopy__(self, memo: dict[int, object]) -> "MemoryOutbox":
        """Return a copy with a lock of its own."""
        return MemoryOutbox(deepcopy(self._rows, memo))

    def put(self, day: date, notices: Iterable[Notice]) -> None:
        """Take notices in, each only once."""
        with self._lock:
            known = {row.entry.notice.key for row in self._rows}
            new = [each for each in first_of_each(notices) if each.key not in known]
            self._rows.extend(_Waiting(day, Entry(each), each.time) for each in new)

    def claim(self, now: int, until: int) -> Claim | None:
        """Claim the notice that has been due longest."""
        with self._lock:
            due = self._due(now)
            if not due:
                return None
            number = min(due)[1]
            row = self._rows[number]
            row.claimed_until = until
            row.entry = replace(row.entry, attempts=row.entry.attempts + 1)
            return Claim(number, row.entry.notice, row.entry.attempts, until)

    def is_due(self, now: int) -> bool:
        """Whether there is a notice that could be claimed."""
        with self._lock:
            return bool(self._due(now))

    def _due(self, now: int) -> list[tuple[int, int]]:
        return [
            (row.due, number)
            for number, row in enumerate(self._rows)
            if row.entry.fate is Fate.WAITING and max(row.due, row.claimed_until) <= now
        ]

    def settle(self, claim: Claim, fate: Fate, reason: str = "") -> bool:
        """Write down a notice's fate."""
        with self._lock:
            row = self._rows[claim.number]
            if row.claimed_until != claim.until:
                return False
            row.entry = replace(row.entry, fate=fate, reason=reason)
            row.claimed_until = 0
            return True

    def postpone(self, claim: Claim, due: int, reason: str) -> bool:
        """Let a notice be tried again from a time on."""
        with self._lock:
            row = self._rows[claim.number]
            if row.claimed_until != claim.until:
                return False
            row.entry = replace(row.entry, reason=reason)
            row.due, row.claimed_until = due, 0
            return True

    def entries(self, day: date) -> tuple[Entry, ...]:
        """Return the notices about a service day."""
        with self._lock:
            return tuple(row.entry for row in self._rows if row.day == day)

    def about(self, code: str) -> tuple[Entry, ...]:
        """Return the notices to one owner."""
        with self._lock:
            return tuple(row.entry for row in self._rows if row.entry.notice.code == code)

    def age(self, now: int) -> int:
        """Return for how many seconds the oldest notice has been waiting."""
        with self._lock:
            waiting = [
                row.entry.notice.time for row in self._rows if row.entry.fate is Fate.WAITING
            ]
        return max(0, now - min(waiting, default=now))
