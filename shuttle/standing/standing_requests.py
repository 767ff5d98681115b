"""Requests that stay when they have been asked: weekly repeats, and the waiting list.

A series asks for the same ride on many days; each of its days is decided once, when the day opens
for booking. Whoever waits asks to be told when a ride becomes possible that was refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Protocol

from shuttle.domain import Contact, Location, Party, RideRequest, When


@dataclass(frozen=True, slots=True)
class Series:
    """The same ride, week after week.

    Attributes
    ----------
    code
        What its owner keeps.
    origin, destination, when, party
        As in a ride request.
    minutes
        The wanted time on the region's clocks, in minutes after midnight; summer or winter.
    weekdays
        Monday is 0.
    first_day, last_day
        Both included.
    skip_school_holidays, skip_public_holidays
        Whether those days are left out.
    made_at
        When it was asked for.
    ended
        Whether its owner has stopped it: no further day is decided.
    """

    code: str
    origin: Location
    destination: Location
    when: When
    minutes: int
    party: Party
    weekdays: tuple[int, ...]
    first_day: date
    last_day: date
    skip_school_holidays: bool
    skip_public_holidays: bool
    made_at: int
    ended: bool = False

    def same_wish(self, other: "Series") -> bool:
        """Whether both ask for the same rides, whatever they are called and when they were made."""
        return replace(self, code=other.code, made_at=other.made_at, ended=other.ended) == other


@dataclass(frozen=True, slots=True)
class Instance:
    """A day of a series, decided: the code of its booking, or the reason why there is none."""

    series: str
    day: date
    booking: str = ""
    missed: str = ""


class WaitingState(StrEnum):
    """Where somebody on the waiting list stands."""

    WAITING = "waiting"
    TOLD = "told"
    TAKEN = "taken"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


LISTED = (WaitingState.WAITING, WaitingState.TOLD)
"""The states of those who are still on the list."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who wants to be told when a ride becomes possible.

    Attributes
    ----------
    code
        What they keep.
    request
        The ride that was refused.
    day
        Its service day.
    made_at
        When they joined: the order of the list.
    lapses_at
        When no wanted window is left.
    state
        Where they stand.
    held_until
        Once told: until then nobody behind is told of the same place. It stays with whoever was
        not reached and waits again, behind those who have had no turn.
    """

    code: str
    request: RideRequest
    day: date
    made_at: int
    lapses_at: int
    state: WaitingState = WaitingState.WAITING
    held_until: int = 0

    def told(self, held_until: int) -> "Waiting":
        """Return the same once told."""
        return replace(self, state=WaitingState.TOLD, held_until=held_until)

    def taken(self) -> "Waiting":
        """Return the same once it has booked."""
        return replace(self, state=WaitingState.TAKEN)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a standing request belongs to, with the keyed pseudonym of the phone number."""

    contact: Contact
    phone_pseudonym: str


class StandingRequests(Protocol):
    """Where standing requests are kept. What changes with a day comes in with its change."""

    def add_series(self, series: Series, owner: Owner, key: str) -> Series:
        """Keep a series under an idempotency key; return the one that the key stands for."""

    def series(self, code: str) -> Series | None:
        """Return a series, None if there is none."""

    def series_until(self, day: date) -> tuple[Series, ...]:
        """Return the series that last until a day or longer and are not ended, oldest first."""

    def end_series(self, code: str) -> None:
        """Let no further day of a series be decided."""

    def instances(self, code: str) -> tuple[Instance, ...]:
        """Return the days of a series that are decided, in order."""

    def add_waiting(self, waiting: Waiting, owner: Owner, key: str) -> Waiting:
        """Put somebody on the list, under an idempotency key; return whom the key stands for."""

    def waiting(self, code: str) -> Waiting | None:
        """Return somebody on the list, in any state; None if there is nobody."""

    def waiting_list(self) -> tuple[Waiting, ...]:
        """Return all who are waiting or were told, in the order in which they joined."""

    def lapse(self, now: int) -> None:
        """Take those off the list whose time is over."""

    def withdraw(self, code: str) -> None:
        """Take somebody off the list who does not want to wait any longer."""

    def put_back(self, code: str, held_until: int) -> None:
        """Let somebody wait again who was told until a time, unless that has changed meanwhile."""

    def owner(self, code: str) -> Owner | None:
        """Return whom a series or a place on the list belongs to; None if that is deleted."""


