"""What the desk sends: a number, a line or fields, an offer that is taken."""

from collections.abc import Mapping
from datetime import date

from api.desk.one_line import Reading
from api.residents.wishes import DEPART, NOW, WishForm
from shuttle.domain import Booking
from shuttle.region import Region


class DeskForm(WishForm):
    """Every field of the screen; each form on it sends some of them."""

    phone: str = ""
    line: str = ""
    code: str = ""
    sure: str = ""
    offer: str = ""
    refusal: str = ""
    name: str = ""
    notify: str = ""
    email: str = ""
    paper: str = ""


def with_reading(form: DeskForm, reading: Reading) -> DeskForm:
    """Return the form with what a line says; what it does not say stays."""
    said: dict[str, object] = {
        "when": reading.when,
        "day": None if reading.day is None else f"{reading.day:%Y-%m-%d}",
        "time": reading.time,
    }
    for part in ("people", "wheelchairs", "child_seats", "prams"):
        number = getattr(reading, part)
        said[part] = None if number is None else str(number)
    for end, text, point in (
        (reading.origin, "origin", "from_point"),
        (reading.destination, "to", "to_point"),
    ):
        if end is not None:
            said |= {text: end.label or end.text, point: ""}
    return form.model_copy(update=_only(said))


def _only(said: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in said.items() if value is not None}


def of_ride(region: Region, form: DeskForm, booking: Booking) -> DeskForm:
    """Return the form that asks for a booked ride again."""
    wish = WishForm.again(region, booking)
    return form.model_copy(update=wish.model_dump(exclude={"changing", "secret"}))


def settled(form: DeskForm, today: date) -> DeskForm:
    """Return the form as it was meant: whoever writes a time does not mean at once."""
    timed = form.when == NOW and bool(form.time.strip() or form.day)
    return form.model_copy(
        update={
            "when": DEPART if timed else form.when,
            "day": form.day or (f"{today:%Y-%m-%d}" if timed or form.when != NOW else ""),
        }
    )
