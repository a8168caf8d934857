"""What others tell us becomes an event: once, and only when it is signed."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import AsyncGenerator, Mapping

import httpx2
import pytest

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.client import L11Client
from agentic.layers.L11_integration.errors import SubscriptionExistsError
from agentic.layers.L11_integration.layer import Integration
from agentic.layers.L11_integration.signing import TOLERANCE, signed
from tests.kit.http import served

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


@pytest.fixture
async def outside(integrated: Integration) -> AsyncGenerator[httpx2.AsyncClient]:
    """Somebody who has something to tell."""
    async with (
        served(integrated.app()) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield client


async def post(
    outside: httpx2.AsyncClient, body: bytes, headers: Mapping[str, str], name: str = "shop"
) -> httpx2.Response:
    return await outside.post(f"/hooks/{name}", content=body, headers={**JSON, **headers})


def now() -> int:
    return int(time.time())


async def test_a_signed_message_becomes_an_event_once(
    l11: L11Client, l01_local: L01Client, outside: httpx2.AsyncClient
) -> None:
    made = await l11.make_hook("shop", event_type="order.placed")
    assert made["path"] == "/hooks/shop"
    body, headers = b'{"order": 7}', signed([made["secret"]], "m1", now(), b'{"order": 7}')
    first = await post(outside, body, headers)
    again = await post(outside, body, headers)
    assert (first.status_code, again.json()) == (202, first.json())
    (event,) = (await l01_local.events.list(event_type="order.placed"))["items"]
    assert event["id"] == first.json()["event_id"]
    assert event["payload"] == {"hook": "shop", "message_id": "m1", "body": {"order": 7}}
    assert (event["aggregate_id"], event["metadata"]["actor"]) == (made["hook"]["id"], "hook shop")
    other = b'{"order": 8}'
    clash = await post(outside, other, signed([made["secret"]], "m1", now(), other))
    assert clash.status_code == 422


async def test_lies_are_refused_and_leave_nothing(
    l11: L11Client, l01_local: L01Client, outside: httpx2.AsyncClient
) -> None:
    secret = (await l11.make_hook("shop"))["secret"]
    body = b"{}"
    good = signed([secret], "m", now(), body)
    for refused in (
        await post(outside, body, {}),
        await post(outside, body, signed(["whsec_" + "A" * 44], "m", now(), body)),
        await post(outside, b"[]", good),
        await post(outside, body, {**good, "webhook-id": "other"}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (401, "E11008")
    late = await post(outside, body, signed([secret], "m", now() - TOLERANCE - 5, body))
    assert (late.status_code, late.json()["code"]) == (401, "E11009")
    broken = b"{"
    assert (await post(outside, broken, signed([secret], "m", now(), broken))).status_code == 422
    large = b'"' + b"x" * 2_000_000 + b'"'
    assert (await post(outside, large, signed([secret], "m", now(), large))).status_code == 413
    assert (await post(outside, body, good, name="nobody")).status_code == 404
    await l11.change_hook("shop", enabled=False)
    assert (await post(outside, body, good)).status_code == 404
    assert (await l01_local.events.list(event_type="hook.received"))["items"] == []


async def test_two_secrets_are_valid_while_one_replaces_the_other(
    l11: L11Client, outside: httpx2.AsyncClient
) -> None:
    old = (await l11.make_hook("shop"))["secret"]
    new = (await l11.rotate_hook("shop"))["secret"]
    for number, secret in enumerate((old, new)):
        answer = await post(outside, b"{}", signed([secret], f"m{number}", now(), b"{}"))
        assert answer.status_code == 202
    await l11.rotate_hook("shop", overlap=0)
    assert (await post(outside, b"{}", signed([new], "m3", now(), b"{}"))).status_code == 401


async def test_github_is_understood(
    l11: L11Client, l01_local: L01Client, outside: httpx2.AsyncClient
) -> None:
    await l11.make_hook("shop", scheme="github", secret="what was typed there")
    body = b'{"ref": "main"}'
    signature = hmac.new(b"what was typed there", body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}", "x-github-event": "push"}
    for _ in range(2):
        assert (await post(outside, body, headers)).status_code == 202
    (event,) = (await l01_local.events.list(event_type="hook.received"))["items"]
    assert (event["payload"]["kind"], event["payload"]["body"]) == ("push", {"ref": "main"})


async def test_hooks_are_kept_by_name(l11: L11Client, l01_local: L01Client) -> None:
    secret = (await l11.make_hook("shop"))["secret"]
    with pytest.raises(SubscriptionExistsError, match="'shop'"):
        await l11.make_hook("shop")
    assert [each["name"] for each in (await l11.hooks())["items"]] == ["shop"]
    assert (await l11.hook("shop"))["event_type"] == "hook.received"
    await l11.delete_hook("shop")
    with pytest.raises(NotFoundError):
        await l11.hook("shop")
    told = str((await l01_local.events.list(after=0))["items"])
    assert secret.removeprefix("whsec_") not in told
