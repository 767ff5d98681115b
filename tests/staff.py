"""Staff of Toy Town: an SQLite file with accounts, whose passwords cost next to nothing."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from api.app import create_app
from scenarios.workbench import scenarios_of
from shuttle.dispatcher import Dispatcher
from shuttle.keeping.sql_store import SqlStore
from shuttle.keyed import Keyed
from shuttle.people.accounts import Role, Scope
from shuttle.people.rate_limits import Limit, Rate
from shuttle.people.sign_in import SignIn
from shuttle.planning.workbench import Workbench
from shuttle.region import Region
from tests.api_client import KEY, Api, Clock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

PASSWORD = "drei kleine Woerter"


SHIFT = "bus-1@06:00"
"""On Monday, the day on which the clock stands."""


@dataclass
class Office(Api):
    """The API of Toy Town with one account of each role, named like the role."""

    door: SignIn
    store: SqlStore
    planning: Workbench
    csrf: dict[str, str] = field(default_factory=dict)

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        """Sign in; the client keeps the cookie, and the office the CSRF token as headers."""
        answer = self.http.post("/api/v1/session", json={"name": name, "password": password})
        if answer.status_code == 201:
            self.csrf = {"X-CSRF-Token": answer.json()["csrf_token"]}
        return answer

    def sign_out(self) -> None:
        """Forget the cookie, as another browser does that never had it."""
        self.http.cookies.clear()
        self.csrf = {}

    def code_of(self, shift: str = SHIFT) -> str:
        """Return a shift's code, made by the dispatcher, who signs out again."""
        self.sign_in("dispatcher")
        answer = self.http.post(f"/api/v1/shifts/2027-03-22/{shift}/code", headers=self.csrf)
        assert answer.status_code == 201, answer.text
        self.sign_out()
        code: str = answer.json()["code"]
        return code

    def key(self, *scopes: Scope) -> dict[str, str]:
        """Return the header of a partner system that may do this."""
        token = self.door.add_api_key("-".join(["partner", *scopes]), scopes, self.clock())
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def office(
    region: Region,
    folder: Path,
    *,
    limits: Mapping[Limit, Rate] | None = None,
    client: str = "testclient",
    https: bool = False,
) -> Iterator[Office]:
    """Give the API of a region with accounts, asked from the address `client`."""
    clock, keyed = Clock(), Keyed(KEY)
    store = SqlStore(f"sqlite:///{folder / 'office.sqlite3'}", region.config.id)
    door = SignIn(store.accounts, keyed, CHEAP)
    for role in Role:
        door.add(role, PASSWORD, [role], clock())
    planning = Workbench(region, store.runs, folder / "runs", scenarios_of(store, region))
    with closing(Dispatcher(region, store, keyed=keyed)) as dispatcher:
        app = create_app(
            dispatcher,
            clock,
            KEY,
            tick_seconds=None,
            sign_in=door,
            limits=limits,
            planning=planning,
        )
        base = "https://testserver" if https else "http://testserver"
        with TestClient(app, base_url=base, client=(client, 50_000)) as http:
            yield Office(http, clock, dispatcher, door, store, planning)


@contextmanager
def at_the_desk(region: Region, folder: Path) -> Iterator[Office]:
    """Give the API as a dispatcher has it who is signed in: no booking asks for its secret."""
    with office(region, folder) as here:
        here.sign_in("dispatcher")
        here.http.headers.update(here.csrf)
        yield here
