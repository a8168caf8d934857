"""Values that a field or a parameter cannot have: where they are sent, with what, and the name of the field to be told."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

ANY_ID = str(uuid4())
"""An id that nothing has."""


def an_event(**fields: Any) -> dict[str, Any]:
    return {"event_type": "x.y", "aggregate_type": "x", "aggregate_id": ANY_ID, "payload": {}, **fields}


def an_agent(**fields: Any) -> dict[str, Any]:
    return {"name": "x", **fields}


def a_key(**fields: Any) -> dict[str, Any]:
    return {"name": "k", "prefix": "p", "key_hash": "0" * 64, "scopes": ["read"], **fields}


BAD_FIELDS: list[tuple[str, Any, str]] = [
    # types
    *(("/agents", an_agent(name=bad), "name") for bad in (1, None, True, [], {}, 1.5, "")),
    *(("/agents", an_agent(configuration=bad), "configuration") for bad in (1, None, "x", [], True)),
    ("/agents", {}, "name"),
    *(("/tools", {"name": "t", "schema_def": {}, "enabled": bad}, "enabled") for bad in (1, "true", None)),
    *(
        ("/goals", {"description": "g", "priority": bad}, "priority")
        for bad in ("5", 5.5, True, None, -1, 101, 2**40)
    ),
    *(
        ("/goals", {"description": "g", "success_criteria": bad}, "success_criteria")
        for bad in ({}, "x", None)
    ),
    *(("/plans", {"steps": bad}, "steps") for bad in ({}, "x", None)),
    *(
        ("/tasks", {"description": "t", "sequence_order": bad}, "sequence_order")
        for bad in (2**31, -(2**31), 0.5, "1")
    ),
    *(
        ("/evaluations", {"evaluation_type": "q", "score": bad}, "score")
        for bad in (-0.0001, 1.0001, "0.5", True, [])
    ),
    *(
        ("/model-usage", {"model_provider": "p", "model_name": "m", "input_tokens": bad}, "input_tokens")
        for bad in (-1, 2**31, 1.5, "1", None)
    ),
    *(
        ("/model-usage", {"model_provider": "p", "model_name": "m", "cost_estimate": bad}, "cost_estimate")
        for bad in (-1, 10000, 9999.9999999, "1")
    ),
    *(("/feedback", {"feedback_type": "h", "rating": bad}, "rating") for bad in (1.5, "4", 2**31, True)),
    *(("/documents", {"title": "d", "tags": bad}, "tags") for bad in ("x", {}, None, ["x"] * 101)),
    ("/documents", {"title": "d", "tags": ["ok", 1]}, "tags.1"),
    *(
        ("/tool-executions", {"started_at": bad}, "started_at")
        for bad in ("yesterday", "2026-11-22", "2026-11-22T12:00:00", 7, "2026-13-01T00:00:00Z")
    ),
    *(("/api-keys", a_key(key_hash=bad), "key_hash") for bad in ("x", "0" * 63, "F" * 64, None)),
    *(("/api-keys", a_key(scopes=bad), "scopes") for bad in ([], "read", None)),
    *(("/events", an_event(expected_version=bad), "expected_version") for bad in (-1, "1", 1.5, 2**31)),
    *(("/events", an_event(metadata=bad), "metadata") for bad in (None, [], "x")),
    ("/events", {k: v for k, v in an_event().items() if k != "payload"}, "payload"),
    ("/events/batch", {"events": []}, "events"),
    ("/events/batch", {"events": [an_event()] * 1001}, "events"),
    ("/events/batch", {"events": [an_event(), an_event(event_type="")]}, "events.1.event_type"),
    # states and other words that there are not
    ("/tool-executions", {"status": "finished"}, "status"),
    # runs and what belongs to them
    *(("/runs", {"priority": bad}, "priority") for bad in (1001, -1001, "5", 0.5, True, None)),
    *(("/runs", {"configuration": bad}, "configuration") for bad in ([], "x", 1)),
    ("/runs", {"due_at": "soon"}, "due_at"),
    *(("/runs/claim", {"worker": "w", "limit": bad}, "limit") for bad in (0, 1001, "1", None)),
    *(
        ("/runs/claim", {"worker": "w", "lease_seconds": bad}, "lease_seconds")
        for bad in (0, -1, 86_401, "1")
    ),
    ("/runs/claim", {"worker": ""}, "worker"),
    ("/runs/claim", {"worker": "w", "agent_ids": ["x"]}, "agent_ids.0"),
    ("/runs/beat", {"worker": "w", "runs": {ANY_ID: -1}}, f"runs.{ANY_ID}"),
    ("/approvals", {"title": ""}, "title"),
    ("/budgets", {"scope": "all", "max_tokens": 2**60}, "max_tokens"),
    ("/budgets", {"scope": "agent"}, "subject"),
    ("/schedules", {"name": "s"}, "cron"),
    ("/schedules", {"name": "s", "cron": "* * * * *", "timezone": "Mars"}, "timezone"),
    ("/tool-executions/reserve", {"effect_key": "k", "run_id": ANY_ID}, "token"),
    ("/model-usage/reserve", {"provider": "p", "model": "m", "run_id": ANY_ID}, "token"),
    ("/model-usage/batch", {"items": [{"model_provider": "p"}]}, "items.0.model_name"),
    # unknown fields
    ("/agents", an_agent(colour="red"), "colour"),
    ("/agents", an_agent(status="active"), "status"),
    ("/agents", an_agent(id=ANY_ID), "id"),
    ("/events", an_event(position=1), "position"),
    # lengths
    ("/agents", an_agent(name="x" * 256), "name"),
    ("/agents", an_agent(agent_type="x" * 101), "agent_type"),
    ("/agents", an_agent(did="x" * 256), "did"),
    ("/documents", {"title": "x" * 501}, "title"),
    ("/documents", {"title": "d", "content_type": "x" * 101}, "content_type"),
    ("/documents", {"title": "d", "tags": ["x" * 101]}, "tags.0"),
    ("/documents", {"title": "d", "content": "x" * 5_000_001}, "content"),
    ("/tools", {"name": "x" * 256, "schema_def": {}}, "name"),
    ("/events", an_event(event_type="x" * 256), "event_type"),
    ("/events", an_event(aggregate_type="x" * 101), "aggregate_type"),
    ("/evaluations", {"evaluation_type": "x" * 101}, "evaluation_type"),
    ("/model-usage", {"model_provider": "x" * 101, "model_name": "m"}, "model_provider"),
    # what PostgreSQL cannot keep
    ("/agents", an_agent(name="a\x00b"), "name"),
    ("/agents", an_agent(configuration={"a": "\x00"}), "configuration"),
    ("/agents", an_agent(configuration={"\x00": 1}), "configuration"),
    ("/agents", an_agent(metadata={"a": [[{"b": "\x00"}]]}), "metadata"),
    ("/documents", {"title": "d", "content": "\x00"}, "content"),
    ("/documents", {"title": "d", "tags": ["\x00"]}, "tags.0"),
    ("/events", an_event(payload="\x00"), "payload"),
    ("/goals", {"description": "\x00"}, "description"),
]


BAD_QUERIES = [
    *(
        (path, {"limit": bad}, "limit")
        for path in ("/agents", "/events")
        for bad in ("0", "-1", "1001", "x", "1.5", "", "1e2", "٣")
    ),
    *(
        (path, {"cursor": bad}, "cursor")
        for path in ("/agents", "/events")
        for bad in ("!", "x", "bm90aGluZw", "", "é", "A" * 3000)
    ),
    *(
        (path, {"since": bad}, "since")
        for path in ("/agents", "/events")
        for bad in ("yesterday", "2026-11-22T12:00:00", "", "99999-01-01T00:00:00Z", "0000-01-01T00:00:00Z")
    ),
    *(("/agents", {"order": bad}, "order") for bad in ("up", "", "DESC")),
    *(("/agents", {"total": bad}, "total") for bad in ("yes", "1", "", "True")),
    *(
        ("/agents", {"as_of": bad}, "as_of")
        for bad in ("yesterday", "", "-1", "2026-11-22T12:00:00", "1" * 41)
    ),
    *(("/tools", {"enabled": bad}, "enabled") for bad in ("yes", "0")),
    *(("/events", {"after": bad}, "after") for bad in ("-1", "x", str(2**63), "1.0")),
    ("/events", {"until": "x"}, "until"),
    ("/events", {"aggregate_id": "x"}, "aggregate_id"),
    ("/agents", {"statu": "active"}, "statu"),
    ("/agents", {"name": "a\x00"}, "name"),
    ("/agents", {"status": "x" * 300}, "status"),
    *(("/events", {"event_type": bad}, "event_type") for bad in ("x" * 2001, "", ",", " , ", "a\x00")),
    *(
        (path, {name: "a\x00"}, name)
        for path in ("/events", "/events/kinds", "/events/histogram")
        for name in ("aggregate_type", "correlation_id", "causation_id")
    ),
    ("/events/kinds", {"since": "yesterday"}, "since"),
    ("/events/kinds", {"limit": "1"}, "limit"),
    ("/feedback/unprocessed", {"limit": "0"}, "limit"),
    ("/model-usage/stats", {"group_by": "colour"}, "group_by"),
    ("/evaluations", {"min_score": "2"}, "min_score"),
    ("/check", {"cursor": "x"}, "cursor"),
]
