"""Replay: what really was asked, recorded without names, and played again with other means."""

import csv
import shutil
import tomllib
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from routing.stops import read_stops, write_stops
from scenarios import commands, workbench
from scenarios.demand import Wish
from scenarios.recording import recorded, table_text
from scenarios.records import DayRows, Fate
from scenarios.replay import COLUMNS, replayed
from scenarios.scenario import Demand, Scenario, ScenarioError, read_scenario, scenario_of
from scenarios.scenario_region import region_of
from scenarios.simulate import SimulatedDay, simulated
from scenarios.sweep import variants
from shuttle.booking.changing import change
from shuttle.dispatcher import Dispatcher
from shuttle.domain import Contact, When
from shuttle.keeping.database import table_of as stored
from shuttle.keeping.sql_store import SqlStore
from shuttle.keeping.tables import BookingRow
from shuttle.region import Region
from tests.test_changing import NOW, PETERSEN, offer_instead
from tests.test_dispatcher import MONDAY, at, ride
from tests.test_simulate import FAITHFUL, STILL, TUESDAY, codes_of, desk_of, over_http
from tests.test_simulate import scenario as modelled


def replay_of(folder: Path, table: str, **tables: Any) -> Scenario:
    """Write a table and return the scenario that replays it."""
    (folder / "asked.csv").write_text(table, encoding="utf-8")
    base = modelled(**tables).model_dump(mode="json", by_alias=True, exclude={"demand"})
    base["dates"] = {"days": [TUESDAY]}
    base["demand"] = {"kind": "replay", "file": "asked.csv"}
    return scenario_of(base, str(folder / "trial.toml"))


def table_of(region: Region, wishes: tuple[Wish, ...]) -> str:
    """Return wishes as a table, as a planner may have it from another program."""
    zone = region.config.zone

    def local(time: int) -> str:
        return datetime.fromtimestamp(time, zone).replace(tzinfo=None).isoformat()

    lines = [",".join(COLUMNS)]
    for wish in wishes:
        asked = wish.request
        leave = asked.when is When.DEPART_AT
        wanted = local(asked.time)
        places = asked.origin, asked.destination
        ends = [each.stop or f'"{each.lat},{each.lon}"' for each in places]
        party = asked.party
        first = wish.number if wish.there is None else wish.there
        lines.append(
            f"{local(wish.asked_at)},{wanted if leave else ''},{'' if leave else wanted},"
            f"{ends[0]},{ends[1]},{party.passengers},{party.wheelchairs},{party.child_seats},{first}"
        )
    return "\n".join(lines) + "\n"


def test_a_replayed_stream_gives_the_promises_that_it_gave_live(
    toy_region: Region, tmp_path: Path
) -> None:
    """The model's day over HTTP is the live one; its table, read back, is the replayed one."""
    with over_http(modelled(), toy_region, 3) as live:
        stream = table_of(toy_region, live.wishes)
        rows = live.play()
        owed_live = [live.dispatcher.booking(code).ride for code in desk_of(live).booked]
    tried = replay_of(tmp_path, stream)
    with closing(SimulatedDay(tried, toy_region, TUESDAY, 3)) as day:
        again = day.play()
        owed = [day.dispatcher.booking(code).ride for code in codes_of(day)]
    assert len(owed) > 20
    assert owed == owed_live
    alike = tuple(replace(each, purpose="replay") for each in rows.rides)
    assert again == replace(rows, rides=alike)


@pytest.fixture(scope="module")
def lived(toy_region: Region, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DayRows]:
    """A database of a service that ran for a day, with names and phone numbers in it."""
    path = tmp_path_factory.mktemp("lived") / "shuttle.sqlite3"
    tried = modelled(reality=STILL, behaviour=FAITHFUL)
    with closing(SimulatedDay(tried, toy_region, TUESDAY, 4)) as day:
        day.dispatcher.store = SqlStore(f"sqlite:///{path}", toy_region.config.id)
        book = day.dispatcher.book
        day.desk = _Named(day, book)
        rows = day.play()
    return path, rows


