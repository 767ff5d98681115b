"""Delivery: takes notices out of the outbox and to the people, on threads of its own.

Exactly once, as far as a channel lets it. A notice is claimed, sent, and settled; two servers never
hold the claim of one notice at once. What remains: if we die, or the line breaks, between the
server's yes and our note of it, the notice is sent again when the claim has ended. It then carries
the same reference, in mail as Message-ID, by which mail programs fold the two into one, and for an
SMS as ``{id}``, by which gateways that know idempotency keys send it once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Event, Thread

import structlog

from shuttle.domain import Booking, BookingStatus, Channel, Contact
from shuttle.errors import StoreError
from shuttle.keyed import Keyed
from shuttle.region import Region
from shuttle.standing.standing_requests import Waiting
from shuttle.store import Store, owner_of
from shuttle.telling.calendar_file import PUBLISHED, TAKEN_BACK, calendar_file, method
from shuttle.telling.carriers import Attachment, Carrier, Message, Undelivered
from shuttle.telling.notices import (
    CORRECTS,
    LAST_COUNTS,
    OF_A_RIDE_TO_COME,
    OF_A_TRAIN,
    Notice,
    NoticeKind,
)
from shuttle.telling.opening import digits_of
from shuttle.telling.outbox import Claim, Entry, Fate
from shuttle.telling.webhook_sender import WebhookSender
from shuttle.telling.wording import words

LEASE = 300
"""Seconds of a claim: longer than a server may take with every step of a session."""

FIRST_PAUSE, LONGEST_PAUSE = 5, 300
"""Seconds until a failed notice is tried again: doubled each time, up to the longest."""

WORKERS = 4
"""Notices on their way at once: a gateway that hangs holds up no mail."""

IDLE_SECONDS = 1.0

_log = structlog.get_logger("shuttle.telling.delivery")


def channel_of(notice: Notice, contact: Contact) -> Channel:
    """Return the way a notice goes: as was wished, but proof of a number goes to that number."""
    return Channel.SMS if notice.kind is NoticeKind.OPENING else contact.channel


def pause(attempts: int) -> int:
    """Return for how many seconds a notice rests after so many attempts."""
    return min(FIRST_PAUSE << min(attempts - 1, 20), LONGEST_PAUSE)


@dataclass(frozen=True)
class Delivery:
    """Delivers the notices of one region.

    Attributes
    ----------
    region
        Whose stops and clocks the messages speak of.
    store
        Holds the outbox, the bookings and the contacts.
    keyed
        Makes references and links.
    carriers
        By channel; a channel without one cannot be used on this server.
    public_url
        Where residents find the service; without it messages have no link.
    possible
        Whether somebody on the waiting list could still be offered a ride at a time.
    webhooks
        Tells partner systems; None tells none.
    """

    region: Region
    store: Store
    keyed: Keyed
    carriers: Mapping[Channel, Carrier]
    public_url: str = ""
    possible: Callable[[Waiting, int], bool] = lambda _waiting, _now: True
    webhooks: WebhookSender | None = None

    def deliver_one(self, now: int) -> bool:
        """Deliver the notice that has been due longest, or find out that it cannot be.

        Returns
        -------
        bool
            Whether there was one.
        """
        claim = self.store.outbox.claim(now, now + LEASE)
        if claim is None:
            return False
        notice = claim.notice
        if notice.kind is NoticeKind.WEBHOOK:
            self._tell_partner(claim, now)
            return True
        contact, booking = owner_of(self.store, notice.code), self.store.booking(notice.code)
        if now >= notice.valid_until:
            self._miss(claim, Fate.GIVEN_UP, "stale")
        elif contact is None or channel_of(notice, contact) is Channel.NONE:
            self._end(claim, Fate.UNSENT, "nobody wants it")
        elif self._overtaken(notice, booking, now):
            self._miss(claim, Fate.UNSENT, "overtaken")
        elif channel_of(notice, contact) not in self.carriers:
            self._end(claim, Fate.UNSENT, "no channel configured")
        elif self._corrects_what_waits(notice, booking):
            self.store.outbox.postpone(claim, now + FIRST_PAUSE, "what it corrects is on its way")
        else:
            self._carry(claim, booking, contact, now)
        return True

    def _overtaken(self, notice: Notice, booking: Booking | None, now: int) -> bool:
        """Whether a notice is no longer true.

        What was waited for is gone; a ride to come has begun or is given up, or of its vehicle
        more was said.
        """
        if notice.kind is NoticeKind.WINDOW_OPENED:
            waiting = self.store.standing.waiting(notice.code)
            if waiting is None or waiting != waiting.told(notice.valid_until):
                return True
            return not self.possible(waiting, now)
        if booking is None:
            return False
        if notice.kind is NoticeKind.NO_SHOW and booking.status is not BookingStatus.NO_SHOW:
            return True  # the driver took it back
        to_come = notice.kind in OF_A_RIDE_TO_COME | OF_A_TRAIN
        on_the_way = notice.kind in OF_A_TRAIN and booking.status is BookingStatus.ON_BOARD
        if to_come and booking.status is not BookingStatus.BOOKED and not on_the_way:
            return True
        said = next((each for each in LAST_COUNTS if notice.kind in each), None)
        if said is None:
            return False
        own = self._about(booking, said)
        if notice.kind in CORRECTS:
            # What was given up may have arrived all the same, unless it was never tried.
            sent = [
                each
                for each in own
                if each.fate is Fate.SENT or (each.fate is Fate.GIVEN_UP and each.attempts > 0)
            ]
            waits = any(each.fate is Fate.WAITING and each.notice != notice for each in own)
            if not waits and (not sent or sent[-1].notice.kind in CORRECTS):
                return True
        return notice != own[-1].notice

    def _corrects_what_waits(self, notice: Notice, booking: Booking | None) -> bool:
        """Whether the words that a notice takes back may be on their way at this moment."""
        wrong = CORRECTS.get(notice.kind, frozenset())
        own = self._about(booking, wrong) if booking is not None and wrong else []
        return any(each.fate is Fate.WAITING for each in own)

    def _about(self, booking: Booking, kinds: Collection[NoticeKind]) -> list[Entry]:
        """Return what was to be told of a ride, of some kinds, in the order in which it came."""
        entries = self.store.outbox.about(booking.code)
        return [each for each in entries if each.notice.kind in kinds]

    def _carry(self, claim: Claim, booking: Booking | None, contact: Contact, now: int) -> None:
        """Write a message and send it the way its reader wished."""

        def send() -> None:
            message = self._message(claim.notice, booking, contact)
            self.carriers[channel_of(claim.notice, contact)].send(message, now)

        self._try(claim, now, send)

    def _tell_partner(self, claim: Claim, now: int) -> None:
        """Tell a partner system, if it still wants to be told."""
        name, webhooks = claim.notice.facts["partner"], self.webhooks
        partner = next((each for each in self.store.partners() if each.name == name), None)
        if now >= claim.notice.valid_until:
            self._end(claim, Fate.GIVEN_UP, "stale")
        elif partner is None:
            self._end(claim, Fate.UNSENT, "nobody wants it")
        elif webhooks is None:
            self._end(claim, Fate.UNSENT, "no channel configured")
        else:
            self._try(claim, now, partial(webhooks.send, claim.notice, partner, now))

    def _try(self, claim: Claim, now: int, send: Callable[[], None]) -> None:
        """Send, and note what came of it: in this order.

        A message that nobody can write or send is given up, so that it holds up no other.
        """
        try:
            send()
        except Undelivered as error:
            again = now + pause(claim.attempts)
            if error.for_good:
                self._end(claim, Fate.GIVEN_UP, error.reason)
            elif again >= claim.notice.valid_until:
                self._miss(claim, Fate.GIVEN_UP, error.reason)
            else:
                self.store.outbox.postpone(claim, again, error.reason)
                _note("notice_delayed", claim, error.reason)
        except StoreError:  # no fault of the message: its claim ends, and it is tried again
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, there are other messages
            _log.error("delivery_failed", error=type(error).__name__)
            self._end(claim, Fate.GIVEN_UP, f"failed: {type(error).__name__}")
        else:
            self._end(claim, Fate.SENT)

    def _miss(self, claim: Claim, fate: Fate, reason: str) -> None:
        """End a notice that did not come in time; whoever it let in on the list waits again."""
        if claim.notice.kind is NoticeKind.WINDOW_OPENED:
            self.store.standing.put_back(claim.notice.code, claim.notice.valid_until)
        self._end(claim, fate, reason)

    def _end(self, claim: Claim, fate: Fate, reason: str = "") -> None:
        self.store.outbox.settle(claim, fate, reason)
        _note(f"notice_{fate}", claim, reason)

    def _message(self, notice: Notice, booking: Booking | None, contact: Contact) -> Message:
        link = ""
        if notice.kind is NoticeKind.OPENING:
            digits = digits_of(self.keyed, contact.phone, notice.ordinal)
            notice = replace(notice, facts={"digits": digits})
        if self.public_url and booking is not None:
            token = self.keyed.link(booking.code)
            link = f"{self.public_url.rstrip('/')}/b/{booking.code}#{token}"
        return Message(
            reference=self.keyed.digest(f"notice {notice.code} {notice.kind} {notice.ordinal}"),
            contact=contact,
            words=words(self.region, notice, booking, contact, link),
            calendars=tuple(self._calendars(notice, booking, contact)),
        )

    def _calendars(
        self, notice: Notice, booking: Booking | None, contact: Contact
    ) -> Iterator[Attachment]:
        """Give the calendar file of a ride, and for a changed one that takes the old one out."""
        if booking is None or notice.kind not in PUBLISHED | TAKEN_BACK:
            return
        rides = [(booking, notice.kind in TAKEN_BACK)]
        replaced = self.store.booking(str(notice.facts.get("old", "")))
        if replaced is not None:
            rides.append((replaced, True))
        for ride, cancelled in rides:
            file = calendar_file(self.region, ride, notice, contact.language, cancelled=cancelled)
            yield Attachment(method(cancelled=cancelled), file)

    @contextmanager
    def running(
        self, clock: Callable[[], int], on_duty: Callable[[], bool] = lambda: True
    ) -> Iterator[None]:
        """Deliver while the body runs and this process is on duty.

        What is being sent when either ends is sent to the end.
        """
        stopped = Event()
        thread = Thread(target=self._run, args=(clock, stopped, on_duty), name="delivery")
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()
            for carrier in self.carriers.values():
                carrier.close()
            if self.webhooks is not None:
                self.webhooks.close()

    def _run(self, clock: Callable[[], int], stopped: Event, on_duty: Callable[[], bool]) -> None:
        """Keep the workers busy; whoever fails over the database is replaced, the rest go on."""

        def deliver_all() -> None:
            while not stopped.is_set() and on_duty() and self.deliver_one(clock()):
                pass

        working: set[Future[None]] = set()
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="delivery") as pool:
            while not stopped.is_set():
                done = {each for each in working if each.done()}
                for error in filter(None, (each.exception() for each in done)):
                    _log.error("delivery_failed", error=type(error).__name__)
                working -= done
                if on_duty() and self._is_due(clock()):
                    while len(working) < WORKERS:
                        working.add(pool.submit(deliver_all))
                stopped.wait(IDLE_SECONDS)

    def _is_due(self, now: int) -> bool:
        """Whether there is work; where that cannot be read, a worker finds out why."""
        try:
            return self.store.outbox.is_due(now)
        except StoreError:
            return True


def _note(happened: str, claim: Claim, reason: str) -> None:
    """Log without person: neither code nor address nor text."""
    _log.info(happened, kind=claim.notice.kind, attempts=claim.attempts, reason=reason)
