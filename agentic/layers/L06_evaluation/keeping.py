"""Keeps what evaluators say as evaluations, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import ExistsError
from agentic.layers.L01_data_layer.models.evaluation import Evaluation
from agentic.layers.L06_evaluation.models import Judgement, Verdict


async def keep(
    l01: L01Client, judgement: Judgement, of: Mapping[str, Any], origin: str | None
) -> list[Evaluation]:
    """An evaluation for each verdict; those that are there under the origin already are given back.

    `of` is what they are of: `agent_id`, `task_id`, `run_id`, `experiment_id`.
    """
    return [await _keep(l01, verdict, of, origin) for verdict in judgement["verdicts"]]


async def _keep(l01: L01Client, verdict: Verdict, of: Mapping[str, Any], origin: str | None) -> Evaluation:
    fields = {name: value for name, value in of.items() if value is not None}
    metrics = dict(verdict["metrics"])
    if verdict["refused"] is not None:
        metrics["refused"] = verdict["refused"]
    if origin is not None:
        fields["origin"] = f"{origin} {verdict['name']}"
    try:
        return await l01.evaluations.create(
            **fields,
            evaluation_type=verdict["name"],
            evaluator=verdict["kind"],
            evaluator_version=verdict["version"],
            score=verdict["score"],
            metrics=metrics,
            feedback=verdict["rationale"] if verdict["refused"] is None else verdict["refused"]["detail"],
        )
    except ExistsError:
        return (await l01.evaluations.list(origin=fields["origin"]))["items"][0]


async def kept(l01: L01Client, names: list[str], origin: str) -> list[Evaluation] | None:
    """The evaluations by evaluators of these names that are there under an origin; none unless all are."""
    found: list[Evaluation] = []
    for name in names:
        page = await l01.evaluations.list(origin=f"{origin} {name}", limit=1)
        if not page["items"]:
            return None
        found += page["items"]
    return found
