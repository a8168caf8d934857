"""Conversations: a session keeps which runs it is made of, and what is remembered of those that no longer fit.

What was said stands in the runs' steps and is not written again. So a session's `context` is
`{"turns": [run ids], "summary": {"text", "turns"}, "messages": [what it began with]}`: small, the same when a step is
repeated, and restored or branched by copying it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from agentic.layers.base.common_errors import NotFoundError, StaleVersionError
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L01_data_layer.models.session import Session
from agentic.layers.L02_agent_runtime.context import (
    SUMMARY,
    Block,
    Message,
    blocks_of,
    input_messages,
    raw_tokens,
    summary_text,
    text_of,
)
from agentic.layers.L02_agent_runtime.step_parts import given

ATTEMPTS: Final = 20


class History(NamedTuple):
    """What was said in a session before a run, as far as it may fit."""

    blocks: list[Block]
    summary: str | None


NOTHING: Final = History([], None)


async def history(l01: L01Client, run: Run, tokens: int) -> History:
    """What was said before a run, the newest of about so many tokens. A run outside a session has none."""
    if run["session_id"] is None:
        return NOTHING
    context = (await l01.sessions.get(run["session_id"]))["context"]
    turns = _turns_before(context, run)
    summary: dict[str, Any] = context.get("summary") or {}
    covered = min(int(summary.get("turns", 0)), len(turns))
    blocks: list[Block] = []
    size, first = 0, len(turns)
    for index in range(len(turns) - 1, covered - 1, -1):
        turn = [block._replace(turn=index + 1) for block in await _turn(l01, turns[index], run["started_at"])]
        blocks[:0] = turn
        first = index
        size += sum(raw_tokens(block.messages) for block in turn)
        if size > tokens:
            break
    seed: list[Message] = context.get("messages") or []
    if seed and first == 0 and not covered:
        blocks.insert(0, Block([dict(message) for message in seed]))
    return History(blocks, summary.get("text") if covered else None)


def _turns_before(context: dict[str, Any], run: Run) -> list[str]:
    """The turns that a run knows: those before the one that it is, or of which it is another attempt."""
    turns: list[str] = list(context.get("turns") or [])
    for own in (run["id"], run["forked_from"]):
        if own in turns:
            return turns[: turns.index(own)]
    return turns


async def _turn(l01: L01Client, run_id: str, before: str | None) -> list[Block]:
    """A run as what was said in it, exchange by exchange; nothing when it ended after the other had begun.

    So a run that is taken over by another process is told what it was told at first.
    """
    try:
        run = await l01.runs.get(run_id)
    except NotFoundError:
        return []
    if before is not None and run["completed_at"] is not None and run["completed_at"] > before:
        return []
    steps: list[RunStep] = await l01.runs.steps(run_id)
    blocks = [Block(input_messages(run["input"])), *(block._replace(through=0) for block in blocks_of(steps))]
    if len(blocks) == 1 and run["output"] is not None:
        # An agent of somebody's own code: its steps are no conversation, its result is what it said.
        blocks.append(Block([{"role": "assistant", "content": text_of(run["output"])}]))
    return blocks


async def remember(l01: L01Client, run: Run, steps: list[RunStep]) -> None:
    """Makes a run that has its result the next turn of its session; asked again, it changes nothing.

    A fork is an attempt to do the same otherwise: it does not become a turn.
    """
    if run["session_id"] is None or run["forked_from"] is not None:
        return
    for _ in range(ATTEMPTS):
        session: Session = await l01.sessions.get(run["session_id"])
        context = session["context"]
        told: list[str] = list(context.get("turns") or [])
        if run["id"] in told or session["status"] not in ("active", "paused"):
            return
        context = {**context, "turns": [*told, run["id"]]}
        if (summary := _summary(steps)) is not None:
            context["summary"] = summary
        try:
            await l01.sessions.update(
                session["id"], {"context": context}, expected_version=session["version"]
            )
        except StaleVersionError:
            continue  # another run of the session ended just now
        return


def _summary(steps: list[RunStep]) -> dict[str, Any] | None:
    """What a run's last summary says of the turns before it."""
    for step in reversed(steps):
        if step["kind"] == "model" and step["name"] == SUMMARY and step["status"] == "completed":
            covered = int(given(step).get("turns", 0))
            return {"text": summary_text(step), "turns": covered} if covered else None
    return None


async def branch(l01: L01Client, session_id: str, checkpoint: str | None) -> Session:
    """A new session that begins as another is, or as it was when it was kept under a name.

    Raises:
        NotFoundError: there is no such session, or it has no checkpoint of this name.
    """
    session = await l01.sessions.get(session_id)
    context: dict[str, Any] = session["context"]
    if checkpoint is not None:
        kept = (await l01.sessions.checkpoints(session_id, name=checkpoint))["items"]
        if not kept:
            raise NotFoundError(f"There is no checkpoint {checkpoint!r} of a session {session_id}.")
        context = kept[0]["context"]
    return await l01.sessions.create(
        agent_id=session["agent_id"],
        session_type=session["session_type"],
        context={**context, "branched_from": session_id},
    )
