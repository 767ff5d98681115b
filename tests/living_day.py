"""A day on which anything happens: residents, drivers and restarts at random, all of it judged.

Whatever is done to the plan is one function of :data:`ACTIONS`. Some only plan; after them nothing
may be later, longer or fuller than before. The others are reality: time, and what drivers report.
The judge is the independent checker, and a ledger of promises kept here, apart from the service.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from routing.budget import Budget
from routing.check import Breach, Violation, check_plan
from routing.problem import HaltKind, Tour, Trip
from routing.worsening import made_worse
from shuttle.booking.changing import change as book_change
from shuttle.booking.changing import quote_change
from shuttle.booking.offers import exact_trip
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, BookingStatus, Offer, Party, RideRequest, When
from shuttle.driving.promises import risks, risks_of
from shuttle.driving.reports import Report, ReportKind, Taken
from shuttle.errors import NotCancellable, OfferExpired, OfferGone
from shuttle.events import PromiseAtRisk, PromiseBroken, VerdictCorrected
from shuttle.improving.adoption import Fate
from shuttle.improving.reoptimiser import Reoptimiser
from shuttle.improving.solver_process import improved
from shuttle.plan import DayPlan
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.test_dispatcher import MONDAY, at, stop

PARTIES = [Party(), Party(), Party(2), Party(1, 1), Party(3, 0, 1), Party(6)]

REALITY = frozenset(
    {Breach.LATE, Breach.EARLY, Breach.RIDE, Breach.LOAD, Breach.BREAK, Breach.BATTERY}
)
"""What facts may do to a tour whose driver reports. Nothing else is ever allowed."""

FEW_STEPS = Budget(iterations=40)
"""Of the search, each time that a day is improved."""

ALL_TOURS_EVERY = 25
"""Of so many actions one is followed by a look at all tours, the others at those it touched."""


@dataclass
class Phone:
    """A driver's: without a network it gathers reports."""

    shift: str
    told: set[tuple[str, ReportKind]] = field(default_factory=set)
    due: dict[str, int] = field(default_factory=dict)
    unsent: list[Report] = field(default_factory=list)
    sent: list[Report] = field(default_factory=list)
    offline_until: int = 0


@dataclass
class LivingDay:
    """One service day under random actions."""

    region: Region
    seed: int
    now: int = at("06:30")

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.store = MemoryStore()
        self.dispatcher = self._open()
        self.offers: list[Offer] = []
        self.owed: dict[str, Trip] = {}
        self.not_coming: set[str] = set()
        shifts = [tour.shift.id for tour in self.plan.tours]
        self.phones = [Phone(each) for each in shifts if self.rng.random() < 0.7]
        self.reported: set[str] = set()
        self.excused: set[str] = set()
        self.done = 0
        self.fates = Counter[Fate]()

    @property
    def plan(self) -> DayPlan:
        return self.dispatcher.plan(MONDAY, self.now)

    def live(self, actions: int) -> None:
        """Do random actions until the day, or its morning, is over; judge after each."""
        kinds, weights = zip(*ACTIONS, strict=True)
        until = at("22:30") if self.seed % 4 == 0 else at("13:00")
        while self.done < actions and self.now < until:
            self.act(self.rng.choices(kinds, weights)[0])
        self.dispatcher.close()

    def act(self, action: "Action") -> None:
        """Let time go by, do one action, and judge both."""
        self._judged(pass_time, plans_only=False)
        self._judged(action, plans_only=action not in REAL)
        self.done += 1
        if self.done % ALL_TOURS_EVERY == 0:
            self._judge_tours(self.plan, range(len(self.plan.tours)))

    def _open(self) -> Dispatcher:
        return Dispatcher(self.region, self.store, lambda: f"{self.rng.getrandbits(40):010X}")

    def reopen(self) -> None:
        """Restart the service on what is stored."""
        self.dispatcher.close()
        self.dispatcher = self._open()

    def _judged(self, action: "Action", *, plans_only: bool) -> None:
        before, known = self.plan, len(self.dispatcher.events(MONDAY))
        action(self)
        after = self.plan
        pairs = enumerate(zip(before.tours, after.tours, strict=True))
        touched = [number for number, (old, new) in pairs if old is not new]
        self._judge_tours(after, touched, [before.tours[number] for number in touched])
        assert risks(after) == risks_of(after, range(len(after.tours)))
        if plans_only:
            travel = self.region.travel
            were, are = ([plan.tours[n] for n in touched] for plan in (before, after))
            begins = [before.compiled.begins(number) for number in touched]
            worse = made_worse(were, travel, are, travel, begins)
            assert worse == [], f"{action.__name__} at {self.now}"
            verdicts = [
                each
                for each in self.dispatcher.events(MONDAY)[known:]
                if isinstance(each, PromiseBroken | PromiseAtRisk | VerdictCorrected)
            ]
            assert verdicts == [], f"{action.__name__} at {self.now}"

    def _judge_tours(
        self, plan: DayPlan, numbers: Sequence[int], earlier: Sequence[Tour] = ()
    ) -> list[Violation]:
        faults = self._faults([plan.tours[number] for number in numbers], earlier)
        for each in faults:
            assert each.what in REALITY, str(each)
            if each.shift in self.reported:
                self.excused.add(each.trip)
            # Whom a driver's reports made late may have come to another vehicle since.
            assert each.shift in self.reported or each.trip in self.excused, str(each)
        return faults

    def _faults(self, tours: Sequence[Tour], earlier: Sequence[Tour]) -> list[Violation]:
        """Everything wrong with some tours, and whoever of the earlier ones is in none of them."""
        codes = {halt.trip for tour in (*tours, *earlier) for halt in tour.halts}
        trips = {code: self.owed[code] for code in codes if code in self.owed}
        return check_plan([self._with_who_came(tour) for tour in tours], self.region.travel, trips)

    def _with_who_came(self, tour: Tour) -> Tour:
        gone = [k for k, halt in enumerate(tour.halts) if halt.trip in self.not_coming]
        return replace(
            tour,
            halts=tuple(halt for halt in tour.halts if halt.trip not in self.not_coming),
            fixed=tour.fixed - sum(k < tour.fixed for k in gone),
            served=tour.served - sum(k < tour.served for k in gone),
        )


