"""What residents read: stops, sheets for the notice board, fares, rules, who answers."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from api.languages import Language, ReaderLanguage, euros, mark, number, tell
from api.pages import page
from api.residents.codes import booking_address, code, home_of
from api.residents.fare_examples import fare_examples
from api.residents.hours import hours_in_words
from api.residents.own_texts import Replaceable, own_text
from api.residents.stop_lists import (
    NOWHERE,
    find,
    neighbours,
    stop_sketch,
    villages,
)
from api.residents.village_maps import FEW, village_maps
from api.service import Service, ServiceHere

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

ASSESSED = date(2026, 11, 24)
"""When the statement on accessibility was last gone through against the pages."""

_LONGEST = 200
"""Characters of a search; who types more pastes something else."""

_NEAR_LABEL = mark("Map: {place}, the nearest stops and the way on foot to the first one")
_STOP_LABEL = mark("Map: where the stop {place} is")
_VILLAGE_LABEL = mark("Map: the stops of {place} by number")


Home = Annotated[str, Depends(home_of)]


@router.get("/stops")
def stops_page(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    near: Annotated[str, Query()] = "",
) -> Response:
    """List the stops by village, and those near a place."""
    text = " ".join(near[:_LONGEST].split())
    found = find(service.region, text, tell(_NEAR_LABEL, language)) if text else None
    listed = list(villages(service.region).values())
    return page(request, service, language, "stops.html", asked=text, found=found, villages=listed)


@router.get("/stops/sheet/{village:path}")
def stop_sheet(
    request: Request, service: ServiceHere, language: ReaderLanguage, home: Home, village: str
) -> Response:
    """Print a village's stops for its notice board."""
    shown = villages(service.region).get(village)
    if shown is None:
        raise HTTPException(404)
    label = tell(_VILLAGE_LABEL, language, place=shown.name or service.region.config.name)
    chosen = language if request.query_params.get("lang") == language else ""
    codes = [code(booking_address(home, stop.label, chosen)) for stop in shown.stops]
    return page(
        request,
        service,
        language,
        "stop_sheet.html",
        village=shown,
        stops=list(zip(shown.stops, codes, strict=True)),
        few=len(shown.stops) <= FEW,
        maps=village_maps(service.region, shown, label),
        home_code=code(booking_address(home, "", chosen)),
        hours=hours_in_words(service.region.config, language),
        home=home.rstrip("/").partition("://")[2],
    )


@router.get("/stops/{stop_id}")
def stop_page(
    request: Request, service: ServiceHere, language: ReaderLanguage, stop_id: str
) -> Response:
    """Show where a stop is."""
    region = service.region
    try:
        stop = region.stop(stop_id)
    except KeyError:
        raise HTTPException(404) from None
    label = tell(_STOP_LABEL, language, place=stop.label)
    return page(
        request,
        service,
        language,
        "stop.html",
        stop=stop,
        village=villages(region)[stop.village or NOWHERE],
        drawing=stop_sketch(region, stop, label),
        others=neighbours(region, stop),
        waiting=[
            (f"{hour:02}:00–{hour + 1:02}:00", each.half // 60, each.most // 60)
            for hour, each in service.waiting().by_hour(stop.village)
        ],
    )


@router.get("/fares")
@router.get("/preise")
def fares_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Say what a ride costs, by rule and by example."""
    return _text(request, service, language, "fares", examples=fare_examples(service.region))


@router.get("/about")
def about_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Say how it works, where the data come from, and what is kept about people."""
    hours = hours_in_words(service.region.config, language)
    return _text(request, service, language, "about", hours=hours)


@router.get("/imprint")
@router.get("/impressum")
def imprint_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Say who runs the service."""
    return _text(request, service, language, "imprint")


@router.get("/accessibility")
@router.get("/barrierefreiheit")
def accessibility_page(
    request: Request, service: ServiceHere, language: ReaderLanguage
) -> Response:
    """Say how far the pages and the buses are without barriers, and who takes complaints."""
    fleet = service.region.config.vehicles
    places = [(each.name, max(layout.wheelchairs for layout in each.layouts)) for each in fleet]
    return page(
        request,
        service,
        language,
        f"accessibility.{language}.html",
        assessed=ASSESSED,
        wheelchairs=places,
    )


def _text(
    request: Request, service: Service, language: Language, name: Replaceable, **facts: Any
) -> Response:
    """Return a text of the Amt's own if it has one, else ours."""
    region = service.region
    known = {"region": region.config, **_spoken(language), **facts}
    own = own_text(region.folder, name, language, known)
    if own is not None:
        return page(request, service, language, "own_text.html", text=own, name=name)
    return page(request, service, language, f"{name}.{language}.html", **facts)


def _spoken(language: Language) -> dict[str, Callable[[Any], str]]:
    """Return the ways to say figures that texts of an Amt's own may use."""
    return {
        "euros": lambda cents: euros(cents, language),
        "number": lambda value: number(value, language),
    }
