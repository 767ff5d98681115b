"""One simulated day: played back on the map, and all of it in tables."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import HTMLResponse

from api.languages import clock, tell
from api.planning.planner import PATH, Planner, PlannerHere
from api.planning.planning_words import FATES, PLAYBACK_WORDS
from api.planning.playback import tours_of
from api.rides.refusal_words import REFUSALS
from api.times import Day, local_time
from shuttle.answers import RefusalReason
from shuttle.planning.results import Row

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get(PATH + "/runs/{number}/days/{day}")
def day_page(
    planner: PlannerHere, number: int, day: Day, seed: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """Show a day of one repetition."""
    run = planner.run(number)
    results = planner.workbench.results(run)
    chosen = run.seed if seed is None else seed
    if chosen not in results.seeds():  # the tables are long
        raise HTTPException(404)
    rides = results.rides(chosen)
    days = list(dict.fromkeys(date.fromisoformat(each["day"]) for each in rides))
    if day not in days:
        raise HTTPException(404)
    place = days.index(day)
    legs = results.legs(chosen, day.isoformat())
    own = (each for each in rides if each["day"] == day.isoformat())
    return planner.show(
        "day.html",
        run=run,
        seed=chosen,
        day=day,
        before=days[place - 1] if place else None,
        after=days[place + 1] if place + 1 < len(days) else None,
        tours=tours_of(planner.service.region, legs),
        at_text=lambda text: clock(datetime.fromisoformat(text), planner.language),
        rides=[_ride(planner, each) for each in sorted(own, key=lambda each: int(each["wanted"]))],
        script_words={key: tell(text, planner.language) for key, text in PLAYBACK_WORDS.items()},
    )


def _ride(planner: Planner, row: Row) -> dict[str, Any]:
    """Return a wish and what became of it, in words."""
    region, language = planner.service.region, planner.language
    stops = {each.id: each.label for each in region.stops}
    fate = FATES[row["fate"]]
    reason = row["reason"] if row["reason"] in set(RefusalReason) else ""
    return {
        "wanted": local_time(region, int(row["wanted"])),
        "origin": stops.get(row["origin"], row["origin"]),
        "destination": stops.get(row["destination"], row["destination"]),
        "passengers": row["passengers"],
        "fate": tell(fate, language),
        "bad": row["fate"] in ("refused", "let_down"),
        "reason": tell(REFUSALS[RefusalReason(reason)], language) if reason else "",
        "window": _window(planner, row),
        "pickup": local_time(region, int(row["pickup"])) if row["pickup"] else None,
        "dropoff": local_time(region, int(row["dropoff"])) if row["dropoff"] else None,
    }


def _window(planner: Planner, row: Row) -> tuple[Any, Any] | None:
    """Return the promised window, None if nothing was promised."""
    region = planner.service.region
    if not row["window"]:
        return None
    return local_time(region, int(row["window"])), local_time(region, int(row["window_end"]))
