"""The kinds of providers. A kind is a subclass of `Provider`, listed here under the name that configuration uses."""

from __future__ import annotations

from agentic.layers.L04_model_gateway.errors import ProviderSettingError
from agentic.layers.L04_model_gateway.models import ProviderSetting
from agentic.layers.L04_model_gateway.providers.anthropic import AnthropicProvider
from agentic.layers.L04_model_gateway.providers.local import LocalProvider
from agentic.layers.L04_model_gateway.providers.ollama import OllamaProvider
from agentic.layers.L04_model_gateway.providers.openai import OpenAiProvider
from agentic.layers.L04_model_gateway.providers.provider import Provider

KINDS: dict[str, type[Provider]] = {
    cls.kind: cls for cls in (OllamaProvider, OpenAiProvider, AnthropicProvider, LocalProvider)
}


def make(name: str, setting: ProviderSetting) -> Provider:
    """The provider that a setting describes.

    Raises:
        ProviderSettingError: there is no such kind.
    """
    if setting.kind not in KINDS:
        raise ProviderSettingError(f"kind: one of {', '.join(sorted(KINDS))}")
    return KINDS[setting.kind](name, setting)
