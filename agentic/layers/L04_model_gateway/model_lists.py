"""Lists of models as OpenAI's and Anthropic's clients read them. A model that several providers have stands there once."""

from __future__ import annotations

from typing import Any

from agentic.layers.L04_model_gateway.errors import UnknownModelError
from agentic.layers.L04_model_gateway.models import ModelInfo

Body = dict[str, Any]
ALIAS = "alias"
BEFORE_MODELS = "1970-01-01T00:00:00Z"
"""Nobody knows when a model was made; clients only want a date."""


def openai_models(models: list[ModelInfo], aliases: list[str]) -> Body:
    """`GET /v1/models`."""
    return {"object": "list", "data": _items(models, aliases)}


def openai_model(models: list[ModelInfo], aliases: list[str], name: str) -> Body:
    """`GET /v1/models/{name}`.

    Raises:
        UnknownModelError: there is none of this name.
    """
    for item in _items(models, aliases):
        if name == item["id"] or name in (f"{provider}/{item['id']}" for provider in item["providers"]):
            return item
    raise UnknownModelError(f"There is no model {name!r}.", model=name)


def anthropic_models(models: list[ModelInfo], aliases: list[str]) -> Body:
    """`GET /v1/models` for a client that says which version of Anthropic's API it speaks."""
    data = [
        {"type": "model", "id": item["id"], "display_name": item["id"], "created_at": BEFORE_MODELS}
        for item in _items(models, aliases)
    ]
    ends = (
        {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
        if data
        else {"first_id": None, "last_id": None}
    )
    return {"data": data, "has_more": False, **ends}


def _items(models: list[ModelInfo], aliases: list[str]) -> list[Body]:
    items: dict[str, Body] = {
        alias: {"id": alias, "object": "model", "created": 0, "owned_by": ALIAS, "providers": []}
        for alias in aliases
    }
    for model in models:
        item = items.get(model["id"])
        if item is not None:
            item["providers"].append(model["provider"])
            continue
        told = {
            name: value
            for name, value in model.items()
            if name not in ("id", "provider") and value is not None
        }
        items[model["id"]] = {
            "id": model["id"],
            "object": "model",
            "created": 0,
            "owned_by": model["provider"],
            "providers": [model["provider"]],
            **told,
        }
    return list(items.values())
