"""The secrets that messages are signed with, by their owner: a webhook, or a hook of somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.base.ids import now
from agentic.layers.base.operation import validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L11_integration.models import NewSecret, SecretRotation
from agentic.layers.L11_integration.signing import new_secret

REMEMBERED: Final = 30.0
"""Seconds for which secrets are remembered: an old one is then no longer used soon after its end."""


class Secrets:
    """What the messages of one webhook are signed with. Asked for once in a while; a rotation begins the webhook anew."""

    def __init__(self, client: Callable[[], L01Client], owner: str) -> None:
        self._client = client
        self._owner = owner
        self._known: list[str] = []
        self._until = 0.0

    async def valid(self) -> list[str]:
        """The secret and, while it is valid, the one before it."""
        moment = now().timestamp()
        if moment >= self._until:
            self._known = await valid_secrets(self._client(), self._owner)
            self._until = moment + REMEMBERED
        return self._known


async def valid_secrets(l01: L01Client, owner: str) -> list[str]:
    """The secrets of an owner that are valid now, the newest first; one is made where there is none."""
    try:
        found = await l01.signing_secrets.get(owner)
    except NotFoundError:
        found = await l01.signing_secrets.set(owner, new_secret(), first=True)
    return [each for each in (found["secret"], found["previous"]) if each is not None]


async def rotate(l01: L01Client, owner: str, body: object) -> NewSecret:
    """Gives an owner a new secret, and leaves the one before it valid for a while."""
    wanted = validated(SecretRotation, body)
    secret = wanted.secret or new_secret()
    stored = await l01.signing_secrets.set(owner, secret, overlap=wanted.overlap)
    return {"secret": secret, "previous_until": stored["previous_until"]}
