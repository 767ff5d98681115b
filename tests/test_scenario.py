"""Scenario files: what they may say, and how mistakes in them are told."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scenarios.demand import wishes
from scenarios.scenario import LIBRARY, Scenario, ScenarioError, read_scenario, scenario_of
from scenarios.scenario_region import folder_of, region_of
from shuttle.region import BUNDLED, Region

TUESDAY = date(2027, 3, 2)


def raw(**tables: Any) -> dict[str, Any]:
    return {"title": {"de": "Probe", "en": "Trial"}, "dates": {"days": [TUESDAY]}, **tables}


def made(**tables: Any) -> Scenario:
    return scenario_of(raw(**tables), "trial.toml")


def mistake(region: Region | None = None, **tables: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        _read(region, tables)
    return str(caught.value)


def _read(region: Region | None, tables: dict[str, Any]) -> None:
    scenario = made(**tables)
    assert region is not None, "the mistake is in the file itself"
    region_of(scenario, region, "trial.toml")


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.toml")), ids=lambda path: str(path.stem))
def test_every_scenario_of_the_library_can_be_run(path: Path, bundled: Region) -> None:
    scenario = read_scenario(path)
    region = region_of(scenario, bundled, str(path))
    assert any(region.config.opening(day) for day in scenario.dates.all())


@pytest.fixture(scope="module")
def bundled() -> Region:
    return Region.load(BUNDLED)


def test_a_name_of_the_library_is_enough() -> None:
    assert read_scenario(Path("first_year")) == read_scenario(LIBRARY / "first_year.toml")


def test_a_scenario_that_is_nowhere_is_answered_with_what_there_is() -> None:
    with pytest.raises(ScenarioError, match=r"There is no scenario frist_year.*first_year"):
        read_scenario(Path("frist_year"))


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"demand": {"ride": 4}}, "demand.ride: there is no such key; perhaps rides is meant."),
        ({"xyz": 1}, "xyz: there is no such key; there are title, region, dates"),
        ({"demand": {"rides": -1}}, "demand.rides: input should be greater than or equal to 0."),
        ({"demand": {"shares": {"fun": 1.0}}}, "demand.shares: 'fun' is no purpose; use train"),
        (
            {"demand": {"soon": 0.9, "same_day": 0.9}},
            "demand: soon, same_day and day_before are shares; together at most 1.",
        ),
        (
            {"fleet": {"extra": [{"like": "bus-1", "from": "07:00", "to": "25:00"}]}},
            "fleet.extra.1.to: '25:00' is no time of day; 00:00 to 24:00 are.",
        ),
        (
            {"trouble": [{"kind": "slower", "from": "07:00", "to": "08:00"}]},
            "trouble.1: trouble of kind slower needs a factor above 1.",
        ),
        (
            {"trouble": [{"kind": "slower", "factor": 1.2, "from": "09:00", "to": "08:00"}]},
            "trouble.1: from 09:00 must be before to 08:00.",
        ),
        ({"dates": {"days": []}}, "dates: there is no day in it; list days, or give first"),
        ({"dates": {"first": TUESDAY}}, "dates: first and last belong together; give both."),
        ({"title": {"de": "Probe"}}, "title.en: this key is missing."),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(
    tables: dict[str, Any], sentence: str
) -> None:
    told = mistake(**tables)
    assert told.startswith(f"trial.toml: {sentence}")
    assert told.endswith(".")
    assert "\n" not in told


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"rules": {"window": 3}}, "rules.window: there is no such key; perhaps window_minutes"),
        (
            {"demand": {"goals": [{"name": "x", "stop": "moon", "share": 1.0,
                                   "arrivals": [{"hour": 9.0}]}]}},
            "demand.goals.1.stop: there is no stop 'moon' in the region.",
        ),
        (
            {"trouble": [{"kind": "vehicle_out", "vehicle": "bus-9", "from": "06:00",
                          "to": "07:00"}]},
            "trouble.1.vehicle: there is no vehicle 'bus-9'.",
        ),
        (
            {"fleet": {"extra": [{"like": "bus-9", "from": "07:00", "to": "09:00"}]}},
            "fleet.extra.1.like: there is no vehicle 'bus-9'.",
        ),
        (
            {"dates": {"days": [date(2027, 3, 7)]}},
            "dates: the region has no service on any of these days.",
        ),
    ],
)  # fmt: skip
def test_what_only_the_region_knows_is_checked_too(
    tables: dict[str, Any], sentence: str, toy_region: Region
) -> None:
    assert mistake(toy_region, **tables).startswith(f"trial.toml: {sentence}")


def test_a_file_that_is_no_toml_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[demand\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"broken\.toml is not valid TOML"):
        read_scenario(path)


@pytest.mark.parametrize("vehicles", [1, 2, 3, 5, 8])
def test_a_fleet_is_the_first_vehicles_and_copies_of_them(
    vehicles: int, toy_region: Region
) -> None:
    region = region_of(made(fleet={"vehicles": vehicles}), toy_region, "trial.toml")
    assert len(region.config.vehicles) == vehicles
    shifts = region.shifts(TUESDAY)
    assert len({each.id for each in shifts}) == len(shifts) == vehicles
    assert region.config.vehicles[0] == toy_region.config.vehicles[0]


def test_a_vehicle_more_for_some_hours_is_like_one_of_the_region(toy_region: Region) -> None:
    extra = {"like": "bus-2", "days": ["tue"], "from": "07:00", "to": "09:00"}
    region = region_of(made(fleet={"extra": [extra]}), toy_region, "trial.toml")
    shift = next(each for each in region.shifts(TUESDAY) if each.id.startswith("extra-1"))
    assert shift.end - shift.start == 2 * 3600
    assert shift.layouts == toy_region.layouts_of("bus-2")
    assert len(region.shifts(date(2027, 3, 3))) == 2


def test_dates_are_weekdays_from_one_day_to_another() -> None:
    dates = made(
        dates={"first": date(2027, 3, 1), "last": date(2027, 3, 14), "weekdays": ["sat", "sun"]}
    ).dates
    assert [day.day for day in dates.all()] == [6, 7, 13, 14]


def test_a_region_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    assert folder_of(made(), tmp_path / "x.toml") == BUNDLED
    with pytest.raises(ScenarioError, match="there is no region folder 'nowhere'"):
        folder_of(made(region="nowhere"), tmp_path / "x.toml")


def test_a_purpose_more_leads_to_its_stop(toy_region: Region) -> None:
    goal = {"name": "market", "stop": "kirche", "share": 50.0, "arrivals": [{"hour": 9.0}]}
    habits = made(demand={"goals": [goal]}).demand.habits()
    day = wishes(toy_region, TUESDAY, 100, 1, habits)
    market = [each for each in day if each.purpose == "market"]
    assert len(market) > 50
    here = toy_region.stop("kirche")
    ends = [(each.request.origin, each.request.destination) for each in market]
    assert all((here.lat, here.lon) in [(e.lat, e.lon) for e in pair] for pair in ends)


def test_without_a_change_people_ride_as_in_the_demo(toy_region: Region) -> None:
    habits = made().demand.habits()
    assert wishes(toy_region, TUESDAY, 60, 5, habits) == wishes(toy_region, TUESDAY, 60, 5)


def test_who_goes_to_the_station_is_there_for_a_train(toy_region: Region) -> None:
    habits = made(demand={"trains": [10, 40]}).demand.habits()
    day = wishes(toy_region, TUESDAY, 200, 1, habits)
    arrivals = [
        e.request.time for e in day if e.purpose == "train" and e.request.when == "arrive_by"
    ]
    assert arrivals
    assert {time % 3600 // 60 for time in arrivals} <= {5, 35}
