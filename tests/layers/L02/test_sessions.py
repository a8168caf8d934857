"""Conversations over several runs: kept, within the context, summarised, kept under names, restored, branched."""

from __future__ import annotations

from typing import Any

import pytest

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L02_agent_runtime.client import L02Client
from tests.layers.L02.conftest import PATIENCE, Models, Tools, calls

pytestmark = pytest.mark.anyio


def contents(request: Any) -> list[Any]:
    return [message["content"] for message in request["messages"]]


async def test_a_session_remembers(
    l02: L02Client, l01_local: L01Client, models: Models, tools: Tools
) -> None:
    tools.functions["look"] = lambda: "sunny"
    agent = await l02.spawn("x", {"instructions": "Be brief.", "tools": ["look"]})
    session = await l01_local.sessions.create(agent_id=agent["id"])
    models.script(calls(("look", {})), "It is sunny.", "Bob.", "No.")
    for said in ("weather?", "who am I? Bob", "is it raining?"):
        run = await l02.run(agent["id"], said, session_id=session["id"], wait=PATIENCE)
        assert run["status"] == "completed"
    assert contents(models.requests[-1]) == [
        "Be brief.",
        "weather?",
        None,
        "sunny",
        "It is sunny.",
        "who am I? Bob",
        "Bob.",
        "is it raining?",
    ]
    session = await l01_local.sessions.get(session["id"])
    assert len(session["context"]["turns"]) == 3


async def test_a_checkpoint_is_restored_and_branched(
    l02: L02Client, l01_local: L01Client, models: Models
) -> None:
    agent = await l02.spawn("x", {})
    session = await l01_local.sessions.create(
        agent_id=agent["id"], context={"messages": [{"role": "user", "content": "0"}]}
    )
    models.says = lambda request: f"answer {len(request['messages'])}"

    async def say(text: str, session_id: str) -> list[Any]:
        await l02.run(agent["id"], text, session_id=session_id, wait=PATIENCE)
        return contents(models.requests[-1])

    assert await say("one", session["id"]) == ["0", "one"]
    await l01_local.sessions.keep(session["id"], "after one")
    assert await say("two", session["id"]) == ["0", "one", "answer 2", "two"]
    branched = await l02.branch(session["id"], "after one")
    assert await say("other", branched["id"]) == ["0", "one", "answer 2", "other"]
    await l01_local.sessions.restore(session["id"], "after one")
    assert await say("three", session["id"]) == ["0", "one", "answer 2", "three"]
    with pytest.raises(NotFoundError, match="never"):
        await l02.branch(session["id"], "never")


async def test_a_fork_does_not_become_a_turn(l02: L02Client, l01_local: L01Client, models: Models) -> None:
    agent = await l02.spawn("x", {})
    session = await l01_local.sessions.create(agent_id=agent["id"])
    first = await l02.run(agent["id"], "one", session_id=session["id"], wait=PATIENCE)
    second = await l02.run(agent["id"], "two", session_id=session["id"], wait=PATIENCE)
    fork = await l02.fork(second["id"], 0, {"input": "zwei"})
    await l02.wait(fork["id"], PATIENCE)
    assert contents(models.requests[-1]) == ["one", "Hello.", "zwei"]
    session = await l01_local.sessions.get(session["id"])
    assert session["context"]["turns"] == [first["id"], second["id"]]


async def test_what_outgrows_the_context_is_left_out(
    l02: L02Client, l01_local: L01Client, models: Models
) -> None:
    models.context_length = 600
    agent = await l02.spawn("x", {"model": "small", "parameters": {"max_tokens": 100}, "memory": {"keep": 1}})
    session = await l01_local.sessions.create(agent_id=agent["id"])
    for number in range(6):
        await l02.run(agent["id"], f"{number} " + "x" * 500, session_id=session["id"], wait=PATIENCE)
    sent = contents(models.requests[-1])
    assert sent[-1].startswith("5 ")
    assert not any(str(content).startswith("0 ") for content in sent)
    assert len(str(sent)) < 600 * 4


async def test_what_outgrows_the_context_is_summarised(
    l02: L02Client, l01_local: L01Client, models: Models
) -> None:
    models.context_length = 600
    configuration = {
        "model": "small",
        "parameters": {"max_tokens": 100},
        "memory": {"strategy": "summarise", "keep": 1},
    }
    models.says = lambda request: (
        "They counted." if request["messages"][0]["content"].startswith("Summarise") else "ok"
    )
    agent = await l02.spawn("x", configuration)
    session = await l01_local.sessions.create(agent_id=agent["id"])
    for number in range(6):
        run = await l02.run(agent["id"], f"{number} " + "x" * 500, session_id=session["id"], wait=PATIENCE)
        assert run["status"] == "completed", run["error"]
    summaries = [
        request for request in models.requests if request["messages"][0]["content"].startswith("Summarise")
    ]
    assert summaries
    assert "0 xxx" in summaries[0]["messages"][1]["content"]
    sent = contents(models.requests[-1])
    assert sent[0] == "What was said before, summarised:\nThey counted."
    assert sent[-1].startswith("5 ")
    session = await l01_local.sessions.get(session["id"])
    assert session["context"]["summary"]["text"] == "They counted."
    # What is summarised once is not told again: the second summary begins with the first.
    if len(summaries) > 1:
        assert summaries[1]["messages"][1]["content"].startswith("Summary so far:\nThey counted.")
