"""The tables of `benchmarks.quality`: by instance, by folder, and engines side by side."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from statistics import fmean, median
from typing import TypeVar

from benchmarks.quality_runs import REACHED, Run
from benchmarks.report import show_table

Rows = list[list[str]]

Key = TypeVar("Key", bound=Hashable)

INSTANCE_COLUMNS = (
    "instance",
    "requests",
    "engine",
    "budget s",
    "runs",
    "failed",
    "best known",
    "median run",
    "gap % median",
    "gap % worst",
    "wall s",
    "CPU s",
)

FOLDER_COLUMNS = (
    "engine",
    "budget s",
    "instances",
    "runs",
    "failed",
    "gap % mean",
    "gap % worst",
    "best known reached: median run",
    "best seed",
)

VEHICLES_COLUMN = "best known vehicles: median run"


def show_folder(folder: str, runs: Iterable[Run], engines: Sequence[str]) -> None:
    """Print everything about the runs of one folder, engines in this order, if they ran."""
    ordered = sorted(
        runs,
        key=lambda run: (run.requests, run.instance, run.seconds, engines.index(run.engine)),
    )
    vehicles_first = any(run.vehicles_first for run in ordered)
    columns = (*FOLDER_COLUMNS, VEHICLES_COLUMN) if vehicles_first else FOLDER_COLUMNS
    show_table(f"{folder}: instances", INSTANCE_COLUMNS, instance_rows(ordered))
    show_table(f"{folder}: summary", columns, folder_rows(ordered, engines, vehicles_first))
    present = [name for name in engines if any(run.engine == name for run in ordered)]
    if len(present) > 1:
        others = [f"{name} to {present[0]}" for name in present[1:]]
        for seconds, group in gathered(ordered, lambda run: run.seconds).items():
            title = f"{folder}: median runs of {seconds:g} s side by side"
            show_table(title, ("instance", *present, *others), side_by_side(group, present))


def gathered(runs: Iterable[Run], key: Callable[[Run], Key]) -> dict[Key, list[Run]]:
    """Return the runs by key, keys in the order in which they turn up."""
    groups: dict[Key, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return groups


def median_run(runs: Sequence[Run]) -> Run:
    """Return the run in the middle from good to bad, of two in the middle the worse."""
    return sorted(runs, key=lambda run: run.rank)[len(runs) // 2]


# --------------------------------------------------------------------------------- by instance


def instance_rows(runs: Iterable[Run]) -> Rows:
    """Return a row for every instance, budget and engine."""
    groups = gathered(runs, lambda run: (run.instance, run.seconds, run.engine))
    return [_instance_row(group) for group in groups.values()]


def _instance_row(runs: Sequence[Run]) -> list[str]:
    middle, worst = median_run(runs), max(runs, key=lambda run: run.rank)
    return [
        middle.instance,
        str(middle.requests),
        middle.engine,
        f"{middle.seconds:g}",
        str(len(runs)),
        _failed(runs),
        _best_known(middle),
        _value(middle),
        _gap(middle),
        _gap(worst),
        f"{median(run.wall_seconds for run in runs):.2f}",
        f"{median(run.cpu_seconds for run in runs):.2f}",
    ]


def _value(run: Run) -> str:
    return "failed" if run.failed else f"{run.vehicles} / {run.cost:.2f}"


def _best_known(run: Run) -> str:
    if run.best_cost is None:
        return "-"
    vehicles = "" if run.best_vehicles is None else f"{run.best_vehicles} / "
    return f"{vehicles}{run.best_cost:.2f}"


def _gap(run: Run) -> str:
    """Return a gap in %, or why there is none."""
    if run.failed:
        return "failed"
    if run.more_vehicles:
        return _vehicles(run.more_vehicles)
    return _percent(run.gap)


def _percent(gap: float | None) -> str:
    return "-" if gap is None else f"{round(gap, 3) + 0.0:.3f}"  # never -0.000


def _vehicles(more: int) -> str:
    return f"{more:+d} vehicle{'' if abs(more) == 1 else 's'}"


def _failed(runs: Iterable[Run]) -> str:
    failed = sum(run.failed for run in runs)
    return f"[bold red]{failed}[/]" if failed else "0"


# ----------------------------------------------------------------------------------- by folder


def folder_rows(runs: Iterable[Run], engines: Sequence[str], vehicles_first: bool) -> Rows:
    """Return a row for every budget and engine.

    Where vehicles count first, gaps are over the runs with the best known number of them: with
    another number a distance says nothing.
    """
    groups = gathered(runs, lambda run: (run.seconds, engines.index(run.engine)))
    return [_folder_row(groups[key], vehicles_first) for key in sorted(groups)]


def _folder_row(runs: Sequence[Run], vehicles_first: bool) -> list[str]:
    by_instance = list(gathered(runs, lambda run: run.instance).values())
    middles = [median_run(each) for each in by_instance]
    gaps = [run.gap for run in runs if run.gap is not None]
    few = sum(not run.failed and run.more_vehicles <= 0 for run in middles)
    return [
        runs[0].engine,
        f"{runs[0].seconds:g}",
        str(len(by_instance)),
        str(len(runs)),
        _failed(runs),
        _percent(fmean(gaps) if gaps else None),
        _percent(max(gaps, default=None)),
        str(sum(run.reached for run in middles)),
        str(sum(any(run.reached for run in each) for each in by_instance)),
        *([str(few)] if vehicles_first else []),
    ]


# -------------------------------------------------------------------------------- side by side


def side_by_side(runs: Iterable[Run], engines: Sequence[str]) -> Rows:
    """Return a row for every instance: each engine's median run, then others against the first."""
    rows, compared = [], []
    for instance, group in gathered(runs, lambda run: run.instance).items():
        by_engine = gathered(group, lambda run: run.engine)
        middles = [median_run(by_engine[name]) if name in by_engine else None for name in engines]
        values = ["-" if run is None else _value(run) for run in middles]
        against = [_against(run, middles[0]) for run in middles[1:]]
        compared.append([verdict for verdict, _ in against])
        rows.append([instance, *values, *(text for _, text in against)])
    tally = [
        f"{column.count('better')} better, {column.count('equal')} equal, "
        f"{column.count('worse')} worse"
        for column in zip(*compared, strict=True)
    ]
    return [*rows, ["all", *("" for _ in engines), *tally]]


def _against(run: Run | None, first: Run | None) -> tuple[str, str]:
    """Return who is better, and the difference in vehicles or else the ratio of costs."""
    if run is None or first is None:
        return "", "-"
    if run.failed or first.failed:
        if run.failed and first.failed:
            return "", "both failed"
        return ("worse", "failed") if run.failed else ("better", "the first failed")
    if run.vehicles_first and run.vehicles != first.vehicles:
        more = run.vehicles - first.vehicles
        return "worse" if more > 0 else "better", _vehicles(more)
    ratio = run.cost / first.cost
    if abs(100 * (ratio - 1)) <= REACHED:
        return "equal", f"{ratio:.4f}"
    return "worse" if ratio > 1 else "better", f"{ratio:.4f}"
