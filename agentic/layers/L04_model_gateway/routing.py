"""From the name in a request to the models that may answer it, best first."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from agentic.layers.L04_model_gateway.catalogue import Catalogue, Entry
from agentic.layers.L04_model_gateway.errors import ModelCannotError, UnknownModelError
from agentic.layers.L04_model_gateway.forms.form import Needs
from agentic.layers.L04_model_gateway.models import ModelInfo, Strategy
from agentic.layers.L04_model_gateway.pricing import Pricing
from agentic.layers.L04_model_gateway.providers.provider import Task
from agentic.layers.L04_model_gateway.streaming import Tokens

BUILT_IN: Final[dict[str, Strategy]] = {"auto": "order", "cheapest": "cost", "fastest": "latency"}
"""Names that stand for any model that can do what is asked."""
FIRST_LOOK: Final = 3.0
"""Seconds for which a request waits until it is known which models there are."""
LOOK_AGAIN: Final = 2.0
"""Seconds between two looks for a model that nobody has."""
SHOWN: Final = 20
_CANNOT: Final = {
    "tools": "cannot call tools",
    "json_schema": "cannot keep to a JSON Schema",
    "vision": "cannot see images",
    "embeddings": "makes no embeddings",
}


class Candidate(NamedTuple):
    """A model that may answer."""

    entry: Entry
    model: str
    info: ModelInfo


class Latencies:
    """How long each model lately took to begin to answer."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = {}

    def note(self, provider: str, model: str, seconds: float) -> None:
        """A call took so long."""
        before = self._seconds.get((provider, model), seconds)
        self._seconds[provider, model] = before + 0.2 * (seconds - before)

    def of(self, candidate: Candidate) -> float:
        """Seconds; a model that was never asked comes first, so that it is."""
        return self._seconds.get((candidate.entry.name, candidate.model), 0.0)


class Router:
    """Finds models."""

    def __init__(self, catalogue: Catalogue, pricing: Pricing) -> None:
        self._catalogue = catalogue
        self._pricing = pricing
        self.latencies = Latencies()
        self._looked = float("-inf")

    async def candidates(self, name: str, task: Task, needs: Needs) -> list[Candidate]:
        """The models that may answer, best first.

        Raises:
            UnknownModelError: there is none of this name.
            ModelCannotError: those that there are cannot do what is asked.
        """
        found, strategy = self._named(name)
        if not found:
            await self._look()
            found, strategy = self._named(name)
        if not found:
            raise self._unknown(name)
        able = [each for each in found if task in each.entry.provider.tasks and _lacks(each, needs) is None]
        if not able:
            lacking = _lacks(found[0], needs) or ("embeddings" if task == "embeddings" else "tools")
            raise ModelCannotError(
                f"The model {name} {_CANNOT[lacking]}.",
                model=name,
                provider=found[0].entry.name,
                lacking=lacking,
            )
        return self._sorted(_relied_on(able) if name in BUILT_IN else able, strategy)

    def _named(self, name: str) -> tuple[list[Candidate], Strategy]:
        alias = self._catalogue.aliases.get(name)
        if alias is not None:
            named = [candidate for model in alias.models for candidate in self._models(model)]
            return _without_doubles(named), alias.strategy
        found = self._models(name)
        if not found and name in BUILT_IN:
            return self._all(), BUILT_IN[name]
        return found, "order"

    def _models(self, name: str) -> list[Candidate]:
        entries = [entry for entry in self._catalogue.entries.values() if entry.provider.setting.enabled]
        provider, slash, model = name.partition("/")
        if slash:
            for entry in entries:
                if entry.name == provider and (info := _info(entry, model)) is not None:
                    return [Candidate(entry, model, info)]
        return [Candidate(entry, name, entry.models[name]) for entry in entries if name in entry.models]

    def _all(self) -> list[Candidate]:
        return [
            Candidate(entry, model, info)
            for entry in self._catalogue.entries.values()
            if entry.provider.setting.enabled
            for model, info in entry.models.items()
        ]

    async def _look(self) -> None:
        """Asks the providers anew: a model may just have come. Not for every wrong name."""
        loop = asyncio.get_running_loop()
        await self._catalogue.loaded(FIRST_LOOK)
        unknown = any(entry.status == "unknown" for entry in self._catalogue.entries.values())
        if not unknown and loop.time() - self._looked < LOOK_AGAIN:
            return
        self._looked = loop.time()
        try:
            await asyncio.wait_for(self._catalogue.discover_all(), FIRST_LOOK)
        except TimeoutError:
            return

    def _sorted(self, found: list[Candidate], strategy: Strategy) -> list[Candidate]:
        if strategy == "cost":
            return sorted(found, key=self._price)
        if strategy == "latency":
            return sorted(found, key=self.latencies.of)
        return found

    def _price(self, candidate: Candidate) -> float:
        cost = self._pricing.cost(candidate.entry.provider, candidate.model, Tokens(3000, 1000))
        return float("inf") if cost is None else float(cost)

    def _unknown(self, name: str) -> UnknownModelError:
        known = list(dict.fromkeys(model["id"] for model in self._catalogue.models()))
        known = [*self._catalogue.aliases, *known]
        listed = ", ".join(known[:SHOWN]) + (", …" if len(known) > SHOWN else "")
        there = f"There are: {listed}." if known else "No provider has any model at the moment."
        return UnknownModelError(f"There is no model {name!r}. {there}", model=name)


def _info(entry: Entry, model: str) -> ModelInfo | None:
    """What is known of a model; of a provider that tells nothing, nothing is."""
    if model in entry.models:
        return entry.models[model]
    silent = not entry.provider.setting.discover or entry.status == "unreachable"
    return entry.provider.model_info(model) if silent and model and not entry.models else None


def _lacks(candidate: Candidate, needs: Needs) -> str | None:
    for name in Needs._fields:
        if getattr(needs, name) and candidate.info[name] is False:  # type: ignore[literal-required]
            return name
    return None


def _relied_on(found: list[Candidate]) -> list[Candidate]:
    """Without those that are only for want of others: nobody who asks for any model means a toy, nor falls back to one unawares."""
    return [each for each in found if not each.entry.provider.last_resort] or found


def _without_doubles(found: list[Candidate]) -> list[Candidate]:
    return list({(each.entry.name, each.model): each for each in found}.values())
