"""A simulated service day: the real dispatcher, asked, followed and improved in simulated time.

Nothing of the service is modelled here. Residents ask and book at the dispatcher's desk, drivers
report to it, the search of the live loop improves its plan; only the clock is an argument. The
same scenario, day and seed give the same rows.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from itertools import count
from typing import Protocol

from routing.budget import BRIEF, Budget
from routing.improvement import improve
from scenarios.agenda import Agenda
from scenarios.chance import About, Chance
from scenarios.choice import chosen
from scenarios.demand import Wish, wishes
from scenarios.drivers import Drivers
from scenarios.records import DayRows, Fate, RideRow, group_of
from scenarios.replay import replayed
from scenarios.scenario import Scenario, Trouble
from shuttle.answers import Quote
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Location, Offer, RideRequest
from shuttle.driving.promises import Entry, PromiseState
from shuttle.driving.rolling import GRACE
from shuttle.errors import NotCancellable, OfferGone, RequestError
from shuttle.events import DroppedOff, PickedUp, Reoptimised
from shuttle.improving.adoption import Proposal
from shuttle.improving.question import Question
from shuttle.improving.reoptimiser import Reoptimiser
from shuttle.plan import vehicle_of_shift
from shuttle.region import Region
from shuttle.region_config import WEEKDAYS, minutes_of
from shuttle.store import MemoryStore
from shuttle.trouble.conditions import Disturbance, Slower, StopClosed, VehicleOut
from shuttle.trouble.entering import entered

_FATES = {
    BookingStatus.SERVED: Fate.SERVED,
    BookingStatus.CANCELLED: Fate.CANCELLED,
    BookingStatus.NO_SHOW: Fate.NO_SHOW,
}


class Desk(Protocol):
    """Where residents ask: the dispatcher itself, or whatever stands before it."""

    def quote(self, request: RideRequest, now: int, /) -> Quote:
        """Answer a request."""

    def book(self, offer: Offer, idempotency_key: str, now: int, /) -> Booking:
        """Confirm an offer."""

    def cancel(self, code: str, now: int, /) -> Booking:
        """Give up a booking."""


@dataclass
class _Answer:
    """What a wish has met with so far."""

    fate: Fate
    reason: str = ""
    moved: bool = False
    code: str = ""


class SimulatedDay:
    """One service day of a scenario.

    Parameters
    ----------
    scenario, region
        What is tried, and the region as it wants it.
    day, seed
        Which day, and which chance.
    desk
        Stands before the dispatcher; without, residents speak to it themselves.
    """

    def __init__(
        self,
        scenario: Scenario,
        region: Region,
        day: date,
        seed: int,
        desk: Callable[[Dispatcher, Callable[[], int]], Desk] | None = None,
    ) -> None:
        self.scenario, self.region, self.day = scenario, region, day
        self.chance, self.agenda = Chance(seed, day), Agenda()
        codes = (f"{number:05}" for number in count())
        self.dispatcher = Dispatcher(region, MemoryStore(), new_code=lambda: next(codes))
        self.desk: Desk = self.dispatcher
        if desk is not None:
            self.desk = desk(self.dispatcher, lambda: self.agenda.now)
        self._improve = Reoptimiser(
            self.dispatcher, self._improved, Budget(iterations=scenario.improvement.iterations)
        )
        self.broken_down = 0
        self._to_improve = False
        self._absent: set[str] = set()
        self.drivers = Drivers(
            self.dispatcher, day, self.agenda, self.chance, scenario.reality, self._absent
        )
        self.wishes = self._wishes()
        self._answers: dict[int, _Answer] = {}
        self._back = {wish.there: wish.number for wish in self.wishes if wish.there is not None}

    def play(self) -> DayRows:
        """Play the day from the first call to the last vehicle's return."""
        self._enter_trouble()
        for wish in self.wishes:
            self.agenda.at(wish.asked_at, partial(self._ask, wish))
        self._enter_improvement()
        self.drivers.call(self.region.config.instant(self.day, 0))
        self.agenda.run()
        end = max(self.region.config.instant(self.day, 24 * 60), self.agenda.now) + GRACE
        self.dispatcher.advance(end)
        return self._rows(end)

    def close(self) -> None:
        """Let go of the dispatcher."""
        self.dispatcher.close()

    def _wishes(self) -> tuple[Wish, ...]:
        demand = self.scenario.demand
        if demand.kind == "replay":
            return replayed(demand, self.region, self.day)
        rides = demand.rides * demand.by_weekday.get(WEEKDAYS[self.day.weekday()], 1.0)
        number = round(rides)
        if demand.scatter == "poisson":
            number = int(self.chance.of(About.NUMBER).poisson(rides))
        seed = self.chance.seed(About.WISHES)
        return wishes(self.region, self.day, number, seed, demand.habits())

    # ------------------------------------------------------------------------------- residents

    def _ask(self, wish: Wish, now: int) -> None:
        there = self._answers.get(wish.there) if wish.there is not None else None
        if there is not None and not self._still_booked(there):
            self._answers[wish.number] = _Answer(Fate.NOT_ASKED)
            return
        answer = self._answers[wish.number] = self._answered(wish, now)
        if answer.code:
            self._after_booking(wish, answer, now)

    def _still_booked(self, answer: _Answer) -> bool:
        if not answer.code:
            return False
        return self.dispatcher.booking(answer.code).status is not BookingStatus.CANCELLED

    def _answered(self, wish: Wish, now: int) -> _Answer:
        try:
            quote = self.desk.quote(wish.request, now)
        except RequestError as error:
            return _Answer(Fate.REFUSED, error.code)
        mood = self.chance.share(About.CHOICE, wish.number)
        offer = chosen(self.scenario.behaviour, wish.request, quote.offers, mood)
        refused = quote.refusal is not None
        reason = quote.refusal.reason.value if quote.refusal is not None else ""
        if offer is None:
            return _Answer(Fate.REFUSED if refused else Fate.DECLINED, reason)
        try:
            booking = self.desk.book(offer, f"wish-{wish.number:06}", now)
        except OfferGone:
            return _Answer(Fate.REFUSED, "offer_gone")
        return _Answer(Fate.LET_DOWN, reason, moved=refused, code=booking.code)

    def _after_booking(self, wish: Wish, answer: _Answer, now: int) -> None:
        """Decide whether they will come, let the plan be improved, and drivers look at it."""
        behaviour, chance = self.scenario.behaviour, self.chance
        cancels, when = chance.of(About.CANCELS, wish.number).random(2)
        if cancels < behaviour.cancels:
            window = self.dispatcher.booking(answer.code).ride.promise.pickup_earliest
            time = now + round(float(when) * max(0, window - now))
            self.agenda.at(time, partial(self._cancel, wish))
        elif chance.share(About.COMES, wish.number) < behaviour.no_show:
            self._absent.add(answer.code)
        self._to_improve = True
        improvement = self.scenario.improvement
        if improvement.on and not improvement.every_minutes:
            self._improve.step(now)
        self.drivers.look_again(now)

    def _cancel(self, wish: Wish, now: int) -> None:
        """Give up a ride, and the way back with it; too late, and they ride after all."""
        answer = self._answers[wish.number]
        try:
            self.desk.cancel(answer.code, now)
        except NotCancellable:
            return
        back = self._answers.get(self._back.get(wish.number, -1))
        if back is not None and back.code and self._still_booked(back):
            self.desk.cancel(back.code, now)
        self._to_improve = True
        self.drivers.look_again(now)

    # ----------------------------------------------------------------------- the service's side

    def _enter_improvement(self) -> None:
        improvement = self.scenario.improvement
        if improvement.on and improvement.every_minutes:
            for begin, end in self.region.config.opening(self.day):
                for time in range(begin, end, improvement.every_minutes * 60):
                    self.agenda.at(time, self._try)
            self.agenda.at(self._instant("00:00"), self._try)

    def _try(self, now: int) -> None:
        """Improve the plan, if more has come of it than driving since the last time."""
        if self._to_improve:
            self._to_improve = False
            self._improve.step(now)
            self.drivers.look_again(now)

    def _improved(self, question: Question) -> Proposal:
        """Answer a question of the live loop by its search, with more steps where more may move."""
        improvement, problem = self.scenario.improvement, question.problem
        more = improvement.iterations_a_ride * len(problem.requests)
        budget = Budget(iterations=max(improvement.iterations, more))
        found = improve(problem, budget=budget, seed=question.seed, legs=BRIEF)
        return Proposal(question.day, question.revision, found.tours)

    def _enter_trouble(self) -> None:
        for trouble in self.scenario.trouble:
            known = self._instant(trouble.known or trouble.begin)
            self.agenda.at(known, partial(self._trouble, self._disturbance(trouble)))
        numbers = {each.id: n for n, each in enumerate(self.region.config.vehicles)}
        for shift in self.region.shifts(self.day):
            vehicle = vehicle_of_shift(shift.id)
            spans = self.chance.breakdowns(
                self.scenario.reality, numbers[vehicle], shift.start, shift.end
            )
            for time, lasts in spans:
                self.agenda.at(time, partial(self._break_down, vehicle, lasts))

    def _break_down(self, vehicle: str, lasts: int, now: int) -> None:
        """Let a vehicle stand where it is; one that drives gets to its next halt."""
        driver = self.drivers.on_duty(vehicle)
        if driver is None:
            return
        until = max(driver.arrives if driver.heading is not None else 0, driver.free)
        if until > now:
            self.agenda.at(until, partial(self._break_down, vehicle, lasts))
            return
        stop = self.region.stop_at(driver.place)
        end = min(now + lasts, self.region.config.instant(self.day, 24 * 60))
        out = VehicleOut(vehicle, now, end, stop.id if stop else None)
        self.broken_down += self._trouble(out, now)

    def _trouble(self, disturbance: Disturbance, now: int) -> bool:
        """Enter trouble by the very command that staff use; return whether it changes anything."""
        try:
            self.dispatcher.act(
                self.day, now, lambda plan: entered(self.region, plan, disturbance, now)
            )
        except RequestError as error:
            if error.code != "nothing_to_change":  # a vehicle without a shift on that weekday
                raise
            return False
        self._to_improve = True
        self.drivers.call(now)
        self.drivers.look_again(now)
        return True

    def _disturbance(self, trouble: Trouble) -> Disturbance:
        begin, end = self._instant(trouble.begin), self._instant(trouble.end)
        if trouble.kind == "vehicle_out":
            return VehicleOut(trouble.vehicle, begin, end)
        if trouble.kind == "stop_closed":
            return StopClosed(trouble.stop, begin, end)
        return Slower(trouble.factor, begin, end)

    def _instant(self, clock: str) -> int:
        return self.region.config.instant(self.day, minutes_of(clock))

    # ------------------------------------------------------------------------------------ rows

    def _rows(self, end: int) -> DayRows:
        events = self.dispatcher.events(self.day)
        on: dict[str, int] = {}
        for each in reversed(events):  # who changed vehicles on the way got on once
            if isinstance(each, PickedUp):
                on[each.code] = each.time
        off = {each.code: each.time for each in events if isinstance(each, DroppedOff)}
        promises = {each.booking.code: each for each in self.dispatcher.promises(self.day, end)}
        return DayRows(
            day=self.day,
            rides=tuple(self._row(wish, on, off, promises) for wish in self.wishes),
            legs=tuple(self.drivers.legs),
            shifts=tuple(self.drivers.shifts),
            adopted=sum(isinstance(each, Reoptimised) for each in events),
            broken_down=self.broken_down,
        )

    def _row(
        self, wish: Wish, on: dict[str, int], off: dict[str, int], promises: dict[str, Entry]
    ) -> RideRow:
        answer, request = self._answers[wish.number], wish.request
        origin, village = self._nearest(request.origin)
        asked = RideRow(
            day=self.day,
            number=wish.number,
            purpose=wish.purpose,
            group=group_of(request.party),
            hour=datetime.fromtimestamp(request.time, self.region.config.zone).hour,
            origin=origin,
            destination=self._nearest(request.destination)[0],
            village=village,
            asked_at=wish.asked_at,
            wanted=request.time,
            passengers=request.party.passengers,
            fate=answer.fate,
            reason=answer.reason,
            moved=answer.moved,
            when=request.when,
        )
        if not answer.code:
            return asked
        return _booked(
            asked,
            self.dispatcher.booking(answer.code),
            on.get(answer.code),
            off.get(answer.code),
            promises.get(answer.code),
            shared=answer.code in self.drivers.shared,
        )

    def _nearest(self, place: Location) -> tuple[str, str]:
        """Return the id of the stop that is named or nearest on foot, and its village.

        Where none is in walking distance, as replayed requests may be, the place has no village.
        """
        if place.stop is not None:
            stop = self.region.stop(place.stop)
            return stop.id, stop.village
        near = self.region.walkable_stops(place.lat, place.lon)
        if not near:
            return place.label, ""
        return self.region.stops[near[0][0]].id, self.region.stops[near[0][0]].village


