"""Refusals on Toy Town: their true cause, and fixes that can be booked as they say."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.check import check_tour
from routing.problem import FOREVER, HaltKind, Tour, Trip, trip_halts
from shuttle.answers import Fix, Quote, Refusal, RefusalReason
from shuttle.booking.offers import Search
from shuttle.booking.requests import check_request
from shuttle.dispatcher import Dispatcher
from shuttle.domain import FixKind, Party, RideRequest, When
from shuttle.errors import RequestError
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import Slower
from tests.test_dispatcher import MONDAY, assert_sound, at, ride, spot, stop
from tests.troubled_days import confirm

SATURDAY = MONDAY + timedelta(days=5)

LACKING = {
    RefusalReason.NO_SEATS: 0,
    RefusalReason.NO_WHEELCHAIR_PLACE: 1,
    RefusalReason.NO_CHILD_SEAT: 2,
}


def refused(dispatcher: Dispatcher, request: RideRequest, now: int) -> Refusal:
    refusal = dispatcher.quote(request, now).refusal
    assert refusal is not None
    return refusal


def fixes(refusal: Refusal) -> dict[FixKind, Fix]:
    return {fix.kind: fix for fix in refusal.fixes}


def unserved(dispatcher: Dispatcher, request: RideRequest, now: int) -> dict[FixKind, Fix]:
    """Return the fixes of a request that no plan could serve, each of them booked."""
    with pytest.raises(RequestError) as caught:
        dispatcher.quote(request, now)
    assert_bookable(dispatcher, request, caught.value.fixes, now)
    return {fix.kind: fix for fix in caught.value.fixes}


def assert_bookable(
    dispatcher: Dispatcher, request: RideRequest, found: Sequence[Fix], now: int
) -> None:
    """Ask again as each fix says, in a world of its own, and book: what it offers, and its own."""
    for fix in found:
        asked = changed(request, fix)
        assert asked != request
        for own in (False, True):
            world = Dispatcher(dispatcher.region, deepcopy(dispatcher.store))
            quote = world.quote(asked, now)
            assert quote.refusal is None, fix
            booking = world.book(fix.offer if own else quote.offers[0], "key-of-a-fix", now)
            assert_sound(world.region, world.plan(booking.ride.day, now))
            world.close()


def changed(request: RideRequest, fix: Fix) -> RideRequest:
    """Return a request with nothing changed but what the fix names."""
    other = fix.offer.request
    return RideRequest(
        origin=other.origin if "from" in fix.changed else request.origin,
        destination=other.destination if "to" in fix.changed else request.destination,
        when=request.when,
        time=other.time if "when" in fix.changed else request.time,
        party=other.party if "party" in fix.changed else request.party,
    )


# ---------------------------------------------------------------------------------- known answers


@pytest.fixture
def chairs(dispatcher: Dispatcher) -> Dispatcher:
    """A morning on which the one wheelchair place of the town rides to and fro from ten to noon."""
    now = at("09:00")
    for number in range(60):
        quote = dispatcher.quote(ride(party=Party(1, 1)), now)
        if quote.refusal is not None:
            break
        dispatcher.book(quote.offers[0], f"chair-{number:03}", now)
    return dispatcher


def test_the_only_vehicle_with_a_wheelchair_place_is_named_with_where_it_is_until_when(
    chairs: Dispatcher, toy_region: Region
) -> None:
    now = at("09:00")
    refusal = refused(chairs, ride(party=Party(1, 1)), now)
    assert refusal.reason is RefusalReason.NO_WHEELCHAIR_PLACE
    nearest = refusal.nearest
    assert nearest is not None
    assert (nearest.name, nearest.only) == ("Bus 1", True)
    assert nearest.pickup > at("11:00")
    [tour] = [tour for tour in chairs.plan(MONDAY, now).tours if tour.shift.id.startswith("bus-1")]
    stands = [halt for halt in tour.halts if halt.place < len(toy_region.stops)]
    assert nearest.place in {toy_region.stops[halt.place].village for halt in stands}
    drives = toy_region.travel.seconds[:, toy_region.place_of("mitte")]
    assert nearest.pickup - nearest.until in drives.tolist()


def test_a_wheelchair_that_can_be_folded_rides_at_once(chairs: Dispatcher) -> None:
    now = at("09:00")
    request = ride(party=Party(1, 1))
    refusal = refused(chairs, request, now)
    found = fixes(refusal)
    assert found.keys() >= {
        FixKind.EARLIER,
        FixKind.LATER,
        FixKind.FEWER_AIDS,
        FixKind.OTHER_DAY,
    }
    assert found[FixKind.FEWER_AIDS].offer.request.party == Party(1)
    assert found[FixKind.FEWER_AIDS].offer.ride.promise.pickup_earliest == at("10:00")
    assert found[FixKind.OTHER_DAY].offer.ride.day == date(2027, 3, 2)
    assert found[FixKind.EARLIER].offer.ride.promise.pickup_earliest < at("10:00")
    assert found[FixKind.LATER].offer.ride.promise.pickup_earliest > at("10:45")
    assert_bookable(chairs, request, refusal.fixes, now)


def test_the_fixes_of_a_refusal_carry_its_id(chairs: Dispatcher) -> None:
    refusal = refused(chairs, ride(party=Party(1, 1)), at("09:00"))
    for fix in refusal.fixes:
        assert fix.offer.alternative is not None
        assert (fix.offer.alternative.refusal, fix.offer.alternative.kind) == (
            refusal.id,
            fix.kind,
        )


def test_a_smaller_party_is_as_large_as_fits(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    for number in range(60):
        quote = dispatcher.quote(ride(party=Party(8)), now)
        if quote.refusal is not None:
            break
        dispatcher.book(quote.offers[0], f"crowd-{number:03}", now)
    refusal = refused(dispatcher, ride(party=Party(8)), now)
    assert refusal.reason is RefusalReason.NO_SEATS
    assert fixes(refusal)[FixKind.SMALLER_PARTY].offer.request.party == Party(4)
    assert_bookable(dispatcher, ride(party=Party(8)), refusal.fixes, now)


def test_what_is_asked_at_too_short_notice_is_said_to_be(dispatcher: Dispatcher) -> None:
    now = at("09:00")
    request = ride(when=When.ARRIVE_BY, clock="09:12")
    refusal = refused(dispatcher, request, now)
    assert refusal.reason is RefusalReason.TOO_SOON
    assert fixes(refusal).keys() == {FixKind.LATER, FixKind.OTHER_DAY}
    assert_bookable(dispatcher, request, refusal.fixes, now)


def test_an_arrival_just_after_opening_is_outside_the_service_hours(
    dispatcher: Dispatcher,
) -> None:
    now = at("05:00")
    request = ride(when=When.ARRIVE_BY, clock="06:03")
    refusal = refused(dispatcher, request, now)
    assert refusal.reason is RefusalReason.SERVICE_HOURS
    assert_bookable(dispatcher, request, refusal.fixes, now)


def test_a_ride_after_which_nobody_gets_home_in_time_is_refused_for_the_shift(
    dispatcher: Dispatcher,
) -> None:
    now = at("09:00")
    request = ride("landstrasse", "bach", clock="19:56", day=SATURDAY)
    refusal = refused(dispatcher, request, now)
    assert refusal.reason is RefusalReason.SHIFT_ENDS
    assert FixKind.EARLIER in fixes(refusal)
    assert_bookable(dispatcher, request, refusal.fixes, now)


# --------------------------------------------------------------------- what no plan could serve


def test_the_nearest_vehicle_is_named_where_it_rests_while_roads_are_slow(
    dispatcher: Dispatcher,
) -> None:
    now, wanted = at("09:00"), ride(clock="12:10", party=Party(1, 1))
    confirm(dispatcher, Slower(1.5, at("12:00"), at("14:00")), now)
    number = 0
    while (quote := dispatcher.quote(wanted, now)).refusal is None:
        dispatcher.book(quote.offers[0], f"chair-{number:03}", now)
        number += 1
    nearest = quote.refusal.nearest
    assert nearest is not None
    assert (nearest.name, nearest.place) == ("Bus 1", "Amtshaus")


def test_outside_the_hours_the_nearest_times_that_work_are_named(dispatcher: Dispatcher) -> None:
    found = unserved(dispatcher, ride(clock="21:00"), at("09:00"))
    assert found.keys() == {FixKind.EARLIER, FixKind.OTHER_DAY}
    assert at("19:00") < found[FixKind.EARLIER].offer.request.time < at("20:00")
    assert found[FixKind.OTHER_DAY].offer.request.time == at("06:00", date(2027, 3, 2))


def test_on_a_day_without_service_the_days_around_it_are_named(dispatcher: Dispatcher) -> None:
    with pytest.raises(RequestError) as caught:
        dispatcher.quote(ride(day=date(2027, 3, 7)), at("09:00"))
    days = [fix.offer.ride.day for fix in caught.value.fixes]
    assert days == [SATURDAY, date(2027, 3, 8)]
    assert {fix.kind for fix in caught.value.fixes} == {FixKind.OTHER_DAY}


@pytest.mark.parametrize(
    ("place", "end", "expected"),
    [
        (spot(1600, 700), "to", "landstrasse"),
        (spot(9000, 300), "from", "bach"),
    ],
)
def test_a_place_without_a_stop_is_told_the_nearest_with_its_distance(
    dispatcher: Dispatcher, place: object, end: str, expected: str
) -> None:
    ends = {"from": "mitte", "to": "mitte", end: place}
    request = ride(ends["from"], ends["to"])  # type: ignore[arg-type]
    fix = unserved(dispatcher, request, at("09:00"))[FixKind.OTHER_STOP]
    other = fix.offer.request
    assert (other.origin if end == "from" else other.destination).stop == expected
    assert fix.changed[0] == end
    assert 500 < fix.walk_metres < 6500


def test_a_place_in_another_country_is_told_no_stop(dispatcher: Dispatcher) -> None:
    assert unserved(dispatcher, ride(spot(90_000, 0)), at("09:00")) == {}


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (ride(clock="08:00"), FixKind.LATER),
        (ride(day=date(2027, 3, 10)), FixKind.OTHER_DAY),
        (ride(party=Party(9)), FixKind.SMALLER_PARTY),
        (ride(party=Party(3, 0, 2)), FixKind.FEWER_AIDS),
        (ride(party=Party(2, 2)), FixKind.FEWER_AIDS),
    ],
)
def test_what_can_be_put_right_says_how(
    dispatcher: Dispatcher, request_: RideRequest, kind: FixKind
) -> None:
    assert kind in unserved(dispatcher, request_, at("09:00"))


# ----------------------------------------------------------------------------- whatever is asked


def crowded(region: Region, rng: random.Random) -> tuple[Dispatcher, int, RideRequest]:
    """Return a service at a busy time of a random day, and one more request."""
    clock, day = rng.choice(
        [("06:50", MONDAY), ("10:00", MONDAY), ("12:15", SATURDAY), ("19:10", SATURDAY)]
    )
    begin = at(clock, day)
    parties = rng.choice(
        [(Party(), Party(2)), (Party(), Party(1, 1), Party(3, 0, 1), Party(5), Party(8))]
    )
    places = [*(stop(each.id) for each in region.stops), spot(12, 40), spot(3050, 510)]

    def wish() -> RideRequest:
        origin, destination = rng.sample(places, 2)
        time = begin + rng.randrange(2700)
        return RideRequest(origin, destination, rng.choice(list(When)), time, rng.choice(parties))

    dispatcher = Dispatcher(region, MemoryStore())
    now = begin - rng.choice((600, 1800, 86_400))
    for number in range(40):
        quote = _quote(dispatcher, wish(), now)
        if quote is not None and quote.refusal is None:
            dispatcher.book(rng.choice(quote.offers), f"key-{number:05}", now)
    return dispatcher, now, wish()


def _quote(dispatcher: Dispatcher, request: RideRequest, now: int) -> Quote | None:
    try:
        return dispatcher.quote(request, now)
    except RequestError:
        return None


@pytest.mark.parametrize("seed", [4, 128, 151])
def test_a_stop_that_is_a_little_farther_away_is_proposed_with_its_walk(
    toy_region: Region, seed: int
) -> None:
    dispatcher, now, request = crowded(toy_region, random.Random(seed))
    refusal = refused(dispatcher, request, now)
    fix = fixes(refusal)[FixKind.OTHER_STOP]
    other = fix.offer.request
    here, there = (
        (request.origin, other.origin)
        if "from" in fix.changed
        else (request.destination, other.destination)
    )
    lat, lon = (here.lat, here.lon) if here.stop is None else _degrees(toy_region, here.stop)
    walks = {
        toy_region.stops[place].id: metres
        for place, metres in toy_region.walkable_stops(lat, lon, 2)
    }
    assert 400 < fix.walk_metres == walks[str(there.stop)] <= 800
    walk = round(fix.walk_metres / 1.25) if "when" in fix.changed else 0
    assert abs(other.time - request.time) == walk
    assert_bookable(dispatcher, request, refusal.fixes, now)
    dispatcher.close()


def _degrees(region: Region, stop_id: str) -> tuple[float, float]:
    return region.stop(stop_id).lat, region.stop(stop_id).lon


@settings(max_examples=6)
@given(seed=st.integers(1000, 1 << 40))
def test_every_fix_is_bookable_and_every_reason_is_confirmed(toy_region: Region, seed: int) -> None:
    assert_told_truly(toy_region, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_every_fix_is_bookable_and_every_reason_is_confirmed_at_length(
    toy_region: Region, seed: int
) -> None:
    assert_told_truly(toy_region, seed)


def assert_told_truly(region: Region, seed: int) -> None:
    dispatcher, now, request = crowded(region, random.Random(seed))
    try:
        refusal = dispatcher.quote(request, now).refusal
    except RequestError as error:
        assert_bookable(dispatcher, request, error.fixes, now)
    else:
        if refusal is not None:
            assert_bookable(dispatcher, request, refusal.fixes, now)
            assert_confirmed(dispatcher, request, refusal.reason, now)
    dispatcher.close()


def test_the_random_days_come_to_most_reasons_and_fixes(toy_region: Region) -> None:
    reasons, kinds = Counter[str](), Counter[str]()
    for seed in range(60):
        dispatcher, now, request = crowded(toy_region, random.Random(seed))
        quote = _quote(dispatcher, request, now)
        dispatcher.close()
        if quote is not None and quote.refusal is not None:
            reasons[quote.refusal.reason] += 1
            kinds.update(fix.kind for fix in quote.refusal.fixes)
    assert len(reasons) >= 5, reasons
    assert len(kinds) >= 5, kinds


def assert_confirmed(
    dispatcher: Dispatcher, request: RideRequest, reason: RefusalReason, now: int
) -> None:
    """Try every position of every option by the independent checker, with and without the cause."""
    region = dispatcher.region
    checked = check_request(region, request, now)
    plan = dispatcher.plan(checked.day, now)
    search = Search.of(region, checked, now, lambda: "")
    trips = [option.trip for option in search.options(search.wanted)]
    if reason in (RefusalReason.TOO_SOON, RefusalReason.SERVICE_HOURS):
        assert not trips
        return

    def fits(change: Callable[[Tour], Tour], lighter: Sequence[int] = ()) -> bool:
        return any(
            _fits(region, change(tour), _lighter(trip, lighter))
            for tour in plan.tours
            for trip in trips
        )

    assert not fits(lambda tour: tour)
    assert fits(lambda tour: tour, (0, 1, 2)) <= (reason in LACKING)
    if reason in LACKING:
        assert fits(_emptied, (0, 1, 2))
        assert not fits(_emptied) or fits(lambda tour: tour, (0, 1, 2))
        assert request.party.loads[LACKING[reason]] > 0
        alone = [fits(_emptied, (kind,)) for kind in range(3)]
        assert alone[LACKING[reason]] or not any(alone)
    elif reason is RefusalReason.DRIVER_BREAK:
        assert fits(_unbroken) or fits(lambda tour: _unbroken(_emptied(tour)))
    elif reason is RefusalReason.SHIFT_ENDS:
        assert fits(lambda tour: _endless(_unbroken(_emptied(tour)), now))
    elif reason is RefusalReason.OTHER_PROMISES:
        assert fits(_emptied)
    elif reason is RefusalReason.NO_VEHICLE_IN_REACH:
        assert not fits(_emptied)
    else:
        late = [_late(trip) for trip in trips]
        assert any(_fits(region, tour, trip) for tour in plan.tours for trip in late)


def _fits(region: Region, tour: Tour, trip: Trip) -> bool:
    """Whether a trip fits into a tour at any positions, as the checker sees it."""
    return any(not check_tour(tried, region.travel) for tried in _insertions(tour, trip))


def _insertions(tour: Tour, trip: Trip) -> Iterator[Tour]:
    """Yield the tour with the trip everywhere but where windows alone forbid it."""
    pickup, dropoff = trip_halts(replace(trip, id="new"))
    halts = tour.halts
    for after in range(tour.fixed, len(halts)):
        if halts[after].latest < pickup.earliest or halts[after - 1].earliest > pickup.latest:
            continue
        for until in range(after, len(halts)):
            if until > after and halts[until - 1].earliest > dropoff.latest:
                break
            tried = (*halts[:after], pickup, *halts[after:until], dropoff, *halts[until:])
            yield replace(tour, halts=tried)


def _lighter(trip: Trip, kinds: Sequence[int]) -> Trip:
    seats, wheelchairs, child_seats = (
        0 if kind in kinds else load for kind, load in enumerate(trip.loads)
    )
    return replace(trip, loads=(seats, wheelchairs, child_seats))


def _emptied(tour: Tour) -> Tour:
    begun = {halt.trip for halt in tour.halts[: tour.fixed]} | {""}
    return replace(tour, halts=tuple(halt for halt in tour.halts if halt.trip in begun))


def _unbroken(tour: Tour) -> Tour:
    halts = tuple(
        halt
        for number, halt in enumerate(tour.halts)
        if number < tour.fixed or halt.kind is not HaltKind.BREAK
    )
    taken = sum(halt.kind is HaltKind.BREAK for halt in halts)
    return replace(tour, halts=halts, shift=replace(tour.shift, breaks=tour.shift.breaks[:taken]))


def _endless(tour: Tour, now: int) -> Tour:
    if tour.fixed == len(tour.halts):
        return tour
    shift = replace(tour.shift, start=min(now, tour.shift.start), end=FOREVER)
    first, last = tour.halts[0], replace(tour.halts[-1], latest=FOREVER)
    if tour.served == 0:
        first = replace(first, earliest=shift.start, latest=FOREVER)
    return replace(tour, shift=shift, halts=(first, *tour.halts[1:-1], last))


def _late(trip: Trip) -> Trip:
    """Return a trip that may ride twice as long, and arrive when it will."""
    longest = 2 * trip.max_ride
    return replace(
        trip, max_ride=longest, dropoff_latest=trip.pickup_latest + trip.pickup_service + longest
    )
