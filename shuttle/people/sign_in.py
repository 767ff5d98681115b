"""The door for those who work here: passwords, sessions, shift codes, keys of partner systems.

Whoever is turned away is not told why: an unknown name costs the same time as a wrong password.
"""

import hmac
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from shuttle.errors import TooManyRequests, WrongCredentials
from shuttle.keeping.account_store import AccountStore
from shuttle.keyed import Keyed
from shuttle.people.accounts import (
    AFTER_SHIFT_SECONDS,
    LONGEST_PASSWORD,
    LONGEST_SECONDS,
    Account,
    AccountError,
    ApiKey,
    Role,
    Scope,
    Session,
    ShiftOfDay,
    new_shift_code,
    new_token,
    proper_name,
    proper_password,
    written_code,
    written_password,
)
from shuttle.telling.webhook_sender import signing_secret
from shuttle.telling.webhooks import proper_webhook

_HASHES_AT_ONCE = 2
"""A hash takes 64 MiB and a core on purpose; more at once and guessers could fill the machine."""

MOST_WAITING = 8
"""More who want to sign in at once are asked to come back, so that threads stay for the rest."""

SEEN_SECONDS = 60
"""That a session was used is written down at most so often."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session and the token that opens it, which is kept nowhere here."""

    session: Session
    token: str


