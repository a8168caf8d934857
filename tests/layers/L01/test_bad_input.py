"""Whatever is sent, the answer is a problem with a code that names the field, nothing is written, and the server stays up.

By a client that knows nothing of ours, on a real port. Cases of a kind share a database: what one of them wrote would
show in the next.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from agentic.layers.L01_data_layer.client import L01Client
from tests.kit.refusals import Http, nothing_written
from tests.layers.L01.bad_values import ANY_ID, BAD_FIELDS, BAD_QUERIES, a_key, an_agent, an_event

pytestmark = pytest.mark.anyio

RESOURCES = (
    "/agents",
    "/tools",
    "/tool-executions",
    "/model-usage",
    "/goals",
    "/plans",
    "/tasks",
    "/evaluations",
    "/feedback",
    "/documents",
    "/sessions",
    "/api-keys",
    "/runs",
    "/run-steps",
    "/approvals",
    "/budgets",
    "/schedules",
)
CHANGEABLE = {
    "/agents": {"name": "x"},
    "/tools": {"enabled": False},
    "/tool-executions": {"status": "success"},
    "/goals": {"priority": 1},
    "/plans": {"current_step": 1},
    "/tasks": {"output_data": 1},
    "/feedback": {"processed": True},
    "/documents": {"title": "x"},
    "/sessions": {"context": {}},
    "/api-keys": {"name": "x"},
    "/budgets": {"enabled": False},
    "/schedules": {"name": "x"},
}


@pytest.fixture
async def http(l01_url: str, l01_local: L01Client) -> AsyncGenerator[Http]:
    async with httpx2.AsyncClient(base_url=l01_url, trust_env=False, timeout=30) as client:
        yield Http(client, l01_local)


async def test_unknown_ids_are_not_found(http: Http) -> None:
    async with nothing_written(http):
        for path in (*RESOURCES, "/events"):
            problem = await http.refused(404, "E1002", None, "GET", f"{path}/{ANY_ID}")
            assert ANY_ID in problem["detail"]
        for path, changes in CHANGEABLE.items():
            await http.refused(404, "E1002", None, "PATCH", f"{path}/{ANY_ID}", changes)
        for path in ("/agents", "/documents"):
            await http.refused(404, "E1002", None, "DELETE", f"{path}/{ANY_ID}")
        await http.refused(404, "E1002", None, "GET", f"/evaluations/agent/{ANY_ID}/stats")
        await http.refused(404, "E1002", None, "GET", "/cursors/unknown")
        await http.refused(404, "E1002", None, "GET", "/config/unknown/key")
        await http.refused(404, "E1002", None, "GET", "/nowhere")
        await http.refused(404, "E1002", None, "GET", "/agents/a/b")


async def test_malformed_ids_are_invalid(http: Http) -> None:
    async with nothing_written(http):
        for bad in (
            "1",
            "x" * 36,
            ANY_ID[:-1],
            ANY_ID + "0",
            "null",
            "%00",
            "%F0%9F%98%80",
            "%FF",
            "-1",
            "*",
            "1" * 4000,
        ):
            for path in ("/agents", "/model-usage", "/events"):
                await http.refused(422, "E1001", "id", "GET", f"{path}/{bad}")
            await http.refused(422, "E1001", "id", "PATCH", f"/agents/{bad}", {"name": "x"})
            await http.refused(422, "E1001", "id", "DELETE", f"/agents/{bad}")
            await http.refused(422, "E1001", "agent_id", "GET", f"/evaluations/agent/{bad}/stats")
            field = "query" if bad == "%FF" else "agent_id"
            await http.refused(422, "E1001", field, "GET", f"/goals?agent_id={bad}")
        await http.refused(422, "E1001", "agent_id", "POST", "/goals", {"description": "g", "agent_id": "x"})
        await http.refused(422, "E1001", "aggregate_id", "POST", "/events", an_event(aggregate_id="x"))


async def test_what_is_no_json_is_invalid(http: Http) -> None:
    async with nothing_written(http):
        for raw in (
            b"",
            b"{",
            b"{]",
            b'{"name":}',
            b'{"name": "x",}',
            b'{"name": "x"} {}',
            b"{'name': 'x'}",
            b"name=x",
            b'{"name": NaN}',
            b'{"name": Infinity}',
            b'{"name": 01}',
            b'{"name": "\xff"}',
            b'{"name": "\xed\xa0\x80"}',
            b'{"name": "\\ud800"}',
            b'{"name": "a\nb"}',
            b"\xef\xbb\xbf{}",
            b"\x00",
            b"\xff\xfe{\x00}\x00",
            b'{"name": "x", "configuration": {"n": 1e999999}}',
            b'{"name": "x", "configuration": {"n": ' + b"9" * 5000 + b"e9999}}",
        ):
            await http.refused(422, "E1001", "body", "POST", "/agents", raw=raw)
        for body in ([], "x", 1, True, [{"name": "x"}]):
            await http.refused(422, "E1001", "body", "POST", "/agents", body)
        await http.refused(422, "E1001", "body", "POST", "/agents", raw=b"null")


async def test_fields_that_are_not_what_they_must_be_are_named(http: Http) -> None:
    async with nothing_written(http):
        for path, body, field in BAD_FIELDS:
            await http.refused(422, "E1001", field, "POST", path, body)


async def test_what_is_nested_too_deeply_is_refused(http: Http) -> None:
    async with nothing_written(http):
        for depth in (65, 100, 1000, 100_000):
            for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                deep = opening * depth + b"1" + closing * depth
                raw = b'{"name":"x","configuration":{"deep":' + deep + b"}}"
                problem = await http.refused(422, "E1001", None, "POST", "/agents", raw=raw)
                assert "nested deeper" in problem["detail"]
        await http.refused(422, "E1001", None, "POST", "/events", an_event(payload=_nested(100)))
    await http.made("/agents", an_agent(configuration=_nested(63)))


def _nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


async def test_what_is_too_large_is_refused_unread(http: Http) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        yield b'{"name":"'
        for _ in range(11):
            yield b"x" * 1_000_000
        yield b'"}'

    async with nothing_written(http):
        large = b'{"name":"x","configuration":{"a":["' + b"x" * 10 * 1024 * 1024 + b'"]}}'
        for path in ("/agents", "/events", "/events/batch", "/documents"):
            await http.refused(413, "E1006", None, "POST", path, raw=large)
        await http.refused(413, "E1006", None, "PATCH", f"/agents/{ANY_ID}", raw=large)
        await http.refused(413, "E1006", None, "POST", "/agents", raw=chunks())
        await http.refused(413, "E1006", None, "PUT", "/config/a/b", raw=large)


async def test_queries_that_are_not_what_they_must_be_are_named(http: Http) -> None:
    async with nothing_written(http):
        for path, query, field in BAD_QUERIES:
            await http.refused(422, "E1001", field, "GET", path, query=query)
        for raw in ("/agents?name=%FF", "/agents?name=%ED%A0%80", "/agents?%00=1"):
            await http.refused(422, "E1001", None, "GET", raw)


async def test_headers_that_are_not_what_they_must_be_are_named(http: Http) -> None:
    agent = await http.made("/agents", {"name": "a"})
    async with nothing_written(http):
        for bad in ("x", '"x"', "", '"-1"', '"1" "2"', '"' + "1" * 30 + '"', b"\xe9"):
            headers = {"If-Match": bad}
            await http.refused(
                422, "E1001", "If-Match", "PATCH", f"/agents/{agent['id']}", {"name": "b"}, headers=headers
            )
        for bad in ("", "x" * 256, b"a\x80"):
            headers = {"Idempotency-Key": bad}
            await http.refused(
                422, "E1001", "Idempotency-Key", "POST", "/agents", {"name": "b"}, headers=headers
            )


async def test_references_that_dangle_are_named(http: Http) -> None:
    async with nothing_written(http):
        for path, body, field in (
            ("/goals", {"description": "g", "agent_id": ANY_ID}, "agent_id"),
            ("/goals", {"description": "g", "parent_goal_id": ANY_ID}, "parent_goal_id"),
            ("/plans", {"steps": [], "goal_id": ANY_ID}, "goal_id"),
            ("/tasks", {"description": "t", "plan_id": ANY_ID}, "plan_id"),
            ("/tool-executions", {"tool_id": ANY_ID}, "tool_id"),
            ("/model-usage", {"model_provider": "p", "model_name": "m", "agent_id": ANY_ID}, "agent_id"),
            ("/evaluations", {"evaluation_type": "q", "task_id": ANY_ID}, "task_id"),
            ("/feedback", {"feedback_type": "h", "agent_id": ANY_ID}, "agent_id"),
            ("/sessions", {"agent_id": ANY_ID}, "agent_id"),
        ):
            problem = await http.refused(409, "E1004", None, "POST", path, body)
            assert problem["field"] == field
            assert ANY_ID in problem["detail"]
    goal = await http.made("/goals", {"description": "g"})
    async with nothing_written(http):
        problem = await http.refused(
            409, "E1004", None, "PATCH", f"/goals/{goal['id']}", {"agent_id": ANY_ID}
        )
        assert problem["field"] == "agent_id"


async def test_duplicates_are_named(http: Http) -> None:
    await http.made("/agents", {"name": "a", "did": "did:x:1"})
    await http.made("/tools", {"name": "t", "schema_def": {}})
    await http.made("/api-keys", a_key())
    async with nothing_written(http):
        for path, body, field in (
            ("/agents", {"name": "b", "did": "did:x:1"}, "did"),
            ("/tools", {"name": "t", "schema_def": {}}, "name"),
            ("/api-keys", a_key(name="other"), "key_hash"),
        ):
            problem = await http.refused(409, "E1003", None, "POST", path, body)
            assert problem["field"] == field


async def test_stale_versions_are_refused(http: Http) -> None:
    agent = await http.made("/agents", {"name": "a"})
    url = f"/agents/{agent['id']}"
    assert (await http.client.patch(url, json={"name": "b"}, headers={"If-Match": '"1"'})).headers[
        "etag"
    ] == '"2"'
    async with nothing_written(http):
        for method, body in (("PATCH", {"name": "c"}), ("DELETE", None)):
            problem = await http.refused(412, "E1005", None, method, url, body, headers={"If-Match": '"1"'})
            assert problem["current_version"] == 2
        problem = await http.refused(412, "E1005", None, "POST", "/events", an_event(expected_version=1))
        assert problem["current_version"] == 0


ILLEGAL = {
    "/agents": ({"name": "a"}, "suspended"),
    "/goals": ({"description": "g"}, "completed"),
    "/plans": ({"steps": []}, "executing"),
    "/tool-executions": ({"status": "success"}, "running"),
}


async def test_changes_of_state_that_there_are_not_are_refused(http: Http) -> None:
    made = {path: await http.made(path, body) for path, (body, _) in ILLEGAL.items()}
    session = await http.made("/sessions", {})
    await http.client.patch(f"/sessions/{session['id']}", json={"status": "completed"})
    async with nothing_written(http):
        for path, (_, target) in ILLEGAL.items():
            problem = await http.refused(
                409, "E1020", None, "PATCH", f"{path}/{made[path]['id']}", {"status": target}
            )
            assert problem["current_status"] == made[path]["status"]
            await http.refused(
                422, "E1001", "status", "PATCH", f"{path}/{made[path]['id']}", {"status": "colourful"}
            )
        await http.refused(409, "E1020", None, "PATCH", f"/sessions/{session['id']}", {"status": "active"})
        await http.refused(422, "E1001", "body", "PATCH", f"/agents/{made['/agents']['id']}", {})
        await http.refused(
            422, "E1001", "did", "PATCH", f"/agents/{made['/agents']['id']}", {"did": "did:x:2"}
        )


async def test_what_others_refer_to_stays(http: Http) -> None:
    for path, body, other in (
        ("/goals", {"description": "g"}, "goals"),
        ("/plans", {"steps": []}, "plans"),
        ("/tasks", {"description": "t"}, "tasks"),
        ("/tool-executions", {}, "tool_executions"),
        ("/model-usage", {"model_provider": "p", "model_name": "m"}, "model_usage"),
        ("/evaluations", {"evaluation_type": "q"}, "evaluations"),
        ("/feedback", {"feedback_type": "h"}, "feedback_entries"),
        ("/sessions", {}, "sessions"),
    ):
        agent = await http.made("/agents", {"name": "a"})
        await http.made(path, {**body, "agent_id": agent["id"]})
        async with nothing_written(http):
            problem = await http.refused(409, "E1004", None, "DELETE", f"/agents/{agent['id']}")
            assert problem["referenced_by"] == other
            assert other in problem["detail"]


async def test_methods_and_addresses_that_there_are_not(http: Http) -> None:
    async with nothing_written(http):
        for method, path in (
            ("PUT", "/agents"),
            ("DELETE", "/agents"),
            ("POST", f"/agents/{ANY_ID}"),
            ("DELETE", f"/goals/{ANY_ID}"),
            ("PATCH", f"/evaluations/{ANY_ID}"),
            ("PATCH", f"/events/{ANY_ID}"),
            ("DELETE", f"/events/{ANY_ID}"),
            ("POST", "/events/kinds"),
            ("DELETE", "/cursors/x"),
        ):
            await http.refused(405, "E1007", None, method, path)
        for path in ("/", "/agent", "/agents//", "/AGENTS", "/agents/..", "/%61gent"):
            await http.refused(404, "E1002", None, "GET", path)


async def test_json_needs_no_content_type_and_a_last_slash_changes_nothing(http: Http) -> None:
    """As `curl -d` sends it, which says that it is a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/agents", "/agents/"):
        response = await http.client.post(path, content=b'{"name": "a"}', headers=form)
        assert response.status_code == 201
        assert (await http.client.get(response.headers["location"])).json() == response.json()
    assert (await http.client.get("/agents/")).json() == (await http.client.get("/agents")).json()
