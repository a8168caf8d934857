"""The answers that models are giving in runs, as they grow: heard once for all pages that show a run.

Text is no fact: it is told and forgotten. It is kept here while somebody looks, and a little longer, so that a page that
loads itself again or connects anew shows the beginning too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import aclosing, contextmanager
from typing import Any, Final, NamedTuple

import structlog

from agentic.layers.base.errors import PlatformError
from agentic.layers.L01_data_layer.client import L01Client

log = structlog.get_logger()

LINGER: Final = 15.0
"""Seconds for which a run is listened to after the last page has gone."""
AGAIN: Final = 1.0
LONGEST: Final = 200_000
"""Characters that are kept of one answer; the step has all of it in a moment."""


class LiveAnswer:
    """The answer that is being given in one run: the number that its step will have, and the text so far."""

    def __init__(self) -> None:
        self.step = 0
        self.text = ""
        self.watchers: set[Callable[[], None]] = set()
        self.listening: asyncio.Task[None] | None = None
        self.leaving: asyncio.TimerHandle | None = None

    def take(self, payload: dict[str, Any]) -> None:
        """Takes what was told."""
        step, text = payload.get("step"), payload.get("text")
        if not isinstance(step, int) or not isinstance(text, str) or step < self.step:
            return
        if step > self.step:
            self.step, self.text = step, ""
        self.text = (self.text + text)[:LONGEST]
        for changed in self.watchers:
            changed()


class LiveAnswers:
    """The runs that are being looked at."""

    def __init__(self, l01: L01Client) -> None:
        self._l01 = l01
        self._runs: dict[str, LiveAnswer] = {}

    @contextmanager
    def watched(self, run_id: str, changed: Callable[[], None]) -> Generator[LiveAnswer]:
        """The answer in a run while the block stands; `changed` is called whenever it grows."""
        answer = self._runs.setdefault(run_id, LiveAnswer())
        if answer.leaving is not None:
            answer.leaving.cancel()
            answer.leaving = None
        if answer.listening is None:
            answer.listening = asyncio.create_task(self._listen(run_id, answer))
        answer.watchers.add(changed)
        try:
            yield answer
        finally:
            answer.watchers.discard(changed)
            if not answer.watchers:
                loop = asyncio.get_running_loop()
                answer.leaving = loop.call_later(LINGER, self._leave, run_id, answer)

    async def _listen(self, run_id: str, answer: LiveAnswer) -> None:
        while True:
            try:
                async with aclosing(self._l01.runs.listen(run_id)) as texts:
                    async for told in texts:
                        answer.take(told["payload"])
            except PlatformError as error:
                log.debug("a run's text is not heard", run=run_id, error=str(error))
            await asyncio.sleep(AGAIN)

    def _leave(self, run_id: str, answer: LiveAnswer) -> None:
        if answer.listening is not None:
            answer.listening.cancel()
        if self._runs.get(run_id) is answer:
            del self._runs[run_id]

    async def close(self) -> None:
        """Listens to nothing more."""
        answers, self._runs = list(self._runs.values()), {}
        tasks = [answer.listening for answer in answers if answer.listening is not None]
        for answer in answers:
            if answer.leaving is not None:
                answer.leaving.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Fresh(NamedTuple):
    """Text that a page has not been sent: of an answer that it shows already, or that begins."""

    step: int
    text: str
    begins: bool


class Growing:
    """One page's place in an answer: what it has not been sent yet."""

    def __init__(self, answer: LiveAnswer) -> None:
        self._answer = answer
        self._step = 0
        self._sent = 0

    def fresh(self, after: int) -> Fresh | None:
        """What is new, and counts as sent now. `after` is the last written step: what was told up to it stands in it."""
        answer = self._answer
        if answer.step <= after or (answer.step == self._step and len(answer.text) == self._sent):
            return None
        begins = answer.step != self._step
        text = answer.text if begins else answer.text[self._sent :]
        self._step, self._sent = answer.step, len(answer.text)
        return Fresh(answer.step, text, begins)

    def whole(self, after: int) -> tuple[int, str]:
        """The step that is being taken and all of its text so far, which counts as sent now."""
        answer = self._answer
        if answer.step <= after:
            return after + 1, ""
        self._step, self._sent = answer.step, len(answer.text)
        return answer.step, answer.text
