"""What the service says to people, in German and in English, side by side."""

from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection

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


PROBLEMS: dict[str, Pair] = {
    "already_cancelled": (
        "Diese Fahrt ist schon storniert. Bitte buchen Sie neu.",
        "This ride has been cancelled. Please book a new one.",
    ),
    "already_over": ("Diese Zeit ist schon vorbei.", "This time is over already."),
    "break_outside": (
        "Eine Pause passt nicht in die Schicht.",
        "A break does not fit into the shift.",
    ),
    "no_late_ride": (
        "Für diese Fahrt hat heute kein Fahrzeug Platz.",
        "No vehicle has room for this ride today.",
    ),
    "no_road_near": (
        "An diesem Punkt liegt keine Straße.",
        "There is no road at this point.",
    ),
    "no_such_day": (
        "In diesem Zeitraum liegt kein solcher Tag.",
        "There is no such day in this time.",
    ),
    "not_stranded": (
        "Diese Fahrt wartet auf keine Entscheidung.",
        "This ride waits for no decision.",
    ),
    "nothing_to_change": (
        "In dieser Zeit ist nichts zu ändern.",
        "There is nothing to change at that time.",
    ),
    "other_day": ("Das gehört zu einem anderen Tag.", "This belongs to another day."),
    "out_of_service": (
        "Das Fahrzeug ist in dieser Zeit außer Betrieb.",
        "The vehicle is out of service at that time.",
    ),
    "outward_too_late": (
        "Die Rückfahrt beginnt vor der Ankunft dieser Fahrt. Ändern Sie zuerst die Rückfahrt.",
        "The way back begins before this ride has arrived. Change the way back first.",
    ),
    "plan_changed": (
        "Der Plan hat sich geändert. Bitte sehen Sie noch einmal hin.",
        "The plan has changed. Please look again.",
    ),
    "return_gone": (
        "Die Rückfahrt ist nicht mehr frei. Das ist jetzt möglich.",
        "The way back is no longer free. This is possible now.",
    ),
    "return_too_early": (
        "Die Rückfahrt beginnt vor der Ankunft der Hinfahrt.",
        "The way back begins before the outward ride has arrived.",
    ),
    "school_holidays_unknown": (
        "Für diesen Zeitraum kennen wir die Schulferien noch nicht.",
        "The school holidays of this time are not known yet.",
    ),
    "shift_begun": ("Diese Schicht hat schon begonnen.", "This shift has begun."),
    "shift_overlaps": (
        "Das Fahrzeug hat in dieser Zeit schon eine Schicht.",
        "The vehicle has a shift at that time already.",
    ),
    "times_reversed": (
        "Das Ende liegt vor dem Beginn.",
        "The end comes before the begin.",
    ),
    "too_far_from_wish": (
        "Nur weit vor oder nach der gewünschten Zeit ist ein Fahrzeug frei.",
        "A vehicle is free only long before or after the wanted time.",
    ),
    "too_many_no_shows": (
        "Mit dieser Telefonnummer wurden zu viele Fahrten versäumt. Bitte rufen Sie an.",
        "Too many rides with this phone number were missed. Please call us.",
    ),
    "too_many_open_bookings": (
        "Mit dieser Telefonnummer sind schon so viele Fahrten gebucht, wie es geht.",
        "This phone number has as many open bookings as it may have.",
    ),
    "unknown_code": ("Diesen Code gibt es nicht.", "There is no such code."),
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
    "forged_request": (
        "Diese Anfrage kam nicht von einer Seite dieses Dienstes.",
        "This request did not come from a page of this service.",
    ),
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
    "invalid_phone": (
        "Diese Telefonnummer gibt es nicht.",
        "There is no such phone number.",
    ),
    "invalid_place": (
        "Nennen Sie den Ort auf genau eine Weise.",
        "Name the place in exactly one way.",
    ),
    "method_not_allowed": (
        "Das geht an dieser Stelle nicht.",
        "That is not possible here.",
    ),
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
    "not_allowed": (
        "Das gehört nicht zu Ihren Aufgaben hier.",
        "This is not part of your work here.",
    ),
    "not_cancellable": (
        "Das Fahrzeug ist schon unterwegs. Bitte rufen Sie an.",
        "The vehicle is already on its way. Please call us.",
    ),
    "not_found": ("Diese Seite gibt es nicht.", "There is nothing at this address."),
    "not_planned": (
        "Diese Fahrt ist in keinem Fahrzeug eingeplant.",
        "No vehicle is planned for this ride.",
    ),
    "not_signed_in": ("Bitte melden Sie sich an.", "Please sign in."),
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
    "too_many_requests": (
        "Das waren zu viele Anfragen. Bitte warten Sie etwas.",
        "These were too many requests. Please wait a little.",
    ),
    "unknown_booking": (
        "Zu diesem Code mit diesen Ziffern gibt es keine Buchung.",
        "There is no booking with this code and these digits.",
    ),
    "unknown_condition": (
        "Diese Störung gibt es nicht, oder sie ist vorbei.",
        "There is no such trouble, or it is over.",
    ),
    "unknown_field": ("Diese Angabe kennen wir nicht.", "This field is unknown."),
    "unknown_place": (
        "Diesen Ort haben wir nicht gefunden.",
        "This place was not found.",
    ),
    "unknown_shift": (
        "Diese Schicht gibt es nicht mehr.",
        "There is no such shift any more.",
    ),
    "unknown_stop": ("Diese Haltestelle gibt es nicht.", "There is no such stop."),
    "unknown_vehicle": ("Dieses Fahrzeug gibt es nicht.", "There is no such vehicle."),
    "wrong_credentials": (
        "Das stimmt nicht. Bitte prüfen Sie Ihre Eingabe.",
        "This is not right. Please check what you typed.",
    ),
}
"""Titles of all problems by code."""
