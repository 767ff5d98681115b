"""How good the tours are on published instances, beside the best known and beside other engines.

``uv run python -m benchmarks.quality FOLDER... --seconds 10 --seeds 5`` solves every instance of
the folders, dial-a-ride or Li & Lim, with every engine and every seed, on one core and one thread
each. Every solution goes to the judge of `benchmarks.instances`; one with faults counts as failed.
With ``--group rivals`` behind ``uv run`` there are other engines to compare with.

Budgets are in wall seconds for all engines alike. On a machine that others use as well,
``--clock cpu`` lets those engines that can (ours, pyvrp) count their own processor seconds; the
others know only the wall. Saying an instance in an engine's language and compiling come before the
clock starts. Ctrl-C prints what has been done so far.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.engines import ENGINES, Clock
from benchmarks.instances import Instance, InstanceError, read_folder
from benchmarks.quality_runs import Job, Run, cores, run_all
from benchmarks.quality_tables import gathered, show_folder
from benchmarks.report import machine

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The command line, checked."""

    folders: dict[str, list[Instance]]
    engines: list[str]
    seconds: list[float]
    seeds: int
    at_a_time: int
    clock: Clock
    json: Path | None


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    wishes = _wishes(words)
    console = Console(highlight=False)
    versions = {
        name: ENGINES[name].version
        for name in wishes.engines
        if ENGINES[name].present and ENGINES[name].package
    }
    about = ", ".join([machine(), *(f"{name} {version}" for name, version in versions.items())])
    jobs, skipped = _plan(wishes)
    console.print(f"[dim]{about}", soft_wrap=True)
    for line in skipped:
        console.print(line, soft_wrap=True)
    facts = {"machine": about, "versions": versions, "skipped": skipped}
    runs: list[Run] = []
    code = 0
    try:
        _write(wishes.json, facts, runs)
        with _progress() as progress:
            task = progress.add_task("", total=len(jobs))
            for run in run_all(jobs, wishes.at_a_time):
                runs.append(run)
                _write(wishes.json, facts, runs)
                progress.update(task, advance=1, description=f"{run.instance} {run.engine}")
    except KeyboardInterrupt:
        console.print(f"Interrupted: {len(runs)} of {len(jobs)} runs are done.")
        code = INTERRUPTED
    except BrokenProcessPool:
        console.print(f"An engine tore its process down: {len(runs)} of {len(jobs)} runs are done.")
        code = 1
    for folder, group in gathered(runs, lambda run: run.folder).items():
        show_folder(folder, group, wishes.engines)
    _show_marked(console, runs)
    return code


def _plan(wishes: Wishes) -> tuple[list[Job], list[str]]:
    """Return what to run, and in one line each what to skip and why.

    One seed after the other, so that who stops early has seen every instance; engines next to
    each other, so that a busy machine is busy for all of them.
    """
    able, skipped = _able(wishes)
    jobs = [
        Job(folder, instance, name, seconds, seed, wishes.clock)
        for folder, instances in wishes.folders.items()
        for seconds in wishes.seconds
        for seed in range(1, wishes.seeds + 1)
        for instance in instances
        for name in able
        if instance.name in able[name][folder] and (seed == 1 or ENGINES[name].seeded)
    ]
    return jobs, skipped


def _able(wishes: Wishes) -> tuple[dict[str, dict[str, set[str]]], list[str]]:
    """Return by engine and folder which instances it can solve, and a line for what it cannot."""
    able: dict[str, dict[str, set[str]]] = {}
    lines = []
    for name in wishes.engines:
        engine = ENGINES[name]
        if not engine.present:
            lines.append(f"skipped: {name}, {engine.absent}")
            continue
        if not engine.seeded and wishes.seeds > 1:
            lines.append(f"one seed only: {name} leaves nothing to chance")
        able[name] = {}
        for folder, instances in wishes.folders.items():
            reasons = {each.name: engine.cannot(each) for each in instances}
            able[name][folder] = {each for each, reason in reasons.items() if not reason}
            for reason, count in Counter(filter(None, reasons.values())).items():
                lines.append(
                    f"skipped: {name} on {count} of {len(instances)} instances of {folder}, "
                    f"it {reason}"
                )
    return able, lines


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def _write(path: Path | None, facts: Mapping[str, object], runs: Sequence[Run]) -> None:
    """Write everything so far to a new file and put it in the old one's place at once."""
    if path is None:
        return
    text = json.dumps({**facts, "runs": [asdict(run) | {"gap": run.gap} for run in runs]}, indent=1)
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _show_marked(console: Console, runs: Sequence[Run]) -> None:
    """Print each run that failed and why, and each that would be news."""
    for run in runs:
        which = f"{run.engine} on {run.instance}, {run.seconds:g} s, seed {run.seed}"
        if run.failed:
            what = "; ".join(run.faults[:3])
            console.print(f"failed: {which}: {what}", markup=False, soft_wrap=True)
        elif run.news:
            value = f"{run.vehicles} vehicles, {run.cost:.4f}"
            console.print(f"better than the best known: {which}: {value}", soft_wrap=True)


