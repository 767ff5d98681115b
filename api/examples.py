"""An example of every answer in the OpenAPI document, put together from its schema.

What a schema has as its own example counts first, then what a field of that name usually holds,
then the least that its type allows.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_TEXTS = {
    "at": "Kirche",
    "attribution": "© OpenStreetMap contributors",
    "before": "bus-2@06:00",
    "booking": "K7MX2Q9A",
    "brand_id": "dorfshuttle",
    "cause": "road",
    "code": "K7MX2Q9A",
    "comes_from": "Ulsnis, Kirche",
    "csrf_token": "9f2Jt0cQm1sYp4",
    "days": "mon",
    "dropoff_stop": "Süderbrarup, Bahnhof",
    "email": "resident@example.org",
    "expected": "2027-03-27T10:34:00+01:00",
    "from": "Boren, Kirche",
    "getting_off": "K7MX2Q9A",
    "getting_on": "K7MX2Q9A",
    "gone_rides": "K7MX2Q9A",
    "gone_tours": "bus-2@06:00",
    "houses": "12",
    "id": "s17",
    "kind": "pickup",
    "label": "Kindergarten Boren",
    "line": "RE 72",
    "link": "Xq3vT0bM9yKd2LwEoR5uJg",
    "linked": "P4WD8H2C",
    "message": "All vehicles are busy then; 11:10 works.",
    "missed": "2027-04-03",
    "name": "Bahnhof",
    "obstacle": "closed",
    "offer": "eyJpZCI6Ik84UTJNN0tYIn0.aH7uXQ.9f2Jt0cQm1s",
    "operator": "Amt Süderbrarup",
    "path": "m 12 40 l 3 -2",
    "phone": "+494641780",
    "phone_number": "+494641780",
    "pickup_stop": "Boren, Kirche",
    "place": "Ulsnis",
    "reason": "no_vehicle_in_reach",
    "region": "suederbrarup",
    "rides": "K7MX2Q9A",
    "service_name": "Dorfshuttle",
    "shift": "bus-1@06:00",
    "sketch": "<svg></svg>",
    "status": "booked",
    "stop": "s17",
    "tag": "a3f0c1-12",
    "timezone": "Europe/Berlin",
    "to": "Süderbrarup, Bahnhof",
    "towards": "Kiel",
    "train": "to:2027-03-27:south-11",
    "travel_cost_currency": "EUR",
    "vehicle": "bus-1",
    "version": "1.0",
    "viewer": "anna",
    "village": "Boren",
    "web_uri": "https://bus.example.org/",
}
"""What fields of these names hold."""

_CLOCKS = {
    "begin": "06:00",
    "end": "14:00",
    "earliest": "10:30",
    "latest": "10:40",
    "expected_pickup": "10:34",
    "pickup": "10:34",
    "dropoff": "10:52",
    "expected_dropoff": "10:52",
    "arrival": "10:52",
    "departure": "10:35",
    "dropoff_latest": "11:05",
    "until": "12:00",
    "valid_until": "09:40",
    "booked_at": "09:31",
    "asked": "09:30",
    "now": "09:30",
}
"""When fields of these names are; others are at half past ten."""

_MOSTLY_THERE = frozenset(
    {"depart_at", "dropoff", "kept_rate", "link", "pickup", "rest", "shift", "stop"}
)
"""What an answer has although it may lack it; of everything else that may be null it lacks it."""

_NUMBERS = {
    "lat": 54.6369,
    "lon": 9.7714,
    "cents": 240,
    "direct_seconds": 840,
    "ride_seconds": 1080,
    "walk_to_pickup_metres": 120,
    "walk_from_dropoff_metres": 80,
    "change_minutes": 6,
    "requests": 1,
    "passengers": 2,
    "seats": 8,
    "kept_rate": 1.0,
}

_DAY = "2027-03-27"


def add_examples(document: Schema) -> None:
    """Give every JSON answer of a document an example that its schema allows."""
    for answer in _answers(document):
        answer.setdefault("example", example_of(answer["schema"], document))


def _answers(document: Schema) -> Iterator[Schema]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                for kind, content in answer.get("content", {}).items():
                    if kind.endswith("json") and "schema" in content:
                        yield content


def example_of(schema: Schema, document: Schema, name: str = "") -> Any:
    """Return an example of what a schema allows, under the name of its field."""
    if "$ref" in schema:
        known = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return example_of(known, document, name)
    if "examples" in schema:
        return schema["examples"][0]
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            if {"type": "null"} in schema[key] and name not in _MOSTLY_THERE:
                return None
            return example_of(schema[key][0], document, name)
    return _of_type(schema, document, name)


def _of_type(schema: Schema, document: Schema, name: str) -> Any:
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            return {each: example_of(fields[each], document, each) for each in fields}
        case "array":
            if "prefixItems" in schema:
                return [example_of(each, document, name) for each in schema["prefixItems"]]
            items = schema.get("items")
            return [] if items is None else [example_of(items, document, name)]
        case "string":
            return _text(schema, name)
        case "boolean":
            return False
        case "integer" | "number":
            return _NUMBERS.get(name, int(schema.get("minimum", 1)))
    return None


def _text(schema: Schema, name: str) -> str:
    match schema.get("format"):
        case "date":
            return _DAY
        case "date-time":
            return f"{_DAY}T{_CLOCKS.get(name, '10:30')}:00+01:00"
    return _TEXTS.get(name, name)  # a test names those about which nothing is known
