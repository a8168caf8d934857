"""Everything that the specification names is there: endpoints, client methods with their signatures, columns, indexes."""

import inspect
import re

import pytest

from agentic.layers.base.layer import Context
from agentic.layers.L01_data_layer import tables
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.layer import DataLayer

ENDPOINTS = """
GET /health/live
GET /health/ready
POST /events
GET /events
GET /events/{id}
GET /agents
GET /agents/{id}
POST /agents
PATCH /agents/{id}
DELETE /agents/{id}
GET /tools
GET /tools/{id}
POST /tools
PATCH /tools/{id}
POST /tool-executions
GET /tool-executions/{id}
POST /model-usage
GET /model-usage
GET /model-usage/stats
GET /goals
GET /goals/{id}
POST /goals
PATCH /goals/{id}
GET /plans
GET /plans/{id}
POST /plans
PATCH /plans/{id}
GET /tasks
GET /tasks/{id}
POST /tasks
PATCH /tasks/{id}
GET /evaluations
GET /evaluations/{id}
POST /evaluations
GET /evaluations/agent/{agent_id}/stats
GET /feedback
GET /feedback/{id}
POST /feedback
GET /feedback/unprocessed
GET /config/{namespace}/{key}
PUT /config/{namespace}/{key}
GET /config/{namespace}
GET /documents
GET /documents/{id}
POST /documents
PATCH /documents/{id}
DELETE /documents/{id}
GET /sessions
GET /sessions/{id}
POST /sessions
PATCH /sessions/{id}
"""

METHODS = """
create_agent(self, name, agent_type, config) -> dict
get_agent(self, agent_id) -> dict
list_agents(self, status=None, limit=100) -> list
update_agent(self, agent_id, updates) -> dict
delete_agent(self, agent_id) -> bool
publish_event(self, event_type, aggregate_type, aggregate_id, payload) -> dict
query_events(self, aggregate_id=None, event_type=None, limit=100) -> list
register_tool(self, name, schema_def, description) -> dict
get_tool(self, tool_id) -> dict
list_tools(self) -> list
record_tool_execution(self, tool_id, agent_id, input_params, output_result, status) -> dict
create_goal(self, agent_id, description, success_criteria) -> dict
get_goal(self, goal_id) -> dict
update_goal(self, goal_id, updates) -> dict
create_plan(self, goal_id, agent_id, steps) -> dict
get_plan(self, plan_id) -> dict
update_plan(self, plan_id, updates) -> dict
create_task(self, plan_id, agent_id, description, task_type) -> dict
update_task(self, task_id, updates) -> dict
record_evaluation(self, agent_id, task_id, evaluation_type, score, metrics) -> dict
get_agent_stats(self, agent_id) -> dict
record_feedback(self, agent_id, task_id, feedback_type, rating, content) -> dict
get_unprocessed_feedback(self, limit=100) -> list
record_model_usage(self, agent_id, provider, model, tokens_in, tokens_out, latency, cost) -> dict
get_config(self, namespace, key) -> dict
set_config(self, namespace, key, value) -> dict
"""

COLUMNS = {
    "events": "id event_type aggregate_type aggregate_id payload metadata created_at version",
    "agents": "id did name agent_type status configuration metadata resource_limits created_at updated_at",
    "tools": "id name description tool_type schema_def permissions enabled created_at updated_at",
    "tool_executions": "id tool_id agent_id input_params output_result status error_message started_at completed_at",
    "model_usage": "id agent_id model_provider model_name input_tokens output_tokens latency_ms cost_estimate created_at",
    "goals": "id agent_id description success_criteria status priority parent_goal_id created_at updated_at completed_at",
    "plans": "id goal_id agent_id plan_type steps status current_step created_at updated_at",
    "tasks": (
        "id plan_id agent_id description task_type input_data output_data status sequence_order created_at started_at"
        " completed_at"
    ),
    "evaluations": "id agent_id task_id evaluation_type score metrics feedback created_at",
    "feedback_entries": "id agent_id task_id feedback_type rating content metadata processed created_at",
    "configurations": "id namespace key value version created_at updated_at",
    "documents": "id title content content_type metadata tags version created_at updated_at",
    "sessions": "id agent_id session_type status context checkpoint created_at updated_at",
}


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}", "{}", path)


@pytest.fixture(scope="module")
def served() -> set[tuple[str, str]]:
    paths = DataLayer(Context()).app().openapi()["paths"]
    return {(verb.upper(), nameless(path)) for path, verbs in paths.items() for verb in verbs}


@pytest.mark.parametrize("endpoint", lines(ENDPOINTS))
def test_the_endpoint_is_served(endpoint: str, served: set[tuple[str, str]]) -> None:
    verb, path = endpoint.split()
    assert (verb, nameless(path)) in served


@pytest.mark.parametrize("line", lines(METHODS))
def test_the_client_method_can_be_called_as_specified(line: str) -> None:
    match = re.fullmatch(r"(\w+)\(self(?:, )?(.*)\) -> \w+", line)
    assert match
    method = getattr(L01Client, match[1])
    assert inspect.iscoroutinefunction(method)
    every = list(inspect.signature(method).parameters.values())[1:]
    parameters = [parameter for parameter in every if parameter.kind is not parameter.VAR_KEYWORD]
    for said, actual in zip((part for part in match[2].split(", ") if part), parameters, strict=False):
        name, _, default = said.partition("=")
        assert actual.name == name
        if default:
            assert str(actual.default) == default
    wanted = match[2].count(",") + 1 if match[2] else 0
    extra = parameters[wanted:]
    assert all(parameter.default is not inspect.Parameter.empty for parameter in extra)


@pytest.mark.parametrize("name", COLUMNS)
def test_the_table_has_the_columns(name: str) -> None:
    assert set(COLUMNS[name].split()) <= set(tables.metadata.tables[name].c.keys())


@pytest.mark.parametrize("name", ["idx_events_aggregate", "idx_events_type", "idx_events_created"])
def test_the_index_is_there(name: str) -> None:
    assert name in {index.name for index in tables.EVENTS.indexes}
