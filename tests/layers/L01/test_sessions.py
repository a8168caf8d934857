"""Sessions: signs of life, silence, and checkpoints to go back to."""

from __future__ import annotations

import httpx2
import pytest

from agentic.layers.base.common_errors import (
    ExistsError,
    InvalidError,
    NotFoundError,
    StaleVersionError,
    StateError,
)
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer
from tests.layers.L01.moments import moment, position_after

pytestmark = pytest.mark.anyio
NOBODY = "01890000-0000-7000-8000-000000000000"


# -- heartbeats


async def test_a_heartbeat_leaves_a_time_but_no_version_and_no_event(l01: L01Client) -> None:
    session = await l01.sessions.create()
    assert session["heartbeat_at"] is None
    beat = await l01.sessions.heartbeat(session["id"])
    assert beat == {"id": session["id"], "status": "active", "heartbeat_at": beat["heartbeat_at"]}
    assert beat["heartbeat_at"] > session["created_at"]
    later = await l01.sessions.heartbeat(session["id"])
    assert later["heartbeat_at"] > beat["heartbeat_at"]

    now = await l01.sessions.get(session["id"])
    assert now == {**session, "heartbeat_at": later["heartbeat_at"]}
    assert len(await l01.query_events(aggregate_id=session["id"])) == 1
    changed = await l01.sessions.update(session["id"], {"context": {"a": 1}}, expected_version=1)
    assert changed["heartbeat_at"] == later["heartbeat_at"]


async def test_only_a_session_that_goes_on_has_a_heartbeat(l01: L01Client) -> None:
    session = await l01.sessions.create()
    await l01.sessions.update(session["id"], {"status": "paused"})
    assert (await l01.sessions.heartbeat(session["id"]))["status"] == "paused"
    await l01.sessions.update(session["id"], {"status": "crashed"})
    with pytest.raises(StateError) as refused:
        await l01.sessions.heartbeat(session["id"])
    assert refused.value.members["current_status"] == "crashed"
    with pytest.raises(NotFoundError):
        await l01.sessions.heartbeat(NOBODY)
    with pytest.raises(InvalidError):
        await l01.sessions.heartbeat("not-an-id")


async def test_silent_sessions_are_found(l01: L01Client, data_layer: DataLayer) -> None:
    agent = await l01.create_agent("a")
    never, beating, silent, paused = [
        (await l01.sessions.create(agent_id=agent["id"] if n else None))["id"] for n in range(4)
    ]
    await l01.sessions.heartbeat(beating)
    await l01.sessions.heartbeat(silent)
    await l01.sessions.update(paused, {"status": "paused"})
    long_ago = "now() - interval '1 hour'"
    await data_layer.database.write(
        f"UPDATE sessions SET created_at = {long_ago} WHERE id = ANY($1)", [never, beating, silent, paused]
    )
    await data_layer.database.write(f"UPDATE sessions SET heartbeat_at = {long_ago} WHERE id = $1", silent)

    async def stale(**query: object) -> list[str]:
        return [item["id"] for item in (await l01.sessions.stale(**query))["items"]]  # type: ignore[arg-type]

    assert await stale() == [never, silent]
    assert await stale(seconds=3500) == [never, silent]
    assert await stale(seconds=3700) == []
    assert await stale(seconds=0) == [never, beating, silent]
    assert await stale(agent_id=agent["id"]) == [silent]
    first = await l01.sessions.stale(limit=1, total=True)
    assert (first["items"][0]["id"], first["total"]) == (never, 2)
    assert await stale(limit=1, cursor=first["next_cursor"]) == [silent]
    for seconds in (-1, "soon", 2**40):
        with pytest.raises(InvalidError, match="seconds"):
            await l01.sessions.stale(seconds)  # type: ignore[arg-type]


# -- checkpoints


async def test_a_session_goes_back_to_a_checkpoint(l01: L01Client) -> None:
    start = {"messages": [{"role": "user", "n": 10**30, "null": None}]}
    session = await l01.sessions.create(context=start, checkpoint=[1, None])
    kept = await l01.sessions.keep(session["id"], "before the tool")
    assert kept == {
        "id": kept["id"],
        "session_id": session["id"],
        "name": "before the tool",
        "context": start,
        "checkpoint": [1, None],
        "created_at": kept["created_at"],
        "version": 1,
    }
    await l01.sessions.update(session["id"], {"context": {}, "checkpoint": None, "status": "crashed"})
    restored = await l01.sessions.restore(session["id"], "before the tool", expected_version=2)
    assert (restored["context"], restored["checkpoint"], restored["version"]) == (start, [1, None], 3)
    assert restored["status"] == "crashed"
    assert await l01.sessions.get(session["id"]) == restored

    newest = (await l01.query_events(aggregate_id=session["id"]))[0]
    assert (newest["event_type"], newest["version"]) == ("session.updated", 3)
    assert newest["payload"] == {
        "context": start,
        "checkpoint": [1, None],
        "updated_at": restored["updated_at"],
    }
    assert newest["metadata"]["restored_from"] == "checkpoint before the tool"
    (event,) = await l01.query_events(aggregate_id=kept["id"])
    assert (event["event_type"], event["aggregate_type"], event["payload"]) == (
        "checkpoint.created",
        "checkpoint",
        kept,
    )


