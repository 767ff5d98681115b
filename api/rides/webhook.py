"""Where a partner system is told of bookings, set by itself; docs/webhooks.md says of what."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from api.limits import Limited
from api.problems import answers
from api.security import Caller, CallerHere, admitted
from api.service import Service, ServiceHere
from api.times import Wire
from shuttle.errors import RequestError
from shuttle.people.accounts import AccountError, Scope
from shuttle.people.sign_in import SignIn
from shuttle.telling.webhooks import LONGEST_URL, leads_here

router = APIRouter(prefix="/api/v1/webhook", tags=["partners"])

_URL = "https://partner.example/shuttle"


class WebhookRequest(Wire):
    """Where to tell."""

    url: str = Field(
        min_length=1,
        max_length=LONGEST_URL,
        description="https, and no address of this machine or of a private network.",
        examples=[_URL],
    )


class WebhookOut(BaseModel):
    """Where this partner is told."""

    url: str | None = Field(description="None if it is told nothing.", examples=[_URL])


class WebhookSet(WebhookOut):
    """Where this partner is told from now on."""

    secret: str = Field(
        description="Signs what is sent; the same for as long as the key is.",
        examples=["whsec_b2JhbWFzZWNyZXRrZXlvZmFwYXJ0bmVy"],
    )


async def _partner_itself(caller: CallerHere) -> Caller:
    """Let through a partner system that may book; for staff there is a command."""
    return admitted(caller, Scope.BOOKINGS in caller.scopes)


PartnerHere = Annotated[Caller, Depends(_partner_itself)]


@router.get("", responses=answers(503))
def webhook(partner: PartnerHere, service: ServiceHere, response: Response) -> WebhookOut:
    """Return where this partner is told of bookings."""
    response.headers["Cache-Control"] = "no-store"
    keys = {each.name: each.webhook for each in _door(service).store.api_keys()}
    return WebhookOut(url=keys.get(partner.name) or None)


@router.put(
    "",
    responses=answers(400, 413, 422, 429, 503),
    dependencies=[Depends(Limited("bookings"))],
)
def set_webhook(
    asked: WebhookRequest, partner: PartnerHere, service: ServiceHere, response: Response
) -> WebhookSet:
    """Tell this partner of bookings at a URL from now on; repeating it changes nothing."""
    response.headers["Cache-Control"] = "no-store"
    if leads_here(asked.url):
        raise RequestError("improper_url", "url", "This address is the server itself.")
    try:
        secret = _door(service).set_webhook(partner.name, asked.url)
    except AccountError as error:
        raise RequestError("improper_url", "url", str(error)) from error
    return WebhookSet(url=asked.url, secret=secret)


@router.delete("", status_code=204, responses=answers(503))
def end_webhook(partner: PartnerHere, service: ServiceHere) -> None:
    """Tell this partner nothing any more."""
    with suppress(AccountError):  # the key is gone, and its webhook with it
        _door(service).set_webhook(partner.name, "")


def _door(service: Service) -> SignIn:
    assert service.sign_in is not None, "it has let in the partner"
    return service.sign_in
