"""Word from one process to the others on one PostgreSQL: that it wrote, or saw a vehicle."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

CHANNEL = "shuttle"


class Word:
    """What a process says about one region, and how it knows its own words.

    Parameters
    ----------
    region
        The region's id.
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self._own = secrets.token_hex(8)

    def say(self, connection: Connection, content: Sequence[Any] = ()) -> None:
        """Tell the other processes once the transaction is done; without content, that we wrote.

        Other databases than PostgreSQL have no way to.
        """
        if connection.dialect.name == "postgresql":
            payload = json.dumps([self.region, self._own, list(content)])
            connection.execute(sa.select(sa.func.pg_notify(CHANNEL, payload)))

    def heard(self, payload: str) -> list[Any] | None:
        """Return the content of a word; None if it is our own, or about another region."""
        region, sender, content = json.loads(payload)
        return None if region != self.region or sender == self._own else content
