"""Points in time to look back to."""

from __future__ import annotations

from agentic.layers.base.ids import timestamp
from agentic.layers.L01_data_layer.client import L01Client

MARK = "01890000-0000-7000-8000-00000000face"


def moment() -> str:
    """Now."""
    return timestamp()


async def position_after(l01: L01Client) -> int:
    """A position that everything written so far is at or before: that of a fact written now, once it has one."""
    mark = await l01.publish_event("mark", "mark", MARK, None)
    while (position := (await l01.events.get(mark["id"]))["position"]) is None:
        pass
    return position
