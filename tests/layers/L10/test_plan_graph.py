"""Where the steps of a plan stand: to the right of what they wait for, and never on each other."""

from __future__ import annotations

import random
from itertools import combinations

from agentic.layers.L10_human_interface.plan_graph import BOX_HEIGHT, BOX_WIDTH, Graph, graph_of
from agentic.layers.L10_human_interface.plan_steps import steps_of
from tests.layers.L10.planned import STEPS


def assert_apart(graph: Graph) -> None:
    """No two boxes touch, and all lie within the drawing."""
    for (x, y), (other_x, other_y) in combinations(graph.places.values(), 2):
        assert abs(x - other_x) >= BOX_WIDTH or abs(y - other_y) >= BOX_HEIGHT
    for x, y in graph.places.values():
        assert 0 <= x <= graph.width - BOX_WIDTH
        assert 0 <= y <= graph.height - BOX_HEIGHT


def test_a_step_stands_to_the_right_of_all_that_it_waits_for() -> None:
    chance = random.Random(7)
    names = [f"s{number}" for number in range(60)]
    waits = {
        name: chance.sample(names[:number], min(number, chance.randrange(4)))
        for number, name in enumerate(names)
    }
    graph = graph_of(waits)
    assert_apart(graph)
    for name, before in waits.items():
        for each in before:
            assert graph.places[each].x + BOX_WIDTH < graph.places[name].x
    assert len(graph.arrows) == sum(len(before) for before in waits.values())
    assert not any(arrow.back for arrow in graph.arrows)


def test_a_circle_is_drawn_and_the_line_that_closes_it_marked() -> None:
    graph = graph_of({"a": ["c"], "b": ["a"], "c": ["b"], "self": ["self"], "lost": ["nobody"]})
    assert_apart(graph)
    assert [arrow.back for arrow in graph.arrows] == [False, False, True]


def test_nothing_has_no_graph() -> None:
    assert graph_of({}).places == {}


def _waits(plan_type: str, steps: list[object]) -> dict[str, tuple[str, ...]]:
    plan: object = {"plan_type": plan_type, "steps": steps}
    return {step.key: step.waits for step in steps_of(plan)}  # type: ignore[arg-type]


def test_a_step_waits_for_what_it_names_and_for_what_it_is_given() -> None:
    waits = _waits("dag", list(STEPS))
    assert waits["read"] == ("fetch",)
    assert waits["ask"] == ("read", "count")
    deep = {"id": "b", "input": [{"x": {"$from": "a"}}], "condition": {"$from": "c"}, "depends_on": ["a"]}
    assert _waits("dag", [deep])["b"] == ("a", "c")


def test_one_after_the_other_waits_for_the_one_before() -> None:
    assert _waits("sequential", [{"id": "a"}, {"id": "b"}, {"id": "c", "depends_on": ["a"]}]) == {
        "a": (),
        "b": ("a",),
        "c": ("a", "b"),
    }


def test_what_is_no_step_is_shown_as_it_is_and_the_same_name_twice_is_told_apart() -> None:
    assert list(_waits("dag", ["wash", {"id": "a"}, {"id": "a"}, None, {"depends_on": "a"}])) == [
        "1",
        "a",
        "a (3)",
        "4",
        "5",
    ]
