"""The page on which staff and drivers sign in and out: forms alone, no script.

A German address leads here too: people type what they read on a slip of paper.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.languages import Language, ReaderLanguage, mark, tell
from api.limits import ClientPrint
from api.pages import link_in, page
from api.problem_words import problem_title
from api.security import CallerHere, ForgedRequest, admitted, forget_session, set_session
from api.service import Service, ServiceHere
from api.staff.sessions import enter, enter_shift
from api.times import local_time
from shuttle.errors import TooManyRequests, WrongCredentials
from shuttle.people.accounts import Role

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PATH = "/login"

ROLES: dict[Role, str] = {
    Role.DISPATCHER: mark("dispatcher"),
    Role.DRIVER: mark("driver"),
    Role.PLANNER: mark("planner"),
    Role.ADMIN: mark("administrator"),
}

Text = Annotated[str, Form(max_length=1000)]


@router.get("/anmelden")
def german_address() -> Response:
    """Lead on to the page."""
    return RedirectResponse(PATH, status_code=308)


@router.get(PATH)
def login_page(
    request: Request, service: ServiceHere, language: ReaderLanguage, caller: CallerHere
) -> Response:
    """Show who is signed in, or the forms to do it."""
    context: dict[str, Any] = {"session": None, "csrf": ""}
    if caller.session is not None and service.sign_in is not None:
        context = {
            "session": caller.session,
            "shift": caller.session.shift,
            "drives": caller.session.shift is not None or caller.does(frozenset({Role.DRIVER})),
            "plans": service.planning is not None and caller.does(frozenset({Role.PLANNER})),
            "roles": ", ".join(tell(ROLES[role], language) for role in sorted(caller.roles)),
            "ends": local_time(service.region, caller.session.ends),
            "csrf": service.sign_in.csrf(caller.token),
        }
    return _page(request, service, language, **context)


@router.post(PATH)
def sign_in(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    client: ClientPrint,
    name: Text = "",
    password: Text = "",
    code: Text = "",
) -> Response:
    """Sign in with what one of the forms holds; show it again if that is not right."""
    try:
        if code:
            entered = enter_shift(request, service, client, code)
        else:
            entered = enter(request, service, client, name, password)
    except (WrongCredentials, TooManyRequests, ForgedRequest) as error:
        return _again(request, service, language, error, "shift" if code else "staff", name)
    response = RedirectResponse(link_in(request, PATH), status_code=303)
    set_session(request, response, entered.token, entered.session.ends - entered.session.begun)
    return response


@router.post("/logout")
def sign_out(request: Request, service: ServiceHere, caller: CallerHere) -> Response:
    """Sign out, if the form is of this session; whoever is signed in no more is told the same."""
    response = RedirectResponse(link_in(request, PATH), status_code=303)
    if caller.session is not None and service.sign_in is not None:
        admitted(caller, True)
        service.sign_in.leave(caller.session)
    forget_session(request, response)
    return response


def _again(
    request: Request,
    service: Service,
    language: Language,
    error: WrongCredentials | TooManyRequests | ForgedRequest,
    form: str,
    name: str,
) -> Response:
    """Show the form with what went wrong above the fields that it is about."""
    status, code = _SAID[type(error)]
    sentence = problem_title(language, code)
    shown = _page(
        request, service, language, session=None, csrf="", wrong=form, sentence=sentence, name=name
    )
    shown.status_code = status
    if isinstance(error, TooManyRequests):
        shown.headers["Retry-After"] = str(error.seconds)
    return shown


_SAID: dict[type[Exception], tuple[int, str]] = {
    WrongCredentials: (401, "wrong_credentials"),
    TooManyRequests: (429, "too_many_requests"),
    ForgedRequest: (403, "forged_request"),
}


def _page(request: Request, service: Service, language: Language, **context: Any) -> HTMLResponse:
    signed_in = context["session"] is not None
    title = tell("Signed in", language) if signed_in else tell("Sign in", language)
    shown = page(
        request,
        service,
        language,
        "login.html",
        **({"wrong": "", "sentence": "", "name": "", "title": title} | context),
    )
    shown.headers["Cache-Control"] = "no-store"
    return shown
