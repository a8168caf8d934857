"""What the planning layer takes and tells: steps, plans that are made, checked, carried out and changed, and templates."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation, Query
from agentic.layers.L01_data_layer.models.fields import Body, Id, Json, JsonArray, JsonObject, Name, Text
from agentic.layers.L01_data_layer.models.goal import Goal
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L01_data_layer.models.resource import WHOLE
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.task import Task

LONGEST_WAIT: Final = 25
"""Seconds that one request waits; a client that waits longer asks again."""
TEMPLATES: Final = "plan_templates"
"""The namespace of configuration in which templates are kept."""

StepId = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
PlanType = Literal["sequential", "parallel", "dag"]
OnFailure = Literal["stop", "skip", "replan"]
Wait = Annotated[int, Field(ge=0, le=LONGEST_WAIT)]
Seconds = Annotated[float, Field(gt=0, le=366 * 86_400, allow_inf_nan=False)]
Money = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=1, le=1_000_000_000)]
Short = Annotated[Text, Field(max_length=10_000)]


class _Setting(Body):
    """Something that nobody changes, so that as a default it is one for all that do not say it themselves."""

    model_config = ConfigDict(frozen=True)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self


class Limits(_Setting):
    """How far a step, or all of a plan, may go. Money is US dollars; seconds are of work, not of waiting."""

    steps: Whole | None = None
    tokens: Whole | None = None
    cost: Money | None = None
    seconds: Seconds | None = None


class Retry(_Setting):
    """How often a step is tried in all, and the pause before the second try in seconds; it doubles each time, give or take."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 1
    backoff: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 1.0


class Condition(Body):
    """Whether a step is wanted: what an earlier one gave, compared. Without a comparison: whether it is something."""

    source: Annotated[StepId, Field(alias="$from")]
    path: Annotated[Text, Field(max_length=1000)] = ""
    default: Json = None
    equals: Json = None
    not_equals: Json = None
    above: float | None = None
    below: float | None = None
    contains: Json = None


class Options(_Setting):
    """What holds for a whole plan.

    `parallel` is how many steps may be at work at once, `on_failure` what a step does that does not say it itself, `limits` bound
    all steps together, `replans` is how often the rest may be planned anew, by `model`.
    """

    parallel: Annotated[int, Field(ge=1, le=200)] = 20
    on_failure: OnFailure = "stop"
    limits: Limits = Limits()
    replans: Annotated[int, Field(ge=0, le=20)] = 2
    model: Name | None = None


class SubGoal(Body):
    """A goal below that of the plan, with a plan of its own: its steps, a template, or what a model makes of it."""

    description: Annotated[Text, Field(min_length=1, max_length=100_000)]
    success_criteria: JsonArray = []
    steps: JsonArray | None = None
    template: Name | None = None
    parameters: JsonObject = {}
    model: Name | None = None
    plan_type: PlanType = "dag"
    options: Options = Options()


class Step(Body):
    """One step of a plan, done by one of `agent`, `tool`, `capability` (an agent that has it) or `goal`.

    `input` is what it is given; in it `{"$from": "other-step", "path": "a.0.b", "default": …}` stands for what that step gave,
    which this one then waits for. `approval`: a person is asked first, with these words if they are a text.
    """

    id: StepId
    description: Short = ""
    agent: Name | None = None
    tool: Name | None = None
    capability: Name | None = None
    goal: SubGoal | None = None
    input: Json = None
    depends_on: Annotated[list[StepId], Field(max_length=10_000)] = []
    condition: Condition | None = None
    retry: Retry = Retry()
    on_failure: OnFailure | None = None
    limits: Limits | None = None
    approval: bool | Annotated[Text, Field(min_length=1, max_length=1000)] = False


class PlanMaking(Body):
    """How a goal gets a plan: by one of `steps`, `template` (with `parameters`) and `model`.

    `model` is a model's name, or null for the usual one; `instructions` are told it, and `tools` and `agents` are the names that it
    may use (without them: all). `wait` is how many seconds the answer may wait for it.
    """

    steps: JsonArray | None = None
    template: Name | None = None
    parameters: JsonObject = {}
    model: Name | None = None
    instructions: Short = ""
    tools: Annotated[list[Name], Field(max_length=1000)] | None = None
    agents: Annotated[list[Name], Field(max_length=1000)] | None = None
    plan_type: PlanType = "dag"
    options: Options = Options()
    agent_id: Id | None = None
    wait: Wait = LONGEST_WAIT


