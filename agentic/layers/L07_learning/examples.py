"""Examples in the formats of TRL: of single runs for SFT and KTO, of pairs of them for DPO.

A prompt is what came before the first answer in which two runs differ; a completion all that came after it, the use of tools too.
The member `tools` is JSON text, as TRL takes it, and `lineage` says which runs, which feedback, and whose, an example is from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from agentic.layers.L01_data_layer.models.feedback import Feedback, JudgedRun
from agentic.layers.L07_learning.conversations import Conversation, Message, corrected
from agentic.layers.L07_learning.verdicts import corrections

Example = dict[str, Any]


class Judged(NamedTuple):
    """A run that somebody judged, as a conversation."""

    run_id: str
    agent_id: str
    session_id: str | None
    completed: bool
    conversation: Conversation
    tools: str
    verdict: int
    feedback: list[Feedback]

    @classmethod
    def of(cls, judged: JudgedRun, conversation: Conversation, tools: str, verdict: int) -> Judged:
        """From what the data layer knows of it."""
        run = judged["run"]
        return cls(
            run["id"],
            run["agent_id"],
            run["session_id"],
            run["status"] == "completed",
            conversation,
            tools,
            verdict,
            judged["feedback"],
        )


class Skipped(NamedTuple):
    """Why a judged run gives no example."""

    reason: str


def sft(judged: Judged) -> Iterator[Example | Skipped]:
    """Conversations to be imitated: of good runs as they were, of corrected ones with the correction."""
    corrected_at_all = False
    for each in _corrections(judged):
        corrected_at_all = True
        messages = [*judged.conversation.prompt, *corrected(judged.conversation, each["correction"])]
        yield {"messages": messages, "tools": judged.tools, "lineage": lineage(judged, [each])}
    if corrected_at_all:
        return
    if why := _unfit(judged):
        yield why
    elif judged.verdict <= 0:
        yield Skipped("not said to be good")
    else:
        yield {"messages": judged.conversation.messages, "tools": judged.tools, "lineage": lineage(judged)}


def kto(judged: Judged) -> Iterator[Example | Skipped]:
    """Answers, each said to be good or not."""
    if why := _unfit(judged):
        yield why
    elif judged.verdict == 0:
        yield Skipped("neither good nor bad")
    else:
        yield _labelled(judged, judged.conversation.completion, judged.verdict > 0, judged.feedback)
    for each in _corrections(judged):
        yield _labelled(judged, corrected(judged.conversation, each["correction"]), True, [each])


def dpo_corrections(judged: Judged) -> Iterator[Example | Skipped]:
    """Pairs of an answer and what it should have been."""
    conversation = judged.conversation
    for each in _corrections(judged):
        before, last = conversation.messages[:-1], conversation.messages[-1:]
        better = corrected(conversation, each["correction"])[-1:]
        if better[0]["content"] == last[0]["content"]:
            yield Skipped("corrected to the same")
        else:
            yield _pair(judged.tools, before, better, last, lineage(judged, [each]))


def dpo_pair(better: Judged, worse: Judged, feedback: Sequence[Feedback]) -> Example | Skipped:
    """A pair of runs that were asked the same, such as forks and retries of one another."""
    if better.tools != worse.tools:
        return Skipped("other tools")
    chosen, rejected = better.conversation.messages, worse.conversation.messages
    common = _common(chosen, rejected)
    if common < better.conversation.asked:
        return Skipped("not asked the same")
    if not _answers(chosen[common:]) or not _answers(rejected[common:]):
        return Skipped("they differ in no answer")
    told = {**lineage(better, feedback), "rejected_run_id": worse.run_id}
    return _pair(better.tools, chosen[:common], chosen[common:], rejected[common:], told)


def lineage(judged: Judged, feedback: Iterable[Feedback] | None = None) -> dict[str, Any]:
    """Where an example is from."""
    given = judged.feedback if feedback is None else list(feedback)
    return {
        "run_id": judged.run_id,
        "rejected_run_id": None,
        "agent_id": judged.agent_id,
        "session_id": judged.session_id,
        "feedback_ids": [each["id"] for each in given],
        "by": sorted({str(each["author"] or each["source"] or "unknown") for each in given}),
        "at": max((each["created_at"] for each in given), default=None),
    }


def _labelled(
    judged: Judged, completion: list[Message], label: bool, feedback: Iterable[Feedback]
) -> Example:
    return {
        "prompt": judged.conversation.prompt,
        "completion": completion,
        "label": label,
        "tools": judged.tools,
        "lineage": lineage(judged, feedback),
    }


def _pair(
    tools: str, prompt: list[Message], chosen: list[Message], rejected: list[Message], told: dict[str, Any]
) -> Example:
    return {"prompt": prompt, "chosen": chosen, "rejected": rejected, "tools": tools, "lineage": told}


def _corrections(judged: Judged) -> list[Feedback]:
    """Corrections of the answer that a run ended with; one of an earlier step has no continuation to learn from."""
    return corrections(judged.feedback) if judged.conversation.is_answered else []


def _unfit(judged: Judged) -> Skipped | None:
    if not judged.conversation.is_answered:
        return Skipped("no answer")
    if judged.verdict > 0 and not judged.completed:
        return Skipped("did not complete")
    return None


def _common(a: Sequence[Message], b: Sequence[Message]) -> int:
    length = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        length += 1
    return length


def _answers(messages: Sequence[Message]) -> bool:
    """Whether messages begin with the agent's, and end with words of it."""
    return bool(messages) and messages[0]["role"] == "assistant" and bool(messages[-1]["content"])
