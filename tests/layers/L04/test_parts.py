"""The parts that need nobody: prices, pauses, the breaker, lines of streams."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest

from agentic.layers.base.breaker import Breaker
from agentic.layers.L04_model_gateway.account import Weight
from agentic.layers.L04_model_gateway.errors import (
    NoProviderError,
    ProviderBusyError,
    ProviderFailedError,
    ProviderRefusedError,
    ProviderTimeoutError,
)
from agentic.layers.L04_model_gateway.models import ProviderSetting
from agentic.layers.L04_model_gateway.pricing import Pricing
from agentic.layers.L04_model_gateway.providers import make
from agentic.layers.L04_model_gateway.providers.openai import OpenAiReader
from agentic.layers.L04_model_gateway.retry import Patience, retry_after
from agentic.layers.L04_model_gateway.streaming import Collected, Tokens, WithoutUsage


def price(kind: str, model: str, tokens: Tokens, **setting: Any) -> Decimal | None:
    return Pricing().cost(make("p", ProviderSetting(kind=kind, **setting)), model, tokens)


class TestPrices:
    """What a call costs."""

    def test_what_is_known_is_counted_to_the_millionth(self) -> None:
        tokens = Tokens(input=1000, output=100, cached=200)
        assert price("openai", "gpt-4o-mini", tokens) == Decimal("0.000195")
        assert price("anthropic", "claude-sonnet-4-5", Tokens(1000, 100)) == Decimal("0.004500")

    def test_a_cached_price_is_the_library_s_own(self) -> None:
        from genai_prices import Usage, calc_price

        pricing, provider = Pricing(), make("p", ProviderSetting(kind="openai"))
        for model in ("gpt-4o", "gpt-4o-mini", "o3-mini", "gpt-4.1"):
            for tokens in (Tokens(1234, 567), Tokens(10_000, 1, cached=9_000)):
                usage = Usage(
                    input_tokens=tokens.input, output_tokens=tokens.output, cache_read_tokens=tokens.cached
                )
                exact = calc_price(usage, model, provider_id="openai").total_price
                assert pricing.cost(provider, model, tokens) == exact.quantize(Decimal("0.000001"))

    def test_what_nobody_knows_is_unknown_and_not_wrong(self) -> None:
        assert price("openai", "no-such-model", Tokens(1, 1)) is None
        assert price("openai", "gpt-4o", Tokens(1, 1), base_url="http://reseller.example/v1") is None

    def test_what_is_free_costs_nothing(self) -> None:
        assert price("ollama", "llama3.2", Tokens(1000, 1000)) == 0
        assert price("openai", "gpt-4o", Tokens(1, 1), base_url="http://localhost:1/v1", paid=False) == 0

    def test_our_own_table_stands_over_all(self) -> None:
        prices = {"input": 2, "output": 4, "cached_input": 1}
        setting = {"models": {"gpt-4o": {"prices": prices}}}
        tokens = Tokens(input=1_000_000, output=500_000, cached=400_000)
        assert price("openai", "gpt-4o", tokens, **setting) == Decimal("3.6")
        assert price("ollama", "gpt-4o", tokens, **setting) == Decimal("3.6")


class TestPauses:
    """When a call is tried again."""

    patience = Patience(attempts=3, first_pause=1, longest_pause=10)

    def test_they_grow_and_are_drawn_by_lot(self) -> None:
        drawn = {self.patience.pause(attempt, ProviderFailedError(), None) for attempt in (1, 1, 1, 1)}
        assert len(drawn) > 1
        assert all(pause is not None and 0.5 <= pause <= 1 for pause in drawn)
        second = self.patience.pause(2, ProviderFailedError(), None)
        assert second is not None
        assert 1 <= second <= 2
        assert self.patience.pause(3, ProviderFailedError(), None) is None

    def test_what_the_provider_asks_for_is_the_least(self) -> None:
        pause = self.patience.pause(1, ProviderBusyError(), 5.0)
        assert pause is not None
        assert 5 <= pause <= 5.5
        assert self.patience.pause(1, ProviderBusyError(), 11.0) is None

    @pytest.mark.parametrize("error", [ProviderRefusedError(), ProviderTimeoutError()])
    def test_what_would_come_out_the_same_is_not_tried_again(self, error: Any) -> None:
        assert self.patience.pause(1, error, None) is None
        assert self.patience.pause(1, NoProviderError(), None) is not None

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, None),
            ({"retry-after": "7"}, 7),
            ({"retry-after": "0.5"}, 0.5),
            ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
            ({"retry-after": "-3"}, 0),
            ({"retry-after": "soon"}, None),
        ],
    )
    def test_how_providers_ask_for_it(self, headers: Mapping[str, str], seconds: float | None) -> None:
        assert retry_after(headers) == seconds

    def test_a_date_is_understood(self) -> None:
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        seconds = retry_after({"retry-after": moment})
        assert seconds is not None
        assert 28 <= seconds <= 30


class TestBreaker:
    """Opens, lets one try, closes or opens for longer."""

    def test_its_life(self) -> None:
        now = 0.0
        breaker = Breaker(2, 10, lambda: now)
        breaker.failed()
        breaker.succeeded()
        breaker.failed()
        assert breaker.admits()
        breaker.failed()
        assert (breaker.state, breaker.admits()) == ("open", False)
        now = 12.1
        assert breaker.state == "half-open"
        assert (breaker.admits(), breaker.admits()) == (True, False)
        breaker.left()
        assert breaker.admits(), "a caller that hung up proved nothing"
        breaker.failed()
        assert not breaker.admits()
        now += 15
        assert not breaker.admits(), "the second pause is twice the first"
        now += 10
        assert breaker.admits()
        breaker.succeeded()
        assert breaker.state == "closed"
        assert breaker.admits()
        assert breaker.admits()


class TestStreams:
    """Bytes cut anywhere say the same."""

    events = (
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
        b': a comment\n\nevent: x\ndata: {"choices":[{"index":0,"delta":{"content":"\xc3\xa4"}}]}\n\n'
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\ndata: [DONE]\n\n'
    )

    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    @pytest.mark.parametrize("size", [1, 2, 3, 50, 1000])
    def test_a_reader_and_a_filter(self, size: int, end: bytes) -> None:
        data = self.events.replace(b"\n", end)
        reader, without, collected, passed = OpenAiReader("p"), WithoutUsage(), Collected(), b""
        for start in range(0, len(data), size):
            part = data[start : start + size]
            for delta in reader.feed(part):
                collected.add(delta)
            passed += without.feed(part)
        passed += without.rest()
        assert reader.finished
        assert collected.message() == {"role": "assistant", "content": "ä"}
        assert (collected.finish, collected.tokens) == ("stop", Tokens(3, 4))
        assert b"usage" not in passed
        assert len(passed) == len(data) - len(data.split(end * 2)[4]) - 2 * len(end)


def test_an_estimate_is_not_led_astray_by_images() -> None:
    plain = Weight({"messages": [{"role": "user", "content": "x" * 4000}]}, None)
    assert 1000 <= plain.likely <= 1050
    assert plain.most >= 2000
    url = "data:image/png;base64," + "A" * 10_000_000
    image = Weight({"messages": [{"role": "user", "content": [{"image_url": {"url": url}}]}]}, None)
    assert image.most < 5000
    source = {"type": "base64", "media_type": "image/png", "data": "A" * 10_000_000}
    assert Weight({"messages": [{"content": [{"source": source}]}]}, None).most < 5000
