"""Redis streams for programs of others: entries are added once, whoever adds them and however often."""

from __future__ import annotations

from agentic.layers.base import jsonio
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.models.bus_stream import PREFIX, StreamAdd, StreamAddress
from agentic.layers.L01_data_layer.redis_client import Bus


class BusStreams:
    """Adds to streams."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def add(self, call: Call) -> Answer:
        """Adds entries in order; those that the stream has already are passed over."""
        key = PREFIX + validated(StreamAddress, dict(call.path)).stream
        body = validated(StreamAdd, call.body)
        entries = [(f"{each.generation}-{each.position}", each.event) for each in body.entries]
        added = await self._bus.add_to_stream(key, entries, body.keep)
        return Answer(jsonio.encode({"added": added, "key": key}))
