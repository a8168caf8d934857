"""Nobody is left out: axe finds nothing on any page, in either theme, with live rows on it."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from agentic.layers.L01_data_layer.client import L01Client
from tests.browser.conftest import live
from tests.layers.L10.wire import publish

pytestmark = pytest.mark.anyio

LEVELS = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
LIGHT = "rgb(247, 248, 250)"
WORDS = (
    "created",
    "updated",
    "deleted",
    "active",
    "failed",
    "completed",
    "suspended",
    "queued",
    "timeout",
    "odd",
)


OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What may differ from theme to theme; the rest of axe looks at what the page is."""


async def violations(tab: Page) -> list[str]:
    """What axe finds on a page in the light theme, and of its colours in the dark one."""
    found = await _found(tab, LEVELS)
    await tab.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert await tab.evaluate("getComputedStyle(document.body).backgroundColor") != LIGHT
    found += await _found(tab, OF_COLOUR)
    await tab.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


async def _found(tab: Page, options: dict[str, Any]) -> list[str]:
    found = await Axe().run(tab, options=options)
    return [
        f"{one['id']} {node['target']} {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


async def test_axe_finds_nothing(browser: Browser, url: str, l01_local: L01Client) -> None:
    agents = [
        await l01_local.create_agent(f"agent {number}", config={"n": [1, "a", None]}) for number in range(5)
    ]
    states = ("active", "active suspended", "active error", "terminated")
    for agent, changes in zip(agents, states, strict=False):
        for status in changes.split():
            await l01_local.update_agent(agent["id"], {"status": status})
    event = (await l01_local.query_events())[0]
    context = await browser.new_context(
        color_scheme="light", reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    tab = await context.new_page()
    one = f"/agents/{agents[1]['id']}"
    paths = ("/", "/agents", "/agents/new", one, f"{one}/configuration", f"{one}/terminate")
    paths += (
        "/events",
        f"/events?open={event['id']}",
        f"/events/{event['id']}",
        "/layers",
        "/errors",
        "/nowhere",
    )
    for path in paths:
        await tab.goto(f"{url}{path}")
        if path != "/nowhere":
            await live(tab)
        if path in ("/", "/events"):
            for word in WORDS:
                await publish(l01_local, 1, f"thing.{word}")
            await expect(tab.locator("#event-rows tr", has_text="thing.odd").first).to_be_visible()
        assert await violations(tab) == [], path
    await context.close()


async def test_axe_finds_nothing_in_what_opens(browser: Browser, url: str, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("planner")
    context = await browser.new_context(color_scheme="light", reduced_motion="reduce")
    tab = await context.new_page()
    await tab.goto(f"{url}/agents/{agent['id']}")
    await live(tab)
    for keys in (["c"], ["?"], ["Control+k"]):
        for key in keys:
            await tab.keyboard.press(key)
        if keys == ["Control+k"]:
            await expect(tab.get_by_role("option").first).to_be_visible()
        assert await violations(tab) == [], keys
        await tab.keyboard.press("Escape")
    await tab.get_by_role("button", name="Terminate").click()
    assert await violations(tab) == []
    await context.close()
