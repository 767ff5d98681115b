"""The planner's pages: who may, what the form takes, and what a finished run shows."""

import csv
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from api.planning.planning_words import FATES, FIGURES
from scenarios.glossary import GLOSSARY
from scenarios.records import Fate
from shuttle.domain import Location
from shuttle.planning.runs import Run
from shuttle.region import Region
from tests.planned import NOW, ONE_VEHICLE, has_run, record
from tests.staff import Office, office
from tests.test_changing import PETERSEN
from tests.test_dispatcher import at, ride
from tests.test_planning import forget, wait_for
from tests.toy_town import coordinates

HTML = {"Accept": "text/html"}


def gets(run: Run) -> tuple[str, ...]:
    """Return all that can be looked at of a run."""
    own = ("", "/progress", "/files/scenario.toml", "/files/report.html", "/days/2027-03-02")
    return (
        "",
        "/new?from=first_year",
        f"/compare?run={run.number}",
        *(f"/runs/{run.number}{each}" for each in own),
    )


def posts(run: Run) -> tuple[str, ...]:
    """Return all that can be done, to a run or without one."""
    return ("/new", *(f"/runs/{run.number}/{each}" for each in ("cancel", "again", "remove")))


@pytest.fixture(scope="module")
def here(toy_region: Region, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(toy_region, tmp_path_factory.mktemp("planning")) as made:
        yield made
        for run in made.store.runs.runs():
            forget(made.planning, run)


@pytest.fixture(scope="module")
def finished(here: Office, planned: Path) -> Run:
    """A run of two repetitions of one day."""
    return has_run(here.planning, record(here.planning), planned / "two")


@pytest.fixture
def planner(here: Office) -> Iterator[Office]:
    here.sign_in("planner")
    yield here
    here.sign_out()


def get(here: Office, path: str, status: int = 200) -> str:
    answer = here.http.get(f"/planning{path}", headers=HTML)
    assert answer.status_code == status, answer.text[:500]
    return unescape(answer.text)


def post(here: Office, path: str, **fields: str) -> Any:
    sent = {"csrf_token": here.csrf["X-CSRF-Token"], **fields}
    return here.http.post(f"/planning{path}", data=sent, headers=HTML, follow_redirects=False)


def remove(here: Office, run: Run) -> None:
    """Remove a run on its page, and wait until its folder is gone: its number may be given anew."""
    post(here, f"/runs/{run.number}/remove")

    def gone() -> bool:
        here.planning.go_on(NOW)
        return not here.planning.folder_of(run).exists()

    wait_for(gone)


@pytest.mark.parametrize("name", [None, "dispatcher", "driver"])
def test_nobody_but_planners_sees_or_does_anything(
    here: Office, finished: Run, name: str | None
) -> None:
    if name is not None:
        here.sign_in(name)
    for path in gets(finished):
        answer = here.http.get(f"/planning{path}", headers=HTML, follow_redirects=False)
        assert answer.status_code == (303 if name is None else 403), path
    for path in posts(finished):
        sent = {"csrf_token": here.csrf.get("X-CSRF-Token", "")}
        answer = here.http.post(f"/planning{path}", data=sent, headers=HTML, follow_redirects=False)
        assert answer.status_code == (303 if name is None else 403), path
    here.sign_out()
    assert here.store.runs.run(finished.number) == finished


def test_a_page_of_another_site_changes_nothing(planner: Office, finished: Run) -> None:
    before = planner.store.runs.runs()
    for path in posts(finished):
        for sent, headers in (
            ({}, {}),
            ({"csrf_token": "guessed"}, {}),
            ({"csrf_token": planner.csrf["X-CSRF-Token"]}, {"Sec-Fetch-Site": "cross-site"}),
        ):
            answer = planner.http.post(f"/planning{path}", data=sent, headers=HTML | headers)
            assert answer.status_code == 403, (path, sent)
    assert planner.store.runs.runs() == before
    assert finished in before


def test_administrators_may_and_the_way_there_is_shown(here: Office) -> None:
    for name in ("admin", "planner"):
        here.sign_in(name)
        assert 'href="/planning"' in here.http.get("/login", headers=HTML).text
        assert "Das erste Jahr in Süderbrarup" in get(here, "")
        here.sign_out()
    here.sign_in("dispatcher")
    assert 'href="/planning"' not in here.http.get("/login", headers=HTML).text
    here.sign_out()


def test_what_is_not_touched_stays_as_the_scenario_says(planner: Office) -> None:
    page = get(planner, "/new?from=winter")
    fields = dict(
        re.findall(r'<input type="(?:text|date)"[^>]* name="(\w+)" value="([^"]*)"', page)
    )
    assert fields["rides"] == "50"
    assert (fields["first"], fields["hours_0_to"]) == ("2027-02-02", "20:00")
    changed = {"name": "Schnee mit drei", "vehicles": "3", "window": "20", "repetitions": "9000"}
    answer = post(planner, "/new", base="winter", **(fields | changed))
    assert answer.status_code == 303, answer.text[:3000]
    number = int(answer.headers["location"].rsplit("/", 1)[1])
    run = planner.store.runs.run(number)
    kept = tomllib.loads(run.scenario)
    assert (kept["repetitions"], kept["seed"]) == (9000, 1)
    planner.planning.cancel(number, NOW)
    copy = get(planner, f"/new?from={number}")
    for part in ('value="Schnee mit drei"', 'kind = "slower"', "window_minutes = 20"):
        assert part in copy
    assert "hours" not in run.scenario.split("[reality]")[0]
    remove(planner, run)
    for unknown in (number, 0, 10**30):
        get(planner, f"/runs/{unknown}", 404)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("window", "500", "Hier geht höchstens 120."),
        ("vehicles", "0", "Hier geht mindestens 1."),
        ("window", "viel", "Schreiben Sie hier eine ganze Zahl."),
        ("seed", "1" * 30, "Schreiben Sie hier eine ganze Zahl."),
        ("rides", "-1", "Hier geht mindestens 0."),
        ("repetitions", "0", "Hier geht mindestens 1."),
        ("first", "gestern", "Wählen Sie einen Tag."),
        ("first", "2027-02-03", "Der letzte Tag darf nicht vor dem ersten liegen."),
        ("hours_0_to", "5 Uhr", "Schreiben Sie die Uhrzeit als HH:MM."),
        ("name", " ", "Geben Sie einen Namen ein."),
    ],
)
def test_a_mistake_is_told_at_its_field_and_nothing_is_lost(
    planner: Office, field: str, value: str, said: str
) -> None:
    before = planner.store.runs.runs()
    answer = post(planner, "/new", base="winter", **{"name": "Schnee", "walk": "350", field: value})
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert said in page
    assert f'id="{field}-wrong"' in page
    assert 'name="walk" value="350"' in page
    assert f'name="{field}" value="{value}"' in page
    assert planner.store.runs.runs() == before


