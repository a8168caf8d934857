"""The socket of a page: frames that the page has time to paint, and a word when it should load itself again."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import pytest
from websockets.exceptions import ConnectionClosed

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L10_human_interface import hub
from agentic.layers.L10_human_interface.layer import HumanInterface
from agentic.layers.L10_human_interface.settings import L10Settings
from tests.kit.http import served
from tests.kit.interface import interface_over
from tests.layers.L10.wire import Page, eventually, page, publish, told

pytestmark = pytest.mark.anyio


@pytest.fixture
async def eager(data_layer: DataLayer) -> AsyncGenerator[tuple[HumanInterface, str]]:
    """An interface that pings at once, and replays no more than ten events."""
    settings = L10Settings(ping_interval=0.02, replay_limit=10)
    async with interface_over(data_layer, settings) as layer, served(layer.app()) as url:
        yield layer, url


async def test_an_event_comes_as_the_row_of_the_page(url: str, l01_local: L01Client) -> None:
    async with page(url, "events", "after=0&sequence=7") as reader:
        await publish(l01_local, 1)
        frame = await reader.until("bell.")
    assert frame["sequence"] == 7
    assert frame["position"] == 1
    assert frame["count"] == 1
    assert 'hx-target="#event-rows" hx-swap="rows"' in frame["content"]
    assert re.search(r'<tr id="event-[0-9a-f-]{36}"', frame["content"])


async def test_one_frame_is_in_flight_until_the_page_painted_it(
    eager: tuple[HumanInterface, str], l01_local: L01Client
) -> None:
    layer, url = eager
    async with page(url, "events", "after=0") as reader:
        await publish(l01_local, 1)
        first = await reader.frame()
        while "event-rows" not in first["content"]:
            await reader.acknowledge()
            first = await reader.frame()
        await publish(l01_local, 60)
        await eventually(lambda: layer.hub.position == 61)
        pings = [await told(reader.socket) for _ in range(3)]
        assert all("content" not in ping for ping in pings)
        await reader.acknowledge()
        second = await reader.frame()
    assert second["count"] == 60
    assert second["position"] == 61
    assert second["content"].count("<tr id=") == 25
    assert ">+35 more</a>" in second["content"]


async def test_the_link_to_the_rest_leads_to_it(
    eager: tuple[HumanInterface, str], l01_local: L01Client
) -> None:
    _, url = eager
    async with page(url, "events", "after=0&event_type=bell.*") as reader:
        await publish(l01_local, 1)
        await reader.frame()
        await publish(l01_local, 30)
        await reader.acknowledge()
        frame = await reader.until("more</a>")
    link = re.search(r'href="(/events\?[^"]*cursor=\d+)"', frame["content"])
    assert link is not None
    assert "event_type=bell" in link[1]


async def test_what_a_page_missed_for_a_moment_is_sent(
    url: str, interface: HumanInterface, l01_local: L01Client
) -> None:
    await publish(l01_local, 4)
    await eventually(lambda: interface.hub.position == 4)
    async with page(url, "events", "after=1") as reader:
        frame = await reader.until("event-rows")
    assert frame["count"] == 3
    assert frame["content"].count("<tr id=") == 3


@pytest.mark.parametrize("after", [0, 5000])
async def test_a_page_from_too_long_ago_or_another_log_is_told_to_load_itself(
    eager: tuple[HumanInterface, str], l01_local: L01Client, after: int
) -> None:
    layer, url = eager
    await publish(l01_local, 20)
    await eventually(lambda: layer.hub.position == 20)
    async with page(url, "events", f"after={after}&sequence=1") as reader:
        assert await told(reader.socket) == {"sequence": 1, "reset": True}
        await reader.wish(view="events", query="", after=20, sequence=2)
        await publish(l01_local, 1)
        frame = await reader.until("event-rows")
    assert (frame["sequence"], frame["count"]) == (2, 1)


async def test_a_page_that_paints_too_slowly_is_told_to_load_itself(
    eager: tuple[HumanInterface, str], l01_local: L01Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "BUFFER", 30)
    layer, url = eager
    async with page(url, "events", "after=0") as reader:
        await reader.frame()
        await publish(l01_local, 100)
        await eventually(lambda: layer.hub.position == 100)
        await reader.acknowledge()
        while not (message := await told(reader.socket)).get("reset"):
            assert "content" not in message


async def test_an_agent_changes_in_place_and_goes(url: str, l01_local: L01Client) -> None:
    async with page(url, "agents", "after=0") as reader:
        agent = await l01_local.create_agent("<b>bold</b>")
        made = await reader.until(f"agent-{agent['id']}")
        await l01_local.update_agent(agent["id"], {"status": "active"})
        changed = await reader.until("Active")
        await l01_local.delete_agent(agent["id"])
        gone = await reader.until('hx-swap="delete"')
    assert "&lt;b&gt;bold&lt;/b&gt;" in made["content"]
    assert "<b>bold" not in made["content"]
    assert f'<tr id="agent-{agent["id"]}"' in changed["content"]
    assert f'hx-target="#agent-{agent["id"]}" hx-swap="delete"' in gone["content"]


async def test_an_agent_that_changed_often_is_sent_once_as_it_is_now(
    eager: tuple[HumanInterface, str], l01_local: L01Client
) -> None:
    layer, url = eager
    agent = await l01_local.create_agent("busy")
    await eventually(lambda: layer.hub.position == 1)
    async with page(url, "agents", "after=1") as reader:
        await l01_local.update_agent(agent["id"], {"name": "busy 0"})
        await reader.frame()
        for number in range(1, 20):
            await l01_local.update_agent(agent["id"], {"name": f"busy {number}"})
        await eventually(lambda: layer.hub.position == 21)
        await reader.acknowledge()
        frame = await reader.until("busy 19")
    assert frame["content"].count("<tr") == 1


async def test_a_filter_keeps_new_agents_out_and_old_ones_up_to_date(url: str, l01_local: L01Client) -> None:
    async with page(url, "agents", "after=0&status=active&search=WORK") as reader:
        agent = await l01_local.create_agent("worker")
        kept_out = await reader.until(f"agent-{agent['id']}")
        await l01_local.update_agent(agent["id"], {"status": "active"})
        let_in = await reader.until("Active</span>")
        other = await l01_local.create_agent("other")
        await l01_local.update_agent(other["id"], {"status": "active"})
        await reader.until(f"agent-{other['id']}")
    assert 'hx-swap="rows known:true"' in kept_out["content"]
    assert 'hx-swap="rows">' in let_in["content"]
    assert not any(
        'hx-swap="rows">' in frame["content"] for frame in reader.frames if "other" in frame["content"]
    )


async def test_the_histogram_of_the_log_moves_on(url: str, l01_local: L01Client) -> None:
    async with page(url, "events", "after=0&range=all") as reader:
        await reader.until('hx-target="#chart"')


async def test_the_overview_sends_figures_and_counts_as_they_change(url: str, l01_local: L01Client) -> None:
    async with page(url, "overview", "after=0") as reader:
        await reader.until('id="figures"')
        await l01_local.create_agent("one more")
        await reader.until('hx-target="#count-agents" hx-swap="textContent">1<')


async def test_an_agents_page_gets_its_timeline_and_state(url: str, l01_local: L01Client) -> None:
    agent, other = await l01_local.create_agent("mine"), await l01_local.create_agent("other")
    async with page(url, "agent", f"aggregate_id={agent['id']}") as reader:
        await l01_local.update_agent(other["id"], {"status": "active"})
        await l01_local.update_agent(agent["id"], {"status": "active"})
        frame = await reader.until("agent.active")
    assert 'hx-target="#timeline" hx-swap="rows"' in frame["content"]
    assert 'id="agent-head"' in frame["content"]
    assert "Suspend" in frame["content"]
    assert not any("other" in frame["content"] for frame in reader.frames)


async def test_a_page_that_is_not_live_comes_back_after_a_restart(
    data_layer: DataLayer, l01_local: L01Client
) -> None:
    await publish(l01_local, 5)
    async with interface_over(data_layer) as layer:
        await eventually(lambda: layer.hub.position == 5)
    async with (
        interface_over(data_layer) as layer,
        served(layer.app()) as url,
        page(url, "", "after=2") as reader,
    ):
        await reader.until('hx-target="#count-events" hx-swap="textContent">5<')


async def test_the_same_socket_serves_the_next_page(url: str, l01_local: L01Client) -> None:
    async with page(url, "layers") as reader:
        await reader.until('id="measured"')
        await reader.wish(view="events", query="event_type=door.*", after=0, sequence=2)
        await publish(l01_local, 1)
        await publish(l01_local, 1, "door.opened")
        frame = await reader.until("event-rows")
    assert frame["sequence"] == 2
    assert "opened" in frame["content"]
    assert "rung" not in frame["content"]


@pytest.mark.parametrize(
    "said",
    ["nonsense", "[]", "{" + " " * 5000 + "}", '{"view": "nowhere"}', '{"view": "events", "after": "x"}'],
)
async def test_a_page_that_cannot_be_understood_is_closed(url: str, said: str) -> None:
    async with page(url, "events") as reader:
        await reader.socket.send(said)
        with pytest.raises(ConnectionClosed) as closed:
            await _to_the_end(reader)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007


async def _to_the_end(reader: Page) -> None:
    while True:
        await told(reader.socket)


async def test_an_unknown_view_is_refused(url: str) -> None:
    async with page(url, "nowhere") as reader:
        with pytest.raises(ConnectionClosed, match="nowhere"):
            await told(reader.socket)
