"""The board's map in a real browser: all that it shows; a click on it selects everywhere."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from shuttle.booking.unmet import Unmet
from shuttle.domain import Party
from tests.api_client import BERLIN, berlin
from tests.browser import barriers, needs_browser
from tests.staff import Office
from tests.test_page_board import DAY, PATIENCE_MS, Desk, Scheme, office, seated
from tests.toy_town import coordinates

__all__ = ["office"]

pytestmark = needs_browser

_COLOURED = """([selector, name]) => {
  const probe = document.createElement("i");
  probe.style.color = getComputedStyle(document.documentElement).getPropertyValue(name);
  document.body.append(probe);
  const wanted = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3).map(Number);
  probe.remove();
  let found = 0;
  for (const canvas of document.querySelectorAll(selector)) {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let k = 0; k < data.length; k += 4) {
      const same = wanted.every((each, n) => Math.abs(each - data[k + n]) < 3);
      if (data[k + 3] > 200 && same) found += 1;
    }
  }
  return found;
}"""
"""How many pixels of canvases have a colour of the style sheet."""


def coloured(page: Page, selector: str, name: str) -> int:
    found: int = page.evaluate(_COLOURED, [selector, name])
    return found


def opened(desk: Desk, clock: str) -> Page:
    """Open the board at a time of day, and wait until the map is drawn."""
    desk.office.clock.set(f"{DAY}T{clock}")
    desk.office.dispatcher.advance(desk.office.clock())
    desk.open()
    desk.page.locator(".vehicle-marker").first.wait_for(timeout=PATIENCE_MS)
    return desk.page


def selected_everywhere(desk: Desk, booking: Any) -> None:
    """Check that a ride is the chosen one in the list, beside it, on the map and the timeline."""
    expect(desk.line(booking)).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
    expect(desk.page.locator("#ride-title")).to_contain_text(booking["code"])
    expect(desk.page.locator("#map .mark-chosen")).to_have_count(2)
    assert coloured(desk.page, "#timeline canvas", "--accent") > 5


@pytest.fixture
def desk(browser: Browser, office: tuple[Office, str]) -> Iterator[Desk]:
    made = seated(browser, office)
    yield made
    made.context.close()


def test_vehicles_show_where_they_head_and_how_many_are_on_board(desk: Desk) -> None:
    booking = desk.book("key-number-1", party={"passengers": 3})
    page = opened(desk, "09:04")
    driving = page.locator(".vehicle-marker.driving")
    expect(driving).to_have_count(1, timeout=PATIENCE_MS)
    expect(driving.locator(".aboard")).to_have_text("3")
    heading = driving.evaluate("each => each.style.getPropertyValue('--heading')")
    assert 0 < float(heading.removesuffix("deg")) < 180, "the station lies in the east"
    expect(page.locator(".vehicle-marker .aboard:not([hidden])")).to_have_count(1)
    driving.locator(".vehicle-body").click(force=True)
    selected_everywhere(desk, booking)
    assert desk.complaints == []


def test_halts_show_their_people_and_the_promised_window_and_are_clicked(desk: Desk) -> None:
    booking = desk.book("key-number-1", "08:30", party={"passengers": 2})
    page = opened(desk, "08:05")
    halts = page.locator("#map .halt-time")
    expect(halts).to_have_count(2, timeout=PATIENCE_MS)
    window = booking["pickup_window"]
    earliest, latest = (window[end][11:16] for end in ("earliest", "latest"))
    expect(halts.nth(0)).to_contain_text("+2")
    expect(halts.nth(0).locator(".halt-window")).to_have_text(f" {earliest}–{latest}")
    expect(halts.nth(1)).to_contain_text("−2")
    until = booking["dropoff_latest"][11:16]
    expect(halts.nth(1).locator(".halt-window")).to_have_text(f" ≤ {until}")
    halts.nth(0).locator("span").click(force=True)
    selected_everywhere(desk, booking)


def test_a_closure_is_drawn_over_all_its_points(desk: Desk) -> None:
    points = [coordinates(each) for each in ((800, 250), (1300, -100), (1900, 150))]
    closed = {
        "kind": "road_closed",
        "points": [{"lat": lat, "lon": lon} for lat, lon in points],
        "until": berlin(f"{DAY}T12:00"),
    }
    assert desk.office.http.post("/api/v1/trouble", json=closed).status_code == 201
    page = opened(desk, "08:05")
    expect(page.locator("#map .mark-closed")).to_have_count(3, timeout=PATIENCE_MS)
    between = page.locator("#map path[stroke-dasharray='2 9']")
    expect(between).to_have_count(1)
    drawn = between.get_attribute("d") or ""
    assert drawn.count("L") == 2, "one line over three points"


def test_a_road_is_closed_by_keyboard_at_the_middle_of_the_map(desk: Desk) -> None:
    page = opened(desk, "08:05")
    page.locator("#open-trouble").click()
    page.locator("#kind").select_option("road_closed")
    pick, picked = page.locator("#pick"), page.locator("#picked")
    pick.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#map.picking")).to_be_focused()
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(pick).to_be_focused()
    expect(picked).to_have_text("")
    page.keyboard.press("Enter")
    expect(page.locator("#map")).to_be_focused()
    page.keyboard.press("Enter")
    expect(picked).to_have_text(re.compile(r"^54\.\d+, 9\.\d+$"))
    expect(page.locator("#map.picking")).to_have_count(0)
    assert desk.complaints == []


def test_what_is_wanted_in_the_next_two_hours_is_on_the_map_and_later_rides_are_not(
    desk: Desk,
) -> None:
    soon = desk.book("key-number-1", "09:30")
    page = opened(desk, "08:05")
    expect(desk.line(soon)).to_have_count(1, timeout=PATIENCE_MS)
    for _ in range(100):
        if coloured(page, ".leaflet-demand-pane canvas", "--ink"):
            break
        page.wait_for_timeout(100)
    assert coloured(page, ".leaflet-demand-pane canvas", "--ink") > 5
    desk.office.http.delete(f"/api/v1/bookings/{soon['code']}")
    desk.line(soon).wait_for(state="detached", timeout=PATIENCE_MS)
    later = desk.book("key-number-2", "12:30")
    desk.line(later).wait_for(timeout=PATIENCE_MS)
    revision = page.locator("#board").get_attribute("data-revision")
    assert revision is not None
    expect(page.locator("#map")).to_have_attribute("data-revision", revision)
    page.wait_for_timeout(200)  # a canvas is drawn with the next frame
    assert coloured(page, ".leaflet-demand-pane canvas", "--ink") == 0


def test_refused_requests_of_the_day_stand_where_they_were_wanted(desk: Desk) -> None:
    wanted = int(datetime(2027, 3, 22, 9, 0, tzinfo=BERLIN).timestamp())
    day = date.fromisoformat(DAY)
    refused = Unmet("A", day, wanted - 3600, wanted, "kirche", "bahnhof", Party(1), "no_seats")
    desk.office.store.note_unmet(refused)
    page = opened(desk, "08:05")
    mark = page.locator("#map .mark-refused")
    expect(mark).to_have_count(1, timeout=PATIENCE_MS)
    mark.hover(force=True)
    expect(page.locator(".leaflet-tooltip", has_text="09:00")).to_be_visible()


_CONTRAST = """() => {
  const of = (name) => {
    const probe = document.createElement("i");
    probe.style.color = getComputedStyle(document.documentElement).getPropertyValue(name);
    document.body.append(probe);
    const parts = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3);
    probe.remove();
    const shares = parts.map((each) => each / 255);
    const [r, g, b] = shares.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [light, dark] = [of("--ink"), of("--halo")].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_streets_are_named_from_near_and_read_in_both_colour_schemes(
    browser: Browser,
    office: tuple[Office, str],
    scheme: Scheme,
) -> None:
    desk = seated(browser, office, 1440, scheme)
    page = opened(desk, "08:05")
    canvas = page.locator("#map .street-names")
    canvas.wait_for(state="attached", timeout=PATIENCE_MS)
    for _ in range(12):
        if "Landstraße" in (canvas.get_attribute("data-names") or ""):
            break
        page.locator(".leaflet-control-zoom-in").click(force=True)
        page.wait_for_timeout(400)
    names = (canvas.get_attribute("data-names") or "").split("|")
    assert "Landstraße" in names
    assert len(names) == len(set(names)), "every street of Toy Town is in one piece"
    assert coloured(page, "#map .street-names", "--ink") > 20
    assert page.evaluate(_CONTRAST) > 4.5
    assert desk.complaints == []
    desk.context.close()


def test_each_connected_part_of_a_street_is_named_once(desk: Desk) -> None:
    page = opened(desk, "08:05")
    lines = [
        [[54.0, 9.0], [54.0, 9.01]],
        [[54.0, 9.02], [54.0, 9.01]],  # goes on, drawn the other way round
        [[54.0, 9.01], [54.001, 9.01]],
        [[54.2, 9.0], [54.2, 9.005]],  # of the same name, in another village
        [[54.3, 9.0], [54.3, 9.005]],
    ]
    names = ["Dorfstraße", "Dorfstraße", "Am Anger", "Dorfstraße", ""]
    parts = page.evaluate(
        """async ([lines, names]) => {
          const { partsOf } = await import("/static/street_names.js");
          return partsOf(lines, names).map(({ name, line }) => [name, line.length]);
        }""",
        [lines, names],
    )
    assert sorted(parts) == [["Am Anger", 2], ["Dorfstraße", 2], ["Dorfstraße", 3]]


_TOURS = """async () => {
  const { TourLayer } = await import("/static/tours.js");
  const box = document.createElement("div");
  document.body.append(box);
  const map = L.map(box).setView([54.63, 9.77], 12);
  const clock = (ms) => new Date(ms).toISOString().slice(11, 16);
  let promised = "09:00–09:15";
  const layer = new TourLayer(map, { clock }, { onHalt: () => {}, windowAt: () => promised });
  const stand = (arrival, name) => ({
    arrival, departure: arrival, name, path: "_~bkI_jyz@gEgE", lat: 54.63, lon: 9.77,
    getting_on: 1, getting_off: 0,
  });
  const tour = (number, name) => ({
    vehicle: `bus-${number}`, number,
    stands: [stand("2027-03-22T09:00:00Z", name), stand("2027-03-22T09:10:00Z", name)],
  });
  const now = Date.parse("2027-03-22T08:55:00Z");
  const seen = () => {
    layer.follow(now);
    const labels = layer.labels.getLayers();
    return {
      lines: layer.lines.getLayers().length, labels: labels.length,
      windows: [...new Set(labels.map((each) => each.getElement().textContent.slice(-11)))],
      names: labels.map((each) => each.getTooltip().getContent().textContent.split(",")[0]).sort(),
    };
  };
  const found = [];
  layer.replace([tour(1, "Kirche"), tour(2, "Mitte")]);
  found.push(seen());
  layer.replace([tour(1, "<b>Kirche</b>"), tour(2, "Mitte")]);
  found.push(seen());
  layer.replace([tour(2, "Bahnhof")], new Set(["bus-2"]));
  found.push(seen());
  promised = "09:05–09:20";
  found.push(seen());
  layer.replace([], new Set(["bus-1"]));
  found.push(seen());
  map.remove();
  box.remove();
  return found;
}"""
"""What the layer of tours holds after each of several plans."""


def test_the_map_keeps_nothing_of_tours_that_were_replaced_wholly_or_in_part(desk: Desk) -> None:
    found = opened(desk, "08:05").evaluate(_TOURS)
    assert [each["lines"] for each in found] == [2, 2, 2, 2, 1]
    assert [each["labels"] for each in found] == [4, 4, 4, 4, 2]
    marked = ["<b>Kirche</b>"] * 2
    assert found[1]["names"] == [*marked, "Mitte", "Mitte"], "a name is text"
    assert found[2]["names"] == [*marked, "Bahnhof", "Bahnhof"]
    assert found[4]["names"] == ["Bahnhof"] * 2
    assert [each["windows"] for each in found[2:4]] == [["09:00–09:15"], ["09:05–09:20"]]


def test_an_overtaken_answer_leaves_no_tour_on_the_map_that_is_over(desk: Desk) -> None:
    page = opened(desk, "08:05")
    held: list[tuple[Route, APIResponse]] = []

    def hold(way: Route) -> None:
        answer = way.fetch()
        if held:
            way.fulfill(response=answer)
        else:
            held.append((way, answer))

    page.route("**/api/v1/tours?*", hold)
    booking = desk.book("key-number-1", "08:30")
    desk.line(booking).wait_for()
    for _ in range(100):
        if held:
            break
        page.wait_for_timeout(100)
    desk.office.http.delete(f"/api/v1/bookings/{booking['code']}")
    desk.line(booking).wait_for(state="detached")
    page.wait_for_timeout(1_500)  # the map would have asked again by now, and been answered
    [(way, answer)] = held
    way.fulfill(response=answer)
    with page.expect_response("**/api/v1/tours?*", timeout=PATIENCE_MS):
        pass
    expect(page.locator("#map .halt-time")).to_have_count(0)
    assert desk.complaints == []
