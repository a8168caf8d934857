"""What may be asked of the evaluation layer: each thing once, for its routes and its client."""

from __future__ import annotations

from typing import Final

from agentic.layers.base.operation import Operation
from agentic.layers.L01_data_layer.models.evaluation import Evaluation
from agentic.layers.L01_data_layer.models.experiment import Experiment
from agentic.layers.L06_evaluation.models import (
    Agreement,
    AgreementQuery,
    Evaluated,
    EvaluateOrder,
    EvaluatorKinds,
    ExperimentLook,
    ExperimentOrder,
    FeedbackOrder,
    FileOrder,
    Filled,
    Judgement,
    JudgeOrder,
    LabelOrder,
    Regression,
    RegressionQuery,
    Rule,
    RuleRecord,
    RuleRecords,
    RunsOrder,
    Series,
    SeriesQuery,
)

LIST_EVALUATORS: Final = Operation("evaluator.list", "GET", "/evaluators", result=EvaluatorKinds)
JUDGE: Final = Operation("evaluation.judge", "POST", "/judge", body=JudgeOrder, result=Judgement)
EVALUATE: Final = Operation(
    "evaluation.evaluate", "POST", "/evaluate", body=EvaluateOrder, result=Evaluated, status=201
)
LABEL: Final = Operation(
    "evaluation.label", "POST", "/labels", body=LabelOrder, result=Evaluation, status=201
)
AGREEMENT: Final = Operation(
    "evaluation.agreement", "GET", "/agreement", query=AgreementQuery, result=Agreement
)
LIST_RULES: Final = Operation("evaluation_rule.list", "GET", "/rules", result=RuleRecords)
SET_RULE: Final = Operation("evaluation_rule.set", "PUT", "/rules/{name}", body=Rule, result=RuleRecord)
DELETE_RULE: Final = Operation("evaluation_rule.delete", "DELETE", "/rules/{name}", status=204)
FILL_FROM_FILE: Final = Operation(
    "dataset.from_file", "POST", "/datasets/{id}/file", body=FileOrder, result=Filled
)
FILL_FROM_RUNS: Final = Operation(
    "dataset.from_runs", "POST", "/datasets/{id}/runs", body=RunsOrder, result=Filled
)
FILL_FROM_FEEDBACK: Final = Operation(
    "dataset.from_feedback", "POST", "/datasets/{id}/feedback", body=FeedbackOrder, result=Filled
)
BEGIN_EXPERIMENT: Final = Operation(
    "experiment.begin",
    "POST",
    "/experiments",
    body=ExperimentOrder,
    result=Experiment,
    status=201,
    repeatable=True,
)
GET_EXPERIMENT: Final = Operation(
    "experiment.look", "GET", "/experiments/{id}", query=ExperimentLook, result=Experiment
)
CANCEL_EXPERIMENT: Final = Operation(
    "experiment.cancel", "POST", "/experiments/{id}/cancel", result=Experiment
)
SERIES: Final = Operation("evaluation.series", "GET", "/series", query=SeriesQuery, result=Series)
REGRESSION: Final = Operation(
    "evaluation.regression", "GET", "/regression", query=RegressionQuery, result=Regression
)
