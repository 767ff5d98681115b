"""Electric vehicles in the service: no plan lets a battery fall under its reserve."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from routing.check import Violation, check_battery, worsened
from routing.insertion import Obstacle
from routing.schedule import metres_of
from routing.travel_times import UNREACHABLE
from scenarios.records import DayRows, Fate, ShiftCharge
from scenarios.scenario import scenario_of
from scenarios.scenario_region import region_of
from scenarios.simulate import simulated
from shuttle.answers import RefusalReason
from shuttle.booking.moving import moved
from shuttle.charging import Battery, chains
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, FixKind, Party
from shuttle.driving.reports import Report, ReportKind
from shuttle.errors import CannotMove, RegionError
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.region_config import RegionConfig, read_config
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import RoadClosed
from tests.living_day import REAL, LivingDay
from tests.staff import at_the_desk
from tests.test_dispatcher import MONDAY, at, ride
from tests.test_trouble_at_random import act
from tests.toy_region import REGION_TOML
from tests.toy_town import coordinates
from tests.troubled_days import confirm

MORNING = at("06:30")
SLOW = pytest.mark.slow
REACH = 12_000
"""Of the vehicle that is alone, in metres: about two times there and back."""


def electric(region: Region, batteries: dict[str, Battery], *shifts: dict[str, Any]) -> Region:
    """Return Toy Town with batteries in its vehicles, others left out, and these shifts."""
    raw = region.config.model_dump(by_alias=True)
    raw["vehicles"] = [
        {**each, "electric": True, "battery": batteries[each["id"]].model_dump()}
        for each in raw["vehicles"]
        if each["id"] in batteries
    ]
    days = ["mon", "tue", "wed", "thu", "fri", "sat"]
    raw["shifts"] = [{"days": days, **each} for each in shifts]
    return replace(region, config=RegionConfig.model_validate(raw))


def shift(vehicle: str, begin: str, end: str) -> dict[str, Any]:
    return {"vehicle": vehicle, "from": begin, "to": end}


def lasting(km: float, **others: float) -> Battery:
    """Return a battery that reaches so far before its reserve."""
    return Battery(kwh=km * 0.3 / 0.85, **others)


@pytest.fixture
def alone(toy_region: Region) -> Region:
    """One electric vehicle, two shifts one right behind the other, 12 km a day."""
    shifts = shift("bus-2", "07:00", "13:00"), shift("bus-2", "13:00", "19:00")
    return electric(toy_region, {"bus-2": lasting(REACH / 1000)}, *shifts)


@pytest.fixture
def day(alone: Region) -> Iterator[Dispatcher]:
    with closing(Dispatcher(alone, MemoryStore())) as made:
        yield made


def not_lasting(plan: DayPlan) -> list[Violation]:
    """Ask the independent checker whether every battery lasts for its vehicle's tours."""
    return [
        fault
        for chain in chains(plan.compiled, plan.region, plan.reports)
        for fault in check_battery(
            [plan.tours[number] for number in chain.tours], plan.travel, chain.charges
        )
    ]


def book(dispatcher: Dispatcher, clock: str, now: int = MORNING, **more: Any) -> Booking | None:
    """Book the first offer, if there is one."""
    offers = dispatcher.quote(ride(clock=clock, **more), now).offers
    return dispatcher.book(offers[0], f"key-{clock}-{now}-{more}", now) if offers else None


def ways(plan: DayPlan) -> list[int]:
    return [metres_of(tour, plan.travel) for tour in plan.tours]


# ---------------------------------------------------------------------------------- rides, refusals


def test_rides_are_refused_for_the_battery_before_it_falls_under_its_reserve(
    day: Dispatcher,
) -> None:
    clocks = [f"{hour:02}:15" for hour in (15, 8, 17, 10, 12, 9, 16, 11, 14)]
    rides = {clock: book(day, clock) for clock in clocks}
    plan = day.plan(MONDAY, MORNING)
    assert not_lasting(plan) == []
    assert REACH / 2 < sum(ways(plan)) <= REACH
    refused = [clock for clock, booking in rides.items() if booking is None]
    assert refused
    refusal = day.quote(ride(clock=refused[0]), MORNING).refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.BATTERY
    other_days = [fix for fix in refusal.fixes if fix.kind is FixKind.OTHER_DAY]
    assert other_days, "tomorrow the battery is full"
    for fix in refusal.fixes:
        assert day.quote(fix.offer.request, MORNING).offers


