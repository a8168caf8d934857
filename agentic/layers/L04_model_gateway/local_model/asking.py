"""A request in OpenAI's form, put so that the local model can answer it, and its answer put back.

The model's template knows no tools. With tools it is held to one JSON object that is either a call of one of them or the answer: a
schema with `anyOf`. What a tool gets is thereby valid by the tool's own schema; whether it makes sense, a model of this size often
does not know.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from agentic.layers.base.common_errors import InvalidError

Json = dict[str, Any]

_PASSED_ON: Final = (
    *("temperature", "top_p", "top_k", "min_p", "seed", "stop", "frequency_penalty", "presence_penalty"),
    *("logit_bias", "stream", "stream_options"),
)
_ANSWER_BEGINS: Final = re.compile(r'\s*\{\s*"answer"\s*:\s*"')
_WHOLE_CHARACTERS: Final = re.compile(
    r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u(?!d[89ab])[0-9a-f]{4}|ud[89ab][0-9a-f]{2}\\u[0-9a-f]{4}))*',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Asked:
    """What is sent to the model, and how its answer is to be read."""

    body: Json
    tools: frozenset[str] = frozenset()
    """The tools that it may call; none means that its words are the answer."""


def asked(request: Mapping[str, Any]) -> Asked:
    """Puts a request to the local model.

    Raises:
        InvalidError: it asks for something that this model has not: images, several answers, an unknown tool.
    """
    if request.get("n") not in (None, 1):
        raise InvalidError.of(("n", "the local model gives one answer"))
    body: Json = {name: request[name] for name in _PASSED_ON if request.get(name) is not None}
    limit = request.get("max_completion_tokens") or request.get("max_tokens")
    if limit is not None:
        body["max_tokens"] = limit
    names = _called(request["messages"])
    messages = [_plain(number, message, names) for number, message in enumerate(request["messages"])]
    tools, must = _wanted_tools(request)
    if not tools:
        if request.get("response_format") is not None:
            body["response_format"] = request["response_format"]
        return Asked({**body, "messages": _merged(messages)})
    has_result = request["messages"][-1].get("role") == "tool"
    answer = None if must else _answer_schema(request.get("response_format"))
    schema = {"type": "json_schema", "json_schema": {"name": "choice", "schema": _choice(tools, answer)}}
    messages.insert(0, {"role": "system", "content": _explain(tools, answer is not None, has_result)})
    return Asked(
        {**body, "messages": _merged(messages), "response_format": schema},
        frozenset(tool["name"] for tool in tools),
    )


@dataclass
class Reading:
    """The answer as it comes, read to its end."""

    asked: Asked
    text: str = ""
    _told: int = field(default=0)

    def feed(self, text: str) -> str:
        """Takes what the model wrote next, and returns what of it is part of the answer's words."""
        self.text += text
        if not self.asked.tools:
            return text
        if not self._told:
            begun = _ANSWER_BEGINS.match(self.text)
            if begun is None:
                return ""
            self._told = begun.end()
        start, whole = self._told, _WHOLE_CHARACTERS.match(self.text, self._told)
        self._told = whole.end() if whole else start
        return json.loads(f'"{self.text[start : self._told]}"')

    def message(self, finish_reason: str) -> tuple[Json, str]:
        """The message that it came to, and why it ended. What was cut off stays as the model wrote it."""
        if not self.asked.tools:
            return {"role": "assistant", "content": self.text}, finish_reason
        try:
            chosen = json.loads(self.text)
        except ValueError:
            return {"role": "assistant", "content": self._cut()}, finish_reason
        if "tool" not in chosen:
            answer = chosen["answer"]
            words = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
            return {"role": "assistant", "content": words}, finish_reason
        function = {"name": chosen["tool"], "arguments": json.dumps(chosen["arguments"], ensure_ascii=False)}
        call = {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"

    def _cut(self) -> str:
        if not self._told:
            return self.text
        return Reading(self.asked).feed(self.text)


def _wanted_tools(request: Mapping[str, Any]) -> tuple[list[Json], bool]:
    """The tools that may be called, and whether one must be."""
    tools = [cast("Json", tool.get("function") or {}) for tool in request.get("tools") or ()]
    choice = request.get("tool_choice") or "auto"
    if not tools or choice == "none":
        return [], False
    if isinstance(choice, str):
        return tools, choice == "required"
    function: Json = choice.get("function") or {}
    name = function.get("name")
    named = [tool for tool in tools if tool.get("name") == name]
    if not named:
        raise InvalidError.of(("tool_choice", f"there is no tool {name!r} among the tools"))
    return named, True


def _answer_schema(response_format: Any) -> Json:
    if isinstance(response_format, dict):
        form = cast("Json", response_format)
        if form.get("type") == "json_schema":
            return form["json_schema"].get("schema") or {}
        if form.get("type") == "json_object":
            return {"type": "object"}
    return {"type": "string"}


def _choice(tools: list[Json], answer: Json | None) -> Json:
    """One schema for all that may be said. Each tool's own schema keeps its references, moved with it."""
    definitions: Json = {}
    options = list[Json]()
    for number, tool in enumerate(tools):
        place = f"tool{number}"
        parameters: Json = tool.get("parameters") or {"type": "object", "properties": {}}
        definitions[place] = _moved(parameters, place)
        options.append(_object(tool={"const": tool["name"]}, arguments={"$ref": f"#/$defs/{place}"}))
    if answer is not None:
        definitions["answer"] = _moved(answer, "answer")
        options.append(_object(answer={"$ref": "#/$defs/answer"}))
    return {"anyOf": options, "$defs": definitions}


def _object(**properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _moved(schema: Any, place: str) -> Any:
    """A schema whose references lead to where it stands now, below `$defs`."""
    if isinstance(schema, dict):
        items = cast("Json", schema).items()
        return {key: _reference(key, value, place) for key, value in items if key not in ("$schema", "$id")}
    if isinstance(schema, list):
        return [_moved(each, place) for each in cast("list[Any]", schema)]
    return schema


def _reference(key: str, value: Any, place: str) -> Any:
    if key == "$ref" and isinstance(value, str) and value.startswith("#"):
        return f"#/$defs/{place}{value[1:]}"
    return _moved(value, place)


def _explain(tools: list[Json], may_answer: bool, has_result: bool) -> str:
    """What to do, in the words that this very model was seen to follow. The schemas hold it; it need not read them."""
    lines = ["Tools:"]
    for tool in tools:
        parameters: Json = tool.get("parameters") or {}
        names = ", ".join(parameters.get("properties") or ())
        lines.append(f"- {tool['name']}({names}): {tool.get('description') or ''}")
    if not may_answer:
        lines.append('Reply with JSON. Use a tool: {"tool": "name", "arguments": {...}}.')
    elif has_result:
        lines.append('Reply with JSON. You have the result of a tool, so answer with it: {"answer": "..."}.')
    else:
        lines.append(
            'Reply with JSON. Use a tool first: {"tool": "name", "arguments": {...}}. '
            'When you have its result: {"answer": "..."}.'
        )
    return "\n".join(lines)


def _called(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The tool of each call, by the call's id."""
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    return {call["id"]: call["function"]["name"] for call in calls}


def _plain(number: int, message: Mapping[str, Any], names: Mapping[str, str]) -> Json:
    """A message in what the template knows, a role and a text. Calls are told in words: shown as JSON, it repeats them."""
    role, text = message.get("role"), _text(number, message.get("content"))
    if role == "tool":
        name = names.get(message.get("tool_call_id", ""), "the tool")
        return {"role": "user", "content": f"The result of {name} is: {text}"}
    if role == "assistant" and message.get("tool_calls"):
        functions = [call["function"] for call in message["tool_calls"]]
        used = [f"I use {function['name']} with {function['arguments']}." for function in functions]
        return {"role": "assistant", "content": "\n".join([*([text] if text else []), *used])}
    return {"role": "system" if role == "developer" else role, "content": text}


def _text(number: int, content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    parts = cast("list[Json]", content)
    if any(part.get("type") not in ("text", "input_text", "refusal") for part in parts):
        raise InvalidError.of((f"messages.{number}.content", "the local model reads text only"))
    return "".join(part.get("text") or part.get("refusal") or "" for part in parts)


def _merged(messages: list[Json]) -> list[Json]:
    """One system message at the start, as small models are trained with."""
    first = [message["content"] for message in messages if message["role"] == "system"]
    rest = [message for message in messages if message["role"] != "system"]
    return [{"role": "system", "content": "\n\n".join(first)}, *rest] if first else rest
