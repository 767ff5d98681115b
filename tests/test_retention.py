"""What is kept for how long: a rule for each kind of data, and a job that keeps it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from scenarios.workbench import record as recorded_month
from shuttle.acts import Outcome
from shuttle.domain import BookingStatus
from shuttle.driving.driving_events import (
    BreakEnded,
    BreakStarted,
    ShiftEnded,
    ShiftStarted,
    TimeCorrected,
)
from shuttle.errors import RegionError, StoreError
from shuttle.events import NumberShown, PromiseKept, Replaced, SeriesMissed, WindowOpened
from shuttle.keeping.account_tables import SESSION
from shuttle.keeping.purge import JOBS, Purged, purge
from shuttle.keeping.retention import KINDS
from shuttle.keeping.sql_store import SqlStore
from shuttle.planning.runs import Run, RunState
from shuttle.region import Region
from shuttle.region_config import RegionConfig, read_config
from shuttle.standing.series import open_instances
from shuttle.store import Change
from tests.full_tables import MONDAY, SERIES, TUESDAY, TUESDAY_EVENING, WAITING, fill, filled
from tests.kept_rides import (
    DAY,
    MONDAY_EIGHT,
    MONDAY_EVENING,
    PERSONAL_WORDS,
    Kept,
    at,
    keeping,
)
from tests.planned import TRIAL
from tests.toy_region import REGION_TOML


@pytest.fixture
def kept(toy_region: Region, database_url: str) -> Iterator[Kept]:
    with keeping(toy_region, database_url) as made:
        yield made


def purged(kept: Kept, now: int, *, dry_run: bool = False) -> dict[str, int]:
    done = purge(kept.engine, kept.region.config, now, dry_run=dry_run)
    return {each.data: each.rows for each in done}


def test_every_kind_of_data_has_its_job() -> None:
    assert JOBS.keys() == KINDS.keys()


def test_contacts_are_deleted_14_days_after_the_ride(kept: Kept) -> None:
    ended = kept.served().ride.promise.dropoff_latest
    assert purged(kept, ended + 14 * DAY)["contact"] == 0
    assert kept.count("contact") == 1
    assert purged(kept, ended + 14 * DAY + 1)["contact"] == 1
    assert kept.count("contact") == 0


def test_the_contact_of_a_cancelled_ride_is_deleted_as_well(kept: Kept) -> None:
    booking = kept.dispatcher.cancel(kept.book().code, MONDAY_EIGHT)
    purged(kept, booking.ride.promise.dropoff_latest + 14 * DAY + 1)
    assert kept.count("contact") == 0


def test_receipts_are_deleted_14_days_after_booking(kept: Kept) -> None:
    kept.book()
    assert purged(kept, MONDAY_EIGHT + 14 * DAY)["receipt"] == 0
    assert purged(kept, MONDAY_EIGHT + 14 * DAY + 1)["receipt"] == 1
    assert kept.count("receipt") == 0


def test_rides_lose_their_code_and_words_and_become_coarse_after_14_days(kept: Kept) -> None:
    before = kept.served()
    ended = before.ride.promise.dropoff_latest
    assert purged(kept, ended + 14 * DAY)["ride"] == 0
    assert kept.dispatcher.booking(before.code) == before
    assert purged(kept, ended + 15 * DAY)["ride"] == 1
    left = kept.dump()
    for word in (*PERSONAL_WORDS, before.code):
        assert word not in left
    (after,) = kept.dispatcher.store.load(before.ride.day).bookings
    assert (after.ride.pickup_stop, after.ride.party) == (
        before.ride.pickup_stop,
        before.ride.party,
    )
    assert after.status is BookingStatus.SERVED
    was, now = before.ride.promise, after.ride.promise
    assert now.pickup_earliest == was.pickup_earliest // 900 * 900
    assert now.pickup_latest - now.pickup_earliest == was.pickup_latest - was.pickup_earliest
    assert after.booked_at % 900 == 0
    assert (after.ride.walk_to_pickup % 100, after.ride.walk_from_dropoff % 100) == (0, 0)


def test_what_trouble_and_late_reports_left_of_a_ride_becomes_coarse_as_well(kept: Kept) -> None:
    before = fill(kept)
    purged(kept, TUESDAY_EVENING + 15 * DAY)
    (after,) = (each for each in kept.dispatcher.store.load(MONDAY).bookings if each.amendment)
    was, now = before.amendment, after.amendment
    assert was is not None
    assert now is not None
    assert was.boarded is not None
    assert now.boarded == was.boarded // 900 * 900
    assert now.times.pickup_latest == was.times.pickup_latest // 900 * 900
    assert now.times.max_ride == was.times.max_ride
    (corrected,) = (e for e in kept.dispatcher.events(MONDAY) if isinstance(e, TimeCorrected))
    assert corrected.code == after.code
    assert (corrected.time % 900, corrected.was % 900) == (0, 0)


def test_a_coarsened_ride_is_named_by_its_code_on_no_other_day(kept: Kept) -> None:
    before = fill(kept)
    assert f"'old': '{before.code}'" in kept.dump()
    purged(kept, MONDAY_EVENING + 15 * DAY)
    tuesday = kept.dispatcher.store.load(TUESDAY).bookings
    assert [each.code for each in tuesday if each.code.startswith("~")] == []
    assert before.code not in kept.dump()


def test_who_looked_at_a_number_is_known_until_the_ride_is_coarsened(kept: Kept) -> None:
    booking = kept.served()
    day, viewer = booking.ride.day, "petra-the-dispatcher"
    looked = NumberShown(MONDAY_EVENING, booking.code, viewer)
    kept.dispatcher.act(day, MONDAY_EVENING, lambda plan: Outcome(None, plan, events=(looked,)))
    purged(kept, booking.ride.promise.dropoff_latest + 14 * DAY)
    assert viewer in kept.dump()
    purged(kept, booking.ride.promise.dropoff_latest + 15 * DAY)
    assert viewer not in kept.dump()
    assert any(isinstance(each, NumberShown) for each in kept.dispatcher.events(day))


def test_what_happened_to_a_coarsened_ride_can_still_be_counted(kept: Kept) -> None:
    before = kept.served()
    day = before.ride.day
    kinds = [event.kind for event in kept.dispatcher.events(day)]
    purged(kept, before.ride.promise.dropoff_latest + 15 * DAY)
    kept.dispatcher.keep_up(MONDAY_EVENING)
    (ride,) = kept.dispatcher.store.load(day).bookings
    events = kept.dispatcher.events(day)
    assert [event.kind for event in events] == kinds
    assert any(isinstance(event, PromiseKept) and event.code == ride.code for event in events)
    assert all(event.time % 900 == 0 for event in events)


def test_the_plan_of_a_coarsened_day_can_be_read(kept: Kept) -> None:
    before = kept.served()
    day, later = before.ride.day, before.ride.promise.dropoff_latest + 15 * DAY
    purged(kept, later)
    assert kept.dispatcher.refresh() == {day}
    plan = kept.dispatcher.plan(day, later)
    (code,) = plan.bookings
    assert code.startswith("~")
    number = plan.tour_of(code)
    assert number is not None
    assert plan.tours[number].served == len(plan.tours[number].halts)


def test_a_ride_is_coarsened_once(kept: Kept) -> None:
    later = kept.served().ride.promise.dropoff_latest + 15 * DAY
    purged(kept, later)
    once = kept.dump()
    assert purged(kept, later) == dict.fromkeys(KINDS, 0)
    assert kept.dump() == once


def test_series_are_deleted_14_days_after_their_last_day(kept: Kept) -> None:
    series = kept.repeat(last_day="2027-04-30")
    assert purged(kept, at("2027-05-14T23:00"))["series"] == 0
    assert purged(kept, at("2027-05-15T00:30"))["series"] == 1
    assert series.code not in kept.dump()


def test_an_ended_series_is_deleted_once_its_last_booked_day_is_14_days_over(kept: Kept) -> None:
    series = kept.repeat(last_day="2028-04-30")
    open_instances(kept.dispatcher, MONDAY_EIGHT)
    decided = kept.dispatcher.store.standing.instances(series.code)
    kept.dispatcher.store.standing.end_series(series.code)
    assert decided[-1].booking
    last = at(f"{decided[-1].day}T12:00")
    assert purged(kept, last + 14 * DAY)["series"] == 0
    assert purged(kept, last + 15 * DAY)["series"] == 1
    assert kept.count("series_day") == 0


def test_the_waiting_list_is_deleted_a_day_after_the_wanted_time(kept: Kept) -> None:
    waiting = kept.wait()
    assert purged(kept, waiting.lapses_at + DAY)["waiting"] == 0
    assert purged(kept, waiting.lapses_at + DAY + 1)["waiting"] == 1
    assert kept.count("waiting") == 0


def test_with_somebody_who_waited_goes_all_that_names_them(kept: Kept) -> None:
    fill(kept)
    later = MONDAY_EIGHT + 3600 + DAY
    assert (purged(kept, later)["waiting"], WAITING in kept.dump()) == (0, True)
    assert (purged(kept, later + 1)["waiting"], WAITING in kept.dump()) == (1, False)
    (opened,) = (e for e in kept.dispatcher.events(MONDAY) if isinstance(e, WindowOpened))
    assert (opened.waiting, opened.time % 900, opened.held_until % 900) == ("", 0, 0)
    assert SERIES in kept.dump()


def test_with_a_series_goes_all_that_names_it(kept: Kept) -> None:
    fill(kept)
    assert (purged(kept, at("2027-04-06T23:00"))["series"], SERIES in kept.dump()) == (0, True)
    assert (purged(kept, at("2027-04-07T01:30"))["series"], SERIES in kept.dump()) == (1, False)
    (missed,) = (e for e in kept.dispatcher.events(TUESDAY) if isinstance(e, SeriesMissed))
    assert (missed.series, missed.day, missed.time % 900) == ("", str(TUESDAY), 0)


def test_sessions_of_staff_are_deleted_7_days_after_their_end(kept: Kept) -> None:
    """And no sooner by another rule, though they are of no day."""
    session = {"region": "toy-town", "digest": "d", "name": "petra", "day": "", "shift": ""}
    with kept.engine.begin() as connection:
        connection.execute(
            sa.insert(SESSION), {**session, "begun": 1, "seen": 1, "ends": MONDAY_EIGHT}
        )
    purged(kept, MONDAY_EIGHT + 7 * DAY)
    assert kept.count("staff_session") == 1
    assert purged(kept, MONDAY_EIGHT + 7 * DAY + 1)["session"] == 1
    assert kept.count("staff_session") == 0


def test_when_drivers_worked_is_deleted_or_coarsened_after_14_days(kept: Kept) -> None:
    """Reports of a shift and its breaks name no ride, but say when somebody worked."""
    fill(kept)
    assert purged(kept, at("2027-04-05T23:00"))["report"] == 0
    assert kept.count("report") == 7
    later = at("2027-04-06T02:00")
    kept.dispatcher.plan(MONDAY, later)
    with_a_long_rule = config_of(kept, ride=92)
    done = {each.data: each.rows for each in purge(kept.engine, with_a_long_rule, later)}
    assert (done["report"] > 7, done["ride"], kept.count("report")) == (True, 0, 0)
    worked = (ShiftStarted, ShiftEnded, BreakStarted, BreakEnded)
    times = [each.time for each in kept.dispatcher.events(MONDAY) if isinstance(each, worked)]
    assert (len(times), [each % 900 for each in times]) == (4, [0, 0, 0, 0])
    tours = kept.dispatcher.store.load(MONDAY).tours
    halts = [halt for tour in tours for halt in tour.halts if halt.time is not None]
    assert all(halt.time % 900 == 0 for halt in halts if not halt.trip and halt.time)
    assert not all(halt.time % 900 == 0 for halt in halts if halt.trip and halt.time)
    assert kept.dispatcher.refresh() == {MONDAY}


def config_of(kept: Kept, **days: int) -> RegionConfig:
    """The region's rules, some of them with other days."""
    rules = [
        each.model_copy(update={"days": days.get(each.data, each.days)})
        for each in kept.region.config.retention_rules
    ]
    return kept.region.config.model_copy(update={"retention": rules})


