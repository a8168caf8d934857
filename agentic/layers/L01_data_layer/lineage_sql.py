"""The statement that finds a lineage, made from two lists: what is shown of each kind, and what comes of what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from agentic.layers.L01_data_layer.models.run import BRANCHES, CALLS
from agentic.layers.L01_data_layer.sql_text import moment
from agentic.layers.L01_data_layer.usage_statements import USED

MOST: Final = 200
"""Characters of a title."""


class Shown(NamedTuple):
    """What is shown of a kind of records: expressions over its table, which is called `it`."""

    table: str
    title: str
    status: str
    facts: str


class Edge(NamedTuple):
    """Records of kind `lower` come of records of kind `upper`: `pairs` are rows that have the ids of both."""

    lower: str
    upper: str
    pairs: str
    lower_id: str
    upper_id: str


def _prose(column: str) -> str:
    return f"left({column}, {MOST})"


SHOWN: Final = {
    "goal": Shown("goals", _prose("it.description"), "it.status", "'priority', it.priority"),
    "plan": Shown(
        "plans", "it.plan_type", "it.status", "'agent_id', it.agent_id, 'size', jsonb_array_length(it.steps)"
    ),
    "task": Shown(
        "tasks",
        _prose("it.description"),
        "it.status",
        "'agent_id', it.agent_id, 'task_type', it.task_type, 'plan_id', it.plan_id, 'step_id', it.step_id",
    ),
    "run": Shown(
        "runs",
        _prose("it.input #>> '{}'"),
        "it.status",
        f"""'agent_id', it.agent_id,
    'steps', (SELECT coalesce(max(number), 0) FROM run_steps WHERE run_id = it.id),
    'used', (SELECT jsonb_build_object({USED}) FROM model_usage WHERE run_id = it.id)""",
    ),
    "run_step": Shown(
        "run_steps",
        "it.name",
        "it.status",
        """'run_id', it.run_id, 'number', it.number, 'kind', it.kind, 'cost', it.cost,
    'input_tokens', it.input_tokens, 'output_tokens', it.output_tokens""",
    ),
    "model_usage": Shown(
        "model_usage",
        "it.model_name",
        "it.status",
        """'agent_id', it.agent_id, 'run_id', it.run_id, 'model_provider', it.model_provider,
    'input_tokens', it.input_tokens, 'output_tokens', it.output_tokens, 'cost', it.cost_estimate,
    'cost_known', it.cost_known, 'estimated', it.estimated, 'latency_ms', it.latency_ms""",
    ),
    "tool_execution": Shown(
        "tool_executions",
        "coalesce((SELECT name FROM tools WHERE id = it.tool_id), '')",
        "it.status",
        "'agent_id', it.agent_id, 'run_id', it.run_id, 'tool_id', it.tool_id",
    ),
    "evaluation": Shown(
        "evaluations", "it.evaluation_type", "NULL", "'agent_id', it.agent_id, 'score', it.score"
    ),
    "feedback": Shown(
        "feedback_entries",
        f"coalesce({_prose('it.content')}, it.feedback_type)",
        "NULL",
        """'agent_id', it.agent_id, 'feedback_type', it.feedback_type, 'rating', it.rating,
    'processed', it.processed""",
    ),
    "dataset": Shown("datasets", "it.name", "NULL", "'revision', it.revision, 'size', it.size"),
    "improvement": Shown(
        "improvements", "it.title", "it.status", "'agent_id', it.agent_id, 'method', it.method"
    ),
}
SAID: Final = ("evaluation", "feedback", "dataset", "improvement")
"""What is said of work, and what is made of that: it stands beside all that it is about, whichever of it was asked for."""


def _column(lower: str, upper: str, table: str, column: str) -> Edge:
    return Edge(lower, upper, table, f"{table}.id", f"{table}.{column}")


EDGES: Final = (
    _column("goal", "goal", "goals", "parent_goal_id"),
    _column("plan", "goal", "plans", "goal_id"),
    _column("task", "plan", "tasks", "plan_id"),
    _column("run", "task", "runs", "task_id"),
    Edge("run", "plan", "plans", "plans.run_id", "plans.id"),
    _column("run", "goal", "runs", "goal_id"),
    _column("run", "run", "runs", "parent_run_id"),
    _column("run", "run", "runs", "forked_from"),
    _column("run_step", "run", "run_steps", "run_id"),
    Edge(
        "model_usage",
        "run_step",
        "model_usage JOIN run_steps ON run_steps.run_id = model_usage.run_id AND run_steps.usage_id = model_usage.id",
        "model_usage.id",
        "run_steps.id",
    ),
    _column("model_usage", "run", "model_usage", "run_id"),
    _column("model_usage", "goal", "model_usage", "goal_id"),
    Edge(
        "tool_execution",
        "run_step",
        "tool_executions JOIN run_steps ON run_steps.run_id = tool_executions.run_id"
        " AND run_steps.execution_id = tool_executions.id",
        "tool_executions.id",
        "run_steps.id",
    ),
    _column("tool_execution", "run", "tool_executions", "run_id"),
    Edge(
        "tool_execution",
        "task",
        "tool_executions JOIN plans ON plans.run_id = tool_executions.run_id"
        f" JOIN tasks ON tasks.plan_id = plans.id AND tool_executions.step >= {BRANCHES}"
        f" AND (tool_executions.step - {BRANCHES}) / {CALLS} = tasks.sequence_order",
        "tool_executions.id",
        "tasks.id",
    ),
    _column("evaluation", "task", "evaluations", "task_id"),
    _column("evaluation", "run", "evaluations", "run_id"),
    _column("feedback", "task", "feedback_entries", "task_id"),
    _column("feedback", "run", "feedback_entries", "run_id"),
    Edge("dataset", "run", "dataset_items", "dataset_items.dataset_id", "dataset_items.source_run_id"),
    Edge(
        "dataset", "feedback", "dataset_items", "dataset_items.dataset_id", "dataset_items.source_feedback_id"
    ),
    # What an improvement was looked for with, as it was asked for; and the cases by which it was proven.
    Edge(
        "improvement",
        "dataset",
        "improvements JOIN datasets ON datasets.id::text = improvements.asked ->> 'dataset'",
        "improvements.id",
        "datasets.id",
    ),
    Edge(
        "improvement",
        "dataset",
        "improvements JOIN experiments ON experiments.id::text = improvements.numbers ->> 'experiment_id'",
        "improvements.id",
        "experiments.dataset_id",
    ),
)


def _upwards(edges: Iterable[Edge], of: str) -> str:
    """What the record `of` came of, one step up. The branches for other kinds than its own are not carried out."""
    return " UNION ALL ".join(
        f"(SELECT DISTINCT '{edge.upper}' AS kind, {edge.upper_id} AS id FROM {edge.pairs}"
        f" WHERE {of}.kind = '{edge.lower}' AND {edge.lower_id} = {of}.id AND {edge.upper_id} IS NOT NULL"
        " ORDER BY id LIMIT $3 + 1)"
        for edge in edges
    )


def _climb(name: str, edges: Iterable[Edge]) -> str:
    """The `WITH` query `name`: the record that is asked for, and by these edges what it came of, to the top."""
    return f"""{name} (kind, id) AS (
  SELECT $1::text, $2::uuid UNION SELECT up.kind, up.id FROM {name}, LATERAL ({_upwards(edges, name)}) up
)"""


def _found(edge: Edge, of: str) -> str:
    return (
        f"SELECT DISTINCT {edge.lower_id} AS id FROM {edge.pairs} WHERE {edge.upper_id} = {of}.id"
        " ORDER BY id LIMIT $3 + 1"
    )


def _descend(kind: str) -> str:
    """The `WITH` queries of what came of the origins, of one kind; one record more than wanted tells that there are others."""
    parts = [f"SELECT id FROM origin WHERE kind = '{kind}'"]
    within: list[str] = []
    for edge in EDGES:
        if edge.lower != kind:
            continue
        if edge.upper == kind:
            within.append(f"({_found(edge, 'upper')})")
            continue
        about_all = kind in SAID and edge.upper not in SAID
        whole = f" UNION SELECT id FROM above WHERE kind = '{edge.upper}'" if about_all else ""
        parts.append(
            f"SELECT found.id FROM (SELECT id FROM below_{edge.upper}{whole}) upper,"
            f" LATERAL ({_found(edge, 'upper')}) found"
        )
    first = " UNION ".join(parts)
    if within:
        first = f"({first}) UNION SELECT found.id FROM all_{kind} upper, LATERAL ({' UNION ALL '.join(within)}) found"
    return f"""all_{kind} (id) AS ({first}),
