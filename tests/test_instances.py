from pathlib import Path
from textwrap import dedent

import pytest

from benchmarks.instances import (
    SCALE,
    BestKnown,
    InstanceError,
    as_problem,
    as_routes,
    as_tours,
    judge,
    read_folder,
    read_instance,
)
from routing.budget import Budget
from routing.check import check_plan
from routing.improvement import improve

PUBLISHED = Path(__file__).parents[2] / "shared" / "benchmarks"

# Two requests on a line: at 1 and 2 picked up, dropped off at 3 and 4, one minute of service.
DIAL_A_RIDE = """\
    2 2 20 1 5
    0 0.0 0.0 0 0 0 100
    1 1.0 0.0 1 1 0 100
    2 2.0 0.0 1 1 0 100
    3 3.0 0.0 1 -1 10 11
    4 4.0 0.0 1 -1 0 100
"""

LI_LIM = """\
    3 10 1
    0 0 0 0 0 100 0 0 0
    1 3 4 -5 0 50 1 2 0
    2 6 8 5 0 40 1 0 1
"""


def written(folder: Path, text: str, name: str = "line") -> Path:
    path = folder / f"{name}.txt"
    path.write_text(dedent(text), encoding="utf-8")
    return path


def test_a_dial_a_ride_instance_is_read(tmp_path: Path) -> None:
    instance = read_instance(written(tmp_path, DIAL_A_RIDE))
    assert (instance.name, instance.size, instance.vehicles, instance.capacity) == ("line", 2, 2, 1)
    assert (instance.max_duration, instance.max_ride) == (20, 5)
    assert instance.distance[1, 4] == 3.0
    assert (instance.earliest[3], instance.latest[3]) == (10, 11)


def test_a_second_depot_line_and_a_count_of_nodes_make_no_difference(tmp_path: Path) -> None:
    lines = dedent(DIAL_A_RIDE).replace("2 2 20", "2 4 20", 1) + "5 0.0 0.0 0 0 0 100\n"
    assert read_instance(written(tmp_path, lines)).size == 2


def test_a_li_lim_instance_is_read_with_pickups_first(tmp_path: Path) -> None:
    instance = read_instance(written(tmp_path, LI_LIM))
    assert instance.load == (0, 5, -5)
    assert instance.distance[0, 1] == 10.0
    assert instance.vehicles_first


def test_best_known_values_lie_beside_or_above(tmp_path: Path) -> None:
    folder = tmp_path / "some_set"
    folder.mkdir()
    written(folder, LI_LIM)
    listed = "set,instance,vehicles,cost,status\nsome_set,line,1,20.0,best known\n"
    (tmp_path / "best_known.csv").write_text(listed, encoding="utf-8")
    assert [each.best_known for each in read_folder(folder)] == [BestKnown(20.0, 1, "best known")]


@pytest.mark.parametrize(
    "text", ["", "1 2\n3 4\n", "one two three\n", "1 2 3\n1 2 3 4 5 6 7 8 9\n"]
)
def test_other_files_are_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(InstanceError, match=r"line\.txt is no dial-a-ride or Li & Lim instance"):
        read_instance(written(tmp_path, text))


def test_a_right_solution_is_judged_by_its_distance(tmp_path: Path) -> None:
    instance = read_instance(written(tmp_path, DIAL_A_RIDE))
    verdict = judge(instance, [(1, 3), (2, 4)])
    assert (verdict.cost, verdict.vehicles, verdict.faults) == (14.0, 2, ())


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([(1, 2, 3, 4)], "2 on board of 1"),
        ([(3, 1), (2, 4)], "before its pickup"),
        ([(1,), (2, 4, 3)], "without its drop-off"),
        ([(1, 3)], "2 nodes are not visited"),
        ([(1, 3), (2, 4), (2, 4)], "3 routes for 2 vehicles"),
        ([(2, 4, 1, 3)], "no times keep all limits"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, routes: list[tuple[int, ...]], fault: str) -> None:
    instance = read_instance(written(tmp_path, DIAL_A_RIDE))
    assert fault in "; ".join(judge(instance, routes).faults)


@pytest.mark.parametrize(("limit", "right"), [(14.0, True), (13.5, False)])
def test_the_duration_counts_from_leaving_late(tmp_path: Path, limit: float, right: bool) -> None:
    """Waiting for the window of the drop-off is done before leaving."""
    text = DIAL_A_RIDE.replace("2 2 20", f"2 2 {limit}", 1)
    instance = read_instance(written(tmp_path, text))
    assert (judge(instance, [(1, 3, 2, 4)]).faults == ()) == right


@pytest.mark.parametrize(("limit", "right"), [(3.0, True), (2.5, False)])
def test_the_ride_runs_from_the_end_of_service(tmp_path: Path, limit: float, right: bool) -> None:
    text = DIAL_A_RIDE.replace("1 5\n", f"2 {limit}\n", 1)
    instance = read_instance(written(tmp_path, text))
    assert (judge(instance, [(1, 2, 3, 4)]).faults == ()) == right


def test_the_solver_sees_what_the_judge_sees(tmp_path: Path) -> None:
    instance = read_instance(written(tmp_path, DIAL_A_RIDE))
    problem = as_problem(instance)
    solution = improve(problem, budget=Budget(iterations=300))
    verdict = judge(instance, as_routes(solution.tours))
    assert verdict.faults == ()
    assert solution.cost == pytest.approx(verdict.cost * SCALE)
    trips = {request.options[0].id: request.options[0] for request in problem.requests}
    assert check_plan(solution.tours, problem.travel, trips) == []
    assert as_tours(instance, as_routes(solution.tours))[0].halts == solution.tours[0].halts


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published instances in ../shared/benchmarks")
@pytest.mark.parametrize(("group", "count"), [("darp_a", 24), ("darp_pr", 10), ("lilim_100", 56)])
def test_all_published_instances_are_read(group: str, count: int) -> None:
    instances = read_folder(PUBLISHED / group)
    assert len(instances) == count
    assert all(instance.best_known is not None for instance in instances)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="published instances in ../shared/benchmarks")
@pytest.mark.parametrize("name", ["darp_a/a2-16", "darp_pr/pr01", "lilim_100/lc101"])
def test_small_published_instances_are_solved(name: str) -> None:
    folder = (PUBLISHED / name).parent
    instance = next(each for each in read_folder(folder) if name.endswith(each.name))
    solution = improve(as_problem(instance), budget=Budget(iterations=20_000))
    verdict = judge(instance, as_routes(solution.tours))
    assert verdict.faults == ()
    assert instance.best_known is not None
    assert verdict.cost == pytest.approx(instance.best_known.cost, rel=1e-3)