Action = Callable[[LivingDay], None]


def pass_time(day: LivingDay) -> None:
    day.now += day.rng.choice((0, 5, 20, 45, 90, 150))
    day.dispatcher.advance(day.now)
    over = day.now >= at("21:00")  # what nobody reported has been given up
    for code in [each for each in day.owed if over and day.plan.tour_of(each) is None]:
        del day.owed[code]


def quote(day: LivingDay) -> None:
    stops = [each.id for each in day.region.stops]
    origin, destination = day.rng.sample(stops, 2)
    wanted = day.now + day.rng.randrange(900, 7200)
    if not at("06:30") < wanted < at("19:30"):
        return
    when, party = day.rng.choice(list(When)), day.rng.choice(PARTIES)
    request = RideRequest(stop(origin), stop(destination), when, wanted, party)
    day.offers = [*day.offers[-12:], *day.dispatcher.quote(request, day.now).offers]


def book(day: LivingDay) -> None:
    if not day.offers:
        return
    offer = day.offers.pop(-day.rng.randrange(1, min(4, len(day.offers) + 1)))
    with suppress(OfferGone, OfferExpired):
        booking = day.dispatcher.book(offer, f"key-{offer.id}", day.now)
        day.owed[booking.code] = exact_trip(day.region, offer.ride, booking.code)


def cancel(day: LivingDay) -> None:
    if not day.owed:
        return
    code = day.rng.choice(list(day.owed)[-10:])
    with suppress(NotCancellable):
        day.dispatcher.cancel(code, day.now)
        del day.owed[code]


def change(day: LivingDay) -> None:
    """Take another time instead, on an offer that disregards the old ride."""
    if not day.owed:
        return
    old = day.dispatcher.booking(day.rng.choice(list(day.owed)[-10:]))
    wanted = day.now + day.rng.randrange(900, 7200)
    if not at("06:30") < wanted < at("19:30"):
        return
    ends = stop(old.ride.pickup_stop), stop(old.ride.dropoff_stop)
    request = RideRequest(*ends, When.DEPART_AT, wanted, old.ride.party)
    with suppress(NotCancellable, OfferGone):
        offers = quote_change(day.dispatcher, old.code, request, day.now).offers
        if not offers:
            return
        booking = book_change(day.dispatcher, old.code, offers[0], f"change-{day.done}", day.now)
        del day.owed[old.code]
        day.owed[booking.code] = exact_trip(day.region, booking.ride, booking.code)


def improve(day: LivingDay) -> None:
    """Let the search plan the day anew, as the live loop does."""
    tried = Reoptimiser(day.dispatcher, improved, FEW_STEPS, patience=1).step(day.now)
    if tried is not None:
        assert tried.verdict is not None
        day.fates[tried.verdict.fate] += 1


def restart(day: LivingDay) -> None:
    """Come back as if nothing had happened."""
    before = day.plan
    day.reopen()
    after = day.plan
    assert after.bookings == before.bookings
    assert after.warned == before.warned
    assert [replace(each, ready=0) for each in after.tours] == [
        replace(each, ready=0) for each in before.tours
    ]
    for number in range(len(before.tours)):
        assert after.compiled.timetable(number) == before.compiled.timetable(number)


