"""Notices in words: the subject and text of a mail, and an SMS that fits into one.

The words stand in ``notice_texts/<language>.toml``; what fills their braces is
:func:`_blanks`.
"""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from shuttle.domain import Booking, Contact
from shuttle.region import Region
from shuttle.telling.notices import OF_A_RIDE_TO_COME, Notice, NoticeKind

LANGUAGES = ("de", "en", "da")

SMS_SIGNS = 160
"""What one SMS holds, in signs of the GSM alphabet (3GPP TS 23.038)."""

_LINE_NAME = 12
"""A train is called by so many signs at most."""

SHORTEST_NAME = 12
"""Names of stops are cut to no fewer signs to make an SMS fit; before that its link goes."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€")
"""These take the room of two."""

_PLAIN = str.maketrans({"–": "-", "—": "-", "„": '"', "“": '"', "”": '"', "’": "'", "…": "..."})


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoticeTexts(_Texts):
    """What is said for one kind of notice."""

    subject: str
    says: str
    sms: str


class Texts(_Texts):
    """All texts in one language."""

    weekdays: tuple[str, str, str, str, str, str, str]
    date: str
    clock: str
    between: str
    possible: str
    impossible: str
    next_train: str
    train: str
    fare: str
    code: str
    greeting: str
    frame: str
    ride: str
    link: str
    notices: Mapping[NoticeKind, NoticeTexts]


@dataclass(frozen=True, slots=True)
class Words:
    """A notice in words."""

    subject: str
    text: str
    sms: str


@lru_cache
def texts(language: str) -> Texts:
    """Return the texts in a language; German for one that we do not speak."""
    known = language if language in LANGUAGES else LANGUAGES[0]
    path = Path(__file__).parent / "notice_texts" / f"{known}.toml"
    return Texts.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def words(
    region: Region, notice: Notice, booking: Booking | None, contact: Contact, link: str
) -> Words:
    """Return a notice in the words of its reader.

    Parameters
    ----------
    region
        Whose clocks and stops are spoken of.
    notice
        What is to be told.
    booking
        None for a notice about a series or the waiting list.
    contact
        Who is told.
    link
        To the booking's page; empty without one.
    """
    spoken = texts(contact.language)
    said = spoken.notices[notice.kind]
    blanks = _blanks(region, notice, booking, spoken) | {"link": link}
    code = spoken.code.format_map(blanks) if booking is not None else ""
    to_come = booking is not None and notice.kind in OF_A_RIDE_TO_COME
    text = spoken.frame.lstrip().format(
        greeting=f"{spoken.greeting} {contact.name}".strip(),
        says=said.says.format_map(blanks),
        ride=spoken.ride.lstrip().format_map(blanks) if to_come else "",
        link=spoken.link.lstrip().format_map(blanks) if to_come and link else "",
        phone=region.config.contact.phone,
        operator=region.config.contact.operator,
    )
    sms = _fitted(said.sms, blanks, [link, code] if link else [code])
    return Words(said.subject.format_map(blanks), text, sms)


def sms_length(text: str) -> int:
    """Return how many signs of the GSM alphabet a text takes."""
    return sum(2 if sign in GSM_EXTENDED else 1 for sign in text)


def gsm(text: str) -> str:
    """Return a text in the GSM alphabet, with which an SMS holds 160 signs instead of 70."""
    return "".join(_gsm_sign(sign) for sign in text.translate(_PLAIN))


def stop_label(region: Region, stop: str) -> str:
    """Return what a stop is called; its id if the region no longer has it."""
    try:
        return region.stop(stop).label
    except KeyError:
        return stop


def _gsm_sign(sign: str) -> str:
    if sign in GSM_BASIC or sign in GSM_EXTENDED:
        return sign
    bare = unicodedata.normalize("NFKD", sign)[:1]
    return bare if bare in GSM_BASIC else "?"


def _fitted(template: str, blanks: Mapping[str, str], accesses: Sequence[str]) -> str:
    """Return an SMS of one part: names of stops are cut, and if need be the link left out."""
    names = [name for name in ("pickup", "dropoff") if name in blanks]
    text = ""
    for access in accesses:
        for most in range(60, SHORTEST_NAME - 1, -1):
            cut = {name: _cut(blanks[name], most) for name in names}
            text = gsm(template.format_map({**blanks, **cut, "access": access}))
            if sms_length(text) <= SMS_SIGNS:
                return text
    return text


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "."


def _blanks(
    region: Region, notice: Notice, booking: Booking | None, spoken: Texts
) -> dict[str, str]:
    """Return what fills the braces of the texts."""

    def clock(time: int) -> str:
        return datetime.fromtimestamp(time, region.config.zone).strftime(spoken.clock)

    found = {"phone": region.config.contact.phone.replace(" ", "")}
    found["digits"] = str(notice.facts.get("digits", ""))
    if "expected" in notice.facts:
        earliest, latest = int(notice.facts["earliest"]), int(notice.facts["latest"])
        # A begun minute counts at the end of a span, and never at its beginning.
        found["sharpened"] = spoken.between.format(clock(earliest), clock(-(-latest // 60) * 60))
        found["expected"] = clock(int(notice.facts["expected"]))
    found["possible"] = spoken.impossible
    if "possible_from" in notice.facts:
        free = (clock(int(notice.facts[each])) for each in ("possible_from", "possible_to"))
        found["possible"] = spoken.possible.format(spoken.between.format(*free))
    after = notice.facts.get("next_train")
    next_train = "" if after is None else spoken.next_train.format(clock(int(after)))
    found["next_train"] = f"{next_train} " if next_train else ""
    if notice.kind is NoticeKind.TRAIN_CANCELLED:
        found["possible"] = f"{next_train} {found['possible']} " if next_train else ""
    if booking is None:
        day = datetime.fromisoformat(str(notice.facts["day"]))
        return found | {"date": _date(day, spoken)}
    ride, promise = booking.ride_now, booking.ride_now.promise
    begin, end = clock(promise.pickup_earliest), clock(promise.pickup_latest)
    train = booking.train
    found["train"] = ""
    if train is not None:
        found["train"] = spoken.train.format(_cut(train.line, _LINE_NAME), clock(train.time))
    euros, cents = divmod(ride.fare_cents, 100)
    return found | {
        "code": booking.code,
        "date": _date(datetime.fromtimestamp(promise.pickup_earliest, region.config.zone), spoken),
        "promise": f"{begin}-{end}",
        "between": spoken.between.format(begin, end),
        "arrival": clock(promise.dropoff_latest),
        "pickup": stop_label(region, ride.pickup_stop),
        "dropoff": stop_label(region, ride.dropoff_stop),
        "passengers": str(ride.party.passengers),
        "fare": spoken.fare.format(euros=euros, cents=f"{cents:02}"),
    }


def _date(day: datetime, spoken: Texts) -> str:
    weekday = spoken.weekdays[day.weekday()]
    return spoken.date.format(weekday=weekday, day=day.day, month=day.month)
