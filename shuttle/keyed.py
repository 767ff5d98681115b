"""What is derived with the service's secret key: pseudonyms, links, and prints of tokens.

One key, a purpose for each use: whoever learns one of these values learns nothing of the others,
and without the key nobody can go through all phone numbers and compare.
"""

import base64
import hashlib
import hmac


class Keyed:
    """Derives values from a secret key (HMAC with SHA-256).

    Parameters
    ----------
    key
        At least 16 bytes; the same after a restart.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("The key has fewer than 16 bytes; use 32 random ones.")
        self._key = key

    def phone(self, number: str) -> str:
        """Return the pseudonym of a phone number: equal for equal numbers, 32 hex digits."""
        return self._derived("phone", number).hex()

    def link(self, code: str) -> str:
        """Return the secret in the link of a booking: 128 bits that the code does not tell."""
        return base64.urlsafe_b64encode(self._derived("link", code)).decode("ascii").rstrip("=")

    def digest(self, token: str) -> str:
        """Return what is stored in the place of a token, 32 hex digits."""
        return self._derived("token", token).hex()

    def webhook(self, partner: str, made_at: int) -> bytes:
        """Return what signs the webhooks of a partner whose key was made at a time: 16 bytes."""
        return self._derived("webhook", f"{made_at} {partner}")

    def csrf(self, session: str) -> str:
        """Return what a page sends back to show that it was made for this session's token."""
        return self._derived("csrf", session).hex()

    def client(self, prefix: str) -> str:
        """Return what stands for a client's address prefix in memory, for rate limits."""
        return self._derived("client", prefix).hex()

    def _derived(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{purpose} {text}".encode(), hashlib.sha256)[:16]
