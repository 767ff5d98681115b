"""``shuttle scenario``: run a scenario, sweep over variants, compare with the real service.

Heavy modules are imported by the command that needs them, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import os
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tomli_w
import typer

from shuttle.commands.options import Database
from shuttle.commands.options import Region as RegionFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console
    from rich.progress import Progress

    from scenarios.measures import Repetition
    from scenarios.progress import ProgressFile
    from scenarios.running import Run
    from scenarios.scenario import Scenario
    from scenarios.sweep import Failure, Job
    from shuttle.region import Region

    Doing = Callable[[Sequence[Job]], Iterator[Repetition | Failure]]

_LOADED: dict[Path, Region] = {}

scenario = typer.Typer(
    help="What if: the same dispatcher, on made-up days.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="A TOML file, or a name such as first_year.")
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where the results go.")]
Seed = Annotated[
    int | None, typer.Option(min=0, help="Of the first repetition; else the scenario's.")
]
Repetitions = Annotated[
    int | None, typer.Option(min=1, max=10_000, help="How many; else the scenario's.")
]

Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Of the service days."),
]
Span = tuple[date, date]


@scenario.command("list")
def list_scenarios() -> None:
    """Show the scenarios that come along."""
    from scenarios.scenario import LIBRARY, read_scenario

    for path in sorted(LIBRARY.glob("*.toml")):
        title = read_scenario(path).title
        typer.echo(f"{path.stem:20} {title.en} · {title.de}")


@scenario.command("run")
def run_scenario(
    file: File,
    *,
    out: Out,
    seed: Seed = None,
    repetitions: Repetitions = None,
    progress: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keeps saying here how far it is, as JSON."),
    ] = None,
    table_format: Annotated[
        Literal["csv", "parquet"],
        typer.Option("--format", help="With parquet, all tables are there as Parquet too."),
    ] = "csv",
) -> None:
    """Run a scenario on one core.

    Writes rides.csv, legs.csv, figures.csv, repetitions.csv, scenario.json and report.html.
    Ctrl-C ends it with the repetitions that are whole.
    """
    from scenarios.parquet import check_parquet, write_parquet
    from scenarios.progress import ProgressFile
    from scenarios.report import run_page
    from scenarios.running import write_figures, write_repetitions

    if table_format == "parquet":
        check_parquet()
    console = _console()
    _make_folder(out)
    told = None if progress is None else ProgressFile(progress)
    done, first = _run(file, out, seed, repetitions, console, told)
    if not done.repetitions:
        raise KeyboardInterrupt
    number = len(done.repetitions)
    write_figures(out / "figures.csv", done.repetitions)
    write_repetitions(out / "repetitions.csv", done.repetitions)
    if table_format == "parquet":
        write_parquet(out)
    record = {"scenario": done.scenario.model_dump(mode="json", by_alias=True), "seed": first}
    text = json.dumps(record | {"repetitions": number}, ensure_ascii=False, indent=1)
    (out / "scenario.json").write_text(text + "\n", encoding="utf-8")
    note = f"{number} repetitions, seeds {first} to {first + number - 1}, of {file.name}."
    (out / "report.html").write_text(run_page(done, note), encoding="utf-8")
    if told is not None:
        told.end()
    if done.interrupted:
        console.print(f"Interrupted; this is what came of {number} whole repetitions.")
    _show(done, console)
    console.print(f"The report is {out / 'report.html'}")


@scenario.command("sweep")
def sweep_scenario(
    file: File,
    *,
    out: Out,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUES", help="Such as fleet=2..5 or window=10,15,20."),
    ] = None,
    seed: Seed = None,
    repetitions: Repetitions = None,
    cores: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; else all cores.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Of a Dask cluster, instead of the cores."),
    ] = None,
) -> None:
    """Run every combination of values on all cores, or on a Dask cluster.

    Finished runs are kept in the folder: after whatever ended it, the same command goes on.
    Writes sweep.csv and report.html; a run that fails is told of and ends nothing else.
    """
    from scenarios.running import seeds_of
    from scenarios.scenario import read_toml, scenario_of
    from scenarios.sweep import jobs_of, variants
    from scenarios.sweep_report import write_sweep

    console, raw = _console(), read_toml(file)
    _make_folder(out)
    if repetitions is not None:
        raw["repetitions"] = repetitions
    found = variants(raw, vary or [], str(file))
    for each in found:  # a mistake is told before hours of work
        _checked_region(scenario_of(each.raw, str(file)), file, console)
    seeds = seeds_of(scenario_of(raw, str(file)), seed)
    jobs = {each: jobs_of(each, seeds, file, out) for each in found}
    every = [job for each in jobs.values() for job in each]
    failures = _sweep(every, _doing(cores, scheduler), console)
    console.print(write_sweep(out, jobs, failures))
    for failure in failures:
        console.print(f"Failed: {failure}")
    if failures:
        raise typer.Exit(1)


@scenario.command("record")
def record(
    *,
    out: Out,
    month: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], metavar="YYYY-MM", help="A month; or --first and --last."),
    ] = None,
    first: Day = None,
    last: Day = None,
    region: RegionFolder = None,
    database: Database = None,
) -> None:
    """Write what a running service was asked, so that it can be replayed with other means.

    Writes replay.csv, which names nobody, and replay.toml, a scenario of it to be altered and run.
    Times are as exact as they are stored, and ways back are numbered as such: delete the files when
    the rule of retention would coarsen the rides.
    """
    from scenarios.recording import recorded, scenario_of_replay, table_text
    from shuttle.commands.start_up import load_region, open_store
    from shuttle.settings import read_settings

    begin, end = _span(month, first, last)
    console, settings = _console(), read_settings()
    folder = region or settings.region
    loaded = load_region(folder, console)
    with closing(open_store(database or settings.database, loaded.config.id)) as store:
        rows, left_out = recorded(store, loaded, begin, end)
    if left_out:
        console.print(f"{left_out} requests are left out: the region no longer has their stops.")
    if not rows:
        raise typer.BadParameter(f"nobody asked for a ride from {begin} to {end}; choose others.")
    _make_folder(out)
    (out / "replay.csv").write_text(table_text(rows, loaded.config.zone), encoding="utf-8")
    replay = scenario_of_replay(begin, end, file="replay.csv")
    text = _TO_ALTER + tomli_w.dumps({"region": str(folder.resolve())} | replay)
    (out / "replay.toml").write_text(text, encoding="utf-8")
    console.print(f"{len(rows)} requests; shuttle scenario run {out / 'replay.toml'} plays them.")


_TO_ALTER = "# Change what is to be tried: [fleet], [rules], [[shifts]], [[trouble]].\n\n"


def _span(month: datetime | None, first: datetime | None, last: datetime | None) -> Span:
    """Return the first and the last day that are meant."""
    if (month is None) == (first is None and last is None):
        raise typer.BadParameter("give either --month, or --first and --last.")
    if month is not None:
        after = (month + timedelta(days=31)).replace(day=1)
        return month.date(), (after - timedelta(days=1)).date()
    if first is None or last is None or first > last:
        raise typer.BadParameter("give both --first and --last, in this order.")
    return first.date(), last.date()


@scenario.command("validate")
def validate(*, repetitions: Repetitions = None, seed: Seed = None) -> None:
    """Run the first year of Süderbrarup and set its figures beside the published ones."""
    from scenarios.validation import validation_table

    console = _console()
    done, _ = _run(Path("first_year"), None, seed, repetitions, console)
    if not done.repetitions:
        raise KeyboardInterrupt
    console.print(validation_table(done))


def _make_folder(out: Path) -> None:
    from scenarios.scenario import ScenarioError

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError(f"{out} cannot be made a folder: {error.strerror}.") from error


def _run(
    file: Path,
    out: Path | None,
    seed: int | None,
    repetitions: int | None,
    console: Console,
    progress: ProgressFile | None = None,
) -> tuple[Run, int]:
    """Run a scenario behind a progress bar; return it with its first seed."""
    from scenarios.running import run, seeds_of
    from scenarios.scenario import read_scenario
    from scenarios.simulate import service_days
    from shuttle.commands.start_up import compile_search

    asked = read_scenario(file)
    if repetitions is not None:
        asked = asked.model_copy(update={"repetitions": repetitions})
    region = _checked_region(asked, file, console)
    compile_search(region, console)
    seeds = seeds_of(asked, seed)
    days = len(seeds) * len(list(service_days(asked, region)))
    if progress is not None:
        progress.begin(days)
    with _bar(console) as bar:
        task = bar.add_task("simulating", total=days, rides=0)
        rides = 0

        def told(more: int, day: int) -> None:
            nonlocal rides
            rides += more
            bar.update(task, advance=day, rides=rides)
            if progress is not None:
                progress.day(more)

        return run(asked, region, seeds, out, told), seeds.start


def _checked_region(asked: Scenario, file: Path, console: Console) -> Region:
    """Return the region as a scenario wants it; each folder is read once."""
    from scenarios.scenario_region import folder_of, region_of
    from shuttle.commands.start_up import load_region

    folder = folder_of(asked, file)
    if folder not in _LOADED:
        _LOADED[folder] = load_region(folder, console)
    return region_of(asked, _LOADED[folder], str(file))


def _doing(cores: int | None, scheduler: str | None) -> Doing:
    """Return what does runs: processes of this machine, or a cluster."""
    from scenarios.cluster import swept_on
    from scenarios.sweep import swept

    if scheduler is None:
        return lambda jobs: swept(jobs, cores or os.cpu_count() or 1)
    if cores is not None:
        raise typer.BadParameter("a cluster has its own processes; drop --cores or --scheduler.")
    return lambda jobs: swept_on(scheduler, jobs)


def _sweep(jobs: list[Job], doing: Doing, console: Console) -> list[str]:
    """Do what has not been done; return what failed, as sentences."""
    from scenarios.sweep import Failure, finished

    missing = [job for job in jobs if finished(job) is None]
    if len(missing) < len(jobs):
        console.print(f"{len(jobs) - len(missing)} of {len(jobs)} runs were done before.")
    failures: list[str] = []
    with _bar(console) as bar:
        task = bar.add_task("runs", total=len(missing), rides=0)
        rides = 0.0
        for outcome in doing(missing):
            if isinstance(outcome, Failure):
                failures.append(
                    f"{outcome.job.variant.name}, seed {outcome.job.seed}: {outcome.why}"
                )
            else:
                rides += outcome.days * outcome.figures["requests"]
            bar.update(task, advance=1, rides=round(rides))
    return failures


def _bar(console: Console) -> Progress:
    """Return a progress bar that says how many rides a second are simulated."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.text import Text

    class Speed(TextColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.fields['rides'] / max(0.1, task.elapsed or 0.1):.0f} rides/s")

    return Progress(
        TextColumn("[dim]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(""),
        Remaining(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _show(done: Run, console: Console) -> None:
    from rich.table import Table

    from scenarios.glossary import GLOSSARY, shown
    from scenarios.intervals import intervals
    from scenarios.report import half_of

    found = intervals([each.figures for each in done.repetitions])
    table = Table(title=done.scenario.title.en, title_justify="left", box=None)
    table.add_column("figure")
    table.add_column("mean", justify="right", style="bold")
    table.add_column("± 95 %", justify="right")
    for name, term in GLOSSARY.items():
        if name in found:
            table.add_row(term.en, shown(name, found[name].mean), half_of(name, found[name]))
    console.print(table)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)
