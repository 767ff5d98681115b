"""Which solver chooses best among the tours seen: ``python -m benchmarks.recombination FOLDER``.

Each instance is searched for a while without recombining. Then the set partitioning over all tours
seen is solved: the linear relaxation once, the integer program by CP-SAT, told the best plan and
not, and by HiGHS. `columns` are those of the pool and, behind the stroke, those left to the integer
program; costs are without the tours of unused vehicles.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.arguments import Arguments, duration, refuse
from benchmarks.instances import Instance, InstanceError, as_problem, read_folder
from benchmarks.report import run_command, show, until_interrupted
from routing.budget import Budget, Leg
from routing.improvement import Search, warm_up
from routing.recombination import MOST, Program, Solver
from routing.search_state import SearchState

COLUMNS = ("instance", "columns", "best plan", "LP", "LP s", "solver", "hint", "cost", "s")

EFFORT = 5.0
"""As in the search, for the solvers that count it."""


WAYS: tuple[tuple[Solver, bool], ...] = (("sat", True), ("sat", False), ("highs", False))
"""Solvers, and whether they are told the best plan; HiGHS cannot be (it crashes)."""


def main() -> None:
    """Print the table."""
    asked = _arguments()
    try:
        instances = read_folder(asked.folder)
    except (InstanceError, OSError) as error:
        refuse(str(error))
    known = {instance.name for instance in instances}
    if unknown := sorted(set(asked.only or known) - known):
        refuse(f"There is no instance {unknown[0]!r} in {asked.folder}.")
    chosen = [each for each in instances if not asked.only or each.name in asked.only]
    warm_up()
    rows = until_interrupted(row for each in chosen for row in _rows(each, asked))
    show(f"The best choice among the tours of {asked.seconds:g} s of search", COLUMNS, rows)


def _arguments() -> argparse.Namespace:
    parser = Arguments(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="published instances")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these instances")
    parser.add_argument("--seconds", type=duration, default=10.0, help="of search for each")
    parser.add_argument("--limit", type=duration, default=10.0, help="seconds for each solver")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _rows(instance: Instance, asked: argparse.Namespace) -> Iterator[list[str]]:
    """Search, and let each solver choose."""
    problem = as_problem(instance)
    search = Search(SearchState(problem, problem.tours), seed=asked.seed)
    budget = Budget(seconds=asked.seconds, clock=time.process_time)
    best = search.run(budget, legs=(Leg(recombine_at=()),))
    columns = search.columns()
    program = Program(search.partition, search.best_columns(), columns)
    base = int(search.partition.empty_cost.sum())
    began = time.perf_counter()
    reduced_costs = program.relax(EFFORT, time.monotonic() + asked.limit)
    spent = time.perf_counter() - began
    if reduced_costs is None:
        yield [instance.name, f"{len(columns.cost):,}", f"{best.cost - base:,}", "none", *[""] * 5]
        return
    chosen = program.least(reduced_costs, program.best - program.bound, MOST)
    name = [
        instance.name,
        f"{len(columns.cost):,} / {len(chosen):,}",
        f"{best.cost - base:,}",
        f"{program.bound * program.unit:,.0f}",
        f"{spent:.2f}",
    ]
    for solver, hint in WAYS:
        began = time.perf_counter()
        until = time.monotonic() + asked.limit
        solved = program.solve(solver, chosen, EFFORT, until, hint=hint)
        spent = time.perf_counter() - began
        cost = "none" if solved is None else f"{solved.value:,.0f}"
        yield [*name, solver, "yes" if hint else "no", cost, f"{spent:.2f}"]
        name = [""] * len(name)


if __name__ == "__main__":
    run_command(main)
