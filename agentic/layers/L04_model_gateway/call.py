"""An order with one candidate: what a call takes before it is sent, what it says on the way, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import NamedTuple

from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.account import Account, Books, Weight
from agentic.layers.L04_model_gateway.caller import Caller
from agentic.layers.L04_model_gateway.catalogue import Catalogue
from agentic.layers.L04_model_gateway.errors import (
    AnswerTooLargeError,
    NoProviderError,
    ProviderFailedError,
    ProviderTimeoutError,
)
from agentic.layers.L04_model_gateway.forms.form import Body, Form
from agentic.layers.L04_model_gateway.limits import NOTHING_DRAWN, Drawn, Meter, buckets_of
from agentic.layers.L04_model_gateway.models import Usage
from agentic.layers.L04_model_gateway.providers.provider import Provider, Task
from agentic.layers.L04_model_gateway.routing import Candidate, Latencies
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L04_model_gateway.streaming import Delta, Reader
from agentic.layers.L04_model_gateway.upstream import (
    ConnectError,
    GarbledError,
    Request,
    SilenceError,
    SizeError,
    Timeouts,
    UpstreamError,
)


class Order(NamedTuple):
    """What is asked, by whom, in which form."""

    form: Form
    task: Task
    body: Body
    raw: bytes
    """The text of the body, if it came as one."""
    caller: Caller

    @property
    def model(self) -> str:
        """The name that the request asks for."""
        return self.body["model"]


class Begun(NamedTuple):
    """What a stream begins with."""

    parts: AsyncGenerator[bytes]
    reader: Reader
    first: bytes
    deltas: list[Delta]


class Desk(NamedTuple):
    """What every call needs."""

    settings: L04Settings
    catalogue: Catalogue
    latencies: Latencies
    meter: Meter
    books: Books


class Call:
    """An order with one candidate: what it holds while it lasts, and how it ends."""

    account: Account
    usage: Usage

    def __init__(self, desk: Desk, order: Order, candidate: Candidate, weight: Weight) -> None:
        self.order = order
        self.candidate = candidate
        self.entry = candidate.entry
        self.weight = weight
        self._desk = desk
        self._stack = AsyncExitStack()
        self._drawn = NOTHING_DRAWN
        self._request: Request | None = None
        self._pivot: Body | None = None
        self._opened = False

    async def open(self) -> None:
        """Takes what the call needs: a slot of the provider, its place in limits, its reservation, the provider itself."""
        if self.entry.slots is not None:
            await self._stack.enter_async_context(self.entry.slots)
        await self._stack.enter_async_context(self.entry.provider.serving())
        books = self._desk.books
        output = self._output()
        self._request = self._made(
            output if books.budgeted(self.order.caller, self.candidate.model) else None
        )
        self._drawn = await self._draw()
        self.account = await books.open(self.order.caller, self.candidate, self.weight, output)
        self._opened = True

    @property
    def timeouts(self) -> Timeouts:
        """How long the provider may take."""
        setting, own = self._desk.settings, self.entry.provider.setting
        return Timeouts(
            setting.connect_timeout,
            own.first_byte_timeout or setting.first_byte_timeout,
            own.silence_timeout or setting.silence_timeout,
        )

    async def _draw(self) -> Drawn:
        provider, caller = self.entry.provider, self.order.caller
        limits = buckets_of(
            self._desk.catalogue.limits, provider.name, provider.setting.limits, self.candidate.model, caller
        )
        if not limits:
            return NOTHING_DRAWN
        tokens = self.weight.likely + (self.weight.output or 0)
        return await self._desk.meter.draw(limits, tokens, paid=provider.costs_money)

    def _output(self) -> int:
        """How many tokens the answer may have at most."""
        if self.order.task == "embeddings":
            return 0
        told = self.weight.output or self.candidate.info["max_output_tokens"]
        return told or self._desk.settings.default_output_tokens

    @property
    def pivot(self) -> Body:
        """The order in OpenAI's form."""
        if self._pivot is None:
            self._pivot = self.order.form.to_openai(self.order.body)
        return self._pivot

    @property
    def as_it_is(self) -> bool:
        """Whether the provider speaks as the caller does."""
        return self.order.form.name == self.entry.provider.form

    def request(self) -> Request:
        """What is sent."""
        assert self._request is not None
        return self._request

    def _made(self, bound: int | None) -> Request:
        """What is not bounded could break a budget, so a request that names no bound gets one."""
        provider, order, model = self.entry.provider, self.order, self.candidate.model
        missing = bound and not self.weight.output
        extra: Body = {provider.output_field: bound} if missing else {}
        if self.as_it_is:
            return provider.as_it_is(
                order.task,
                {**order.body, **extra} if extra else order.body,
                b"" if extra else order.raw,
                model,
            )
        return provider.request(order.task, {**self.pivot, **extra} if extra else self.pivot, model)

    def heard(self, deltas: list[Delta]) -> None:
        """Notes what a part of the stream said."""
        account = self.account
        for delta in deltas:
            if delta.tokens is not None:
                account.tokens = delta.tokens
            size = len(delta.text) + len(delta.thought) + sum(len(piece.arguments) for piece in delta.tools)
            if size or delta.tools:
                account.began_to_answer()
                account.heard += size

    async def completed(self) -> None:
        """The answer came to its end."""
        self.entry.breaker.succeeded()
        self._desk.latencies.note(self.entry.name, self.candidate.model, self.account.seconds)
        try:
            self.usage = await self.account.completed()
        finally:
            await self._leave()

    async def failed(self, error: PlatformError) -> None:
        """The call failed."""
        if is_its_own_fault(error):
            self.entry.breaker.failed()
        elif self._opened:
            self.entry.breaker.succeeded()  # it answers, if not as one would like
        else:
            self.entry.breaker.left()
        try:
            if self._opened:
                await self.account.failed(error)
        finally:
            await self._leave()

    async def cut(self) -> None:
        """The caller is gone."""
        self.entry.breaker.left()
        if self._opened:
            self.account.cut()
        await self._leave()

    async def _leave(self) -> None:
        if self._opened:
            tokens = self.account.tokens
            used = tokens.input + tokens.output if tokens else self.account.heard // 4
            self._desk.meter.settle(self._drawn, used)
        else:
            self._desk.meter.settle(self._drawn, 0)
        await self._stack.aclose()


