"""What people read when something is wrong: one sentence for every code of a problem."""

from api.languages import Language, mark, tell
from shuttle.errors import RequestError


def problem_title(language: Language, code: str) -> str:
    """Return a problem's sentence for people."""
    known = code if code in PROBLEMS else "invalid"
    return tell(PROBLEMS[known], language)


def request_problem(language: Language, error: RequestError) -> str:
    """Return what is wrong with a request for people; at a border, where to change as well."""
    way = error.crossing
    if way is None:
        return problem_title(language, error.code)
    if way.stop is None:
        return tell(_BEYOND, language, neighbour=way.neighbour)
    return tell(_CHANGE, language, neighbour=way.neighbour, stop=way.stop.label)


_BEYOND = mark(
    "This place lies in {neighbour}, which has a shuttle of its own. Rides do not cross the border."
)
_CHANGE = mark(
    "This place lies in {neighbour}, which has a shuttle of its own. Rides do not cross the "
    "border: please change at the stop {stop}, which both serve."
)

PROBLEMS: dict[str, str] = {
    "across_border": mark("This place belongs to a neighbouring area with its own shuttle."),
    "already_cancelled": mark("This ride has been cancelled. Please book a new one."),
    "already_over": mark("This time is over already."),
    "break_outside": mark("A break does not fit into the shift."),
    "no_late_ride": mark("No vehicle has room for this ride today."),
    "cannot_move": mark("The ride does not fit into this vehicle."),
    "not_movable": mark("This ride stays where it is: it has begun, is over, or is locked."),
    "no_road_near": mark("There is no road at this point."),
    "no_such_day": mark("There is no such day in this time."),
    "not_stranded": mark("This ride waits for no decision."),
    "nothing_to_change": mark("There is nothing to change at that time."),
    "other_day": mark("This belongs to another day."),
    "outside_promise": mark("This time lies outside the promise."),
    "out_of_service": mark("The vehicle is out of service at that time."),
    "outward_too_late": mark(
        "The way back begins before this ride has arrived. Change the way back first."
    ),
    "plan_changed": mark("The plan has changed. Please look again."),
    "return_gone": mark("The way back is no longer free. This is possible now."),
    "return_too_early": mark("The way back begins before the outward ride has arrived."),
    "school_holidays_unknown": mark("The school holidays of this time are not known yet."),
    "shift_begun": mark("This shift has begun."),
    "shift_overlaps": mark("The vehicle has a shift at that time already."),
    "times_reversed": mark("The end comes before the begin."),
    "too_far_from_wish": mark("A vehicle is free only long before or after the wanted time."),
    "too_many_no_shows": mark("Too many rides with this phone number were missed. Please call us."),
    "too_many_open_bookings": mark("This phone number has as many open bookings as it may have."),
    "unknown_code": mark("There is no such code."),
    "ambiguous_hour": mark("This hour happens twice on that day."),
    "beyond_horizon": mark("Rides cannot be booked that far ahead."),
    "body_too_large": mark("The request is too large."),
    "broken_body": mark("The request cannot be read."),
    "broken_json": mark("The request is no JSON."),
    "forged_request": mark("This request did not come from a page of this service."),
    "idempotency_conflict": mark("This key already belongs to another booking."),
    "improper_url": mark("This URL cannot be used here."),
    "in_the_past": mark("This time is over."),
    "internal": mark("Something went wrong here. Please call us."),
    "invalid": mark("Something in the request is wrong."),
    "invalid_phone": mark("There is no such phone number."),
    "invalid_place": mark("Name the place in exactly one way."),
    "method_not_allowed": mark("That is not possible here."),
    "missing": mark("Something is missing."),
    "naive_datetime": mark("The time lacks its offset from UTC."),
    "no_such_hour": mark("This hour does not happen on that day."),
    "no_stop_near": mark("There is no stop within walking distance."),
    "not_allowed": mark("This is not part of your work here."),
    "not_cancellable": mark("The vehicle is already on its way. Please call us."),
    "not_found": mark("There is nothing at this address."),
    "not_planned": mark("No vehicle is planned for this ride."),
    "no_past": mark("It is not known how this day stood then. Please choose another moment."),
    "not_signed_in": mark("Please sign in."),
    "offer_expired": mark("This offer is no longer valid. Please ask again."),
    "offer_gone": mark("Somebody else was faster. This is possible now."),
    "offer_taken": mark("This offer has already been booked. Please ask again."),
    "out_of_range": mark("There is no information about this day."),
    "offer_invalid": mark("This offer was not made by this service."),
    "outside_area": mark("This place lies outside the service area."),
    "outside_hours": mark("The shuttle does not run at this time."),
    "page_gone": mark("This page of the list is not there any more. Please begin anew."),
    "party_empty": mark("At least one person rides."),
    "party_mismatch": mark("The numbers of passengers contradict each other."),
    "party_too_large": mark("No vehicle holds that many."),
    "plan_busy": mark("Many are booking right now. Please try again."),
    "same_stop": mark("Start and destination are the same stop."),
    "store_unavailable": mark("The database does not answer. Please call us."),
    "too_many_requests": mark("These were too many requests. Please wait a little."),
    "train_cancelled": mark("This train is cancelled. Please choose another one."),
    "unknown_booking": mark("There is no booking with this code and these digits."),
    "unknown_condition": mark("There is no such trouble, or it is over."),
    "unknown_field": mark("This field is unknown."),
    "unknown_place": mark("This place was not found."),
    "unknown_shift": mark("There is no such shift any more."),
    "unknown_stop": mark("There is no such stop."),
    "unknown_train": mark("There is no such train for this ride."),
    "unknown_vehicle": mark("There is no such vehicle."),
    "wrong_credentials": mark("This is not right. Please check what you typed."),
}
"""Titles of all problems by code."""