# ---------------------------------------------------------------------------- the command line


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        # argparse begins its own messages small; ours may begin with a name.
        begin = "T" if message.startswith("the ") else "A" if message.startswith("arg") else None
        self.exit(2, f"{begin or message[0]}{message[1:].rstrip('.')}.\n")


def _wishes(words: Sequence[str] | None) -> Wishes:
    """Return what the command line asks for, or end with one sentence and exit code 2."""
    parser = _parser()
    asked = parser.parse_args(words)
    engines = [name for word in asked.engine or ["ours"] for name in word.split(",")]
    if unknown := [name for name in engines if name not in ENGINES]:
        parser.error(f"There is no engine {unknown[0]!r}, only {', '.join(ENGINES)}")
    if not 1 <= asked.jobs <= len(cores()):
        parser.error(f"--jobs must be 1 to {len(cores())}: there is one core for each run")
    if asked.seeds < 1:
        parser.error("--seeds must be at least 1")
    if asked.json and not asked.json.absolute().parent.is_dir():
        parser.error(f"There is no folder for {asked.json}")
    if asked.json and asked.json.is_dir():
        parser.error(f"{asked.json} is a folder, no file to write to")
    folders = _read(parser, asked.folders, asked.only or set())
    return Wishes(
        folders=folders,
        engines=list(dict.fromkeys(engines)),
        seconds=asked.seconds,
        seeds=asked.seeds,
        at_a_time=asked.jobs,
        clock=asked.clock,
        json=asked.json,
    )


def _read(parser: _Parser, paths: Sequence[Path], only: set[str]) -> dict[str, list[Instance]]:
    """Return the instances by name of folder, all of them or only these."""
    folders: dict[str, list[Instance]] = {}
    for path in paths:
        name = path.resolve().name
        if name in folders:
            parser.error(f"There are two folders called {name}")
        try:
            folders[name] = read_folder(path)
        except InstanceError as wrong:
            parser.error(str(wrong))
        if not folders[name]:
            parser.error(f"{path} is no folder with instances (*.txt) in it")
    known = {each.name for instances in folders.values() for each in instances}
    if missing := sorted(only - known):
        parser.error(f"There is no instance {missing[0]!r} in these folders")
    return {
        name: [each for each in instances if not only or each.name in only]
        for name, instances in folders.items()
    }


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m benchmarks.quality",
        description="Solve published instances and compare with the best known solutions.",
    )
    add = parser.add_argument
    add("folders", nargs="+", type=Path, metavar="FOLDER", help="with instances and best_known.csv")
    add("--seconds", type=_seconds, default=[10.0], help="budget of a run; several: 1,10,60")
    add("--seeds", type=int, default=5, help="how many runs of each (default 5)")
    add("--engine", nargs="+", action="extend", help=f"of {', '.join(ENGINES)} (default ours)")
    add("--jobs", type=int, default=1, help="runs at a time, a core each (default 1)")
    add("--only", type=lambda text: set(text.split(",")), help="names of instances: lc101,lc102")
    add("--clock", choices=("wall", "cpu"), default="wall", help="how budgets count (default wall)")
    add("--json", type=Path, help="write all runs to this file as they come")
    return parser


def _seconds(text: str) -> list[float]:
    try:
        budgets = [float(word) for word in text.split(",")]
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of seconds like 1,10") from wrong
    if not all(0 < seconds < float("inf") for seconds in budgets):
        raise argparse.ArgumentTypeError("a budget must be more than 0 seconds")
    return list(dict.fromkeys(budgets))


if __name__ == "__main__":
    sys.exit(main())
