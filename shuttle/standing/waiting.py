"""The waiting list: whoever was refused is told, in order, when a ride becomes possible.

Nothing is reserved for whoever is told; but for some minutes those behind are only told of what
would be left if everybody told before had booked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from routing.insertion import best_insertions
from shuttle.acts import Outcome
from shuttle.booking.offers import Search, exact_trip
from shuttle.booking.requests import check_request
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Contact, Offer, RideRequest, When
from shuttle.errors import IdempotencyConflict, RequestError, UnknownStanding
from shuttle.events import WindowOpened
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.standing.standing_requests import Owner, Waiting, WaitingState


def join(
    dispatcher: Dispatcher, request: RideRequest, contact: Contact, key: str, now: int
) -> Waiting:
    """Put somebody on the waiting list.

    Repeating the call with the same key and request returns the same place.

    Raises
    ------
    RequestError
        If no plan could serve the request, or it is too late to wait for it.
    IdempotencyConflict
        If the key was used for another request.
    """
    region = dispatcher.region
    checked = check_request(region, request, now)
    lapses_at = _last_moment(region, request)
    if lapses_at <= now:
        raise RequestError(
            "in_the_past", f"when.{request.when}", "It is too late to wait; choose a later time."
        )
    made = Waiting(dispatcher.new_code(), request, checked.day, now, lapses_at)
    owner = Owner(contact, dispatcher.keyed.phone(contact.phone) if contact.phone else "")
    standing = dispatcher.store.standing
    kept = dispatcher.write(lambda: standing.add_waiting(made, owner, key))
    if kept.request != request:
        raise IdempotencyConflict(key)
    return kept


def waiting_of(dispatcher: Dispatcher, code: str) -> Waiting:
    """Return somebody on the list, in any state; UnknownStanding if there is nobody."""
    waiting = dispatcher.store.standing.waiting(code)
    if waiting is None:
        raise UnknownStanding(code)
    return waiting


def leave(dispatcher: Dispatcher, code: str) -> Waiting:
    """Take somebody off the list; doing it twice is fine.

    Raises
    ------
    UnknownStanding
        If there is nobody with this code.
    """
    waiting_of(dispatcher, code)
    standing = dispatcher.store.standing
    dispatcher.write(lambda: standing.withdraw(code))
    return waiting_of(dispatcher, code)


def to_be_told(
    region: Region,
    plan: DayPlan,
    listed: Iterable[Waiting],
    now: int,
    new_id: Callable[[], str],
) -> list[Waiting]:
    """Return who of a day's list can be offered a ride now, in order.

    Whoever had a turn in which nobody reached them comes behind those who had none.

    Parameters
    ----------
    region
        Stops, travel times and rules.
    plan
        The day as it stands.
    listed
        Those of the day who wait or were told, in the order in which they joined.
    now
        Epoch seconds.
    new_id
        Makes the ids of offers.
    """
    listed = list(listed)
    for each in listed:
        if each.state is WaitingState.TOLD and now < each.held_until:
            plan = _supposed(plan, _wanted_offer(region, plan, each, now, new_id))
    found = []
    waiting = (each for each in listed if each.state is WaitingState.WAITING)
    for each in sorted(waiting, key=lambda each: each.held_until):
        offer = _wanted_offer(region, plan, each, now, new_id)
        if offer is not None:
            found.append(each)
            plan = _supposed(plan, offer)
    return found


def still_possible(dispatcher: Dispatcher, waiting: Waiting, now: int) -> bool:
    """Whether somebody on the list could be offered a ride now, not counting those before."""
    plan = dispatcher.plan(waiting.day, now)
    offer = _wanted_offer(dispatcher.region, plan, waiting, now, dispatcher.new_code)
    return offer is not None


@dataclass
class WaitingList:
    """Tells those who wait, whenever a day has changed or somebody's minutes are over.

    What it remembers only saves work; after a restart it looks at every day once more.
    """

    dispatcher: Dispatcher
    _looked_at: dict[date, tuple[int, frozenset[Waiting]]] = field(default_factory=dict)
    _listed: tuple[object, tuple[Waiting, ...]] = (None, ())

    def tell(self, now: int) -> tuple[Waiting, ...]:
        """Tell whoever can be offered a ride now; return them in order.

        Searches on the caller's thread; only what is decided goes through the writer.
        """
        standing = self.dispatcher.store.standing
        listed = self._list()
        if any(each.lapses_at <= now for each in listed):
            self.dispatcher.write(lambda: standing.lapse(now))
            listed = self._list()
        told: list[Waiting] = []
        for day in sorted({each.day for each in listed}):
            told.extend(self._tell_day(day, [each for each in listed if each.day == day], now))
        return tuple(told)

    def _list(self) -> tuple[Waiting, ...]:
        """Return all who wait or were told; read anew only if something was written."""
        store = self.dispatcher.store
        mark = store.mark()
        if mark != self._listed[0]:
            self._listed = mark, store.standing.waiting_list()
        return self._listed[1]

    def _tell_day(self, day: date, listed: list[Waiting], now: int) -> list[Waiting]:
        plan = self.dispatcher.plan(day, now)
        held = [each for each in listed if not _is_over(each, now)]
        state = (plan.revision, frozenset(held))
        if self._looked_at.get(day) == state:
            return []
        region, new_id = self.dispatcher.region, self.dispatcher.new_code
        told = [
            each
            for each in to_be_told(region, plan, held, now, new_id)
            if self._tell_one(each, now)
        ]
        if not told:
            self._looked_at[day] = state
        return told

    def _tell_one(self, waiting: Waiting, now: int) -> bool:
        """Tell one, unless they have left the list meanwhile."""
        standing = self.dispatcher.store.standing
        held_until = now + self.dispatcher.region.config.rules.waiting_hold_minutes * 60

        def act(plan: DayPlan) -> Outcome[bool]:
            if standing.waiting(waiting.code) != waiting:
                return Outcome(False, plan)
            event = WindowOpened(now, waiting.code, waiting.day.isoformat(), held_until)
            return Outcome(True, plan, events=(event,), waiting=(waiting.told(held_until),))

        return self.dispatcher.act(waiting.day, now, act)


def _is_over(waiting: Waiting, now: int) -> bool:
    """Whether somebody was told and has let their minutes pass."""
    return waiting.state is WaitingState.TOLD and waiting.held_until <= now


def _last_moment(region: Region, request: RideRequest) -> int:
    """Return when nobody can be told in time any more."""
    lead = 0 if request.when is When.DEPART_AT else region.config.rules.lead_minutes
    return request.time - lead * 60


def _wanted_offer(
    region: Region, plan: DayPlan, waiting: Waiting, now: int, new_id: Callable[[], str]
) -> Offer | None:
    """Return the best offer in the wanted windows, None if there is none."""
    try:
        checked = check_request(region, waiting.request, now)
    except RequestError:
        return None
    search = Search.of(plan.region, checked, now, new_id)
    return next(iter(search.offers(plan, search.wanted)), None)


def _supposed(plan: DayPlan, offer: Offer | None) -> DayPlan:
    """Return the plan as if an offer had been booked."""
    if offer is None:
        return plan
    trip = exact_trip(plan.region, offer.ride, offer.id)
    insertion = best_insertions(plan.insertable, plan.travel, [trip], [0])[0]
    return plan if insertion is None else plan.inserted(trip, insertion)
