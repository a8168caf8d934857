"""One call, from a request to the provider that answers it: routed, tried, tried again, tried elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.account import Weight
from agentic.layers.L04_model_gateway.call import Answered, Begun, Call, Desk, Order, Stream, translated
from agentic.layers.L04_model_gateway.errors import NoProviderError, ProviderFailedError
from agentic.layers.L04_model_gateway.providers.openai import message_of
from agentic.layers.L04_model_gateway.providers.provider import SHOWN, Complaint, decode
from agentic.layers.L04_model_gateway.retry import Patience, another_may_do, retry_after
from agentic.layers.L04_model_gateway.routing import Candidate, Router
from agentic.layers.L04_model_gateway.streaming import Delta
from agentic.layers.L04_model_gateway.upstream import GarbledError, Response, Upstream, UpstreamError

T = TypeVar("T")
LARGEST_COMPLAINT: Final = 64 * 1024


class Dispatcher:
    """Carries orders out."""

    def __init__(self, desk: Desk, upstream: Upstream, router: Router) -> None:
        self._desk = desk
        self._upstream = upstream
        self._router = router
        settings = desk.settings
        self._patience = Patience(settings.attempts, settings.first_pause, settings.longest_pause)

    async def candidates(self, order: Order) -> list[Candidate]:
        """Who may answer, best first."""
        needs = order.form.needs(order.body)
        if order.task == "embeddings":
            needs = needs._replace(embeddings=True)
        return await self._router.candidates(order.model, order.task, needs)

    async def whole(self, order: Order, candidates: list[Candidate]) -> Answered:
        """A whole answer, booked.

        Raises:
            PlatformError: nobody gave one.
        """
        call, content = await self._anywhere(order, candidates, self._read_whole)
        await call.completed()
        return Answered(content, call)

    async def stream(self, order: Order, candidates: list[Candidate]) -> Stream:
        """A stream that has begun. It must be read to its end, or closed.

        Raises:
            PlatformError: nobody began one.
        """
        call, begun = await self._anywhere(order, candidates, self._begin)
        return Stream(call, begun)

    async def _anywhere(
        self, order: Order, candidates: list[Candidate], use: Callable[[Call, Response], Awaitable[T]]
    ) -> tuple[Call, T]:
        """The first candidate that does it."""
        weight = Weight(order.body, order.form.output_limit(order.body))
        failure: PlatformError | None = None
        for candidate in candidates:
            if not candidate.entry.breaker.admits():
                failure = failure or _left_alone(candidate)
                continue
            try:
                return await self._with(Call(self._desk, order, candidate, weight), use)
            except PlatformError as error:
                failure = error
                if not another_may_do(error):
                    break
        assert failure is not None
        raise failure

    async def _with(self, call: Call, use: Callable[[Call, Response], Awaitable[T]]) -> tuple[Call, T]:
        try:
            await call.open()
            return call, await self._tried(call, use)
        except PlatformError as error:
            await call.failed(error)
            raise
        except BaseException:
            await call.cut()
            raise

    async def _tried(self, call: Call, use: Callable[[Call, Response], Awaitable[T]]) -> T:
        attempt = 0
        while True:
            attempt += 1
            asked: float | None = None
            try:
                return await self._once(call, use)
            except _RefusedError as refused:
                error, asked = refused.error, refused.retry_after
            except UpstreamError as failed:
                error = translated(failed, call.entry.provider)
            except ProviderFailedError as failed:
                error = failed
            pause = self._patience.pause(attempt, error, asked)
            if pause is None:
                raise error
            await asyncio.sleep(pause)

    async def _once(self, call: Call, use: Callable[[Call, Response], Awaitable[T]]) -> T:
        response = await self._upstream.send(call.request(), call.timeouts)
        try:
            if response.status != 200:
                raise await _refused(response, call)
            return await use(call, response)
        except BaseException:
            response.close()
            raise

    async def _read_whole(self, call: Call, response: Response) -> bytes:
        content = await response.read(self._desk.settings.max_answer)
        call.account.began_to_answer()
        read = call.entry.provider.read(call.order.task, content)
        call.account.tokens, call.account.heard = read.tokens, read.size
        return content

    async def _begin(self, call: Call, response: Response) -> Begun:
        """Reads until there is something to say, so that a provider that fails at once can be replaced."""
        reader = call.entry.provider.reader(call.pivot)
        parts = response.parts(self._desk.settings.max_answer)
        first = b""
        deltas: list[Delta] = []
        async for part in parts:
            first += part
            deltas += reader.feed(part)
            if deltas or reader.finished:
                break
        if not deltas and not reader.finished:
            raise GarbledError("The stream ended before it began.")
        call.heard(deltas)
        return Begun(parts, reader, first, deltas)


class _RefusedError(Exception):
    """The provider answered something else than 200."""

    def __init__(self, error: PlatformError, retry_after: float | None) -> None:
        self.error = error
        self.retry_after = retry_after
        super().__init__(str(error))


def _left_alone(candidate: Candidate) -> NoProviderError:
    name = candidate.entry.name
    return NoProviderError(
        f"{name} failed several times in a row and is left alone for a while.", provider=name, retry_after=5
    )


async def _refused(response: Response, call: Call) -> _RefusedError:
    content = await response.read(LARGEST_COMPLAINT)
    try:
        text = message_of(decode(content))
    except GarbledError:
        text = content.decode(errors="replace").strip()[:SHOWN]
    wait = retry_after(response.headers)
    complaint = Complaint(response.status, text, wait)
    return _RefusedError(call.entry.provider.refusal(complaint, call.candidate.model), wait)
