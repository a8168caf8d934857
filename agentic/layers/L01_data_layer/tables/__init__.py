"""The rows of the data layer. Private to L01: nobody else opens the database."""

from agentic.layers.L01_data_layer.tables.access import API_KEYS, IDEMPOTENT_ANSWERS
from agentic.layers.L01_data_layer.tables.agent import AGENTS
from agentic.layers.L01_data_layer.tables.approval import APPROVALS
from agentic.layers.L01_data_layer.tables.budget import BUDGET_SPENDING, BUDGETS
from agentic.layers.L01_data_layer.tables.columns import metadata
from agentic.layers.L01_data_layer.tables.config import CONFIGURATIONS
from agentic.layers.L01_data_layer.tables.cursor import CURSORS
from agentic.layers.L01_data_layer.tables.dataset import DATASET_ITEMS, DATASETS
from agentic.layers.L01_data_layer.tables.document import DOCUMENTS
from agentic.layers.L01_data_layer.tables.evaluation import EVALUATION_SUMS, EVALUATION_SUMS_UPTO, EVALUATIONS
from agentic.layers.L01_data_layer.tables.event import AGGREGATES, EVENT_KINDS, EVENTS, RELAY
from agentic.layers.L01_data_layer.tables.experiment import EXPERIMENT_RESULTS, EXPERIMENTS
from agentic.layers.L01_data_layer.tables.feedback import FEEDBACK_ENTRIES
from agentic.layers.L01_data_layer.tables.goal import GOALS
from agentic.layers.L01_data_layer.tables.learning import EXPORTS, IMPROVEMENTS
from agentic.layers.L01_data_layer.tables.lease import LEASES
from agentic.layers.L01_data_layer.tables.model_usage import MODEL_USAGE
from agentic.layers.L01_data_layer.tables.plan import PLANS
from agentic.layers.L01_data_layer.tables.run import RUN_STEPS, RUNS
from agentic.layers.L01_data_layer.tables.schedule import SCHEDULES
from agentic.layers.L01_data_layer.tables.session import CHECKPOINTS, SESSIONS
from agentic.layers.L01_data_layer.tables.subscription import (
    DELIVERIES,
    HOOKS,
    SIGNING_SECRETS,
    SUBSCRIPTIONS,
)
from agentic.layers.L01_data_layer.tables.task import TASKS
from agentic.layers.L01_data_layer.tables.tool import TOOL_EXECUTIONS, TOOLS

__all__ = [
    "AGENTS",
    "AGGREGATES",
    "API_KEYS",
    "APPROVALS",
    "BUDGETS",
    "BUDGET_SPENDING",
    "CHECKPOINTS",
    "CONFIGURATIONS",
    "CURSORS",
    "DATASETS",
    "DATASET_ITEMS",
    "DELIVERIES",
    "DOCUMENTS",
    "EVALUATIONS",
    "EVALUATION_SUMS",
    "EVALUATION_SUMS_UPTO",
    "EVENTS",
    "EVENT_KINDS",
    "EXPERIMENTS",
    "EXPERIMENT_RESULTS",
    "EXPORTS",
    "FEEDBACK_ENTRIES",
    "GOALS",
    "HOOKS",
    "IDEMPOTENT_ANSWERS",
    "IMPROVEMENTS",
    "LEASES",
    "MODEL_USAGE",
    "PLANS",
    "RELAY",
    "RUNS",
    "RUN_STEPS",
    "SCHEDULES",
    "SESSIONS",
    "SIGNING_SECRETS",
    "SUBSCRIPTIONS",
    "TASKS",
    "TOOLS",
    "TOOL_EXECUTIONS",
    "metadata",
]
