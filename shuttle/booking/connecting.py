"""Trains that a ride can be for, and scheduled buses that serve the same ride."""

from shuttle.booking.requests import CheckedRequest
from shuttle.domain import Location, Train, When, walking_seconds
from shuttle.errors import RequestError
from shuttle.region import Region
from shuttle.timetables.stations import ScheduledRide


def train_named(
    region: Region, origin: Location, destination: Location, name: str, field: str
) -> Train:
    """Return the train that leaves where a ride ends, or arrives where it begins.

    Raises
    ------
    RequestError
        If there is no train of this name, see :attr:`Train.name`, or it does not come.
    """
    stations = region.stations
    train = None if stations is None else stations.train(origin, destination, name)
    if stations is None or train is None:
        raise RequestError(
            "unknown_train",
            field,
            "No such train leaves where the ride ends or arrives where it begins; "
            "/api/v1/trains lists those of a stop.",
        )
    if stations.cancelled(train):
        raise RequestError(
            "train_cancelled",
            field,
            "This train is cancelled; /api/v1/trains lists those of a stop that come.",
        )
    return train


def scheduled_ride(region: Region, checked: CheckedRequest) -> ScheduledRide | None:
    """Return the scheduled bus that serves a request nearly as wanted; None if none counts.

    None counts for people in wheelchairs: whether a bus takes them is not in every timetable.
    """
    stations, request = region.stations, checked.request
    if stations is None or stations.rule.scheduled_bus == "off" or request.party.wheelchairs:
        return None
    within = stations.rule.scheduled_bus_minutes * 60
    walk = region.config.rules.max_walk_metres
    rides = stations.rides(request.origin, request.destination, checked.day, walk)
    if request.when is When.DEPART_AT:
        soon = (
            each
            for each in rides
            if walking_seconds(each.walk_before) <= each.departure - request.time <= within
        )
        return min(soon, key=lambda each: (each.arrival, each.walk_before), default=None)
    timely = (
        each
        for each in rides
        if walking_seconds(each.walk_after) <= request.time - each.arrival <= within
    )
    return max(timely, key=lambda each: (each.departure, -each.walk_before), default=None)
