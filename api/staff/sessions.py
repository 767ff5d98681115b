"""Signing in and out: staff with a password, drivers with the code of their shift."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from api.limits import ClientPrint, take_by_address
from api.mapping.tours import plan_of
from api.problems import answers
from api.security import (
    Caller,
    CallerHere,
    DayOfShift,
    ForgedRequest,
    NotSignedIn,
    ShiftId,
    Staff,
    admitted,
    forget_session,
    same_site,
    session_token,
    set_session,
)
from api.service import Service, ServiceHere
from api.times import Wire, local_time
from shuttle.errors import UnknownShift, WrongCredentials
from shuttle.people.accounts import (
    AccountError,
    Role,
    Session,
    ShiftOfDay,
    proper_name,
    proper_password,
)
from shuttle.people.sign_in import SignedIn, SignIn
from shuttle.region import Region

router = APIRouter(prefix="/api/v1", tags=["sessions"])


class Credentials(Wire):
    """What staff sign in with."""

    name: str = Field(max_length=100, examples=["petersen"])
    password: str = Field(max_length=1000, examples=["drei kleine Woerter"])


class DriverCode(Wire):
    """What a driver opens a shift with; blanks, hyphens and small letters do not matter."""

    code: str = Field(max_length=40, examples=["K7MX2-Q9A4B"])


class ShiftOut(BaseModel):
    """One vehicle's working time on one day."""

    day: date
    shift: str


class OpenSession(BaseModel):
    """A session, without what opens it."""

    begun_at: datetime
    seen_at: datetime
    ends_at: datetime = Field(description="At the latest; earlier if it is not used.")
    current: bool = Field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, region: Region, session: Session, current: Session | None) -> Self:
        """Return a session as its owner sees it."""
        return cls(
            begun_at=local_time(region, session.begun),
            seen_at=local_time(region, session.seen),
            ends_at=local_time(region, session.ends),
            current=current is not None and session.digest == current.digest,
        )


class SessionOut(BaseModel):
    """Who is signed in, and what a page sends back to change something."""

    name: str = Field(description="Empty for a driver with a shift's code.")
    roles: list[Role]
    shift: ShiftOut | None = Field(description="All that a driver's session is good for.")
    ends_at: datetime
    csrf_token: str = Field(description="Send it as X-CSRF-Token with whatever changes something.")

    @classmethod
    def of(cls, region: Region, session: Session, csrf: str) -> Self:
        """Return a session with its CSRF token."""
        shift = session.shift
        return cls(
            name=session.name,
            roles=sorted(session.roles),
            shift=None if shift is None else ShiftOut(day=shift.day, shift=shift.shift),
            ends_at=local_time(region, session.ends),
            csrf_token=csrf,
        )


class ShiftCodeOut(BaseModel):
    """A code that opens a shift once. It is shown now and never again."""

    code: str
    link: str = Field(description="Opens the driver's page with this code.")
    valid_until: datetime


@router.post("/session", status_code=201, responses=answers(400, 401, 403, 413, 422, 429, 503))
def sign_in(
    request: Request,
    given: Credentials,
    service: ServiceHere,
    client: ClientPrint,
    response: Response,
) -> SessionOut:
    """Sign in with a name and a password; the answer sets the session's cookie.

    The session that the browser had before ends.
    """
    entered = enter(request, service, client, given.name, given.password)
    return _welcome(request, service, entered, response)


@router.post(
    "/session/driver", status_code=201, responses=answers(400, 401, 403, 413, 422, 429, 503)
)
def open_shift(
    request: Request,
    given: DriverCode,
    service: ServiceHere,
    client: ClientPrint,
    response: Response,
) -> SessionOut:
    """Open a shift with its one-time code; the session is good for that shift alone."""
    entered = enter_shift(request, service, client, given.code)
    return _welcome(request, service, entered, response)


@router.get("/session", responses=answers(503))
def who_am_i(caller: CallerHere, service: ServiceHere, response: Response) -> SessionOut:
    """Return who is signed in."""
    response.headers["Cache-Control"] = "no-store"
    door, session = _open(service, caller)
    return SessionOut.of(service.region, session, door.csrf(caller.token))


@router.delete("/session", status_code=204, responses=answers(503))
def sign_out(request: Request, caller: CallerHere, service: ServiceHere) -> Response:
    """Sign out: the session ends at once, wherever its cookie may be."""
    door, session = _open(service, caller)
    door.leave(session)
    response = Response(status_code=204)
    forget_session(request, response)
    return response


