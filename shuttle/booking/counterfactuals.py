"""The smallest changes with which a refused request can be served.

Each is computed as a changed request that goes through the same door as any other: it is checked,
searched, and kept only if it is answered with an offer. So whoever asks again as a fix says is
offered a ride, as long as nobody else books meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Literal

from shuttle.answers import Fix, RefusalReason
from shuttle.booking.offers import Search, pairs_of
from shuttle.booking.requests import Access, check_request
from shuttle.domain import FixKind, Location, Offer, Party, RideRequest, When
from shuttle.errors import RequestError
from shuttle.plan import DayPlan
from shuttle.region import Region

PlanOf = Callable[[date], DayPlan | None]
"""Gives a day's plan as it stands now, or None if that day cannot be looked at."""

FARTHER = 2
"""Another stop may be so many times as far as people are expected to walk."""

NEAREST_STOPS = 6
"""So many further stops are looked at, at either end."""

FAR_AWAY = 20_000
"""From a place outside the area no stop farther than this is proposed, in metres."""

_CAPACITY = frozenset(
    (RefusalReason.NO_SEATS, RefusalReason.NO_WHEELCHAIR_PLACE, RefusalReason.NO_CHILD_SEAT)
)

End = Literal["from", "to"]


@dataclass(frozen=True, slots=True)
class Counterfactuals:
    """What a refused request could have been.

    Attributes
    ----------
    region
        Stops, travel times and rules.
    refused
        The request.
    plan_of
        The plans of all days that may be looked at.
    now
        Epoch seconds.
    new_id
        Makes the ids of offers.
    not_before
        Nobody can be picked up earlier.
    """

    region: Region
    refused: RideRequest
    plan_of: PlanOf
    now: int
    new_id: Callable[[], str]
    not_before: int = 0

    def of_refusal(self, search: Search, plan: DayPlan, reason: RefusalReason) -> tuple[Fix, ...]:
        """Return the smallest changes to a request that was searched in vain."""
        request = search.checked.request
        changes = [self._at_another_time(search, plan), self._from_another_stop(search, plan)]
        if reason in _CAPACITY:
            changes.append(self._with_less(request))
        changes.append(self._on_another_day(request))
        return tuple(chain.from_iterable(changes))

    def of_error(self, request: RideRequest, error: RequestError) -> tuple[Fix, ...]:
        """Return the smallest changes to a request that no plan could serve."""
        changes: Iterable[Fix] = ()
        if error.code == "outside_hours":
            changes = self._while_open(request)
        elif error.code == "in_the_past":
            changes = self._nearby(replace(request, time=self.now), FixKind.LATER)
        elif error.code == "beyond_horizon":
            changes = self._on_the_last_day(request)
        elif error.code in ("outside_area", "no_stop_near"):
            changes = self._at_the_nearest_stop(request, "from" if error.field == "from" else "to")
        elif error.code == "across_border":
            changes = self._at_the_border(request, error)
        elif error.code == "party_too_large":
            changes = self._with_less(request)
        return tuple(changes)

    def _asked(self, kind: FixKind, request: RideRequest, walk_metres: int = 0) -> Fix | None:
        """Ask a changed request; None if it is not answered with an offer either."""
        searched = self._searched(request)
        if searched is None:
            return None
        search, plan = searched
        offers = chain.from_iterable(search.offers(plan, (step,)) for step in search.wanted)
        offer = next(offers, None)
        return None if offer is None else Fix(kind, self.refused, offer, walk_metres)

    def _searched(self, request: RideRequest) -> tuple[Search, DayPlan] | None:
        """Return the search of a request and its day's plan, None if no plan could serve it."""
        try:
            checked = check_request(self.region, request, self.now)
        except RequestError:
            return None
        plan = self.plan_of(checked.day)
        if plan is None:
            return None
        return Search.of(plan.region, checked, self.now, self.new_id, self.not_before), plan

    def _first(self, kind: FixKind, requests: Iterable[RideRequest]) -> Iterator[Fix]:
        """Yield the first of several changes that works, if one does."""
        for request in requests:
            fix = self._asked(kind, request)
            if fix is not None:
                yield fix
                return

    def _with_less(self, request: RideRequest) -> Iterator[Fix]:
        """Yield fewer aids and fewer people, as many as work."""
        yield from self._first(FixKind.FEWER_AIDS, _with_fewer_aids(request))
        yield from self._first(FixKind.SMALLER_PARTY, _as_smaller_party(request))

    # ------------------------------------------------------------------------------------- times

    def _at_another_time(self, search: Search, plan: DayPlan) -> Iterator[Fix]:
        """Yield the nearest times before and after that work on the same day."""
        onward = search.first_offer(plan, search.wanted.stop, 1)
        back = search.first_offer(plan, -1, -1)
        departing = search.checked.request.when is When.DEPART_AT
        kinds = (FixKind.LATER, FixKind.EARLIER) if departing else (FixKind.EARLIER, FixKind.LATER)
        for kind, offers in zip(kinds, (onward, back), strict=True):
            for offer in offers:
                yield from self._first(kind, self._asking_for(offer))

    def _asking_for(self, offer: Offer) -> Iterator[RideRequest]:
        """Yield requests that are answered with an offer's ride, or with one very near to it."""
        request, promise = offer.request, offer.ride.promise
        opens, closes = self._open_around(promise.pickup_earliest)
        if request.when is When.DEPART_AT:
            walk = Access(0, offer.ride.walk_to_pickup).seconds
            yield replace(request, time=max(promise.pickup_earliest - walk, opens, self.now))
            return
        walk = Access(0, offer.ride.walk_from_dropoff).seconds
        for arrival in (promise.dropoff_latest, -(-offer.expected_dropoff // 300) * 300):
            yield replace(request, time=min(arrival + walk, closes))

    def _open_around(self, time: int) -> tuple[int, int]:
        """Return the opening span that holds a time."""
        spans = self.region.config.opening(self.region.config.local_day(time))
        return next((span for span in spans if span[0] <= time <= span[1]), (time, time))

    def _on_another_day(self, request: RideRequest) -> Iterator[Fix]:
        """Yield the nearest day before and the nearest after on which the same time works."""
        config = self.region.config
        for days in (
            range(1, config.rules.horizon_days + 1),
            range(-1, -config.rules.horizon_days - 1, -1),
        ):
            requests = (self._days_later(request, number) for number in days)
            ahead = (each for each in requests if each.time >= self.now)
            yield from self._first(FixKind.OTHER_DAY, ahead)

    def _days_later(self, request: RideRequest, days: int) -> RideRequest:
        """Return a request for the same time on the clocks of another day."""
        config = self.region.config
        shown = datetime.fromtimestamp(request.time, config.zone)
        other = shown.date() + timedelta(days=days)
        time = config.instant(other, 60 * shown.hour + shown.minute) + shown.second
        return replace(request, time=time)

    def _on_the_last_day(self, request: RideRequest) -> Iterator[Fix]:
        """Yield the last day that can be booked on which the same time of day works."""
        config = self.region.config
        horizon = config.rules.horizon_days
        if request.time > self.now + 400 * 86_400:
            return
        ahead = (config.local_day(request.time) - config.local_day(self.now)).days
        requests = (self._days_later(request, number - ahead) for number in range(horizon, -1, -1))
        yield from self._first(FixKind.OTHER_DAY, requests)

    def _while_open(self, request: RideRequest) -> Iterator[Fix]:
        """Yield the nearest times before and after within the service hours that work."""
        config = self.region.config
        day = config.local_day(request.time)
        spans = [
            span
            for number in range(-config.rules.horizon_days, config.rules.horizon_days + 1)
            for span in config.opening(day + timedelta(days=number))
        ]
        before = [span for span in reversed(spans) if span[0] <= request.time]
        after = [span for span in spans if span[0] > request.time]
        for candidates, kind in ((before, FixKind.EARLIER), (after, FixKind.LATER)):
            for opens, closes in candidates:
                last = closes - 60 if request.when is When.DEPART_AT else closes
                time = min(last, max(opens, request.time))
                found = list(self._nearby(replace(request, time=time), kind))
                if found:
                    yield from self._told_by_day(found, day)
                    break

    def _nearby(self, request: RideRequest, kind: FixKind) -> Iterator[Fix]:
        """Yield a request as it is, or else the nearest time to it that works on its day."""
        fix = self._asked(kind, request)
        if fix is not None:
            yield fix
        elif (searched := self._searched(request)) is not None:
            others = self._at_another_time(*searched)
            yield from (replace(each, kind=kind) for each in list(others)[:1])

    def _told_by_day(self, fixes: Iterable[Fix], day: date) -> Iterator[Fix]:
        """Yield fixes, those on another day as such."""
        for fix in fixes:
            same = fix.offer.ride.day == day
            yield fix if same else replace(fix, kind=FixKind.OTHER_DAY)

    # ------------------------------------------------------------------------------------- stops

    def _from_another_stop(self, search: Search, plan: DayPlan) -> Iterator[Fix]:
        """Yield the nearest other stop at either end from which the wanted time works."""
        request, checked = search.checked.request, search.checked
        ends: tuple[End, End] = ("from", "to")
        for end in ends:
            tried = checked.origins if end == "from" else checked.destinations
            others = self._further_stops(request, end, tried)
            pairs = (
                pairs_of(self.region, others, checked.destinations)
                if end == "from"
                else pairs_of(self.region, checked.origins, others)
            )
            fitting = replace(search, pairs=pairs).fitting(plan, search.wanted)
            walks = {
                option.pair.pickup if end == "from" else option.pair.dropoff
                for _, option in fitting
            }
            for access in sorted(walks, key=lambda each: each.metres):
                fix = self._at_stop(request, end, access)
                if fix is not None:
                    yield fix
                    break

    def _further_stops(
        self, request: RideRequest, end: End, tried: tuple[Access, ...]
    ) -> tuple[Access, ...]:
        """Return the nearest stops around one end that are farther than people usually walk."""
        place = request.origin if end == "from" else request.destination
        known = {access.place for access in tried}
        near = self.region.walkable_stops(place.lat, place.lon, FARTHER)
        further = [Access(stop, metres) for stop, metres in near if stop not in known]
        return tuple(further[:NEAREST_STOPS])

    def _at_the_nearest_stop(self, request: RideRequest, end: End) -> Iterator[Fix]:
        """Yield the nearest stop to a place that has none in walking distance."""
        place = request.origin if end == "from" else request.destination
        near = self.region.walkable_stops(place.lat, place.lon, FARTHER)
        for stop, metres in near or [self.region.nearest_stop(place.lat, place.lon)]:
            fix = self._at_stop(request, end, Access(stop, metres))
            if fix is not None and metres <= FAR_AWAY:
                yield fix
                return

    def _at_the_border(self, request: RideRequest, error: RequestError) -> Iterator[Fix]:
        """Yield the ride on this side of the border, as far as its time is known.

        That is the time of the whole journey only for the first part of one that departs at it,
        and the last part of one that arrives by it.
        """
        way = error.crossing
        end: End = "from" if error.field == "from" else "to"
        known = (end == "to") == (request.when is When.DEPART_AT)
        if way is None or way.stop is None or not known:
            return
        place = Location(way.stop.lat, way.stop.lon, way.stop.label, way.stop.id)
        inside = (
            replace(request, origin=place) if end == "from" else replace(request, destination=place)
        )
        fix = self._asked(FixKind.OTHER_STOP, inside, way.metres)
        if fix is not None:
            yield fix

    def _at_stop(self, request: RideRequest, end: End, access: Access) -> Fix | None:
        """Ask from or to a stop, with the time that it takes to walk there."""
        stop = self.region.stops[access.place]
        place = Location(stop.lat, stop.lon, stop.label, stop.id)
        if end == "from":
            request = replace(request, origin=place)
            walk = access.seconds if request.when is When.DEPART_AT else 0
        else:
            request = replace(request, destination=place)
            walk = -access.seconds if request.when is When.ARRIVE_BY else 0
        request = replace(request, time=request.time + walk)
        return self._asked(FixKind.OTHER_STOP, request, access.metres)


def _with_fewer_aids(request: RideRequest) -> Iterator[RideRequest]:
    """Yield the party without child seats, with its wheelchairs folded, and both."""
    party = request.party
    if party.child_seats:
        yield replace(request, party=replace(party, child_seats=0))
    if party.wheelchairs:
        yield replace(request, party=replace(party, wheelchairs=0))
    if party.child_seats and party.wheelchairs:
        yield replace(request, party=Party(party.passengers))


def _as_smaller_party(request: RideRequest) -> Iterator[RideRequest]:
    """Yield the party with ever fewer people who need nothing special."""
    party = request.party
    least = max(1, party.wheelchairs + party.child_seats)
    for passengers in range(party.passengers - 1, least - 1, -1):
        yield replace(request, party=replace(party, passengers=passengers))
