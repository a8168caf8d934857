"""A resource is said twice, as a row and as a record: here the two are held together."""

from typing import Any, get_type_hints

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import TSVECTOR

from agentic.layers.base import states
from agentic.layers.L01_data_layer import models, tables
from agentic.layers.L01_data_layer.models import (
    access,
    agent,
    approval,
    budget,
    dataset,
    document,
    evaluation,
    experiment,
    export,
    feedback,
    goal,
    improvement,
    model_usage,
    plan,
    run,
    run_step,
    schedule,
    session,
    subscription,
    task,
    tool,
)
from agentic.layers.L01_data_layer.models.resource import LIST_FIELDS, Resource

assert models

RESOURCES: list[tuple[Resource[Any], Table]] = [
    (access.API_KEYS, tables.API_KEYS),
    (agent.AGENTS, tables.AGENTS),
    (approval.APPROVALS, tables.APPROVALS),
    (budget.BUDGETS, tables.BUDGETS),
    (dataset.DATASETS, tables.DATASETS),
    (dataset.DATASET_ITEMS, tables.DATASET_ITEMS),
    (document.DOCUMENTS, tables.DOCUMENTS),
    (evaluation.EVALUATIONS, tables.EVALUATIONS),
    (experiment.EXPERIMENTS, tables.EXPERIMENTS),
    (experiment.EXPERIMENT_RESULTS, tables.EXPERIMENT_RESULTS),
    (export.EXPORTS, tables.EXPORTS),
    (feedback.FEEDBACK, tables.FEEDBACK_ENTRIES),
    (goal.GOALS, tables.GOALS),
    (improvement.IMPROVEMENTS, tables.IMPROVEMENTS),
    (model_usage.MODEL_USAGE, tables.MODEL_USAGE),
    (plan.PLANS, tables.PLANS),
    (run.RUNS, tables.RUNS),
    (run_step.RUN_STEPS, tables.RUN_STEPS),
    (schedule.SCHEDULES, tables.SCHEDULES),
    (session.SESSIONS, tables.SESSIONS),
    (session.CHECKPOINTS, tables.CHECKPOINTS),
    (subscription.HOOKS, tables.HOOKS),
    (subscription.SUBSCRIPTIONS, tables.SUBSCRIPTIONS),
    (task.TASKS, tables.TASKS),
    (tool.TOOLS, tables.TOOLS),
    (tool.TOOL_EXECUTIONS, tables.TOOL_EXECUTIONS),
]
each_resource = pytest.mark.parametrize(("resource", "table"), RESOURCES, ids=lambda item: item.name)


def public_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if not isinstance(column.type, TSVECTOR)]


@each_resource
def test_a_record_shows_the_columns_of_its_row(resource: Resource[Any], table: Table) -> None:
    assert set(get_type_hints(resource.record)) == set(public_columns(table))


@each_resource
def test_what_may_be_written_is_a_column(resource: Resource[Any], table: Table) -> None:
    written = set(resource.create.model_fields) | set(resource.update.model_fields if resource.update else ())
    assert written <= set(public_columns(table))


@each_resource
def test_the_defaults_of_the_model_and_of_the_table_agree(resource: Resource[Any], table: Table) -> None:
    for name, field in resource.create.model_fields.items():
        default = table.c[name].server_default
        if default is None or field.is_required():
            continue
        said = str(getattr(default, "arg", default)).strip("'")
        model_default = {"[]": "[]", "{}": "{}"}.get(str(field.default), str(field.default))
        if isinstance(field.default, bool):
            model_default = str(field.default).lower()
        if name == "tags":
            model_default = "{}"
        assert said == model_default, f"{table.name}.{name}"


@each_resource
def test_a_life_begins_where_the_table_says(resource: Resource[Any], table: Table) -> None:
    if resource.lifecycle is None:
        return
    default = str(getattr(table.c.status.server_default, "arg", "")).strip("'")
    assert resource.lifecycle.initial == default
    assert set(resource.lifecycle.stamps) <= set(resource.lifecycle.machine)
    assert {table.c[column].name for column in resource.lifecycle.stamps.values()} <= set(table.c.keys())


@each_resource
def test_every_filter_on_a_column_has_an_index_that_pages(resource: Resource[Any], table: Table) -> None:
    leading = {next(iter(index.columns)).name for index in table.indexes}
    unique = {column.name for column in table.columns if column.unique}
    small = {"api_keys", "checkpoints"}  # A handful of rows, or of rows of one session.
    for name in set(resource.filters.model_fields) - LIST_FIELDS:
        if name in table.c and table.name not in small:
            assert name in leading | unique, f"{table.name}.{name}"


@pytest.mark.parametrize(
    "machine",
    [
        states.AGENT,
        states.APPROVAL,
        states.EXPERIMENT,
        states.EXPORT,
        states.GOAL,
        states.IMPROVEMENT,
        states.MODEL_CALL,
        states.PLAN,
        states.RUN,
        states.SESSION,
        states.TASK,
        states.TOOL_EXECUTION,
    ],
)
def test_every_state_can_be_reached_and_every_target_is_a_state(machine: states.Machine) -> None:
    targets = set().union(*machine.values())
    assert targets <= set(machine)
    assert set(machine) - targets <= {next(iter(machine))}
