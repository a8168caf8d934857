"""What the page of a goal shows at its head, for the page and for its socket."""

from __future__ import annotations

from typing import Any, Final

from agentic.layers.base import states
from agentic.layers.L01_data_layer.models.goal import Goal
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import CANCEL_GOAL

FINAL: Final = states.final_states(states.GOAL)


async def head_of(site: Site, goal: Goal) -> dict[str, Any]:
    """What the head of the page wants, for the page and for its socket."""
    agent = await site.rows.names.name(goal["agent_id"]) if goal["agent_id"] else ""
    return {"goal": goal, "agent": agent, "over": goal["status"] in FINAL, "cancel": CANCEL_GOAL}
