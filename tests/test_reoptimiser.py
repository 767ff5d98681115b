"""The live loop on Toy Town: days get better, and nothing else happens to them."""

import os
import random
import signal
import threading
import time
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.budget import Budget
from routing.check import check_plan, worsened
from routing.improvement import improve
from routing.problem import Tour
from routing.schedule import timetable
from shuttle.acts import Act, Outcome
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Location, Party, RideRequest, When
from shuttle.errors import NotCancellable, OfferGone, PlanRejected
from shuttle.events import Reoptimised
from shuttle.improving.adoption import Fate, Proposal, Verdict, adopting
from shuttle.improving.aim import AIM, plan_cost, slack
from shuttle.improving.quality import WORTH_TELLING, bounding
from shuttle.improving.question import AskedTour, Question, question_of
from shuttle.improving.reoptimiser import MOST_SECONDS, Reoptimiser, Try, improving
from shuttle.improving.solver_process import Solver, SolverFailed, SolverProcess, improved
from shuttle.keeping.sql_store import SqlStore
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.server_process import ServerProcess
from tests.solvers import (
    all_in_one,
    leaving_somebody,
    nonsense,
    nothing,
    slow_at_first,
    unmoved,
)

MONDAY = date(2027, 3, 1)
FEW = Budget(iterations=300)
SEEDS = st.integers(0, 1 << 40)


def at(clock: str, day: date = MONDAY) -> int:
    """The epoch second of a time of day in Toy Town, in winter."""
    hours, minutes = map(int, clock.split(":"))
    return (
        int(datetime(day.year, day.month, day.day, hours, minutes, tzinfo=UTC).timestamp()) - 3600
    )


MORNING = at("05:00")


def book_some(
    dispatcher: Dispatcher, rides: int, seed: int, now: int = MORNING, day: date = MONDAY
) -> None:
    """Let residents book rides between any two stops, at any time of the day that is to come."""
    rng = random.Random(seed)
    stops = [each.id for each in dispatcher.region.stops]
    for number in range(rides):
        origin, destination = (Location(0.0, 0.0, each, each) for each in rng.sample(stops, 2))
        wanted = rng.randrange(max(at("07:00", day), now + 1200), at("18:00", day), 60)
        party = rng.choice([Party(), Party(), Party(2), Party(1, 1)])
        quote = dispatcher.quote(
            RideRequest(origin, destination, rng.choice(list(When)), wanted, party), now
        )
        if quote.refusal is None:
            with suppress(OfferGone):
                dispatcher.book(quote.offers[0], f"key-{seed}-{number:04}", now)


def book(dispatcher: Dispatcher, clock: str, party: Party) -> None:
    """Let somebody book the ride from the middle of one village to the station of the other."""
    origin, destination = (Location(0.0, 0.0, each, each) for each in ("mitte", "bahnhof"))
    request = RideRequest(origin, destination, When.DEPART_AT, at(clock), party)
    offer = dispatcher.quote(request, MORNING).offers[0]
    dispatcher.book(offer, f"key-{offer.id}", MORNING)


def assert_promises_kept(region: Region, plan: DayPlan, before: DayPlan | None = None) -> None:
    """The independent checker finds every promise, what was fixed, and nothing worse than before.

    Without a before there is to be no fault at all.
    """
    trips = {code: exact_trip(region, each.ride, code) for code, each in plan.bookings.items()}
    faults, known = check_plan(plan.tours, region.travel, trips, before.tours if before else ()), []
    if before is not None:
        known = check_plan(before.tours, region.travel, trips)
    assert [str(each) for each in worsened(known, faults)] == []


def orders(plan: DayPlan | Question | Proposal) -> dict[str, list[str]]:
    """Who gets on and off in which order, by shift."""
    tours: tuple[Tour, ...] = plan.problem.tours if isinstance(plan, Question) else plan.tours
    return {tour.shift.id: [f"{each.kind} {each.trip}" for each in tour.halts] for tour in tours}


def different(one: dict[str, list[str]], two: dict[str, list[str]]) -> set[str]:
    return {shift for shift in one if one[shift] != two[shift]}


def cost(plan: DayPlan, shifts: set[str] | None = None) -> int:
    tours = [tour for tour in plan.tours if shifts is None or tour.shift.id in shifts]
    return plan_cost(tours, plan.compiled.travel)


