"""The pages, as they are without a script: readable, safe, each with its own address."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import httpx2
import pytest

from agentic.layers.base.common_errors import DatabaseUnavailableError
from agentic.layers.base.error_catalogue import catalogue
from agentic.layers.base.layer import Health
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from agentic.layers.L01_data_layer.models.event import EventKind
from agentic.layers.L10_human_interface.layer import HumanInterface
from tests.layers.L10.wire import PATIENCE, eventually, page, publish

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-7000-8000-000000000000"

PAGES = ("/", "/agents", "/agents/new", "/events", "/layers", "/errors")
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def placed(interface: HumanInterface, position: int) -> None:
    await eventually(lambda: interface.hub.position >= position)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_says_where_one_is_and_forbids_foreign_code(
    browser: httpx2.AsyncClient, path: str
) -> None:
    answer = await browser.get(path)
    assert answer.status_code == 200
    assert answer.text.startswith("<!doctype html>")
    assert answer.text.count("<h1") == 1
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "HX-Request" in answer.headers["vary"]
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|javascript:", answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_navigation_gets_only_what_changes(browser: httpx2.AsyncClient, path: str) -> None:
    part = (await browser.get(path, headers=PART)).text
    assert "<html" not in part
    assert '<main id="main"' in part
    assert "<title>" in part
    whole = (await browser.get(path, headers={"HX-Request": "true", "HX-Request-Type": "full"})).text
    assert whole.startswith("<!doctype html>")


async def test_nothing_there_says_what_comes_next(browser: httpx2.AsyncClient) -> None:
    assert "Create the first one here" in (await browser.get("/agents")).text
    assert "They appear here as they happen" in (await browser.get("/events?range=all")).text
    overview = (await browser.get("/")).text
    assert "No model calls yet" in overview


async def test_the_overview_shows_what_there_is(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    agent = await l01_local.create_agent("researcher")
    await l01_local.update_agent(agent["id"], {"status": "active"})
    await l01_local.record_model_usage(agent["id"], "ollama", "llama3", 1200, 300, 850, 0.25)
    await placed(interface, 3)
    page = (await browser.get("/")).text
    assert re.search(r"Active agents</span>\s*<strong>1<", page)
    assert re.search(r"Events today</span>\s*<strong>3<", page)
    assert re.search(r"Tokens today</span>\s*<strong>1,500<", page)
    assert "1 call, $0.25 estimated" in page
    assert re.search(r"Model latency p95</span>\s*<strong>850 ms<", page)
    assert "L01" in page
    assert f'href="/agents/{agent["id"]}"' in page
    assert "model_usage.<wbr>created" not in page  # A name is broken after underscores too.
    assert "model_<wbr>usage.<wbr>created" in page


async def test_an_agent_is_created_by_a_plain_form(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    form = {"name": " planner ", "agent_type": "", "configuration": '{"model": "llama3"}'}
    answer = await browser.post("/agents", data=form)
    assert answer.status_code == 303
    (agent,) = await l01_local.list_agents()
    assert answer.headers["location"] == f"/agents/{agent['id']}"
    assert (agent["name"], agent["agent_type"], agent["configuration"]) == (
        "planner",
        "general",
        {"model": "llama3"},
    )


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"name": ""}, "name", "at least 1 character"),
        ({"name": "x" * 256}, "name", "at most 255 characters"),
        ({"name": "x", "configuration": "{oops"}, "configuration", "Not valid JSON"),
        ({"name": "x", "configuration": "[1]"}, "configuration", "Must be a JSON object"),
        ({"name": "nul\x00"}, "name", "NUL"),
    ],
)
async def test_a_form_that_is_refused_comes_back_as_it_was(
    browser: httpx2.AsyncClient, l01_local: L01Client, form: dict[str, str], field: str, words: str
) -> None:
    for prefix, more in (("new", {}), ("agent", {"dialog": "yes"})):
        answer = await browser.post("/agents", data={**form, **more})
        assert answer.status_code == 422
        assert re.search(rf'id="{prefix}-{field}-problem">.*{words}', answer.text, re.S)
        assert f'id="{prefix}-{field}"' in answer.text
        if form["name"].strip("\x00"):
            assert f'value="{form["name"][:3]}' in answer.text
    assert await l01_local.list_agents() == []


async def test_what_people_write_is_never_markup(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    bad = "<img src=x onerror=alert(1)>\"'"
    agent = await l01_local.create_agent(bad, bad[:100], {bad: bad})
    event = (await l01_local.query_events())[0]
    await placed(interface, 1)
    paths = ("/", "/agents", f"/agents/{agent['id']}", f"/agents/{agent['id']}/configuration", "/events")
    for path in (*paths, f"/events/{event['id']}", f"/events/{event['id']}/peek", "/search?q=img"):
        assert "<img" not in (await browser.get(path)).text, path


async def test_types_may_have_any_name(
    browser: httpx2.AsyncClient, url: str, l01_local: L01Client, interface: HumanInterface
) -> None:
    bad = '"><img src=x>/ #{}.done'
    async with page(url, "events", "after=0&range=all") as reader:
        await publish(l01_local, 1, bad)
        frame = await reader.until("event-rows")
        while "kind-" not in frame["content"]:
            frame = await reader.frame()
            await reader.acknowledge()
    chip = re.search(r'hx-target="#(kind-[0-9a-f]{12})"', frame["content"])
    assert chip is not None
    shown = (await browser.get("/events")).text
    assert f'id="{chip[1]}"' in shown
    for text in (shown, *(frame["content"] for frame in reader.frames)):
        assert "<img" not in text


async def test_what_nobody_foresaw_is_a_page_too(
    browser: httpx2.AsyncClient, interface: HumanInterface, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(interface.site.figures, "counts", broken)
    answer = await browser.get("/agents/new")
    assert answer.status_code == 500
    assert "The log has the details" in answer.text
    assert "secret detail" not in answer.text


async def test_health_says_when_the_data_layer_is_gone(
    browser: httpx2.AsyncClient, interface: HumanInterface, data_layer: DataLayer
) -> None:
    ready = (await browser.get("/health/ready")).json()
    assert ready["status"] == "ok"
    assert ready["checks"]["live events"]["status"] == "ok"
    await data_layer.database.close()
    answer = await browser.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["data layer"]["status"] == "down"
    page = await browser.get("/agents")
    assert page.status_code == 503
    assert page.text.startswith("<!doctype html>")


async def test_the_life_of_an_agent_is_in_its_buttons(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    agent = await l01_local.create_agent("worker")
    path = f"/agents/{agent['id']}"

    async def buttons() -> list[str]:
        head = (await browser.get(path)).text.partition('id="agent-head"')[2].partition("Views")[0]
        return [word for word in ("Start", "Resume", "Suspend", "Terminate") if f"{word}</button>" in head]

    assert await buttons() == ["Start", "Terminate"]
    answer = await browser.post(f"{path}/status", data={"status": "active"})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert await buttons() == ["Suspend", "Terminate"]
    await browser.post(f"{path}/status", data={"status": "suspended"})
    assert await buttons() == ["Resume", "Terminate"]
    sure = await browser.get(f"{path}/terminate")
    assert "cannot be started again" in sure.text
    await browser.post(f"{path}/status", data={"status": "terminated"})
    assert await buttons() == []
    refused = await browser.post(f"{path}/status", data={"status": "active"}, headers=PART)
    assert refused.status_code == 409
    assert refused.json()["code"] == "E1020"


async def test_agents_are_found_by_status_type_and_a_part_of_the_name(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    planner = await l01_local.create_agent("Research planner", "planner")
    writer = await l01_local.create_agent("Code writer", "coder")
    await l01_local.update_agent(writer["id"], {"status": "active"})
    for query, there, absent in (
        ("status=active", writer, planner),
        ("search=plan", planner, writer),
        ("agent_type=coder", writer, planner),
    ):
        page = (await browser.get(f"/agents?{query}")).text
        assert f'id="agent-{there["id"]}"' in page
        assert f'id="agent-{absent["id"]}"' not in page
        assert "Agents found" in page
    assert "No agent matches" in (await browser.get("/agents?search=nobody")).text


async def test_long_lists_go_on(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    for number in range(60):
        await l01_local.create_agent(f"agent {number}")
    seen: list[str] = []
    path: str | None = "/agents"
    while path:
        page = (await browser.get(path)).text
        seen += re.findall(r'<tr id="agent-([^"]+)"', page)
        link = re.search(r'href="([^"]+)" rel="next"', page)
        path = link[1].replace("&amp;", "&") if link else None
    assert len(seen) == len(set(seen)) == 60


async def test_events_are_filtered_by_their_address_alone(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    bell = await publish(l01_local, 3)
    await publish(l01_local, 2, "door.opened")
    await publish(l01_local, 1, "door.closed")
    await placed(interface, 6)

    async def rows(query: str) -> int:
        return (await browser.get(f"/events?{query}")).text.count("<tr id=")

    assert await rows("") == 6
    assert await rows("event_type=door.*") == 3
    assert await rows("event_type=door.opened,bell.*") == 5
    assert await rows(f"aggregate_id={bell}") == 3
    assert await rows("since=2001-01-01T00:00:00Z&until=2001-01-02T00:00:00Z") == 0
    page = (await browser.get("/events?event_type=door.*")).text
    assert 'href="/events?event_type=door.opened"' in page
    assert 'href="/events?event_type=door.%2A%2Cbell.%2A"' in page
    assert page.count('class="bar"') == 60
    assert "3 events" in page


def chips(html: str) -> dict[str, str]:
    """What the filters say, and the number beside each."""
    found = re.findall(r'<a class="chip"[^>]*>([^<]+)<span class="count"[^>]*>([^<]*)</span></a>', html)
    return dict(found)


async def test_the_number_beside_a_filter_is_that_of_what_it_shows(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    bell = await publish(l01_local, 3)
    await publish(l01_local, 2, "door.opened")
    await publish(l01_local, 1, "door.closed")
    await placed(interface, 6)
    (third,) = (await l01_local.events.list(after=2, limit=1))["items"]
    past = f"since={third['created_at']}&until=2999-01-01T00:00:00Z"
    for query, expected in (
        ("", {"All": 6, "bell": 3, "door": 3}),
        ("range=all", {"All": 6, "bell": 3, "door": 3}),
        ("range=15m&event_type=bell.*", {"All": 6, "bell": 3, "door": 3}),
        ("event_type=door.*", {"All": 6, "bell": 3, "door": 3, "door.opened": 2, "door.closed": 1}),
        (f"aggregate_id={bell}", {"All": 3, "bell": 3, "door": 0}),
        ("since=2001-01-01T00:00:00Z&until=2001-01-02T00:00:00Z", {"All": 0, "bell": 0, "door": 0}),
        (past, {"All": 4, "bell": 1, "door": 3}),
        ("as_of=4", {"All": 4, "bell": 3, "door": 1}),
        ("correlation_id=nobodys", {"All": 0, "bell": 0, "door": 0}),
    ):
        page = (await browser.get(f"/events?{query}")).text
        assert chips(page) == {name: str(count) for name, count in expected.items()}, query
        for link in re.findall(r'<a class="chip" href="([^"]*event_type=[^"]*)"', page):
            shown = (await browser.get(link.replace("&amp;", "&"))).text
            chosen = re.findall(r'<a class="chip"[^>]* aria-current="true">[^<]+<span[^>]*>(\d+)', shown)
            assert shown.count("<tr id=") == sum(map(int, chosen)), link


async def test_what_takes_long_to_count_is_no_number(
    browser: httpx2.AsyncClient,
    l01_local: L01Client,
    interface: HumanInterface,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await publish(l01_local, 3)
    await placed(interface, 3)
    kinds = interface.site.l01.events.kinds

    async def slow(**query: object) -> list[EventKind]:
        if query:
            await asyncio.sleep(60)
        return await kinds(**query)

    monkeypatch.setattr(interface.site.l01.events, "kinds", slow)
    assert chips((await browser.get("/events")).text) == {"All": "", "bell": ""}
    assert chips((await browser.get("/events?range=all")).text) == {"All": "3", "bell": "3"}


async def test_the_number_beside_a_status_stands_only_where_it_is_true(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    await l01_local.create_agent("one")
    await l01_local.create_agent("two", "planner")
    await placed(interface, 2)
    assert chips((await browser.get("/agents")).text)["Any status"] == "2"
    for query in ("search=one", "agent_type=planner", "as_of=1"):
        page = (await browser.get(f"/agents?{query}")).text
        assert chips(page) == {} and 'id="status-' not in page


async def test_the_past_is_shown_as_it_was(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    agent = await l01_local.create_agent("before", config={"depth": 1})
    await l01_local.update_agent(agent["id"], {"name": "after", "configuration": {"depth": 2}})
    await l01_local.create_agent("later")
    await placed(interface, 3)
    agents = (await browser.get("/agents?as_of=1")).text
    assert ">before</a>" in agents
    assert ">after</a>" not in agents
    assert "later" not in agents.partition("<main")[2]
    assert re.search(r"As it was at <time.*?position #1", agents, re.S)
    assert 'data-view=""' in agents
    one = (await browser.get(f"/agents/{agent['id']}/configuration?as_of=1")).text
    assert '<span class="j-number">1</span>' in one
    assert "Terminate" not in one.partition("<main")[2].partition("</main>")[0]
    timeline = (await browser.get(f"/agents/{agent['id']}?as_of=1")).text
    assert timeline.count("data-row") == 1
    events = (await browser.get("/events?as_of=2")).text
    assert events.count("<tr id=") == 2
    assert "2 events" in events
    created = (await l01_local.query_events(event_type="agent.created"))[-1]
    assert (
        f"/agents/{agent['id']}/configuration?as_of=1" in (await browser.get(f"/events/{created['id']}")).text
    )


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/events?as_of=yesterday", 422, "as_of"),
        ("/agents?as_of=yesterday", 422, "as_of"),
        ("/events?range=forever", 422, "range"),
        ("/events?since=yesterday", 422, "since"),
        ("/events?cursor=x", 422, "cursor"),
        ("/agents?cursor=x", 422, "cursor"),
        ("/agents/nobody", 422, "not a UUID"),
        (f"/agents/{NOBODY}", 404, "There is no agent"),
        (f"/events/{NOBODY}", 404, "There is no event"),
        ("/nowhere", 404, "nothing at this address"),
    ],
)
async def test_errors_are_pages_for_people_and_problems_for_programs(
    browser: httpx2.AsyncClient, path: str, status: int, words: str
) -> None:
    answer = await browser.get(path)
    assert answer.status_code == status
    assert answer.text.startswith("<!doctype html>")
    assert words in answer.text
    problem = await browser.get(path, headers={"accept": "application/json"})
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    assert words in problem.json()["detail"]
    assert f'href="{problem.json()["type"]}"' in answer.text


async def test_the_page_of_errors_has_each_at_its_anchor(browser: httpx2.AsyncClient) -> None:
    shown = (await browser.get("/errors")).text
    assert re.findall(r'<article class="entry" id="([^"]+)"', shown) == [e.code.lower() for e in catalogue()]
    assert 'href="/errors"' in (await browser.get("/search?q=error")).text


async def test_the_page_of_errors_is_there_when_the_data_layer_is_not(
    browser: httpx2.AsyncClient, interface: HumanInterface, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone() -> None:
        raise DatabaseUnavailableError

    monkeypatch.setattr(interface.site.figures, "counts", gone)
    answer = await browser.get("/errors")
    assert answer.status_code == 200
    assert 'id="e1010"' in answer.text


async def test_an_event_names_its_cause_and_what_it_caused(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    first = await l01_local.publish_event("order.placed", "order", uuid4(), {"total": 12.5, "none": None})
    with traced(causation_id=first["id"], correlation_id="one-request", actor="planner"):
        second = await l01_local.publish_event("invoice.sent", "invoice", uuid4(), {})
    await placed(interface, 2)
    cause = (await browser.get(f"/events/{first['id']}")).text
    effect = (await browser.get(f"/events/{second['id']}")).text
    assert f'href="/events/{second["id"]}"' in cause.partition("What it caused")[2]
    assert (
        f'href="/events/{first["id"]}"'
        in effect.partition("What caused it")[2].partition("What it caused")[0]
    )
    assert "planner" in effect
    assert 'href="/events?correlation_id=one-request"' in effect
    assert '<span class="j-number">12.5</span>' in cause
    assert f'href="/events/{second["id"]}" rel="next"' in cause
    assert f'href="/events/{first["id"]}" rel="prev"' in effect
    assert (await browser.get("/events?correlation_id=one-request")).text.count("<tr id=") == 1
    assert (await browser.get(f"/events/{first['id']}/json")).json()["payload"] == {
        "total": 12.5,
        "none": None,
    }
    opened = (await browser.get(f"/events?open={first['id']}")).text
    assert "What caused it" in opened


async def test_a_cause_that_is_no_event_is_no_error(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    for cause in ("the weather", str(uuid4())):
        with traced(causation_id=cause):
            event = await l01_local.publish_event("order.placed", "order", uuid4(), ["x"])
        assert "An event that is not in the log" in (await browser.get(f"/events/{event['id']}")).text


async def test_a_payload_too_large_to_show_can_be_opened(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    event = await l01_local.publish_event("file.read", "file", uuid4(), {"text": "x" * 200_000})
    page = (await browser.get(f"/events/{event['id']}")).text
    assert len(page) < 30_000
    assert "200.0 kB of JSON" in page


async def test_the_theme_is_in_the_page_before_it_is_painted(browser: httpx2.AsyncClient) -> None:
    assert "data-theme" not in (await browser.get("/")).text.partition("<body")[0]
    chosen = await browser.post("/theme", data={"theme": "dark", "back": "/events?range=1h"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/events?range=1h")
    assert '<html lang="en" data-theme="dark">' in (await browser.get("/")).text
    for back in ("//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example"):
        away = await browser.post("/theme", data={"theme": "light", "back": back})
        assert away.headers["location"] == "/"
    assert (await browser.post("/theme", data={"theme": "<"})).status_code == 422


async def test_the_palette_finds_pages_commands_agents_and_events(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    agent = await l01_local.create_agent("Research planner")
    await placed(interface, 1)
    event = (await l01_local.query_events())[0]
    everything = (await browser.get("/search")).text
    assert 'data-href="/layers"' in everything
    assert 'data-command="c"' in everything
    for query in ("search plan", "PLANNER", agent["id"]):
        found = (await browser.get("/search", params={"q": query.removeprefix("search ")})).text
        assert f'data-href="/agents/{agent["id"]}"' in found
    assert "event_type=agent.created" in (await browser.get("/search?q=created")).text
    assert f'data-href="/events/{event["id"]}"' in (await browser.get(f"/search?q={event['id']}")).text
    assert "Nothing found" in (await browser.get("/search?q=zzzz")).text


async def test_health_is_what_was_measured(
    browser: httpx2.AsyncClient, data_layer: DataLayer, interface: HumanInterface
) -> None:
    await interface.monitor.measure()
    page = (await browser.get("/layers")).text
    assert "All 2 layers ready" in page
    assert re.search(r'id="L01">.*?Ready.*?<b>database</b> answers', page, re.S)

    async def broken() -> None:
        raise ConnectionError("no route")

    interface.context.health_checks["L11"] = broken  # type: ignore[assignment]
    await interface.monitor.measure()
    page = (await browser.get("/layers")).text
    assert "2 of 3 layers ready" in page
    assert re.search(r'id="L11">.*?Down.*?no route', page, re.S)
    assert "L02" not in page
    assert re.search(r'id="L11">.*?title="([1-9]) of \1">\1</td>', page, re.S)
    assert re.search(r'id="L01">.*?title="0 of [2-9]">0</td>', page, re.S)


async def test_each_layer_shows_the_last_event_of_its_work(
    browser: httpx2.AsyncClient, l01_local: L01Client, interface: HumanInterface
) -> None:
    async def fine() -> Health:
        return {"status": "ok", "layer": "", "checks": {}}

    for layer_id in ("L02", "L09"):
        interface.context.health_checks[layer_id] = fine
    assert "none" in cells((await browser.get("/layers")).text)["L01"]
    agent = await l01_local.create_agent("one")
    await l01_local.update_agent(agent["id"], {"status": "active"})
    await l01_local.create_goal(agent["id"], "go somewhere")
    await placed(interface, 3)
    newest = {event["event_type"]: event["id"] for event in await l01_local.query_events()}

    async with asyncio.timeout(PATIENCE):
        while "goal." not in (last := cells((await browser.get("/layers")).text))["L01"]:
            await asyncio.sleep(0.05)
    assert f'/events/{newest["goal.created"]}"><code>goal.<wbr>created<' in last["L01"]
    assert f'/events/{newest["agent.active"]}"><code>agent.<wbr>active<' in last["L02"]
    assert "<time" in last["L02"]
    assert "none" in last["L09"] and "none" in last["L10"]


def cells(page: str) -> dict[str, str]:
    """What the rows of the layers say of their last events."""
    return dict(re.findall(r'<tr id="(L\d\d)">.*?<td class="last">(.*?)</td>', page, re.S))


async def test_health_is_shown_when_the_data_layer_is_gone(
    browser: httpx2.AsyncClient, url: str, interface: HumanInterface, data_layer: DataLayer
) -> None:
    await data_layer.database.close()
    await interface.monitor.measure()
    answer = await browser.get("/layers")
    assert answer.status_code == 200
    assert re.search(r'id="L01">.*?Down', answer.text, re.S)
    async with page(url, "layers", "after=0") as reader:
        await reader.until('hx-target="#measured"')


async def test_files_are_cached_for_ever_under_the_hash_of_their_content(
    browser: httpx2.AsyncClient,
) -> None:
    page = (await browser.get("/")).text
    paths = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert {path.partition("?")[0] for path in paths} >= {"/static/app.css", "/static/app.js"}
    for path in paths:
        answer = await browser.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        if "svg" not in path or "lucide" in path:
            assert answer.headers["content-encoding"] == "gzip"
        again = await browser.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert "immutable" not in (await browser.get("/static/app.css?v=old")).headers["cache-control"]
    for path in ("/static/nothing.css", "/static/../pyproject.toml", "/static/%2e%2e/%2e%2e/pyproject.toml"):
        assert (await browser.get(path)).status_code == 404


async def test_the_first_visit_is_light(browser: httpx2.AsyncClient) -> None:
    size = 0
    page = await browser.get("/")
    size += int(page.headers["content-length"])
    for path in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)):
        size += int((await browser.get(path)).headers["content-length"])
    assert size <= 45_000


async def test_slash_or_no_slash(browser: httpx2.AsyncClient) -> None:
    assert (await browser.get("/events/")).status_code == 200
