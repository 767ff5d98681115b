"""What a checked region is told of, in the languages of those who mend it."""

from typing import Literal

from routing.faults import Fault, FaultKind

Language = Literal["de", "en"]

_SENTENCES: dict[FaultKind, dict[Language, str]] = {
    FaultKind.UNREACHABLE_STOP: {
        "de": "Haltestelle {name} ist nicht erreichbar: {reason}; bis zur nächsten befahrbaren "
        "Straße sind es {metres} m. Verlegen oder entfernen Sie sie.",
        "en": "Stop {name} cannot be reached: {reason}; the nearest usable road is {metres} m "
        "away. Move or remove it.",
    },
    FaultKind.FORBIDDEN_ROAD: {
        "de": "Haltestelle {name} liegt an einer Straße, die kein Bus befahren darf: {reason}; die "
        "nächste befahrbare ist {metres} m entfernt. Verlegen Sie sie dorthin.",
        "en": "Stop {name} lies on a road no bus may use: {reason}; the nearest usable one is "
        "{metres} m away. Move it there.",
    },
    FaultKind.TRAP: {
        "de": "Einbahn-Falle {name}: {metres} m Straße führen hinein und nicht wieder heraus. "
        "Prüfen Sie die Einbahnregelung auf der Karte.",
        "en": "One-way trap {name}: {metres} m of road lead in and not out again. Look at the "
        "one-way signs on the map.",
    },
    FaultKind.VILLAGE_WITHOUT_STOP: {
        "de": "{name} hat keine Haltestelle: die nächste ist {metres} m entfernt. Fügen Sie eine "
        "hinzu.",
        "en": "{name} has no stop: the nearest is {metres} m away. Add one.",
    },
}

_REASONS: dict[str, dict[Language, str]] = {
    "no road near": {"de": "keine Straße in der Nähe", "en": "no road near"},
    "not connected": {
        "de": "die Straße hängt mit den anderen nicht zusammen",
        "en": "nothing connects its road to the others",
    },
    "no way in": {"de": "niemand kann hineinfahren", "en": "one can only drive out of its road"},
    "no way back": {"de": "niemand kann wieder heraus", "en": "there is no way back"},
    "no halting": {
        "de": "auf Kraftfahrstraßen darf niemand halten",
        "en": "nobody may halt on motorways and trunk roads",
    },
    "no access": {"de": "Durchfahrt verboten", "en": "no access"},
    "rough road": {"de": "unbefestigter Weg", "en": "a rough road"},
    "driveway or car park": {"de": "Zufahrt oder Parkplatz", "en": "a driveway or car park"},
    "not built": {"de": "noch nicht gebaut", "en": "not built yet"},
    "reversible": {"de": "Richtung wechselt", "en": "its direction changes with the hour"},
}

WORDS: dict[str, dict[Language, str]] = {
    "title": {"de": "Prüfung: {name}", "en": "Check: {name}"},
    "sound": {
        "de": "Alle {stops} Haltestellen liegen an Straßen, die ein Bus erreicht, und jeder Ort "
        "hat eine.",
        "en": "All {stops} stops lie on roads that a bus reaches, and every village has one.",
    },
    "found": {
        "de": "{faults} Befunde an {stops} Haltestellen und ihren Straßen, davon {grave} schwer.",
        "en": "{faults} findings about {stops} stops and their roads, {grave} of them grave.",
    },
    "grave": {"de": "schwer", "en": "grave"},
    "slight": {"de": "Hinweis", "en": "hint"},
    "overview": {
        "de": "Karte der Region mit allen Befunden, nach Nummern",
        "en": "Map of the region with all findings, by number",
    },
    "detail": {"de": "Umgebung von Befund {number}", "en": "Around finding {number}"},
    "legend": {
        "de": "Grau: befahrbare Straßen. Kleine Punkte: Haltestellen. Rot: schwerer Befund. "
        "Orange: Hinweis. Gestrichelt: die Straße, um die es geht.",
        "en": "Grey: usable roads. Small dots: stops. Red: a grave finding. Orange: a hint. "
        "Dashed: the road in question.",
    },
}


def sentence(fault: Fault, language: Language) -> str:
    """Return what is wrong and what to do about it."""
    reason = _REASONS.get(fault.reason, {}).get(language, fault.reason)
    text = _SENTENCES[fault.kind][language]
    said = text.format(name=fault.name, reason=reason, metres=fault.metres)
    return said.replace("  ", " ").replace(" :", ":")


def word(key: str, language: Language, **facts: object) -> str:
    """Return a text of the page."""
    return WORDS[key][language].format(**facts)
