"""What the page of a run shows beside its timeline, for the page and for its socket."""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L10_human_interface.feedback_rows import FeedbackRow, feedback_rows
from agentic.layers.L10_human_interface.opinions import on_run
from agentic.layers.L10_human_interface.run_record import FINAL, RunRecord, Totals
from agentic.layers.L10_human_interface.run_rows import RunRow
from agentic.layers.L10_human_interface.web_site import Site
from agentic.layers.L10_human_interface.words import Action, run_actions

RELATIVES: Final = 8
ASKED: Final = 20


class Answering(NamedTuple):
    """The step that is being taken, and by which model."""

    number: int
    by: str


class RunHead(NamedTuple):
    """The head of a run's page."""

    run: Run
    agent: str
    totals: Totals
    actions: tuple[Action, ...]
    over: bool
    held: float
    """What is held at most for the calls in flight."""


class Relatives(NamedTuple):
    """The runs that it began, and that were forked from it."""

    children: list[RunRow]
    forks: list[RunRow]


async def head_of(site: Site, record: RunRecord) -> RunHead:
    """The head as it is now."""
    run = record.run
    agent = await site.rows.names.name(run["agent_id"]) if run["agent_id"] else ""
    held = sum(float((call["held"] or {}).get("cost") or 0) for call in record.in_flight)
    over = run["status"] in FINAL
    return RunHead(run, agent, record.totals(), run_actions(run["status"]), over, held)


async def asked_in(site: Site, run_id: str) -> list[Approval]:
    """What a person was asked in a run, the newest first."""
    return (await site.l01.approvals.list(run_id=run_id, limit=ASKED))["items"]


async def opinions_on(site: Site, run_id: str) -> list[FeedbackRow]:
    """What was thought of its answer, the newest first."""
    return await feedback_rows(site.rows.names, await on_run(site, run_id))


async def relatives_of(site: Site, run_id: str) -> Relatives:
    """The runs that belong to it."""
    children, forks = await asyncio.gather(
        site.l01.runs.list(parent_run_id=run_id, limit=RELATIVES),
        site.l01.runs.list(forked_from=run_id, limit=RELATIVES),
    )
    return Relatives(await site.run_rows.of(children["items"]), await site.run_rows.of(forks["items"]))


def answering(record: RunRecord) -> Answering | None:
    """The step that a running run is taking; none when it stands still."""
    if record.run["status"] != "running":
        return None
    calls = record.in_flight
    by = " · ".join((calls[-1]["model_provider"], calls[-1]["model_name"])) if calls else ""
    return Answering(record.last + 1, by)


async def context_of(site: Site, record: RunRecord) -> dict[str, Any]:
    """Everything that the page's template wants."""
    run_id = record.run["id"]
    top, asked, relatives, opinions, notice = await asyncio.gather(
        head_of(site, record),
        asked_in(site, run_id),
        relatives_of(site, run_id),
        opinions_on(site, run_id),
        site.runtime.notice(),
    )
    return {
        "top": top,
        "run": record.run,
        "lines": record.lines(),
        "asked": asked,
        "relatives": relatives,
        "opinions": opinions,
        "notice": notice,
        "answering": answering(record),
    }
