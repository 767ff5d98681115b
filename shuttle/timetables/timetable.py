"""When trains and buses of others stop, on a day: read from a GTFS feed, folder or zip.

Times are counted from the begin of their service day, which is noon minus twelve hours, so that a
time such as 25:10 belongs to the night after, and the change to summer time moves nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from shuttle.open_data.flex_rules import seconds_of
from shuttle.open_data.tables import Feed, FeedError, Row, read_feed

_log = structlog.get_logger()

_FILES = (
    "agency",
    "stops",
    "routes",
    "trips",
    "stop_times",
    "calendar",
    "calendar_dates",
    "frequencies",
)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_ADDED, _REMOVED = "1", "2"

_NO_BOARDING = "1"

_DAY = 86_400

_RAILS = frozenset((0, 1, 2, 12))
_MORE_RAILS = (range(100, 200), range(400, 500), range(900, 1000))


@dataclass(frozen=True, slots=True)
class Call:
    """A train or bus at a stop.

    Attributes
    ----------
    trip
        Its id in the feed.
    line
        What it is called: ``RE 72``.
    kind
        Its route type in GTFS: 2 is a train, 3 a bus.
    towards
        Where it goes; the name of the last stop where the feed does not say.
    arrival, departure
        Epoch seconds.
    boarding, alighting
        Whether people can get on and off here.
    service_day
        The day to which the feed counts it; with the trip it names one train.
    stop, sequence
        The feed's stop, and which one of the trip it is.
    """

    trip: str
    service_day: date
    stop: str
    sequence: int
    line: str
    kind: int
    towards: str
    arrival: int
    departure: int
    boarding: bool = True
    alighting: bool = True

    @property
    def on_rails(self) -> bool:
        """Whether it is a train, a tram or an underground: by its type, also the extended ones."""
        return self.kind in _RAILS or any(self.kind in span for span in _MORE_RAILS)


@dataclass(frozen=True, slots=True)
class _Halt:
    """A call as the feed has it: seconds after the begin of the service day."""

    trip: str
    sequence: int
    arrival: int
    departure: int
    boarding: bool
    alighting: bool


@dataclass(frozen=True, slots=True)
class _Trip:
    service: str
    line: str
    kind: int
    towards: str


@dataclass(frozen=True, slots=True)
class _Service:
    """On which days a service runs."""

    weekdays: frozenset[int] = frozenset()
    first: date = date.max
    last: date = date.min
    added: frozenset[date] = frozenset()
    removed: frozenset[date] = frozenset()

    def runs(self, day: date) -> bool:
        """Whether it runs on a day; an exception counts for more than the week."""
        if day in self.added:
            return True
        usual = self.first <= day <= self.last and day.weekday() in self.weekdays
        return usual and day not in self.removed

    @property
    def ends(self) -> date:
        """The last day on which it may run."""
        return max({self.last if self.weekdays else date.min, *self.added})


@dataclass(frozen=True, eq=False)
class Timetable:
    """The timetable of a feed.

    Attributes
    ----------
    zone
        Whose clocks its times are on.
    names
        Of its stops, by id.
    positions
        Latitude and longitude of the stops where something halts, by id.
    last_day
        After it nothing runs; the first of all days if nothing ever does.
    longest
        Nothing is under way more midnights than this.
    warnings
        What was left out, in sentences.
    """

    zone: ZoneInfo
    names: Mapping[str, str]
    positions: Mapping[str, tuple[float, float]]
    last_day: date
    longest: int
    warnings: tuple[str, ...]
    _platforms: Mapping[str, tuple[str, ...]] = field(repr=False)
    _trips: Mapping[str, _Trip] = field(repr=False)
    _services: Mapping[str, _Service] = field(repr=False)
    _halts: Mapping[str, Sequence[_Halt]] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Timetable":
        """Read a feed.

        Raises
        ------
        FeedError
            With one sentence that names the file and what is wrong.
        """
        feed = read_feed(path, _FILES)
        warnings = _warnings(path, feed)
        for each in warnings:
            _log.warning("timetable_incomplete", reason=each)
        try:
            return cls._of(feed, warnings)
        except (KeyError, ValueError) as error:
            raise FeedError(f"{path} cannot be used as a timetable: {error}.") from error

    @classmethod
    def _of(cls, feed: Feed, warnings: tuple[str, ...]) -> "Timetable":
        names = {row["stop_id"]: row.get("stop_name", "") for row in feed.rows("stops")}
        halts, ends = _halts(feed)
        trips = _trips(feed, {trip: names.get(stop, "") for trip, stop in ends.items()})
        latest = max((each.departure for same in halts.values() for each in same), default=0)
        services = _services(feed)
        return cls(
            zone=ZoneInfo(_first(feed, "agency")["agency_timezone"]),
            names=names,
            positions={
                row["stop_id"]: (float(row["stop_lat"]), float(row["stop_lon"]))
                for row in feed.rows("stops")
                if row["stop_id"] in halts
            },
            last_day=max((each.ends for each in services.values()), default=date.min),
            longest=latest // _DAY,
            warnings=warnings,
            _platforms=_platforms(feed),
            _trips=trips,
            _services=services,
            _halts=halts,
        )

    def trains_at(self, stop: str, day: date) -> list[Call]:
        """Return what stops at a stop, or at any platform of a station, on a day by its clocks.

        What left its first stop the day before and comes after midnight is among them, by
        departure.

        Raises
        ------
        KeyError
            If there is no such stop.
        """
        begin, end = self._midnight(day), self._midnight(day + timedelta(days=1))
        calls = (
            call
            for back in range(self.longest + 1)
            for call in self._calls(self._platforms[stop], day - timedelta(days=back))
        )
        wanted = [each for each in calls if begin <= each.departure < end]
        return sorted(wanted, key=lambda each: (each.departure, each.arrival, each.trip))

    def rides_between(self, origin: str, destination: str, day: date) -> list[tuple[Call, Call]]:
        """Return each train or bus that serves a ride directly: where it is got on, and off.

        By departure; of a day by its clocks. A stop where the same vehicle comes by twice counts
        as the one that makes the ride shortest.

        Raises
        ------
        KeyError
            If there is no such stop.
        """
        following = day + timedelta(days=1)
        ends = defaultdict[tuple[str, date], list[Call]](list)
        for call in (*self.trains_at(destination, day), *self.trains_at(destination, following)):
            if call.alighting:
                ends[call.trip, call.service_day].append(call)
        rides = {}
        for begin in self.trains_at(origin, day):
            later = [
                end for end in ends[begin.trip, begin.service_day] if end.arrival > begin.departure
            ]
            if begin.boarding and later:
                rides[begin.trip, begin.service_day] = (begin, later[0])
        return sorted(rides.values(), key=lambda ride: (ride[0].departure, ride[0].trip))

    def _midnight(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp())

    def _calls(self, platforms: Iterable[str], service_day: date) -> Iterable[Call]:
        noon = datetime(service_day.year, service_day.month, service_day.day, 12, tzinfo=self.zone)
        begin = int(noon.timestamp()) - _DAY // 2
        for platform in platforms:
            for halt in self._halts.get(platform, ()):
                trip = self._trips[halt.trip]
                if self._services[trip.service].runs(service_day):
                    yield Call(
                        trip=halt.trip,
                        service_day=service_day,
                        stop=platform,
                        sequence=halt.sequence,
                        line=trip.line,
                        kind=trip.kind,
                        towards=trip.towards,
                        arrival=begin + halt.arrival,
                        departure=begin + halt.departure,
                        boarding=halt.boarding,
                        alighting=halt.alighting,
                    )


def _first(feed: Feed, table: str) -> Row:
    rows = feed.rows(table)
    if not rows:
        raise ValueError(f"{table}.txt is missing or empty")
    return rows[0]


def _warnings(path: Path, feed: Feed) -> tuple[str, ...]:
    """Say what is left out: trips at intervals, and those that have to be booked."""
    warnings = []
    if feed.rows("frequencies"):
        trips = {row.get("trip_id") for row in feed.rows("frequencies")}
        warnings.append(
            f"{path}: frequencies.txt is ignored; of {len(trips)} trips at intervals only the "
            "first is known"
        )
    booked = {
        row.get("trip_id")
        for row in feed.rows("stop_times")
        if row.get("start_pickup_drop_off_window")
    }
    if booked:
        warnings.append(f"{path}: {len(booked)} trips on demand are left out; they have no times")
    return tuple(warnings)


def _platforms(feed: Feed) -> dict[str, tuple[str, ...]]:
    """Return the stops that a stop's id stands for: itself, and a station's platforms."""
    found = defaultdict[str, list[str]](list)
    for row in feed.rows("stops"):
        found[row["stop_id"]].append(row["stop_id"])
        if row.get("parent_station"):
            found[row["parent_station"]].append(row["stop_id"])
    return {stop: tuple(all_of) for stop, all_of in found.items()}


def _halts(feed: Feed) -> tuple[dict[str, list[_Halt]], dict[str, str]]:
    """Return the halts at each stop that have a time, and the last stop of each trip.

    Where a trip ends nobody gets on, and where it begins nobody off, whether the feed says so or
    not.
    """
    halts = defaultdict[str, list[_Halt]](list)
    first: dict[str, int] = {}
    last: dict[str, tuple[int, str]] = {}
    for row in feed.rows("stop_times"):
        stop, trip = row.get("stop_id", ""), row["trip_id"]
        arrival = row.get("arrival_time") or row.get("departure_time")
        departure = row.get("departure_time") or row.get("arrival_time")
        if not (stop and arrival and departure):
            continue  # nobody is promised a time here
        place = int(row["stop_sequence"])
        first[trip] = min(first.get(trip, place), place)
        last[trip] = max(last.get(trip, (-1, "")), (place, stop))
        halts[stop].append(
            _Halt(
                trip,
                place,
                seconds_of(arrival),
                seconds_of(departure),
                boarding=row.get("pickup_type", "") != _NO_BOARDING,
                alighting=row.get("drop_off_type", "") != _NO_BOARDING,
            )
        )
    for own in halts.values():
        for number, halt in enumerate(own):
            if halt.sequence == last[halt.trip][0]:
                own[number] = replace(halt, boarding=False)
            elif halt.sequence == first[halt.trip]:
                own[number] = replace(halt, alighting=False)
    return dict(halts), {trip: stop for trip, (_, stop) in last.items()}


def _trips(feed: Feed, ends: Mapping[str, str]) -> dict[str, _Trip]:
    routes = {row["route_id"]: row for row in feed.rows("routes")}
    return {
        row["trip_id"]: _Trip(
            service=row["service_id"],
            line=_line(routes[row["route_id"]]),
            kind=int(routes[row["route_id"]]["route_type"]),
            towards=row.get("trip_headsign") or ends.get(row["trip_id"], ""),
        )
        for row in feed.rows("trips")
    }


def _line(route: Row) -> str:
    return route.get("route_short_name") or route.get("route_long_name") or ""


def _services(feed: Feed) -> dict[str, _Service]:
    added, removed = defaultdict[str, set[date]](set), defaultdict[str, set[date]](set)
    for row in feed.rows("calendar_dates"):
        kinds = {_ADDED: added, _REMOVED: removed}
        kinds[row["exception_type"]][row["service_id"]].add(date.fromisoformat(row["date"]))
    weekly = {row["service_id"]: row for row in feed.rows("calendar")}
    named = {row["service_id"] for row in feed.rows("trips")}
    return {
        service: _service(weekly.get(service), added[service], removed[service])
        for service in {*weekly, *added, *removed, *named}
    }


def _service(row: Row | None, added: set[date], removed: set[date]) -> _Service:
    known = _Service(added=frozenset(added), removed=frozenset(removed))
    if row is None:
        return known
    return replace(
        known,
        weekdays=frozenset(n for n, name in enumerate(_WEEKDAYS) if row[name] == "1"),
        first=date.fromisoformat(row["start_date"]),
        last=date.fromisoformat(row["end_date"]),
    )