def test_a_finished_run_shows_figures_and_gives_its_files(planner: Office, finished: Run) -> None:
    page = get(planner, f"/runs/{finished.number}")
    assert "Fahrten am Tag" in page
    assert "Versprechen" not in page  # the glossary's words are for the report
    assert f"/planning/runs/{finished.number}/days/2027-03-02?seed=5" in page
    report = planner.http.get(f"/planning/runs/{finished.number}/files/report.html")
    assert report.headers["content-disposition"].startswith("attachment;")
    assert "<svg" in report.text
    assert planner.http.get(f"/planning/runs/{finished.number}/files/rides.csv").status_code == 200
    for name in ("log.txt", "..%2fscenario.toml", "process.pid", "scenario.json"):
        answer = planner.http.get(f"/planning/runs/{finished.number}/files/{name}")
        assert answer.status_code == 404
    toml = planner.http.get(f"/planning/runs/{finished.number}/files/scenario.toml").text
    assert toml == finished.scenario


def test_a_day_is_played_back_from_halts_and_times(planner: Office, finished: Run) -> None:
    page = get(planner, f"/runs/{finished.number}/days/2027-03-02?seed=6")
    found = re.search(r'id="tours">(.*?)</script>', page)
    assert found is not None
    tours = json.loads(found[1])
    assert {each["name"] for each in tours} <= {"Bus 1", "Bus 2"}
    for tour in tours:
        stands = tour["stands"]
        assert stands[0]["name"] == stands[-1]["name"] == "Amtshaus"
        assert all(each["arrival"] <= each["departure"] for each in stands)
        assert all(each["path"] for each in stands[1:])
        aboard = 0
        for stand in stands[:-1]:
            aboard += stand["getting_on"] - stand["getting_off"]
            assert stand["on_board"] == aboard
        assert aboard == 0
    rides = planner.planning.results(finished).rides(6, "2027-03-02")
    people = sum(int(each["passengers"]) for each in rides if each["fate"] == "served")
    assert sum(stand["getting_on"] for tour in tours for stand in tour["stands"]) == people
    assert page.count("<tr><td>") >= len(rides)
    get(planner, f"/runs/{finished.number}/days/2027-03-03", 404)


