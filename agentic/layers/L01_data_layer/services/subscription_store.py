"""Subscriptions and hooks. Who is told, and how, is the integration layer's business."""

from __future__ import annotations

from agentic.layers.L01_data_layer.models.subscription import HOOKS, SUBSCRIPTIONS, Hook, Subscription
from agentic.layers.L01_data_layer.services.resource_service import ResourceService
from agentic.layers.L01_data_layer.store import Store
from agentic.layers.L01_data_layer.tables import subscription as tables


class SubscriptionStore(ResourceService[Subscription]):
    """Who is told of which events, and where."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, SUBSCRIPTIONS, tables.SUBSCRIPTIONS)


class HookStore(ResourceService[Hook]):
    """Where others tell us something."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, HOOKS, tables.HOOKS)
