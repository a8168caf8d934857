"""Which model a demo takes: the local one, else what costs nothing, else what does; and why there is none."""

from __future__ import annotations

from typing import Any

from agentic.layers.L04_model_gateway.models import ModelInfo, ProviderInfo
from agentic.layers.L04_model_gateway.providers.local import LocalProvider
from agentic.layers.L04_model_gateway.reachable import reachable, why_none


def model(name: str, provider: str, **can: Any) -> ModelInfo:
    known: dict[str, Any] = dict.fromkeys(
        ("context_length", "max_output_tokens", "tools", "json_schema", "vision", "embeddings")
    )
    return {"id": name, "provider": provider, **known, **can}  # type: ignore[typeddict-item]


def provider(name: str, *models: ModelInfo, **facts: Any) -> ProviderInfo:
    base: dict[str, Any] = {
        "name": name,
        "kind": name,
        "base_url": None,
        "order": 1,
        "enabled": True,
        "paid": False,
        "configured": True,
        "status": "ok",
        "detail": "",
        "breaker": "closed",
        "models": list(models),
    }
    return {**base, **facts}  # type: ignore[typeddict-item]


def test_the_local_model_comes_first_and_says_what_it_is_for() -> None:
    found = reachable(
        [
            provider("openai", model("big", "openai", tools=True), paid=True),
            provider("ollama", model("plain", "ollama"), model("able", "ollama", tools=True)),
            provider("local", model("small", "local", tools=True), detail=LocalProvider.note),
        ]
    )
    assert [each.name for each in found] == ["local/small", "ollama/able", "ollama/plain", "openai/big"]
    assert "demos and tests" in found[0].note and not found[1].note and found[3].paid


def test_what_cannot_be_asked_is_not_among_them_and_says_why() -> None:
    providers = [
        provider("local", status="unreachable", detail="The extra `local` is not installed."),
        provider("ollama", model("embed", "ollama", embeddings=True)),
        provider("openai", model("big", "openai"), enabled=False, status="off"),
    ]
    assert reachable(providers) == []
    assert why_none(providers) == [
        "local: The extra `local` is not installed.",
        "ollama has no model for a conversation.",
        "openai is switched off.",
    ]
