"""A resident's request for a page: the service, the language, and what they show to open a ride."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from api.languages import Language, ReaderLanguage
from api.limits import client_print
from api.pages import page
from api.residents.wishes import Fault
from api.rides.booking_owner import Claim
from api.security import Caller
from api.service import Service, ServiceHere
from api.shield import framed_by
from shuttle.domain import Booking


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for a page, and of whom."""

    request: Request
    service: Service
    language: Language

    @property
    def now(self) -> int:
        """The time, in epoch seconds."""
        return self.service.clock()

    def claim(self, secret: str) -> Claim:
        """Return what opens a booking; staff who are signed in are no exception here."""
        client = client_print(self.request, self.service)
        return Claim(self.service, Caller(), client, secret.strip())

    def own(self, code: str, secret: str) -> Booking:
        """Return a booking to whom it belongs.

        Raises
        ------
        UnknownBooking, TooManyRequests
            As :meth:`Claim.booking` says.
        """
        return self.claim(secret).booking(code)

    def link(self, code: str) -> str:
        """Return the secret of a booking's link."""
        return self.service.dispatcher.keyed.link(code)

    def _contact_days(self) -> int:
        rules = self.service.region.config.retention_rules
        return next(rule.days for rule in rules if rule.data == "contact")

    def show(
        self,
        template: str,
        *,
        faults: Sequence[Fault] = (),
        status: int = 200,
        secret_page: bool = False,
        **context: Any,
    ) -> HTMLResponse:
        """Return a page; with faults it is marked as not accepted.

        What `secret_page` shows is somebody's own, and no cache keeps it. Other answers to a form
        are kept by the browser that sent it, so that its way back leads to them.
        """
        shown = page(
            self.request,
            self.service,
            self.language,
            f"resident/{template}",
            faults=faults,
            wrong={each.field: each for each in faults},
            contact_days=self._contact_days(),
            **context,
        )
        shown.headers.update(framed_by(self.service.region.config.embed_on))
        shown.status_code = 422 if faults and status == 200 else status
        if secret_page:
            shown.headers["Cache-Control"] = "no-store"
        elif self.request.method != "GET":
            shown.headers["Cache-Control"] = "private, no-cache"
        return shown


async def _visit(request: Request, service: ServiceHere, language: ReaderLanguage) -> Visit:
    return Visit(request, service, language)


VisitHere = Annotated[Visit, Depends(_visit)]
"""An endpoint's parameter: who asks."""
