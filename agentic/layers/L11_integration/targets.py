"""What the target of each kind of subscription must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import httpx2
from pydantic import Field

from agentic.layers.base.common_errors import InvalidError
from agentic.layers.base.operation import validated
from agentic.layers.L01_data_layer.models.bus_stream import StreamName
from agentic.layers.L01_data_layer.models.fields import Body, Id, Json, JsonObject, Name
from agentic.layers.L11_integration import templates
from agentic.layers.L11_integration.errors import TargetError


class WebhookTarget(Body):
    """An address that events are posted to."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]


class StreamTarget(Body):
    """A Redis stream, which keeps about so many of the newest events; its key is `l11:` and its name."""

    stream: StreamName
    keep: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000


class FeedTarget(Body):
    """Nothing: whoever reads comes to us."""


class RunTarget(Body):
    """An agent, and what it is given: by default the event."""

    agent_id: Id
    input: Json = "${event}"
    configuration: JsonObject | None = None


class ToolTarget(Body):
    """A tool and its arguments, and the agent in whose name it is called, if any."""

    tool: Name
    arguments: JsonObject = {}
    agent_id: Id | None = None


class PlanTarget(Body):
    """A goal, and how it is reached: by these steps or by a template. It is carried out at once, unless `approved` is false: then it waits for a person."""

    goal: Annotated[str, Field(min_length=1, max_length=20_000)]
    agent_id: Id | None = None
    success_criteria: list[Json] = []
    steps: list[Json] | None = None
    template: Name | None = None
    parameters: JsonObject = {}
    approved: bool = True


KINDS: Final[dict[str, type[Body]]] = {
    "webhook": WebhookTarget,
    "stream": StreamTarget,
    "feed": FeedTarget,
    "run": RunTarget,
    "tool": ToolTarget,
    "plan": PlanTarget,
}


def target_of(kind: str, target: Mapping[str, Any]) -> Any:
    """The target of a subscription, checked.

    Raises:
        TargetError: it is none for this kind.
    """
    try:
        known = validated(KINDS[kind], dict(target))
    except InvalidError as error:
        reasons = "; ".join(f"{each['field']}: {each['message']}" for each in error.members["errors"])
        raise TargetError(f"The target of a {kind} is not right: {reasons}") from None
    if isinstance(known, WebhookTarget):
        address_of(known.url)
    if isinstance(known, PlanTarget) and (known.steps is None) == (known.template is None):
        raise TargetError("The target of a plan names steps, or a template: one of the two.")
    templates.check(dict(target))
    return known


def address_of(url: str) -> httpx2.URL:
    """An address that can be posted to.

    Raises:
        TargetError: it is none.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise TargetError(f"{url!r} is no address: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        raise TargetError(f"{url!r} is no address that begins with http:// or https:// and names nobody.")
    return parsed
