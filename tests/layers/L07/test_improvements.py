"""Improvements shown to work: one that raises the held-out score, one that rightly changes nothing; decided, and taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agentic.layers.L01_data_layer.client import L01Client
from agentic.layers.L01_data_layer.models.error_codes import StateError
from agentic.layers.L07_learning.client import L07Client
from agentic.layers.L07_learning.errors import CasesError, ChangedError
from tests.kit.providers import CountingProvider, Reply
from tests.kit.providers.counting import ProviderCall
from tests.layers.L02.conftest import eventually
from tests.layers.L06.conftest import an_agent

pytestmark = pytest.mark.anyio

PATIENCE = 120.0
EXACT = [{"kind": "exact"}]
UNITS = "Answer with the number and its unit, such as 12 km."
LESSON = "Always write the unit km after the number."


def cases(count: int) -> list[dict[str, Any]]:
    return [{"input": f"How far is stop {n}?", "expected": f"{n} km"} for n in range(1, count + 1)]


class Reader:
    """A model that answers by its instructions alone, and one that thinks about its failures."""

    def __init__(self, provider: CountingProvider, advice: str) -> None:
        self.advice = advice
        self.thoughts: list[str] = []
        self.asked: list[str] = []
        provider.otherwise = self.reply

    def reply(self, call: ProviderCall) -> Reply:
        messages = call.body["messages"]
        said: str = messages[-1]["content"]
        if "An assistant works by these instructions" in said:
            self.thoughts.append(said)
            return Reply(f"It leaves out what was wanted.\n\n```\n{self.advice}\n```")
        self.asked.append(said)
        number = re.search(r"\d+", said)
        assert number is not None
        instructions = messages[0]["content"] if messages[0]["role"] == "system" else ""
        return Reply(f"{number[0]} km" if "unit km" in instructions else number[0])


async def test_a_change_that_helps_is_proven_promoted_and_taken_back(
    l07: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    reader = Reader(provider, LESSON)
    agent_id = await an_agent(l01_local, instructions="Answer shortly.")
    begun = await l07.improve(
        agent_id, evaluators=EXACT, cases=cases(20), methods=["lessons"], rounds=3, title="Units"
    )
    improvement = await l07.wait_for_improvement(begun["id"], PATIENCE)

    assert improvement["status"] == "ready", improvement["reason"]
    held_out = improvement["numbers"]["held_out"]
    assert (held_out["items"], held_out["difference"]["mean"]) == (10, 1.0)
    assert held_out["difference"]["low"] > 0 and held_out["p_value"] < 0.05
    assert improvement["numbers"]["training"] == {"cases": 10, "before": 0.0, "after": 1.0}
    assert "held-out cases" in (improvement["reason"] or "")
    # Nothing of the held-out part was shown to the model that proposed.
    items = (await l01_local.dataset_items.list(split="held_out", limit=1000))["items"]
    assert len(items) == 10 and reader.thoughts
    assert not [item for item in items for thought in reader.thoughts if item["input"] in thought]
    # Each held-out case was answered twice, once with and once without the change, and only at the end.
    assert sorted(reader.asked.count(item["input"]) for item in items) == [2] * 10

    view = await l07.view(begun["id"])
    assert f"+- {LESSON}" in view["diff"] and view["cost"] > 0
    assert (await l01_local.agents.get(agent_id))["configuration"]["instructions"] == "Answer shortly."

    promoted = await l07.promote(begun["id"], by="ada")
    agent = await l01_local.agents.get(agent_id)
    assert (promoted["status"], promoted["decided_by"]) == ("promoted", "ada")
    assert promoted["promoted_version"] == agent["version"]
    assert LESSON in agent["configuration"]["instructions"]
    with pytest.raises(StateError):
        await l07.promote(begun["id"])

    back = await l07.roll_back(begun["id"], by="ada", reason="Not now.")
    assert back["status"] == "rolled_back" and (back["reason"] or "").endswith("Not now.")
    agent = await l01_local.agents.get(agent_id)
    assert agent["configuration"] == {"model": "small", "instructions": "Answer shortly."}


async def test_a_change_that_only_helps_in_training_is_refused(
    l07: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    """The advice knows the training cases by heart, and nothing of the others."""
    reader = Reader(provider, "")
    held_by_heart: list[str] = []

    def reply(call: ProviderCall) -> Reply:
        messages = call.body["messages"]
        said: str = messages[-1]["content"]
        if "An assistant works by these instructions" in said:
            held_by_heart[:] = re.findall(r"Task \d+: (.*)", said)
            return Reply(f"```\n{'; '.join(held_by_heart)} are answered with km\n```")
        number = re.search(r"\d+", said)
        assert number is not None
        return Reply(f"{number[0]} km" if said in messages[0]["content"] else number[0])

    provider.otherwise = reply
    agent_id = await an_agent(l01_local, instructions="Answer shortly.")
    begun = await l07.improve(
        agent_id,
        evaluators=EXACT,
        cases=cases(20),
        methods=["lessons"],
        rounds=3,
        batch=5,
        promote="rule",
    )
    improvement = await l07.wait_for_improvement(begun["id"], PATIENCE)
    assert improvement["status"] == "refused"
    assert improvement["numbers"]["training"]["after"] > improvement["numbers"]["training"]["before"]
    assert improvement["numbers"]["held_out"]["difference"]["mean"] == 0.0
    assert "margin" in (improvement["reason"] or "")
    assert reader.thoughts == []
    with pytest.raises(StateError):
        await l07.promote(begun["id"], by="ada")
    agent = await l01_local.agents.get(agent_id)
    assert agent["configuration"]["instructions"] == "Answer shortly."


async def test_what_helps_nowhere_is_not_even_proven(
    l07: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    Reader(provider, "Be kind to everybody.")
    agent_id = await an_agent(l01_local, instructions="Answer shortly.")
    begun = await l07.improve(
        agent_id, evaluators=EXACT, cases=cases(14), methods=["instructions", "lessons"], patience=2
    )
    improvement = await l07.wait_for_improvement(begun["id"], PATIENCE)
    assert improvement["status"] == "refused"
    assert "2 rounds brought nothing better" in (improvement["reason"] or "")
    assert improvement["numbers"]["held_out"] is None and improvement["proposal"] is None


async def test_the_rule_promotes_and_others_changes_are_kept(
    l07: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    Reader(provider, f"{UNITS} That is: {LESSON} The unit km.")
    agent_id = await an_agent(l01_local, instructions="Answer shortly.")
    begun = await l07.improve(
        agent_id, evaluators=EXACT, cases=cases(16), methods=["instructions"], promote="rule"
    )
    improvement = await l07.wait_for_improvement(begun["id"], PATIENCE)
    for _ in range(100):
        if improvement["status"] != "ready":
            break
        improvement = await l07.get_improvement(begun["id"])
    assert (improvement["status"], improvement["decided_by"]) == ("promoted", "rule")
    agent = await l01_local.agents.get(agent_id)
    changed = {**agent["configuration"], "instructions": "Something else.", "tools": []}
    await l01_local.agents.update(agent_id, {"configuration": changed})
    with pytest.raises(ChangedError):
        await l07.roll_back(begun["id"])
    assert (await l01_local.agents.get(agent_id))["configuration"] == changed


async def test_too_few_cases_and_bad_wishes_change_nothing(l07: L07Client, l01_local: L01Client) -> None:
    agent_id = await an_agent(l01_local)
    with pytest.raises(CasesError):
        await l07.improve(agent_id, evaluators=EXACT, cases=cases(7))
    assert (await l01_local.improvements.list())["items"] == []
    assert (await l01_local.runs.list())["items"] == []


async def test_an_agent_that_gets_worse_is_given_back_what_it_had(
    l07_http: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    Reader(provider, LESSON)
    agent_id = await an_agent(l01_local, instructions="Answer shortly.")

    async def scored(*scores: float) -> None:
        for score in scores:
            await l01_local.evaluations.create(agent_id=agent_id, evaluation_type="quality", score=score)

    await scored(*(0.88, 0.9, 0.92) * 4)
    begun = await l07_http.improve(
        agent_id, evaluators=EXACT, cases=cases(16), methods=["lessons"], rounds=1, promote="rule"
    )

    async def stands(status: str) -> bool:
        return (await l07_http.get_improvement(begun["id"]))["status"] == status

    await eventually(lambda: stands("promoted"))
    await scored(0.9, 0.2, 0.21, 0.19, 0.2)  # too few to conclude anything from
    await scored(*(0.18, 0.2, 0.22) * 2)
    await eventually(lambda: stands("rolled_back"))
    back = await l07_http.get_improvement(begun["id"])
    assert back["decided_by"] == "watch" and "Taken back" in (back["reason"] or "")
    agent = await l01_local.agents.get(agent_id)
    assert agent["configuration"]["instructions"] == "Answer shortly."


async def test_a_cancelled_search_and_one_that_cannot_be_judged_say_so(
    l07: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    Reader(provider, LESSON)
    agent_id = await an_agent(l01_local)
    no_expectation = [{"input": case["input"]} for case in cases(14)]
    begun = await l07.improve(agent_id, evaluators=EXACT, cases=no_expectation)
    judged = await l07.wait_for_improvement(begun["id"], PATIENCE)
    assert judged["status"] == "failed" and "could not be judged" in (judged["reason"] or "")

    provider.otherwise = Reply(delay=60)
    begun = await l07.improve(agent_id, evaluators=EXACT, cases=cases(14))
    await l01_local.runs.cancel(str(begun["run_id"]), "Changed my mind.")
    cancelled = await l07.wait_for_improvement(begun["id"], PATIENCE)
    assert cancelled["status"] == "cancelled"


async def test_what_people_said_is_learned_from_but_not_about_held_out_cases(
    l07: L07Client, l01_local: L01Client, provider: CountingProvider
) -> None:
    reader = Reader(provider, LESSON)
    agent_id = await an_agent(l01_local, instructions="Answer shortly.")
    given = []
    for case in cases(16):
        run = await l01_local.runs.create(agent_id=agent_id, input=case["input"])
        given.append(await l07.give(run["id"], "comment", content=f"Remark on {case['input']}", author="ada"))
    begun = await l07.improve(
        agent_id, evaluators=EXACT, cases=cases(16), methods=["lessons"], rounds=1, batch=1
    )
    await l07.wait_for_improvement(begun["id"], PATIENCE)
    held_out = [item["input"] async for item in l01_local.dataset_items.all(split="held_out")]
    told = [text for text in reader.thoughts[0].split("\n") if "Remark on" in text]
    assert told and not [each for each in held_out for line in told if f"Remark on {each}" in line]
    used = [each async for each in l01_local.feedback.all(processed=True)]
    assert len(used) == len(told)
    assert {each["handled"]["reference"] for each in used if each["handled"]} == {begun["id"]}
