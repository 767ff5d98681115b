"""The form on which a scenario is changed and from which it is run."""

import re
import tomllib
from calendar import monthrange
from dataclasses import dataclass
from typing import Annotated, Any

import tomli_w
from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import HTMLResponse

from api.languages import month_in_words, tell
from api.planning.draft import (
    SLIDERS,
    SPANS,
    Draft,
    NotANumber,
    field_meant,
    month_of,
    named,
)
from api.planning.planner import PATH, Planner, PlannerHere, Sent
from api.planning.planning_words import MISTAKES
from api.planning.runs_pages import all_runs
from api.residents.hours import days_in_words
from shuttle.errors import ShuttleError

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a field.

    Attributes
    ----------
    field
        Its name.
    sentence
        In the reader's language.
    said
        What the scenario's own check says, which is in English as its keys are.
    """

    field: str
    sentence: str
    said: str = ""


@router.get(PATH + "/new")
def new(planner: PlannerHere, base: Annotated[str, Query(alias="from", max_length=64)]) -> Response:
    """Show a scenario of the library (``first_year``), or that of a run (its number), as a form.

    A month (``2027-02``) is a replay of what was asked here in it.
    """
    draft = _draft(planner, base)
    if draft is None:
        return _nobody_asked(planner, base)
    return _form(planner, base, draft, draft.fields(planner.language))


@router.post(PATH + "/new")
def run_it(planner: PlannerHere, sent: Sent) -> Response:
    """Run the scenario as the form says, or show what is wrong with it."""
    base = sent.get("base", "")
    draft = _draft(planner, base)
    if draft is None:
        return _nobody_asked(planner, base)
    shown = draft.fields(planner.language) | sent
    name = sent.get("name", "").strip()[:_LONGEST_NAME]
    if not name:
        mistake = Mistake("name", tell("Give it a name.", planner.language))
        return _form(planner, base, draft, shown, mistake)
    try:
        draft.change(sent, planner.language)
        run = planner.workbench.add(name, tomli_w.dumps(draft.raw), planner.now)
    except NotANumber as error:
        sentence = tell("Write a whole number here.", planner.language)
        if error.name in ("first", "last"):
            sentence = tell("Choose a day.", planner.language)
        return _form(planner, base, draft, shown, Mistake(error.name, sentence))
    except ShuttleError as error:
        return _form(planner, base, draft, shown, _mistake(planner, str(error), name))
    return planner.lead_to(f"/runs/{run.number}")


def _mistake(planner: Planner, message: str, name: str) -> Mistake:
    """Return what the scenario's own check says, at the field that it is about.

    What can be wrong with a field of the form is said in the reader's language; the rest, of what
    only a file can say, as the check says it.
    """
    said = message.removeprefix(f"{name}: ")
    for pattern, words in MISTAKES.items():
        found = re.search(pattern, said)
        if found is not None and field_meant(said):
            return Mistake(field_meant(said), tell(words, planner.language, **found.groupdict()))
    lead = tell("This cannot be run:", planner.language)
    return Mistake(field_meant(said) or "name", lead, said)


def _draft(planner: Planner, base: str) -> Draft | None:
    """Return what the form begins with, None if nobody asked for a ride in the month."""
    workbench = planner.workbench
    if (first := month_of(base)) is not None:
        last = first.replace(day=monthrange(first.year, first.month)[1])
        found = workbench.scenarios.record(first, last)
        if found is None:
            return None
        return Draft(tomllib.loads(found.toml), workbench.region, found.left_out)
    if base.isdecimal():
        return Draft(tomllib.loads(planner.run(int(base[:9])).scenario), workbench.region)
    scenario = named(tuple(workbench.scenarios.library()), base)
    if scenario is None:
        raise HTTPException(404)
    return Draft(tomllib.loads(scenario.toml), workbench.region)


def _nobody_asked(planner: Planner, base: str) -> Response:
    first = month_of(base)
    assert first is not None
    month = month_in_words(first, planner.language)
    message = tell(
        "Nobody asked for a ride in {month}; choose another month.", planner.language, month=month
    )
    return all_runs(planner, message)


def _form(
    planner: Planner,
    base: str,
    draft: Draft,
    fields: dict[str, str],
    mistake: Mistake | None = None,
) -> Response:
    context: dict[str, Any] = {
        "base": base,
        "sliders": {each.name: each for each in SLIDERS},
        "spans": {table: draft.spans(table) for table in SPANS},
        "vehicles": {each.id: each.name for each in planner.service.region.config.vehicles},
        "fields": fields,
        "mistake": mistake,
        "others": _others(draft),
        "replayed": draft.replayed,
        "left_out": draft.left_out,
        "days_in_words": lambda days: days_in_words(days, planner.language),
    }
    return planner.show("draft.html", status=200 if mistake is None else 422, **context)


def _others(draft: Draft) -> str:
    """Return what the scenario says beyond the form, as TOML; it is kept as it is.

    A recorded table is told of in a sentence instead: it is long.
    """
    on_form = {"title", "dates", "seed", "repetitions", *SPANS}
    kept = {key: value for key, value in draft.raw.items() if key not in on_form}
    if draft.replayed is not None:
        del kept["demand"]
    return tomli_w.dumps(kept).strip()
