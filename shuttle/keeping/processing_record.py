"""The record of processing activities (Art. 30 GDPR), written from the rules of retention.

It is in German, because the authorities that ask for it are. What the program cannot know, such as
who is in charge of data protection, is said to be missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shuttle.keeping.retention import KINDS, Rule
from shuttle.region_config import RegionConfig

_PASSENGERS, _STAFF = "Fahrgäste", "Beschäftigte und Fahrpersonal"
_TASK = "Art. 6 Abs. 1 Buchst. e DSGVO (öffentliche Aufgabe)"
_CONTRACT = "Art. 6 Abs. 1 Buchst. b DSGVO (Beförderung)"
_WORK = "Art. 6 Abs. 1 Buchst. e DSGVO in Verbindung mit dem Beschäftigtendatenschutz"


@dataclass(frozen=True, slots=True)
class Processing:
    """What has to be said of a kind of data, besides its purpose and its days."""

    data: str
    whose: str
    basis: str
    then: str = "werden gelöscht"


PROCESSING: dict[str, Processing] = {
    "contact": Processing("Name, Telefonnummer, E-Mail-Adresse", _PASSENGERS, _CONTRACT),
    "receipt": Processing("Kennzeichen der abgeschickten Buchung", _PASSENGERS, _CONTRACT),
    "series": Processing(
        "Wöchentliche Fahrten mit Kontaktdaten, Start und Ziel", _PASSENGERS, _CONTRACT
    ),
    "waiting": Processing("Warteliste mit Kontaktdaten, Start und Ziel", _PASSENGERS, _CONTRACT),
    "session": Processing("Zeitpunkte der Anmeldung", _STAFF, _WORK),
    "report": Processing(
        "Meldungen aus den Fahrzeugen: Beginn der Schicht, Pausen, Halte",
        _STAFF,
        _WORK,
        "werden gelöscht; was bleibt, hat auf Viertelstunden vergröberte Zeiten",
    ),
    "ride": Processing(
        "Buchungscode, Start und Ziel, Haltestellen, Zeiten, Zahl der Fahrgäste, benötigte Plätze",
        _PASSENGERS,
        _CONTRACT,
        "Code und Worte werden gelöscht, Zeiten auf Viertelstunden vergröbert, Fußwege auf 100 m",
    ),
    "figures": Processing(
        "Vergröberte Fahrten und Absagen, die niemanden nennen, auch in nachgespielten Monaten",
        _PASSENGERS,
        _TASK,
    ),
}
"""Each kind of data; a test holds it against the rules of retention."""


def processing_record(config: RegionConfig) -> str:
    """Return the record as Markdown."""
    return "\n".join(
        (
            f"# Verzeichnis der Verarbeitungstätigkeiten: Dorfshuttle {config.name}",
            "",
            (
                "Nach Art. 30 Abs. 1 DSGVO. Geschrieben aus den Löschregeln, nach denen das "
                "Programm jede Nacht aufräumt."
            ),
            "",
            "## Verantwortlich",
            "",
            *_responsible(config),
            "",
            "## Verarbeitungen",
            *_activities(config.retention_rules),
            "",
            "## Empfänger",
            "",
            *(f"- {each}" for each in _recipients(config)),
            "",
            "Eine Übermittlung in ein Drittland findet durch das Programm nicht statt.",
            "",
            "## Technische und organisatorische Maßnahmen (Art. 32 DSGVO)",
            "",
            *(f"- {each}" for each in _MEASURES),
            "",
        )
    )


def _responsible(config: RegionConfig) -> Iterator[str]:
    contact = config.contact
    yield f"- Verantwortlicher: {contact.operator}"
    yield f"- Anschrift: {', '.join(contact.address.split(chr(10))).strip() or _missing('address')}"
    yield f"- Vertreten durch: {contact.represented_by or _missing('represented_by')}"
    yield f"- Telefon und E-Mail: {contact.phone}, {contact.email}"
    yield "- Datenschutzbeauftragte Person: steht nicht in region.toml; hier einzutragen"


def _missing(key: str) -> str:
    return f"fehlt; in region.toml unter [contact] als {key} einzutragen"


def _activities(rules: Sequence[Rule]) -> Iterator[str]:
    for number, rule in enumerate(rules, start=1):
        known = PROCESSING[rule.data]
        yield ""
        yield f"### {number}. {known.data}"
        yield ""
        yield f"- Zweck: {rule.purpose.de}"
        yield f"- Betroffene Personen: {known.whose}"
        yield f"- Rechtsgrundlage (Vorschlag, vom Verantwortlichen zu prüfen): {known.basis}"
        yield f"- Frist: {_days(rule)}; danach: {known.then}"


def _days(rule: Rule) -> str:
    days = "1 Tag" if rule.days == 1 else f"{rule.days} Tage"
    return f"{days} (höchstens {KINDS[rule.data].most})"


def _recipients(config: RegionConfig) -> Iterator[str]:
    yield (
        "Fahrpersonal: Haltestelle, Zeit, Zahl der Fahrgäste, benötigte Plätze und, wenn "
        "angegeben, der Name, für die eigene Schicht."
    )
    yield "Disposition und Telefon: Buchungen mit Kontaktdaten."
    yield (
        "Betreiber des E-Mail-Servers, wenn einer eingerichtet ist: Adresse und Text der Nachricht."
    )
    if config.sms is not None:
        yield "Betreiber des SMS-Zugangs: Telefonnummer und Text der Nachricht."
    if config.geocoder is not None:
        yield f"Adresssuche {config.geocoder.url}: das Getippte, ohne Angabe zur Person."
    yield (
        "Öffentlichkeit: wo die Busse sind, wie viele ein- und aussteigen, und Zahlen ganzer "
        "Monate ab fünf Fahrten; nie, wer."
    )


_MEASURES = (
    (
        "Fahrten werden ohne Konto gebucht; ein Rollstuhl ist eine Anforderung an das Fahrzeug "
        "einer Fahrt, kein Merkmal einer Person."
    ),
    "Telefonnummern werden nur mit einem Schlüssel als Pseudonym gesucht.",
    "Kennwörter sind mit Argon2 gesichert; Rollen begrenzen, wer was sieht.",
    "Protokolle enthalten weder Telefonnummern noch Codes noch Netzadressen.",
    "Standorte der Fahrzeuge stehen nur im Arbeitsspeicher, höchstens 24 Stunden.",
    "Auskunft und Löschung mit je einem Befehl: shuttle privacy export und shuttle privacy erase.",
    (
        "Verschlüsselung der Übertragung und der Sicherungen richtet der Betreiber ein "
        "(docs/betrieb.md)."
    ),
)
