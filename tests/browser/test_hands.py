"""What people do with their hands: keys, forms, themes, small windows, no script at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.layers.L10.wire import eventually, publish

pytestmark = pytest.mark.anyio

Visit = Callable[[str], Awaitable[Page]]


async def test_keys_go_everywhere(visit: Visit) -> None:
    tab = await visit("/")
    for keys, title in (("ga", "Agents"), ("ge", "Events"), ("gl", "Layer health"), ("go", "Overview")):
        for key in keys:
            await tab.keyboard.press(key)
        await expect(tab.locator("h1")).to_have_text(title)
        await expect(tab).to_have_title(f"{title} · Platform")
    await tab.keyboard.press("?")
    await expect(tab.get_by_role("dialog")).to_contain_text("Search and commands")
    await tab.keyboard.press("Escape")
    await expect(tab.get_by_role("dialog")).to_have_count(0)


async def test_rows_are_walked_and_opened_by_keys(visit: Visit, l01_local: L01Client) -> None:
    await publish(l01_local, 3)
    tab = await visit("/events")
    await expect(tab.locator("#event-rows tr")).to_have_count(3)
    for key in ("j", "j", "j", "k"):
        await tab.keyboard.press(key)
    link = tab.locator("#event-rows tr").nth(1).get_by_role("link")
    await expect(link).to_be_focused()
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#peek h2")).to_be_focused()
    await expect(tab.locator("#peek")).to_contain_text("What caused it")
    assert "open=" in tab.url
    await tab.keyboard.press("Escape")
    await expect(tab.locator("#peek article")).to_have_count(0)
    await expect(link).to_be_focused()
    assert "open=" not in tab.url


async def test_the_palette_finds_and_opens(visit: Visit, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("research planner")
    tab = await visit("/")
    await tab.keyboard.press("Control+k")
    await tab.keyboard.type("planner")
    chosen = tab.get_by_role("option", selected=True)
    await expect(chosen).to_contain_text("research planner")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("h1")).to_have_text("research planner")
    await expect(tab.locator("h1")).to_be_focused()
    assert tab.url.endswith(agent["id"])
    await tab.keyboard.press("Control+k")
    await tab.keyboard.type("create")
    await expect(chosen).to_contain_text("Create agent")
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_label("Name", exact=True)).to_be_focused()


async def test_the_slider_goes_back_in_time_and_to_now(
    visit: Visit, interface: HumanInterface, l01_local: L01Client
) -> None:
    agent = await l01_local.create_agent("before")
    await l01_local.update_agent(agent["id"], {"name": "after"})
    await eventually(lambda: interface.hub.position == 2)
    tab = await visit("/agents")
    slider = tab.get_by_role("slider", name="As of")
    await expect(tab.locator("#agent-rows")).to_contain_text("after")
    await expect(slider).to_have_attribute("max", "2")
    await slider.focus()
    await tab.keyboard.press("ArrowLeft")
    await expect(tab.locator("#agent-rows")).to_contain_text("before")
    await expect(tab.get_by_role("main")).to_contain_text("position #1")
    assert "as_of=1" in tab.url
    await tab.get_by_role("link", name="Back to now").click()
    await expect(tab.locator("#agent-rows")).to_contain_text("after")


async def test_a_refused_form_says_why_where_it_is(visit: Visit, complaints: list[str]) -> None:
    tab = await visit("/")
    await tab.keyboard.press("c")
    await tab.get_by_label("Name", exact=True).fill("x")
    await tab.get_by_label("Configuration").fill("{oops")
    await tab.get_by_role("dialog").get_by_role("button", name="Create agent").click()
    await expect(tab.locator("#agent-configuration-problem")).to_contain_text("Not valid JSON")
    await expect(tab.get_by_label("Configuration")).to_be_focused()
    await expect(tab.get_by_label("Name", exact=True)).to_have_value("x")
    assert all("422" in complaint for complaint in complaints)
    complaints.clear()


async def test_the_chosen_theme_stays(visit: Visit) -> None:
    tab = await visit("/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = await tab.evaluate(background)
    await tab.get_by_role("button", name="Switch between light and dark").click()
    await expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    dark = await tab.evaluate(background)
    assert dark != light
    await tab.reload()
    assert await tab.evaluate(background) == dark


async def test_without_a_script_everything_can_be_read_and_an_agent_created(
    browser: Browser, url: str, l01_local: L01Client
) -> None:
    context = await browser.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(f"{url}/")
    await tab.get_by_role("link", name="Create agent").first.click()
    form = tab.get_by_role("region", name="A new agent")
    await form.get_by_label("Name", exact=True).fill("without a script")
    await form.get_by_role("button", name="Create agent").click()
    await expect(tab.locator("h1")).to_have_text("without a script")
    await tab.get_by_role("button", name="Start").click()
    await expect(tab.locator("#agent-head")).to_contain_text("Active")
    await tab.get_by_role("button", name="Terminate").click()
    await expect(tab.locator("main")).to_contain_text("cannot be started again")
    await tab.get_by_role("button", name="Terminate").click()
    await expect(tab.locator("#agent-head")).to_contain_text("Terminated")
    await tab.get_by_role("link", name="Events").click()
    await tab.locator("#event-rows a").first.click()
    await expect(tab.locator("h1")).to_have_text("agent.terminated")
    await tab.get_by_role("button", name="Switch between light and dark").click()
    await expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(tab.locator("h1")).to_have_text("agent.terminated")
    await expect(tab.get_by_role("button", name="Pause")).to_have_count(0)
    (agent,) = await l01_local.list_agents()
    assert agent["status"] == "terminated"
    await context.close()


@pytest.mark.parametrize("width", [390, 820, 1280])
async def test_nothing_sticks_out_of_the_window(
    browser: Browser, url: str, l01_local: L01Client, width: int
) -> None:
    agent = await l01_local.create_agent("a-name-that-goes-on-and-on-" * 8, "kind" * 20, {"key": "x" * 300})
    await l01_local.publish_event("tool_execution.pending_approval", "tool_execution", agent["id"], "y" * 900)
    event = (await l01_local.query_events())[0]
    context = await browser.new_context(viewport={"width": width, "height": 844})
    tab = await context.new_page()
    one = f"/agents/{agent['id']}"
    for path in ("/", "/agents", one, f"{one}/configuration", "/events", f"/events/{event['id']}", "/layers"):
        await tab.goto(f"{url}{path}")
        assert await tab.evaluate("document.documentElement.scrollWidth") <= width, path
    await context.close()
