"""L04: a budget in tokens and money, and what is left of it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.fields import Body, Changes, Name, Wanted
from agentic.layers.L01_data_layer.models.resource import ALL, ListQuery, Resource, Truth

Scope = Literal["key", "agent", "run", "goal", "model", "all"]
Period = Literal["total", "day", "month"]
MostTokens = Annotated[int, Field(ge=0, le=2**53)]
MostMoney = Annotated[
    float, Field(ge=0, le=10_000_000, allow_inf_nan=False), AfterValidator(lambda x: round(x, 6))
]


class BudgetCreate(Body):
    """A new budget: of one key, agent, run, goal or model (`subject`: its id or name), or of all calls together."""

    scope: Scope
    subject: Name | None = None
    period: Period = "total"
    max_tokens: MostTokens | None = None
    max_cost: MostMoney | None = None
    enabled: bool = True


class BudgetUpdate(Changes):
    """What may change in a budget: how much, and whether it counts."""

    max_tokens: MostTokens | None = None
    max_cost: MostMoney | None = None
    enabled: bool = True


class BudgetQuery(ListQuery):
    """Filters of the list of budgets."""

    scope: Wanted | None = None
    subject: Wanted | None = None
    enabled: Truth | None = None


class Budget(TypedDict):
    """A budget as stored. Days and months are those of UTC."""

    id: str
    scope: str
    subject: str | None
    period: str
    max_tokens: int | None
    max_cost: float | None
    enabled: bool
    created_at: str
    updated_at: str
    version: int


class Amount(TypedDict):
    """Tokens and US dollars; null where the budget sets no limit."""

    tokens: int | None
    cost: float | None


class BudgetLeft(TypedDict):
    """What of a budget is spent or held for calls in flight, and what is left; since when it counts, null for ever."""

    budget_id: str
    since: str | None
    spent: Amount
    left: Amount


BUDGETS = Resource("budget", "/budgets", BudgetCreate, BudgetQuery, Budget, BudgetUpdate, verbs=ALL)
BUDGET_LEFT = Operation("budget.left", "GET", "/budgets/{id}/left", result=BudgetLeft)
