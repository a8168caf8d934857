"""For who follows what happens: the log after a position, facts of one's own, and bookmarks that are kept."""

from __future__ import annotations

from typing import Final

from agentic.layers.L01_data_layer.models.cursor import GET_CURSOR, SET_CURSOR
from agentic.layers.L01_data_layer.models.event import APPEND_EVENT, LIST_EVENTS
from agentic.layers.L11_integration.mcp.tool import Tool, operation_tool

_NAME: Final = "The bookmark's name, your own: letters, digits, and . _ : -"

TOOLS: Final[list[Tool]] = [
    operation_tool(
        "event_list",
        LIST_EVENTS,
        "Read the log of all that happened: with `after` forwards from a position, without it backwards from the newest. To "
        "miss nothing, go on with the `position` of the last event that you handled.",
        about={
            "after": "Only events after this position; 0 for all.",
            "event_type": "A type, or its beginning and a star (agent.*); several with commas between.",
            "aggregate_type": "What they are about: session, document, run …",
            "aggregate_id": "The record that they are about.",
            "correlation_id": "Those that one request led to.",
            "causation_id": "Those that one event or request caused.",
        },
    ),
    operation_tool(
        "event_append",
        APPEND_EVENT,
        "Append a fact of your own to the log; it reaches everybody who follows it.",
        about={
            "event_type": "What happened, such as note.taken.",
            "aggregate_type": "What it is about, such as note.",
            "aggregate_id": "Which of them: a UUID, your own or that of a record.",
            "payload": "What there is to say of it: any JSON.",
            "metadata": "What there is to say of the saying, as a JSON object.",
            "expected_version": "Appends it only if that is the newest version of what it is about; 0: it has none.",
        },
    ),
    operation_tool(
        "cursor_get", GET_CURSOR, "Read how far a reader of the log has come.", about={"name": _NAME}
    ),
    operation_tool(
        "cursor_set",
        SET_CURSOR,
        "Keep how far a reader of the log has come: everything up to `position` is handled.",
        about={
            "name": _NAME,
            "position": "The position of the last event that was handled.",
            "onward": "True: never back, so that of two readers the one who is further counts.",
        },
        idempotent=True,
        destructive=True,
    ),
]