EXACT = {
    "booking": {"pickup_latest", "dropoff_latest"},  # the window keeps its width
    "condition": {"entered_at", "lifted_at", "begin", "end"},
    "staff_account": {"made_at"},
    "api_key": {"made_at"},
    "planning_run": {"made_at", "began_at", "ended_at"},
    "calibration": {"made_at"},
}
"""Times that stay exact for as long as their rows are kept, by table."""


def test_every_table_is_deleted_or_left_without_names_and_exact_times_in_time(kept: Kept) -> None:
    booking = fill(kept)
    with kept.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM event WHERE kind LIKE 'trouble_%%'")
    later = at("2027-04-08T02:00")
    assert all(rows for data, rows in purged(kept, later).items() if data != "figures")
    assert filled(kept) == {
        *("service_day", "booking", "tour", "event", "condition", "unmet_demand"),
        *("staff_account", "api_key", "planning_run", "calibration"),
    }
    left = kept.dump()
    for word in (*PERSONAL_WORDS, SERIES, WAITING, booking.code):
        assert word not in left
    for table in filled(kept):
        assert exact_times(kept, table) <= EXACT.get(table, set()), table
    purged(kept, later + 1096 * DAY)
    assert filled(kept) == {"staff_account", "api_key", "planning_run", "calibration"}


