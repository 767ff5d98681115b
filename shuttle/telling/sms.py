"""Messages by SMS, through the gateway that ``region.toml`` describes."""

import re

import httpx2

from shuttle.telling.carriers import Message, Undelivered
from shuttle.telling.sms_template import SmsTemplate, places

MISTAKES_OF_OURS = frozenset({401, 402, 403, 404, 405, 407, 408, 409, 425, 429})
"""Refusals that the operator can mend or that pass: tried again. Other 4xx are for good."""


class Sms:
    """Sends SMS through a gateway over HTTP.

    Parameters
    ----------
    template
        What it wants to be asked.
    secret
        Fills ``{secret}``.
    """

    def __init__(self, template: SmsTemplate, secret: str = "") -> None:
        self._template = template
        self._secret = secret
        self._http = httpx2.Client(timeout=template.timeout_seconds, trust_env=False)

    def send(self, message: Message, now: int) -> None:  # noqa: ARG002 -- mail is dated
        """Hand a message over to the gateway.

        Raises
        ------
        Undelivered
            If it was not accepted; for good if the gateway says that it never will be.
        """
        template = self._template
        values = places(message.contact.phone, message.words.sms, message.reference, self._secret)
        try:
            answer = self._http.request(
                template.method,
                template.filled_url(values),
                headers=template.filled_headers(values),
                content=template.filled_body(values).encode() or None,
            )
        except httpx2.TimeoutException as error:
            raise Undelivered("http timeout") from error
        except httpx2.HTTPError as error:
            raise Undelivered("http connection") from error
        if not answer.is_success:
            passing = answer.status_code in MISTAKES_OF_OURS or not answer.is_client_error
            raise Undelivered(f"http {answer.status_code}", for_good=not passing)
        if re.search(template.accepted, answer.text) is None:
            raise Undelivered("http answer not as accepted")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
