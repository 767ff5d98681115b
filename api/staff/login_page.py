"""The page on which staff and drivers sign in and out: forms alone, no script.

A German address leads here too: people type what they read on a slip of paper.
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.languages import Language, ReaderLanguage, mark, tell
from api.limits import ClientPrint
from api.pages import link_in, page
from api.problem_words import problem_title
from api.security import Caller, CallerHere, ForgedRequest, admitted, forget_session, set_session
from api.service import Service, ServiceHere
from api.staff.sessions import change_password, enter, enter_shift
from api.times import local_time
from shuttle.errors import TooManyRequests, WrongCredentials
from shuttle.people.accounts import AccountError, Role

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PATH = "/login"

ROLES: dict[Role, str] = {
    Role.DISPATCHER: mark("dispatcher"),
    Role.DRIVER: mark("driver"),
    Role.PLANNER: mark("planner"),
    Role.ADMIN: mark("administrator"),
}

PASSWORD_HINT = mark(
    "A password has at least 12 signs, does not repeat itself and does not hold your name. "
    "Three or four words in a row are good."
)

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
    return _page(request, service, language, **_whoever_is_here(service, language, caller))


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
        return _again(request, service, language, error, "shift" if code else "staff", name=name)
    response = RedirectResponse(link_in(request, PATH), status_code=303)
    set_session(request, response, entered.token, entered.session.ends - entered.session.begun)
    return response


@router.post(f"{PATH}/password")
def other_password(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    client: ClientPrint,
    caller: CallerHere,
    old: Text = "",
    new: Text = "",
) -> Response:
    """Change the password of whoever is signed in with one; elsewhere the account is signed out."""
    admitted(caller, caller.session is not None and caller.session.name != "")
    assert caller.session is not None
    try:
        entered = change_password(request, service, client, caller.session, old, new)
    except (AccountError, WrongCredentials, TooManyRequests) as error:
        here = _whoever_is_here(service, language, caller)
        field = "new" if isinstance(error, AccountError) else "old"
        return _again(request, service, language, error, field, **here)
    shown = _page(
        request,
        service,
        language,
        **_whoever_is_here(
            service, language, replace(caller, session=entered.session, token=entered.token)
        ),
        done=tell("You have a new password. Everywhere else you are signed out.", language),
    )
    set_session(request, shown, entered.token, entered.session.ends - entered.session.begun)
    return shown


@router.post("/logout")
def sign_out(request: Request, service: ServiceHere, caller: CallerHere) -> Response:
    """Sign out, if the form is of this session; whoever is signed in no more is told the same."""
    response = RedirectResponse(link_in(request, PATH), status_code=303)
    if caller.session is not None and service.sign_in is not None:
        admitted(caller, True)
        service.sign_in.leave(caller.session)
    forget_session(request, response)
    return response


def _whoever_is_here(service: Service, language: Language, caller: Caller) -> dict[str, Any]:
    """Return what the page says of a session; of none, if nobody is signed in."""
    if caller.session is None or service.sign_in is None:
        return {"session": None, "csrf": ""}
    return {
        "session": caller.session,
        "shift": caller.session.shift,
        "drives": caller.session.shift is not None or caller.does(frozenset({Role.DRIVER})),
        "plans": service.planning is not None and caller.does(frozenset({Role.PLANNER})),
        "roles": ", ".join(tell(ROLES[role], language) for role in sorted(caller.roles)),
        "ends": local_time(service.region, caller.session.ends),
        "csrf": service.sign_in.csrf(caller.token),
    }


def _again(
    request: Request,
    service: Service,
    language: Language,
    error: Exception,
    form: str,
    **context: Any,
) -> Response:
    """Show the form with what went wrong above the fields that it is about."""
    status, code = _SAID[type(error)]
    sentence = problem_title(language, code) if code else tell(PASSWORD_HINT, language)
    nobody = {"session": None, "csrf": ""}
    shown = _page(request, service, language, **(nobody | context), wrong=form, sentence=sentence)
    shown.status_code = status
    if isinstance(error, TooManyRequests):
        shown.headers["Retry-After"] = str(error.seconds)
    return shown


_SAID: dict[type[Exception], tuple[int, str]] = {
    WrongCredentials: (401, "wrong_credentials"),
    TooManyRequests: (429, "too_many_requests"),
    ForgedRequest: (403, "forged_request"),
    AccountError: (422, ""),
}


def _page(request: Request, service: Service, language: Language, **context: Any) -> HTMLResponse:
    signed_in = context["session"] is not None
    usual = {
        "title": tell("Signed in", language) if signed_in else tell("Sign in", language),
        "password_hint": tell(PASSWORD_HINT, language),
        **dict.fromkeys(("wrong", "sentence", "name", "done"), ""),
    }
    shown = page(
        request,
        service,
        language,
        "login.html",
        **(usual | context),
    )
    shown.headers["Cache-Control"] = "no-store"
    return shown
