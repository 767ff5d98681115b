"""What the planner's pages say of runs and figures."""

from babel.numbers import format_decimal

from api.languages import Language, mark, tell
from shuttle.planning.figures import Figure
from shuttle.planning.runs import RunState

STATES: dict[RunState, str] = {
    RunState.QUEUED: mark("waiting for its turn"),
    RunState.RUNNING: mark("running"),
    RunState.FINISHED: mark("finished"),
    RunState.CANCELLED: mark("broken off"),
    RunState.FAILED: mark("failed"),
    RunState.INTERRUPTED: mark("interrupted"),
}

FIGURES: dict[str, str] = {
    "requests": mark("Requests a day"),
    "served": mark("Rides a day"),
    "passengers": mark("Passengers a day"),
    "served_share": mark("Served"),
    "refused_share": mark("Refused"),
    "moved_share": mark("At another time than wished"),
    "kept_rate": mark("Promises kept"),
    "waiting_mean": mark("Waiting, mean"),
    "waiting_p95": mark("Waiting, 95 of 100 at most"),
    "riding_mean": mark("Time on board, mean"),
    "detour_mean": mark("Detour factor, mean"),
    "walking_mean": mark("On foot, mean"),
    "passengers_per_booking": mark("Passengers a booking"),
    "bookings_on_board": mark("Bookings on board"),
    "shared_share": mark("Shared rides"),
    "km": mark("Kilometres a day"),
    "empty_share": mark("Kilometres without passengers"),
    "km_a_ride": mark("Kilometres a ride"),
    "hours": mark("Vehicle hours a day"),
    "rides_an_hour": mark("Rides a vehicle hour"),
    "cost": mark("Cost a day"),
    "fares": mark("Fares a day"),
    "cost_a_ride": mark("Cost a ride"),
    "subsidy": mark("Subsidy a passenger"),
    "kwh_charged": mark("Charged in between, a day"),
    "lowest_charge": mark("Lowest charge of a battery"),
    "under_reserve": mark("Tours under the reserve, a day"),
    "co2": mark("CO₂ a day"),
    "co2_by_car": mark("CO₂ of the same rides by car"),
    "spread": mark("Spread between groups"),
}
"""Those that a council asks for; the report has all of them with their definitions."""

FATES: dict[str, str] = {
    "served": mark("driven"),
    "refused": mark("refused"),
    "declined": mark("offer not taken"),
    "cancelled": mark("cancelled"),
    "no_show": mark("did not come"),
    "let_down": mark("no vehicle came"),
    "not_asked": mark("not asked for"),
}

MISTAKES: dict[str, str] = {
    r"less than or equal to (?P<most>\d+)": mark("At most {most} goes here."),
    r"greater than or equal to (?P<least>\d+)": mark("At least {least} goes here."),
    r"first \S+ must not be after last": mark("The last day must not be before the first."),
    r"from \S+ must be before to": mark("The end must be after the begin."),
    r"write the time as HH:MM": mark("Write the time as HH:MM."),
    r"no service on any of these days": mark("There is no service on any of these days."),
    r"there is no day in it": mark("There is no service on any of these days."),
}
"""What a scenario's check finds wrong with a field of the form, by how it begins to say so."""

PLAYBACK_WORDS: dict[str, str] = {
    "play": mark("Play"),
    "pause": mark("Pause"),
    "no_connection": mark("No connection. Trying again in a moment."),
    "synthetic": mark("Synthetic map data"),
    "zoom_in": mark("Zoom in"),
    "zoom_out": mark("Zoom out"),
}


def shown(figure: Figure, value: float, language: Language) -> str:
    """Return a value of a figure as people read it."""
    if figure.unit == "%":
        return _written(100 * value, 1, language) + " %"
    places = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    return f"{_written(value, places, language)} {figure.unit}".rstrip()


def more(figure: Figure, language: Language) -> str:
    """Return a difference with its sign; that of two shares is in percentage points."""
    if figure.unit == "%":
        points = _written(100 * figure.mean, 1, language, signed=True)
        return tell("{number} points", language, number=points)
    places = 0 if abs(figure.mean) >= 1000 else 1 if abs(figure.mean) >= 100 else 2
    return f"{_written(figure.mean, places, language, signed=True)} {figure.unit}".rstrip()


def half_of(figure: Figure, language: Language) -> str:
    """Return half the interval; a dash where one repetition says nothing."""
    return "–" if figure.half is None else shown(figure, figure.half, language)


def _written(value: float, places: int, language: Language, *, signed: bool = False) -> str:
    """Return a number with so many places; what rounds to nothing has no sign."""
    digits = "." + places * "0" if places else ""
    pattern = f"+#,##0{digits};−#,##0{digits}" if signed else f"#,##0{digits};−#,##0{digits}"
    rounded = round(value, places)
    said: str = format_decimal(rounded or 0.0, pattern, locale=language)
    return said if rounded else said.lstrip("+")
