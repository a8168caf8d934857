"""The operations of the gateway: providers and their models. The routes of models stand here for the document alone."""

from __future__ import annotations

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Answer, Call, Operation, Route, validated
from agentic.layers.L04_model_gateway import models
from agentic.layers.L04_model_gateway.catalogue import Catalogue
from agentic.layers.L04_model_gateway.models import ProviderAddress, ProviderSetting


class ProviderView:
    """Providers as they stand, and changes of their configuration."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def list(self, call: Call) -> Answer:
        """Every provider in the order in which they are asked: whether it answers, and its models."""
        return Answer(jsonio.encode({"items": self._catalogue.providers()}))

    async def get(self, call: Call) -> Answer:
        """One provider."""
        return self._answer(_name(call))

    async def set(self, call: Call) -> Answer:
        """Configures a provider. Its key is only referred to, as `env:NAME` or `file:/path`."""
        name = _name(call)
        await self._catalogue.set(name, validated(ProviderSetting, call.body))
        return self._answer(name)

    async def delete(self, call: Call) -> Answer:
        """Takes the configuration of a provider away; its history stays."""
        await self._catalogue.delete(_name(call))
        return Answer(b"")

    async def discover(self, call: Call) -> Answer:
        """Asks a provider now which models it has."""
        name = _name(call)
        await self._catalogue.look(self._catalogue.entry(name))
        return self._answer(name)

    async def models(self, call: Call) -> Answer:
        """Every model of every provider."""
        return Answer(jsonio.encode({"items": self._catalogue.models()}))

    def _answer(self, name: str) -> Answer:
        return Answer(jsonio.encode(self._catalogue.entry(name).info()))


def _name(call: Call) -> str:
    return validated(ProviderAddress, dict(call.path)).name


def routes(catalogue: Catalogue) -> list[Route]:
    """What may be asked about providers."""
    view = ProviderView(catalogue)
    return [
        Route(models.LIST_PROVIDERS, view.list),
        Route(models.GET_PROVIDER, view.get),
        Route(models.SET_PROVIDER, view.set),
        Route(models.DELETE_PROVIDER, view.delete),
        Route(models.DISCOVER_PROVIDER, view.discover),
        Route(models.LIST_MODELS, view.models),
    ]


def model_routes() -> list[Route]:
    """The routes of OpenAI's and Anthropic's APIs: `GatewayApp` answers them, the document has them from here."""
    return [
        _told(
            models.CHAT_COMPLETIONS,
            "OpenAI's chat completions, whole or as a stream, by whichever provider has the model.",
        ),
        _told(models.EMBEDDINGS, "OpenAI's embeddings."),
        _told(
            models.OPENAI_MODELS,
            "The models, as OpenAI's clients read them; with `anthropic-version`, as Anthropic's do.",
        ),
        _told(
            models.MESSAGES,
            "Anthropic's messages, whole or as a stream, by whichever provider has the model.",
        ),
    ]


def layer_routes() -> list[Route]:
    """What layers of the platform ask from other processes; answered by `GatewayApp` too."""
    return [
        _told(
            models.COMPLETE,
            "A completion, told as lines of JSON: pieces of text, then the reply or a problem.",
        )
    ]


def _told(operation: Operation, meaning: str) -> Route:
    async def handler(call: Call) -> Answer:
        raise AssertionError("answered before operations are looked up")

    handler.__doc__ = meaning
    return Route(operation, handler)
