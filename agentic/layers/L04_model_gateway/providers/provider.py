"""What the gateway needs of a provider, whatever it speaks.

The pivot is OpenAI's chat form: every provider takes requests in it, answers in it, and reads its own stream into `Delta`s.
Where a route's form is the provider's own (`form`), requests and answers are passed as they are and only read on the way.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, cast
from urllib.parse import urlsplit

import msgspec

from agentic.layers.base import jsonio
from agentic.layers.base.errors import PlatformError
from agentic.layers.L04_model_gateway.errors import (
    ModelCannotError,
    ProviderBusyError,
    ProviderFailedError,
    ProviderKeyError,
    ProviderRefusedError,
)
from agentic.layers.L04_model_gateway.models import ModelInfo, ModelSetting, ProviderSetting
from agentic.layers.L04_model_gateway.streaming import Reader, Tokens
from agentic.layers.L04_model_gateway.upstream import GarbledError, Request

Task = Literal["chat", "embeddings"]
Body = dict[str, Any]
SHOWN = 500
"""Characters of a provider's complaint that are passed on."""

_ALWAYS_THERE = nullcontext()

Fetch = Callable[[Request], Awaitable[bytes]]
"""Sends a small request to the provider and answers the body of its 200.

Raises:
    PlatformError: there is none.
"""


class Whole(NamedTuple):
    """What is read of an answer that is passed on whole."""

    tokens: Tokens | None
    finish: str | None
    size: int
    """Characters of the answer, for an estimate when nobody counted."""


class Complaint(NamedTuple):
    """What a provider says about a request that it did not answer."""

    status: int
    text: str
    retry_after: float | None