def drive(day: LivingDay) -> None:
    """Let drivers do what comes next, on time or late, and report it, at once or later."""
    for phone in day.phones:
        _go_on(day, phone)
        if day.rng.random() < 0.02:
            phone.offline_until = day.now + day.rng.choice((300, 1200))
        if phone.unsent and day.now >= phone.offline_until:
            day.rng.shuffle(phone.unsent)
            again = day.rng.sample(phone.sent, min(2, len(phone.sent)))
            send(day, phone, [*phone.unsent, *again])
            phone.unsent = []


WITHOUT_PARTY = (
    ReportKind.STARTED,
    ReportKind.ENDED,
    ReportKind.BREAK_STARTED,
    ReportKind.BREAK_ENDED,
)


def report_nonsense(day: LivingDay) -> None:
    """Report what did not happen, or long after."""
    if not day.phones or not day.owed:
        return
    phone = day.rng.choice(day.phones)
    if phone.shift not in day.reported:
        return
    kind = day.rng.choice(list(ReportKind))
    code = day.rng.choice(list(day.owed)[-6:])
    time = day.now + day.rng.choice((-3600, -600, -60, 0, 30, 600))
    name = f"nonsense-{day.done}-{day.now}"
    party = kind not in WITHOUT_PARTY
    send(day, phone, [Report(name, phone.shift, kind, time, code if party else "")])


def send(day: LivingDay, phone: Phone, reports: Sequence[Report]) -> None:
    """Send reports; note what was taken in about who is not coming."""
    day.reported.add(phone.shift)
    answers = day.dispatcher.report(MONDAY, phone.shift, reports, day.now)
    assert [each.id for each in answers] == [each.id for each in reports]
    for answer, report in zip(answers, reports, strict=True):
        assert (answer.taken is Taken.REJECTED) == (answer.rejection is not None)
        assert not (report in phone.sent and answer.taken is Taken.APPLIED)
        if answer.taken is Taken.REJECTED:
            phone.told.discard((report.code, report.kind))
        if answer.taken is Taken.APPLIED:
            phone.sent.append(report)
            if report.kind in (ReportKind.NO_SHOW, ReportKind.SKIPPED):
                day.owed.pop(report.code, None)
            if report.kind is ReportKind.NO_SHOW:
                day.not_coming.add(report.code)


def _go_on(day: LivingDay, phone: Phone) -> None:
    plan = day.plan
    number = [tour.shift.id for tour in plan.tours].index(phone.shift)
    tour = plan.tours[number]
    if day.now < tour.shift.start:
        return
    if not phone.told:
        _tell(day, phone, ReportKind.STARTED, "")
    patience = 3
    for k in range(max(tour.served, 1), len(tour.halts) - 1):
        halt, begin = tour.halts[k], int(plan.compiled.halts[number]["soonest"][k])
        kinds = {
            HaltKind.PICKUP: ReportKind.PICKED_UP,
            HaltKind.DROPOFF: ReportKind.DROPPED_OFF,
            HaltKind.BREAK: ReportKind.BREAK_STARTED,
        }
        kind = kinds[halt.kind]
        name = halt.trip or str(halt.kind)
        if (name, kind) in phone.told:
            continue
        due = phone.due.setdefault(
            f"{name} {kind}", begin + day.rng.choice((-60, 0, 0, 0, 0, 30, 300))
        )
        if day.now < due:
            return
        phone.told.add((name, kind))
        if halt.kind is HaltKind.PICKUP:
            kind = day.rng.choices(
                (kind, ReportKind.NO_SHOW, ReportKind.SKIPPED), (0.92, 0.06, 0.02)
            )[0]
        if halt.trip and day.rng.random() < 0.7:
            waited = 180 if kind is ReportKind.NO_SHOW else 0
            _tell(day, phone, ReportKind.ARRIVED, halt.trip, waited)
        _tell(day, phone, kind, halt.trip)
        patience -= 1
        if patience == 0:
            return


def _tell(day: LivingDay, phone: Phone, kind: ReportKind, code: str, ago: int = 0) -> None:
    phone.told.add((code, kind))
    name = f"{len(phone.sent)}-{len(phone.unsent)}-{kind}-{code}-{day.now}"
    time = day.now - ago - day.rng.choice((0, 10, 60))
    phone.unsent.append(Report(name, phone.shift, kind, time, code))


ACTIONS: list[tuple[Action, float]] = [
    (quote, 0.22),
    (book, 0.16),
    (cancel, 0.04),
    (drive, 0.5),
    (report_nonsense, 0.05),
    (restart, 0.03),
    (change, 0.03),
    (improve, 0.03),
]
"""All that happens to a plan, and how often. What else can happen is added here."""

REAL = frozenset({drive, report_nonsense})
"""Those that tell facts; all others only plan."""


def status_counts(day: LivingDay) -> dict[BookingStatus, int]:
    bookings: list[Booking] = list(day.plan.bookings.values())
    return {status: sum(each.status is status for each in bookings) for status in BookingStatus}
