"""What the page of a plan shows, for the page and for its socket."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from agentic.layers.base.common_errors import NotFoundError
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.run import Used
from agentic.layers.L01_data_layer.models.task import Task
from agentic.layers.L10_human_interface.lineage_page import Link, links_of
from agentic.layers.L10_human_interface.plan_record import Node, PlanRecord, Progress, drawing_of
from agentic.layers.L10_human_interface.plan_versions import versions_of
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import Action, plan_actions

NOTHING: Final[Used] = {"calls": 0, "unpriced": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0.0}
DONE_BY: Final = ("run", "tool_execution")
ASKED: Final = 20
BEFORE: Final = ("draft", "approved")
"""States in which it is of use to say what is wrong, and what it may cost."""


class PlanHead(NamedTuple):
    """The head of a plan's page."""

    record: PlanRecord
    agent: str
    actions: tuple[Action, ...]
    editable: bool
    progress: Progress
    failure: Node | None


class TaskRecord(NamedTuple):
    """One step with what became of it."""

    record: PlanRecord
    node: Node
    task: Task | None
    waits: list[Node]
    attempts: list[Link]
    """The runs and tool executions that did it."""
    failure: Node | None
    """The next step that failed."""


async def head_of(site: Site, record: PlanRecord) -> PlanHead:
    """The head as it is now."""
    plan = record.plan
    agent = await site.rows.names.name(plan["agent_id"]) if plan["agent_id"] else ""
    actions = plan_actions(record.state)
    return PlanHead(record, agent, actions, bool(actions), record.progress(), record.next_failure())


async def cost_of(site: Site, record: PlanRecord) -> Used:
    """What the plan took up to now: the run that carries it, and all that this began."""
    run_id = record.plan["run_id"]
    return await site.l01.runs.used(run_id) if run_id else NOTHING


async def asked_in(site: Site, record: PlanRecord) -> list[Approval]:
    """What a person is asked by the run that carries the plan."""
    run_id = record.plan["run_id"]
    if run_id is None:
        return []
    return (await site.l01.approvals.list(run_id=run_id, status="pending", limit=ASKED))["items"]


async def context_of(site: Site, record: PlanRecord, *, now: bool) -> dict[str, Any]:
    """Everything that the page's template wants. A plan of the past is only looked at."""
    before = now and record.plan["status"] in BEFORE
    top, cost, asked, report, notice, versions = await asyncio.gather(
        head_of(site, record),
        cost_of(site, record),
        asked_in(site, record) if now else _nothing([]),
        site.planning.report(record.plan["id"]) if before else _nothing(None),
        site.planning.notice() if now else _nothing(""),
        versions_of(site, record.plan["id"]),
    )
    if not now:
        top = top._replace(actions=(), editable=False)
    return {
        "top": top,
        "cost": cost,
        "drawing": drawing_of(record),
        "asked": asked,
        "report": report,
        "notice": notice,
        "versions": versions,
    }


async def task_record(site: Site, record: PlanRecord, key: str) -> TaskRecord:
    """One step of a plan.

    Raises:
        NotFoundError: it has no such step.
    """
    step = record.step(key)
    if step is None:
        raise NotFoundError(f"The plan has no step {key!r}.")
    task = record.tasks.get(key)
    waits = [record.node(each) for each in map(record.step, step.waits) if each is not None]
    attempts: list[Link] = []
    if task is not None:
        links = await links_of(site, await site.l01.lineage("task", task["id"]))
        attempts = [link for link in links if link.item["kind"] in DONE_BY and not link.item["led"]]
    return TaskRecord(record, record.node(step), task, waits, attempts, record.next_failure(step.number))


async def _nothing(value: Any) -> Any:
    return value