def _booked(
    asked: RideRow,
    booking: Booking,
    on: int | None,
    off: int | None,
    entry: Entry | None,
    *,
    shared: bool,
) -> RideRow:
    """Return the row of a wish that was booked."""
    ride, promise = booking.ride, booking.ride.promise
    decided = entry is not None and entry.state in (PromiseState.KEPT, PromiseState.BROKEN)
    return replace(
        asked,
        fate=_FATES.get(booking.status, Fate.LET_DOWN),
        window=promise.pickup_earliest,
        window_end=promise.pickup_latest,
        dropoff_latest=promise.dropoff_latest,
        pickup=on,
        dropoff=off,
        walk=ride.walk_to_pickup + ride.walk_from_dropoff,
        direct_seconds=ride.direct_seconds,
        direct_metres=ride.direct_metres,
        fare_cents=ride.fare_cents,
        kept=entry.state is PromiseState.KEPT if entry is not None and decided else None,
        over=entry.seconds if entry is not None and decided else 0,
        shared=shared,
    )


def simulated(scenario: Scenario, region: Region, day: date, seed: int) -> DayRows:
    """Return what a day of a scenario comes to; the region is as the scenario wants it."""
    with closing(SimulatedDay(scenario, region, day, seed)) as played:
        return played.play()


def service_days(scenario: Scenario, region: Region) -> Iterator[date]:
    """Yield the days of a scenario on which there is service."""
    return (day for day in scenario.dates.all() if region.config.opening(day))
