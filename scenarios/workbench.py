"""What the planner's screen asks of the scenarios: the library, a check, a comparison of runs."""

import csv
import tomllib
from datetime import date
from functools import partial
from pathlib import Path

import tomli_w

from scenarios.glossary import GLOSSARY
from scenarios.intervals import differences, sentences
from scenarios.measures import Repetition
from scenarios.recording import coarsened, recorded, scenario_of_replay, table_text
from scenarios.scenario import LIBRARY, ScenarioError, read_scenario, scenario_of
from scenarios.scenario_region import region_of
from shuttle.keeping.sql_store import SqlStore
from shuttle.planning.figures import Comparison, Figure, Named, Recording
from shuttle.planning.workbench import Scenarios
from shuttle.region import Region

_NO_FIGURES = frozenset({"seed", "days"})


def scenarios_of(store: SqlStore, region: Region) -> Scenarios:
    """Return what the planner's screen asks of the scenarios of an installation."""
    return Scenarios(library, check, compare, partial(record, store, region))


def library() -> tuple[Named, ...]:
    """Return the scenarios that come along, by name."""
    return tuple(_named(path) for path in sorted(LIBRARY.glob("*.toml")))


def _named(path: Path) -> Named:
    title = read_scenario(path).title.model_dump(exclude_none=True)
    return Named(path.stem, title, path.read_text(encoding="utf-8"))


def check(toml: str, region: Region, where: str) -> tuple[int, int]:
    """Check a scenario as the command does before it runs one.

    Returns
    -------
    tuple of int
        The seed of the first repetition, and how many there are.

    Raises
    ------
    ScenarioError
        With one sentence that begins with `where`.
    """
    try:
        raw = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{where} is not valid TOML: {error}.") from error
    scenario = scenario_of(raw, where)
    region_of(scenario, region, where)
    return scenario.seed, scenario.repetitions


def record(store: SqlStore, region: Region, first: date, last: date) -> Recording | None:
    """Return what was asked from one day to another as a scenario; None if nobody asked.

    It is kept with the run, so it is as coarse as the rule of retention leaves rides.
    """
    rows, left_out = recorded(store, region, first, last)
    if not rows:
        return None
    table = table_text(coarsened(rows), region.config.zone)
    toml = tomli_w.dumps(scenario_of_replay(first, last, table=table))
    return Recording(toml, len(rows), left_out)


def compare(one: Path, other: Path, names: tuple[str, str]) -> Comparison:
    """Compare the results of two runs by the seeds that both have.

    Parameters
    ----------
    one, other
        Folders that hold ``repetitions.csv``.
    names
        What the two are called in a sentence.
    """
    first, second = _repetitions(one), _repetitions(other)
    pairs = {each.seed for each in first} & {each.seed for each in second}
    found = differences(first, second) if pairs else {}
    told = {"de": "", "en": "", "da": ""}
    if {"served", "cost"} <= found.keys():
        told = sentences(*names, found)
    return Comparison(
        len(pairs),
        {name: Figure(each.mean, each.half, GLOSSARY[name].unit) for name, each in found.items()},
        told,
    )


def _repetitions(folder: Path) -> list[Repetition]:
    """Read back what a run wrote; an empty cell is a figure that nothing spoke of."""
    with (folder / "repetitions.csv").open(newline="", encoding="utf-8") as file:
        return [
            Repetition(
                int(row["seed"]),
                int(row["days"]),
                {name: float(row[name]) for name in row if row[name] and name not in _NO_FIGURES},
            )
            for row in csv.DictReader(file)
        ]
