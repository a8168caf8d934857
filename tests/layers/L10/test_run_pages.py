"""The pages about runs, tools, approvals and usage, as they are without a script, and what their forms do."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.kit.http import served
from tests.kit.interface import interface_over
from tests.layers.L01.lives import called, taken
from tests.layers.L10.lived import addresses, lived

pytestmark = pytest.mark.anyio

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def interface(data_layer: DataLayer) -> AsyncGenerator[HumanInterface]:
    """A running human interface with an agent runtime beside it."""
    async with interface_over(data_layer, runtime=True) as layer:
        yield layer


async def at(browser: httpx2.AsyncClient, path: str) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.text


async def sent(browser: httpx2.AsyncClient, path: str, **fields: Any) -> str:
    """Posts a form as a browser without a script; answers where it leads."""
    answer = await browser.post(path, data=fields)
    assert answer.status_code == 303, (path, answer.text)
    return answer.headers["location"]


async def test_every_page_is_there_whole_and_in_part(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    for path in addresses(await lived(l01_local)):
        page = await at(browser, path)
        assert page.startswith("<!doctype html>"), path
        assert page.count("<h1") == 1, path
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|javascript:", page), path
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), (path, sorted({name for name in ids if ids.count(name) > 1}))
        for markup in ("<b>forty", "<i>expressions", "<lamp>", "Order <it>"):
            assert markup not in page, path
        part = (await browser.get(path, headers=PART)).text
        assert "<html" not in part and '<main id="main"' in part, path


async def test_nothing_there_says_what_comes_next(browser: httpx2.AsyncClient) -> None:
    assert "Choose an agent and say what it is to do" in await at(browser, "/runs")
    assert "Nothing waits for you" in await at(browser, "/approvals")
    assert "No tools yet" in await at(browser, "/tools")
    assert "No model calls yet" in await at(browser, "/usage")
    assert "No run matches" in await at(browser, "/runs?status=failed")


@pytest.mark.parametrize("path", ["/usage?range=3d", "/approvals?status=odd", "/runs/x", "/runs?agent_id=x"])
async def test_what_no_filter_is_gets_a_page_that_says_so(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 422
    assert "<h1" in answer.text


async def test_what_is_not_there_is_not_found(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    nobody = "00000000-0000-7000-8000-000000000000"
    for path in (f"/runs/{nobody}", f"/runs/{there.run}/steps/9", f"/tools/{nobody}", f"/usage/{nobody}"):
        assert (await browser.get(path)).status_code == 404, path
    assert (await browser.post(f"/runs/{there.run}/dance")).status_code == 404


async def test_a_run_shows_its_cost_to_the_micro_dollar_and_what_was_cut(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await lived(l01_local)
    run = await l01_local.runs.get(there.run)
    assert run["cost"] == 0.006234
    page = await at(browser, f"/runs/{there.run}")
    assert '<strong class="cost">$0.006234</strong>' in page
    assert "≈ $0.005000 of it estimated: 1 cut" in page
    assert "price unknown" in page
    lines = re.findall(r'<li id="((?:step|call)-[^"]+)"', page)
    assert lines == ["step-1", "step-2", "step-3", f"call-{there.cut}"]
    assert "Nobody saw the end of this call" in page
    assert re.search(r"calculator \{&#34;expression&#34;: ?&#34;6 \* 7&#34;\}", page)
    fork = await at(browser, f"/runs/{there.fork}")
    assert fork.count("copied</span>") == 2
    assert f"/runs/compare?a={there.run}&amp;b={there.fork}" in fork


async def test_a_step_shows_what_is_behind_it(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    model = await at(browser, f"/runs/{there.run}/steps/1")
    for words in (
        "p · m-2026",
        "100 in (50 cached)",
        "20 out (5 reasoning)",
        "$0.001234",
        "first token after 30 ms",
    ):
        assert words in model, words
    assert "model_usage.completed" in model and "run_step.created" in model
    tool = await at(browser, f"/runs/{there.run}/steps/2/peek")
    assert f"/executions/{there.execution}" in tool and "tool_execution.success" in tool
    assert "<html" not in tool
    assert (await browser.get(f"/runs/{there.run}/steps/2/json")).json()["output"] == 42


async def test_a_run_is_paused_resumed_steered_and_cancelled_by_plain_forms(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    agent = await l01_local.create_agent("a")
    run = await taken(l01_local, agent_id=agent["id"], input="go")
    path = f"/runs/{run['id']}"
    for action, status in (("pause", "suspended"), ("resume", "suspended"), ("cancel", "cancelled")):
        assert await sent(browser, f"{path}/{action}", reason="enough") == path
        assert (await l01_local.runs.get(run["id"]))["status"] == status
    assert (await l01_local.runs.get(run["id"]))["error"] == {"code": "cancelled", "detail": "enough"}
    retried = await sent(browser, f"{path}/retry")
    assert retried != path
    assert await sent(browser, f"{retried}/steer", content=" be quick ") == retried
    (step,) = await l01_local.runs.steps(retried.rpartition("/")[2])
    assert step["input"] == {"content": "be quick"}
    assert (await browser.post(f"{retried}/steer", data={"content": " "})).status_code == 422
    assert (await browser.post(f"{path}/pause")).status_code == 409


async def test_a_run_is_forked_with_another_model_and_another_result(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await lived(l01_local)
    form = {"model": "large", "instructions": "Be long.", "input": '{"text": "other"}'}
    result = {"result": "43", "result_before": "42", "result_step": "2"}
    path = await sent(browser, f"/runs/{there.run}/fork", step="2", **form, **result)
    fork = await l01_local.runs.get(path.rpartition("/")[2])
    assert (fork["forked_from"], fork["fork_step"]) == (there.run, 2)
    assert fork["configuration"] == {"model": "large", "instructions": "Be long."}
    assert fork["input"] == {"text": "other"}
    assert [step["output"] for step in await l01_local.runs.steps(fork["id"])][1] == 43
    again = await sent(browser, f"/runs/{there.run}/fork", step="0", result="42", result_before="42")
    assert (await l01_local.runs.get(again.rpartition("/")[2]))["configuration"]["model"] == "small"
    for step in ("", "-1", "x", "99"):
        assert (await browser.post(f"/runs/{there.run}/fork", data={"step": step})).status_code == 422


async def test_two_runs_stand_side_by_side(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    page = await at(browser, f"/runs/compare?a={there.run}&b={there.fork}")
    assert "the first 2 steps say the same" in page
    assert "<del>small</del>" in page and "<ins>large</ins>" in page
    assert "It has no such step" in page
    same = await at(browser, f"/runs/compare?a={there.run}&b={there.run}")
    assert "Every step says the same" in same


async def test_what_waits_is_approved_or_denied(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    page = await at(browser, "/approvals")
    assert re.search(r'id="count-approvals">1<', page)
    assert "&lt;lamp&gt;" in page and "2100-01-01 00:00:00" in page
    path = f"/approvals/{there.approval}/decide"
    assert (await browser.post(path, data={"decision": "perhaps"})).status_code == 422
    back = f"/runs/{there.waiting}"
    assert await sent(browser, path, decision="approved", reason="why not", back=back) == back
    approval = await l01_local.approvals.get(there.approval)
    assert (approval["status"], approval["decided_by"], approval["reason"]) == (
        "approved",
        "dashboard",
        "why not",
    )
    assert there.waiting in [run["id"] for run in await l01_local.runs.claim("w", 2, 60)]
    assert (await browser.post(path, data={"decision": "denied"})).status_code == 409
    lone = await l01_local.approvals.create(title="Alone?")
    away = f"//elsewhere.example/{there.run}"
    assert (
        await sent(browser, f"/approvals/{lone['id']}/decide", decision="denied", back=away) == "/approvals"
    )
    assert "What people decided" in await at(browser, back)


async def test_a_tool_is_switched_off_and_shows_its_numbers(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await lived(l01_local)
    await l01_local.record_tool_execution(there.tool, None, {}, status="error")
    page = await at(browser, "/tools")
    row = re.search(rf'<tr id="tool-{there.tool}".*?</tr>', page, re.S)
    assert row is not None and re.search(r'<td class="number">3</td>', row[0]) and "33.3 %" in row[0]
    assert await sent(browser, f"/tools/{there.tool}/enabled", enabled="no") == "/tools"
    assert not (await l01_local.tools.get(there.tool))["enabled"]
    assert 'aria-checked="false"' in await at(browser, f"/tools/{there.tool}")


async def test_a_person_says_how_it_ended(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    assert "Nobody saw how this call ended" in await at(browser, "/tools")
    path = f"/executions/{there.unknown}/resolve"
    assert (await browser.post(path, data={"outcome": "maybe"})).status_code == 422
    assert (
        await browser.post(path, data={"outcome": "again"})
    ).status_code == 422  # There is no tool layer here.
    assert await sent(browser, path, outcome="success", said='{"done": true}', back="/tools") == "/tools"
    execution = await l01_local.tool_executions.get(there.unknown)
    assert (execution["status"], execution["output_result"]) == ("success", {"done": True})
    assert "Nobody saw how this call ended" not in await at(browser, "/tools")
    assert (await browser.post(path, data={"outcome": "error"})).status_code == 409


async def test_usage_is_summed_over_time_and_by_what_it_was_for(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await lived(l01_local)
    page = await at(browser, "/usage")
    assert '<strong class="cost">$0.006234</strong>' in page
    assert "3 calls, without 1 of unknown price" in page
    assert page.count('role="img"') == 3
    assert re.search(r"By agent.*researcher", page, re.S)
    assert "$0.006234 of $0.500000" in page
    of_run = await at(browser, f"/usage?run_id={there.run}&range=all")
    assert '<strong class="cost">$0.006234</strong>' in of_run
    cut = await at(browser, "/usage?status=cut")
    assert "≈ </span>$0.005000" in cut and there.call not in cut


async def test_a_budget_is_made_switched_and_deleted(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    budgets = "/usage#budgets"
    assert (await browser.post("/budgets", data={"scope": "all", "period": "day"})).status_code == 422
    wrong = {"scope": "all", "period": "day", "max_cost": "much"}
    assert (await browser.post("/budgets", data=wrong)).status_code == 422
    assert await sent(browser, "/budgets", scope="all", period="day", max_cost="1.5", subject="") == budgets
    (budget,) = (await l01_local.budgets.list())["items"]
    assert (budget["scope"], budget["subject"], budget["max_cost"], budget["max_tokens"]) == (
        "all",
        None,
        1.5,
        None,
    )
    assert await sent(browser, f"/budgets/{budget['id']}/enabled", enabled="no") == budgets
    assert not (await l01_local.budgets.get(budget["id"]))["enabled"]
    assert await sent(browser, f"/budgets/{budget['id']}/delete") == budgets
    assert (await l01_local.budgets.list())["items"] == []


async def test_a_conversation_is_a_session_of_runs(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("talker")
    path = f"/agents/{agent['id']}"
    there = await sent(browser, f"{path}/chat", content="Hello?", session="")
    assert there.startswith(f"{path}?session=")
    session = there.rpartition("=")[2]
    assert await sent(browser, f"{path}/chat", content="Again.", session=session) == there
    runs = (await l01_local.runs.list(session_id=session, order="asc"))["items"]
    assert [run["input"] for run in runs] == ["Hello?", "Again."]
    page = await at(browser, there)
    assert page.index("Hello?</p>") < page.index("Again.</p>")
    assert session[-8:] in await at(browser, f"{path}/sessions")
    assert (await browser.post(f"{path}/chat", data={"content": ""})).status_code == 422
    alone = await sent(browser, f"{path}/runs", input='{"n": 1}', model="large")
    run = await l01_local.runs.get(alone.rpartition("/")[2])
    assert (run["input"], run["configuration"], run["session_id"]) == ({"n": 1}, {"model": "large"}, None)


async def test_an_agent_is_moved_through_the_runtime(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    agent = await l01_local.create_agent("a")
    path = f"/agents/{agent['id']}"
    await sent(browser, f"{path}/status", status="active")
    run = await taken(l01_local, agent_id=agent["id"])
    await sent(browser, f"{path}/status", status="suspended")
    assert (await l01_local.runs.get(run["id"]))["status"] == "suspended"
    assert "takes no runs" in await at(browser, path)
    assert (await browser.post(f"{path}/chat", data={"content": "Hello?"})).status_code == 409
    await sent(browser, f"{path}/status", status="active")
    assert (await l01_local.runs.get(run["id"]))["due_at"] is not None
    await sent(browser, f"{path}/status", status="terminated")
    assert (await l01_local.runs.get(run["id"]))["status"] == "cancelled"
    assert (await browser.post(f"{path}/status", data={"status": "odd"})).status_code == 422


async def test_without_a_runtime_everything_is_read_and_the_page_says_what_is_missing(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    there = await lived(l01_local)
    async with interface_over(data_layer) as layer, served(layer.app()) as url:
        headers = {"Accept": "text/html"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False) as browser:
            for path in addresses(there):
                await at(browser, path)
            notice = "The agent runtime (L02) is not part of this platform"
            for path in ("/runs", f"/runs/{there.run}", f"/agents/{there.agent}", "/approvals"):
                assert notice in await at(browser, path), path
            refused = await browser.post(f"/runs/{there.waiting}/pause")
            assert refused.status_code == 503 and "platform up" in refused.text
            decide = f"/approvals/{there.approval}/decide"
            assert (await browser.post(decide, data={"decision": "denied"})).status_code == 303
            assert (await l01_local.approvals.get(there.approval))["status"] == "denied"


async def test_an_agent_is_made_with_a_model_and_tools_and_is_ready(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    form = {"name": "helper", "model": " small ", "instructions": "Be brief.", "tools": "calculator, wait,"}
    path = await sent(browser, "/agents", **form, configuration='{"limits": {"steps": 5}}')
    agent = await l01_local.agents.get(path.rpartition("/")[2])
    assert agent["status"] == "active"
    assert agent["configuration"] == {
        "limits": {"steps": 5},
        "model": "small",
        "instructions": "Be brief.",
        "tools": ["calculator", "wait"],
    }
    wrong = await browser.post("/agents", data={"name": "x", "configuration": '{"limits": {"steps": 0}}'})
    assert wrong.status_code == 422
    assert "new-configuration-problem" in wrong.text


async def test_a_call_that_failed_stands_there_once(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    run = await taken(l01_local)
    error = {"code": "E4003", "detail": "The provider is away."}
    await l01_local.usage.fail(await called(l01_local, run, step=1), error)
    await l01_local.runs.step(
        run["id"], run["token"], kind="model", name="small", status="failed", error=error
    )
    dear = await called(l01_local, run, step=2)
    await l01_local.usage.fail(dear, error, {"input_tokens": 7, "output_tokens": 0, "cost": 0.25})
    page = await at(browser, f"/runs/{run['id']}")
    assert re.findall(r'<li id="((?:step|call)-[^"]+)"', page) == ["step-1", f"call-{dear}"]
    assert '<strong class="cost">$0.250000</strong>' in page