def exact_times(kept: Kept, table: str) -> set[str]:
    """The columns and facts of a table that hold an epoch second within a quarter hour."""
    rows = sa.select(sa.Table(table, sa.MetaData(), autoload_with=kept.engine))
    with kept.engine.connect() as connection:
        return {
            key
            for row in connection.execute(rows).mappings()
            for column, value in row.items()
            for key, time in ints_in(column, value)
            if time > 10**9 and time % 900
        }


def ints_in(name: str, value: object) -> Iterator[tuple[str, int]]:
    """All numbers in what a column holds, by the name nearest to them."""
    if isinstance(value, int):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from ints_in(key, each)
    elif isinstance(value, list):
        for each in value:
            yield from ints_in(name, each)


def test_refusals_are_deleted_after_three_years(kept: Kept) -> None:
    kept.refused()
    assert kept.count("unmet_demand") == 1
    purged(kept, MONDAY_EVENING + 1096 * DAY)
    assert kept.count("unmet_demand") == 1
    purged(kept, MONDAY_EVENING + 1098 * DAY)
    assert kept.count("unmet_demand") == 0


def test_a_recorded_month_is_deleted_with_the_figures_of_its_last_day(kept: Kept) -> None:
    kept.served()
    store = kept.dispatcher.store
    assert isinstance(store, SqlStore)
    recording = recorded_month(store, kept.region, MONDAY, MONDAY)
    assert recording is not None
    for scenario in (recording.toml, TRIAL):
        run = Run(0, "Probe", scenario, 1, 1, "0.0.1", "", RunState.FINISHED, 1, MONDAY_EVENING)
        store.runs.add(run)
    purged(kept, MONDAY_EVENING + 1096 * DAY)
    assert len(store.runs.runs()) == 2
    purged(kept, MONDAY_EVENING + 1098 * DAY)
    assert [run.scenario for run in store.runs.runs()] == [TRIAL]


