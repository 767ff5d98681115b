"""The door: who gets in, for how long, and what is kept about it."""

import itertools
import re
import threading
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from shuttle.errors import TooManyRequests, WrongCredentials
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.people.accounts import (
    AFTER_SHIFT_SECONDS,
    IDLE_SECONDS,
    LONGEST_SECONDS,
    MAY_ACT_AS,
    AccountError,
    Role,
    Scope,
    ShiftOfDay,
    may,
    new_shift_code,
    proper_name,
    proper_password,
)
from shuttle.people.sign_in import MOST_WAITING, SEEN_SECONDS, SignIn
from tests.api_client import KEY, MONDAY_MORNING
from tests.staff import CHEAP, PASSWORD

NOW = MONDAY_MORNING
SHIFT = ShiftOfDay(date(2027, 3, 22), "bus-1@06:00")
SHIFT_ENDS = NOW + 8 * 3600


class CountingHasher(PasswordHasher):
    """Counts how often a password was verified."""

    verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 -- theirs
        self.verified += 1
        return super().verify(hash, password)


class SlowHasher(PasswordHasher):
    """Verifies when it is let."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.let = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 -- theirs
        assert self.let.wait(20)
        return super().verify(hash, password)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    made = SqlStore(f"sqlite:///{tmp_path / 'accounts.sqlite3'}", "toy-town")
    yield made
    made.close()


@pytest.fixture
def each_store(database_url: str) -> Iterator[SqlStore]:
    """For what databases could do differently; the rules above them are tried on one."""
    made = SqlStore(database_url, "toy-town")
    yield made
    made.close()


@pytest.fixture
def door(store: SqlStore) -> SignIn:
    return with_petersen(store)


def with_petersen(store: SqlStore) -> SignIn:
    made = SignIn(store.accounts, Keyed(KEY), CHEAP)
    made.add("Petersen", PASSWORD, [Role.DISPATCHER, Role.PLANNER], NOW)
    return made


def everything_stored(store: SqlStore) -> str:
    """Return all that the tables of accounts hold, as text."""
    with store.accounts._reading() as connection:
        tables = sa.inspect(connection).get_table_names()
        rows = [
            row
            for table in ("staff_account", "staff_session", "api_key", "shift_code")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert "staff_account" in tables
    return repr(rows)


def test_a_password_opens_a_session_of_the_account(each_store: SqlStore) -> None:
    door = with_petersen(each_store)
    entered = door.enter(" petersen ", PASSWORD, NOW)
    session = door.session(entered.token, NOW + 1, reading=True)
    assert session is not None
    assert session.name == "petersen"
    assert session.roles == {Role.DISPATCHER, Role.PLANNER}
    assert session.ends == NOW + LONGEST_SECONDS


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("petersen", "drei kleine Worte"),
        ("petersen", ""),
        ("petersen", "x" * 5000),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("\x00", PASSWORD),
    ],
)
def test_whoever_does_not_know_both_stays_outside(door: SignIn, name: str, password: str) -> None:
    with pytest.raises(WrongCredentials):
        door.enter(name, password, NOW)


def test_an_unknown_name_costs_the_same_work_as_a_wrong_password(store: SqlStore) -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    door = SignIn(store.accounts, Keyed(KEY), hasher)
    door.add("petersen", PASSWORD, [Role.DRIVER], NOW)
    for number, name in enumerate(("petersen", "nobody", "\x00 no name"), start=1):
        with pytest.raises(WrongCredentials):
            door.enter(name, "a wrong password", NOW)
        assert hasher.verified == number


def test_many_who_sign_in_at_once_leave_threads_for_the_rest(store: SqlStore) -> None:
    hasher = SlowHasher()
    door = SignIn(store.accounts, Keyed(KEY), hasher)
    door.add("petersen", PASSWORD, [Role.DRIVER], NOW)
    with ThreadPoolExecutor(MOST_WAITING + 4) as pool:
        tries = [
            pool.submit(door.enter, "petersen", PASSWORD, NOW) for _ in range(MOST_WAITING + 4)
        ]
        turned_away = list(itertools.islice(as_completed(tries, timeout=20), 4))
        assert all(isinstance(each.exception(), TooManyRequests) for each in turned_away)
        hasher.let.set()
    got_in = [each for each in tries if each.exception() is None]
    assert len(got_in) == MOST_WAITING


def test_passwords_are_kept_with_argon2id_as_rfc_9106_says(store: SqlStore) -> None:
    SignIn(store.accounts, Keyed(KEY)).add("petersen", PASSWORD, [Role.DRIVER], NOW)
    account = store.accounts.account("petersen")
    assert account is not None
    assert account.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_a_cheaper_hash_is_made_dear_at_the_next_sign_in(door: SignIn, store: SqlStore) -> None:
    dearer = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    elsewhere = door.enter("petersen", PASSWORD, NOW)
    SignIn(store.accounts, Keyed(KEY), dearer).enter("petersen", PASSWORD, NOW)
    account = store.accounts.account("petersen")
    assert account is not None
    assert not dearer.check_needs_rehash(account.password)
    assert door.session(elsewhere.token, NOW, reading=True) is not None


def test_no_secret_is_stored(door: SignIn, store: SqlStore) -> None:
    secrets = [
        PASSWORD,
        door.enter("petersen", PASSWORD, NOW).token,
        door.shift_code(SHIFT, SHIFT_ENDS, NOW),
        door.add_api_key("motis", [Scope.OFFERS], NOW),
    ]
    stored = everything_stored(store)
    assert "petersen" in stored
    for secret in secrets:
        assert secret not in stored


def test_a_session_that_is_not_used_ends(door: SignIn) -> None:
    token = door.enter("petersen", PASSWORD, NOW).token
    later = NOW + IDLE_SECONDS - 1
    assert door.session(token, later, reading=True) is not None
    assert door.session(token, later + IDLE_SECONDS - 1, reading=True) is not None
    assert door.session(token, later + 3 * IDLE_SECONDS, reading=True) is None


def test_a_session_ends_after_its_day_however_much_it_is_used(door: SignIn) -> None:
    token = door.enter("petersen", PASSWORD, NOW).token
    times = range(NOW, NOW + LONGEST_SECONDS, IDLE_SECONDS // 2)
    assert all(door.session(token, now, reading=False) for now in times)
    assert door.session(token, NOW + LONGEST_SECONDS, reading=False) is None


def test_that_a_session_is_used_survives_a_restart_unless_it_was_only_read(
    door: SignIn, store: SqlStore
) -> None:
    token = door.enter("petersen", PASSWORD, NOW).token
    before = everything_stored(store)
    door.session(token, NOW + SEEN_SECONDS, reading=True)
    assert everything_stored(store) == before
    door.session(token, NOW + IDLE_SECONDS - 1, reading=False)
    restarted = SignIn(store.accounts, Keyed(KEY), CHEAP)
    assert restarted.session(token, NOW + IDLE_SECONDS + 1, reading=True) is not None


def test_signing_in_again_is_another_session_and_ends_the_old(door: SignIn) -> None:
    first = door.enter("petersen", PASSWORD, NOW)
    second = door.enter("petersen", PASSWORD, NOW + 1, first.token)
    assert first.token != second.token
    assert door.session(first.token, NOW + 2, reading=True) is None
    assert door.session(second.token, NOW + 2, reading=True) is not None


def test_signing_in_elsewhere_leaves_the_old_session_open(door: SignIn) -> None:
    tokens = [door.enter("petersen", PASSWORD, NOW + each).token for each in range(2)]
    assert all(door.session(token, NOW + 2, reading=True) for token in tokens)
    assert [each.begun for each in door.store.sessions("petersen")] == [NOW, NOW + 1]


def test_another_password_ends_all_sessions(door: SignIn) -> None:
    token = door.enter("petersen", PASSWORD, NOW).token
    door.set_password("Petersen", "vier andere grosse Woerter")
    assert door.session(token, NOW + 1, reading=True) is None
    with pytest.raises(WrongCredentials):
        door.enter("petersen", PASSWORD, NOW)
    assert door.enter("petersen", "vier andere grosse Woerter", NOW).session.begun == NOW


def test_whoever_is_removed_is_out_at_once(each_store: SqlStore) -> None:
    door = with_petersen(each_store)
    token = door.enter("petersen", PASSWORD, NOW).token
    door.store.remove_account("petersen")
    assert door.session(token, NOW + 1, reading=True) is None
    with pytest.raises(AccountError, match="Nobody is called"):
        door.store.remove_account("petersen")


def test_sessions_that_are_over_are_deleted_when_another_begins(
    door: SignIn, store: SqlStore
) -> None:
    old = door.enter("petersen", PASSWORD, NOW)
    door.enter("petersen", PASSWORD, NOW + LONGEST_SECONDS)
    assert old.session.digest not in everything_stored(store)


def test_a_password_looks_the_same_on_every_keyboard(door: SignIn) -> None:
    composed = unicodedata.normalize("NFC", "drei größere Wörter")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    door.set_password("petersen", composed)
    assert door.enter("petersen", decomposed, NOW).session.name == "petersen"


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 201, "aaaaaaaaaaaaaaaa", "Petersen ist mein Name"]
)
def test_a_password_that_is_easily_guessed_is_refused(password: str) -> None:
    with pytest.raises(AccountError, match="three or four words"):
        proper_password(password, "petersen")


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\nb", "\x00"])
def test_a_name_that_cannot_be_typed_is_refused(name: str) -> None:
    with pytest.raises(AccountError, match="visible signs"):
        proper_name(name)


def test_a_name_is_given_once(each_store: SqlStore) -> None:
    door = with_petersen(each_store)
    with pytest.raises(AccountError, match="petersen has an account"):
        door.add("PETERSEN", PASSWORD, [Role.DRIVER], NOW)
    with pytest.raises(AccountError, match="Say what jansen does"):
        door.add("jansen", PASSWORD, [], NOW)


def test_accounts_of_another_region_do_not_get_in(each_store: SqlStore, database_url: str) -> None:
    door = with_petersen(each_store)
    token = door.enter("petersen", PASSWORD, NOW).token
    other = SqlStore(database_url, "elsewhere")
    neighbour = SignIn(other.accounts, Keyed(KEY), CHEAP)
    assert neighbour.session(token, NOW, reading=True) is None
    with pytest.raises(WrongCredentials):
        neighbour.enter("petersen", PASSWORD, NOW)
    other.close()


def test_admins_may_everything_and_drivers_only_drive() -> None:
    assert set(MAY_ACT_AS) == set(Role)
    for role in Role:
        assert may([Role.ADMIN], [role])
        assert may([Role.DRIVER], [role]) == (role is Role.DRIVER)
        assert not may([], [role])
    assert may([Role.DISPATCHER], [Role.DRIVER])
    assert not may([Role.PLANNER], [Role.DISPATCHER])
    assert not may(Role, [])


def test_a_shift_is_opened_by_its_code_once(door: SignIn) -> None:
    code = door.shift_code(SHIFT, SHIFT_ENDS, NOW)
    entered = door.enter_shift(f" {code[:5].lower()}-{code[5:]} ", NOW + 60)
    session = door.session(entered.token, SHIFT_ENDS + AFTER_SHIFT_SECONDS - 1, reading=True)
    assert session is not None
    assert (session.shift, session.name, session.roles) == (SHIFT, "", frozenset())
    assert door.session(entered.token, SHIFT_ENDS + AFTER_SHIFT_SECONDS, reading=True) is None
    with pytest.raises(WrongCredentials):
        door.enter_shift(code, NOW + 61)


def test_a_code_is_good_until_its_shift_ends(door: SignIn) -> None:
    code = door.shift_code(SHIFT, SHIFT_ENDS, NOW)
    with pytest.raises(WrongCredentials):
        door.enter_shift(code, SHIFT_ENDS)


def test_a_new_code_makes_an_unused_one_void_and_its_use_ends_the_lost_phone(
    each_store: SqlStore,
) -> None:
    door = with_petersen(each_store)
    lost = door.enter_shift(door.shift_code(SHIFT, SHIFT_ENDS, NOW), NOW)
    unused, newest = (door.shift_code(SHIFT, SHIFT_ENDS, NOW) for _ in range(2))
    with pytest.raises(WrongCredentials):
        door.enter_shift(unused, NOW)
    assert door.session(lost.token, NOW, reading=True) is not None
    found = door.enter_shift(newest, NOW)
    assert door.session(lost.token, NOW, reading=True) is None
    assert door.session(found.token, NOW, reading=True) is not None


def test_of_many_who_try_a_code_at_once_one_gets_in(each_store: SqlStore) -> None:
    door = with_petersen(each_store)
    code, start = door.shift_code(SHIFT, SHIFT_ENDS, NOW), threading.Barrier(6)

    def attempt() -> bool:
        start.wait()
        try:
            return door.enter_shift(code, NOW) is not None
        except WrongCredentials:
            return False

    with ThreadPoolExecutor(6) as pool:
        got_in = [attempted.result() for attempted in [pool.submit(attempt) for _ in range(6)]]
    assert sum(got_in) == 1


def test_codes_hold_50_bits_in_signs_that_are_not_confused() -> None:
    codes = {new_shift_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch("[A-HJKMNP-Z0-9]{10}", code) for code in codes)


def test_a_partner_is_known_by_its_key_until_it_is_removed(each_store: SqlStore) -> None:
    door = with_petersen(each_store)
    token = door.add_api_key("MOTIS", [Scope.OFFERS, Scope.BOOKINGS], NOW)
    partner = door.partner(token)
    assert partner is not None
    assert partner.name == "motis"
    assert partner.scopes == {Scope.OFFERS, Scope.BOOKINGS}
    assert door.partner(token[:-1]) is None
    door.store.remove_api_key("motis")
    assert door.partner(token) is None
    with pytest.raises(AccountError, match="No key is called"):
        door.store.remove_api_key("motis")
    with pytest.raises(AccountError, match="Say what motis may do"):
        door.add_api_key("motis", [], NOW)
