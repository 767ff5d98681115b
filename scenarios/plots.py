"""Plots of a scenario as SVG to be put into a page, in colours that everybody tells apart.

Okabe and Ito, *Color Universal Design*, 2008. Each plot comes with the table that says the same.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from scenarios.records import DayRows, LegRow
from scenarios.running import Run
from shuttle.region import Region

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#E69F00", "#009E73", "#999999"

_SHADES = ("#DDDDDD", "#56B4E9", "#0072B2", "#D55E00")
"""Of nobody, one, two, and three or more bookings on board."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot with its title and table."""

    title: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def drawn(name: str, draw: Callable[[Any], None], width: float = 8, height: float = 3.2) -> str:
    """Return what a function draws on axes as SVG, the same bytes each time."""
    settings: dict[Any, Any] = {"svg.hashsalt": name, "svg.fonttype": "none", "font.size": 9}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)  # several plots share one page
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)


def plots(run: Run) -> list[Plot]:
    """Return the plots of a run."""
    found = [_by_hour(run), _waiting(run), _unmet(run)]
    if run.sample is not None:
        found += [_occupancy(run, run.sample), _timeline(run, run.sample)]
    return found


def _total(run: Run, name: str) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in run.repetitions:
        for key, number in each.counts.get(name, {}).items():
            total[key] = total.get(key, 0) + number
    return dict(sorted(total.items()))


def _days(run: Run) -> int:
    return max(1, sum(each.days for each in run.repetitions))


def _by_hour(run: Run) -> Plot:
    asked, served = (_total(run, f"{what} by hour") for what in ("requests", "served"))
    hours, days = list(asked), _days(run)

    def draw(axes: Any) -> None:
        at = range(len(hours))
        axes.bar([x - 0.2 for x in at], [asked[h] / days for h in hours], 0.4, color=ORANGE,
                 label="requests")  # fmt: skip
        axes.bar([x + 0.2 for x in at], [served.get(h, 0) / days for h in hours], 0.4, color=BLUE,
                 label="rides", hatch="//", edgecolor="white")  # fmt: skip
        axes.set_xticks(list(at), hours)
        axes.set_xlabel("hour of the wanted time")
        axes.set_ylabel("a day")
        axes.legend(frameon=False)

    rows = tuple((h, f"{asked[h] / days:.2f}", f"{served.get(h, 0) / days:.2f}") for h in hours)
    columns = ("hour", "requests a day", "rides a day")
    return Plot("Demand and service by hour", drawn("hours", draw), columns, rows)


def _waiting(run: Run) -> Plot:
    minutes = _total(run, "waiting by minute")
    whole = max(1, sum(minutes.values()))

    def draw(axes: Any) -> None:
        axes.bar([int(m) for m in minutes], [100 * n / whole for n in minutes.values()], 0.9,
                 color=BLUE)  # fmt: skip
        axes.set_xlabel("minutes from the begin of the window to getting on")
        axes.set_ylabel("% of rides")

    rows = tuple((m, f"{100 * n / whole:.1f} %") for m, n in minutes.items())
    return Plot("Waiting", drawn("waiting", draw), ("minute", "rides"), rows)


def _unmet(run: Run) -> Plot:
    refused = _total(run, "refused by stop")
    region = run.region

    def draw(axes: Any) -> None:
        axes.scatter([s.lon for s in region.stops], [s.lat for s in region.stops], 3, color=GREY,
                     label="stops")  # fmt: skip
        known = [(region.stop(stop), n) for stop, n in refused.items()]
        axes.scatter([s.lon for s, _ in known], [s.lat for s, _ in known],
                     [30 * n for _, n in known], color=ORANGE, alpha=0.7,
                     label="refused requests, by origin")  # fmt: skip
        axes.set_aspect(1.7)
        axes.set_axis_off()
        axes.legend(frameon=False, loc="lower left")

    worst = sorted(refused.items(), key=lambda pair: (-pair[1], pair[0]))[:15]
    rows = tuple((region.stop(stop).label, f"{n / _days(run):.3f}") for stop, n in worst)
    svg = drawn("unmet", draw, 6, 6)
    return Plot("Unmet demand on the map", svg, ("stop", "refused a day"), rows)


