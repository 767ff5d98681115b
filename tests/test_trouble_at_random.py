"""Random days of trouble in Toy Town, judged by the independent checker after every act."""

from collections.abc import Callable
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.check import Breach, check_tour
from routing.worsening import made_worse
from shuttle.acts import Outcome
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Party
from shuttle.driving.reports import Report, ReportKind
from shuttle.errors import NoLateRide, NotCancellable, OfferGone, RequestError, UnknownCondition
from shuttle.plan import DayPlan, tick_of
from shuttle.region import Region
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import (
    Disturbance,
    RoadClosed,
    ShiftSet,
    Slower,
    StopClosed,
    VehicleOut,
)
from shuttle.trouble.consequences import Consequences
from shuttle.trouble.entering import entered, lifted
from shuttle.trouble.listing import postponed
from tests.test_dispatcher import MONDAY, at, ride
from tests.toy_region import STOPS
from tests.toy_town import coordinates
from tests.troubled_days import assert_nobody_is_lost, assert_vehicles_work_as_entered

PLACES = [stop for stop, *_ in STOPS]
ROADS = [coordinates(point) for point in ((100, 0), (800, 250), (0, 80), (3000, 400), (-300, 0))]


def random_disturbance(rng: Random, plan: DayPlan, now: int) -> Disturbance:
    begin = now + 60 * rng.choice((0, 0, 15, 90, 240))
    end = begin + 60 * rng.choice((20, 90, 300, 700))
    vehicle = rng.choice(("bus-1", "bus-2"))
    kind = rng.randrange(6)
    if kind == 0:
        return VehicleOut(vehicle, begin, end, rng.choice((None, None, *PLACES)))
    if kind == 1:
        return ShiftSet(vehicle, begin, end)
    if kind == 2:
        shift = rng.choice(plan.tours).shift
        breaks = rng.choice((None, (), ((begin, max(begin, end - 900), 900),)))
        name = shift.id.partition("@")[0]
        return ShiftSet(name, shift.start, max(end, shift.start + 60), breaks, shift.id)
    if kind == 3:
        return RoadClosed(tuple(rng.sample(ROADS, rng.choice((1, 1, 2)))), begin, end)
    if kind == 4:
        return Slower(rng.choice((1.2, 1.6, 3.0)), begin, end)
    return StopClosed(rng.choice(PLACES), begin, end)


def act(dispatcher: Dispatcher, rng: Random, now: int, number: int) -> None:
    region, plan = dispatcher.region, dispatcher.plan(MONDAY, now)
    what = rng.randrange(13)
    if what > 9:
        drive(dispatcher, rng, now)
    elif what < 4:
        origin, destination = rng.sample(PLACES, 2)
        party = rng.choice((Party(), Party(), Party(2), Party(1, wheelchairs=1)))
        clock = f"{(now - at('00:00')) // 3600 + rng.choice((1, 1, 2, 4)):02}:15"
        with suppress(OfferGone, RequestError, IndexError):
            offers = dispatcher.quote(
                ride(origin, destination, clock=clock, party=party), now
            ).offers
            dispatcher.book(offers[0], f"key-{number:05}", now)
    elif what < 7:
        disturbance = random_disturbance(rng, plan, now)
        done(dispatcher, now, lambda day: entered(region, day, disturbance, now))
    elif what == 7 and plan.conditions:
        condition = rng.choice(plan.conditions).id
        done(dispatcher, now, lambda day: lifted(region, day, condition, now))
    elif what == 8 and plan.stranded:
        code = rng.choice(plan.stranded).code
        with suppress(NoLateRide):
            dispatcher.act(MONDAY, now, lambda day: postponed(day, code, "", now))
    elif plan.bookings:
        with suppress(NotCancellable):
            dispatcher.cancel(rng.choice(sorted(plan.bookings)), now)


def drive(dispatcher: Dispatcher, rng: Random, now: int) -> None:
    """Let a driver report something about the next halts, true or not."""
    tour = rng.choice(dispatcher.plan(MONDAY, now).tours)
    for halt in tour.halts[max(1, tour.served) : tour.served + 2]:
        kinds = [ReportKind.BREAK_STARTED, ReportKind.STARTED]
        if halt.trip:
            kinds = [each for each in ReportKind if each not in kinds]
        time = now - rng.choice((0, 60, 900))
        report = Report(f"{rng.random()}", tour.shift.id, rng.choice(kinds), time, halt.trip)
        dispatcher.report(MONDAY, tour.shift.id, [report], now)


def done(
    dispatcher: Dispatcher, now: int, trouble: Callable[[DayPlan], Outcome[Consequences]]
) -> None:
    """Preview trouble and do it; nobody who was in a plan is in none without being told so."""
    with suppress(RequestError, UnknownCondition):
        before = dispatcher.plan(MONDAY, now)
        shown = dispatcher.preview(MONDAY, now, trouble)
        assert dispatcher.act(MONDAY, now, trouble) == shown.result
        after = dispatcher.plan(MONDAY, now)
        fallen = {each.code for each in after.stranded} - {each.code for each in before.stranded}
        told = {each.code for each in shown.result.effects if each.stranded}
        assert fallen <= told
        assert shown.faced is not None
        earlier = {tour.shift.id: n for n, tour in enumerate(shown.faced.tours)}
        for number, tour in enumerate(shown.plan.tours):
            was = earlier[tour.shift.id]
            assert not made_worse(
                [shown.faced.tours[was]],
                shown.faced.travel,
                [tour],
                shown.plan.travel,
                [shown.faced.compiled.begins(was)],
            )
            if (
                tour.shift.end <= tick_of(now) + 1800
                and number not in shown.planned
                and tour.shift.id not in shown.plan.reports
            ):
                stood = [each.what for each in check_tour(tour, shown.plan.travel)]
                assert not {Breach.MALFORMED, Breach.UNPAIRED, Breach.BREAK} & set(stood)


@given(st.integers(0, 1 << 30))
@settings(max_examples=25)
def test_whatever_goes_wrong_nobody_is_dropped_and_nothing_gets_worse_than_it_must(
    toy_region: Region, seed: int
) -> None:
    rng, store = Random(seed), MemoryStore()
    dispatcher = Dispatcher(toy_region, store, new_code=lambda: f"{rng.randrange(1 << 40)}")
    now = at("07:30")
    for number in range(20):
        act(dispatcher, rng, now, number)
        assert_nobody_is_lost(dispatcher, now)
        assert_vehicles_work_as_entered(dispatcher, now)
        now += rng.choice((0, 40, 300, 1500))
    restarted = Dispatcher(toy_region, store)
    tours = zip(dispatcher.plan(MONDAY, now).tours, restarted.plan(MONDAY, now).tours, strict=True)
    assert all(old.halts == new.halts and old.fixed == new.fixed for old, new in tours)
    restarted.close()
    dispatcher.advance(at("23:59"))
    dispatcher.close()