def test_what_a_cancelled_ride_would_have_taken_is_free_for_another_shift(day: Dispatcher) -> None:
    booked = [book(day, f"{hour:02}:15") for hour in (8, 9, 10, 11, 12, 14)]
    carried = [each for each in booked if each is not None]
    assert len(carried) < len(booked)
    assert book(day, "17:15") is None
    for each in carried[:2]:
        day.cancel(each.code, MORNING)
    assert book(day, "17:15") is not None
    assert not_lasting(day.plan(MONDAY, MORNING)) == []


def test_charging_between_two_shifts_gives_the_second_what_it_has_time_for(
    toy_region: Region,
) -> None:
    reached, way = [], 0
    for begin in ("13:00", "13:30", "15:00"):
        shifts = shift("bus-2", "07:00", "13:00"), shift("bus-2", begin, "20:00")
        region = electric(toy_region, {"bus-2": lasting(12, charging_kw=3.0)}, *shifts)
        with closing(Dispatcher(region, MemoryStore())) as dispatcher:
            assert book(dispatcher, "08:15") is not None
            plan = dispatcher.plan(MONDAY, MORNING)
            reached.append(plan.tours[1].reach)
            way = ways(plan)[0]
            assert plan.tours[0].reach >= way
    assert reached[0] == 12_000 - way
    assert reached[1] == min(12_000, 12_000 - way + 5_000), "3 kW for half an hour are 5 km"
    assert reached[2] == 12_000


def test_a_vehicle_that_is_back_late_has_less_time_to_charge(toy_region: Region) -> None:
    shifts = shift("bus-2", "07:00", "13:00"), shift("bus-2", "14:00", "20:00")
    region = electric(toy_region, {"bus-2": lasting(20, charging_kw=3.0)}, *shifts)
    with closing(Dispatcher(region, MemoryStore())) as dispatcher:
        for clock in ("08:15", "09:15", "12:15"):
            assert book(dispatcher, clock) is not None
        before = dispatcher.plan(MONDAY, MORNING).tours[1].reach
        started = Report("1", "bus-2@07:00", ReportKind.STARTED, at("07:00"))
        dispatcher.report(MONDAY, started.shift, [started], at("07:00"))
        late = dispatcher.plan(MONDAY, at("13:30"))
        assert late.compiled.begins(0)[-1] > at("13:00")
        assert late.tours[1].reach < before


# --------------------------------------------------------------------------------- what is read


def test_what_the_driver_reads_at_the_start_counts_from_then_on(day: Dispatcher) -> None:
    shown = Report("1", "bus-2@13:00", ReportKind.STARTED, at("13:00"), charge=40)
    assert day.plan(MONDAY, at("13:00")).tours[1].reach == REACH
    day.report(MONDAY, shown.shift, [shown], at("13:00"))
    battery = day.region.batteries["bus-2"]
    assert day.plan(MONDAY, at("13:01")).tours[1].reach == battery.range_at(40.5)
    again = Dispatcher(day.region, day.store)
    assert again.plan(MONDAY, at("13:01")).tours[1].reach == battery.range_at(40.5), "restarted"
    again.close()


def test_a_reading_that_agrees_with_what_was_reckoned_changes_nothing(day: Dispatcher) -> None:
    book(day, "08:15")
    for shift_id, clock in (("bus-2@07:00", "07:00"), ("bus-2@13:00", "13:00")):
        plan = day.plan(MONDAY, at(clock))
        number = [tour.shift.id for tour in plan.tours].index(shift_id)
        left = REACH - sum(ways(plan)[:number])
        percent = round(15 + 85 * left / REACH)
        report = Report(clock, shift_id, ReportKind.STARTED, at(clock), charge=percent)
        before = plan.tours[number].reach
        day.report(MONDAY, shift_id, [report], at(clock))
        assert day.plan(MONDAY, at(clock) + 60).tours[number].reach == before


def test_a_battery_that_holds_too_little_for_what_is_planned_takes_nothing_more(
    day: Dispatcher,
) -> None:
    for hour in (14, 15, 16):
        assert book(day, f"{hour}:15") is not None
    low = Report("1", "bus-2@13:00", ReportKind.STARTED, at("13:00"), charge=20)
    day.report(MONDAY, low.shift, [low], at("13:00"))
    plan = day.plan(MONDAY, at("13:01"))
    assert [each.what for each in not_lasting(plan)] == ["battery"]
    assert plan.stranded == ()
    refusal = day.quote(ride(clock="17:15"), at("13:01")).refusal
    assert refusal is not None
    assert refusal.reason is RefusalReason.BATTERY
    for code in plan.bookings:
        day.cancel(code, at("13:01"))
    assert not_lasting(day.plan(MONDAY, at("13:01"))) == []