class Provider(ABC):
    """One provider of models, as configuration describes it."""

    kind: ClassVar[str]
    form: ClassVar[str]
    """The form of the routes whose bytes it takes and answers as they are: `openai`, `anthropic`, or its own."""
    default_url: ClassVar[str]
    paid: ClassVar[bool]
    """Whether it costs money unless configuration says otherwise."""
    tasks: ClassVar[frozenset[Task]] = frozenset(("chat", "embeddings"))
    note: ClassVar[str] = ""
    """What a person should know before relying on its models."""
    last_resort: ClassVar[bool] = False
    """Whether it is left out of names that stand for any model, as long as there is another."""

    def __init__(self, name: str, setting: ProviderSetting) -> None:
        self.name = name
        self.setting = setting

    @property
    def base_url(self) -> str:
        """Where it is."""
        return self.setting.base_url or self.default_url

    @property
    def costs_money(self) -> bool:
        """Whether its calls cost money."""
        return self.paid if self.setting.paid is None else self.setting.paid

    @property
    def output_field(self) -> str:
        """The field by which a request bounds its answer."""
        return "max_tokens"

    # -- being there

    def serving(self) -> AbstractAsyncContextManager[None]:
        """Keeps the provider there for one exchange: one that runs here may have to be started."""
        return _ALWAYS_THERE

    async def close(self) -> None:
        """Lets go of what it holds, at the end or when configuration has replaced it."""
        return

    # -- asking

    @abstractmethod
    def request(self, task: Task, body: Body, model: str) -> Request:
        """A request in OpenAI's form as one of this provider's for its model of that name.

        Raises:
            ModelCannotError: it asks for what this kind of provider does not have.
            InvalidError: it is not in that form.
            ProviderKeyError: the key is not where it should be.
        """

    @abstractmethod
    def as_it_is(self, task: Task, body: Body, raw: bytes, model: str) -> Request:
        """A request in this provider's own form; `raw` is its text when nothing needs to be changed in it.

        Raises:
            ProviderKeyError: the key is not where it should be.
        """

    # -- hearing

    @abstractmethod
    def read(self, task: Task, content: bytes) -> Whole:
        """What a whole answer used.

        Raises:
            GarbledError: it is none.
        """

    @abstractmethod
    def to_openai(self, task: Task, content: bytes, request: Body) -> Body:
        """A whole answer in OpenAI's form.

        Raises:
            GarbledError: it is none.
        """

    @abstractmethod
    def reader(self, request: Body) -> Reader:
        """Who reads one stream of this provider, which answers a request in OpenAI's form."""

    def refusal(self, complaint: Complaint, model: str) -> PlatformError:
        """A complaint of this provider as an error of ours."""
        about = (
            f"{self.name}: {complaint.text}"
            if complaint.text
            else f"{self.name} answered {complaint.status}."
        )
        members: dict[str, Any] = {"provider": self.name, "model": model, "provider_status": complaint.status}
        status = complaint.status
        if status == 429:
            if complaint.retry_after is not None:
                members["retry_after"] = max(1, round(complaint.retry_after))
            return ProviderBusyError(about, **members)
        if status in (401, 403):
            return ProviderKeyError(about, **members)
        if status in (400, 404, 405, 413, 415, 422):
            if _lacks_tools(complaint.text):
                return ModelCannotError(f"The model {model} cannot call tools.", **members)
            return ProviderRefusedError(about, **members)
        return ProviderFailedError(about, **members)

    # -- which models it has

    @abstractmethod
    async def discover(self, fetch: Fetch) -> list[ModelInfo]:
        """Its models, asked of itself.

        Raises:
            PlatformError: it does not say.
        """

    def model_info(self, model: str, **known: Any) -> ModelInfo:
        """A model of this provider: what configuration says of it, over what is `known`."""
        setting = self.setting.models.get(model, ModelSetting())
        told = setting.model_dump(exclude={"prices"}, exclude_none=True)
        unknown: dict[str, Any] = dict.fromkeys(ModelSetting.model_fields.keys() - {"prices"})
        return {"id": model, "provider": self.name, **unknown, **known, **told}  # type: ignore[typeddict-item]

    # -- for those who speak

    def key(self) -> str | None:
        """The provider's key, read where configuration says; it is kept nowhere.

        Raises:
            ProviderKeyError: there is none.
        """
        if self.setting.key is None:
            return None
        where, _, name = self.setting.key.partition(":")
        try:
            value = os.environ.get(name, "") if where == "env" else Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            value = ""
        if not value.strip():
            raise ProviderKeyError(f"{self.name}: there is no key at {self.setting.key}.", provider=self.name)
        return value.strip()

    def post(self, path: str, body: Body | bytes, headers: dict[str, str]) -> Request:
        """A POST of JSON to a path below the provider's address."""
        content = body if isinstance(body, bytes) else encode(body)
        every = {"content-type": "application/json", **headers, **self.setting.headers}
        return Request("POST", f"{self.base_url}{path}", every, content)

    def get(self, path: str, headers: dict[str, str]) -> Request:
        """A GET of a path below the provider's address."""
        return Request("GET", f"{self.base_url}{path}", {**headers, **self.setting.headers})

    @property
    def host(self) -> str:
        """The name of its server."""
        return urlsplit(self.base_url).hostname or ""


def encode(body: Body) -> bytes:
    """A request's body."""
    return jsonio.encode(body)


def decode(content: bytes) -> Body:
    """An answer's JSON object.

    Raises:
        GarbledError: it is none.
    """
    try:
        value = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GarbledError(f"The answer is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise GarbledError("The answer is not a JSON object.")
    return cast("Body", value)


def items_of(answer: Body, field: str) -> list[Body]:
    """The objects of a list in an answer.

    Raises:
        GarbledError: there is no list.
    """
    items = answer.get(field)
    if not isinstance(items, list):
        raise GarbledError(f"The answer has no {field}.")
    return [cast("Body", item) for item in cast("list[Any]", items) if isinstance(item, dict)]


def _lacks_tools(text: str) -> bool:
    lowered = text.lower()
    return "tool" in lowered and any(
        said in lowered for said in ("not support", "unsupported", "does not have", "no endpoints found")
    )
