"""The routes of the evaluation layer."""

from __future__ import annotations

from agentic.layers.base.operation import Route
from agentic.layers.L06_evaluation import models
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
            Route(models.LIST_EVALUATORS, evaluations.kinds),
            Route(models.JUDGE, evaluations.judge),
            Route(models.EVALUATE, evaluations.evaluate),
            Route(models.LABEL, evaluations.label),
            Route(models.AGREEMENT, evaluations.agreement),
        ],
        "rules": [
            Route(models.LIST_RULES, rules.list),
            Route(models.SET_RULE, rules.set),
            Route(models.DELETE_RULE, rules.delete),
        ],
        "datasets": [
            Route(models.FILL_FROM_FILE, filling.from_file),
            Route(models.FILL_FROM_RUNS, filling.from_runs),
            Route(models.FILL_FROM_FEEDBACK, filling.from_feedback),
        ],
        "experiments": [
            Route(models.BEGIN_EXPERIMENT, experiments.begin),
            Route(models.GET_EXPERIMENT, experiments.look),
            Route(models.CANCEL_EXPERIMENT, experiments.cancel),
        ],
        "how scores go": [
            Route(models.SERIES, trends.series),
            Route(models.REGRESSION, trends.regression),
        ],
    }
