"""The local model itself: it answers, calls tools, keeps to schemas; its process comes when needed and never outlives us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import psutil
import pytest

from agentic.layers.L04_model_gateway.errors import LocalModelError, ModelCannotError
from agentic.layers.L04_model_gateway.local_model import weights
from agentic.layers.L04_model_gateway.local_model.process import LocalModelProcess
from agentic.layers.L04_model_gateway.local_model.settings import LocalModelSettings
from agentic.layers.L04_model_gateway.providers.local import LocalProvider
from tests.kit.local_model import PATIENCE, ask, lives, provider, require_local_model, stream

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "Say hello."}]
CALCULATOR = {
    "type": "function",
    "function": {
        "name": "calculator",
        "description": "Computes an arithmetic expression.",
        "parameters": {
            "type": "object",
            "properties": {"expression": {"type": "string", "maxLength": 40}},
            "required": ["expression"],
            "additionalProperties": False,
        },
    },
}
SUM = [{"role": "user", "content": "What is 12*7+5?"}]


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    require_local_model()


@pytest.fixture
async def local() -> AsyncGenerator[LocalProvider]:
    found = provider()
    yield found
    await found.close()


async def eventually(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


async def test_it_answers_and_counts(local: LocalProvider) -> None:
    answer = await ask(local, messages=HELLO)
    choice, usage = answer["choices"][0], answer["usage"]
    assert choice["message"]["role"] == "assistant" and choice["message"]["content"]
    assert choice["finish_reason"] in ("stop", "length")
    assert usage["prompt_tokens"] > 0 and 0 < usage["completion_tokens"] <= 60
    whole = local.read("chat", json.dumps(answer).encode())
    assert whole.tokens and whole.tokens.output == usage["completion_tokens"]


async def test_a_stream_adds_up_to_the_same_answer(local: LocalProvider) -> None:
    answer = (await ask(local, messages=HELLO))["choices"][0]
    pieces, collected = await stream(local, messages=HELLO)
    assert len(pieces) > 1 and "".join(pieces) == answer["message"]["content"]
    assert collected.finish == answer["finish_reason"]
    assert collected.tokens and collected.tokens.input > 0 and collected.tokens.output >= len(pieces)


async def test_an_answer_keeps_to_its_schema(local: LocalProvider) -> None:
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "age": {"type": "integer", "minimum": 0, "maximum": 120},
            "kind": {"enum": ["cat", "person"]},
        },
        "required": ["name", "age", "kind"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "being", "schema": schema}}
    for words in ("Tom is a cat, 3 years old.", "Anna, 40, likes tea.", "???"):
        message = [{"role": "user", "content": words}]
        answer = await ask(local, messages=message, response_format=form, max_tokens=200)
        jsonschema.validate(json.loads(answer["choices"][0]["message"]["content"]), schema)


async def test_it_calls_a_tool_and_answers_with_what_came_of_it(local: LocalProvider) -> None:
    first = (await ask(local, messages=SUM, tools=[CALCULATOR], tool_choice="required"))["choices"][0]
    assert first["finish_reason"] == "tool_calls"
    (call,) = first["message"]["tool_calls"]
    assert call["function"]["name"] == "calculator"
    jsonschema.validate(json.loads(call["function"]["arguments"]), CALCULATOR["function"]["parameters"])

    result = {"role": "tool", "tool_call_id": call["id"], "content": "89"}
    messages = [*SUM, first["message"], result]
    second = (await ask(local, messages=messages, tools=[CALCULATOR]))["choices"][0]
    assert second["message"].get("tool_calls") or second["message"]["content"], "one or the other"


async def test_a_call_of_a_tool_is_streamed_as_a_call(local: LocalProvider) -> None:
    pieces, collected = await stream(local, messages=SUM, tools=[CALCULATOR], tool_choice="required")
    (call,) = collected.message()["tool_calls"]
    assert pieces == [] and collected.finish == "tool_calls"
    jsonschema.validate(json.loads(call["function"]["arguments"]), CALCULATOR["function"]["parameters"])


async def test_it_says_that_it_makes_no_embeddings(local: LocalProvider) -> None:
    async with local.serving():
        with pytest.raises(ModelCannotError, match="no embeddings"):
            local.request("embeddings", {"input": "x"}, weights.NAME)


async def test_naming_its_model_starts_nothing(local: LocalProvider) -> None:
    async def fetch(_: Any) -> bytes:
        raise AssertionError("it asks nobody")

    (model,) = await local.discover(fetch)
    assert model["id"] == weights.NAME and model["tools"] and model["json_schema"] and not model["embeddings"]
    assert local.process.pid is None


async def test_nobody_else_may_ask_it(local: LocalProvider) -> None:
    async with local.process.serving() as endpoint, httpx2.AsyncClient(trust_env=False) as client:
        url, body = f"{endpoint.url}/v1/chat/completions", {"messages": HELLO, "max_tokens": 1}
        assert (await client.post(url, json=body)).status_code == 401
        wrong = await client.post(url, json=body, headers={"authorization": f"Bearer {endpoint.key}x"})
        assert wrong.status_code == 401
        page = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
        asked_before = await client.options(url, headers=page)
        assert not asked_before.headers.get("access-control-allow-origin")
        assert asked_before.headers.get("access-control-allow-credentials") != "true"
        assert (await client.get(endpoint.url)).status_code == 404, "it has no page"
        process = psutil.Process(local.process.pid)
        assert {each.laddr.ip for each in process.net_connections() if each.status == "LISTEN"} == {
            "127.0.0.1"
        }
        assert endpoint.key not in " ".join([*process.cmdline(), *process.environ().values()])


async def test_the_process_gets_none_of_our_secrets(
    local: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db/x")
    async with local.process.serving():
        assert "secret" not in str(psutil.Process(local.process.pid).environ())


async def test_requests_at_once_share_one_process(local: LocalProvider) -> None:
    async def pid() -> int | None:
        async with local.process.serving():
            await asyncio.sleep(0)
            return local.process.pid

    assert len(set(await asyncio.gather(*(pid() for _ in range(8))))) == 1


async def test_it_ends_when_nobody_asks_and_comes_back_when_somebody_does() -> None:
    process = LocalModelProcess(LocalModelSettings(idle_seconds=0.05))
    async with process.serving():
        first = process.pid
        await asyncio.sleep(0.2)
        assert lives(first), "not while it is used"
    await eventually(lambda: process.pid is None and not lives(first))
    async with process.serving():
        assert lives(process.pid) and process.pid != first
    await process.stop()


async def test_one_that_died_is_replaced_at_the_next_request(local: LocalProvider) -> None:
    async with local.process.serving():
        first = local.process.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: local.process.pid is None)
    assert (await ask(local, messages=HELLO, max_tokens=2))["choices"]
    assert local.process.pid != first


async def test_a_start_that_is_cancelled_leaves_nothing(local: LocalProvider) -> None:
    before = set(psutil.Process().children())

    async def started() -> None:
        async with local.process.serving():
            raise AssertionError("it was to be cancelled before")

    task = asyncio.create_task(started())
    await eventually(lambda: set(psutil.Process().children()) - before)
    (child,) = set(psutil.Process().children()) - before
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() and not lives(child.pid)


async def test_stopping_ends_it_in_the_middle_of_an_answer(local: LocalProvider) -> None:
    asking = asyncio.create_task(ask(local, messages=HELLO, max_tokens=2000))
    await eventually(lambda: local.process.endpoint)
    pid = local.process.pid
    await local.close()
    assert not lives(pid)
    await asyncio.wait({asking})
    assert asking.exception() is not None


OWNER = """
import asyncio, sys
from agentic.layers.L04_model_gateway.local_model.process import LocalModelProcess

