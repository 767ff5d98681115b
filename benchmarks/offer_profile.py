"""Where the time of one offer goes: timers around its steps, each without those inside it."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from api.tokens import OfferTokens
from routing import insertion, positions
from shuttle import dispatcher
from shuttle.booking import offers, quotes
from shuttle.booking.counterfactuals import Counterfactuals
from shuttle.dispatcher import Dispatcher
from shuttle.domain import RideRequest
from shuttle.region import Region

REST = "everything else"


class Step(NamedTuple):
    """A function that is timed.

    Attributes
    ----------
    label
        What the table calls it.
    owner, name
        Where callers look it up.
    whole
        Whether it is told as a whole, with the timed steps inside it.
    """

    label: str
    owner: Any
    name: str
    whole: bool = False


_SEARCH = offers.Search

STEPS = (
    Step("request: stops in walking distance", Region, "walkable_stops"),
    Step("request: all other checks", dispatcher, "check_request"),
    Step("plan as it is now", Dispatcher, "plan"),
    Step("candidates: pairs of stops, windows", _SEARCH, "of"),
    Step("candidates: pairs of stops, windows", _SEARCH, "options"),
    Step("insertion: options as records", insertion, "trip_records"),
    Step("insertion: compiled search", positions, "search"),
    Step("insertion: results read", offers, "best_insertions"),
    Step("offers: windows, promises, fares", _SEARCH, "offers"),
    Step("refusal: its reason", quotes, "reason_of", whole=True),
    Step("refusal: the nearest vehicle", quotes, "nearest_vehicle", whole=True),
    Step("refusal: its fixes", Counterfactuals, "of_refusal", whole=True),
    Step("refusal: noted in the store", Dispatcher, "_in_turn"),
    Step("offers: signed", OfferTokens, "sign"),
)

LABELS = (*dict.fromkeys(step.label for step in STEPS), REST)


class _Stopwatch:
    """Adds up processor time by label; a step inside another is not counted twice."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._inside: list[float] = []
        self._whole = False

    def around(self, step: Step, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that is timed under a label."""

        def timed(*arguments: Any, **named: Any) -> Any:
            if self._whole:
                return function(*arguments, **named)
            self._whole = step.whole
            self._inside.append(0.0)
            begin = time.process_time()
            try:
                return function(*arguments, **named)
            finally:
                taken = time.process_time() - begin
                self.spent[step.label] += taken - self._inside.pop()
                if self._inside:
                    self._inside[-1] += taken
                self._whole = False

        return timed


@contextmanager
def _timers() -> Iterator[_Stopwatch]:
    """Put timers around all steps for a while."""
    watch = _Stopwatch()
    before = [(step, vars(step.owner)[step.name]) for step in STEPS]
    try:
        for step, found in before:
            plain = found.__func__ if isinstance(found, classmethod) else found
            timed: Any = watch.around(step, plain)
            setattr(step.owner, step.name, classmethod(timed) if plain is not found else timed)
        yield watch
    finally:
        for step, found in before:
            setattr(step.owner, step.name, found)


def profile_of(
    service: Dispatcher, requests: Sequence[RideRequest], now: int
) -> dict[str, dict[str, Any]]:
    """Return the mean microseconds of each step, timers included.

    Returns
    -------
    dict
        For "offer" and "refusal": their `number`, and `us` by label.
    """
    tokens = OfferTokens(b"only for this benchmark", service.region.config.id)
    spent = {kind: dict.fromkeys(LABELS, 0.0) for kind in ("offer", "refusal")}
    number = dict.fromkeys(spent, 0)
    for request in requests:
        with _timers() as watch:
            begin = time.process_time()
            quote = service.quote(request, now)
            for offer in quote.offers:
                tokens.sign(offer)
            total = time.process_time() - begin
        kind = "offer" if quote.refusal is None else "refusal"
        watch.spent[REST] = max(0.0, total - sum(watch.spent.values()))
        for label, seconds in watch.spent.items():
            spent[kind][label] += seconds
        number[kind] += 1
    return {
        kind: {
            "number": number[kind],
            "us": {label: 1e6 * by_label[label] / max(1, number[kind]) for label in LABELS},
        }
        for kind, by_label in spent.items()
    }