def test_the_board_tells_how_much_farther_a_battery_lasts(
    toy_region: Region, tmp_path: Path
) -> None:
    region = electric(toy_region, {"bus-1": lasting(20)}, shift("bus-1", "06:00", "20:00"))
    with at_the_desk(region, tmp_path) as desk:

        def told() -> int:
            [tour] = desk.http.get("/api/v1/board/2027-03-22").json()["tours"]
            metres: int = tour["battery_metres"]
            return metres

        assert told() == 20_000
        desk.book()
        left = told()
        assert 0 < left < 20_000
        now, today = desk.clock(), date(2027, 3, 22)
        low = Report("1", "bus-1@06:00", ReportKind.STARTED, now, charge=16)
        desk.dispatcher.report(today, low.shift, [low], now)
        assert told() == left - 20_000 + region.batteries["bus-1"].range_at(16.5) < 0


# ---------------------------------------------------------------------------- whatever else plans


def two_electric(region: Region) -> Region:
    """One that is charged at noon, one that is not; both too small for a busy day."""
    batteries = {"bus-1": lasting(25, charging_kw=50.0), "bus-2": lasting(35)}
    return electric(
        region,
        batteries,
        shift("bus-1", "06:00", "12:30"),
        shift("bus-1", "13:30", "20:00"),
        shift("bus-2", "07:00", "13:00"),
        shift("bus-2", "13:00", "19:00"),
    )


def test_a_dispatcher_cannot_move_a_ride_to_where_the_battery_does_not_last(
    toy_region: Region,
) -> None:
    small = {"bus-1": lasting(100), "bus-2": lasting(3)}
    shifts = shift("bus-1", "06:00", "20:00"), shift("bus-2", "07:00", "19:00")
    with closing(Dispatcher(electric(toy_region, small, *shifts), MemoryStore())) as dispatcher:
        booking = book(dispatcher, "10:15")
        assert booking is not None
        plan = dispatcher.plan(MONDAY, MORNING)
        assert plan.tour_of(booking.code) == 0
        with pytest.raises(CannotMove) as told:
            moved(plan, booking.code, "bus-2@07:00", MORNING)
        assert told.value.wanted.obstacle is Obstacle.BATTERY


def test_a_closed_road_takes_rides_off_a_vehicle_whose_battery_would_not_last(
    toy_region: Region,
) -> None:
    shifts = shift("bus-2", "07:00", "13:00"), shift("bus-2", "13:00", "19:00")
    metres, stranded = 1_000_000, []
    for _ in range(2):
        region = electric(toy_region, {"bus-2": lasting(metres / 1000)}, *shifts)
        with closing(Dispatcher(region, MemoryStore())) as day:
            for clock in ("08:15", "11:15", "15:15"):
                assert book(day, clock, origin="hauptstrasse", destination="mitte") is not None
            # Next time the battery lasts for just this, and not for a way round.
            metres = sum(ways(day.plan(MONDAY, MORNING))) + 50
            way_round = RoadClosed((coordinates((100, 0)),), MORNING, at("19:00"))
            confirm(day, way_round, MORNING)
            plan = day.plan(MONDAY, MORNING)
            assert not_lasting(plan) == []
            stranded.append(len(plan.stranded))
    assert stranded[0] == 0 < stranded[1] < 3


@pytest.mark.parametrize(
    ("seeds", "actions"), [(range(3), 250), pytest.param(range(3, 40), 2_000, marks=SLOW)]
)
def test_whatever_happens_on_a_day_no_battery_falls_under_its_reserve(
    toy_region: Region, seeds: range, actions: int
) -> None:
    class ElectricDay(LivingDay):
        def act(self, action: Any) -> None:
            before = not_lasting(self.plan)
            super().act(action)
            # What drivers report, that they took another order perhaps, is a fact and stays one.
            if action not in REAL:
                assert worsened(before, not_lasting(self.plan)) == [], action.__name__

    served = refused = 0
    for seed in seeds:
        living = ElectricDay(two_electric(toy_region), seed)
        living.live(actions)
        served += sum(each.status is BookingStatus.SERVED for each in living.plan.bookings.values())
        refused += any(
            tour.reach < metres_of(tour, living.plan.travel) + 6000 for tour in living.plan.tours
        )
    assert served > 10
    assert refused > 0, "batteries were small enough to matter"