async def main():
    process = LocalModelProcess()
    if sys.argv[1] == "loading":
        asyncio.create_task(process.serving().__aenter__())
        while process.pid is None:
            await asyncio.sleep(0)
    else:
        await process.serving().__aenter__()
    print("pid", process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["loading", "serving"])
async def test_it_does_not_outlive_a_platform_that_was_killed(moment: str) -> None:
    owner = await asyncio.create_subprocess_exec(sys.executable, "-c", OWNER, moment, stdout=PIPE)
    try:
        pid = await said_pid(owner)
        assert lives(pid)
    finally:
        owner.kill()
        await owner.wait()
    await eventually(lambda: not lives(pid))


async def said_pid(owner: Process) -> int:
    """What the owner says is the model's process; it logs on the same output."""
    assert owner.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while not (line := await owner.stdout.readline()).startswith(b"pid "):
            assert line, "the owner ended"
    return int(line.split()[1])


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "There is no file"), (b"", "did not start"), (b"GGUF nonsense", "did not start")],
)
async def test_a_file_that_is_no_model_is_refused_with_the_reason(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    process = LocalModelProcess(LocalModelSettings(file=file))
    with pytest.raises(LocalModelError, match=told):
        async with process.serving():
            pass
    assert process.pid is None
    await process.stop()


async def test_a_start_that_takes_too_long_is_given_up() -> None:
    process = LocalModelProcess(LocalModelSettings(start_seconds=0.001))
    with pytest.raises(LocalModelError, match=r"within 0\.001 seconds"):
        async with process.serving():
            pass
    assert process.pid is None
    await process.stop()
