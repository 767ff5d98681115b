"""What the endpoints work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import Depends, Request

from api.tokens import OfferTokens
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel
from shuttle.open_data.waiting import ExpectedWaiting
from shuttle.people.rate_limits import RateLimiter
from shuttle.people.sign_in import SignIn
from shuttle.planning.workbench import Workbench
from shuttle.region import Region


@dataclass(frozen=True, slots=True)
class Service:
    """The dispatcher, its clock and the key that signs its offers.

    Attributes
    ----------
    clock
        Returns epoch seconds. In a demo it runs faster than the sun.
    sign_in
        The door for staff and partners; None lets in nobody.
    limiter
        Holds up whoever asks too much.
    channels
        The ways in which residents can be told about their rides.
    planning
        The planner's workbench; None where nothing is simulated.
    """

    dispatcher: Dispatcher
    clock: Callable[[], int]
    tokens: OfferTokens
    sign_in: SignIn | None = None
    limiter: RateLimiter = field(default_factory=lambda: RateLimiter({}))
    channels: frozenset[Channel] = frozenset()
    planning: Workbench | None = None

    @property
    def region(self) -> Region:
        """The region served."""
        return self.dispatcher.region

    def waiting(self) -> ExpectedWaiting:
        """Return how long people may expect to wait; nothing where nobody wrote it back."""
        found = None if self.planning is None else self.planning.store.calibration()
        return ExpectedWaiting() if found is None else found.waiting

    def today(self) -> date:
        """Return the running service day."""
        return self.region.config.local_day(self.clock())


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceHere = Annotated[Service, Depends(_service)]
"""An endpoint's parameter: the service that the app was made for."""
