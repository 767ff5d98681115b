"""GTFS-Realtime: what is closed, out of service or slow, and the frame of every such feed."""

from collections.abc import Iterable

from google.transit.gtfs_realtime_pb2 import Alert, EntitySelector, FeedMessage

from shuttle.open_data.feed_words import (
    FEED_LANGUAGES,
    ROAD_CLOSED,
    SLOWER,
    STOP_CLOSED,
    VEHICLE_OUT,
    Words,
)
from shuttle.open_data.gtfs_flex import ROUTE_ID
from shuttle.region import Region
from shuttle.trouble.conditions import (
    Condition,
    Disturbance,
    RoadClosed,
    ShiftSet,
    Slower,
    StopClosed,
    VehicleOut,
)


def framed(now: int) -> FeedMessage:
    """Return an empty feed of this moment; it is whole, not a difference to the last one."""
    feed = FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = now
    return feed


def alerts(region: Region, conditions: Iterable[Condition], now: int) -> FeedMessage:
    """Return what disturbs the service now or later, as passengers have to know it.

    A shift more or other hours of one are no alert: nobody was promised anything by them.
    """
    feed = framed(now)
    for condition in conditions:
        begin, end = condition.span
        if isinstance(condition.disturbance, ShiftSet) or end <= max(begin, now):
            continue
        entity = feed.entity.add(id=condition.id)
        entity.alert.active_period.add(start=begin, end=end)
        _say(entity.alert, region, condition.disturbance)
    return feed


def _say(alert: Alert, region: Region, disturbance: Disturbance) -> None:
    alert.effect, alert.cause = _EFFECTS[disturbance.kind], Alert.Cause.UNKNOWN_CAUSE
    if isinstance(disturbance, VehicleOut) and disturbance.stop is not None:
        alert.cause = Alert.Cause.TECHNICAL_PROBLEM
    alert.informed_entity.append(_concerned(disturbance))
    words, place = _words(region, disturbance)
    for language in FEED_LANGUAGES:
        text = alert.header_text.translation.add()
        text.text, text.language = words.said(language, place), language


_EFFECTS = {
    VehicleOut.kind: Alert.Effect.REDUCED_SERVICE,
    RoadClosed.kind: Alert.Effect.DETOUR,
    StopClosed.kind: Alert.Effect.NO_SERVICE,
    Slower.kind: Alert.Effect.SIGNIFICANT_DELAYS,
}


def _concerned(disturbance: Disturbance) -> EntitySelector:
    if isinstance(disturbance, StopClosed):
        return EntitySelector(stop_id=disturbance.stop)
    return EntitySelector(route_id=ROUTE_ID)


def _words(region: Region, disturbance: Disturbance) -> tuple[Words, str]:
    """Return what is said, and the place that it names."""
    if isinstance(disturbance, StopClosed):
        return STOP_CLOSED, region.stop(disturbance.stop).label
    if isinstance(disturbance, RoadClosed):
        nearest, _ = region.nearest_stop(*disturbance.points[0])
        return ROAD_CLOSED, region.stops[nearest].label
    return (VEHICLE_OUT if isinstance(disturbance, VehicleOut) else SLOWER), ""


def written(feed: FeedMessage) -> bytes:
    """Return a feed as bytes, the same for the same feed."""
    content: bytes = feed.SerializeToString(deterministic=True)
    return content


def vehicle_positions(
    seen: Iterable[tuple[str, str, float, float, int, int]], now: int
) -> FeedMessage:
    """Return a feed of vehicles: id, name, latitude, longitude, heading and time of each."""
    feed = framed(now)
    for name, label, lat, lon, heading, time in seen:
        vehicle = feed.entity.add(id=name).vehicle
        vehicle.trip.route_id = ROUTE_ID
        vehicle.vehicle.id, vehicle.vehicle.label = name, label
        vehicle.position.latitude, vehicle.position.longitude = lat, lon
        vehicle.position.bearing = heading
        vehicle.timestamp = time
    return feed
