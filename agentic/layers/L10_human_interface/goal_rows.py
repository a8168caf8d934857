"""Goals and plans as rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from agentic.layers.L01_data_layer.models.goal import Goal
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L10_human_interface.formats import clipped
from agentic.layers.L10_human_interface.rows import AgentNames

TITLE: Final = 120


class GoalRow(NamedTuple):
    """A goal as a row shows it."""

    item: Goal
    title: str
    agent: str


class PlanRow(NamedTuple):
    """A plan as a row shows it."""

    item: Plan
    agent: str

    @property
    def title(self) -> str:
        """What it is called."""
        return plan_title(self.item)

    @property
    def size(self) -> int:
        """How many steps it has."""
        return len(self.item["steps"])


async def goal_rows(names: AgentNames, goals: Sequence[Goal]) -> list[GoalRow]:
    """The rows of these goals, in their order."""
    agents = await asyncio.gather(*(_name(names, goal["agent_id"]) for goal in goals))
    return [GoalRow(goal, title_of(goal), agent) for goal, agent in zip(goals, agents, strict=True)]


async def plan_rows(names: AgentNames, plans: Sequence[Plan]) -> list[PlanRow]:
    """The rows of these plans, in their order."""
    agents = await asyncio.gather(*(_name(names, plan["agent_id"]) for plan in plans))
    return [PlanRow(*pair) for pair in zip(plans, agents, strict=True)]


def title_of(goal: Goal) -> str:
    """What a goal is called: the beginning of its description."""
    return clipped(goal["description"], TITLE)


def plan_title(plan: Plan) -> str:
    """What a plan is called: by its order, when its steps do not say that themselves, and how many they are."""
    kind = "Plan" if plan["plan_type"] == "dag" else f"{plan['plan_type'].capitalize()} plan"
    count = len(plan["steps"])
    return f"{kind} of {count:,} step{'' if count == 1 else 's'}"


async def _name(names: AgentNames, agent_id: str | None) -> str:
    return await names.name(agent_id) if agent_id else ""
