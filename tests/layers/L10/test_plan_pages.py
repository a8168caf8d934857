"""The pages about goals, plans and lineages, as they are without a script, and what their forms do."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L10.planned import LONG, addresses, planned
from tests.layers.L10.test_run_pages import PART, at, sent

pytestmark = pytest.mark.anyio

NOBODY = "00000000-0000-7000-8000-000000000000"


async def test_every_page_is_there_whole_and_in_part(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    for path in addresses(await planned(l01_local)):
        page = await at(browser, path)
        assert page.startswith("<!doctype html>"), path
        assert page.count("<h1") == 1, path
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|javascript:", page), path
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), (path, sorted({name for name in ids if ids.count(name) > 1}))
        for markup in ("<b>the", "<i>a", "<em>", "<s>step", "<u>little", "Read <it>", "<b>work"):
            assert markup not in page, (path, markup)
        part = (await browser.get(path, headers=PART)).text
        assert "<html" not in part and '<main id="main"' in part, path


async def test_nothing_there_says_what_comes_next(browser: httpx2.AsyncClient) -> None:
    assert "Say what is to be reached" in await at(browser, "/goals")
    assert "No goal matches" in await at(browser, "/goals?status=failed")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/goals?priority=high", 422),
        ("/goals/x", 422),
        (f"/goals/{NOBODY}", 404),
        (f"/plans/{NOBODY}", 404),
        (f"/lineage/goal/{NOBODY}", 404),
        (f"/lineage/odd/{NOBODY}", 422),
        ("/lineage/goal/x", 422),
        ("/lineage?id=x", 422),
        (f"/lineage?id={NOBODY}", 422),
    ],
)
async def test_what_is_not_there_gets_a_page_that_says_so(
    browser: httpx2.AsyncClient, path: str, status: int
) -> None:
    answer = await browser.get(path)
    assert (answer.status_code, "<h1" in answer.text) == (status, True)


async def test_the_graph_says_in_words_what_it_shows(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await planned(l01_local)
    page = await at(browser, f"/plans/{there.plan}")
    nodes = re.findall(r'<div class="node (\w+) is-(\w+)" id="task-(\d)".*?</div>', page, re.S)
    states = {int(number): (tone, status) for tone, status, number in nodes}
    assert states[1] == ("success", "completed")
    assert states[2] == ("running", "running")
    assert states[3] == ("error", "failed")
    assert states[7] == ("neutral", "planned")
    for word in ("Completed", "Running", "Failed", "Ready", "Skipped", "Planned"):
        assert f"{word}</span>" in page
    assert "after read, count" in page
    assert f'href="/plans/{there.plan}/tasks/read"' in page
    assert "3 of 7" in page and "Next failure: count" in page


async def test_a_step_opens_what_did_it_and_leads_to_the_next_failure(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await planned(l01_local)
    page = await at(browser, f"/plans/{there.plan}/tasks/read")
    assert f'href="/runs/{there.run}"' in page
    assert f'href="/plans/{there.plan}/tasks/count"' in page
    assert "/lineage/task/" in page
    peek = await at(browser, f"/plans/{there.plan}/tasks/fetch/peek")
    assert "&lt;a&gt;" in peek and "<html" not in peek
    assert (await browser.get(f"/plans/{there.plan}/tasks/nobody")).status_code == 404


async def test_a_wrong_plan_is_drawn_with_the_line_that_closes_the_circle(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await planned(l01_local)
    assert 'class="edge back"' in await at(browser, f"/plans/{there.wrong}")


async def test_a_long_plan_is_listed_a_leaf_at_a_time(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await planned(l01_local)
    first, last = [await at(browser, f"/plans/{there.long}?leaf={leaf}") for leaf in (0, 3)]
    assert first.count('<tr id="task-') == 100 and "leaf=1" in first
    assert last.count('<tr id="task-') == LONG - 300 and f'id="task-{LONG}"' in last and "leaf=4" not in last


async def test_a_plan_is_shown_as_it_was(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    plan = await l01_local.create_plan(None, None, [{"id": "old"}])
    await l01_local.update_plan(plan["id"], {"steps": [{"id": "new"}, {"id": "newer"}]})
    page = await at(browser, f"/plans/{plan['id']}")
    versions = re.findall(r'href="(/plans/[^"]+\?as_of=\d+)"', page)
    assert len(versions) == 2 and "newer" in page
    before = await at(browser, versions[1])
    assert "/tasks/old" in before and "newer" not in before and "Approve" not in before


async def test_specified_tasks_stand_for_the_steps_in_their_order(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    plan = await l01_local.create_plan(None, None, ["wash", "dry"])
    for name in ("wash", "dry"):
        task = await l01_local.create_task(plan["id"], None, name)
    await l01_local.update_task(task["id"], {"status": "completed"})
    page = await at(browser, f"/plans/{plan['id']}")
    assert re.findall(r'is-(\w+)" id="task-\d"', page) == ["pending", "completed"]


async def test_a_goal_is_made_by_a_plain_form(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    agent = await l01_local.create_agent("worker")
    path = await sent(
        browser,
        "/goals",
        description="Be <b>glad</b>",
        success_criteria="it is warm\n\n it is light \r\n",
        priority="7",
        agent_id=agent["id"],
    )
    goal = await l01_local.get_goal(path.rpartition("/")[2])
    assert goal["success_criteria"] == ["it is warm", "it is light"]
    assert (goal["priority"], goal["agent_id"]) == (7, agent["id"])
    part = await sent(
        browser, "/goals", description="x", success_criteria='[{"a": 1}]', parent_goal_id=goal["id"]
    )
    below = await l01_local.get_goal(part.rpartition("/")[2])
    assert (below["parent_goal_id"], below["priority"]) == (goal["id"], 5)
    assert below["success_criteria"] == [{"a": 1}]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"description": " "}, "goal-description-problem"),
        ({"description": "x", "priority": "101"}, "goal-priority-problem"),
        ({"description": "x", "priority": "soon"}, "goal-priority-problem"),
        ({"description": "x", "agent_id": NOBODY}, "goal-agent-problem"),
    ],
)
async def test_a_form_that_is_wrong_comes_back_with_what_is_wrong(
    browser: httpx2.AsyncClient, l01_local: L01Client, fields: dict[str, Any], said: str
) -> None:
    answer = await browser.post("/goals", data=fields)
    assert answer.status_code == 422
    assert f'id="{said}"' in answer.text
    assert fields["description"].strip() in answer.text
    assert (await l01_local.goals.list())["items"] == []


async def test_a_goal_is_cancelled_where_nothing_is_carried_out(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    goal = await l01_local.create_goal(None, "x")
    assert "Cancel this goal?" in await at(browser, f"/goals/{goal['id']}/cancel")
    await sent(browser, f"/goals/{goal['id']}/cancel")
    assert (await l01_local.get_goal(goal["id"]))["status"] == "cancelled"
    assert "Make a plan" not in await at(browser, f"/goals/{goal['id']}")


async def test_without_the_planning_layer_pages_say_what_is_missing(
    browser: httpx2.AsyncClient, l01_local: L01Client
) -> None:
    there = await planned(l01_local)
    for path in ("/goals", f"/goals/{there.goal}", f"/plans/{there.plan}", f"/plans/{there.plan}/edit"):
        assert "planning layer (L05) is not part" in await at(browser, path)
    for action in ("pause", "cancel", "edit"):
        answer = await browser.post(f"/plans/{there.plan}/{action}", data={"steps": "[]"})
        assert (answer.status_code, "E10004" in answer.text) == (503, True), action


async def test_a_lineage_is_one_chain_from_any_id(browser: httpx2.AsyncClient, l01_local: L01Client) -> None:
    there = await planned(l01_local)
    for kind, record in (("task", there.task), ("run", there.run), ("feedback", there.feedback)):
        answer = await browser.get(f"/lineage?id={quote(record)}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/lineage/{kind}/{record}")
        page = await at(browser, answer.headers["location"])
        for other in (
            f"/goals/{there.goal}",
            f"/plans/{there.plan}",
            f"/plans/{there.plan}/tasks/read",
            f"/runs/{there.run}",
            f"/runs/{there.run}/steps/1",
        ):
            assert f'href="{other}"' in page, (kind, other)
        assert "score 0.25" in page and "rating, 4, to process" in page and "$0.001234" in page
        assert page.count('aria-current="true"') == 1
