"""What happens is on the screen: of everybody, at once, and after whatever broke."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from playwright.async_api import BrowserContext, Page, WebSocketRoute, expect

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface import hub
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.browser.conftest import live
from tests.kit.http import served
from tests.kit.interface import interface_over
from tests.kit.process import free_port
from tests.layers.L10.wire import eventually, publish

pytestmark = pytest.mark.anyio

Visit = Callable[[str], Awaitable[Page]]


async def test_an_agent_created_in_one_window_appears_in_another(visit: Visit, l01_local: L01Client) -> None:
    first, second = await visit("/"), await visit("/agents")
    await first.get_by_role("link", name="Create agent").first.click()
    await first.get_by_label("Name", exact=True).fill("made by hand")
    await first.get_by_label("Configuration").fill('{"model": "llama3"}')
    await first.get_by_role("dialog").get_by_role("button", name="Create agent").click()
    for tab in (first, second):
        row = tab.locator("#agent-rows tr").first
        await expect(row).to_contain_text("made by hand")
        await expect(row).to_contain_text("Created")
        await expect(tab.locator("#count-agents")).to_have_text("1")
    await expect(first.get_by_role("dialog")).to_have_count(0)
    await expect(first.locator("#event-rows tr").first).to_contain_text("agent.created")
    await expect(first.locator("#agent-rows a").first).to_be_focused()
    (agent,) = await l01_local.list_agents()
    assert agent["configuration"] == {"model": "llama3"}


async def test_a_row_changes_in_place(visit: Visit, l01_local: L01Client) -> None:
    for name in ("older", "newer"):
        await l01_local.create_agent(name)
    tab = await visit("/")
    older = (await l01_local.list_agents())[1]
    await tab.locator("#agent-rows a", has_text="older").focus()
    await l01_local.update_agent(older["id"], {"status": "active"})
    row = tab.locator("#agent-rows tr").nth(1)
    await expect(row).to_contain_text("Active")
    await expect(row.get_by_role("link")).to_be_focused()
    await expect(tab.locator("#figure-agents strong")).to_have_text("1")


async def test_a_filtered_list_changes_in_place_and_lets_in_who_belongs(
    visit: Visit, l01_local: L01Client
) -> None:
    first = await l01_local.create_agent("first")
    await l01_local.update_agent(first["id"], {"status": "active"})
    tab = await visit("/agents?status=active")
    await l01_local.create_agent("not yet")
    await l01_local.update_agent(first["id"], {"status": "suspended"})
    await expect(tab.locator("#agent-rows tr")).to_contain_text("Suspended")
    second = (await l01_local.list_agents())[0]
    await l01_local.update_agent(second["id"], {"status": "active"})
    await expect(tab.locator("#agent-rows tr")).to_have_count(2)
    await expect(tab.locator("#agent-rows tr").first).to_contain_text("not yet")


async def test_events_stream_in_order_and_none_is_left_out(visit: Visit, l01_local: L01Client) -> None:
    tab = await visit("/events")
    rows = tab.locator("#event-rows tr[data-row] .position")
    for published in range(5, 65, 5):
        await publish(l01_local, 5)
        await expect(rows).to_have_count(published)  # A frame of more than 25 would leave the rest to a link.
    assert await rows.all_inner_texts() == [f"#{position}" for position in range(60, 0, -1)]


async def test_a_flood_stays_readable(visit: Visit, l01_local: L01Client) -> None:
    tab = await visit("/")
    for _ in range(6):
        await publish(l01_local, 500)
    await expect(tab.locator("#event-rows tr[data-row] .position").first).to_have_text("#3000")
    assert await tab.locator("#event-rows tr").count() <= 16
    await expect(tab.locator("#count-events")).to_have_text("3,000")


async def test_a_restart_of_the_server_loses_nothing(
    context: BrowserContext, data_layer: DataLayer, l01_local: L01Client, complaints: list[str]
) -> None:
    port = free_port()
    async with interface_over(data_layer) as first, served(first.app(), port) as url:
        tab = await context.new_page()
        await tab.goto(f"{url}/events")
        await live(tab)
        await publish(l01_local, 2)
        await expect(tab.locator("#event-rows tr")).to_have_count(2)
    await expect(tab.locator("#live")).to_contain_text("Reconnecting")
    await publish(l01_local, 3)
    async with interface_over(data_layer) as second, served(second.app(), port):
        await expect(tab.locator("#event-rows tr")).to_have_count(5)
        await live(tab)
        await publish(l01_local, 1)
        await expect(tab.locator("#event-rows .position").first).to_have_text("#6")
        assert await tab.evaluate("performance.getEntriesByType('navigation').length") == 1
        await tab.close()
    assert all("WebSocket" in complaint or "ws:error" in complaint for complaint in complaints)
    complaints.clear()


async def test_without_a_socket_the_page_asks_every_ten_seconds(
    context: BrowserContext, url: str, l01_local: L01Client, complaints: list[str]
) -> None:
    async def refuse(socket: WebSocketRoute) -> None:
        await socket.close(code=1011)

    tab = await context.new_page()
    await tab.clock.install()
    await tab.route_web_socket("**/ws/events**", refuse)
    await tab.goto(f"{url}/agents")
    await expect(tab.locator("#live")).to_contain_text("Reconnecting")
    await l01_local.create_agent("made meanwhile")
    await tab.clock.fast_forward(21_000)
    await expect(tab.locator("#agent-rows tr").first).to_contain_text("made meanwhile")
    await expect(tab.locator("#live")).to_contain_text("every 10 s")
    complaints.clear()


async def test_a_paused_page_stands_still_and_then_catches_up(
    visit: Visit, interface: HumanInterface, l01_local: L01Client
) -> None:
    tab = await visit("/events")
    await publish(l01_local, 1)
    await expect(tab.locator("#event-rows tr")).to_have_count(1)
    await tab.keyboard.press("p")
    await expect(tab.locator("#live")).to_have_text("Paused")
    await expect(tab.get_by_role("button", name="Go on")).to_have_attribute("aria-pressed", "true")
    await publish(l01_local, 1)
    await publish(l01_local, 4)
    await eventually(lambda: interface.hub.position == 6)
    await expect(tab.locator("#event-rows tr")).to_have_count(1)
    await tab.keyboard.press("p")
    await expect(tab.locator("#event-rows tr")).to_have_count(6)
    await expect(tab.locator("#live")).to_have_text("Live")


async def test_a_page_that_fell_too_far_behind_loads_itself_again(
    visit: Visit, interface: HumanInterface, l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUFFER", 30)
    tab = await visit("/events")
    await tab.keyboard.press("p")
    for _ in range(4):
        await publish(l01_local, 100)
    await eventually(lambda: interface.hub.position == 400)
    await tab.keyboard.press("p")
    rows = tab.locator("#event-rows tr[data-row] .position")
    await expect(rows.first).to_have_text("#400")
    await expect(rows).to_have_count(50)
    await publish(l01_local, 1)
    await expect(rows.first).to_have_text("#401")


async def test_the_socket_lives_on_when_one_goes_to_another_page(visit: Visit, l01_local: L01Client) -> None:
    tab = await visit("/")
    opened: list[str] = []
    tab.on("websocket", lambda socket: opened.append(socket.url))
    await tab.get_by_role("link", name="Events", exact=False).first.click()
    await expect(tab.locator("h1")).to_have_text("Events")
    await publish(l01_local, 1)
    await expect(tab.locator("#event-rows tr")).to_have_count(1)
    await tab.get_by_role("link", name="Layer health").click()
    await expect(tab.locator("#measured")).to_be_visible()
    await expect(tab.locator("#nav [aria-current]")).to_have_text("Layer health")
    await tab.go_back()
    await expect(tab.locator("h1")).to_have_text("Events")
    await publish(l01_local, 1)
    await expect(tab.locator("#event-rows tr")).to_have_count(2)
    assert opened == []


async def test_an_agents_page_follows_its_agent(visit: Visit, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    tab = await visit(f"/agents/{agent['id']}")
    await tab.get_by_role("button", name="Start").click()
    await expect(tab.locator("#agent-head")).to_contain_text("Active")
    await tab.get_by_role("link", name="Timeline").click()
    await expect(tab.locator("#timeline li").first).to_contain_text("agent.active")
    await live(tab)
    await l01_local.update_agent(agent["id"], {"status": "suspended"})
    await expect(tab.locator("#timeline li").first).to_contain_text("agent.suspended")
    await expect(tab.get_by_role("button", name="Resume")).to_be_visible()
    await tab.get_by_role("button", name="Terminate").click()
    await tab.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert (await l01_local.get_agent(agent["id"]))["status"] == "suspended"
    await tab.get_by_role("button", name="Terminate").click()
    await tab.get_by_role("dialog").get_by_role("button", name="Terminate").click()
    await expect(tab.locator("#agent-head")).to_contain_text("Terminated")
    assert (await l01_local.get_agent(agent["id"]))["status"] == "terminated"


async def test_a_filtered_page_shows_what_its_filter_lets_through(visit: Visit, l01_local: L01Client) -> None:
    await publish(l01_local, 1, "door.opened")
    tab = await visit("/events?event_type=door.*")
    await publish(l01_local, 3)
    await l01_local.publish_event("door.closed", "door", uuid4(), {})
    await expect(tab.locator("#event-rows tr").first).to_contain_text("door.closed")
    await expect(tab.locator("#event-rows tr")).to_have_count(2)
    await expect(tab.locator("#kind-bell")).to_have_count(0)


async def test_another_page_begins_live(visit: Visit, l01_local: L01Client) -> None:
    tab = await visit("/events")
    await tab.keyboard.press("p")
    await expect(tab.locator("#live")).to_have_text("Paused")
    await tab.get_by_role("link", name="Overview").click()
    await expect(tab.locator("#live")).to_have_text("Live")
    await publish(l01_local, 1)
    await expect(tab.locator("#event-rows tr")).to_have_count(1)


async def test_a_page_takes_nothing_that_is_for_the_one_before(visit: Visit, l01_local: L01Client) -> None:
    first, second = [await l01_local.create_agent(name) for name in ("first", "second")]
    tab = await visit(f"/agents/{first['id']}")
    await tab.evaluate("htmx.config.defaultSettleDelay = 2000")  # As on a machine that has much to do.
    await tab.evaluate(
        f"void htmx.ajax('GET', '/agents/{second['id']}', {{target: '#main', swap: 'outerHTML', push: 'true'}})"
    )
    await expect(tab.locator("h1")).to_have_text("second")
    await l01_local.update_agent(first["id"], {"status": "active"})
    await expect(tab.locator("#main.htmx-settling")).to_have_count(0)
    await expect(tab.locator("#main")).not_to_contain_text("Active")
    await l01_local.update_agent(second["id"], {"status": "terminated"})
    await expect(tab.locator("#main")).to_contain_text("Terminated")
    await expect(tab.locator("#main")).not_to_contain_text("Active")
