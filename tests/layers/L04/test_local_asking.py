"""How a request is put to the local model, and its words read: no model is needed for that."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L04_model_gateway.local_model.asking import Asked, Reading, asked

USER = {"role": "user", "content": "What is the weather in Oslo?"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a place.",
        "parameters": {
            "type": "object",
            "properties": {"place": {"$ref": "#/$defs/Place"}, "inside": {"$ref": "#"}},
            "required": ["place"],
            "additionalProperties": False,
            "$defs": {
                "Place": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
            },
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def request(**more: Any) -> dict[str, Any]:
    return {"model": "local", "messages": [USER], **more}


def schema_of(ask: Asked) -> dict[str, Any]:
    return ask.body["response_format"]["json_schema"]["schema"]


def test_without_tools_it_goes_through_as_it_is() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    ask = asked(request(temperature=0, max_completion_tokens=7, response_format=form, user="me"))
    assert ask.tools == frozenset()
    assert ask.body == {"messages": [USER], "temperature": 0, "max_tokens": 7, "response_format": form}


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"tool": "weather", "arguments": {"place": {"city": "Oslo"}}}, True),
        (
            {"tool": "weather", "arguments": {"place": {"city": "a"}, "inside": {"place": {"city": "b"}}}},
            True,
        ),
        ({"tool": "weather", "arguments": {"place": {"town": "Oslo"}}}, False),
        ({"tool": "weather", "arguments": {"place": {"city": "a"}, "inside": {"place": 1}}}, False),
        ({"tool": "wether", "arguments": {"place": {"city": "Oslo"}}}, False),
        ({"tool": "clock", "arguments": {}}, True),
        ({"answer": "It rains."}, True),
        ({"answer": "It rains.", "tool": "clock", "arguments": {}}, False),
    ],
)
def test_the_schema_admits_valid_calls_and_answers_only(value: Any, valid: bool) -> None:
    schema = schema_of(asked(request(tools=[WEATHER, CLOCK])))
    assert jsonschema.Draft202012Validator(schema).is_valid(value) is valid


@pytest.mark.parametrize(
    ("choice", "tools", "may_answer"),
    [
        ("auto", {"weather", "clock"}, True),
        ("required", {"weather", "clock"}, False),
        ({"type": "function", "function": {"name": "clock"}}, {"clock"}, False),
    ],
)
def test_the_choice_of_tools_is_heeded(choice: Any, tools: set[str], may_answer: bool) -> None:
    ask = asked(request(tools=[WEATHER, CLOCK], tool_choice=choice))
    validator = jsonschema.Draft202012Validator(schema_of(ask))
    assert ask.tools == tools
    assert validator.is_valid({"answer": "no"}) is may_answer
    assert validator.is_valid({"tool": "weather", "arguments": {"place": {"city": "x"}}}) is (
        "weather" in tools
    )


def test_no_tools_are_told_when_none_may_be_called() -> None:
    assert asked(request(tools=[WEATHER], tool_choice="none")) == asked(request())


def test_an_answer_beside_tools_may_have_a_schema() -> None:
    form = {
        "type": "json_schema",
        "json_schema": {"name": "x", "schema": {"$ref": "#/$defs/N", "$defs": {"N": {"type": "integer"}}}},
    }
    ask = asked(request(tools=[CLOCK], response_format=form))
    validator = jsonschema.Draft202012Validator(schema_of(ask))
    assert validator.is_valid({"answer": 3}) and not validator.is_valid({"answer": "3"})
    reading = Reading(ask)
    assert reading.feed('{"answer": 3}') == ""
    assert reading.message("stop") == ({"role": "assistant", "content": "3"}, "stop")


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"n": 2}, "n"),
        ({"tools": [CLOCK], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages.0.content",
        ),
    ],
)
def test_what_the_model_has_not_is_refused_with_the_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidError) as raised:
        asked(request(**bad))
    assert raised.value.members["errors"][0]["field"] == field


def test_a_conversation_with_tools_is_told_in_words_that_its_template_knows() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "clock", "arguments": '{"zone": "CET"}'}}
    messages = [
        {
            "role": "developer",
            "content": [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}],
        },
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "12:00"},
    ]
    told = asked(request(messages=messages, tools=[CLOCK])).body["messages"]
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
    assert "clock" in told[0]["content"] and told[0]["content"].endswith("Be brief.")
    assert told[2]["content"] == 'I use clock with {"zone": "CET"}.'
    assert told[3]["content"] == "The result of clock is: 12:00"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_an_answer_is_told_while_it_comes(size: int) -> None:
    words = 'He said "hi"\n\t\\ and 🙂 — ünïcode \u2028 end'
    text = json.dumps({"answer": words}, ensure_ascii=True)
    reading = Reading(asked(request(tools=[CLOCK])))
    told = [reading.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join(told) == words
    assert reading.message("stop") == ({"role": "assistant", "content": words}, "stop")


def test_a_call_is_read_as_a_call() -> None:
    reading = Reading(asked(request(tools=[WEATHER])))
    assert reading.feed('{"tool": "weather", "arguments": {"place": {"city": "Oslo"}}}') == ""
    message, reason = reading.message("stop")
    (call,) = message["tool_calls"]
    assert reason == "tool_calls" and message["content"] is None
    assert call["id"].startswith("call_") and call["function"]["name"] == "weather"
    assert json.loads(call["function"]["arguments"]) == {"place": {"city": "Oslo"}}


@pytest.mark.parametrize(
    ("text", "content"),
    [('{"answer": "It is rai', "It is rai"), ('{"tool": "wea', '{"tool": "wea'), ("", "")],
)
def test_what_was_cut_off_is_told_as_far_as_it_came(text: str, content: str) -> None:
    reading = Reading(asked(request(tools=[WEATHER])))
    reading.feed(text)
    assert reading.message("length") == ({"role": "assistant", "content": content}, "length")
