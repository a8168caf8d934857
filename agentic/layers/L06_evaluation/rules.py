"""What is judged by itself: rules, kept as configuration, and what they make of a run or a task that is over."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final, cast

import structlog
from pydantic import ValidationError

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError, NotFoundError
from agentic.layers.base.operation import Answer, Call, validated
from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.config import Config
from agentic.layers.L06_evaluation.alerts import LOW, Alerts
from agentic.layers.L06_evaluation.client import L06Client
from agentic.layers.L06_evaluation.evaluators import parse
from agentic.layers.L06_evaluation.models import RULES, Rule, RuleRecord

log = structlog.get_logger()

NOTHING: Final = Answer(b"")
LONGEST_NAME: Final = 60


class Rules:
    """The rules, and their doing."""

    def __init__(self, l01: Callable[[], L01Client], l06: Callable[[], L06Client], alerts: Alerts) -> None:
        self._l01 = l01
        self._l06 = l06
        self._alerts = alerts

    # -- as they are asked for

    async def list(self, call: Call) -> Answer:
        """Every rule."""
        return Answer(jsonio.encode({"items": [_told(config) for config in await self._all()]}))

    async def set(self, call: Call) -> Answer:
        """Makes or changes a rule."""
        name = str(call.path["name"])
        rule = validated(Rule, call.body)
        parse(rule.evaluators, "evaluators")
        if len(name) > LONGEST_NAME:
            raise InvalidError.of(("name", f"longer than {LONGEST_NAME} characters"))
        config = await self._l01().config.set(RULES, name, rule.model_dump(mode="json"))
        return Answer(jsonio.encode(_told(config)), config["version"])

    async def delete(self, call: Call) -> Answer:
        """Takes a rule away."""
        await self._l01().config.delete(RULES, str(call.path["name"]))
        return NOTHING

    # -- what they do

    async def apply(self, event_type: str, record_id: str) -> None:
        """Judges a run or a task that is over by the rules that it meets; under each, once."""
        rules = [(config["key"], rule) for config in await self._all() if (rule := _rule(config)) is not None]
        wanted = [(name, rule) for name, rule in rules if rule.enabled and rule.on == event_type]
        if not wanted:
            return
        record = await self._record(event_type, record_id)
        if record is None:
            return
        for name, rule in wanted:
            if _meets(rule, name, record):
                await self._judge(name, rule, event_type, record)

    async def _judge(self, name: str, rule: Rule, event_type: str, record: dict[str, Any]) -> None:
        kind = event_type.partition(".")[0]
        origin = f"rule {name} {kind} {record['id']}"
        evaluations = await self._l06().evaluate(
            rule.evaluators, origin=origin, **{f"{kind}_id": record["id"]}
        )
        for each in evaluations:
            low = (
                rule.alert_below is not None
                and each["score"] is not None
                and each["score"] < rule.alert_below
            )
            if low and each["agent_id"] is not None:
                told = {
                    "rule": name,
                    "evaluation_id": each["id"],
                    "evaluation_type": each["evaluation_type"],
                    "run_id": each["run_id"],
                    "score": each["score"],
                }
                await self._alerts.tell(LOW, each["agent_id"], told, f"evaluation {each['id']}")

    async def _record(self, event_type: str, record_id: str) -> dict[str, Any] | None:
        """The run or task; none when it is not one that rules are for."""
        l01 = self._l01()
        try:
            if event_type == "task.completed":
                return cast("dict[str, Any]", await l01.tasks.get(record_id))
            run = await l01.runs.get(record_id)
        except NotFoundError:
            return None
        if run["agent_id"] is None:  # the durable work of a layer
            return None
        if run["parent_run_id"] is not None:
            parents = (await l01.experiments.list(run_id=run["parent_run_id"], limit=1))["items"]
            if parents:  # it is judged by its experiment
                return None
        return cast("dict[str, Any]", run)

    async def _all(self) -> list[Config]:
        found: list[Config] = []
        cursor: str | None = None
        while True:
            page = await self._l01().config.list(RULES, limit=1000, cursor=cursor)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def _rule(config: Config) -> Rule | None:
    try:
        return Rule.model_validate(config["value"])
    except ValidationError:
        log.warning("a rule is not valid, so it does nothing", rule=config["key"])
        return None


def _meets(rule: Rule, name: str, record: dict[str, Any]) -> bool:
    if rule.agent_id is not None and record["agent_id"] != str(rule.agent_id):
        return False
    return _share(name, record["id"]) < rule.sample


def _share(name: str, record_id: str) -> float:
    """A number in [0, 1) that a rule and a record have for good: who looks twice, takes the same sample."""
    return int.from_bytes(sha256(f"{name} {record_id}".encode()).digest()[:7]) / 2**56


def _told(config: Config) -> RuleRecord:
    return {"name": config["key"], "rule": config["value"], "version": config["version"]}
