"""Whatever JSON can say comes back as it went in, through either backend and out of either."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.client import L01Client
from tests.layers.L01.moments import moment

pytestmark = pytest.mark.anyio

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(10**999), 10**999),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=40),
    st.builds(Decimal, st.from_regex(r"-?[1-9](\.[0-9]{1,60})?e[+-]?[1-9][0-9]{0,2}", fullmatch=True)),
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def meaning(value: Any) -> Any:
    """A JSON value such that equal ones are the same JSON: numbers by what they denote, truth apart from numbers."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, dict):
        return {key: meaning(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [meaning(item) for item in value]
    return ("number", Decimal(repr(value) if isinstance(value, float) else value))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(TEXT, JSON, max_size=5))
@example({"": None, "null": [None, {"a": None}]})
@example(
    {"float": 1e300, "tiny": 5e-324, "zero": -0.0, "exact": Decimal("0.1000000000000000055511151231257827")}
)
@example({"big": 2**64, "bigger": 10**999, "negative": -(2**63) - 1})
@example({"\u2028": "\ufeff\uffff\U0010ffff\x7f\x01\\u0000", '"': "'\\"})
@example({"deep": [[[[[[[[{"a": [[[[{}]]]]}]]]]]]]]})
async def test_json_is_kept(l01_local: L01Client, l01_http: L01Client, value: dict[str, Any]) -> None:
    wanted = meaning(value)
    for writer, reader in ((l01_local, l01_http), (l01_http, l01_local)):
        document = await writer.documents.create(title="d", metadata=value)
        changed = await writer.documents.update(document["id"], {"metadata": value})
        read = await reader.documents.get(document["id"])
        past = await reader.documents.get(document["id"], as_of=moment())
        listed = (await reader.documents.list(limit=1))["items"][0]
        for kept in (document, changed, read, past, listed):
            assert meaning(kept["metadata"]) == wanted


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(JSON)
@example(None)
@example(10**999)
@example([])
@example("")
async def test_any_json_is_a_value_and_a_payload(
    l01_local: L01Client, l01_http: L01Client, value: Any
) -> None:
    wanted = meaning(value)
    for writer, reader in ((l01_local, l01_http), (l01_http, l01_local)):
        put = await writer.set_config("n", "k", value)
        assert meaning(put["value"]) == wanted
        assert meaning((await reader.get_config("n", "k"))["value"]) == wanted
        assert meaning((await reader.config.list("n"))["items"][0]["value"]) == wanted
        assert meaning((await reader.config.history("n", "k", limit=1))["items"][0]["value"]) == wanted
        event = await writer.publish_event("e", "thing", put["id"], value)
        assert meaning(event["payload"]) == wanted
        assert meaning((await reader.events.get(event["id"]))["payload"]) == wanted
        session = await writer.sessions.create(checkpoint=value)
        assert meaning((await reader.sessions.get(session["id"]))["checkpoint"]) == wanted


NOT_JSON: list[Any] = [
    math.nan,
    math.inf,
    Decimal("NaN"),
    Decimal("-Infinity"),
    Decimal("1e1001"),
    10**1002,
    -(10**5000),
    {1: 2},
    {None: 1},
    {"a": {1: 2}},
    b"bytes",
    {1, 2},
    datetime(2026, 11, 22, tzinfo=UTC),
    UUID(int=1),
    object(),
    "\x00",
    "\ud800",
    {"\x00": 1},
    ["\udfff"],
]


async def test_what_json_has_not_is_refused_and_nothing_written(l01: L01Client) -> None:
    writes: dict[str, Callable[[Any], Any]] = {
        "metadata": lambda value: l01.documents.create(title="d", metadata={"in": value}),
        "value": lambda value: l01.set_config("n", "k", value),
        "payload": lambda value: l01.publish_event("e", "thing", UUID(int=1), value),
    }
    for value in NOT_JSON:
        for field, write in writes.items():
            with pytest.raises(InvalidError) as refused:
                await write(value)
            named = refused.value.members["errors"][0]["field"]
            assert named.split(".")[0] == field, (value, refused.value)
    assert await l01.query_events() == []


async def test_depth_is_bounded_alike(l01: L01Client) -> None:
    def nested(levels: int) -> Any:
        value: Any = 1
        for _ in range(levels):
            value = [value]
        return value

    kept = await l01.set_config("n", "k", nested(jsonio.MAX_DEPTH))
    assert kept["value"] == nested(jsonio.MAX_DEPTH)
    for levels in (jsonio.MAX_DEPTH + 1, 100, 500):
        with pytest.raises(InvalidError, match="nested deeper"):
            await l01.set_config("n", "k", nested(levels))
    assert await l01.get_config("n", "k") == kept


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100 + "]" * 100,
        '{"value": NaN}',
        '{"value": Infinity}',
        '{"value": 1e1001}',
        '{"value": ' + "9" * 5000 + "}",
        '{"value": "\\u0000"}',
        '{"value": "\\ud800"}',
        '{"value": 01}',
        "{'value': 1}",
        '{"value": 1} 2',
        "",
        "\x00",
        "\ufeff",
    ],
)
async def test_text_that_is_no_json_of_ours_is_refused(l01_url: str, text: str) -> None:
    async with httpx2.AsyncClient(base_url=l01_url) as http:
        answer = await http.put("/config/n/k", content=text.encode())
        assert (answer.status_code, answer.json()["code"]) == (422, "E1001")
        assert (await http.get("/config/n/k")).status_code == 404
