"""Offers on the wire: signed, so that nobody can make or change one.

The token holds the whole offer, so nothing has to be kept until somebody books. It is signed, not
secret: it tells its owner nothing that the offer itself does not. The dispatcher checks expiry and
the plan when it is sent back.
"""

import hashlib

from itsdangerous import BadData, URLSafeSerializer
from pydantic import TypeAdapter, ValidationError

from shuttle.domain import Offer

_OFFER = TypeAdapter(Offer)


class OfferTampered(Exception):
    """A token was not signed here, or for another region, or by another version."""


class OfferTokens:
    """Signs offers of one region and reads them back.

    Parameters
    ----------
    key
        Secret; at least 16 bytes.
    region
        The region's id. A token of another region does not open here.
    """

    def __init__(self, key: bytes, region: str) -> None:
        if len(key) < 16:
            raise ValueError("The signing key has fewer than 16 bytes; use 32 random ones.")
        self._serializer = URLSafeSerializer(
            key, salt=f"offer {region}", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def sign(self, offer: Offer) -> str:
        """Return an offer as a token of letters, digits, ``-``, ``_`` and ``.``."""
        return str(self._serializer.dumps(_OFFER.dump_python(offer, mode="json")))

    def open(self, token: str) -> Offer:
        """Return the offer of a token.

        Raises
        ------
        OfferTampered
            If it was not signed with this key for this region.
        """
        try:
            return _OFFER.validate_python(self._serializer.loads(token))
        except (BadData, ValidationError) as error:
            raise OfferTampered("This offer was not made here, or it was changed.") from error
