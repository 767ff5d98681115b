"""What drivers are told when a report cannot be taken in, in German and in English."""

from api.languages import Language
from api.words import Pair, say
from shuttle.reports import Rejection


def rejection_message(language: Language, why: Rejection) -> str:
    """Return why a report is not taken in, and what to do."""
    return say(REJECTIONS[why], language)


REJECTIONS: dict[Rejection, Pair] = {
    Rejection.IN_THE_FUTURE: (
        "Diese Zeit liegt in der Zukunft; bitte die Uhr des Telefons stellen.",
        "This time lies in the future; please set the clock of the phone.",
    ),
    Rejection.NOT_IN_SHIFT: (
        "Diese Zeit liegt nicht in der Schicht.",
        "This time does not belong to the shift.",
    ),
    Rejection.NO_SUCH_RIDE: (
        "Diese Fahrt gehört nicht (mehr) zu dieser Tour; bitte die Zentrale anrufen.",
        "This ride is not, or no longer, part of this tour; please call the dispatcher.",
    ),
    Rejection.RIDE_OVER: (
        "Diese Fahrt ist schon vorbei; bitte die Zentrale anrufen.",
        "This ride is over already; please call the dispatcher.",
    ),
    Rejection.BEFORE_PICKUP: (
        "Niemand steigt aus, bevor er eingestiegen ist; bitte die Zeit prüfen.",
        "Nobody gets off before they got on; please check the time.",
    ),
    Rejection.AFTER_DROPOFF: (
        "Niemand steigt ein, nachdem er ausgestiegen ist; bitte die Zeit prüfen.",
        "Nobody gets on after they got off; please check the time.",
    ),
    Rejection.ON_BOARD: (
        "Diese Fahrgäste sind schon an Bord; bitte melden, wenn sie aussteigen.",
        "These passengers are on board; please report when they get off.",
    ),
    Rejection.NOT_ARRIVED: (
        "Bitte erst melden, dass Sie an der Haltestelle stehen.",
        "Please report first that you have arrived at the stop.",
    ),
    Rejection.BEFORE_WINDOW: (
        "Die zugesagte Zeit hat noch nicht begonnen; bitte noch warten.",
        "The promised time has not begun; please wait.",
    ),
    Rejection.NO_BREAK: (
        "Dazu gibt es in dieser Schicht keine Pause.",
        "This shift has no such break.",
    ),
}
