"""What one call to one provider used, from before it is sent until its row is written or on its way.

A call that may break a budget, and one that is a step of a run, is reserved first: a durable row, and the most that it may use held
of every budget. Any other is booked when it is over.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, cast

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L04_model_gateway.caller import Caller
from agentic.layers.L04_model_gateway.catalogue import Budgeted, Catalogue
from agentic.layers.L04_model_gateway.errors import PriceUnknownError
from agentic.layers.L04_model_gateway.models import Usage
from agentic.layers.L04_model_gateway.pricing import Pricing
from agentic.layers.L04_model_gateway.providers.provider import Provider
from agentic.layers.L04_model_gateway.routing import Candidate
from agentic.layers.L04_model_gateway.streaming import MOST, Tokens
from agentic.layers.L04_model_gateway.usage import Settlement, UsageWriter, settle

HELD_SECONDS: Final = 1800
"""After which a call that nobody settled counts as cut: longer than any takes."""
MOST_MONEY: Final = Decimal("9999.999999")
_IMAGE: Final = 6000
"""Characters that an image counts as: what it costs does not depend on its bytes."""


class Weight:
    """How long a request is in tokens, estimated: nobody but its model knows. Counted when it is asked for."""

    def __init__(self, body: dict[str, Any], output: int | None) -> None:
        self._body = body
        self._size: int | None = None
        self.output = output
        """Tokens that the answer may have, if the request says so."""

    @property
    def size(self) -> int:
        """Bytes of text in it."""
        if self._size is None:
            self._size = _size(self._body)
        return self._size

    @property
    def likely(self) -> int:
        """Tokens of a usual text of this size."""
        return math.ceil(self.size / 4)

    @property
    def most(self) -> int:
        """Tokens of which even a text that is hard to take apart has fewer."""
        return math.ceil(self.size / 2) + 16


class Books:
    """Opens accounts."""

    def __init__(
        self, client: Callable[[], L01Client], writer: UsageWriter, pricing: Pricing, catalogue: Catalogue
    ) -> None:
        self.client = client
        self.writer = writer
        self.pricing = pricing
        self._catalogue = catalogue

    def budgeted(self, caller: Caller, model: str) -> bool:
        """Whether a call may fall under a budget; true also while it is not known which there are."""
        budgets = self._catalogue.budgets
        if budgets is None:
            return True
        if not budgets:
            return False
        return any(_falls_under(caller, model, budget) for budget in budgets)

    def money_counts(self, caller: Caller, model: str) -> bool:
        """Whether a call falls under a budget in money."""
        budgets = self._catalogue.budgets or ()
        return any(budget.money and _falls_under(caller, model, budget) for budget in budgets)

    async def open(self, caller: Caller, candidate: Candidate, weight: Weight, output: int) -> Account:
        """An account for a call whose answer has at most `output` tokens.

        Raises:
            UsageBacklogError: too many calls wait to be recorded.
            BudgetExceededError: it could break a budget.
            PriceUnknownError: nobody knows whether it could.
            FencedError, StateError: the run is no longer the caller's.
        """
        await self.writer.place()
        account = Account(self, caller, candidate.entry.provider, candidate.model, weight)
        try:
            if caller.run is not None or self.budgeted(caller, candidate.model):
                await account.reserve(output)
        except BaseException:
            self.writer.leave()
            raise
        return account


class Account:
    """One call to one provider. It ends in one of `completed`, `failed` and `cut`, and only the first of them counts."""

    def __init__(self, books: Books, caller: Caller, provider: Provider, model: str, weight: Weight) -> None:
        self._books = books
        self._caller = caller
        self._provider = provider
        self._model = model
        self._weight = weight
        self._began = time.perf_counter()
        self._first: float | None = None
        self._over = False
        self.usage_id: str | None = None
        """The row that is reserved for it."""
        self.tokens: Tokens | None = None
        """What the provider has counted so far."""
        self.heard = 0
        """Characters of the answer so far."""

    async def reserve(self, output: int) -> None:
        """Writes a row for it, and holds the most that it may use of every budget."""
        caller, tokens = self._caller, Tokens(self._weight.most, output)
        cost = self._books.pricing.cost(self._provider, self._model, tokens)
        if cost is None and self._books.money_counts(caller, self._model):
            raise PriceUnknownError(
                f"Nobody knows what {self._model} costs at {self._provider.name}, and the call falls under a budget in "
                "money. Put its prices into the provider's configuration.",
                model=self._model,
                provider=self._provider.name,
            )
        run = caller.run
        reserved = await self._books.client().usage.reserve(
            provider=self._provider.name,
            model=self._model,
            tokens=min(tokens.input + tokens.output, MOST),
            input_tokens=min(self._weight.likely, MOST),
            cost=_money(cost),
            seconds=HELD_SECONDS,
            token=run.token if run is not None else None,
            **caller.fields(),
        )
        self.usage_id = reserved["id"]

    def began_to_answer(self) -> None:
        """The first part of the answer is here."""
        if self._first is None:
            self._first = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it began, until its answer did."""
        return (self._first or time.perf_counter()) - self._began

    async def completed(self) -> Usage:
        """The answer came to its end. What was reserved for a step of a run is settled with the step."""
        usage, estimated = self._usage("completed")
        if self._over:
            return usage
        self._over = True
        if self.usage_id is None:
            self._books.writer.add(self._row(usage, "completed", estimated, None))
        elif self._caller.step_settles:
            self._books.writer.leave()
        else:
            entry = Settlement(self.usage_id, "completed", dict(usage), None, estimated)
            await self._settle(entry)
        return usage

    async def failed(self, error: PlatformError) -> None:
        """The provider did not answer, or not to the end."""
        if self._over:
            return
        self._over = True
        usage, estimated = self._usage("failed")
        told = {"code": error.code, "detail": error.detail.replace("\x00", "\ufffd")[:1000]}
        if self.usage_id is None:
            self._books.writer.add(self._row(usage, "failed", estimated, told))
        else:
            await self._settle(Settlement(self.usage_id, "failed", dict(usage), told, estimated))

    def cut(self) -> None:
        """The caller went before the end. It does not wait: the row is written soon."""
        if self._over:
            return
        self._over = True
        usage, _ = self._usage("cut")
        told = {"code": "cut", "detail": "The caller did not wait for the end."}
        if self.usage_id is None:
            self._books.writer.add(self._row(usage, "cut", True, told))
        else:
            # Of an answer of which nothing was seen, what was held says more than we know.
            known = dict(usage) if self.tokens is not None or self.heard else None
            self._books.writer.add(Settlement(self.usage_id, "cut", known, told, True))

    async def _settle(self, entry: Settlement) -> None:
        try:
            await settle(self._books.client(), entry)
        except (PlatformError, asyncio.CancelledError) as error:
            self._books.writer.add(entry)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            self._books.writer.leave()

    def _counted(self, end: str) -> tuple[Tokens, bool]:
        """What it used; and whether that is an estimate, because nobody counted to the end."""
        tokens, likely = self.tokens, math.ceil(self.heard / 4)
        if tokens is None:
            nothing = end == "failed" and not self.heard
            return (Tokens(), False) if nothing else (Tokens(self._weight.likely, likely), True)
        if end == "completed":
            return tokens, False
        return tokens._replace(output=max(tokens.output, likely)), True  # counted only up to its beginning

    def _usage(self, end: str) -> tuple[Usage, bool]:
        tokens, estimated = self._counted(end)
        cost = self._books.pricing.cost(self._provider, self._model, tokens)
        usage: Usage = {
            "input_tokens": tokens.input,
            "output_tokens": tokens.output,
            "cached_tokens": tokens.cached,
            "reasoning_tokens": tokens.reasoning,
            "cost": _money(cost),
            "cost_known": cost is not None,
            "latency_ms": _milliseconds(time.perf_counter() - self._began),
            "ttft_ms": None if self._first is None else _milliseconds(self._first - self._began),
            "provider": self._provider.name,
            "model": self._model,
        }
        return usage, estimated

    def _row(
        self, usage: Usage, status: str, estimated: bool, error: dict[str, Any] | None
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            **self._caller.fields(),
            "model_provider": usage["provider"],
            "model_name": usage["model"],
            "input_tokens": usage["input_tokens"],
            "output_tokens": usage["output_tokens"],
            "cached_tokens": usage["cached_tokens"],
            "reasoning_tokens": usage["reasoning_tokens"],
            "latency_ms": usage["latency_ms"],
            "ttft_ms": usage["ttft_ms"],
            "cost_estimate": usage["cost"],
            "cost_known": usage["cost_known"],
            "status": status,
            "estimated": estimated,
        }
        if error is not None:
            row["error"] = error
        return row


def _falls_under(caller: Caller, model: str, budget: Budgeted) -> bool:
    if budget.scope == "all":
        return True
    own = model if budget.scope == "model" else caller.subject(budget.scope)
    return own is not None and budget.subject in (None, own)


def _money(cost: Decimal | None) -> float | None:
    return None if cost is None else float(min(cost, MOST_MONEY))


def _milliseconds(seconds: float) -> int:
    return min(round(seconds * 1000), MOST)


def _size(value: Any) -> int:
    if isinstance(value, str):
        if value.startswith("data:") and ";base64," in value[:100]:
            return _IMAGE
        return len(value) if value.isascii() else len(value.encode(errors="replace"))
    if isinstance(value, dict):
        told = cast("dict[str, Any]", value)
        if told.get("type") == "base64":
            return _IMAGE
        return sum(len(name) + 4 + _size(item) for name, item in told.items())
    if isinstance(value, list):
        return sum(map(_size, cast("list[Any]", value)))
    return 4
