"""What a refused resident is told: the cause, the nearest vehicle, and what works instead."""

from datetime import datetime

from api.languages import Language
from api.page_words import MONTHS, WEEKDAYS
from api.words import Pair, problem_title, say
from shuttle.answers import Fix, NearestVehicle, RefusalReason
from shuttle.domain import FixKind, Party, When
from shuttle.region import Region


def refusal_message(
    region: Region,
    language: Language,
    reason: RefusalReason,
    nearest: NearestVehicle | None,
    fixes: int,
) -> str:
    """Return why there is no ride as wished, and whether there is something instead."""
    sentences = [REFUSALS[reason]]
    if nearest is not None:
        sentences.append(_nearest(region, reason, nearest))
    if fixes:
        sentences.append(("Das ist möglich:", "This is possible:"))
    return " ".join(say(sentence, language) for sentence in sentences)


def missed_message(language: Language, reason: str) -> str:
    """Return why a day of a weekly repeat could not be promised."""
    refusal = next((pair for each, pair in REFUSALS.items() if each == reason), None)
    return say(refusal, language) if refusal else problem_title(language, reason)


def _nearest(region: Region, reason: RefusalReason, nearest: NearestVehicle) -> Pair:
    """Say which vehicle comes first, from where, and when."""
    until, pickup = _clock(region, nearest.until), _clock(region, nearest.pickup)
    name, place = nearest.name, nearest.place
    if nearest.only:
        kind = _WITH_PLACE.get(reason, ("das groß genug ist", "that is large enough"))
        german = f"Das einzige Fahrzeug, {kind[0]} ({name}), kann erst um {until} Uhr"
        english = f"The only vehicle {kind[1]} ({name}) can leave {place} no sooner than {until}"
        return (
            f"{german} von {place} aus losfahren und um {pickup} Uhr da sein.",
            f"{english} and be there at {pickup}.",
        )
    return (
        f"Am frühesten käme {name}: um {until} Uhr von {place} aus, um {pickup} Uhr da.",
        f"The first to come would be {name}: leaving {place} at {until}, there at {pickup}.",
    )


def fix_message(region: Region, language: Language, fix: Fix) -> str:
    """Return a fix as one sentence."""
    return say(_fix(region, fix), language)


def _fix(region: Region, fix: Fix) -> Pair:
    """Say what to change, and when there is a ride then."""
    offer = fix.offer
    departing = offer.request.when is When.DEPART_AT
    time = offer.ride.promise.pickup_earliest if departing else offer.request.time
    clock = _clock(region, time)
    works = (
        (f"geht es um {clock} Uhr", f"{clock} works")
        if departing
        else (f"geht es mit Ankunft bis {clock} Uhr", f"arriving by {clock} works")
    )
    if fix.kind in (FixKind.EARLIER, FixKind.LATER):
        change = _EARLIER if fix.kind is FixKind.EARLIER else _LATER
    elif fix.kind is FixKind.OTHER_DAY:
        change = _day(datetime.fromtimestamp(time, region.config.zone))
    elif fix.kind is FixKind.OTHER_STOP:
        change = _stop(fix)
    else:
        change = _fewer(fix.asked.party, offer.request.party)
    return f"{change[0]} {works[0]}.", f"{change[1]} {works[1]}."


def _day(day: datetime) -> Pair:
    weekday, month = WEEKDAYS[day.weekday()], MONTHS[day.month - 1]
    return (
        f"Am {weekday[0]}, {day.day}. {month[0]},",
        f"On {weekday[1]} {day.day} {month[1]}",
    )


def _stop(fix: Fix) -> Pair:
    place = fix.offer.request.origin if "from" in fix.changed else fix.offer.request.destination
    way = f"{fix.walk_metres} m" if fix.walk_metres < 1000 else f"{fix.walk_metres / 1000:.1f} km"
    if "from" in fix.changed:
        return (
            f"Ab Haltestelle {place.label} ({way.replace('.', ',')})",
            f"From stop {place.label} ({way})",
        )
    return (
        f"Bis Haltestelle {place.label} ({way.replace('.', ',')} vor dem Ziel)",
        f"To stop {place.label} ({way} from the destination)",
    )


def _fewer(asked: Party, party: Party) -> Pair:
    """Say with fewer aids, or else for fewer people."""
    folded = asked.wheelchairs > party.wheelchairs
    seats = asked.child_seats > party.child_seats
    if folded and seats:
        return (
            "Mit gefaltetem Rollstuhl und ohne Kindersitz",
            "With a folded wheelchair and without a child seat",
        )
    if folded:
        return "Mit gefaltetem Rollstuhl", "With a folded wheelchair"
    if seats:
        return "Ohne Kindersitz", "Without a child seat"
    if party.passengers == 1:
        return "Für eine Person", "For one person"
    return f"Für {party.passengers} Personen", f"For {party.passengers} people"


def _clock(region: Region, time: int) -> str:
    return f"{datetime.fromtimestamp(time, region.config.zone):%H:%M}"


_EARLIER = ("Früher", "Earlier:")
_LATER = ("Später", "Later:")

_WITH_PLACE: dict[RefusalReason, Pair] = {
    RefusalReason.NO_WHEELCHAIR_PLACE: ("das einen Rollstuhl mitnimmt", "that takes a wheelchair"),
    RefusalReason.NO_CHILD_SEAT: ("das einen Kindersitz hat", "with a child seat"),
}

REFUSALS: dict[RefusalReason, Pair] = {
    RefusalReason.TOO_SOON: (
        "So kurzfristig kann kein Fahrzeug kommen.",
        "No vehicle can come at such short notice.",
    ),
    RefusalReason.SERVICE_HOURS: (
        "Die Fahrt läge außerhalb der Fahrzeiten.",
        "The ride would be outside the service hours.",
    ),
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
    RefusalReason.STOP_CLOSED: (
        "Die Haltestelle ist in dieser Zeit gesperrt.",
        "The stop is closed at this time.",
    ),
    RefusalReason.DRIVER_BREAK: (
        "In dieser Zeit haben die Fahrerinnen und Fahrer Pause.",
        "The drivers have their break at this time.",
    ),
}
