"""The curves of real days as one drawing: the same runs give the same file."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.day_runs import TITLES, Day, Run

COLOURS = {"insertion": "#5f6670", "ours": "#0072b2", "ortools": "#d55e00"}
"""Of Okabe and Ito: told apart by everybody, and in print by their lightness and dashes."""

DASHES: dict[str, Any] = {"ours": "-", "ortools": (0, (5, 1.6))}

INK, FAINT = "#22272e", "#d9dde2"

STYLE = {
    "svg.hashsalt": "dorfshuttle",
    "svg.fonttype": "path",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "path.simplify": True,
}

_EARLIEST = 0.03
"""Where the axis of seconds begins."""


def draw(runs: Sequence[Run], path: Path) -> None:
    """Write an SVG with a panel for each kind of day: cost over time, insertion alone is 100 %."""
    rows = list(dict.fromkeys((run.day.region, run.day.windows) for run in runs))
    columns = sorted({run.day.rides for run in runs})
    with mpl.rc_context(STYLE):
        size = (2.55 * len(columns) + 0.9, 2.15 * len(rows) + 1.25)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(len(rows), len(columns), sharex=True, sharey="row", squeeze=False)
        for row, (region, windows) in enumerate(rows):
            for column, rides in enumerate(columns):
                here = [
                    run
                    for run in runs
                    if (run.day.region, run.day.windows, run.day.rides) == (region, windows, rides)
                ]
                _panel(panels[row][column], here)
            panels[row][0].set_ylabel(f"{region}\n{windows} windows", labelpad=8)
        _frame(figure, panels, runs)
        _save(figure, path)


def _panel(axes: Any, runs: Sequence[Run]) -> None:
    """Draw one kind of day."""
    axes.set_xscale("log")
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.tick_params(length=0)
    axes.axhline(100, color=COLOURS["insertion"], linewidth=1.1, linestyle=(0, (1, 1.5)))
    if not runs:
        return
    base = {run.day.seed: run.worth.cost for run in runs if run.engine == "insertion"}
    for engine in DASHES:
        own = [run for run in runs if run.engine == engine]
        if own:
            seconds, shares = _mean_curve(own, base)
            axes.step(
                seconds,
                shares,
                where="post",
                color=COLOURS[engine],
                linestyle=DASHES[engine],
                linewidth=1.8,
                solid_capstyle="round",
            )
    _name(axes, runs)


def _mean_curve(runs: Sequence[Run], base: dict[int, int]) -> tuple[list[float], list[float]]:
    """Return seconds, and the mean cost then in per cent of insertion alone."""
    end = max(run.curve[-1][0] for run in runs)
    seconds = np.geomspace(_EARLIEST, max(end, 2 * _EARLIEST), 120).round(3)
    shares = [
        np.mean([100 * run.at(t).cost / max(1, base[run.day.seed]) for run in runs])
        for t in seconds
    ]
    kept = [k for k in range(len(shares)) if k in (0, len(shares) - 1) or shares[k] < shares[k - 1]]
    return [float(seconds[k]) for k in kept], [float(shares[k]) for k in kept]


def _name(axes: Any, runs: Sequence[Run]) -> None:
    """Say which day it is, and who leaves how many rides unserved."""
    day: Day = runs[0].day
    axes.set_title(
        f"{day.rides:,} rides, {day.vehicles} vehicle{'s' * (day.vehicles > 1)}",
        loc="left",
        fontsize=9.5,
        fontweight="bold",
        pad=7,
    )
    for line, engine in enumerate(("insertion", *DASHES)):
        own = [run.worth.unserved for run in runs if run.engine == engine]
        if own:
            axes.text(
                0.03,
                0.04 + 0.095 * (2 - line),
                f"{np.mean(own):.3g} unserved",
                transform=axes.transAxes,
                fontsize=8,
                color=COLOURS[engine],
            )


def _frame(figure: Figure, panels: Any, runs: Sequence[Run]) -> None:
    """Add what all panels share."""
    end = max(run.curve[-1][0] for run in runs)
    axes = panels[0][0]
    axes.set_xlim(_EARLIEST, end)
    marks = [mark for mark in (0.1, 1, 10, 100, 1000) if _EARLIEST < mark <= end * 1.001]
    axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
    for row in panels:
        row[0].yaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    figure.supxlabel("seconds of processor time, starting from insertion alone", fontsize=9)
    figure.suptitle(
        "What a search saves on a whole day, in per cent of the cost of insertion alone",
        x=0.012,
        ha="left",
        fontsize=12,
        fontweight="bold",
    )
    figure.legend(handles=_legend(runs), loc="outside upper left", ncols=3, frameon=False)


def _legend(runs: Sequence[Run]) -> list[Any]:
    from matplotlib.lines import Line2D

    there = {run.engine for run in runs}
    dashes = {"insertion": (0, (1, 1.5)), **DASHES}
    return [
        Line2D([], [], color=COLOURS[engine], linestyle=dashes[engine], label=TITLES[engine])
        for engine in dashes
        if engine in there
    ]


def _save(figure: Figure, path: Path) -> None:
    """Write the figure without a date, and without addresses of other hosts."""
    written = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(written, format="svg", metadata=nothing)
    text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", written.getvalue())
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    path.write_text(text, encoding="utf-8")