def test_a_repetition_that_is_not_whole_has_no_days(
    planner: Office, planned: Path, tmp_path: Path
) -> None:
    results = Path(shutil.copytree(planned / "two", tmp_path / "results"))
    table = results / "repetitions.csv"
    rows = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join(each for each in rows if not each.startswith("6,")), encoding="utf-8")
    run = has_run(planner.planning, record(planner.planning), results)
    assert [each["day"] for each in planner.planning.results(run).legs(6)]
    get(planner, f"/runs/{run.number}/days/2027-03-02?seed=5")
    for seed in (6, 7):
        get(planner, f"/runs/{run.number}/days/2027-03-02?seed={seed}", 404)
    forget(planner.planning, run)


@pytest.fixture(scope="module")
def asked(here: Office) -> str:
    """A month in which Frau Petersen booked a ride from her door; returns the code."""
    door = Location(*coordinates((130, 10)), "Am Deich 7")
    offer = here.dispatcher.quote(ride(door, clock="10:05"), at("08:07")).offers[0]
    return here.dispatcher.book(offer, "key-0001", at("08:07"), PETERSEN).code


@pytest.fixture
def in_april(planner: Office) -> Iterator[None]:
    """It is the month after the one on which the clock stands otherwise."""
    before = planner.clock.now
    planner.clock.set("2027-04-20T09:00")
    planner.sign_in("planner")
    yield
    planner.clock.now = before


def test_a_past_month_is_replayed_and_what_is_kept_of_it_names_nobody(
    planner: Office, asked: str, in_april: None
) -> None:
    first, *others = re.findall(r'<option value="(\d{4}-\d\d)">([^<]+)<', get(planner, ""))
    assert (first, len(others)) == (("2027-03", "März 2027"), 11)
    page = get(planner, "/new?from=2027-03")
    assert "1 Anfrage, die hier wirklich gestellt wurde" in page
    assert 'name="rides"' not in page
    sent = {"name": "März, einer", "vehicles": "1", "repetitions": "9000", "last": "2027-03-02"}
    answer = post(planner, "/new", base="2027-03", **sent)
    assert answer.status_code == 303, answer.text[:3000]
    run = planner.store.runs.run(int(answer.headers["location"].rsplit("/", 1)[1]))
    planner.planning.cancel(run.number, NOW)
    (row,) = csv.DictReader(tomllib.loads(run.scenario)["demand"]["table"].splitlines())
    assert row["asked"] == "2027-03-01T08:00:00"
    assert (row["leave"] or row["arrive"])[-5:] in ("00:00", "15:00", "30:00", "45:00")
    for part in ("Petersen", PETERSEN.phone, asked, "Deich"):
        assert part not in run.scenario
    again = get(planner, f"/new?from={run.number}")
    assert "1 Anfrage, die hier wirklich gestellt wurde" in again
    assert "leave" not in again
    remove(planner, run)


def test_a_month_in_which_nobody_asked_says_so(planner: Office, asked: str) -> None:
    said = "Im Februar 2027 hat niemand nach einer Fahrt gefragt; wählen Sie einen anderen Monat."
    page = get(planner, "/new?from=2027-02", 422)
    assert said in page
    assert 'role="alert"' in page
    before = planner.store.runs.runs()
    assert post(planner, "/new", base="2027-02", name="x").status_code == 422
    assert planner.store.runs.runs() == before
    get(planner, "/new?from=2027-13", 404)


def test_runs_stand_side_by_side(planner: Office, finished: Run, planned: Path) -> None:
    single = record(planner.planning, "Einer", ONE_VEHICLE)
    other = has_run(planner.planning, single, planned / "one")
    page = get(planner, f"/compare?run={finished.number}&run={other.number}")
    assert "„Einer“" in page
    assert "weniger" in page or "nicht vom Zufall" in page
    assert "2 Paaren" in page
    page = get(planner, f"/compare?run={finished.number}&run={other.number}&lang=da")
    assert "om dagen" in page
    assert 'lang="en"' not in page.partition("<main")[2].partition("</main>")[0]
    for runs in ("", f"?run={finished.number}", "?" + "&".join(["run=99"] * 2)):
        status = 404 if "99" in runs else 422
        get(planner, f"/compare{runs}", status)


def test_every_figure_and_fate_on_the_pages_is_one_of_the_scenarios() -> None:
    assert set(FIGURES) <= set(GLOSSARY)
    assert set(FATES) == set(Fate)