def test_a_coarsened_ride_is_not_tied_to_one_on_another_day(kept: Kept) -> None:
    """What happened to it may name the ride that took its place."""
    before = kept.served()
    store, day = kept.dispatcher.store, before.ride.day
    replaced = Replaced(7, before.code, "NEXT2345", "bus-1")
    store.commit(Change(day, store.load(day).revision, events=(replaced,)))
    purged(kept, MONDAY_EVENING + 15 * DAY)
    assert "NEXT2345" not in kept.dump()


def test_days_are_deleted_after_three_years(kept: Kept) -> None:
    kept.served()
    purged(kept, MONDAY_EVENING + 1096 * DAY)
    assert kept.count("booking") == 1
    assert purged(kept, MONDAY_EVENING + 1097 * DAY)["figures"] > 3
    tables = ("booking", "tour", "event", "service_day", "contact", "receipt")
    assert [kept.count(table) for table in tables] == [0] * len(tables)


def test_a_ride_that_is_younger_stays_as_it_is(kept: Kept) -> None:
    kept.served()
    before = kept.dump()
    assert purged(kept, MONDAY_EVENING + 13 * DAY) == dict.fromkeys(KINDS, 0)
    assert kept.dump() == before


def test_a_dry_run_says_what_would_go_and_changes_nothing(kept: Kept) -> None:
    kept.served()
    before, later = kept.dump(), MONDAY_EVENING + 15 * DAY
    would = purged(kept, later, dry_run=True)
    assert kept.dump() == before
    assert would["contact"] == would["receipt"] == would["ride"] == 1
    assert purged(kept, later)["contact"] == 1


