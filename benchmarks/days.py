"""Real days: what a search makes of a whole day that is known at once, and how fast.

``uv run python -m benchmarks.days [--map FILE.osm.pbf ...] [--rides 45,150,400,1000]
[--seconds 10] [--seeds 1] [--engines ours,ortools] [--plot FILE.svg] [--json FILE]`` plans seeded
days of the bundled region, and of regions made from maps, with tight and with loose windows. The
baseline in the same run is insertion alone: each ride where it costs least, in the order of
asking, for good. All engines begin with that plan. Whatever they return is checked.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean

from rich.progress import Progress as Bar
from rich.progress import TaskID

from benchmarks.arguments import Arguments, count, counts, duration, new_file, present_file, refuse
from benchmarks.day_problems import (
    DAY,
    WINDOWS,
    Worth,
    day_problem,
    insertion_alone,
    vehicles_for,
)
from benchmarks.day_runs import (
    ENGINES,
    TITLES,
    Day,
    Improve,
    Run,
    engine_named,
    first_plan_run,
    timed_run,
)
from benchmarks.report import machine, run_command, show_table, until_interrupted
from routing.budget import Budget
from routing.insertion import warm_up
from routing.osm_import import ExtractError
from routing.problem import Problem
from scenarios.demand import DemandError, wishes
from shuttle.commands.region_create import create_region
from shuttle.errors import RegionError
from shuttle.region import BUNDLED, Region

MARKS = (1, 3, 10, 30, 100, 300, 1000)
"""Seconds after which figures are shown."""


def main(words: Sequence[str] | None = None) -> None:
    """Plan all days and print what came of it."""
    asked = _arguments().parse_args(words)
    engines = _present(asked.engines)
    print(f"Times are processor time. {machine()}")
    with Bar(transient=True) as bar:
        regions = [_loaded(bar, None), *(_loaded(bar, path) for path in asked.map)]
        begun = bar.add_task("the kernels compile", total=None)
        _warm_up(regions[0], engines)
        bar.remove_task(begun)
        runs = until_interrupted(_runs(asked, regions, engines, bar))
    for region in regions:
        here = [run for run in runs if run.day.region == region.config.name]
        if here:
            _show_region(region, here, asked.seconds)
    for run in runs:
        for fault in run.faults:
            print(f"FAILED: {TITLES[run.engine]}, {run.day}: {fault}")
    if asked.json:
        figures = {"machine": machine(), "seconds": asked.seconds}
        text = json.dumps({**figures, "runs": [run.as_json() for run in runs]}, indent=1)
        asked.json.write_text(text + "\n", encoding="utf-8")
    if asked.plot:
        _plot(runs, asked.plot)
    if any(run.faults for run in runs):
        raise SystemExit(1)


def _arguments() -> Arguments:
    parser = Arguments("benchmarks.days", description="Plan whole days and compare the engines.")
    parser.add_argument(
        "--map", type=present_file, nargs="+", default=[], metavar="FILE", help="OSM extracts"
    )
    parser.add_argument("--rides", type=counts, default=(45, 150, 400, 1000), metavar="N,N")
    parser.add_argument("--seconds", type=duration, default=10.0, help="for each engine and day")
    parser.add_argument("--seeds", type=count, default=1, help="so many days of each kind")
    parser.add_argument("--engines", type=_engines, default=tuple(ENGINES), help="ours,ortools")
    parser.add_argument("--plot", type=new_file, metavar="FILE.svg", help="curves over time")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="all figures")
    return parser


def _engines(text: str) -> tuple[str, ...]:
    names = tuple(word.strip() for word in text.split(","))
    for name in names:
        if name not in ENGINES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(ENGINES)}")
    return names


def _present(names: Sequence[str]) -> dict[str, Improve]:
    """Return the engines that are there; say which are not."""
    engines = {}
    for name in names:
        engine = engine_named(name)
        if engine is None:
            print(f"skipped: {TITLES[name]}; this version has no {ENGINES[name].split(':')[0]}")
        else:
            engines[name] = engine
    return engines


def _loaded(bar: Bar, path: Path | None) -> Region:
    """Return the bundled region, or the one that a map makes; its folder is soon gone."""
    name = path.name.split(".")[0] if path else BUNDLED.name
    task = bar.add_task(f"reading {name}", total=1.0)

    def tell(step: str, share: float) -> None:
        bar.update(task, description=f"{name}: {step}", completed=share)

    try:
        if path is None:
            return Region.load(BUNDLED, tell)
        with tempfile.TemporaryDirectory() as folder:
            title = name.replace("-", " ").replace("_", " ").title()
            region = create_region(title, Path(folder) / "region", path, tell=tell).region
        wishes(region, DAY, 1, 1)  # whether anybody can ride there is better known at once
    except (RegionError, ExtractError, DemandError) as error:
        refuse(str(error))
    finally:
        bar.remove_task(task)
    return region


def _warm_up(region: Region, engines: dict[str, Improve]) -> None:
    """Compile all kernels, so that no curve begins with that."""
    warm_up()
    problem = day_problem(region, wishes(region, DAY, 6, 1), 2, WINDOWS["loose"])
    if problem is not None:
        for engine in engines.values():
            engine(problem, None, budget=Budget(seconds=0.05), seed=1, stop=None)


def _runs(
    asked: argparse.Namespace, regions: Sequence[Region], engines: dict[str, Improve], bar: Bar
) -> Iterator[Run]:
    """Yield the runs of all days as they are done."""
    days = [
        (region, Day(region.config.name, rides, vehicles_for(rides), windows, seed))
        for region in regions
        for rides in asked.rides
        for windows in WINDOWS
        for seed in range(1, asked.seeds + 1)
    ]
    task = bar.add_task("", total=len(days) * max(1, len(engines)))
    for number, (region, day) in enumerate(days):
        bar.update(task, description=f"{day.region}, {day.rides} rides, {day.windows}")
        asked_for = wishes(region, DAY, day.rides, day.seed)
        problem = day_problem(region, asked_for, day.vehicles, WINDOWS[day.windows])
        if problem is not None:
            yield from _runs_of_day(problem, day, engines, asked.seconds, bar, task)
        bar.update(task, completed=(number + 1) * max(1, len(engines)))


def _runs_of_day(
    problem: Problem,
    day: Day,
    engines: dict[str, Improve],
    seconds: float,
    bar: Bar,
    task: TaskID,
) -> Iterator[Run]:
    tours, taken = insertion_alone(problem)
    yield first_plan_run(problem, day, tours, taken)
    begun = bar.tasks[bar.task_ids.index(task)].completed
    for number, (name, engine) in enumerate(engines.items()):

        def tell(share: float, done: float = begun + number) -> None:
            bar.update(task, completed=done + share)

        yield timed_run(name, engine, problem, day, tours, seconds, tell)


def _show_region(region: Region, runs: Sequence[Run], seconds: float) -> None:
    """Print the table of a region: means over the seeds."""
    marks = [float(mark) for mark in MARKS if 2 * mark <= seconds] + [seconds]
    columns = (
        "rides / vehicles, windows",
        "engine",
        *(f"after {mark:g} s" for mark in marks),
        "unserved",
        "driving h",
        "first plan ms",
    )
    kinds = dict.fromkeys((replace(run.day, seed=0), run.engine) for run in runs)
    rows = [_row(runs, day, engine, marks) for day, engine in kinds]
    title = (
        f"Days in {region.config.name}, {len(region.stops)} stops: cost as a ratio to insertion "
        "alone\n(rides unserved). Cost is driving time, and 10 h for each unserved ride."
    )
    show_table(title, columns, rows)


def _row(runs: Sequence[Run], kind: Day, engine: str, marks: Sequence[float]) -> list[str]:
    """Return the figures of an engine for one kind of day."""
    alike = [run for run in runs if replace(run.day, seed=0) == kind]
    base = {run.day.seed: run for run in alike if run.engine == "insertion"}
    own = [run for run in alike if run.engine == engine]
    worths = [run.worth for run in own]
    cells = []
    for mark in marks:
        there = [_at(run, mark) for run in own]
        ratio = mean(
            each.cost / max(1, base[run.day.seed].worth.cost)
            for each, run in zip(there, own, strict=True)
        )
        cells.append(f"{ratio:.3f} ({mean(each.unserved for each in there):.4g})")
    first = f"{1000 * mean(run.curve[0][0] for run in own):.0f}" if engine == "insertion" else ""
    failed = sum(bool(run.faults) for run in own)
    return [
        f"{kind.rides} / {kind.vehicles}, {kind.windows}",
        TITLES[engine] + (f", {failed} FAILED" if failed else ""),
        *cells,
        f"{mean(each.unserved for each in worths):.4g}",
        f"{mean(each.driving for each in worths) / 3600:.1f}",
        first,
    ]


def _at(run: Run, seconds: float) -> Worth:
    """Return what a plan was worth then; the baseline is never late."""
    return run.worth if run.engine == "insertion" else run.at(seconds)


def _plot(runs: Sequence[Run], path: Path) -> None:
    """Draw the curves, if there is something to draw with."""
    try:
        from benchmarks.day_plot import draw
    except ModuleNotFoundError:
        print("skipped: the plot; it needs matplotlib (uv sync)")
        return
    if any(run.engine != "insertion" for run in runs):
        draw(runs, path)
        print(f"The curves are in {path}")
    else:
        print("skipped: the plot; no engine has run")


if __name__ == "__main__":
    run_command(main)