class PlanEdit(Body):
    """Other steps for a plan. Of one that is being carried out, those that have begun must stay as they are."""

    steps: JsonArray
    plan_type: PlanType | None = None
    options: Options | None = None


class Execution(Body):
    """`wait` is how many seconds the answer may wait for the plan to end or to need somebody."""

    wait: Wait = 0


class Stop(Body):
    """Why it is cancelled."""

    reason: Short | None = None


class PlanLook(Query):
    """`wait` is how many seconds the answer may wait for the plan to end or to need somebody."""

    wait: Annotated[int, Field(ge=0, le=LONGEST_WAIT), WHOLE] = 0


class Template(Body):
    """A plan with gaps: `{{name}}` in a text stands for a parameter, and a text that is nothing else becomes its value.

    `parameters` is the JSON Schema of the object that fills them.
    """

    description: Short = ""
    parameters: JsonObject = {}
    plan_type: PlanType = "dag"
    options: Options = Options()
    steps: JsonArray


class TemplateAddress(Query):
    """A template by its name, one part of a path."""

    name: Name


class Problem(TypedDict):
    """One thing that is wrong with a plan. `step` is the id of the step, null when it is none's alone.

    `kind`: invalid, duplicate, cycle, dangling, unknown_agent, unknown_tool, unknown_capability, arguments, reference, size,
    budget, template.
    """

    step: str | None
    kind: str
    detail: str


class Estimate(TypedDict):
    """What a plan may cost in US dollars, by limits of steps and agents or by what agents' runs cost; `unknown`: steps without any."""

    cost: float
    unknown: list[str]


class Report(TypedDict):
    """What is to be said of a plan before it runs. `waves`: its steps by when they can begin, the first those that wait for none."""

    ok: bool
    problems: list[Problem]
    estimate: Estimate
    waves: list[list[str]]
    needs: dict[str, list[str]]
    """Of each step, those that it waits for."""


class Planned(TypedDict):
    """A plan for a goal; null while the model's run is at work on it."""

    plan: Plan | None
    run_id: str | None
    """The run in which a model makes it, or made it."""


class PlanState(TypedDict):
    """A plan with all that is known of it: its goal, its tasks in the order of the steps, the run that carries it."""

    plan: Plan
    goal: Goal | None
    tasks: list[Task]
    run: Run | None


class TemplateRecord(TypedDict):
    """A template as it is kept."""

    name: str
    template: dict[str, Any]
    version: int
    updated_at: str


class Templates(TypedDict):
    """The templates that there are, by name."""

    items: list[TemplateRecord]


MAKE_PLAN: Final = Operation(
    "planning.make", "POST", "/goals/{id}/plan", body=PlanMaking, result=Planned, status=201
)
PLANNED: Final = Operation("planning.planned", "GET", "/planning/{id}", query=PlanLook, result=Planned)
LOOK: Final = Operation("planning.look", "GET", "/plans/{id}", query=PlanLook, result=PlanState)
CHECK_PLAN: Final = Operation("planning.check", "POST", "/plans/{id}/check", result=Report)
APPROVE: Final = Operation("planning.approve", "POST", "/plans/{id}/approve", result=Plan)
EXECUTE: Final = Operation(
    "planning.execute", "POST", "/plans/{id}/execute", body=Execution, result=PlanState
)
PAUSE: Final = Operation("planning.pause", "POST", "/plans/{id}/pause", result=PlanState)
RESUME: Final = Operation("planning.resume", "POST", "/plans/{id}/resume", result=PlanState)
CANCEL: Final = Operation("planning.cancel", "POST", "/plans/{id}/cancel", body=Stop, result=PlanState)
EDIT: Final = Operation(
    "planning.edit", "POST", "/plans/{id}/edit", body=PlanEdit, result=Plan, conditional=True
)
LIST_TEMPLATES: Final = Operation("plan_template.list", "GET", "/templates", result=Templates)
GET_TEMPLATE: Final = Operation(
    "plan_template.get", "GET", "/templates/{name}", result=TemplateRecord, address=TemplateAddress
)
SET_TEMPLATE: Final = Operation(
    "plan_template.set",
    "PUT",
    "/templates/{name}",
    body=Template,
    result=TemplateRecord,
    address=TemplateAddress,
)
DELETE_TEMPLATE: Final = Operation(
    "plan_template.delete", "DELETE", "/templates/{name}", status=204, address=TemplateAddress
)
