"""The words of the service: requests, offers, promises, bookings.

All values are frozen. Times are integer seconds since the Unix epoch, distances metres, money
cents. Stops are named by their id; place numbers of the routing floor stay behind
:class:`shuttle.region.Region`.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from routing.problem import Loads


class When(StrEnum):
    """What the time of a request means."""

    DEPART_AT = "depart_at"
    ARRIVE_BY = "arrive_by"


@dataclass(frozen=True, slots=True)
class Party:
    """Who rides together, and what they take up.

    Attributes
    ----------
    passengers
        Everybody, people in wheelchairs and children included.
    wheelchairs
        How many of them stay in a wheelchair.
    child_seats
        How many of them need a child seat.
    """

    passengers: int = 1
    wheelchairs: int = 0
    child_seats: int = 0

    @property
    def loads(self) -> Loads:
        """What the party takes up by load kind: seats, wheelchair places, child seats."""
        return (self.passengers - self.wheelchairs, self.wheelchairs, self.child_seats)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a ride begins or ends: a stop, or a point that is walked from or to a stop."""

    lat: float
    lon: float
    label: str = ""
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class Train:
    """A train that somebody rides to, or comes from, as its timetable says.

    Attributes
    ----------
    trip, service_day
        Which one it is in its feed.
    stop, sequence
        Where it is got on or off: the feed's stop, and which one of the trip.
    line
        What it is called: ``RE 72``.
    towards
        Where it goes.
    time
        When it leaves where the ride ends, or arrives where the ride begins.
    margin
        Seconds that are left at least for changing.
    onward
        Whether the ride leads to it; else it comes from it.
    """

    trip: str
    service_day: date
    stop: str
    sequence: int
    line: str
    towards: str
    time: int
    margin: int
    onward: bool

    @property
    def name(self) -> str:
        """What it is called by programs: which end of a ride, which day and which trip."""
        return f"{'to' if self.onward else 'from'}:{self.service_day}:{self.trip}"

    def met_by(self, ride: "Ride") -> bool:
        """Whether a promised ride leaves the time to change, and not hours more than that."""
        if self.onward:
            there = ride.promise.dropoff_latest + walking_seconds(ride.walk_from_dropoff)
            spare = self.time - there - self.margin
        else:
            ready = self.time + self.margin + walking_seconds(ride.walk_to_pickup)
            spare = ride.promise.pickup_earliest - ready
        return 0 <= spare <= LONGEST_WAIT


LONGEST_WAIT = 3 * 3600
"""Whoever has to wait longer for a train does not ride for it, in seconds."""

WALK_METRES_PER_SECOND = 1.25
"""4.5 km/h, an unhurried walk."""


def walking_seconds(metres: int) -> int:
    """Return how long so many metres on foot take."""
    return round(metres / WALK_METRES_PER_SECOND)


@dataclass(frozen=True, slots=True)
class RideRequest:
    """What a resident asks for.

    `time` is when they can leave the origin (depart-at) or must be at the destination
    (arrive-by), in epoch seconds. With a `train` it follows from that.
    """

    origin: Location
    destination: Location
    when: When
    time: int
    party: Party = Party()
    train: Train | None = None

    @classmethod
    def for_train(
        cls, origin: Location, destination: Location, train: Train, party: Party
    ) -> "RideRequest":
        """Return the request to reach a train, or to be picked up from it."""
        when = When.ARRIVE_BY if train.onward else When.DEPART_AT
        time = train.time - train.margin if train.onward else train.time + train.margin
        return cls(origin, destination, when, time, party, train)


@dataclass(frozen=True, slots=True)
class Promise:
    """What is owed to a booking. Written once; whatever plans treats it as hard.

    Attributes
    ----------
    pickup_earliest, pickup_latest
        The pickup window.
    dropoff_latest
        The latest drop-off.
    max_ride
        Longest time on board in seconds.
    """

    pickup_earliest: int
    pickup_latest: int
    dropoff_latest: int
    max_ride: int

    def later(self, seconds: int) -> "Promise":
        """Return the same times so many seconds later."""
        if not seconds:
            return self
        return Promise(
            self.pickup_earliest + seconds,
            self.pickup_latest + seconds,
            self.dropoff_latest + seconds,
            self.max_ride,
        )


@dataclass(frozen=True, slots=True)
class Ride:
    """A ride from stop to stop under a promise: what an offer proposes and a booking keeps.

    Attributes
    ----------
    day
        The service day, by the region's calendar.
    pickup_stop, dropoff_stop
        Ids of stops.
    walk_to_pickup, walk_from_dropoff
        Metres on foot.
    party
        Who rides.
    promise
        What is owed.
    direct_seconds, direct_metres
        The ride without detour.
    fare_cents
        What the party pays.
    """

    day: date
    pickup_stop: str
    dropoff_stop: str
    walk_to_pickup: int
    walk_from_dropoff: int
    party: Party
    promise: Promise
    direct_seconds: int
    direct_metres: int
    fare_cents: int


