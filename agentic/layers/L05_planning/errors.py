"""The errors of the planning layer (E5000-E5999): what is refused, and the reasons for which a plan fails."""

from __future__ import annotations

from typing import ClassVar

from agentic.layers.base.errors import PlatformError


class PlanningError(PlatformError):
    """The base of the E5000-E5999 range."""

    layer: ClassVar[int] = 5


class PlanRefusedError(PlanningError):
    """Something is wrong with the plan: `problems` says all of it. Nothing was changed."""

    code = "E5001"
    status = 422
    title = "Plan refused"


class BegunError(PlanningError):
    """A step of the plan that has begun cannot be changed or taken out any more."""

    code = "E5002"
    status = 409
    title = "Step has begun"


class PlanFailedError(PlanningError):
    """The plan could not be carried out."""

    code = "E5003"
    status = 409
    title = "Plan failed"


class CriteriaError(PlanningError):
    """All of the plan was done, but what came of it does not meet the goal's criteria."""

    code = "E5004"
    status = 409
    title = "Criteria not met"


class TemplateError(PlanningError):
    """The template cannot be filled with these parameters."""

    code = "E5005"
    status = 422
    title = "Template not filled"
