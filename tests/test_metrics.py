"""Figures for whoever watches over the service."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shuttle.acts import Outcome
from shuttle.dispatcher import Dispatcher
from shuttle.events import Reoptimised
from shuttle.plan import DayPlan
from shuttle.telling.notices import Notice, NoticeKind
from shuttle.telling.outbox import Fate, MemoryOutbox
from shuttle.trouble.conditions import Disturbance, VehicleOut
from shuttle.trouble.entering import entered
from tests.api_client import Api, serving


@pytest.fixture
def api(dispatcher: Dispatcher) -> Iterator[Api]:
    with serving(dispatcher) as made:
        yield made


def figures(api: Api) -> dict[tuple[str, ...], float]:
    """All samples by name and the values of their labels."""
    answer = api.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_offers_and_the_revision_of_the_plan_are_counted(api: Api) -> None:
    before = figures(api)
    assert before["shuttle_plan_revision",] == 0
    api.book()
    after = figures(api)
    assert after["shuttle_quotes_total",] == 1
    assert 1 <= after["shuttle_offers_total",] <= 3
    assert after["shuttle_plan_revision",] == 1
    assert after["shuttle_store_reachable",] == 1


def test_refusals_are_counted_by_reason(api: Api) -> None:
    for number in range(40):
        answer = api.ask(party={"passengers": 8})
        if answer.json()["refusal"] is not None:
            reason = answer.json()["refusal"]["reason"]
            break
        api.confirm(answer.json()["offers"][0]["offer"], f"key-number-{number}")
    else:
        pytest.fail("the fleet never filled up")
    assert figures(api)["shuttle_refusals_total", reason] == 1


def test_requests_that_no_plan_could_serve_are_counted_by_code(api: Api) -> None:
    api.ask(to={"stop": "kirche"})
    assert figures(api)["shuttle_problems_total", "same_stop"] == 1


def test_the_time_to_answer_is_kept_by_the_pattern_of_the_path(api: Api) -> None:
    api.look_up(api.book())
    api.http.get("/nowhere/at/all")
    found = figures(api)
    path = "/api/v1/bookings/{code}"
    assert found["shuttle_request_seconds_count", "GET", path, "2xx"] == 1
    assert found["shuttle_request_seconds_count", "GET", "unmatched", "4xx"] == 1
    assert 0 < found["shuttle_request_seconds_sum", "GET", path, "2xx"] < 60


def test_no_figure_names_a_booking(api: Api) -> None:
    booking = api.book()
    api.look_up(booking)
    assert booking["code"] not in api.http.get("/metrics").text


def test_invented_methods_and_paths_do_not_fill_the_memory(api: Api) -> None:
    for number in range(20):
        api.http.request(f"METHOD{number}", f"/nowhere/{number}")
    lines = [line for line in api.http.get("/metrics").text.splitlines() if "unmatched" in line]
    assert len([line for line in lines if "_count" in line]) == 1


def test_a_vehicle_that_is_late_puts_its_promises_at_risk(api: Api) -> None:
    booking = api.book()
    assert figures(api)["shuttle_promises_at_risk",] == 0

    def stuck(plan: DayPlan) -> Outcome[None]:
        number = plan.tour_of(booking["code"])
        assert number is not None
        tour = replace(plan.tours[number], ready=api.clock.now + 7200)
        return Outcome(None, plan.with_tours({number: tour}), happened=frozenset({number}))

    api.dispatcher.act(api.dispatcher.region.config.local_day(api.clock.now), api.clock.now, stuck)
    assert figures(api)["shuttle_promises_at_risk",] == 1


def test_a_ride_that_no_vehicle_can_keep_is_a_promise_at_risk(api: Api) -> None:
    api.book()
    for vehicle in ("bus-1", "bus-2"):
        out = VehicleOut(vehicle, api.clock.now, api.clock.now + 12 * 3600)
        trouble(api, out)
    assert figures(api)["shuttle_promises_at_risk",] == 1


def trouble(api: Api, disturbance: Disturbance) -> None:
    now, region = api.clock.now, api.dispatcher.region
    day = region.config.local_day(now)
    api.dispatcher.act(day, now, lambda plan: entered(region, plan, disturbance, now))


def test_the_gain_of_the_live_loop_is_summed_up_over_the_day(api: Api) -> None:
    assert figures(api)["shuttle_solver_gain_seconds",] == 0
    now = api.clock.now
    today = api.dispatcher.region.config.local_day(now)
    events = (Reoptimised(now, 2, 120), Reoptimised(now + 1, 1, 45))
    api.dispatcher.act(today, now, lambda plan: Outcome(None, plan, events=events))
    assert figures(api)["shuttle_solver_gain_seconds",] == 165


def test_the_age_of_the_outbox_is_that_of_the_oldest_notice(api: Api) -> None:
    assert figures(api)["shuttle_outbox_age_seconds",] == 0
    outbox, now = api.dispatcher.store.outbox, api.clock.now
    assert isinstance(outbox, MemoryOutbox)
    notices = [
        Notice(code, NoticeKind.BOOKED, time, now + 3600)
        for code, time in (("NEWER234", now - 15), ("OLDER234", now - 90))
    ]
    outbox.put(api.dispatcher.region.config.local_day(now), notices)
    assert figures(api)["shuttle_outbox_age_seconds",] == 90
    claim = outbox.claim(now, now + 60)
    assert claim is not None
    outbox.settle(claim, Fate.SENT)
    assert figures(api)["shuttle_outbox_age_seconds",] == 15
