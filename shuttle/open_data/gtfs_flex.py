"""The region as a GTFS-Flex feed: one group of stops, between any two of which rides are booked.

A ride from a stop of the group to another is one trip with two stop times, for getting on and for
getting off, and a window instead of times; journey planners ask no more of an on-demand service.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from shuttle.open_data.durations import SafeDuration, safe_duration
from shuttle.open_data.feed_words import GROUP, MESSAGE, ROUTE, TRANSLATED_TO, Words
from shuttle.open_data.tables import Row, text_of, zipped
from shuttle.region import Region
from shuttle.region_config import WEEKDAYS, Hours, RegionConfig

Tables = dict[str, list[Row]]

ROUTE_ID = "dorfshuttle"

_AGENCY, _RULE = "amt", "booking"

_GTFS_DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)

_BUS = "3"
_BY_BOOKING, _NOT_HERE = "2", "1"


def gtfs_flex(region: Region, home: str, day: date, safe: SafeDuration | None = None) -> bytes:
    """Return the feed as a zip.

    Parameters
    ----------
    region
        What is described.
    home
        The address where residents find the service; GTFS wants one.
    day
        Within the month with which the feed begins; it holds for a year.
    safe
        What a ride takes at most in 95 of 100 cases; None takes what is promised.
    """
    return zipped(flex_tables(region, home.rstrip("/"), day, safe))


def flex_tables(region: Region, home: str, day: date, safe: SafeDuration | None = None) -> Tables:
    """Return the tables of the feed."""
    config, first = region.config, day.replace(day=1)
    last = first.replace(year=first.year + 1) - timedelta(days=1)
    group = f"area:{config.id}"
    tables: Tables = {
        "agency": [_agency(config, home)],
        "stops": _stops(region, home),
        "routes": [_route(config)],
        "calendar": _calendar(config, first, last),
        "trips": _trips(config, safe or safe_duration(config.rules, ())),
        "location_groups": [
            {"location_group_id": group, "location_group_name": GROUP.said("de", config.name)}
        ],
        "location_group_stops": [
            {"location_group_id": group, "stop_id": stop.id} for stop in region.stops
        ],
        "booking_rules": [_booking_rule(config, home)],
        "stop_times": list(_stop_times(config, group)),
        "attributions": [_attribution(config)],
        "translations": list(_translations(config, group)),
    }
    tables["feed_info"] = [_feed_info(config, home, first, last, _version(tables))]
    return tables


def _agency(config: RegionConfig, home: str) -> Row:
    return {
        "agency_id": _AGENCY,
        "agency_name": config.contact.operator,
        "agency_url": f"{home}/",
        "agency_timezone": config.timezone,
        "agency_lang": "de",
        "agency_phone": config.contact.phone,
        "agency_fare_url": f"{home}/fares",
        "agency_email": config.contact.email,
    }


def _stops(region: Region, home: str) -> list[Row]:
    return [
        {
            "stop_id": stop.id,
            "stop_name": stop.label,
            "stop_lat": f"{stop.lat:.6f}",
            "stop_lon": f"{stop.lon:.6f}",
            "stop_url": f"{home}/stops/{stop.id}",
            "location_type": "0",
        }
        for stop in region.stops
    ]


def _route(config: RegionConfig) -> Row:
    return {
        "route_id": ROUTE_ID,
        "agency_id": _AGENCY,
        "route_short_name": "Dorfshuttle",
        "route_desc": ROUTE.said("de", config.name),
        "route_type": _BUS,
    }


def _calendar(config: RegionConfig, first: date, last: date) -> list[Row]:
    services = {_service(hours): hours for hours in config.hours}
    return [
        {
            "service_id": service,
            **{
                column: str(int(day in hours.days))
                for column, day in zip(_GTFS_DAYS, WEEKDAYS, strict=True)
            },
            "start_date": f"{first:%Y%m%d}",
            "end_date": f"{last:%Y%m%d}",
        }
        for service, hours in services.items()
    ]


def _service(hours: Hours) -> str:
    return "-".join(day for day in WEEKDAYS if day in hours.days)


def _trip(hours: Hours) -> str:
    return f"{_service(hours)}@{hours.begin}-{hours.end}"


def _hours(config: RegionConfig) -> Sequence[Hours]:
    """Return the hours, those that are listed twice once."""
    return list({_trip(hours): hours for hours in config.hours}.values())


def _trips(config: RegionConfig, safe: SafeDuration) -> list[Row]:
    takes_wheelchairs = any(
        layout.wheelchairs for vehicle in config.vehicles for layout in vehicle.layouts
    )
    return [
        {
            "route_id": ROUTE_ID,
            "service_id": _service(hours),
            "trip_id": _trip(hours),
            "wheelchair_accessible": "1" if takes_wheelchairs else "2",
            "safe_duration_factor": f"{safe.factor:g}",
            "safe_duration_offset": str(safe.offset),
        }
        for hours in _hours(config)
    ]


def _stop_times(config: RegionConfig, group: str) -> Iterator[Row]:
    for hours in _hours(config):
        for sequence, pickup, drop_off in (
            ("1", _BY_BOOKING, _NOT_HERE),
            ("2", _NOT_HERE, _BY_BOOKING),
        ):
            yield {
                "trip_id": _trip(hours),
                "stop_sequence": sequence,
                "location_group_id": group,
                "start_pickup_drop_off_window": f"{hours.begin}:00",
                "end_pickup_drop_off_window": f"{hours.end}:00",
                "pickup_type": pickup,
                "drop_off_type": drop_off,
                "pickup_booking_rule_id": _RULE if pickup == _BY_BOOKING else "",
                "drop_off_booking_rule_id": _RULE if drop_off == _BY_BOOKING else "",
            }


def _booking_rule(config: RegionConfig, home: str) -> Row:
    lead, horizon = config.rules.lead_minutes, config.rules.horizon_days
    ahead = lead > 0  # else rides are booked in real time, and nothing may be said of notice
    return {
        "booking_rule_id": _RULE,
        "booking_type": "1" if ahead else "0",
        "prior_notice_duration_min": str(lead) if ahead else "",
        "prior_notice_start_day": str(horizon) if ahead else "",
        "prior_notice_start_time": "00:00:00" if ahead else "",
        "message": MESSAGE.said("de", config.name),
        "phone_number": config.contact.phone,
        "info_url": f"{home}/about",
        "booking_url": f"{home}/",
    }


def _attribution(config: RegionConfig) -> Row:
    return {
        "attribution_id": "map",
        "organization_name": config.attribution,
        "is_producer": "1",
    }


def _translations(config: RegionConfig, group: str) -> Iterator[Row]:
    translated: tuple[tuple[str, str, str, Words], ...] = (
        ("routes", "route_desc", ROUTE_ID, ROUTE),
        ("location_groups", "location_group_name", group, GROUP),
        ("booking_rules", "message", _RULE, MESSAGE),
    )
    for table, field, record, words in translated:
        for language in TRANSLATED_TO:
            yield {
                "table_name": table,
                "field_name": field,
                "language": language,
                "translation": words.said(language, config.name),
                "record_id": record,
            }


def _feed_info(config: RegionConfig, home: str, first: date, last: date, version: str) -> Row:
    return {
        "feed_publisher_name": config.contact.operator,
        "feed_publisher_url": f"{home}/",
        "feed_lang": "de",
        "feed_start_date": f"{first:%Y%m%d}",
        "feed_end_date": f"{last:%Y%m%d}",
        "feed_version": version,
        "feed_contact_email": config.contact.email,
        "feed_contact_url": f"{home}/open-data",
    }


def _version(tables: Tables) -> str:
    """Return a name for the contents: another one whenever anything in them is."""
    digest = hashlib.blake2b(digest_size=6)
    for name, rows in sorted(tables.items()):
        digest.update(f"{name}\n{text_of(rows)}".encode())
    return digest.hexdigest()
