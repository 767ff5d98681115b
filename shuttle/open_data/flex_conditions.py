"""The conditional rules of GTFS for on-demand trips: what must and must not be said together.

A rule looks at one row and yields the field that is wrong and one sentence about it.
"""

from collections.abc import Callable, Iterator, Mapping

from shuttle.open_data.flex_rules import seconds_of
from shuttle.open_data.tables import Row

Wrong = Iterator[tuple[str, str]]

Rule = Callable[[Row], Wrong]

_START, _END = "start_pickup_drop_off_window", "end_pickup_drop_off_window"

_PLACES = ("stop_id", "location_group_id", "location_id")


def _given(row: Row, *fields: str) -> list[str]:
    return [field for field in fields if row.get(field)]


def _one_place(row: Row) -> Wrong:
    """Want one place of a stop time: a stop, a group or a zone."""
    named = _given(row, *_PLACES)
    if not named:
        yield "stop_id", "is empty; name a stop, a location group or a location"
    for field in named[1:]:
        yield field, f"is forbidden where {named[0]} is given; keep one of the two"


def _windows(row: Row) -> Wrong:
    """Want windows in groups and zones, with two ends in order, and no times beside them."""
    ends = _given(row, _START, _END)
    group = _given(row, "location_group_id", "location_id")
    for field, other in ((_START, _END), (_END, _START)):
        if not row.get(field) and (group or row.get(other)):
            yield field, f"is required where {(group or [other])[0]} is given"
    for field in _given(row, "arrival_time", "departure_time") if ends else ():
        yield field, f"is forbidden where {ends[0]} is given; a window has no other times"
    if len(ends) == 2 and _later(row[_START], row[_END]):
        yield _END, "is not after the start of the window"


def _later(start: str, end: str) -> bool:
    try:
        return seconds_of(start) >= seconds_of(end)
    except ValueError:
        return False  # its form is complained about already


_NOT_WITH_WINDOWS: Mapping[str, tuple[str, ...]] = {
    "pickup_type": ("", "0", "3"),
    "drop_off_type": ("", "0"),
    "continuous_pickup": ("0", "2", "3"),
    "continuous_drop_off": ("0", "2", "3"),
}
"""Values that are forbidden in a window; an empty one means 0 where it is listed."""


def _types(row: Row) -> Wrong:
    """Want what has a window to be booked: not by timetable, nor with the driver alone."""
    if not _given(row, _START, _END):
        return
    for field, forbidden in _NOT_WITH_WINDOWS.items():
        value = row.get(field, "")
        if value in forbidden:
            said = value or "empty, which means 0,"
            yield field, f"{said} is forbidden where a window is given; 1 is none, 2 by booking"


def _both_times(row: Row) -> Wrong:
    """Want an arrival and a departure where times are exact."""
    if row.get("timepoint") == "1" and not _given(row, _START, _END):
        for field in ("arrival_time", "departure_time"):
            if not row.get(field):
                yield field, "is required where timepoint is 1"


def _notice(row: Row) -> Wrong:
    """Want the notice that belongs to a way of booking, and no other."""
    kind = row.get("booking_type")
    if kind not in ("0", "1", "2"):
        return
    needed = {"1": "prior_notice_duration_min", "2": "prior_notice_last_day"}
    for value, field in needed.items():
        if kind == value and not row.get(field):
            yield field, f"is required where booking_type is {kind}"
        if kind != value and row.get(field):
            yield field, f"is forbidden where booking_type is {kind}"
    only = {"prior_notice_duration_max": "1", "prior_notice_service_id": "2"}
    for field, value in only.items():
        if kind != value and row.get(field):
            yield field, f"is forbidden where booking_type is {kind}"


def _start_of_notice(row: Row) -> Wrong:
    """Want no earliest day of what is booked in real time, nor beside a longest notice."""
    if not row.get("prior_notice_start_day"):
        return
    if row.get("booking_type") == "0":
        yield "prior_notice_start_day", "is forbidden where booking_type is 0"
    if row.get("booking_type") == "1" and row.get("prior_notice_duration_max"):
        yield "prior_notice_start_day", "is forbidden where prior_notice_duration_max is given"


def _days_with_times(row: Row) -> Wrong:
    """Want a time of each day of notice, and a day of each time."""
    for kind in ("last", "start"):
        day, time = f"prior_notice_{kind}_day", f"prior_notice_{kind}_time"
        if row.get(day) and not row.get(time):
            yield time, f"is required where {day} is given"
        if row.get(time) and not row.get(day):
            yield time, f"is forbidden where {day} is empty"


def _longest_notice(row: Row) -> Wrong:
    shortest, longest = (row.get(f"prior_notice_duration_{end}", "") for end in ("min", "max"))
    if shortest.isdigit() and longest.isdigit() and int(longest) < int(shortest):
        yield "prior_notice_duration_max", "is less than prior_notice_duration_min"


def _stop_is_somewhere(row: Row) -> Wrong:
    """Want a name and a place of stops, stations and entrances."""
    if row.get("location_type", "") in ("", "0", "1", "2"):
        for field in ("stop_name", "stop_lat", "stop_lon"):
            if not row.get(field):
                yield field, "is required for a stop"


def _route_has_a_name(row: Row) -> Wrong:
    if not _given(row, "route_short_name", "route_long_name"):
        yield "route_long_name", "is required where route_short_name is empty"


def _in_order(first: str, last: str) -> Rule:
    def rule(row: Row) -> Wrong:
        if row.get(first, "") > row.get(last, "") > "":
            yield last, f"is before {first}"

    return rule


def _translated(row: Row) -> Wrong:
    """Want a translation to name its record or its text; of the feed itself neither."""
    if row.get("table_name") == "feed_info":
        for field in _given(row, "record_id", "record_sub_id", "field_value"):
            yield field, "is forbidden where table_name is feed_info"
        return
    if not _given(row, "record_id", "field_value"):
        yield "record_id", "is required where field_value is empty"
    for field in _given(row, "record_id", "record_sub_id") if row.get("field_value") else ():
        yield field, "is forbidden where field_value is given"
    stop_time = row.get("table_name") == "stop_times"
    if stop_time and row.get("record_id") and not row.get("record_sub_id"):
        yield "record_sub_id", "is required where table_name is stop_times"


CONDITIONS: Mapping[str, tuple[Rule, ...]] = {
    "stops": (_stop_is_somewhere,),
    "routes": (_route_has_a_name,),
    "calendar": (_in_order("start_date", "end_date"),),
    "stop_times": (_one_place, _windows, _types, _both_times),
    "booking_rules": (_notice, _start_of_notice, _days_with_times, _longest_notice),
    "translations": (_translated,),
    "feed_info": (_in_order("feed_start_date", "feed_end_date"),),
}
"""The rules of each table."""
