"""Runs of Toy Town that have ended, made in this process: a process of their own takes seconds."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from scenarios import commands
from shuttle.planning.runs import Run, RunState
from shuttle.planning.workbench import Workbench
from shuttle.region import Region

TRIAL = """
repetitions = 2
seed = 5
title = { de = "Probe", en = "Trial" }
dates = { days = [2027-03-02] }
demand = { rides = 12 }
improvement = { iterations = 20 }
"""

ONE_VEHICLE = TRIAL + "[fleet]\nvehicles = 1\n"

NOW = 1_800_000_000


@pytest.fixture(scope="session")
def planned(toy_region: Region, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of the trial, and of the same with one vehicle."""
    folder = tmp_path_factory.mktemp("planned")
    with patch.object(commands, "_LOADED", {toy_region.folder: toy_region}):
        for name, toml in (("two", TRIAL), ("one", ONE_VEHICLE)):
            file = folder / f"{name}.toml"
            file.write_text(f'region = "{toy_region.folder}"\n{toml}', encoding="utf-8")
            ran = CliRunner().invoke(
                commands.scenario, ["run", str(file), "--out", str(folder / name)]
            )
            assert ran.exit_code == 0, (ran.output, ran.exception)
    return folder


def record(workbench: Workbench, title: str = "Probe", scenario: str = TRIAL) -> Run:
    """Return the record of a run that waits."""
    return Run(
        number=0,
        title=title,
        scenario=scenario,
        seed=5,
        repetitions=2,
        version="0.0.1",
        ground=workbench.ground,
        state=RunState.QUEUED,
        attempt=1,
        made_at=NOW,
    )


def has_run(workbench: Workbench, run: Run, results: Path) -> Run:
    """Keep a run as finished, with results that are there already."""
    kept = workbench.store.add(replace(run, state=RunState.FINISHED))
    folder = workbench.results(kept).folder
    folder.parent.mkdir(parents=True)
    folder.symlink_to(results)
    return kept
