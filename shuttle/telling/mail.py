"""Messages by e-mail: one SMTP session each, so that a broken one harms no other."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from shuttle.telling.carriers import Message, Undelivered

Security = Literal["starttls", "tls", "none"]

PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}

_NO_ADDRESS = (ValueError, MessageError, AttributeError, IndexError)
"""What the standard library raises over what is none; the last two where it trips."""


def is_address(text: str) -> bool:
    """Whether mail can be written to an address: asks what writes it."""
    try:
        Address(addr_spec=text)
    except _NO_ADDRESS:
        return False
    return True


@dataclass(frozen=True)
class Mail:
    """Sends mail through one SMTP server.

    Attributes
    ----------
    host, port
        Where it listens.
    security
        Encrypted from the start (``tls``), after a greeting (``starttls``), or not at all.
    user, password
        Empty where the server wants none.
    sender
        The address that mail comes from, and goes back to if it cannot be delivered.
    sender_name, reply_to
        What readers see, and whom they answer.
    timeout
        Seconds that the server may take for each step.
    """

    host: str
    port: int
    security: Security
    sender: str
    sender_name: str
    reply_to: str
    user: str = ""
    password: str = ""
    timeout: float = 10.0

    def send(self, message: Message, now: int) -> None:
        """Hand a message over to the server.

        Raises
        ------
        Undelivered
            If it was not accepted; for good if the server says that it never will be.
        """
        mail = self._mail(message, now)
        with _explained(), self._session() as server:
            server.send_message(mail, self.sender, [message.contact.email])

    def check(self) -> None:
        """Greet the server and log in, to see whether it would take mail.

        Raises
        ------
        Undelivered
            If it would not; its reason says where it ended.
        """
        with _explained(), self._session() as server:
            server.noop()

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        server = self._connected()
        try:
            if self.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self.user:
                with _login():
                    server.login(self.user, self.password)
            yield server
            # Accepted is accepted, however the server takes our leave.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        name = self.sender.rpartition("@")[2]  # asking for our own name can take long
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                self.host, self.port, name, timeout=self.timeout, context=context
            )
        return smtplib.SMTP(self.host, self.port, name, timeout=self.timeout)

    def _mail(self, message: Message, now: int) -> EmailMessage:
        mail = EmailMessage()
        try:
            mail["To"] = Address(message.contact.name, addr_spec=message.contact.email)
        except _NO_ADDRESS as error:
            raise Undelivered("mail address", for_good=True) from error
        mail["From"] = Address(self.sender_name, addr_spec=self.sender)
        mail["Reply-To"] = self.reply_to
        mail["Subject"] = message.words.subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        mail["Message-ID"] = f"<{message.reference}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.words.text)
        for each in message.calendars:
            mail.add_attachment(
                each.content.decode("utf-8"),
                subtype="calendar",
                params={"method": each.method},
                filename=f"dorfshuttle-{each.method.lower()}.ics",
            )
        return mail


@contextmanager
def _login() -> Iterator[None]:
    """Let a wrong password be tried again: it is the operator's mistake, not the reader's."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise Undelivered(f"smtp {error.smtp_code} at login") from error


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what can go wrong with a server into a reason without its words: they name people."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise Undelivered(f"smtp {code}", for_good=code >= 500) from error
    except smtplib.SMTPResponseException as error:
        # A refused greeting or sender is the operator's to mend; a refused message stays refused.
        for_good = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500
        raise Undelivered(f"smtp {error.smtp_code}", for_good=for_good) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Undelivered("smtp lacks what is needed") from error
    except TimeoutError as error:
        raise Undelivered("smtp timeout") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undelivered("smtp connection") from error
