"""What the gateway does for its callers, in process and over HTTP alike: whole answers, streams, embeddings, lists of models."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, NamedTuple, cast

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.cache import AnswerCache
from agentic.layers.L04_model_gateway.call import Answered, Order, Stream
from agentic.layers.L04_model_gateway.caller import Caller
from agentic.layers.L04_model_gateway.dispatch import Dispatcher
from agentic.layers.L04_model_gateway.errors import ProviderFailedError
from agentic.layers.L04_model_gateway.forms.form import Body
from agentic.layers.L04_model_gateway.forms.openai import OPENAI
from agentic.layers.L04_model_gateway.models import Reply, Usage
from agentic.layers.L04_model_gateway.providers.openai import wants_usage
from agentic.layers.L04_model_gateway.routing import Candidate
from agentic.layers.L04_model_gateway.streaming import Collected, Delta, ToolPiece, WithoutUsage
from agentic.layers.L04_model_gateway.translation.content import openai_usage
from agentic.layers.L04_model_gateway.usage import UsageWriter

OnText = Callable[[str], Awaitable[None] | None]
CACHE = "cache"
"""The provider on which an answer that was given before is booked: it used nothing."""


class Told(NamedTuple):
    """Who answered, for the headers of an answer."""

    provider: str
    model: str
    cached: bool = False


class Gateway:
    """See the module."""

    def __init__(self, dispatcher: Dispatcher, cache: AnswerCache, writer: UsageWriter) -> None:
        self._dispatcher = dispatcher
        self._cache = cache
        self._writer = writer

    # -- for the layers above

    async def complete(
        self,
        request: Body,
        caller: Caller,
        on_text: OnText | None = None,
        cache_seconds: float | None = None,
    ) -> Reply:
        """A completion of a request in OpenAI's form; `on_text` is told each piece of the text as it comes.

        Raises:
            PlatformError: there is none.
        """
        body = {**request, "stream": on_text is not None}
        order = Order(OPENAI, "chat", checked(body, "chat"), b"", caller)
        candidates = await self._dispatcher.candidates(order)
        name = self._cache_name(order, candidates[0], cache_seconds)
        if name is not None and (kept := await self._cache.get(name)) is not None:
            return await self._reply_kept(order, candidates[0], kept, on_text)
        if on_text is None:
            answered = await self._dispatcher.whole(order, candidates)
            answer = answered.to_openai()
            if name is not None:
                await self._cache.put(name, answer, cache_seconds or 0)
            message, finish = _choice(answer, answered)
            return _reply(message, finish, answered)
        stream = await self._dispatcher.stream(order, candidates)
        collected = Collected()
        async with aclosing(stream.parts()) as parts:
            async for _, deltas in parts:
                for delta in deltas:
                    collected.add(delta)
                    if delta.text:
                        await _tell(on_text, delta.text)
        if name is not None:
            await self._cache.put(name, _as_answer(collected, stream.model), cache_seconds or 0)
        return _reply(collected.message(), collected.finish or "stop", stream)

    async def embed(self, request: Body, caller: Caller) -> Body:
        """Embeddings, asked for and answered in OpenAI's form.

        Raises:
            PlatformError: there are none.
        """
        order = Order(OPENAI, "embeddings", checked(request, "embeddings"), b"", caller)
        candidates = await self._dispatcher.candidates(order)
        return (await self._dispatcher.whole(order, candidates)).to_openai()

    # -- for the routes

    async def whole(self, order: Order, cache_seconds: float | None) -> tuple[bytes, Told]:
        """A whole answer in the caller's form.

        Raises:
            PlatformError: there is none.
        """
        candidates = await self._dispatcher.candidates(order)
        name = self._cache_name(order, candidates[0], cache_seconds)
        if name is not None and (kept := await self._cache.get(name)) is not None:
            await self._book_kept(order, candidates[0])
            return jsonio.encode(order.form.from_openai(kept)), _told(candidates[0], cached=True)
        answered = await self._dispatcher.whole(order, candidates)
        told = Told(answered.entry.name, answered.model)
        if answered.as_it_is and name is None:
            return answered.content, told
        answer = answered.to_openai()
        if name is not None:
            await self._cache.put(name, answer, cache_seconds or 0)
        if answered.as_it_is:
            return answered.content, told
        return jsonio.encode(order.form.from_openai(answer)), told

    async def stream(
        self, order: Order, cache_seconds: float | None, request_id: str
    ) -> tuple[AsyncGenerator[bytes], Told]:
        """A stream in the caller's form, which has begun: what goes wrong later is told in it.

        Raises:
            PlatformError: it could not begin.
        """
        candidates = await self._dispatcher.candidates(order)
        name = self._cache_name(order, candidates[0], cache_seconds)
        if name is not None and (kept := await self._cache.get(name)) is not None:
            await self._book_kept(order, candidates[0])
            return _replayed(order, kept, candidates[0].model), _told(candidates[0], cached=True)
        stream = await self._dispatcher.stream(order, candidates)
        return (
            self._streamed(order, stream, name, cache_seconds or 0, request_id),
            Told(stream.entry.name, stream.model),
        )

    async def _streamed(
        self, order: Order, stream: Stream, name: str | None, seconds: float, request_id: str
    ) -> AsyncGenerator[bytes]:
        collected = None if name is None else Collected()
        encode = _passed(order) if stream.as_it_is else _encoded(order, stream.model)
        try:
            async with aclosing(stream.parts()) as parts:
                async for data, deltas in parts:
                    if collected is not None:
                        for delta in deltas:
                            collected.add(delta)
                    if sent := encode(data, deltas):
                        yield sent
            if sent := encode(b"", None):
                yield sent
        except PlatformError as error:
            yield b"\n\n" + order.form.stream_error(error, request_id)
            return
        if collected is not None and name is not None:
            await self._cache.put(name, _as_answer(collected, stream.model), seconds)

    # -- answers that were given before

    def _cache_name(self, order: Order, candidate: Candidate, seconds: float | None) -> str | None:
        if seconds is None or order.body.get("thinking"):
            return None
        return self._cache.key(
            order.caller, order.form.name, candidate.entry.name, candidate.model, order.body
        )

    async def _book_kept(self, order: Order, candidate: Candidate) -> None:
        await self._writer.place()
        self._writer.add(
            {
                **order.caller.fields(),
                "model_provider": CACHE,
                "model_name": candidate.model,
                "cost_estimate": 0.0,
                "latency_ms": 0,
            }
        )

    async def _reply_kept(
        self, order: Order, candidate: Candidate, kept: Body, on_text: OnText | None
    ) -> Reply:
        await self._book_kept(order, candidate)
        choice = kept["choices"][0]
        if on_text is not None and choice["message"].get("content"):
            await _tell(on_text, choice["message"]["content"])
        usage: Usage = {
            "input_tokens": 0,
            "output_tokens": 0,
            "cached_tokens": 0,
            "reasoning_tokens": 0,
            "cost": 0.0,
            "cost_known": True,
            "latency_ms": 0,
            "ttft_ms": 0,
            "provider": CACHE,
            "model": candidate.model,
        }
        return Reply(choice["message"], choice["finish_reason"], usage, None, CACHE, candidate.model)


def checked(body: Any, task: str) -> Body:
    """A request that names a model and has what its task is about.

    Raises:
        InvalidError: it does not.
    """
    if not isinstance(body, dict):
        raise InvalidError.of(("body", "an object"))
    told = cast("Body", body)
    if not isinstance(told.get("model"), str) or not 0 < len(told["model"]) <= 255:
        raise InvalidError.of(("model", "the name of a model"))
    if task == "chat" and not (isinstance(told.get("messages"), list) and told["messages"]):
        raise InvalidError.of(("messages", "a list with at least one message"))
    if task == "embeddings" and not told.get("input"):
        raise InvalidError.of(("input", "a text, or a list of texts"))
    return told


def _told(candidate: Candidate, *, cached: bool) -> Told:
    return Told(candidate.entry.name, candidate.model, cached)


async def _tell(on_text: OnText, text: str) -> None:
    waiting = on_text(text)
    if inspect.isawaitable(waiting):
        await waiting


def _choice(answer: Body, answered: Answered) -> tuple[Body, str]:
    try:
        choice = answer["choices"][0]
        return choice["message"], choice.get("finish_reason") or "stop"
    except (KeyError, IndexError, TypeError, AttributeError):
        name = answered.entry.name
        raise ProviderFailedError(f"{name}: the answer has no message.", provider=name) from None


def _reply(message: Body, finish: str, answered: Answered | Stream) -> Reply:
    usage = answered.usage
    return Reply(message, finish, usage, answered.usage_id, answered.entry.name, answered.model)


def _as_answer(collected: Collected, model: str) -> Body:
    choice = {"index": 0, "message": collected.message(), "logprobs": None, "finish_reason": collected.finish}
    answer: Body = {
        "id": "chatcmpl-kept",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [choice],
    }
    if (usage := openai_usage(collected.tokens)) is not None:
        answer["usage"] = usage
    return answer


Encode = Callable[[bytes, list[Delta] | None], bytes]
"""What is sent for a part of a stream; for none, at the end."""


def _passed(order: Order) -> Encode:
    """The bytes as they are; but for the usage, when only we have asked for it."""
    if order.form is not OPENAI or wants_usage(order.body):
        return lambda data, _: data
    without = WithoutUsage()
    return lambda data, deltas: without.rest() if deltas is None else without.feed(data)


def _encoded(order: Order, model: str) -> Encode:
    encoder = order.form.encoder(order.body, model)

    def encode(_: bytes, deltas: list[Delta] | None) -> bytes:
        if deltas is None:
            return encoder.end()
        return b"".join(encoder.feed(delta) for delta in deltas)

    return encode


async def _replayed(order: Order, kept: Body, model: str) -> AsyncGenerator[bytes]:
    encoder = order.form.encoder(order.body, model)
    choice = kept["choices"][0]
    message: Body = choice["message"]
    calls = tuple(
        ToolPiece(index, call["id"], call["function"]["name"], call["function"]["arguments"])
        for index, call in enumerate(message.get("tool_calls") or ())
    )
    thought = message.get("reasoning_content") or ""
    yield encoder.feed(Delta(message.get("content") or "", thought, calls, choice["finish_reason"]))
    yield encoder.end()
