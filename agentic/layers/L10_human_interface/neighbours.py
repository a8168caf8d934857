"""The layers beside this one that pages ask for what the data layer does not know: judging, learning, telling others."""

from __future__ import annotations

from typing import Final

from agentic.layers.base.layer import Context
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L07_learning.client import L07Client
from agentic.layers.L10_human_interface.layer_health import LayerMonitor
from agentic.layers.L10_human_interface.neighbour import Neighbour
from agentic.layers.L11_integration.client import L11Client

JUDGED: Final = "datasets can be read and items added by hand, and no experiment can be begun"
LEARNED: Final = "improvements and exports can be read here, not begun or decided"
TOLD: Final = "subscriptions are shown as they are stored, and nothing is delivered"


class Neighbours:
    """Each of them, or its absence."""

    def __init__(self, context: Context, monitor: LayerMonitor) -> None:
        self.evaluation = Neighbour("L06", "evaluation", lambda: context.client(L06Client), monitor, JUDGED)
        self.learning = Neighbour("L07", "learning", lambda: context.client(L07Client), monitor, LEARNED)
        self.integration = Neighbour("L11", "integration", lambda: context.client(L11Client), monitor, TOLD)
