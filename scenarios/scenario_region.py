"""The region of a scenario: the real one, with the fleet, hours and rules that are to be tried."""

import copy
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scenarios.mistakes import sentence_of
from scenarios.replay import replayed
from scenarios.scenario import Fleet, Scenario, ScenarioError
from shuttle.region import BUNDLED, Region
from shuttle.region_config import RegionConfig


def folder_of(scenario: Scenario, where: Path) -> Path:
    """Return the folder of a scenario's region: beside the file, or one that comes along."""
    if not scenario.region:
        return BUNDLED
    for base in (where.parent, BUNDLED.parent, Path()):
        if (base / scenario.region / "region.toml").is_file():
            return base / scenario.region
    raise ScenarioError(
        f"{where}: region: there is no region folder {scenario.region!r}; give the path of one."
    )


def region_of(scenario: Scenario, region: Region, where: str) -> Region:
    """Return a loaded region as a scenario wants it.

    Raises
    ------
    ScenarioError
        If a rule, vehicle, shift or stop cannot be; names the key.
    """
    raw = _merged(scenario, region.folder / "region.toml", where)
    try:
        config = RegionConfig.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError(f"{where}: {sentence_of(error, RegionConfig)}") from error
    changed = replace(region, config=config)
    _check(scenario, changed, where)
    return changed


def _merged(scenario: Scenario, path: Path, where: str) -> dict[str, Any]:
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    raw["rules"] = {**raw.get("rules", {}), **scenario.rules}
    for key in ("hours", "vehicles", "shifts"):
        raw[key] = getattr(scenario, key) or raw[key]
    _with_fleet(raw, scenario.fleet, where)
    return raw


def _with_fleet(raw: dict[str, Any], fleet: Fleet, where: str) -> None:
    """Leave the first vehicles, or add copies of them, each with the shifts of its model."""
    own, shifts = raw["vehicles"], raw["shifts"]
    wanted = len(own) if fleet.vehicles is None else fleet.vehicles
    vehicles = list(own[:wanted])
    for number in range(len(own), wanted):
        model = own[number % len(own)]
        vehicles.append(_copy(model, f"{model['id']}-{number // len(own) + 1}"))
        shifts = [*shifts, *_shifts_like(raw["shifts"], model["id"], vehicles[-1]["id"])]
    for number, extra in enumerate(fleet.extra, 1):
        like = next((each for each in own if each["id"] == extra.like), None)
        if like is None:
            raise ScenarioError(
                f"{where}: fleet.extra.{number}.like: there is no vehicle {extra.like!r}."
            )
        vehicles.append(_copy(like, f"extra-{number}"))
        span = {"days": extra.days, "from": extra.begin, "to": extra.end}
        shifts = [*shifts, {"vehicle": f"extra-{number}", **span}]
    kept = {each["id"] for each in vehicles}
    raw["vehicles"] = vehicles
    raw["shifts"] = [each for each in shifts if each["vehicle"] in kept]


def _copy(vehicle: dict[str, Any], name: str) -> dict[str, Any]:
    return {**copy.deepcopy(vehicle), "id": name, "name": name}


def _shifts_like(shifts: list[dict[str, Any]], model: str, name: str) -> list[dict[str, Any]]:
    own = [each for each in shifts if each["vehicle"] == model]
    return [{**copy.deepcopy(each), "vehicle": name} for each in own]


def _check(scenario: Scenario, region: Region, where: str) -> None:
    """Check what only the region knows: stops, vehicles, and days with service."""
    stops = {each.id for each in region.stops}
    vehicles = {each.id for each in region.config.vehicles}
    named = [
        (f"demand.goals.{n}.stop", each.stop) for n, each in enumerate(scenario.demand.goals, 1)
    ]
    named += [(f"trouble.{n}.stop", each.stop) for n, each in enumerate(scenario.trouble, 1)]
    for key, stop in named:
        if stop and stop not in stops:
            raise ScenarioError(f"{where}: {key}: there is no stop {stop!r} in the region.")
    for number, each in enumerate(scenario.trouble, 1):
        if each.vehicle and each.vehicle not in vehicles:
            raise ScenarioError(
                f"{where}: trouble.{number}.vehicle: there is no vehicle {each.vehicle!r}."
            )
    days = [day for day in scenario.dates.all() if region.config.opening(day)]
    if not days:
        raise ScenarioError(f"{where}: dates: the region has no service on any of these days.")
    if scenario.demand.kind == "replay":
        asked = [replayed(scenario.demand, region, day) for day in days]
        if not any(asked):
            raise ScenarioError(
                f"{where}: dates: nobody asks for a ride on any of these days in "
                f"{scenario.demand.file or 'the table'}; choose days that are in it."
            )
