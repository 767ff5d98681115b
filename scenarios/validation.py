"""The first-year scenario beside the figures that real services published, also where they differ.

Sources: Smartes DorfSHUTTLE of Amt Süderbrarup, first year 2022 (16,500 passengers in 13,000
rides, about 45 rides a service day); remo, callheinz, KEXI Kelheim, flitsaar and Cheshire as they
were published. Only what the demand model is set to can be expected to agree; the rest is told.
"""

from dataclasses import dataclass

from rich.table import Table

from scenarios.glossary import GLOSSARY, shown
from scenarios.intervals import Interval, intervals
from scenarios.running import Run


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure: of which service, how much, and whether the scenario was set to it."""

    figure: str
    service: str
    value: float
    note: str


PUBLISHED = (
    Published("served", "Süderbrarup 2022", 45.0, "the demand is set to this"),
    Published("passengers_per_booking", "Süderbrarup 2022", 1.27, "party sizes are set to this"),
    Published("passengers", "Süderbrarup 2022", 57.0, "45 rides of 1.27"),
    Published("passengers_per_booking", "remo, Rendsburg", 1.58, "another region"),
    Published("passengers_per_booking", "callheinz", 1.3, "another region"),
    Published("km_a_ride", "callheinz", 19.6, "empty runs included; another region"),
    Published("riding_mean", "KEXI Kelheim", 447 / 60, "another region"),
    Published("passengers_an_hour", "Cheshire", 3.0, "published as three and more"),
    Published("subsidy", "Cheshire", 11.0, "pounds; the cost table here is a judgement"),
)


def compared(found: dict[str, Interval]) -> list[tuple[str, str, str, str, str]]:
    """Return rows: figure, simulated with its interval, service, published, difference and note."""
    rows = []
    for each in PUBLISHED:
        here = found[each.figure]
        half = "" if here.half is None else f" ± {shown(each.figure, here.half)}"
        apart = f"{here.mean / each.value - 1:+.0%}; {each.note}"
        simulated = f"{shown(each.figure, here.mean)}{half}"
        name = GLOSSARY[each.figure].en
        rows.append((name, simulated, each.service, shown(each.figure, each.value), apart))
    return rows


def validation_table(run: Run) -> Table:
    """Return the table for the terminal."""
    found = intervals([each.figures for each in run.repetitions])
    table = Table(title=run.scenario.title.en, title_justify="left")
    for column in ("figure", "simulated", "service", "published", "difference"):
        table.add_column(column)
    for row in compared(found):
        table.add_row(*row)
    return table