@pytest.mark.parametrize(
    "seeds", [range(6), pytest.param(range(6, 60), marks=SLOW)], ids=["6", "54"]
)
def test_trouble_lets_no_battery_fall_under_its_reserve_where_rides_can_be_given_up(
    toy_region: Region, seeds: range
) -> None:
    """On days without drivers' reports nothing happens that was not planned."""
    region, happened = two_electric(toy_region), 0
    for seed in seeds:
        rng = Random(seed)
        with closing(Dispatcher(region, MemoryStore())) as dispatcher:
            now = at("05:30")  # nobody has left: whatever is planned can be given up
            for number in range(14):
                act(dispatcher, rng, now, number)
                faults = not_lasting(dispatcher.plan(MONDAY, now))
                # A vehicle that no road leads away from goes nowhere, whatever its battery.
                assert [each for each in faults if each.by < UNREACHABLE // 2] == []
            happened += len(dispatcher.events(MONDAY))
    assert happened > 10 * len(seeds)


# -------------------------------------------------------------------------------- simulated days

TUESDAY = date(2027, 3, 2)


def played(region: Region, seed: int, kwh: float | None, **reality: float) -> DayRows:
    """Play a day with one electric vehicle, charged for an hour at noon."""
    battery = None if kwh is None else {"kwh": kwh, "charging_kw": 5.0}
    vehicle = {**region.config.vehicles[0].model_dump(), "electric": True, "battery": battery}
    days = ["tue"]
    tried = scenario_of(
        {
            "title": {"de": "Probe", "en": "Trial"},
            "dates": {"days": [TUESDAY]},
            "demand": {"rides": 40},
            "improvement": {"iterations": 40},
            "vehicles": [vehicle],
            "shifts": [
                {"days": days, **shift("bus-1", "06:00", "12:30")},
                {"days": days, **shift("bus-1", "13:30", "20:00")},
            ],
            "reality": reality,
        },
        "trial.toml",
    )
    return simulated(tried, region_of(tried, region, "trial.toml"), TUESDAY, seed)


def charges(rows: DayRows) -> list[ShiftCharge]:
    return [each.charge for each in rows.shifts if each.charge is not None]


@pytest.mark.parametrize("seed", range(4))
def test_a_simulated_battery_holds_what_was_not_driven_and_stays_above_its_reserve(
    toy_region: Region, seed: int
) -> None:
    rows = played(toy_region, seed, 14.0)
    morning, evening = charges(rows)
    noon = rows.shifts[0].end
    driven = [
        sum(leg.metres for leg in rows.legs if (leg.begin < noon) == first)
        for first in (True, False)
    ]
    assert morning.used == pytest.approx(driven[0] * 0.3 / 1000)
    assert evening.used == pytest.approx(driven[1] * 0.3 / 1000)
    assert morning.left == pytest.approx(100 - 100 * morning.used / 14)
    assert 0 < evening.charged < 5.0 + 0.05
    held = 14 - morning.used + evening.charged - evening.used
    assert evening.left == pytest.approx(100 * held / 14)
    assert min(morning.left, evening.left) > 14, "a display shows whole per cents"
    assert not morning.under_reserve


def test_where_vehicles_take_more_than_planned_the_reserve_is_used_and_counted(
    toy_region: Region,
) -> None:
    under, refused = 0, Counter[str]()
    for seed in range(4):
        rows = played(toy_region, seed, 14.0, consumption=1.4, consumption_spread=0.1)
        under += sum(each.under_reserve for each in charges(rows))
        refused.update(each.reason for each in rows.rides if each.fate is Fate.REFUSED)
    assert under > 0
    assert refused["battery"] > 0


def test_a_battery_that_never_matters_changes_nothing(toy_region: Region) -> None:
    without, large = (played(toy_region, 1, kwh) for kwh in (None, 500.0))
    assert (without.rides, without.legs) == (large.rides, large.legs)


# --------------------------------------------------------------------------------------- the file


def test_a_battery_belongs_to_an_electric_vehicle(tmp_path: Path) -> None:
    text = REGION_TOML.format(lat=54.0, lon=9.0)
    right = text.replace("electric = true", "electric = true\nbattery = { kwh = 60 }")
    (tmp_path / "region.toml").write_text(right, encoding="utf-8")
    vehicle = read_config(tmp_path / "region.toml").vehicles[1]
    assert vehicle.battery is not None
    assert vehicle.battery.range_at(100) == 170_000
    wrong = right.replace("electric = true\n", "")
    (tmp_path / "region.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(RegionError, match=r"vehicles.1: a battery belongs to electric = true"):
        read_config(tmp_path / "region.toml")


def test_without_a_battery_no_tour_has_a_limit(toy_region: Region) -> None:
    with closing(Dispatcher(toy_region, MemoryStore())) as dispatcher:
        assert book(dispatcher, "10:15", party=Party(2)) is not None
        plan = dispatcher.plan(MONDAY, MORNING)
        assert all(tour.reach > 10**9 for tour in plan.tours)
        assert plan.changeable == plan.tours
