"""What tags mean: permission, direction and speed."""

import pytest

from routing.road_rules import (
    PART_OF_THE_LIMIT,
    RESIDENTS_ONLY,
    Speeds,
    barrier_stops_vehicles,
    barrier_stops_walkers,
    driving,
    speed_limit,
    walking,
)

RESIDENTIAL = {"highway": "residential"}


def speeds(**tags: str) -> Speeds:
    """Return the speeds of a way that is open."""
    found = driving({"highway": "secondary", **{k.replace("__", ":"): v for k, v in tags.items()}})
    assert isinstance(found, Speeds)
    return found


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48.28032),
        ("walk", 7),
        ("DE:walk", 7),
        ("none", 130),
        ("DE:urban", 50),
        ("DE:rural", 100),
        ("DE:motorway", 130),
        ("DE:living_street", 7),
        ("DE:zone:30", 30),
        ("DE:zone30", 30),
        ("DE:30", 30),
        ("50; 30", 30),
        ("signals", None),
        ("sign", None),
        ("", None),
    ],
)
def test_a_limit_is_read_in_every_usual_spelling(text: str, kmh: float | None) -> None:
    assert speed_limit({"maxspeed": text}) == (kmh if kmh is None else pytest.approx(kmh))


@pytest.mark.parametrize("key", ["maxspeed:type", "zone:maxspeed", "source:maxspeed"])
def test_a_limit_is_also_found_where_its_source_is_named(key: str) -> None:
    assert speed_limit({key: "DE:zone:30"}) == 30


def test_a_limit_may_differ_by_direction() -> None:
    found = speeds(maxspeed="70", maxspeed__backward="50")
    assert found == Speeds(70 * PART_OF_THE_LIMIT, 50 * PART_OF_THE_LIMIT)


@pytest.mark.parametrize(
    ("tags", "forward", "backward"),
    [
        ({}, True, True),
        ({"oneway": "yes"}, True, False),
        ({"oneway": "1"}, True, False),
        ({"oneway": "-1"}, False, True),
        ({"oneway": "no"}, True, True),
        ({"oneway": "alternating"}, True, True),
        ({"junction": "roundabout"}, True, False),
        ({"junction": "circular"}, True, False),
        ({"highway": "motorway"}, True, False),
        ({"highway": "motorway", "oneway": "no"}, True, True),
        ({"oneway": "yes", "oneway:bus": "no"}, True, True),
    ],
)
def test_oneway_streets_are_driven_one_way(
    tags: dict[str, str], forward: bool, backward: bool
) -> None:
    found = speeds(**tags)
    assert (found.forward > 0, found.backward > 0) == (forward, backward)


def test_a_reversible_road_is_left_out() -> None:
    assert driving({"highway": "primary", "oneway": "reversible"}) == "reversible"


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "private"},
        {"access": "no"},
        {"motor_vehicle": "agricultural"},
        {"motor_vehicle": "forestry;agricultural"},
        {"vehicle": "no"},
        {"motorcar": "no"},
        {"motor_vehicle": "delivery"},
        {"access": "yes", "motor_vehicle": "no"},
        {"access": "yes", "psv": "no"},
    ],
)
def test_a_closed_road_is_left_out(tags: dict[str, str]) -> None:
    assert driving(RESIDENTIAL | tags) == "no access"


@pytest.mark.parametrize(
    "tags",
    [
        {"access": "permissive"},
        {"access": "no", "motor_vehicle": "yes"},
        {"motor_vehicle": "no", "psv": "yes"},
        {"access": "no", "bus": "designated"},
        {"motor_vehicle": "agricultural;yes"},
    ],
)
def test_the_most_special_permission_counts(tags: dict[str, str]) -> None:
    assert isinstance(driving(RESIDENTIAL | tags), Speeds)


@pytest.mark.parametrize("value", ["destination", "customers", "agricultural;destination"])
def test_residents_roads_are_reached_but_not_driven_through(value: str) -> None:
    assert speeds(motor_vehicle=value, maxspeed="50") == Speeds(RESIDENTS_ONLY, RESIDENTS_ONLY)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"highway": "track"}, "rough road"),
        ({"highway": "track", "tracktype": "grade3"}, "rough road"),
        ({"highway": "track", "tracktype": "grade1", "smoothness": "horrible"}, "rough road"),
        ({"highway": "unclassified", "surface": "sand"}, "rough road"),
        ({"highway": "service", "service": "driveway"}, "driveway or car park"),
        ({"highway": "service", "service": "parking_aisle"}, "driveway or car park"),
        ({"highway": "service", "area": "yes"}, "driveway or car park"),
        ({"highway": "pedestrian"}, "no access"),
        ({"highway": "construction"}, "not built"),
    ],
)
def test_ways_that_are_no_roads_are_left_out(tags: dict[str, str], reason: str) -> None:
    assert driving(tags) == reason


def test_roads_are_slower_the_lesser_they_are() -> None:
    classes = ["motorway", "trunk", "primary", "secondary", "tertiary", "unclassified"]
    classes += ["residential", "service", "living_street"]
    found = [speeds(highway=highway).forward for highway in classes]
    assert found == sorted(found, reverse=True)


def test_nobody_drives_as_fast_as_the_limit_on_a_country_lane() -> None:
    lane = speeds(highway="unclassified", maxspeed="DE:rural")
    assert lane.forward < speeds(highway="tertiary", maxspeed="DE:rural").forward < 70
    assert speeds(highway="unclassified", maxspeed="DE:rural", lanes="1").forward < lane.forward


@pytest.mark.parametrize(
    "tags", [{"surface": "cobblestone"}, {"smoothness": "very_bad"}, {"surface": "gravel"}]
)
def test_a_bad_surface_slows_down(tags: dict[str, str]) -> None:
    assert speeds(**tags).forward < speeds().forward


def test_a_paved_track_can_be_driven() -> None:
    assert speeds(highway="track", surface="asphalt").forward <= 25
    assert speeds(highway="track", tracktype="grade2").forward <= 15


@pytest.mark.parametrize(
    ("tags", "vehicles", "walkers"),
    [
        ({"barrier": "gate"}, True, False),
        ({"barrier": "gate", "access": "yes"}, False, False),
        ({"barrier": "lift_gate", "psv": "yes", "access": "private"}, False, True),
        ({"barrier": "bollard"}, True, False),
        ({"barrier": "gate", "access": "private"}, True, True),
        ({"barrier": "gate", "access": "private", "foot": "yes"}, True, False),
        ({"barrier": "cattle_grid"}, False, False),
        ({"barrier": "toll_booth"}, False, False),
    ],
)
def test_barriers_stop_whom_they_are_meant_for(
    tags: dict[str, str], vehicles: bool, walkers: bool
) -> None:
    assert (barrier_stops_vehicles(tags), barrier_stops_walkers(tags)) == (vehicles, walkers)


@pytest.mark.parametrize(
    ("tags", "allowed"),
    [
        ({"highway": "footway"}, True),
        ({"highway": "steps"}, True),
        ({"highway": "track", "tracktype": "grade5"}, True),
        ({"highway": "residential", "motor_vehicle": "no"}, True),
        ({"highway": "service", "access": "private"}, False),
        ({"highway": "path", "foot": "no"}, False),
        ({"highway": "motorway"}, False),
        ({"highway": "trunk"}, False),
        ({"highway": "trunk", "sidewalk": "both"}, True),
        ({"highway": "construction"}, False),
    ],
)
def test_people_walk_where_they_may(tags: dict[str, str], allowed: bool) -> None:
    assert walking(tags) is allowed
