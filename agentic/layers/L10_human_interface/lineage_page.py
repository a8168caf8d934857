"""A lineage as its page shows it: the kinds in their order, each with its records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from agentic.layers.L01_data_layer.models.lineage import KINDS, Lineage, LineageItem
from agentic.layers.L10_human_interface.formats import clipped, micros, short_id, whole
from agentic.layers.L10_human_interface.web_site import Site

COST_AFTER: Final = "tool_execution"
"""The kind behind which the chain says what all of it cost."""


class Look(NamedTuple):
    """How a kind of record is shown: what it is called, its icon, and where such a record has its page."""

    one: str
    many: str
    icon: str
    page: str
    facts: Callable[[Mapping[str, Any]], str]


class Link(NamedTuple):
    """One record of a lineage."""

    item: LineageItem
    title: str
    href: str
    agent: str
    facts: str
    chosen: bool
    """True for the record that was asked for."""
    of: str
    """What it came of, where the chain has several such."""


class Stage(NamedTuple):
    """One kind of record in the chain."""

    name: str
    look: Look
    links: list[Link]
    more: bool


def _tokens(facts: Mapping[str, Any]) -> str:
    used = facts["input_tokens"] + facts["output_tokens"]
    return f"{whole(used)} tokens, {micros(facts['cost'] or 0)}" if used else ""


def _run(facts: Mapping[str, Any]) -> str:
    return f"{whole(facts['steps'])} steps, {micros(facts['used']['cost'])}"


def _rating(facts: Mapping[str, Any]) -> str:
    rated = (
        f"{facts['feedback_type']}, {facts['rating']}"
        if facts["rating"] is not None
        else facts["feedback_type"]
    )
    return f"{rated}, {'processed' if facts['processed'] else 'to process'}"


def _score(facts: Mapping[str, Any]) -> str:
    return "no score" if facts["score"] is None else f"score {facts['score']:.2f}"


def _told(form: str) -> Callable[[Mapping[str, Any]], str]:
    """What a record tells by some of its facts; nothing where they are not known."""

    def tell(facts: Mapping[str, Any]) -> str:
        return form.format_map({name: "" if value is None else value for name, value in facts.items()})

    return tell


LOOKS: Final[Mapping[str, Look]] = {
    "goal": Look("Goal", "Goals", "target", "/goals/{id}", _told("priority {priority}")),
    "plan": Look("Plan", "Plans", "workflow", "/plans/{id}", _told("{size} steps")),
    "task": Look("Task", "Tasks", "circle-check", "/lineage/task/{id}", _told("{task_type}")),
    "run": Look("Run", "Runs", "square-play", "/runs/{id}", _run),
    "run_step": Look("Step", "Steps", "corner-down-right", "/runs/{run_id}/steps/{number}", _tokens),
    "model_usage": Look("Model call", "Model calls", "cpu", "/usage/{id}", _tokens),
    "tool_execution": Look("Tool execution", "Tool executions", "wrench", "/executions/{id}", _told("")),
    "evaluation": Look("Evaluation", "Evaluations", "sparkles", "/evaluations/{id}", _score),
    "feedback": Look("Feedback", "Feedback", "message-square", "/feedback/{id}", _rating),
    "dataset": Look(
        "Dataset", "Datasets", "braces", "/datasets/{id}", _told("version {revision}, {size} items")
    ),
    "improvement": Look("Change", "Changes", "git-compare", "/improvements/{id}", _told("{method}")),
}


def _href(item: LineageItem) -> str:
    facts = item["facts"]
    if item["kind"] == "task" and facts["plan_id"] and facts["step_id"]:
        return f"/plans/{facts['plan_id']}/tasks/{quote(facts['step_id'], safe='')}"
    return LOOKS[item["kind"]].page.format(**{**facts, "id": item["id"]})


async def stages_of(site: Site, lineage: Lineage) -> list[Stage]:
    """The chain, kind by kind."""
    links = await links_of(site, lineage)
    return [
        Stage(
            kind, LOOKS[kind], [link for link in links if link.item["kind"] == kind], kind in lineage["more"]
        )
        for kind in KINDS
    ]


async def links_of(site: Site, lineage: Lineage) -> list[Link]:
    """The records of a lineage, in its order."""
    ids = {str(item["facts"]["agent_id"]) for item in lineage["items"] if item["facts"].get("agent_id")}
    names = dict(zip(ids, await asyncio.gather(*map(site.rows.names.name, ids)), strict=True))
    return [_link(lineage, item, names) for item in lineage["items"]]


def _link(lineage: Lineage, item: LineageItem, names: Mapping[str, str]) -> Link:
    facts, look = item["facts"], LOOKS[item["kind"]]
    title = clipped(item["title"], 120) or f"{look.one} {short_id(item['id'])}"
    if item["kind"] == "run_step":
        title = f"{facts['number']} {title}"
    return Link(
        item,
        title,
        _href(item),
        names.get(str(facts.get("agent_id")), ""),
        look.facts(facts),
        item["id"] == lineage["id"],
        ", ".join(f"{LOOKS[link['kind']].one.lower()} {short_id(link['id'])}" for link in item["of"][:2]),
    )
