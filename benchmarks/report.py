"""What every benchmark prints: the machine it ran on, and figures in rows."""

import os
import platform
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.table import Table

T = TypeVar("T")

_WIDTH = 130
"""Columns of a table that is not printed on a terminal."""


def machine() -> str:
    """Return one line about this machine and the versions that matter."""
    import numba

    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"numba {numba.__version__}, load {os.getloadavg()[0]:.1f}"
    )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the machine and a table; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(f"[dim]{machine()}", highlight=False)
    console.print(table)


def milliseconds(seconds: Sequence[float], share: float) -> str:
    """Return a quantile of durations in milliseconds; 0.5 is the median."""
    return f"{1000 * float(np.quantile(seconds, share)):.1f}"


def until_interrupted(pieces: Iterable[T]) -> list[T]:
    """Return all pieces of a measurement, or those that were done before Ctrl-C, and say so."""
    done: list[T] = []
    try:
        for piece in pieces:
            done.append(piece)  # noqa: PERF402 -- a list that is whole when interrupted
    except KeyboardInterrupt:
        print("Interrupted; this is what was done.")
    return done
