"""A day of a weekly repeat, decided: booked near its time, or missed for a reason.

Booking, decision and event are one transaction, so each day is decided once, whatever happens.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from shuttle.acts import Outcome
from shuttle.answers import Refusal
from shuttle.booking.bookings import booked
from shuttle.booking.confirming import check_limits
from shuttle.booking.offers import Search
from shuttle.booking.reasons import reason_of
from shuttle.booking.requests import CheckedRequest, check_request
from shuttle.booking.unmet import Unmet, unmet_error, unmet_refusal
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Contact, Offer, Ride, RideRequest, When, walking_seconds
from shuttle.errors import RequestError, TooManyNoShows
from shuttle.events import SeriesMissed
from shuttle.plan import DayPlan
from shuttle.region_config import RegionConfig
from shuttle.standing.standing_requests import Instance, Series

TOO_FAR_FROM_WISH = "too_far_from_wish"
"""Why a day was missed: there were rides, but none near the wanted time."""

TOO_MANY_NO_SHOWS = "too_many_no_shows"
"""Why a day was missed: its owner may not book at the moment."""


@dataclass(frozen=True, slots=True)
class _Decision:
    """What became of a day, if it was still to be decided, and of the demand if it was missed."""

    instance: Instance | None
    unmet: Unmet | None = None


def request_on(config: RegionConfig, series: Series, day: date) -> RideRequest:
    """Return the ride request of a day: the same time on the clocks, in summer and in winter."""
    time = config.instant(day, series.minutes)
    return RideRequest(series.origin, series.destination, series.when, time, series.party)


def distance_from_wish(request: RideRequest, ride: Ride) -> int:
    """Return by how many seconds a ride's pickup window misses the wanted one."""
    if request.when is When.DEPART_AT:
        ready = request.time + walking_seconds(ride.walk_to_pickup)
        return abs(ride.promise.pickup_earliest - ready)
    there = request.time - walking_seconds(ride.walk_from_dropoff)
    return abs(there - ride.direct_seconds - ride.promise.pickup_latest)


def decide(dispatcher: Dispatcher, series: Series, day: date, now: int) -> Instance | None:
    """Decide a day in one act; None if it was decided meanwhile, or the series ended."""
    standing = dispatcher.store.standing

    def act(plan: DayPlan) -> Outcome[_Decision]:
        current = standing.series(series.code)
        known = {each.day for each in standing.instances(series.code)}
        if current is None or current.ended or day in known:
            return Outcome(_Decision(None), plan)
        return _decided(dispatcher, plan, current, now)

    decision = dispatcher.act(day, now, act)
    unmet = decision.unmet
    if unmet is not None:
        dispatcher.write(lambda: dispatcher.store.note_unmet(unmet))
    return decision.instance


def _decided(dispatcher: Dispatcher, plan: DayPlan, series: Series, now: int) -> Outcome[_Decision]:
    region, new_id = dispatcher.region, dispatcher.new_code
    request = request_on(region.config, series, plan.day)
    owner = dispatcher.store.standing.owner(series.code)
    contact = None if owner is None else owner.contact
    try:
        check_limits(region, dispatcher.store, dispatcher.keyed, contact, now, rides=0)
        checked = check_request(region, request, now)
    except TooManyNoShows:
        return _missed(plan, series, TOO_MANY_NO_SHOWS, now)
    except RequestError as error:
        unmet = unmet_error(region, new_id(), request, error, now)
        return _missed(plan, series, error.code, now, unmet)
    search = Search.of(plan.region, checked, now, new_id)
    offer = _nearest(region.config, search, plan)
    if offer is None:
        return _without_offer(dispatcher, plan, series, checked, search)
    return _booked(dispatcher, plan, series, offer, contact, now)


def _nearest(config: RegionConfig, search: Search, plan: DayPlan) -> Offer | None:
    """Return the offer nearest to the wish, None if none is near enough.

    Nobody has to leave sooner than they said, or arrives later.
    """
    request, most = search.checked.request, config.rules.series_flexible_minutes * 60
    offers = search.offers(plan, range(most // search.width + 1))
    near = [each for each in offers if distance_from_wish(request, each.ride) <= most]
    return min(near, key=lambda each: distance_from_wish(request, each.ride), default=None)


def _without_offer(
    dispatcher: Dispatcher, plan: DayPlan, series: Series, checked: CheckedRequest, search: Search
) -> Outcome[_Decision]:
    region, now = dispatcher.region, search.now
    near = replace(search, steps=1)
    if near.offers(plan, near.wanted):
        return _missed(plan, series, TOO_FAR_FROM_WISH, now)
    refusal = Refusal(dispatcher.new_code(), reason_of(near, plan), None)
    unmet = unmet_refusal(region, checked, refusal, now)
    return _missed(plan, series, refusal.reason, now, unmet)


def _booked(
    dispatcher: Dispatcher,
    plan: DayPlan,
    series: Series,
    offer: Offer,
    contact: Contact | None,
    now: int,
) -> Outcome[_Decision]:
    key = f"series {series.code} {plan.day}"  # with blanks, so that it is no client's
    region, new_code = dispatcher.region, dispatcher.new_code
    outcome: Outcome[Any] = booked(region, plan, offer, now, new_code, key=key, contact=contact)
    instance = Instance(series.code, plan.day, booking=outcome.result.code)
    return replace(outcome, result=_Decision(instance), instances=(instance,))


def _missed(
    plan: DayPlan, series: Series, reason: str, now: int, unmet: Unmet | None = None
) -> Outcome[_Decision]:
    instance = Instance(series.code, plan.day, missed=reason)
    event = SeriesMissed(now, series.code, plan.day.isoformat(), reason)
    return Outcome(_Decision(instance, unmet), plan, events=(event,), instances=(instance,))