async def test_a_checkpoint_may_be_given_in_part(l01: L01Client) -> None:
    session = await l01.sessions.create(context={"a": 1}, checkpoint={"step": 1})
    null = await l01.sessions.keep(session["id"], "null", checkpoint=None)
    assert (null["context"], null["checkpoint"]) == ({"a": 1}, None)
    other = await l01.sessions.keep(session["id"], "other", context={"b": 2})
    assert (other["context"], other["checkpoint"]) == ({"b": 2}, {"step": 1})
    assert (await l01.sessions.restore(session["id"], "null"))["checkpoint"] is None


async def test_checkpoints_are_listed_by_session(l01: L01Client) -> None:
    one, two = [(await l01.sessions.create())["id"] for _ in range(2)]
    kept = [await l01.sessions.keep(one, f"c{n}") for n in range(3)]
    then = str(await position_after(l01))
    await l01.sessions.keep(two, "c0")
    last = await l01.sessions.keep(one, "c3")

    assert (await l01.sessions.checkpoints(one))["items"] == [last, *kept[::-1]]
    assert (await l01.sessions.checkpoints(one, name="c1"))["items"] == [kept[1]]
    assert (await l01.sessions.checkpoints(one, as_of=then))["items"] == kept[::-1]
    page = await l01.sessions.checkpoints(one, limit=3, order="asc", total=True)
    assert (page["items"], page["total"]) == (kept, 4)
    rest = await l01.sessions.checkpoints(one, limit=3, order="asc", cursor=page["next_cursor"])
    assert rest["items"] == [last]
    with pytest.raises(NotFoundError):
        await l01.sessions.checkpoints(NOBODY)


async def test_a_name_is_used_once_in_a_session(l01: L01Client) -> None:
    one, two = [(await l01.sessions.create())["id"] for _ in range(2)]
    await l01.sessions.keep(one, "c")
    await l01.sessions.keep(two, "c")
    with pytest.raises(ExistsError):
        await l01.sessions.keep(one, "c")
    kept = await l01.sessions.keep(one, "d", idempotency_key="key-1")
    assert await l01.sessions.keep(one, "d", idempotency_key="key-1") == kept
    assert len((await l01.sessions.checkpoints(one))["items"]) == 2


async def test_a_checkpoint_that_cannot_be_is_refused(l01: L01Client) -> None:
    session = await l01.sessions.create()
    with pytest.raises(NotFoundError):
        await l01.sessions.keep(NOBODY, "c")
    with pytest.raises(NotFoundError, match="'nothing'"):
        await l01.sessions.restore(session["id"], "nothing")
    await l01.sessions.keep(session["id"], "c")
    with pytest.raises(NotFoundError):
        await l01.sessions.restore(NOBODY, "c")
    with pytest.raises(StaleVersionError):
        await l01.sessions.restore(session["id"], "c", expected_version=2)
    for name in ("", "x" * 256, None, 5):
        with pytest.raises(InvalidError, match="name"):
            await l01.sessions.keep(session["id"], name)  # type: ignore[arg-type]
    with pytest.raises(InvalidError, match="context"):
        await l01.sessions.keep(session["id"], "d", context=[1])
    assert await l01.sessions.get(session["id"]) == session


async def test_the_past_of_a_session_has_no_heartbeat(l01: L01Client) -> None:
    session = await l01.sessions.create()
    await l01.sessions.heartbeat(session["id"])
    assert await l01.sessions.get(session["id"], as_of=moment()) == session


async def test_over_http_a_heartbeat_needs_no_body(l01_url: str) -> None:
    async with httpx2.AsyncClient(base_url=l01_url) as http:
        made = (await http.post("/sessions", json={})).json()
        for body in (b"", b"{}", b"anything"):
            beat = await http.post(f"/sessions/{made['id']}/heartbeat", content=body)
            assert beat.status_code == 200
        kept = await http.post(f"/sessions/{made['id']}/checkpoints", json={"name": "c"})
        assert (kept.status_code, kept.headers["etag"]) == (201, '"1"')
        assert "location" not in kept.headers
        assert (await http.get("/sessions/stale?seconds=0")).json()["items"][0]["id"] == made["id"]
