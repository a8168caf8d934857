"""Which model can be asked at this moment: for a demo that takes whatever there is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agentic.layers.L04_model_gateway.models import ModelInfo, ProviderInfo


class ReachableModel(NamedTuple):
    """A model that can be asked."""

    name: str
    """As in requests: the provider, a slash, the model."""
    provider: str
    kind: str
    model: ModelInfo
    paid: bool
    note: str
    """What a person should know before relying on it; often nothing."""


def reachable(providers: Iterable[ProviderInfo]) -> list[ReachableModel]:
    """The models for a conversation that answer now, the best for a demo first.

    The local model comes first, as it is the same everywhere; then what costs nothing; then what does. Among those of a kind, the
    order of the providers, and models that are known to call tools before others.
    """
    found = [
        _described(provider, model)
        for provider in providers
        if provider["enabled"] and provider["status"] == "ok"
        for model in provider["models"]
        if not model["embeddings"]
    ]
    return sorted(found, key=lambda each: (each.kind != "local", each.paid, each.model["tools"] is not True))


def why_none(providers: Iterable[ProviderInfo]) -> list[str]:
    """Of each provider that has no model to ask, why, in a sentence."""
    reasons: list[str] = []
    for provider in providers:
        if not provider["enabled"]:
            reasons.append(f"{provider['name']} is switched off.")
        elif provider["status"] != "ok":
            reasons.append(f"{provider['name']}: {provider['detail'] or provider['status']}")
        elif not any(not model["embeddings"] for model in provider["models"]):
            reasons.append(f"{provider['name']} has no model for a conversation.")
    return reasons


def _described(provider: ProviderInfo, model: ModelInfo) -> ReachableModel:
    name = f"{provider['name']}/{model['id']}"
    return ReachableModel(
        name, provider["name"], provider["kind"], model, provider["paid"], provider["detail"]
    )
