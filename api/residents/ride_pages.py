"""A booked ride as its owner sees it; cancelling, the calendar file, weekly repeats.

A ride opens with its code and the last four digits of the phone number, or with its link. The
secret of the link stands behind the ``#`` of the address, which browsers keep to themselves; a
small script puts it into the form. Without script the digits open the page as well.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from api.languages import mark, tell
from api.limits import Limited, take_by_phone
from api.problem_words import problem_title
from api.residents.cards import booking_card, card
from api.residents.codes import code, home_of
from api.residents.pickup_map import pickup_map
from api.residents.rides import Phase, progress_of
from api.residents.standing_pages import show_series, show_waiting
from api.residents.visit import Visit, VisitHere
from api.residents.wishes import Fault, Faulty, WishForm, place_again
from api.rides.standing_owner import anything
from api.times import local_time
from shuttle.domain import Booking, Channel, Contact, When
from shuttle.errors import NotCancellable, RequestError, TooManyRequests, UnknownBooking
from shuttle.standing.series import begin_series
from shuttle.standing.standing_requests import Series, Waiting
from shuttle.telling.calendar_file import calendar_file
from shuttle.telling.notices import Notice, NoticeKind

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class OpenForm(BaseModel):
    """What opens a ride."""

    model_config = ConfigDict(extra="ignore")

    code: str = ""
    secret: str = ""
    sure: str = ""


class RepeatForm(OpenForm):
    """How a ride shall be repeated."""

    weekdays: list[str] = Field(default_factory=list)
    last_day: str = ""
    skip_school_holidays: str = ""
    skip_public_holidays: str = ""


Opening = Annotated[OpenForm, Form()]


@router.get("/my-ride")
def opening_page(visit: VisitHere) -> Response:
    """Ask for the code and the digits."""
    return _opening(visit, OpenForm())


@router.get("/b/{code}")
def linked_page(visit: VisitHere, code: str) -> Response:
    """Ask for what opens a ride; a script finds it in the link."""
    return _opening(visit, OpenForm(code=code[:32]))


@router.post("/my-ride")
def ride_page(visit: VisitHere, form: Opening) -> Response:
    """Show a ride to whom it belongs, or a repeat or a place on the waiting list."""
    try:
        found = anything(form.code, visit.claim(form.secret))
    except (UnknownBooking, TooManyRequests) as error:
        code = "unknown_booking" if isinstance(error, UnknownBooking) else "too_many_requests"
        fault = Fault("code", problem_title(visit.language, code))
        return _opening(visit, form, [fault])
    if isinstance(found, Series):
        return show_series(visit, found, form.secret)
    if isinstance(found, Waiting):
        return show_waiting(visit, found, form.secret)
    return show_ride(visit, found, form.secret)


def _opening(visit: Visit, form: OpenForm, faults: Sequence[Fault] = ()) -> Response:
    by_sms = Channel.SMS in visit.service.channels
    return visit.show("my_ride.html", form=form, by_sms=by_sms, faults=faults)


@router.post("/my-ride/cancel")
def cancel_page(visit: VisitHere, form: Opening) -> Response:
    """Ask whether a ride shall really be cancelled; then cancel it."""
    booking = visit.own(form.code, form.secret)
    if not form.sure:
        shown = booking_card(visit.service.region, booking)
        return visit.show("cancel.html", secret_page=True, form=form, booking=booking, card=shown)
    try:
        booking = visit.service.dispatcher.cancel(booking.code, visit.now)
    except NotCancellable:
        said = problem_title(visit.language, "not_cancellable")
        return show_ride(visit, booking, form.secret, said=said)
    return show_ride(visit, booking, form.secret)


@router.post("/my-ride/calendar")
def calendar(visit: VisitHere, form: Opening) -> Response:
    """Give the ride as a calendar file."""
    booking = visit.own(form.code, form.secret)
    notice = Notice(booking.code, NoticeKind.BOOKED, booking.booked_at, booking.booked_at)
    content = calendar_file(visit.service.region, booking, notice, visit.language, cancelled=False)
    headers = {
        "Content-Disposition": 'attachment; filename="dorfshuttle.ics"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


@router.post("/my-ride/repeat", dependencies=[Depends(Limited("bookings"))])
def repeat_page(visit: VisitHere, form: Annotated[RepeatForm, Form()]) -> Response:
    """Ask how a ride shall be repeated; then repeat it."""
    booking = visit.own(form.code, form.secret)
    if not form.sure:
        return _repeat(visit, form, booking)
    service = visit.service
    contact = service.dispatcher.store.contact(booking.code) or Contact()
    try:
        series = _series(visit, form, booking)
        take_by_phone(service, contact)
        key = f"weekly {booking.code} {series.weekdays} {series.last_day}"
        series = begin_series(service.dispatcher, series, contact, key, visit.now)
    except Faulty as faulty:
        return _repeat(visit, form, booking, faulty.faults)
    except RequestError as error:
        field = "last_day" if error.field == "last_day" else "weekdays"
        fault = Fault(field, problem_title(visit.language, error.code))
        return _repeat(visit, form, booking, [fault])
    return show_series(visit, series, visit.link(series.code), booking)


def _repeat(
    visit: Visit, form: RepeatForm, booking: Booking, faults: Sequence[Fault] = ()
) -> Response:
    """Show the form of a weekly repeat, the weekday of the ride chosen already."""
    ride = booking.ride_now
    if not form.weekdays:
        form = form.model_copy(update={"weekdays": [str(ride.day.weekday())]})
    monday = ride.day - timedelta(days=ride.day.weekday())
    return visit.show(
        "repeat.html",
        secret_page=True,
        form=form,
        booking=booking,
        card=card(visit.service.region, ride),
        week=[monday + timedelta(days=each) for each in range(7)],
        first=ride.day + timedelta(days=1),
        longest=ride.day + timedelta(days=LONGEST_REPEAT),
        faults=faults,
    )


def _series(visit: Visit, form: RepeatForm, booking: Booking) -> Series:
    """Return the weekly repeat that a form asks for, from the day after the ride on."""
    region, ride = visit.service.region, booking.ride_now
    weekdays = tuple(sorted({int(each) for each in form.weekdays if each in set("0123456")}))
    faults = [] if weekdays else [Fault("weekdays", tell(_NO_WEEKDAY, visit.language))]
    first = ride.day + timedelta(days=1)
    try:
        last = date.fromisoformat(form.last_day)
    except ValueError:
        last = ride.day
    if not first <= last <= ride.day + timedelta(days=LONGEST_REPEAT):
        faults.append(Fault("last_day", tell(_NO_LAST_DAY, visit.language)))
    if faults:
        raise Faulty(faults)
    begin = local_time(region, ride.promise.pickup_earliest)
    return Series(
        code=visit.service.dispatcher.new_code(),
        origin=place_again(region, booking.origin, ride.pickup_stop),
        destination=place_again(region, booking.destination, ride.dropoff_stop),
        when=When.DEPART_AT,
        minutes=begin.hour * 60 + begin.minute,
        party=ride.party,
        weekdays=weekdays,
        first_day=first,
        last_day=last,
        skip_school_holidays=bool(form.skip_school_holidays),
        skip_public_holidays=bool(form.skip_public_holidays),
        made_at=visit.now,
    )


LONGEST_REPEAT = 365
"""Days."""

_NO_WEEKDAY = mark("Choose at least one day of the week.")
_NO_LAST_DAY = mark("Choose a last day after the ride, at most a year on.")


def show_ride(
    visit: Visit, booking: Booking, secret: str, *, fresh: bool = False, said: str = ""
) -> Response:
    """Show a ride; `fresh` if it has just been booked."""
    region = visit.service.region
    ride = booking.ride_now
    link = f"{home_of(visit.request).rstrip('/')}/b/{booking.code}#{visit.link(booking.code)}"
    progress = progress_of(visit.service, booking, visit.now)
    stop = region.stop(ride.pickup_stop)
    drawn = pickup_map(region, stop, visit.language, vehicle=progress.spot)
    return visit.show(
        "ride.html",
        secret_page=True,
        booking=booking,
        card=booking_card(region, booking, drawn=drawn),
        promised=card(region, booking.ride),
        progress=progress,
        open=progress.phase in (Phase.BOOKED, Phase.SOON),
        secret=secret,
        fresh=fresh,
        said=said,
        qr=code(link) if fresh else "",
        again=WishForm.again(region, booking),
        back=WishForm.back(region, booking, visit.now),
        now=local_time(region, visit.now),
    )