class _Named:
    """A desk at which everybody says who they are."""

    def __init__(self, day: SimulatedDay, book: Any) -> None:
        self.quote, self.cancel, self._book = day.dispatcher.quote, day.dispatcher.cancel, book

    def book(self, offer: Any, key: str, now: int, /) -> Any:
        contact = Contact(name="Erna Petersen", phone="+4946417654321")
        return self._book(offer, key, now, contact)


def test_what_is_recorded_names_nobody_and_is_what_was_asked(
    lived: tuple[Path, DayRows], toy_region: Region
) -> None:
    path, rows = lived
    with closing(SqlStore(f"sqlite:///{path}", toy_region.config.id)) as store:
        found, _ = recorded(store, toy_region, TUESDAY, TUESDAY)
        codes = {each.code for each in store.load(TUESDAY).bookings}
    served = [each for each in rows.rides if each.fate is Fate.SERVED]
    refused = [each for each in rows.rides if each.fate is Fate.REFUSED]
    assert len(codes) == len(served) > 20
    assert len(found) >= len(served) + len(refused)
    assert any(each.arrive for each in found)
    assert any(each.leave for each in found)
    text = table_text(found, toy_region.config.zone)
    assert not any(each in text for each in ("Erna", "4946417654321", *codes))
    stops = {each.id for each in toy_region.stops}
    table = csv.DictReader(text.splitlines())
    assert all(row["from"] in stops and row["to"] in stops for row in table)


def test_a_recorded_day_is_replayed_by_one_command_after_the_other(
    lived: tuple[Path, DayRows], toy_folder: Path, toy_region: Region, tmp_path: Path
) -> None:
    path, rows = lived
    out = tmp_path / "march"
    words = ["record", "--month", "2027-03", "--out", out, "--region", toy_folder]
    ran = CliRunner().invoke(commands.scenario, [str(w) for w in (*words, "--database", path)])
    assert ran.exit_code == 0, (ran.output, ran.exception)
    tried = read_scenario(out / "replay.toml")
    tried = tried.model_copy(update={"behaviour": modelled(behaviour=FAITHFUL).behaviour})
    again = simulated(tried, region_of(tried, toy_region, "x"), TUESDAY, 4)
    were = {each.window for each in rows.rides if each.fate is Fate.SERVED}
    served = [each for each in again.rides if each.fate is Fate.SERVED]
    assert len(served) > 0.8 * len(were)
    assert sum(each.window in were for each in served) > 0.6 * len(were)


def test_the_screen_records_the_same_by_the_quarter_hour_and_it_is_run_as_it_stands(
    lived: tuple[Path, DayRows], toy_region: Region
) -> None:
    path, rows = lived
    with closing(SqlStore(f"sqlite:///{path}", toy_region.config.id)) as store:
        exact, _ = recorded(store, toy_region, TUESDAY, TUESDAY)
        found = workbench.record(store, toy_region, TUESDAY, TUESDAY)
        gone = exact[0].origin
        stops = tuple(each for each in toy_region.stops if each.id != gone)
        rest = workbench.record(store, replace(toy_region, stops=stops), TUESDAY, TUESDAY)
    assert found is not None
    assert (found.requests, found.left_out) == (len(exact), 0)
    tried = scenario_of(tomllib.loads(found.toml), "x")
    again = simulated(tried, region_of(tried, toy_region, "x"), TUESDAY, 4)
    assert len(again.rides) == len(exact)
    assert all(each.asked_at % 900 == 0 for each in replayed(tried.demand, toy_region, TUESDAY))
    were = [each for each in rows.rides if each.fate is Fate.SERVED]
    assert sum(each.fate is Fate.SERVED for each in again.rides) > 0.6 * len(were)
    assert rest is not None
    assert rest.left_out == sum(gone in (each.origin, each.destination) for each in exact) > 0
    assert gone not in {
        row["from"]
        for row in csv.DictReader(tomllib.loads(rest.toml)["demand"]["table"].splitlines())
    }


