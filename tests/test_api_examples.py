"""Whoever reads the OpenAPI document finds an example of all that can be sent, and all answers."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from api.app import create_app
from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.api_client import KEY, Clock

Schema = dict[str, Any]


@pytest.fixture(scope="module")
def document(toy_region: Region) -> Schema:
    dispatcher = Dispatcher(toy_region, MemoryStore())
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    found: Schema = app.openapi()
    dispatcher.close()
    return found


def bodies(document: Schema) -> dict[str, Schema]:
    """Return what can be sent, by operation."""
    return {
        operation["operationId"]: content["schema"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }


def example(schema: Schema, document: Schema) -> Any:
    """Return an example as a reader puts it together: of the whole, else of what it must have."""
    if "$ref" in schema:
        return example(document["components"]["schemas"][schema["$ref"].split("/")[-1]], document)
    if "examples" in schema:
        return schema["examples"][0]
    for key in ("example", "const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            return example(schema[key][0], document)
    if schema.get("type") == "array":
        return [example(schema["items"], document)]
    assert "properties" in schema, f"there is no example of {schema}"
    known = schema["properties"]
    return {name: example(known[name], document) for name in schema.get("required", ())}


def test_everything_that_can_be_sent_has_an_example_that_is_right(document: Schema) -> None:
    found = bodies(document)
    assert len(found) >= 14
    for operation, schema in found.items():
        of_one_kind = schema.get("oneOf", [schema])
        for each in of_one_kind:
            sent = example(each, document)
            rules = {**each, "components": document["components"]}
            faults = list(jsonschema_rs.Draft202012Validator(rules).iter_errors(sent))
            assert not faults, (operation, sent, faults)


def answers(document: Schema) -> dict[tuple[str, str], Schema]:
    """Return the JSON answers, by operation and status."""
    return {
        (operation["operationId"], status): content
        for methods in document["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        for kind, content in answer.get("content", {}).items()
        if kind.endswith("json")
    }


def test_every_answer_has_an_example_that_is_right_and_says_something(document: Schema) -> None:
    found = answers(document)
    assert len(found) > 300
    for which, content in found.items():
        rules = {**content["schema"], "components": document["components"]}
        faults = list(jsonschema_rs.Draft202012Validator(rules).iter_errors(content["example"]))
        assert not faults, (which, content["example"], faults)
        assert content["example"], which
        assert not list(unknown(content["example"])), which


def unknown(found: Any, name: str = "") -> Iterator[str]:
    """Yield the fields about whose text nothing is known: it is their own name."""
    if isinstance(found, dict):
        for each, inside in found.items():
            yield from unknown(inside, each)
    elif isinstance(found, list):
        for inside in found:
            yield from unknown(inside, name)
    elif found == name != "":
        yield name


def test_the_example_of_a_booking_is_one_as_it_may_be(document: Schema) -> None:
    booking = answers(document)["rides_book", "201"]["example"]
    window = booking["pickup_window"]
    assert window["earliest"] < window["latest"] < booking["dropoff_latest"]
    assert booking["day"] == window["earliest"][:10]
    assert (booking["code"], booking["fare"]["currency"]) == ("K7MX2Q9A", "EUR")


def test_operations_are_called_by_their_room_and_name(document: Schema) -> None:
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    assert len(set(names)) == len(names)
    assert "rides_book" in names
    assert not [name for name in names if "api_v1" in name or " " in name]
