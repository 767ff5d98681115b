"""A day's figures as a table for the terminal."""

from collections import Counter

from rich.table import Table

from scenarios.demo_day import Answers
from scenarios.figures import Figures


def summary(answers: Answers, came_to: Figures, until: str) -> Table:
    """Return the table of a day up to a time ("12:00")."""
    table = Table(title=f"Until {until}", title_justify="left", show_header=False, box=None)
    table.add_column("what")
    table.add_column("number", justify="right", style="bold")
    table.add_column("details", style="dim")
    for what, number, details in _rows(answers, came_to):
        table.add_row(what, number, details)
    return table


def _rows(answers: Answers, came_to: Figures) -> list[tuple[str, str, str]]:
    way = came_to.way
    promises = came_to.kept + came_to.broken
    return [
        (
            "Requests",
            str(answers.requests),
            _unless(answers.not_asked, "more not made: no way there"),
        ),
        ("Booked", str(len(answers.booked)), _unless(answers.moved, "at another time than wished")),
        ("Refused", str(answers.refused.total()), _by_reason(answers.refused)),
        ("Served", str(came_to.served), _served(came_to)),
        ("On board", str(came_to.on_board), ""),
        ("Still to come", str(came_to.to_come), ""),
        (
            "Promises kept",
            str(came_to.kept),
            _share(came_to.kept, promises, "of all that came due"),
        ),
        ("Promises broken", str(came_to.broken), ""),
        ("Kilometres", f"{way.driven:.1f}", _kilometres(came_to)),
    ]


def _unless(number: int, words: str) -> str:
    return f"{number} {words}" if number else ""


def _by_reason(refused: Counter[str]) -> str:
    return ", ".join(
        f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(refused.items())
    )


def _served(came_to: Figures) -> str:
    if not came_to.served:
        return ""
    return f"{came_to.passengers} passengers; {came_to.shared} rides shared the vehicle"


def _share(part: float, whole: float, words: str) -> str:
    return f"{100 * part / whole:.0f} % {words}" if whole else ""


def _kilometres(came_to: Figures) -> str:
    way = came_to.way
    if not (way.driven and came_to.served):
        return ""
    return (
        f"{_share(way.occupied, way.driven, 'with passengers')}; "
        f"{way.driven / came_to.served:.1f} a ride; "
        f"{way.carried / way.occupied:.2f} bookings on board where any"
    )
