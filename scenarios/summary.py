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
    way, served = came_to.way, came_to.served
    due = came_to.kept + came_to.broken
    return [
        ("Requests", str(answers.requests), _if(answers.not_asked, "more had no way there")),
        ("Booked", str(len(answers.booked)), _if(answers.moved, "at another time than wished")),
        ("Refused", str(answers.refused.total()), _by_reason(answers.refused)),
        ("Served", str(served), _if(came_to.passengers, "passengers")),
        ("  sharing the vehicle", str(came_to.shared), ""),
        ("On board", str(came_to.on_board), ""),
        ("Still to come", str(came_to.to_come), ""),
        (
            "Promises kept",
            str(came_to.kept),
            f"{came_to.kept / due:.0%} of those due" if due else "",
        ),
        ("Promises broken", str(came_to.broken), ""),
        ("Kilometres", f"{way.driven:.1f}", f"{way.driven / served:.1f} a ride" if served else ""),
        (
            "  with passengers",
            f"{way.occupied:.1f}",
            f"{way.carried / way.occupied:.2f} bookings on board" if way.occupied else "",
        ),
    ]


def _if(number: int, words: str) -> str:
    return f"{number} {words}" if number else ""


def _by_reason(refused: Counter[str]) -> str:
    return ", ".join(
        f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(refused.items())
    )
