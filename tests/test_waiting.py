"""The waiting list: who is told when a ride becomes possible, in which order, and once."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from shuttle.booking.changing import change, quote_change
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Booking, Channel, Contact, Party, RideRequest, When
from shuttle.errors import IdempotencyConflict, RequestError, UnknownStanding
from shuttle.events import WindowOpened
from shuttle.keeping.sql_store import SqlStore
from shuttle.region import Region
from shuttle.standing.standing_requests import Waiting, WaitingState
from shuttle.standing.waiting import (
    WaitingList,
    join,
    leave,
    still_possible,
    to_be_told,
    waiting_of,
)
from shuttle.store import Change, MemoryStore, Store
from shuttle.telling.carriers import Message, Undelivered
from shuttle.telling.delivery import Delivery
from tests.test_dispatcher import MONDAY, at, ride

NOW = at("08:00")
MINUTE = 60
HELD = 15 * MINUTE
EIGHT = Party(8)  # only bus 1 holds them
CONTACT = Contact("Frau Petersen", "+49464178123", "", Channel.SMS, "de")


def fill(dispatcher: Dispatcher, party: Party = EIGHT, clock: str = "10:00") -> list[Booking]:
    """Book rides around a time until none is left in the wanted windows."""
    made: list[Booking] = []
    while True:
        quote = dispatcher.quote(ride(party=party, clock=clock), NOW)
        if quote.refusal is not None:
            return made
        key = f"fill-{clock}-{party.passengers}-{len(made)}"
        made.append(dispatcher.book(quote.offers[0], key, NOW))


def wait(
    dispatcher: Dispatcher, number: int, request: RideRequest | None = None, now: int = NOW
) -> Waiting:
    request = request or ride(party=EIGHT)
    return join(dispatcher, request, CONTACT, f"wait-{number}", now + number)


def codes(told: tuple[Waiting, ...]) -> list[str]:
    return [each.code for each in told]


def opened(dispatcher: Dispatcher, day: date = MONDAY) -> list[str]:
    return [each.waiting for each in dispatcher.events(day) if isinstance(each, WindowOpened)]


def test_nobody_is_told_while_the_service_is_full(dispatcher: Dispatcher) -> None:
    fill(dispatcher)
    wait(dispatcher, 0)
    assert WaitingList(dispatcher).tell(NOW + MINUTE) == ()


def test_a_cancellation_is_told_to_the_first_who_waits(dispatcher: Dispatcher) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    first, second = wait(dispatcher, 0), wait(dispatcher, 1)
    waiting_list.tell(NOW + 1)
    dispatcher.cancel(full[1].code, NOW + MINUTE)
    now = NOW + 2 * MINUTE
    assert codes(waiting_list.tell(now)) == [first.code]
    assert waiting_list.tell(now + 1) == ()
    assert opened(dispatcher) == [first.code]
    assert waiting_of(dispatcher, first.code) == first.told(now + HELD)
    assert waiting_of(dispatcher, second.code).state is WaitingState.WAITING


def test_a_changed_booking_frees_its_place_too(dispatcher: Dispatcher) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    first = wait(dispatcher, 0)
    waiting_list.tell(NOW + 1)
    later = quote_change(dispatcher, full[1].code, ride(party=EIGHT, clock="16:00"), NOW + MINUTE)
    change(dispatcher, full[1].code, later.offers[0], "key-change", NOW + MINUTE)
    assert codes(waiting_list.tell(NOW + 2 * MINUTE)) == [first.code]


def test_the_next_is_told_only_when_the_first_has_let_their_minutes_pass(
    dispatcher: Dispatcher,
) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    first, second, third = (wait(dispatcher, number) for number in range(3))
    dispatcher.cancel(full[1].code, NOW + MINUTE)
    told: list[tuple[int, str]] = []
    for now in range(NOW + 2 * MINUTE, NOW + 40 * MINUTE, MINUTE):
        told.extend((now, each.code) for each in waiting_list.tell(now))
    start = NOW + 2 * MINUTE
    assert told == [
        (start, first.code),
        (start + HELD, second.code),
        (start + 2 * HELD, third.code),
    ]


def test_if_the_first_books_the_others_go_on_waiting(dispatcher: Dispatcher) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    first, second = wait(dispatcher, 0), wait(dispatcher, 1)
    dispatcher.cancel(full[1].code, NOW + MINUTE)
    now = NOW + 2 * MINUTE
    assert codes(waiting_list.tell(now)) == [first.code]
    told = waiting_of(dispatcher, first.code)
    offer = dispatcher.quote(told.request, now).offers[0]
    dispatcher.book(offer, "key-first", now, CONTACT, waiting=told)
    assert waiting_of(dispatcher, first.code).state is WaitingState.TAKEN
    assert waiting_list.tell(now + HELD + MINUTE) == ()
    assert waiting_of(dispatcher, second.code).state is WaitingState.WAITING


def test_whoever_needs_less_is_told_at_once_of_what_the_first_cannot_use(
    dispatcher: Dispatcher,
) -> None:
    """Order counts only among those who want the same place."""
    fill(dispatcher)
    small = fill(dispatcher, Party(4))
    waiting_list = WaitingList(dispatcher)
    wait(dispatcher, 0)
    second = wait(dispatcher, 1, ride(party=Party(1)))
    waiting_list.tell(NOW + 2)
    on_bus_2 = next(each for each in small if dispatcher.plan(MONDAY, NOW).tour_of(each.code) == 1)
    dispatcher.cancel(on_bus_2.code, NOW + MINUTE)
    assert codes(waiting_list.tell(NOW + 2 * MINUTE)) == [second.code]


def test_two_free_places_are_told_to_two_in_order(dispatcher: Dispatcher) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    made = [wait(dispatcher, number) for number in range(3)]
    for booking in full:
        dispatcher.cancel(booking.code, NOW + MINUTE)
    told = codes(waiting_list.tell(NOW + 2 * MINUTE))
    assert told == [each.code for each in made][: len(told)]
    assert len(told) >= 2


def test_those_who_joined_at_the_same_second_are_told_in_a_settled_order(
    dispatcher: Dispatcher, toy_region: Region
) -> None:
    request = ride(party=EIGHT)
    entries = [
        Waiting(code, request, MONDAY, NOW, request.time, WaitingState.WAITING)
        for code in ("AAAA", "BBBB")
    ]
    fill(dispatcher)
    plan = dispatcher.plan(MONDAY, NOW)
    full = to_be_told(toy_region, plan, entries, NOW, dispatcher.new_code)
    free = Dispatcher(toy_region, MemoryStore())
    empty = to_be_told(toy_region, free.plan(MONDAY, NOW), entries, NOW, dispatcher.new_code)
    free.close()
    assert (full, empty) == ([], entries)


@pytest.mark.parametrize("when", list(When))
def test_a_place_lapses_when_its_time_is_over(dispatcher: Dispatcher, when: When) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    waiting = wait(dispatcher, 0, ride(party=EIGHT, when=when))
    waiting_list.tell(waiting.lapses_at - 1)
    assert waiting_of(dispatcher, waiting.code).state is WaitingState.WAITING
    now = waiting.lapses_at
    for booking in full[-1:]:
        dispatcher.cancel(booking.code, now)
    assert waiting_list.tell(now) == ()
    assert waiting_of(dispatcher, waiting.code).state is WaitingState.LAPSED
    assert now <= at("10:00")


def test_whoever_leaves_the_list_is_told_nothing(dispatcher: Dispatcher) -> None:
    full, waiting_list = fill(dispatcher), WaitingList(dispatcher)
    first, second = wait(dispatcher, 0), wait(dispatcher, 1)
    for _ in range(2):
        assert leave(dispatcher, first.code).state is WaitingState.WITHDRAWN
    dispatcher.cancel(full[1].code, NOW + MINUTE)
    assert codes(waiting_list.tell(NOW + 2 * MINUTE)) == [second.code]
    with pytest.raises(UnknownStanding):
        leave(dispatcher, "NOSUCH22")


def test_joining_twice_with_one_key_is_one_place(dispatcher: Dispatcher) -> None:
    first = wait(dispatcher, 0)
    assert join(dispatcher, first.request, CONTACT, "wait-0", NOW + MINUTE) == first
    with pytest.raises(IdempotencyConflict):
        join(dispatcher, ride(clock="11:00"), CONTACT, "wait-0", NOW)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (ride(clock="07:00"), "in_the_past"),
        (ride(clock="08:05", when=When.ARRIVE_BY), "in_the_past"),
        (ride("mitte", "mitte"), "same_stop"),
    ],
)
def test_nobody_waits_for_what_cannot_come(
    dispatcher: Dispatcher, request_: RideRequest, code: str
) -> None:
    with pytest.raises(RequestError) as caught:
        wait(dispatcher, 0, request_)
    assert caught.value.code == code
    assert dispatcher.store.standing.waiting_list() == ()


class Line:
    """A way to people that is down until a time, or refuses for good."""

    def __init__(self, *, up_from: int = 0, refuses: bool = False) -> None:
        self.up_from, self.refuses = up_from, refuses
        self.sent: list[tuple[str, int]] = []

    def send(self, message: Message, now: int) -> None:
        if self.refuses or now < self.up_from:
            raise Undelivered("http 500", for_good=self.refuses)
        self.sent.append((message.contact.phone, now))

    def close(self) -> None:
        pass


def go_on(dispatcher: Dispatcher, line: Line, begin: int, end: int) -> list[str]:
    """Let the list be told and the notices go out; return who was told, in order."""
    possible = partial(still_possible, dispatcher)
    channels = {Channel.SMS: line}
    store, keyed = dispatcher.store, dispatcher.keyed
    delivery = Delivery(dispatcher.region, store, keyed, channels, possible=possible)
    waiting_list, told = WaitingList(dispatcher), list[str]()
    for now in range(begin, end, MINUTE // 2):
        told += codes(waiting_list.tell(now))
        while delivery.deliver_one(now):
            pass
    return told


def test_while_nobody_can_be_reached_each_has_a_turn_and_nobody_loses_their_place(
    dispatcher: Dispatcher,
) -> None:
    full = fill(dispatcher)
    made = [wait(dispatcher, number).code for number in range(3)]
    dispatcher.cancel(full[1].code, NOW + MINUTE)
    line = Line(up_from=NOW + 50 * MINUTE)
    told = go_on(dispatcher, line, NOW + 2 * MINUTE, NOW + 54 * MINUTE)
    assert told[:4] == [*made, made[0]]
    ((_, last),) = line.sent
    assert line.up_from <= last < waiting_of(dispatcher, told[-1]).held_until
    states = {code: waiting_of(dispatcher, code).state for code in made}
    assert states.pop(told[-1]) is WaitingState.TOLD
    assert set(states.values()) == {WaitingState.WAITING}


def test_what_is_gone_before_anybody_could_be_reached_is_told_to_nobody(
    dispatcher: Dispatcher,
) -> None:
    full = fill(dispatcher)
    waiting = wait(dispatcher, 0)
    dispatcher.cancel(full[1].code, NOW + MINUTE)
    line = Line(up_from=NOW + 10 * MINUTE)
    assert go_on(dispatcher, line, NOW + 2 * MINUTE, NOW + 4 * MINUTE) == [waiting.code]
    again = dispatcher.book(dispatcher.quote(ride(party=EIGHT), NOW).offers[0], "key-rival", NOW)
    assert go_on(dispatcher, line, NOW + 5 * MINUTE, NOW + 40 * MINUTE) == []
    assert line.sent == []
    assert waiting_of(dispatcher, waiting.code).state is WaitingState.WAITING
    dispatcher.cancel(again.code, NOW + 40 * MINUTE)
    later = go_on(dispatcher, line, NOW + 40 * MINUTE, NOW + 42 * MINUTE)
    assert (later, len(line.sent)) == ([waiting.code], 1)


def test_whoever_has_left_the_list_before_they_could_be_reached_is_told_nothing(
    dispatcher: Dispatcher,
) -> None:
    waiting = wait(dispatcher, 0)
    line = Line(up_from=NOW + 5 * MINUTE)
    go_on(dispatcher, line, NOW, NOW + MINUTE)
    leave(dispatcher, waiting.code)
    go_on(dispatcher, line, NOW + MINUTE, NOW + 10 * MINUTE)
    assert line.sent == []


def test_whoever_can_never_be_reached_has_one_turn(dispatcher: Dispatcher) -> None:
    made = [wait(dispatcher, number).code for number in range(2)]
    told = go_on(dispatcher, Line(refuses=True), NOW + MINUTE, NOW + 60 * MINUTE)
    assert sorted(told) == sorted(made)


class Overtaken(MemoryStore):
    """They leave the list through another process just before we tell them."""

    def commit_together(self, changes: Sequence[Change]) -> None:
        for waiting in changes[0].waiting:
            self.standing.withdraw(waiting.code)
            super().commit_together((Change(changes[0].day, changes[0].expected),))
        super().commit_together(changes)


def test_whoever_leaves_while_being_told_is_not_told(toy_region: Region) -> None:
    with closing(Dispatcher(toy_region, Overtaken())) as dispatcher:
        waiting = wait(dispatcher, 0)
        assert WaitingList(dispatcher).tell(NOW + MINUTE) == ()
        assert waiting_of(dispatcher, waiting.code).state is WaitingState.WITHDRAWN
        assert opened(dispatcher) == []


def test_two_servers_on_one_database_tell_each_person_once(
    toy_region: Region, database_url: str
) -> None:
    def server() -> Dispatcher:
        store: Store = SqlStore(database_url, "toy-town")
        return Dispatcher(toy_region, store)

    servers = [server(), server()]
    full = fill(servers[0])
    first = wait(servers[0], 0)
    servers[0].cancel(full[1].code, NOW + MINUTE)
    told = [codes(WaitingList(each).tell(NOW + 2 * MINUTE)) for each in servers]
    assert told == [[first.code], []]
    assert opened(servers[1]) == [first.code]
    for each in servers:
        each.close()


def test_a_restart_forgets_nobody_and_tells_nobody_twice(
    toy_region: Region, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'day.sqlite3'}"
    with closing(Dispatcher(toy_region, SqlStore(url, "toy-town"))) as before:
        full = fill(before)
        first, second = wait(before, 0), wait(before, 1)
        before.cancel(full[1].code, NOW + MINUTE)
        assert codes(WaitingList(before).tell(NOW + 2 * MINUTE)) == [first.code]
    with closing(Dispatcher(toy_region, SqlStore(url, "toy-town"))) as after:
        waiting_list = WaitingList(after)
        assert waiting_list.tell(NOW + 3 * MINUTE) == ()
        assert codes(waiting_list.tell(NOW + 2 * MINUTE + HELD)) == [second.code]


def test_how_long_a_place_is_held_is_the_regions_choice(toy_region: Region) -> None:
    rules = toy_region.config.rules.model_copy(update={"waiting_hold_minutes": 3})
    config = toy_region.config.model_copy(update={"rules": rules})
    with closing(Dispatcher(replace(toy_region, config=config), MemoryStore())) as dispatcher:
        waiting = wait(dispatcher, 0)
        WaitingList(dispatcher).tell(NOW + MINUTE)
        assert waiting_of(dispatcher, waiting.code).held_until == NOW + 4 * MINUTE