def looseness(plan: DayPlan) -> int:
    return slack(plan.compiled, range(len(plan.tours)))


def ask(dispatcher: Dispatcher, now: int, freeze: int = 0, seed: int = 1) -> Question:
    question = question_of(dispatcher.plan(MONDAY, now), now, freeze, FEW, seed)
    assert question is not None
    return question


# ------------------------------------------------------------------------------------ better days


def test_a_day_becomes_cheaper_and_keeps_every_promise(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    book_some(dispatcher, 60, seed=1)
    before = dispatcher.plan(MONDAY, MORNING)
    tries = Reoptimiser(dispatcher, improved, FEW).settle(MORNING)
    after = dispatcher.plan(MONDAY, MORNING)
    assert cost(after) < cost(before)
    assert after.bookings == before.bookings
    assert_promises_kept(toy_region, after, before)
    assert [each.adopted for each in tries[-3:]] == [False] * 3


def test_the_log_of_events_says_what_was_gained(toy_region: Region, tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/days.sqlite3", "toy-town")
    dispatcher = Dispatcher(toy_region, store)
    book_some(dispatcher, 60, seed=1)
    before = cost(dispatcher.plan(MONDAY, MORNING))
    tried = Reoptimiser(dispatcher, improved, FEW).step(MORNING)
    gained = before - cost(dispatcher.plan(MONDAY, MORNING))
    events = [each for each in dispatcher.events(MONDAY) if isinstance(each, Reoptimised)]
    dispatcher.close()
    assert tried is not None
    assert tried.verdict is not None
    assert gained > 0
    assert events == [Reoptimised(MORNING, len(tried.verdict.tours), gained // AIM.weights.driving)]


def test_the_same_bookings_and_iterations_give_the_same_plan(toy_region: Region) -> None:
    plans = []
    for _ in range(2):
        codes = iter(f"code-{number}" for number in range(10_000))
        dispatcher = Dispatcher(toy_region, MemoryStore(), new_code=codes.__next__)
        book_some(dispatcher, 40, seed=2)
        Reoptimiser(dispatcher, improved, FEW).settle(MORNING)
        plans.append(orders(dispatcher.plan(MONDAY, MORNING)))
        dispatcher.close()
    assert plans[0] == plans[1]


def test_the_loop_and_the_search_mean_the_same_by_cost(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 40, seed=3)
    asked = ask(dispatcher, MORNING)
    solution = improve(asked.problem, budget=FEW, seed=asked.seed)
    before = dispatcher.plan(MONDAY, MORNING)
    Reoptimiser(dispatcher, improved, FEW).step(MORNING)
    after = dispatcher.plan(MONDAY, MORNING)
    assert orders(after) == orders(Proposal(MONDAY, 0, solution.tours))
    assert solution.cost == cost(after) < cost(before)


def test_when_today_is_as_good_as_it_gets_the_next_booked_days_have_their_turn(
    dispatcher: Dispatcher,
) -> None:
    wednesday = MONDAY + timedelta(days=2)
    book_some(dispatcher, 30, seed=4)
    book_some(dispatcher, 30, seed=5, day=wednesday)
    loop = Reoptimiser(dispatcher, improved, FEW)
    days = [each.day for each in loop.settle(MORNING)]
    assert days == sorted(days)
    assert set(days) == {MONDAY, wednesday}
    assert loop.step(MORNING) is None
    book_some(dispatcher, 1, seed=6)
    again = loop.step(MORNING)
    assert again is not None
    assert again.day == MONDAY


def test_a_day_without_anybody_to_move_is_left_in_peace(dispatcher: Dispatcher) -> None:
    loop = Reoptimiser(dispatcher, improved, FEW)
    assert loop.step(MORNING) is None
    book_some(dispatcher, 10, seed=1)
    assert loop.step(at("19:59")) is None


# ----------------------------------------------------------------- what may be adopted, what not


@settings(max_examples=60)
@given(seed=SEEDS, minute=st.integers(5 * 60, 17 * 60), freeze=st.sampled_from([0, 0, 900, 3600]))
def test_whatever_is_proposed_and_happens_meanwhile_no_promise_breaks_and_no_change_is_lost(
    toy_region: Region, seed: int, minute: int, freeze: int
) -> None:
    rng = random.Random(seed)
    dispatcher = Dispatcher(toy_region, MemoryStore())
    book_some(dispatcher, rng.choice([6, 25]), seed)
    now = at("00:00") + 60 * minute
    dispatcher.advance(now)
    if rng.random() < 0.3:
        _delay(rng, dispatcher, now)
    asked = question_of(dispatcher.plan(MONDAY, now), now, freeze, FEW, seed)
    if asked is not None:
        proposal = rng.choice([improved, improved, shuffled, all_in_one])(asked)
        _meanwhile(rng, dispatcher, now)
        later = now + rng.choice([0, 0, 20, 300])
        dispatcher.advance(later)
        before = dispatcher.plan(MONDAY, later)
        _assert_adopted_rightly(dispatcher, asked, proposal, before, later, freeze)
    dispatcher.close()


@settings(max_examples=20)
@given(seed=SEEDS, freeze=st.sampled_from([0, 900]))
def test_a_question_that_uses_what_earlier_ones_asked_is_the_question_asked_anew(
    toy_region: Region, seed: int, freeze: int
) -> None:
    rng, known, again = random.Random(seed), dict[str, AskedTour](), 0
    with closing(Dispatcher(toy_region, MemoryStore())) as dispatcher:
        now = MORNING
        for number in range(12):
            book_some(dispatcher, rng.choice([0, 1, 3]), seed + number, now)
            if rng.random() < 0.2:
                _delay(rng, dispatcher, now)
            now += rng.choice([0, 20, 600, 3600])
            dispatcher.advance(now)
            plan = dispatcher.plan(MONDAY, now)
            before = dict(known)
            asked = question_of(plan, now, freeze, FEW, seed, AIM, known)
            anew = question_of(plan, now, freeze, FEW, seed, AIM)
            assert (asked is None) == (anew is None)
            if asked is not None and anew is not None:
                assert asked.problem.tours == anew.problem.tours
                assert asked.problem.requests == anew.problem.requests
            again += sum(known[each].requests is before[each].requests for each in before)
    assert again > 0


def shuffled(question: Question) -> Proposal:
    """Propose any order that has everybody on board before they get off."""
    rng = random.Random(question.seed)
    tours = []
    for tour in question.problem.tours:
        ahead, done = list(tour.halts[tour.fixed : -1]), list(tour.halts[: tour.fixed])
        for _ in range(rng.randrange(4)):
            k = rng.randrange(max(1, len(ahead) - 1))
            ahead[k : k + 2] = reversed(ahead[k : k + 2])
        tours.append(replace(tour, halts=(*done, *ahead, tour.halts[-1])))
    return Proposal(question.day, question.revision, tuple(tours))


def _delay(rng: random.Random, dispatcher: Dispatcher, now: int) -> None:
    """Let a vehicle be held up for up to half an hour, so that it may miss what is promised."""

    def act(plan: DayPlan) -> Outcome[None]:
        number = rng.randrange(len(plan.tours))
        tour = replace(plan.tours[number], ready=now + rng.randrange(1800))
        return Outcome(None, plan.with_tours({number: tour}), happened=frozenset({number}))

    dispatcher.act(MONDAY, now, act)


def _meanwhile(rng: random.Random, dispatcher: Dispatcher, now: int) -> None:
    """Let nothing happen, or a booking, or a cancellation."""
    dice = rng.random()
    if dice < 0.4:
        book_some(dispatcher, 1, rng.randrange(1000), min(now, at("17:00")))
    elif dice < 0.6:
        code = rng.choice(sorted(dispatcher.plan(MONDAY, now).bookings))
        with suppress(NotCancellable):
            dispatcher.cancel(code, now)


def _assert_adopted_rightly(
    dispatcher: Dispatcher,
    asked: Question,
    proposal: Proposal,
    before: DayPlan,
    now: int,
    freeze: int,
) -> None:
    touched = different(orders(asked), orders(proposal))
    changed = different(orders(asked), orders(before))
    fate = _fate(dispatcher, now, adopting(asked, proposal, now, freeze))
    after = dispatcher.plan(MONDAY, now)
    assert_promises_kept(dispatcher.region, after, before)
    assert after.bookings == before.bookings
    assert (fate is Fate.ADOPTED) == (different(orders(before), orders(after)) != set())
    if touched & changed:
        assert fate is Fate.OUTDATED
    if fate is Fate.ADOPTED:
        assert different(orders(before), orders(after)) == touched
        worth = (cost(after), -looseness(after))
        assert worth < (cost(before), -looseness(before))
        for old, new in zip(before.tours, after.tours, strict=True):
            near = _within(old, before, now + freeze)
            assert _within(new, after, now + freeze)[: len(near)] == near


def _fate(dispatcher: Dispatcher, now: int, act: Act[Verdict]) -> Fate:
    """What becomes of a proposal; the checker's word is the last."""
    try:
        return dispatcher.act(MONDAY, now, act).fate
    except PlanRejected:
        return Fate.REFUSED


def _within(tour: Tour, plan: DayPlan, until: int) -> list[tuple[str, int]]:
    """The halts that lie within the horizon or are fixed, with their times."""
    begins = timetable(tour, plan.compiled.travel)
    return [
        (each.halt.trip, each.begin)
        for k, each in enumerate(begins)
        if each.begin < until or 0 < k < tour.fixed
    ]


def test_a_booking_in_another_tour_does_not_stand_in_the_way(dispatcher: Dispatcher) -> None:
    """What counts are the tours that are touched, not the revision of the day."""
    fates = {"elsewhere": set[Fate](), "in the way": set[Fate]()}
    for seed in range(20):
        made = Dispatcher(dispatcher.region, MemoryStore())
        book_some(made, 25, seed)
        asked = ask(made, MORNING)
        proposal = _with_first_tour_improved(asked)
        book_some(made, 1, seed=1000 + seed)
        plan = made.plan(MONDAY, MORNING)
        in_the_way = different(orders(asked), orders(plan)) & different(
            orders(asked), orders(proposal)
        )
        verdict = made.act(MONDAY, MORNING, adopting(asked, proposal, MORNING, 0))
        fates["in the way" if in_the_way else "elsewhere"].add(verdict.fate)
        made.close()
    assert fates["in the way"] == {Fate.OUTDATED}
    assert Fate.ADOPTED in fates["elsewhere"]
    assert Fate.OUTDATED not in fates["elsewhere"]


def _with_first_tour_improved(asked: Question) -> Proposal:
    """Propose a better order for the first vehicle, with the same people."""
    first, *others = asked.problem.tours
    aboard = {halt.trip for halt in first.halts}
    requests = tuple(each for each in asked.problem.requests if each.options[0].id in aboard)
    alone = replace(asked.problem, tours=(first,), requests=requests)
    return Proposal(asked.day, asked.revision, (*improve(alone, budget=FEW).tours, *others))


def test_a_vehicle_that_left_meanwhile_is_not_called_back(dispatcher: Dispatcher) -> None:
    """A proposal that another halt comes first is too late when the vehicle is on its way."""
    fates = set()
    for seed in range(20):
        made = Dispatcher(dispatcher.region, MemoryStore())
        book_some(made, 25, seed)
        now = at("08:00")
        asked = ask(made, now)
        proposal = improved(asked)
        later = now + 3600
        made.advance(later)
        before = made.plan(MONDAY, later)
        fates.add(_fate(made, later, adopting(asked, proposal, later, 0)))
        assert_promises_kept(made.region, made.plan(MONDAY, later), before)
        made.close()
    assert Fate.OUTDATED in fates
    assert Fate.ADOPTED in fates


def test_what_begins_within_the_horizon_stays_and_what_lies_behind_it_moves(
    dispatcher: Dispatcher,
) -> None:
    hour = 3600
    book_some(dispatcher, 60, seed=1)
    region = dispatcher.region
    rules = region.config.rules.model_copy(update={"freeze_minutes": 60})
    config = region.config.model_copy(update={"rules": rules})
    patient = Dispatcher(replace(region, config=config), dispatcher.store)
    now = at("09:00")
    before = patient.plan(MONDAY, now)
    assert any(each.adopted for each in Reoptimiser(patient, improved, FEW).settle(now))
    after = patient.plan(MONDAY, now)
    for old, new in zip(before.tours, after.tours, strict=True):
        near = _within(old, before, now + hour)
        assert _within(new, after, now + hour)[: len(near)] == near
        assert new.fixed == old.fixed
    assert_promises_kept(region, after, before)


@pytest.mark.parametrize(("clock", "fate"), [("12:45", Fate.ADOPTED), ("16:00", Fate.NO_GAIN)])
def test_a_plan_that_costs_the_same_is_adopted_only_if_it_is_looser(
    dispatcher: Dispatcher, clock: str, fate: Fate
) -> None:
    """Both vehicles stand at the same depot; one of their drivers has a break about noon."""
    book(dispatcher, clock, Party())
    before = dispatcher.plan(MONDAY, MORNING)
    asked = ask(dispatcher, MORNING)
    verdict = dispatcher.act(MONDAY, MORNING, adopting(asked, all_in_one(asked), MORNING, 0))
    after = dispatcher.plan(MONDAY, MORNING)
    assert verdict.fate is fate
    assert verdict.gained == 0
    assert cost(after) == cost(before)
    assert (looseness(after) > looseness(before)) == (fate is Fate.ADOPTED)


@pytest.mark.parametrize("wrong", [all_in_one, leaving_somebody])
def test_a_cheaper_plan_that_would_break_a_promise_is_refused(
    dispatcher: Dispatcher, wrong: Solver
) -> None:
    """Nine people would fill the last vehicle, which has four seats."""
    for _ in range(3):
        book(dispatcher, "10:00", Party(3))
    before = dispatcher.plan(MONDAY, MORNING)
    tried = Reoptimiser(dispatcher, wrong, FEW).step(MORNING)
    assert _became(tried) == "refused"
    assert orders(dispatcher.plan(MONDAY, MORNING)) == orders(before)


# --------------------------------------------------------------------------- the solver's process


def a_process(solver: Solver, deadline: float = 300.0) -> SolverProcess:
    """Return a solver's process that does not stand back: other tests may keep the machine busy."""
    return SolverProcess(solver, nothing, deadline, niceness=0)


def test_a_killed_solver_is_replaced_and_the_service_goes_on(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 10, seed=1)
    with closing(a_process(unmoved)) as process:
        loop = Reoptimiser(dispatcher, process, FEW)
        became, killed = [_became(loop.step(MORNING))], process.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        became += [_became(loop.step(MORNING)) for _ in range(2)]
        assert became == ["no_gain", "lost", "no_gain"]
        assert process.pid not in (None, killed)
    book(dispatcher, "10:00", Party())


def test_a_solver_that_never_returns_is_killed_and_replaced(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 10, seed=1)
    with closing(a_process(slow_at_first, deadline=2.0)) as process:
        loop = Reoptimiser(dispatcher, process, FEW)
        assert [_became(loop.step(MORNING)) for _ in range(2)] == ["overdue", "no_gain"]


def test_nonsense_is_dropped_whatever_it_is(dispatcher: Dispatcher, toy_region: Region) -> None:
    for _ in range(3):
        book(dispatcher, "10:00", Party(3))
    book_some(dispatcher, 40, seed=1)
    before = dispatcher.plan(MONDAY, MORNING)
    with closing(a_process(nonsense)) as process:
        loop = Reoptimiser(dispatcher, process, FEW, patience=20)
        became = [_became(loop.step(MORNING)) for _ in range(7)]
        assert dispatcher.plan(MONDAY, MORNING).tours == before.tours
        assert became[:5] == ["garbage"] * 3 + ["other_plan"] * 2
        assert set(became[5:]) <= {"refused", "no_gain"}
        assert _became(loop.step(MORNING)) == "adopted"
    assert_promises_kept(toy_region, dispatcher.plan(MONDAY, MORNING))


def _became(tried: Try | None) -> str:
    assert tried is not None
    return tried.failed or str(tried.verdict and tried.verdict.fate)


def test_a_closed_solver_answers_no_more(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 10, seed=1)
    process = a_process(unmoved)
    process.close()
    with pytest.raises(SolverFailed, match="ending"):
        process(ask(dispatcher, MORNING))


def test_how_far_a_plan_may_be_from_the_best_is_proven_for_that_plan_alone(
    dispatcher: Dispatcher,
) -> None:
    book_some(dispatcher, 10, seed=1)
    question = bounding(ask(dispatcher, MORNING))
    assert question is not None
    improved(question)  # compiles, which would use up the time there is for a bound
    loop = Reoptimiser(dispatcher, improved, Budget(iterations=5))
    assert loop.step(MORNING) is not None
    loop.bound(MORNING)
    plan = dispatcher.plan(MONDAY, MORNING)
    gap = dispatcher.quality.gap(MONDAY, plan.revision)
    assert gap is not None
    assert 0 <= gap <= WORTH_TELLING
    Reoptimiser(dispatcher, improved, FEW).settle(MORNING)
    best = dispatcher.plan(MONDAY, MORNING)
    assert cost(best) >= (1 - gap) * cost(plan) - 1
    book(dispatcher, "15:00", Party())
    assert dispatcher.quality.gap(MONDAY, dispatcher.plan(MONDAY, MORNING).revision) is None


def test_a_day_that_is_too_large_is_not_claimed_to_be_near_the_best(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 10, seed=1)
    question = ask(dispatcher, MORNING)
    assert bounding(question) is not None
    many = replace(question.problem, requests=question.problem.requests * 10)
    assert bounding(replace(question, problem=many)) is None
    loop = Reoptimiser(dispatcher, unmoved, FEW)
    loop.bound(MORNING)
    assert dispatcher.quality.gap(MONDAY, question.revision) is None


def test_beside_the_service_days_get_better_and_nothing_is_left_behind(
    dispatcher: Dispatcher,
) -> None:
    book_some(dispatcher, 60, seed=1)
    before = dispatcher.plan(MONDAY, MORNING)
    with improving(dispatcher, lambda: MORNING, FEW):
        until = time.monotonic() + 60
        while dispatcher.plan(MONDAY, MORNING) is before and time.monotonic() < until:
            time.sleep(0.05)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert cost(dispatcher.plan(MONDAY, MORNING)) < cost(before)
    assert "reoptimiser" not in {thread.name for thread in threading.enumerate()}


def test_a_real_service_improves_its_days_and_ends_on_ctrl_c(
    toy_folder: Path, toy_region: Region, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/served.sqlite3"
    day = datetime.now(UTC).date() + timedelta(days=2)
    day += timedelta(days=max(0, 7 - day.weekday()) % 7 if day.weekday() > 4 else 0)
    with ServerProcess(toy_folder, url, tmp_path) as server:
        with httpx2.Client(base_url=server.address, timeout=30, trust_env=False) as http:
            _book_over_http(http, [each.id for each in toy_region.stops], day)
        store = SqlStore(url, toy_region.config.id)
        until = time.monotonic() + 90
        while not _gains(store, day) and time.monotonic() < until:
            time.sleep(0.2)
        assert server.interrupt(timeout=15) == 0
    assert _gains(store, day)
    dispatcher = Dispatcher(toy_region, store)
    assert_promises_kept(toy_region, dispatcher.plan(day, int(time.time())))
    dispatcher.close()


def _gains(store: SqlStore, day: date) -> list[int]:
    return [each.gained for each in store.events(day) if isinstance(each, Reoptimised)]


def _book_over_http(http: httpx2.Client, stops: list[str], day: date) -> None:
    rng = random.Random(1)
    for number in range(30):
        origin, destination = rng.sample(stops, 2)
        leave = datetime(day.year, day.month, day.day, 8, tzinfo=UTC) + timedelta(
            minutes=rng.randrange(0, 8 * 60)
        )
        answer = http.post(
            "/api/v1/offers",
            json={
                "from": {"stop": origin},
                "to": {"stop": destination},
                "when": {"depart_at": leave.isoformat()},
            },
        )
        offers = answer.json()["offers"]
        if offers:
            http.post(
                "/api/v1/bookings",
                json={"offer": offers[0]["offer"]},
                headers={"Idempotency-Key": f"key-of-ride-{number}"},
            ).raise_for_status()


def test_the_more_a_try_takes_of_the_service_the_longer_is_the_next(dispatcher: Dispatcher) -> None:
    book_some(dispatcher, 20, seed=1)
    asked: list[float | None] = []

    def slow_to_ask(question: Question) -> Proposal:
        asked.append(question.budget.seconds)
        return improved(replace(question, budget=FEW))

    loop = Reoptimiser(dispatcher, slow_to_ask, Budget(seconds=0.001), patience=5)
    for _ in range(3):
        loop.step(MORNING)
    assert asked[0] == 0.001
    assert all(0.001 < (each or 0) <= MOST_SECONDS for each in asked[1:])
    steady = Reoptimiser(dispatcher, slow_to_ask, FEW, patience=5)
    steady.step(MORNING)
    assert asked[-1] is None  # a budget of steps stays, so that a day can be repeated
