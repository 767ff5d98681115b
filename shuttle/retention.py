"""What is kept about people, what for and for how long: the rules of ``region.toml``.

::

    [[retention]]
    data = "contact"
    days = 14
    purpose = { de = "…", en = "…" }

A kind of data without a rule of its own has its default; none can be kept longer than the law
lets it. The jobs that keep the rules are in :mod:`shuttle.purge`, one a kind, and the privacy page
is written from this table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, field_validator

Words = tuple[str, str]
"""German and English."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data.

    Attributes
    ----------
    days
        How long it is kept where ``region.toml`` does not say.
    most
        The longest that it may say.
    title, counted_from, fate, purpose
        In words: what it is, when the days begin, what then becomes of it, and why it is kept.
    """

    days: int
    most: int
    title: Words
    counted_from: Words
    fate: Words
    purpose: Words


_DELETED: Words = ("wird gelöscht", "is deleted")
_AFTER_RIDE: Words = ("nach der Fahrt", "after the ride")

KINDS: dict[str, Kind] = {
    # In the order in which the jobs run. A later table adds one kind here and one job in purge.py.
    "contact": Kind(
        14,
        14,
        ("Name, Telefonnummer, E-Mail-Adresse", "Name, phone number, e-mail address"),
        _AFTER_RIDE,
        _DELETED,
        (
            (
                "Damit wir Sie erreichen, wenn sich an Ihrer Fahrt etwas ändert, und damit "
                "Sie Ihre Fahrten wiederfinden."
            ),
            "To reach you if something about your ride changes, and for you to find your rides.",
        ),
    ),
    "receipt": Kind(
        14,
        14,
        (
            "Kennung, unter der Ihr Gerät die Buchung abgeschickt hat",
            "Mark under which your device sent the booking",
        ),
        ("nach der Buchung", "after booking"),
        _DELETED,
        (
            "Damit aus einer doppelt abgeschickten Buchung nicht zwei werden.",
            "So that a booking sent twice does not become two.",
        ),
    ),
    "series": Kind(
        14,
        92,
        (
            "Wiederkehrende Fahrten mit Name, Telefonnummer, E-Mail-Adresse, Start und Ziel",
            "Weekly repeats with name, phone number, e-mail address, start and destination",
        ),
        ("nach ihrem letzten Tag", "after their last day"),
        _DELETED,
        (
            "Damit wir Ihre Fahrten jede Woche für Sie buchen können.",
            "To book your rides for you week after week.",
        ),
    ),
    "waiting": Kind(
        1,
        14,
        (
            "Warteliste mit Name, Telefonnummer, E-Mail-Adresse, Start und Ziel",
            "Waiting list with name, phone number, e-mail address, start and destination",
        ),
        ("nach der gewünschten Zeit", "after the wanted time"),
        _DELETED,
        (
            "Damit wir Ihnen Bescheid geben, wenn doch noch ein Platz frei wird.",
            "To tell you when a place becomes free after all.",
        ),
    ),
    "session": Kind(
        7,
        92,
        (
            "Wann sich jemand vom Team angemeldet hat",
            "When somebody of the team signed in",
        ),
        ("nach dem Abmelden", "after the session ended"),
        _DELETED,
        (
            "Damit nur Befugte Buchungen sehen und ein Missbrauch auffällt.",
            "So that only authorised people see bookings, and misuse is noticed.",
        ),
    ),
    "report": Kind(
        14,
        92,
        (
            "Meldungen der Fahrerinnen und Fahrer: Beginn der Schicht, Pausen, Halte",
            "Reports of drivers: begin of the shift, breaks, halts",
        ),
        ("nach dem Tag der Schicht", "after the day of the shift"),
        (
            "wird gelöscht; was bleibt, hat Zeiten auf die Viertelstunde vergröbert",
            "is deleted; what stays has times coarsened to the quarter hour",
        ),
        (
            "Damit der Fahrplan der Wirklichkeit folgt und sich Meldungen berichtigen lassen.",
            "For the plan to follow what really happens, and for reports to be corrected.",
        ),
    ),
    "ride": Kind(
        14,
        92,
        (
            (
                "Buchungscode, Start und Ziel mit Ihren Worten, Haltestellen, genaue Zeiten, "
                "Zahl der Fahrgäste und was das Fahrzeug mitbringen muss "
                "(Rollstuhlplatz, Kindersitz)"
            ),
            (
                "Booking code, start and destination in your words, stops, exact times, number of "
                "passengers and what the vehicle must bring (wheelchair place, child seat)"
            ),
        ),
        _AFTER_RIDE,
        (
            (
                "Code und Worte werden gelöscht, Zeiten auf die Viertelstunde und Fußwege auf "
                "100 m vergröbert"
            ),
            "code and words are deleted, times coarsened to the quarter hour and walks to 100 m",
        ),
        (
            "Damit wir Sie fahren können und belegen, ob wir unser Versprechen gehalten haben.",
            "To drive you, and to show whether we kept our promise.",
        ),
    ),
    "figures": Kind(
        1096,
        3653,
        (
            "Vergröberte Fahrten und Ablehnungen, ohne Bezug auf Personen",
            "Coarsened rides and refusals that name nobody",
        ),
        _AFTER_RIDE,
        _DELETED,
        (
            "Damit die Gemeinden sehen, wie der Dienst genutzt wird und wo er fehlt.",
            "For the municipalities to see how the service is used and where it is missing.",
        ),
    ),
}


class Purpose(BaseModel):
    """Why a kind of data is kept, in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    de: str = Field(min_length=1, max_length=500)
    en: str = Field(min_length=1, max_length=500)


class Rule(BaseModel):
    """How long a kind of data is kept, and what for."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    data: str
    days: int = Field(ge=1)
    purpose: Purpose

    @field_validator("data")
    @classmethod
    def _known(cls, data: str) -> str:
        if data not in KINDS:
            raise ValueError(f"{data!r} is no kind of data; use one of {', '.join(KINDS)}")
        return data


def all_rules(given: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return one rule a kind, in the order of the jobs: the given ones, else the defaults.

    Raises
    ------
    ValueError
        If a kind has two rules, is kept too long, or is done away with before what hangs on it.
    """
    rules = {rule.data: rule for rule in given}
    if len(rules) < len(given):
        raise ValueError("retention: a kind of data has two rules; keep one of them")
    for name, kind in KINDS.items():
        de, en = kind.purpose
        rules.setdefault(name, Rule(data=name, days=kind.days, purpose=Purpose(de=de, en=en)))
        if rules[name].days > kind.most:
            raise ValueError(f"retention: {name} may be kept {kind.most} days at most")
    for sooner, later in pairwise(("contact", "ride", "figures")):
        if rules[later].days < rules[sooner].days:
            raise ValueError(
                f"retention: {later} must be kept at least as many days as {sooner}, "
                f"now {rules[sooner].days}"
            )
    return tuple(rules[name] for name in KINDS)