def test_a_rule_that_fails_halfway_changes_nothing(kept: Kept) -> None:
    purged(kept, kept.served().ride.promise.dropoff_latest + 14 * DAY + 1)
    with kept.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tour RENAME TO tour_away")
    before = kept.dump()
    assert "~" not in before
    with pytest.raises(StoreError):
        purged(kept, MONDAY_EVENING + 15 * DAY)
    assert kept.dump() == before


def test_the_purge_leaves_other_regions_alone(
    kept: Kept, toy_region: Region, database_url: str
) -> None:
    kept.served()
    before = kept.dump()
    other = toy_region.config.model_copy(update={"id": "elsewhere"})
    for each in purge(kept.engine, other, MONDAY_EVENING + 2000 * DAY):
        assert each.rows == 0
    assert kept.dump() == before


def test_a_running_server_takes_bookings_after_a_purge(kept: Kept) -> None:
    kept.served()
    later = MONDAY_EIGHT + 14 * DAY + DAY
    kept.dispatcher.plan(kept.region.config.local_day(MONDAY_EIGHT), later)
    purged(kept, later)
    assert kept.book(now=later).status is BookingStatus.BOOKED


def config_with(tmp_path: Path, rules: str) -> RegionConfig:
    path = tmp_path / "region.toml"
    path.write_text(REGION_TOML.format(lat=54.6, lon=9.7) + rules, encoding="utf-8")
    return read_config(path)


def rule(data: str, days: int) -> str:
    words = 'purpose = { de = "Weil.", en = "Because." }'
    return f'\n[[retention]]\ndata = "{data}"\ndays = {days}\n{words}\n'


def test_a_rule_of_the_region_wins_over_the_default(tmp_path: Path, kept: Kept) -> None:
    config = config_with(tmp_path, rule("contact", 3))
    days = {each.data: each.days for each in config.retention_rules}
    assert days == {**{data: kind.days for data, kind in KINDS.items()}, "contact": 3}
    assert config.retention_rules[0].purpose.de == "Weil."
    ended = kept.served().ride.promise.dropoff_latest
    done = purge(kept.engine, config, ended + 3 * DAY + 1)
    assert done[0] == Purged("contact", ended + 1, 1)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (rule("shoe_size", 3), "retention.0.data: 'shoe_size' is no kind of data; use one of"),
        (rule("contact", 15), "contact may be kept 14 days at most"),
        (rule("contact", 0), "retention.0.days"),
        (rule("contact", 3) + rule("contact", 4), "a kind of data has two rules"),
        (rule("ride", 7), "ride must be kept at least as many days as contact, now 14"),
        (rule("contact", 3).replace("purpose", "reason"), "retention.0.purpose"),
        (rule("contact", 3).replace('en = "Because."', 'en = ""'), "retention.0.purpose.en"),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_its_key(
    tmp_path: Path, rules: str, words: str
) -> None:
    with pytest.raises(RegionError, match=re.escape(words)):
        config_with(tmp_path, rules)


def test_a_wheelchair_is_a_requirement_of_the_ride_and_of_nobody(kept: Kept) -> None:
    """Columns about people hold no aids; columns about aids hold no people."""
    columns = {
        table: {column["name"] for column in sa.inspect(kept.engine).get_columns(table)}
        for table in ("booking", "contact")
    }
    assert "wheelchairs" in columns["booking"]
    assert "wheelchairs" not in columns["contact"]
    assert not {"name", "phone", "email"} & columns["booking"]
