"""Who asks, and whether they may: dependencies for endpoints that are not for everybody.

A router or an endpoint takes one of these, and the OpenAPI document says so by itself::

    app.include_router(trouble.router, dependencies=[Depends(Staff("dispatcher"))])

    @router.get("/unmet", dependencies=[Depends(Staff("planner", "dispatcher", scope="unmet"))])

    @router.post("/shifts/{day}/{shift}/reports")
    def report(driver: DriverOfShift, ...): ...

Three kinds of callers are known: staff and drivers by a session cookie, partner systems by a key
in ``Authorization: Bearer``. A cookie is sent by the browser without being asked, so whatever
changes something needs, besides, the session's token in ``X-CSRF-Token`` (or, in a form, the field
``csrf_token``), and must not come from another site. Residents are :mod:`api.rides.booking_owner`.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from api.service import Service, ServiceHere
from api.times import Day
from shuttle.people.accounts import Role, Scope, Session, ShiftOfDay, may

COOKIE = "session"
"""Over https the name gets the prefix ``__Host-``: no other host of the domain can set it."""

CSRF_HEADER = "X-CSRF-Token"

CSRF_FIELD = "csrf_token"

CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})

OPEN_TO_ALL: dict[str, Any] = {"security": [{}]}
"""`openapi_extra` of an endpoint that asks who it is only to treat some better."""

_cookie = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    description=f"From signing in; named __Host-{COOKIE} over https. What changes something needs "
    f"the session's csrf_token in {CSRF_HEADER} besides.",
    auto_error=False,
)
_bearer = HTTPBearer(scheme_name="api_key", description="Of a partner system.", auto_error=False)


class NotSignedIn(Exception):
    """The endpoint is for staff or partners, and nobody said who asks."""

    def __init__(self) -> None:
        super().__init__("Sign in with POST /api/v1/session, or send an API key as Bearer.")


class NotAllowed(Exception):
    """Whoever asks is known, but this is not their work."""

    def __init__(self) -> None:
        super().__init__("This account or key may not do this.")


class ForgedRequest(Exception):
    """The request came with a session's cookie, but perhaps not from a page of this service."""

    def __init__(self) -> None:
        super().__init__(
            f"Send the csrf_token of GET /api/v1/session in the header {CSRF_HEADER}, "
            "from a page of this service."
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    roles
        Of the account; empty for everybody else.
    scopes
        Of the partner's key.
    name
        Of the account or partner; empty for residents and for drivers with a shift's code.
    shift
        Of a driver with a shift's code.
    session
        If one is open.
    token
        Of the session.
    genuine
        Whether the request certainly comes from a page or program that knows the session.
    """

    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    name: str = ""
    shift: ShiftOfDay | None = None
    session: Session | None = None
    token: str = ""
    genuine: bool = True

    def does(self, roles: frozenset[Role], scope: Scope | None = None) -> bool:
        """Whether this is the caller's work."""
        return may(self.roles, roles) or (scope is not None and scope in self.scopes)


async def _caller(
    request: Request,
    service: ServiceHere,
    _documented: Annotated[str | None, Depends(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    if bearer is not None:
        return await run_in_threadpool(_partner, service, bearer.credentials)
    token = session_token(request)
    if token is None:
        return Caller()
    csrf = await _csrf_sent(request)
    return await run_in_threadpool(_signed_in, request, service, token, csrf)


CallerHere = Annotated[Caller, Depends(_caller)]
"""An endpoint's parameter: who asks; may be anybody."""


def _partner(service: Service, key: str) -> Caller:
    partner = None if service.sign_in is None else service.sign_in.partner(key)
    if partner is None:
        raise NotSignedIn
    return Caller(scopes=partner.scopes, name=partner.name)


def _signed_in(request: Request, service: Service, token: str, csrf: str) -> Caller:
    """Return who has a session; whoever has none that is open is anybody."""
    if service.sign_in is None:
        return Caller()
    reading = request.method in CHANGES_NOTHING
    session = service.sign_in.session(token, service.clock(), reading=reading)
    if session is None:
        return Caller()
    genuine = reading or (same_site(request) and service.sign_in.is_csrf(token, csrf))
    return Caller(
        roles=session.roles,
        name=session.name,
        shift=session.shift,
        session=session,
        token=token,
        genuine=genuine,
    )


class Staff:
    """A dependency: lets through who does the work of one of the roles, or has the scope.

    Parameters
    ----------
    roles
        One of :class:`shuttle.people.accounts.Role`; administrators need not be named.
    scope
        Which partners may do it too, if any.
    """

    def __init__(self, *roles: str, scope: str | None = None) -> None:
        self.roles = frozenset(Role(role) for role in roles)
        self.scope = None if scope is None else Scope(scope)

    async def __call__(self, caller: CallerHere) -> Caller:
        """Return who asks, or raise NotSignedIn, NotAllowed or ForgedRequest."""
        return admitted(caller, caller.does(self.roles, self.scope))


def partner(scope: str) -> Staff:
    """Return a dependency that lets through partner systems whose key has a scope, and admins."""
    return Staff("admin", scope=scope)


def admitted(caller: Caller, allowed: bool) -> Caller:
    """Return the caller if it is allowed and genuine, else raise what it is told."""
    if not allowed:
        raise NotAllowed if caller.name or caller.session else NotSignedIn
    if not caller.genuine:
        raise ForgedRequest
    return caller


DayOfShift = Annotated[Day, Path(description="Service day.", examples=["2027-03-22"])]

ShiftId = Annotated[str, Path(max_length=64, examples=["bus-1@06:00"])]


async def driver_of_shift(
    caller: CallerHere,
    day: DayOfShift,
    shift: ShiftId,
) -> Caller:
    """Let through the driver who opened this very shift, drivers with an account, dispatchers."""
    own = caller.shift == ShiftOfDay(day, shift)
    return admitted(caller, own or caller.does(frozenset({Role.DRIVER})))


DriverOfShift = Annotated[Caller, Depends(driver_of_shift)]
"""An endpoint's parameter, where its path has ``{day}`` and ``{shift}``."""


def local_or(scope: str) -> "_LocalOr":
    """Return a dependency that lets through programs on this machine, and what `partner` does."""
    return _LocalOr(scope)


class _LocalOr:
    def __init__(self, scope: str) -> None:
        self._partner = partner(scope)

    async def __call__(self, request: Request, caller: CallerHere) -> Caller:
        """Return who asks; what a proxy on this machine passes on does not come from here."""
        if on_this_machine(request):
            return caller
        return await self._partner(caller)


def on_this_machine(request: Request) -> bool:
    """Whether a request was made on this machine and not passed on by a proxy."""
    passed_on = {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers.keys())
    if request.client is None or passed_on:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def same_site(request: Request) -> bool:
    """Whether a request comes from a page of this service, as far as the browser says.

    Every browser of today sends ``Sec-Fetch-Site`` or at least ``Origin`` with what changes
    something; programs send neither.
    """
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True
    sent = urlsplit(origin)
    return (sent.scheme, sent.netloc) == (request.url.scheme, request.url.netloc)


async def _csrf_sent(request: Request) -> str:
    """Return the session's token as a header or, from a page without scripts, a field has it."""
    header = request.headers.get(CSRF_HEADER)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if header is not None or kind != "application/x-www-form-urlencoded":
        return header or ""
    sent = (await request.form()).get(CSRF_FIELD, "")
    return sent if isinstance(sent, str) else ""


def session_token(request: Request) -> str | None:
    """Return the session's token that the browser sent."""
    return request.cookies.get(_cookie_name(request))


def set_session(request: Request, response: Response, token: str, seconds: int) -> None:
    """Let the browser keep a session's token, away from scripts and other sites."""
    response.set_cookie(
        _cookie_name(request),
        token,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )


def forget_session(request: Request, response: Response) -> None:
    """Let the browser forget the session's token."""
    response.delete_cookie(
        _cookie_name(request),
        path="/",
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
    )


def _cookie_name(request: Request) -> str:
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE
