"""A browser that looks at a human interface on a real port, and remembers what went wrong in its pages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.kit.browser import chromium

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 20_000

expect.set_options(timeout=PATIENCE)

Complaints = list[str]


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    """A browser of this test alone."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield running
        await running.close()


@pytest.fixture
def complaints() -> Complaints:
    """What pages complain of: errors in their console, exceptions nobody caught. A test says which it expects."""
    return []


@pytest.fixture
async def context(browser: Browser, complaints: Complaints) -> AsyncGenerator[BrowserContext]:
    """One person's browser window; at the end no page may have complained."""
    made = await browser.new_context(viewport={"width": 1440, "height": 900})
    made.set_default_timeout(PATIENCE)
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    yield made
    await made.close()
    assert complaints == []


@pytest.fixture
async def visit(context: BrowserContext, url: str) -> AsyncGenerator[Callable[[str], Awaitable[Page]]]:
    """Opens a page of the interface in a tab of its own, and waits until it is live."""

    async def visit(path: str) -> Page:
        tab = await context.new_page()
        await tab.goto(f"{url}{path}")
        await live(tab)
        return tab

    yield visit
    for tab in context.pages:
        await tab.close()  # Before the server goes, which a page would complain of.


async def live(tab: Page) -> None:
    """Returns when the page says that it is live."""
    await expect(tab.locator("#live")).to_have_attribute("data-state", "on")


async def assert_fit_a_telephone(browser: Browser, url: str, paths: Iterable[str]) -> None:
    """No page is wider than the screen of a telephone."""
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    tab = await context.new_page()
    for path in paths:
        await tab.goto(f"{url}{path}")
        assert await tab.evaluate("document.documentElement.scrollWidth") <= 390, path
    await context.close()
