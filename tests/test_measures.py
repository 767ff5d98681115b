"""Figures of scenarios: defined, counted by hand, and compared with the chance in common."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scenarios.glossary import GLOSSARY, shown
from scenarios.intervals import Interval, differences, interval_of, intervals, sentences
from scenarios.measures import Repetition, repetition
from scenarios.records import DayRows, Fate, Group, LegRow, RideRow, ShiftCharge, ShiftRow
from scenarios.scenario import Scenario, scenario_of
from scenarios.validation import PUBLISHED, compared

DAY = date(2027, 3, 2)

SERVED = RideRow(
    day=DAY, number=0, purpose="train", group=Group.ONE_OR_TWO, hour=9, origin="kirche",
    destination="bahnhof", village="Oberdorf", asked_at=0, wanted=1000, passengers=2,
    fate=Fate.SERVED, window=1000, window_end=1900, dropoff_latest=3000, pickup=1120, dropoff=1720,
    walk=150, direct_seconds=300, direct_metres=4000, fare_cents=560, kept=True, shared=True,
)  # fmt: skip
REFUSED = replace(SERVED, number=1, fate=Fate.REFUSED, reason="fleet_busy", group=Group.WHEELCHAIR,
                  kept=None, shared=False)  # fmt: skip


def trial(**tables: Any) -> Scenario:
    base = {"title": {"de": "Probe", "en": "Trial"}, "dates": {"days": [DAY]}}
    return scenario_of(base | tables, "trial.toml")


def day(*rides: RideRow) -> DayRows:
    legs = (
        LegRow("bus-1", 0, 900, 6000, 0, 0),
        LegRow("bus-1", 1000, 1600, 5000, 1, 2),
        LegRow("bus-1", 1600, 2200, 3000, 2, 4),
    )
    return DayRows(DAY, rides, legs, (ShiftRow("bus-1", 0, 7200, True),), 0)


@pytest.fixture
def counted() -> Repetition:
    return repetition(trial(), 1, [day(SERVED, replace(SERVED, number=2, kept=False), REFUSED)])


def test_figures_are_what_one_counts_by_hand(counted: Repetition) -> None:
    expected = {
        "requests": 3, "served": 2, "passengers": 4, "served_share": 2 / 3,
        "refused_share": 1 / 3, "waiting_mean": 2, "riding_p50": 10, "detour_mean": 2,
        "walking_p95": 150, "kept_rate": 0.5, "passengers_per_booking": 2,
        "bookings_on_board": (5 + 6) / 8, "shared_share": 1, "km": 14, "km_empty": 6,
        "km_occupied": 8, "hours": 2, "hours_empty": 0.25, "hours_occupied": 1 / 3,
        "km_a_ride": 7, "rides_an_hour": 1, "kwh": 4.2, "litres": 0, "co2": 4.2 * 0.38,
        "co2_by_car": 8 * 0.15, "fares": 11.2, "cost": 2 * 32 + 14 * 0.45 + 40,
        "served_share_wheelchair": 0, "served_share_one_or_two": 1, "spread": 1,
    }  # fmt: skip
    for name, value in expected.items():
        assert counted.figures[name] == pytest.approx(value), name


def test_what_batteries_gave_takes_the_place_of_what_is_reckoned() -> None:
    shifts = (
        ShiftRow("bus-1", 0, 7200, True, ShiftCharge(3.0, 0.0, 41.7, under_reserve=False)),
        ShiftRow("bus-1", 9000, 9900, True, ShiftCharge(2.5, 1.5, 9.9, under_reserve=True)),
        ShiftRow("bus-2", 0, 7200, True),
    )
    rows = day(SERVED)
    legs = (*rows.legs, replace(rows.legs[0], vehicle="bus-2"))
    found = repetition(trial(), 1, [replace(rows, shifts=shifts, legs=legs)])
    assert found.figures["kwh"] == pytest.approx(5.5 + 6 * 0.3)
    assert found.figures["kwh_charged"] == 1.5
    assert found.figures["lowest_charge"] == 0.09
    assert found.figures["under_reserve"] == 1
    assert found.counts["lowest charge by vehicle"] == {"bus-1": 9}
    assert found.figures.keys() <= GLOSSARY.keys()


def test_every_figure_is_in_the_glossary_and_can_be_shown(counted: Repetition) -> None:
    assert counted.figures.keys() <= GLOSSARY.keys()
    assert GLOSSARY.keys() - counted.figures.keys() <= {
        "served_share_child_seat", "served_share_three_and_more",
        "kwh_charged", "lowest_charge", "under_reserve",
    }  # fmt: skip
    assert all(term.de and term.en and term.meaning for term in GLOSSARY.values())
    assert shown("served_share", 0.956) == "95.6 %"
    assert shown("km", 1234.5) == "1,234 km"


def test_refusals_are_counted_by_reason_village_hour_and_group(counted: Repetition) -> None:
    assert counted.counts["refused by reason"] == {"fleet_busy": 1}
    assert counted.counts["refused by village"] == {"Oberdorf": 1}
    assert counted.counts["refused by hour"] == {"09": 1}
    assert counted.counts["refused by group"] == {"wheelchair": 1}
    assert counted.counts["requests by hour"] == {"09": 3}


def test_a_day_without_demand_has_no_shares_and_no_division_by_nothing() -> None:
    figures = repetition(trial(), 1, [DayRows(DAY, (), (), (), 0)]).figures
    assert figures["km"] == figures["served"] == 0
    assert "served_share" not in figures


def test_an_interval_is_students_t() -> None:
    found = interval_of([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half == pytest.approx(3.1824 * 1.29099 / 2, rel=1e-4)
    assert interval_of([2.0]) == Interval(2.0, None, 1)


def test_a_difference_is_paired_by_seed_and_so_as_narrow_as_the_difference_varies() -> None:
    one = [Repetition(seed, 1, {"served": 10.0 * seed, "cost": 5.0}) for seed in (1, 2, 3)]
    other = [
        Repetition(seed, 1, {"served": 10.0 * seed + 2 + 0.1 * seed, "cost": 9.0})
        for seed in (3, 2, 1, 7)
    ]
    paired = differences(one, other)["served"]
    assert paired.number == 3
    assert paired.mean == pytest.approx(2.2)
    assert paired.half is not None
    alone = intervals([each.figures for each in one])["served"].half
    assert alone is not None
    assert paired.half < alone / 10


def test_a_comparison_is_one_plain_sentence_in_each_language() -> None:
    found = {"served": Interval(6.13, 0.84, 20), "cost": Interval(1212.4, 3.0, 20)}
    said = sentences("zwei", "drei", found)
    german, english = said["de"], said["en"]
    assert said["da"].startswith("»drei« kører 6,1 ± 0,8 flere ture om dagen end »zwei«; ")
    assert (
        german
        == "„drei“ bedient 6,1 ± 0,8 Fahrten am Tag mehr als „zwei“; das kostet 1.212 € mehr."
    )
    assert english == (
        "“drei” serves 6.1 ± 0.8 more rides a day than “zwei”; it costs 1,212 € more."
    )


def test_what_chance_may_have_done_is_not_claimed() -> None:
    found = {"served": Interval(0.4, 0.9, 20), "cost": Interval(-12.0, 3.0, 20)}
    said = sentences("a", "b", found)
    german, english = said["de"], said["en"]
    assert said["da"].endswith("(+0,4 ± 0,9 om dagen); det koster 12 € mindre.")
    assert "cannot be told from chance (+0.4 ± 0.9 a day)" in english
    assert "nicht vom Zufall zu unterscheiden (+0,4 ± 0,9 am Tag)" in german
    assert english.endswith("it costs 12 € less.")


def test_published_figures_stand_beside_the_simulated_ones_also_where_they_differ() -> None:
    found = {each.figure: Interval(2 * each.value, 1.0, 5) for each in PUBLISHED}
    found["served"] = Interval(45.0, None, 1)
    rows = compared(found)
    assert len(rows) == len(PUBLISHED)
    assert rows[0][1:] == (
        "45.00", "Süderbrarup 2022", "45.00", "+0%; the demand is set to this",
    )  # fmt: skip
    assert any("callheinz" in row[2] and row[4].startswith("+100%") for row in rows)
