"""`L11Client`: how the subscriptions fare, a call when the layer lives in this process and HTTP when it does not."""

from __future__ import annotations

import os
from typing import Final

from agentic.layers.base.backends import Backend, HttpBackend
from agentic.layers.base.operation import Call
from agentic.layers.L11_integration.models import GET_SUBSCRIPTION, LIST_SUBSCRIPTIONS, Subscription

DEFAULT_URL: Final = "http://localhost:8011"
URL_VARIABLE: Final = "PLATFORM_L11_URL"


class L11Client:
    """The integration layer; without an address the one in `PLATFORM_L11_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        self.backend = backend or HttpBackend("L11", base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL)

    async def subscriptions(self) -> list[Subscription]:
        """Every subscription."""
        return (await self.backend.call(LIST_SUBSCRIPTIONS, Call()))["items"]

    async def subscription(self, name: str) -> Subscription:
        """One subscription.

        Raises:
            NotFoundError: there is none of this name.
        """
        return await self.backend.call(GET_SUBSCRIPTION, Call({"name": name}))
