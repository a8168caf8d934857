"""What pages about runs, tools, approvals and usage are sent while they are open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.kit.interface import interface_over
from tests.kit.log import settled
from tests.layers.L01.lives import USED, called, taken
from tests.layers.L10.lived import lived, model_step
from tests.layers.L10.wire import PATIENCE, Page, eventually, page

pytestmark = pytest.mark.anyio


@pytest.fixture
async def interface(data_layer: DataLayer) -> AsyncGenerator[HumanInterface]:
    """A running human interface with an agent runtime beside it."""
    async with interface_over(data_layer, runtime=True) as layer:
        yield layer


@asynccontextmanager
async def opened(url: str, l01: L01Client, view: str, query: str = "") -> AsyncGenerator[Page]:
    """A page that was made now: what comes after it is sent, however soon that is."""
    async with page(url, view, f"after={await l01.events.head()}&{query}") as reader:
        yield reader


async def said(reader: Page, pattern: str) -> str:
    """Takes and acknowledges frames until what came matches; answers all of it."""
    content = ""
    async with asyncio.timeout(PATIENCE):
        while not re.search(pattern, content, re.S):
            content += (await reader.frame())["content"]
            await reader.acknowledge()
    return content


async def test_the_list_of_runs_follows_what_they_take(url: str, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    async with opened(url, l01_local, "runs") as reader:
        run = await taken(l01_local, agent_id=agent["id"], input="count")
        row = rf'<tr id="run-{run["id"]}".*?count.*?Running'
        assert 'hx-target="#run-rows" hx-swap="rows"' in await said(reader, row)
        await model_step(l01_local, run, "one")
        await said(reader, rf'id="run-{run["id"]}".*?Running.*?\$0\.001234')
        await model_step(l01_local, run, "two")
        await l01_local.runs.move(run["id"], run["token"], "completed", output="two")
        await said(reader, rf'id="run-{run["id"]}".*?Completed.*?\$0\.002468')


async def test_a_filtered_list_lets_in_who_belongs(url: str, l01_local: L01Client) -> None:
    mine, other = [(await l01_local.create_agent(name))["id"] for name in ("mine", "other")]
    async with opened(url, l01_local, "runs", f"agent_id={mine}&status=queued") as reader:
        foreign = await l01_local.runs.create(agent_id=other, input="foreign")
        wanted = await l01_local.runs.create(agent_id=mine, input="wanted")
        content = await said(reader, f"run-{wanted['id']}")
        for partial in re.findall(r"<hx-partial.*?</hx-partial>", content, re.S):
            if foreign["id"] in partial:
                assert "known:true" in partial


async def test_a_run_is_sent_its_steps_in_order_and_its_cost(url: str, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"], input="count")
    async with opened(url, l01_local, "run", f"run_id={run['id']}") as reader:
        await model_step(l01_local, run, "the first <answer>")
        first = await said(reader, r'<li id="step-1"')
        assert "rows at:end" in first and "the first &lt;answer&gt;" in first
        assert '<strong class="cost">$0.001234</strong>' in first
        cut = await called(l01_local, run)
        await said(reader, "is answering")
        await l01_local.usage.cut_off(cut, {**USED, "cost": 0.01})
        assert "≈ $0.010000 of it estimated: 1 cut" in await said(reader, f'<li id="call-{cut}"')
        await l01_local.runs.message(run["id"], "faster")
        await said(reader, r'<li id="step-2".*?faster')
        await l01_local.runs.move(run["id"], run["token"], "completed", output="done now")
        done = await said(reader, 'id="run-output".*?done now')
        assert "Completed" in done


async def test_a_step_between_a_page_and_its_socket_is_not_left_out(url: str, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"])
    made = await settled(l01_local)
    await model_step(l01_local, run, "in between")
    await settled(l01_local)
    async with page(url, "run", f"after={made}&run_id={run['id']}") as reader:
        await said(reader, r'<li id="step-1".*?in between')


async def test_a_run_is_not_sent_what_others_do(url: str, l01_local: L01Client) -> None:
    mine, other = [await l01_local.create_agent(name) for name in ("mine", "other")]
    run = await taken(l01_local, agent_id=mine["id"])
    stranger = await taken(l01_local, agent_id=other["id"])
    async with opened(url, l01_local, "run", f"run_id={run['id']}") as reader:
        await model_step(l01_local, stranger, "a stranger's")
        await model_step(l01_local, run, "its own")
        content = await said(reader, "its own")
        assert "stranger" not in content


async def test_text_grows_as_it_is_told_and_goes_when_its_step_is_written(
    url: str, l01_local: L01Client, interface: HumanInterface
) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"])
    async with opened(url, l01_local, "run", f"run_id={run['id']}") as reader:
        await said(reader, 'hx-target="#live-step"')
        await l01_local.runs.tell(run["id"], {"step": 1, "text": "Hel"})
        await said(reader, 'id="live-text">Hel<')
        await l01_local.runs.tell(run["id"], {"step": 1, "text": "lo <you>"})
        await said(reader, 'hx-target="#live-text" hx-swap="beforeend">lo &lt;you&gt;<')
        async with opened(url, l01_local, "run", f"run_id={run['id']}") as late:
            await said(late, 'id="live-text">Hello &lt;you&gt;<')
        await model_step(l01_local, run, "Hello <you>")
        await said(reader, 'id="step-1".*?hx-target="#live-step" hx-swap="innerHTML">.*?id="live-text"></p>')
        await l01_local.runs.tell(run["id"], {"step": 1, "text": "too late"})
        await l01_local.runs.tell(run["id"], {"step": 2, "text": "the next"})
        content = await said(reader, "the next")
        assert "too late" not in content
    watched = interface.site.answers._runs[run["id"]]  # pyright: ignore[reportPrivateUsage]
    await eventually(lambda: not watched.watchers)


async def test_what_waits_for_a_person_comes_and_is_counted(url: str, l01_local: L01Client) -> None:
    async with opened(url, l01_local, "approvals", "status=pending") as reader:
        approval = await l01_local.approvals.create(
            title="May it?", request={"tool": "t", "arguments": {"n": "<1>"}}
        )
        count = r'(?=.*#count-approvals" hx-swap="textContent">{}<)'
        # The first figures of the page may count it before its row comes.
        await said(reader, count.format(1) + f'(?=.*id="approval-{approval["id"]}".*&lt;1&gt;)')
        await l01_local.approvals.decide(approval["id"], "denied", "me", "no")
        await said(reader, count.format("") + "(?=.*known:true)(?=.*Denied)")


async def test_the_page_of_a_run_asks_what_the_run_asks(url: str, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"])
    async with opened(url, l01_local, "run", f"run_id={run['id']}") as reader:
        approval = await l01_local.approvals.create(run_id=run["id"], agent_id=agent["id"], title="May it?")
        await said(reader, f'id="run-asks".*?approval-{approval["id"]}')
        await l01_local.approvals.decide(approval["id"], "approved")
        await said(
            reader, r'hx-target="#run-asks" hx-swap="outerMorph">\s*<div id="run-asks" class="stack"></div>'
        )


async def test_tools_and_executions_are_kept_up_to_date(url: str, l01_local: L01Client) -> None:
    tool = await l01_local.register_tool("calculator", {})
    async with opened(url, l01_local, "tools") as reader:
        execution = await l01_local.record_tool_execution(tool["id"], None, {"n": 1}, status="running")
        await said(reader, f'id="execution-{execution["id"]}".*?Running')
        await l01_local.tool_executions.update(execution["id"], {"status": "success"})
        await said(reader, f'id="execution-{execution["id"]}".*?Success')
        await l01_local.tools.update(tool["id"], {"enabled": False})
        await said(reader, f'id="tool-{tool["id"]}".*?aria-checked="false"')


async def test_usage_follows_the_calls(url: str, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    async with opened(url, l01_local, "usage") as reader:
        call = await l01_local.record_model_usage(there.agent, "p", "new-model", 10, 5, 100, 0.002)
        await said(reader, f'id="call-{call["id"]}".*?new-model')
        content = await said(reader, r"\$0\.008234 of \$0\.500000")
        assert 'hx-target="#sums"' in content


async def test_a_conversation_shows_the_answer_as_it_grows(url: str, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("talker")
    session = await l01_local.sessions.create(agent_id=agent["id"])
    query = f"aggregate_id={agent['id']}&tab=runs&session={session['id']}"
    async with opened(url, l01_local, "agent", query) as reader:
        run = await taken(l01_local, agent_id=agent["id"], session_id=session["id"], input="Hello?")
        await said(reader, rf'id="turn-{run["id"]}".*?Hello\?')
        await l01_local.runs.tell(run["id"], {"step": 1, "text": "Hi "})
        await said(
            reader, rf'id="text-{run["id"]}" class="growing">Hi |#text-{run["id"]}" hx-swap="innerHTML">Hi '
        )
        await l01_local.runs.tell(run["id"], {"step": 1, "text": "there"})
        await said(reader, rf'#text-{run["id"]}" hx-swap="beforeend">there')
        await model_step(l01_local, run, "Hi there")
        await l01_local.runs.move(run["id"], run["token"], "completed", output="Hi there")
        content = await said(reader, rf'id="turn-{run["id"]}".*?<p>Hi there</p>')
        assert f'id="run-{run["id"]}"' in content
