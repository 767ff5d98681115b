"""QR codes: from a stop to its booking, to a booked ride."""

from functools import lru_cache
from urllib.parse import quote, urlencode

import segno
from fastapi import Request
from markupsafe import Markup

QUIET = 4
"""Modules of white around a code; scanners want no less (ISO/IEC 18004)."""


def home_of(request: Request) -> str:
    """Return where residents find the service: as configured, else as it was asked just now."""
    configured: str = getattr(request.app.state, "public_url", "")
    return configured or str(request.base_url)


def booking_address(home: str, label: str, language: str = "") -> str:
    """Return where a ride from a stop is booked.

    Parameters
    ----------
    home
        The service's address.
    label
        Of the stop; empty for a ride from anywhere.
    language
        Of the page; empty lets the browser choose.
    """
    asked = {"from": label, "lang": language}
    query = urlencode({name: value for name, value in asked.items() if value}, quote_via=quote)
    return f"{home.rstrip('/')}/{'?' if query else ''}{query}"


@lru_cache(maxsize=2048)
def code(address: str) -> Markup:
    """Return a QR code as an SVG element, black on white whatever the page's colours are."""
    drawn = segno.make(address, error="m", micro=False).svg_inline(
        border=QUIET, light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704 -- numbers