below_{kind} AS (SELECT id FROM all_{kind} LIMIT $3 + 1)"""


def _statement() -> str:
    below = " UNION ALL ".join(f"SELECT '{kind}', id, false FROM below_{kind}" for kind in SHOWN)
    shown = " UNION ALL ".join(
        f"SELECT {of.title} AS title, {of.status} AS status, it.created_at, jsonb_build_object({of.facts}) AS facts"
        f" FROM {of.table} it WHERE node.kind = '{kind}' AND it.id = node.id"
        for kind, of in SHOWN.items()
    )
    queries = [
        _climb("above", EDGES),
        _climb("origin", [edge for edge in EDGES if edge.lower in SAID]),
        *map(_descend, SHOWN),
        f"""node AS (
  SELECT kind, id, bool_and(led) AS led FROM (SELECT kind, id, true AS led FROM above UNION ALL {below}) nodes
  GROUP BY kind, id
)""",
    ]
    return f"""WITH RECURSIVE {", ".join(queries)}
SELECT node.kind, node.id::text AS id, coalesce(shown.title, '') AS title, shown.status,
  {moment("shown.created_at")} AS created_at, node.led, shown.facts,
  ARRAY(SELECT up.kind || ' ' || up.id FROM ({_upwards(EDGES, "node")}) up) AS of
FROM node, LATERAL ({shown}) shown ORDER BY node.id"""


STATEMENT: Final = _statement()
"""Of a kind (`$1`) and an id (`$2`), at most so many of each kind (`$3`) and one more."""
