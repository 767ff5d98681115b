"""Drivers of a simulated day: they follow the plan as it stands, on roads that do as they like.

A driver leaves when the plan says so, just in time; the leg takes longer or shorter; at the halt
they wait for the promised window, and report, by the reports of a driver's phone. All that the
dispatcher learns of reality comes that way.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import partial

from routing.problem import Halt, HaltKind, Tour
from scenarios.agenda import Agenda
from scenarios.batteries import Batteries
from scenarios.chance import About, Chance
from scenarios.records import LegRow, ShiftRow
from scenarios.scenario import Reality
from shuttle.dispatcher import Dispatcher
from shuttle.driving.facts import owed
from shuttle.driving.reports import Report, ReportKind, Taken
from shuttle.plan import DayPlan, tick_of, vehicle_of_shift

_DONE = {HaltKind.PICKUP: ReportKind.PICKED_UP, HaltKind.DROPOFF: ReportKind.DROPPED_OFF}

_LATER = 1 << 40
"""A time that never comes."""


class OutOfStep(Exception):
    """A driver's report was rejected: the simulation and the dispatcher disagree on a fact."""


@dataclass
class Driver:
    """One shift's driver.

    Attributes
    ----------
    shift, vehicle
        Whose.
    place
        Number of the place where the vehicle stands, or stood last.
    free
        When they are done there.
    heading, arrives
        The place they drive to, and when they will be there; None while they stand.
    planned
        When the halt that they drove to was to begin, as they left for it.
    aboard
        Passengers by booking.
    got_on, got_off
        Passengers since they came to the place where they stand.
    began
        When they began.
    turn
        Counts their plans for what is next; only the last one holds.
    reported
        Counts their reports.
    over
        Whether they have gone home.
    """

    shift: str
    vehicle: str
    place: int
    free: int
    began: int
    heading: int | None = None
    arrives: int = 0
    planned: int = _LATER
    aboard: dict[str, int] = field(default_factory=dict)
    got_on: int = 0
    got_off: int = 0
    turn: int = 0
    reported: int = 0
    over: bool = False


