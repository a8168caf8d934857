"""A plan as a person watches it: the live graph by hand, by key and for everyone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from agentic.layers.L01_data_layer.client import L01Client
from tests.browser.conftest import assert_fit_a_telephone, live
from tests.browser.test_accessible import violations
from tests.layers.L10.planned import addresses, planned

pytestmark = pytest.mark.anyio

Visit = Callable[[str], Awaitable[Page]]


async def test_one_watches_a_plan_while_it_is_carried_out(visit: Visit, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    tab = await visit(f"/plans/{there.plan}")
    box, other = tab.locator("#task-2"), tab.locator("#task-5")
    await expect(box).to_contain_text("Running")
    place = await box.bounding_box()
    await box.locator("a").focus()
    await l01_local.update_task(there.task, {"status": "completed", "output_data": "It says little."})
    await expect(box).to_contain_text("Completed")
    await expect(box.locator("a")).to_be_focused()
    assert await box.bounding_box() == place
    await l01_local.tasks.create(plan_id=there.plan, step_id="write", description="write", sequence_order=9)
    await expect(other).to_contain_text("Pending")
    await expect(tab.locator("#plan-progress")).to_contain_text("4 of 7")


async def test_steps_are_reached_and_opened_by_key(visit: Visit, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    tab = await visit(f"/plans/{there.plan}")
    await tab.keyboard.press("j")
    await expect(tab.locator("#task-1 a")).to_be_focused()
    await tab.keyboard.press("j")
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#peek h2")).to_have_text("read")
    await expect(tab.locator("#peek h2")).to_be_focused()
    assert tab.url.endswith("?open=read")
    await tab.keyboard.press("Escape")
    await expect(tab.locator("#task-2 a")).to_be_focused()
    await tab.locator("#task-3").click()
    await expect(tab.locator("#peek h2")).to_have_text("count")


async def test_the_graph_is_whole_without_a_script(browser: Browser, url: str, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    context = await browser.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(f"{url}/plans/{there.plan}")
    await tab.locator("#task-2 a").click()
    await expect(tab.locator("h1")).to_have_text("read")
    await tab.locator(f"a[href='/runs/{there.run}']").click()
    await expect(tab.locator("#steps li")).to_have_count(1)
    await context.close()


async def test_no_page_is_wider_than_a_telephone(browser: Browser, url: str, l01_local: L01Client) -> None:
    await assert_fit_a_telephone(browser, url, addresses(await planned(l01_local)))


async def test_axe_finds_nothing(browser: Browser, url: str, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    context = await browser.new_context(
        color_scheme="light", reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    tab = await context.new_page()
    for path in addresses(there):
        await tab.goto(f"{url}{path}")
        if path == f"/plans/{there.plan}":
            await live(tab)
            await l01_local.tasks.create(
                plan_id=there.plan, step_id="write", description="write", sequence_order=9
            )
            await expect(tab.locator("#task-5")).to_contain_text("Pending")
        assert await violations(tab) == [], path
    await context.close()
