"""The desk's screen: who is at it, who calls, and what is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from api.desk.desk_form import DeskForm
from api.desk.spelled import spelled
from api.desk.who_calls import WhoCalls, who_calls
from api.languages import Language, ReaderLanguage
from api.pages import page
from api.problem_words import problem_title
from api.residents.cards import booking_card
from api.residents.rides import Phase, progress_of
from api.residents.wishes import Fault, WishForm, days_ahead, trains_known
from api.security import Caller, Staff
from api.service import Service, ServiceHere
from shuttle.domain import Booking
from shuttle.errors import RequestError
from shuttle.region import Region

LETTERS = "abcdefghijkl"
"""Keys of the caller's rides and places: first those to come, then favourites, then places."""

EXAMPLES = (
    "rügge mitte bahnhof 8:15 2p rolli",
    "an 9:30",
    "morgen",
    "fr",
    "24.3.",
    "kind",
    "kinderwagen",
)
"""What a line may say: words that it understands, in whatever language the page is."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Whoever is at the desk asks for a page."""

    request: Request
    service: Service
    language: Language
    caller: Caller

    @property
    def now(self) -> int:
        """The time, in epoch seconds."""
        return self.service.clock()

    @property
    def region(self) -> Region:
        """The region served."""
        return self.service.region

    @property
    def today(self) -> date:
        """The running service day."""
        return self.service.today()

    def fault(self, field: str, code: str) -> Fault:
        """Return what is wrong with a field, in the words of a problem."""
        return Fault(field, problem_title(self.language, code))

    def who(self, form: DeskForm) -> tuple[WhoCalls | None, list[Fault]]:
        """Return who calls, if a number was given; or what is wrong with it."""
        if not form.phone.strip():
            return None, []
        try:
            return who_calls(self.service, form.phone), []
        except RequestError as error:
            return None, [self.fault("phone", error.code)]

    def show(
        self, form: DeskForm, *, focus: str, faults: Sequence[Fault] = (), **shown: Any
    ) -> HTMLResponse:
        """Return the screen; `focus` names the element that the next key goes to."""
        who, wrong_number = self.who(form)
        faults = (*faults, *wrong_number) if not any(f.field == "phone" for f in faults) else faults
        answer = page(
            self.request,
            self.service,
            self.language,
            "desk/desk.html",
            examples=(*EXAMPLES, "zug 8:07") if trains_known(self.region) else EXAMPLES,
            **{**_NOTHING, **shown},
            form=form,
            who=who,
            keys=_keys(who),
            faults=tuple(faults),
            wrong={each.field: each for each in faults},
            focus=next((each.field for each in faults if each.field in _FIELDS), focus),
            days=days_ahead(self.region, self.now),
            trains_known=trains_known(self.region),
            today=self.today,
            channels=sorted(self.service.channels),
            csrf=self.csrf(),
            staff=self.caller.name,
        )
        answer.status_code = 422 if faults else 200
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def ride(self, booking: Booking) -> dict[str, Any]:
        """Return what is shown of a ride."""
        progress = progress_of(self.service, booking, self.now)
        return {
            "booking": booking,
            "ride": booking_card(self.region, booking),
            "again": WishForm.again(self.region, booking),
            "progress": progress,
            "open": progress.phase in (Phase.BOOKED, Phase.SOON),
            "spelled": spelled(booking.code),
        }

    def csrf(self) -> str:
        """Return what the forms of this session send back."""
        sign_in = self.service.sign_in
        return "" if sign_in is None else sign_in.csrf(self.caller.token)


_FIELDS = frozenset(
    {"phone", "from", "to", "when", "day", "time", "notify", "email"}
    | {"people", "wheelchairs", "child_seats", "prams"}
)

_NOTHING: dict[str, Any] = {
    "reading": None,
    "asked": None,
    "cards": (),
    "message": "",
    "refusal": "",
    "bus": None,
    "said": "",
    "booking": None,
    "ride": None,
    "again": None,
    "progress": None,
    "open": False,
    "spelled": (),
    "fresh": False,
    "asking": False,
    "waiting": None,
}


def _keys(who: WhoCalls | None) -> dict[str, str]:
    """Return the key of each coming ride, favourite and place, by what it stands for."""
    if who is None:
        return {}
    names = [each.booking.code for each in who.coming]
    names += [f"{origin} -> {destination}" for origin, destination in who.favourites]
    names += who.places
    return dict(zip(names, LETTERS, strict=False))


async def _screen(
    request: Request,
    service: ServiceHere,
    language: ReaderLanguage,
    caller: Annotated[Caller, Depends(Staff("dispatcher"))],
) -> Screen:
    return Screen(request, service, language, caller)


ScreenHere = Annotated[Screen, Depends(_screen)]
"""An endpoint's parameter: the screen of a dispatcher who is signed in; others are led away."""
