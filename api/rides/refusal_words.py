"""What a refused resident is told: the cause, the nearest vehicle, and what works instead."""

from api.languages import Language, clock, day_this_year, mark, number, tell, tell_number
from api.problem_words import problem_title
from api.times import local_time
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
    sentences = [tell(REFUSALS[reason], language)]
    if nearest is not None:
        sentences.append(_nearest(region, language, reason, nearest))
    if fixes:
        sentences.append(tell("This is possible:", language))
    return " ".join(sentences)


def missed_message(language: Language, reason: str) -> str:
    """Return why a day of a weekly repeat could not be promised."""
    refusal = next((message for each, message in REFUSALS.items() if each == reason), None)
    return tell(refusal, language) if refusal else problem_title(language, reason)


def _nearest(
    region: Region, language: Language, reason: RefusalReason, nearest: NearestVehicle
) -> str:
    """Say which vehicle comes first, from where, and when."""
    return tell(
        _ONLY.get(reason, _ONLY_LARGE) if nearest.only else _FIRST,
        language,
        vehicle=nearest.name,
        place=nearest.place,
        until=clock(local_time(region, nearest.until), language),
        pickup=clock(local_time(region, nearest.pickup), language),
    )


def fix_message(region: Region, language: Language, fix: Fix) -> str:
    """Return as one sentence what to change, and when there is a ride then."""
    offer = fix.offer
    departing = offer.request.when is When.DEPART_AT
    time = offer.ride.promise.pickup_earliest if departing else offer.request.time
    return tell(
        _DEPARTING if departing else _ARRIVING,
        language,
        change=_change(region, language, fix, time),
        clock=clock(local_time(region, time), language),
    )


def _change(region: Region, language: Language, fix: Fix, time: int) -> str:
    """Say what to change, as the first words of a sentence."""
    if fix.kind is FixKind.EARLIER:
        return tell("Earlier:", language)
    if fix.kind is FixKind.LATER:
        return tell("Later:", language)
    if fix.kind is FixKind.OTHER_DAY:
        day = local_time(region, time).date()
        return tell("On {day}", language, day=day_this_year(day, language))
    if fix.kind is FixKind.OTHER_STOP:
        return _stop(language, fix)
    return _fewer(language, fix.asked.party, fix.offer.request.party)


def _stop(language: Language, fix: Fix) -> str:
    metres = fix.walk_metres
    way = f"{metres} m" if metres < 1000 else f"{number(metres / 1000, language)} km"
    if "from" in fix.changed:
        stop = fix.offer.request.origin.label
        return tell("From stop {stop} ({way})", language, stop=stop, way=way)
    stop = fix.offer.request.destination.label
    return tell("To stop {stop} ({way} from the destination)", language, stop=stop, way=way)


def _fewer(language: Language, asked: Party, party: Party) -> str:
    """Say with fewer aids, or else for fewer people."""
    folded = asked.wheelchairs > party.wheelchairs
    seats = asked.child_seats > party.child_seats
    if folded and seats:
        return tell("With a folded wheelchair and without a child seat", language)
    if folded:
        return tell("With a folded wheelchair", language)
    if seats:
        return tell("Without a child seat", language)
    return tell_number("For one person", "For {number} people", party.passengers, language)


_DEPARTING = mark("{change} {clock} works.")
_ARRIVING = mark("{change} arriving by {clock} works.")

_FIRST = mark(
    "The first to come would be {vehicle}: leaving {place} at {until}, there at {pickup}."
)
_ONLY_LARGE = mark(
    "The only vehicle that is large enough ({vehicle}) can leave {place} no sooner than {until} "
    "and be there at {pickup}."
)
_ONLY: dict[RefusalReason, str] = {
    RefusalReason.NO_WHEELCHAIR_PLACE: mark(
        "The only vehicle that takes a wheelchair ({vehicle}) can leave {place} no sooner than "
        "{until} and be there at {pickup}."
    ),
    RefusalReason.NO_CHILD_SEAT: mark(
        "The only vehicle with a child seat ({vehicle}) can leave {place} no sooner than {until} "
        "and be there at {pickup}."
    ),
}

REFUSALS: dict[RefusalReason, str] = {
    RefusalReason.TOO_SOON: mark("No vehicle can come at such short notice."),
    RefusalReason.SERVICE_HOURS: mark("The ride would be outside the service hours."),
    RefusalReason.NO_SEATS: mark("There are not enough free seats at this time."),
    RefusalReason.NO_WHEELCHAIR_PLACE: mark("No wheelchair place is free at this time."),
    RefusalReason.NO_CHILD_SEAT: mark("No child seat is free at this time."),
    RefusalReason.NO_VEHICLE_IN_REACH: mark("No vehicle can reach the stop at this time."),
    RefusalReason.ARRIVAL_TOO_EARLY: mark("No vehicle gets to the destination that early."),
    RefusalReason.RIDE_TOO_LONG: mark("With its detours the ride would take too long."),
    RefusalReason.OTHER_PROMISES: mark(
        "The vehicles are on their way to people who booked before."
    ),
    RefusalReason.SHIFT_ENDS: mark("No vehicle is on duty at this time."),
    RefusalReason.STOP_CLOSED: mark("The stop is closed at this time."),
    RefusalReason.DRIVER_BREAK: mark("The drivers have their break at this time."),
    RefusalReason.BATTERY: mark(
        "The electric vehicle's battery does not last for this ride as well."
    ),
    RefusalReason.SCHEDULED_BUS: mark("A scheduled bus serves this ride; please take that."),
}