def _clock(region: Region, time: float) -> str:
    return f"{datetime.fromtimestamp(time, region.config.zone):%H:%M}"


def _occupancy(run: Run, day: DayRows) -> Plot:
    begin = min((each.begin for each in day.shifts), default=0)
    end = max((each.end for each in day.shifts), default=0)
    quarters = list(range(begin, end, 900))
    on_board = [_on_board(day.legs, time) for time in quarters]

    def draw(axes: Any) -> None:
        axes.step(range(len(quarters)), on_board, where="post", color=GREEN)
        _hours(axes, run.region, quarters)
        axes.set_ylabel("passengers on the road")

    pairs = zip(quarters, on_board, strict=True)
    rows = tuple((_clock(run.region, time), f"{n:.1f}") for time, n in pairs)
    columns = ("from", "passengers on the road")
    return Plot(f"Occupancy on {day.day}", drawn("occupancy", draw), columns, rows)


def _on_board(legs: Sequence[LegRow], begin: int) -> float:
    """Return the passengers on the road in a quarter of an hour, on average."""
    seconds = (
        max(0, min(each.end, begin + 900) - max(each.begin, begin)) * each.passengers
        for each in legs
    )
    return sum(seconds) / 900


def _hours(axes: Any, region: Region, quarters: Sequence[int]) -> None:
    marks = range(0, len(quarters), 8)
    axes.set_xticks(list(marks), [_clock(region, quarters[each]) for each in marks])


def _timeline(run: Run, day: DayRows) -> Plot:
    vehicles = sorted({each.vehicle for each in day.shifts})

    def draw(axes: Any) -> None:
        for row, vehicle in enumerate(vehicles):
            for each in (leg for leg in day.legs if leg.vehicle == vehicle):
                shade = _SHADES[min(each.bookings, 3)]
                axes.broken_barh([(each.begin, each.end - each.begin)], (row - 0.35, 0.7),
                                 color=shade)  # fmt: skip
        axes.set_yticks(range(len(vehicles)), vehicles)
        begin = min((each.begin for each in day.shifts), default=0)
        end = max((each.end for each in day.shifts), default=1)
        marks = range(begin, end, 7200)
        axes.set_xticks(list(marks), [_clock(run.region, each) for each in marks])

    rows = tuple(
        (
            each.vehicle,
            _clock(run.region, each.begin),
            _clock(run.region, each.end),
            f"{each.metres / 1000:.1f}",
            str(each.bookings),
        )
        for each in sorted(day.legs, key=lambda leg: (leg.vehicle, leg.begin))
    )
    title = f"Timeline of {day.day}: grey is empty, light blue one booking, blue two, red more"
    svg = drawn("timeline", draw, 8, 1 + 0.4 * len(vehicles))
    return Plot(title, svg, ("vehicle", "from", "to", "km", "bookings on board"), rows)


def pareto(points: Sequence[tuple[str, float, float]]) -> Plot:
    """Return cost against service over variants: those that no other beats in both are joined."""
    best = [
        a
        for a in points
        if not any(b[1] <= a[1] and b[2] >= a[2] and b[1:] != a[1:] for b in points)
    ]
    best.sort(key=lambda each: each[1])

    def draw(axes: Any) -> None:
        axes.plot([c for _, c, _ in best], [100 * s for _, _, s in best], color=ORANGE)
        axes.scatter([c for _, c, _ in points], [100 * s for _, _, s in points], color=BLUE)
        for name, cost, share in points:
            axes.annotate(name, (cost, 100 * share), fontsize=7, xytext=(4, 4),
                          textcoords="offset points")  # fmt: skip
        axes.set_xlabel("cost a day, €")
        axes.set_ylabel("served, %")

    front = {each[0] for each in best}
    rows = tuple(
        (name, f"{cost:,.0f}", f"{share:.1%}", "yes" if name in front else "")
        for name, cost, share in points
    )
    columns = ("variant", "cost a day, €", "served", "on the front")
    return Plot("Cost against service", drawn("pareto", draw, 8, 4), columns, rows)
