"""The answer to a ride request: offers; or why there are none, and what works instead."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from shuttle.answers import Fix, Quote, Refusal, RefusalReason
from shuttle.booking.connecting import scheduled_ride
from shuttle.booking.counterfactuals import Counterfactuals, PlanOf
from shuttle.booking.offers import MOST_OFFERS, Search
from shuttle.booking.reasons import nearest_vehicle, reason_of
from shuttle.booking.requests import CheckedRequest
from shuttle.domain import Alternative, FixKind, RideRequest
from shuttle.errors import RequestError
from shuttle.plan import DayPlan
from shuttle.region import Region

_IN_TIME = (FixKind.EARLIER, FixKind.LATER)


def quote(
    region: Region,
    plan: DayPlan,
    checked: CheckedRequest,
    now: int,
    new_id: Callable[[], str],
    plan_of: PlanOf | None = None,
    not_before: int = 0,
) -> Quote:
    """Answer a request on a plan.

    Parameters
    ----------
    region
        Stops, travel times and rules.
    plan
        The service day of the request, rolled forward to `now`.
    checked
        The request.
    now
        Epoch seconds.
    new_id
        Makes the ids of offers and refusals.
    plan_of
        Gives other days' plans; without it no other day is proposed.
    not_before
        Nobody can be picked up earlier, whatever was asked.

    Returns
    -------
    Quote
        Up to three offers in different windows; or a refusal with the nearest that work. If a
        scheduled bus serves the ride, it is named, and by the region's rule is a reason to refuse.
    """
    bus = scheduled_ride(region, checked)
    if bus is not None and region.stations is not None and region.stations.refusing:
        return Quote((), Refusal(new_id(), RefusalReason.SCHEDULED_BUS, None), bus)
    search = Search.of(plan.region, checked, now, new_id, not_before)
    offers = search.offers(plan, search.wanted)
    if offers:
        return Quote(tuple(offers[:MOST_OFFERS]), scheduled=bus)
    reason = reason_of(search, plan)

    def plan_here(day: date) -> DayPlan | None:
        if day == plan.day:
            return plan
        return None if plan_of is None else plan_of(day)

    refusal = Refusal(new_id(), reason, nearest_vehicle(search, plan))
    what_if = Counterfactuals(region, checked.request, plan_here, now, new_id, not_before)
    fixes = tuple(
        alternative_to(refusal.id, fix) for fix in what_if.of_refusal(search, plan, reason)
    )
    in_time = tuple(fix.offer for fix in fixes if fix.kind in _IN_TIME)
    return Quote(in_time, replace(refusal, fixes=fixes), bus)


def mended(
    region: Region,
    request: RideRequest,
    error: RequestError,
    now: int,
    new_id: Callable[[], str],
    plan_of: PlanOf,
    not_before: int = 0,
) -> str:
    """Put the fixes onto an error; return the id of the refusal that they make up for."""
    refusal = new_id()
    what_if = Counterfactuals(region, request, plan_of, now, new_id, not_before)
    fixes = what_if.of_error(request, error)
    error.fixes = tuple(alternative_to(refusal, fix) for fix in fixes)
    return refusal


def alternative_to(refusal: str, fix: Fix) -> Fix:
    """Return a fix whose offer says which refusal it makes up for."""
    return replace(fix, offer=replace(fix.offer, alternative=Alternative(refusal, fix.kind)))