class Answered:
    """A whole answer, as its provider gave it."""

    def __init__(self, content: bytes, call: Call) -> None:
        self.content = content
        self.entry = call.entry
        self.model = call.candidate.model
        self.as_it_is = call.as_it_is
        self.usage: Usage = call.usage
        self.usage_id = call.account.usage_id
        self._call = call

    def to_openai(self) -> Body:
        """The answer in OpenAI's form.

        Raises:
            ProviderFailedError: it is none.
        """
        provider, call = self.entry.provider, self._call
        try:
            return provider.to_openai(call.order.task, self.content, call.pivot)
        except UpstreamError as failed:
            raise translated(failed, provider) from failed


class Stream:
    """A stream that has begun: its bytes, and what they say."""

    def __init__(self, call: Call, begun: Begun) -> None:
        self._call = call
        self._begun = begun
        self.entry = call.entry
        self.model = call.candidate.model
        self.as_it_is = call.as_it_is
        self.usage_id = call.account.usage_id

    @property
    def usage(self) -> Usage:
        """What it used, once it has come to its end."""
        return self._call.usage

    async def parts(self) -> AsyncGenerator[tuple[bytes, list[Delta]]]:
        """Each part as it comes: its bytes, and what they say.

        Raises:
            PlatformError: the provider did not come to the end.
        """
        call, begun = self._call, self._begun
        try:
            yield begun.first, begun.deltas
            async for part in begun.parts:
                deltas = begun.reader.feed(part)
                call.heard(deltas)
                yield part, deltas
            if not begun.reader.finished:
                raise GarbledError("The stream ended before the answer did.")
        except UpstreamError as failed:
            error = translated(failed, call.entry.provider)
            await call.failed(error)
            raise error from failed
        except PlatformError as error:
            await call.failed(error)
            raise
        except BaseException:
            await call.cut()
            raise
        else:
            await call.completed()
        finally:
            await begun.parts.aclose()


def is_its_own_fault(error: PlatformError) -> bool:
    """Whether an error says that the provider is not well."""
    return isinstance(error, ProviderFailedError | ProviderTimeoutError | NoProviderError)


def translated(failed: UpstreamError, provider: Provider) -> PlatformError:
    """A failed exchange as an error of ours."""
    members = {"provider": provider.name}
    about = f"{provider.name}: {failed}"
    if isinstance(failed, ConnectError):
        return NoProviderError(about, **members)
    if isinstance(failed, SilenceError):
        return ProviderTimeoutError(about, **members)
    if isinstance(failed, SizeError):
        return AnswerTooLargeError(about, **members)
    return ProviderFailedError(about, **members)