class SignIn:
    """Lets people and programs in.

    Parameters
    ----------
    store
        Keeps accounts and sessions.
    keyed
        Makes the prints that are stored in the place of tokens.
    hasher
        Argon2id with the parameters of RFC 9106 for little memory; a test takes cheaper ones.
    """

    def __init__(
        self, store: AccountStore, keyed: Keyed, hasher: PasswordHasher | None = None
    ) -> None:
        self.store = store
        self._keyed = keyed
        self._hasher = hasher or PasswordHasher()
        self._hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self._nobody = self._hasher.hash(secrets.token_hex())
        self._seen: dict[str, int] = {}

    # Accounts and keys

    def add(self, name: str, password: str, roles: Iterable[Role], now: int) -> Account:
        """Make an account.

        Raises
        ------
        AccountError
            If the name is taken, or name or password is not a proper one.
        """
        name, roles = proper_name(name), frozenset(roles)
        if not roles:
            raise AccountError(f"Say what {name} does: --role {' or '.join(Role)}.")
        account = Account(name, self._hash(proper_password(password, name)), roles, now)
        self.store.add_account(account)
        return account

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password and end all its sessions; AccountError as in `add`."""
        name = proper_name(name)
        hashed = self._hash(proper_password(password, name))
        self.store.set_password(name, hashed, end_sessions=True)

    def add_api_key(self, name: str, scopes: Iterable[Scope], now: int) -> str:
        """Make a key for a partner system; it is shown now and never again.

        Raises
        ------
        AccountError
            If the name is taken or not a proper one.
        """
        name, scopes = proper_name(name), frozenset(scopes)
        if not scopes:
            raise AccountError(f"Say what {name} may do: --scope {' or '.join(Scope)}.")
        token = new_token()
        self.store.add_api_key(ApiKey(name, scopes, now), self._keyed.digest(token))
        return token

    def set_webhook(self, name: str, url: str) -> str:
        """Tell a partner system of bookings at a URL, or of none if it is empty.

        Returns
        -------
        str
            The secret that signs what is sent, empty without a URL. It stays the same for as long
            as the partner has its key.

        Raises
        ------
        AccountError
            If there is no such key, its scopes leave bookings out, or the URL is no proper one.
        """
        name, url = proper_name(name), url and proper_webhook(url)
        scopes = {each.name: each.scopes for each in self.store.api_keys()}
        if url and Scope.BOOKINGS not in scopes.get(name, {Scope.BOOKINGS}):
            raise AccountError(f"The key of {name} has not the scope bookings; make one that has.")
        partner = self.store.set_webhook(name, url)
        return signing_secret(self._keyed, partner) if url else ""

    # Coming in

    def enter(self, name: str, password: str, now: int, old_token: str | None = None) -> SignedIn:
        """Open a session with a password.

        Parameters
        ----------
        name, password
            As typed.
        now
            Epoch seconds.
        old_token
            Of the session that the browser had until now; it ends.

        Raises
        ------
        WrongCredentials
            Whatever it was.
        TooManyRequests
            If too many try at once.
        """
        account = self._account(name)
        if not self._right(account, password):
            raise WrongCredentials
        assert account is not None
        token = new_token()
        session = Session(
            digest=self._keyed.digest(token),
            name=account.name,
            roles=account.roles,
            shift=None,
            begun=now,
            seen=now,
            ends=now + LONGEST_SECONDS,
        )
        old = None if old_token is None else self._keyed.digest(old_token)
        self.store.begin(session, instead_of=old)
        return SignedIn(session, token)

    def _account(self, name: str) -> Account | None:
        try:
            return self.store.account(proper_name(name))
        except AccountError:
            return None

    def _right(self, account: Account | None, password: str) -> bool:
        """Whether a password is the account's; as slow for an account that there is not."""
        hashed = self._nobody if account is None else account.password
        typed = written_password(password)[: LONGEST_PASSWORD + 1]
        with self._turn():
            try:
                self._hasher.verify(hashed, typed)
            except VerifyMismatchError:
                return False
        if account is not None and self._hasher.check_needs_rehash(hashed):
            self.store.set_password(account.name, self._hash(typed), end_sessions=False)
        return account is not None

    def _hash(self, password: str) -> str:
        with self._turn():
            return self._hasher.hash(password)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for one's turn to hash, unless too many wait already."""
        if not self._waiting.acquire(blocking=False):
            raise TooManyRequests(2)
        try:
            with self._hashing:
                yield
        finally:
            self._waiting.release()

    def shift_code(self, shift: ShiftOfDay, ends: int, now: int) -> str:
        """Return a code that opens a shift once, until the shift ends."""
        code = new_shift_code()
        self.store.add_shift_code(self._keyed.digest(code), shift, ends, now)
        return code

    def enter_shift(self, code: str, now: int) -> SignedIn:
        """Exchange a shift's code for a driver's session, which is good for this shift alone.

        A phone that had the shift open before loses it: it may be the one that was lost.

        Raises
        ------
        WrongCredentials
            If the code was used, is over, or never was.
        """
        token = new_token()

        def begin(shift: ShiftOfDay, shift_ends: int) -> Session:
            digest, ends = self._keyed.digest(token), shift_ends + AFTER_SHIFT_SECONDS
            return Session(digest, "", frozenset(), shift, now, now, ends)

        session = self.store.open_shift(self._keyed.digest(written_code(code)), now, begin)
        if session is None:
            raise WrongCredentials
        return SignedIn(session, token)

    # Being in

    def session(self, token: str, now: int, *, reading: bool) -> Session | None:
        """Return the session of a token; None if there is none or it is over.

        Parameters
        ----------
        token
            From the browser.
        now
            Epoch seconds.
        reading
            Whether nothing may be written, as in a GET; that the session is used is then
            remembered here, and written down with the next request that may.
        """
        digest = self._keyed.digest(token)
        stored = self.store.session(digest)
        if stored is None or not (stored.roles or stored.shift):
            self._seen.pop(digest, None)
            return None
        session = replace(stored, seen=max(stored.seen, self._seen.get(digest, 0)))
        if not session.open_at(now):
            self._seen.pop(digest, None)
            return None
        self._seen[digest] = now
        if not reading and now >= stored.seen + SEEN_SECONDS:
            self.store.seen(digest, now)
        return session

    def leave(self, session: Session) -> None:
        """End a session."""
        self._seen.pop(session.digest, None)
        self.store.end(session.digest)

    def partner(self, token: str) -> ApiKey | None:
        """Return the partner system whose key this is, None if there is none."""
        return self.store.api_key(self._keyed.digest(token))

    def csrf(self, token: str) -> str:
        """Return what a page of this session sends back with what it wants changed."""
        return self._keyed.csrf(token)

    def is_csrf(self, token: str, sent: str) -> bool:
        """Whether a page of this session sent this."""
        return hmac.compare_digest(self.csrf(token).encode(), sent.encode())
