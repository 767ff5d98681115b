"""Two to four runs side by side, each compared with the first."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse

from api.languages import tell
from api.planning.planner import PATH, Planner, PlannerHere
from api.planning.planning_words import FIGURES, half_of, more, shown
from api.planning.runs_pages import all_runs, has_figures
from shuttle.planning.runs import Run

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

MOST = 4


@router.get(PATH + "/compare")
def compare(planner: PlannerHere, run: Annotated[list[int] | None, Query()] = None) -> Response:
    """Show runs side by side; those of the same seeds are compared in pairs."""
    found = [planner.run(number) for number in dict.fromkeys(run or ())]
    chosen = [each for each in found if has_figures(planner.workbench.results(each))]
    if not 2 <= len(chosen) <= MOST or len(chosen) < len(found):
        message = tell("Choose two to four runs that have figures.", planner.language)
        return all_runs(planner, message)
    names = _names(chosen)
    first, *others = chosen
    return planner.show(
        "compare.html",
        runs=list(zip(chosen, names, strict=True)),
        rows=_rows(planner, chosen),
        compared=[
            _compared(planner, (first, each), (names[0], name))
            for each, name in zip(others, names[1:], strict=True)
        ],
    )


def _names(runs: Sequence[Run]) -> list[str]:
    """Return what runs are called; those of the same title by their numbers too."""
    titles = [each.title for each in runs]
    return [
        each.title if titles.count(each.title) == 1 else f"{each.title} ({each.number})"
        for each in runs
    ]


def _rows(planner: Planner, runs: Sequence[Run]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the figures, one a row, as mean and half of the interval of each run."""
    language = planner.language
    found = [planner.workbench.results(each).figures() for each in runs]
    return [
        (
            tell(name, language),
            [
                (shown(figure, figure.mean, language), half_of(figure, language))
                if (figure := figures.get(key)) is not None
                else ("–", "–")
                for figures in found
            ],
        )
        for key, name in FIGURES.items()
        if any(key in figures for figures in found)
    ]


def _compared(planner: Planner, pair: tuple[Run, Run], names: tuple[str, str]) -> dict[str, Any]:
    """Return what differs between two runs, in words and figure by figure."""
    language = planner.language
    found = planner.workbench.compare(*pair, names)
    differences = [
        (
            tell(name, language),
            more(figure, language),
            half_of(figure, language),
            figure.certain,
        )
        for key, name in FIGURES.items()
        if (figure := found.differences.get(key)) is not None
    ]
    return {
        "name": names[1],
        "pairs": found.pairs,
        "sentence": found.sentences[language],
        "differences": differences,
    }
