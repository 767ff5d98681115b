"""A day replanned after trouble: what no longer fits is taken out and put where it does.

Judged is always "violated or worsened": what is late already may stay as late as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from routing.budget import Budget
from routing.improvement import improve
from routing.insertion import Insertion, best_insertions, remove
from routing.problem import FOREVER, HaltKind, Problem, Request, Tour, Trip
from routing.schedule import compile_tours, metres_of
from routing.travel_times import TravelTimes
from shuttle.booking.offers import closed_for, exact_trip, planned_trip
from shuttle.domain import Booking, Promise
from shuttle.plan import DayPlan, tick_of
from shuttle.trouble.consequences import Late, Planned

ITERATIONS = 2000
"""Of the search for room, if trips fit nowhere one by one: some tenths of a second."""

_NEARBY = 3600
"""Rides so long before and after one that needs room may be moved for it."""

_PRICE = 1_000_000
"""Of a ride left out, in seconds of driving: no detour is worth it."""

_FINE, _FINE_UNTIL, _COARSE = 60, 3600, 300
"""Lateness is tried minute by minute for an hour, then in steps of five minutes."""


def overruns(tour: Tour, travel: TravelTimes) -> dict[str, int]:
    """Return by how many seconds the limits of a tour are missed, by trip; own halts by number.

    And by how many metres its battery does not last.
    """
    row = compile_tours((tour,), travel).halts[0]
    latest, longest = row["latest"].tolist(), row["max_ride"].tolist()
    found: dict[str, int] = {}
    if tour.reach < FOREVER and (farther := metres_of(tour, travel) - tour.reach) > 0:
        found["#battery"] = farther
    own = 0
    for number, halt in enumerate(tour.halts):
        name = halt.trip
        if not name:
            name = f"#{own}" if halt.kind is not HaltKind.END else "#end"
            own += 1
        if number < tour.served:
            continue
        over = latest[number] - halt.latest
        if halt.kind is HaltKind.DROPOFF:
            over = max(over, longest[number] - halt.max_ride)
        if over > 0:
            found[name] = max(over, found.get(name, 0))
    return found


def relieved(tour: Tour, travel: TravelTimes, allowed: Mapping[str, int]) -> Tour:
    """Return a tour without the rides for which it misses limits by more than is allowed.

    One ride after the other leaves: the one without which least is missed.
    """

    def missed(candidate: Tour) -> int:
        over = overruns(candidate, travel).items()
        return sum(max(0, seconds - allowed.get(name, 0)) for name, seconds in over)

    total = missed(tour)
    while total > 0:
        lighter = {code: remove(tour, code) for code in movable(tour)}
        if not lighter:
            break
        left = {code: missed(each) for code, each in lighter.items()}
        code = min(left, key=lambda each: (left[each], each))
        if left[code] >= total:
            over = overruns(tour, travel)
            worse = [each for each in lighter if over.get(each, 0) > allowed.get(each, 0)]
            if not worse:
                break
            code = max(worse, key=lambda each: (over[each], each))
        tour, total = lighter[code], left[code]
    return tour


def movable(tour: Tour) -> list[str]:
    """Return the rides of a tour that have not begun, in their order."""
    return [halt.trip for halt in tour.halts[tour.fixed :] if halt.kind is HaltKind.PICKUP]


def with_room_for(plan: DayPlan, waiting: Iterable[Booking]) -> DayPlan:
    """Return the plan with as many of the waiting rides in it as there is room for.

    First one by one where they fit, those with the fewest chances first. If any is left, the
    tours around it are searched for room.
    """
    open_ones = [each for each in waiting if not closed_for(plan.region, each.ride_now)]
    left = []
    for booking in sorted(open_ones, key=_difficulty):
        trip = planned_trip(plan.region, booking)
        insertion = best_insertions(plan.insertable, plan.travel, [trip])[0]
        if insertion is None:
            left.append(trip)
        else:
            plan = plan.inserted(trip, insertion)
    return _rearranged(plan, left) if left and plan.unlocked.tours else plan


def _difficulty(booking: Booking) -> tuple[int, int, str]:
    """Return what waiting rides are sorted by: aids that few vehicles have, then the time left."""
    return -booking.ride.party.wheelchairs, booking.ride_now.promise.pickup_latest, booking.code


def _rearranged(plan: DayPlan, left: list[Trip]) -> DayPlan:
    """Return the plan after a short search for room, unchanged if that served nobody more."""
    spans = [(trip.pickup_earliest - _NEARBY, trip.dropoff_latest + _NEARBY) for trip in left]
    requests = [Request((trip,), _PRICE) for trip in left]
    tours = enumerate(plan.changeable)
    free = {n: tour for n, tour in tours if tour.shift.id not in plan.locks}
    for tour in free.values():
        late = overruns(tour, plan.travel)
        for code in movable(tour):
            trip = planned_trip(plan.region, plan.bookings[code])
            near = any(a <= trip.dropoff_latest and trip.pickup_earliest <= b for a, b in spans)
            if near and code not in late and code not in plan.locks:
                requests.append(Request((trip,), _PRICE))
    problem = Problem(tuple(free.values()), tuple(requests), plan.travel)
    solution = improve(problem, budget=Budget(iterations=ITERATIONS))
    if len(solution.unserved) >= len(left):
        return plan
    changed = {
        number: after
        for (number, before), after in zip(free.items(), solution.tours, strict=True)
        if before != after
    }
    return plan.with_tours(changed)


def least_late(plan: DayPlan, booking: Booking, now: int) -> tuple[Late, Promise, Insertion] | None:
    """Return the least late way to serve a stranded ride, the times it would get, and where.

    The window that was promised is moved on, minute by minute, until a vehicle can keep it.
    """
    ride = booking.ride_now
    options, trips = [], []
    for delay in _delays(plan, ride.promise, now):
        promise = Promise(
            ride.promise.pickup_earliest + delay,
            ride.promise.pickup_latest + delay,
            ride.promise.dropoff_latest + delay,
            max(ride.promise.max_ride, _long_enough(plan, booking, delay)),
        )
        later = replace(ride, promise=promise)
        if not closed_for(plan.region, later):
            options.append(promise)
            trips.append(exact_trip(plan.region, later, booking.code))
    # Within a window early counts more than any detour.
    found = best_insertions(plan.insertable, plan.travel, trips, waiting_weight=100)
    for promise, insertion in zip(options, found, strict=True):
        if insertion is not None:
            times = insertion.pickup_time, insertion.dropoff_time
            owed = booking.owed
            late = max(times[0] - owed.pickup_latest, times[1] - owed.dropoff_latest, 0)
            at = Planned(plan.tours[insertion.tour].shift.id, *times)
            return Late(at, late), promise, insertion
    return None


def _delays(plan: DayPlan, promise: Promise, now: int) -> list[int]:
    overdue = max(0, tick_of(now) - promise.pickup_latest)
    first = -(-overdue // _FINE) * _FINE
    last = max((tour.shift.end for tour in plan.tours), default=0) - promise.pickup_earliest
    fine = range(first, min(first + _FINE_UNTIL, last), _FINE)
    return [*fine, *range(first + _FINE_UNTIL, last, _COARSE)]


def _long_enough(plan: DayPlan, booking: Booking, delay: int) -> int:
    """Return the longest time on board by the rules, with the drive as long as it takes then."""
    ride = booking.ride_now
    times = ride.promise
    here, there = (
        plan.region.place_when(
            plan.region.place_of(stop), times.pickup_earliest + delay, latest + delay
        )
        for stop, latest in (
            (ride.pickup_stop, times.pickup_latest),
            (ride.dropoff_stop, times.dropoff_latest),
        )
    )
    return plan.region.config.rules.max_ride(int(plan.travel.seconds[here, there]))
