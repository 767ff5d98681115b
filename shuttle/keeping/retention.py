"""What is kept about people, what for and for how long: the rules of ``region.toml``.

::

    [[retention]]
    data = "contact"
    days = 14
    purpose = { de = "…", en = "…", da = "…" }

Danish may be left out; its readers are told in English then.
A kind of data without a rule of its own has its default; none can be kept longer than the law
lets it. The jobs that keep the rules are in :mod:`shuttle.keeping.purge`, one a kind, and the
privacy page is written from this table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Purpose(BaseModel):
    """Why a kind of data is kept, in the languages of its readers."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    de: str = Field(min_length=1, max_length=500)
    en: str = Field(min_length=1, max_length=500)
    da: str | None = Field(default=None, min_length=1, max_length=500)

    def in_language(self, language: str) -> str:
        """Return the purpose in a language; in English if it is not said in that one."""
        said: str | None = getattr(self, language, None)
        return said or self.en


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data.

    Attributes
    ----------
    days
        How long it is kept where ``region.toml`` does not say.
    most
        The longest that it may say.
    purpose
        Why it is kept, where ``region.toml`` does not say.
    """

    days: int
    most: int
    purpose: Purpose


KINDS: dict[str, Kind] = {
    # In the order in which the jobs run. A later table adds one kind here, one job in purge.py,
    # and its words in api/privacy_words.py.
    "contact": Kind(
        14,
        14,
        Purpose(
            de="Damit wir Sie erreichen, wenn sich an Ihrer Fahrt etwas ändert, und damit "
            "Sie Ihre Fahrten wiederfinden.",
            en="To reach you if something about your ride changes, and for you to find your rides.",
            da="Så vi kan få fat i dig, hvis noget ændrer sig ved din tur, og så du kan finde "
            "dine ture igen.",
        ),
    ),
    "receipt": Kind(
        14,
        14,
        Purpose(
            de="Damit aus einer doppelt abgeschickten Buchung nicht zwei werden.",
            en="So that a booking sent twice does not become two.",
            da="Så en bestilling, der bliver sendt to gange, ikke bliver til to.",
        ),
    ),
    "series": Kind(
        14,
        92,
        Purpose(
            de="Damit wir Ihre Fahrten jede Woche für Sie buchen können.",
            en="To book your rides for you week after week.",
            da="Så vi kan bestille dine ture for dig hver uge.",
        ),
    ),
    "waiting": Kind(
        1,
        14,
        Purpose(
            de="Damit wir Ihnen Bescheid geben, wenn doch noch ein Platz frei wird.",
            en="To tell you when a place becomes free after all.",
            da="Så vi kan give dig besked, hvis der alligevel bliver en plads ledig.",
        ),
    ),
    "session": Kind(
        7,
        92,
        Purpose(
            de="Damit nur Befugte Buchungen sehen und ein Missbrauch auffällt.",
            en="So that only authorised people see bookings, and misuse is noticed.",
            da="Så kun de rette personer kan se bestillinger, og misbrug bliver opdaget.",
        ),
    ),
    "report": Kind(
        14,
        92,
        Purpose(
            de="Damit der Fahrplan der Wirklichkeit folgt und sich Meldungen berichtigen lassen.",
            en="For the plan to follow what really happens, and for reports to be corrected.",
            da="Så planen følger virkeligheden, og meldinger kan rettes.",
        ),
    ),
    "ride": Kind(
        14,
        92,
        Purpose(
            de="Damit wir Sie fahren können und belegen, ob wir unser Versprechen gehalten haben.",
            en="To drive you, and to show whether we kept our promise.",
            da="Så vi kan køre dig og vise, om vi har holdt, hvad vi lovede.",
        ),
    ),
    "figures": Kind(
        1096,
        3653,
        Purpose(
            de="Damit die Gemeinden sehen, wie der Dienst genutzt wird und wo er fehlt.",
            en="For the municipalities to see how the service is used and where it is missing.",
            da="Så kommunerne kan se, hvordan tilbuddet bruges, og hvor det mangler.",
        ),
    ),
}


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
        rules.setdefault(name, Rule(data=name, days=kind.days, purpose=kind.purpose))
        if rules[name].days > kind.most:
            raise ValueError(f"retention: {name} may be kept {kind.most} days at most")
    for sooner, later in pairwise(("contact", "ride", "figures")):
        if rules[later].days < rules[sooner].days:
            raise ValueError(
                f"retention: {later} must be kept at least as many days as {sooner}, "
                f"now {rules[sooner].days}"
            )
    return tuple(rules[name] for name in KINDS)
