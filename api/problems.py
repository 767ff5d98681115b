"""Errors on the wire: problem details (RFC 9457) with a stable code and the offending field.

``title`` is one sentence in the reader's language, ``detail`` is English and carries the facts,
``field`` is a JSON path such as ``from.lat``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.languages import language_of
from api.problem_words import problem_title

MEDIA_TYPE = "application/problem+json"

_LONGEST_ECHO = 200
"""Nobody gets back more than this of what they sent."""

_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "json_invalid": "broken_json",
}
"""Pydantic's error types that are codes of ours; other known types become ``invalid``."""

OWN_TYPES = frozenset({"naive_datetime", "invalid_place"})
"""Errors that our own validators raise under their own code."""

TIME_FORMS = frozenset({"with_offset", "wall_clock"})
"""Tags of the two forms of a time; Pydantic puts them into error paths, where they mislead."""

BODY_KINDS = frozenset({"vehicle_out", "shift", "road_closed", "slower", "stop_closed"})
"""Kinds of trouble; Pydantic puts the kind of a body before the path in it."""

_STATUS_CODES = {
    400: "broken_body",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}


class FieldProblem(BaseModel):
    """One of several things wrong with a request."""

    code: str
    field: str
    detail: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 writes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems#outside_area",
                    "title": "This place lies outside the service area.",
                    "status": 422,
                    "detail": "This place lies outside Amt Süderbrarup; choose one inside.",
                    "code": "outside_area",
                    "field": "from",
                }
            ]
        }
    )

    type: str = Field(description="A page that explains the code.")
    title: str = Field(description="One sentence for people, in the language asked for.")
    status: int
    detail: str = Field(description="What is wrong and how to put it right, in English.")
    code: str = Field(description="Stable, for programs.")
    field: str | None = Field(default=None, description="JSON path of what has to change.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="All of them, where several fields are wrong."
    )


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
    **extensions: Any,
) -> JSONResponse:
    """Return a problem as a response; `extensions` are further members, None ones left out."""
    body = {
        "type": f"/problems#{code}",
        "title": problem_title(language_of(request), code),
        "status": status,
        "detail": detail,
        "code": code,
        "field": field,
        **extensions,
    }
    return JSONResponse(
        {key: value for key, value in body.items() if value is not None},
        status_code=status,
        headers=dict(headers or {}) | {"Content-Language": language_of(request)},
        media_type=MEDIA_TYPE,
    )


def code_of(status: int) -> str:
    """Return the code of what routing refuses with an HTTP status."""
    return _STATUS_CODES.get(status, "invalid")


def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what routing refuses: unknown path, wrong method, unreadable body."""
    assert isinstance(error, HTTPException)
    code = code_of(error.status_code)
    detail = {
        "broken_body": "The body cannot be read as JSON in UTF-8.",
        "not_found": "There is nothing at this address.",
        "method_not_allowed": f"{request.method} is not possible at this address.",
    }.get(code, str(error.detail))
    return problem(request, error.status_code, code, detail, headers=error.headers)


def on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer a request that does not fit the schema: every field that is wrong, the first above."""
    assert isinstance(error, RequestValidationError)
    found = [
        FieldProblem(
            code=_code(each["type"]),
            field=json_path(each["loc"])[:_LONGEST_ECHO],
            detail=f"{each['msg'].removeprefix('Value error, ')}."[:_LONGEST_ECHO],
        )
        for each in error.errors()
    ]
    first = found[0]
    if first.code == "broken_json":
        detail = f"The body is no JSON: {error.errors()[0]['ctx']['error']}."
        return problem(request, 400, first.code, detail)
    return problem(
        request,
        422,
        first.code,
        f"{first.field}: {first.detail}" if first.field else first.detail,
        field=first.field,
        errors=[each.model_dump() for each in found] if len(found) > 1 else None,
    )


def json_path(location: Sequence[int | str]) -> str:
    """Return Pydantic's location as a JSON path: ``("body", "from", "lat")`` is ``from.lat``."""
    source, *parts = location or ("body",)
    assert source in ("body", "query", "path", "header")
    if len(parts) > 1 and parts[0] in BODY_KINDS:
        del parts[0]
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part not in TIME_FORMS:
            path += f".{part}" if path else part
    return path


def _code(kind: str) -> str:
    return kind if kind in OWN_TYPES else _CODES.get(kind, "invalid")


def answers(*statuses: int, schema: str = "Problem") -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's words for the problems that an endpoint answers with."""
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        status: {
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": reference, "example": _example(status)}},
        }
        for status in statuses
    }


def _example(status: int) -> dict[str, Any]:
    """Return a problem of a status, as it is told in English."""
    code, detail, *field = _EXAMPLES[status]
    title = problem_title("en", code)
    told = {"type": f"/problems#{code}", "title": title, "status": status, "detail": detail}
    return {**told, "code": code, **({"field": field[0]} if field else {})}


_EXAMPLES = {
    400: ("broken_body", "The body cannot be read as JSON in UTF-8."),
    401: ("not_signed_in", "Sign in with POST /api/v1/session, or send an API key as Bearer."),
    403: ("not_allowed", "This account or key may not do this."),
    404: ("unknown_booking", "There is no booking K7MX2Q9A."),
    409: ("offer_gone", "This ride is no longer possible; ask again."),
    410: ("offer_expired", "The offer was valid until 09:40; ask again."),
    413: ("body_too_large", "The body has more bytes than anything here needs."),
    422: ("outside_area", "This place lies outside Amt Süderbrarup; choose one inside.", "from"),
    429: ("too_many_requests", "Try again in 30 seconds."),
    503: ("store_unavailable", "The database cannot be used: it does not answer."),
}
"""Code, detail and field of one problem that may come with a status."""


_DESCRIPTIONS = {
    400: "The body cannot be read as JSON.",
    401: "Whoever asks has not said who they are, or not rightly.",
    403: "This is not the caller's work, or the request may be forged.",
    404: "Nothing has this name.",
    409: "It cannot be done as things stand now.",
    410: "The offer is no longer valid.",
    413: "The body is too large.",
    422: "A field is missing, unknown or wrong; `field` names it.",
    429: "Too many requests; `Retry-After` says when to try again.",
    503: "The service cannot answer at the moment; try again.",
}
