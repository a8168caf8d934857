"""One call, from a request to the provider that answers it: routed, limited, reserved, tried, tried elsewhere, booked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, NamedTuple, TypeVar

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
from agentic.layers.L04_model_gateway.providers.openai import message_of
from agentic.layers.L04_model_gateway.providers.provider import SHOWN, Complaint, Provider, Task, decode
from agentic.layers.L04_model_gateway.retry import Patience, another_may_do, retry_after
from agentic.layers.L04_model_gateway.routing import Candidate, Router
from agentic.layers.L04_model_gateway.settings import L04Settings
from agentic.layers.L04_model_gateway.streaming import Delta, Reader
from agentic.layers.L04_model_gateway.upstream import (
    ConnectError,
    GarbledError,
    Request,
    Response,
    SilenceError,
    SizeError,
    Timeouts,
    Upstream,
    UpstreamError,
)

T = TypeVar("T")
LARGEST_COMPLAINT: Final = 64 * 1024


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


class Dispatcher:
    """Carries orders out."""

    def __init__(
        self,
        settings: L04Settings,
        upstream: Upstream,
        catalogue: Catalogue,
        router: Router,
        meter: Meter,
        books: Books,
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._catalogue = catalogue
        self.router = router
        self._meter = meter
        self._books = books
        self._patience = Patience(settings.attempts, settings.first_pause, settings.longest_pause)

    async def candidates(self, order: Order) -> list[Candidate]:
        """Who may answer, best first."""
        needs = order.form.needs(order.body)
        if order.task == "embeddings":
            needs = needs._replace(embeddings=True)
        return await self.router.candidates(order.model, order.task, needs)

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
        self, order: Order, candidates: list[Candidate], use: Callable[[_Call, Response], Awaitable[T]]
    ) -> tuple[_Call, T]:
        """The first candidate that does it."""
        weight = Weight(order.body, order.form.output_limit(order.body))
        failure: PlatformError | None = None
        for candidate in candidates:
            if not candidate.entry.breaker.admits():
                failure = failure or _left_alone(candidate)
                continue
            try:
                return await self._with(_Call(self, order, candidate, weight), use)
            except PlatformError as error:
                failure = error
                if not another_may_do(error):
                    break
        assert failure is not None
        raise failure

    async def _with(self, call: _Call, use: Callable[[_Call, Response], Awaitable[T]]) -> tuple[_Call, T]:
        try:
            await call.open()
            return call, await self._tried(call, use)
        except PlatformError as error:
            await call.failed(error)
            raise
        except BaseException:
            await call.cut()
            raise

    async def _tried(self, call: _Call, use: Callable[[_Call, Response], Awaitable[T]]) -> T:
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

    async def _once(self, call: _Call, use: Callable[[_Call, Response], Awaitable[T]]) -> T:
        response = await self._upstream.send(call.request(), call.timeouts)
        try:
            if response.status != 200:
                raise await _refused(response, call)
            return await use(call, response)
        except BaseException:
            response.close()
            raise

    async def _read_whole(self, call: _Call, response: Response) -> bytes:
        content = await response.read(self._settings.max_answer)
        call.account.began_to_answer()
        read = call.entry.provider.read(call.order.task, content)
        call.account.tokens, call.account.heard = read.tokens, read.size
        return content

    async def _begin(self, call: _Call, response: Response) -> Begun:
        """Reads until there is something to say, so that a provider that fails at once can be replaced."""
        reader = call.entry.provider.reader(call.pivot)
        parts = response.parts(self._settings.max_answer)
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

    # -- what calls need

    def timeouts(self, provider: Provider) -> Timeouts:
        """How long a provider may take."""
        setting, own = self._settings, provider.setting
        return Timeouts(
            setting.connect_timeout,
            own.first_byte_timeout or setting.first_byte_timeout,
            own.silence_timeout or setting.silence_timeout,
        )

    async def draw(self, call: _Call) -> Drawn:
        """Draws from the limits that a call falls under."""
        entry, caller = call.entry, call.order.caller
        limits = buckets_of(
            self._catalogue.limits, entry.name, entry.provider.setting.limits, call.candidate.model, caller
        )
        if not limits:
            return NOTHING_DRAWN
        tokens = call.weight.likely + (call.weight.output or 0)
        return await self._meter.draw(limits, tokens, paid=entry.provider.costs_money)

    def output(self, call: _Call) -> int:
        """How many tokens the answer of a call may have at most."""
        if call.order.task == "embeddings":
            return 0
        return (
            call.weight.output
            or call.candidate.info["max_output_tokens"]
            or self._settings.default_output_tokens
        )

    @property
    def books(self) -> Books:
        """Where calls are booked."""
        return self._books

    @property
    def meter(self) -> Meter:
        """Where calls draw from."""
        return self._meter


class _RefusedError(Exception):
    """The provider answered something else than 200."""

    def __init__(self, error: PlatformError, retry_after: float | None) -> None:
        self.error = error
        self.retry_after = retry_after
        super().__init__(str(error))


class _Call:
    """An order with one candidate: what it holds while it lasts, and how it ends."""

    account: Account
    usage: Usage

    def __init__(self, dispatcher: Dispatcher, order: Order, candidate: Candidate, weight: Weight) -> None:
        self.order = order
        self.candidate = candidate
        self.entry = candidate.entry
        self.weight = weight
        self.timeouts = dispatcher.timeouts(candidate.entry.provider)
        self._dispatcher = dispatcher
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
        books = self._dispatcher.books
        output = self._dispatcher.output(self)
        self._request = self._made(
            output if books.budgeted(self.order.caller, self.candidate.model) else None
        )
        self._drawn = await self._dispatcher.draw(self)
        self.account = await books.open(self.order.caller, self.candidate, self.weight, output)
        self._opened = True

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
        self._dispatcher.router.latencies.note(self.entry.name, self.candidate.model, self.account.seconds)
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
            self._dispatcher.meter.settle(self._drawn, used)
        else:
            self._dispatcher.meter.settle(self._drawn, 0)
        await self._stack.aclose()


class Answered:
    """A whole answer, as its provider gave it."""

    def __init__(self, content: bytes, call: _Call) -> None:
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

    def __init__(self, call: _Call, begun: Begun) -> None:
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


def _left_alone(candidate: Candidate) -> NoProviderError:
    name = candidate.entry.name
    return NoProviderError(
        f"{name} failed several times in a row and is left alone for a while.", provider=name, retry_after=5
    )


async def _refused(response: Response, call: _Call) -> _RefusedError:
    content = await response.read(LARGEST_COMPLAINT)
    try:
        text = message_of(decode(content))
    except GarbledError:
        text = content.decode(errors="replace").strip()[:SHOWN]
    wait = retry_after(response.headers)
    complaint = Complaint(response.status, text, wait)
    return _RefusedError(call.entry.provider.refusal(complaint, call.candidate.model), wait)
