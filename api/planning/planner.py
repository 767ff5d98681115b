"""Who plans, on which workbench, and how their pages are shown."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from api.languages import LANGUAGES, Language, ReaderLanguage
from api.pages import link_in, page
from api.security import Caller, Staff
from api.service import Service, ServiceHere
from shuttle.planning.runs import Run, UnknownRun
from shuttle.planning.workbench import Workbench

PATH = "/planning"

_LAST_NUMBER = 2**31 - 1
"""No database counts further."""


@dataclass(frozen=True, slots=True)
class Planner:
    """Whoever plans asks for a page."""

    request: Request
    service: Service
    language: Language
    caller: Caller
    workbench: Workbench

    @property
    def now(self) -> int:
        """The time, in epoch seconds."""
        return self.service.clock()

    def run(self, number: int) -> Run:
        """Return a run, or say that there is no such page."""
        if not 0 < number <= _LAST_NUMBER:
            raise HTTPException(404)
        try:
            return self.workbench.store.run(number)
        except UnknownRun as error:
            raise HTTPException(404) from error

    def show(self, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
        """Return a page of the screen."""
        sign_in = self.service.sign_in
        answer = page(
            self.request,
            self.service,
            self.language,
            f"planning/{template}",
            csrf="" if sign_in is None else sign_in.csrf(self.caller.token),
            staff=self.caller.name,
            here_in={each: self._here_in(each) for each in LANGUAGES},
            **shown,
        )
        answer.status_code = status
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _here_in(self, language: Language) -> str:
        """Return the address of this page in a language; a form that was sent leads to all runs."""
        if self.request.method != "GET":
            return f"{PATH}?lang={language}"
        address = self.request.url.include_query_params(lang=language)
        return f"{address.path}?{address.query}"

    def lead_to(self, path: str) -> RedirectResponse:
        """Lead on to another page of the screen."""
        return RedirectResponse(link_in(self.request, PATH + path), status_code=303)


async def _planner(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    caller: Annotated[Caller, Depends(Staff("planner"))],
) -> Planner:
    if service.planning is None:
        raise HTTPException(404)
    return Planner(request, service, language, caller, service.planning)


PlannerHere = Annotated[Planner, Depends(_planner)]
"""An endpoint's parameter: a planner who is signed in; others are led away."""


async def _sent(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(_sent)]
"""An endpoint's parameter: the fields of a form, however many it has."""
