"""Simulated days: the same as live to the last promise, repeatable, and judged independently."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.tokens import OfferTokens
from benchmarks.live_noise import promised_tours
from routing.check import check_plan
from scenarios.chance import About, Chance, road_class
from scenarios.demo_day import wire_request
from scenarios.records import ASKED, DayRows, Fate
from scenarios.scenario import Reality, Scenario, scenario_of
from scenarios.scenario_region import region_of
from scenarios.simulate import SimulatedDay, simulated
from shuttle.answers import Quote, Refusal, RefusalReason
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Offer, RideRequest
from shuttle.errors import RequestError
from shuttle.region import Region
from shuttle.trouble.conditions import VehicleOut
from tests.api_client import KEY, secret_of

TUESDAY = date(2027, 3, 2)

STILL = {"legs": 0.0, "hours": 0.0, "halts": 0.0}
"""A reality in which everything takes as long as planned."""

FAITHFUL = {"cancels": 0.0, "no_show": 0.0}


def scenario(**tables: Any) -> Scenario:
    base: dict[str, Any] = {
        "title": {"de": "Probe", "en": "Trial"},
        "dates": {"days": [TUESDAY]},
        "demand": {"rides": 60},
        "improvement": {"iterations": 40},
    }
    return scenario_of(base | tables, "trial.toml")


def played(region: Region, seed: int = 1, **tables: Any) -> DayRows:
    tried = scenario(**tables)
    return simulated(tried, region_of(tried, region, "trial.toml"), TUESDAY, seed)


def fates(rows: DayRows) -> Counter[Fate]:
    return Counter(each.fate for each in rows.rides)


# ------------------------------------------------------------------------------- live and simulated


class Phones:
    """The web face of the service, on the simulation's clock: asked as residents' phones do."""

    def __init__(self, dispatcher: Dispatcher, http: TestClient) -> None:
        self.dispatcher, self.http = dispatcher, http
        self.tokens = OfferTokens(KEY, dispatcher.region.config.id)
        self.signed: dict[Offer, str] = {}
        self.booked: dict[str, dict[str, Any]] = {}
        self.posts = 0

    def quote(self, request: RideRequest, _now: int, /) -> Quote:
        answer = self.http.post("/api/v1/offers", json=wire_request(request))
        assert answer.status_code == 200, answer.text
        self.posts += 1
        body = answer.json()
        offers = []
        for each in body["offers"]:
            offers.append(self.tokens.open(each["offer"]))
            self.signed[offers[-1]] = each["offer"]
        refusal = body["refusal"]
        if refusal is not None:
            refusal = Refusal(refusal.get("id", ""), RefusalReason(refusal["reason"]), None)
        return Quote(tuple(offers), refusal)

    def book(self, offer: Offer, key: str, _now: int, /) -> Booking:
        answer = self.http.post(
            "/api/v1/bookings",
            json={"offer": self.signed[offer]},
            headers={"Idempotency-Key": key},
        )
        assert answer.status_code == 201, answer.text
        body = answer.json()
        self.booked[body["code"]] = body
        return self.dispatcher.booking(body["code"])

    def cancel(self, code: str, _now: int, /) -> Booking:
        answer = self.http.delete(f"/api/v1/bookings/{code}", headers=secret_of(self.booked[code]))
        assert answer.status_code == 200, answer.text
        return self.dispatcher.booking(code)


@contextmanager
def over_http(tried: Scenario, region: Region, seed: int) -> Iterator[SimulatedDay]:
    """A day whose residents speak to the real API of the very dispatcher that is simulated."""
    clients = []

    def desk(dispatcher: Dispatcher, clock: Callable[[], int]) -> Phones:
        app = create_app(dispatcher, clock, KEY, tick_seconds=None)
        clients.append(TestClient(app, client=("127.0.0.1", 50_000)))
        clients[0].__enter__()
        return Phones(dispatcher, clients[0])

    day = SimulatedDay(tried, region, TUESDAY, seed, desk)
    try:
        yield day
    finally:
        clients[0].__exit__(None, None, None)


def test_live_and_simulated_promises_are_identical_on_the_same_stream(toy_region: Region) -> None:
    tried = scenario(behaviour={"cancels": 0.1})
    with over_http(tried, toy_region, 3) as live:
        at_the_desk = live.play()
        owed_live = {code: live.dispatcher.booking(code).ride for code in desk_of(live).booked}
        assert desk_of(live).posts > 50
    with closing(SimulatedDay(tried, toy_region, TUESDAY, 3)) as day:
        alone = day.play()
        owed = {code: day.dispatcher.booking(code).ride for code in codes_of(day)}
    assert list(owed.values()) == list(owed_live.values())
    assert alone == at_the_desk
    assert fates(alone)[Fate.CANCELLED] > 0
    assert alone.adopted > 0


def desk_of(day: SimulatedDay) -> Phones:
    assert isinstance(day.desk, Phones)
    return day.desk


def codes_of(day: SimulatedDay) -> list[str]:
    return [each.code for each in day._answers.values() if each.code]


# ------------------------------------------------------------------------------------- repeatable


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(toy_region: Region) -> None:
    assert played(toy_region, 1) == played(toy_region, 1)
    assert played(toy_region, 1) != played(toy_region, 2)


def test_another_fleet_meets_the_same_callers(toy_region: Region) -> None:
    rows = [played(toy_region, 1, fleet={"vehicles": n}).rides for n in (1, 4)]
    asked = [[(e.asked_at, e.wanted, e.origin, e.passengers) for e in each] for each in rows]
    assert asked[0] == asked[1]


# ------------------------------------------------------------------------------------------ judged


@pytest.mark.parametrize("seed", range(2))
def test_an_independent_checker_finds_every_promise_kept_where_nothing_is_late(
    toy_region: Region, seed: int
) -> None:
    tried = scenario(reality=STILL, behaviour=FAITHFUL)
    with closing(SimulatedDay(tried, toy_region, TUESDAY, seed)) as day:
        rows = day.play()
        plan = day.dispatcher.plan(TUESDAY, day.agenda.now)
        trips = {
            code: exact_trip(toy_region, each.ride, code) for code, each in plan.bookings.items()
        }
        assert check_plan(promised_tours(toy_region, plan), plan.travel, trips) == []
        # Facts keep their times in the tours: what happened fits into what was promised.
        for tour in plan.tours:
            for halt in tour.halts:
                if halt.trip:
                    trip = trips[halt.trip]
                    assert halt.earliest <= max(trip.pickup_latest, trip.dropoff_latest)
    assert fates(rows)[Fate.SERVED] == len(plan.bookings) > 20
    assert all(each.kept for each in rows.rides if each.fate is Fate.SERVED)


@pytest.mark.parametrize("seed", range(2))
def test_rows_agree_with_the_promises_in_them(toy_region: Region, seed: int) -> None:
    rows = played(toy_region, seed, demand={"rides": 70})
    for each in rows.rides:
        if each.fate is not Fate.SERVED:
            continue
        assert each.pickup is not None
        assert each.dropoff is not None
        assert each.window is not None
        assert each.window_end is not None
        assert each.dropoff_latest is not None
        assert each.window <= each.pickup < each.dropoff
        late = max(each.pickup - each.window_end, each.dropoff - each.dropoff_latest)
        assert each.kept or each.over > 0
        assert not each.kept or late <= 0
    on_board = sum(each.metres * each.bookings for each in rows.legs)
    served = [each for each in rows.rides if each.fate is Fate.SERVED]
    assert on_board >= 0.99 * sum(each.direct_metres for each in served)


def test_vehicles_drive_from_halt_to_halt_and_come_home(toy_region: Region) -> None:
    rows = played(toy_region, 1)
    for vehicle in {each.vehicle for each in rows.legs}:
        legs = [each for each in rows.legs if each.vehicle == vehicle]
        assert all(a.end <= b.begin for a, b in pairwise(legs))
        assert legs[0].bookings == legs[-1].bookings == 0


def test_who_does_not_come_is_reported_and_the_vehicle_goes_on(toy_region: Region) -> None:
    rows = played(toy_region, 1, behaviour={"cancels": 0.0, "no_show": 0.3})
    assert fates(rows)[Fate.NO_SHOW] > 3
    assert fates(rows)[Fate.SERVED] > 10
    absent = [each for each in rows.rides if each.fate is Fate.NO_SHOW]
    assert all(each.pickup is None and each.dropoff is None for each in absent)


def test_nobody_is_given_up_sooner_than_the_region_lets_drivers_do_it(toy_region: Region) -> None:
    absent = {"cancels": 0.0, "no_show": 0.3}
    rows = played(toy_region, 1, behaviour=absent, rules={"wait_minutes": 5})
    assert fates(rows)[Fate.NO_SHOW] > 3


def test_slow_roads_break_promises_and_the_rows_say_so(toy_region: Region) -> None:
    # To wait for whoever does not come takes longer than was planned.
    calm = played(toy_region, 1, reality=STILL, behaviour=FAITHFUL)
    slow = played(toy_region, 1, reality={**STILL, "slower": 1.8}, behaviour=FAITHFUL)
    assert [each.number for each in calm.rides if each.kept is False] == []
    assert [each.number for each in slow.rides if each.kept is False] != []


def test_a_vehicle_that_is_out_drives_no_more(toy_region: Region) -> None:
    out = {"kind": "vehicle_out", "vehicle": "bus-2", "from": "10:00", "to": "19:00"}
    rows = played(toy_region, 1, trouble=[out], demand={"rides": 100})
    whole = played(toy_region, 1, demand={"rides": 100})
    ten = toy_region.config.instant(TUESDAY, 600)
    late = [each for each in rows.legs if each.vehicle == "bus-2" and each.begin > ten + 900]
    assert late == []
    assert any(each.vehicle == "bus-2" and each.begin > ten + 900 for each in whole.legs)


def test_vehicles_that_break_down_stand_where_they_are_and_the_others_take_over(
    toy_region: Region,
) -> None:
    often = {"breakdowns_in_100_hours": 25.0, "breakdown_minutes": 60.0}
    tried = scenario(reality=often, demand={"rides": 90})
    with closing(SimulatedDay(tried, region_of(tried, toy_region, "x"), TUESDAY, 3)) as day:
        rows = day.play()
        plan = day.dispatcher.plan(TUESDAY, day.agenda.now)
    out = [each.disturbance for each in plan.conditions]
    assert len(out) == rows.broken_down > 2
    for each in out:
        assert isinstance(each, VehicleOut)
        own = [leg for leg in rows.legs if leg.vehicle == each.vehicle]
        assert not [leg for leg in own if each.begin < leg.begin < each.end]
        assert not [leg for leg in own if leg.begin < each.begin < leg.end]
    assert any(each.stop for each in out if isinstance(each, VehicleOut))
    moved = [each for each in plan.bookings.values() if each.amendment is not None]
    assert any(each.status is BookingStatus.SERVED for each in moved)
    assert fates(rows)[Fate.SERVED] > 20
    assert played(toy_region, 3, reality=often, demand={"rides": 90}) == rows


def test_a_breakdown_that_changes_nothing_is_not_counted(
    toy_region: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def rejected(*_: object) -> None:
        tries.append(1)
        raise RequestError("nothing_to_change", "vehicle", "It has no shift at that time.")

    monkeypatch.setattr("scenarios.simulate.entered", rejected)
    often = {"breakdowns_in_100_hours": 25.0, "breakdown_minutes": 60.0}
    assert played(toy_region, 3, reality=often, demand={"rides": 9}).broken_down == 0
    assert tries


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3])
def test_a_draw_is_that_of_numpy_for_its_seed_day_and_name(seed: int) -> None:
    name = (3, 0, 1_900_000)
    drawn = Chance(seed, TUESDAY).of(About.LEG, *name)
    same = np.random.default_rng([seed, TUESDAY.toordinal(), About.LEG, *name])
    assert drawn.random(4).tolist() == same.random(4).tolist()


def test_legs_of_one_hour_on_one_class_of_roads_are_slowed_alike() -> None:
    chance, slippery = Chance(1, TUESDAY), Reality(legs=0.0, hours=0.0, roads=0.2)
    hour = 1_803_974_400
    main = {chance.leg(slippery, (n, n + 1), hour + 60 * n, 80.0) for n in range(5)}
    village = {chance.leg(slippery, (n, n + 1), hour + 60 * n, 25.0) for n in range(5)}
    assert len(main) == len(village) == 1
    assert main != village
    assert chance.leg(slippery, (0, 1), hour + 3600, 80.0) not in main
    assert [road_class(kmh) for kmh in (20, 50, 90)] == [0, 1, 2]


def test_better_plans_are_adopted_after_bookings_or_at_marks_of_the_day(toy_region: Region) -> None:
    assert played(toy_region, 1, improvement={"on": False}).adopted == 0
    assert played(toy_region, 1, improvement={"iterations": 40}).adopted > 0
    assert played(toy_region, 1, improvement={"iterations": 40, "every_minutes": 15}).adopted > 0


# ---------------------------------------------------------------------------------------- analytic


def test_no_demand_drives_no_kilometre(toy_region: Region) -> None:
    rows = played(toy_region, 1, demand={"rides": 0})
    assert rows.rides == ()
    assert rows.legs == ()
    assert len(rows.shifts) == 2


def test_a_fleet_without_end_serves_everybody(toy_region: Region) -> None:
    rows = played(
        toy_region,
        1,
        demand={"rides": 40},
        fleet={"vehicles": 25},
        vehicles=[{"id": "bus", "name": "Bus", "depot": "townhall",
                   "layouts": [{"seats": 8, "wheelchairs": 2, "child_seats": 3}]}],
        shifts=[{"vehicle": "bus", "days": ["tue"], "from": "06:00", "to": "20:00"}],
        reality=STILL,
        behaviour={**FAITHFUL, "prompt": 50.0},
        improvement={"on": False},
    )  # fmt: skip
    assert set(fates(rows)) == {Fate.SERVED}


@pytest.mark.slow
def test_more_vehicles_never_serve_fewer_on_average(toy_region: Region) -> None:
    served = []
    for vehicles in (1, 3):
        days = [
            played(
                toy_region,
                seed,
                fleet={"vehicles": vehicles},
                demand={"rides": 250},
                improvement={"on": False},
            )
            for seed in range(2)
        ]
        served.append(sum(fates(each)[Fate.SERVED] for each in days))
    assert served == sorted(served)
    assert served[0] < served[-1]


def test_every_wish_has_one_fate(toy_region: Region) -> None:
    rows = played(toy_region, 2, demand={"rides": 90})
    assert [each.number for each in rows.rides] == list(range(90))
    assert all(each.reason for each in rows.rides if each.fate is Fate.REFUSED)
    assert {each.fate for each in rows.rides} - ASKED <= {Fate.NOT_ASKED}
