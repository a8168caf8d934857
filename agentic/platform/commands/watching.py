"""Watches a run in the terminal to its end, and asks what the person before it has to decide.

Ctrl-C asks whether to leave the run alone or to cancel it; a second one leaves it. Where nobody can be asked, the run goes
on by itself and the exit code says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing, contextmanager, nullcontext
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from agentic.layers.base.common_errors import StateError
from agentic.layers.L01_data_layer.models.approval import Approval
from agentic.layers.L01_data_layer.models.run import Run
from agentic.layers.L02_agent_runtime.errors import NotWaitingError
from agentic.layers.L02_agent_runtime.stream import RunEvent
from agentic.platform.commands.listing import printable, say, short
from agentic.platform.commands.reached import Reached
from agentic.platform.commands.run_screen import Screen
from agentic.platform.exit_codes import OK, RUN_CANCELLED, RUN_FAILED, RUN_GOES_ON, RUN_WAITS

ENDS: Final = {"completed": OK, "failed": RUN_FAILED, "cancelled": RUN_CANCELLED}


QUEUED: Final = 5.0
"""Seconds after which it is said that nobody has taken the run."""


class Terminal:
    """Where a person can be asked."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)

    @classmethod
    def here(cls) -> Terminal | None:
        """The terminal of this process, if it has one."""
        return cls() if sys.stdin.isatty() and sys.stderr.isatty() else None

    async def ask(self, question: str, choices: str) -> tuple[str, str]:
        """The answer's first letter, and the words after its first word. Nothing typed is an empty letter."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[str] = loop.create_future()

        def read() -> None:
            line = os.read(sys.stdin.fileno(), 10_000).decode(errors="replace")
            if not answered.done():
                answered.set_result(line)

        while True:
            self._console.print(f"[bold]{escape(printable(question))}[/] {escape(choices)} ", end="")
            loop.add_reader(sys.stdin.fileno(), read)
            try:
                word, _, rest = (await answered).strip().partition(" ")
            finally:
                loop.remove_reader(sys.stdin.fileno())
            letter = word[:1].lower()
            if f"[{letter}]" in choices or not letter:
                return letter, rest.strip()
            answered = loop.create_future()


class Interrupts(asyncio.Event):
    """Is set by Ctrl-C, after which a person is asked, and by SIGTERM, after which nobody is."""

    terminated = False

    def terminate(self) -> None:
        """The process is to end."""
        self.terminated = True
        self.set()


class _Now:
    """What is waited for at the same time: the next event, a Ctrl-C, and a person's answer."""

    def __init__(self, events: AsyncGenerator[RunEvent], interrupted: Interrupts) -> None:
        self._events = events
        self._interrupted = interrupted
        self.asking: asyncio.Future[int | None] | None = None
        self.coming = asyncio.ensure_future(anext(events))
        self.listen()

    def listen(self) -> None:
        """Waits for a Ctrl-C."""
        self.stopped = asyncio.ensure_future(self._interrupted.wait())

    def next_event(self) -> RunEvent:
        """The event that has come; waits for the one after it."""
        event = self.coming.result()
        self.coming = asyncio.ensure_future(anext(self._events))
        return event

    async def wait(self, seconds: float | None) -> bool:
        """Whether anything of it happened in this time."""
        waited: set[asyncio.Future[Any]] = {self.stopped, self.coming}
        if self.asking is not None:
            waited.add(self.asking)
        done, _ = await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)

    async def end(self) -> None:
        """Waits for nothing more."""
        for each in (self.stopped, self.coming, self.asking):
            if each is not None:
                await _dropped(each)


