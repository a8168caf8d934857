"""Answers judged, thought about and learned from, as a person does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from agentic.layers.L01_data_layer.client import L01Client
from tests.browser.conftest import live
from tests.browser.test_accessible import violations
from tests.layers.L10.judged import Judged, judged, judged_addresses

pytestmark = pytest.mark.anyio

Visit = Callable[[str], Awaitable[Page]]


async def test_what_one_thinks_in_the_chat_is_processed_in_the_inbox(
    visit: Visit, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    inbox = await visit("/feedback")
    chat = await visit(f"/agents/{there.agent}?session={there.session}")
    await chat.get_by_role("button", name="A bad answer").click()
    await expect(chat.get_by_role("button", name="A bad answer")).to_have_attribute("aria-pressed", "true")
    await chat.get_by_text("Correct it").click()
    await chat.get_by_label("What it should have answered").fill("Good day.")
    await chat.locator(".thumbs").get_by_role("button", name="Send").click()
    row = inbox.locator("#feedback-rows tr", has_text="Good day.")
    await expect(row).to_contain_text("Corrected")
    await expect(inbox.locator("#count-feedback")).to_have_text("3")
    await row.click()
    await expect(inbox.locator("#peek h2")).to_be_focused()
    await inbox.keyboard.press("e")
    await expect(inbox.locator("#count-feedback")).to_have_text("2")
    await expect(inbox.locator("#feedback-rows tr", has_text="Good day.")).to_have_count(0)
    newest = (await l01_local.feedback.list(run_id=there.run))["items"][0]
    assert (newest["correction"], newest["processed"]) == ("Good day.", True)


async def test_scores_are_read_and_feedback_is_processed_without_a_script(
    browser: Browser, url: str, l01_local: L01Client
) -> None:
    there = await judged(l01_local)
    context = await browser.new_context(java_script_enabled=False)
    tab = await context.new_page()
    await tab.goto(f"{url}/evaluations/sums")  # Which waits for them, however long they take.
    await expect(tab.locator("#by-agent")).to_be_visible()
    await expect(tab.locator("#sums .scores svg")).to_be_visible()
    await tab.goto(f"{url}/feedback")
    await tab.locator(f"#feedback-{there.thumb} th a").click()
    await tab.get_by_role("textbox", name="What was done with it").fill("Thanked her")
    await tab.get_by_role("button", name="Processed").click()
    await expect(tab.locator("main")).to_contain_text("Thanked her")
    await context.close()


async def test_no_page_is_wider_than_a_telephone(browser: Browser, url: str, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    tab = await context.new_page()
    for path in judged_addresses(there):
        await tab.goto(f"{url}{path}")
        assert await tab.evaluate("document.documentElement.scrollWidth") <= 390, path
    await context.close()


async def test_axe_finds_nothing(browser: Browser, url: str, l01_local: L01Client) -> None:
    there = await judged(l01_local)
    context = await browser.new_context(
        color_scheme="light", reduced_motion="reduce", viewport={"width": 1440, "height": 900}
    )
    tab = await context.new_page()
    for path in judged_addresses(there):
        await tab.goto(f"{url}{path}")
        if path in ("/feedback", "/evaluations"):
            await live(tab)
            await _something_comes(tab, l01_local, there)
        for summary in await tab.locator("main summary").all():
            await summary.click()
        assert await violations(tab) == [], path
    await context.close()


async def _something_comes(tab: Page, l01: L01Client, there: Judged) -> None:
    rows = tab.locator("#feedback-rows tr, #evaluation-rows tr")
    before = await rows.count()
    await l01.feedback.create(agent_id=there.agent, feedback_type="rating", rating=2)
    await l01.evaluations.create(agent_id=there.agent, evaluation_type="tone", score=0.1)
    await expect(rows).not_to_have_count(before)
