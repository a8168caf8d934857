"""What a call costs: what configuration says, else nothing where nothing is to be paid, else `genai-prices`, else unknown.

Unknown is better than wrong: a name that only resembles a known one, or a server that resells models, has no price here.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any, Final, NamedTuple

from agentic.layers.L04_model_gateway.models import ModelSetting, Prices
from agentic.layers.L04_model_gateway.providers.provider import Provider
from agentic.layers.L04_model_gateway.streaming import Tokens

MILLION: Final = Decimal(1_000_000)
REMEMBERED: Final = 300.0
"""Seconds for which a price is not looked up again: some change with the hour."""
_FREE: Final = Decimal(0)
_MICRO: Final = Decimal("0.000001")


class _Rates(NamedTuple):
    """US dollars for one token of each kind."""

    input: Decimal
    output: Decimal
    cached: Decimal
    written: Decimal

    def cost(self, tokens: Tokens) -> Decimal:
        plain = max(0, tokens.input - tokens.cached - tokens.cache_write)
        return (
            plain * self.input
            + tokens.cached * self.cached
            + tokens.cache_write * self.written
            + tokens.output * self.output
        )


class Pricing:
    """Prices of models, by provider."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str], tuple[float, _Rates | None]] = {}

    def cost(self, provider: Provider, model: str, tokens: Tokens) -> Decimal | None:
        """US dollars for a call, to the millionth; none when nobody knows."""
        own = provider.setting.models.get(model, _NOTHING).prices
        if own is not None:
            return _rates_of(own).cost(tokens).quantize(_MICRO)
        if not provider.costs_money:
            return _FREE
        known = self._known(provider.base_url, model)
        if known is None:
            cost = _looked_up(provider.base_url, model, tokens)
            return None if cost is None else cost.quantize(_MICRO)
        return known.cost(tokens).quantize(_MICRO)

    def _known(self, url: str, model: str) -> _Rates | None:
        """The rates of a model that has the same for every call; it is what makes a price cheap to know."""
        remembered = self._rates.get((url, model))
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        rates = _flat_rates(url, model)
        self._rates[url, model] = (time.monotonic() + REMEMBERED, rates)
        return rates


_NOTHING: Final = ModelSetting()


def _rates_of(prices: Prices) -> _Rates:
    def each(price: float | None) -> Decimal:
        return Decimal(str(prices.input if price is None else price)) / MILLION

    return _Rates(
        each(prices.input), each(prices.output), each(prices.cached_input), each(prices.cache_write)
    )


def _calculation(url: str, model: str, tokens: Tokens) -> Any:
    from genai_prices import Usage, calc_price  # its table takes a while to import, and many never pay

    usage = Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.cache_write,
    )
    try:
        return calc_price(usage, model, provider_api_url=url)
    except (LookupError, ValueError):
        return None


def _looked_up(url: str, model: str, tokens: Tokens) -> Decimal | None:
    found = _calculation(url, model, tokens)
    return None if found is None else Decimal(found.total_price)


def _flat_rates(url: str, model: str) -> _Rates | None:
    found = _calculation(url, model, Tokens(1, 1))
    if found is None:
        return None
    price = found.model_price
    given: list[Any] = [
        getattr(price, name, None)
        for name in ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
    ]
    if not all(isinstance(each, Decimal) for each in given[:2]):
        return None  # it depends on how long the request is
    plain, output, cached, written = given
    if not all(each is None or isinstance(each, Decimal) for each in (cached, written)):
        return None
    return _Rates(
        plain / MILLION,
        output / MILLION,
        (plain if cached is None else cached) / MILLION,
        (plain if written is None else written) / MILLION,
    )
