"""All runs, one run: how far it is, what it came to, and what can be done with it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from api.languages import month_in_words, tell
from api.open_data.feeds import told_duration
from api.planning.draft import title_in
from api.planning.planner import PATH, Planner, PlannerHere
from api.planning.planning_words import FIGURES, STATES, half_of, shown
from api.times import local_time
from shuttle.planning.calibrating import Calibration, TooFewRides, calibrated
from shuttle.planning.results import FILES, Results, Row
from shuttle.planning.runs import UNDER_WAY, Run, RunState

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_SCENARIO = "scenario.toml"

_MOST_SEEDS = 100
"""So many repetitions can be chosen from; more are in the tables to take away."""


_MONTHS = 12
"""So many can be replayed from the screen; others by command."""


@router.get("/planung")
@router.get(PATH)
def runs_page(planner: PlannerHere) -> Response:
    """Show all runs and the scenarios to begin with."""
    return all_runs(planner)


def all_runs(planner: Planner, message: str = "") -> Response:
    """Return the page of all runs, with what went wrong above them."""
    runs = [_line(planner, run) for run in reversed(planner.workbench.store.runs())]
    library = [
        (each.name, title_in(each.title, planner.language))
        for each in planner.workbench.scenarios.library()
    ]
    return planner.show(
        "runs.html",
        status=422 if message else 200,
        runs=runs,
        library=library,
        months=_months(planner),
        message=message,
    )


def _months(planner: Planner) -> list[tuple[str, str]]:
    """Return the twelve months before this one, the last first, as written and as said."""
    day, months = local_time(planner.service.region, planner.now).date(), []
    for _ in range(_MONTHS):
        day = day.replace(day=1) - timedelta(days=1)
        months.append((f"{day:%Y-%m}", month_in_words(day, planner.language)))
    return months


@router.get(PATH + "/runs/{number}")
def run_page(
    planner: PlannerHere, number: int, seed: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """Show a run."""
    run = planner.run(number)
    results = planner.workbench.results(run)
    figures = results.figures()
    seeds = results.seeds()[:_MOST_SEEDS]
    chosen = seed if seed in seeds else next(iter(seeds), run.seed)
    language, calibration = planner.language, planner.workbench.store.calibration()
    context: dict[str, Any] = {
        **_line(planner, run),
        "progress": _progress(planner, run),
        "figures": [
            (tell(name, language), shown(each, each.mean, language), half_of(each, language))
            for key, name in FIGURES.items()
            if (each := figures.get(key)) is not None
        ],
        "repetitions": results.repetitions,
        "files": [*(name for name in FILES if results.file(name)), _SCENARIO],
        "seeds": seeds,
        "seed": chosen,
        "days": _days(results.rides(chosen)) if figures else [],
        "taught": _taught(planner, run),
        "told": told_duration(planner.service),
        "calibrated_here": calibration is not None and calibration.run == run.number,
        "other_ground": run.ground != planner.workbench.ground,
    }
    return planner.show("run.html", **context)


@router.get(PATH + "/runs/{number}/progress", response_class=JSONResponse)
def progress(planner: PlannerHere, number: int) -> Response:
    """Say how far a run is, for the page that shows it."""
    run = planner.run(number)
    return JSONResponse(
        {**_progress(planner, run), "state": run.state}, headers={"Cache-Control": "no-store"}
    )


@router.post(PATH + "/runs/{number}/cancel")
def cancel(planner: PlannerHere, number: int) -> Response:
    """End a run."""
    planner.workbench.cancel(planner.run(number).number, planner.now)
    return planner.lead_to(f"/runs/{number}")


@router.post(PATH + "/runs/{number}/again")
def again(planner: PlannerHere, number: int) -> Response:
    """Run from the stored record once more."""
    planner.workbench.again(planner.run(number).number, planner.now)
    return planner.lead_to(f"/runs/{number}")


@router.post(PATH + "/runs/{number}/remove")
def remove(planner: PlannerHere, number: int) -> Response:
    """Forget a run."""
    planner.workbench.remove(planner.run(number).number, planner.now)
    return planner.lead_to("")


@router.get(PATH + "/runs/{number}/files/{name}")
def file(planner: PlannerHere, number: int, name: str) -> Response:
    """Return the report, a table, or the scenario as the command takes it."""
    run = planner.run(number)
    kept = f'attachment; filename="run-{number}-{name}"'
    headers = {"Content-Disposition": kept, "Cache-Control": "no-store"}
    if name == _SCENARIO:
        return Response(run.scenario, media_type="application/toml", headers=headers)
    path = planner.workbench.results(run).file(name)
    if path is None:
        raise HTTPException(404)
    return FileResponse(path, headers=headers)


@router.post(PATH + "/runs/{number}/calibrate")
def calibrate(planner: PlannerHere, number: int, back: Annotated[str, Form()] = "") -> Response:
    """Tell how long this run's rides took and people waited; with `back`, no longer."""
    run = planner.run(number)
    found = None if back else _taught(planner, run)
    if back or found is not None:
        planner.workbench.store.calibrate(found)
    return planner.lead_to(f"/runs/{number}#told")


def _taught(planner: Planner, run: Run) -> Calibration | None:
    """Return how long the rides of a finished run took, None if there are too few."""
    if run.state is not RunState.FINISHED:
        return None
    rules, folder = planner.service.region.config.rules, planner.workbench.results(run).folder
    try:
        return calibrated(rules, folder, run.number, run.title, planner.now)
    except TooFewRides:
        return None


def _line(planner: Planner, run: Run) -> dict[str, Any]:
    """Return what every page says of a run."""
    return {
        "run": run,
        "state": tell(STATES[run.state], planner.language),
        "under_way": run.state in UNDER_WAY,
        "made": local_time(planner.service.region, run.made_at),
        "share": planner.workbench.progress(run).share,
        "comparable": has_figures(planner.workbench.results(run)),
    }


def has_figures(results: Results) -> bool:
    """Whether a run has come to something that can be looked at."""
    return results.file("figures.csv") is not None


def _progress(planner: Planner, run: Run) -> dict[str, Any]:
    """Return how far a run is, as numbers and as a sentence."""
    seen = planner.workbench.progress(run)
    said = asdict(seen) | {"share": round(seen.share, 4)}
    if seen.of == 0 or run.state not in UNDER_WAY:
        words = tell("Getting ready …", planner.language)
    elif seen.days == seen.of:
        words = tell("Writing the report …", planner.language)
    else:
        words = tell(
            "Day {days} of {of}, {speed} rides a second",
            planner.language,
            days=seen.days,
            of=seen.of,
            speed=round(seen.speed),
        )
    return said | {"words": words}


def _days(rides: Iterable[Row]) -> list[tuple[date, int, int, int]]:
    """Return the days of a repetition with how many asked, rode and were refused."""
    asked, served, refused = Counter[str](), Counter[str](), Counter[str]()
    for ride in rides:
        asked[ride["day"]] += ride["fate"] != "not_asked"
        served[ride["day"]] += ride["fate"] == "served"
        refused[ride["day"]] += ride["fate"] == "refused"
    return [(date.fromisoformat(day), asked[day], served[day], refused[day]) for day in asked]