class Watch:
    """One run, watched."""

    def __init__(
        self,
        platform: Reached,
        screen: Screen,
        terminal: Terminal | None,
        *,
        interruptible: bool = True,
        carried_here: bool = False,
    ) -> None:
        """Not `interruptible`: Ctrl-C is somebody else's. `carried_here`: nobody else would go on with the run."""
        self._platform = platform
        self._interruptible = interruptible
        self._carried_here = carried_here
        self._screen = screen
        self._terminal = terminal
        self._queued = False
        self._later: set[str] = set()
        """Approvals that the person will decide another time."""

    async def to_end(self, run: Run, agent: str) -> int:
        """Shows a run and what happens in it, until it has ended or is left; answers the exit code."""
        with _interrupts() if self._interruptible else nullcontext(Interrupts()) as interrupted:
            self._screen.begun(run, agent, self._platform.page(f"/runs/{run['id']}"))
            async with aclosing(self._platform.l02.stream(run["id"])) as events:
                return await self._follow(run["id"], events, interrupted)

    async def _follow(self, run_id: str, events: AsyncGenerator[RunEvent], interrupted: Interrupts) -> int:
        now = _Now(events, interrupted)
        try:
            while True:
                if not await now.wait(QUEUED if self._queued else None):
                    self._queued = False
                    say("It is still queued: all workers are busy, or none has its code (`platform worker`).")
                if now.stopped.done():
                    if (code := await self._interrupted(run_id, interrupted, now.asking)) is not None:
                        return code
                    now.listen()
                if now.asking is not None and now.asking.done():
                    code, now.asking = now.asking.result(), None
                    if code is not None:
                        return code
                if now.coming.done() and (code := await self._taken(run_id, now)) is not None:
                    return code
        finally:
            await now.end()

    async def _taken(self, run_id: str, now: _Now) -> int | None:
        """Takes the event that has come; the exit code when it was the end."""
        event = now.next_event()
        if now.asking is not None and event.event == "run":  # somebody else has decided
            await _dropped(now.asking)
            now.asking = None
        if (code := await self._happened(event)) is not None:
            return code
        if event.event == "run" and event.data["status"] == "waiting_approval":
            now.asking = asyncio.ensure_future(self._decide(run_id))
        return None

    async def _happened(self, event: RunEvent) -> int | None:
        """Shows it; the exit code when it was the end."""
        match event.event:
            case "text":
                self._screen.text(event.data)
            case "step":
                self._screen.step(event.data)
            case _:
                run: Run = event.data
                self._queued = run["status"] == "queued"
                self._screen.state(run)
                if run["status"] in ENDS:
                    calls = [call async for call in self._platform.l01.model_usage.all(run_id=run["id"])]
                    self._screen.ended(run, calls)
                    return ENDS[run["status"]]
        return None

    # -- what is asked

    async def _decide(self, run_id: str) -> int | None:
        """Has a person decide what the run waits for; an exit code when nobody does now."""
        pending = await self._pending(run_id)
        for approval in pending:
            if self._terminal is None:
                self._tell(run_id, approval)
            elif approval["id"] not in self._later and not await self._asked(
                self._terminal, run_id, approval
            ):
                self._later.add(approval["id"])
                self._tell(run_id, approval)
        if not pending and self._terminal is None:
            say("It waits for a person.")
        nobody = self._terminal is None or bool(self._later)
        return RUN_WAITS if nobody and not self._carried_here else None

    async def _asked(self, terminal: Terminal, run_id: str, approval: Approval) -> bool:
        """Whether it was decided."""
        for line in _request(approval):
            say(f"     {line}")
        choices = "[y]es, [n]o, or [l]ater; what you write behind it is told the agent:"
        letter, words = await terminal.ask(approval["title"], choices)
        if letter not in ("y", "n"):
            return False
        decision = "approved" if letter == "y" else "denied"
        with contextlib.suppress(NotWaitingError, StateError):  # somebody else was faster
            await self._platform.l02.approve(
                run_id, decision, approval_id=approval["id"], by=person(), reason=words or None
            )
        return True

    async def _pending(self, run_id: str) -> list[Approval]:
        page = await self._platform.l01.approvals.list(
            run_id=run_id, status="pending", order="asc", limit=100
        )
        return page["items"]

    @staticmethod
    def _tell(run_id: str, approval: Approval) -> None:
        say(f"It waits for a person: {approval['title']}")
        for line in _request(approval):
            say(f"     {line}")
        say(f"Decide with `platform runs approve {run_id}`, or with --deny.")

    async def _interrupted(
        self, run_id: str, interrupted: Interrupts, asking: asyncio.Future[Any] | None
    ) -> int | None:
        """What a Ctrl-C is to mean; none: the run is watched on."""
        interrupted.clear()
        if self._terminal is None or asking is not None or interrupted.terminated:
            return await self._left(run_id)
        if self._carried_here:
            question = ("\nThe run is carried by this command.", "[c]ancel it, or [w]atch on?")
        else:
            question = ("\nThe run goes on by itself.", "[l]eave it, [c]ancel it, or [w]atch on?")
        answer = asyncio.ensure_future(self._terminal.ask(*question))
        again = asyncio.ensure_future(interrupted.wait())
        await asyncio.wait({answer, again}, return_when=asyncio.FIRST_COMPLETED)
        await _dropped(again)
        if not answer.done():
            await _dropped(answer)
            return await self._left(run_id)
        letter, words = answer.result()
        if letter == "c":
            await self._cancel(run_id, words)
            return None
        return None if letter == "w" else await self._left(run_id)

    async def _left(self, run_id: str) -> int:
        if self._carried_here:
            await self._cancel(run_id, "")
            return RUN_CANCELLED
        say(f"It goes on by itself. `platform runs watch {run_id}` watches it again.")
        return RUN_GOES_ON

    async def _cancel(self, run_id: str, words: str) -> None:
        with contextlib.suppress(StateError):  # it has ended meanwhile, which is told next
            await self._platform.l02.cancel(run_id, words or f"Cancelled by {person()}.")


def person() -> str:
    """Who sits here, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "somebody at a terminal"


def _request(approval: Approval) -> list[str]:
    """Exactly what would be done."""
    arguments = approval["request"].get("arguments")
    if not isinstance(arguments, dict):
        return []
    return [f"{name}: {short(value, 500)}" for name, value in arguments.items() if name != "question"]  # pyright: ignore[reportUnknownVariableType]


async def _dropped(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


@contextmanager
def _interrupts() -> Generator[Interrupts]:
    """Is set by Ctrl-C and SIGTERM, which otherwise would end the command."""
    loop = asyncio.get_running_loop()
    interrupted = Interrupts()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    loop.add_signal_handler(signal.SIGTERM, interrupted.terminate)
    try:
        yield interrupted
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)
