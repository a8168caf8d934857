"""One plan with its tasks, read once and then brought up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from agentic.layers.base import states
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.goal import Goal
from agentic.layers.L01_data_layer.models.plan import Plan
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L01_data_layer.models.task import Task
from agentic.layers.L10_human_interface.formats import took
from agentic.layers.L10_human_interface.plan_graph import Arrow, Graph, graph_of
from agentic.layers.L10_human_interface.plan_steps import PlanStep, steps_of
from agentic.layers.L10_human_interface.words import Word, status_word

DRAWN: Final = 300
"""Steps up to which a plan is drawn; of a longer one the steps are listed, a page at a time."""
LEAF: Final = 100
SINGLY: Final = 100
"""Tasks up to which those that changed are asked for one by one."""
LIMIT: Final = 1000
FINAL: Final = states.final_states(states.TASK)
NOT_BEGUN: Final = "planned"


class Node(NamedTuple):
    """A step with what became of it, as the graph and the list show it."""

    step: PlanStep
    status: str
    word: Word
    took: str
    since: str | None
    """Since when it is at work."""
    href: str

    @property
    def id(self) -> str:
        """The id of what shows it: steps are named by whoever makes a plan."""
        return f"task-{self.step.number}"


class Progress(NamedTuple):
    """How far a plan is: its steps by their state, in the order of states."""

    total: int
    over: int
    by_status: dict[str, int]


class PlanRecord:
    """A plan as its page shows it."""

    def __init__(self, l01: L01Client, plan: Plan, goal: Goal | None, run: Run | None) -> None:
        self._l01 = l01
        self.plan = plan
        self.goal = goal
        self.run = run
        self.steps = steps_of(plan)
        self.tasks: dict[str, Task] = {}
        """Of each step that has one, its task."""
        self._keys: dict[str, str] = {}

    @classmethod
    async def load(cls, l01: L01Client, plan_id: str, as_of: str | None = None) -> PlanRecord:
        """All of a plan, as it is or as it was.

        Raises:
            NotFoundError: there is none.
        """
        plan = await l01.plans.get(plan_id, as_of=as_of)
        record = cls(l01, plan, *await _around(l01, plan))
        await record._read_tasks(as_of)
        return record

    async def _read_tasks(self, as_of: str | None = None) -> None:
        # Of the past, what is older than the plan would be looked at too.
        since = None if as_of is None else self.plan["created_at"]
        listed = self._l01.tasks.all(
            plan_id=self.plan["id"], limit=LIMIT, order="asc", as_of=as_of, since=since
        )
        tasks = [task async for task in listed]
        self._take(task for task in tasks if task["step_id"])
        # Somebody's own tasks do not name their steps: they are taken in their order.
        own = sorted((task for task in tasks if not task["step_id"]), key=lambda task: task["sequence_order"])
        free = [step.key for step in self.steps if step.key not in self.tasks]
        self._keys |= {task["id"]: key for key, task in zip(free, own, strict=False)}
        self._take(own)

    def _take(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            key = task["step_id"] or self._keys.get(task["id"])
            if key is not None:
                self.tasks[key] = task
                self._keys[task["id"]] = key

    async def refresh(self, task_ids: Sequence[str]) -> list[Node] | None:
        """Brings it up to date, and answers the steps of these tasks; none when the plan has other steps than before."""
        before = self.plan["steps"]
        self.plan = await self._l01.plans.get(self.plan["id"])
        self.goal, self.run = await _around(self._l01, self.plan)
        self.steps = steps_of(self.plan)
        tasks = await asyncio.gather(*map(self._l01.tasks.get, task_ids[:SINGLY]))
        if len(task_ids) > SINGLY or any(self._is_new(task) for task in tasks):
            await self._read_tasks()
        self._take(tasks)
        if self.plan["steps"] != before:
            return None
        changed = {self._keys[task_id] for task_id in task_ids if task_id in self._keys}
        return [self.node(step) for step in self.steps if step.key in changed]

    @property
    def drawn(self) -> bool:
        """Whether it is shown as a graph: there are steps, and not too many."""
        return 0 < len(self.steps) <= DRAWN

    def _is_new(self, task: Task) -> bool:
        return not task["step_id"] and task["id"] not in self._keys

    @property
    def paused(self) -> bool:
        """True when it stands still until a person lets it go on."""
        run = self.run
        waits = run is not None and run["status"] == "suspended" and run["due_at"] is None
        return self.plan["status"] == "executing" and waits

    @property
    def state(self) -> str:
        """The plan's status, or `paused`."""
        return "paused" if self.paused else self.plan["status"]

    def node(self, step: PlanStep) -> Node:
        """One step as it is shown."""
        task = self.tasks.get(step.key)
        status = task["status"] if task else NOT_BEGUN
        return Node(
            step,
            status,
            status_word(status),
            took(task["started_at"], task["completed_at"]) if task and task["completed_at"] else "",
            task["started_at"] if task and status == "running" else None,
            f"/plans/{self.plan['id']}/tasks/{quote(step.key, safe='')}",
        )

    def nodes_on(self, leaf: int) -> list[Node]:
        """The steps on one leaf of the list, the first being 0."""
        return [self.node(step) for step in self.steps[leaf * LEAF : (leaf + 1) * LEAF]]

    def step(self, key: str) -> PlanStep | None:
        """The step of that name."""
        return next((step for step in self.steps if step.key == key), None)

    def progress(self) -> Progress:
        """How far it is."""
        statuses = [self.tasks[step.key]["status"] for step in self.steps if step.key in self.tasks]
        counts = {status: statuses.count(status) for status in states.TASK}
        over = sum(counts[status] for status in FINAL)
        return Progress(len(self.steps), over, {name: count for name, count in counts.items() if count})

    def next_failure(self, after: int = 0) -> Node | None:
        """The first step after that number that failed, or else the first at all."""
        failed = [node for node in map(self.node, self.steps) if node.status == "failed"]
        return next((node for node in failed if node.step.number > after), failed[0] if failed else None)


class Drawing(NamedTuple):
    """The graph of a plan: each step with its place, in reading order, and the lines between them."""

    placed: list[tuple[Node, int, float]]
    arrows: list[Arrow]
    width: int
    height: int


def drawing_of(record: PlanRecord) -> Drawing | None:
    """The graph; none of a plan that is too long to be drawn, or has nothing to draw."""
    if not record.drawn:
        return None
    graph = _graph(tuple((step.key, step.waits) for step in record.steps))
    nodes: Mapping[str, Node] = {step.key: record.node(step) for step in record.steps}
    placed = [(nodes[key], place.x, place.y) for key, place in graph.places.items()]
    return Drawing(placed, graph.arrows, graph.width, graph.height)


@lru_cache(maxsize=64)
def _graph(waits: tuple[tuple[str, tuple[str, ...]], ...]) -> Graph:
    return graph_of(dict(waits))


async def _around(l01: L01Client, plan: Plan) -> tuple[Goal | None, Run | None]:
    """The goal of a plan, and the run that carries it."""
    goal_id, run_id = plan["goal_id"], plan["run_id"]
    return (await l01.goals.get(goal_id) if goal_id else None, await l01.runs.get(run_id) if run_id else None)
