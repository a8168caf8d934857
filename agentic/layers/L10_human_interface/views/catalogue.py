"""The live views that there are, by the names that pages ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agentic.layers.L10_human_interface.errors import ViewError
from agentic.layers.L10_human_interface.views.agent import Agent
from agentic.layers.L10_human_interface.views.approvals import Approvals
from agentic.layers.L10_human_interface.views.datasets import Datasets, OneDataset, OneExperiment
from agentic.layers.L10_human_interface.views.evaluations import Evaluations
from agentic.layers.L10_human_interface.views.feedback import Feedback
from agentic.layers.L10_human_interface.views.goals import Goal, Goals
from agentic.layers.L10_human_interface.views.improvements import Exports, Improvements, OneImprovement
from agentic.layers.L10_human_interface.views.plan import Plan
from agentic.layers.L10_human_interface.views.run import Run
from agentic.layers.L10_human_interface.views.runs import Runs
from agentic.layers.L10_human_interface.views.sections import Agents, Events, Layers, Overview, Quiet
from agentic.layers.L10_human_interface.views.subscriptions import OneSubscription, Subscriptions
from agentic.layers.L10_human_interface.views.ticks import Ticks
from agentic.layers.L10_human_interface.views.tools import Tools
from agentic.layers.L10_human_interface.views.usage import Usage
from agentic.layers.L10_human_interface.views.view import View
from agentic.layers.L10_human_interface.web_site import Site

VIEWS: Final[Mapping[str, type[View]]] = {
    "": Quiet,
    "overview": Overview,
    "agents": Agents,
    "agent": Agent,
    "runs": Runs,
    "run": Run,
    "goals": Goals,
    "goal": Goal,
    "plan": Plan,
    "tools": Tools,
    "tool": Tools,
    "approvals": Approvals,
    "usage": Usage,
    "evaluations": Evaluations,
    "feedback": Feedback,
    "datasets": Datasets,
    "dataset": OneDataset,
    "experiment": OneExperiment,
    "improvements": Improvements,
    "improvement": OneImprovement,
    "exports": Exports,
    "subscriptions": Subscriptions,
    "subscription": OneSubscription,
    "events": Events,
    "layers": Layers,
}


class Views:
    """The views of this process."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ticks = Ticks(site)

    def open(self, name: str, filters: Mapping[str, str]) -> View:
        """The view of that name.

        Raises:
            ViewError: there is none.
        """
        if name not in VIEWS:
            raise ViewError(f"There is no live view {name!r}.")
        return VIEWS[name](self._site, self._ticks, filters)
