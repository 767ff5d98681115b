"""What drivers are told when a report cannot be taken in."""

from api.languages import Language, mark, tell
from shuttle.driving.reports import Rejection


def rejection_message(language: Language, why: Rejection) -> str:
    """Return why a report is not taken in, and what to do."""
    return tell(REJECTIONS[why], language)


REJECTIONS: dict[Rejection, str] = {
    Rejection.IN_THE_FUTURE: mark(
        "This time lies in the future; please set the clock of the phone."
    ),
    Rejection.NOT_IN_SHIFT: mark("This time does not belong to the shift."),
    Rejection.NO_SUCH_RIDE: mark(
        "This ride is not, or no longer, part of this tour; please call the dispatcher."
    ),
    Rejection.RIDE_OVER: mark("This ride is over already; please call the dispatcher."),
    Rejection.BEFORE_PICKUP: mark("Nobody gets off before they got on; please check the time."),
    Rejection.AFTER_DROPOFF: mark("Nobody gets on after they got off; please check the time."),
    Rejection.ON_BOARD: mark("These passengers are on board; please report when they get off."),
    Rejection.NOT_ARRIVED: mark("Please report first that you have arrived at the stop."),
    Rejection.BEFORE_WINDOW: mark("The promised time has not begun; please wait."),
    Rejection.STILL_WAITING: mark("Please wait a little longer; they may still come."),
    Rejection.NO_BREAK: mark("This shift has no such break."),
    Rejection.NOTHING_TO_TAKE_BACK: mark("There is nothing of this kind to take back."),
    Rejection.TOO_LATE: mark("This can no longer be taken back; please call the dispatcher."),
    Rejection.NOT_THE_LAST: mark("Please take back first what was reported after it."),
    Rejection.NO_ROOM: mark("Their places are given to others by now; please call the dispatcher."),
}
