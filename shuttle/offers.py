"""From a request to pickup windows; from no window to the reason and the nearest that works.

Every pair of stops within walking distance is tried in every window of the search span over all
tours of the day: one compiled call of :func:`routing.insertion.best_insertions`. The promise that
comes out *is* the time window of the halts, so nothing that plans later can break it unnoticed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from routing.insertion import Insertion, Obstacle, best_insertions, explain
from routing.problem import Trip
from shuttle.domain import Offer, Promise, Quote, Refusal, RefusalReason, Ride, When
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.requests import Access, CheckedRequest

WALK_WEIGHT = 2
"""A second on foot is felt like two on board (the usual finding of mode-choice studies)."""

MOST_OFFERS = 3

_MARK = 300
"""Windows begin at five-minute marks where they can: easy to say, easy to remember."""


def quote(
    region: Region,
    plan: DayPlan,
    checked: CheckedRequest,
    now: int,
    new_id: Callable[[], str],
) -> Quote:
    """Answer a request on a plan.

    Parameters
    ----------
    region
        Stops, travel times and rules.
    plan
        The service day of the request, rolled forward to `now`.
    checked
        The request.
    now
        Epoch seconds.
    new_id
        Makes the ids of offers.

    Returns
    -------
    Quote
        Up to three offers in different windows; or a refusal with the nearest that work.
    """
    search = _Search(region, checked, now, new_id)
    wanted = range(search.steps)
    offers = search.offers(plan, wanted)
    if offers:
        return Quote(tuple(offers[:MOST_OFFERS]))
    nearest = [offer for steps in search.beyond(wanted) for offer in search.offers(plan, steps)[:1]]
    return Quote(tuple(nearest), search.refusal(plan, wanted))


def exact_trip(region: Region, ride: Ride, code: str) -> Trip:
    """Return a ride as the routing floor sees it: its promise as hard time windows."""
    promise = ride.promise
    service = region.config.rules.halt_seconds
    return Trip(
        id=code,
        pickup=region.place_of(ride.pickup_stop),
        dropoff=region.place_of(ride.dropoff_stop),
        pickup_earliest=promise.pickup_earliest,
        pickup_latest=promise.pickup_latest,
        dropoff_earliest=promise.pickup_earliest,
        dropoff_latest=promise.dropoff_latest,
        max_ride=promise.max_ride,
        loads=ride.party.loads,
        pickup_service=service,
        dropoff_service=service,
    )


@dataclass(frozen=True, slots=True)
class _Option:
    """One pair of stops in one window, to be tried over all tours."""

    step: int
    pickup: Access
    dropoff: Access
    promise: Promise


@dataclass(frozen=True, slots=True)
class _Search:
    """All options of one request: pairs of stops, and windows counted in steps.

    Step 0 is the window wanted most: the first after the wanted departure, or the last that still
    arrives in time. Higher steps move on in that direction; negative ones lie on the far side of
    what was asked, for when nothing else works.
    """

    region: Region
    checked: CheckedRequest
    now: int
    new_id: Callable[[], str]

    @property
    def width(self) -> int:
        """Seconds of a window."""
        return self.region.config.rules.window_minutes * 60

    @property
    def steps(self) -> int:
        """How many windows lie in the search span."""
        return max(1, self.region.config.rules.search_minutes * 60 // self.width)

    def beyond(self, wanted: range) -> Iterator[range]:
        """Yield the steps of the rest of the day, first onward, then on the far side."""
        most = 24 * 3600 // self.width
        yield range(wanted.stop, most)
        yield range(-1, -most, -1)

    def offers(self, plan: DayPlan, steps: Iterable[int]) -> list[Offer]:
        """Return the best offer of each window that has one, in the order of the steps."""
        options = [option for step in steps for option in self._options(step)]
        found = best_insertions(
            plan.compiled,
            self.region.travel,
            [self._trip(option) for option in options],
            [WALK_WEIGHT * (each.pickup.seconds + each.dropoff.seconds) for each in options],
        )
        best: dict[int, tuple[Insertion, _Option]] = {}
        for option, insertion in zip(options, found, strict=True):
            if insertion is None:
                continue
            rival = best.get(option.step)
            if rival is None or insertion.score < rival[0].score:
                best[option.step] = (insertion, option)
        return self._apart([self._offer(*pair) for pair in best.values()])

    def refusal(self, plan: DayPlan, wanted: range) -> Refusal:
        """Return why the nearest pair of stops fits no tour in the wanted windows."""
        options = [option for step in wanted for option in self._options(step)]
        if not options:
            return Refusal(RefusalReason.SHIFT_ENDS, None)
        pair = (options[0].pickup, options[0].dropoff)
        windows = [each.promise for each in options if (each.pickup, each.dropoff) == pair]
        whole = Promise(
            min(window.pickup_earliest for window in windows),
            max(window.pickup_latest for window in windows),
            max(window.dropoff_latest for window in windows),
            windows[0].max_ride,
        )
        trip = self._trip(_Option(0, *pair, whole))
        obstacles = explain(plan.compiled, self.region.travel, trip)
        if obstacles.nearest is Obstacle.CAPACITY:
            reason = _LACKING[obstacles.missing]
        else:
            reason = _REASONS.get(obstacles.nearest, RefusalReason.NO_VEHICLE_IN_REACH)
        return Refusal(reason, obstacles.earliest_pickup)

    def _apart(self, offers: list[Offer]) -> list[Offer]:
        """Drop offers whose window nearly is that of an earlier one."""
        kept: list[Offer] = []
        for offer in offers:
            begin = offer.ride.promise.pickup_earliest
            if all(
                abs(begin - other.ride.promise.pickup_earliest) >= self.width // 2 for other in kept
            ):
                kept.append(offer)
        return kept

    def _options(self, step: int) -> Iterator[_Option]:
        for pickup in self.checked.origins:
            for dropoff in self.checked.destinations:
                if pickup.place != dropoff.place:
                    promise = self._window(pickup, dropoff, step)
                    if promise is not None:
                        yield _Option(step, pickup, dropoff, promise)

    def _window(self, pickup: Access, dropoff: Access, step: int) -> Promise | None:
        """Return what could be promised in a window, None if it is over or not in the hours."""
        request, rules = self.checked.request, self.region.config.rules
        direct = int(self.region.travel.seconds[pickup.place, dropoff.place])
        max_ride = round(rules.ride_factor * direct) + rules.ride_extra_minutes * 60
        soonest = _minute_up(self.now + max(rules.lead_minutes * 60, pickup.seconds))
        if request.when is When.DEPART_AT:
            ready = _minute_up(request.time + pickup.seconds)
            first = max(ready, soonest) if step >= 0 else ready
            earliest = first if step == 0 else first // _MARK * _MARK + step * self.width
            latest = earliest + self.width
            deadline = latest + rules.halt_seconds + max_ride
        else:
            deadline = request.time - dropoff.seconds - min(step, 0) * self.width
            last = (deadline - rules.halt_seconds - direct) // 60 * 60
            latest = last - max(step, 0) * self.width
            earliest = latest - self.width
        earliest = max(earliest, soonest)
        if latest - earliest < _MARK or not self._open(earliest, earliest + direct):
            return None
        arrival = min(deadline, latest + rules.halt_seconds + max_ride)
        return Promise(earliest, latest, arrival, max_ride)

    def _open(self, begin: int, end: int) -> bool:
        opening = self.region.config.opening(self.checked.day)
        return any(opens <= begin and end <= closes for opens, closes in opening)

    def _trip(self, option: _Option) -> Trip:
        service = self.region.config.rules.halt_seconds
        promise = option.promise
        return Trip(
            id="",
            pickup=option.pickup.place,
            dropoff=option.dropoff.place,
            pickup_earliest=promise.pickup_earliest,
            pickup_latest=promise.pickup_latest,
            dropoff_earliest=promise.pickup_earliest,
            dropoff_latest=promise.dropoff_latest,
            max_ride=promise.max_ride,
            loads=self.checked.request.party.loads,
            pickup_service=service,
            dropoff_service=service,
        )

    def _offer(self, insertion: Insertion, option: _Option) -> Offer:
        region, request = self.region, self.checked.request
        metres = int(region.travel.metres[option.pickup.place, option.dropoff.place])
        ride = Ride(
            day=self.checked.day,
            pickup_stop=region.stops[option.pickup.place].id,
            dropoff_stop=region.stops[option.dropoff.place].id,
            walk_to_pickup=option.pickup.metres,
            walk_from_dropoff=option.dropoff.metres,
            party=request.party,
            promise=self._promise(insertion, option),
            direct_seconds=int(region.travel.seconds[option.pickup.place, option.dropoff.place]),
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

    def _promise(self, insertion: Insertion, option: _Option) -> Promise:
        """Narrow a searched window to what is said to the resident.

        Depart-at: the window begins at the five-minute mark before the pickup that was found, so
        that most of its width is left as slack for pooling. Arrive-by keeps the searched window.
        """
        searched = option.promise
        if self.checked.request.when is When.ARRIVE_BY:
            return searched
        begin = max(insertion.pickup_time // _MARK * _MARK, searched.pickup_earliest)
        arrival = searched.dropoff_latest + begin - searched.pickup_earliest
        return Promise(begin, begin + self.width, arrival, searched.max_ride)


def _minute_up(time: int) -> int:
    return -(-time // 60) * 60


_REASONS = {
    Obstacle.DROPOFF_WINDOW: RefusalReason.ARRIVAL_TOO_EARLY,
    Obstacle.RIDE_LIMIT: RefusalReason.RIDE_TOO_LONG,
    Obstacle.OTHERS: RefusalReason.OTHER_PROMISES,
    Obstacle.SHIFT_END: RefusalReason.SHIFT_ENDS,
    Obstacle.BREAK: RefusalReason.DRIVER_BREAK,
}
"""Everything else means that no vehicle can be there in time."""

_LACKING = (
    RefusalReason.NO_SEATS,
    RefusalReason.NO_WHEELCHAIR_PLACE,
    RefusalReason.NO_CHILD_SEAT,
)
"""In the order of :data:`routing.problem.LOAD_KINDS`."""