def test_the_command_leaves_out_stops_that_are_gone_and_says_so(
    lived: tuple[Path, DayRows], toy_folder: Path, toy_region: Region, tmp_path: Path
) -> None:
    with closing(SqlStore(f"sqlite:///{lived[0]}", toy_region.config.id)) as store:
        exact, _ = recorded(store, toy_region, TUESDAY, TUESDAY)
    gone = exact[0].origin
    folder = tmp_path / "region"
    shutil.copytree(toy_folder, folder)
    stops = [each for each in read_stops(folder / "stops.csv") if each.id != gone]
    write_stops(folder / "stops.csv", stops)
    out = tmp_path / "march"
    words = ["record", "--month", "2027-03", "--out", out, "--region", folder]
    ran = CliRunner().invoke(commands.scenario, [str(w) for w in (*words, "--database", lived[0])])
    assert ran.exit_code == 0, (ran.output, ran.exception)
    left_out = sum(gone in (each.origin, each.destination) for each in exact)
    assert f"{left_out} requests are left out" in ran.output
    tried = read_scenario(out / "replay.toml")
    wishes = replayed(tried.demand, Region.load(folder), TUESDAY)
    assert len(wishes) == len(exact) - left_out > 0


def test_a_booking_from_when_halts_were_shorter_is_recorded_as_it_was_asked(
    lived: tuple[Path, DayRows], toy_region: Region
) -> None:
    config = toy_region.config
    rules = config.rules.model_copy(update={"halt_seconds": config.rules.halt_seconds + 240})
    now = replace(toy_region, config=config.model_copy(update={"rules": rules}))
    with closing(SqlStore(f"sqlite:///{lived[0]}", config.id)) as store:
        then, _ = recorded(store, toy_region, TUESDAY, TUESDAY)
        later, _ = recorded(store, now, TUESDAY, TUESDAY)
    assert any(each.arrive for each in then)
    assert later == then


def test_what_is_kept_with_a_run_does_not_tell_which_ride_is_the_way_back(
    toy_region: Region, tmp_path: Path
) -> None:
    with closing(SqlStore(f"sqlite:///{tmp_path / 'x'}", "toy-town")) as store:
        desk = Dispatcher(toy_region, store)
        there = desk.book(desk.quote(ride(), NOW).offers[0], "key-0001", NOW, PETERSEN)
        with store.engine.begin() as connection:
            connection.execute(sa.update(stored(BookingRow)).values(journey=there.code))
        found = workbench.record(store, toy_region, MONDAY, MONDAY)
    assert found is not None
    table = csv.DictReader(tomllib.loads(found.toml)["demand"]["table"].splitlines())
    assert [row["journey"] for row in table] == [""]


def test_a_month_in_which_nobody_asked_is_told_of(
    lived: tuple[Path, DayRows], toy_folder: Path, tmp_path: Path
) -> None:
    words = ["record", "--first", "2027-05-01", "--last", "2027-05-02", "--out", tmp_path / "x",
             "--region", toy_folder, "--database", lived[0]]  # fmt: skip
    ran = CliRunner().invoke(commands.scenario, [str(w) for w in words])
    assert ran.exit_code == 2
    assert "nobody asked for a ride from 2027-05-01 to 2027-05-02" in ran.output
    assert not (tmp_path / "x").exists()


def test_the_old_self_of_a_changed_booking_is_not_asked_for_again(
    toy_region: Region, tmp_path: Path
) -> None:
    with closing(Dispatcher(toy_region, SqlStore(f"sqlite:///{tmp_path / 'x'}", "toy-town"))) as d:
        old = d.book(d.quote(ride(), NOW).offers[0], "key-0001", NOW, PETERSEN)
        change(d, old.code, offer_instead(d, old.code), "key-0002", NOW)
        assert isinstance(d.store, SqlStore)
        (row,), _ = recorded(d.store, toy_region, MONDAY, MONDAY)
    assert row.leave == at("11:00")


