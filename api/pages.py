"""Pages for people: rendered on the server, without anything from another host."""

import gzip
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import xstatic.pkg.leaflet
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from api import problems
from api.languages import (
    OWN_NAMES,
    Language,
    ReaderLanguage,
    catalogue,
    clock,
    day_in_words,
    euros,
    language_of,
    number,
    short_day,
    tell,
    weekday,
)
from api.mapping.map_words import SCRIPT_WORDS
from api.mapping.tours import DayQuery, figures_of, plan_of, tours_out
from api.privacy_words import kept_in_words
from api.problem_words import PROBLEMS, problem_title
from api.service import Service, ServiceHere
from api.theme import VEHICLES, theme_css

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

_HERE = Path(__file__).parent


@lru_cache
def templates_in(language: Language) -> Environment:
    """Return the templates, their messages in a language."""
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    spoken = catalogue(language)
    templates.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]
    templates.globals |= {
        "colour_of": lambda number: (number - 1) % len(VEHICLES) + 1,
        "own_names": OWN_NAMES,
        "language": language,
        "clock": lambda time: clock(time, language),
        "day_in_words": lambda day: day_in_words(day, language),
        "weekday": lambda day: weekday(day, language),
        "short_day": lambda day: short_day(day, language),
        "euros": lambda cents: euros(cents, language),
        "number": lambda value: number(value, language),
    }
    return templates


def mount_static(app: FastAPI) -> None:
    """Serve our own scripts and style sheet, and Leaflet from its package."""
    leaflet = StaticFiles(directory=xstatic.pkg.leaflet.BASE_DIR)
    own = StaticFiles(directory=_HERE / "static")
    app.mount("/static/leaflet", GZipMiddleware(leaflet, minimum_size=1000))
    app.mount("/static", GZipMiddleware(own, minimum_size=1000))


@router.get("/map")
def map_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Show the map with the vehicles on it."""
    words = {key: tell(message, language) for key, message in SCRIPT_WORDS.items()}
    return page(request, service, language, "map.html", script_words=words)


@router.get("/table")
def table_page(
    request: Request, service: ServiceHere, language: ReaderLanguage, day: DayQuery = None
) -> Response:
    """Say in tables what the map shows."""
    plan = plan_of(service, day)
    now = service.clock()
    return page(
        request,
        service,
        language,
        "table.html",
        plan=tours_out(plan),
        figures=figures_of(service, plan),
        now=now,
        before=plan.day - timedelta(days=1),
        after=plan.day + timedelta(days=1),
        today=service.today(),
    )


@router.get("/datenschutz")
@router.get("/privacy")
def privacy_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Say what is kept about people, what for and for how long, from the rules of the region."""
    kept = kept_in_words(service.region.config.retention_rules, language)
    return page(request, service, language, f"privacy.{language}.html", kept=kept)


@router.get("/problems")
def problems_page(request: Request, service: ServiceHere, language: ReaderLanguage) -> Response:
    """Explain the codes of problem details."""
    titles = {code: tell(title, language) for code, title in sorted(PROBLEMS.items())}
    return page(request, service, language, "problems.html", titles=titles)


@router.get("/theme.css")
def theme(service: ServiceHere) -> Response:
    """Return the region's colours."""
    css = theme_css(service.region.config.contact.accent)
    return Response(css, media_type="text/css", headers={"Cache-Control": "max-age=300"})


def on_http_error(request: Request, error: Exception) -> Response:
    """Show people a page where a program gets a problem."""
    assert isinstance(error, HTTPException)
    if not wanted(request):
        return problems.on_http_error(request, error)
    if error.status_code != 404:
        return problem_page(request, error.status_code, problems.code_of(error.status_code))
    lost = page(request, request.app.state.service, language_of(request), "not_found.html")
    lost.status_code = 404
    return lost


def wanted(request: Request) -> bool:
    """Whether a person asks, who is shown a page; programs get problem details."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        "/api/"
    )


def problem_page(
    request: Request, status: int, code: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Say in one sentence what went wrong, and how to go on."""
    language = language_of(request)
    sentence = problem_title(language, code)
    shown = page(request, request.app.state.service, language, "problem.html", sentence=sentence)
    shown.status_code = status
    shown.headers.update({"Cache-Control": "no-store", **(headers or {})})
    return shown


def link_in(request: Request, path: str) -> str:
    """Return an address on this site that keeps the language chosen; no cookie does."""
    language = language_of(request)
    if request.query_params.get("lang") != language:
        return path
    address, hash_sign, fragment = path.partition("#")
    return f"{address}{'&' if '?' in address else '?'}lang={language}{hash_sign}{fragment}"


def page(
    request: Request, service: Service, language: Language, template: str, **context: Any
) -> HTMLResponse:
    """Return a template as a page in the reader's language; `context` is what it shows."""
    html = (
        templates_in(language)
        .get_template(template)
        .render(
            region=service.region.config,
            link=lambda path: link_in(request, path),
            path="/" + request.url.path.lstrip("/"),  # “//x” would be another host
            get=request.method == "GET",
            **context,
        )
    )
    headers = {
        "Content-Language": language,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding, Accept-Language, Cookie",
    }
    if not _may_be_compressed(request):
        return HTMLResponse(html, headers=headers)
    packed = gzip.compress(html.encode(), _LEVEL, mtime=0)
    return HTMLResponse(packed, headers=headers | {"Content-Encoding": "gzip"})


def _may_be_compressed(request: Request) -> bool:
    """Whether a page holds no secret whose length could give it away (BREACH): it is only read."""
    reads = request.method == "GET" and not request.cookies
    return reads and "gzip" in request.headers.get("accept-encoding", "")


_LEVEL = 6