@dataclass
class MemoryStandingRequests:
    """Keeps them in memory: for simulations and tests."""

    _series: dict[str, Series] = field(default_factory=dict)
    _instances: dict[tuple[str, date], Instance] = field(default_factory=dict)
    _waiting: dict[str, Waiting] = field(default_factory=dict)
    _owners: dict[str, Owner] = field(default_factory=dict)
    _codes: dict[str, str] = field(default_factory=dict)

    def add_series(self, series: Series, owner: Owner, key: str) -> Series:
        """Keep a series; return the one that the key stands for."""
        code = self._codes.setdefault(f"series {key}", series.code)
        self._owners.setdefault(code, owner)
        return self._series.setdefault(code, series)

    def series(self, code: str) -> Series | None:
        """Return a series."""
        return self._series.get(code)

    def series_until(self, day: date) -> tuple[Series, ...]:
        """Return the series that last until a day or longer and are not ended."""
        alive = [each for each in self._series.values() if each.last_day >= day and not each.ended]
        return tuple(sorted(alive, key=lambda each: (each.made_at, each.code)))

    def end_series(self, code: str) -> None:
        """Let no further day of a series be decided."""
        self._series[code] = replace(self._series[code], ended=True)

    def instances(self, code: str) -> tuple[Instance, ...]:
        """Return the decided days of a series."""
        own = [each for each in self._instances.values() if each.series == code]
        return tuple(sorted(own, key=lambda each: each.day))

    def add_waiting(self, waiting: Waiting, owner: Owner, key: str) -> Waiting:
        """Put somebody on the list; return whom the key stands for."""
        code = self._codes.setdefault(f"waiting {key}", waiting.code)
        self._owners.setdefault(code, owner)
        return self._waiting.setdefault(code, waiting)

    def waiting(self, code: str) -> Waiting | None:
        """Return somebody on the list."""
        return self._waiting.get(code)

    def waiting_list(self) -> tuple[Waiting, ...]:
        """Return all who are waiting or were told."""
        listed = [each for each in self._waiting.values() if each.state in LISTED]
        return tuple(sorted(listed, key=lambda each: (each.made_at, each.code)))

    def lapse(self, now: int) -> None:
        """Take those off the list whose time is over."""
        for each in self.waiting_list():
            if each.lapses_at <= now:
                self._waiting[each.code] = replace(each, state=WaitingState.LAPSED)

    def withdraw(self, code: str) -> None:
        """Take somebody off the list."""
        if self._waiting[code].state in LISTED:
            self._waiting[code] = replace(self._waiting[code], state=WaitingState.WITHDRAWN)

    def put_back(self, code: str, held_until: int) -> None:
        """Let somebody wait again."""
        known = self._waiting[code]
        if known == known.told(held_until):
            self._waiting[code] = replace(known, state=WaitingState.WAITING)

    def owner(self, code: str) -> Owner | None:
        """Return whom a series or a place on the list belongs to."""
        return self._owners.get(code)

    def decided(self, instances: Iterable[Instance]) -> bool:
        """Whether one of these days was decided before."""
        return any((each.series, each.day) in self._instances for each in instances)

    def take(
        self,
        instances: Iterable[Instance],
        waiting: Iterable[Waiting],
        rebooked: Mapping[str, str],
    ) -> None:
        """Take what has changed together with a day."""
        for key, known in self._instances.items():
            self._instances[key] = replace(
                known, booking=rebooked.get(known.booking, known.booking)
            )
        self._instances |= {(each.series, each.day): each for each in instances}
        self._waiting |= {each.code: each for each in waiting}
