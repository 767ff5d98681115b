"""The curves of real days as one drawing: the same runs give the same file."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.day_runs import TITLES, Day, Run


class Pen(NamedTuple):
    """How an engine is drawn: told apart by colour, and without colours by dashes."""

    colour: str
    dashes: Any
    width: float


PENS = {
    "insertion": Pen("#59616b", (0, (1, 1.6)), 1.3),
    "ours": Pen("#0072b2", "-", 2.0),
    "ortools": Pen("#d55e00", (0, (4, 1.4)), 2.0),
}
"""Blue and vermilion of Okabe and Ito, which the colour-blind tell apart."""

INK, FAINT = "#22272e", "#dfe3e8"

STYLE: Any = {
    "svg.hashsalt": "dorfshuttle",
    "svg.fonttype": "none",  # words stay words: smaller, and they can be read aloud
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9.0,
    "axes.edgecolor": "#b4bac2",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

TITLE = "Cost of a whole day's plan while the search runs"

_EARLIEST = 0.02
"""Where the axis of seconds begins."""

_HEAD, _FOOT, _SIDE = 0.88, 0.62, 1.12
"""Inches above, below and left of the panels."""

_PANEL_WIDTH, _PANEL_HEIGHT, _ABOVE = 2.15, 1.45, 0.62
"""Inches of a panel, and of what stands above it."""


def draw(runs: Sequence[Run], path: Path) -> None:
    """Write an SVG with a panel for each kind of day: cost over time, insertion alone is 100 %."""
    rows = list(dict.fromkeys((run.day.region, run.day.windows) for run in runs))
    columns = sorted({run.day.rides for run in runs})
    width = _SIDE + _PANEL_WIDTH * max(2, len(columns)) + 0.22
    height = _HEAD + (_PANEL_HEIGHT + _ABOVE) * len(rows) + _FOOT
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(len(rows), len(columns), sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(
            left=_SIDE / width,
            right=1 - 0.22 / width,
            bottom=_FOOT / height,
            top=1 - (_HEAD + _ABOVE) / height,
            wspace=0.12,
            hspace=_ABOVE / _PANEL_HEIGHT,
        )
        for row, (region, windows) in enumerate(rows):
            for column, rides in enumerate(columns):
                kind = (region, windows, rides)
                here = [r for r in runs if (r.day.region, r.day.windows, r.day.rides) == kind]
                if here:
                    _panel(panels[row][column], here)
            panels[row][0].set_ylabel(f"{region}\n{windows} windows", labelpad=9)
        _axes(figure, panels, runs)
        _words(figure, runs, width, height)
        _save(figure, path)


def _panel(axes: Any, runs: Sequence[Run]) -> None:
    """Draw one kind of day."""
    pen = PENS["insertion"]
    axes.axhline(100, color=pen.colour, linewidth=pen.width, linestyle=pen.dashes)
    base = {run.day.seed: run.worth.cost for run in runs if run.engine == "insertion"}
    for engine, pen in PENS.items():
        own = [run for run in runs if run.engine == engine]
        if own and engine != "insertion":
            seconds, shares = _mean_curve(own, base)
            style = {"color": pen.colour, "linewidth": pen.width, "linestyle": pen.dashes}
            axes.step(seconds, shares, where="post", **style)
    _name(axes, runs)


def _mean_curve(runs: Sequence[Run], base: dict[int, int]) -> tuple[list[float], list[float]]:
    """Return seconds, and the mean cost then in per cent of insertion alone."""
    end = max(run.curve[-1][0] for run in runs)
    seconds = np.geomspace(_EARLIEST, max(end, 2 * _EARLIEST), 150).round(3).tolist()
    shares = [
        round(mean(100 * run.at(t).cost / max(1, base[run.day.seed]) for run in runs), 1)
        for t in seconds
    ]
    ends = (0, len(shares) - 1)
    kept = [k for k in range(len(shares)) if k in ends or shares[k] < shares[k - 1]]
    return [seconds[k] for k in kept], [shares[k] for k in kept]


def _name(axes: Any, runs: Sequence[Run]) -> None:
    """Say above a panel which day it is, and who leaves how many rides unserved."""
    day: Day = runs[0].day
    fleet = f"{day.vehicles} vehicle{'s' * (day.vehicles > 1)}"
    above = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axes.annotate(
        f"{day.rides:,} rides, {fleet}", (0, 1), (0, 17), fontweight="bold", fontsize=9.5, **above
    )
    word = axes.annotate("unserved", (0, 1), (0, 3), fontsize=8.5, **above)
    for engine, pen in PENS.items():
        own = [run.worth.unserved for run in runs if run.engine == engine]
        if own:
            above["xycoords"] = word
            style = {"color": pen.colour, "fontweight": "bold", "fontsize": 8.5}
            word = axes.annotate(f"{mean(own):.3g}", (1, 0), (7, 0), **style, **above)


def _axes(figure: Figure, panels: Any, runs: Sequence[Run]) -> None:
    """Set the axes that all panels share."""
    end = max(run.curve[-1][0] for run in runs)
    marks = [mark for mark in (0.1, 1, 10, 100, 1000) if _EARLIEST < mark <= end * 1.001]
    for axes in panels.flat:
        axes.set_xscale("log")
        axes.set_xlim(_EARLIEST, end)
        axes.set_ylim(0, 108)
        axes.set_xticks(marks, [f"{mark:g} s" for mark in marks])
        axes.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        axes.minorticks_off()
        axes.tick_params(length=0, pad=5)
        axes.grid(axis="both", color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
    figure.align_ylabels(panels[:, 0])


def _words(figure: Figure, runs: Sequence[Run], width: float, height: float) -> None:
    """Write title, legend and the axes' names."""
    left = 0.16 / width
    figure.text(
        left,
        1 - 0.17 / height,
        TITLE,
        fontsize=13,
        fontweight="bold",
        va="top",
    )
    figure.text(
        left,
        1 - 0.45 / height,
        "100 % is insertion alone; less is better. Cost is driving time, and 10 h a ride unserved.",
        fontsize=9,
        va="top",
    )
    there = {run.engine for run in runs}
    lines = [
        Line2D([], [], color=pen.colour, ls=pen.dashes, lw=pen.width, label=TITLES[engine])
        for engine, pen in PENS.items()
        if engine in there
    ]
    figure.legend(
        handles=lines,
        loc="upper left",
        bbox_to_anchor=(left, 1 - 0.66 / height),
        borderaxespad=0,
        borderpad=0,
        ncols=3,
        frameon=False,
        handlelength=2.6,
        fontsize=9.5,
    )
    figure.text(
        (_SIDE + (width - _SIDE) / 2) / width,
        0.14 / height,
        "processor time, beginning with the plan of insertion alone",
        ha="center",
        fontsize=9,
    )


def _save(figure: Figure, path: Path) -> None:
    """Write the figure without a date, without addresses of other hosts, in few bytes."""
    written = io.StringIO()
    told = {**dict.fromkeys(("Date", "Creator", "Format", "Type")), "Title": TITLE}
    figure.savefig(written, format="svg", metadata=told)
    text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", written.getvalue())
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", text)
    text = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", text)
    path.write_text(re.sub(r"^ +", "", text, flags=re.MULTILINE), encoding="utf-8")
