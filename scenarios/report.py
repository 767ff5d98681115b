"""One self-contained page about a run or a sweep: figures, plots with their tables, glossary."""

from collections.abc import Sequence
from html import escape

from scenarios.glossary import GLOSSARY, shown
from scenarios.intervals import Interval, intervals
from scenarios.plots import Plot, plots
from scenarios.running import Run

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ccc; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
figure { margin: 2rem 0; } svg { max-width: 100%; height: auto; }
"""


def run_page(run: Run, note: str) -> str:
    """Return the page of a run; `note` says how it was made."""
    title = f"{run.scenario.title.de} · {run.scenario.title.en}"
    found = intervals([each.figures for each in run.repetitions])
    parts = [
        f"<p>{escape(note)}</p>",
        figures_table(found),
        *(plot_figure(each) for each in plots(run)),
        _counts(run),
        _lowest_charges(run),
    ]
    return page(title, parts)


def page(title: str, parts: Sequence[str]) -> str:
    """Return a whole page; nothing is loaded from anywhere."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><main><h1>{escape(title)}</h1>\n" + "\n".join(parts) + "</main></body></html>\n"
    )


def figures_table(found: dict[str, Interval]) -> str:
    """Return all figures with their intervals and definitions."""
    rows = [
        (term.en, term.de, shown(name, found[name].mean), half_of(name, found[name]), term.meaning)
        for name, term in GLOSSARY.items()
        if name in found
    ]
    return table(("figure", "Kennzahl", "mean", "± 95 %", "meaning"), rows, numbers=(2, 3))


def half_of(name: str, interval: Interval) -> str:
    """Return half an interval as people read it; a dash where one repetition says nothing."""
    return "–" if interval.half is None else shown(name, interval.half)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
) -> str:
    """Return a table."""
    kind = [' class="number"' if n in numbers else "" for n in range(len(columns))]
    head = "".join(
        f'<th scope="col"{k}>{escape(c)}</th>' for c, k in zip(columns, kind, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(f"<td{k}>{escape(c)}</td>" for c, k in zip(row, kind, strict=True))
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def plot_figure(plot: Plot) -> str:
    """Return a plot with the table that says the same."""
    label = escape(plot.title, quote=True)
    svg = plot.svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    rows = table(plot.columns, plot.rows, range(1, len(plot.columns)))
    return (
        f"<figure><figcaption><h2>{escape(plot.title)}</h2></figcaption>{svg}"
        f"<details><summary>The same as a table</summary>{rows}</details></figure>"
    )


def _counts(run: Run) -> str:
    """Return the refusals by reason, village, hour and group."""
    parts = ["<h2>Refused requests, all repetitions</h2>"]
    for by in ("reason", "village", "hour", "group"):
        total: dict[str, list[int]] = {}
        for each in run.repetitions:
            for place, what in enumerate(("refused", "requests")):
                for key, number in each.counts.get(f"{what} by {by}", {}).items():
                    total.setdefault(key, [0, 0])[place] += number
        rows = [
            (key or "–", str(n), f"{n / asked:.1%}" if asked else "")
            for key, (n, asked) in sorted(total.items())
        ]
        parts.append(table((by, "refused", "of its requests"), rows, (1, 2)))
    return "\n".join(parts)


def _lowest_charges(run: Run) -> str:
    """Return how low the battery of each vehicle came; nothing where none has one."""
    lowest: dict[str, int] = {}
    for each in run.repetitions:
        for vehicle, percent in each.counts.get("lowest charge by vehicle", {}).items():
            lowest[vehicle] = min(percent, lowest.get(vehicle, percent))
    if not lowest:
        return ""
    rows = [(vehicle, f"{percent} %") for vehicle, percent in lowest.items()]
    return "<h2>Batteries, all repetitions</h2>" + table(("vehicle", "lowest charge"), rows, (1,))
