"""Schemathesis over the whole OpenAPI document: no 5xx, nothing that is not documented.

Asked by anybody, and by somebody who is signed in and may everything.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
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

from routing.insertion import warm_up
from shuttle.region import Region
from tests.staff import PASSWORD, office

OPERATIONS = 72
"""How many the document has; a new one is tried without being asked."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


Headers = Callable[[], dict[str, str]]
"""Gives the headers of whoever asks, anew for each request: one of them may sign out."""

Asked = tuple[schemathesis.BaseSchema, Headers]


@pytest.fixture(scope="module", params=["anybody", "admin"])
def asked(
    request: pytest.FixtureRequest, toy_region: Region, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Asked]:
    folder: Path = tmp_path_factory.mktemp("office")
    warm_up()  # as the service does before it listens: a request has ten seconds
    with office(toy_region, folder) as here:

        def signed_in() -> dict[str, str]:
            token = here.door.enter("admin", PASSWORD, here.clock()).token
            return {"Cookie": f"session={token}", "X-CSRF-Token": here.door.csrf(token)}

        document = schemathesis.openapi.from_asgi("/api/v1/openapi.json", here.http.app)
        yield document, dict if request.param == "anybody" else signed_in


def try_every_operation(asked: Asked, mode: GenerationMode, examples: int) -> None:
    document, headers = asked
    seen = set[tuple[str, int]]()
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
            answer = case.call_and_validate(checks=CHECKS, headers=headers())
            seen.add((case.operation.label, answer.status_code))

        try:
            keeps_its_word()
        except Unsatisfiable:  # an operation without parameters has nothing to get wrong
            assert mode is GenerationMode.NEGATIVE
    who = ("GET /api/v1/session", 401 if headers is dict else 200)
    assert mode is GenerationMode.NEGATIVE or who in seen


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_does_what_its_document_says(asked: Asked, mode: GenerationMode) -> None:
    try_every_operation(asked, mode, examples=8)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_the_api_does_what_its_document_says_at_length(asked: Asked, mode: GenerationMode) -> None:
    # As many requests in all as when there were 13 operations and 500 of each.
    try_every_operation(asked, mode, examples=13 * 500 // OPERATIONS)