@router.get("/sessions", responses=answers(503))
def sessions(caller: CallerHere, service: ServiceHere, response: Response) -> list[OpenSession]:
    """Return all open sessions of the account that asks."""
    response.headers["Cache-Control"] = "no-store"
    door, session = _open(service, caller)
    own = door.store.sessions(session.name) if session.name else (session,)
    now = service.clock()
    open_ones = [each for each in own if each.open_at(now) or each.digest == session.digest]
    return [OpenSession.of(service.region, each, session) for each in open_ones]


@router.delete("/sessions", status_code=204, responses=answers(503))
def end_other_sessions(caller: CallerHere, service: ServiceHere) -> Response:
    """End all sessions of the account that asks, except the one that does."""
    door, session = _open(service, caller)
    if session.name:
        door.store.end_all(session.name, but=session.digest)
    return Response(status_code=204)


@router.post(
    "/shifts/{day}/{shift}/code", status_code=201, responses=answers(400, 404, 413, 422, 503)
)
def make_shift_code(
    request: Request,
    day: DayOfShift,
    shift: ShiftId,
    service: ServiceHere,
    caller: Annotated[Caller, Depends(Staff("dispatcher"))],
    response: Response,
) -> ShiftCodeOut:
    """Make the code with which a driver opens a shift; an unused one from before is void."""
    response.headers["Cache-Control"] = "no-store"
    door, _ = _open(service, caller)
    now = service.clock()
    ends = {tour.shift.id: tour.shift.end for tour in plan_of(service, day).tours}.get(shift, 0)
    if ends <= now:
        raise UnknownShift(day, shift)
    code = door.shift_code(ShiftOfDay(day, shift), ends, now)
    shown = f"{code[:5]}-{code[5:]}"
    link = f"{request.base_url}drive#{shown}"
    return ShiftCodeOut(code=shown, link=link, valid_until=local_time(service.region, ends))


def enter(
    request: Request, service: Service, client: str | None, name: str, password: str
) -> SignedIn:
    """Open a session with a password.

    Raises
    ------
    WrongCredentials, TooManyRequests, ForgedRequest
        A page of another site must not sign anybody in as somebody else.
    """
    door, now = _knock(request, service, client)
    service.limiter.take("logins_by_name", _account_meant(name), now)
    return door.enter(name, password, now, session_token(request))


def enter_shift(request: Request, service: Service, client: str | None, code: str) -> SignedIn:
    """Open a shift with its code; raises as :func:`enter`."""
    door, now = _knock(request, service, client)
    return door.enter_shift(code, now)


def change_password(
    request: Request, service: Service, client: str | None, session: Session, old: str, new: str
) -> SignedIn:
    """Give an account another password; all its sessions end, and a new one begins here.

    Raises
    ------
    AccountError
        If the new one is too easily guessed.
    WrongCredentials, TooManyRequests, ForgedRequest
        As :func:`enter` with the old one: an open browser alone changes nothing.
    """
    proper_password(new, session.name)
    enter(request, service, client, session.name, old)
    assert service.sign_in is not None
    service.sign_in.set_password(session.name, new)
    return service.sign_in.enter(session.name, new, service.clock())


def _account_meant(name: str) -> str:
    """Return the name that counts: all ways to write an account's name share its attempts."""
    try:
        return proper_name(name)
    except AccountError:
        return name.strip().casefold()


def _knock(request: Request, service: Service, client: str | None) -> tuple[SignIn, int]:
    if not same_site(request):
        raise ForgedRequest
    now = service.clock()
    take_by_address(service, "logins_by_address", client, now)
    service.limiter.take("logins_in_total", "", now)
    if service.sign_in is None:
        raise WrongCredentials
    return service.sign_in, now


def _welcome(
    request: Request, service: Service, entered: SignedIn, response: Response
) -> SessionOut:
    assert service.sign_in is not None
    seconds = entered.session.ends - entered.session.begun
    set_session(request, response, entered.token, seconds)
    response.headers["Cache-Control"] = "no-store"
    csrf = service.sign_in.csrf(entered.token)
    return SessionOut.of(service.region, entered.session, csrf)


def _open(service: Service, caller: Caller) -> tuple[SignIn, Session]:
    """Return the door and the caller's session, if there is one and the request is genuine."""
    admitted(caller, caller.session is not None)
    if service.sign_in is None or caller.session is None:
        raise NotSignedIn
    return service.sign_in, caller.session
