"""The routes of the evaluation layer."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L06_evaluation import operations
from agentic.layers.L06_evaluation.evaluations import Evaluations
from agentic.layers.L06_evaluation.experiments import Experiments
from agentic.layers.L06_evaluation.filling import Filling
from agentic.layers.L06_evaluation.rules import Rules
from agentic.layers.L06_evaluation.trends import Trends


def routes(
    evaluations: Evaluations, rules: Rules, filling: Filling, experiments: Experiments, trends: Trends
) -> dict[str, list[Route]]:
    """What may be asked, by section of the documentation."""
    return {
        "judging": [
            Route(operations.LIST_EVALUATORS, evaluations.kinds),
            Route(operations.JUDGE, evaluations.judge),
            Route(operations.EVALUATE, evaluations.evaluate),
            Route(operations.LABEL, evaluations.label),
            Route(operations.AGREEMENT, evaluations.agreement),
        ],
        "rules": [
            Route(operations.LIST_RULES, rules.list),
            Route(operations.SET_RULE, rules.set),
            Route(operations.DELETE_RULE, rules.delete),
        ],
        "datasets": [
            Route(operations.FILL_FROM_FILE, filling.from_file),
            Route(operations.FILL_FROM_RUNS, filling.from_runs),
            Route(operations.FILL_FROM_FEEDBACK, filling.from_feedback),
        ],
        "experiments": [
            Route(operations.BEGIN_EXPERIMENT, experiments.begin),
            Route(operations.GET_EXPERIMENT, experiments.look),
            Route(operations.CANCEL_EXPERIMENT, experiments.cancel),
        ],
        "how scores go": [
            Route(operations.SERIES, trends.series),
            Route(operations.REGRESSION, trends.regression),
        ],
    }