HEAD = "asked,leave,arrive,from,to,passengers,wheelchairs,child_seats,journey\n"
GOOD = "2027-03-01T17:05,2027-03-02T08:10,,kirche,hauptstrasse,2,0,0,\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("asked,leave\n", "line 1: the column arrive is missing; the columns are asked,"),
        ("asked,leave,arrive,from,to,name\n", "line 1: there is no column 'name'; the columns"),
        (HEAD + GOOD + "x\n", "line 3: it has not as many fields as the header"),
        (HEAD + GOOD.replace(",,k", ",2027-03-02T09:00,k"), "line 2: give either leave or arrive"),
        (HEAD + GOOD.replace("2027-03-02T08:10", "8 Uhr"), "line 2: leave '8 Uhr' is no local"),
        (HEAD + GOOD.replace("2027-03-01", "2027-04-01"), "line 2: asked 2027-04-01T17:05 must"),
        (HEAD + GOOD.replace(",2,0", ",0,0"), "line 2: passengers '0' is no number from 1 to 99"),
        (HEAD + GOOD.replace(",2,0", ",2,3"), "line 2: count people in wheelchairs and children"),
        (HEAD + GOOD.replace("kirche", "moon"), "line 2: from: the region has no stop 'moon'"),
        (HEAD + GOOD.replace("hauptstrasse", ""), "line 2: to is empty; give a stop"),
    ],
)
def test_a_bad_line_is_one_sentence_with_its_number_and_the_fix(
    text: str, sentence: str, toy_region: Region, tmp_path: Path
) -> None:
    path = tmp_path / "asked.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        replayed(Demand(kind="replay", file=str(path)), toy_region, TUESDAY)
    assert str(caught.value).startswith(f"{path}, {sentence}")
    assert str(caught.value).endswith(".")


def test_what_is_wrong_with_a_replay_is_told_before_anything_runs(
    toy_region: Region, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError, match="a replay asks what is in its file; drop rides"):
        modelled(demand={"kind": "replay", "file": "x.csv", "rides": 4})
    with pytest.raises(ScenarioError, match="kind replay needs a file"):
        modelled(demand={"kind": "replay"})
    with pytest.raises(ScenarioError, match='file belongs to kind = "replay"'):
        modelled(demand={"file": "x.csv"})
    with pytest.raises(ScenarioError, match="either a file or a table; drop one"):
        modelled(demand={"kind": "replay", "file": "x.csv", "table": HEAD})
    tried = replay_of(tmp_path, HEAD + GOOD.replace("03-02", "03-03"))
    with pytest.raises(ScenarioError, match="nobody asks for a ride on any of these days"):
        region_of(tried, toy_region, "trial.toml")
    (tmp_path / "asked.csv").unlink()
    with pytest.raises(ScenarioError, match=r"asked\.csv cannot be read: No such file"):
        region_of(tried, toy_region, "trial.toml")


def test_a_place_far_from_any_stop_is_refused_and_counted(
    toy_region: Region, tmp_path: Path
) -> None:
    far = GOOD.replace("kirche", '"53.10,8.02"')
    tried = replay_of(tmp_path, HEAD + far + GOOD)
    rows = simulated(tried, region_of(tried, toy_region, "trial.toml"), TUESDAY, 1)
    assert {each.origin: each.fate for each in rows.rides}["53.10,8.02"] is Fate.REFUSED


def test_a_sweep_over_a_table_that_was_altered_begins_anew(tmp_path: Path) -> None:
    raw = {
        "title": {"de": "x", "en": "x"},
        "dates": {"days": [TUESDAY]},
        "demand": {"kind": "replay", "file": "asked.csv"},
    }
    prints = []
    for text in (HEAD + GOOD, HEAD + GOOD + GOOD):
        (tmp_path / "asked.csv").write_text(text, encoding="utf-8")
        prints.append(variants(raw, [], str(tmp_path / "trial.toml"))[0].print)
    assert prints[0] != prints[1]
