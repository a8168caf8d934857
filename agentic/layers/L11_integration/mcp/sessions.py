"""For who keeps the context of conversations: sessions with signs of life, taken over when they fall silent, and checkpoints."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field

from agentic.layers.base.common_errors import StateError
from agentic.layers.base.ids import now
from agentic.layers.L01_data_layer.models.fields import MAX_INT, Body, Id, Name
from agentic.layers.L01_data_layer.models.session import (
    CHECKPOINTS,
    HEARTBEAT,
    RESTORE_SESSION,
    SESSIONS,
    STALE_SESSIONS,
    Session,
)
from agentic.layers.L11_integration.mcp.tool import Layers, Tool, operation_tool, own_tool

_ABOUT: Final = {
    "session_type": "A word of your own for what kind of session it is.",
    "status": "`active`, `paused`, `completed` or `crashed`; the last two are final.",
    "context": "Whatever the session is about, as a JSON object. It replaces what was there.",
    "checkpoint": "Any JSON that whoever goes on needs. It replaces what was there.",
}
_KEPT: Final = {
    "name": "The checkpoint's name: one of its own in this session.",
    "context": "What is kept instead of the session's own context.",
    "checkpoint": "What is kept instead of the session's own checkpoint.",
}


class Recovery(Body):
    """Which session is taken over, and from where it goes on."""

    session_id: Id
    checkpoint: Annotated[
        Name | None,
        Field(description="The checkpoint from which it goes on; without it the newest, if there is one."),
    ] = None
    silent_seconds: Annotated[
        int,
        Field(ge=0, le=MAX_INT, description="It must have given no sign of life for this long."),
    ] = 60


async def recover(layers: Layers, wanted: Recovery) -> dict[str, Any]:
    """Take over a session whose runner is gone. Refused (E1020) when it is not active, or gave a sign of life just now.

    It gets the context and checkpoint that were kept last, and a sign of life. Of several that try at once, one succeeds; the
    others are refused (E1005 or E1020). Answers the `session`, and the name of the checkpoint that it was `restored_from`.
    """
    sessions = layers.l01.sessions
    session = await sessions.get(wanted.session_id)
    _refuse_living(session, wanted.silent_seconds)
    name = wanted.checkpoint
    if name is None:
        kept = (await sessions.checkpoints(session["id"], limit=1))["items"]
        name = kept[0]["name"] if kept else None
    version = session["version"]
    # First the sign of life: whoever looks from now on is refused, and who has looked before knows an older version.
    beat = await sessions.heartbeat(session["id"])
    if name is None:  # written all the same, so that there is another version
        changes = {"context": session["context"]}
        session = await sessions.update(session["id"], changes, expected_version=version)
    else:
        session = await sessions.restore(session["id"], name, expected_version=version)
    return {"session": {**session, "heartbeat_at": beat["heartbeat_at"]}, "restored_from": name}


def _refuse_living(session: Session, seconds: int) -> None:
    if session["status"] != "active":
        raise StateError(f"The session is {session['status']}.", current_status=session["status"])
    last = session["heartbeat_at"] or session["created_at"]
    if datetime.fromisoformat(last) > now() - timedelta(seconds=seconds):
        raise StateError(f"The session gave a sign of life at {last}.", current_status="active")


_VERBS = SESSIONS.operations

TOOLS: Final[list[Tool]] = [
    operation_tool(
        "session_start",
        _VERBS["create"],
        "Begin a session. Whoever works on it sends `session_heartbeat` now and then, so that others see when it is gone.",
        about=_ABOUT,
    ),
    operation_tool(
        "session_get", _VERBS["get"], "Read a session: its state, context, checkpoint, last sign of life."
    ),
    operation_tool("session_list", _VERBS["list"], "List sessions, the newest first.", about=_ABOUT),
    operation_tool(
        "session_update",
        _VERBS["update"],
        "Change the state, context or checkpoint of a session; only what is given is changed. Read it first and give its "
        "`version` as `expected_version` where others may change it too.",
        about=_ABOUT,
        destructive=True,
    ),
    operation_tool(
        "session_heartbeat",
        HEARTBEAT,
        "Say that a session is being worked on. Answers its state: one that is `paused` should take no further steps. "
        "Refused (E1020) when the session is over.",
        idempotent=True,
    ),
    operation_tool(
        "session_list_silent",
        STALE_SESSIONS,
        "List active sessions that gave no sign of life for so many seconds, the longest silent first: their runners are "
        "probably gone, and `session_recover` takes them over.",
        about={"seconds": "How long they have been silent at least.", **_ABOUT},
    ),
    own_tool("session_recover", Recovery, recover, "write", destructive=True),
    operation_tool(
        "checkpoint_keep",
        CHECKPOINTS.operations["create"],
        "Keep what a session is now under a name, to go back to. A name that is taken is refused (E1003).",
        about=_KEPT,
    ),
    operation_tool(
        "checkpoint_list",
        CHECKPOINTS.operations["list"],
        "List the checkpoints of a session, the newest first.",
        about={"name": "Only the one with this name."},
    ),
    operation_tool(
        "checkpoint_restore",
        RESTORE_SESSION,
        "Give a session the context and checkpoint that were kept under a name.",
        about={"name": "The checkpoint's name."},
        destructive=True,
    ),
]
