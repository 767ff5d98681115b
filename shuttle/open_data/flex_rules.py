"""What GTFS says of each field: whether it must be there, its form, and what it refers to.

After the reference of gtfs.org, as of June 2026, for the files that an on-demand feed needs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Check = Callable[[str], bool]


def _number(low: float, high: float = float("inf")) -> Check:
    def fits(text: str) -> bool:
        try:
            return low <= float(text) <= high
        except ValueError:
            return False

    return fits


def _like(pattern: str) -> Check:
    return lambda text: re.fullmatch(pattern, text) is not None


def _is_date(text: str) -> bool:
    try:
        return len(text) == 8 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")

FORMS: Mapping[str, tuple[Check, str]] = {
    # name: whether a text has the form, and what it is to look like
    "text": (bool, "any text"),
    "whole": (_like(r"\d+"), "a whole number, 0 or more"),
    "float": (_number(-float("inf")), "a number"),
    "lat": (_number(-90, 90), "degrees from -90 to 90"),
    "lon": (_number(-180, 180), "degrees from -180 to 180"),
    "time": (lambda text: TIME.fullmatch(text) is not None, "a time such as 06:30:00"),
    "date": (_is_date, "a day such as 20270301"),
    "url": (_like(r"https?://[^\s/]+\S*"), "an address that begins with http:// or https://"),
    "email": (_like(r"[^@\s]+@[^@\s]+"), "an e-mail address"),
    "zone": (_is_zone, "a time zone such as Europe/Berlin"),
    "language": (_like(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"), "a language such as de"),
}


def seconds_of(text: str) -> int:
    """Return the seconds after the begin of the service day of a time such as ``25:10:00``."""
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no time such as 06:30:00")
    hours, minutes, seconds = map(int, found.groups())
    return hours * 3600 + minutes * 60 + seconds


@dataclass(frozen=True, slots=True)
class Column:
    """What is said of a field.

    Attributes
    ----------
    form
        A name in :data:`FORMS`, or the values there are, separated by ``|``.
    required
        Whether no row may leave it empty.
    refers
        Tables and columns in one of which the value must be found.
    """

    form: str = "text"
    required: bool = False
    refers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """What is said of a file.

    Attributes
    ----------
    key
        Columns whose values together are there once.
    columns
        Those that are looked at; others are left alone, as GTFS allows more.
    """

    key: tuple[str, ...]
    columns: Mapping[str, Column] = field(default_factory=dict)


def _to(table: str, column: str, *, required: bool = False) -> Column:
    return Column(required=required, refers=((table, column),))


_MUST = Column(required=True)
_DAY = Column("0|1", required=True)
_METHOD, _CONTINUOUS = Column("0|1|2|3"), Column("0|1|2|3")
_SERVICE = (("calendar", "service_id"), ("calendar_dates", "service_id"))

TABLES: Mapping[str, Table] = {
    "agency": Table(
        ("agency_id",),
        {
            "agency_name": _MUST,
            "agency_url": Column("url", required=True),
            "agency_timezone": Column("zone", required=True),
            "agency_lang": Column("language"),
            "agency_fare_url": Column("url"),
            "agency_email": Column("email"),
        },
    ),
    "stops": Table(
        ("stop_id",),
        {
            "stop_id": _MUST,
            "stop_lat": Column("lat"),
            "stop_lon": Column("lon"),
            "stop_url": Column("url"),
            "location_type": Column("0|1|2|3|4"),
            "parent_station": _to("stops", "stop_id"),
            "wheelchair_boarding": Column("0|1|2"),
        },
    ),
    "routes": Table(
        ("route_id",),
        {
            "route_id": _MUST,
            "agency_id": _to("agency", "agency_id"),
            "route_type": Column("whole", required=True),
            "route_url": Column("url"),
            "continuous_pickup": _CONTINUOUS,
            "continuous_drop_off": _CONTINUOUS,
        },
    ),
    "trips": Table(
        ("trip_id",),
        {
            "route_id": _to("routes", "route_id", required=True),
            "service_id": Column(required=True, refers=_SERVICE),
            "trip_id": _MUST,
            "wheelchair_accessible": Column("0|1|2"),
            "bikes_allowed": Column("0|1|2"),
            "safe_duration_factor": Column("float"),
            "safe_duration_offset": Column("float"),
        },
    ),
    "stop_times": Table(
        ("trip_id", "stop_sequence"),
        {
            "trip_id": _to("trips", "trip_id", required=True),
            "stop_sequence": Column("whole", required=True),
            "stop_id": _to("stops", "stop_id"),
            "location_group_id": _to("location_groups", "location_group_id"),
            "location_id": _to("locations.geojson", "id"),
            "arrival_time": Column("time"),
            "departure_time": Column("time"),
            "start_pickup_drop_off_window": Column("time"),
            "end_pickup_drop_off_window": Column("time"),
            "pickup_type": _METHOD,
            "drop_off_type": _METHOD,
            "continuous_pickup": _CONTINUOUS,
            "continuous_drop_off": _CONTINUOUS,
            "timepoint": Column("0|1"),
            "pickup_booking_rule_id": _to("booking_rules", "booking_rule_id"),
            "drop_off_booking_rule_id": _to("booking_rules", "booking_rule_id"),
        },
    ),
    "calendar": Table(
        ("service_id",),
        {
            "service_id": _MUST,
            "monday": _DAY,
            "tuesday": _DAY,
            "wednesday": _DAY,
            "thursday": _DAY,
            "friday": _DAY,
            "saturday": _DAY,
            "sunday": _DAY,
            "start_date": Column("date", required=True),
            "end_date": Column("date", required=True),
        },
    ),
    "calendar_dates": Table(
        ("service_id", "date"),
        {
            "service_id": _MUST,
            "date": Column("date", required=True),
            "exception_type": Column("1|2", required=True),
        },
    ),
    "location_groups": Table(("location_group_id",), {"location_group_id": _MUST}),
    "location_group_stops": Table(
        ("location_group_id", "stop_id"),
        {
            "location_group_id": _to("location_groups", "location_group_id", required=True),
            "stop_id": _to("stops", "stop_id", required=True),
        },
    ),
    "booking_rules": Table(
        ("booking_rule_id",),
        {
            "booking_rule_id": _MUST,
            "booking_type": Column("0|1|2", required=True),
            "prior_notice_duration_min": Column("whole"),
            "prior_notice_duration_max": Column("whole"),
            "prior_notice_last_day": Column("whole"),
            "prior_notice_last_time": Column("time"),
            "prior_notice_start_day": Column("whole"),
            "prior_notice_start_time": Column("time"),
            "prior_notice_service_id": _to("calendar", "service_id"),
            "info_url": Column("url"),
            "booking_url": Column("url"),
        },
    ),
    "translations": Table(
        ("table_name", "field_name", "language", "record_id", "record_sub_id", "field_value"),
        {
            "table_name": _MUST,
            "field_name": _MUST,
            "language": Column("language", required=True),
            "translation": _MUST,
        },
    ),
    "feed_info": Table(
        (),
        {
            "feed_publisher_name": _MUST,
            "feed_publisher_url": Column("url", required=True),
            "feed_lang": Column("language", required=True),
            "default_lang": Column("language"),
            "feed_start_date": Column("date"),
            "feed_end_date": Column("date"),
            "feed_contact_email": Column("email"),
            "feed_contact_url": Column("url"),
        },
    ),
}
