"""Schemathesis over the whole OpenAPI document: no 5xx, nothing that is not documented."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from shuttle.dispatcher import Dispatcher
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.api_client import KEY, Clock

OPERATIONS = 14
"""How many the document has; a new one is tried without being asked."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def document(toy_region: Region) -> Iterator[schemathesis.BaseSchema]:
    dispatcher = Dispatcher(toy_region, MemoryStore())
    app = create_app(dispatcher, Clock(), KEY, tick_seconds=None)
    yield schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    dispatcher.close()


def try_every_operation(
    document: schemathesis.BaseSchema, mode: GenerationMode, examples: int
) -> None:
    operations = [found.ok() for found in document.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == OPERATIONS
    for operation in operations:

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def keeps_its_word(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(checks=CHECKS)

        try:
            keeps_its_word()
        except Unsatisfiable:  # an operation without parameters has nothing to get wrong
            assert mode is GenerationMode.NEGATIVE


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_does_what_its_document_says(
    document: schemathesis.BaseSchema, mode: GenerationMode
) -> None:
    try_every_operation(document, mode, examples=8)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_does_what_its_document_says_at_length(
    document: schemathesis.BaseSchema, mode: GenerationMode
) -> None:
    try_every_operation(document, mode, examples=500)
