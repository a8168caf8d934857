"""Improvements as pages show them: what would change, word by word, and the numbers that speak for it or against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from agentic.layers.L01_data_layer.models.improvement import Improvement
from agentic.layers.L10_human_interface.differences import Pair, marked
from agentic.layers.L10_human_interface.run_lines import text_of
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import Action


class ImprovementRow(NamedTuple):
    """An improvement, and the name of its agent."""

    item: Improvement
    agent: str


class Number(NamedTuple):
    """One of the numbers, under the name of the group that it is in."""

    name: str
    value: Any


PROMOTE = Action("promote", "Promote", "rocket")
DISMISS = Action("dismiss", "Dismiss", "x")
ROLL_BACK = Action(
    "rollback",
    "Roll back",
    "undo-2",
    "The agent gets the instructions back that it had before, as a new version.",
)
ACTIONS: Mapping[str, tuple[Action, ...]] = {"ready": (PROMOTE, DISMISS), "promoted": (ROLL_BACK,)}


async def improvement_row(site: Site, item: Improvement) -> ImprovementRow:
    """The row of an improvement."""
    return ImprovementRow(item, await site.rows.names.name(item["agent_id"]) if item["agent_id"] else "")


def changes_of(item: Improvement) -> list[Pair]:
    """What would be different, each thing before and after; nothing until something is proposed."""
    before, after = item["before"], item["proposal"] or {}
    changed = [name for name in after if name in before and after[name] != before[name]]
    return [Pair(name, *marked(text_of(before[name]), text_of(after[name]))) for name in changed]


def numbers_of(numbers: Mapping[str, Any], within: str = "") -> list[Number]:
    """All numbers in one list, those in groups under the names of the groups too."""
    found: list[Number] = []
    for key, value in numbers.items():
        name = f"{within} {key}".strip().replace("_", " ")
        if isinstance(value, dict):
            found.extend(numbers_of(cast("dict[str, Any]", value), name))
        elif not isinstance(value, list):
            found.append(Number(name, value))
    return found


async def context_of(site: Site, improvement_id: str) -> dict[str, Any]:
    """Everything that the page's template wants."""
    item = await site.l01.improvements.get(improvement_id)
    return {
        "row": await improvement_row(site, item),
        "changes": changes_of(item),
        "numbers": numbers_of(item["numbers"]),
        "actions": ACTIONS.get(item["status"], ()),
    }