class FixKind(StrEnum):
    """What about a refused request has to change so that it can be served."""

    EARLIER = "earlier"
    LATER = "later"
    OTHER_STOP = "other_stop"
    FEWER_AIDS = "fewer_aids"
    SMALLER_PARTY = "smaller_party"
    OTHER_DAY = "other_day"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Which refusal an offer makes up for, and by changing what."""

    refusal: str
    kind: FixKind


@dataclass(frozen=True, slots=True)
class Offer:
    """A ride that fits the plan now, valid for minutes.

    `id` makes it unique, so that it can be booked only once. `expected_pickup` and
    `expected_dropoff` are today's best guess inside the promise. `alternative` is set where the
    ride is not as it was asked for.
    """

    id: str
    request: RideRequest
    ride: Ride
    expected_pickup: int
    expected_dropoff: int
    valid_until: int
    alternative: Alternative | None = None

    @property
    def train(self) -> Train | None:
        """The train that the ride is for, None if there is none or the ride does not meet it."""
        train = self.request.train
        return train if train is not None and train.met_by(self.ride) else None


class Cause(StrEnum):
    """Why a promise is at risk, or was broken."""

    LATE_VEHICLE = "late_vehicle"
    NO_VEHICLE = "no_vehicle"
    ROAD = "road"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class BookingStatus(StrEnum):
    """Where a booking stands."""

    BOOKED = "booked"
    ON_BOARD = "on_board"
    SERVED = "served"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    LET_DOWN = "let_down"
    """No vehicle came, and none will."""


UNFINISHED = (BookingStatus.BOOKED, BookingStatus.ON_BOARD)
"""In these, something is still to happen."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """What trouble has made of a ride: where and when it happens now. The promise stays as it was.

    Attributes
    ----------
    pickup_stop, dropoff_stop
        Ids of stops.
    times
        What holds now; the promised times, unless they could not be kept.
    boarded
        When a party got on whose vehicle broke down under way; they wait for another one at
        `pickup_stop`.
    held
        Seconds by which the ride waits for its owner's late train.
    pickup_at
        When a dispatcher wants the vehicle to come, within `times`. Nobody is told of it, and
        nobody is owed it.
    """

    pickup_stop: str
    dropoff_stop: str
    times: Promise
    boarded: int | None = None
    held: int = 0
    pickup_at: int | None = None


AROUND_SECONDS = 120
"""So much later than a dispatcher wants it a pickup may be planned: others need some room."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A confirmed offer.

    Attributes
    ----------
    code
        What the resident keeps; 40 random bits in letters and digits that are not confused.
    ride
        Stops, party and promise. Never changes.
    origin, destination
        The labels the resident gave.
    booked_at
        When it was confirmed.
    status
        Where it stands.
    journey
        The same for an outward ride and its return: the code of the one booked first.
    amendment
        What is different by now from what was promised, if anything.
    train
        The train it was booked for.
    """

    code: str
    ride: Ride
    origin: str
    destination: str
    booked_at: int
    status: BookingStatus = BookingStatus.BOOKED
    journey: str = ""
    amendment: Amendment | None = None
    train: Train | None = None

    @property
    def ride_now(self) -> Ride:
        """The ride as it is to be driven: what was promised, unless it was amended."""
        now = self.amendment
        if now is None:
            return self.ride
        return replace(
            self.ride,
            pickup_stop=now.pickup_stop,
            dropoff_stop=now.dropoff_stop,
            promise=now.times,
        )

    @property
    def pickup_at(self) -> int | None:
        """When a dispatcher wants the vehicle to come; None leaves it to the plan."""
        return None if self.amendment is None else self.amendment.pickup_at

    @property
    def pickup_span(self) -> tuple[int, int]:
        """Between which times the pickup is planned: in the window, at what a dispatcher wants."""
        times = self.ride_now.promise
        earliest, latest = times.pickup_earliest, times.pickup_latest
        if self.pickup_at is None:
            return earliest, latest
        return max(earliest, self.pickup_at), min(latest, self.pickup_at + AROUND_SECONDS)

    def wanted_at(self, time: int | None) -> "Booking":
        """Return the same booking with its pickup wanted at a time, or left to the plan."""
        if time == self.pickup_at:
            return self
        ride = self.ride_now
        as_promised = Amendment(ride.pickup_stop, ride.dropoff_stop, ride.promise)
        amendment = replace(self.amendment or as_promised, pickup_at=time)
        idle = amendment == as_promised and ride == self.ride
        return replace(self, amendment=None if idle else amendment)

    @property
    def held(self) -> int:
        """Seconds by which the ride waits for its owner's late train."""
        return 0 if self.amendment is None else self.amendment.held

    @property
    def owed(self) -> Promise:
        """What the promise is judged by: itself, later by as much as the ride waits for a train.

        Nothing else moves it: a train is late through no fault of the service, and the vehicle
        waits for its owner's sake.
        """
        return self.ride.promise.later(self.held)

    @property
    def train_now(self) -> Train | None:
        """The train that the ride is for, unless it does not meet it any more."""
        train = self.train
        return train if train is not None and train.met_by(self.ride_now) else None

    def with_status(self, status: BookingStatus) -> "Booking":
        """Return the same booking in another status."""
        return replace(self, status=status)


class Channel(StrEnum):
    """How somebody wants to be told about their ride."""

    NONE = "none"
    SMS = "sms"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom a booking belongs to. Kept apart from the ride, and deleted sooner.

    Attributes
    ----------
    name
        As the driver shall call it; may be empty.
    phone
        In the international form ``+494641000``, or empty.
    email
        Or empty.
    channel
        How they want to be told.
    language
        ``de`` or ``en``.
    """

    name: str = ""
    phone: str = ""
    email: str = ""
    channel: Channel = Channel.NONE
    language: str = "de"
