"""An agent's run, step by step: the model is asked, the tools that it asks for are used, until it has an answer.

What is to be done next follows from the steps alone, so a run that another process takes over goes on where it was: an
answer that is there is not asked for again, a tool call that has its step is not made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from agentic.layers.base import jsonio
from agentic.layers.base.common_errors import InvalidError
from agentic.layers.L01_data_layer.models.run_step import RunStep
from agentic.layers.L02_agent_runtime.asking import Asking
from agentic.layers.L02_agent_runtime.configuration import Configuration
from agentic.layers.L02_agent_runtime.context import (
    SUMMARY,
    Block,
    Message,
    Window,
    answers_of,
    blocks_of,
    correction,
    input_messages,
    is_covered,
    summary_text,
    text_of,
    unseen_messages,
)
from agentic.layers.L02_agent_runtime.journal import Journal
from agentic.layers.L02_agent_runtime.limits import Guard
from agentic.layers.L02_agent_runtime.outcomes import Outcome, RunEndsError, completed, together
from agentic.layers.L02_agent_runtime.sessions import History
from agentic.layers.L02_agent_runtime.step_parts import calls_of, given, is_empty, message_of
from agentic.layers.L02_agent_runtime.tool_use import ToolUse

SUMMARISE: Final = (
    "Summarise the conversation below for the assistant that goes on with it: what was asked, what was found and "
    "decided, names, numbers and open questions. Leave out pleasantries. Answer with the summary alone."
)


class AgentLoop:
    """The loop of one run."""

    def __init__(
        self,
        journal: Journal,
        configuration: Configuration,
        history: History,
        asking: Asking,
        tools: ToolUse,
        guard: Guard,
        *,
        context: int,
        reply_reserve: int,
    ) -> None:
        self._journal = journal
        self._configuration = configuration
        self._history = history
        self._asking = asking
        self._tools = tools
        self._guard = guard
        memory = configuration.memory
        self._context = min(context, memory.context or context)
        self._reply = int(configuration.parameters.get("max_tokens") or reply_reserve)

    async def run(self) -> Outcome:
        """Goes on until the run has its result, or waits for something.

        Raises:
            RunEndsError, PlatformError, InterruptedRunError: it ends otherwise.
        """
        while True:
            answers = answers_of(self._journal.steps)
            if not answers:
                await self._ask()
            elif missing := self._missing(answers[-1]):
                await self._use(answers[-1], missing)
            elif self._goes_on(answers[-1]):
                await self._ask()
            elif not await self._journal.catch_up():
                return completed(self._result(answers[-1]))

    def _goes_on(self, answer: RunStep) -> bool:
        return bool(calls_of(answer)) or is_empty(answer) or unseen_messages(self._journal.steps)

    def _missing(self, answer: RunStep) -> list[int]:
        """Which of the tool calls of an answer have no result yet."""
        done = {
            given(step).get("index")
            for step in self._journal.steps
            if step["kind"] == "tool" and given(step).get("asked") == answer["number"]
        }
        return [index for index in range(len(calls_of(answer))) if index not in done]

    def _result(self, answer: RunStep) -> Any:
        """What the run answers: the text, or the value when the agent is to answer JSON."""
        content = message_of(answer).get("content")
        if self._configuration.response_format is not None and isinstance(content, str):
            try:
                return jsonio.decode(content)
            except InvalidError:
                return content
        return content if isinstance(content, str) else text_of(content)

    # -- asking the model

    async def _ask(self) -> None:
        steps = self._journal.steps
        self._guard.check_progress(steps)
        blocks = self._blocks()
        window = Window(
            self._context,
            self._reply,
            self._tools.catalogue,
            correction(steps),
            self._configuration.memory.keep,
        )
        if self._configuration.memory.strategy == "summarise" and (dropped := window.to_drop(blocks)):
            await self._summarise(window, dropped)
            return
        fitted = window.fit(blocks)
        spent = self._guard.check(steps, more_tokens=fitted.tokens)
        request = self._request(fitted.messages, self._guard.tokens_left(spent, fitted.tokens))
        told = {
            "seen": self._journal.last,
            "messages": len(fitted.messages),
            "dropped": fitted.dropped,
            "raw": fitted.raw,
        }
        await self._asking.ask(self._configuration.model or "default", request, told, spent)

    def _request(self, messages: list[Message], tokens: int | None) -> dict[str, Any]:
        configuration = self._configuration
        request: dict[str, Any] = {**configuration.parameters, "messages": messages}
        if configuration.model is not None:
            request["model"] = configuration.model
        if self._tools.catalogue:
            request["tools"] = [{"type": "function", "function": tool} for tool in self._tools.catalogue]
        if configuration.response_format is not None:
            request["response_format"] = configuration.response_format
        if tokens is not None:
            request["max_tokens"] = min(tokens, int(request.get("max_tokens") or tokens))
        return request

    # -- what it is told

    def _blocks(self) -> list[Block]:
        """Everything that was said, with what is summarised replaced by its summary."""
        steps = self._journal.steps
        said: list[Block] = []
        if self._configuration.instructions:
            said.append(Block([{"role": "system", "content": self._configuration.instructions}], pinned=True))
        summary = _last_summary(steps)
        text = summary_text(summary) if summary is not None else self._history.summary
        rest = [
            *self._history.blocks,
            Block(input_messages(self._journal.run["input"]), pinned=True),
            *blocks_of(steps),
        ]
        if summary is not None:
            rest = [block for block in rest if not is_covered(block, summary)]
        if text:
            told = f"What was said before, summarised:\n{text}"
            said.append(Block([{"role": "user", "content": told}], pinned=True))
        return [*said, *rest]

    async def _summarise(self, window: Window, dropped: Sequence[Block]) -> None:
        """Has the model summarise what no longer fits; the step says what it covers."""
        before = _last_summary(self._journal.steps)
        text = summary_text(before) if before is not None else self._history.summary
        parts = [f"Summary so far:\n{text}"] if text else []
        parts += [f"{message['role']}: {text_of(message)}" for block in dropped for message in block.messages]
        text = "\n\n".join(parts)
        # It has to fit too: of what is too long even for this, the newest part counts.
        room = max(window.size - self._reply, window.size // 2) * 3
        messages = [{"role": "system", "content": SUMMARISE}, {"role": "user", "content": text[-room:]}]
        spent = self._guard.check(self._journal.steps, more_tokens=len(text[-room:]) // 4)
        covered = given(before) if before is not None else {}
        told = {
            "turns": max([int(covered.get("turns", 0)), *(block.turn for block in dropped)]),
            "through": max([int(covered.get("through", 0)), *(block.through for block in dropped)]),
            "messages": sum(len(block.messages) for block in dropped),
        }
        request: dict[str, Any] = {"messages": messages}
        if self._configuration.model is not None:
            request["model"] = self._configuration.model
        await self._asking.ask(SUMMARY, request, told, spent, live=False)

    # -- using tools

    async def _use(self, answer: RunStep, missing: list[int]) -> None:
        """Makes the tool calls of an answer that have not been made, all at once; each result is a step of its own."""
        spent = self._guard.check(self._journal.steps, more_steps=len(missing))
        ends = await asyncio.gather(
            *(self._tools.use(answer, index, spent) for index in missing), return_exceptions=True
        )
        errors = [end for end in ends if isinstance(end, BaseException)]
        if errors:
            raise errors[0]
        waits = [end for end in ends if isinstance(end, Outcome)]
        if waits:
            raise RunEndsError(together(waits))


def _last_summary(steps: Sequence[RunStep]) -> RunStep | None:
    for step in reversed(steps):
        if step["kind"] == "model" and step["name"] == SUMMARY and step["status"] == "completed":
            return step
    return None
