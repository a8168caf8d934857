"""What a run says while it happens."""

from __future__ import annotations

from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.live_text import LiveTexts
from agentic.layers.L01_data_layer.models.run import Telling
from agentic.layers.L01_data_layer.services.resource_service import NOTHING, parse_id


class RunTelling:
    """Passes texts on to those who listen."""

    def __init__(self, texts: LiveTexts) -> None:
        self._texts = texts

    async def tell(self, call: Call) -> Answer:
        """Tells those who listen to a run. Nothing is written: who does not listen misses it."""
        run_id = parse_id(call.path["id"])
        self._texts.tell(str(run_id), validated(Telling, call.body).payload)
        return NOTHING
