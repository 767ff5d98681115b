"""The resident's pages as a browser without script sees them: forms that are filled in and sent."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any, Self

from fastapi.testclient import TestClient

from api.app import create_app
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Channel
from shuttle.region import Region
from shuttle.store import MemoryStore
from tests.api_client import KEY, Api, Clock

HTML = {"Accept": "text/html", "Accept-Language": "de"}


@dataclass
class FormOnPage:
    """A form: where it leads, and what it would send."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    words: str = ""


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FormOnPage] = []
        self._inside = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(FormOnPage(given["action"]))
            self._inside = True
        elif self._inside and tag == "input" and "name" in given:
            kind = given.get("type", "text")
            if kind not in ("radio", "checkbox") or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif self._inside and tag == "select":
            self._select = given["name"]
        elif self._inside and tag == "option" and "selected" in given:
            self.forms[-1].fields[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.forms[-1].words += data


@dataclass
class Page:
    """A page that was answered with, and the forms on it."""

    api: Api
    status: int
    html: str
    headers: Any

    @classmethod
    def get(cls, api: Api, path: str, **headers: str) -> Self:
        """Open an address."""
        answer = api.http.get(path, headers={**HTML, **headers})
        return cls(api, answer.status_code, answer.text, answer.headers)

    def send(self, button: str, **filled: str) -> "Page":
        """Press the first button with these words; the field ``from`` is filled in as ``from_``."""
        form = next(each for each in self.forms if button in each.words)
        data = {**form.fields, **{name.rstrip("_"): value for name, value in filled.items()}}
        answer = self.api.http.post(form.action, data=data, headers=HTML)
        return Page(self.api, answer.status_code, answer.text, answer.headers)

    @property
    def forms(self) -> list[FormOnPage]:
        """The forms on the page."""
        parser = _Forms()
        parser.feed(self.html)
        return parser.forms

    @property
    def words(self) -> str:
        """What is read on the page, in one line."""
        body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", self.html, flags=re.DOTALL)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    @property
    def title(self) -> str:
        """The page's title."""
        found = re.search(r"<title>(.*?)</title>", self.html, flags=re.DOTALL)
        assert found
        return " ".join(unescape(found[1]).split())

    @property
    def code(self) -> str:
        """The booking code that the page shows."""
        found = re.search(r'class="code">(\w{4}) (\w{4})<', self.html)
        assert found
        return found[1] + found[2]


PHONE = "04641 78123"


@contextmanager
def serving_residents(region: Region, *channels: Channel) -> Iterator[Api]:
    clock = Clock()
    with closing(Dispatcher(region, MemoryStore())) as dispatcher:
        app = create_app(dispatcher, clock, KEY, tick_seconds=None, channels=channels)
        with TestClient(app, client=("127.0.0.1", 50_000)) as http:
            yield Api(http, clock, dispatcher)


def offers(api: Api, **filled: str) -> Page:
    """Ask for a ride from the church to the station at ten."""
    wish = {"from_": "Kirche", "to": "Bahnhof", "when": "depart", "time": "10:00"}
    return Page.get(api, "/").send("Fahrten zeigen", **{**wish, **filled})


def at_my_position(region: Region) -> dict[str, str]:
    """Return what a script fills in for the position of a device, at the church."""
    church = region.stop("kirche")
    return {"from_": "Mein Standort", "from_point": f"{church.lat} {church.lon}"}


def booked(api: Api, **filled: str) -> Page:
    """Book the first ride."""
    return (
        offers(api, **filled)
        .send("Diese Fahrt nehmen")
        .send("Diese Fahrt buchen", phone=PHONE, notify="none")
    )
