"""From a request to pickup windows, and from a window to an offer with its promise.

Every pair of stops within walking distance is tried in every window of the search span over all
tours of the day: one compiled call of :func:`routing.insertion.best_insertions`. The promise that
comes out *is* the time window of the halts, so nothing that plans later can break it unnoticed.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from routing.insertion import Insertion, best_insertions
from routing.problem import Trip
from shuttle.booking.requests import Access, CheckedRequest
from shuttle.domain import Booking, Offer, Promise, Ride, When
from shuttle.plan import DayPlan
from shuttle.region import Region

WALK_WEIGHT = 2
"""A second on foot is felt like two on board (the usual finding of mode-choice studies)."""

MOST_OFFERS = 3

_MARK = 300
"""Windows begin at five-minute marks where they can: easy to say, easy to remember."""


def exact_trip(region: Region, ride: Ride, code: str) -> Trip:
    """Return a ride as the routing floor sees it: its promise as hard time windows."""
    promise = ride.promise
    service = region.config.rules.halt_seconds
    return Trip(
        id=code,
        pickup=region.place_when(
            region.place_of(ride.pickup_stop), promise.pickup_earliest, promise.pickup_latest
        ),
        dropoff=region.place_when(
            region.place_of(ride.dropoff_stop), promise.pickup_earliest, promise.dropoff_latest
        ),
        pickup_earliest=promise.pickup_earliest,
        pickup_latest=promise.pickup_latest,
        dropoff_earliest=promise.pickup_earliest,
        dropoff_latest=promise.dropoff_latest,
        max_ride=promise.max_ride,
        loads=ride.party.loads,
        pickup_service=service,
        dropoff_service=service,
    )


def planned_trip(region: Region, booking: Booking) -> Trip:
    """Return a booked ride as it is to be planned: at the time a dispatcher wants, if any."""
    earliest, latest = booking.pickup_span
    trip = exact_trip(region, booking.ride_now, booking.code)
    return replace(trip, pickup_earliest=earliest, pickup_latest=latest)


def closed_for(region: Region, ride: Ride) -> bool:
    """Whether one of a ride's stops is closed when somebody may have to halt there."""
    promise = ride.promise
    ends = (ride.pickup_stop, promise.pickup_latest), (ride.dropoff_stop, promise.dropoff_latest)
    return any(
        region.closed(region.place_of(stop), promise.pickup_earliest, latest)
        for stop, latest in ends
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """A stop to get on and a stop to get off, and what follows from them, in seconds."""

    pickup: Access
    dropoff: Access
    direct: int
    max_ride: int
    to_pickup: int
    from_dropoff: int

    @property
    def walking(self) -> int:
        """What the walks of this pair cost when pairs are compared, in seconds of driving."""
        return WALK_WEIGHT * (self.to_pickup + self.from_dropoff)


def pairs_of(
    region: Region, origins: Iterable[Access], destinations: Sequence[Access]
) -> tuple[Pair, ...]:
    """Return every pair of two different stops, the nearest first."""
    pairs = []
    ends = [(dropoff, dropoff.seconds) for dropoff in destinations]
    for pickup in origins:
        to_pickup = pickup.seconds
        for dropoff, from_dropoff in ends:
            if pickup.place != dropoff.place:
                direct = int(region.travel.seconds[pickup.place, dropoff.place])
                max_ride = region.config.rules.max_ride(direct)
                pairs.append(Pair(pickup, dropoff, direct, max_ride, to_pickup, from_dropoff))
    return tuple(pairs)


class Option(NamedTuple):
    """One pair of stops in one window, to be tried over all tours."""

    step: int
    pair: Pair
    trip: Trip


@dataclass(frozen=True, slots=True)
class Search:
    """All options of one request: pairs of stops, and windows counted in steps.

    Step 0 is the window wanted most: the first after the wanted departure, or the last that still
    arrives in time. Higher steps move on in that direction; negative ones lie on the far side of
    what was asked, for when nothing else works.
    """

    region: Region
    checked: CheckedRequest
    now: int
    new_id: Callable[[], str]
    pairs: tuple[Pair, ...]
    opening: tuple[tuple[int, int], ...]
    width: int
    steps: int
    not_before: int = 0

    @classmethod
    def of(
        cls,
        region: Region,
        checked: CheckedRequest,
        now: int,
        new_id: Callable[[], str],
        not_before: int = 0,
    ) -> "Search":
        """Return the search for a request: its pairs of stops, and how many windows it spans.

        Nobody is picked up before `not_before`, whatever was asked.
        """
        rules = region.config.rules
        return cls(
            region,
            checked,
            now,
            new_id,
            pairs_of(region, checked.origins, checked.destinations),
            tuple(region.config.opening(checked.day)),
            rules.window_minutes * 60,
            max(1, rules.search_minutes // rules.window_minutes),
            not_before,
        )

    @property
    def wanted(self) -> range:
        """The steps that answer the request as it was asked."""
        return range(self.steps)

    def offers(self, plan: DayPlan, steps: Iterable[int]) -> list[Offer]:
        """Return the best offer of each window that has one, in the order of the steps."""
        best: dict[int, tuple[Insertion, Option]] = {}
        for insertion, option in self.fitting(plan, steps):
            rival = best.get(option.step)
            if rival is None or insertion.score < rival[0].score:
                best[option.step] = (insertion, option)
        return self._apart([self._offer(*pair) for pair in best.values()])

    def fitting(self, plan: DayPlan, steps: Iterable[int]) -> list[tuple[Insertion, Option]]:
        """Return the options that fit into a tour, each with where it fits best."""
        options = self.options(steps)
        found = best_insertions(
            plan.insertable,
            self.region.travel,
            [option.trip for option in options],
            [option.pair.walking for option in options],
        )
        return [
            (insertion, option)
            for option, insertion in zip(options, found, strict=True)
            if insertion is not None
        ]

    def first_offer(self, plan: DayPlan, begin: int, direction: int) -> list[Offer]:
        """Return the nearest offer from a step on in a direction, if the day has one."""
        most = 24 * 3600 // self.width
        for step in range(begin, direction * most, direction * self.steps):
            offers = self.offers(plan, range(step, step + direction * self.steps, direction))
            if offers:
                return offers[:1]
        return []

    def _apart(self, offers: list[Offer]) -> list[Offer]:
        """Drop offers whose window nearly is that of an earlier one."""
        kept: list[Offer] = []
        for offer in offers:
            begin = offer.ride.promise.pickup_earliest
            others = [other.ride.promise.pickup_earliest for other in kept]
            if all(abs(begin - other) >= self.width // 2 for other in others):
                kept.append(offer)
        return kept

    def options(self, steps: Iterable[int]) -> list[Option]:
        """Return all pairs of stops in the windows of some steps that may be ridden at all."""
        return [
            Option(step, pair, trip)
            for step in steps
            for pair in self.pairs
            if (trip := self._trip(pair, step)) is not None
        ]

    def _trip(self, pair: Pair, step: int) -> Trip | None:
        """Return a pair in a window as a trip, None if the window is over or not in the hours."""
        request, rules = self.checked.request, self.region.config.rules
        soonest = _minute_up(self.now + max(rules.lead_minutes * 60, pair.to_pickup))
        soonest = max(soonest, self.not_before)
        if request.when is When.DEPART_AT:
            ready = _minute_up(request.time + pair.to_pickup)
            first = max(ready, soonest) if step >= 0 else ready
            earliest = first if step == 0 else first // _MARK * _MARK + step * self.width
            latest = earliest + self.width
            longest = self._longest(pair, earliest, latest)
            deadline = latest + rules.halt_seconds + longest
        else:
            deadline = request.time - pair.from_dropoff - min(step, 0) * self.width
            last = (deadline - rules.halt_seconds - pair.direct) // 60 * 60
            latest = last - max(step, 0) * self.width
            earliest = latest - self.width
            longest = self._longest(pair, earliest, latest)
        earliest = max(earliest, soonest)
        if latest - earliest < _MARK or not self._open(earliest, earliest + pair.direct):
            return None
        # The promise may end later than this, by a window's width at most.
        boarding = pair.pickup.place, earliest, latest + self.width
        arriving = pair.dropoff.place, earliest, deadline + self.width
        if self.region.closed(*boarding) or self.region.closed(*arriving):
            return None
        return Trip(
            id="",
            pickup=self.region.place_when(*boarding),
            dropoff=self.region.place_when(*arriving),
            pickup_earliest=earliest,
            pickup_latest=latest,
            dropoff_earliest=earliest,
            dropoff_latest=min(deadline, latest + rules.halt_seconds + longest),
            max_ride=longest,
            loads=request.party.loads,
            pickup_service=rules.halt_seconds,
            dropoff_service=rules.halt_seconds,
        )

    def _longest(self, pair: Pair, earliest: int, latest: int) -> int:
        """Return the longest ride of a pair in a window: in snow, the way itself takes longer."""
        halt, region = self.region.config.rules.halt_seconds, self.region
        arrived = latest + halt + pair.max_ride
        pickup = region.place_when(pair.pickup.place, earliest, latest + self.width)
        dropoff = region.place_when(pair.dropoff.place, earliest, arrived + self.width)
        if (pickup, dropoff) == (pair.pickup.place, pair.dropoff.place):
            return pair.max_ride
        way = int(region.travel.seconds[pickup, dropoff])
        return max(pair.max_ride, region.config.rules.max_ride(way))

    def _open(self, begin: int, end: int) -> bool:
        return any(opens <= begin and end <= closes for opens, closes in self.opening)

    def _offer(self, insertion: Insertion, option: Option) -> Offer:
        region, request, pair = self.region, self.checked.request, option.pair
        metres = int(region.travel.metres[pair.pickup.place, pair.dropoff.place])  # undisturbed
        ride = Ride(
            day=self.checked.day,
            pickup_stop=region.stops[pair.pickup.place].id,
            dropoff_stop=region.stops[pair.dropoff.place].id,
            walk_to_pickup=pair.pickup.metres,
            walk_from_dropoff=pair.dropoff.metres,
            party=request.party,
            promise=self._promise(insertion, option.trip),
            direct_seconds=pair.direct,
            direct_metres=metres,
            fare_cents=region.config.fares.fare(request.party.passengers, metres),
        )
        return Offer(
            id=self.new_id(),
            request=request,
            ride=ride,
            expected_pickup=insertion.pickup_time,
            expected_dropoff=insertion.dropoff_time,
            valid_until=self.now + region.config.rules.offer_valid_minutes * 60,
        )

    def _promise(self, insertion: Insertion, searched: Trip) -> Promise:
        """Narrow a searched window to what is said to the resident.

        Depart-at: the window begins at the five-minute mark before the pickup that was found, so
        that most of its width is left as slack for pooling. Arrive-by keeps the searched window.
        """
        begin, end = searched.pickup_earliest, searched.pickup_latest
        if self.checked.request.when is When.DEPART_AT:
            begin = max(insertion.pickup_time // _MARK * _MARK, begin)
            end = begin + self.width
        arrival = searched.dropoff_latest + end - searched.pickup_latest
        return Promise(begin, end, arrival, searched.max_ride)


def _minute_up(time: int) -> int:
    return -(-time // 60) * 60
