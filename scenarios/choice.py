"""What people make of what they are offered: a multinomial logit.

McFadden, *Conditional logit analysis of qualitative choice behavior*, 1974. The coefficients and
where they come from are in :class:`scenarios.scenario.Behaviour`.
"""

import math
from collections.abc import Sequence

from scenarios.scenario import Behaviour
from shuttle.domain import WALK_METRES_PER_SECOND, Offer, RideRequest, When


def chosen(
    behaviour: Behaviour, request: RideRequest, offers: Sequence[Offer], share: float
) -> Offer | None:
    """Return the offer that somebody takes, None if they rather do not ride.

    `share` is their mood, from 0 to 1: low moods take the first offers, the highest none. So
    whoever rides with one set of offers does so with any that adds to it.
    """
    weights = [math.exp(min(700.0, utility(behaviour, request, each))) for each in offers]
    edge = share * (sum(weights) + 1.0)
    for offer, weight in zip(offers, weights, strict=True):
        edge -= weight
        if edge < 0:
            return offer
    return None


def utility(behaviour: Behaviour, request: RideRequest, offer: Offer) -> float:
    """Return what an offer is worth; riding not at all is worth 0."""
    ride = offer.ride
    aboard = offer.expected_dropoff - offer.expected_pickup
    detour = max(0, aboard - ride.direct_seconds) / 60
    walk = (ride.walk_to_pickup + ride.walk_from_dropoff) / WALK_METRES_PER_SECOND / 60
    return (
        behaviour.prompt
        - behaviour.moved * moved_minutes(request, offer)
        - behaviour.detour * detour
        - behaviour.walk * walk
    )


def moved_minutes(request: RideRequest, offer: Offer) -> float:
    """Return how far from the wanted time an offer is expected to be."""
    arrives = request.when is When.ARRIVE_BY
    expected = offer.expected_dropoff if arrives else offer.expected_pickup
    return abs(expected - request.time) / 60
