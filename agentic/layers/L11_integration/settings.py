"""The settings of the integration layer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0)]


class L11Settings(BaseSettings):
    """How hard a delivery is tried, how often cursors are saved, and what may be asked."""

    model_config = SettingsConfigDict(env_prefix="PLATFORM_L11_")

    attempts: Annotated[int, Field(ge=1)] = 5
    """Attempts at one event before it is parked as a dead letter."""
    first_pause: Seconds = 0.1
    """After the first failed attempt; it doubles with each one."""
    longest_pause: Seconds = 5.0
    handler_limit: Annotated[float, Field(gt=0)] = 30.0
    """Seconds that one attempt may take."""
    save_every: Annotated[int, Field(ge=1)] = 100
    """Handled events after which a cursor is saved."""
    save_within: Seconds = 1.0
    """Seconds within which a cursor that moved is saved anyhow."""
    outgoing_allow: list[str] = []
    """Networks, addresses and host names, each with a port or without, that webhooks may be sent to although they are private."""
    webhook_limit: Annotated[float, Field(gt=0)] = 15.0
    """Seconds that a webhook has for its answer."""
    webhook_first_pause: Seconds = 5.0
    """After the first failed attempt at a webhook; it doubles with each one."""
    webhook_longest_pause: Seconds = 4 * 3600.0
    webhook_longest_probe: Seconds = 60.0
    """Between two attempts at a webhook that takes nothing at all."""
    webhook_give_up: Annotated[float, Field(gt=0)] = 24 * 3600.0
    """Seconds after which an event that was never taken becomes a dead letter."""
    webhook_at_once: Annotated[int, Field(ge=1)] = 16
    """Messages that are on their way to one webhook at the same time, each of another aggregate."""
    window: Annotated[int, Field(ge=1)] = 500
    """Events of one webhook that are held in memory."""
    window_bytes: Annotated[int, Field(ge=1)] = 16 * 1024 * 1024
    most_held: Annotated[int, Field(ge=1)] = 200
    """Aggregates of one webhook that may wait behind an event that is tried again; with more, nothing more is read."""
    turn: Annotated[float, Field(ge=0.3, le=600)] = 6.0
    """Seconds after which another process delivers, when the one that did has died."""
    failures: Annotated[int, Field(ge=1)] = 5
    """Failures in a row after which a webhook, or a layer, is left alone for a while."""
    most_rounds: Annotated[int, Field(ge=1)] = 8
    """Rules that may have led to an event; with so many it is taken for a loop, and nothing more comes of it."""
    hook_max_body: Annotated[int, Field(ge=1)] = 1024 * 1024
    """Bytes of a message that comes in by a hook."""
    look_every: Annotated[float, Field(gt=0)] = 5.0
    """Seconds between two questions to each layer about its health."""

    long_lag: Annotated[int, Field(ge=1)] = 1000
    """Events behind the newest from which on a subscription is reported as degraded."""
    test_key: bool = True
    """Whether the specification's test key is taken at `/mcp`, from this machine alone and never when public."""
    key_memory: Annotated[float, Field(ge=0, le=60)] = 5.0
    """Seconds for which a checked key is remembered: how late a revocation can be when its event is not heard."""
