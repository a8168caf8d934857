"""One file per store: what may be done with each kind of record. Services take a `Call` and give an `Answer`."""

from __future__ import annotations

from agentic.layers.L01_data_layer.live_text import LiveTexts
from agentic.layers.L01_data_layer.redis_client import Bus
from agentic.layers.L01_data_layer.services.agent_registry import AgentRegistry
from agentic.layers.L01_data_layer.services.approval_store import ApprovalStore
from agentic.layers.L01_data_layer.services.budget_store import BudgetStore
from agentic.layers.L01_data_layer.services.bus_streams import BusStreams
from agentic.layers.L01_data_layer.services.config_store import NAME as CONFIG
from agentic.layers.L01_data_layer.services.config_store import ConfigStore
from agentic.layers.L01_data_layer.services.cursor_store import CursorStore
from agentic.layers.L01_data_layer.services.dataset_store import DatasetItemStore, DatasetStore
from agentic.layers.L01_data_layer.services.decisions import Decisions
from agentic.layers.L01_data_layer.services.delivery_store import DeliveryStore
from agentic.layers.L01_data_layer.services.document_store import DocumentStore
from agentic.layers.L01_data_layer.services.evaluation_statistics import EvaluationStatistics
from agentic.layers.L01_data_layer.services.evaluation_store import EvaluationStore
from agentic.layers.L01_data_layer.services.event_statistics import EventStatistics
from agentic.layers.L01_data_layer.services.event_store import EventStore
from agentic.layers.L01_data_layer.services.experiment_store import ExperimentStore
from agentic.layers.L01_data_layer.services.feedback_store import FeedbackStore
from agentic.layers.L01_data_layer.services.fold_check import FoldCheck
from agentic.layers.L01_data_layer.services.goal_store import GoalStore
from agentic.layers.L01_data_layer.services.judged_runs import JudgedRuns
from agentic.layers.L01_data_layer.services.key_store import KeyStore
from agentic.layers.L01_data_layer.services.learning_store import ExportStore, ImprovementStore
from agentic.layers.L01_data_layer.services.lease_store import LeaseStore
from agentic.layers.L01_data_layer.services.lineage import LineageService
from agentic.layers.L01_data_layer.services.model_usage_store import ModelUsageStore
from agentic.layers.L01_data_layer.services.plan_revisions import PlanRevisions
from agentic.layers.L01_data_layer.services.plan_store import PlanStore, TaskStore
from agentic.layers.L01_data_layer.services.run_claims import RunClaims
from agentic.layers.L01_data_layer.services.run_forks import RunForks
from agentic.layers.L01_data_layer.services.run_step_store import RunStepStore
from agentic.layers.L01_data_layer.services.run_store import RunStore
from agentic.layers.L01_data_layer.services.run_telling import RunTelling
from agentic.layers.L01_data_layer.services.run_use import RunUse
from agentic.layers.L01_data_layer.services.schedule_store import ScheduleStore
from agentic.layers.L01_data_layer.services.session_service import SessionService
from agentic.layers.L01_data_layer.services.signing_secret_store import SigningSecretStore
from agentic.layers.L01_data_layer.services.subscription_store import HookStore, SubscriptionStore
from agentic.layers.L01_data_layer.services.tool_execution_log import ToolExecutionLog
from agentic.layers.L01_data_layer.services.tool_registry import ToolRegistry
from agentic.layers.L01_data_layer.services.tool_statistics import ToolStatistics
from agentic.layers.L01_data_layer.services.usage_statistics import UsageStatistics
from agentic.layers.L01_data_layer.store import Store


class Services:
    """Every store of the data layer, over one unit of work."""

    def __init__(self, store: Store, texts: LiveTexts, bus: Bus) -> None:
        self.run_telling = RunTelling(texts)
        self.agents = AgentRegistry(store)
        self.approvals = ApprovalStore(store)
        self.runs = RunStore(store, self.approvals)
        self.run_claims = RunClaims(store)
        self.run_steps = RunStepStore(store, self.runs.retotal)
        self.run_forks = RunForks(self.runs, self.run_steps)
        self.schedules = ScheduleStore(store, self.runs)
        self.tools = ToolRegistry(store)
        self.tool_executions = ToolExecutionLog(store, self.approvals)
        self.decisions = Decisions(self.runs, self.approvals, self.tool_executions)
        self.model_usage = ModelUsageStore(store, self.runs.retotal)
        self.budgets = BudgetStore(store)
        self.goals = GoalStore(store)
        self.plans = PlanStore(store)
        self.tasks = TaskStore(store)
        self.plan_revisions = PlanRevisions(self.plans, self.tasks)
        self.evaluations = EvaluationStore(store)
        self.feedback = FeedbackStore(store)
        self.dataset_items = DatasetItemStore(store)
        self.datasets = DatasetStore(store, self.dataset_items)
        self.experiments = ExperimentStore(store)
        self.improvements = ImprovementStore(store)
        self.exports = ExportStore(store)
        self.documents = DocumentStore(store)
        self.sessions = SessionService(store)
        self.keys = KeyStore(store)
        self.config = ConfigStore(store)
        self.subscriptions = SubscriptionStore(store)
        self.hooks = HookStore(store)
        records = (
            self.agents,
            self.tools,
            self.tool_executions,
            self.model_usage,
            self.goals,
            self.plans,
            self.tasks,
            self.evaluations,
            self.feedback,
            self.improvements,
            self.exports,
            self.documents,
            self.sessions,
            self.sessions.checkpoints,
            self.keys,
            self.runs,
            self.run_steps,
            self.approvals,
            self.budgets,
            self.schedules,
            self.datasets,
            self.dataset_items,
            self.experiments,
            self.experiments.results,
            self.subscriptions,
            self.hooks,
        )
        self.events = EventStore(store, frozenset((CONFIG, *(service.resource.name for service in records))))
        self.event_statistics = EventStatistics(store.database)
        self.tool_statistics = ToolStatistics(store.database)
        self.usage_statistics = UsageStatistics(store.database)
        self.judged_runs = JudgedRuns(store.database)
        self.evaluation_statistics = EvaluationStatistics(store.database)
        self.lineage = LineageService(store.database)
        self.run_use = RunUse(store.database)
        self.cursors = CursorStore(store.database)
        self.leases = LeaseStore(store.database)
        self.deliveries = DeliveryStore(store.database)
        self.signing_secrets = SigningSecretStore(store.database)
        self.bus_streams = BusStreams(bus)
        self.fold_check = FoldCheck(store.database)
