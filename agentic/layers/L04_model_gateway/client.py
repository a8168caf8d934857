"""`L04Client`: models for the layers above, a call when the gateway lives in this process and HTTP when it does not.

reply = await l04.complete({"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}]})
print(reply.message["content"], reply.usage["cost"])
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol
from uuid import UUID

import httpx2

from agentic.layers.base import backends, jsonio, tracing
from agentic.layers.base.backends import pooled, refusal
from agentic.layers.base.common_errors import UnreachableError
from agentic.layers.base.errors import from_problem
from agentic.layers.base.operation import Call
from agentic.layers.L01_data_layer.models.run import RunRef
from agentic.layers.L04_model_gateway import errors
from agentic.layers.L04_model_gateway.models import (
    COMPLETE,
    LIST_MODELS,
    LIST_PROVIDERS,
    CompletionOrder,
    ModelInfo,
    ProviderInfo,
    Reply,
)

DEFAULT_URL: Final = "http://localhost:8005"
URL_VARIABLE: Final = "PLATFORM_L04_URL"
PATIENCE: Final = httpx2.Timeout(30.0, read=None, connect=5.0)
"""How long a model may take is the gateway's business."""

Ref = str | UUID
OnText = Callable[[str], Awaitable[None] | None]


class Backend(backends.Backend, Protocol):
    """Carries operations out, and completions."""

    async def complete(self, order: dict[str, Any], on_text: OnText | None) -> Any:
        """The reply to a `CompletionOrder`: the fields of a `Reply`, or embeddings."""
        ...


class HttpBackend(backends.HttpBackend):
    """Asks the gateway over HTTP. A caller that is cancelled closes the connection, which cancels the provider's call."""

    async def complete(self, order: dict[str, Any], on_text: OnText | None) -> Any:
        """Reads the lines of an answer.

        Raises:
            UnreachableError: the gateway does not answer, or stopped within the answer.
        """
        client = await pooled(self.base_url)
        headers = {**self._headers, **tracing.as_headers(), "content-type": "application/json"}
        content = jsonio.encode(order)
        try:
            async with client.stream(
                COMPLETE.method,
                COMPLETE.path,
                content=content,
                headers=httpx2.Headers(headers, encoding="utf-8"),
                timeout=PATIENCE,
            ) as response:
                if not response.is_success:
                    await response.aread()
                    raise refusal(response)
                return await _read(response, on_text)
        except httpx2.TransportError as error:
            raise UnreachableError(f"L04 at {self.base_url} does not answer: {error!r}") from error


async def _read(response: httpx2.Response, on_text: OnText | None) -> Any:
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            told = jsonio.decode(line)
            if "reply" in told:
                return told["reply"]
            if "problem" in told:
                raise from_problem(told["problem"])
            if on_text is not None:
                waiting = on_text(told["text"])
                if inspect.isawaitable(waiting):
                    await waiting
    raise UnreachableError("L04 stopped within an answer.")


class L04Client:
    """Models; without an address the gateway in `PLATFORM_L04_URL`, or else its own port on this machine."""

    def __init__(self, base_url: str | None = None, *, backend: Backend | None = None) -> None:
        url = base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        self.backend: Backend = backend or HttpBackend("L04", url)

    async def complete(
        self,
        request: Mapping[str, Any],
        *,
        run: RunRef | None = None,
        agent_id: Ref | None = None,
        goal_id: Ref | None = None,
        key_id: str | None = None,
        on_text: OnText | None = None,
        cache_seconds: float | None = None,
    ) -> Reply:
        """A model's answer to a request in OpenAI's chat form. `on_text` is told each piece of the text as it comes.

        With `run` the call is reserved first, under `usage_id` of the reply, and settled by the step that it belongs to; one that
        failed or was cut is settled here. With `cache_seconds`, an answer to the same request that is not older is given again.

        Raises:
            UnknownModelError, ModelCannotError, InvalidError: it cannot be answered as it is.
            BudgetExceededError, RateLimitedError: it may not be asked now.
            FencedError: the run is no longer the caller's.
            PlatformError: no provider answered.
        """
        order: dict[str, Any] = {"request": dict(request), "stream": on_text is not None}
        if run is not None:
            order["run"] = run._asdict()
        told = {"agent_id": agent_id, "goal_id": goal_id, "key_id": key_id}
        order.update({name: str(value) for name, value in told.items() if value is not None})
        if cache_seconds is not None:
            order["cache_seconds"] = float(cache_seconds)
        return Reply(**await self.backend.complete(order, on_text))

    async def embed(
        self, request: Mapping[str, Any], *, agent_id: Ref | None = None, key_id: str | None = None
    ) -> dict[str, Any]:
        """Embeddings, asked for and answered in OpenAI's form.

        Raises:
            PlatformError: there are none, for the reasons of `complete`.
        """
        order: dict[str, Any] = {"request": dict(request), "task": "embeddings"}
        told = {"agent_id": agent_id, "key_id": key_id}
        order.update({name: str(value) for name, value in told.items() if value is not None})
        return await self.backend.complete(order, None)

    async def models(self) -> list[ModelInfo]:
        """Every model of every provider, in the order in which they are asked."""
        return (await self.backend.call(LIST_MODELS, Call()))["items"]

    async def providers(self) -> list[ProviderInfo]:
        """Every provider, whether it answers, and its models."""
        return (await self.backend.call(LIST_PROVIDERS, Call()))["items"]

    async def close(self) -> None:
        """Lets go of what the client holds."""
        await self.backend.close()


__all__ = ["CompletionOrder", "HttpBackend", "L04Client", "Reply", "RunRef", "errors"]
# With the errors: what is refused over HTTP is raised here as the class that it was.
