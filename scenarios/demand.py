"""Who asks for a ride, when and where to: a seeded day of wishes, made from a region's map.

A resident leaves home for a purpose and mostly comes back. Homes are the map's addresses, weighted
by the population of the village they belong to. Where a purpose leads is a gravity model (A. G.
Wilson, *A family of spatial interaction models*, Environment and Planning 3, 1971): the pull of a
place falls exponentially with distance, and what is near is walked to. When it leads there is a
mixture of bells: around opening hours, school and trains; the way back follows after a stay. The
constants and their sources are in :mod:`scenarios.purposes`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from routing.map_features import Feature
from scenarios.purposes import (
    DAY,
    ESCORT_CHILD_SEAT,
    FIRST_CALL,
    HABITS,
    HOUR,
    LAST_CALL,
    MINUTE,
    NAMES_A_STOP,
    PURPOSES,
    SHORTEST_METRES,
    Habits,
    Purpose,
)
from scenarios.spots import Spots, all_stops, goals, homes
from shuttle.domain import Location, Party, RideRequest, When
from shuttle.region import Region


class DemandError(Exception):
    """A region in which nobody can wish for a ride; the sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A ride that somebody will ask for.

    Attributes
    ----------
    number
        Position in the day's order of asking.
    asked_at
        When they ask, in epoch seconds; possibly days before.
    purpose
        Why they go.
    request
        What they ask for.
    there
        The number of the wish that takes them there, if this one is their way back.
    """

    number: int
    asked_at: int
    purpose: str
    request: RideRequest
    there: int | None = None


def wishes(
    region: Region, day: date, rides: int, seed: int, habits: Habits = HABITS
) -> tuple[Wish, ...]:
    """Return a day's wishes in the order of asking.

    Parameters
    ----------
    region
        Its features give homes and destinations; only places with a stop in walking distance are
        asked for.
    day
        The service day; all rides are to begin and end in its opening hours.
    rides
        How many wishes; none on a day without service.
    seed
        The same region, day, number, seed and habits give the same wishes.
    habits
        How people ride.

    Raises
    ------
    DemandError
        If the map has too little in it to go from anywhere to anywhere.
    """
    if not region.config.opening(day):
        return ()
    outings: list[list[Wish]] = []
    missing = rides
    for outing in _Day(region, day, seed, habits).outings(attempts=50 * rides + 1000):
        if missing <= 0:
            break
        outings.append(outing[:missing])
        missing -= len(outings[-1])
    if missing > 0:
        raise DemandError(
            f"The map of {region.config.name} has no two places more than "
            f"{SHORTEST_METRES:.0f} m apart, each with a stop near, to ride between."
        )
    return _in_order(outings)


def _in_order(outings: list[list[Wish]]) -> tuple[Wish, ...]:
    """Return the wishes by the time of asking, numbered; a way back names its way there."""
    flat = [(wish, outing[0]) for outing in outings for wish in outing]
    flat.sort(key=lambda pair: pair[0].asked_at)
    number = {id(wish): place for place, (wish, _) in enumerate(flat)}
    return tuple(
        replace(wish, number=place, there=number[id(first)] if first is not wish else None)
        for place, (wish, first) in enumerate(flat)
    )


_PLACES: WeakKeyDictionary[Region, dict[tuple[str, ...], tuple[Spots, list[Spots]]]]
_PLACES = WeakKeyDictionary()
"""Where people live and go to, by region and purposes: the same on every day of a run."""

_STOP_NEAR: WeakKeyDictionary[Region, dict[tuple[float, float], str | None]]
_STOP_NEAR = WeakKeyDictionary()
"""The nearest stop of such places, as far as it was looked for; no more than there are places."""


def _places(region: Region, purposes: tuple[Purpose, ...]) -> tuple[Spots, list[Spots]]:
    """Return the homes of a region, and where each purpose leads."""
    known = _PLACES.setdefault(region, {})
    key = tuple(map(repr, purposes))
    if key not in known:
        inside = [each for each in region.features if region.contains(each.lat, each.lon)]
        leads = [_goals(region, inside, purpose) for purpose in purposes]
        known[key] = homes(region, inside), leads
    return known[key]


def _goals(region: Region, inside: list[Feature], purpose: Purpose) -> Spots:
    if not purpose.stop:
        return goals(inside, purpose)
    stop = region.stop(purpose.stop)
    return Spots.of([(stop.lat, stop.lon, 1.0, stop.label)])


class _Day:
    """Draws outings on one day in one region."""

    def __init__(self, region: Region, day: date, seed: int, habits: Habits) -> None:
        self.region, self.day, self.habits = region, day, habits
        self.rng = np.random.default_rng(seed)
        self.homes, leads = _places(region, habits.purposes)
        self.goals = [
            (purpose, spots)
            for purpose, spots in zip(habits.purposes, leads, strict=True)
            if day.weekday() <= purpose.last_weekday and spots.labels
        ] or [(PURPOSES[-1], all_stops(region))]
        self.stop_near = _STOP_NEAR.setdefault(region, {})

    def outings(self, attempts: int) -> Iterator[list[Wish]]:
        """Yield the wishes of one outing after the other: there and back, or one of them."""
        for _ in range(attempts):
            outing = self._outing()
            if outing:
                yield outing

    def _outing(self) -> list[Wish]:
        purpose, spots = self.goals[self._one_of([each.share for each, _ in self.goals])]
        home = self._one_of(self.homes.weight)
        km = spots.km_from(self.homes.lat[home], self.homes.lon[home])
        pull = spots.weight * np.exp(-km / self.habits.decay_km)
        pull *= -np.expm1(-((km / self.habits.walked_km) ** 2))
        pull[km * 1000 < SHORTEST_METRES] = 0.0
        if not pull.any():
            return []
        goal = self._one_of(pull)
        here, there = self._location(self.homes, home), self._location(spots, goal)
        if here is None or there is None:
            return []
        return self._rides(purpose, here, there, float(km[goal]))

    def _rides(self, purpose: Purpose, here: Location, there: Location, km: float) -> list[Wish]:
        """Return the wishes of an outing between two places; none if it misses the hours."""
        bell = purpose.arrivals[self._one_of([weight for weight, _, _ in purpose.arrivals])]
        arrival = self._by_train(purpose, self._instant(self._near(bell[1], bell[2])), -5)
        leaving = arrival + _round(max(0.25, self._near(*purpose.stay)) * HOUR)
        leaving = self._by_train(purpose, leaving, 5)
        ride = _round((5 + 2 * km) * MINUTE)
        party = self._party(purpose)
        kind = self.rng.random()
        outing = []
        if kind >= self.habits.only_back and self._open(arrival - ride, arrival):
            outing.append(self._wish(purpose, here, there, party, arrival - ride, arrival))
        if kind < self.habits.only_back + self.habits.comes_back and self._open(
            leaving, leaving + 2 * ride
        ):
            outing.append(self._wish(purpose, there, here, party, leaving, None))
        if len(outing) == 2:
            outing[1] = self._asked_after(outing[0], outing[1])
        return outing

    def _by_train(self, purpose: Purpose, time: int, minutes: int) -> int:
        """Return a time so many minutes from the nearest train, if it is about trains."""
        if not self.habits.trains or "station" not in purpose.pulls:
            return time
        hour = time // HOUR * HOUR
        calls = [hour + 60 * each for each in self.habits.trains]
        around = [each + later * HOUR + minutes * 60 for each in calls for later in (-1, 0, 1)]
        return min(around, key=lambda each: abs(each - time))

    def _wish(
        self,
        purpose: Purpose,
        origin: Location,
        destination: Location,
        party: Party,
        leave: int,
        arrive: int | None,
    ) -> Wish:
        """Return a wish with its time of asking; who asks at short notice wants to leave soon."""
        lead = self._lead()
        if arrive is None or lead < HOUR:
            request = RideRequest(origin, destination, When.DEPART_AT, leave, party)
        else:
            request = RideRequest(origin, destination, When.ARRIVE_BY, arrive, party)
        return Wish(0, self._awake(leave - lead, lead), purpose.name, request)

    def _asked_after(self, there: Wish, back: Wish) -> Wish:
        """Return the way back, asked for in one go with the way there or, as often, later."""
        at_once = there.asked_at + MINUTE
        alone = self.rng.random() < 0.5 and back.asked_at > at_once
        return back if alone else replace(back, asked_at=at_once)

    def _lead(self) -> int:
        """Return how many seconds ahead somebody asks."""
        horizon = max(2, self.region.config.rules.horizon_days) * DAY
        shares = [share for share, _, _ in self.habits.leads]
        bounds = [(begin, end) for _, begin, end in self.habits.leads] + [(DAY, horizon - DAY)]
        begin, end = bounds[self._one_of([*shares, 1 - sum(shares)])]
        return int(self.rng.uniform(begin, end))

    def _awake(self, time: int, lead: int) -> int:
        """Return when somebody asks: not at night, unless they want to leave at its end."""
        hour = datetime.fromtimestamp(time, self.region.config.zone).hour
        if lead < HOUR or FIRST_CALL <= hour < LAST_CALL:
            return time
        return time - (8 if hour < FIRST_CALL else 4) * HOUR

    def _near(self, mean: float, deviation: float) -> float:
        """Return a number under a bell without its tails: no shop opens at five."""
        return mean + deviation * min(max(-1.5, self.rng.normal()), 1.5)

    def _party(self, purpose: Purpose) -> Party:
        size = 1 + self._one_of(self.habits.party_sizes)
        wheelchair, child = self.rng.random(2)
        if purpose.escort:
            return Party(max(2, size), 0, int(child < ESCORT_CHILD_SEAT))
        small = size > 1 and child < self.habits.child_seat
        return Party(size, int(wheelchair < self.habits.wheelchair and not small), int(small))

    def _location(self, spots: Spots, number: int) -> Location | None:
        """Return a place as a resident names it, or None if no stop is near."""
        lat, lon = float(spots.lat[number]), float(spots.lon[number])
        if (lat, lon) not in self.stop_near:
            near = self.region.walkable_stops(lat, lon)
            self.stop_near[lat, lon] = self.region.stops[near[0][0]].id if near else None
        stop_id = self.stop_near[lat, lon]
        if stop_id is None:
            return None
        if self.rng.random() >= NAMES_A_STOP:
            return Location(lat, lon, spots.labels[number])
        stop = self.region.stop(stop_id)
        return Location(stop.lat, stop.lon, stop.label, stop.id)

    def _instant(self, hour: float) -> int:
        minutes = min(max(0, round(hour * 12) * 5), 24 * 60)
        return self.region.config.instant(self.day, minutes)

    def _open(self, begin: int, end: int) -> bool:
        return any(a <= begin and end <= b for a, b in self.region.config.opening(self.day))

    def _one_of(self, weights: npt.ArrayLike) -> int:
        """Return the number of one of several, drawn by weight."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        return int(np.searchsorted(edges, self.rng.random() * edges[-1], side="right"))


def _round(seconds: float) -> int:
    """Return the nearest five minutes: nobody asks for 7:43."""
    return round(seconds / (5 * MINUTE)) * 5 * MINUTE