class Drivers:
    """All drivers of a day.

    Parameters
    ----------
    dispatcher, day
        Whose plan they follow.
    agenda
        Where they enter what they do next.
    chance, reality
        How long legs and halts take.
    absent
        Codes of those who will not come; filled by whoever books.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        day: date,
        agenda: Agenda,
        chance: Chance,
        reality: Reality,
        absent: set[str],
    ) -> None:
        self.dispatcher, self.day, self.agenda = dispatcher, day, agenda
        self.chance, self.reality, self.absent = chance, reality, absent
        self.drivers: dict[str, Driver] = {}
        self.legs: list[LegRow] = []
        self.shifts: list[ShiftRow] = []
        self.shared: set[str] = set()
        self._due: set[str] = set()
        self._batteries = Batteries(dispatcher.region, chance, reality)

    def call(self, now: int) -> None:
        """Let a driver come to every shift of the plan that has none yet."""
        for tour in self.dispatcher.plan(self.day, now).tours:
            if tour.shift.id not in self._due:
                self._due.add(tour.shift.id)
                begin = max(now, tour.shift.start)
                self.agenda.at(begin, partial(self._begin, tour.shift.id))

    def on_duty(self, vehicle: str) -> Driver | None:
        """Return who drives a vehicle, None while it is off duty."""
        own = (each for each in self.drivers.values() if each.vehicle == vehicle)
        return next((each for each in own if not each.over), None)

    def look_again(self, now: int) -> None:
        """Let whoever stands see what has become of the plan."""
        for driver in list(self.drivers.values()):
            if not driver.over and driver.heading is None:
                self._go_on(driver, now)

    def _begin(self, shift: str, now: int) -> None:
        """Start a shift; who takes over a vehicle waits until it is back."""
        plan = self.dispatcher.plan(self.day, now)
        number = _number(plan, shift)
        if number is None or plan.tours[number].shift.end <= now:
            return
        begin = plan.tours[number].shift.start
        if now < begin:
            self.agenda.at(begin, partial(self._begin, shift))
            return
        vehicle = vehicle_of_shift(shift)
        before = [each for each in self.drivers.values() if each.vehicle == vehicle]
        if any(not each.over for each in before):
            self.agenda.at(now + 60, partial(self._begin, shift))
            return
        place = plan.region.number_of(plan.tours[number].shift.start_place)
        driver = self.drivers[shift] = Driver(shift, vehicle, place, now, begin)
        shown = self._batteries.begin(vehicle, now)
        self._report(driver, now, ReportKind.STARTED, charge=shown)
        self._go_on(driver, now)

    def _go_on(self, driver: Driver, now: int) -> None:
        """Do what is to be done now, and enter when to look again."""
        driver.turn += 1
        while not driver.over:
            later = self._next(driver, now)
            if later is not None:
                self.agenda.at(later, partial(self._if_still, driver, driver.turn))
                return

    def _if_still(self, driver: Driver, turn: int, now: int) -> None:
        if driver.turn == turn:
            self._go_on(driver, now)

    def _next(self, driver: Driver, now: int) -> int | None:
        """Do one thing, or return when something is to be done."""
        if driver.heading is not None:
            if now < driver.arrives:
                return driver.arrives
            self._arrive(driver, now)
            return None
        plan = self.dispatcher.plan(self.day, now)
        number = _number(plan, driver.shift)
        if number is None or plan.tours[number].served == len(plan.tours[number].halts):
            self._end(driver, now)
            return None
        tour = plan.tours[number]
        halt, row = tour.halts[tour.served], plan.compiled.halts[number][tour.served]
        if plan.region.number_of(halt.place) != driver.place:
            leave = max(driver.free, int(row["soonest"] - row["drive"]))
            if leave <= now:
                self._leave(driver, plan, number, now)
            return leave if now < leave else None
        begin = self._begins(driver, plan, tour, int(row["soonest"]), now)
        if begin <= now:
            self._serve(driver, halt, now)
        return begin if now < begin else None

    def _begins(self, driver: Driver, plan: DayPlan, tour: Tour, planned: int, now: int) -> int:
        """Return when the next halt begins for a driver who stands there.

        Nobody gets on before the planned time, or the ride might become too long; who comes late
        begins at once. People get off, and breaks begin, as soon as it goes.
        """
        halt = tour.halts[tour.served]
        earliest = owed(tour, tour.halts, tour.served, plan.bookings).earliest
        if halt.kind is HaltKind.BREAK:
            return max(earliest, driver.free)
        if halt.kind is HaltKind.DROPOFF:
            return earliest
        # The plan knows of lateness by the half minute, unless it has reason to wait longer.
        late = halt.kind is HaltKind.PICKUP and driver.planned <= now and planned <= tick_of(now)
        return max(earliest, now) if late else planned

    def _leave(self, driver: Driver, plan: DayPlan, tour_number: int, now: int) -> None:
        tour = plan.tours[tour_number]
        there = tour.halts[tour.served].place
        here = tour.halts[tour.served - 1].place
        if plan.region.number_of(here) != driver.place:  # what was driven to is no longer planned
            here = driver.place
        number = plan.region.number_of(there)
        seconds, metres = (
            int(plan.travel.seconds[here, there]),
            int(plan.travel.metres[here, there]),
        )
        kmh = 3.6 * metres / max(1, seconds)
        factor = self.chance.leg(self.reality, (driver.place, number), now, kmh)
        driver.arrives = now + max(1, round(seconds * factor))
        self._batteries.drive(driver.vehicle, metres)
        driver.heading = number
        driver.planned = int(plan.compiled.halts[tour_number]["soonest"][tour.served])
        self.legs.append(
            LegRow(
                driver.vehicle,
                now,
                driver.arrives,
                metres,
                len(driver.aboard),
                sum(driver.aboard.values()),
                _id_of(plan, driver.place),
                _id_of(plan, number),
                driver.got_on,
                driver.got_off,
            )
        )
        driver.got_on = driver.got_off = 0

    def _arrive(self, driver: Driver, now: int) -> None:
        """Stand where was driven to; who is early says so, and the plan counts on them."""
        assert driver.heading is not None, "only who drives arrives"
        driver.place, driver.heading = driver.heading, None
        driver.free = max(driver.free, now)
        if now >= driver.planned:
            return
        plan = self.dispatcher.plan(self.day, now)
        number = _number(plan, driver.shift)
        if number is None or plan.tours[number].served == len(plan.tours[number].halts):
            return
        tour = plan.tours[number]
        halt = tour.halts[tour.served]
        if halt.trip and plan.region.number_of(halt.place) == driver.place:
            self._report(driver, now, ReportKind.ARRIVED, code=halt.trip)

    def _serve(self, driver: Driver, halt: Halt, now: int) -> None:
        if halt.kind is HaltKind.END:
            self._end(driver, now)
            return
        if halt.kind is HaltKind.BREAK:
            self._report(driver, now, ReportKind.BREAK_STARTED)
            driver.free = now + halt.service
            return
        if halt.kind is HaltKind.PICKUP and halt.trip in self.absent:
            self._wait_in_vain(driver, halt.trip, now)
            return
        self._report(driver, now, ReportKind.ARRIVED, _DONE[halt.kind], code=halt.trip)
        name = int(halt.kind), driver.place, now // 900
        factor = self.chance.factor(self.reality.halts, About.HALT, *name)
        driver.free = max(driver.free, now + round(halt.service * factor))
        self._board(driver, halt)

    def _board(self, driver: Driver, halt: Halt) -> None:
        driver.planned = _LATER  # the next party here gets on when the plan says so
        if halt.kind is HaltKind.DROPOFF:
            driver.got_off += driver.aboard.pop(halt.trip, 0)
            return
        party = driver.aboard[halt.trip] = self.dispatcher.booking(halt.trip).ride.party.passengers
        driver.got_on += party
        if len(driver.aboard) > 1:
            self.shared |= driver.aboard.keys()

    def _wait_in_vain(self, driver: Driver, code: str, now: int) -> None:
        """Stand where nobody comes, tell so at once, and go on after a while."""
        self._report(driver, now, ReportKind.ARRIVED, code=code)
        driver.planned = _LATER
        # Sooner than the rule lets them they may not tell that nobody came.
        rule = self.dispatcher.region.config.rules.wait_minutes
        driver.heading = driver.place
        driver.arrives = now + 60 * max(rule, self.reality.no_show_wait_minutes)
        driver.turn += 1
        self.agenda.at(driver.arrives, partial(self._gives_up, driver, code))

    def _gives_up(self, driver: Driver, code: str, now: int) -> None:
        self._report(driver, now, ReportKind.NO_SHOW, code=code)
        self._go_on(driver, now)

    def _end(self, driver: Driver, now: int) -> None:
        driver.over = True
        electric = any(
            each.id == driver.vehicle and each.electric
            for each in self.dispatcher.region.config.vehicles
        )
        plan = self.dispatcher.plan(self.day, now)
        number = _number(plan, driver.shift)
        # The plan may have seen them home by the half minute, before they were quite there.
        home = driver.place
        if number is not None:
            home = plan.region.number_of(plan.tours[number].halts[-1].place)
        charge = self._batteries.end(driver.vehicle, home, now)
        self.shifts.append(ShiftRow(driver.vehicle, driver.began, now, electric, charge))

    def _report(
        self,
        driver: Driver,
        now: int,
        *kinds: ReportKind,
        code: str = "",
        charge: int | None = None,
    ) -> None:
        reports = []
        for kind in kinds:
            driver.reported += 1
            name = f"{driver.shift}-{driver.reported}"
            reports.append(Report(name, driver.shift, kind, now, code, charge=charge))
        for answer in self.dispatcher.report(self.day, driver.shift, reports, now):
            if answer.taken is Taken.REJECTED:
                raise OutOfStep(f"{driver.shift} at {now}: {kinds} of {code!r}: {answer.rejection}")


def _number(plan: DayPlan, shift: str) -> int | None:
    return next((n for n, tour in enumerate(plan.tours) if tour.shift.id == shift), None)


def _id_of(plan: DayPlan, number: int) -> str:
    """Return the id of a stop or depot by its number."""
    stop = plan.region.stop_at(number)
    if stop is not None:
        return stop.id
    return list(plan.region.config.depots)[number - len(plan.region.stops)]
