"""Agents at work, as a person watches and steers them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.browser.conftest import assert_fit_a_telephone, live
from tests.browser.test_accessible import violations
from tests.kit.interface import interface_over
from tests.layers.L01.lives import USED, called, taken
from tests.layers.L10.lived import addresses, lived, model_step

pytestmark = pytest.mark.anyio

LIVE = {
    "/runs": "#run-rows tr",
    "/tools": "#execution-rows tr",
    "/approvals": "#asks article",
    "/usage": "#call-rows tr",
}
"""What comes new on pages while they are open."""
Visit = Callable[[str], Awaitable[Page]]


@pytest.fixture
async def interface(data_layer: DataLayer) -> AsyncGenerator[HumanInterface]:
    """A running human interface with an agent runtime beside it; the test carries the runs."""
    async with interface_over(data_layer, runtime=True) as layer:
        yield layer


async def test_one_watches_a_run_to_its_end(visit: Visit, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"], input="Why is the sky blue?")
    tab = await visit(f"/runs/{run['id']}")
    call = await called(l01_local, run)
    await expect(tab.locator("#live-step")).to_contain_text("is answering")
    for text in ("Because ", "air ", "scatters <light>."):
        await l01_local.runs.tell(run["id"], {"step": 1, "text": text})
    await expect(tab.locator("#live-text")).to_have_text("Because air scatters <light>.")
    await l01_local.usage.cut_off(call, {**USED, "cost": 0.5})
    await expect(tab.locator("#steps li").first).to_contain_text("Cut")
    await model_step(l01_local, run, "Because air scatters <light>.")
    await expect(tab.locator("#steps li")).to_have_count(2)
    await expect(tab.locator("#step-1")).to_contain_text("scatters <light>.")
    await expect(tab.locator("#live-text")).to_have_text("")
    await expect(tab.locator("#run-head .cost")).to_have_text("$0.501234")
    await l01_local.runs.move(run["id"], run["token"], "completed", output="Because.")
    await expect(tab.locator("#run-output")).to_contain_text("Because.")
    await expect(tab.locator("#run-head")).to_contain_text("Completed")
    await expect(tab.locator("#live-step")).to_be_empty()


async def test_a_step_opens_beside_the_timeline_by_hand_and_by_key(
    visit: Visit, l01_local: L01Client
) -> None:
    there = await lived(l01_local)
    tab = await visit(f"/runs/{there.run}")
    await tab.locator("#step-2").click()
    await expect(tab.locator("#peek h2")).to_contain_text("calculator")
    await expect(tab.locator("#peek h2")).to_be_focused()
    assert tab.url.endswith("?open=2")
    await tab.keyboard.press("Escape")
    await expect(tab.locator("#step-2 a[data-open]")).to_be_focused()
    await tab.keyboard.press("j")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#peek h2")).to_contain_text("small")
    await tab.reload()
    await expect(tab.locator("#peek h2")).to_contain_text("small")


async def test_the_same_moment_is_tried_with_another_model(visit: Visit, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    tab = await visit(f"/runs/{there.run}?open=3")
    await tab.locator("#peek summary", has_text="Fork from here").click()
    await expect(tab.get_by_label("Steps to keep")).to_have_value("2")
    await tab.get_by_label("Model", exact=True).fill("large")
    await tab.get_by_role("button", name="Fork from here").click()
    await expect(tab.locator("#run-head")).to_contain_text("after step 2")
    await expect(tab.locator("#steps .tag")).to_have_count(2)
    fork = await l01_local.runs.get(tab.url.rpartition("/")[2])
    assert (fork["forked_from"], fork["configuration"]["model"]) == (there.run, "large")
    await live(tab)
    (run,) = [run for run in await l01_local.runs.claim("w", 5, 60) if run["id"] == fork["id"]]
    await model_step(l01_local, run, "It is 42.")
    await expect(tab.locator("#step-3")).to_contain_text("It is 42.")
    await tab.get_by_role("link", name="Compare").click()
    await expect(tab.locator("#step-3 ins").first).to_be_visible()


async def test_one_pauses_goes_on_says_something_and_cancels(visit: Visit, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"], input="work")
    tab = await visit(f"/runs/{run['id']}")
    head = tab.locator("#run-head")
    await head.get_by_role("button", name="Pause").click()
    await expect(head).to_contain_text("Suspended")
    await head.get_by_role("button", name="Resume").click()
    # Else what is typed goes into a field that is being replaced.
    await tab.wait_for_load_state("networkidle")
    await tab.get_by_label("Say something into this run").fill("faster")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#steps li")).to_contain_text("faster")
    await tab.wait_for_load_state("networkidle")
    assert tab.url.endswith(f"/runs/{run['id']}")
    await head.get_by_role("button", name="Cancel").click()
    await tab.get_by_role("dialog").get_by_role("button", name="Cancel").last.click()
    await expect(head).to_contain_text("Cancelled")
    await head.get_by_role("button", name="Retry").click()
    await expect(head).to_contain_text("Queued")
    assert (await l01_local.runs.get(tab.url.rpartition("/")[2]))["forked_from"] == run["id"]


async def test_what_waits_appears_everywhere_and_is_decided(visit: Visit, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    run = await taken(l01_local, agent_id=agent["id"], input="work")
    tab, list_ = await visit("/"), await visit("/approvals")
    request = {"tool": "order", "arguments": {"item": "lamp"}}
    approval = await l01_local.approvals.create(
        run_id=run["id"], agent_id=agent["id"], title="Use order?", request=request
    )
    await l01_local.runs.move(run["id"], run["token"], "waiting_approval")
    await expect(tab.locator("#count-approvals")).to_have_text("1")
    card = list_.locator(f"#approval-{approval['id']}")
    await expect(card).to_contain_text('"lamp"')
    await card.get_by_label("Why, or your answer").fill("go on")
    await card.get_by_role("button", name="Approve").click()
    await expect(list_.get_by_text("Nothing waits for you")).to_be_visible()
    await expect(tab.locator("#count-approvals")).to_have_text("")
    decided = await l01_local.approvals.get(approval["id"])
    assert (decided["status"], decided["reason"]) == ("approved", "go on")


async def test_one_talks_to_an_agent(visit: Visit, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("talker")
    tab = await visit(f"/agents/{agent['id']}")
    await tab.get_by_label("Say something to talker").fill("Hello?")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#turns .mine")).to_have_text("You: Hello?")
    await live(tab)
    (run,) = await l01_local.runs.claim("w", 1, 60)
    await l01_local.runs.tell(run["id"], {"step": 1, "text": "Hi "})
    await l01_local.runs.tell(run["id"], {"step": 1, "text": "there."})
    await expect(tab.locator(".growing")).to_have_text("Hi there.")
    await model_step(l01_local, run, "Hi there.")
    await l01_local.runs.move(run["id"], run["token"], "completed", output="Hi there.")
    await expect(tab.locator("#turns .theirs")).to_contain_text("Hi there.")
    await expect(tab.locator("#turns .theirs")).to_contain_text("$0.001234")
    await expect(tab.locator("#run-rows tr")).to_contain_text("Completed")
    await tab.get_by_label("Say something to talker").fill("And now?")
    await tab.get_by_role("button", name="Send").click()
    await expect(tab.locator("#turns li")).to_have_count(2)
    assert len((await l01_local.sessions.list(agent_id=agent["id"]))["items"]) == 1


async def test_a_tool_is_switched_where_it_stands(visit: Visit, l01_local: L01Client) -> None:
    tool = await l01_local.register_tool("calculator", {})
    tab = await visit("/tools")
    switch = tab.get_by_role("switch", name="calculator may be used")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "false")
    assert not (await l01_local.tools.get(tool["id"]))["enabled"]


async def test_no_page_is_wider_than_a_telephone(browser: Browser, url: str, l01_local: L01Client) -> None:
    await assert_fit_a_telephone(browser, url, addresses(await lived(l01_local)))


async def test_axe_finds_nothing(browser: Browser, url: str, l01_local: L01Client) -> None:
    there = await lived(l01_local)
    context = await browser.new_context(
        color_scheme="light", reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    tab = await context.new_page()
    for path in addresses(there):
        await tab.goto(f"{url}{path}")
        if path in LIVE:
            await live(tab)
            rows = tab.locator(LIVE[path])
            before = await rows.count()
            await _something_happens(l01_local, there.agent, there.tool)
            await expect(rows).not_to_have_count(before)
        for summary in await tab.locator("main summary").all():
            await summary.click()
        assert await violations(tab) == [], path
    await context.close()


async def _something_happens(l01: L01Client, agent: str, tool: str) -> None:
    made = await l01.runs.create(agent_id=agent, input="live")
    (run,) = [run for run in await l01.runs.claim("w", 100, 60) if run["id"] == made["id"]]
    await model_step(l01, run, "alive")
    await called(l01, run)
    await l01.approvals.create(run_id=run["id"], agent_id=agent, title="Live?", request={"n": 1})
    await l01.record_tool_execution(tool, agent, {"n": 1})
    await l01.runs.move(run["id"], run["token"], "failed", error={"code": "E1", "detail": "no"})
