"""What a sweep came to: one table, one page, and each variant compared with the first."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.table import Table

from scenarios.glossary import GLOSSARY, shown
from scenarios.intervals import Interval, differences, intervals, sentences
from scenarios.measures import Repetition
from scenarios.plots import pareto
from scenarios.report import half_of, page, plot_figure, table
from scenarios.sweep import Job, Variant, finished

_SHOWN = ("served", "served_share", "waiting_p95", "kept_rate", "km_a_ride", "cost", "subsidy")


def write_sweep(out: Path, jobs: Mapping[Variant, Sequence[Job]], failures: Sequence[str]) -> Table:
    """Write ``sweep.csv`` and ``report.html``; return the table for the terminal."""
    found = {
        variant.name: kept
        for variant, own in jobs.items()
        if (kept := [each for job in own if (each := finished(job)) is not None])
    }
    _write_csv(out / "sweep.csv", found)
    (out / "report.html").write_text(_page(found, failures), encoding="utf-8")
    return _terminal(found, out)


def _write_csv(path: Path, found: Mapping[str, Sequence[Repetition]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["variant", "figure", "unit", "mean", "half of 95 %", "repetitions"])
        for name, kept in found.items():
            for figure, each in intervals([one.figures for one in kept]).items():
                half = "" if each.half is None else each.half
                unit = GLOSSARY[figure].unit
                rows.writerow([name, figure, unit, each.mean, half, each.number])


def compared(found: Mapping[str, Sequence[Repetition]]) -> list[dict[str, str]]:
    """Return a sentence in each language for each variant but the first."""
    names = list(found)
    return [
        sentences(names[0], name, pairs)
        for name in names[1:]
        if (pairs := differences(found[names[0]], found[name]))
    ]


def _page(found: Mapping[str, Sequence[Repetition]], failures: Sequence[str]) -> str:
    means = {name: intervals([each.figures for each in kept]) for name, kept in found.items()}
    rows = [
        [name, *(_cell(figures, figure) for figure in _SHOWN)] for name, figures in means.items()
    ]
    columns = ("variant", *(GLOSSARY[figure].en for figure in _SHOWN))
    points = [
        (name, each["cost"].mean, each["served_share"].mean)
        for name, each in means.items()
        if "served_share" in each
    ]
    parts = [table(columns, rows, range(1, len(columns))), "<h2>Compared with the first</h2>"]
    parts += [f'<p lang="de">{each["de"]}</p><p>{each["en"]}</p>' for each in compared(found)]
    if points:
        parts.append(plot_figure(pareto(points)))
    parts += [f"<p>Failed: {each}</p>" for each in failures]
    meanings = [(GLOSSARY[name].en, GLOSSARY[name].de, GLOSSARY[name].meaning) for name in _SHOWN]
    parts.append(table(("figure", "Kennzahl", "meaning"), meanings))
    return page("Scenarios compared", parts)


def _cell(figures: Mapping[str, Interval], figure: str) -> str:
    each = figures.get(figure)
    if each is None:
        return "–"
    return f"{shown(figure, each.mean)} ± {half_of(figure, each)}"


def _terminal(found: Mapping[str, Sequence[Repetition]], out: Path) -> Table:
    told = "\n".join(each["en"] for each in compared(found))
    caption = f"{told}\nThe report is {out / 'report.html'}"
    made = Table(title="Scenarios compared", title_justify="left", caption=caption,
                 caption_justify="left")  # fmt: skip
    made.add_column("variant")
    for figure in _SHOWN:
        made.add_column(GLOSSARY[figure].en, justify="right")
    for name, kept in found.items():
        figures = intervals([each.figures for each in kept])
        made.add_row(name, *(_cell(figures, figure) for figure in _SHOWN))
    return made
