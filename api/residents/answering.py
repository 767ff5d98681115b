"""What a wish is answered with, on the pages and at the desk: rides, or why there is none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import Request

from api.languages import Language
from api.problem_words import request_problem
from api.residents.cards import Card, cards_of, fix_cards
from api.residents.wishes import Faulty, fault_of
from api.rides.quotes import ScheduledRideOut, refusal_out, scheduled_out
from api.service import Service
from shuttle.answers import Quote
from shuttle.errors import RequestError


@dataclass(frozen=True, slots=True)
class Answer:
    """Rides to choose from; with a refusal why, and under which id it is kept.

    `bus` is a scheduled bus that serves the same ride.
    """

    cards: Sequence[Card]
    message: str = ""
    refusal: str = ""
    bus: ScheduledRideOut | None = None


def answered(
    request: Request,
    service: Service,
    language: Language,
    quote: Callable[[], Quote],
    *,
    maps: bool = True,
) -> Answer:
    """Return what a request is answered with; `maps` if the rides are drawn.

    Raises
    ------
    Faulty
        If no plan could serve the request, and nothing near it either.
    """
    try:
        found = quote()
    except RequestError as error:
        if not error.fixes:
            raise Faulty([fault_of(error, language)]) from error
        cards = fix_cards(service, error.fixes, language, maps=maps)
        return Answer(cards, request_problem(language, error))
    request.app.state.metrics.quoted(found)
    refusal = refusal_out(service, found, language)
    cards = cards_of(service, found, language, maps=maps)
    bus = scheduled_out(service, found)
    return Answer(cards, refusal.message, refusal.id, bus) if refusal else Answer(cards, bus=bus)
