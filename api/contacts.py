"""Whom a booking belongs to, as it comes in: a phone number in any usual form, an e-mail address.

A number without a country is one of the region's country.
"""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api.languages import Language
from api.times import Wire
from shuttle.domain import Channel, Contact
from shuttle.phone import international as in_country
from shuttle.region import Region
from shuttle.telling.mail import is_address


class ContactWire(Wire):
    """How to reach whoever rides. All of it may be left out, and is deleted after the ride."""

    name: str = Field(
        default="",
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="What the driver calls; may be left out.",
    )
    phone: str = Field(default="", max_length=40, pattern=r"^[0-9+() /.-]*$")
    email: str = Field(default="", max_length=254, pattern=r"^[^\x00-\x20\x7f]*$")
    notify: Literal["none", "sms", "email"] = Field(
        default="none", description="How to be told when the vehicle comes."
    )
    language: Language = "de"

    @field_validator("email")
    @classmethod
    def _an_address(cls, email: str) -> str:
        if email and not (re.fullmatch(r"[^@]+@[^@]+\.[^@.]+", email) and is_address(email)):
            raise PydanticCustomError(
                "invalid", "This is no e-mail address; write one such as name@example.org"
            )
        return email

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        lacking = {"sms": not self.phone, "email": not self.email}
        if lacking.get(self.notify, False):
            raise PydanticCustomError(
                "invalid", "To be told by {channel}, give where to", {"channel": self.notify}
            )
        return self

    def contact(self, region: Region) -> Contact:
        """Return the same as a value of the domain; RequestError if the number is none."""
        return Contact(
            name=self.name.strip(),
            phone=international(self.phone, region, "contact.phone") if self.phone else "",
            email=self.email,
            channel=Channel(self.notify),
            language=self.language,
        )


def international(number: str, region: Region, field: str) -> str:
    """Return a phone number in the form ``+494641000``.

    Raises
    ------
    RequestError
        If there can be no such number.
    """
    return in_country(number, region.config.contact.country, field)
