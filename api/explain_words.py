"""A plan's choices in words: why this vehicle, why this time, why not another."""

from datetime import datetime

from api.languages import Language
from api.words import Pair, say
from routing.insertion import Obstacle
from shuttle.explaining import Candidate, Cost, Explanation, Timing


def obstacle_sentence(language: Language, candidate: Candidate) -> str:
    """Return why a booking does not fit into a tour."""
    if candidate.missing is not None:
        return say(_LACKING[candidate.missing], language)
    return say(OBSTACLES[candidate.obstacle], language)


def summary(
    language: Language,
    found: Explanation,
    vehicle: str,
    rival: str | None,
    comes_from: str,
    pickup: datetime,
) -> str:
    """Return why this vehicle and this time, in a few sentences."""
    german, english = _TIMINGS[found.timing]
    clock = f"{pickup:%H:%M}"
    sentences: list[Pair] = [
        (
            f"{vehicle} kommt von {comes_from} und ist um {clock} Uhr da: {german}.",
            f"{vehicle} comes from {comes_from} and is there at {clock}: {english}.",
        )
    ]
    if found.planned is not None:
        sentences.append(_choice(found, found.planned, rival))
    return " ".join(say(sentence, language) for sentence in sentences)


def _choice(found: Explanation, planned: Cost, rival: str | None) -> Pair:
    """Say what the ride costs here, and in the next best vehicle."""
    best = found.next_best
    here = _minutes(planned.seconds)
    if best is None or best.cost is None:
        return (
            f"Das sind {here} min Fahrzeit mehr; in kein anderes Fahrzeug passt die Fahrt.",
            f"That is {here} min more driving; the ride fits into no other vehicle.",
        )
    there = _minutes(best.cost.seconds)
    cheaper = best.cost.seconds < planned.seconds
    return (
        f"Das sind {here} min Fahrzeit mehr; mit {rival} wären es {there} min"
        + (", weil sich der Plan seit der Buchung geändert hat." if cheaper else "."),
        f"That is {here} min more driving; with {rival} it would be {there} min"
        + (", because the plan has changed since the booking." if cheaper else "."),
    )


def _minutes(seconds: int) -> str:
    return f"{seconds / 60:.0f}"


_TIMINGS: dict[Timing, Pair] = {
    Timing.WINDOW: (
        "Dann beginnt das zugesagte Zeitfenster",
        "the promised window opens then",
    ),
    Timing.ARRIVAL: (
        "Früher schafft es das Fahrzeug von dort nicht",
        "the vehicle cannot come from there any sooner",
    ),
    Timing.READY: (
        "Früher kann das Fahrzeug nicht losfahren",
        "the vehicle cannot set out any sooner",
    ),
    Timing.OTHERS: (
        "So ist niemand anders zu lange an Bord",
        "so nobody else is on board for too long",
    ),
}

_LACKING: dict[str, Pair] = {
    "seats": ("Es sind nicht genug Sitze frei.", "There are not enough free seats."),
    "wheelchairs": ("Es ist kein Rollstuhlplatz frei.", "No wheelchair place is free."),
    "child_seats": ("Es ist kein Kindersitz frei.", "No child seat is free."),
}

OBSTACLES: dict[Obstacle, Pair] = {
    Obstacle.FIXED: (
        "Das Fahrzeug ist in dieser Zeit schon unterwegs oder nicht mehr im Dienst.",
        "The vehicle is already under way at this time, or off duty.",
    ),
    Obstacle.PICKUP_WINDOW: (
        "Das Fahrzeug kann nicht im Zeitfenster an der Haltestelle sein.",
        "The vehicle cannot be at the stop within the window.",
    ),
    Obstacle.BREAK: (
        "Die Pause der Fahrerin oder des Fahrers käme zu spät.",
        "The driver's break would come too late.",
    ),
    Obstacle.SHIFT_END: (
        "Das Fahrzeug wäre nicht bis zum Ende der Schicht zurück.",
        "The vehicle would not be back by the end of its shift.",
    ),
    Obstacle.OTHERS: (
        "Ein Versprechen an andere Fahrgäste würde gebrochen.",
        "A promise to other passengers would be broken.",
    ),
    Obstacle.DROPOFF_WINDOW: (
        "Das Ziel wäre nicht rechtzeitig erreicht.",
        "The destination would not be reached in time.",
    ),
    Obstacle.RIDE_LIMIT: (
        "Die Fahrt würde zu lange dauern.",
        "The ride would take too long.",
    ),
}
"""All but a lack of places, and that there is none."""
