"""``[sms]`` in ``region.toml``: what an SMS gateway wants to be asked, as a template.

::

    [sms]
    url = "https://gateway.example/api/sms"
    headers = { Authorization = "Bearer {secret}", Content-Type = "application/json" }
    body = '{"to": "{to}", "text": "{text}", "reference": "{id}"}'

``{to}`` is the number as +494641000, ``{digits}`` without the plus; ``{text}`` the message;
``{id}`` the same at every attempt, for gateways that take a message only once; ``{secret}`` comes
from the environment (SHUTTLE_SMS_SECRET), ``{secret_base64}`` the same for basic authentication.
Whatever is filled in is written as its place wants it: in the address, in JSON, or in a form.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Literal, Self
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, ConfigDict, Field, model_validator

_PLACE = re.compile(r"\{(to|digits|text|id|secret|secret_base64)\}")


class SmsTemplate(BaseModel):
    """A request to an SMS gateway.

    Attributes
    ----------
    method, url, headers, body
        Of the request, with places to fill in.
    accepted
        A pattern in the answer that tells success, for gateways that say 200 to everything.
    timeout_seconds
        How long the gateway may take.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    method: Literal["GET", "POST", "PUT"] = "POST"
    url: str = Field(pattern=r"^https?://[^\s/]+")
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    accepted: str = ""
    timeout_seconds: float = Field(default=10.0, gt=0, le=30)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        asked = self.url + self.body
        if "{text}" not in asked or not ("{to}" in asked or "{digits}" in asked):
            raise ValueError("url or body must hold {text} and {to} (or {digits})")
        if any(_PLACE.search(value.replace("{id}", "")) for value in self._open_headers()):
            raise ValueError("headers may hold only {id}, {secret} and {secret_base64}")
        try:
            re.compile(self.accepted)
        except re.error as error:
            raise ValueError(f"accepted is no regular expression: {error}") from error
        if self._is_json:
            try:
                json.loads(self.filled_body(_SAMPLE))
            except ValueError as error:
                raise ValueError(f"body is no JSON once it is filled in: {error}") from error
        return self

    @property
    def wants_secret(self) -> bool:
        """Whether a secret has to be given in the environment."""
        return "{secret" in self.url + self.body + "".join(self.headers.values())

    def filled_url(self, values: Mapping[str, str]) -> str:
        """Return the address, what is filled in escaped."""
        return _filled(self.url, values, lambda value: quote(value, safe=""))

    def filled_headers(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the headers."""
        return {name: _filled(value, values, str) for name, value in self.headers.items()}

    def filled_body(self, values: Mapping[str, str]) -> str:
        """Return the body, what is filled in escaped as JSON or as a form."""
        if self._is_json:
            return _filled(self.body, values, lambda value: json.dumps(value)[1:-1])
        if "form-urlencoded" in self._content_type:
            return _filled(self.body, values, quote_plus)
        return _filled(self.body, values, str)

    @property
    def _content_type(self) -> str:
        lowered = {name.lower(): value.lower() for name, value in self.headers.items()}
        return lowered.get("content-type", "")

    @property
    def _is_json(self) -> bool:
        return "json" in self._content_type

    def _open_headers(self) -> list[str]:
        return [re.sub(r"\{secret(_base64)?\}", "", value) for value in self.headers.values()]


def places(to: str, text: str, reference: str, secret: str) -> dict[str, str]:
    """Return what is filled in where."""
    return {
        "to": to,
        "digits": to.removeprefix("+"),
        "text": text,
        "id": reference,
        "secret": secret,
        "secret_base64": base64.b64encode(secret.encode()).decode("ascii"),
    }


_SAMPLE = places("+494641000", 'a "text"', "0", "secret")


def _filled(template: str, values: Mapping[str, str], written: Callable[[str], str]) -> str:
    return _PLACE.sub(lambda found: written(values[found[1]]), template)
