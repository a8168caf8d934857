"""The routes of the planning layer."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L05_planning import models
from agentic.layers.L05_planning.planning import Planning
from agentic.layers.L05_planning.templates import TemplateStore


def routes(planning: Planning, templates: TemplateStore) -> dict[str, list[Route]]:
    """What may be asked, by section of the documentation."""
    return {
        "goals": [Route(models.MAKE_PLAN, planning.make), Route(models.PLANNED, planning.planned)],
        "plans": [
            Route(models.LOOK, planning.look),
            Route(models.CHECK_PLAN, planning.check),
            Route(models.APPROVE, planning.approve),
            Route(models.EXECUTE, planning.execute),
            Route(models.PAUSE, planning.pause),
            Route(models.RESUME, planning.resume),
            Route(models.CANCEL, planning.cancel),
            Route(models.EDIT, planning.edit),
        ],
        "templates": [
            Route(models.LIST_TEMPLATES, templates.list),
            Route(models.GET_TEMPLATE, templates.get),
            Route(models.SET_TEMPLATE, templates.set),
            Route(models.DELETE_TEMPLATE, templates.delete),
        ],
    }
