"""What others tell us: a message at `/hooks/{name}` that is signed with the hook's secret becomes an event, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import ExistsError, IdempotencyError, InvalidError, NotFoundError
from agentic.layers.base.ids import now
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.base.tracing import traced
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.subscription import Hook, HookQuery, HookUpdate
from agentic.layers.L11_integration import models
from agentic.layers.L11_integration.errors import SubscriptionExistsError
from agentic.layers.L11_integration.secrets_of import rotate, valid_secrets
from agentic.layers.L11_integration.signing import check_github, check_standard, new_secret

ROTATED: Final = "hook.secret_rotated"


class HookService:
    """Hooks, and what comes in by them."""

    def __init__(self, client: Callable[[], L01Client]) -> None:
        self._client = client

    async def list(self, call: Call) -> Answer:
        """One page of hooks."""
        query = validated(HookQuery, call.query).model_dump(mode="json", exclude_none=True)
        return Answer(jsonio.encode(await self._client().hooks.list(**query)))

    async def create(self, call: Call) -> Answer:
        """Makes a hook, and answers the secret that callers sign with."""
        body = validated(models.HookMade, call.body)
        try:
            hook = await self._client().hooks.create(**body.model_dump(mode="json", exclude={"secret"}))
        except ExistsError:
            raise SubscriptionExistsError(f"There is a hook {body.name!r} already.") from None
        secret = body.secret or new_secret()
        await self._client().signing_secrets.set(hook["id"], secret)
        answer: models.NewHook = {"hook": hook, "path": f"/hooks/{hook['name']}", "secret": secret}
        return Answer(jsonio.encode(answer), hook["version"])

    async def get(self, call: Call) -> Answer:
        """One hook by its name."""
        hook = await self._find(call.path["name"])
        return Answer(jsonio.encode(hook), hook["version"])

    async def update(self, call: Call) -> Answer:
        """Changes a hook."""
        hook, body = await self._find(call.path["name"]), validated(HookUpdate, call.body)
        changes = {name: body.__dict__[name] for name in body.model_fields_set}
        changed = await self._client().hooks.update(hook["id"], changes)
        return Answer(jsonio.encode(changed), changed["version"])

    async def delete(self, call: Call) -> Answer:
        """Takes a hook away."""
        await self._client().hooks.delete((await self._find(call.path["name"]))["id"])
        return Answer(b"")

    async def rotate(self, call: Call) -> Answer:
        """A new secret for a hook; messages that are signed with the one before it are taken as long as that is valid."""
        hook = await self._find(call.path["name"])
        answer = await rotate(self._client(), hook["id"], call.body)
        told = {"hook": hook["name"], "previous_until": answer["previous_until"]}
        await self._client().events.append(ROTATED, "hook", hook["id"], told)
        return Answer(jsonio.encode(answer))

    async def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> models.Received:
        """The event that a message becomes; the one that it became when it comes again.

        Raises:
            NotFoundError: there is no such hook, or it is switched off.
            SignatureError, StaleMessageError: it is not to be believed.
        """
        hook = await self._find(name)
        if not hook["enabled"]:
            raise NotFoundError(f"The hook {name!r} is switched off.")
        keys = await valid_secrets(self._client(), hook["id"])
        if hook["scheme"] == "github":
            message_id = check_github(keys, headers, body)
        else:
            message_id = check_standard(keys, headers, body, now().timestamp())
        payload = {"hook": name, "message_id": message_id, "body": _read(headers, body)}
        if (kind := headers.get("x-github-event")) is not None:
            payload["kind"] = kind
        return await self._append(hook, message_id, payload)

    async def _append(self, hook: Hook, message_id: str, payload: dict[str, Any]) -> models.Received:
        # Hashed, because it is the caller's and may be of any length; kept for a day, and a message is good for minutes.
        key = f"hook {hook['id']} {hashlib.sha256(message_id.encode()).hexdigest()}"
        with traced(actor=f"hook {hook['name']}"):
            try:
                event = await self._client().events.append(
                    hook["event_type"], "hook", hook["id"], payload, idempotency_key=key
                )
            except IdempotencyError:
                raise InvalidError.of(("webhook-id", "another message had this id")) from None
        return {"event_id": event["id"], "event_type": event["event_type"]}

    async def _find(self, name: str) -> Hook:
        found = (await self._client().hooks.list(name=name, limit=1))["items"]
        if not found:
            raise NotFoundError(f"There is no hook {name!r}.")
        return found[0]


def _read(headers: Mapping[str, str], body: bytes) -> Any:
    """What a message says: the value of its JSON, or its text."""
    if "json" in headers.get("content-type", ""):
        return jsonio.check(jsonio.decode(body), "body")
    return body.decode(errors="replace").replace("\0", "")
