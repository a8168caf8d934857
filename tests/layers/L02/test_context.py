"""What a model is told, from the steps of a run."""

from __future__ import annotations

import pytest

from agentic.layers.L02_agent_runtime.context import (
    Block,
    Window,
    blocks_of,
    correction,
    input_messages,
    unseen_messages,
)
from agentic.layers.L02_agent_runtime.errors import ContextFullError
from tests.layers.L02.made import asked, said, used


def roles(blocks: list[Block]) -> list[str]:
    return [message["role"] for block in blocks for message in block.messages]


def test_results_follow_the_answer_that_asked_in_the_order_of_the_calls() -> None:
    steps = [
        asked(1, ("add", {"a": 1}), ("mul", {"a": 2})),
        used(2, 1, 1, "second"),
        used(3, 1, 0, "first"),
        asked(4, text="done"),
    ]
    blocks = blocks_of(steps)
    assert roles(blocks) == ["assistant", "tool", "tool", "assistant"]
    assert [message["content"] for message in blocks[0].messages[1:]] == ["first", "second"]
    assert [message["tool_call_id"] for message in blocks[0].messages[1:]] == ["call_0", "call_1"]
    assert [block.through for block in blocks] == [3, 4]


def test_a_message_that_came_during_an_answer_stands_after_it() -> None:
    steps = [said(1, "before"), asked(2, text="x", seen=1), said(3, "between"), asked(5, text="y", seen=3)]
    steps.insert(3, said(4, "meanwhile"))
    contents = [message["content"] for block in blocks_of(steps) for message in block.messages]
    assert contents == ["before", "x", "between", "y", "meanwhile"]
    assert unseen_messages(steps)
    assert not unseen_messages([*steps[:3], asked(5, text="y", seen=4)])


def test_a_failed_tool_is_told_as_an_error_and_empty_answers_not_at_all() -> None:
    steps = [
        asked(1, ("add", {})),
        used(2, 1, 0, None, status="failed", error={"status": "timeout", "detail": "too slow"}),
        asked(3),
    ]
    blocks = blocks_of(steps)
    assert roles(blocks) == ["assistant", "tool"]
    assert blocks[0].messages[1]["content"] == "Error (timeout): too slow"


def test_inputs_become_messages() -> None:
    assert input_messages("hi") == [{"role": "user", "content": "hi"}]
    assert input_messages({"a": 1}) == [{"role": "user", "content": '{"a":1}'}]
    assert input_messages({"messages": [{"role": "user", "content": "x"}]}) == [
        {"role": "user", "content": "x"}
    ]


def _conversation(exchanges: int, size: int = 400) -> list[Block]:
    first = [
        Block([{"role": "system", "content": "Be brief."}], pinned=True),
        Block([{"role": "user", "content": "the input"}], pinned=True),
    ]
    return first + [
        Block([{"role": "assistant", "content": f"{n} " + "x" * size}], n + 1) for n in range(exchanges)
    ]


def test_the_oldest_exchanges_are_left_out_first_and_it_is_said() -> None:
    window = Window(1000, 200, [], 1.0, keep=2)
    fitted = window.fit(_conversation(10))
    assert fitted.tokens <= 800
    assert fitted.dropped > 0
    assert fitted.messages[0]["content"].endswith(
        f"[{fitted.dropped} earlier messages of this conversation are left out here.]"
    )
    assert [message["content"][0] for message in fitted.messages[2:]] == [
        str(n) for n in range(fitted.dropped, 10)
    ]


def test_the_measure_is_what_the_model_counted() -> None:
    assert correction([]) == 1.0
    assert correction([asked(1, text="x", given={"raw": 100}, input_tokens=150)]) == 1.5
    few, many = Window(1000, 200, [], 1.0, keep=1), Window(1000, 200, [], 2.0, keep=1)
    assert many.fit(_conversation(10)).dropped > few.fit(_conversation(10)).dropped


def test_long_results_are_shortened_when_nothing_else_helps() -> None:
    blocks = _conversation(0)
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}
    blocks.append(Block([call, {"role": "tool", "tool_call_id": "c", "content": "y" * 20_000}], 2))
    fitted = Window(1000, 200, [], 1.0, keep=2).fit(blocks)
    assert fitted.tokens <= 1000
    assert "characters left out" in fitted.messages[-1]["content"]


def test_what_cannot_be_left_out_must_fit() -> None:
    blocks = [Block([{"role": "user", "content": "x" * 10_000}], pinned=True)]
    with pytest.raises(ContextFullError, match="takes 1000"):
        Window(1000, 200, [], 1.0, keep=2).fit(blocks)
