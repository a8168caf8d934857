"""A session as a conversation: each of its runs is a turn, what was said and what was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from agentic.layers.L01_data_layer.models.feedback import Feedback
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L10_human_interface.opinions import on_runs
from agentic.layers.L10_human_interface.run_lines import said_in
from agentic.layers.L10_human_interface.run_record import FINAL
from agentic.layers.L10_human_interface.run_rows import Tally
from agentic.layers.L10_human_interface.web_site import Site

TURNS: Final = 30
LONGEST: Final = 20_000


class Turn(NamedTuple):
    """One run of a session. `text` is what is there of an answer that is being given, `opinion` what was thought of it."""

    id: str
    said: str
    answer: str
    error: str
    status: str
    tally: Tally
    created_at: str
    over: bool
    back: str
    """The page of the conversation."""
    text: str = ""
    opinion: Feedback | None = None


class Conversation(NamedTuple):
    """The last turns of a session, oldest first; `more` when there are older ones."""

    session_id: str
    turns: list[Turn]
    more: bool


def belongs(run: Run) -> bool:
    """A fork tries a turn differently, and is none."""
    return run["session_id"] is not None and run["forked_from"] is None


async def turn_of(site: Site, run: Run, text: str = "", opinion: Feedback | None = None) -> Turn:
    """A run as a turn."""
    error = run["error"] or {}
    return Turn(
        run["id"],
        said_in(run["input"])[:LONGEST],
        said_in(run["output"])[:LONGEST],
        str(error.get("detail") or error.get("code") or ""),
        run["status"],
        await site.run_rows.tallies.of(run),
        run["created_at"],
        run["status"] in FINAL,
        f"/agents/{run['agent_id']}?session={run['session_id']}",
        text,
        opinion,
    )


async def conversation(site: Site, session_id: str) -> Conversation:
    """A session's last turns."""
    page = await site.l01.runs.list(session_id=session_id, limit=TURNS)
    runs = [run for run in reversed(page["items"]) if belongs(run)]
    agent_id = runs[0]["agent_id"] if runs else None
    opinions: Mapping[str, Feedback] = await on_runs(site, agent_id) if agent_id else {}
    turns = await asyncio.gather(*(turn_of(site, run, opinion=opinions.get(run["id"])) for run in runs))
    return Conversation(session_id, turns, page["next_cursor"] is not None)
