"""The HTTP side: each file lists the routes of one kind of record; `direct.py` serves them.

The same list is what `LocalBackend` looks operations up in, so both ways into the data layer are one.
"""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L01_data_layer.routers import (
    agents,
    approvals,
    budgets,
    check,
    config,
    cursors,
    datasets,
    documents,
    evaluations,
    events,
    feedback,
    goals,
    integration,
    keys,
    learning,
    leases,
    lineage,
    model_usage,
    plans,
    runs,
    schedules,
    sessions,
    tools,
)
from agentic.layers.L01_data_layer.services import Services

SECTIONS = {
    "events": events.routes,
    "agents": agents.routes,
    "runs": runs.routes,
    "tools": tools.routes,
    "approvals": approvals.routes,
    "model usage": model_usage.routes,
    "budgets": budgets.routes,
    "schedules": schedules.routes,
    "goals": goals.routes,
    "plans": plans.routes,
    "evaluations": evaluations.routes,
    "feedback": feedback.routes,
    "learning": learning.routes,
    "config": config.routes,
    "datasets": datasets.routes,
    "documents": documents.routes,
    "sessions": sessions.routes,
    "keys": keys.routes,
    "integration": integration.routes,
    "cursors": cursors.routes,
    "leases": leases.routes,
    "lineage": lineage.routes,
    "check": check.routes,
}


def routes_by_section(services: Services) -> dict[str, list[Route]]:
    """Every operation of the data layer with what carries it out, by section of the documentation."""
    return {name: routes(services) for name, routes in SECTIONS.items()}
