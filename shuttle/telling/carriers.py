"""How a message reaches somebody: what a carrier is given, and how it fails.

Two carriers exist: :mod:`shuttle.telling.mail` and :mod:`shuttle.telling.sms`.
"""

from dataclasses import dataclass
from typing import Protocol

from shuttle.domain import Contact
from shuttle.errors import ShuttleError
from shuttle.telling.wording import Words


@dataclass(frozen=True, slots=True)
class Attachment:
    """A calendar file and the method it names."""

    method: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """A notice, ready for one person.

    Attributes
    ----------
    reference
        The same at every attempt, and not to be guessed: whoever gets it twice can tell.
    contact
        Who gets it.
    words
        What it says.
    calendars
        What is attached, where the carrier can.
    """

    reference: str
    contact: Contact
    words: Words
    calendars: tuple[Attachment, ...] = ()


class Undelivered(ShuttleError):
    """A message was not taken, or nobody knows whether it was.

    Attributes
    ----------
    reason
        Such as ``smtp 450`` or ``http timeout``; holds no address and no text.
    for_good
        Whether trying again is useless: no such mailbox, no such number.
    """

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(f"A message was not delivered: {reason}.")
        self.reason = reason
        self.for_good = for_good


class Carrier(Protocol):
    """Takes messages to people. Safe on several threads at once."""

    def send(self, message: Message, now: int) -> None:
        """Hand a message over; returns when it has been accepted.

        Raises
        ------
        Undelivered
            If it was not.
        """

    def close(self) -> None:
        """Let go of connections."""
