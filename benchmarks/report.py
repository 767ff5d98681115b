"""What every benchmark prints: the machine it ran on, and figures in rows."""

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rich.console import Console
from rich.table import Table

T = TypeVar("T")


def machine() -> str:
    """Return one line about this machine and the versions that matter."""
    import numba

    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"numba {numba.__version__}, load {os.getloadavg()[0]:.1f}"
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the machine and a table; the first column is text, the others are figures."""
    Console().print(f"[dim]{machine()}")
    show_table(title, columns, rows)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console = Console()
    # Too narrow a window, or none, where rich takes 80 columns, must not cost figures.
    whole = table.__rich_measure__(console, console.options.update(max_width=1000)).maximum
    console.width = max(console.width, whole)
    console.print(table)


def until_interrupted(pieces: Iterable[T]) -> list[T]:
    """Return all pieces of a measurement, or those that were done before Ctrl-C, and say so."""
    done: list[T] = []
    try:
        for piece in pieces:
            done.append(piece)  # noqa: PERF402 -- a list that is whole when interrupted
    except KeyboardInterrupt:
        print("Interrupted; this is what was done.")
    return done


def run_command(main: Callable[[], None]) -> None:
    """Run a command; Ctrl-C before there is anything to print ends it without a traceback."""
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None  # as shells count a program that SIGINT has ended
