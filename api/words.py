"""What the service says to people, in German and in English, side by side."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection

from shuttle.domain import RefusalReason

Language = Literal["de", "en"]

LANGUAGES: tuple[Language, ...] = ("de", "en")

COOKIE = "lang"


def language_of(connection: HTTPConnection) -> Language:
    """Return the reader's language: chosen on the page, else wanted by the browser, else German."""
    chosen = connection.query_params.get("lang") or connection.cookies.get(COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    return _preferred(connection.headers.get("accept-language", ""))


def _preferred(header: str) -> Language:
    """Return the language that an ``Accept-Language`` header weighs most (RFC 9110, 12.5.4)."""
    best: Language = "de"
    heaviest = 0.0
    for choice in header.split(","):
        tag, _, quality = choice.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        for language in LANGUAGES:
            if tag.strip().lower().split("-")[0] == language and weight > heaviest:
                best, heaviest = language, weight
    return best


async def _language(connection: HTTPConnection) -> Language:
    return language_of(connection)


ReaderLanguage = Annotated[Language, Depends(_language)]
"""An endpoint's parameter: the language of whoever asks."""

Pair = tuple[str, str]
"""The same in German and in English."""


def say(pair: Pair, language: Language) -> str:
    """Return one of the two."""
    return pair[LANGUAGES.index(language)]


def problem_title(language: Language, code: str) -> str:
    """Return a problem's sentence for people."""
    return say(PROBLEMS.get(code, PROBLEMS["invalid"]), language)


def refusal_message(
    language: Language, reason: RefusalReason, earliest_pickup: datetime | None, offers: int
) -> str:
    """Return why there is no ride as wished, and what there is instead."""
    sentences = [REFUSALS[reason]]
    if earliest_pickup is not None:
        clock = f"{earliest_pickup:%H:%M}"
        sentences.append(
            (
                f"Frühestens um {clock} Uhr könnte ein Fahrzeug da sein.",
                f"A vehicle could be there at {clock} at the earliest.",
            )
        )
    if offers:
        sentences.append(("Das ist möglich:", "This is possible:"))
    return " ".join(say(sentence, language) for sentence in sentences)


REFUSALS: dict[RefusalReason, Pair] = {
    RefusalReason.NO_SEATS: (
        "In dieser Zeit sind nicht genug Sitze frei.",
        "There are not enough free seats at this time.",
    ),
    RefusalReason.NO_WHEELCHAIR_PLACE: (
        "In dieser Zeit ist kein Rollstuhlplatz frei.",
        "No wheelchair place is free at this time.",
    ),
    RefusalReason.NO_CHILD_SEAT: (
        "In dieser Zeit ist kein Kindersitz frei.",
        "No child seat is free at this time.",
    ),
    RefusalReason.NO_VEHICLE_IN_REACH: (
        "In dieser Zeit erreicht kein Fahrzeug die Haltestelle.",
        "No vehicle can reach the stop at this time.",
    ),
    RefusalReason.ARRIVAL_TOO_EARLY: (
        "So früh kommt kein Fahrzeug mehr an das Ziel.",
        "No vehicle gets to the destination that early.",
    ),
    RefusalReason.RIDE_TOO_LONG: (
        "Die Fahrt würde mit den Umwegen zu lange dauern.",
        "With its detours the ride would take too long.",
    ),
    RefusalReason.OTHER_PROMISES: (
        "Die Fahrzeuge sind unterwegs zu Fahrgästen, die schon gebucht haben.",
        "The vehicles are on their way to people who booked before.",
    ),
    RefusalReason.SHIFT_ENDS: (
        "In dieser Zeit ist kein Fahrzeug im Dienst.",
        "No vehicle is on duty at this time.",
    ),
    RefusalReason.DRIVER_BREAK: (
        "In dieser Zeit haben die Fahrerinnen und Fahrer Pause.",
        "The drivers have their break at this time.",
    ),
}

PROBLEMS: dict[str, Pair] = {
    "ambiguous_hour": (
        "Diese Uhrzeit gibt es an diesem Tag zweimal.",
        "This hour happens twice on that day.",
    ),
    "beyond_horizon": (
        "So weit im Voraus kann man noch nicht buchen.",
        "Rides cannot be booked that far ahead.",
    ),
    "body_too_large": ("Die Anfrage ist zu groß.", "The request is too large."),
    "broken_body": ("Die Anfrage ist nicht lesbar.", "The request cannot be read."),
    "broken_json": ("Die Anfrage ist kein JSON.", "The request is no JSON."),
    "idempotency_conflict": (
        "Dieser Schlüssel gehört schon zu einer anderen Buchung.",
        "This key already belongs to another booking.",
    ),
    "in_the_past": ("Diese Zeit ist schon vorbei.", "This time is over."),
    "internal": (
        "Bei uns ist etwas schiefgegangen. Bitte rufen Sie an.",
        "Something went wrong here. Please call us.",
    ),
    "invalid": ("Eine Angabe stimmt nicht.", "Something in the request is wrong."),
    "invalid_phone": ("Diese Telefonnummer gibt es nicht.", "There is no such phone number."),
    "invalid_place": (
        "Nennen Sie den Ort auf genau eine Weise.",
        "Name the place in exactly one way.",
    ),
    "method_not_allowed": ("Das geht an dieser Stelle nicht.", "That is not possible here."),
    "missing": ("Eine Angabe fehlt.", "Something is missing."),
    "naive_datetime": (
        "Der Uhrzeit fehlt die Zeitzone.",
        "The time lacks its offset from UTC.",
    ),
    "no_such_hour": (
        "Diese Uhrzeit gibt es an diesem Tag nicht.",
        "This hour does not happen on that day.",
    ),
    "no_stop_near": (
        "In Laufweite liegt keine Haltestelle.",
        "There is no stop within walking distance.",
    ),
    "not_cancellable": (
        "Das Fahrzeug ist schon unterwegs. Bitte rufen Sie an.",
        "The vehicle is already on its way. Please call us.",
    ),
    "not_found": ("Diese Seite gibt es nicht.", "There is nothing at this address."),
    "offer_expired": (
        "Dieses Angebot gilt nicht mehr. Bitte fragen Sie neu an.",
        "This offer is no longer valid. Please ask again.",
    ),
    "offer_gone": (
        "Jemand war schneller. Das ist jetzt möglich.",
        "Somebody else was faster. This is possible now.",
    ),
    "offer_taken": (
        "Dieses Angebot ist schon gebucht. Bitte fragen Sie neu an.",
        "This offer has already been booked. Please ask again.",
    ),
    "out_of_range": (
        "Für diesen Tag gibt es keine Auskunft.",
        "There is no information about this day.",
    ),
    "offer_invalid": (
        "Dieses Angebot stammt nicht von uns.",
        "This offer was not made by this service.",
    ),
    "outside_area": (
        "Dieser Ort liegt außerhalb des Fahrgebiets.",
        "This place lies outside the service area.",
    ),
    "outside_hours": (
        "In dieser Zeit fährt der Shuttle nicht.",
        "The shuttle does not run at this time.",
    ),
    "party_empty": ("Mindestens eine Person fährt mit.", "At least one person rides."),
    "party_mismatch": (
        "Die Zahlen der Fahrgäste passen nicht zusammen.",
        "The numbers of passengers contradict each other.",
    ),
    "party_too_large": (
        "So viele passen in kein Fahrzeug.",
        "No vehicle holds that many.",
    ),
    "plan_busy": (
        "Gerade buchen viele zugleich. Bitte versuchen Sie es noch einmal.",
        "Many are booking right now. Please try again.",
    ),
    "same_stop": (
        "Start und Ziel sind dieselbe Haltestelle.",
        "Start and destination are the same stop.",
    ),
    "store_unavailable": (
        "Die Datenbank antwortet nicht. Bitte rufen Sie an.",
        "The database does not answer. Please call us.",
    ),
    "unknown_booking": (
        "Zu diesem Code gibt es keine Buchung.",
        "There is no booking with this code.",
    ),
    "unknown_field": ("Diese Angabe kennen wir nicht.", "This field is unknown."),
    "unknown_shift": (
        "Diese Schicht gibt es an diesem Tag nicht.",
        "There is no such shift on that day.",
    ),
    "unknown_place": (
        "Diesen Ort haben wir nicht gefunden.",
        "This place was not found.",
    ),
    "unknown_stop": ("Diese Haltestelle gibt es nicht.", "There is no such stop."),
}
"""Titles of all problems by code."""
